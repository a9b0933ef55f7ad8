//! `codex check`: the whole way from a change to its report.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::candidate::Candidate;
use crate::cause;
use crate::change::{self, Base, Change, Repository, Snapshot};
use crate::config::{self, Config};
use crate::finding::{Disposition, Finding, Report, Summary, Unchecked};
use crate::introduced;
use crate::language::{self, Workspace};
use crate::problem::Failure;
use crate::report::{self, Format, Surroundings};
use crate::review::command::CommandReviewer;
use crate::review::{self, Reviewer};
use crate::rule::{Decision, Rule, in_force};
use crate::scan::Scanner;
use crate::source::RepoPath;

use super::{Context, Verdict, reviewer, show, unknown_word};

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
    /// With --all: look at files that .gitignore names, too
    #[arg(long)]
    no_ignore: bool,
    /// Exceptions in the code count for nothing
    #[arg(long)]
    no_suppressions: bool,
    /// human or json, and where to write it (repeatable)
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "human")]
    format: Vec<String>,
    /// The weakest finding that fails the check: block, review or warn
    #[arg(long, value_name = "DISPOSITION")]
    fail_on: Option<String>,
    /// Report only: exit with 0 whatever is found
    #[arg(long)]
    exit_zero: bool,
    #[command(flatten)]
    review: reviewer::Arguments,
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
    let (root, config, change) = change(arguments, context)?;
    let mut in_force = in_force::collect(
        &config,
        &in_force::Selection {
            rules: arguments.rules.as_deref(),
            utils: arguments.utils.as_deref(),
            only: &arguments.only,
            drafts: arguments.drafts,
        },
    )?;
    show::problems(&in_force.problems, context.style);
    for rfc in in_force::stale(&in_force.rules, &config.folder) {
        show::warning(&format!(
            "{rfc} has changed since its rules were compiled: run `codex compile`"
        ));
    }
    let rules = in_force.rules.len();
    if !arguments.no_suppressions {
        in_force
            .rules
            .extend(language::ALL.into_iter().map(Rule::suppression));
    }
    let scope = Scope::new(&config, &root, &arguments.paths, arguments.all, context)?;
    let scanner = Scanner::new(&in_force.rules, !arguments.no_suppressions);
    let head_files: Vec<RepoPath> = change
        .head_files
        .iter()
        .filter(|path| scope.looks_at(path) && (!arguments.all || scope.reports(path)))
        .cloned()
        .collect();
    let statements_not_reviewed = in_force
        .rules
        .iter()
        .filter(|rule| is_review_of(rule, &head_files))
        .count();
    let head = Workspace::new(&change.head);
    let mut scan = scanner.scan(&head, &head_files);
    for base in &change.bases {
        scan.candidates = introduced(&scanner, base, &scope, scan.candidates);
    }
    scan.candidates
        .retain(|candidate| scope.reports(&candidate.path));
    if let Some(base) = change.bases.first() {
        cause::find(&mut scan.candidates, base, &change.head);
    }
    scan.unchecked
        .retain(|unchecked| scope.reports_text(&unchecked.path));
    let is_change = !arguments.all;
    let options = review::Options {
        reviewer: plan
            .reviewer
            .as_ref()
            .map(|reviewer| reviewer as &dyn Reviewer),
        confirmed: plan.confirmed,
        introduced: is_change,
    };
    let findings = review::findings(&scan.candidates, options);
    let surroundings = Surroundings {
        sources: sources(&change.head, &scan.candidates),
        base_reason: change.base_reason.clone(),
        not_reviewed: match options.reviewer {
            None => "no reviewer configured",
            Some(_) => "review statements are not sent to a reviewer yet",
        },
    };
    let report = Report {
        schema: 1,
        codex: env!("CARGO_PKG_VERSION"),
        base: change.base_name,
        head: change.head_name,
        rules_from: if arguments.rules.is_some() {
            "--rules"
        } else {
            "head"
        }
        .to_owned(),
        summary: summarise(
            &findings,
            &scan.unchecked,
            is_change,
            scan.files,
            rules,
            statements_not_reviewed,
        ),
        findings,
        rules_refused: in_force.refused,
        unchecked: scan.unchecked,
    };
    write(&plan.outputs, &report, &surroundings, context)?;
    let fails = report
        .summary
        .at_least(plan.fail_on.unwrap_or(config.fail_on))
        > 0;
    Ok(
        match (report.rules_refused.is_empty(), arguments.exit_zero, fails) {
            (false, ..) => Verdict::Incomplete,
            (true, false, true) => Verdict::Reject,
            _ => Verdict::Pass,
        },
    )
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

