//! Exceptions in the code: each case of `fixtures/suppress/*.toml` is a source, and what is found in it on 2026-03-02.
//!
//! A finding is written `line rule disposition`, built-in rules without their `codex-allow-`. All cases of a file are
//! checked in one run. Deliberately absent: exceptions in a change (`fixtures/check/`, `fixtures/change/`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// 2026-03-02, at noon.
const TODAY: &str = "1772452800";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the case is about.
    about: String,
    /// The source.
    code: String,
    /// Where it lies; by default it is product code.
    path: Option<String>,
    /// What is found.
    findings: Vec<String>,
    /// Texts of which each is in a message.
    #[serde(default)]
    says: Vec<String>,
    /// Parts of the exceptions: `reason`, `until`, `owner`, as `key: value`.
    #[serde(default)]
    suppressed: Vec<String>,
}

#[test]
fn rust() {
    play("rust", "rs", 30);
}

#[test]
fn lua() {
    play("lua", "lua", 12);
}

fn play(language: &str, extension: &str, least: usize) {
    let text = fs::read_to_string(format!("fixtures/suppress/{language}.toml")).unwrap();
    let cases: Cases = toml::from_str(&text).unwrap();
    assert!(cases.case.len() >= least, "{} cases", cases.case.len());
    let scratch = scratch::folder();
    let folder = scratch.path();
    prepare(folder);
    let mut paths = Vec::new();
    for (index, case) in cases.case.iter().enumerate() {
        let path = case.path.clone();
        let path = path.unwrap_or_else(|| format!("lib/case_{index:03}.{extension}"));
        scratch::write(folder, &path, &case.code);
        paths.push(path);
    }
    let report = check(folder, &["--all", "--exit-zero"]);
    let mut found: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap() {
        found
            .entry(finding["path"].as_str().unwrap())
            .or_default()
            .push(finding);
    }
    let mut complaints = Vec::new();
    for (case, path) in cases.case.iter().zip(&paths) {
        let found = found.remove(path.as_str()).unwrap_or_default();
        let wrong = compare(case, &found);
        if !wrong.is_empty() {
            complaints.push(format!("{}:\n{wrong}{}", case.about, case.code));
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// The rules, compiled.
fn prepare(folder: &Path) {
    scratch::write(folder, "codex.toml", "extends = []\n");
    let rfc = fs::read("fixtures/suppress/rfc.md").unwrap();
    scratch::write(folder, "rfcs/0001-words.md", rfc);
    let output = scratch::codex(folder).arg("compile").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

fn check(folder: &Path, arguments: &[&str]) -> Value {
    let output = scratch::codex(folder)
        .args(["check", "--format", "json"])
        .args(arguments)
        .env("SOURCE_DATE_EPOCH", TODAY)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn compare(case: &Case, found: &[&Value]) -> String {
    let line = |finding: &&Value| {
        let rule = finding["rule"].as_str().unwrap();
        format!(
            "{} {} {}",
            finding["focus"]["start"]["line"],
            rule.strip_prefix("codex-allow-").unwrap_or(rule),
            finding["disposition"].as_str().unwrap(),
        )
    };
    let is: Vec<String> = found.iter().map(line).collect();
    let mut wrong = String::new();
    if is != case.findings {
        wrong.push_str(&format!("  {is:?}\n  instead of {:?}\n", case.findings));
    }
    let messages: Vec<&str> = found
        .iter()
        .map(|finding| finding["message"].as_str().unwrap())
        .collect();
    for text in &case.says {
        if !messages.iter().any(|message| message.contains(text)) {
            wrong.push_str(&format!("  nothing says {text:?}: {messages:?}\n"));
        }
    }
    let exceptions: Vec<&Value> = found
        .iter()
        .map(|finding| &finding["suppressed"])
        .filter(|suppressed| !suppressed.is_null())
        .collect();
    for text in &case.suppressed {
        let (key, value) = text.split_once(": ").unwrap();
        let shown = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
        if !exceptions
            .iter()
            .any(|exception| shown(&exception[key]) == value)
        {
            wrong.push_str(&format!("  no exception has {text:?}: {exceptions:?}\n"));
        }
    }
    wrong
}
