//! The tidiness of the house: what clippy cannot say and no RFC matcher decides.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &str) -> Vec<(PathBuf, String)> {
    let mut open = vec![root().join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(root()).unwrap().to_path_buf(), text));
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "{folder} holds no Rust");
    files
}

fn codex(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_codex"))
        .args(arguments)
        .current_dir(root())
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// Files of `folder` whose lines make `is_wrong` true, as `path:line`.
fn offenders(folder: &str, is_wrong: impl Fn(&Path, &str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in rust_files(folder) {
        for (index, line) in text.lines().enumerate() {
            if is_wrong(&path, line) {
                found.push(format!("{}:{}", path.display(), index + 1));
            }
        }
    }
    found
}

#[test]
fn the_repository_obeys_its_own_law() {
    let (code, text) = codex(&["check", "--all", "--fail-on", "warn"]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn the_compiled_law_is_fresh_and_its_examples_hold() {
    let (code, text) = codex(&["compile", "--check"]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn the_embedded_law_is_the_compiled_one_without_the_house() {
    let embedded: Vec<String> = codex::rule::in_force::embedded()
        .into_iter()
        .map(|rule| rule.id)
        .collect();
    for id in ["unwrap-outside-tests", "unchecked-nil-index"] {
        assert!(
            embedded.iter().any(|known| known == id),
            "{id} is not embedded"
        );
    }
    assert!(!embedded.iter().any(|id| id == "yaml-outside-its-module"));
}

#[test]
fn every_file_says_what_it_is() {
    for folder in ["src", "tests", "benches"] {
        for (path, text) in rust_files(folder) {
            assert!(
                text.starts_with("//! "),
                "{} has no module documentation",
                path.display()
            );
        }
    }
}

#[test]
fn nobody_imports_the_command_line() {
    let found = offenders("src", |path, line| {
        !path.starts_with("src/cli")
            && path != Path::new("src/main.rs")
            && line.contains("crate::cli")
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn reports_see_plain_data_only() {
    let found = offenders("src/report", |_, line| {
        let import = line.trim_start().strip_prefix("use crate::");
        let is_data = |import: &str| {
            ["finding", "assessment", "lines"]
                .iter()
                .any(|data| import.starts_with(data))
        };
        import.is_some_and(|import| !is_data(import))
    });
    assert_eq!(found, Vec::<String>::new());
}

/// A dependency has one home, so that replacing it is the work of one file.
#[test]
fn each_dependency_has_one_home() {
    let homes = [
        ("clap::", "src/cli"),
        ("pulldown_cmark::", "src/rfc src/review/document/parts.rs"),
        ("syn::", "src/language/rust"),
        ("ignore::", "src/change"),
        ("rayon::", "src/parallel.rs"),
        ("diffy::", "src/change"),
        ("imara_diff::", "src/change/lines.rs"),
        ("serde_yaml::", "src/yaml"),
        ("ureq::", "src/review/http"),
        ("rust_stemmers::", "src/search.rs"),
        ("rmcp::", "src/cli/mcp.rs"),
        ("tokio::", "src/cli/mcp.rs"),
    ];
    for (word, home) in homes {
        let is_use = |line: &str| {
            line.match_indices(word).any(|(at, _)| {
                !line[..at].ends_with(|before: char| {
                    before.is_alphanumeric() || before == '_' || before == ':'
                })
            })
        };
        let found = offenders("src", |path, line| {
            let is_comment = line.trim_start().starts_with("//");
            !is_comment && is_use(line) && !home.split(' ').any(|home| path.starts_with(home))
        });
        assert_eq!(found, Vec::<String>::new(), "{word} outside of {home}");
    }
}

#[test]
fn findings_know_no_output_format() {
    let found = offenders("src/finding", |_, line| {
        let line = line.to_lowercase();
        ["miette", "sarif", "tree_sitter"]
            .iter()
            .any(|word| line.contains(word))
    });
    assert_eq!(found, Vec::<String>::new());
}
