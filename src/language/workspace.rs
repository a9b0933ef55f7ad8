//! A snapshot together with what languages have learned about it so far: which file belongs to which target, and who
//! declares whom. It is found out at the first question, kept in memory, and shared by all threads of a run.
//!
//! Most files that a change touches bring nothing new, and that can be seen without knowing what they are to others: then
//! a workspace is asked that takes the same for granted of every file, and remembers what its answers rest on.
//!
//! Deliberately absent: what there is to learn; that is each language's.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

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
    granted: Option<Mutex<Granted>>,
}

/// What was taken for granted, and may be otherwise.
#[derive(Debug, Default)]
pub struct Granted {
    /// Names that other files may define or use.
    pub(super) names: BTreeSet<Vec<u8>>,
    /// Files in which what holds depends on what they are to others, and on more than what a match is told.
    pub(super) files: BTreeSet<RepoPath>,
}

impl<'s> Workspace<'s> {
    /// Nothing is known yet.
    pub fn new(snapshot: &'s Snapshot) -> Self {
        Self {
            snapshot,
            rust: rust::Learned::default(),
            granted: None,
        }
    }

    /// Another snapshot of the same repository: what was learned of a text counts in both.
    #[must_use]
    pub fn beside(&self, snapshot: &'s Snapshot) -> Self {
        Self {
            rust: self.rust.beside(),
            ..Self::new(snapshot)
        }
    }

    /// Nothing is learned of other files than the one that is asked about.
    pub fn alone(snapshot: &'s Snapshot) -> Self {
        Self {
            granted: Some(Mutex::default()),
            ..Self::new(snapshot)
        }
    }

    /// Notes what an answer rests on, where nothing is learned of other files; `false` elsewhere.
    pub(super) fn grants(&self, note: impl FnOnce(&mut Granted)) -> bool {
        let Some(granted) = &self.granted else {
            return false;
        };
        note(&mut granted.lock().unwrap_or_else(PoisonError::into_inner));
        true
    }

    /// What was taken for granted so far.
    pub fn granted(self) -> Granted {
        let granted = self.granted.map(Mutex::into_inner);
        let granted = granted.map(|granted| granted.unwrap_or_else(PoisonError::into_inner));
        granted.unwrap_or_default()
    }
}

impl Granted {
    /// Whether no other file can make it otherwise by what it says.
    pub fn is_nameless(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether the text of another file may make it otherwise.
    pub fn is_named_in(&self, text: &[u8]) -> bool {
        self.names.iter().any(|name| rust::may_name(text, name))
    }

    /// Whether what a file is to others decides more in it than what was answered.
    pub fn depends(&self, file: &RepoPath) -> bool {
        self.files.contains(file)
    }
}

/// Of what files are to each other, what a change made otherwise.
#[derive(Debug, Default)]
pub struct Turns {
    /// Files that the change did not touch.
    pub untouched: Vec<Turned>,
    /// Files that it touched, and that may be something else now besides.
    pub touched: BTreeSet<RepoPath>,
}

/// A file whose text a change did not touch, but of which something else holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turned {
    /// The file, the same in both snapshots.
    pub path: RepoPath,
    /// What turned it: the line in head that makes it what it is now.
    pub cause: Cause,
}
