//! How long a check takes, part by part: `parse` and `scan` over the same sources, and a whole run of the program beside
//! `git diff` in the same repository. docs/performance.md says how to read it.
//!
//! Deliberately absent: limits. A machine that is busy with something else fails no build.

use std::collections::BTreeMap;
use std::error::Error;
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
use criterion::{BenchmarkId, Criterion, Throughput};

/// What makes the rules alive that speak of panics: without it most files would not even be parsed.
const LIVELY: &str =
    "\n#[test]\nfn lively() {\n    first().unwrap();\n    second().expect(\"it is there\");\n}\n";

/// How many times the sources lie in the scratch repository.
const COPIES: usize = 8;

type Sources = BTreeMap<RepoPath, Vec<u8>>;
type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut criterion = Criterion::default().configure_from_args();
    parse_and_scan(&mut criterion)?;
    arrange(&mut criterion);
    whole_check(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

fn parse_and_scan(criterion: &mut Criterion) -> Outcome<()> {
    let rules = in_force::embedded();
    let rust = sources("src", "rs")?;
    let lively = rust
        .iter()
        .map(|(path, text)| (path.clone(), [text, LIVELY.as_bytes()].concat()))
        .collect();
    let lua = sources("fixtures", "lua")?;
    let mut group = criterion.benchmark_group("sources");
    for (name, sources) in [("rust", rust), ("rust, lively", lively), ("lua", lua)] {
        group.throughput(Throughput::Bytes(size(&sources)));
        group.bench_with_input(BenchmarkId::new("parse", name), &sources, |bencher, all| {
            bencher.iter(|| {
                all.iter()
                    .map(|(path, text)| parse(path, text))
                    .sum::<Option<u32>>()
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
    Ok(())
}

fn arrange(criterion: &mut Criterion) {
    criterion.bench_function("rules/read", |bencher| bencher.iter(in_force::embedded));
    let rules: Vec<Rule> = in_force::embedded();
    criterion.bench_function("rules/arrange", |bencher| {
        bencher.iter(|| Scanner::new(&rules, true));
    });
}

fn whole_check(criterion: &mut Criterion) -> Outcome<()> {
    let scratch = tempfile::tempdir()?;
    let root = scratch.path();
    repository_with_a_change(root)?;
    let diff = || run(root, "git", &["diff", "HEAD"]);
    let arguments = ["check", "--base", "HEAD", "--exit-zero"];
    let check = || run(root, env!("CARGO_BIN_EXE_codex"), &arguments);
    for output in [diff()?, check()?] {
        let text = String::from_utf8_lossy(&output.stdout);
        if !text.contains("first().unwrap()") {
            return Err(format!("the change is not seen:\n{text}").into());
        }
    }
    let mut group = criterion.benchmark_group("change");
    group.bench_function("git diff", |bencher| bencher.iter(diff));
    group.bench_function("codex check", |bencher| bencher.iter(check));
    group.finish();
    Ok(())
}

fn parse(path: &RepoPath, text: &[u8]) -> Option<u32> {
    let grammar = (Language::of(path)?.grammar)();
    Some(Tree::parse(text, &grammar)?.len())
}

/// One file at a time, so that threads do not hide what it costs beside [`parse`].
fn scan(scanner: &Scanner<'_>, snapshot: &Snapshot, path: &RepoPath) -> usize {
    scanner
        .scan(snapshot, slice::from_ref(path))
        .candidates
        .len()
}

/// Some hundred committed files, and three of them edited; one edit breaks a rule.
fn repository_with_a_change(root: &Path) -> Outcome<()> {
    let mut sources = sources("src", "rs")?;
    sources.append(&mut self::sources("fixtures", "lua")?);
    for copy in 0..COPIES {
        let part = root.join(format!("part{copy}"));
        for (path, text) in &sources {
            let file = part.join(path.to_path());
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(file, text)?;
        }
    }
    for arguments in [
        ["init", "--quiet"].as_slice(),
        &["config", "user.name", "bench"],
        &["config", "user.email", "bench@localhost"],
        &["config", "commit.gpgsign", "false"],
        &["add", "."],
        &["commit", "--quiet", "--message", "base"],
    ] {
        run(root, "git", arguments)?;
    }
    for (file, text) in [
        ("part0/src/lib.rs", "\nmod another;\n"),
        (
            "part1/src/scan/mod.rs",
            "\nfn careless() -> u8 {\n    first().unwrap()\n}\n",
        ),
        (
            "part2/src/config.rs",
            "\nfn careful() -> Option<u8> {\n    first()\n}\n",
        ),
    ] {
        let file = root.join(file);
        let edited = fs::read_to_string(&file)? + text;
        fs::write(file, edited)?;
    }
    Ok(())
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> Outcome<Output> {
    let output = Command::new(program)
        .current_dir(folder)
        .env_remove("CI") // there, the work tree would not be what is checked
        .args(arguments)
        .output()?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program} {arguments:?}: {said}").into())
}

/// The sources of this repository's own folder.
fn sources(folder: &str, extension: &str) -> Outcome<Sources> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Sources::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let inner = RepoPath::from_path(path.strip_prefix(root)?);
                sources.insert(inner, fs::read(path)?);
            }
        }
    }
    Ok(sources)
}

fn size(sources: &Sources) -> u64 {
    sources.values().map(|text| text.len() as u64).sum()
}
