//! `codex merge`: the reports of all shards made into the one that a single run would have written.
//!
//! A shard that is missing, there twice, or of another tree is a failure: what nobody looked at is not clean.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::check::output;
use super::{Context, Verdict, read};
use crate::finding::{Report, ReviewCounts, RuleCounts, Shard, Summary, path_as_it_is};
use crate::problem::Failure;
use crate::report::Surroundings;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What `codex check --all --shard I/N --format json=FILE` wrote, of every shard
    #[arg(required = true)]
    reports: Vec<PathBuf>,
    #[command(flatten)]
    output: output::Arguments,
    #[command(flatten)]
    decision: output::Decision,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let outputs = arguments.output.read()?;
    let fail_on = arguments.decision.threshold()?;
    let mut shards: BTreeMap<usize, Report> = BTreeMap::new();
    for path in &arguments.reports {
        let report = read::report(path)?;
        let name = path.display();
        let Some(Shard { index, .. }) = report.shard else {
            let message = format!("{name} is a whole report, not that of a shard");
            return Err(Failure::new(message).help("it needs no merging"));
        };
        if shards.insert(index, report).is_some() {
            return Err(Failure::new(format!(
                "{name}: shard {index} is there twice"
            )));
        }
    }
    let mut report = merged(shards)?;
    if let Some(threshold) = fail_on {
        report.fail_on(threshold);
    }
    let surroundings = Surroundings {
        sarif_suppressed: arguments.output.sarif_suppressed,
        not_reviewed: "see the runs of the shards",
        ..Surroundings::default()
    };
    output::write(&outputs, &report, &surroundings, context)?;
    Ok(arguments.decision.verdict(&report))
}

fn merged(shards: BTreeMap<usize, Report>) -> Result<Report, Failure> {
    let mut rest = shards.into_values();
    let Some(mut whole) = rest.next() else {
        return Err(Failure::new("no report"));
    };
    let of = whole.shard.as_ref().map_or(1, |shard| shard.of);
    // Rules that were asked for are there without findings, too.
    let mut only: Vec<String> = whole.by_rule.iter().map(|of| of.rule.clone()).collect();
    let mut there: Vec<usize> = whole.shard.iter().map(|shard| shard.index).collect();
    for part in rest {
        if let Some(what) = difference(&whole, &part) {
            let index = part.shard.as_ref().map_or(0, |shard| shard.index);
            return Err(Failure::new(format!(
                "shard {index} is not of the same run as the first: {what} differs"
            )));
        }
        there.extend(part.shard.map(|shard| shard.index));
        whole.findings.extend(part.findings);
        only.extend(part.by_rule.into_iter().map(|counts| counts.rule));
        whole.unchecked.extend(part.unchecked);
        whole.rejecting = whole
            .rejecting
            .zip(part.rejecting)
            .map(|(one, other)| one.saturating_add(other));
        if let (Some(whole), Some(part)) = (&mut whole.break_glass, part.break_glass) {
            whole.let_through = whole.let_through.saturating_add(part.let_through);
        }
        add(&mut whole.summary, &part.summary);
        if let Some(more) = &part.review {
            add_review(whole.review.get_or_insert_default(), more);
        }
    }
    let missing: Vec<String> = (1..=of)
        .filter(|index| !there.contains(index))
        .map(|index| index.to_string())
        .take(20)
        .collect();
    if there.iter().any(|index| !(1..=of).contains(index)) {
        return Err(Failure::new(format!("there are only {of} shards")));
    }
    if !missing.is_empty() {
        let message = format!(
            "of {of} shards there is no report of {}",
            missing.join(", ")
        );
        return Err(Failure::new(message));
    }
    // A file is of one shard, in which its findings are sorted.
    whole.findings.sort_by_cached_key(|finding| {
        path_as_it_is(&finding.path, finding.path_bytes.as_deref()).into_owned()
    });
    whole.unchecked.sort();
    whole.by_rule = RuleCounts::of(&whole.findings, &only);
    whole.shard = None;
    Ok(whole)
}

/// What keeps two shards from being put together.
fn difference(left: &Report, right: &Report) -> Option<&'static str> {
    let tree = |report: &Report| {
        report
            .shard
            .as_ref()
            .map(|shard| (shard.of, shard.tree.clone()))
    };
    let broken = |report: &Report| {
        let broken = report.break_glass.as_ref()?;
        Some((broken.reason.clone(), broken.who.clone()))
    };
    let same = [
        ("the tree", tree(left) == tree(right)),
        ("the version of codex", left.codex == right.codex),
        (
            "what was compared",
            (&left.base, &left.head) == (&right.base, &right.head),
        ),
        ("the threshold", left.fail_on == right.fail_on),
        ("the rules", left.rules_hash == right.rules_hash),
        ("the rules", left.rules_stale == right.rules_stale),
        ("who broke the glass and why", broken(left) == broken(right)),
        (
            "the rules",
            (&left.rules_from, left.summary.rules, &left.rules_refused)
                == (&right.rules_from, right.summary.rules, &right.rules_refused),
        ),
    ];
    same.into_iter()
        .find(|(_, same)| !same)
        .map(|(what, _)| what)
}

fn add(whole: &mut Summary, part: &Summary) {
    // Rules and statements are the same in each.
    for (sum, more) in [
        (&mut whole.files, part.files),
        (&mut whole.block, part.block),
        (&mut whole.review, part.review),
        (&mut whole.warn, part.warn),
        (&mut whole.note, part.note),
        (&mut whole.cleared, part.cleared),
        (&mut whole.suppressed, part.suppressed),
        (&mut whole.baseline, part.baseline),
    ] {
        *sum = sum.saturating_add(more);
    }
}

fn add_review(whole: &mut ReviewCounts, part: &ReviewCounts) {
    whole.reviewer = whole.reviewer.take().or_else(|| part.reviewer.clone());
    for (sum, more) in [
        (&mut whole.cases, part.cases),
        (&mut whole.asked, part.asked),
        (&mut whole.cached, part.cached),
        (&mut whole.invalid_answers, part.invalid_answers),
        (&mut whole.unknown_ids, part.unknown_ids),
        (&mut whole.left_out, part.left_out),
    ] {
        *sum = sum.saturating_add(more);
    }
    if let Some(usage) = &part.usage {
        whole.usage.get_or_insert_default().add(usage);
    }
}
