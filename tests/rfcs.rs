//! RFCs that are wrong in every way that there is: each of `fixtures/rfcs/` is compiled, alone or as a folder, and every
//! complaint must be the one in the `.expected` file beside it: file, line, the marked text, message, help.
//!
//! `OVERWRITE=1 cargo test --test rfcs` writes those files anew; they are then read, not trusted.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use codex::config::Config;
use codex::problem::Problem;

const FIXTURES: &str = "fixtures/rfcs";

#[test]
fn every_complaint_is_the_expected_one() {
    let mut cases: Vec<PathBuf> = fs::read_dir(FIXTURES)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none_or(|extension| extension == "md"))
        .collect();
    cases.sort();
    assert!(cases.len() >= 80, "{} cases", cases.len());
    let overwrite = std::env::var_os("OVERWRITE").is_some();
    let mut wrong = Vec::new();
    for case in cases {
        let scratch = scratch::folder();
        copy(&case, scratch.path());
        let is = complaints(scratch.path());
        let place = case.with_extension("expected");
        if overwrite {
            fs::write(&place, &is).unwrap();
        }
        let wanted = fs::read_to_string(&place).unwrap_or_default();
        if is != wanted {
            wrong.push(format!("{}:\n{is}instead of\n{wanted}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A file becomes RFC 1; a folder is taken as it is.
fn copy(case: &Path, folder: &Path) {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    if case.is_file() {
        let path = format!("rfcs/0001-{}", name(case));
        scratch::write(folder, &path, fs::read(case).unwrap());
        return;
    }
    for entry in fs::read_dir(case).unwrap() {
        let path = entry.unwrap().path();
        scratch::write(
            folder,
            &format!("rfcs/{}", name(&path)),
            fs::read(&path).unwrap(),
        );
    }
}

fn complaints(folder: &Path) -> String {
    let compiled = codex::compile::compile(&Config::default_in(folder)).unwrap();
    if compiled.problems.is_empty() {
        let shown = |outcome: &codex::compile::Outcome| {
            format!(
                "{}: no complaint; matched {:?}, reviewed {:?}, not enforced {:?}\n",
                outcome.path, outcome.matched, outcome.reviewed, outcome.not_enforced
            )
        };
        return compiled.rfcs.iter().map(shown).collect();
    }
    compiled.problems.iter().map(shown).collect()
}

fn shown(problem: &Problem) -> String {
    let marked = problem.document.text.get(problem.span.clone()).unwrap();
    let marked = match marked.split_once('\n') {
        Some((first, _)) => format!("{} ...", first.trim_end()),
        None => marked.to_owned(),
    };
    let help = problem
        .help
        .as_ref()
        .map_or(String::new(), |help| format!("    help: {help}\n"));
    format!(
        "{}:{}: {marked:?}\n    {}\n{help}",
        problem.document.name,
        problem.line(),
        problem.message
    )
}

/// All files of a folder, with their bytes.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else {
        return BTreeMap::new();
    };
    let file = |entry: fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, fs::read(entry.path()).unwrap())
    };
    entries.map(|entry| file(entry.unwrap())).collect()
}

/// Exit code, standard output, standard error.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = scratch::codex(folder).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn prepared(case: &str) -> tempfile::TempDir {
    let scratch = scratch::folder();
    copy(&Path::new(FIXTURES).join(case), scratch.path());
    scratch
}

#[test]
fn nothing_is_written_when_anything_is_wrong() {
    let scratch = prepared("several-broken");
    let folder = scratch.path();
    let wanted = fs::read_to_string(Path::new(FIXTURES).join("several-broken.expected")).unwrap();
    let messages: Vec<&str> = wanted
        .lines()
        .filter(|line| line.starts_with("    ") && !line.starts_with("    help"))
        .map(str::trim)
        .collect();
    for command in [&["compile"][..], &["compile", "--check"], &["test"]] {
        let (code, _, said) = run(folder, command);
        assert_eq!(code, Some(2), "{command:?}: {said}");
        let said = said.replace('│', " ");
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for message in &messages {
            assert!(
                said.contains(message),
                "{command:?}: no {message:?} in {said}"
            );
        }
        let count = format!(
            "the RFCs have {} problems; nothing was written",
            messages.len()
        );
        assert!(said.contains(&count), "{command:?}: no {count:?} in {said}");
        assert!(!folder.join("rules").exists(), "{command:?} wrote");
    }
}

#[test]
fn what_was_compiled_before_stays_when_anything_is_wrong() {
    let scratch = prepared("nothing-wrong.md");
    let folder = scratch.path();
    assert_eq!(run(folder, &["compile"]).0, Some(0));
    let before = contents(&folder.join("rules"));
    copy(&Path::new(FIXTURES).join("several-broken"), folder);
    assert_eq!(run(folder, &["compile"]).0, Some(2));
    assert_eq!(contents(&folder.join("rules")), before);
}

