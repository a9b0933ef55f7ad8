//! Plain rule files and sources that somebody wrote to break codex: an error or an answer, and everything else still checked.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

const GOOD: &str = "id: good\nlanguage: rust\nseverity: warning\nrule: {pattern: bad_call()}\n";

/// The report of a run, and what was said beside it.
fn check(rules: &[(&str, impl AsRef<[u8]>)], sources: &[(&str, Vec<u8>)]) -> (Value, String) {
    let scratch = tempfile::tempdir().unwrap();
    let (code, law) = (scratch.path().join("code"), scratch.path().join("rules"));
    let write = |folder: &Path, name: &str, bytes: &[u8]| {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join(name), bytes).unwrap();
    };
    write(&law, "good.yml", GOOD.as_bytes());
    write(&code, "good.rs", b"fn f() { bad_call() }");
    for (name, text) in rules {
        write(&law, name, text.as_ref());
    }
    for (name, bytes) in sources {
        write(&code, name, bytes);
    }
    let output = Command::new(env!("CARGO_BIN_EXE_codex"))
        .args([
            "check",
            "--all",
            "--exit-zero",
            "--format",
            "json",
            "--rules",
        ])
        .arg(&law)
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env_remove("CI")
        .current_dir(&code)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.stdout.starts_with(b"{"), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut findings = report["findings"].as_array().unwrap().iter();
    assert!(
        findings.any(|found| found["rule"] == "good" && found["path"] == "good.rs"),
        "{said}"
    );
    assert!(said.len() < 100_000, "a flood: {} bytes", said.len());
    (report, said)
}

fn refused(report: &Value) -> Vec<&str> {
    let refused = report["rules_refused"].as_array().unwrap().iter();
    refused.map(|one| one["rule"].as_str().unwrap()).collect()
}

/// The one rule file beside the good one is refused; its message.
fn refusal(text: String) -> String {
    let (report, _) = check(&[("x.yml", text)], &[]);
    assert_eq!(refused(&report).len(), 1, "{}", report["rules_refused"]);
    report["rules_refused"][0]["error"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn alias_bombs_are_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let inner = format!("*a{},", level - 1).repeat(10);
        bomb.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
    }
    let error = refusal(bomb);
    assert!(!error.is_empty());
}

#[test]
fn deep_rules_are_refused() {
    for (open, close) in [("{not: ", "}"), ("{inside: ", "}"), ("{all: [", "]}")] {
        for levels in [100, 10_000] {
            let rule = format!(
                "{}{{kind: block}}{}",
                open.repeat(levels),
                close.repeat(levels)
            );
            let text = format!("id: x\nlanguage: rust\nrule: {rule}\n");
            let error = refusal(text);
            assert!(error.contains("nested"), "{open} {levels}: {error}");
        }
    }
}

#[test]
fn empty_documents_are_no_rules() {
    let (report, _) = check(
        &[
            ("x.yml", "---\n---\n\n--- \nnull\n".to_owned()),
            ("y.yml", String::new()),
        ],
        &[],
    );
    assert_eq!(refused(&report), Vec::<&str>::new());
}

#[test]
fn unknown_languages_and_doubled_ids_are_refused() {
    let error = refusal("id: x\nlanguage: rsut\nrule: {kind: block}\n".to_owned());
    assert!(error.contains("unknown language `rsut`"), "{error}");
    let error = refusal(GOOD.to_owned());
    assert!(error.contains("second rule has the id `good`"), "{error}");
    let error = refusal("id: x\nlanguage: rust\nrule: [\n".to_owned());
    assert!(!error.is_empty());
}

#[test]
fn rules_that_are_not_utf_8_are_refused_alone() {
    let text = b"id: x\nlanguage: rust\nrule: {regex: '\xe9'}\n";
    let (report, said) = check(&[("x.yml", text)], &[]);
    assert_eq!(refused(&report).len(), 1, "{said}");
    assert!(
        said.contains("not UTF-8") && said.contains("x.yml:3"),
        "{said}"
    );
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let text = "id: [x]\nlanguage: rsut\nseverity: eror\nrule: {kind: block}\n";
    let (_, said) = check(&[("x.yml", text)], &[]);
    for place in ["x.yml:1:5", "x.yml:2:11", "x.yml:3:11"] {
        assert!(said.contains(place), "{place}: {said}");
    }
}

