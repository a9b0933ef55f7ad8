//! Shows what went wrong on standard error: problems with their place, failures with their help, warnings.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode};

use super::Context;
use crate::problem::{Failure, Problem};
use crate::report::excerpt::Excerpt;
use crate::report::plain_text::{visible, visible_line};
use crate::report::{Source, Style};

/// Shows a failure, after the problems that are its reason.
pub(super) fn failure(failure: &Failure, style: Style) {
    problems(&failure.problems, style);
    draw(
        &Shown {
            message: visible(&failure.message),
            help: failure.help.as_deref().map(visible),
            severity: Severity::Error,
            place: None,
        },
        style,
    );
}

/// Problems shown of one document; nobody reads more of them before mending some.
const SHOWN_PER_DOCUMENT: usize = 100;

/// Shows problems in order.
pub(super) fn problems(problems: &[Problem], style: Style) {
    for of_document in problems.chunk_by(|left, right| Arc::ptr_eq(&left.document, &right.document))
    {
        for problem in of_document.iter().take(SHOWN_PER_DOCUMENT) {
            draw(&shown(problem), style);
        }
        let more = of_document.len().saturating_sub(SHOWN_PER_DOCUMENT);
        if let Some(problem) = of_document.first().filter(|_| more > 0) {
            let name = visible_line(&problem.document.name);
            to_standard_error(&format!("{name}: {more} more problems are not shown\n"));
        }
    }
}

fn shown(problem: &Problem) -> Shown {
    let source = &problem.document.text;
    // Of a place that goes on over lines, the first says enough.
    let rest = source.get(problem.span.clone()).unwrap_or_default();
    let place = problem.span.start..problem.span.start + rest.lines().next().map_or(0, str::len);
    let source = Source::new(source.as_bytes());
    let excerpt = Excerpt::new(
        &problem.document.name,
        &source,
        std::slice::from_ref(&place),
    );
    let span = excerpt.span(&source, &place);
    Shown {
        message: visible_line(&problem.message),
        help: problem.help.as_deref().map(visible_line),
        severity: if problem.is_warning {
            Severity::Warning
        } else {
            Severity::Error
        },
        place: Some((excerpt, span)),
    }
}

/// Shows a warning.
pub(super) fn warning(message: &str) {
    to_standard_error(&format!("warning: {}\n", visible_line(message)));
}

/// Says that a review goes on.
pub(super) fn progress(answered: usize, cases: usize, since: std::time::Duration) {
    let seconds = since.as_secs();
    to_standard_error(&format!(
        "codex: waiting for the reviewer, {answered} of {cases} cases done, {seconds} s\n"
    ));
}

/// Shows requests that are not sent.
pub(super) fn requests(
    requests: &[String],
    to_standard_error: bool,
    context: &mut Context,
) -> Result<(), Failure> {
    for (index, request) in requests.iter().enumerate() {
        let (at, all, size) = (index + 1, requests.len(), request.len());
        let text = format!("request {at} of {all}, {size} bytes:\n{request}\n\n");
        match to_standard_error {
            true => self::to_standard_error(&text),
            false => context.print(&text)?,
        }
    }
    Ok(())
}

fn draw(shown: &Shown, style: Style) {
    let text = style.draw(shown).unwrap_or_else(|_| shown.message.clone());
    to_standard_error(&format!("{text}\n"));
}

pub(super) fn to_standard_error(text: &str) {
    // Where standard error is gone, nobody is there to be told.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

#[derive(Debug)]
struct Shown {
    message: String,
    help: Option<String>,
    severity: Severity,
    place: Option<(Excerpt, std::ops::Range<usize>)>,
}

impl fmt::Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place
            .as_ref()
            .map(|(source, _)| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, span) = self.place.as_ref()?;
        Some(Box::new(std::iter::once(
            LabeledSpan::new_primary_with_span(Some("here".to_owned()), span.clone()),
        )))
    }
}
