//! What is asked, how often, and what becomes of it: cases of review statements, the cache, recordings, adapters, limits.
//! Deliberately absent: what a single answer comes to (`reviewer.rs`), and code that talks back (`injections.rs`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use codex::config::Narrowing;
use codex::review::ask::{Heartbeat, Limits};
use codex::review::cache::Cache;
use codex::review::case::{Case, Group, Request};
use codex::review::kind;
use codex::review::{Asking, Options, Reviewer, Said, Time};
use serde_json::Value;

/// A check that was done before the change, and is gone after it; another function that nobody touches.
const BEFORE: &str = "pub fn refresh(upstream: &Client) -> Result<(), E> {\n    let file = upstream.fetch();\n    if file.len() > MAX {\n        return Err(E);\n    }\n    keep(parse(file))\n}\n\npub fn load(upstream: &Client) {\n    keep(upstream.fetch());\n}\n\nfn parse(file: &str) -> Vec<&str> {\n    file.lines().collect()\n}\n";
const AFTER: &str = "pub fn refresh(upstream: &Client) -> Result<(), E> {\n    let file = upstream.fetch_all();\n    keep(parse(file))\n}\n\npub fn load(upstream: &Client) {\n    keep(upstream.fetch());\n}\n\nfn parse(file: &str) -> Vec<&str> {\n    file.lines().collect()\n}\n\nfn touched() -> u8 {\n    7\n}\n";
/// One ambiguous case.
const LOCK: &str = "fn a(m: Mutex<u8>) -> u8 {\n    *m.lock().unwrap()\n}\n";
/// Answers `unsure` to each case and counts the requests.
const COUNTS: &str = r#"cat > "$RECORD/$$"; echo '{"schema": 1, "verdicts": [{"id": "c1", "verdict": "unsure", "rationale": "r", "quote": ""}]}'"#;

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments);
    scratch::calm(&mut command, folder);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// A repository in which the work tree differs from the only commit.
fn changed(folder: &Path, before: &str, after: &str) {
    git(folder, &["init", "-q", "-b", "main"]);
    scratch::write(folder, "src/a.rs", before);
    scratch::write(folder, ".gitignore", ".*\n!.gitignore\n");
    git(folder, &["add", "."]);
    let identity = ["-c", "user.name=n", "-c", "user.email=e@x"];
    git(folder, &[&identity[..], &["commit", "-qm", "a"]].concat());
    scratch::write(folder, "src/a.rs", after);
}

fn check(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = scratch::codex(folder);
    fs::create_dir_all(folder.join(".requests")).unwrap();
    command
        .env("RECORD", folder.join(".requests"))
        .args(["check", "--format", "json", "--review-env", "RECORD"])
        .args(arguments);
    command
}

fn by_shell(folder: &Path, script: &str, arguments: &[&str]) -> Command {
    let line = shlex::try_join(["sh", "-c", script]).unwrap();
    let mut command = check(folder, arguments);
    command.args(["--review", "command", "--review-command", &line]);
    command
}

fn report(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic_with(&String::from_utf8_lossy(&output.stderr)))
}

#[expect(clippy::panic, reason = "a test fails by panicking")]
fn panic_with(said: &str) -> Value {
    panic!("no report: {said}")
}

fn asked(folder: &Path) -> Vec<Value> {
    let read = |entry: std::io::Result<fs::DirEntry>| {
        serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap()
    };
    fs::read_dir(folder.join(".requests"))
        .unwrap()
        .map(read)
        .collect()
}

