//! What a human must see of a change beside its findings: touched rules and configuration, and exceptions.
//!
//! Deliberately absent: what an exception covers ([`crate::suppress`]).

use serde::{Deserialize, Serialize};

use super::{Suppression, Unchecked};

/// A file of rules or configuration that a change touches: a human must see that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedLaw {
    /// The file; where it is gone, its old path.
    pub path: String,
    /// What became of it.
    pub how: How,
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// There was none.
    Added,
    /// It has another text.
    Modified,
    /// It has another path, and maybe another text.
    Renamed,
    /// There is none any more.
    Deleted,
}

impl How {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Renamed => "renamed",
            Self::Deleted => "deleted",
        }
    }
}

/// An exception that a change adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedException {
    /// The rule that it is about.
    pub rule: String,
    /// The file.
    pub path: String,
    /// The rest: `reason`, `until`, `owner`, `line`.
    #[serde(flatten)]
    pub suppression: Suppression,
}

/// The document of `codex check --list-suppressions --format json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedExceptions {
    /// Version of this contract.
    pub schema: u32,
    /// Version of codex.
    pub codex: &'static str,
    /// Sorted by path and line.
    pub suppressions: Vec<ListedException>,
    /// Sources that could not be looked at.
    pub unchecked: Vec<Unchecked>,
}

/// An exception in the code, for one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedException {
    /// The rule that it is about.
    pub rule: String,
    /// The file.
    pub path: String,
    /// `statement` or `file`.
    pub scope: &'static str,
    /// `holds`, `unused`, `expired`, `refused` or `unknown-rule`.
    pub standing: &'static str,
    /// The day on which its line was committed; `None` where git does not know.
    pub since: Option<String>,
    /// How many days ago that was.
    pub age_days: Option<i64>,
    /// The rest: `reason`, `until`, `owner`, `line`.
    #[serde(flatten)]
    pub suppression: Suppression,
}
