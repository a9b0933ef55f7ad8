//! `codex init`: what a repository needs to use codex, and a first look at it.
//!
//! What is there already stays as it is. Deliberately absent: rules of one's own (`codex new`).

use std::path::Path;

use crate::finding::Disposition;
use crate::problem::Failure;
use crate::report::plain_text::visible_line;

use super::everything::{self, Everything};
use super::{Context, Verdict};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

const FILES: [(&str, &str); 3] = [
    ("codex.toml", include_str!("init/codex.toml")),
    (
        ".pre-commit-config.yaml",
        include_str!("init/pre-commit.yaml"),
    ),
    (
        ".github/workflows/codex.yml",
        include_str!("init/workflow.yml"),
    ),
];

pub(super) fn run(_: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let (repository, _) = context.config()?;
    let root = repository
        .as_ref()
        .map_or(context.folder.clone(), |found| found.root().to_path_buf());
    for (name, text) in FILES {
        let written = write(&root.join(name), text)?;
        let word = if written {
            "written"
        } else {
            "there already, and left as it is"
        };
        context.print(&format!("{name}: {word}\n"))?;
    }
    if root.join(".gitlab-ci.yml").exists() {
        context.print("GitLab: add a job that runs `codex check` (GIT_DEPTH: 0)\n")?;
    }
    let said = everything::look(context, |found| Ok(first_look(found)))?;
    context.print(&said)?;
    Ok(Verdict::Pass)
}

/// Whether it was not there before.
fn write(path: &Path, text: &str) -> Result<bool, Failure> {
    let failed =
        |error: &std::io::Error| Failure::io(format!("cannot write {}", path.display()), error);
    if path.symlink_metadata().is_ok() {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    }
    let text = text.replace("VERSION", env!("CARGO_PKG_VERSION"));
    let text = text.replace("REPOSITORY", env!("CARGO_PKG_REPOSITORY"));
    crate::write::replace(path, text.as_bytes()).map_err(|error| failed(&error))?;
    Ok(true)
}

fn first_look(found: &Everything<'_>) -> String {
    let loud = |disposition: Disposition| disposition <= Disposition::Warn;
    let count = found
        .findings
        .iter()
        .filter(|finding| loud(finding.disposition))
        .count();
    let mut findings = found.findings.iter();
    let Some(first) = findings
        .by_ref()
        .min_by_key(|finding| finding.disposition)
        .filter(|first| loud(first.disposition))
    else {
        return format!("no findings in {} files\n", found.scan.files);
    };
    let line = format!(
        "a first finding: {}:{}: {}: {} ({})",
        first.path,
        first.focus.start.line,
        first.disposition.word(),
        first.message,
        first.rule
    );
    let next = format!(
        "{count} in all: `codex check --all` shows them, `codex explain {}` the rule, `codex baseline` writes them down as old",
        first.rule
    );
    format!("{}\n{}\n", visible_line(&line), visible_line(&next))
}
