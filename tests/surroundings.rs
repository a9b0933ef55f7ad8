//! For a pattern that is no code on its own, codex proposes its surroundings, and what it proposes is a rule.
//!
//! `fixtures/surroundings` holds a language, a fragment and the kind of node that it is, line by line.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use codex::language::Language;
use codex::problem::Problem;
use serde_json::json;

/// What is wrong with a rule that has this pattern, in YAML.
fn problems(language: &str, pattern: &str) -> Vec<Problem> {
    let scratch = tempfile::tempdir().unwrap();
    let rule = format!("id: a\nlanguage: {language}\nrule: {{pattern: {pattern}}}\n");
    std::fs::write(scratch.path().join("a.yml"), rule).unwrap();
    codex::rule::plain::load(scratch.path(), None)
        .unwrap()
        .problems
}

#[test]
fn what_is_proposed_is_a_rule() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/surroundings");
    let text = std::fs::read_to_string(path).unwrap();
    let mut wrong = Vec::new();
    for line in text.lines() {
        let (language, rest) = line.split_once(" | ").unwrap();
        let (fragment, kind) = rest.rsplit_once(" | ").unwrap();
        if Language::named(language).is_none() {
            continue;
        }
        let found = problems(language, &json!(fragment).to_string());
        let mut helps = found.into_iter().filter_map(|problem| problem.help);
        let help = helps.find(|help| help.starts_with("give it"));
        let help = help.unwrap_or_default();
        let proposed = help.split_once("`pattern: ");
        let proposed = proposed.and_then(|(_, rest)| rest.strip_suffix('`'));
        let left = proposed.map(|proposed| problems(language, proposed));
        let is_right = left.is_some_and(|left| left.is_empty());
        if !is_right || !help.ends_with(&format!("selector: {kind}}}`")) {
            wrong.push(format!("{line}\n    {help}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
