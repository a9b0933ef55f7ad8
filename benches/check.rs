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
use codex::language::{Language, Workspace};
use codex::matcher::Tree;
use codex::rule::{Rule, in_force};
use codex::scan::Scanner;
use codex::source::RepoPath;
use criterion::{BenchmarkId, Criterion, Throughput};

/// What makes the rules alive that speak of panics: without it most files would not even be parsed.
const LIVELY: &str =
    "\n#[test]\nfn lively() {\n    first().unwrap();\n    second().expect(\"it is there\");\n}\n";

/// How many files the scratch repository holds, and how many of them the change edits.
const FILES: usize = 5_000;
const EDITED: usize = 10;

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
            let workspace = Workspace::new(&snapshot);
            let scanner = Scanner::new(&rules, true);
            bencher.iter(|| {
                all.keys()
                    .map(|path| scan(&scanner, &workspace, path))
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
    // The rules of a language are arranged for its first file.
    let empty = ["empty.rs", "empty.lua"].map(|name| (RepoPath::from(name), Vec::new()));
    let snapshot = Snapshot::memory(empty.clone().into());
    let workspace = Workspace::new(&snapshot);
    criterion.bench_function("rules/arrange", |bencher| {
        bencher.iter(|| {
            let scanner = Scanner::new(&rules, true);
            let paths = empty.iter().map(|(path, _)| path);
            paths
                .map(|path| scan(&scanner, &workspace, path))
                .sum::<usize>()
        });
    });
}

/// Each form of check beside what git takes for the same diff; and ast-grep, where it is installed, on the same files.
fn whole_check(criterion: &mut Criterion) -> Outcome<()> {
    let scratch = tempfile::tempdir()?;
    let root = scratch.path();
    let edited = repository_with_a_change(root)?;
    let codex = env!("CARGO_BIN_EXE_codex");
    let mut ast_grep = vec!["run", "--lang", "rust", "--pattern", "$X.unwrap()"];
    ast_grep.extend(edited.iter().map(String::as_str));
    let mut forms = vec![
        ("commits/git diff", "git", vec!["diff", "main", "HEAD"]),
        (
            "commits/codex check",
            codex,
            vec!["check", "--base", "main", "--head", "HEAD", "--exit-zero"],
        ),
        ("work tree/git diff", "git", vec!["diff", "main"]),
        (
            "work tree/codex check",
            codex,
            vec!["check", "--base", "main", "--exit-zero"],
        ),
    ];
    if Command::new("ast-grep").arg("--version").output().is_ok() {
        forms.push(("commits/ast-grep", "ast-grep", ast_grep));
    }
    let mut group = criterion.benchmark_group("change");
    for (name, program, arguments) in &forms {
        let output = run(root, program, arguments)?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !text.contains("careless().unwrap()") {
            return Err(format!("{name}: the change is not seen:\n{text}").into());
        }
        group.bench_function(*name, |bencher| {
            bencher.iter(|| run(root, program, arguments));
        });
    }
    group.finish();
    Ok(())
}

fn parse(path: &RepoPath, text: &[u8]) -> Option<u32> {
    let grammar = (Language::of(path)?.grammar)();
    Some(Tree::parse(text, &grammar)?.len())
}

/// One file at a time, so that threads do not hide what it costs beside [`parse`].
fn scan(scanner: &Scanner<'_>, workspace: &Workspace<'_>, path: &RepoPath) -> usize {
    scanner
        .scan(workspace, slice::from_ref(path))
        .candidates
        .len()
}

/// A repository with a change on a branch; the files that it edits. One edit breaks a rule.
fn repository_with_a_change(root: &Path) -> Outcome<Vec<String>> {
    let sources = sources("src", "rs")?;
    let paths = (0..).flat_map(|copy| sources.iter().map(move |source| (copy, source)));
    let mut files = Vec::new();
    for (copy, (path, text)) in paths.take(FILES) {
        let part = root.join(format!("part{copy}"));
        fs::create_dir_all(&part)?;
        fs::write(
            part.join("Cargo.toml"),
            format!("[package]\nname = \"part{copy}\"\n"),
        )?;
        let file = part.join(path.to_path());
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&file, text)?;
        files.push(file);
    }
    for arguments in [
        ["init", "--quiet", "--initial-branch=main"].as_slice(),
        &["config", "user.name", "bench"],
        &["config", "user.email", "bench@localhost"],
        &["config", "commit.gpgsign", "false"],
        &["add", "."],
        &["commit", "--quiet", "--message", "base"],
        &["checkout", "--quiet", "-b", "feature"],
    ] {
        run(root, "git", arguments)?;
    }
    let mut edited = Vec::new();
    for (index, file) in files.iter().step_by(FILES / EDITED).enumerate() {
        let more = if index == 0 {
            "\nfn breaks_a_rule() -> u8 {\n    careless().unwrap()\n}\n"
        } else {
            "\nfn breaks_none() -> Option<u8> {\n    careful()\n}\n"
        };
        fs::write(file, fs::read_to_string(file)? + more)?;
        edited.push(file.strip_prefix(root)?.to_string_lossy().into_owned());
    }
    for arguments in [
        ["commit", "--quiet", "--all", "--message", "change"].as_slice(),
        // As whoever clones it gets it.
        &["gc", "--quiet"],
    ] {
        run(root, "git", arguments)?;
    }
    Ok(edited)
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
