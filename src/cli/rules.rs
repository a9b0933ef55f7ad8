//! `codex rules`: which statements are in force here, and what each of them can do.

use std::path::PathBuf;

use crate::compile::IndexedRfc;
use crate::config::{self, Config};
use crate::language::Language;
use crate::problem::Failure;
use crate::report::plain_text::visible_line;
use crate::rule::in_force;
use crate::source::RepoPath;

use super::{Context, Verdict};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only rules that look at this file
    path: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let (repository, config) = context.config()?;
    let selection = in_force::Selection {
        drafts: true,
        ..context.selection()
    };
    let in_force = context.rules(&config, &selection)?;
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
    for rfc in statements(&config, &selection)? {
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

/// All statements, embedded ones first.
pub(super) fn statements(
    config: &Config,
    selection: &in_force::Selection<'_>,
) -> Result<Vec<IndexedRfc>, Failure> {
    let codexes = in_force::codexes(config, &selection.fetched, None)?.all;
    let mut rfcs: Vec<IndexedRfc> = Vec::new();
    if codexes.iter().any(|codex| codex.embedded) {
        rfcs = serde_json::from_str(in_force::embedded_index())
            .map_err(|error| Failure::new(format!("the embedded index is broken: {error}")))?;
        rfcs.retain(|rfc| {
            !rfc.statements
                .iter()
                .any(|statement| in_force::is_house(&statement.href))
        });
    }
    for codex in &codexes {
        if codex.is_file || codex.folder != config.folder {
            rfcs.extend(local(codex)?);
        }
    }
    Ok(rfcs)
}

fn local(config: &Config) -> Result<Vec<IndexedRfc>, Failure> {
    let folder = config.folder.join(&config.rules);
    let path = folder.join("index.json");
    if !path.exists() {
        if in_force::compiled_files(&folder)?.is_empty() {
            return Ok(Vec::new());
        }
        let message = format!("{} is missing", path.display());
        return Err(Failure::new(message).help("run `codex compile`"));
    }
    let text = config::read_file(&path)
        .map_err(|error| Failure::io(format!("cannot read {}", path.display()), &error))?;
    serde_json::from_slice(&text).map_err(|error| {
        Failure::new(format!("{} is broken: {error}", path.display())).help("run `codex compile`")
    })
}