#[test]
fn the_same_rfcs_give_the_same_bytes() {
    let (first, second) = (
        prepared("several-superseded-is-fine"),
        prepared("several-superseded-is-fine"),
    );
    assert_eq!(run(first.path(), &["compile"]).0, Some(0));
    let once = contents(&first.path().join("rules"));
    let names: Vec<&str> = once.keys().map(String::as_str).collect();
    assert_eq!(names, ["0002-b.yaml", "index.json"]);
    assert_eq!(run(first.path(), &["compile"]).0, Some(0));
    assert_eq!(contents(&first.path().join("rules")), once, "twice");
    assert_eq!(run(second.path(), &["compile"]).0, Some(0));
    assert_eq!(contents(&second.path().join("rules")), once, "elsewhere");
    let (code, _, said) = run(
        Path::new("/"),
        &["-C", second.path().to_str().unwrap(), "compile"],
    );
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(
        contents(&second.path().join("rules")),
        once,
        "from elsewhere"
    );
}

#[test]
fn line_ends_and_a_byte_order_mark_make_no_difference() {
    let (plain, marked) = (
        prepared("nothing-wrong.md"),
        prepared("bom-and-crlf-are-fine.md"),
    );
    let mut compiled = Vec::new();
    for scratch in [&plain, &marked] {
        let (code, _, said) = run(scratch.path(), &["compile"]);
        assert_eq!(code, Some(0), "{said}");
        let files = contents(&scratch.path().join("rules"));
        let text = String::from_utf8(files.into_values().next().unwrap()).unwrap();
        compiled.push(text.replace("bom-and-crlf-are-fine", "nothing-wrong"));
    }
    assert_eq!(compiled[0], compiled[1]);
}

#[test]
fn check_finds_what_is_stale() {
    let scratch = prepared("several-superseded-is-fine");
    let folder = scratch.path();
    let stale = |wanted: &[&str]| {
        let before = contents(&folder.join("rules"));
        let (code, shown, said) = run(folder, &["compile", "--check"]);
        assert_eq!(said, "");
        let lines: Vec<&str> = shown
            .lines()
            .filter_map(|line| line.strip_prefix("stale: "))
            .collect();
        assert_eq!(lines, wanted, "{shown}");
        assert_eq!(code, Some(i32::from(!wanted.is_empty())));
        assert_eq!(contents(&folder.join("rules")), before, "--check wrote");
    };
    stale(&["rules/0002-b.yaml", "rules/index.json"]);
    assert_eq!(run(folder, &["compile"]).0, Some(0));
    stale(&[]);

    let rules = folder.join("rules/0002-b.yaml");
    let text = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, text.replace("forbidden(", "forbiden(")).unwrap();
    stale(&["rules/0002-b.yaml"]);
    fs::write(&rules, &text).unwrap();
    stale(&[]);

    fs::write(folder.join("rules/0009-gone.yaml"), "").unwrap();
    stale(&["rules/0009-gone.yaml"]);
    fs::remove_file(folder.join("rules/index.json")).unwrap();
    stale(&["rules/0009-gone.yaml", "rules/index.json"]);
    fs::write(folder.join("rules/README.md"), "ours").unwrap();
    assert_eq!(run(folder, &["compile"]).0, Some(0));
    stale(&[]);
    let names: Vec<String> = contents(&folder.join("rules")).into_keys().collect();
    assert_eq!(names, ["0002-b.yaml", "README.md", "index.json"]);

    let rfc = folder.join("rfcs/0002-b.md");
    let text = fs::read_to_string(&rfc).unwrap();
    fs::write(&rfc, format!("{text}\nMore to say.\n")).unwrap();
    stale(&["rules/0002-b.yaml"]);
}

#[test]
fn without_rfcs_there_is_nothing_to_compile() {
    let scratch = scratch::folder();
    for command in ["compile", "test"] {
        let (code, _, said) = run(scratch.path(), &[command]);
        assert_eq!(code, Some(2));
        assert!(said.contains("no RFC in "), "{said}");
        assert!(said.contains("rfcs/[0-9]*.md"), "{said}");
    }
}

#[test]
fn compile_needs_no_git_and_other_markdown_is_no_rfc() {
    let scratch = prepared("nothing-wrong.md");
    scratch::write(scratch.path(), "rfcs/README.md", "# Read me\n");
    scratch::write(scratch.path(), "rfcs/deeper/0002-x.md", "# No RFC\n");
    let output = scratch::codex(scratch.path())
        .arg("compile")
        .env("PATH", "")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let wanted = "rfcs/0001-nothing-wrong.md: 1 matched, 0 reviewed, 0 not enforced\n";
    assert_eq!(shown, wanted);
}

#[test]
fn codex_test_lists_every_example_and_writes_nothing() {
    let scratch = prepared("nothing-wrong.md");
    let (code, shown, _) = run(scratch.path(), &["test"]);
    assert_eq!(code, Some(0));
    let wanted = "rfcs/0001-nothing-wrong.md:22 forbidden-call rust bad: holds\n\
        rfcs/0001-nothing-wrong.md:26 forbidden-call rust good: holds\n\
        2 examples hold, 0 fail, 0 are for a reviewer\n";
    assert_eq!(shown, wanted);
    assert!(!scratch.path().join("rules").exists());
    let scratch = prepared("example-good-raises.md");
    let (code, shown, _) = run(scratch.path(), &["test"]);
    assert_eq!(code, Some(2));
    assert!(shown.contains("rust good: FAILS\n"), "{shown}");
    assert!(
        shown.contains("1 example holds, 1 fails, 0 are for a reviewer\n"),
        "{shown}"
    );
}
