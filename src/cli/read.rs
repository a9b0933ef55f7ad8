//! A report that an earlier `codex check` wrote, read again: checked, because what it decides is whether a change passes.
//! Deliberately absent: what becomes of it (`gate`, `merge`).

use std::path::Path;

use crate::finding::{Report, Summary};
use crate::problem::Failure;

const SCHEMA: u32 = 1;

/// Reads one. A report that contradicts itself is none.
pub(super) fn report(path: &Path) -> Result<Report, Failure> {
    let doing = format!("cannot read the report {}", path.display());
    let bytes = std::fs::read(path).map_err(|error| Failure::io(&doing, &error))?;
    let wrong = |why: String| {
        Failure::new(format!("{doing}: {why}"))
            .help("it is what `codex check --format json=FILE` writes")
    };
    let mut report: Report =
        serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    if report.schema != SCHEMA {
        let schema = report.schema;
        return Err(wrong(format!(
            "its schema is {schema}, this program knows {SCHEMA}"
        )));
    }
    let places = report.findings.iter().flat_map(|finding| {
        let labels = finding.labels.iter().map(|label| label.range);
        labels.chain([finding.range, finding.focus])
    });
    for place in places {
        if place.start > place.end || place.start.line == 0 || place.start.column == 0 {
            return Err(wrong("a place in it is none".to_owned()));
        }
    }
    let (is, said) = (counted(&report), weights(&report.summary));
    if is != said {
        let message = format!("its summary says {said:?}, its findings are {is:?}");
        return Err(wrong(message));
    }
    match (report.rejecting, report.marked()) {
        (None, _) => {
            let threshold = report.fail_on;
            report.mark(|_| threshold);
        }
        (Some(said), is) if said != is => {
            return Err(wrong(format!("it says that {said} reject, but {is} do")));
        }
        _ => {}
    }
    Ok(report)
}

/// block, review, warn, note: what can decide.
fn weights(summary: &Summary) -> [usize; 4] {
    [summary.block, summary.review, summary.warn, summary.note]
}

fn counted(report: &Report) -> [usize; 4] {
    let mut summary = Summary::default();
    for finding in &report.findings {
        summary.count(finding.disposition);
    }
    if report.base.is_some() {
        // In a change, what could not be looked at is a human's.
        summary.review += report.unchecked.len();
    }
    weights(&summary)
}
