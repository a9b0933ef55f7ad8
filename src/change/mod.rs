//! What changed: two snapshots of a tree of files, and which file of the one belongs to which of the other.
//!
//! git is asked through its plumbing and never told to run anything that a repository configures; a patch is read
//! without asking git at all. Deliberately absent: which of the files are sources ([`crate::language`]), and what is
//! wrong with them ([`crate::matcher`]).

mod attributes;
mod base;
mod between;
mod ci;
mod everything;
mod git;
pub mod lines;
mod moved;
mod objects;
mod patch;
mod raw;
pub mod remote;
pub mod request;
mod snapshot;
mod staged;

use std::collections::BTreeMap;

use crate::source::RepoPath;

pub use attributes::Attributes;
pub use between::{between, between_with};
pub use everything::everything;
pub use git::Repository;
pub use objects::read_ahead;
pub use patch::patched;
pub use snapshot::Snapshot;
pub use staged::staged;

/// What base is called where there are no commits yet.
const EMPTY_TREE: &str = "the empty tree";

/// The tree to check and what it is compared with.
#[derive(Debug)]
pub struct Change {
    /// The tree to check.
    pub head: Snapshot,
    /// "work tree", "index", "patch applied", or a commit id.
    pub head_name: String,
    /// What to look at, sorted, each once: the files that differ from every base; without a base, all files.
    pub head_files: Vec<RepoPath>,
    /// What head is compared with. None means that everything counts as new; several that a merge is in progress:
    /// what is new must be new against each.
    pub bases: Vec<Base>,
    /// What the first base is called.
    pub base_name: Option<String>,
    /// How base was chosen, for people.
    pub base_reason: Option<String>,
}

/// One tree that head is compared with.
#[derive(Debug)]
pub struct Base {
    /// The tree.
    pub snapshot: Snapshot,
    /// All files that differ between it and head, sorted. A file that is not listed is the same in both.
    pub files: Vec<FileChange>,
    /// Where each file of head stands among them.
    by_new: BTreeMap<RepoPath, usize>,
}

/// A file that differs: added when it has no old path, deleted when it has no new one, renamed when the two differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileChange {
    /// Its path in base.
    pub old: Option<RepoPath>,
    /// Its path in head.
    pub new: Option<RepoPath>,
}

impl Base {
    /// What became of a file of head; `None` when it is the same in both.
    pub fn file_of(&self, new: &RepoPath) -> Option<&FileChange> {
        self.files.get(*self.by_new.get(new)?)
    }

    /// A base whose files are in order.
    fn new(snapshot: Snapshot, mut files: Vec<FileChange>) -> Self {
        files.retain(|file| file.old.is_some() || file.new.is_some());
        files.sort();
        files.dedup();
        // Of several the first.
        let places = files.iter().enumerate().rev();
        let places = places.filter_map(|(at, file)| Some((file.new.clone()?, at)));
        Self {
            by_new: places.collect(),
            snapshot,
            files,
        }
    }
}

/// The files of head that differ from every base: one that equals a parent of a merge brings nothing new.
fn head_files(bases: &[Base]) -> Vec<RepoPath> {
    let Some((first, others)) = bases.split_first() else {
        return Vec::new();
    };
    let others: Vec<Vec<RepoPath>> = others.iter().map(new_paths).collect();
    let mut files = new_paths(first);
    files.retain(|path| others.iter().all(|other| other.binary_search(path).is_ok()));
    files
}

fn new_paths(base: &Base) -> Vec<RepoPath> {
    let mut paths: Vec<RepoPath> = base
        .files
        .iter()
        .filter_map(|file| file.new.clone())
        .collect();
    paths.sort();
    paths.dedup();
    paths
}
