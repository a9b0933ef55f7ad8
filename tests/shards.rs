//! Shards and the gate: the shares of a tree are put together to the report that one run would have written, and what is
//! not whole, or contradicts itself, decides nothing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

/// Files of many sizes, with odd names, with and without findings.
fn tree(folder: &Path) {
    for number in 0..40_usize {
        let mut text = "fn padding() {}\n".repeat(number * number);
        text.push_str("fn a(m: Mutex<u8>, x: Option<u8>) { m.lock().unwrap(); x.unwrap(); x.expect(\"\"); }\n");
        let path = format!("src/{}/{number}.rs", number % 3);
        scratch::write(folder, &path, text);
    }
    for name in [
        b"bro\xffken.rs".as_slice(),
        b"bro\xfeken.rs",
        b"new\nline.rs",
        b"a.txt",
    ] {
        let path = codex::source::RepoPath::new(name).to_path();
        fs::write(folder.join(path), "fn a(x: Option<u8>) { x.unwrap(); }\n").unwrap();
    }
    scratch::write(folder, "nul.rs", b"\0");
    scratch::write(folder, "src/1/nul.lua", b"\0");
}

fn codex(folder: &Path, arguments: &[&str]) -> Output {
    scratch::codex(folder).args(arguments).output().unwrap()
}

/// Writes the reports of all shards, and gives their files.
fn shards(folder: &Path, out: &Path, of: usize) -> Vec<PathBuf> {
    let one = |index: usize| {
        let file = out.join(format!("{index}-of-{of}.json"));
        let shard = format!("{index}/{of}");
        let format = format!("json={}", file.display());
        let output = codex(
            folder,
            &["check", "--all", "--shard", &shard, "--format", &format],
        );
        assert!(output.status.code() < Some(2), "{output:?}");
        file
    };
    (1..=of).map(one).collect()
}

fn merge(folder: &Path, files: &[PathBuf]) -> Output {
    let mut command = scratch::codex(folder);
    command.args(["merge", "--format", "json"]).args(files);
    command.output().unwrap()
}

fn json(file: &Path) -> Value {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

#[test]
fn merged_shards_are_the_whole() {
    let (tree_folder, out) = (scratch::folder(), scratch::folder());
    let folder = tree_folder.path();
    tree(folder);
    let whole = codex(folder, &["check", "--all", "--format", "json"]);
    assert_eq!(whole.status.code(), Some(1));
    for of in [1, 2, 3, 7, 60] {
        let mut files = shards(folder, out.path(), of);
        files.reverse();
        let merged = merge(folder, &files);
        assert_eq!(merged.status.code(), Some(1));
        let (is, wanted) = (merged.stdout, whole.stdout.clone());
        assert!(
            is == wanted,
            "{of} shards:\n{}",
            String::from_utf8_lossy(&is)
        );
    }
    // Where a form needs no code, it is the same, too.
    let files = shards(folder, out.path(), 3);
    for format in ["sarif", "github", "gitlab"] {
        let whole = codex(folder, &["check", "--all", "--format", format]);
        let mut command = scratch::codex(folder);
        command.args(["merge", "--format", format]).args(&files);
        assert!(command.output().unwrap().stdout == whole.stdout, "{format}");
    }
}

#[test]
fn the_shares_are_about_equal() {
    let (tree_folder, out) = (scratch::folder(), scratch::folder());
    let folder = tree_folder.path();
    tree(folder);
    let size = |finding: &Value| {
        let path = finding["path"].as_str().unwrap();
        fs::metadata(folder.join(path)).map_or(0, |about| about.len())
    };
    let mut loads = Vec::new();
    for file in shards(folder, out.path(), 4) {
        let report = json(&file);
        let mut of_files: Vec<(String, u64)> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| (finding["path"].to_string(), size(finding)))
            .collect();
        of_files.dedup();
        loads.push(of_files.iter().map(|(_, size)| size).sum::<u64>());
    }
    let (least, most) = (*loads.iter().min().unwrap(), *loads.iter().max().unwrap());
    assert!(most - least < most / 10, "{loads:?}");
}

