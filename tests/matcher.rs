//! The matcher finds what ast-grep finds, and refuses what ast-grep refuses.
//!
//! `fixtures/matcher/LANGUAGE/expected` was recorded with ast-grep 0.51.1 (`fixtures/matcher/record.py` runs it over `code/`
//! with the rules of `rules/` and the utils of `utils/`): one line per finding, `file:byte-byte rule`, and one per rule
//! that it does not accept, `refused rule`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn found_by_codex(folder: &Path) -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_codex"));
    let scratch = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder.join("code")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, scratch.path().join(path.file_name().unwrap())).unwrap();
    }
    command
        .args([
            "check",
            "--all",
            "--exit-zero",
            "--no-suppressions",
            "--format",
            "json",
            "--rules",
        ])
        .arg(folder.join("rules"))
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .current_dir(scratch.path());
    if folder.join("utils").exists() {
        command.arg("--utils").arg(folder.join("utils"));
    }
    let output = command.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let finding = |finding: &Value| {
        let (start, end) = (
            &finding["range"]["start"]["byte"],
            &finding["range"]["end"]["byte"],
        );
        format!(
            "{}:{start}-{end} {}",
            text(&finding["path"]),
            text(&finding["rule"])
        )
    };
    let findings = report["findings"].as_array().unwrap().iter().map(finding);
    let refused = report["rules_refused"].as_array().unwrap().iter();
    let mut lines: Vec<String> = findings
        .chain(refused.map(|refused| format!("refused {}", text(&refused["rule"]))))
        .collect();
    lines.sort();
    lines
}

fn compare(folder: &Path) {
    let text = std::fs::read_to_string(folder.join("expected")).unwrap();
    let mut expected: Vec<&str> = text.lines().collect();
    expected.sort_unstable();
    assert!(
        expected.len() > 100,
        "hardly anything is compared in {}",
        folder.display()
    );
    assert_eq!(found_by_codex(folder), expected);
}

#[test]
fn every_language() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/matcher");
    for language in codex::language::ALL {
        compare(&folder.join(language.name));
    }
}
