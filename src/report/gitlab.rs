//! `--format gitlab`: GitLab's Code Quality. <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>
//!
//! The widget merges entries of one fingerprint, so no two have the same. Deliberately absent: what GitLab ignores.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::plain_text::visible;
use super::story::{self, Entry, TEXT_LIMIT, shortened};
use crate::finding::{Disposition, Report};

/// Writes one array.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let all: Vec<Value> = story::placed(report).iter().map(issue).collect();
    serde_json::to_writer_pretty(&mut *out, &all)?;
    out.write_all(b"\n")
}

fn issue(entry: &Entry<'_>) -> Value {
    let mut lines = vec![entry.title.clone().into_owned()];
    if let Some(finding) = entry.finding {
        lines.extend(story::reasons(finding));
        lines.extend(finding.href.as_deref().map(str::to_owned));
    }
    json!({
        "check_name": entry.rule,
        "description": visible(&shortened(&lines.join("\n"), TEXT_LIMIT)),
        "fingerprint": entry.fingerprint,
        "severity": match entry.weight {
            Disposition::Block => "critical",
            Disposition::Review => "major",
            Disposition::Warn => "minor",
            _ => "info",
        },
        "location": {"path": entry.path, "lines": {"begin": entry.line}},
    })
}
