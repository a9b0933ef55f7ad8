//! What a check found, as plain data: the JSON contract of `--format json`, and nothing of any output format.
//!
//! Every documented field is readable everywhere; what many findings say alike they share.
//! Deliberately absent: how findings come about ([`crate::scan`], [`crate::review`]) and how they are shown ([`crate::report`]).

mod counts;
mod fixes;
mod law;
mod report;

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::counts::{ReviewCounts, RuleCounts, Summary, Usage};
pub use self::fixes::{AppliedFix, Fixes, RefusedFix};
pub use self::law::{AddedException, ChangedLaw, How, ListedException, ListedExceptions};
pub use self::report::{BreakGlass, Outcome, RefusedRule, Report, Shard, StaleRules, Unchecked};

/// A place in a source: line and column from 1 (columns in Unicode scalar values), the byte from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in Unicode scalar values, from 1.
    pub column: usize,
    /// Byte of the file, from 0.
    pub byte: usize,
}

/// A piece of a source; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Range {
    /// Its first byte.
    pub start: Position,
    /// One past its last byte.
    pub end: Position,
}

/// How sure the deterministic part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Hash)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// Syntax cannot decide; there is a question.
    Ambiguous,
    /// Decided.
    Violation,
}

/// The requirement level of a statement, with the synonyms of RFC 2119 folded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// MUST, REQUIRED, SHALL.
    #[serde(rename = "MUST")]
    Must,
    /// MUST NOT, SHALL NOT.
    #[serde(rename = "MUST NOT")]
    MustNot,
    /// SHOULD, RECOMMENDED.
    #[serde(rename = "SHOULD")]
    Should,
    /// SHOULD NOT, NOT RECOMMENDED.
    #[serde(rename = "SHOULD NOT")]
    ShouldNot,
    /// MAY, OPTIONAL.
    #[serde(rename = "MAY")]
    May,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Must,
        Self::MustNot,
        Self::Should,
        Self::ShouldNot,
        Self::May,
    ];

    /// The keyword as RFC 2119 writes it.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::MustNot => "MUST NOT",
            Self::Should => "SHOULD",
            Self::ShouldNot => "SHOULD NOT",
            Self::May => "MAY",
        }
    }

    /// Whether it is one of the two that can block.
    pub fn is_binding(self) -> bool {
        matches!(self, Self::Must | Self::MustNot)
    }
}

/// Where an RFC stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Under discussion: its rules run only with `--drafts`.
    Draft,
    /// Agreed: its findings do not block.
    Approved,
    /// In force: a MUST blocks.
    Enforced,
    /// Replaced by another RFC: no rules.
    Superseded,
    /// Taken back: no rules.
    Withdrawn,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Draft,
        Self::Approved,
        Self::Enforced,
        Self::Superseded,
        Self::Withdrawn,
    ];

    /// The word as front matter writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Approved => "approved",
            Self::Enforced => "enforced",
            Self::Superseded => "superseded",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether RFCs of this status make rules.
    pub fn makes_rules(self) -> bool {
        matches!(self, Self::Draft | Self::Approved | Self::Enforced)
    }
}

/// What a finding does; nothing else decides the exit code. Weightiest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Disposition {
    /// The change is rejected.
    Block,
    /// A human must look.
    Review,
    /// Said, not blocking.
    Warn,
    /// Said quietly.
    Note,
    /// A reviewer found it compliant.
    Cleared,
    /// An exception in the code covers it.
    Suppressed,
    /// Old; counted only.
    Baseline,
}

impl Disposition {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Review => "review",
            Self::Warn => "warn",
            Self::Note => "note",
            Self::Cleared => "cleared",
            Self::Suppressed => "suppressed",
            Self::Baseline => "baseline",
        }
    }
}

/// A second place that explains a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The file.
    pub path: String,
    /// The place in it.
    pub range: Range,
    /// What is to be seen there.
    pub text: String,
}

/// The changed line that made a finding at an unchanged one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The file of the change.
    pub path: String,
    /// Its line, from 1.
    pub line: usize,
    /// What changed there.
    pub text: String,
}

/// One replacement of a fix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// What is replaced.
    pub range: Range,
    /// By what.
    pub text: String,
}

/// What a reviewer said about one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The answer.
    pub verdict: Answer,
    /// Why, in the reviewer's words.
    pub rationale: String,
    /// The code that the reviewer points to, verbatim.
    pub quote: String,
    /// Which reviewer answered.
    pub reviewer: String,
    /// Whether the answer is an old one to the same question.
    pub cached: bool,
}

/// The three answers that a reviewer may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// The statement is broken.
    Violation,
    /// The statement is met.
    Compliant,
    /// It is met in part: said of documents, never of code.
    Partial,
    /// The reviewer cannot tell.
    Unsure,
}

/// An exception in the code that covers a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// Why the exception stands.
    pub reason: String,
    /// The last day on which it holds, `YYYY-MM-DD`.
    pub until: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The line of the comment, from 1.
    pub line: usize,
}

/// One finding. What does not apply is `None` or empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's id: the slug of its statement.
    pub rule: Arc<str>,
    /// The number of the RFC.
    pub rfc: Option<u32>,
    /// The level of the statement.
    pub level: Option<Level>,
    /// The status of the RFC.
    pub status: Option<Status>,
    /// How sure the deterministic part is.
    pub certainty: Certainty,
    /// What the finding does.
    pub disposition: Disposition,
    /// Whether it rejects the change: at or above the threshold of its file, and not let through.
    #[serde(default)]
    pub rejects: bool,
    /// Whether the change brought it in (always so but with `--all`).
    pub introduced: bool,
    /// The file, relative to the repository's root.
    pub path: Arc<str>,
    /// The bytes of the path in hexadecimal, when it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    /// The matched code.
    pub range: Range,
    /// The part to look at; its first line is the line of the finding.
    pub focus: Range,
    /// What is wrong here.
    pub message: String,
    /// The statement, verbatim.
    pub statement: Option<Arc<str>>,
    /// "If you need X, use Y".
    pub advice: Option<Arc<str>>,
    /// What else the author of the rule says, Markdown.
    pub note: Option<Arc<str>>,
    /// The link to the statement.
    pub href: Option<Arc<str>>,
    /// The facts that made it ambiguous.
    pub facts: Vec<String>,
    /// The question that a reviewer must answer, when it is ambiguous.
    pub ask: Option<String>,
    /// Places that explain it.
    pub labels: Vec<Label>,
    /// The changed line that made it, when it stands at an unchanged one.
    pub cause: Option<Box<Cause>>,
    /// What would mend it.
    pub fix: Option<Vec<Edit>>,
    /// What the reviewer said.
    pub verdict: Option<Box<Verdict>>,
    /// Why there is no verdict, when it is ambiguous.
    pub not_reviewed: Option<String>,
    /// The exception that covers it.
    pub suppressed: Option<Box<Suppression>>,
    /// Stable name of the finding: independent of lines, the same in every format.
    pub fingerprint: String,
}

/// The bytes of a path, of a finding's `path` and `path_bytes`; what is no hexadecimal counts for nothing.
pub fn path_as_it_is<'a>(path: &'a str, hex: Option<&str>) -> Cow<'a, [u8]> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = hex.and_then(|hex| hex.as_bytes().chunks(2).map(byte).collect());
    match bytes.filter(|bytes| !bytes.is_empty()) {
        Some(bytes) => Cow::Owned(bytes),
        None => Cow::Borrowed(path.as_bytes()),
    }
}
