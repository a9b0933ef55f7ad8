//! What a review of a document found, as plain data: the JSON contract of `codex review --format json`.
//!
//! Beside [`crate::finding`], which says the same of code. Deliberately absent: how it comes about
//! ([`crate::review::document`]) and how it is shown ([`crate::report`]).

use serde::Serialize;

use crate::finding::{Answer, Disposition, Level, RefusedRule, ReviewCounts, Status};

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Genre {
    /// It says what is going to be built.
    Design,
    /// It tells what went wrong.
    Incident,
}

impl Genre {
    /// All of them, and their words.
    pub const ALL: [(&'static str, Self); 2] =
        [("design", Self::Design), ("incident", Self::Incident)];
}

/// Everything that one review of a document has to say.
#[derive(Debug, Clone, Serialize)]
pub struct Assessment {
    /// Version of this contract.
    pub schema: u32,
    /// Version of codex.
    pub codex: String,
    /// The document, as it was named.
    pub document: String,
    /// What it was taken for.
    #[serde(rename = "as")]
    pub genre: Genre,
    /// The domains whose statements count; empty for all.
    pub domains: Vec<String>,
    /// Who named them: `document`, `command line`, or `nobody`.
    pub domains_from: &'static str,
    /// The parts that it was shown in.
    pub parts: Vec<Piece>,
    /// The weakest disposition that fails.
    pub fail_on: Disposition,
    /// 16 hex digits of blake3 over the rules in force.
    pub rules_hash: Option<String>,
    /// Each statement, the weightiest first.
    pub statements: Vec<Assessed>,
    /// What there is to learn; `None` when it is no incident.
    pub lessons: Option<Lessons>,
    /// Lines that speak to a reviewer, from 1.
    pub addressed: Vec<usize>,
    /// Rules that could not be used.
    pub rules_refused: Vec<RefusedRule>,
    /// What a reviewer was asked.
    pub review: ReviewCounts,
    /// How many of each.
    pub summary: Counts,
}

/// A part of a document, as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// Its first heading; empty when it has none.
    pub title: String,
    /// Its first line, from 1.
    pub first_line: usize,
    /// How many lines it has.
    pub lines: usize,
}

/// One statement, and how the document stands to it.
#[derive(Debug, Clone, Serialize)]
pub struct Assessed {
    /// The slug.
    pub rule: String,
    /// The number of the RFC.
    pub rfc: u32,
    /// The level.
    pub level: Level,
    /// The status of the RFC.
    pub status: Status,
    /// The domain of the RFC.
    pub domain: String,
    /// The statement, verbatim.
    pub statement: String,
    /// "If you need X, use Y".
    pub advice: Option<String>,
    /// The link to it.
    pub href: String,
    /// Languages, and "review"; empty for a statement without a rule.
    pub enforced_by: Vec<String>,
    /// What it does; `None` for a statement that is decided in code, of which only the lesson was asked.
    pub disposition: Option<Disposition>,
    /// Whether the document meets it.
    #[serde(flatten)]
    pub met: Opinion,
    /// Whether it would have caught the incident.
    pub caught: Option<Opinion>,
}

/// What came of one question.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Opinion {
    /// The answer in a word of its question; `None`: there is none.
    pub verdict: Option<&'static str>,
    /// The same, for whoever decides by it.
    #[serde(skip)]
    pub answer: Option<Answer>,
    /// What was said, part by part.
    pub evidence: Vec<Evidence>,
    /// Why there is no answer.
    pub not_reviewed: Option<String>,
}

/// What a reviewer said about one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The answer about this part.
    pub verdict: &'static str,
    /// Why, in the reviewer's words.
    pub rationale: String,
    /// The text that the reviewer points to, verbatim.
    pub quote: String,
    /// The line on which it begins, from 1; `None` without a quote.
    pub line: Option<usize>,
    /// Who said so.
    pub reviewer: String,
    /// Whether it is an old answer to the same question.
    pub cached: bool,
}

/// What an incident teaches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Lessons {
    /// Statements with a rule that would have caught it.
    pub caught_by: Vec<String>,
    /// Statements that would have caught it and have no rule: the next one to write.
    pub without_rule: Vec<String>,
    /// Whether no statement would have caught it, so that an RFC is missing; `None`: not all questions were answered.
    pub next_rfc: Option<bool>,
}

/// How many statements of each answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Met.
    pub compliant: usize,
    /// Met in part.
    pub partial: usize,
    /// Not met.
    pub non_compliant: usize,
    /// The reviewer cannot tell.
    pub unsure: usize,
    /// No answer.
    pub not_reviewed: usize,
    /// Statements of other domains, which nobody was asked about.
    pub other_domains: usize,
    /// Statements at or above the threshold.
    pub rejecting: usize,
}

/// The word for how far a document meets a statement.
pub fn conformity(answer: Answer) -> &'static str {
    match answer {
        Answer::Compliant => "COMPLIANT",
        Answer::Partial => "PARTIAL",
        Answer::Violation => "NON-COMPLIANT",
        Answer::Unsure => "UNSURE",
    }
}

/// The word for whether a statement would have caught an incident.
pub fn lesson(answer: Answer) -> &'static str {
    match answer {
        Answer::Violation => "CAUGHT",
        Answer::Compliant => "NOT-CAUGHT",
        Answer::Partial | Answer::Unsure => "UNSURE",
    }
}
