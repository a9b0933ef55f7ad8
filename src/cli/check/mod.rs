//! `codex check`: the whole way from a change to its report.

pub(super) mod asking;
mod comparison;
mod emergency;
mod exceptions;
mod law;
mod news;
pub(super) mod output;
mod progress;
mod same;
pub(super) mod scope;
mod shard;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::candidate::Candidate;
use crate::change::{Attributes, Snapshot};
use crate::finding::{Disposition, Finding, Report, Summary, Unchecked};
use crate::language;
use crate::problem::Failure;
use crate::report::{RuleName, Sources, Surroundings};
use crate::review;
use crate::rule::{Decision, Rule, in_force};
use crate::scan::Scanner;
use crate::source::RepoPath;

use super::{Context, Verdict, baseline, reviewer, show};
pub(super) use asking::heartbeat;
use output::Output;
use scope::Scope;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Compare with the merge base of this revision and head
    #[arg(long, value_name = "REV", conflicts_with_all = ["staged", "diff", "all"])]
    base: Option<String>,
    /// Check this revision instead of the work tree
    #[arg(long, value_name = "REV", conflicts_with_all = ["staged", "diff", "all"])]
    head: Option<String>,
    /// Check what is staged
    #[arg(long, conflicts_with_all = ["diff", "all"])]
    staged: bool,
    /// Check a patch (`-` for standard input); git is not asked
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    diff: Option<PathBuf>,
    /// Check everything, old findings too
    #[arg(long)]
    all: bool,
    /// Report these files and folders only
    paths: Vec<PathBuf>,
    /// Only this rule (repeatable)
    #[arg(long, value_name = "RULE")]
    only: Vec<String>,
    /// Rules of draft RFCs, too
    #[arg(long)]
    drafts: bool,
    /// Plain ast-grep rules of this folder instead of all others
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Plain ast-grep utils for `--rules`
    #[arg(long, value_name = "DIR", requires = "rules")]
    utils: Option<PathBuf>,
    /// Whose rules and codex.toml are in force [default: base in CI, else the work tree's]
    #[arg(long, value_name = "WHOSE", conflicts_with = "rules")]
    rules_from: Option<law::From>,
    /// With --all: look at files that .gitignore names, too
    #[arg(long)]
    no_ignore: bool,
    /// With --all: look at one of N shares of the files: I/N, auto or auto/N
    #[arg(long, value_name = "I/N", requires = "all")]
    shard: Option<String>,
    /// Exceptions in the code count for nothing
    #[arg(long)]
    no_suppressions: bool,
    /// With --all: report what codex-baseline.json holds, too
    #[arg(long)]
    no_baseline: bool,
    /// List all exceptions in the code, and no findings
    #[arg(long, conflicts_with_all = ["base", "head", "staged", "diff", "no_suppressions"])]
    list_suppressions: bool,
    #[command(flatten)]
    output: output::Arguments,
    #[command(flatten)]
    decision: output::Decision,
    /// Show findings only: nothing when there is none
    #[arg(long, short)]
    quiet: bool,
    /// Let a blocked change through, for a reason that every report tells
    #[arg(long, value_name = "REASON")]
    break_glass: Option<String>,
    #[command(flatten)]
    review: reviewer::Arguments,
}

impl Arguments {
    /// Whether everything is looked at, not a change.
    fn is_all(&self) -> bool {
        self.all || self.list_suppressions
    }
}

