//! What the answers come to, for each rule and for all. Deliberately absent: how it is shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Outcome;
use super::stats::{fewest, quantile, ratio, wilson};

/// A part of a whole, with its interval at 95 %.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// How many.
    pub is: usize,
    /// Of how many.
    pub of: usize,
    /// The share; `None` of nothing.
    pub value: Option<f64>,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Share {
    pub(super) fn new(is: usize, of: usize) -> Self {
        let rounded = |value: f64| (value * 10_000.0).round() / 10_000.0;
        let (low, high) = wilson(is, of);
        Self {
            is,
            of,
            value: (of > 0).then(|| rounded(ratio(is, of))),
            low: rounded(low),
            high: rounded(high),
        }
    }
}

/// What a reviewer is worth for one rule.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RuleMetrics {
    /// The rule; `all rules` for the sum.
    pub rule: String,
    /// Examples that break the statement.
    pub bad: usize,
    /// Examples that do not.
    pub good: usize,
    /// Examples that code alone does not settle.
    pub ambiguous: usize,
    /// Examples without an answer.
    pub no_answer: usize,
    /// Of what it calls a violation, what is one.
    pub precision: Share,
    /// Of the violations, what it calls one. One that it is not sure of, or gives no answer to, it has not found.
    pub recall: Share,
    /// Of the bad and good ones that it answered, those that it is not sure of.
    pub abstention: Share,
    /// The same of the ambiguous ones, where it is right to be so.
    pub abstention_when_ambiguous: Share,
    /// How long half of the requests took at most.
    pub median_milliseconds: Option<u64>,
    /// The same for nine of ten.
    pub p90_milliseconds: Option<u64>,
    /// Tokens sent and received.
    pub tokens: u64,
    /// In millionths of a dollar; `None` when it is not known.
    pub cost_micro_usd: Option<u64>,
    /// Why these numbers say little or nothing.
    pub remark: Option<String>,
}

/// The name of the sum of all rules.
pub(super) const ALL: &str = "all rules";

/// All rules together, then each of them, sorted by name.
pub fn metrics(outcomes: &[Outcome]) -> Vec<RuleMetrics> {
    let mut by_rule: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        by_rule.entry(&outcome.rule).or_default().push(outcome);
    }
    let all = of_rule(ALL, &outcomes.iter().collect::<Vec<_>>());
    let each = by_rule
        .into_iter()
        .map(|(rule, outcomes)| of_rule(rule, &outcomes));
    std::iter::once(all).chain(each).collect()
}

fn of_rule(rule: &str, outcomes: &[&Outcome]) -> RuleMetrics {
    let count = |role: &str, verdict: Option<&str>| {
        let is_it = |outcome: &&&Outcome| {
            outcome.role == role
                && verdict.is_none_or(|verdict| outcome.verdict.as_deref() == Some(verdict))
        };
        outcomes.iter().filter(is_it).count()
    };
    let answered = |role: &str| {
        let answers = ["violation", "compliant", "unsure"];
        let each = answers.iter().map(|verdict| count(role, Some(verdict)));
        each.sum::<usize>()
    };
    let found = count("bad", Some("violation"));
    let false_alarms = count("good", Some("violation"));
    let unsure = |role: &str| count(role, Some("unsure"));
    let times: Vec<u64> = outcomes
        .iter()
        .filter_map(|outcome| outcome.milliseconds)
        .collect();
    let used = || outcomes.iter().filter_map(|outcome| outcome.usage.as_ref());
    let costs: Option<Vec<u64>> = used().map(|usage| usage.cost_micro_usd).collect();
    let mut metrics = RuleMetrics {
        rule: rule.to_owned(),
        bad: count("bad", None),
        good: count("good", None),
        ambiguous: count("ambiguous", None),
        no_answer: outcomes
            .iter()
            .filter(|outcome| outcome.verdict.is_none())
            .count(),
        precision: Share::new(found, found + false_alarms),
        recall: Share::new(found, count("bad", None)),
        abstention: Share::new(
            unsure("bad") + unsure("good"),
            answered("bad") + answered("good"),
        ),
        abstention_when_ambiguous: Share::new(unsure("ambiguous"), answered("ambiguous")),
        median_milliseconds: quantile(&times, 0.5),
        p90_milliseconds: quantile(&times, 0.9),
        tokens: used()
            .map(|usage| usage.input_tokens + usage.output_tokens)
            .sum(),
        cost_micro_usd: costs
            .filter(|costs| !costs.is_empty())
            .map(|costs| costs.iter().sum()),
        remark: None,
    };
    metrics.remark = remark(&metrics);
    metrics
}

/// When a perfect score would not say much, nothing is said.
fn remark(metrics: &RuleMetrics) -> Option<String> {
    let fewest = fewest();
    let mut missing = Vec::new();
    for (role, count) in [("bad", metrics.bad), ("good", metrics.good)] {
        if count < fewest {
            missing.push(format!("{} more {role}", fewest - count));
        }
    }
    (!missing.is_empty()).then(|| format!("too few examples to tell: write {}", missing.join(", ")))
}