#[test]
fn a_review_statement_asks_about_the_items_that_changed() {
    let scratch = scratch::folder();
    changed(scratch.path(), BEFORE, AFTER);
    let only = ["--only", "unvalidated-upstream-state"];
    let report = report(&mut by_shell(scratch.path(), COUNTS, &only));
    let requests = asked(scratch.path());
    assert_eq!(requests.len(), 1, "{requests:#?}");
    let case = &requests[0]["cases"][0];
    assert_eq!(case["rule"], "unvalidated-upstream-state");
    assert!(case["code"].as_str().unwrap().starts_with("pub fn refresh"));
    assert!(case["before"]["code"].as_str().unwrap().contains("> MAX"));
    let called = case["called"][0]["code"].as_str().unwrap();
    assert!(called.starts_with("fn parse"), "{case:#}");
    assert!(
        case["ask"]
            .as_str()
            .unwrap()
            .contains("nothing on the way checks")
    );
    let prompt = requests[0]["prompt"].as_str().unwrap();
    let parts = [
        "Example (bad)",
        "pub fn refresh",
        "fn parse",
        "> MAX",
        "c1: lines 2",
    ];
    for part in parts {
        assert!(prompt.contains(part), "{part} is missing in {prompt}");
    }
    let finding = &report["findings"][0];
    assert_eq!(finding["disposition"], "note", "an approved RFC");
    assert_eq!(finding["verdict"]["verdict"], "unsure");
    assert_eq!(finding["focus"]["start"]["line"], 2);
    assert_eq!(report["summary"]["statements_not_reviewed"], 0);
    assert_eq!(report["review"]["asked"], 1);
    assert_eq!(report["summary"]["files"], 1);
}

#[test]
fn without_a_reviewer_a_review_statement_is_counted_only() {
    let scratch = scratch::folder();
    changed(scratch.path(), BEFORE, AFTER);
    let report = report(&mut check(scratch.path(), &[]));
    assert_eq!(report["findings"].as_array().unwrap().len(), 0);
    assert_eq!(report["summary"]["statements_not_reviewed"], 1);
    assert_eq!(report["review"], Value::Null);
}

#[test]
fn what_was_answered_is_not_asked_again() {
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    let clears = COUNTS
        .replace("unsure", "compliant")
        .replace("\"quote\": \"\"", "\"quote\": \"lock\"");
    let first = report(&mut by_shell(scratch.path(), &clears, &["--all"]));
    let second = report(&mut by_shell(scratch.path(), &clears, &["--all"]));
    assert_eq!(asked(scratch.path()).len(), 1);
    assert_eq!(first["findings"][0]["verdict"]["cached"], false);
    assert_eq!(second["findings"][0]["verdict"]["cached"], true);
    assert_eq!(second["findings"][0]["disposition"], "cleared");
    // Neither the path nor the line counts; code and reviewer do.
    fs::remove_file(scratch.path().join("src/a.rs")).unwrap();
    scratch::write(scratch.path(), "src/b.rs", format!("\n\n{LOCK}"));
    report(&mut by_shell(scratch.path(), &clears, &["--all"]));
    assert_eq!(asked(scratch.path()).len(), 1);
    let other = clears.clone() + "; true";
    report(&mut by_shell(scratch.path(), &other, &["--all"]));
    assert_eq!(asked(scratch.path()).len(), 2);
    report(&mut by_shell(
        scratch.path(),
        &clears,
        &["--all", "--review-no-cache"],
    ));
    assert_eq!(asked(scratch.path()).len(), 3);
    let cached = report(&mut check(scratch.path(), &["--all", "--review", "cached"]));
    assert_eq!(cached["findings"][0]["disposition"], "cleared");
    scratch::write(scratch.path(), "src/b.rs", LOCK.replace("*m", "1 + *m"));
    let missed = report(&mut check(scratch.path(), &["--all", "--review", "cached"]));
    assert_eq!(
        missed["findings"][0]["not_reviewed"],
        "no verdict in the cache"
    );
    assert_eq!(asked(scratch.path()).len(), 3);
}

#[test]
fn a_broken_cache_is_no_verdict_and_no_failure() {
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    report(&mut by_shell(scratch.path(), COUNTS, &["--all"]));
    let mut folders = vec![scratch.path().join(".cache-of-codex")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files += 1;
                fs::write(path, "{\"schema\": 1, \"verdict\": \"compliant\"").unwrap();
            }
        }
    }
    assert_eq!(files, 1);
    let again = report(&mut by_shell(scratch.path(), COUNTS, &["--all"]));
    assert_eq!(again["findings"][0]["verdict"]["cached"], false);
    let mut command = by_shell(scratch.path(), COUNTS, &["--all"]);
    let nowhere = report(command.env("CODEX_CACHE_DIR", "/dev/null/nowhere"));
    assert_eq!(nowhere["findings"][0]["verdict"]["verdict"], "unsure");
}

