//! A snapshot together with what languages have learned about it so far: which file belongs to which target, and who
//! declares whom. It is found out at the first question, kept in memory, and shared by all threads of a run.
//!
//! Deliberately absent: what there is to learn; that is each language's.

use super::rust;
use crate::change::Snapshot;
use crate::finding::Cause;
use crate::source::RepoPath;

/// A snapshot, and what is known of the files in it. One for each snapshot and run: what was learned is never stale.
#[derive(Debug)]
pub struct Workspace<'s> {
    /// The files.
    pub snapshot: &'s Snapshot,
    /// What Rust has learned.
    pub(super) rust: rust::Learned,
}

impl<'s> Workspace<'s> {
    /// Nothing is known yet.
    pub fn new(snapshot: &'s Snapshot) -> Self {
        Self {
            snapshot,
            rust: rust::Learned::default(),
        }
    }
}

/// A file whose text a change did not touch, but of which something else holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turned {
    /// The file, the same in both snapshots.
    pub path: RepoPath,
    /// What turned it: the line in head that makes it what it is now.
    pub cause: Cause,
}
