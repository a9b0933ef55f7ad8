//! `codex test --watch`: a round now, one after every change, and an end by a signal.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

const RFC: &str = include_str!("../fixtures/fetch/rfc.md");
/// Not the one of Ctrl-C: a shell's background jobs, and so their tests, are deaf to that.
const SIGTERM: i32 = 15;

/// What is said up to the end of a round.
fn round(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> String {
    let mut said = String::new();
    for line in lines {
        let line = line.unwrap();
        if line.starts_with("watching") {
            return said;
        }
        said.push_str(&line);
        said.push('\n');
    }
    said
}

#[test]
fn a_round_follows_every_change() {
    let scratch = scratch::folder();
    let folder = scratch.path();
    scratch::write(folder, "codex.toml", "");
    scratch::write(folder, "rfcs/0001-words.md", RFC);
    let mut codex = scratch::codex(folder);
    let codex = codex.args(["test", "--watch"]);
    let mut child = codex
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id().to_string();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(round(&mut lines).contains("2 examples hold, 0 fail"));

    let broken = RFC.replace("fn f() { safe(); }", "fn f() { safe(); risky(); }");
    scratch::write(folder, "rfcs/0001-words.md", &broken);
    assert!(round(&mut lines).contains("1 example holds, 1 fails"));

    // Nothing that is wrong ends it.
    scratch::write(folder, "codex.toml", "rfcs = 1\n");
    assert_eq!(round(&mut lines), "");
    scratch::write(folder, "codex.toml", "");
    assert!(round(&mut lines).contains("1 example holds, 1 fails"));

    // Another file, written as many editors write: beside the old one, then moved.
    let other = RFC.replace("rfc: 1", "rfc: 2").replace("risky", "hasty");
    scratch::write(folder, "rfcs/.other", other);
    std::fs::rename(
        folder.join("rfcs/.other"),
        folder.join("rfcs/0002-other.md"),
    )
    .unwrap();
    assert!(round(&mut lines).contains("3 examples hold, 1 fails"));

    std::fs::remove_file(folder.join("rfcs/0001-words.md")).unwrap();
    assert!(round(&mut lines).contains("2 examples hold, 0 fail"));

    terminate(&id);
    assert_eq!(child.wait().unwrap().signal(), Some(SIGTERM));
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(
        said.contains("this good example raises `risky-word`"),
        "{said}"
    );
    assert!(said.contains("codex.toml"), "{said}");
}

fn terminate(id: &str) {
    let status = Command::new("kill").args(["-TERM", id]).status().unwrap();
    assert!(status.success());
}
