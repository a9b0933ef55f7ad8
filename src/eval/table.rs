//! An evaluation as a table for a terminal. Deliberately absent: single answers; JSON has them.

use super::Evaluation;
use super::metrics::{RuleMetrics, Share};
use crate::finding::Usage;
use crate::report::plain_text::visible_line;

/// The most reasons for missing answers that are shown; JSON has all.
const REASONS: usize = 3;

/// The columns of a rule.
pub(super) const COLUMNS: [&str; 9] = [
    "rule",
    "bad/good/amb.",
    "precision",
    "recall",
    "unsure",
    "unsure if amb.",
    "no answer",
    "median/p90",
    "cost",
];

/// The cells of a rule.
pub(super) fn cells(metrics: &RuleMetrics) -> [String; 9] {
    let time = match (metrics.median_milliseconds, metrics.p90_milliseconds) {
        (Some(median), Some(p90)) => format!("{}/{}", seconds(median), seconds(p90)),
        _ => "-".to_owned(),
    };
    let usage = Usage {
        cost_micro_usd: metrics.cost_micro_usd,
        ..Usage::default()
    };
    let cost = match (usage.dollars(), metrics.tokens) {
        (Some(cost), _) => cost,
        (None, 0) => "-".to_owned(),
        (None, tokens) => format!("{tokens} tokens"),
    };
    [
        metrics.rule.clone(),
        format!("{}/{}/{}", metrics.bad, metrics.good, metrics.ambiguous),
        share(metrics.precision),
        share(metrics.recall),
        share(metrics.abstention),
        share(metrics.abstention_when_ambiguous),
        metrics.no_answer.to_string(),
        time,
        cost,
    ]
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
}

/// `92 % (74 to 98)`.
pub(super) fn share(share: Share) -> String {
    let percent = |value: f64| format!("{:.0}", value * 100.0);
    match share.value {
        Some(value) => format!(
            "{} % ({} to {})",
            percent(value),
            percent(share.low),
            percent(share.high)
        ),
        None => "-".to_owned(),
    }
}

/// The whole as a text.
pub fn table(evaluation: &Evaluation) -> String {
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    rows.extend(evaluation.rules.iter().map(cells));
    let mut text = format!(
        "reviewer {}, prompt {}\n\n{}\n",
        visible_line(&evaluation.reviewer),
        visible_line(&evaluation.prompt),
        aligned(&rows)
    );
    for (reason, count) in evaluation.reasons().into_iter().take(REASONS) {
        let line = format!("no answer to {count}: {reason}");
        text.push_str(&visible_line(&line));
        text.push('\n');
    }
    for metrics in &evaluation.rules {
        if let Some(remark) = &metrics.remark {
            let line = format!("{}: {remark}", metrics.rule);
            text.push_str(&visible_line(&line));
            text.push('\n');
        }
    }
    text.push_str("In brackets: 95 % of intervals made like this hold the true value.\n");
    if let Some(comparison) = &evaluation.comparison {
        text.push_str(&format!(
            "\nagainst {}, prompt {}\n\n",
            visible_line(&comparison.reviewer),
            visible_line(&comparison.prompt)
        ));
        let head = [
            "rule",
            "examples",
            "right in both",
            "only now",
            "only then",
            "p",
            "",
        ];
        let mut rows = vec![head.map(str::to_owned)];
        rows.extend(comparison.rules.iter().map(|rule| {
            [
                rule.rule.clone(),
                rule.examples.to_string(),
                rule.both.to_string(),
                rule.now.to_string(),
                rule.then.to_string(),
                format!("{:.3}", rule.p),
                rule.says.clone(),
            ]
        }));
        text.push_str(&aligned(&rows));
    }
    text
}

fn aligned<const COUNT: usize>(rows: &[[String; COUNT]]) -> String {
    let rows: Vec<[String; COUNT]> = rows
        .iter()
        .map(|row| row.clone().map(|cell| visible_line(&cell)))
        .collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..COUNT).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
