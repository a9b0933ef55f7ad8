//! What every format tells, each in its own form: the same entries, with the same weight and the same reasons.
//!
//! Nothing here is safe for a terminal, a log or a page yet: only the format knows what must not come through.
//! Deliberately absent: forms.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::finding::{
    Answer, Disposition, Finding, Report, ReviewCounts, StaleRules, Summary, Usage,
};

/// The rule of an entry about a source that could not be looked at.
pub(super) const UNCHECKED: &str = "codex-unchecked";
/// The rule of an entry about rules from elsewhere that are stale or missing.
pub(super) const RULES_STALE: &str = "codex-rules-stale";
/// The rule of an entry about rules or configuration that the change touches.
const LAW_CHANGED: &str = "codex-law-changed";
/// The rule of an entry about an exception that the change adds.
const EXCEPTION_ADDED: &str = "codex-exception-added";
/// The rule of an entry about a rule that could not be used.
const RULE_REFUSED: &str = "codex-rule-refused";
/// The rule of an entry about what somebody let through.
const GLASS_BROKEN: &str = "codex-glass-broken";

/// Where what has no place of its own stands, in forms that know places only.
const HOME: &str = "codex.toml";

/// Bytes of what is said of one finding: its code may be of any length.
pub(super) const TEXT_LIMIT: usize = 4_000;

/// One thing to tell about a place.
pub(super) struct Entry<'a> {
    pub(super) weight: Disposition,
    pub(super) rule: &'a str,
    pub(super) path: &'a str,
    pub(super) path_bytes: Option<&'a str>,
    pub(super) line: usize,
    /// Whether it rejects the change.
    pub(super) rejects: bool,
    /// What is wrong there.
    pub(super) title: Cow<'a, str>,
    /// One for each entry of a report, the same in the next run.
    pub(super) fingerprint: Cow<'a, str>,
    /// What it is about, when it is a finding.
    pub(super) finding: Option<&'a Finding>,
}

/// What the run says of the code: findings and what could not be looked at, weightiest first.
pub(super) fn entries(report: &Report) -> Vec<Entry<'_>> {
    let findings = report.findings.iter().filter(|finding| is_told(finding));
    let mut entries: Vec<Entry<'_>> = findings.map(of_finding).collect();
    let unchecked_weight = match report.base {
        Some(_) => Disposition::Review,
        None => Disposition::Note,
    };
    entries.extend(report.unchecked.iter().map(|unchecked| Entry {
        weight: unchecked_weight,
        rejects: unchecked.rejects,
        title: format!("not checked: {}", unchecked.reason).into(),
        ..remark(UNCHECKED, &unchecked.path, 1, "")
    }));
    entries.extend(report.rules_stale.iter().map(|stale| Entry {
        weight: match stale.in_force {
            Some(_) => Disposition::Warn,
            None => Disposition::Review,
        },
        title: stale.text().into(),
        ..remark(RULES_STALE, &stale.path, stale.line, &stale.source)
    }));
    // Some platforms show the first ones only.
    entries.sort_by_key(|entry| (entry.rule != RULES_STALE, entry.weight));
    make_unique(&mut entries);
    entries
}

/// What forms that know places only have to tell: the entries, then what is said of the run and of the law.
pub(super) fn placed(report: &Report) -> Vec<Entry<'_>> {
    let mut all = entries(report);
    all.extend(of_run(report));
    all.extend(remarks(report));
    make_unique(&mut all);
    all
}

/// What the run as a whole must not keep to itself. It has no place of its own: it stands at the configuration.
fn of_run(report: &Report) -> Vec<Entry<'_>> {
    let refused = report.rules_refused.iter().map(|refused| Entry {
        weight: Disposition::Block,
        title: refusal(&refused.rule, &refused.error).into(),
        ..remark(RULE_REFUSED, HOME, 1, &refused.rule)
    });
    let broken = broken_glass(report).map(|text| Entry {
        weight: Disposition::Review,
        title: text.into(),
        ..remark(GLASS_BROKEN, HOME, 1, "")
    });
    refused.chain(broken).collect()
}

/// Viewers take two of one fingerprint for one.
fn make_unique(entries: &mut [Entry<'_>]) {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for entry in entries {
        let equals = seen.entry(entry.fingerprint.to_string()).or_default();
        if *equals > 0 {
            let mut hasher = blake3::Hasher::new();
            hasher.update(entry.fingerprint.as_bytes());
            hasher.update(&equals.to_le_bytes());
            entry.fingerprint = hasher.finalize().to_hex()[..16].to_owned().into();
        }
        *equals += 1;
    }
}

