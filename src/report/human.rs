//! `--format human`: each finding with its code, the statement, the advice and the way to the RFC.

use std::fmt;
use std::io::{self, Write};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, Severity, SourceCode,
};

use super::excerpt::Excerpt;
use super::plain_text::{no_command, visible_line};
use super::story::{self, count};
use super::{Source, Surroundings};
use crate::finding::{Disposition, Finding, Fixes, Position, Range, Report, RuleCounts};

/// How to draw.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Whether to use colours.
    pub colour: bool,
    /// Columns.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            colour: false,
            width: 100,
        }
    }
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
            .with_width(self.width)
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

/// What was mended, and what was not.
fn render_fixes(fixes: &Fixes, out: &mut dyn Write) -> io::Result<()> {
    let code = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        visible_line(&crate::language::short(&words.join(" ")))
    };
    for fix in &fixes.applied {
        let path = visible_line(&fix.path);
        let (before, after) = (code(&fix.before), code(&fix.after));
        let rule = visible_line(&fix.rule);
        writeln!(
            out,
            "fixed: {path}:{}: {rule}: `{before}` -> `{after}`",
            fix.line
        )?;
    }
    for refused in &fixes.refused {
        let path = visible_line(&refused.path);
        let rule = refused
            .rule
            .as_deref()
            .map_or(String::new(), |rule| format!(" {rule}:"));
        let (rule, reason) = (visible_line(&rule), visible_line(&refused.reason));
        writeln!(out, "not fixed: {path}:{rule} {reason}")?;
    }
    Ok(())
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
            let source = surroundings.sources.of(finding);
            let text = style
                .draw(&Drawn::new(finding, source))
                .map_err(io::Error::other)?;
            writeln!(out, "{text}\n")?;
        }
    }
    if let Some(fixes) = &report.fixes {
        render_fixes(fixes, out)?;
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
    for stale in story::stale_rules(report) {
        writeln!(out, "{}", visible_line(&stale))?;
    }
    if let Some(broken) = story::broken_glass(report) {
        writeln!(out, "{}", visible_line(&broken))?;
    }
    match surroundings.quiet {
        true => Ok(()),
        false => summary(report, surroundings, out),
    }
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
    if let Some(left_out) = story::left_out(report) {
        writeln!(out, "{left_out}")?;
    }
    if let Some(review) = report.review.as_ref().filter(|review| review.cases > 0) {
        for line in story::review_lines(review) {
            writeln!(out, "{}", visible_line(&line))?;
        }
    }
    if report.base.is_none() {
        by_rule(report, out)?;
    }
    let found = story::counts(summary);
    writeln!(
        out,
        "{found}: {}, {}",
        count(summary.files, "file"),
        count(summary.rules, "rule")
    )
}

/// What each rule comes to, the most findings first.
fn by_rule(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut rules: Vec<_> = report.by_rule.iter().collect();
    let sum = |of: &RuleCounts| of.findings.values().sum::<usize>();
    rules.sort_by_key(|of| std::cmp::Reverse(sum(of)));
    for of in rules {
        let counts = of.findings.iter();
        let counts: Vec<String> = counts
            .map(|(disposition, number)| format!("{number} {}", disposition.word()))
            .collect();
        let rule = visible_line(&of.rule);
        match counts.is_empty() {
            true => writeln!(out, "{rule}: no findings")?,
            false => writeln!(
                out,
                "{rule}: {} in {}",
                counts.join(", "),
                count(of.files, "file")
            )?,
        }
    }
    Ok(())
}

/// A finding as miette draws it.
#[derive(Debug)]
struct Drawn {
    title: String,
    severity: Severity,
    help: String,
    source: Option<Excerpt>,
    labels: Vec<LabeledSpan>,
}

impl Drawn {
    fn new(finding: &Finding, source: Option<&Source>) -> Self {
        let (source, labels) = match source {
            Some(source) => {
                let (excerpt, labels) = drawn(finding, source);
                (Some(excerpt), labels)
            }
            None => (None, Vec::new()),
        };
        Self {
            title: title(finding),
            severity: match finding.disposition {
                Disposition::Block => Severity::Error,
                Disposition::Review | Disposition::Warn => Severity::Warning,
                _ => Severity::Advice,
            },
            help: explained(finding, source.is_some()),
            source,
            labels,
        }
    }
}

/// The code of a finding with its labels.
fn drawn(finding: &Finding, source: &Source) -> (Excerpt, Vec<LabeledSpan>) {
    let others: Vec<_> = finding
        .labels
        .iter()
        .filter(|label| *label.path == *finding.path)
        .map(|label| (visible_line(&label.text), span(source, label.range)))
        .collect();
    let focus = span(source, finding.focus);
    let places: Vec<_> = std::iter::once(focus.clone())
        .chain(others.iter().map(|(_, place)| place.clone()))
        .collect();
    let excerpt = Excerpt::new(&finding.path, source, &places);
    let mut labels = vec![LabeledSpan::new_primary_with_span(
        Some(finding.rule.to_string()),
        excerpt.span(source, &focus),
    )];
    labels.extend(
        others.into_iter().map(|(text, place)| {
            LabeledSpan::new_with_span(Some(text), excerpt.span(source, &place))
        }),
    );
    (excerpt, labels)
}

fn title(finding: &Finding) -> String {
    match finding.disposition {
        Disposition::Review => visible_line(&story::title(finding)),
        other => format!("{}: {}", other.word(), visible_line(&finding.message)),
    }
}

/// The place, where no code shows it, and the reasons.
fn explained(finding: &Finding, is_drawn: bool) -> String {
    let mut lines = Vec::new();
    if !is_drawn {
        let Position { line, column, .. } = finding.focus.start;
        lines.push(format!("at {}:{line}:{column}", finding.path));
    }
    for reason in story::reasons(finding) {
        match finding.note.as_deref() == Some(reason.as_str()) {
            true => lines.extend(reason.lines().map(str::to_owned)),
            false => lines.push(reason),
        }
    }
    lines.extend(story::standard(finding));
    if let Some(href) = &finding.href {
        lines.push(match finding.rfc {
            Some(_) => format!("run `codex explain {}`, or see {href}", finding.rule),
            None => format!("see {href}"),
        });
    }
    lines
        .iter()
        .map(|line| no_command(&visible_line(line)))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The bytes of a place in the text.
fn span(source: &Source, range: Range) -> std::ops::Range<usize> {
    let start = source.byte(range.start);
    start..source.byte(range.end).max(start)
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
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}
