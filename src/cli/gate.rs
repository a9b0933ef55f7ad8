//! `codex gate`: the exit code of a report that was written with `--exit-zero`, and its counts for scripts.
//!
//! Platforms read the reports of jobs that succeed; so one step reports, and another decides.

use std::path::PathBuf;

use super::check::output::Decision;
use super::{Context, Verdict, read};
use crate::problem::Failure;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What `codex check --format json=FILE` wrote
    report: PathBuf,
    #[command(flatten)]
    decision: Decision,
}

/// Prints `name=value` lines, as GitHub's outputs and dotenv files want them.
pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let fail_on = arguments.decision.threshold()?;
    let mut report = read::report(&arguments.report)?;
    if let Some(shard) = &report.shard {
        let message = format!(
            "this is shard {} of {}, not the whole",
            shard.index, shard.of
        );
        let help = "`codex merge --format json=FILE REPORT...` puts them together";
        return Err(Failure::new(message).help(help));
    }
    if let Some(threshold) = fail_on {
        report.fail_on(threshold);
    }
    let summary = &report.summary;
    let counts = [
        ("block", summary.block),
        ("review", summary.review),
        ("warn", summary.warn),
        ("note", summary.note),
        ("cleared", summary.cleared),
        ("suppressed", summary.suppressed),
        ("baseline", summary.baseline),
    ];
    let mut text = format!("verdict={}\n", report.outcome().word());
    for (name, count) in counts {
        text.push_str(&format!("{name}={count}\n"));
    }
    context.print(&text)?;
    Ok(arguments.decision.verdict(&report))
}
