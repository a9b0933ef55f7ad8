//! `codex export`: the statements in force, written for coding agents.
//!
//! What somebody else has written is never replaced. Deliberately absent: what the pages say ([`crate::export`]).

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::export::{self, BEGIN, END, MARK};
use crate::problem::Failure;
use crate::rule::in_force;
use crate::statements;

use super::{Context, Verdict};

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub(super) struct Arguments {
    /// Write a skill into this folder: an index, a page for each domain, a page for each RFC
    #[arg(long, value_name = "DIR", group = "what")]
    skill: Option<PathBuf>,
    /// Write a part of AGENTS.md (or FILE); the rest of it stays
    #[arg(long, value_name = "FILE", group = "what", num_args = 0..=1, default_missing_value = "AGENTS.md")]
    agents_md: Option<PathBuf>,
    /// Write nothing; fail when something would be written
    #[arg(long)]
    check: bool,
}

/// The folders of a skill, its own first.
const FOLDERS: [&str; 3] = ["", "domains", "rfcs"];

pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let (_, config) = context.config()?;
    let statements = statements::in_force(&config)?;
    if statements.is_empty() {
        return Err(Failure::new("no statement is in force").help("`codex rules` lists them"));
    }
    let rules = in_force::collect(&config, &in_force::Selection::default())?.rules;
    // What is to be written, and what to be removed.
    let mut changes: BTreeMap<PathBuf, Option<String>> = BTreeMap::new();
    if let Some(folder) = &arguments.skill {
        let pages = export::skill(&statements, &rules);
        skill(folder, pages, &mut changes)?;
    }
    if let Some(path) = &arguments.agents_md {
        let text = read(path)?.unwrap_or_default();
        let part = export::agents_md(&statements);
        let Some(new) = export::with_part(&text, &part) else {
            let help =
                format!("there must be one line `{BEGIN}` and one line `{END}` after it, or none");
            let message = format!("the marks in {} are no pair", path.display());
            return Err(Failure::new(message).help(help));
        };
        if new != text {
            changes.insert(path.clone(), Some(new));
        }
    }
    if arguments.check {
        for path in changes.keys() {
            context.print(&format!("{} is stale\n", path.display()))?;
        }
        let is_fresh = changes.is_empty();
        return Ok(if is_fresh {
            Verdict::Pass
        } else {
            Verdict::Reject
        });
    }
    for (path, text) in changes {
        let failed =
            |error: &std::io::Error| Failure::io(format!("cannot write {}", path.display()), error);
        match text {
            Some(text) => {
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
                }
                crate::write::replace(&path, text.as_bytes()).map_err(|error| failed(&error))?;
                context.print(&format!("{} written\n", path.display()))?;
            }
            None => {
                std::fs::remove_file(&path).map_err(|error| failed(&error))?;
                context.print(&format!("{} removed\n", path.display()))?;
            }
        }
    }
    Ok(Verdict::Pass)
}

/// What to change in the folder of a skill. Nothing is changed where anything in the way is not ours.
fn skill(
    folder: &Path,
    pages: BTreeMap<String, String>,
    changes: &mut BTreeMap<PathBuf, Option<String>>,
) -> Result<(), Failure> {
    for name in FOLDERS {
        let place = folder.join(name);
        if place.symlink_metadata().is_ok_and(|about| !about.is_dir()) {
            let message = format!("{} is no folder", place.display());
            return Err(
                Failure::new(message).help("a link is not followed: name the folder itself")
            );
        }
        let entries = match std::fs::read_dir(&place) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => {
                return Err(Failure::io(
                    format!("cannot read {}", place.display()),
                    &error,
                ));
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let is_page = path.extension().is_some_and(|ending| ending == "md");
            let key = path
                .strip_prefix(folder)
                .unwrap_or(&path)
                .to_string_lossy()
                .replace('\\', "/");
            if is_page
                && !pages.contains_key(&key)
                && read(&path)?.is_some_and(|text| text.contains(MARK))
            {
                changes.insert(path, None);
            }
        }
    }
    for (name, text) in pages {
        let path = folder.join(name);
        match read(&path)? {
            Some(old) if old == text => {}
            Some(old) if !old.contains(MARK) => {
                let message = format!("{} was not written by `codex export`", path.display());
                return Err(Failure::new(message).help("name another folder, or move it away"));
            }
            _ => {
                changes.insert(path, Some(text));
            }
        }
    }
    Ok(())
}

/// A file that is there. A link is not followed.
fn read(path: &Path) -> Result<Option<String>, Failure> {
    let failed =
        |error: &std::io::Error| Failure::io(format!("cannot read {}", path.display()), error);
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
        Ok(about) if !about.is_file() => {
            return Err(Failure::new(format!("{} is no file", path.display())));
        }
        Ok(_) => {}
    }
    let bytes = std::fs::read(path).map_err(|error| failed(&error))?;
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| Failure::new(format!("{} is not UTF-8", path.display())))
}
