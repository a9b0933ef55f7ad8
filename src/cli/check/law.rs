//! Whose law is in force: in CI that of base, so that a request cannot weaken its own check; elsewhere the work tree's.
//!
//! When base has no law of its own (no `codex.toml`, or one that brings no rule), head's is in force, and the output says
//! so. Deliberately absent: what the rules are ([`crate::rule::in_force`]).

use std::collections::BTreeSet;
use std::path::Path;

use crate::change::{Change, Snapshot};
use crate::cli::{Context, show};
use crate::config::Config;
use crate::problem::Failure;
use crate::rule::Rule;
use crate::rule::in_force::{self, InForce, Selection};
use crate::source::RepoPath;

use super::Arguments;

/// The law of a run.
pub(super) struct Law {
    pub(super) config: Config,
    pub(super) in_force: InForce,
    /// As reports say it.
    pub(super) from: &'static str,
    /// What people should know about that.
    pub(super) remark: Option<&'static str>,
    /// Whether it was read from the work tree.
    pub(super) is_on_disk: bool,
}

impl Law {
    /// Warns of rules that cannot be used, and of RFCs that are newer than their rules.
    pub(super) fn announce(&self, context: &Context) {
        let in_force = &self.in_force;
        show::problems(&in_force.problems, context.style);
        let stale = match self.is_on_disk {
            true => in_force::stale(&in_force.rules, &self.config),
            false => Vec::new(),
        };
        for rfc in stale {
            let message = "has changed since its rules were compiled: run `codex compile`";
            show::warning(&format!("{rfc} {message}"));
        }
    }

    /// With the rules about exceptions themselves.
    pub(super) fn with_built_in(mut self) -> Self {
        if !self.in_force.is_missing() {
            let built_in = Rule::suppressions(&self.in_force.rules);
            self.in_force.rules.extend(built_in);
        }
        self
    }
}

/// Whose rules: the words of `--rules-from`. (Comments on the words would make the whole help long.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum From {
    Head,
    Base,
}

/// Whose word counts, had they anything to say or not; `None`: nobody asked.
pub(super) fn wanted(arguments: &Arguments, change: &Change) -> Option<From> {
    match arguments.rules_from {
        Some(wanted) => Some(wanted),
        None if super::in_ci() && !change.bases.is_empty() => Some(From::Base),
        None => None,
    }
}

/// Reads the law. `config` is that of the work tree, `root` the folder that paths are relative to.
pub(super) fn read(
    arguments: &Arguments,
    config: Config,
    root: &Path,
    change: &Change,
    context: &Context,
) -> Result<Law, Failure> {
    let selection = Selection {
        rules: arguments.plain.rules.as_deref(),
        utils: arguments.plain.utils.as_deref(),
        only: &arguments.only,
        drafts: arguments.drafts,
    };
    let on_disk = |config: Config, from| {
        Ok(Law {
            in_force: in_force::collect(&config, &selection)?,
            config,
            from,
            remark: None,
            is_on_disk: true,
        })
    };
    if arguments.plain.rules.is_some() {
        return on_disk(config, "--rules");
    }
    let base = change.bases.first().map(|base| &base.snapshot);
    let wanted = wanted(arguments, change);
    let home = super::scope::below(&context.folder, root).unwrap_or_else(|| RepoPath::from(""));
    let of = |snapshot: &Snapshot| -> Result<Option<(Config, InForce)>, Failure> {
        let Some(config) = Config::find_in(snapshot, &home, root)? else {
            return Ok(None);
        };
        let config = crate::cli::knowing_cache(config);
        let in_force = in_force::collect_from(&config, snapshot, root, &selection)?;
        Ok(in_force.map(|in_force| (config, in_force)))
    };
    let law = |(config, in_force), from, remark| Law {
        config,
        in_force,
        from,
        remark,
        is_on_disk: false,
    };
    match (wanted, base) {
        (Some(From::Base), Some(base)) => {
            let help = "the law of base is in force here; `--rules-from head` takes head's";
            let of_base = of(base).map_err(|failure| failure.or_help(help))?;
            let of_head = of(&change.head);
            if let Some((config, mut in_force)) = of_base {
                // A rule that the change brings along is known, though not in force yet.
                in_force.known = match of_head {
                    Ok(Some((_, of_head))) => in_force.known.zip(of_head.known).map(both),
                    Ok(None) => in_force.known,
                    Err(_) => None,
                };
                return Ok(law((config, in_force), "base", None));
            }
            match of_head? {
                Some(of_head) => {
                    let remark = "base has no rules of its own: those of head are in force";
                    Ok(law(of_head, "head", Some(remark)))
                }
                None => on_disk(Config::default_in(&context.folder), "head"),
            }
        }
        (Some(From::Base), None) => {
            let help = "`--all` compares with nothing: leave `--rules-from` away";
            Err(Failure::new("there is no base to take the rules from").help(help))
        }
        (Some(From::Head), _) if change.head_name != WORK_TREE && base.is_some() => {
            match of(&change.head)? {
                Some(of_head) => Ok(law(of_head, "head", None)),
                None => on_disk(Config::default_in(&context.folder), "head"),
            }
        }
        _ if change.head_name == WORK_TREE => on_disk(config, "head"),
        _ => on_disk(config, WORK_TREE),
    }
}

const WORK_TREE: &str = "work tree";

fn both((mut left, right): (BTreeSet<String>, BTreeSet<String>)) -> BTreeSet<String> {
    left.extend(right);
    left
}
