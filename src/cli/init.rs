//! `codex init`: what a repository needs to use codex, and a first look at it.
//!
//! What is there already stays as it is. The platform is that of `origin`, else what the files there say, else GitHub.
//! Deliberately absent: rules of one's own (`codex new`).

use std::path::Path;

use crate::change::Repository;
use crate::finding::Disposition;
use crate::problem::Failure;
use crate::report::plain_text::visible_line;

use super::everything::{self, Everything};
use super::{Context, Verdict};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

const FILES: [(&str, &str); 2] = [
    ("codex.toml", include_str!("init/codex.toml")),
    (
        ".pre-commit-config.yaml",
        include_str!("init/pre-commit.yaml"),
    ),
];
const WORKFLOW: (&str, &str) = (
    ".github/workflows/codex.yml",
    include_str!("init/workflow.yml"),
);
const JOBS: (&str, &str) = (".gitlab-ci.yml", include_str!("init/gitlab.yml"));

/// Whose file runs codex on every merge request.
fn platform(root: &Path, origin: Option<&str>) -> (&'static str, &'static str) {
    let host = host(origin.unwrap_or_default()).to_ascii_lowercase();
    let is_gitlab = match (host.contains("gitlab"), host.contains("github")) {
        (true, _) => true,
        (_, true) => false,
        _ => root.join(JOBS.0).exists() && !root.join(".github").exists(),
    };
    if is_gitlab { JOBS } else { WORKFLOW }
}

/// The host of `https://host/path`, `ssh://git@host:22/path` and `git@host:path`.
fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default()
}

pub(super) fn run(_: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let (repository, _) = context.config()?;
    let root = repository
        .as_ref()
        .map_or(context.folder.clone(), |found| found.root().to_path_buf());
    let origin = repository.as_ref().and_then(Repository::origin);
    let platform = platform(&root, origin.as_deref());
    for (name, text) in FILES.into_iter().chain([platform]) {
        let text = filled(text);
        let written = write(&root.join(name), &text)?;
        let word = if written {
            "written"
        } else {
            "there already, and left as it is"
        };
        context.print(&format!("{name}: {word}\n"))?;
        if !written && name == JOBS.0 {
            context.print(&format!("add to it, if it is not there:\n\n{text}\n"))?;
        }
    }
    let said = everything::look(context, |found| Ok(first_look(found)))?;
    context.print(&said)?;
    Ok(Verdict::Pass)
}

/// A template of this version.
fn filled(text: &str) -> String {
    let text = text.replace("VERSION", env!("CARGO_PKG_VERSION"));
    let raw = env!("CARGO_PKG_REPOSITORY")
        .replace("https://github.com/", "https://raw.githubusercontent.com/");
    let text = text.replace("RAW", &raw);
    text.replace("REPOSITORY", env!("CARGO_PKG_REPOSITORY"))
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
    crate::write::replace(path, text.as_bytes()).map_err(|error| failed(&error))?;
    Ok(true)
}

fn first_look(found: &Everything<'_>) -> String {
    let loud = |disposition: Disposition| disposition <= Disposition::Warn;
    let count = found
        .reviewed
        .findings
        .iter()
        .filter(|finding| loud(finding.disposition))
        .count();
    let mut findings = found.reviewed.findings.iter();
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
