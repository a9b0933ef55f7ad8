//! A repository with a thousand old findings: written down once, then a change with one new finding, and every format tells
//! exactly that one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Files of each language, and findings in each of them.
const FILES: usize = 25;
const FINDINGS: usize = 20;

const FORMATS: [&str; 8] = [
    "human", "json", "sarif", "github", "markdown", "gitlab", "rdjson", "junit",
];

fn rust(file: usize) -> String {
    let mut text = String::new();
    for index in 0..FINDINGS {
        // Some are alike: a baseline counts them.
        let name = index / 2;
        writeln!(
            text,
            "pub fn f{file}_{index}(x{name}: Option<u8>) -> u8 {{ x{name}.unwrap() }}"
        )
        .unwrap();
    }
    text
}

fn lua(file: usize) -> String {
    let mut text = String::new();
    for index in 0..FINDINGS {
        writeln!(text, "local function f{file}_{index}(rule)").unwrap();
        writeln!(text, "  local r{index} = nil\n  return r{index}.value\nend").unwrap();
    }
    text
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    scratch::calm(&mut git, folder);
    let identity = ["-c", "user.name=a", "-c", "user.email=a@localhost"];
    let output = git
        .current_dir(folder)
        .args(identity)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

fn codex(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = scratch::codex(folder).args(arguments).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), said)
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let (_, said) = codex(
        folder,
        &[&["check", "--format", "json"], arguments].concat(),
    );
    serde_json::from_str(&said).unwrap()
}

#[test]
fn of_a_thousand_old_findings_only_the_new_one_is_told() {
    let scratch = scratch::folder();
    let folder = scratch.path();
    scratch::write(folder, "codex.toml", "");
    for file in 0..FILES {
        scratch::write(folder, &format!("src/old_{file}.rs"), rust(file));
        scratch::write(folder, &format!("lua/old_{file}.lua"), lua(file));
    }
    git(folder, &["init", "-q", "-b", "main"]);
    let old = json(folder, &["--all"]);
    let found = old["summary"]["block"].as_u64().unwrap();
    assert!(found >= 1_000, "{found} old findings");
    let (code, said) = codex(folder, &["baseline"]);
    assert_eq!(
        (code, said),
        (0, format!("codex-baseline.json: {found} findings\n"))
    );
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", "old"]);

    let quiet = json(folder, &["--all"]);
    assert_eq!(quiet["summary"]["baseline"], found);
    assert_eq!(quiet["rejecting"], 0);
    let whole: u64 = quiet["by_rule"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| of["findings"]["baseline"].as_u64().unwrap())
        .sum();
    assert_eq!(whole, found, "counts per rule add up");

    // One new finding among old ones that move, and one old finding mended.
    git(folder, &["checkout", "-q", "-b", "feature"]);
    let text = rust(3);
    let new =
        format!("// more\n\n{text}\npub fn new(fresh: Option<u8>) -> u8 {{ fresh.unwrap() }}\n");
    scratch::write(folder, "src/old_3.rs", &new);
    let mended = lua(4).replacen("local r0 = nil", "local r0 = {}", 1);
    scratch::write(folder, "lua/old_4.lua", mended);
    let line = new.lines().count();
    let place = format!("src/old_3.rs:{line}");

    for (arguments, base) in [(&["--base", "main"][..], true), (&["--all"], false)] {
        let report = json(folder, arguments);
        let told: Vec<&Value> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["disposition"] != "baseline")
            .collect();
        let places: Vec<String> = told
            .iter()
            .map(|finding| {
                format!(
                    "{}:{}",
                    finding["path"].as_str().unwrap(),
                    finding["focus"]["start"]["line"]
                )
            })
            .collect();
        assert_eq!(places, [place.as_str()], "{arguments:?}");
        assert_eq!(report["summary"]["block"], 1);
        assert_eq!(report["base"].is_string(), base);
        for format in FORMATS {
            let (code, said) = codex(
                folder,
                &[&["check", "--format", format], arguments].concat(),
            );
            assert_eq!(code, 1, "{format}: {said}");
            told_once(format, &said, line);
        }
    }

    // What is mended drops out; the new one is not taken in.
    let (code, said) = codex(folder, &["baseline", "--prune"]);
    let pruned = format!(
        "codex-baseline.json: {} findings (before: {found})\n",
        found - 1
    );
    assert_eq!((code, said), (0, pruned));
    assert_eq!(codex(folder, &["check", "--all"]).0, 1);
}

/// Of all files of the report exactly the new finding's is told, at its line.
fn told_once(format: &str, said: &str, line: usize) {
    if format == "json" {
        return;
    }
    let old = (0..FILES).filter(|file| *file != 3);
    for name in old.flat_map(|file| [format!("old_{file}.rs"), format!("old_{file}.lua")]) {
        assert!(!said.contains(&name), "{format} tells {name}");
    }
    let (line_of_it, number) = match format {
        "human" => (format!("src/old_3.rs:{line}:"), 1),
        "github" => (format!("file=src/old_3.rs,line={line},"), 1),
        "markdown" => (format!("`src/old_3.rs:{line}`"), 1),
        "junit" => (format!("file=\"src/old_3.rs\" line=\"{line}\""), 1),
        "gitlab" => (format!("\"begin\": {line}"), 1),
        "sarif" => (format!("\"startLine\": {line}"), 1),
        "rdjson" => (format!("\"line\": {line}"), 2),
        other => (format!("no such format: {other}"), 1),
    };
    assert_eq!(
        said.matches(&line_of_it).count(),
        number,
        "{format}: {said}"
    );
}
