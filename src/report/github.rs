//! `--format github`: annotations, by workflow commands.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>
//!
//! GitHub keeps ten of each kind in a step, so the weightiest come first and the last says how many are missing.
//! Everything else belongs into the summary. Deliberately absent: lines that are no command.

use std::io::{self, Write};

use super::plain_text::{visible, visible_line};
use super::story::{self, Entry, shortened};
use crate::finding::{Disposition, Report};

/// Annotations of one kind that a step may make.
const LIMIT: usize = 10;
const TITLE_LIMIT: usize = 200;
const MESSAGE_LIMIT: usize = 4_000;

struct Annotation {
    place: Option<Place>,
    title: String,
    message: String,
}

struct Place {
    path: String,
    line: usize,
    /// The first and last one of the line.
    columns: Option<(usize, usize)>,
}

/// Writes one command for each annotation.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (mut errors, mut warnings, mut notices) = (Vec::new(), Vec::new(), Vec::new());
    errors.extend(report.rules_refused.iter().map(|refused| Annotation {
        place: None,
        title: "rule not used".to_owned(),
        message: story::refusal(&refused.rule, &refused.error),
    }));
    warnings.extend(story::broken_glass(report).map(|message| Annotation {
        place: None,
        title: "glass broken".to_owned(),
        message: visible_line(&message),
    }));
    notices.extend(changes_of_the_law(report));
    for entry in story::entries(report) {
        let kind = match entry.weight {
            Disposition::Block => &mut errors,
            Disposition::Review | Disposition::Warn => &mut warnings,
            _ => &mut notices,
        };
        kind.push(annotation(&entry));
    }
    for (kind, annotations) in [
        ("error", errors),
        ("warning", warnings),
        ("notice", notices),
    ] {
        let shown = if annotations.len() > LIMIT {
            LIMIT - 1
        } else {
            annotations.len()
        };
        for annotation in &annotations[..shown] {
            command(kind, annotation, out)?;
        }
        if shown < annotations.len() {
            let more = Annotation {
                place: None,
                title: "codex".to_owned(),
                message: format!("{} more in the summary", annotations.len() - shown),
            };
            command(kind, &more, out)?;
        }
    }
    Ok(())
}

/// One notice for all of them, so that the findings keep their room.
fn changes_of_the_law(report: &Report) -> Option<Annotation> {
    let remarks = story::remarks(report);
    let first = remarks.first()?;
    let line = |entry: &Entry<'_>| {
        let path = visible_line(entry.path);
        format!("{path}:{}: {}", entry.line, visible_line(&entry.title))
    };
    Some(Annotation {
        place: Some(Place::of(first.path, first.line)),
        title: "the law itself changes, or exceptions are added".to_owned(),
        message: remarks.iter().map(line).collect::<Vec<_>>().join("\n"),
    })
}

fn annotation(entry: &Entry<'_>) -> Annotation {
    let mut place = Place::of(entry.path, entry.line);
    let mut lines = vec![entry.title.clone().into_owned()];
    if let Some(finding) = entry.finding {
        if finding.focus.start.line == finding.focus.end.line {
            let last = finding.focus.end.column.saturating_sub(1);
            let first = finding.focus.start.column;
            place.columns = Some((first, last.max(first)));
        }
        // GitHub shows annotations in the diff only: the cause is there, the finding may not be.
        if let Some(cause) = &finding.cause {
            place = Place::of(&cause.path, cause.line);
            let at = visible_line(entry.path);
            lines[0] = format!("{at}:{}: {}", entry.line, entry.title);
        }
        lines.extend(story::reasons(finding));
        lines.extend(story::standard(finding));
        lines.extend(finding.href.as_deref().map(str::to_owned));
    }
    let lines: Vec<String> = lines.iter().map(|line| visible_line(line)).collect();
    Annotation {
        place: Some(place),
        title: match entry.weight {
            Disposition::Review => format!("needs manual review: {}", entry.rule),
            _ => entry.rule.to_owned(),
        },
        message: lines.join("\n"),
    }
}

impl Place {
    fn of(path: &str, line: usize) -> Self {
        Self {
            path: path.to_owned(),
            line,
            columns: None,
        }
    }
}

fn command(kind: &str, annotation: &Annotation, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "::{kind} ")?;
    if let Some(Place {
        path,
        line,
        columns,
    }) = &annotation.place
    {
        write!(out, "file={},line={line},endLine={line},", property(path))?;
        // Columns of several lines are refused.
        if let Some((first, last)) = columns {
            write!(out, "col={first},endColumn={last},")?;
        }
    }
    let title = visible_line(&annotation.title);
    write!(out, "title={}::", property(&shortened(&title, TITLE_LIMIT)))?;
    let message = visible(&annotation.message);
    writeln!(out, "{}", data(&shortened(&message, MESSAGE_LIMIT)))
}

/// The escapes of toolkit/packages/core/src/command.ts, after which no text ends a line. What they do not know and a
/// log must not hold is made visible.
fn data(text: &str) -> String {
    let escaped = text.replace('%', "%25").replace('\n', "%0A");
    visible_line(&escaped.replace('\r', "%0D"))
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
