//! `codex check`, end to end: each file of `fixtures/check/` (its options, its sources) and of `fixtures/change/` (what a
//! change introduces) is a case.
//!
//! A case is a history in steps: `base` is committed on `main` before a branch `feature` is checked out; then each step
//! writes files, runs a piece of `sh`, and runs codex. A finding is written `rule path:line certainty disposition`, a
//! cause `path:line < path:line text`. `{rev REVISION}` in a variable or a text stands for the id of a commit.
//! Deliberately absent: what a terminal shows (`transcripts.rs`).
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scratch;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the case is about.
    about: String,
    /// Files of the first commit; without it there is no repository.
    base: Option<BTreeMap<String, String>>,
    step: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Files to write.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// What `sh` does then.
    sh: Option<String>,
    /// What codex is called with then.
    run: Option<String>,
    /// Variables for codex.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// A file for its standard input.
    stdin: Option<String>,
    /// Its exit code.
    exit: Option<i32>,
    /// All findings; asks for JSON.
    findings: Option<Vec<String>>,
    /// The causes of all findings that have one.
    causes: Option<Vec<String>>,
    /// All files that are not checked, `path: reason`.
    #[serde(default)]
    unchecked: Vec<String>,
    /// Values in the JSON, by pointer.
    #[serde(default)]
    json: BTreeMap<String, toml::Value>,
    /// Texts on standard output.
    #[serde(default)]
    shows: Vec<String>,
    /// Texts that must not be there.
    #[serde(default)]
    hides: Vec<String>,
    /// Texts on standard error.
    #[serde(default)]
    says: Vec<String>,
}

#[test]
fn every_case_holds() {
    let mut files: Vec<PathBuf> = ["fixtures/check", "fixtures/change"]
        .into_iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    assert!(files.len() >= 100, "{} cases", files.len());
    let (queue, complaints) = (Mutex::new(files.into_iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(file) = queue.lock().unwrap().next() else {
                        return;
                    };
                    let found = run(&file);
                    complaints.lock().unwrap().extend(found);
                }
            });
        }
    });
    let mut complaints = complaints.into_inner().unwrap();
    complaints.sort();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Plays a case; what is not as it should be.
fn run(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let case: Case =
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let scratch = scratch::folder();
    let folder = scratch.path().canonicalize().unwrap().join("repository");
    fs::create_dir(&folder).unwrap();
    if let Some(base) = &case.base {
        write_all(&folder, base);
        let begin =
            "git init -q -b main; git add -A; git commit -q -m base; git checkout -q -b feature";
        shell(&folder, begin).unwrap();
    }
    let mut complaints = Vec::new();
    for (index, step) in case.step.iter().enumerate() {
        write_all(&folder, &step.files);
        let prepared = step.sh.as_ref().map_or(Ok(()), |sh| shell(&folder, sh));
        let found = match (prepared, &step.run) {
            (Err(said), _) => said,
            (Ok(()), Some(arguments)) => check(&folder, arguments, step),
            (Ok(()), None) => String::new(),
        };
        if !found.is_empty() {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            let number = index + 1;
            complaints.push(format!("{name} (step {number}): {}\n{found}", case.about));
        }
    }
    complaints
}

fn write_all(folder: &Path, files: &BTreeMap<String, String>) {
    for (path, text) in files {
        scratch::write(folder, path, text);
    }
}

/// Puts ids in the place of `{rev REVISION}`.
fn with_ids(folder: &Path, text: &str) -> String {
    let Some((before, rest)) = text.split_once("{rev ") else {
        return text.to_owned();
    };
    let (revision, after) = rest.split_once('}').unwrap();
    let mut command = Command::new("git");
    scratch::calm(&mut command, folder);
    let output = command
        .current_dir(folder)
        .args(["rev-parse", "--verify", revision])
        .output()
        .unwrap();
    assert!(output.status.success(), "{revision}");
    let id = String::from_utf8(output.stdout).unwrap();
    format!("{before}{}{}", id.trim(), with_ids(folder, after))
}

fn shell(folder: &Path, script: &str) -> Result<(), String> {
    let mut command = Command::new("sh");
    scratch::calm(&mut command, folder);
    for who in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{who}_NAME"), "a")
            .env(format!("GIT_{who}_EMAIL"), "a@example.com")
            .env(format!("GIT_{who}_DATE"), "2026-01-01T00:00:00Z");
    }
    let output = command
        .current_dir(folder)
        .args(["-eu", "-c", script])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("  {script}\n{said}")),
    }
}