/// That a rule could not be used.
pub(super) fn refusal(rule: &str, error: &str) -> String {
    format!("rule not used: {rule}: {error}")
}

/// What the run was, by the names of the JSON contract, for forms that have room for it.
pub(super) fn facts(report: &Report) -> Vec<(&'static str, Value)> {
    let facts = [
        ("base", json!(report.base)),
        ("head", json!(report.head)),
        ("rules_from", json!(report.rules_from)),
        ("rules_hash", json!(report.rules_hash)),
        ("fail_on", json!(report.fail_on)),
        ("outcome", json!(report.outcome().word())),
        ("files", json!(report.summary.files)),
        ("left_out", json!(report.summary.left_out)),
        ("rules", json!(report.summary.rules)),
        (
            "statements_not_reviewed",
            json!(report.summary.statements_not_reviewed),
        ),
    ];
    let is_known = |(_, value): &(_, Value)| !value.is_null();
    facts.into_iter().filter(is_known).collect()
}

/// What a reviewer was asked, and what that took.
pub(super) fn review_lines(review: &ReviewCounts) -> Vec<String> {
    let name = review.reviewer.as_deref().unwrap_or("nobody");
    let parts = [
        (review.asked, "asked"),
        (review.cached, "from the cache"),
        (review.left_out, "left out"),
        (review.invalid_answers, "answered invalidly"),
        (review.unknown_ids, "answered unasked"),
    ];
    let mut line = vec![name.to_owned(), count(review.cases, "case")];
    line.extend(numbered(&parts));
    let line = line.join(", ");
    let usage = review.usage.as_ref();
    let usage = usage.map(|usage| format!("usage: {}", usage_line(usage)));
    std::iter::once(format!("reviewer: {line}"))
        .chain(usage)
        .collect()
}

/// What was not looked at because `.gitattributes` says so.
pub(super) fn left_out(report: &Report) -> Option<String> {
    let left_out = report.summary.left_out;
    let files = count(left_out, "file");
    let text = format!("{files} left out: marked as generated or vendored in .gitattributes");
    (left_out > 0).then_some(text)
}

/// That rules from elsewhere are stale or missing: for the top of what people read.
pub(super) fn stale_rules(report: &Report) -> Vec<String> {
    report.rules_stale.iter().map(StaleRules::text).collect()
}

/// What the change does to the law itself: no finding, but a human must see it.
pub(super) fn remarks(report: &Report) -> Vec<Entry<'_>> {
    let changed = report.law_changed.iter().map(|changed| Entry {
        title: format!("the law itself changes: {}", changed.how.word()).into(),
        ..remark(LAW_CHANGED, &changed.path, 1, "")
    });
    let added = report.suppressions_added.iter().map(|added| {
        let line = added.suppression.line;
        let reason = &added.suppression.reason;
        Entry {
            title: format!("new exception: {}: {reason}", added.rule).into(),
            ..remark(
                EXCEPTION_ADDED,
                &added.path,
                line,
                &format!("{}\0{line}", added.rule),
            )
        }
    });
    changed.chain(added).collect()
}

/// Who let through what rejects, and why.
pub(super) fn broken_glass(report: &Report) -> Option<String> {
    let broken = report.break_glass.as_ref()?;
    let who = broken.who.as_deref().unwrap_or("somebody");
    let (findings, reason) = (count(broken.let_through, "finding"), &broken.reason);
    Some(format!(
        "GLASS BROKEN by {who}: {findings} let through: {reason}"
    ))
}

/// Whether formats for people show it; the others are counted.
pub(super) fn is_told(finding: &Finding) -> bool {
    finding.disposition <= Disposition::Note
}

pub(super) fn of_finding(finding: &Finding) -> Entry<'_> {
    Entry {
        weight: finding.disposition,
        rejects: finding.rejects,
        rule: &finding.rule,
        path: &finding.path,
        path_bytes: finding.path_bytes.as_deref(),
        line: finding.focus.start.line,
        title: title(finding).into(),
        fingerprint: Cow::Borrowed(&finding.fingerprint),
        finding: Some(finding),
    }
}

