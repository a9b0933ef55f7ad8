//! `codex rules`: which statements are in force here, and what each of them can do.

use std::path::PathBuf;

use crate::language::Language;
use crate::problem::Failure;
use crate::report::plain_text::visible_line;
use crate::rule::in_force;
use crate::source::RepoPath;
use crate::statements;

use super::{Context, Verdict};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only rules that look at this file
    path: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let (repository, config) = context.config()?;
    let in_force = in_force::collect(
        &config,
        &in_force::Selection {
            drafts: true,
            ..in_force::Selection::default()
        },
    )?;
    let root = repository
        .as_ref()
        .map_or(context.folder.as_path(), |repository| repository.root());
    let path = arguments.path.as_ref().map(|path| {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        RepoPath::from_path(whole.strip_prefix(root).unwrap_or(path))
    });
    let language = path.as_ref().and_then(Language::of);
    let looks_at = |slug: &str| {
        let Some(path) = &path else { return true };
        let applies = |rule: &&crate::rule::Rule| {
            rule.covers(path) && rule.language().is_none_or(|of| Some(of) == language)
        };
        in_force
            .rules
            .iter()
            .filter(|rule| rule.id == slug)
            .any(|rule| applies(&rule))
    };
    let mut rows: Vec<[String; 5]> = Vec::new();
    for rfc in statements::indexed(&config)? {
        for statement in &rfc.statements {
            let decided = if statement.enforced_by.is_empty() {
                "not enforced".to_owned()
            } else {
                statement.enforced_by.join(", ")
            };
            if looks_at(&statement.slug) {
                rows.push([
                    statement.slug.clone(),
                    statement.level.clone(),
                    rfc.status.clone(),
                    format!("RFC {}", rfc.rfc),
                    decided,
                ]);
            }
        }
    }
    let widths: Vec<usize> = (0..4)
        .map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0))
        .collect();
    for row in &rows {
        let cells: Vec<String> = row[..4]
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{:width$}", visible_line(cell)))
            .collect();
        context.print(&format!(
            "{}  {}\n",
            cells.join("  "),
            visible_line(&row[4])
        ))?;
    }
    Ok(Verdict::Pass)
}
