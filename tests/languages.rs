//! Every language but Rust and Lua, which have tests of their own, does what `fixtures/languages` says: finds, excepts by
//! its conventions for tests, takes exceptions. The findings themselves are compared with ast-grep's in tests/matcher.rs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

use codex::language::{ALL, Language};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_codex"))
        .args(arguments)
        .current_dir(folder)
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .output()
        .unwrap()
}

fn others() -> impl Iterator<Item = &'static Language> {
    let others = ALL.iter().copied();
    others.filter(|language| !matches!(language.name, "lua" | "rust"))
}

#[test]
fn examples() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/languages");
    let output = run(&folder, &["test"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for language in others() {
        let of_language = format!(" {} ", language.name);
        for role in ["bad", "good"] {
            let ending = format!("{role}: holds");
            let holding = text
                .lines()
                .filter(|line| line.contains(&of_language) && line.ends_with(&ending));
            assert!(holding.count() >= 2, "{} {role}\n{text}", language.name);
        }
        let fails = |line: &&str| line.contains(&of_language) && !line.ends_with(": holds");
        assert_eq!(text.lines().find(fails), None);
    }
    // With a language left out the RFC does not compile, and says so.
    let is_whole = [
        "bash",
        "c",
        "cpp",
        "go",
        "java",
        "javascript",
        "python",
        "tsx",
    ]
    .iter()
    .all(|name| Language::named(name).is_some());
    assert_eq!(output.status.success(), is_whole);
}

/// A kind that the grammar does not have is never found: a slip of the pen that nothing else would show.
#[test]
fn kinds_exist() {
    for language in ALL {
        let grammar = (language.grammar)();
        let fields = |pairs: &'static [(&str, &'static str)]| pairs.iter().map(|(_, field)| *field);
        let kinds = |pairs: &'static [(&'static str, &str)]| pairs.iter().map(|(kind, _)| *kind);
        let named = [
            language.comments,
            language.blocks,
            language.decorations,
            language.calls,
        ];
        let named = named.into_iter().flatten().copied();
        for kind in named
            .chain(kinds(language.items))
            .chain(kinds(language.callee))
        {
            let is_known = grammar.id_for_node_kind(kind, true) != 0;
            assert!(is_known, "{} has no kind {kind}", language.name);
        }
        for field in fields(language.items).chain(fields(language.callee)) {
            let is_known = grammar.field_id_for_name(field).is_some();
            assert!(is_known, "{} has no field {field}", language.name);
        }
    }
}

/// An ending belongs to one language, a name and an alias to one, too.
#[test]
fn nothing_is_claimed_twice() {
    for (index, language) in ALL.iter().enumerate() {
        for other in &ALL[index + 1..] {
            let shared = |ending: &&&str| other.extensions.contains(ending);
            assert_eq!(language.extensions.iter().find(shared), None, "{other:?}");
            let words = |language: &Language| [language.aliases, &[language.name]].concat();
            let is_shared = |word: &&str| words(other).contains(word);
            assert_eq!(
                words(language).into_iter().find(|word| is_shared(word)),
                None
            );
        }
    }
}

/// Only languages that a rule is about are looked at: another one's files are not read, and not counted.
#[test]
fn files_without_a_rule_are_nobodys() {
    let scratch = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| std::fs::write(scratch.path().join(name), text).unwrap();
    write("a.rs", b"fn f() { g().unwrap(); }\n");
    write(
        "rules.yml",
        b"id: x\nlanguage: Rust\nseverity: error\nrule: {pattern: $X.unwrap()}\n",
    );
    for language in others() {
        write(&format!("a.{}", language.extensions[0]), b"\0");
    }
    let rules = ["check", "--all", "--format", "json", "--rules", "."];
    let output = run(scratch.path(), &rules);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["summary"]["files"], 1);
    assert_eq!(report["unchecked"], serde_json::json!([]));
    assert_eq!(report["findings"].as_array().unwrap().len(), 1);
}