/// Runs codex; what is not as the step says.
fn check(folder: &Path, arguments: &str, step: &Step) -> String {
    let output = call(folder, arguments, step);
    let (out, error) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let mut found = String::new();
    let mut complain = |text: String| writeln!(found, "  {text}").unwrap();
    if output.status.code() != step.exit {
        let (is, wanted) = (output.status.code(), step.exit);
        complain(format!("exit code {is:?} instead of {wanted:?}"));
    }
    for (name, stream, texts) in [("output", &out, &step.shows), ("error", &error, &step.says)] {
        let texts = texts.iter().map(|text| with_ids(folder, text));
        for text in texts.filter(|text| !stream.contains(text.as_str())) {
            complain(format!("standard {name} has no {text:?}"));
        }
        let is_raw = |character: &char| {
            character.is_control() && *character != '\n'
                || ('\u{202A}'..='\u{202E}').contains(character)
        };
        if let Some(raw) = stream.chars().find(is_raw) {
            complain(format!("standard {name} holds a raw {raw:?}"));
        }
    }
    for text in step.hides.iter().filter(|text| out.contains(text.as_str())) {
        complain(format!("standard output has {text:?}"));
    }
    if let Some(wanted) = &step.findings {
        match serde_json::from_slice::<Value>(&output.stdout) {
            Ok(report) => {
                compare("findings", wanted, &findings(&report), &mut complain);
                if let Some(wanted) = &step.causes {
                    compare("causes", wanted, &causes(&report), &mut complain);
                }
                compare(
                    "unchecked",
                    &step.unchecked,
                    &unchecked(&report),
                    &mut complain,
                );
                check_sums(&report, arguments, &mut complain);
                for (pointer, wanted) in &step.json {
                    let mut wanted = serde_json::to_value(wanted).unwrap();
                    if let Some(text) = wanted.as_str() {
                        wanted = Value::String(with_ids(folder, text));
                    }
                    if report.pointer(pointer) != Some(&wanted) {
                        let is = report.pointer(pointer);
                        complain(format!("{pointer} is {is:?} instead of {wanted}"));
                    }
                }
            }
            Err(why) => complain(format!("no JSON: {why}")),
        }
    }
    if !found.is_empty() {
        let shown = if step.findings.is_some() { "" } else { &out };
        write!(found, "{shown}{error}").unwrap();
    }
    found
}

fn call(folder: &Path, arguments: &str, step: &Step) -> Output {
    let mut command = scratch::codex(folder);
    command.args(shlex::split(arguments).unwrap());
    if step.findings.is_some() {
        command.args(["--format", "json"]);
    }
    let mut child = command
        .envs(
            step.env
                .iter()
                .map(|(name, value)| (name, with_ids(folder, value))),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let input = step
        .stdin
        .as_ref()
        .map(|file| fs::read(folder.join(file)).unwrap());
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(&input.unwrap_or_default()).unwrap();
    drop(pipe);
    child.wait_with_output().unwrap()
}

fn compare(what: &str, wanted: &[String], is: &[String], complain: &mut impl FnMut(String)) {
    for line in is.iter().filter(|line| !wanted.contains(line)) {
        complain(format!("{what}, too many: {line}"));
    }
    for line in wanted.iter().filter(|line| !is.contains(line)) {
        complain(format!("{what}, missing: {line}"));
    }
    if wanted != is {
        complain(format!("{what}: {is:?}\n  instead of {wanted:?}"));
    }
}

fn list<'a>(report: &'a Value, key: &str) -> &'a [Value] {
    report[key].as_array().map_or(&[], Vec::as_slice)
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn findings(report: &Value) -> Vec<String> {
    let line = |finding: &Value| {
        format!(
            "{} {}:{} {} {}",
            word(finding, "rule"),
            word(finding, "path"),
            finding["focus"]["start"]["line"],
            word(finding, "certainty"),
            word(finding, "disposition"),
        )
    };
    list(report, "findings").iter().map(line).collect()
}

fn causes(report: &Value) -> Vec<String> {
    let line = |finding: &Value| {
        let cause = finding["cause"].as_object()?;
        Some(format!(
            "{}:{} < {}:{} {}",
            word(finding, "path"),
            finding["focus"]["start"]["line"],
            cause["path"].as_str()?,
            cause["line"],
            cause["text"].as_str()?,
        ))
    };
    list(report, "findings").iter().filter_map(line).collect()
}

fn unchecked(report: &Value) -> Vec<String> {
    let line = |file: &Value| format!("{}: {}", word(file, "path"), word(file, "reason"));
    list(report, "unchecked").iter().map(line).collect()
}

/// What holds in every report.
fn check_sums(report: &Value, arguments: &str, complain: &mut impl FnMut(String)) {
    let is_change = !arguments.contains("--all");
    for disposition in [
        "block",
        "review",
        "warn",
        "note",
        "cleared",
        "suppressed",
        "baseline",
    ] {
        let findings = list(report, "findings")
            .iter()
            .filter(|finding| word(finding, "disposition") == disposition)
            .count();
        let more = if is_change && disposition == "review" {
            list(report, "unchecked").len()
        } else {
            0
        };
        let counted = &report["summary"][disposition];
        if counted.as_u64() != u64::try_from(findings + more).ok() {
            complain(format!("summary says {counted} {disposition}"));
        }
    }
    let mut fingerprints: Vec<&str> = list(report, "findings")
        .iter()
        .map(|finding| word(finding, "fingerprint"))
        .collect();
    let all = fingerprints.len();
    fingerprints.sort_unstable();
    fingerprints.dedup();
    if fingerprints.len() != all || fingerprints.iter().any(|text| text.len() != 16) {
        complain(format!("fingerprints: {fingerprints:?}"));
    }
    for finding in list(report, "findings") {
        if finding["introduced"] != is_change {
            complain(format!("introduced is {}", finding["introduced"]));
        }
    }
}
