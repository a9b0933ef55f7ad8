//! An evaluation as a page with plots: one file that loads nothing and runs nothing.
//!
//! Deliberately absent: scripts, and any text that is not escaped; rationales are a model's, examples are anybody's.

use std::fmt::Write;

use super::metrics::{RuleMetrics, Share};
use super::table::{COLUMNS, cells, share};
use super::{Evaluation, Outcome};
use crate::report::plain_text::visible;

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:75em;padding:0 1em;color:#1c1c1c;background:#fff}
table{border-collapse:collapse;margin:1em 0}th,td{text-align:left;padding:.25em .9em .25em 0;border-bottom:1px solid #ddd;vertical-align:top}
td.n{font-variant-numeric:tabular-nums;white-space:nowrap}h2{margin-top:2em}.few{color:#8a5a00}.wrong{color:#a4001d}
svg text{font:12px system-ui,sans-serif;fill:#1c1c1c}.axis{stroke:#bbb}.bar{stroke:#2458a6;stroke-width:3}.dot{fill:#2458a6}.bar.few{stroke:#c9a25a}.dot.few{fill:#8a5a00}
@media (prefers-color-scheme:dark){body{color:#e8e8e8;background:#16181c}th,td{border-color:#3a3d44}svg text{fill:#e8e8e8}.axis{stroke:#555}.bar{stroke:#7aa7ee}.dot{fill:#a9c8ff}.wrong{color:#ff8c9c}.few{color:#e0b060}}";

/// The page.
pub fn page(evaluation: &Evaluation) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>How often the reviewer is right</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>How often {} is right</h1>\n<p>Prompt {}, codex {}. A dot is the share that was measured, its line the interval of Wilson at 95&nbsp;%.</p>\n",
        escaped(&evaluation.reviewer),
        escaped(&evaluation.prompt),
        escaped(&evaluation.codex),
    );
    type Measure = fn(&RuleMetrics) -> Share;
    let plots: [(&str, &str, Measure); 3] = [
        (
            "Precision",
            "of what it calls a violation, what is one",
            |rule| rule.precision,
        ),
        (
            "Recall",
            "of the violations, what it calls one; one without an answer is not found",
            |rule| rule.recall,
        ),
        (
            "Abstention",
            "of the clear examples, those that it is not sure of",
            |rule| rule.abstention,
        ),
    ];
    for (title, about, of) in plots {
        let _ = write!(page, "<h2>{title}</h2>\n<p>{}</p>\n", escaped(about));
        page.push_str(&plot(title, &evaluation.rules, of));
    }
    page.push_str(&latency(&evaluation.rules));
    page.push_str("<h2>Numbers</h2>\n<table>\n<tr>");
    for column in COLUMNS {
        let _ = write!(page, "<th>{}</th>", escaped(column));
    }
    page.push_str("<th></th></tr>\n");
    for rule in &evaluation.rules {
        page.push_str("<tr>");
        for cell in cells(rule) {
            let _ = write!(page, "<td class=\"n\">{}</td>", escaped(&cell));
        }
        let remark = rule.remark.as_deref().unwrap_or_default();
        let _ = writeln!(page, "<td class=\"few\">{}</td></tr>", escaped(remark));
    }
    page.push_str("</table>\n");
    page.push_str(&comparison(evaluation));
    page.push_str(&wrong(&evaluation.outcomes));
    page.push_str("</body>\n</html>\n");
    page
}

const LEFT: usize = 300;
const WIDTH: usize = 420;
const ROW: usize = 22;

/// Dots with intervals, from 0 to 100 %.
fn plot(title: &str, rules: &[RuleMetrics], of: fn(&RuleMetrics) -> Share) -> String {
    let height = ROW * rules.len() + 30;
    let all = LEFT + WIDTH + 150;
    let mut svg = format!(
        "<svg role=\"img\" aria-label=\"{title} by rule\" width=\"{all}\" height=\"{height}\" viewBox=\"0 0 {all} {height}\">\n"
    );
    let bottom = height - 22;
    for percent in [0, 25, 50, 75, 100] {
        let x = LEFT + WIDTH * percent / 100;
        let _ = writeln!(
            svg,
            "<line class=\"axis\" x1=\"{x}\" y1=\"0\" x2=\"{x}\" y2=\"{bottom}\"/><text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{percent} %</text>",
            height - 6
        );
    }
    for (row, rule) in rules.iter().enumerate() {
        let y = ROW * row + ROW / 2;
        let measured = of(rule);
        let few = if rule.remark.is_some() { " few" } else { "" };
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LEFT - 12,
            y + 4,
            escaped(&shortened(&rule.rule))
        );
        let label = LEFT + WIDTH + 12;
        let text = escaped(&share(measured));
        if let Some(value) = measured.value {
            let _ = write!(
                svg,
                "<line class=\"bar{few}\" x1=\"{:.1}\" y1=\"{y}\" x2=\"{:.1}\" y2=\"{y}\"/><circle class=\"dot{few}\" cx=\"{:.1}\" cy=\"{y}\" r=\"5\"/>",
                at(measured.low),
                at(measured.high),
                at(value)
            );
        }
        let _ = writeln!(svg, "<text x=\"{label}\" y=\"{}\">{text}</text>", y + 4);
    }
    svg.push_str("</svg>\n");
    svg
}

#[expect(clippy::cast_precision_loss, reason = "small whole numbers")]
fn at(share: f64) -> f64 {
    LEFT as f64 + WIDTH as f64 * share
}

/// Median and 90th percentile of the time that a request took.
fn latency(rules: &[RuleMetrics]) -> String {
    let longest = rules.iter().filter_map(|rule| rule.p90_milliseconds).max();
    let Some(longest) = longest.filter(|longest| *longest > 0) else {
        return String::new();
    };
    let all = LEFT + WIDTH + 150;
    let height = ROW * rules.len() + 10;
    let mut svg = format!(
        "<h2>Latency</h2>\n<p>From the median to the 90th percentile, in seconds.</p>\n<svg role=\"img\" aria-label=\"Latency by rule\" width=\"{all}\" height=\"{height}\" viewBox=\"0 0 {all} {height}\">\n"
    );
    for (row, rule) in rules.iter().enumerate() {
        let y = ROW * row + ROW / 2;
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LEFT - 12,
            y + 4,
            escaped(&shortened(&rule.rule))
        );
        if let (Some(median), Some(p90)) = (rule.median_milliseconds, rule.p90_milliseconds) {
            let x = |time: u64| LEFT as u64 + WIDTH as u64 * time / longest;
            let _ = write!(
                svg,
                "<line class=\"bar\" x1=\"{0}\" y1=\"{y}\" x2=\"{1}\" y2=\"{y}\"/><circle class=\"dot\" cx=\"{0}\" cy=\"{y}\" r=\"5\"/><text x=\"{2}\" y=\"{3}\">{4}</text>",
                x(median),
                x(p90),
                LEFT + WIDTH + 12,
                y + 4,
                escaped(&cells(rule)[7])
            );
        }
        svg.push('\n');
    }
    svg.push_str("</svg>\n");
    svg
}

fn comparison(evaluation: &Evaluation) -> String {
    let Some(comparison) = &evaluation.comparison else {
        return String::new();
    };
    let mut text = format!(
        "<h2>Against {}, prompt {}</h2>\n<table>\n<tr><th>rule</th><th>examples</th><th>right in both</th><th>only now</th><th>only then</th><th>p</th><th></th></tr>\n",
        escaped(&comparison.reviewer),
        escaped(&comparison.prompt)
    );
    for rule in &comparison.rules {
        let _ = writeln!(
            text,
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{:.3}</td><td>{}</td></tr>",
            escaped(&rule.rule),
            rule.examples,
            rule.both,
            rule.now,
            rule.then,
            rule.p,
            escaped(&rule.says)
        );
    }
    text.push_str("</table>\n");
    text
}

/// What it got wrong: where its precision and recall went.
fn wrong(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for outcome in outcomes
        .iter()
        .filter(|outcome| outcome.is_right() == Some(false))
    {
        let said = outcome.verdict.as_deref().unwrap_or("no answer");
        let why = outcome
            .rationale
            .as_deref()
            .or(outcome.not_reviewed.as_deref());
        let _ = writeln!(
            text,
            "<tr><td>{}</td><td>{}</td><td class=\"wrong\">{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&outcome.rule),
            escaped(&outcome.role),
            escaped(said),
            escaped(why.unwrap_or_default()),
            escaped(&outcome.origin)
        );
    }
    if text.is_empty() {
        return "<p>No bad or good example was judged wrongly.</p>\n".to_owned();
    }
    format!(
        "<h2>Judged wrongly</h2>\n<table>\n<tr><th>rule</th><th>example</th><th>it said</th><th>because</th><th>from</th></tr>\n{text}</table>\n"
    )
}

fn shortened(name: &str) -> String {
    const LONGEST: usize = 40;
    let mut short: String = name.chars().take(LONGEST).collect();
    if name.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