#[test]
fn a_recording_says_the_same_again() {
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    let first = report(&mut by_shell(
        scratch.path(),
        COUNTS,
        &["--all", "--record", "r.json"],
    ));
    let recorded = [
        "--all",
        "--review",
        "recorded",
        "--review-recorded",
        "r.json",
    ];
    let second = report(&mut check(scratch.path(), &recorded));
    assert_eq!(first["findings"], second["findings"]);
    assert_eq!(asked(scratch.path()).len(), 1);
    // Written by hand: by place, or by nothing but the id.
    for selector in [
        "\"rule\": \"unwrap-outside-tests\", \"line\": 2",
        "\"id\": \"c1\"",
    ] {
        let text = format!(
            "{{\"schema\": 1, \"verdicts\": [{{{selector}, \"verdict\": \"compliant\", \"quote\": \"lock()\"}}]}}"
        );
        scratch::write(scratch.path(), "r.json", text);
        let report = report(&mut check(scratch.path(), &recorded));
        assert_eq!(
            report["findings"][0]["disposition"], "cleared",
            "{selector}"
        );
        assert_eq!(report["findings"][0]["verdict"]["reviewer"], "recorded");
    }
    scratch::write(
        scratch.path(),
        "r.json",
        "{\"schema\": 1, \"verdicts\": []}",
    );
    let silent = report(&mut check(scratch.path(), &recorded));
    assert_eq!(silent["findings"][0]["not_reviewed"], "no answer");
    scratch::write(scratch.path(), "r.json", "[]");
    let output = check(scratch.path(), &recorded).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn show_sends_nothing() {
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    let line = shlex::try_join(["sh", "-c", COUNTS]).unwrap();
    let arguments = ["--all", "--review", "show", "--review-command", &line];
    let output = check(scratch.path(), &arguments).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        report["findings"][0]["not_reviewed"],
        "only shown, not sent"
    );
    assert_eq!(asked(scratch.path()).len(), 0);
    let shown = String::from_utf8_lossy(&output.stderr);
    let request = shown.lines().find(|line| line.starts_with('{')).unwrap();
    let request: Value = serde_json::from_str(request).unwrap();
    assert_eq!(request["cases"][0]["rule"], "unwrap-outside-tests");
}

#[test]
fn an_answer_that_cannot_be_used_gets_one_more_turn() {
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    let learns = r#"cat > "$RECORD/$$"; if grep -q '"repair":' "$RECORD/$$"; then q='lock()'; else q='no such code'; fi; echo '{"schema": 1, "verdicts": [{"id": "c1", "verdict": "compliant", "rationale": "r", "quote": "'"$q"'"}, {"id": "c7", "verdict": "compliant"}]}'"#;
    let report = report(&mut by_shell(scratch.path(), learns, &["--all"]));
    assert_eq!(report["findings"][0]["disposition"], "cleared");
    assert_eq!(report["review"]["unknown_ids"], 2);
    assert_eq!(report["review"]["invalid_answers"], 0);
    let mut turns = asked(scratch.path());
    turns.sort_by_key(|turn| turn["repair"].is_string());
    assert_eq!(turns.len(), 2);
    let repair = turns[1]["repair"].as_str().unwrap();
    assert!(repair.contains("does not occur in the code"), "{repair}");
    assert!(turns[1]["prompt"].as_str().unwrap().contains(repair));
}

