//! Everything that one run has to say, and what it comes to: the document of `--format json`.
//!
//! Deliberately absent: every other format ([`crate::report`]).

use serde::{Deserialize, Serialize};

use super::{
    AddedException, ChangedLaw, Disposition, Finding, Fixes, ReviewCounts, RuleCounts, Summary,
};

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
    /// Rules from elsewhere that are not the ones that the configuration wants.
    #[serde(default)]
    pub rules_stale: Vec<StaleRules>,
    /// Sources that could not be looked at.
    pub unchecked: Vec<Unchecked>,
    /// Rules and configuration that the change touches.
    pub law_changed: Vec<ChangedLaw>,
    /// Exceptions that the change adds.
    pub suppressions_added: Vec<AddedException>,
    /// What a reviewer was asked; `None` without one.
    pub review: Option<ReviewCounts>,
    /// What `--fix` did; the findings are those that are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixes: Option<Fixes>,
    /// Who let findings through that would have rejected the change.
    pub break_glass: Option<BreakGlass>,
    /// Counts.
    pub summary: Summary,
    /// Counts of each rule that has findings, or was asked for.
    #[serde(default)]
    pub by_rule: Vec<RuleCounts>,
}

/// A rule that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRule {
    /// The rule's id or the file's path.
    pub rule: String,
    /// Why.
    pub error: String,
}

/// Rules from elsewhere that are not the ones that the configuration wants: they were refused, or are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaleRules {
    /// The address.
    pub source: String,
    /// The commit that is wanted.
    pub wanted: String,
    /// The commit whose rules are in force; `None`: there is none, and nothing was checked.
    pub in_force: Option<String>,
    /// The day on which the wanted one was refused.
    pub since: Option<String>,
    /// Why.
    pub reason: String,
    /// The configuration that wants it.
    pub path: String,
    /// The line there.
    pub line: usize,
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

    /// Whether nothing was checked for want of rules.
    pub fn is_missing_rules(&self) -> bool {
        self.rules_stale
            .iter()
            .any(|stale| stale.in_force.is_none())
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
        } else if self.summary.review > 0 || self.is_missing_rules() {
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
