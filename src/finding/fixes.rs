//! What `--fix` did, as plain data.
//!
//! Deliberately absent: how a fix is made and applied ([`crate::fix`]).

use serde::{Deserialize, Serialize};

/// What `--fix` did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fixes {
    /// What was mended, sorted by path, in the order in which it was done.
    pub applied: Vec<AppliedFix>,
    /// What was left as it is, sorted.
    pub refused: Vec<RefusedFix>,
}

/// A finding that was mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedFix {
    /// The file.
    pub path: String,
    /// The rule.
    pub rule: String,
    /// The line of the finding, when it was mended.
    pub line: usize,
    /// The code before.
    pub before: String,
    /// The code after.
    pub after: String,
}

/// A file, or a rule's findings in it, that were left as they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RefusedFix {
    /// The file.
    pub path: String,
    /// The rule; `None`: all of the file.
    pub rule: Option<String>,
    /// Why.
    pub reason: String,
}
