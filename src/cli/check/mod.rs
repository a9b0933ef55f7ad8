//! `codex check`: the whole way from a change to its report.

mod comparison;
mod emergency;
mod exceptions;
mod law;
mod news;
pub(super) mod scope;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

use crate::candidate::Candidate;
use crate::change::{Attributes, Snapshot};
use crate::config;
use crate::finding::{Disposition, Finding, Report, Summary, Unchecked};
use crate::language;
use crate::problem::Failure;
use crate::report::{self, Format, Surroundings};
use crate::review::command::CommandReviewer;
use crate::review::{self, Reviewer};
use crate::rule::{Decision, Rule, in_force};
use crate::scan::Scanner;
use crate::source::RepoPath;

use super::{Context, Verdict, baseline, reviewer, show, unknown_word};
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
    /// Exceptions in the code count for nothing
    #[arg(long)]
    no_suppressions: bool,
    /// With --all: report what codex-baseline.json holds, too
    #[arg(long)]
    no_baseline: bool,
    /// List all exceptions in the code, and no findings
    #[arg(long, conflicts_with_all = ["base", "head", "staged", "diff", "no_suppressions"])]
    list_suppressions: bool,
    /// human or json, and where to write it (repeatable)
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "human")]
    format: Vec<String>,
    /// The weakest finding that fails the check: block, review or warn
    #[arg(long, value_name = "DISPOSITION")]
    fail_on: Option<String>,
    /// Let a blocked change through, for a reason that every report tells
    #[arg(long, value_name = "REASON")]
    break_glass: Option<String>,
    /// Report only: exit with 0 whatever is found
    #[arg(long)]
    exit_zero: bool,
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
    outputs: Vec<(Format, Option<PathBuf>)>,
    fail_on: Option<Disposition>,
    confirmed: Disposition,
    reviewer: Option<CommandReviewer>,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let plan = plan(arguments)?;
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
    let head_files: Vec<RepoPath> = change
        .head_files
        .iter()
        .filter(|path| scope.looks_at(path) && (!arguments.is_all() || scope.reports(path)))
        .cloned()
        .collect();
    let statements_not_reviewed = in_force
        .rules
        .iter()
        .filter(|rule| is_review_of(rule, &head_files))
        .count();
    let mut scan = news::find(&scanner, &change, &scope, &head_files)?;
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
        reviewer: plan
            .reviewer
            .as_ref()
            .map(|reviewer| reviewer as &dyn Reviewer),
        confirmed: plan.confirmed,
        introduced: is_change,
    };
    let mut findings = review::findings(&scan.candidates, options);
    if arguments.all
        && !arguments.no_baseline
        && let Some(baseline) = baseline::read(&baseline::place(&config, &root))?
    {
        baseline.apply(&scan.candidates, &mut findings);
    }
    let surroundings = Surroundings {
        sources: sources(&change.head, &scan.candidates),
        base_reason: change.base_reason.clone(),
        rules_remark: law.remark,
        not_reviewed: match options.reviewer {
            None => "no reviewer configured",
            Some(_) => "review statements are not sent to a reviewer yet",
        },
    };
    let mut report = Report {
        schema: 1,
        codex: env!("CARGO_PKG_VERSION"),
        law_changed: news::changed_law(&change, &config, &scope),
        suppressions_added: if is_change {
            news::added_exceptions(&scan.exceptions)
        } else {
            Vec::new()
        },
        base: change.base_name,
        head: change.head_name,
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
    let rejecting = emergency::Rejecting::of(&report, is_change, &in_force.rules, |path| {
        plan.fail_on.unwrap_or_else(|| threshold(path))
    });
    let fails = match &arguments.break_glass {
        None => rejecting.is_any(),
        Some(reason) => {
            report.break_glass = Some(emergency::break_glass(reason, &rejecting)?);
            rejecting.stays_so()
        }
    };
    write(&plan.outputs, &report, &surroundings, context)?;
    Ok(
        match (report.rules_refused.is_empty(), arguments.exit_zero, fails) {
            (false, ..) => Verdict::Incomplete,
            (true, false, true) => Verdict::Reject,
            _ => Verdict::Pass,
        },
    )
}

/// Whether a platform says that nobody is there to look.
fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// Whether only a reviewer can tell what a rule makes of these files.
fn is_review_of(rule: &Rule, files: &[RepoPath]) -> bool {
    match &rule.decision {
        Decision::Review(review) => files.iter().any(|path| review.touches(path)),
        _ => false,
    }
}

fn plan(arguments: &Arguments) -> Result<Plan, Failure> {
    let mut outputs = Vec::new();
    for format in &arguments.format {
        let (name, file) = format
            .split_once('=')
            .map_or((format.as_str(), None), |(name, file)| {
                (name, Some(PathBuf::from(file)))
            });
        let Some(format) = Format::named(name) else {
            return Err(unknown_word(
                "format",
                name,
                Format::ALL.into_iter().map(|(known, _)| known),
            ));
        };
        outputs.push((format, file));
    }
    if outputs.iter().filter(|(_, file)| file.is_none()).count() > 1 {
        let help = "give the others a file, as in --format json=codex.json";
        return Err(Failure::new("only one format can go to standard output").help(help));
    }
    let fail_on = arguments
        .fail_on
        .as_deref()
        .map(|word| {
            let known = config::THRESHOLDS.into_iter();
            config::threshold(word).ok_or_else(|| unknown_word("threshold", word, known))
        })
        .transpose()?;
    let (reviewer, confirmed) = reviewer::choose(&arguments.review)?;
    Ok(Plan {
        outputs,
        fail_on,
        confirmed,
        reviewer,
    })
}

/// The texts of the files with candidates.
fn sources(head: &Snapshot, candidates: &[Candidate<'_>]) -> BTreeMap<String, String> {
    let paths: BTreeSet<&RepoPath> = candidates.iter().map(|candidate| &candidate.path).collect();
    let text = |path: &RepoPath| {
        let bytes = head.read(path).ok().flatten()?;
        Some((
            path.text().into_owned(),
            String::from_utf8_lossy(&bytes).into_owned(),
        ))
    };
    paths.into_iter().filter_map(text).collect()
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

fn write(
    outputs: &[(Format, Option<PathBuf>)],
    report: &Report,
    surroundings: &Surroundings,
    context: &mut Context,
) -> Result<(), Failure> {
    for (format, file) in outputs {
        let Some(file) = file else {
            let mut text = Vec::new();
            report::render(*format, report, surroundings, context.style, &mut text)
                .map_err(|error| Failure::io("cannot write the report", &error))?;
            context.print(&String::from_utf8_lossy(&text))?;
            continue;
        };
        let doing = format!("cannot write {}", file.display());
        let mut out = std::fs::File::create(file)
            .map(std::io::BufWriter::new)
            .map_err(|error| Failure::io(&doing, &error))?;
        report::render(
            *format,
            report,
            surroundings,
            report::Style::default(),
            &mut out,
        )
        .and_then(|()| out.flush())
        .map_err(|error| Failure::io(&doing, &error))?;
    }
    Ok(())
}
