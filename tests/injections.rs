//! Code that talks to its reviewer: each attempt of `fixtures/injections/` against a reviewer that obeys it as far as the
//! protocol lets it. It decides about its own case at most; everything else stays as it was.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use std::fs;
use std::path::{Path, PathBuf};

use codex::review::{neutral, phrases};
use serde::Deserialize;
use serde_json::Value;

fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/injections")
        .join(name)
}

fn entries(name: &str) -> Vec<String> {
    let text = fs::read_to_string(place(name)).unwrap();
    text.trim_end().split("\n%%\n").map(str::to_owned).collect()
}

/// A certain violation, a question that tries to talk its way out, and another question.
fn code(attempt: &str) -> String {
    format!(
        "fn sure(x: Option<u8>) {{\n    x.unwrap();\n}}\n\
         fn victim(m: Mutex<u8>) {{\n    {attempt}\n    m.lock().unwrap();\n}}\n\
         fn bystander(m: Mutex<u8>) {{\n    m.lock().unwrap();\n}}\n"
    )
}

fn patch(code: &str) -> String {
    let lines: String = code.lines().map(|line| format!("+{line}\n")).collect();
    let count = code.lines().count();
    format!("--- /dev/null\n+++ b/src/a.rs\n@@ -0,0 +1,{count} @@\n{lines}")
}