#[test]
fn the_platform_says_which_shard() {
    let (tree_folder, out) = (scratch::folder(), scratch::folder());
    let folder = tree_folder.path();
    tree(folder);
    let wanted = fs::read(&shards(folder, out.path(), 4)[1]).unwrap();
    let cases: [(&str, &[(&str, &str)]); 9] = [
        ("auto", &[("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "4")]),
        (
            "auto",
            &[("CIRCLE_NODE_INDEX", "1"), ("CIRCLE_NODE_TOTAL", "4")],
        ),
        (
            "auto",
            &[
                ("BUILDKITE_PARALLEL_JOB", "1"),
                ("BUILDKITE_PARALLEL_JOB_COUNT", "4"),
            ],
        ),
        (
            "auto",
            &[
                ("BITBUCKET_PARALLEL_STEP", "1"),
                ("BITBUCKET_PARALLEL_STEP_COUNT", "4"),
            ],
        ),
        (
            "auto",
            &[("CLOUD_RUN_TASK_INDEX", "1"), ("CLOUD_RUN_TASK_COUNT", "4")],
        ),
        (
            "auto",
            &[("SEMAPHORE_JOB_INDEX", "2"), ("SEMAPHORE_JOB_COUNT", "4")],
        ),
        (
            "auto",
            &[
                ("SYSTEM_JOBPOSITIONINPHASE", "2"),
                ("SYSTEM_TOTALJOBSINPHASE", "4"),
            ],
        ),
        ("auto/4", &[("JOB_COMPLETION_INDEX", "1")]),
        ("2/4", &[("CI_NODE_INDEX", "3"), ("CI_NODE_TOTAL", "9")]),
    ];
    for (shard, variables) in cases {
        let mut command = scratch::codex(folder);
        command.args(["check", "--all", "--format", "json", "--shard", shard]);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        assert!(output.stdout == wanted, "{shard} {variables:?}: {output:?}");
    }
    let wrong: [(&str, &[(&str, &str)]); 9] = [
        ("0/4", &[]),
        ("5/4", &[]),
        ("1/0", &[]),
        ("1", &[]),
        ("-1/4", &[]),
        ("1/99999999999999999999", &[]),
        ("auto", &[]),
        ("auto", &[("JOB_COMPLETION_INDEX", "1")]),
        ("auto/3", &[("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "4")]),
    ];
    for (shard, variables) in wrong {
        let mut command = scratch::codex(folder);
        command.args(["check", "--all", &format!("--shard={shard}")]);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{shard} {variables:?}");
    }
}

#[test]
fn what_is_not_whole_is_refused() {
    let (tree_folder, out) = (scratch::folder(), scratch::folder());
    let folder = tree_folder.path();
    tree(folder);
    let files = shards(folder, out.path(), 3);
    let says = |what: &str, output: Output, wanted: &str| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{what}: {said}");
        assert!(said.contains(wanted), "{what}: {said}");
        assert!(output.stdout.is_empty(), "{what}");
    };
    let missing = merge(folder, &[files[0].clone(), files[2].clone()]);
    says("missing", missing, "no report of 2");
    let twice = [
        files[0].clone(),
        files[0].clone(),
        files[1].clone(),
        files[2].clone(),
    ];
    says("twice", merge(folder, &twice), "shard 1 is there twice");
    let gate = |file: &Path| codex(folder, &["gate", file.to_str().unwrap()]);
    says("one shard", gate(&files[0]), "shard 1 of 3, not the whole");
    let changed = |name: &str, from: &str, to: &str| {
        let text = fs::read_to_string(&files[0]).unwrap();
        assert!(text.contains(from), "{from}");
        let file = out.path().join(name);
        fs::write(&file, text.replace(from, to)).unwrap();
        merge(folder, &[file, files[1].clone(), files[2].clone()])
    };
    let fourth = changed("fourth.json", "\"index\": 1", "\"index\": 4");
    says("a fourth of three", fourth, "only 3 shards");
    let largest = format!("\"cleared\": {}", usize::MAX);
    let many = changed("many.json", "\"cleared\": 0", &largest);
    assert_eq!(many.status.code(), Some(1), "{many:?}");
    scratch::write(folder, "src/new.rs", "fn b() {}\n");
    let other = shards(folder, out.path(), 3);
    let report = json(&other[1]);
    assert_eq!(report["shard"]["index"], 2);
    // The first shard is that of the tree before.
    let (old_folder, old_out) = (scratch::folder(), scratch::folder());
    tree(old_folder.path());
    let old = shards(old_folder.path(), old_out.path(), 3);
    let mixed = [old[0].clone(), other[1].clone(), other[2].clone()];
    says("another tree", merge(folder, &mixed), "the tree differs");
}

#[test]
fn the_gate_decides_as_the_check_did() {
    let (tree_folder, out) = (scratch::folder(), scratch::folder());
    let folder = tree_folder.path();
    let file = out.path().join("report.json");
    let format = format!("json={}", file.display());
    let review = "fn a(m: std::sync::Mutex<u8>) { m.lock().unwrap(); }\n";
    let block = "fn a(x: Option<u8>) { x.unwrap(); }\n";
    let cases = [
        ("fn a() {}\n", "block", 0, "verdict=pass\nblock=0\n"),
        (review, "block", 0, "verdict=review\nblock=0\nreview=1\n"),
        (review, "review", 1, "verdict=reject\nblock=0\nreview=1\n"),
        (block, "block", 1, "verdict=reject\nblock=1\n"),
    ];
    for (code, fail_on, exit, wanted) in cases {
        scratch::write(folder, "a.rs", code);
        let check = [
            "check",
            "--all",
            "--exit-zero",
            "--fail-on",
            fail_on,
            "--format",
            &format,
        ];
        assert_eq!(codex(folder, &check).status.code(), Some(0));
        let output = codex(folder, &["gate", file.to_str().unwrap()]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(exit), "{code}");
        assert!(said.starts_with(wanted), "{said}");
        assert!(
            said.lines().all(|line| line.split_once('=').is_some()),
            "{said}"
        );
    }
    let gate = |arguments: &[&str]| {
        let mut all = vec!["gate", file.to_str().unwrap()];
        all.extend(arguments);
        codex(folder, &all).status.code()
    };
    assert_eq!(gate(&["--exit-zero"]), Some(0));
    assert_eq!(gate(&["--fail-on", "sometimes"]), Some(2));
    let text = fs::read_to_string(&file).unwrap();
    let edited = [
        text.replace("\"block\": 1,", "\"block\": 0,"),
        text.replace("\"disposition\": \"block\"", "\"disposition\": \"note\""),
        text.replace("\"schema\": 1", "\"schema\": 2"),
        text.replace("\"line\": 1,", "\"line\": 0,"),
        text[..text.len() / 2].to_owned(),
        "[".repeat(100_000),
        String::new(),
        "{}".to_owned(),
    ];
    for (index, edited) in edited.iter().enumerate() {
        assert_ne!(*edited, text);
        fs::write(&file, edited).unwrap();
        assert_eq!(gate(&["--exit-zero"]), Some(2), "edit {index}");
    }
    // A rule that could not be used is no pass, whatever was found.
    let refused = "\"rules_refused\": [{\"rule\": \"x\", \"error\": \"y\"}]";
    fs::write(&file, text.replace("\"rules_refused\": []", refused)).unwrap();
    assert_eq!(gate(&["--exit-zero"]), Some(2));
}
