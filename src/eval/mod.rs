//! How often a reviewer is right: it is asked about examples whose answer is known, and what it says is counted.
//!
//! The examples are those of the RFCs and of labelled folders. `bad` breaks its statement and `good` does not; of an
//! `ambiguous` one the RFC says that code alone does not tell, so it counts for abstention only. Deliberately absent:
//! any judgement from too few examples; the numbers come with their intervals, and the report says when they say nothing.

pub mod cases;
pub mod compare;
mod html;
mod metrics;
pub mod stats;
mod table;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::{ReviewCounts, Usage};

pub use self::compare::Comparison;
pub use self::html::page;
pub use self::metrics::{RuleMetrics, metrics};
pub use self::table::table;

/// The version of the document.
pub const SCHEMA: u32 = 1;

/// One example and what was said of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The rule.
    pub rule: String,
    /// `bad`, `good` or `ambiguous`.
    pub role: String,
    /// Where it comes from: the RFC's link, or a labelled file.
    pub origin: String,
    /// 16 hex digits of blake3 over its code: the same example in another run.
    pub example: String,
    /// `violation`, `compliant` or `unsure`; `None` when there was no answer.
    pub verdict: Option<String>,
    /// Why there was none.
    pub not_reviewed: Option<String>,
    /// The reviewer's reason.
    pub rationale: Option<String>,
    /// Who said so.
    pub reviewer: Option<String>,
    /// How long it took; `None` when it was not asked, because the cache knew.
    pub milliseconds: Option<u64>,
    /// What it used.
    pub usage: Option<Usage>,
}

impl Outcome {
    /// Whether the answer is the right one; `None` where nobody knows the right one.
    pub fn is_right(&self) -> Option<bool> {
        match (self.role.as_str(), self.verdict.as_deref()) {
            ("bad", verdict) => Some(verdict == Some("violation")),
            ("good", verdict) => Some(verdict == Some("compliant")),
            _ => None,
        }
    }
}

/// The document of `--format json`: all answers, and what they come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The version of this document.
    pub schema: u32,
    /// The version of codex.
    pub codex: String,
    /// Who was asked.
    pub reviewer: String,
    /// The hash of the prompts.
    pub prompt: String,
    /// What was asked, how often, and what it used.
    pub counts: ReviewCounts,
    /// All rules together, then each of them.
    pub rules: Vec<RuleMetrics>,
    /// The difference to another evaluation.
    #[serde(default)]
    pub comparison: Option<Comparison>,
    /// The answers.
    pub outcomes: Vec<Outcome>,
}

impl Evaluation {
    /// From answers.
    pub fn new(
        reviewer: String,
        prompt: String,
        counts: ReviewCounts,
        outcomes: Vec<Outcome>,
    ) -> Self {
        Self {
            schema: SCHEMA,
            codex: env!("CARGO_PKG_VERSION").to_owned(),
            reviewer,
            prompt,
            counts,
            rules: metrics(&outcomes),
            comparison: None,
            outcomes,
        }
    }

    /// Reads the document. What is counted in it is counted anew.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let read: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if read.schema != SCHEMA {
            return Err(format!("schema {} instead of {SCHEMA}", read.schema));
        }
        Ok(Self {
            rules: metrics(&read.outcomes),
            comparison: None,
            ..read
        })
    }

    /// Why examples have no answer, and how many; the commonest reason first.
    pub fn reasons(&self) -> Vec<(&str, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for reason in self
            .outcomes
            .iter()
            .filter_map(|one| one.not_reviewed.as_deref())
        {
            *counts.entry(reason).or_default() += 1;
        }
        let mut reasons: Vec<(&str, usize)> = counts.into_iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        reasons
    }

    /// As JSON.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}