#[test]
fn an_attempt_decides_about_its_own_case_at_most() {
    let attempts = entries("attempts.txt");
    let answers = entries("answers.txt");
    assert!(attempts.len() >= 60, "{} attempts", attempts.len());
    let mut wrong = Vec::new();
    for (index, attempt) in attempts.iter().enumerate() {
        let scratch = scratch::folder();
        let answer = &answers[index % answers.len()];
        scratch::write(scratch.path(), "answer", answer);
        scratch::write(scratch.path(), "change.patch", patch(&code(attempt)));
        let obeys = place("obeys.sh");
        let answer = scratch.path().join("answer");
        let words = ["sh", obeys.to_str().unwrap(), answer.to_str().unwrap()];
        let line = shlex::try_join(words).unwrap();
        let output = scratch::codex(scratch.path())
            .args(["check", "--diff", "change.patch", "--review", "command"])
            .args(["--format", "json", "--review-command", &line])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        let none = Vec::new();
        let findings = report["findings"].as_array().unwrap_or(&none);
        let last = code(attempt).lines().count() - 1;
        let at = |line: usize| {
            let is_there = |finding: &&Value| {
                finding["rule"] == "unwrap-outside-tests"
                    && finding["focus"]["start"]["line"] == line
            };
            findings.iter().find(is_there).unwrap_or(&Value::Null)
        };
        let own = at(last - 3)["disposition"].as_str().unwrap_or_default();
        let is_noted = findings
            .iter()
            .any(|finding| finding["rule"] == "codex-reviewer-addressed");
        let holds = output.status.code() == Some(1)
            && at(2)["disposition"] == "block"
            && at(2)["verdict"] == Value::Null
            && at(last)["disposition"] == "review"
            && at(last)["verdict"]["verdict"] == "unsure"
            && matches!(own, "review" | "cleared")
            && is_noted;
        if !holds {
            let code = output.status.code();
            let other = &at(last)["not_reviewed"];
            wrong.push(format!(
                "{attempt}\n  {code:?}, noted: {is_noted}, own: {own}, other: {other}, {said}"
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[derive(Deserialize)]
struct Kinds {
    attempt: Vec<Attempt>,
}

/// An attempt, what comes of it, and what its reviewer is talked into writing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attempt {
    name: String,
    code: String,
    noted: bool,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    repeated: usize,
    #[serde(default)]
    hidden: Vec<String>,
}

/// A check of a change with this attempt by a reviewer that gives this answer where the attempt is.
fn obeyed(attempt: &str, answer: &str, format: &str) -> (Option<i32>, String, String) {
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "answer", answer);
    scratch::write(scratch.path(), "change.patch", patch(&code(attempt)));
    let obeys = place("obeys.sh");
    let answer = scratch.path().join("answer");
    let words = ["sh", obeys.to_str().unwrap(), answer.to_str().unwrap()];
    let line = shlex::try_join(words).unwrap();
    let output = scratch::codex(scratch.path())
        .args(["check", "--diff", "change.patch", "--review", "command"])
        .args(["--format", format, "--review-command", &line])
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn attempts_of_every_kind_decide_about_their_own_case_at_most() {
    let text = fs::read_to_string(place("kinds.toml")).unwrap();
    let kinds: Kinds = toml::from_str(&text).unwrap();
    assert!(kinds.attempt.len() >= 20);
    let half = kinds.attempt.len().div_ceil(2);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = kinds
            .attempt
            .chunks(half)
            .map(|attempts| scope.spawn(|| attempts.iter().flat_map(of_kind).collect()))
            .collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Vec<String>>| thread.join().unwrap();
        threads.into_iter().flat_map(join).collect()
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What is not as it should be.
fn of_kind(attempt: &Attempt) -> Vec<String> {
    let mut wrong = Vec::new();
    let reason = attempt.reason.repeat(attempt.repeated.max(1));
    let last = code(&attempt.code).lines().count() - 1;
    let every = |verdict: &str| {
        let one = |id: &str| serde_json::json!({"id": id, "verdict": verdict, "rationale": reason, "quote": "unwrap"});
        let verdicts: Vec<Value> = ["c1", "c2", "c3", "*"].into_iter().map(one).collect();
        serde_json::json!({"schema": 1, "verdicts": verdicts}).to_string()
    };
    for (verdict, own) in [("compliant", "cleared"), ("violation", "review")] {
        let (exit, out, said) = obeyed(&attempt.code, &every(verdict), "json");
        let report: Value = serde_json::from_str(&out).unwrap_or(Value::Null);
        let none = Vec::new();
        let findings = report["findings"].as_array().unwrap_or(&none);
        let at = |line: usize| {
            let is_there = |one: &&Value| {
                one["rule"] == "unwrap-outside-tests" && one["focus"]["start"]["line"] == line
            };
            findings
                .iter()
                .find(is_there)
                .map_or("nothing", |one| one["disposition"].as_str().unwrap())
        };
        let is_noted = findings
            .iter()
            .any(|one| one["rule"] == "codex-reviewer-addressed");
        let is = (exit, at(2), at(last - 3), at(last), is_noted);
        if is != (Some(1), "block", own, "review", attempt.noted) {
            wrong.push(format!("{}, {verdict}: {is:?} {said}", attempt.name));
        }
    }
    for format in ["human", "markdown", "github"] {
        let (_, out, _) = obeyed(&attempt.code, &every("violation"), format);
        let is_raw = |c: char| {
            (c.is_control() && c != '\n')
                || is_unseen(c)
                    && !(format == "markdown" && c == '\u{200B}'
                        || matches!(c, '\u{FE00}'..='\u{FE0F}'))
        };
        let commands = out
            .lines()
            .map(str::trim_start)
            .filter(|line| line.starts_with("::"));
        let own = ["::error ", "::warning ", "::notice "];
        let is_foreign =
            |line: &str| !(format == "github" && own.iter().any(|own| line.starts_with(own)));
        let longest = out.lines().map(str::len).max().unwrap_or_default();
        let checks = [
            ("something raw", out.contains(is_raw)),
            ("a command", commands.into_iter().any(is_foreign)),
            (
                "an old command",
                out.contains("##[") || out.contains("##vso["),
            ),
            ("HTML", format == "markdown" && out.contains("<img")),
            (
                "a link",
                format == "markdown" && (out.contains("](javascript") || out.contains("![x](")),
            ),
            ("a flood", longest > 20_000),
        ];
        let found = checks.iter().filter(|(_, is_there)| *is_there);
        wrong.extend(
            found.map(|(what, _)| format!("{}, {format}: {what} in {out:?}", attempt.name)),
        );
    }
    let shown = neutral::code(&attempt.code);
    let kept = attempt
        .hidden
        .iter()
        .filter(|text| shown.contains(text.as_str()));
    wrong.extend(kept.map(|text| format!("{}: {text:?} is shown", attempt.name)));
    if shown.contains(|c: char| is_unseen(c) || (c.is_control() && c != '\n')) {
        wrong.push(format!("{}: {shown:?}", attempt.name));
    }
    wrong
}

fn is_unseen(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0000}'..='\u{E007F}')
}

#[test]
fn what_is_shown_holds_no_fence_and_nothing_unseen() {
    for attempt in entries("attempts.txt") {
        let shown = neutral::code(&attempt);
        assert_eq!(shown.lines().count(), attempt.lines().count());
        assert!(
            !shown.to_lowercase().replace(' ', "").contains("[[codex"),
            "{shown}"
        );
        assert!(!shown.contains("<|"), "{shown}");
        let raw = shown.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(raw, None, "{shown:?}");
        let unseen = |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{E0000}'..='\u{E007F}');
        assert!(!shown.contains(unseen), "{shown:?}");
    }
}

#[test]
fn every_phrase_is_one() {
    let (written, used) = phrases::count();
    assert_eq!(written, used);
    let harmless = [
        "let previous = self.instructions.pop();",
        "// Instructions are decoded one by one; previous ones are kept.",
        "// ignore the error: the next attempt replaces the file",
        "fn review(case: &Case) -> Verdict {",
        "pub fn ignore_case(mut self) -> Self {",
        "// All rules of a file are read at once.",
        "/// Returns `true` when the answer is approved.",
        "let system = System::new();",
        "assert!(response.is_ok());",
        "// the reviewer gets the code and the question",
    ];
    for line in harmless {
        assert_eq!(phrases::addressed(&[line]), Vec::<usize>::new(), "{line}");
    }
}

#[test]
fn no_two_fences_are_alike() {
    let one = neutral::Fence::random().around("code", "x");
    assert_ne!(one, neutral::Fence::random().around("code", "x"));
    assert_eq!(one.lines().count(), 3);
}
