//! codex and ast-grep, rule by rule over the same code: the same findings, the same refusals.
//!
//! `ast-grep-core` and `ast-grep-config` are the oracle. `cargo test` compares a small fixed set; the long run cuts rules
//! out of folders of real code: `ORACLE_RUST=~/.cargo/registry/src ORACLE_LUA=/usr/share/lua ORACLE_ROUNDS=200
//! cargo test --test oracle -- --ignored`. A difference is printed with its rule and its seed.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod cut;
mod language;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use ast_grep_config::{GlobalRules, RuleConfig, SerializableRuleConfig, from_str};
use ast_grep_core::matcher::MatcherExt;
use ast_grep_core::tree_sitter::LanguageExt;
use cut::{Cutter, Random};
use language::Tongue;
use serde_json::Value;

/// A finding: rule, path, range, message; or the refusal of a rule.
type Lines = BTreeSet<String>;

fn by_ast_grep(tongue: Tongue, rules: &[Value], files: &[(String, String)]) -> Lines {
    let globals = GlobalRules::default();
    let trees: Vec<_> = files
        .iter()
        .map(|(path, text)| (path, tongue.ast_grep(text)))
        .collect();
    let mut lines = Lines::new();
    for rule in rules {
        let id = rule["id"].as_str().unwrap();
        let yaml = rule.to_string();
        let read = from_str::<SerializableRuleConfig<Tongue>>(&yaml)
            .map_err(|error| error.to_string())
            .and_then(|rule| {
                RuleConfig::try_from(rule, &globals).map_err(|error| error.to_string())
            });
        let Ok(config) = read else {
            lines.insert(format!("{id} refused"));
            continue;
        };
        for (path, tree) in &trees {
            for node in tree.root().dfs() {
                if let Some(found) = config.matcher.match_node(node) {
                    let range = found.range();
                    let message = plain(&config.get_message(&found));
                    lines.insert(format!(
                        "{id} {path} {}-{} {message}",
                        range.start, range.end
                    ));
                }
            }
        }
    }
    lines
}