#[test]
fn a_budget_and_a_deadline_leave_the_rest_to_humans() {
    let scratch = scratch::folder();
    let function = |number| format!("fn f{number}(m: Mutex<u8>) {{\n    m.lock().unwrap();\n}}\n");
    scratch::write(
        scratch.path(),
        "src/a.rs",
        (0..3).map(function).collect::<String>(),
    );
    scratch::write(scratch.path(), "src/auth/b.rs", function(9));
    let law = "extends = [\"embedded\"]\n[review]\nrisk-paths = [\"src/auth/**\"]\nmax-cases = 2\n";
    scratch::write(scratch.path(), "codex.toml", law);
    let budget = report(&mut by_shell(scratch.path(), COUNTS, &["--all"]));
    let paths: Vec<Value> = asked(scratch.path())
        .iter()
        .map(|request| request["cases"][0]["path"].clone())
        .collect();
    assert_eq!(paths.len(), 2);
    assert!(paths.contains(&Value::from("src/auth/b.rs")), "{paths:?}");
    assert_eq!(budget["review"]["left_out"], 2);
    assert_eq!(budget["summary"]["review"], 4);
    let slow = "sleep 0.7; exit 1";
    let begun = Instant::now();
    let late = report(&mut by_shell(
        scratch.path(),
        slow,
        &[
            "--all",
            "--review-no-cache",
            "--review-deadline",
            "1",
            "--review-max-cases",
            "9",
        ],
    ));
    assert!(begun.elapsed() < Duration::from_secs(5));
    let reasons: Vec<&str> = late["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["not_reviewed"].as_str().unwrap())
        .collect();
    assert_eq!(reasons.len(), 4);
    scratch::write(scratch.path(), "codex.toml", "[review]\nrules = []\n");
    let narrowed = report(&mut by_shell(scratch.path(), COUNTS, &["--all"]));
    let reason = &narrowed["findings"][0]["not_reviewed"];
    assert_eq!(reason, "codex.toml leaves this rule to humans");
}

#[test]
fn requests_at_the_same_time_come_to_the_same() {
    let scratch = scratch::folder();
    let function = |number| format!("fn f{number}(m: Mutex<u8>) {{\n    m.lock().unwrap();\n}}\n");
    scratch::write(
        scratch.path(),
        "src/a.rs",
        (0..9).map(function).collect::<String>(),
    );
    let run = |at_once: &str, script: &str| {
        let arguments = ["--all", "--review-no-cache", "--review-at-once", at_once];
        report(&mut by_shell(scratch.path(), script, &arguments))
    };
    assert_eq!(run("1", COUNTS), run("8", COUNTS));
    for request in fs::read_dir(scratch.path().join(".requests")).unwrap() {
        fs::remove_file(request.unwrap().path()).unwrap();
    }
    let fails = r#"cat > "$RECORD/$$"; exit 1"#;
    assert_eq!(run("8", fails)["review"]["left_out"], 6);
    assert_eq!(asked(scratch.path()).len(), 3);
}

#[test]
fn adapters_find_the_answer_where_their_program_puts_it() {
    let answer = r#"{"schema": 1, "verdicts": [{"id": "c1", "verdict": "compliant", "rationale": "r", "quote": "lock()"}]}"#;
    let text = serde_json::to_string(&format!("```json\n{answer}\n```")).unwrap();
    let event = |text: &str| serde_json::json!({"type": "text", "part": {"text": text}});
    let (head, tail) = answer.split_at(20);
    let lines = format!(
        "{{\"type\": \"step_start\"}}\n{}\n{}",
        event(head),
        event(tail)
    );
    let adapters = [
        (
            "claude",
            format!("cat <<'X'\n{{\"result\": \"x\", \"structured_output\": {answer}}}\nX"),
        ),
        ("claude", format!("cat <<'X'\n{{\"result\": {text}}}\nX")),
        ("gemini", format!("cat <<'X'\n{{\"response\": {text}}}\nX")),
        ("opencode", format!("cat <<'X'\n{lines}\nX")),
        (
            "openai-codex",
            format!("while [ $# -gt 1 ]; do shift; done; cat > \"$1\" <<'X'\n{answer}\nX"),
        ),
    ];
    for (name, script) in adapters {
        let scratch = scratch::folder();
        scratch::write(scratch.path(), "src/a.rs", LOCK);
        // What comes in must be the prompt.
        let program = format!("#!/bin/sh\ngrep -q '^# The questions' || exit 3\n{script}\n");
        scratch::write(scratch.path(), "program", program);
        let path = scratch.path().join("program");
        let words = ["sh", path.to_str().unwrap()];
        let line = shlex::try_join(words).unwrap();
        let arguments = [
            "--all",
            "--review",
            "command",
            "--review-adapter",
            name,
            "--review-command",
            &line,
        ];
        let report = report(&mut check(scratch.path(), &arguments));
        let finding = &report["findings"][0];
        assert_eq!(finding["disposition"], "cleared", "{name}: {finding:#}");
        assert_eq!(finding["verdict"]["reviewer"], name);
    }
    // What they say when they fail, each in its own way; and what is no answer in any way.
    let prose = serde_json::to_string(&format!("Here it is:\n```json\n{answer}\n```")).unwrap();
    let failures = [
        ("claude", "echo '{\"is_error\": true, \"result\": \"Not logged in\"}'; exit 1".to_owned(), "the reviewer failed (exit status: 1): Not logged in"),
        ("gemini", "echo 'Approval mode ..' >&2; echo '{\"error\": {\"message\": \"Please set an Auth method\"}}' >&2; exit 41".to_owned(), "the reviewer failed (exit status: 41): Please set an Auth method"),
        ("openai-codex", "echo 'no key' >&2; exit 2".to_owned(), "the reviewer failed (exit status: 2): no key"),
        ("openai-codex", "true".to_owned(), "invalid answer: the program wrote no answer"),
        ("claude", "echo '{\"structured_output\": null}'".to_owned(), "invalid answer: nothing at /structured_output, /result"),
        ("claude", format!("cat <<'X'\n{{\"result\": {prose}}}\nX"), "invalid answer: expected value"),
        ("gemini", "echo '{\"response\": \"\"}'".to_owned(), "invalid answer: it is empty"),
        ("opencode", "echo '{\"type\": \"error\"}'".to_owned(), "invalid answer: it is empty"),
    ];
    for (name, script, says) in failures {
        let scratch = scratch::folder();
        scratch::write(scratch.path(), "src/a.rs", LOCK);
        let line = shlex::try_join(["sh", "-c", &script]).unwrap();
        let arguments = [
            "--all",
            "--review",
            "command",
            "--review-adapter",
            name,
            "--review-command",
            &line,
        ];
        let report = report(&mut check(scratch.path(), &arguments));
        let reason = report["findings"][0]["not_reviewed"].as_str().unwrap();
        assert!(reason.starts_with(says), "{name}: {reason}");
    }
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    for (name, says) in [
        ("openai-codex", "must be named"),
        ("clause", "unknown adapter"),
    ] {
        let arguments = ["--all", "--review", "command", "--review-adapter", name];
        let output = check(scratch.path(), &arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn the_oldest_verdicts_make_room() {
    let scratch = scratch::folder();
    let entry = |number: u64| {
        let path = format!("verdicts/ab/{number}/x.json");
        scratch::write(scratch.path(), &path, vec![b' '; 1000]);
        let file = fs::File::options()
            .write(true)
            .open(scratch.path().join(&path))
            .unwrap();
        let time = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + number);
        file.set_modified(time).unwrap();
    };
    (0..20).for_each(entry);
    Cache::new(scratch.path(), 20_000).prune();
    let left = || -> Vec<u64> {
        let folder = fs::read_dir(scratch.path().join("verdicts/ab")).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut left: Vec<u64> = folder
            .map(|entry| name(entry).to_str().unwrap().parse().unwrap())
            .collect();
        left.sort_unstable();
        left
    };
    assert_eq!(left().len(), 20, "it is full, not over");
    Cache::new(scratch.path(), 10_000).prune();
    assert_eq!(left(), (11..20).collect::<Vec<u64>>());
}

/// Takes its time.
struct Slow;

impl Reviewer for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    fn model(&self) -> &str {
        "slow"
    }

    fn ask(&self, _: &Request, _: Time) -> Result<Said, String> {
        std::thread::sleep(Duration::from_millis(400));
        Err("it took its time".to_owned())
    }
}

#[test]
fn those_who_wait_see_that_something_happens() {
    let beats = Mutex::new(Vec::new());
    let beat = |answered: usize, cases: usize, _: Duration| {
        beats.lock().unwrap().push((answered, cases));
    };
    let narrow = Narrowing::default();
    let options = Options {
        asking: Asking::Reviewer(&Slow),
        confirmed: codex::finding::Disposition::Review,
        introduced: true,
        head: None,
        base: None,
        narrow: &narrow,
        cache: None,
        limits: Limits {
            cases: 9,
            at_once: 1,
            request: Duration::from_secs(9),
            run: Duration::from_secs(9),
        },
        heartbeat: Some(Heartbeat {
            every: Duration::from_millis(50),
            beat: &beat,
        }),
    };
    let case: Case = Case {
        id: "c1".to_owned(),
        kind: &kind::CODE,
        rule: "some-rule".to_owned(),
        level: "MUST",
        statement: String::new(),
        advice: String::new(),
        ask: String::new(),
        path: "a".to_owned(),
        range: codex::finding::Range {
            start: codex::finding::Position {
                line: 1,
                column: 1,
                byte: 0,
            },
            end: codex::finding::Position {
                line: 1,
                column: 2,
                byte: 1,
            },
        },
        code: "x".to_owned(),
        first_line: 1,
        called: Vec::new(),
        before: None,
        left_out: Vec::new(),
        examples: Vec::new(),
    };
    let group = Group {
        candidates: vec![0],
        cases: vec![case],
    };
    let outcome = codex::review::ask::all(vec![group], &options);
    assert_eq!(outcome.opinions[&0], Err("it took its time".to_owned()));
    let beats = beats.into_inner().unwrap();
    // Whoever is done between two looks is counted by the next.
    assert_eq!(beats.first(), Some(&(0, 1)));
    assert!(beats.iter().all(|(_, all)| *all == 1), "{beats:?}");
}

/// A reviewer that will not go, and its number in `pid`.
#[cfg(unix)]
const STAYS: &str = r#"trap '' TERM INT HUP; echo $$ > "$RECORD/pid"; while :; do sleep 0.1; done"#;

#[cfg(unix)]
fn started(folder: &Path) -> u32 {
    let place = folder.join(".requests/pid");
    wait_for(|| {
        let text = fs::read_to_string(&place).unwrap_or_default();
        text.trim().parse().ok()
    })
}

#[cfg(unix)]
fn wait_until_gone(pid: u32) {
    wait_for(|| {
        let alive = Command::new("kill")
            .args(["-0", &pid.to_string()])
            .stderr(Stdio::null())
            .status();
        (!alive.unwrap().success()).then_some(())
    });
}

#[cfg(unix)]
#[test]
fn a_signal_leaves_no_child_behind() {
    // On Linux not even one that has left its group.
    let apart = format!("setsid sh -c '{}'; wait", STAYS.replace('\'', "'\\''"));
    for reviewer in [STAYS, &apart] {
        if reviewer != STAYS && !cfg!(target_os = "linux") {
            continue;
        }
        let scratch = scratch::folder();
        scratch::write(scratch.path(), "src/a.rs", LOCK);
        let mut child = by_shell(scratch.path(), reviewer, &["--all"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let pid = started(scratch.path());
        let id = child.id().to_string();
        Command::new("kill").args(["-INT", &id]).status().unwrap();
        let status = child.wait().unwrap();
        assert!(!status.success());
        wait_until_gone(pid);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_deadline_counts_for_who_has_left_the_group_too() {
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    let quoted = STAYS.replace('\'', "'\\''");
    // A grandchild in a session of its own, behind a child in another.
    let apart = format!("setsid -w setsid -w sh -c '{quoted}' & wait");
    by_shell(scratch.path(), &apart, &["--all", "--review-timeout", "1"])
        .output()
        .unwrap();
    wait_until_gone(started(scratch.path()));
}

fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "it never came");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What is cut may be what the question is about: then nobody but a human can answer it.
#[test]
fn nobody_is_asked_about_a_line_that_is_not_shown_whole() {
    let scratch = scratch::folder();
    let padding = "let a = 1; ".repeat(200);
    let long = format!("{padding}m.lock().unwrap(); {padding}");
    let text = format!("fn f(m: Mutex<u8>) {{\n    {long}\n    m.lock().unwrap();\n}}\n");
    scratch::write(scratch.path(), "src/a.rs", text);
    let report = report(&mut by_shell(scratch.path(), COUNTS, &["--all"]));
    let reasons: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|finding| finding["not_reviewed"].as_str())
        .collect();
    assert_eq!(
        reasons,
        ["its lines are too long to be shown to a reviewer"]
    );
    let asked = asked(scratch.path());
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["cases"][0]["range"]["start"]["line"], 3);
}
