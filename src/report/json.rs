//! `--format json`: the report as it is; the contract is documented in docs/json.md and in [`crate::finding`].

use std::io::{self, Write};

use crate::finding::Report;

/// Writes the report as one JSON document.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}