/// What was typed, understood.
struct Plan {
    outputs: Vec<Output>,
    shard: Option<(usize, usize)>,
    fail_on: Option<Disposition>,
    reviewer: reviewer::Chosen,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let plan = plan(arguments)?;
    if arguments.rules.is_none() {
        in_force::read_ahead();
    }
    let (root, config, change) = comparison::read(arguments, context)?;
    let law = law::read(arguments, config, &root, &change, context)?;
    let (config, mut in_force) = (law.config, law.in_force);
    show::problems(&in_force.problems, context.style);
    let stale = if law.is_on_disk {
        in_force::stale(&in_force.rules, &config)
    } else {
        Vec::new()
    };
    for rfc in stale {
        show::warning(&format!(
            "{rfc} has changed since its rules were compiled: run `codex compile`"
        ));
    }
    let rules = in_force.rules.len();
    if !arguments.no_suppressions {
        in_force
            .rules
            .extend(language::ALL.into_iter().flat_map(Rule::suppressions));
    }
    let scope = Scope::new(
        &config,
        &root,
        &arguments.paths,
        arguments.is_all(),
        context,
    )?;
    let scope = match change.bases.first() {
        // A request cannot mark its own files where it cannot choose its own law.
        Some(base) if law.from == "base" => scope.without_marked(Attributes::of(&base.snapshot)),
        _ if arguments.is_all() => scope,
        _ => scope.without_marked(Attributes::of(&change.head)),
    };
    let left_out = change.head_files.iter();
    let left_out = left_out.filter(|path| scope.leaves_out(path)).count();
    let scanner = Scanner::new(&in_force.rules, !arguments.no_suppressions)
        .under(super::today()?, in_force.known.take());
    let mut head_files: Vec<RepoPath> = change
        .head_files
        .iter()
        .filter(|path| scope.looks_at(path) && (!arguments.is_all() || scope.reports(path)))
        .cloned()
        .collect();
    let asking = plan.reviewer.asking();
    let statements_not_reviewed =
        asking::not_reviewed(&in_force.rules, asking, &config.review, &head_files);
    let shard = plan.shard.map(|wanted| {
        let files = std::mem::take(&mut head_files);
        let (files, shard) = shard::take(files, wanted, &root);
        head_files = files;
        shard
    });
    let total = head_files.len();
    let mut scan = progress::watch(arguments.quiet, &scanner.done, total, || {
        news::find(&scanner, &change, &mut head_files, &scope)
    })?;
    if !asking.is_nobody() {
        asking::add_touched(
            &mut scan.candidates,
            &scanner,
            &in_force.rules,
            &change,
            &head_files,
        );
    }
    scan.candidates
        .retain(|candidate| scope.reports(&candidate.path));
    scan.exceptions
        .retain(|exception| scope.reports(&exception.path));
    scan.unchecked
        .retain(|unchecked| scope.reports_text(&unchecked.path));
    if arguments.list_suppressions {
        return exceptions::list(&scan, &plan.outputs, context);
    }
    let is_change = !arguments.all;
    let options = review::Options {
        asking,
        confirmed: plan.reviewer.confirmed,
        introduced: is_change,
        head: Some(&change.head),
        base: change.bases.first(),
        narrow: &config.review,
        cache: plan.reviewer.cache.as_ref(),
        limits: plan.reviewer.limits(&config.review),
        heartbeat: heartbeat(),
    };
    let mut reviewed = review::findings(&scan.candidates, &options);
    if arguments.all
        && !arguments.no_baseline
        && let Some(baseline) = baseline::read(&baseline::place(&config, &root))?
    {
        baseline.apply(&scan.candidates, &mut reviewed.findings);
    }
    asking::show(&reviewed.shown, &plan.outputs, context)?;
    if let Some(path) = &plan.reviewer.record {
        std::fs::write(path, &reviewed.recording)
            .map_err(|error| Failure::io(format!("cannot write {}", path.display()), &error))?;
    }
    let mut findings = reviewed.findings;
    asking::add_notes(&mut findings, &in_force.rules, &change, &head_files, &scope);
    let surroundings = Surroundings {
        sources: sources(&change.head, &scan.candidates),
        rules: in_force.rules.iter().filter_map(rule_name).collect(),
        sarif_suppressed: arguments.output.sarif_suppressed,
        quiet: arguments.quiet,
        base_reason: change.base_reason.clone(),
        rules_remark: law.remark,
        not_reviewed: if asking.is_nobody() {
            "no reviewer configured"
        } else {
            "a SHOULD, or left to humans by codex.toml"
        },
    };
    let mut report = Report {
        schema: 1,
        codex: env!("CARGO_PKG_VERSION").to_owned(),
        fail_on: plan.fail_on.unwrap_or(config.fail_on),
        rejecting: None,
        shard,
        law_changed: news::changed_law(&change, &config, &scope),
        suppressions_added: if is_change {
            news::added_exceptions(&scan.exceptions)
        } else {
            Vec::new()
        },
        review: reviewed.counts,
        base: change.base_name.clone(),
        head: change.head_name.clone(),
        rules_from: law.from.to_owned(),
        rules_hash: Some(in_force.hash).filter(|hash| !hash.is_empty()),
        summary: Summary {
            left_out,
            ..summarise(
                &findings,
                &scan.unchecked,
                is_change,
                scan.files,
                rules,
                statements_not_reviewed,
            )
        },
        findings,
        break_glass: None,
        rules_refused: in_force.refused,
        unchecked: scan.unchecked,
    };
    let threshold = config.thresholds();
    report.mark(|path| plan.fail_on.unwrap_or_else(|| threshold(path)));
    if let Some(reason) = &arguments.break_glass {
        emergency::break_glass(reason, &mut report, &in_force.rules)?;
    }
    output::write(&plan.outputs, &report, &surroundings, context)?;
    Ok(arguments.decision.verdict(&report))
}

/// Whether a platform says that nobody is there to look.
fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

fn plan(arguments: &Arguments) -> Result<Plan, Failure> {
    Ok(Plan {
        outputs: arguments.output.read()?,
        fail_on: arguments.decision.threshold()?,
        shard: shard(arguments)?,
        reviewer: reviewer::choose(&arguments.review)?,
    })
}

fn shard(arguments: &Arguments) -> Result<Option<(usize, usize)>, Failure> {
    let word = arguments.shard.as_deref();
    word.map(|word| shard::wanted(word, |name| std::env::var(name).ok()))
        .transpose()
}

/// The texts of the files with candidates.
fn sources(head: &Snapshot, candidates: &[Candidate<'_>]) -> Sources {
    let paths: BTreeSet<&RepoPath> = candidates.iter().map(|candidate| &candidate.path).collect();
    let mut sources = Sources::default();
    for path in paths {
        if let Ok(Some(bytes)) = head.read(path) {
            sources.add(&path.text(), path.hex().as_deref(), &bytes);
        }
    }
    sources
}

/// What outputs call a rule that has a statement and is decided without a reviewer.
fn rule_name(rule: &Rule) -> Option<RuleName> {
    let is_decided = !matches!(rule.decision, Decision::Review(_));
    let rfc = rule.law().filter(|_| is_decided)?.rfc;
    let id = rule.id.clone();
    Some(RuleName { id, rfc })
}

fn summarise(
    findings: &[Finding],
    unchecked: &[Unchecked],
    is_change: bool,
    files: usize,
    rules: usize,
    statements_not_reviewed: usize,
) -> Summary {
    let mut summary = Summary {
        files,
        rules,
        statements_not_reviewed,
        ..Summary::default()
    };
    for finding in findings {
        summary.count(finding.disposition);
    }
    if is_change {
        // What could not be looked at is never clean.
        unchecked
            .iter()
            .for_each(|_| summary.count(Disposition::Review));
    }
    summary
}
