//! The contract of `--review command`: each script of `fixtures/reviewer/` is a reviewer, and its first line says what it
//! comes to: a verdict, or nothing and why. Whatever it does, codex never calls the case clean and never waits for long.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

/// One ambiguous case.
const LOCK: &str = "fn a(m: Mutex<u8>) -> u8 {\n    *m.lock().unwrap()\n}\n";
/// The deadline of a second, the time for output to arrive, and what a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(4);

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/reviewer")
        .join(name)
}

/// A check of a folder by a reviewer.
fn check(folder: &Path, words: &[&str]) -> Command {
    let mut command = scratch::codex(folder);
    let line = shlex::try_join(words.iter().copied()).unwrap();
    command.args([
        "check",
        "--all",
        "--fail-on",
        "review",
        "--review",
        "command",
    ]);
    command.args(["--review-timeout", "1", "--review-command", &line]);
    command
}

/// The findings of a run in JSON.
fn findings(command: &mut Command) -> (Option<i32>, Vec<Value>) {
    let output = command.args(["--format", "json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| Value::String(text(&output.stderr)));
    let findings = report["findings"].as_array();
    (output.status.code(), findings.cloned().unwrap_or_default())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_reviewer_comes_to_what_it_should() {
    let mut scripts: Vec<PathBuf> = fs::read_dir(script("."))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    scripts.sort();
    assert!(scripts.len() >= 25, "{} scripts", scripts.len());
    let half = scripts.len().div_ceil(2);
    let complaints: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = scripts
            .chunks(half)
            .map(|scripts| scope.spawn(|| scripts.iter().filter_map(|path| play(path)).collect()))
            .collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Vec<String>>| thread.join().unwrap();
        threads.into_iter().flat_map(join).collect()
    });
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// What is not as the first line of the script says.
fn play(path: &Path) -> Option<String> {
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    let begun = Instant::now();
    let (code, findings) = findings(&mut check(scratch.path(), &["sh", path.to_str().unwrap()]));
    let took = begun.elapsed();
    let script = fs::read_to_string(path).unwrap();
    let first = script.lines().next().unwrap();
    let wanted = first.strip_prefix("# gives: ").unwrap();
    let [finding] = &findings[..] else {
        return Some(format!("{}: {findings:?}", path.display()));
    };
    let is = match (
        finding["verdict"]["verdict"].as_str(),
        &finding["not_reviewed"],
    ) {
        (Some(verdict), Value::Null) => verdict.to_owned(),
        (None, Value::String(reason)) => format!("nothing: {reason}"),
        both => format!("{both:?}"),
    };
    let (disposition, exit) = match wanted {
        "compliant" => ("cleared", 0),
        _ => ("review", 1),
    };
    let holds = is.starts_with(wanted)
        && finding["disposition"] == *disposition
        && code == Some(exit)
        && took < PATIENCE;
    (!holds).then(|| {
        let disposition = &finding["disposition"];
        format!(
            "{}: {is}, {disposition}, {code:?}, {took:?}",
            path.display()
        )
    })
}

#[test]
fn a_verdict_shows_in_every_output() {
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    let violation = script("violation.sh");
    let words = ["sh", violation.to_str().unwrap()];
    let (_, findings) = findings(&mut check(scratch.path(), &words));
    let wanted = serde_json::json!({
        "verdict": "violation",
        "rationale": "it panics",
        "quote": "m.lock().unwrap()",
        "reviewer": "sh",
        "cached": false,
    });
    assert_eq!(findings[0]["verdict"], wanted);
    let output = check(scratch.path(), &words).output().unwrap();
    let shown = text(&output.stdout);
    assert!(shown.contains("needs manual review"), "{shown}");
    assert!(shown.contains("sh says a violation: it panics"), "{shown}");
    let slow = script("exit-code.sh");
    let output = check(scratch.path(), &["sh", slow.to_str().unwrap()])
        .output()
        .unwrap();
    let shown = text(&output.stdout);
    assert!(
        shown.contains("not reviewed: the reviewer failed"),
        "{shown}"
    );
    assert!(shown.contains("no money left"), "{shown}");
}

#[test]
fn what_a_reviewer_says_reaches_no_terminal_raw() {
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    for script in [
        r#"printf '%s' '{"schema": 1, "verdicts": [{"id": "c1", "verdict": "violation", "rationale": "a\u001b[31m\n\u0007b", "quote": "lock"}]}'"#,
        r#"printf '\033[31m\007 a' >&2; exit 1"#,
        r#"printf '{"schema": 1, "verdicts": [{"id": "c1", "verdict": "\033[31m"}]}'"#,
    ] {
        let output = check(scratch.path(), &["sh", "-c", script])
            .output()
            .unwrap();
        let shown = text(&output.stdout) + &text(&output.stderr);
        assert!(shown.contains("src/a.rs:2"), "{shown}");
        let raw = shown.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(raw, None, "{shown:?}");
    }
}

#[test]
fn a_request_is_the_documented_one() {
    let scratch = scratch::folder();
    let code = "// before\nfn a(m: Mutex<u8>) -> u8 {\n    *m.lock().unwrap()\n}\n";
    scratch::write(scratch.path(), "src/a.rs", code);
    let requests = requests(scratch.path());
    let [request] = &requests[..] else {
        assert_eq!(requests.len(), 1);
        return;
    };
    assert_eq!(request["schema"], 1);
    let case = &request["cases"][0];
    assert_eq!(case["id"], "c1");
    assert_eq!(case["rule"], "unwrap-outside-tests");
    assert_eq!(case["level"], "MUST NOT");
    assert_eq!(case["path"], "src/a.rs");
    assert_eq!(case["first_line"], 2);
    assert_eq!(case["code"], code.trim_end().split_once('\n').unwrap().1);
    assert_eq!(case["range"]["start"]["line"], 3);
    let statement = case["statement"].as_str().unwrap();
    assert!(statement.starts_with("Rust code MUST NOT call"), "{case}");
    assert!(case["advice"].as_str().unwrap().starts_with("If you need"));
    assert!(case["ask"].as_str().unwrap().ends_with('?'), "{case}");
    let roles: Vec<&str> = case["examples"]
        .as_array()
        .unwrap()
        .iter()
        .map(|example| example["role"].as_str().unwrap())
        .collect();
    for role in ["bad", "good", "ambiguous"] {
        assert!(roles.contains(&role), "{roles:?}");
    }
}

#[test]
fn one_item_one_request() {
    let scratch = scratch::folder();
    let code = "fn b(m: Mutex<u8>) {\n    m.lock().unwrap();\n    m.read().unwrap();\n}\n\
        fn a(m: Mutex<u8>) {\n    m.lock().unwrap();\n}\n\
        fn sure(x: Option<u8>) {\n    x.unwrap();\n}\n\
        fn allowed(m: Mutex<u8>) {\n    m.lock().unwrap(); // codex-allow(unwrap-outside-tests): a reason\n}\n";
    scratch::write(scratch.path(), "src/a.rs", code);
    scratch::write(scratch.path(), "src/b.rs", LOCK);
    let asked: Vec<Vec<String>> = requests(scratch.path())
        .iter()
        .map(|request| {
            let case = |case: &Value| {
                let (id, path) = (case["id"].as_str().unwrap(), case["path"].as_str().unwrap());
                format!("{id} {path}:{}", case["range"]["start"]["line"])
            };
            request["cases"]
                .as_array()
                .unwrap()
                .iter()
                .map(case)
                .collect()
        })
        .collect();
    let wanted: [&[&str]; 3] = [
        &["c1 src/a.rs:2", "c2 src/a.rs:3"],
        &["c1 src/a.rs:6"],
        &["c1 src/b.rs:2"],
    ];
    assert_eq!(asked, wanted);
}

/// What a reviewer is sent, a request each.
fn requests(folder: &Path) -> Vec<Value> {
    let record = r#"cat >> "$RECORD"; echo >> "$RECORD"; echo '{"schema": 1, "verdicts": []}'"#;
    let place = folder.join("requests");
    let output = check(folder, &["sh", "-c", record])
        .args(["--review-env", "RECORD"])
        .env("RECORD", &place)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let requests = fs::read_to_string(place).unwrap();
    let parse = |line| serde_json::from_str(line).unwrap();
    requests.lines().map(parse).collect()
}

#[test]
fn a_request_larger_than_a_pipe_is_no_trouble() {
    let scratch = scratch::folder();
    let (long, line) = ("x".repeat(1_000_000), "x".repeat(170));
    let lines = format!("    log(\"{line}\");\n").repeat(150);
    let code =
        format!("fn a(m: Mutex<u8>) {{\n    log(\"{long}\");\n{lines}    m.lock().unwrap();\n}}\n");
    scratch::write(scratch.path(), "src/a.rs", code);
    for (name, disposition) in [("compliant.sh", "cleared"), ("ignores-input.sh", "review")] {
        let path = script(name);
        let (_, findings) = findings(&mut check(scratch.path(), &["sh", path.to_str().unwrap()]));
        assert_eq!(findings[0]["disposition"], disposition, "{name}");
        assert_eq!(findings[0]["not_reviewed"], Value::Null, "{name}");
    }
}

#[test]
fn the_environment_is_bare_and_the_folder_empty() {
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    let look = r#"env | sed 's/=.*//' > "$RECORD"; pwd -P >> "$RECORD"; ls -A >> "$RECORD"; echo x > left-behind"#;
    let place = scratch.path().join("seen");
    let (_, findings) = findings(
        check(scratch.path(), &["sh", "-c", look])
            .args(["--review-env", "RECORD", "--review-env", "NOT_SET"])
            .env("RECORD", &place)
            .env("LANG", "C")
            .env("HOME", "/nowhere")
            .env("SECRET_KEY", "hunter2")
            .env("CODEX_REVIEW_TIMEOUT", "1"),
    );
    assert_eq!(findings[0]["disposition"], "review");
    let seen = fs::read_to_string(place).unwrap();
    let (folders, mut names): (Vec<&str>, Vec<&str>) =
        seen.lines().partition(|line| line.starts_with('/'));
    // What a shell sets itself.
    names.retain(|name| !matches!(*name, "PWD" | "OLDPWD" | "SHLVL" | "_"));
    names.sort_unstable();
    assert_eq!(names, ["HOME", "LANG", "PATH", "RECORD"]);
    let [folder] = folders[..] else {
        assert_eq!(folders.len(), 1, "{seen}");
        return;
    };
    let checked = scratch.path().canonicalize().unwrap();
    assert!(!Path::new(folder).starts_with(checked), "{folder}");
    assert!(!Path::new(folder).exists(), "{folder} is left behind");
}

#[test]
fn nobody_is_asked_for_ever() {
    let scratch = scratch::folder();
    let function = |number| format!("fn f{number}(m: Mutex<u8>) {{\n    m.lock().unwrap();\n}}\n");
    let code: String = (0..6).map(function).collect();
    scratch::write(scratch.path(), "src/a.rs", code);
    let fail = r#"echo asked >> "$RECORD"; exit 1"#;
    let place = scratch.path().join("asked");
    let (code, findings) = findings(
        check(scratch.path(), &["sh", "-c", fail])
            .args(["--review-env", "RECORD"])
            .env("RECORD", &place),
    );
    assert_eq!(code, Some(1));
    assert_eq!(fs::read_to_string(place).unwrap().lines().count(), 3);
    let reasons: Vec<&str> = findings
        .iter()
        .map(|finding| finding["not_reviewed"].as_str().unwrap())
        .collect();
    let failed = "the reviewer failed (exit status: 1): it said nothing";
    let (first, rest) = reasons.split_at(3);
    assert_eq!(first, [failed; 3]);
    assert_eq!(rest, ["the reviewer failed too often"; 3]);
    assert!(
        findings
            .iter()
            .all(|finding| finding["disposition"] == "review")
    );
}

#[test]
fn who_cannot_be_a_reviewer() {
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    let itself = env!("CARGO_BIN_EXE_codex");
    let link = scratch.path().join("reviewer");
    std::os::unix::fs::symlink(itself, &link).unwrap();
    let wanted: [(&[&str], &str); 9] = [
        (
            &["--review", "command", "--review-command", "codex"],
            "codex cannot be its own reviewer",
        ),
        (
            &["--review", "command", "--review-command", itself],
            "codex cannot be its own reviewer",
        ),
        (
            &["--review", "command", "--review-command", "./reviewer"],
            "codex cannot be its own reviewer",
        ),
        (
            &["--review", "command", "--review-command", "no-such-program"],
            "the reviewer `no-such-program` does not exist",
        ),
        (
            &["--review", "command", "--review-command", " "],
            "is no command line",
        ),
        (
            &["--review", "command", "--review-command", "sh 'open"],
            "is no command line",
        ),
        (
            &["--review", "command"],
            "`--review command` names no program",
        ),
        (&["--review", "comand"], "unknown reviewer `comand`"),
        (
            &[
                "--review",
                "command",
                "--review-command",
                "sh",
                "--review-timeout",
                "0",
            ],
            "at least one second",
        ),
    ];
    for (arguments, says) in wanted {
        let output = failing(scratch.path(), arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

fn failing(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = scratch::codex(folder);
    command.args(["check", "--all"]).args(arguments);
    command.output().unwrap()
}

#[test]
fn the_environment_can_name_the_reviewer() {
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    let path = script("compliant.sh");
    let line = shlex::try_join(["sh", path.to_str().unwrap()]).unwrap();
    let (code, findings) = findings(
        scratch::codex(scratch.path())
            .args(["check", "--all"])
            .env("CODEX_REVIEW", "command")
            .env("CODEX_REVIEW_COMMAND", line),
    );
    assert_eq!(code, Some(0));
    assert_eq!(findings[0]["disposition"], "cleared");
}

#[test]
fn the_users_own_file_can_name_the_reviewer_and_the_repository_cannot() {
    let (scratch, own) = (scratch::folder(), scratch::folder());
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    let path = script("compliant.sh");
    let line = shlex::try_join(["sh", path.to_str().unwrap()]).unwrap();
    let file = format!("[review]\nbackend = \"command\"\ncommand = {line:?}\n");
    let below = "engineering-codex/config.toml";
    for place in ["config.toml", below, &format!(".config/{below}")] {
        scratch::write(scratch.path(), place, &file);
    }
    let run = |arguments: &[&str]| {
        let mut command = scratch::codex(scratch.path());
        command.args(["check", "--all"]).args(arguments);
        findings(command.env("XDG_CONFIG_HOME", own.path())).1
    };
    assert_eq!(
        run(&[])[0]["disposition"],
        "review",
        "the repository named it"
    );
    scratch::write(own.path(), below, &file);
    assert_eq!(run(&[])[0]["disposition"], "cleared");
    let none = run(&["--review", "none"]);
    assert_eq!(none[0]["not_reviewed"], "no reviewer configured");
    scratch::write(own.path(), below, "[review]\nbackent = 1\n");
    assert!(run(&[]).is_empty(), "a mistake in it is an error");
}
