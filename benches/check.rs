//! How long a check takes, part by part: `parse` and `scan` over the same sources, and a whole run of the program beside
//! `git diff` in the same repository. docs/performance.md says how to read it.
//!
//! Deliberately absent: limits. A machine that is busy with something else fails no build.

#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up has nothing to report"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::slice;

use codex::change::Snapshot;
use codex::language::Language;
use codex::matcher::Tree;
use codex::rule::{Rule, in_force};
use codex::scan::Scanner;
use codex::source::RepoPath;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// What makes the rules alive that speak of panics: without it most files would not even be parsed.
const LIVELY: &str =
    "\n#[test]\nfn lively() {\n    first().unwrap();\n    second().expect(\"it is there\");\n}\n";

/// Why nothing here handles a failure.
const WORKS: &str = "what a benchmark makes for itself is there, or there is nothing to measure";

/// How many times the sources lie in the scratch repository.
const COPIES: usize = 8;

type Sources = BTreeMap<RepoPath, Vec<u8>>;

fn parse_and_scan(criterion: &mut Criterion) {
    let rules = in_force::embedded();
    let rust = sources("src", "rs");
    let lively = rust
        .iter()
        .map(|(path, text)| (path.clone(), [text, LIVELY.as_bytes()].concat()))
        .collect();
    let lua = sources("fixtures", "lua");
    let mut group = criterion.benchmark_group("sources");
    for (name, sources) in [("rust", rust), ("rust, lively", lively), ("lua", lua)] {
        group.throughput(Throughput::Bytes(size(&sources)));
        group.bench_with_input(BenchmarkId::new("parse", name), &sources, |bencher, all| {
            bencher.iter(|| {
                all.iter()
                    .map(|(path, text)| parse(path, text))
                    .sum::<u32>()
            });
        });
        group.bench_with_input(BenchmarkId::new("scan", name), &sources, |bencher, all| {
            let snapshot = Snapshot::memory(all.clone());
            let scanner = Scanner::new(&rules, true);
            bencher.iter(|| {
                all.keys()
                    .map(|path| scan(&scanner, &snapshot, path))
                    .sum::<usize>()
            });
        });
    }
    group.finish();
}

fn arrange(criterion: &mut Criterion) {
    criterion.bench_function("rules/read", |bencher| bencher.iter(in_force::embedded));
    let rules: Vec<Rule> = in_force::embedded();
    criterion.bench_function("rules/arrange", |bencher| {
        bencher.iter(|| Scanner::new(&rules, true));
    });
}

fn whole_check(criterion: &mut Criterion) {
    let scratch = tempfile::tempdir().expect(WORKS);
    let root = scratch.path();
    repository_with_a_change(root);
    let mut group = criterion.benchmark_group("change");
    group.bench_function("git diff", |bencher| {
        bencher.iter(|| run(root, "git", &["diff", "HEAD"]));
    });
    group.bench_function("codex check", |bencher| {
        bencher.iter(|| {
            run(
                root,
                env!("CARGO_BIN_EXE_codex"),
                &["check", "--base", "HEAD", "--exit-zero"],
            )
        });
    });
    group.finish();
    let report = run(
        root,
        env!("CARGO_BIN_EXE_codex"),
        &["check", "--base", "HEAD", "--exit-zero"],
    );
    let report = String::from_utf8_lossy(&report.stdout);
    assert!(
        report.contains("src/scan.rs"),
        "what was measured did not see the change:\n{report}"
    );
}

fn parse(path: &RepoPath, text: &[u8]) -> u32 {
    let grammar = (Language::of(path).expect(WORKS).grammar)();
    Tree::parse(text, &grammar).expect(WORKS).len()
}

/// One file at a time, so that threads do not hide what it costs beside [`parse`].
fn scan(scanner: &Scanner<'_>, snapshot: &Snapshot, path: &RepoPath) -> usize {
    scanner
        .scan(snapshot, slice::from_ref(path))
        .candidates
        .len()
}

/// Some hundred committed files, and three of them edited; one edit breaks a rule.
fn repository_with_a_change(root: &Path) {
    let mut sources = sources("src", "rs");
    sources.append(&mut self::sources("fixtures", "lua"));
    for copy in 0..COPIES {
        for (path, text) in &sources {
            let file = root.join(format!("part{copy}")).join(path.to_path());
            fs::create_dir_all(file.parent().expect(WORKS)).expect(WORKS);
            fs::write(file, text).expect(WORKS);
        }
    }
    git(root, &["init", "--quiet"]);
    git(root, &["config", "user.name", "bench"]);
    git(root, &["config", "user.email", "bench@localhost"]);
    git(root, &["config", "commit.gpgsign", "false"]);
    git(root, &["add", "."]);
    git(root, &["commit", "--quiet", "--message", "base"]);
    for (file, text) in [
        ("part0/src/lib.rs", "\nmod another;\n"),
        (
            "part1/src/scan.rs",
            "\nfn careless() -> u8 {\n    first().unwrap()\n}\n",
        ),
        (
            "part2/src/config.rs",
            "\nfn careful() -> Option<u8> {\n    first()\n}\n",
        ),
    ] {
        let file = root.join(file);
        let edited = fs::read_to_string(&file).expect(WORKS) + text;
        fs::write(file, edited).expect(WORKS);
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    run(folder, "git", arguments);
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program)
        .current_dir(folder)
        .env_remove("CI") // there, the work tree would not be what is checked
        .args(arguments)
        .output()
        .expect(WORKS);
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// The sources of this repository's own folder.
fn sources(folder: &str, extension: &str) -> Sources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Sources::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect(WORKS) {
            let path = entry.expect(WORKS).path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let inner = RepoPath::from_path(path.strip_prefix(root).expect(WORKS));
                sources.insert(inner, fs::read(path).expect(WORKS));
            }
        }
    }
    sources
}

fn size(sources: &Sources) -> u64 {
    sources.values().map(|text| text.len() as u64).sum()
}

criterion_group!(benches, parse_and_scan, arrange, whole_check);
criterion_main!(benches);
