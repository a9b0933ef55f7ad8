//! What a check found, as plain data: the JSON contract of `--format json`, and nothing of any output format.
//!
//! Every documented field is readable everywhere; a finding owns its strings.
//! Deliberately absent: how findings come about ([`crate::scan`], [`crate::review`]) and how they are shown ([`crate::report`]).

use serde::{Deserialize, Serialize};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

impl Suppression {
    /// Whether it says the same, wherever it stands.
    pub fn is_same_as(&self, other: &Self) -> bool {
        (&self.reason, &self.until, &self.owner) == (&other.reason, &other.until, &other.owner)
    }
}

/// One finding. What does not apply is `None` or empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's id: the slug of its statement.
    pub rule: String,
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
    pub path: String,
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
    pub statement: Option<String>,
    /// "If you need X, use Y".
    pub advice: Option<String>,
    /// The link to the statement.
    pub href: Option<String>,
    /// The facts that made it ambiguous.
    pub facts: Vec<String>,
    /// The question that a reviewer must answer, when it is ambiguous.
    pub ask: Option<String>,
    /// Places that explain it.
    pub labels: Vec<Label>,
    /// The changed line that made it, when it stands at an unchanged one.
    pub cause: Option<Cause>,
    /// What would mend it.
    pub fix: Option<Vec<Edit>>,
    /// What the reviewer said.
    pub verdict: Option<Verdict>,
    /// Why there is no verdict, when it is ambiguous.
    pub not_reviewed: Option<String>,
    /// The exception that covers it.
    pub suppressed: Option<Suppression>,
    /// Stable name of the finding: independent of lines, the same in every format.
    pub fingerprint: String,
}

/// A rule that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRule {
    /// The rule's id or the file's path.
    pub rule: String,
    /// Why.
    pub error: String,
}

/// A source that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unchecked {
    /// The file.
    pub path: String,
    /// Why.
    pub reason: String,
    /// Whether that rejects the change.
    #[serde(default)]
    pub rejects: bool,
}

/// How many of each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Files looked at.
    pub files: usize,
    /// Files left out because they are marked as generated or vendored.
    #[serde(default)]
    pub left_out: usize,
    /// Rules in force.
    pub rules: usize,
    /// Review statements that nobody was asked about.
    pub statements_not_reviewed: usize,
    /// Findings that reject the change.
    pub block: usize,
    /// Findings (and unchecked files of a change) at which a human must look.
    pub review: usize,
    /// Warnings.
    pub warn: usize,
    /// Notes.
    pub note: usize,
    /// Found compliant by a reviewer.
    pub cleared: usize,
    /// Covered by an exception.
    pub suppressed: usize,
    /// Old ones.
    pub baseline: usize,
}

impl Summary {
    /// Counts one finding.
    pub fn count(&mut self, disposition: Disposition) {
        *match disposition {
            Disposition::Block => &mut self.block,
            Disposition::Review => &mut self.review,
            Disposition::Warn => &mut self.warn,
            Disposition::Note => &mut self.note,
            Disposition::Cleared => &mut self.cleared,
            Disposition::Suppressed => &mut self.suppressed,
            Disposition::Baseline => &mut self.baseline,
        } += 1;
    }

    /// How many are at or above a threshold.
    pub fn at_least(&self, threshold: Disposition) -> usize {
        [
            (Disposition::Block, self.block),
            (Disposition::Review, self.review),
            (Disposition::Warn, self.warn),
            (Disposition::Note, self.note),
        ]
        .into_iter()
        .filter(|(disposition, _)| *disposition <= threshold)
        .map(|(_, count)| count)
        .sum()
    }
}

/// What a reviewer was asked, and how it did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewCounts {
    /// Who was asked, or would be.
    pub reviewer: Option<String>,
    /// Questions.
    pub cases: usize,
    /// Sent to the reviewer.
    pub asked: usize,
    /// Answered by an earlier run.
    pub cached: usize,
    /// Asked, but what came cannot be used.
    pub invalid_answers: usize,
    /// Verdicts on cases that nobody asked about, dropped.
    pub unknown_ids: usize,
    /// Not asked for want of time, budget or health.
    pub left_out: usize,
    /// What was used of models, where that is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// What was used of models.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Requests sent, those that failed and those that were tried again included.
    pub requests: u64,
    /// Tokens sent; those that the provider had in its cache included.
    pub input_tokens: u64,
    /// Those of them that the provider had in its cache.
    pub cached_input_tokens: u64,
    /// Tokens that came back.
    pub output_tokens: u64,
    /// Whether some of these numbers are guesses, because the provider gave none.
    pub estimated: bool,
    /// What it cost, in millionths of a dollar; `None` where the price of a model is not known.
    pub cost_micro_usd: Option<u64>,
}

