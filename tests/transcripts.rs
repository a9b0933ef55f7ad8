//! What a terminal shows: every console block of `fixtures/transcripts/` and of the README, with the whole output.
//!
//! `TRYCMD=overwrite cargo test --test transcripts` writes it anew; it is then read, not trusted.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

/// How the names begin of what continuous integration sets; the transcripts are a developer's.
const OF_A_PLATFORM: [&str; 5] = ["BUILDKITE", "CI", "CODEX_", "GITHUB_", "GITLAB_"];

#[test]
fn transcripts() {
    let cases = trycmd::TestCases::new();
    let cache = tempfile::tempdir().unwrap();
    for (name, _) in std::env::vars() {
        if OF_A_PLATFORM.iter().any(|start| name.starts_with(start)) {
            cases.env(name, "");
        }
    }
    cases
        .env("CODEX_REVIEW", "none")
        .env("CODEX_CACHE_DIR", cache.path().to_string_lossy())
        .env(
            "GIT_CEILING_DIRECTORIES",
            std::env::temp_dir().to_string_lossy(),
        )
        .env("LC_ALL", "C")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .case("fixtures/transcripts/*.md")
        .case("README.md");
}

#[test]
fn the_rfc_of_the_readme_is_the_one_that_is_tried() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let rfc = read("fixtures/transcripts/write-a-rule.in/rfcs/0042-sleep.md");
    assert!(rfc.contains("sleep-in-handler"));
    assert!(read("README.md").contains(&format!("````markdown\n{rfc}````\n")));
}
