//! Two evaluations side by side: two reviewers, or two versions of the prompt. Only examples that both were asked about
//! count, and a difference is one when chance is no explanation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Evaluation;
use super::metrics::ALL;
use super::stats::mcnemar;

/// Below this chance is no explanation.
const CHANCE: f64 = 0.05;

/// What an evaluation has over an earlier one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Who was asked then.
    pub reviewer: String,
    /// The prompt of then.
    pub prompt: String,
    /// All rules together, then each of them.
    pub rules: Vec<Difference>,
}

/// The difference for one rule, over the bad and good examples that both were asked about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The rule; `all rules` for the sum.
    pub rule: String,
    /// Examples that both were asked about.
    pub examples: usize,
    /// Right in both.
    pub both: usize,
    /// Right only now.
    pub now: usize,
    /// Right only then.
    pub then: usize,
    /// How likely a difference of this size is if there is none (the exact test of McNemar).
    pub p: f64,
    /// In words.
    pub says: String,
}

impl Comparison {
    /// Compares.
    pub fn new(now: &Evaluation, then: &Evaluation) -> Self {
        let key = |outcome: &super::Outcome| {
            let parts = [&outcome.rule, &outcome.role, &outcome.example];
            parts.map(Clone::clone)
        };
        let before: BTreeMap<_, _> = then
            .outcomes
            .iter()
            .filter_map(|outcome| Some((key(outcome), outcome.is_right()?)))
            .collect();
        let mut pairs: BTreeMap<&str, Vec<(bool, bool)>> = BTreeMap::new();
        for outcome in &now.outcomes {
            if let (Some(right), Some(was)) = (outcome.is_right(), before.get(&key(outcome))) {
                pairs.entry(&outcome.rule).or_default().push((right, *was));
            }
        }
        let all: Vec<(bool, bool)> = pairs.values().flatten().copied().collect();
        let each = pairs
            .iter()
            .map(|(rule, pairs)| Difference::new(rule, pairs));
        Self {
            reviewer: then.reviewer.clone(),
            prompt: then.prompt.clone(),
            rules: std::iter::once(Difference::new(ALL, &all))
                .chain(each)
                .collect(),
        }
    }
}

impl Difference {
    fn new(rule: &str, pairs: &[(bool, bool)]) -> Self {
        let count = |wanted: (bool, bool)| pairs.iter().filter(|pair| **pair == wanted).count();
        let (now, then) = (count((true, false)), count((false, true)));
        let p = mcnemar(now, then);
        let says = match (p < CHANCE, now > then) {
            (true, true) => "better than before",
            (true, false) => "worse than before",
            (false, _) if now + then == 0 => "the same answers are right",
            (false, _) => "too few examples differ to tell",
        };
        Self {
            rule: rule.to_owned(),
            examples: pairs.len(),
            both: count((true, true)),
            now,
            then,
            p: (p * 10_000.0).round() / 10_000.0,
            says: says.to_owned(),
        }
    }
}
