//! `--format human`: each finding with its code, the statement, the advice and the way to the RFC.

use std::fmt;
use std::io::{self, Write};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, Severity, SourceCode,
};

use super::Surroundings;
use super::excerpt::Excerpt;
use super::plain_text::visible_line;
use crate::finding::{Answer, Disposition, Finding, Position, Range, Report};

/// How to draw.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// Whether to use colours.
    pub colour: bool,
}

impl Style {
    /// Draws a diagnostic, without white space at the ends of lines.
    pub fn draw(self, diagnostic: &dyn Diagnostic) -> Result<String, fmt::Error> {
        let theme = if self.colour {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(100)
            .with_links(false)
            .with_context_lines(1)
            .with_word_splitter(textwrap::WordSplitter::NoHyphenation)
            .with_word_separator(textwrap::WordSeparator::AsciiSpace)
            .with_break_words(false);
        let mut text = String::new();
        handler.render_report(&mut text, diagnostic)?;
        let lines: Vec<&str> = text
            .trim_start_matches('\n')
            .lines()
            .map(str::trim_end)
            .collect();
        Ok(lines.join("\n").trim_end().to_owned())
    }
}

/// Writes the findings, weightiest first, and what the run comes to.
pub(super) fn render(
    report: &Report,
    surroundings: &Surroundings,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    for disposition in [
        Disposition::Block,
        Disposition::Review,
        Disposition::Warn,
        Disposition::Note,
    ] {
        for finding in report
            .findings
            .iter()
            .filter(|finding| finding.disposition == disposition)
        {
            let source = surroundings
                .sources
                .get(&finding.path)
                .map_or("", String::as_str);
            let text = style
                .draw(&Drawn::new(finding, source))
                .map_err(io::Error::other)?;
            writeln!(out, "{text}\n")?;
        }
    }
    for unchecked in &report.unchecked {
        writeln!(
            out,
            "not checked: {}: {}",
            visible_line(&unchecked.path),
            visible_line(&unchecked.reason)
        )?;
    }
    for refused in &report.rules_refused {
        writeln!(
            out,
            "rule not used: {}: {}",
            visible_line(&refused.rule),
            visible_line(&refused.error)
        )?;
    }
    for changed in &report.law_changed {
        let path = visible_line(&changed.path);
        writeln!(out, "the law itself changes: {path} {}", changed.how.word())?;
    }
    for added in &report.suppressions_added {
        writeln!(
            out,
            "new exception: {}:{}: {}: {}",
            visible_line(&added.path),
            added.suppression.line,
            visible_line(&added.rule),
            visible_line(&added.suppression.reason)
        )?;
    }
    summary(report, surroundings, out)
}

fn summary(report: &Report, surroundings: &Surroundings, out: &mut dyn Write) -> io::Result<()> {
    let summary = &report.summary;
    if let Some(base) = &report.base {
        let reason = surroundings
            .base_reason
            .as_ref()
            .map_or(String::new(), |reason| {
                format!(" ({})", visible_line(reason))
            });
        writeln!(
            out,
            "compared {} with {}{reason}",
            visible_line(&report.head),
            visible_line(base)
        )?;
    }
    if let Some(remark) = surroundings.rules_remark {
        writeln!(out, "{remark}")?;
    } else if report.rules_from == "base" {
        writeln!(out, "the rules and the configuration are those of base")?;
    }
    if summary.statements_not_reviewed > 0 {
        writeln!(
            out,
            "{} not reviewed: {}",
            count(summary.statements_not_reviewed, "statement"),
            surroundings.not_reviewed
        )?;
    }
    if summary.left_out > 0 {
        writeln!(
            out,
            "{} left out: marked as generated or vendored in .gitattributes",
            count(summary.left_out, "file")
        )?;
    }
    if let Some(broken) = &report.break_glass {
        let who = broken.who.as_deref().unwrap_or("somebody");
        writeln!(
            out,
            "GLASS BROKEN by {}: {} let through: {}",
            visible_line(who),
            count(broken.let_through, "finding"),
            visible_line(&broken.reason)
        )?;
    }
    let counts = [
        (summary.block, "block"),
        (summary.review, "review"),
        (summary.warn, "warn"),
        (summary.note, "note"),
        (summary.cleared, "cleared"),
        (summary.suppressed, "suppressed"),
        (summary.baseline, "baseline"),
    ];
    let named: Vec<String> = counts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    let found = if named.is_empty() {
        "no findings".to_owned()
    } else {
        named.join(", ")
    };
    writeln!(
        out,
        "{found}: {}, {}",
        count(summary.files, "file"),
        count(summary.rules, "rule")
    )
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// A finding as miette draws it.
#[derive(Debug)]
struct Drawn {
    title: String,
    severity: Severity,
    help: String,
    source: Excerpt,
    labels: Vec<LabeledSpan>,
}

impl Drawn {
    fn new(finding: &Finding, source: &str) -> Self {
        let others: Vec<_> = finding
            .labels
            .iter()
            .filter(|label| label.path == finding.path)
            .map(|label| (visible_line(&label.text), span(source, label.range)))
            .collect();
        let focus = span(source, finding.focus);
        let places: Vec<_> = std::iter::once(focus.clone())
            .chain(others.iter().map(|(_, place)| place.clone()))
            .collect();
        let excerpt = Excerpt::new(&finding.path, source, &places);
        let mut labels = vec![LabeledSpan::new_primary_with_span(
            Some(finding.rule.clone()),
            excerpt.span(source, &focus),
        )];
        labels.extend(others.into_iter().map(|(text, place)| {
            LabeledSpan::new_with_span(Some(text), excerpt.span(source, &place))
        }));
        Self {
            title: title(finding),
            severity: match finding.disposition {
                Disposition::Block => Severity::Error,
                Disposition::Review | Disposition::Warn => Severity::Warning,
                _ => Severity::Advice,
            },
            help: explanation(finding),
            source: excerpt,
            labels,
        }
    }
}

fn title(finding: &Finding) -> String {
    let word = match finding.disposition {
        Disposition::Review => "needs manual review",
        other => other.word(),
    };
    format!("{word}: {}", visible_line(&finding.message))
}

fn explanation(finding: &Finding) -> String {
    let mut lines = Vec::new();
    lines.extend(finding.advice.clone());
    if let Some(cause) = &finding.cause {
        lines.push(format!(
            "since {}:{}: {}",
            cause.path, cause.line, cause.text
        ));
    }
    lines.extend(
        finding
            .ask
            .as_ref()
            .map(|ask| format!("the question: {ask}")),
    );
    if let Some(verdict) = &finding.verdict {
        let word = match verdict.verdict {
            Answer::Violation => "a violation",
            Answer::Compliant => "compliant",
            Answer::Unsure => "unsure",
        };
        lines.push(format!(
            "{} says {word}: {}",
            verdict.reviewer, verdict.rationale
        ));
    }
    lines.extend(
        finding
            .not_reviewed
            .as_ref()
            .map(|reason| format!("not reviewed: {reason}")),
    );
    if let (Some(rfc), Some(level), Some(statement)) =
        (finding.rfc, finding.level, &finding.statement)
    {
        lines.push(format!("RFC {rfc}, {}: {statement}", level.keyword()));
    }
    if let Some(href) = &finding.href {
        lines.push(format!(
            "run `codex explain {}`, or see {href}",
            finding.rule
        ));
    }
    lines
        .iter()
        .map(|line| visible_line(line))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The bytes of a place: a source that is not UTF-8 has other bytes here than on disk, but as many characters.
fn span(source: &str, range: Range) -> std::ops::Range<usize> {
    let offset = |position: Position| {
        let line_start = source
            .split_inclusive('\n')
            .take(position.line - 1)
            .map(str::len)
            .sum::<usize>();
        let line = &source[line_start..];
        line_start
            + line
                .char_indices()
                .nth(position.column - 1)
                .map_or(line.len(), |(byte, _)| byte)
    };
    let start = offset(range.start);
    start..offset(range.end).max(start)
}

impl fmt::Display for Drawn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.title)
    }
}

impl std::error::Error for Drawn {}

impl Diagnostic for Drawn {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.help.is_empty()).then(|| Box::new(&self.help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}
