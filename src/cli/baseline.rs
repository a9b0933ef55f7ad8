//! `codex baseline`: writes down what is there already, so that `check --all` reports what comes after.
//!
//! Deliberately absent: merge requests; they are compared with their base and need no baseline.

use std::path::{Path, PathBuf};

use crate::baseline::{Baseline, FILE_NAME};
use crate::change;
use crate::config::{self, Config};
use crate::finding::Disposition;
use crate::language::{self, Workspace};
use crate::problem::Failure;
use crate::review;
use crate::rule::{Rule, in_force};
use crate::scan::Scanner;
use crate::source::RepoPath;

use super::check::scope::Scope;
use super::{Context, Verdict, show};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only drop what is mended; add nothing
    #[arg(long)]
    prune: bool,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let (repository, config) = context.config()?;
    let root = repository
        .as_ref()
        .map_or(context.folder.clone(), |found| found.root().to_path_buf());
    let mut in_force = in_force::collect(&config, &in_force::Selection::default())?;
    if !in_force.refused.is_empty() {
        show::problems(&in_force.problems, context.style);
        return Err(Failure::new(
            "some rules cannot be used: nothing was written",
        ));
    }
    let known = in_force.known.take();
    let ids: Vec<String> = in_force.rules.iter().map(|rule| rule.id.clone()).collect();
    let built_in = language::ALL.into_iter().flat_map(Rule::suppressions);
    in_force.rules.extend(built_in);
    let folder = if config.is_file {
        &config.folder
    } else {
        &root
    };
    let change = change::everything(repository.as_ref(), folder, true)?;
    let scope = Scope::new(&config, &root, &[], true, context)?;
    let files: Vec<RepoPath> = change
        .head_files
        .iter()
        .filter(|path| scope.looks_at(path))
        .cloned()
        .collect();
    let scanner = Scanner::new(&in_force.rules, true).under(super::today()?, known.clone());
    let scan = scanner.scan(&Workspace::new(&change.head), &files);
    let options = review::Options {
        reviewer: None,
        confirmed: Disposition::Review,
        introduced: false,
    };
    let findings = review::findings(&scan.candidates, options);
    let place = place(&config, &root);
    let old = read(&place)?;
    let new = if arguments.prune {
        let Some(old) = &old else {
            let message = format!("there is no {}", place.display());
            return Err(Failure::new(message).help("run `codex baseline` once"));
        };
        // What could not be looked at may still be there.
        old.pruned(&scan.candidates, &findings, |path, rule| {
            let is_unchecked = scan
                .unchecked
                .iter()
                .any(|unchecked| unchecked.path == path);
            let is_waiting = !ids.iter().any(|id| id == rule)
                && known.as_ref().is_some_and(|known| known.contains(rule));
            is_unchecked || is_waiting
        })
    } else {
        Baseline::of(&scan.candidates, &findings)
    };
    for unchecked in &scan.unchecked {
        show::warning(&format!(
            "not checked: {}: {}",
            unchecked.path, unchecked.reason
        ));
    }
    let text = new
        .write()
        .map_err(|error| Failure::new(format!("cannot write the baseline: {error}")))?;
    if old.as_ref() != Some(&new) {
        crate::write::replace(&place, text.as_bytes())
            .map_err(|error| Failure::io(format!("cannot write {}", place.display()), &error))?;
    }
    let before = old.map_or(String::new(), |old| format!(" (before: {})", old.len()));
    let noun = if new.len() == 1 {
        "finding"
    } else {
        "findings"
    };
    context.print(&format!("{FILE_NAME}: {} {noun}{before}\n", new.len()))?;
    Ok(Verdict::Pass)
}

/// Where the baseline of a configuration lies.
pub(super) fn place(config: &Config, root: &Path) -> PathBuf {
    let folder = if config.is_file {
        config.folder.as_path()
    } else {
        root
    };
    folder.join(FILE_NAME)
}

/// The baseline, if there is one.
pub(super) fn read(place: &Path) -> Result<Option<Baseline>, Failure> {
    let text = match config::read_file(place) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let doing = format!("cannot read {}", place.display());
            return Err(Failure::io(doing, &error));
        }
    };
    Baseline::read(&text).map(Some).map_err(|why| {
        Failure::new(format!("{} cannot be used: {why}", place.display()))
            .help("mend it, or remove it and run `codex baseline`")
    })
}
