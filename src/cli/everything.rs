//! Everything that is found in a work tree now, as `check --all` without a baseline finds it: for commands that count it.
//!
//! Deliberately absent: reviewers, drafts, and what is done with the findings.

use std::collections::BTreeSet;
use std::path::Path;

use crate::change;
use crate::config::Config;
use crate::finding::Disposition;
use crate::language::Workspace;
use crate::problem::Failure;
use crate::review;
use crate::rule::{Rule, in_force};
use crate::scan::{Scan, Scanner};
use crate::source::RepoPath;

use super::check::scope::Scope;
use super::{Context, show};

/// What is there.
pub(super) struct Everything<'a> {
    pub(super) config: &'a Config,
    pub(super) root: &'a Path,
    /// Without its candidates: they are findings now.
    pub(super) scan: &'a Scan<'a>,
    pub(super) reviewed: &'a review::Reviewed,
    /// The ids of the rules in force.
    pub(super) ids: &'a BTreeSet<String>,
    /// The ids of all rules that there are.
    pub(super) known: &'a BTreeSet<String>,
}

/// Looks at everything, and hands it on.
pub(super) fn look<T>(
    context: &Context,
    then: impl FnOnce(&Everything<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (repository, config) = context.config()?;
    let root = repository
        .as_ref()
        .map_or(context.folder.clone(), |found| found.root().to_path_buf());
    let mut in_force = context.rules(&config, &in_force::Selection::default())?;
    let Some(known) = in_force.known.take() else {
        show::problems(&in_force.problems, context.style);
        return Err(Failure::new(
            "some rules cannot be used: nothing was written",
        ));
    };
    let ids = in_force.rules.iter().map(|rule| rule.id.clone()).collect();
    let built_in = Rule::suppressions(&in_force.rules);
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
    let scanner = Scanner::new(&in_force.rules, true).under(super::today()?, Some(known.clone()));
    let mut scan = scanner.scan(&Workspace::new(&change.head), &files);
    let options = review::Options {
        asking: review::Asking::Nobody,
        confirmed: Disposition::Review,
        introduced: false,
        head: None,
        base: None,
        narrow: &config.review,
        cache: None,
        limits: review::ask::Limits::default(),
        heartbeat: None,
    };
    let candidates = std::mem::take(&mut scan.candidates);
    let reviewed = review::findings(candidates, &options);
    then(&Everything {
        config: &config,
        root: &root,
        scan: &scan,
        reviewed: &reviewed,
        ids: &ids,
        known: &known,
    })
}
