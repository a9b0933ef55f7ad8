//! What a review of a document found, for people, for a merge request and for programs.
//!
//! Deliberately absent: what decides the exit code.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::markdown::{MARKER, code, prose};
use super::plain_text::{no_command, visible_line};
use super::story::{count, numbered, review_lines};
use super::{Format, Style};
use crate::assessment::{Assessed, Assessment, Counts, Genre, Opinion};
use crate::finding::Disposition;

/// Bytes of the Markdown, below what GitHub takes as a comment.
const MARKDOWN_LIMIT: usize = 60_000;

pub(super) fn render(
    format: Format,
    assessment: &Assessment,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, assessment)?;
            writeln!(out)
        }
        Format::Markdown => out.write_all(markdown(assessment).as_bytes()),
        _ => out.write_all(human(assessment, style).as_bytes()),
    }
}

/// `RFC 3, MUST, approved`.
fn standing(one: &Assessed) -> String {
    let (level, status) = (one.level.keyword(), one.status.word());
    format!("RFC {}, {level}, {status}", one.rfc)
}

/// The verdict in a word.
fn word(opinion: &Opinion) -> &'static str {
    opinion.verdict.unwrap_or("NOT REVIEWED")
}

fn does(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Review => "needs manual review",
        other => other.word(),
    }
}

/// What is said of one opinion: a line for each piece of evidence, then why it is not whole.
fn evidence(
    opinion: &Opinion,
    quote: impl Fn(&str) -> String,
    text: impl Fn(&str) -> String,
) -> Vec<String> {
    let mut lines = Vec::new();
    for one in &opinion.evidence {
        let said = match one.rationale.is_empty() {
            true => String::new(),
            false => format!(": {}", text(&one.rationale)),
        };
        let who = text(&one.reviewer);
        let of = match opinion.evidence.len() {
            1 => String::new(),
            _ => format!("{}, ", one.verdict),
        };
        lines.push(match one.line {
            Some(line) => format!("{of}line {line}, {}: {who}{said}", quote(&one.quote)),
            None => format!("{of}{who}{said}"),
        });
    }
    if let Some(reason) = &opinion.not_reviewed {
        lines.push(format!("not reviewed: {}", text(reason)));
    }
    lines
}

fn counts(counts: &Counts) -> String {
    let parts = [
        (counts.non_compliant, "NON-COMPLIANT"),
        (counts.partial, "PARTIAL"),
        (counts.unsure, "UNSURE"),
        (counts.not_reviewed, "not reviewed"),
        (counts.compliant, "COMPLIANT"),
    ];
    match numbered(&parts).join(", ") {
        none if none.is_empty() => "no statement to meet".to_owned(),
        some => some,
    }
}

fn genre(assessment: &Assessment) -> &'static str {
    match assessment.genre {
        Genre::Design => "a design",
        Genre::Incident => "an incident report",
    }
}

/// What people should know beside the statements.
fn remarks(assessment: &Assessment) -> Vec<String> {
    let mut remarks = Vec::new();
    let domains = assessment.domains.join(", ");
    if !assessment.domains.is_empty() {
        let says = match assessment.domains_from {
            "document" => "as the document says",
            _ => "as asked for",
        };
        let others = count(assessment.summary.other_domains, "statement");
        remarks.push(format!(
            "only the domain {domains}, {says}; {others} of others not asked about"
        ));
    }
    if assessment.parts.len() > 1 {
        let parts = assessment.parts.len();
        remarks.push(format!(
            "shown in {parts} parts, of which the worst answer counts"
        ));
    }
    for refused in &assessment.rules_refused {
        remarks.push(format!(
            "rule not used: {}: {}",
            refused.rule, refused.error
        ));
    }
    let lines: Vec<String> = assessment.addressed.iter().map(usize::to_string).collect();
    if !lines.is_empty() {
        let noun = if lines.len() == 1 { "line" } else { "lines" };
        let lines = lines.join(", ");
        remarks.push(format!(
            "note: the document holds text that speaks to a reviewer: {noun} {lines}"
        ));
    }
    remarks
}

/// What an incident teaches: a heading and the slugs below it.
fn lessons(assessment: &Assessment) -> Vec<(&'static str, Vec<&Assessed>)> {
    let Some(lessons) = &assessment.lessons else {
        return Vec::new();
    };
    let named = |slugs: &[String]| -> Vec<&Assessed> {
        let all = assessment.statements.iter();
        all.filter(|one| slugs.contains(&one.rule)).collect()
    };
    let without_answer = assessment.statements.iter().filter(|one| {
        one.caught
            .as_ref()
            .is_some_and(|caught| caught.answer.is_none())
    });
    let mut lists = vec![
        ("would have caught it", named(&lessons.caught_by)),
        (
            "would have caught it and has no rule yet (the next RFC)",
            named(&lessons.without_rule),
        ),
        (
            "nobody said whether it would have caught it",
            without_answer.collect(),
        ),
    ];
    lists.retain(|(_, named)| !named.is_empty());
    match lessons.next_rfc {
        Some(true) => {
            let next = "no statement would have caught it: it is the next RFC";
            lists.push((next, Vec::new()));
        }
        None => lists.push((
            "no statement is known to have caught it: not every answer settles it",
            Vec::new(),
        )),
        Some(false) => {}
    }
    lists
}

