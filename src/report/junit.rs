//! `--format junit`: a test suite for each RFC, a test for each finding, and one for each rule that nothing breaks.
//!
//! Viewers show one failure of a test, so each finding is a test of its own. It is a failure when it rejects; what does
//! not is skipped, with its weight and its reason: the tests are red exactly when `codex check` is.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde_json::Value;

use super::Surroundings;
use super::plain_text::{visible, visible_line};
use super::story::{self, Entry, TEXT_LIMIT, shortened};
use crate::finding::Report;

/// The suite of what belongs to no RFC; it always has a test, because viewers take a file without tests for a failure.
const OWN_SUITE: &str = "codex";

enum Outcome {
    Passed,
    Failure,
    Skipped,
    Error,
}

struct Test {
    name: String,
    rule: String,
    /// File and line.
    place: Option<(String, usize)>,
    outcome: Outcome,
    /// The disposition, for what is not passed.
    kind: &'static str,
    message: String,
    text: String,
}

/// Writes one document.
pub(super) fn render(
    report: &Report,
    surroundings: &Surroundings,
    out: &mut dyn Write,
) -> io::Result<()> {
    let suites = suites(report, surroundings);
    let sum = |what: fn(&Outcome) -> bool| -> usize {
        let tests = suites.values().flatten();
        tests.filter(|test| what(&test.outcome)).count()
    };
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="codex" tests="{}" failures="{}" errors="{}">"#,
        sum(|_| true),
        sum(|outcome| matches!(outcome, Outcome::Failure)),
        sum(|outcome| matches!(outcome, Outcome::Error)),
    )?;
    for (name, tests) in &suites {
        let facts = match name == OWN_SUITE {
            true => story::facts(report),
            false => Vec::new(),
        };
        suite(name, tests, &facts, out)?;
    }
    writeln!(out, "</testsuites>")
}

fn suites(report: &Report, surroundings: &Surroundings) -> BTreeMap<String, Vec<Test>> {
    let mut suites: BTreeMap<String, Vec<Test>> = BTreeMap::new();
    let mut law: Vec<String> = story::broken_glass(report).into_iter().collect();
    let remarks = story::remarks(report);
    law.extend(
        remarks
            .iter()
            .map(|entry| format!("{}:{}: {}", entry.path, entry.line, entry.title)),
    );
    let own = suites.entry(OWN_SUITE.to_owned()).or_default();
    own.push(Test {
        text: law.join("\n"),
        ..passed("check")
    });
    own.extend(report.rules_refused.iter().map(|refused| Test {
        outcome: Outcome::Error,
        kind: "error",
        message: refused.error.clone(),
        ..passed(&refused.rule)
    }));
    let entries = story::entries(report);
    for entry in &entries {
        let rfc = entry.finding.and_then(|finding| finding.rfc);
        let name = rfc.map_or(OWN_SUITE.to_owned(), |rfc| format!("RFC {rfc}"));
        suites.entry(name).or_default().push(test(entry));
    }
    let mut told: BTreeSet<&str> = entries.iter().map(|entry| entry.rule).collect();
    for rule in &surroundings.rules {
        // A rule may be there in several languages.
        if told.insert(&rule.id) {
            let name = format!("RFC {}", rule.rfc);
            suites.entry(name).or_default().push(passed(&rule.id));
        }
    }
    suites
}

fn passed(rule: &str) -> Test {
    Test {
        name: rule.to_owned(),
        rule: rule.to_owned(),
        place: None,
        outcome: Outcome::Passed,
        kind: "",
        message: String::new(),
        text: String::new(),
    }
}

fn test(entry: &Entry<'_>) -> Test {
    let mut lines = Vec::new();
    if let Some(finding) = entry.finding {
        lines.extend(story::reasons(finding));
        lines.extend(story::standard(finding));
        lines.extend(finding.href.as_deref().map(str::to_owned));
    }
    Test {
        // Two findings may share a line, and viewers tell tests apart by their names.
        name: format!("{}:{} ({})", entry.path, entry.line, entry.fingerprint),
        rule: entry.rule.to_owned(),
        place: Some((entry.path.to_owned(), entry.line)),
        outcome: match entry.rejects {
            true => Outcome::Failure,
            false => Outcome::Skipped,
        },
        kind: entry.weight.word(),
        message: shortened(&entry.title, TEXT_LIMIT).into_owned(),
        text: shortened(&lines.join("\n"), TEXT_LIMIT).into_owned(),
    }
}

fn suite(
    name: &str,
    tests: &[Test],
    facts: &[(&str, Value)],
    out: &mut dyn Write,
) -> io::Result<()> {
    let sum = |what: fn(&Outcome) -> bool| tests.iter().filter(|test| what(&test.outcome)).count();
    writeln!(
        out,
        r#"  <testsuite name="{}" tests="{}" failures="{}" errors="{}" skipped="{}">"#,
        attribute(name),
        tests.len(),
        sum(|outcome| matches!(outcome, Outcome::Failure)),
        sum(|outcome| matches!(outcome, Outcome::Error)),
        sum(|outcome| matches!(outcome, Outcome::Skipped)),
    )?;
    if !facts.is_empty() {
        writeln!(out, "    <properties>")?;
        for (name, value) in facts {
            let value = value.as_str().map_or(value.to_string(), str::to_owned);
            let value = attribute(&value);
            writeln!(out, r#"      <property name="{name}" value="{value}"/>"#)?;
        }
        writeln!(out, "    </properties>")?;
    }
    for test in tests {
        let (name, rule) = (attribute(&test.name), attribute(&test.rule));
        write!(out, r#"    <testcase name="{name}" classname="{rule}""#)?;
        if let Some((path, line)) = &test.place {
            write!(out, r#" file="{}" line="{line}""#, attribute(path))?;
        }
        let (kind, message) = (test.kind, attribute(&test.message));
        let text = text(&test.text);
        match test.outcome {
            Outcome::Passed if test.text.is_empty() => writeln!(out, "/>")?,
            Outcome::Passed => {
                writeln!(out, "><system-out>{text}</system-out></testcase>")?;
            }
            Outcome::Skipped => writeln!(
                out,
                r#"><skipped type="{kind}" message="{kind}: {message}">{text}</skipped></testcase>"#
            )?,
            Outcome::Failure => writeln!(
                out,
                r#"><failure type="{kind}" message="{message}">{text}</failure></testcase>"#
            )?,
            Outcome::Error => writeln!(
                out,
                r#"><error type="{kind}" message="{message}">{text}</error></testcase>"#
            )?,
        }
    }
    writeln!(out, "  </testsuite>")
}

/// XML has no way to write most control characters.
fn text(text: &str) -> String {
    visible(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace(['\u{FFFE}', '\u{FFFF}'], "\u{FFFD}")
}

fn attribute(value: &str) -> String {
    text(&visible_line(value)).replace('"', "&quot;")
}
