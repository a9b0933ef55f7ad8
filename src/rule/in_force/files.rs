//! Compiled rules in the files of one codex: on disk, or in a snapshot.
//!
//! Deliberately absent: what else is in force ([`super`]), and what a rule says ([`crate::rule::compiled`]).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::InForce;
use crate::change::Snapshot;
use crate::config::Config;
use crate::finding::RefusedRule;
use crate::parallel::side_by_side;
use crate::problem::{Document, Failure, Problem, Problems};
use crate::rule::{Authority, Rule, compiled};
use crate::source::RepoPath;

/// Compiled files: their paths, seen from the configuration, and their bytes.
pub(super) type Files = Vec<(PathBuf, Vec<u8>)>;

pub(super) fn local(config: &Config, files: Files) -> InForce {
    let mut in_force = InForce::default();
    for (path, text) in files {
        let (rules, problems) = match crate::rfc::document(&path, &text) {
            Ok(document) => read(document, &config.link),
            Err(problem) => (Vec::new(), vec![problem]),
        };
        in_force.rules.extend(rules);
        in_force
            .refused
            .extend(problems.iter().map(|problem| RefusedRule {
                rule: problem.document.name.clone(),
                error: format!("line {}: {}", problem.line(), problem.message),
            }));
        in_force.problems.extend(problems);
    }
    in_force
}

pub(super) fn files_on_disk(config: &Config) -> Result<Files, Failure> {
    let read = |path: PathBuf| {
        let text = crate::config::read_file(&path)
            .map_err(|error| Failure::io(format!("cannot read {}", path.display()), &error))?;
        let name = path.strip_prefix(&config.top).unwrap_or(&path);
        Ok((name.to_path_buf(), text))
    };
    let paths = compiled_files(&config.folder.join(&config.rules))?;
    paths.into_iter().map(read).collect()
}

pub(super) fn files_of(
    config: &Config,
    snapshot: &Snapshot,
    root: &Path,
) -> Result<Files, Failure> {
    let below = config.folder.strip_prefix(root).unwrap_or(Path::new(""));
    let failed = |path: &RepoPath, reason: String| {
        Failure::new(format!("cannot read {}: {reason}", path.text()))
    };
    let folder = RepoPath::from_path(&below.join(&config.rules));
    let names = snapshot.list(&folder).map_err(|why| failed(&folder, why))?;
    let mut files = Vec::new();
    for (name, is_folder) in names {
        let name = String::from_utf8_lossy(&name).into_owned();
        if is_folder || !is_compiled(&name) {
            continue;
        }
        let path = folder.join(&name);
        if let Some(text) = snapshot.read(&path).map_err(|why| failed(&path, why))? {
            files.push((path.to_path(), text));
        }
    }
    Ok(files)
}

/// The rules of one codex on disk, without those that it extends.
pub fn own(config: &Config) -> Result<InForce, Failure> {
    Ok(local(config, files_on_disk(config)?))
}

/// The paths of the RFCs that compiled files name, seen from the folder of their codex.
pub fn rfcs_behind<'a>(files: impl Iterator<Item = (&'a Path, &'a [u8])>) -> BTreeSet<String> {
    let config = Config::default_in(Path::new(""));
    let files = files.map(|(path, text)| (path.to_path_buf(), text.to_vec()));
    let rules = local(&config, files.collect()).rules;
    let laws = rules.iter().filter_map(Rule::law);
    laws.map(|law| law.origin.path.clone()).collect()
}

/// The files `NNNN-*.yaml` of a folder, sorted; none when there is no folder.
pub fn compiled_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: &std::io::Error| {
        Failure::io(
            format!("cannot read the folder {}", folder.display()),
            error,
        )
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(&error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| failed(&error))?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if is_compiled(&name) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a file's name is `NNNN-*.yaml`.
pub fn is_compiled(name: &str) -> bool {
    name.len() > 5
        && name.as_bytes()[..4].iter().all(u8::is_ascii_digit)
        && name.as_bytes()[4] == b'-'
        && name.ends_with(".yaml")
}

pub(super) fn read(document: Arc<Document>, link: &str) -> (Vec<Rule>, Vec<Problem>) {
    let mut problems = Problems::new(Arc::clone(&document));
    let nodes = crate::yaml::parse_all(&document.text, &mut problems);
    if nodes.is_empty() && problems.is_empty() {
        // Law that was emptied is no clean run.
        problems.add_with_help(0..0, "no rule in it", compiled::AGAIN);
    }
    let read = side_by_side(&nodes, |node| {
        let mut problems = Problems::new(Arc::clone(&document));
        let rule = compiled::read(node, &mut problems).filter(|_| problems.is_empty());
        (rule, problems.into_vec())
    });
    let mut problems = problems.into_vec();
    let mut rules = Vec::new();
    for (rule, found) in read {
        problems.extend(found);
        rules.extend(rule.map(|mut rule| {
            if let Authority::Law(law) = &mut rule.authority {
                law.href = format!("{link}{}", law.href);
            }
            rule
        }));
    }
    (rules, problems)
}