/// How a lesson names a statement.
fn rule_of(one: &Assessed) -> String {
    match one.enforced_by.is_empty() {
        true => format!("{}, no rule", standing(one)),
        false => format!(
            "{}, decided by {}",
            standing(one),
            one.enforced_by.join(", ")
        ),
    }
}

fn human(assessment: &Assessment, style: Style) -> String {
    let mut text = String::new();
    let quote = |quote: &str| format!("\"{}\"", visible_line(quote));
    let mut paragraph = |first: &str, rest: &str, words: &str| {
        let options = textwrap::Options::new(style.width)
            .initial_indent(first)
            .subsequent_indent(rest)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .break_words(false);
        for line in textwrap::wrap(&no_command(&visible_line(words)), options) {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    };
    for one in &assessment.statements {
        let Some(disposition) = one.disposition else {
            continue;
        };
        let (word, does) = (word(&one.met), does(disposition));
        paragraph(
            "",
            "  ",
            &format!("{word}: {} ({}): {does}", one.rule, standing(one)),
        );
        paragraph("  ", "  ", &one.statement);
        for line in evidence(&one.met, quote, visible_line) {
            paragraph("  | ", "  | ", &line);
        }
        if disposition != Disposition::Cleared {
            if let Some(advice) = &one.advice {
                paragraph("  ", "  ", advice);
            }
            paragraph("  ", "  ", &one.href);
        }
        paragraph("", "", "");
    }
    for (heading, named) in lessons(assessment) {
        paragraph("", "", heading);
        for one in named {
            paragraph("  ", "  ", &format!("{} ({})", one.rule, rule_of(one)));
            let opinion = one.caught.iter();
            for line in opinion.flat_map(|caught| evidence(caught, quote, visible_line)) {
                paragraph("  | ", "  | ", &line);
            }
        }
        paragraph("", "", "");
    }
    for remark in remarks(assessment) {
        paragraph("", "  ", &remark);
    }
    for line in review_lines(&assessment.review) {
        paragraph("", "  ", &visible_line(&line));
    }
    let (name, what) = (&assessment.document, genre(assessment));
    paragraph(
        "",
        "  ",
        &format!("{name} as {what}: {}", counts(&assessment.summary)),
    );
    text
}

fn markdown(assessment: &Assessment) -> String {
    let (name, what) = (code(&assessment.document), genre(assessment));
    let said = counts(&assessment.summary);
    let mut text = format!("{MARKER}\n## codex: review of {what}\n\n{name}: **{said}**\n\n");
    let mut items = Vec::new();
    for one in &assessment.statements {
        let Some(disposition) = one.disposition else {
            continue;
        };
        let (word, does) = (word(&one.met), does(disposition));
        let mut lines = vec![format!(
            "- **{word}** {} ({}): {does}",
            code(&one.rule),
            standing(one)
        )];
        lines.push(prose(&one.statement));
        lines.extend(evidence(&one.met, code, prose));
        if disposition != Disposition::Cleared {
            lines.extend(one.advice.as_deref().map(prose));
            lines.push(code(&one.href));
        }
        items.push(lines.join("<br>\n  ") + "\n");
    }
    for (heading, named) in lessons(assessment) {
        items.push(format!("\n### {heading}\n\n"));
        for one in named {
            let mut lines = vec![format!("- {} ({})", code(&one.rule), rule_of(one))];
            let opinion = one.caught.iter();
            lines.extend(opinion.flat_map(|caught| evidence(caught, code, prose)));
            items.push(lines.join("<br>\n  ") + "\n");
        }
    }
    let mut left_out = 0;
    for item in items {
        if left_out > 0 || text.len() + item.len() > MARKDOWN_LIMIT {
            left_out += 1;
            continue;
        }
        text.push_str(&item);
    }
    if left_out > 0 {
        let _ = write!(text, "\n{left_out} more in the JSON report.\n");
    }
    let mut remarks = remarks(assessment);
    remarks.extend(review_lines(&assessment.review));
    text.push('\n');
    for remark in remarks.iter().take(20) {
        let _ = writeln!(text, "{}  ", prose(remark));
    }
    text
}
