//! What coding agents get: `codex ask` and `codex export`. `codex mcp` is driven by a client of other people, in
//! `.ci/mcp-client.py`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output: Output = scratch::codex(folder).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut open = vec![folder.to_path_buf()];
    let mut files = BTreeMap::new();
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path
                    .strip_prefix(folder)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                files.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    files
}

/// Questions that people ask, and the statement that must come first.
#[test]
fn a_question_finds_its_statement() {
    let scratch = scratch::folder();
    for (question, first) in [
        ("how do I handle errors?", "unwrap-outside-tests"),
        (
            "How should I handle errors in my Rust service?",
            "unwrap-outside-tests",
        ),
        ("may I call unwrap", "unwrap-outside-tests"),
        (
            "what goes into the message of expect",
            "expect-without-reason",
        ),
        (
            "indexing a field that may be null in lua",
            "unchecked-nil-index",
        ),
        ("deploying configuration", "unstaged-config-change"),
        ("killswitch", "unstaged-config-change"),
        (
            "checking data of an external dependency",
            "unvalidated-upstream-state",
        ),
    ] {
        let (code, text) = run(scratch.path(), &["ask", "--format", "json", question]);
        let found: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (code, found[0]["slug"].as_str()),
            (Some(0), Some(first)),
            "{question}"
        );
        let href = found[0]["href"].as_str().unwrap();
        assert!(
            href.starts_with("https://") && href.ends_with(first),
            "{href}"
        );
    }
    for nothing in [
        "zebra",
        "how do I",
        "?",
        "\u{1b}[31m\u{202e}",
        &"x ".repeat(10_000),
    ] {
        let (code, text) = run(scratch.path(), &["ask", nothing]);
        assert_eq!(
            (code, text.as_str()),
            (
                Some(0),
                "no statement in force speaks of this; `codex rules` lists them all\n"
            )
        );
    }
    let (_, two) = run(scratch.path(), &["ask", "--limit", "1", "handle", "errors"]);
    assert!(
        two.starts_with("1. unwrap-outside-tests (MUST NOT, RFC 1, enforced, rust)\n")
            && !two.contains("2. "),
        "{two}"
    );
}

#[test]
fn a_skill_is_the_same_twice_and_follows_the_law() {
    let scratch = scratch::folder();
    let rfc = include_str!("../fixtures/eval/rfcs/0001-locks.md");
    scratch::write(scratch.path(), "rfcs/0001-locks.md", rfc);
    scratch::write(scratch.path(), "codex.toml", "extends = [\"embedded\"]\n");
    assert_eq!(run(scratch.path(), &["compile"]).0, Some(0));
    let export = ["export", "--skill", "skill"];
    let check = ["export", "--skill", "skill", "--check"];
    assert_eq!(run(scratch.path(), &check).0, Some(1));
    assert!(
        !scratch.path().join("skill").exists(),
        "--check writes nothing"
    );
    assert_eq!(run(scratch.path(), &export).0, Some(0));
    let first = files(&scratch.path().join("skill"));
    // Two codexes have an RFC 1: each has its page.
    let wanted = [
        "SKILL.md",
        "domains/release.md",
        "domains/reliability.md",
        "domains/rust.md",
        "rfcs/0001-locks.md",
        "rfcs/0001-rust-panics.md",
        "rfcs/0002-lua-nil.md",
        "rfcs/0003-upstream-state.md",
        "rfcs/0004-staged-rollout.md",
    ];
    assert_eq!(first.keys().collect::<Vec<_>>(), wanted);
    assert!(
        first["SKILL.md"]
            .contains("## [rust](domains/rust.md)\n\n- `lock-held-over-await` (MUST NOT, RFC 1)\n")
    );
    assert!(first["domains/rust.md"].contains("(../rfcs/0001-locks.md#lock-held-over-await)"));
    assert!(first["rfcs/0001-locks.md"].contains("let guard = m.lock(); send(*guard).await;"));
    assert_eq!(run(scratch.path(), &export), (Some(0), String::new()));
    assert_eq!(run(scratch.path(), &check).0, Some(0));
    // A domain that is gone takes its page along; what others wrote stays.
    scratch::write(scratch.path(), "skill/domains/mine.md", "mine");
    scratch::write(
        scratch.path(),
        "rfcs/0001-locks.md",
        rfc.replace("domain: rust", "domain: ../Über evil"),
    );
    assert_eq!(run(scratch.path(), &["compile"]).0, Some(0));
    assert_eq!(run(scratch.path(), &check).0, Some(1));
    assert_eq!(run(scratch.path(), &export).0, Some(0));
    let second = files(&scratch.path().join("skill"));
    assert!(
        !second.contains_key("domains/rust.md") && second.contains_key("domains/ber-evil.md"),
        "{:?}",
        second.keys()
    );
    assert_eq!(second["domains/mine.md"], "mine");
    // Nothing of somebody else's is replaced, and then nothing at all is written.
    scratch::write(scratch.path(), "skill/domains/release.md", "mine");
    scratch::write(scratch.path(), "rfcs/0001-locks.md", rfc);
    assert_eq!(run(scratch.path(), &["compile"]).0, Some(0));
    let (code, said) = run(scratch.path(), &export);
    assert!(
        code == Some(2) && said.contains("was not written by `codex export`"),
        "{said}"
    );
    assert!(!scratch.path().join("skill/domains/rust.md").exists());
}

