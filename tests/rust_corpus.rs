//! The rule on `unwrap` over the packages of `fixtures/rust/`: the comment at the end of a line says what the line is,
//! `// violation`, `// ambiguous`, or nothing. Each folder is a snapshot.
//!
//! Deliberately absent: which fact makes a line what it is (`tests/rust_facts.rs`).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use codex::change::Snapshot;
use codex::finding::Certainty;
use codex::language::Workspace;
use codex::rule::{Rule, in_force};
use codex::scan::Scanner;
use codex::source::RepoPath;

fn read_folder(root: &Path, folder: &Path, files: &mut BTreeMap<RepoPath, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_folder(root, &path, files);
        } else {
            let below = path.strip_prefix(root).unwrap();
            files.insert(RepoPath::from_path(below), fs::read(&path).unwrap());
        }
    }
}

/// What a line's label says; `None` for nothing.
fn label(line: &str) -> Option<Certainty> {
    let (_, comment) = line.rsplit_once("// ")?;
    match comment.split_whitespace().next()? {
        "violation" => Some(Certainty::Violation),
        "ambiguous" => Some(Certainty::Ambiguous),
        _ => None,
    }
}

#[test]
fn every_line_is_what_its_label_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rust");
    let rules: Vec<Rule> = in_force::embedded()
        .into_iter()
        .filter(|rule| rule.id == "unwrap-outside-tests")
        .collect();
    let scanner = Scanner::new(&rules, true);
    let mut wrong = Vec::new();
    let (mut labelled, mut silent) = (0, 0);
    for package in fs::read_dir(&root).unwrap() {
        let folder = package.unwrap().path();
        let mut files = BTreeMap::new();
        read_folder(&folder, &folder, &mut files);
        let snapshot = Snapshot::memory(files.clone());
        let paths: Vec<RepoPath> = files.keys().cloned().collect();
        let scan = scanner.scan(&Workspace::new(&snapshot), &paths);
        assert!(scan.unchecked.is_empty(), "{:?}", scan.unchecked);
        let mut found: BTreeMap<(&RepoPath, usize), (Certainty, BTreeSet<&str>)> = BTreeMap::new();
        for candidate in &scan.candidates {
            let line = candidate.focus.start.line;
            let here = found
                .entry((&candidate.path, line))
                .or_insert((candidate.certainty, BTreeSet::new()));
            // The surest finding is the line's.
            here.0 = here.0.max(candidate.certainty);
            here.1.extend(candidate.facts.iter().map(String::as_str));
        }
        let sources = files
            .iter()
            .filter(|(path, _)| path.extension() == Some(b"rs"));
        for (path, bytes) in sources {
            let place = folder.join(path.to_path());
            for (index, line) in String::from_utf8_lossy(bytes).lines().enumerate() {
                let wanted = label(line);
                let here = found.get(&(path, index + 1));
                labelled += usize::from(wanted.is_some());
                silent += usize::from(wanted.is_none() && line.contains("unwrap"));
                if wanted != here.map(|(certainty, _)| *certainty) {
                    wrong.push(format!(
                        "{}:{}: wanted {wanted:?}, found {here:?}",
                        place.display(),
                        index + 1
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\n{} wrong",
        wrong.join("\n"),
        wrong.len()
    );
    assert!(
        labelled >= 250 && silent >= 100,
        "{labelled} labelled lines, {silent} without a label"
    );
}