/// White space aside: ast-grep indents what a metavariable stands for.
fn plain(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn by_codex(rules: &[Value], files: &[(String, String)]) -> Lines {
    let scratch = tempfile::tempdir().unwrap();
    let (code, law) = (scratch.path().join("code"), scratch.path().join("rules"));
    std::fs::create_dir_all(&law).unwrap();
    std::fs::create_dir_all(&code).unwrap();
    for (path, text) in files {
        std::fs::write(code.join(path), text).unwrap();
    }
    for (index, rule) in rules.iter().enumerate() {
        std::fs::write(law.join(format!("{index:05}.yml")), rule.to_string()).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_codex"))
        .args([
            "check",
            "--all",
            "--exit-zero",
            "--no-ignore",
            "--no-suppressions",
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
    assert!(
        output.stdout.starts_with(b"{"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        report["unchecked"].as_array().map_or(0, Vec::len),
        0,
        "{}",
        report["unchecked"]
    );
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let finding = |found: &Value| {
        let (start, end) = (
            &found["range"]["start"]["byte"],
            &found["range"]["end"]["byte"],
        );
        let (rule, path) = (text(&found["rule"]), text(&found["path"]));
        let message = found["message"].as_str().unwrap_or_default();
        let message = if message == rule { "" } else { message };
        format!("{rule} {path} {start}-{end} {}", plain(message))
    };
    let refused = report["rules_refused"].as_array().unwrap().iter();
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .map(finding)
        .chain(refused.map(|refused| format!("{} refused", text(&refused["rule"]))))
        .collect()
}

/// Compares; the differences, each with its rule.
fn compare(tongue: Tongue, rules: &[Value], files: &[(String, String)]) -> Vec<String> {
    let (ours, theirs) = (by_codex(rules, files), by_ast_grep(tongue, rules, files));
    let refused = theirs.iter().filter(|line| line.ends_with(" refused"));
    let refused = refused.count();
    assert!(
        theirs.len() > 2 * refused && refused < rules.len(),
        "hardly anything is compared: {refused} of {} rules are refused",
        rules.len()
    );
    let whose = |line: &String| {
        if ours.contains(line) {
            "only codex"
        } else {
            "only ast-grep"
        }
    };
    let mut seen = BTreeSet::new();
    ours.symmetric_difference(&theirs)
        .filter(|line| seen.insert(line.split(' ').next().map(str::to_owned)))
        .map(|line| {
            let id = line.split(' ').next().unwrap_or_default();
            let rule = rules.iter().find(|rule| rule["id"] == id);
            format!(
                "{}: {line}\n  {}",
                whose(line),
                rule.unwrap_or(&Value::Null)
            )
        })
        .collect()
}

/// Rules cut out of each file with this seed.
fn cut(tongue: Tongue, files: &[(String, String)], seed: u64, count: usize) -> Vec<Value> {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tongue.get_ts_language()).unwrap();
    let mut rules = Vec::new();
    for (index, (_, text)) in files.iter().enumerate() {
        let tree = parser.parse(text, None).unwrap();
        let mut cutter = Cutter::new(tongue, text, &tree, seed.wrapping_add(index as u64));
        rules.extend((0..count).map(|number| cutter.rule(&format!("s{seed}-f{index}-{number}"))));
    }
    rules
}

fn sources(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            sources(&path, ending, found);
        } else if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
}

fn read(paths: &[PathBuf], ending: &str) -> Vec<(String, String)> {
    let named = |(index, path): (usize, &PathBuf)| {
        let text = std::fs::read_to_string(path).ok()?;
        (!text.contains('\0') && text.len() > 20).then(|| (format!("f{index}.{ending}"), text))
    };
    paths.iter().enumerate().filter_map(named).collect()
}

fn fixed(tongue: Tongue, seed: u64) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/matcher")
        .join(tongue.name())
        .join("code");
    let mut paths = Vec::new();
    sources(&folder, tongue.ending(), &mut paths);
    let files = read(&paths, tongue.ending());
    let rules = cut(tongue, &files, seed, 400);
    let differences = compare(tongue, &rules, &files);
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

#[test]
fn rust() {
    fixed(Tongue::Rust, 1);
}

#[test]
fn lua() {
    fixed(Tongue::Lua, 2);
}

/// The rules that people have written by hand, on the same code.
#[test]
fn written_rules() {
    for tongue in Tongue::ALL {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths = Vec::new();
        sources(
            &fixtures.join("benches/peers").join(tongue.name()),
            "yml",
            &mut paths,
        );
        sources(
            &fixtures
                .join("fixtures/matcher")
                .join(tongue.name())
                .join("rules"),
            "yml",
            &mut paths,
        );
        let mut rules: Vec<Value> = Vec::new();
        for path in paths {
            let text = std::fs::read_to_string(path).unwrap();
            rules.extend(ast_grep_config::from_multiple::<Value>(&text).unwrap());
        }
        let mut code = Vec::new();
        for folder in ["fixtures/matcher", "fixtures/nil-index", "src/matcher"] {
            sources(&fixtures.join(folder), tongue.ending(), &mut code);
        }
        code.sort();
        let differences = compare(tongue, &rules, &read(&code, tongue.ending()));
        assert!(
            differences.is_empty(),
            "{} differences:\n{}",
            differences.len(),
            differences.join("\n")
        );
    }
}

#[test]
#[ignore = "as long as you like: ORACLE_ROUNDS"]
fn long_run() {
    let number = |name: &str, otherwise: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(otherwise)
    };
    let (first, rounds) = (number("ORACLE_SEED", 1), number("ORACLE_ROUNDS", 20));
    let mut all = Vec::new();
    for tongue in Tongue::ALL {
        let Ok(folder) = std::env::var(format!("ORACLE_{}", tongue.name().to_uppercase())) else {
            continue;
        };
        let mut paths = Vec::new();
        sources(Path::new(&folder), tongue.ending(), &mut paths);
        paths.sort();
        for seed in first..first + rounds {
            let mut random = Random::new(seed);
            let picked: Vec<PathBuf> = (0..12).map(|_| random.pick(&paths).clone()).collect();
            let mut files = read(&picked, tongue.ending());
            files.retain(|(_, text)| text.len() < 60_000);
            let rules = cut(tongue, &files, seed, 25);
            let differences = compare(tongue, &rules, &files);
            eprintln!(
                "{} seed {seed}: {} rules, {} differences",
                tongue.name(),
                rules.len(),
                differences.len()
            );
            all.extend(differences);
        }
    }
    assert!(
        all.is_empty(),
        "{} differences:\n{}",
        all.len(),
        all.join("\n")
    );
}
