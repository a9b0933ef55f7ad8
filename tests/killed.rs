//! A command that is killed while it writes leaves the old file whole: the system kills it at its first byte, or after so
//! many, because the shell allows no larger files (`ulimit -f`, then SIGXFSZ).
//!
//! Deliberately absent: power cuts; nothing here is waited for until it is on the disk.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

const SIGXFSZ: i32 = 25;

/// Runs codex where files may have so many blocks of 512 bytes.
fn limited(folder: &Path, blocks: usize, arguments: &str, more: &[(&str, &str)]) -> ExitStatus {
    let codex = env!("CARGO_BIN_EXE_codex");
    let mut shell = Command::new("sh");
    scratch::calm(&mut shell, folder);
    let script = format!("ulimit -c 0; ulimit -f {blocks}; exec '{codex}' {arguments}");
    let output = shell
        .args(["-c", &script])
        .envs(more.iter().copied())
        .current_dir(folder)
        .output()
        .unwrap();
    output.status
}

/// All files but those that are on their way, which nobody reads.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                waiting.push(path);
            } else if !name.starts_with(".tmp") {
                let bytes = fs::read(&path).unwrap();
                all.insert(path, bytes);
            }
        }
    }
    all
}

fn codex(folder: &Path, arguments: &str) {
    let mut codex = scratch::codex(folder);
    let output = codex.args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "{arguments}: {output:?}");
}

/// A source with so many findings.
fn careless(functions: usize) -> String {
    let function = |index| format!("pub fn f{index}(x: Option<u{index}>) {{ x.unwrap(); }}\n");
    (0..functions).map(function).collect()
}

#[test]
fn what_is_killed_leaves_the_old_file_whole() {
    let scratch = scratch::folder();
    let folder = scratch.path();
    scratch::write(folder, "codex.toml", "");
    scratch::write(folder, "src/a.rs", careless(100));
    let rfc = include_str!("../fixtures/fetch/rfc.md");
    scratch::write(folder, "rfcs/0001-words.md", rfc);
    codex(folder, "compile");
    codex(folder, "baseline");
    // There is something new to write for each of them, and it is longer than what the limits allow.
    scratch::write(folder, "src/b.rs", careless(200));
    let long = rfc.replace("fn f() { safe(); }", &"fn f() { safe(); }\n".repeat(500));
    scratch::write(folder, "rfcs/0001-words.md", long);
    let allow = "allow unwrap-outside-tests src/b.rs:7 --reason why";
    for command in ["baseline", "compile", allow] {
        let before = files(folder);
        for blocks in [0, 2, 8] {
            let status = limited(folder, blocks, command, &[]);
            let what = format!("{command} with {blocks} blocks: {status}");
            assert_eq!(status.signal(), Some(SIGXFSZ), "{what}");
            assert!(files(folder) == before, "{what}: a file has changed");
        }
        // Without a limit it is done: what the killed ones left is in nobody's way.
        codex(folder, command);
        assert!(files(folder) != before, "{command} had nothing to do");
    }
}

#[test]
fn a_killed_fetch_leaves_the_last_good_codex() {
    let scratch = scratch::folder();
    let root = scratch.path().canonicalize().unwrap();
    let (law, here) = (root.join("elsewhere/law"), root.join("here"));
    let instead = format!("url.file://{}/.insteadOf", root.join("elsewhere").display());
    let cache = root.join("cache").display().to_string();
    let variables = [
        ("CODEX_CACHE_DIR", cache.as_str()),
        ("GIT_CONFIG_COUNT", "2"),
        ("GIT_CONFIG_KEY_0", &instead),
        ("GIT_CONFIG_VALUE_0", "https://codex.test/"),
        ("GIT_CONFIG_KEY_1", "protocol.file.allow"),
        ("GIT_CONFIG_VALUE_1", "always"),
    ];
    let git = |folder: &Path, arguments: &[&str]| {
        let mut git = Command::new("git");
        scratch::calm(&mut git, folder);
        let identity = ["-c", "user.name=a", "-c", "user.email=a@localhost"];
        let output = git
            .current_dir(folder)
            .args(identity)
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let run = |arguments: &str| {
        let mut codex = scratch::codex(&here);
        let output = codex
            .args(arguments.split(' '))
            .envs(variables)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let rfc = include_str!("../fixtures/fetch/rfc.md");
    scratch::write(&law, "codex.toml", "extends = []\n");
    git(&law, &["init", "-q", "-b", "main"]);
    scratch::write(&here, "src/a.rs", "fn f() { risky(); }\n");
    // Well packed: git can write it where codex cannot.
    let long = rfc.replace("fn f() { safe(); }", &"fn f() { safe(); }\n".repeat(4000));
    let mut commits = Vec::new();
    for text in [rfc, &long] {
        scratch::write(&law, "rfcs/0001-words.md", text);
        codex(&law, "compile");
        git(&law, &["add", "-A"]);
        git(&law, &["commit", "-q", "-m", "law"]);
        commits.push(git(&law, &["rev-parse", "HEAD"]));
    }
    let want = |commit: &str| {
        let text = format!("extends = [\"https://codex.test/law@{commit}\"]\n");
        scratch::write(&here, "codex.toml", text);
    };
    want(&commits[0]);
    assert_eq!(run("fetch").0, Some(0));
    let before = files(Path::new(&cache));
    want(&commits[1]);
    let status = limited(&here, 40, "fetch", &variables);
    assert_eq!(status.signal(), Some(SIGXFSZ), "{status}");
    want(&commits[0]);
    let (code, said) = run("check --all");
    assert_eq!((code, said.contains("stale")), (Some(1), false), "{said}");
    // Half of what was to come is not taken for a codex.
    want(&commits[1]);
    let (code, said) = run("check --all");
    assert_eq!(
        (code, said.contains("run `codex fetch`")),
        (Some(2), true),
        "{said}"
    );
    let after = files(Path::new(&cache));
    assert!(
        before
            .iter()
            .all(|(path, bytes)| after.get(path) == Some(bytes))
    );
    assert_eq!(run("fetch").0, Some(0));
    assert_eq!(run("check --all").0, Some(1));
}

/// Where nothing can be written, it is said, and nothing is lost.
#[test]
fn a_full_disk_is_said() {
    let scratch = scratch::folder();
    let folder = scratch.path();
    scratch::write(folder, "codex.toml", "");
    scratch::write(folder, "src/a.rs", careless(3));
    codex(folder, "baseline");
    scratch::write(folder, "src/b.rs", careless(3));
    let before = files(folder);
    // With SIGXFSZ ignored the write itself fails, as on a full disk.
    let script = format!(
        "trap '' XFSZ; ulimit -f 0; exec '{}' baseline 2>/dev/null",
        env!("CARGO_BIN_EXE_codex")
    );
    let mut shell = Command::new("sh");
    scratch::calm(&mut shell, folder);
    let status = shell
        .args(["-c", &script])
        .current_dir(folder)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(2), "{status}");
    assert!(files(folder) == before);
}
