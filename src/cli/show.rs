//! Shows what went wrong on standard error: problems with their place, failures with their help, warnings.

use std::fmt;
use std::io::Write;

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};

use crate::problem::{Failure, Problem};
use crate::report::Style;
use crate::report::plain_text::{visible, visible_line};

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

/// Shows problems in order.
pub(super) fn problems(problems: &[Problem], style: Style) {
    for problem in problems {
        let text = visible(&problem.document.text);
        let offset = |byte: usize| {
            let before = problem
                .document
                .text
                .get(..byte)
                .unwrap_or(&problem.document.text);
            text.char_indices()
                .nth(before.chars().count())
                .map_or(text.len(), |(at, _)| at)
        };
        let span = offset(problem.span.start)..offset(problem.span.end.max(problem.span.start));
        let shown = Shown {
            message: visible_line(&problem.message),
            help: problem.help.as_deref().map(visible_line),
            severity: Severity::Error,
            place: Some((
                NamedSource::new(visible_line(&problem.document.name), text),
                span,
            )),
        };
        draw(&shown, style);
    }
}

/// Shows a warning.
pub(super) fn warning(message: &str) {
    to_standard_error(&format!("warning: {}\n", visible_line(message)));
}

fn draw(shown: &Shown, style: Style) {
    let text = style.draw(shown).unwrap_or_else(|_| shown.message.clone());
    to_standard_error(&format!("{text}\n"));
}

fn to_standard_error(text: &str) {
    // Where standard error is gone, nobody is there to be told.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

#[derive(Debug)]
struct Shown {
    message: String,
    help: Option<String>,
    severity: Severity,
    place: Option<(NamedSource<String>, std::ops::Range<usize>)>,
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
