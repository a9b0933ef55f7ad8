//! Files that a change turns without touching them: each file of `fixtures/rust-turned/` is a change, and says which files
//! it turns and by which line of head.
//!
//! Deliberately absent: what becomes of findings in them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use codex::change::{FileChange, Snapshot};
use codex::language::{Language, Workspace};
use codex::source::RepoPath;

type Texts = BTreeMap<RepoPath, Vec<u8>>;

fn texts(case: &toml::Table, key: &str) -> Texts {
    let table = case.get(key).and_then(toml::Value::as_table);
    let texts = table.into_iter().flatten();
    texts
        .map(|(path, text)| {
            let text = text.as_str().unwrap().as_bytes().to_vec();
            (RepoPath::from(path.as_str()), text)
        })
        .collect()
}

fn changes(base: &Texts, head: &Texts, case: &toml::Table) -> Vec<FileChange> {
    let renames = case.get("renames").and_then(toml::Value::as_table);
    let renames: BTreeMap<RepoPath, RepoPath> = renames
        .into_iter()
        .flatten()
        .map(|(old, new)| (old.as_str().into(), new.as_str().unwrap().into()))
        .collect();
    let new: BTreeSet<&RepoPath> = renames.values().collect();
    let mut changes: Vec<FileChange> = renames
        .iter()
        .map(|(old, new)| FileChange {
            old: Some(old.clone()),
            new: Some(new.clone()),
        })
        .collect();
    let paths: BTreeSet<&RepoPath> = base.keys().chain(head.keys()).collect();
    for path in paths {
        if base.get(path) != head.get(path) && !renames.contains_key(path) && !new.contains(path) {
            changes.push(FileChange {
                old: base.contains_key(path).then(|| path.clone()),
                new: head.contains_key(path).then(|| path.clone()),
            });
        }
    }
    changes
}

#[test]
fn changes_turn_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rust-turned");
    let mut wrong = Vec::new();
    let mut cases = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let case: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        let both = texts(&case, "both");
        let side =
            |key: &str| -> Texts { both.clone().into_iter().chain(texts(&case, key)).collect() };
        let (base, head) = (side("base"), side("head"));
        let changes = changes(&base, &head, &case);
        assert!(!changes.is_empty(), "{}", path.display());
        let (base, head) = (Snapshot::memory(base), Snapshot::memory(head));
        let rust = Language::named("rust").unwrap();
        let turned = (rust.turned)(&Workspace::new(&base), &Workspace::new(&head), &changes);
        let found: Vec<String> = turned
            .untouched
            .iter()
            .map(|turned| {
                let cause = &turned.cause;
                let (file, line, text) = (&cause.path, cause.line, &cause.text);
                format!("{} <- {file}:{line} {text}", turned.path.text())
            })
            .collect();
        let wanted: Vec<&str> = case["turned"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line.as_str().unwrap())
            .collect();
        cases += 1;
        if found != wanted {
            wrong.push(format!(
                "{}:\n  wanted {wanted:#?}\n  found {found:#?}",
                path.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases >= 20);
}