fn remark<'a>(rule: &'static str, path: &'a str, line: usize, also: &str) -> Entry<'a> {
    let mut hasher = blake3::Hasher::new();
    for part in [rule, path, also] {
        hasher.update(part.as_bytes()).update(b"\0");
    }
    Entry {
        weight: Disposition::Note,
        rejects: false,
        rule,
        path,
        path_bytes: None,
        line,
        title: Cow::Borrowed(""),
        fingerprint: hasher.finalize().to_hex()[..16].to_owned().into(),
        finding: None,
    }
}

/// What is wrong; that it may not be wrong, where only a human can tell.
pub(super) fn title(finding: &Finding) -> String {
    match finding.disposition {
        Disposition::Review => format!("needs manual review: {}", finding.message),
        _ => finding.message.clone(),
    }
}

/// Why it is a finding and what to do about it, a text each; none but the note is meant to have several lines.
pub(super) fn reasons(finding: &Finding) -> Vec<String> {
    let said = [&finding.advice, &finding.note].into_iter().flatten();
    let mut lines: Vec<String> = said.map(ToString::to_string).collect();
    if let Some(cause) = &finding.cause {
        let (path, line, text) = (&cause.path, cause.line, &cause.text);
        lines.push(format!("since {path}:{line}: {text}"));
    }
    lines.extend(
        finding
            .ask
            .as_ref()
            .map(|ask| format!("the question: {ask}")),
    );
    lines.extend(opinion(finding));
    let not_reviewed = finding.not_reviewed.as_ref();
    lines.extend(not_reviewed.map(|reason| format!("not reviewed: {reason}")));
    lines
}

/// What the reviewer said.
pub(super) fn opinion(finding: &Finding) -> Option<String> {
    let verdict = finding.verdict.as_ref()?;
    let word = match verdict.verdict {
        Answer::Violation => "a violation",
        Answer::Compliant => "compliant",
        Answer::Partial => "a part of it met",
        Answer::Unsure => "unsure",
    };
    let (reviewer, rationale) = (&verdict.reviewer, &verdict.rationale);
    Some(format!("{reviewer} says {word}: {rationale}"))
}

/// The statement and where it stands.
pub(super) fn standard(finding: &Finding) -> Option<String> {
    let (rfc, level) = (finding.rfc?, finding.level?);
    let statement = finding.statement.as_ref()?;
    Some(format!("RFC {rfc}, {}: {statement}", level.keyword()))
}

/// The link to the statement, where a browser can follow it.
pub(super) fn link(finding: &Finding) -> Option<&str> {
    let href = finding.href.as_deref()?;
    let is_web = href.starts_with("https://") || href.starts_with("http://");
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(&byte);
    let is_web = is_web && href.bytes().all(is_plain);
    is_web.then_some(href)
}

/// How many of each, in words.
pub(super) fn counts(summary: &Summary) -> String {
    let counts = [
        (summary.block, "block"),
        (summary.review, "review"),
        (summary.warn, "warn"),
        (summary.note, "note"),
        (summary.cleared, "cleared"),
        (summary.suppressed, "suppressed"),
        (summary.baseline, "baseline"),
    ];
    match numbered(&counts).join(", ") {
        none if none.is_empty() => "no findings".to_owned(),
        some => some,
    }
}

/// Those of which there are any, each with its number.
pub(super) fn numbered(counts: &[(usize, &str)]) -> Vec<String> {
    let some = counts.iter().filter(|(number, _)| *number > 0);
    some.map(|(number, word)| format!("{number} {word}"))
        .collect()
}

pub(super) fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// The beginning of a text that may be of any length.
pub(super) fn shortened(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(limit.saturating_sub('…'.len_utf8()));
    Cow::Owned(format!("{}…", &text[..end]))
}

/// What was used of models, on one line.
fn usage_line(usage: &Usage) -> String {
    let cached = match usage.cached_input_tokens {
        0 => String::new(),
        tokens => format!(" ({tokens} of them cached)"),
    };
    let cost = usage.dollars().map(|cost| format!(", {cost}"));
    format!(
        "{}, {} tokens in{cached}, {} out{}{}",
        count(
            usize::try_from(usage.requests).unwrap_or(usize::MAX),
            "request"
        ),
        usage.input_tokens,
        usage.output_tokens,
        cost.unwrap_or_default(),
        if usage.estimated {
            ", in part estimated"
        } else {
            ""
        }
    )
}
