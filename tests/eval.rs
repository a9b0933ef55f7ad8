//! `codex eval`: what is counted, what is shown, and what is not said for want of examples. The reviewers are scripts of
//! `fixtures/eval/`, whose mistakes are known.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use codex::eval::stats;
use serde_json::{Value, json};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/eval")
        .join(name)
}

/// A repository with one statement, compiled.
fn repository() -> tempfile::TempDir {
    let scratch = scratch::folder();
    let rfc = std::fs::read(fixture("rfcs/0001-locks.md")).unwrap();
    scratch::write(scratch.path(), "rfcs/0001-locks.md", rfc);
    scratch::write(scratch.path(), "codex.toml", "extends = []\n");
    let output = scratch::codex(scratch.path())
        .arg("compile")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    scratch
}

fn eval(folder: &Path, script: &str, more: &[&str]) -> Command {
    let mut command = scratch::codex(folder);
    let path = fixture(script);
    let line = shlex::try_join(["sh", path.to_str().unwrap()]).unwrap();
    command
        .args(["eval", "--labelled", fixture("labelled").to_str().unwrap()])
        .args(["--review", "command", "--review-command", &line])
        .args(more);
    command
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| json!({"stderr": String::from_utf8_lossy(&output.stderr)}))
}

#[test]
fn mistakes_are_counted_for_what_they_are() {
    let repository = repository();
    let output = eval(repository.path(), "judge.sh", &["--format", "json"])
        .output()
        .unwrap();
    let document = document(&output);
    assert_eq!(output.status.code(), Some(0), "{document:#}");
    let rules = document["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 2);
    assert_eq!(rules[0]["rule"], "all rules");
    let rule = &rules[1];
    assert_eq!(
        (&rule["bad"], &rule["good"], &rule["ambiguous"]),
        (&json!(5), &json!(5), &json!(2))
    );
    // Four of five found; the fifth is not sure. One good one is called a violation.
    assert_eq!(
        (&rule["precision"]["is"], &rule["precision"]["of"]),
        (&json!(4), &json!(5))
    );
    assert_eq!(
        (&rule["recall"]["is"], &rule["recall"]["of"]),
        (&json!(4), &json!(5))
    );
    assert_eq!(
        (&rule["abstention"]["is"], &rule["abstention"]["of"]),
        (&json!(1), &json!(10))
    );
    assert_eq!(rule["abstention_when_ambiguous"]["value"], json!(1.0));
    assert_eq!(
        (&rule["recall"]["low"], &rule["recall"]["high"]),
        (&json!(0.3755), &json!(0.9638))
    );
    assert_eq!(rule["no_answer"], 0);
    assert_eq!(
        rule["remark"],
        "too few examples to tell: write 4 more bad, 4 more good"
    );
    assert!(rule["median_milliseconds"].is_u64() && rule["cost_micro_usd"].is_null());
    // The cache knows all of it: nobody is asked, the numbers stay.
    let again = eval(repository.path(), "judge.sh", &["--format", "json"])
        .output()
        .unwrap();
    let again = self::document(&again);
    assert_eq!(again["counts"]["cached"], 12);
    assert_eq!(again["rules"][1]["recall"], rule["recall"]);
    assert_eq!(again["rules"][1]["median_milliseconds"], Value::Null);
}

#[test]
fn an_example_is_never_shown_its_own_answer() {
    let repository = repository();
    let mut command = scratch::codex(repository.path());
    let output = command.args(["eval", "--review", "show"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let requests: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    assert_eq!(requests.len(), 3, "{text}");
    for request in requests {
        let case = &request["cases"][0];
        let examples = case["examples"].as_array().unwrap();
        assert_eq!(examples.len(), 2);
        assert!(
            examples
                .iter()
                .all(|example| example["code"] != case["code"]),
            "{case:#}"
        );
        assert_eq!(case["path"], "src/example.rs");
    }
}

#[test]
fn no_answer_is_no_finding_and_never_a_success() {
    let repository = repository();
    let mut command = scratch::codex(repository.path());
    let output = command
        .args([
            "eval",
            "--format",
            "json",
            "--review",
            "command",
            "--review-command",
            "false",
        ])
        .output()
        .unwrap();
    let document = document(&output);
    assert_eq!(output.status.code(), Some(2), "{document:#}");
    let rule = &document["rules"][1];
    assert_eq!(
        (
            &rule["recall"]["is"],
            &rule["recall"]["of"],
            &rule["no_answer"]
        ),
        (&json!(0), &json!(1), &json!(3))
    );
    // A table says why.
    let output = scratch::codex(repository.path())
        .args(["eval", "--review", "http", "--review-model", "m"])
        .env_remove("OPENAI_API_KEY")
        .output()
        .unwrap();
    let reason = "no answer to 3: no key: the variable OPENAI_API_KEY is not set\n";
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(table.contains(reason), "{table}");
    let output = scratch::codex(repository.path())
        .arg("eval")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no reviewer to evaluate"));
}

#[test]
fn two_reviewers_are_compared_by_the_examples_that_both_saw() {
    let repository = repository();
    let place = |name: &str| repository.path().join(name).to_str().unwrap().to_owned();
    for script in ["judge.sh", "eager.sh"] {
        let format = format!("json={}", place(script));
        let output = eval(repository.path(), script, &["--format", &format])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    let compare = |from: &str, to: &str| {
        let mut command = scratch::codex(repository.path());
        command.args(["eval", "--from", &place(from), "--compare", &place(to)]);
        let output = command.args(["--format", "json"]).output().unwrap();
        document(&output)["comparison"]["rules"][1].clone()
    };
    // The eager one finds all five and calls all five good ones violations.
    let wanted = json!({"rule": "lock-held-over-await", "examples": 10, "both": 4, "now": 4, "then": 1, "p": 0.375, "says": "too few examples differ to tell"});
    assert_eq!(compare("judge.sh", "eager.sh"), wanted);
    assert_eq!(
        compare("judge.sh", "judge.sh")["says"],
        "the same answers are right"
    );
}

#[test]
fn the_page_loads_nothing_and_shows_text_as_text() {
    let repository = repository();
    let output = eval(repository.path(), "judge.sh", &["--format", "html"])
        .output()
        .unwrap();
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp;"),
        "{page}"
    );
    for bad in ["<script", "http://", "https://", "src=", "href=", "\u{1b}"] {
        assert!(!page.contains(bad), "{bad} in {page}");
    }
    assert_eq!(
        page.matches("<svg ").count(),
        page.matches("</svg>").count()
    );
    assert!(
        page.contains("aria-label=\"Precision by rule\"") && page.contains("class=\"dot few\"")
    );
    roxmltree::Document::parse(&page[page.find("<svg").unwrap()..page.find("</svg>").unwrap() + 6])
        .unwrap();
    let output = eval(repository.path(), "judge.sh", &[]).output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(
        table.contains("80 % (38 to 96)") && table.contains("too few examples to tell"),
        "{table}"
    );
}

#[test]
fn a_labelled_folder_is_read_strictly() {
    let repository = repository();
    for (path, says) in [
        (
            "l/lock-held-over-awaits/bad/a.rs",
            "did you mean `lock-held-over-await`?",
        ),
        ("l/lock-held-over-await/wrong/a.rs", "`wrong` says nothing"),
        ("l/lock-held-over-await/bad/a/b.rs", "is no example"),
    ] {
        scratch::write(repository.path(), path, "fn a() {}");
        let mut command = scratch::codex(repository.path());
        let output = command
            .args(["eval", "--review", "show", "--labelled", "l"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{path}");
        assert!(said.contains(says), "{path}: {said}");
        std::fs::remove_dir_all(repository.path().join("l")).unwrap();
    }
}

/// Values of other people's tables.
#[test]
fn the_intervals_are_those_of_the_books() {
    let near = |one: f64, other: f64| (one - other).abs() < 5e-4;
    for (is, of, low, high) in [
        (0, 10, 0.0, 0.2775),
        (1, 10, 0.0179, 0.4042),
        (8, 10, 0.4902, 0.9433),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),
        (0, 0, 0.0, 1.0),
    ] {
        let found = stats::wilson(is, of);
        assert!(
            near(found.0, low) && near(found.1, high),
            "{is} of {of}: {found:?}"
        );
    }
    for (one, other, p) in [
        (0, 0, 1.0),
        (5, 5, 1.0),
        (10, 2, 0.0386),
        (0, 6, 0.03125),
        (8, 1, 0.0391),
    ] {
        let found = stats::mcnemar(one, other);
        assert!(near(found, p), "{one}, {other}: {found}");
        assert!(near(stats::mcnemar(other, one), p));
    }
    assert!(stats::mcnemar(5000, 4000) < 1e-9);
    assert_eq!(stats::fewest(), 9);
    assert_eq!(stats::quantile(&[5, 1, 3], 0.5), Some(3));
    assert_eq!(stats::quantile(&[5, 1, 3, 4], 0.9), Some(5));
    assert_eq!(stats::quantile(&[], 0.5), None);
}