#[test]
fn agents_md_keeps_what_others_wrote() {
    let scratch = scratch::folder();
    let path = scratch.path().join("AGENTS.md");
    let export = ["export", "--agents-md"];
    assert_eq!(run(scratch.path(), &export).0, Some(0));
    let part = fs::read_to_string(&path).unwrap();
    assert!(
        part.contains("### reliability\n\n- `unwrap-outside-tests` (MUST NOT, RFC 1): If you need"),
        "{part}"
    );
    fs::write(
        &path,
        format!("# Mine\n\n{part}\nAnd mine.\n").replace("killswitch", "stale"),
    )
    .unwrap();
    assert_eq!(
        run(scratch.path(), &["export", "--agents-md", "--check"]),
        (Some(1), "AGENTS.md is stale\n".to_owned())
    );
    assert_eq!(run(scratch.path(), &export).0, Some(0));
    let whole = format!("# Mine\n\n{part}\nAnd mine.\n");
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);
    assert_eq!(run(scratch.path(), &export), (Some(0), String::new()));
    fs::write(&path, format!("{part}{part}")).unwrap();
    let (code, said) = run(scratch.path(), &export);
    assert!(code == Some(2) && said.contains("are no pair"), "{said}");
    let (code, _) = run(scratch.path(), &["export"]);
    assert_eq!(code, Some(2), "it must be said what");
}

#[cfg(unix)]
#[test]
fn no_link_leads_out_of_a_skill() {
    let (scratch, elsewhere) = (scratch::folder(), scratch::folder());
    fs::create_dir(scratch.path().join("skill")).unwrap();
    for (link, target) in [
        ("skill/domains", elsewhere.path().to_path_buf()),
        ("skill/SKILL.md", elsewhere.path().join("x")),
    ] {
        let link = scratch.path().join(link);
        fs::write(
            elsewhere.path().join("x"),
            "<!-- written by `codex export`: do not edit -->",
        )
        .unwrap();
        std::os::unix::fs::symlink(target, &link).unwrap();
        let (code, said) = run(scratch.path(), &["export", "--skill", "skill"]);
        assert_eq!(code, Some(2), "{said}");
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
        fs::remove_file(link).unwrap();
    }
}

#[cfg(not(feature = "mcp"))]
#[test]
fn without_mcp_it_is_said_how_to_get_it() {
    let scratch = scratch::folder();
    let (code, said) = run(scratch.path(), &["mcp"]);
    assert!(code == Some(2) && said.contains("--features mcp"), "{said}");
}
