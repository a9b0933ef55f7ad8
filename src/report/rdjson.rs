//! `--format rdjson`: the reviewdog diagnostic format, and so each of reviewdog's reporters.
//! <https://github.com/reviewdog/reviewdog/tree/master/proto/rdf>
//!
//! Columns are UTF-8 bytes from 1, ends exclusive; where the text is not at hand, a place is its lines.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::plain_text::visible;
use super::story::{self, Entry, TEXT_LIMIT, shortened};
use super::{Source, Surroundings};
use crate::finding::{Disposition, Finding, Position, Range, Report};

/// Writes one document.
pub(super) fn render(
    report: &Report,
    surroundings: &Surroundings,
    out: &mut dyn Write,
) -> io::Result<()> {
    let entries = story::placed(report);
    let diagnostics: Vec<Value> = entries
        .iter()
        .map(|entry| diagnostic(entry, surroundings))
        .collect();
    let document = json!({
        "source": {"name": "codex", "url": env!("CARGO_PKG_REPOSITORY")},
        "diagnostics": diagnostics,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn diagnostic(entry: &Entry<'_>, surroundings: &Surroundings) -> Value {
    let mut lines = vec![entry.title.clone().into_owned()];
    let mut place = json!({"start": {"line": entry.line}});
    let mut code = json!({"value": entry.rule});
    let mut diagnostic = json!({});
    if let Some(finding) = entry.finding {
        let source = surroundings.sources.of(finding);
        place = range(finding.focus, source);
        lines.extend(story::reasons(finding));
        lines.extend(story::standard(finding));
        if let Some(url) = story::link(finding) {
            code["url"] = json!(url);
        }
        let suggestions = suggestions(finding, source);
        if !suggestions.is_empty() {
            diagnostic["suggestions"] = json!(suggestions);
        }
        let related = related(finding, surroundings);
        if !related.is_empty() {
            diagnostic["related_locations"] = json!(related);
        }
    }
    diagnostic["message"] = json!(visible(&shortened(&lines.join("\n"), TEXT_LIMIT)));
    diagnostic["location"] = json!({"path": entry.path, "range": place});
    diagnostic["code"] = code;
    diagnostic["severity"] = json!(match entry.weight {
        Disposition::Block => "ERROR",
        Disposition::Review | Disposition::Warn => "WARNING",
        _ => "INFO",
    });
    diagnostic
}

/// Each edit is a suggestion of its own: a suggestion has one place.
fn suggestions(finding: &Finding, source: Option<&Source>) -> Vec<Value> {
    let edits = finding.fix.iter().flatten();
    edits
        .map(|edit| json!({"range": range(edit.range, source), "text": edit.text}))
        .collect()
}

fn related(finding: &Finding, surroundings: &Surroundings) -> Vec<Value> {
    let labels = finding.labels.iter().map(|label| {
        let source = match *label.path == *finding.path {
            true => surroundings.sources.of(finding),
            false => surroundings.sources.at(&label.path),
        };
        let place = json!({"path": label.path, "range": range(label.range, source)});
        json!({"message": visible(&label.text), "location": place})
    });
    let cause = finding.cause.iter().map(|cause| {
        let place = json!({"path": cause.path, "range": {"start": {"line": cause.line}}});
        json!({"message": visible(&cause.text), "location": place})
    });
    labels.chain(cause).collect()
}

fn range(range: Range, source: Option<&Source>) -> Value {
    let position = |position: Position| {
        let column = source.and_then(|source| source.byte_column(position));
        match column {
            Some(column) => json!({"line": position.line, "column": column}),
            None => json!({"line": position.line}),
        }
    };
    json!({"start": position(range.start), "end": position(range.end)})
}