impl Usage {
    /// Adds another. A cost that is not known makes the sum unknown.
    pub fn add(&mut self, other: &Self) {
        self.cost_micro_usd = match (self.cost_micro_usd, other.cost_micro_usd) {
            (Some(one), Some(two)) => Some(one.saturating_add(two)),
            (cost, None) if other.requests == 0 => cost,
            (None, cost) if self.requests == 0 => cost,
            _ => None,
        };
        for (sum, more) in [
            (&mut self.requests, other.requests),
            (&mut self.input_tokens, other.input_tokens),
            (&mut self.cached_input_tokens, other.cached_input_tokens),
            (&mut self.output_tokens, other.output_tokens),
        ] {
            *sum = sum.saturating_add(more);
        }
        self.estimated |= other.estimated;
    }

    /// The share of one of so many cases.
    #[must_use]
    pub fn shared_by(&self, cases: usize) -> Self {
        let cases = cases.max(1) as u64;
        Self {
            requests: self.requests,
            input_tokens: self.input_tokens / cases,
            cached_input_tokens: self.cached_input_tokens / cases,
            output_tokens: self.output_tokens / cases,
            estimated: self.estimated || cases > 1,
            cost_micro_usd: self.cost_micro_usd.map(|cost| cost / cases),
        }
    }

    /// The cost for people; `None` where it is not known.
    pub fn dollars(&self) -> Option<String> {
        let micro = self.cost_micro_usd?;
        Some(format!("${}.{:06}", micro / 1_000_000, micro % 1_000_000))
    }
}

/// Everything that one run of `codex check` has to say: the document of `--format json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this contract.
    pub schema: u32,
    /// Version of codex.
    pub codex: String,
    /// What head was compared with.
    pub base: Option<String>,
    /// What was looked at.
    pub head: String,
    /// Whose rules were in force.
    pub rules_from: String,
    /// The weakest disposition that rejects.
    #[serde(default = "block")]
    pub fail_on: Disposition,
    /// How many findings and unchecked sources reject, by the threshold of their file; `None`: as `fail_on` and the
    /// counts say.
    #[serde(default)]
    pub rejecting: Option<usize>,
    /// Which part of the files was looked at, when not all.
    #[serde(default)]
    pub shard: Option<Shard>,
    /// 16 hex digits of blake3 over the rules in force; `None` for plain ast-grep rules.
    pub rules_hash: Option<String>,
    /// Sorted by path, position, rule.
    pub findings: Vec<Finding>,
    /// Rules that could not be used.
    pub rules_refused: Vec<RefusedRule>,
    /// Sources that could not be looked at.
    pub unchecked: Vec<Unchecked>,
    /// Rules and configuration that the change touches.
    pub law_changed: Vec<ChangedLaw>,
    /// Exceptions that the change adds.
    pub suppressions_added: Vec<AddedException>,
    /// What a reviewer was asked; `None` without one.
    pub review: Option<ReviewCounts>,
    /// Who let findings through that would have rejected the change.
    pub break_glass: Option<BreakGlass>,
    /// Counts.
    pub summary: Summary,
}

fn block() -> Disposition {
    Disposition::Block
}

impl Report {
    /// With another threshold, for all files. What somebody let through stays so.
    pub fn fail_on(&mut self, threshold: Disposition) {
        self.fail_on = threshold;
        if self.break_glass.is_none() {
            self.mark(|_| threshold);
        }
    }

    /// Marks what rejects: what is at or above the threshold of its file.
    pub fn mark(&mut self, threshold: impl Fn(&str) -> Disposition) {
        for finding in &mut self.findings {
            finding.rejects = finding.disposition <= threshold(&finding.path);
        }
        // What could not be looked at counts as `review` in a change.
        let is_change = self.base.is_some();
        for unchecked in &mut self.unchecked {
            unchecked.rejects = is_change && Disposition::Review <= threshold(&unchecked.path);
        }
        self.rejecting = Some(self.marked());
    }

    /// How many findings and unchecked sources are marked as rejecting.
    pub fn marked(&self) -> usize {
        let findings = self.findings.iter().filter(|finding| finding.rejects);
        let unchecked = self.unchecked.iter();
        findings.count() + unchecked.filter(|unchecked| unchecked.rejects).count()
    }

    /// What the run comes to.
    pub fn outcome(&self) -> Outcome {
        if !self.rules_refused.is_empty() {
            Outcome::Error
        } else if self
            .rejecting
            .unwrap_or_else(|| self.summary.at_least(self.fail_on))
            > 0
        {
            Outcome::Reject
        } else if self.summary.review > 0 {
            Outcome::Review
        } else {
            Outcome::Pass
        }
    }
}

/// What a run comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is to be done.
    Pass,
    /// Nothing rejects, but a human must look.
    Review,
    /// Something is at or above the threshold.
    Reject,
    /// Rules could not be used: what the others say is not the whole story.
    Error,
}

impl Outcome {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Review => "review",
            Self::Reject => "reject",
            Self::Error => "error",
        }
    }
}

/// One of several runs that share the files among them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// Which one, from 1.
    pub index: usize,
    /// How many there are.
    pub of: usize,
    /// A hash of the paths and sizes of all files: the same in every shard.
    pub tree: String,
}

/// Findings that reject a change were let through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    /// Why.
    pub reason: String,
    /// Who did it, as the platform says.
    pub who: Option<String>,
    /// How many findings (and unchecked files) would have rejected the change.
    pub let_through: usize,
}

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
