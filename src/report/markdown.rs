//! `--format markdown`: a step summary, or a comment on a merge request.
//!
//! Begins with a marker, so that a comment can be found again and updated, and stays below the size of GitHub's comments
//! (65,536 characters; a step summary may have 1 MiB, a note of GitLab a million characters). Texts from elsewhere stand in code
//! spans or are escaped, and never begin a line: they make no headings, links, mentions, HTML or quick actions.

use std::io::{self, Write};

use super::Surroundings;
use super::plain_text::{backticks, visible_line};
use super::story::{self, Entry, count, shortened};
use crate::finding::{Disposition, Finding, Outcome, Report};

/// The first line of every comment.
pub const MARKER: &str = "<!-- engineering-codex -->";

/// Bytes of the whole text.
const LIMIT: usize = 60_000;
/// Bytes kept for what follows the findings.
const RESERVE: usize = 12_000;
/// Bytes of one text from elsewhere.
const TEXT_LIMIT: usize = 1_000;
/// Lines shown of each list that is not of findings.
const LIST_LIMIT: usize = 10;

/// Writes one document.
pub(super) fn render(
    report: &Report,
    surroundings: &Surroundings,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut text = format!("{MARKER}\n## codex: {}\n\n", heading(report));
    let files = count(report.summary.files, "file");
    let rules = count(report.summary.rules, "rule");
    let counts = story::counts(&report.summary);
    text.push_str(&format!("**{counts}**: {files}, {rules}.\n"));
    for stale in story::stale_rules(report) {
        text.push_str(&format!("\n**{}**\n", prose(&stale)));
    }
    if let Some(broken) = story::broken_glass(report) {
        text.push_str(&format!("\n**{}**\n", prose(&broken)));
    }
    let mut entries = story::entries(report);
    // That stands on top.
    entries.retain(|entry| entry.rule != story::RULES_STALE);
    let mut shown = 0;
    let mut section = None;
    for entry in &entries {
        let mut item = String::new();
        if section != Some(entry.weight) {
            section = Some(entry.weight);
            let weights = entries.iter().map(|entry| entry.weight);
            let number = weights.filter(|weight| *weight == entry.weight).count();
            item = format!("\n### {} ({number})\n\n", section_name(entry.weight));
        }
        item.push_str(&describe(entry));
        if text.len() + item.len() > LIMIT - RESERVE {
            break;
        }
        text.push_str(&item);
        shown += 1;
    }
    if shown < entries.len() {
        let more = entries.len() - shown;
        text.push_str(&format!("\n{more} more in the JSON report.\n"));
    }
    text.push_str(&what_else(report));
    text.push_str(&footer(report, surroundings));
    out.write_all(text.as_bytes())
}

fn heading(report: &Report) -> &'static str {
    match report.outcome() {
        Outcome::Reject => "rejected",
        Outcome::Review => "needs manual review",
        Outcome::Pass => "passed",
        Outcome::Error => "could not do its job",
    }
}

fn section_name(weight: Disposition) -> &'static str {
    match weight {
        Disposition::Block => "Block",
        Disposition::Review => "Needs manual review",
        Disposition::Warn => "Warnings",
        _ => "Notes",
    }
}

fn describe(entry: &Entry<'_>) -> String {
    let place = code(&format!("{}:{}", entry.path, entry.line));
    let mut lines = vec![format!("- {} at {place}", code(entry.rule))];
    match entry.finding {
        None => lines.push(prose(&entry.title)),
        Some(finding) => {
            lines.push(prose(&finding.message));
            let reasons = story::reasons(finding);
            lines.extend(reasons.iter().map(|line| prose(line)));
            lines.extend(standard(finding));
        }
    }
    // A line break, and the indentation that keeps the next line in the item.
    lines.join("<br>\n  ") + "\n"
}

fn standard(finding: &Finding) -> Option<String> {
    let (rfc, level) = (finding.rfc?, finding.level?.keyword());
    let statement = prose(finding.statement.as_deref()?);
    let name = format!("RFC {rfc}, {level}");
    Some(match (story::link(finding), &finding.href) {
        (Some(link), _) => format!("[{name}](<{link}>): {statement}"),
        (None, Some(href)) => format!("{name} ({}): {statement}", code(href)),
        (None, None) => format!("{name}: {statement}"),
    })
}

