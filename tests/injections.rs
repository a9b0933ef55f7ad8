//! Code that talks to its reviewer: each attempt of `fixtures/injections/` against a reviewer that obeys it as far as the
//! protocol lets it. It decides about its own case at most; everything else stays as it was.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use std::fs;
use std::path::{Path, PathBuf};

use codex::review::neutral;
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
    let (written, used) = neutral::phrases();
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
        assert_eq!(neutral::addressed(&[line]), Vec::<usize>::new(), "{line}");
    }
}

#[test]
fn no_two_fences_are_alike() {
    let one = neutral::Fence::random().around("code", "x");
    assert_ne!(one, neutral::Fence::random().around("code", "x"));
    assert_eq!(one.lines().count(), 3);
}
