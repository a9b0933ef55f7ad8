//! What a scan found, before it is known whether the change brought it in and before anybody reviewed it.
//!
//! A candidate carries what the later steps need of the tree, so that the tree itself can go.
//! Deliberately absent: dispositions; only [`crate::review`] makes a finding of a candidate.

use std::sync::Arc;

use crate::finding::{Cause, Certainty, Label, Range, Suppression};
use crate::rule::Rule;
use crate::source::RepoPath;

/// One match that its rule does not except.
#[derive(Debug, Clone)]
pub struct Candidate<'r> {
    /// The rule.
    pub rule: &'r Rule,
    /// The file.
    pub path: RepoPath,
    /// The matched code.
    pub range: Range,
    /// The part to look at.
    pub focus: Range,
    /// How sure the rule is.
    pub certainty: Certainty,
    /// What to say.
    pub message: String,
    /// What mends it: the bytes that take the place of its range.
    pub fix: Option<Vec<u8>>,
    /// The question to a reviewer, when it is ambiguous.
    pub ask: Option<String>,
    /// What made it ambiguous: names of facts, ids of `ambiguous-when`.
    pub facts: Vec<String>,
    /// Places that explain it.
    pub labels: Vec<Label>,
    /// The first line of the enclosing statement, from 1.
    pub statement_line: usize,
    /// The lines of the enclosing item, from 1.
    pub item_lines: std::ops::Range<usize>,
    /// What makes it the same finding elsewhere.
    pub identity: Identity,
    /// The exception that covers it.
    pub suppressed: Option<Box<Suppression>>,
    /// The code that a reviewer needs, when it is ambiguous; candidates of one item share it.
    pub excerpt: Option<Arc<Excerpt>>,
    /// The changed line that made it, when it stands at an unchanged one.
    pub cause: Option<Box<Cause>>,
}

/// Hashes of tokens: white space and comments never count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The names of the items around it, outermost first.
    pub item_path: String,
    /// The tokens of the finding.
    pub tokens: blake3::Hash,
    /// The tokens of the enclosing statement.
    pub statement: blake3::Hash,
    /// The tokens of the enclosing item (outside of any: of the statement).
    pub item: blake3::Hash,
}

impl Identity {
    /// The same for a comment, which has no tokens: it is recognised by its text.
    #[must_use]
    pub fn of_comment(self, text: &[u8]) -> Self {
        let words: Vec<&[u8]> = text
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty())
            .collect();
        let tokens = blake3::hash(&words.join(&b' '));
        let item = blake3::hash(&[*self.item.as_bytes(), *tokens.as_bytes()].concat());
        Self {
            item_path: self.item_path,
            tokens,
            statement: tokens,
            item,
        }
    }
}

/// A piece of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The code.
    pub code: String,
    /// The line of its first line, from 1.
    pub first_line: usize,
}
