//! `codex check`: the whole way from a change to its report.

pub(super) mod asking;
mod comparison;
mod emergency;
mod exceptions;
pub(super) mod law;
mod mend;
mod news;
pub(super) mod output;
mod progress;
mod same;
pub(super) mod scope;
mod shard;
mod steps;

use std::path::{Path, PathBuf};

use crate::change::{Attributes, Change};
use crate::finding::Disposition;
use crate::problem::Failure;
use crate::report::Format;
use crate::review;
use crate::rule::{in_force, plain};
use crate::scan::Scanner;

use super::{Context, PlainRules, Verdict, baseline, reviewer, show};
pub(super) use asking::heartbeat;
use law::Law;
use output::Output;
use scope::Scope;
use steps::Run;

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
    #[command(flatten)]
    plain: PlainRules,
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
    /// Mend what would be reported and has a fix, in the work tree
    #[arg(long)]
    fix: bool,
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
    /// In CI: the same where the request has the label codex-break-glass, or its last commit the trailer
    /// `Codex-Break-Glass: REASON` and comes from no fork
    #[arg(long, conflicts_with = "break_glass")]
    break_glass_from_request: bool,
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
    match &arguments.plain.rules {
        Some(folder) => plain::load_ahead(folder, arguments.plain.utils.as_deref()),
        None => in_force::read_ahead(),
    }
    let (root, config, change) = comparison::read(arguments, context)?;
    if arguments.fix {
        mend::refuse(arguments, &change)?;
    }
    let mut law = law::read(arguments, config, &root, &change, context)?;
    law.announce(context);
    let known = law.in_force.known.take();
    if !arguments.no_suppressions {
        law = law.with_built_in();
    }
    let rules = law.in_force.rules.as_slice();
    let baseline = match arguments.all && !arguments.no_baseline {
        true => baseline::read(&baseline::place(&law.config, &root))?,
        false => None,
    };
    let run = Run {
        arguments,
        plan: &plan,
        law: &law,
        change: &change,
        scope: &scope(arguments, &law, &change, &root, context)?,
        baseline: baseline.as_ref(),
    };
    let scanner = Scanner::new(rules, !arguments.no_suppressions).under(super::today()?, known);
    let mut files = run.files(&root);
    let statements_not_reviewed = run.statements_not_reviewed(&files.paths);
    let fixes = match arguments.fix {
        true => Some(mend::run(&mend::Ground {
            scanner: &scanner,
            change: &change,
            scope: run.scope,
            files: &files.paths,
            is_new: &|candidates| run.is_new(candidates),
        })?),
        false => None,
    };
    let mut scan = run.scan(&scanner, &mut files.paths)?;
    if arguments.list_suppressions {
        if let Some(missing) = law.in_force.stale.first() {
            show::warning(&missing.text());
        }
        return exceptions::list(&scan, &plan.outputs, context);
    }
    let surroundings = run.surroundings(&scan);
    let candidates = std::mem::take(&mut scan.candidates);
    let mut reviewed = review::findings(candidates, &run.review(plan.reviewer.asking()));
    if let Some(baseline) = run.baseline {
        baseline.apply(&reviewed.firsts, &mut reviewed.findings);
    }
    asking::show(&reviewed.shown, &plan.outputs, context)?;
    if let Some(path) = &plan.reviewer.record {
        crate::write::replace(path, reviewed.recording.as_bytes())
            .map_err(|error| Failure::io(format!("cannot write {}", path.display()), &error))?;
    }
    let findings = &mut reviewed.findings;
    asking::add_notes(findings, rules, &change, &files.paths, run.scope);
    let mut report = run.report(scan, reviewed, files);
    report.summary.statements_not_reviewed = statements_not_reviewed;
    report.fixes = fixes;
    let threshold = law.config.thresholds();
    report.mark(|path| plan.fail_on.unwrap_or_else(|| threshold(path)));
    let reason = match arguments.break_glass_from_request && report.marked() > 0 {
        true => emergency::reason_of_request(context)?,
        false => arguments.break_glass.clone(),
    };
    if let Some(reason) = &reason {
        emergency::break_glass(reason, &mut report, rules)?;
    }
    if !plan.outputs.contains(&(Format::Human, None)) {
        let stale = report.rules_stale.iter();
        stale.for_each(|stale| show::warning(&stale.text()));
    }
    output::write(&plan.outputs, &report, &surroundings, context)?;
    Ok(arguments.decision.verdict(&report))
}

fn scope<'a>(
    arguments: &Arguments,
    law: &'a Law,
    change: &'a Change,
    root: &Path,
    context: &Context,
) -> Result<Scope<'a>, Failure> {
    let (paths, is_all) = (&arguments.paths, arguments.is_all());
    let scope = Scope::new(&law.config, root, paths, is_all, context)?;
    Ok(match change.bases.first() {
        // A request cannot mark its own files where it cannot choose its own law.
        Some(base) if law::wanted(arguments, change) == Some(law::From::Base) => {
            scope.without_marked(Attributes::of(&base.snapshot))
        }
        _ if is_all => scope,
        _ => scope.without_marked(Attributes::of(&change.head)),
    })
}

/// Whether a platform says that nobody is there to look.
pub(super) fn in_ci() -> bool {
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
