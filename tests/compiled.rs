//! What `compile` writes means what the RFC says: every example holds for the rule that is read back.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use codex::change::Snapshot;
use codex::config::Config;
use codex::finding::Certainty;
use codex::language::Workspace;
use codex::rule::{Decision, Role, Rule, in_force};
use codex::scan::Scanner;
use codex::source::RepoPath;
use serde_json::Value;

const FIXTURES: &str = "fixtures/compiled";

/// The lines of the findings of a rule in an example, by certainty.
fn lines(rule: &Rule, file: &str, code: &str, certainty: Certainty) -> Vec<usize> {
    let path = RepoPath::from(file);
    let files = BTreeMap::from([(path.clone(), code.as_bytes().to_vec())]);
    let snapshot = Snapshot::memory(files);
    let scan =
        Scanner::new(std::slice::from_ref(rule), true).scan(&Workspace::new(&snapshot), &[path]);
    assert!(scan.unchecked.is_empty());
    let mut lines: Vec<usize> = scan
        .candidates
        .iter()
        .filter(|candidate| candidate.suppressed.is_none() && candidate.certainty == certainty)
        .map(|candidate| candidate.focus.start.line)
        .collect();
    lines.dedup();
    lines
}

/// How many examples hold; all must.
fn prove(rules: &[Rule]) -> usize {
    let mut held = 0;
    for rule in rules {
        if matches!(rule.decision, Decision::Review(_)) {
            continue;
        }
        for example in &rule.law().unwrap().examples {
            let found = |certainty| lines(rule, &example.file, &example.code, certainty);
            let (violations, doubts) = (found(Certainty::Violation), found(Certainty::Ambiguous));
            let place = format!("{} in {}", rule.id, example.code);
            let (wanted, others) = match example.role {
                Role::Good | Role::Fixed => {
                    assert!(violations.is_empty() && doubts.is_empty(), "{place}");
                    held += 1;
                    continue;
                }
                Role::Bad => (violations, doubts),
                Role::Ambiguous => (doubts, violations),
            };
            assert!(!wanted.is_empty(), "{place}");
            if !example.lines.is_empty() {
                assert_eq!(wanted, example.lines, "{place}");
                assert!(others.iter().all(|line| wanted.contains(line)), "{place}");
            }
            held += 1;
        }
    }
    held
}

fn read_back(folder: &Path) -> Vec<Rule> {
    let config = Config::find(folder, Some(folder)).unwrap();
    let selection = in_force::Selection {
        drafts: true,
        ..in_force::Selection::default()
    };
    let in_force = in_force::collect(&config, &selection).unwrap();
    assert!(in_force.problems.is_empty(), "{:?}", in_force.problems);
    in_force.rules
}

#[test]
fn every_example_holds_for_the_compiled_rule() {
    let rules = read_back(Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(prove(&rules) >= 40);
}

/// A folder with the RFCs of `fixtures/compiled`, compiled.
fn compiled(configuration: &str) -> tempfile::TempDir {
    let scratch = scratch::folder();
    for entry in fs::read_dir(FIXTURES).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = fs::read(&path).unwrap();
        scratch::write(scratch.path(), &format!("rfcs/{name}"), text);
    }
    scratch::write(scratch.path(), "codex.toml", configuration);
    let output = scratch::codex(scratch.path())
        .arg("compile")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), said.as_str()), (Some(0), ""));
    scratch
}

/// Texts that YAML could take for something else, keys of every kind, odd characters in code.
#[test]
fn odd_texts_survive_the_way_through_yaml() {
    let scratch = compiled("extends = []\n");
    let rules = read_back(scratch.path());
    assert_eq!(prove(&rules), 9);
    let odd = rules.iter().find(|rule| rule.id == "odd-text").unwrap();
    assert_eq!(odd.message, "yes: \"no\" # 'off' \\ ü → 1e3");
    let law = odd.law().unwrap();
    assert_eq!(law.owners, ["null", "0x10", "~", "- a", "1e3"]);
    assert_eq!(law.statement, "Code MUST NOT call `odd`: - once - twice");
    assert_eq!(law.advice, "If you need it, use \"even\": it's `#1`.");
    let bad = law
        .examples
        .iter()
        .find(|example| example.role == Role::Bad)
        .unwrap();
    assert_eq!(
        bad.code,
        "\n  fn f() {\n\todd(\"\u{85}\u{2028}\\\");\n\n  }\n  \n"
    );
    assert_eq!(bad.lines, [3]);
}

#[test]
fn the_index_has_the_agreed_shape() {
    let scratch = compiled("rules = \"law/rules/\"\nlink = \"https://git.example/x/\"\n");
    let text = fs::read(scratch.path().join("law/rules/index.json")).unwrap();
    let index: Value = serde_json::from_slice(&text).unwrap();
    let keys =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let rfcs = index.as_array().unwrap();
    assert_eq!(
        rfcs.iter()
            .map(|rfc| rfc["status"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ["enforced", "superseded", "draft", "withdrawn"]
    );
    for rfc in rfcs {
        let mut found = keys(rfc);
        found.sort();
        assert_eq!(found, ["domain", "rfc", "statements", "status", "title"]);
        for statement in rfc["statements"].as_array().unwrap() {
            let mut found = keys(statement);
            found.sort();
            let wanted = [
                "advice",
                "enforced_by",
                "href",
                "level",
                "section",
                "slug",
                "text",
            ];
            assert_eq!(found, wanted);
        }
    }
    let first = &rfcs[0]["statements"][0];
    assert_eq!(first["slug"], "odd-text");
    assert_eq!(
        first["href"],
        "https://git.example/x/rfcs/0001-odd.md#odd-text"
    );
    assert_eq!(first["section"], serde_json::json!(["Rules", "Calls"]));
    assert_eq!(first["enforced_by"], serde_json::json!(["lua", "rust"]));
    assert_eq!(
        rfcs[0]["statements"][1]["enforced_by"],
        serde_json::json!(["review"])
    );
    assert_eq!(
        rfcs[0]["statements"][2]["enforced_by"],
        serde_json::json!([])
    );
    // They stay in the index and make no rules.
    for gone in [&rfcs[1], &rfcs[3]] {
        assert_eq!(gone["statements"][0]["enforced_by"], serde_json::json!([]));
    }
    let files: Vec<String> = {
        let entries = fs::read_dir(scratch.path().join("law/rules")).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(files, ["0001-odd.yaml", "0003-new.yaml", "index.json"]);
}