/// What is no finding, but must be seen.
fn what_else(report: &Report) -> String {
    let refused = report.rules_refused.iter();
    let refused =
        refused.map(|refused| format!("{}: {}", code(&refused.rule), prose(&refused.error)));
    let remarks = story::remarks(report);
    let remarks = remarks.iter().map(|entry| {
        let place = code(&format!("{}:{}", entry.path, entry.line));
        format!("{place}: {}", prose(&entry.title))
    });
    let lists = [
        ("Rules not used", refused.collect::<Vec<_>>()),
        ("The law itself changes", remarks.collect()),
    ];
    let mut text = String::new();
    for (name, lines) in lists.into_iter().filter(|(_, lines)| !lines.is_empty()) {
        text.push_str(&format!("\n### {name} ({})\n\n", lines.len()));
        let mut room = RESERVE / 3;
        let mut shown = 0;
        for line in lines.iter().take(LIST_LIMIT) {
            if line.len() > room {
                break;
            }
            room -= line.len();
            shown += 1;
            text.push_str(&format!("- {line}\n"));
        }
        if shown < lines.len() {
            text.push_str(&format!(
                "- {} more in the JSON report\n",
                lines.len() - shown
            ));
        }
    }
    text
}

fn footer(report: &Report, surroundings: &Surroundings) -> String {
    let mut parts = Vec::new();
    if let Some(base) = &report.base {
        let (head, base) = (code(&report.head), code(base));
        parts.push(format!("Compared {head} with {base}."));
    }
    match (surroundings.rules_remark, report.rules_from.as_str()) {
        (Some(remark), _) => parts.push(format!("{}.", prose(remark))),
        (None, "base") => parts.push("The rules are those of base.".to_owned()),
        _ => {}
    }
    let unreviewed = report.summary.statements_not_reviewed;
    if unreviewed > 0 {
        let statements = count(unreviewed, "statement");
        parts.push(format!("{statements} not reviewed."));
    }
    parts.extend(story::left_out(report).map(|text| format!("{text}.")));
    if let Some(review) = report.review.as_ref().filter(|review| review.cases > 0) {
        let lines = story::review_lines(review);
        parts.extend(lines.iter().map(|line| format!("{}.", prose(line))));
    }
    if let Some(hash) = &report.rules_hash {
        parts.push(format!("The hash of the rules is {}.", code(hash)));
    }
    parts.push("`codex explain RULE` shows the statement and examples.".to_owned());
    format!("\n{}\n", parts.join(" "))
}

/// A code span that its text cannot end.
pub(super) fn code(text: &str) -> String {
    let text = visible_line(&shortened(text, TEXT_LIMIT));
    let fence = backticks(&text, 1);
    let is_bare = !text.starts_with(['`', ' ']) && !text.ends_with(['`', ' ']) && !text.is_empty();
    let pad = if is_bare { "" } else { " " };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Text from elsewhere, in which only paired backticks mean something.
pub(super) fn prose(text: &str) -> String {
    let text = visible_line(&shortened(text, TEXT_LIMIT));
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped(&text);
    }
    let part = |(index, part): (usize, &&str)| match (index % 2, part.is_empty()) {
        (0, _) => escaped(part),
        (_, true) => "\\`\\`".to_owned(),
        (_, false) => code(part),
    };
    parts.iter().enumerate().map(part).collect()
}

/// A space without width: GitHub and GitLab look for mentions, references and bare addresses after escapes are gone.
const APART: char = '\u{200B}';

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = [' '; 2];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek().copied().unwrap_or(' ');
        let names = next.is_alphanumeric() || matches!(next, '"' | '_');
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '|' | '@' | '#' | '!'
            | '~' | '$' | '^' => out.extend(['\\', character]),
            '.' if is_word(before, "ww") => out.extend([APART, '.']),
            '-' if is_word(before, "gh") => out.extend([APART, '-']),
            other => out.push(other),
        }
        let is_apart = match character {
            '@' | '#' => true,
            '!' | '~' | '$' | '^' | '%' | '&' => names,
            ':' => next == '/',
            _ => false,
        };
        if is_apart {
            out.push(APART);
        }
        before = [before[1], character];
    }
    out
}

fn is_word(characters: [char; 2], word: &str) -> bool {
    let lower = characters.map(|character| character.to_ascii_lowercase());
    word.chars().eq(lower)
}
