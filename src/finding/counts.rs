//! The numbers of a run: findings by disposition and by rule, and what a reviewer was asked.
//!
//! Deliberately absent: what is counted ([`super::Finding`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Disposition, Finding};

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

/// How many findings a rule has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCounts {
    /// The rule's id.
    pub rule: String,
    /// In how many files.
    pub files: usize,
    /// By disposition, those that are there.
    pub findings: BTreeMap<Disposition, usize>,
}

impl RuleCounts {
    /// Those of each rule that has findings, by name; `also` names rules that count without.
    pub fn of(findings: &[Finding], also: &[String]) -> Vec<Self> {
        let mut counts: BTreeMap<&str, Self> = BTreeMap::new();
        for rule in also {
            counts.entry(rule).or_default();
        }
        // They are sorted by path: one that differs from the rule's last one is new.
        let mut last: BTreeMap<&str, &str> = BTreeMap::new();
        for finding in findings {
            let of_rule = counts.entry(&finding.rule).or_default();
            *of_rule.findings.entry(finding.disposition).or_default() += 1;
            if last.insert(&finding.rule, &finding.path) != Some(&*finding.path) {
                of_rule.files += 1;
            }
        }
        let named = counts.into_iter().map(|(rule, counts)| Self {
            rule: rule.to_owned(),
            ..counts
        });
        named.collect()
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