/// The root of paths, the configuration, and what to compare.
fn change(arguments: &Arguments, context: &Context) -> Result<(PathBuf, Config, Change), Failure> {
    if let Some(patch) = &arguments.diff {
        let (root, config) = context.config_without_git()?;
        let text = read_patch(patch, &context.folder)?;
        let change = change::patched(&root, &text, &patch.to_string_lossy())?;
        return Ok((root, config, change));
    }
    let (repository, config) = context.config()?;
    let root = repository
        .as_ref()
        .map_or(context.folder.clone(), |repository| {
            repository.root().to_path_buf()
        });
    if arguments.all {
        let folder = if config.is_file {
            &config.folder
        } else {
            &root
        };
        let change = change::everything(repository.as_ref(), folder, !arguments.no_ignore)?;
        return Ok((root, config, change));
    }
    let Some(repository) = repository else {
        let help = "use `codex check --all` for everything here, or `--diff FILE` for a patch";
        return Err(Failure::new(format!(
            "{} is not in a git repository",
            context.folder.display()
        ))
        .help(help));
    };
    let change = if arguments.staged {
        change::staged(&repository)?
    } else {
        between(arguments, &repository, &config)?
    };
    Ok((root, config, change))
}

fn between(
    arguments: &Arguments,
    repository: &Repository,
    config: &Config,
) -> Result<Change, Failure> {
    let in_ci =
        std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    change::between(
        repository,
        arguments.base.as_deref(),
        arguments.head.as_deref(),
        config.default_branch.as_deref(),
        in_ci,
    )
}

fn read_patch(path: &Path, folder: &Path) -> Result<Vec<u8>, Failure> {
    let doing = format!("cannot read the patch {}", path.display());
    if path == Path::new("-") {
        let mut text = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut text)
            .map_err(|error| Failure::io(doing, &error))?;
        return Ok(text);
    }
    std::fs::read(folder.join(path)).map_err(|error| Failure::io(doing, &error))
}

/// Which files a run looks at, and which it reports.
struct Scope<'a> {
    config: &'a Config,
    /// The folder of the configuration, seen from the root.
    folder: RepoPath,
    /// What was asked for; empty for everything.
    wanted: Vec<RepoPath>,
}

impl<'a> Scope<'a> {
    fn new(
        config: &'a Config,
        root: &Path,
        paths: &[PathBuf],
        needs_paths: bool,
        context: &Context,
    ) -> Result<Self, Failure> {
        let root = real(root);
        let below = |path: &Path| real(path).strip_prefix(&root).map(RepoPath::from_path).ok();
        let mut wanted = Vec::new();
        for path in paths {
            let whole = context.folder.join(path);
            let Some(below_root) = below(&whole) else {
                return Err(Failure::new(format!(
                    "{} lies outside of {}",
                    path.display(),
                    root.display()
                )));
            };
            // A change may have deleted what it is about; without a change it can only be a slip of the pen.
            if needs_paths && whole.symlink_metadata().is_err() {
                return Err(Failure::new(format!("there is no {}", path.display())));
            }
            wanted.push(below_root);
        }
        Ok(Self {
            folder: below(&config.folder).unwrap_or_else(|| RepoPath::from("")),
            config,
            wanted,
        })
    }

    /// Files of another configuration's folder and excluded ones are never looked at.
    fn looks_at(&self, path: &RepoPath) -> bool {
        let folder = if self.config.is_file {
            self.folder.clone()
        } else {
            RepoPath::from("")
        };
        path.below(&folder)
            .is_some_and(|inner| !self.config.exclude.is_match(inner.to_path()))
    }

    fn reports(&self, path: &RepoPath) -> bool {
        self.wanted.is_empty()
            || self
                .wanted
                .iter()
                .any(|wanted| wanted.as_bytes().is_empty() || path.is_within(wanted))
    }

    /// The same for a path as reports write it.
    fn reports_text(&self, path: &str) -> bool {
        let is_within = |wanted: &RepoPath| {
            wanted.as_bytes().is_empty()
                || RepoPath::from(path).is_within(&RepoPath::from(wanted.text().as_ref()))
        };
        self.wanted.is_empty() || self.wanted.iter().any(is_within)
    }
}

/// The path with its links resolved as far as it exists, without `.` and `..`.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| {
        let mut plain = PathBuf::new();
        for part in path.components() {
            match part {
                std::path::Component::ParentDir => {
                    plain.pop();
                }
                std::path::Component::CurDir => {}
                other => plain.push(other),
            }
        }
        plain
    })
}

/// Head minus base; base is read only as far as head has findings.
fn introduced<'r>(
    scanner: &Scanner<'r>,
    base: &Base,
    scope: &Scope<'_>,
    head: Vec<Candidate<'r>>,
) -> Vec<Candidate<'r>> {
    if head.is_empty() {
        return head;
    }
    let with_findings: BTreeSet<&RepoPath> = head.iter().map(|candidate| &candidate.path).collect();
    let is_same = |file: &&change::FileChange| {
        file.new
            .as_ref()
            .is_some_and(|path| with_findings.contains(path))
    };
    let (same, other): (Vec<_>, Vec<_>) = base.files.iter().partition(is_same);
    let old = |files: Vec<&change::FileChange>| -> Vec<RepoPath> {
        let paths: BTreeSet<&RepoPath> = files
            .into_iter()
            .filter_map(|file| file.old.as_ref())
            .collect();
        paths
            .into_iter()
            .filter(|path| scope.looks_at(path))
            .cloned()
            .collect()
    };
    let workspace = Workspace::new(&base.snapshot);
    let same = scanner.scan(&workspace, &old(same)).candidates;
    introduced::retain_introduced(head, base, same, || {
        scanner.scan(&workspace, &old(other)).candidates
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