#[test]
fn patterns_of_a_megabyte_are_refused_or_answered() {
    let long = "a.b().".repeat(200_000);
    refusal(format!(
        "id: x\nlanguage: rust\nrule: {{pattern: '{long}c()'}}\n"
    ));
    let wide = "a(); ".repeat(200_000);
    let text = format!("id: x\nlanguage: rust\nrule: {{pattern: 'fn f() {{ {wide} }}'}}\n");
    check(&[("x.yml", text)], &[]);
    let regex = "a{1000}".repeat(1000);
    refusal(format!(
        "id: x\nlanguage: rust\nrule: {{kind: block, regex: '{regex}'}}\n"
    ));
}

#[test]
fn sources_of_any_depth_size_and_content() {
    let deep = format!(
        "fn f() {{ {}bad_call(){} }}",
        "(".repeat(100_000),
        ")".repeat(100_000)
    );
    let calls = format!(
        "fn f() {{ {}bad_call(){} }}",
        "g(".repeat(100_000),
        ")".repeat(100_000)
    );
    let chain = format!("fn f() {{ a{}; bad_call() }}", ".b()".repeat(100_000));
    let large = "fn f() { bad_call() }\n".repeat(2_500_000);
    let rule = "id: deep\nlanguage: rust\nrule: {kind: call_expression, has: {regex: '^bad_call$', stopBy: end}, inside: {kind: function_item, stopBy: end}}\n";
    let (report, _) = check(
        &[("deep.yml", rule.to_owned())],
        &[
            ("deep.rs", deep.into_bytes()),
            ("calls.rs", calls.into_bytes()),
            ("chain.rs", chain.into_bytes()),
            ("large.rs", large.into_bytes()),
            ("nul.rs", b"fn f() { bad_call() }\0".to_vec()),
        ],
    );
    let unchecked = report["unchecked"].as_array().unwrap();
    for path in ["large.rs", "nul.rs"] {
        assert!(
            unchecked.iter().any(|one| one["path"] == path),
            "{path} of {unchecked:?}"
        );
    }
    let findings = report["findings"].as_array().unwrap();
    for path in ["deep.rs", "calls.rs", "chain.rs"] {
        let is_found = findings
            .iter()
            .any(|found| found["rule"] == "good" && found["path"] == path);
        assert!(is_found, "{path}");
    }
}

/// A util that asks itself about other nodes, twice: two to the power of the depth, if nobody remembers.
#[test]
fn utils_that_ask_themselves_come_to_an_end() {
    let util = |condition: &str| {
        format!(
            "id: x\nlanguage: rust\nutils:\n  u:\n    any:\n      - all: [{{has: {{stopBy: end, matches: u}}}}, {{has: {{stopBy: end, matches: u, kind: nothing_of_it}}}}]\n      - {condition}\nrule: {{kind: parenthesized_expression, matches: u}}\n"
        )
        .replace("kind: nothing_of_it", "regex: nothing_of_it")
    };
    let deep = format!(
        "// nothing, nothing_of_it: the texts that wake the rule\nfn f() {{ {}a{} }}",
        "(".repeat(200),
        ")".repeat(200)
    )
    .into_bytes();
    let (report, _) = check(
        &[("x.yml", util("{regex: '^nothing$'}"))],
        &[("deep.rs", deep.clone())],
    );
    assert_eq!(
        report["unchecked"].as_array().unwrap().len(),
        0,
        "{}",
        report["unchecked"]
    );
    // What binds cannot be remembered: it is given up, and said so.
    let (report, _) = check(
        &[("x.yml", util("{pattern: $A.nothing($A)}"))],
        &[("deep.rs", deep)],
    );
    assert_eq!(report["unchecked"][0]["path"], "deep.rs");
}

/// A util that asks itself about the node below, thousands of times: an answer, or none, but no overflow.
#[test]
fn chains_of_utils_are_followed_far() {
    let rule = "id: x\nlanguage: rust\nutils:\n  u: {any: [{regex: '^end$'}, {has: {matches: u}}]}\nrule: {kind: let_declaration, has: {matches: u}}\n";
    let nested = |levels: usize| {
        let (open, close) = ("(".repeat(levels), ")".repeat(levels));
        format!("fn f() {{ let a = {open}end{close}; }}").into_bytes()
    };
    let sources = [("far.rs", nested(300)), ("too_far.rs", nested(50_000))];
    let (report, _) = check(&[("x.yml", rule.to_owned())], &sources);
    let findings = report["findings"].as_array().unwrap();
    assert!(
        findings
            .iter()
            .any(|found| found["rule"] == "x" && found["path"] == "far.rs")
    );
    assert_eq!(report["unchecked"][0]["path"], "too_far.rs");
}
