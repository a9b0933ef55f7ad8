//! What `codex check` compares with what, in scratch repositories made with git.
//! Deliberately absent: patches (`change_patch.rs`), and findings.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use codex::change::{
    Change, FileChange, Repository, Snapshot, between_with, everything, patched, staged,
};
use codex::problem::Failure;
use codex::source::RepoPath;
use tempfile::TempDir;

const NO_VARIABLES: &dyn Fn(&str) -> Option<String> = &|_| None;

struct Scratch {
    folder: TempDir,
}

impl Scratch {
    fn folder() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A repository whose branch is `main`, without commits.
    fn repository() -> Self {
        let scratch = Self::folder();
        scratch.git(&["init", "-q", "-b", "main"]);
        scratch
    }

    /// A repository with one commit of these files on `main`, and `feature` checked out.
    fn with(files: &[(&str, &str)]) -> Self {
        let scratch = Self::repository();
        scratch.commit(files);
        scratch.git(&["checkout", "-q", "-b", "feature"]);
        scratch
    }

    fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = git(&self.path(), arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    fn write(&self, path: &str, text: &str) {
        let place = self.path().join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.path().join(path)).unwrap();
    }

    fn commit(&self, files: &[(&str, &str)]) {
        for (path, text) in files {
            self.write(path, text);
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "change", "--allow-empty"]);
    }

    fn discover(&self) -> Repository {
        Repository::discover(&self.path()).unwrap().unwrap()
    }

    fn check(&self) -> Result<Change, Failure> {
        between_with(&self.discover(), None, None, None, false, NO_VARIABLES)
    }

    fn staged(&self) -> Change {
        staged(&self.discover()).unwrap()
    }
}

fn git(folder: &Path, arguments: &[&str]) -> std::process::Output {
    Command::new("git")
        .current_dir(folder)
        .args([
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.com",
            "-c",
            "protocol.file.allow=always",
        ])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The files of the first base, as `old>new`, with a dot for none.
fn files(change: &Change) -> Vec<String> {
    let name = |path: &Option<RepoPath>| {
        path.as_ref()
            .map_or(".".to_owned(), |path| path.text().into_owned())
    };
    let show = |file: &FileChange| format!("{}>{}", name(&file.old), name(&file.new));
    change.bases[0].files.iter().map(show).collect()
}

fn heads(change: &Change) -> Vec<String> {
    change
        .head_files
        .iter()
        .map(|path| path.text().into_owned())
        .collect()
}

fn text(snapshot: &Snapshot, path: &str) -> Option<String> {
    let bytes = snapshot.read(&RepoPath::from(path)).unwrap();
    bytes.map(|bytes| String::from_utf8(bytes).unwrap())
}

fn head_text(change: &Change, path: &str) -> String {
    text(&change.head, path).unwrap_or("-".to_owned())
}

fn base_text(change: &Change, path: &str) -> String {
    text(&change.bases[0].snapshot, path).unwrap_or("-".to_owned())
}

const LONG: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

#[test]
fn work_tree_against_the_default_branch() {
    let scratch = Scratch::with(&[
        ("kept.rs", "kept\n"),
        ("changed.rs", "old\n"),
        ("deleted.rs", "deleted\n"),
        ("src/renamed.rs", LONG),
        (".gitignore", "ignored.rs\n"),
    ]);
    let fork = scratch.git(&["rev-parse", "main"]);
    scratch.git(&["checkout", "-q", "main"]);
    scratch.commit(&[("later.rs", "not ours\n")]);
    scratch.git(&["checkout", "-q", "feature"]);
    scratch.commit(&[("committed.rs", "committed\n")]);
    scratch.write("changed.rs", "new\n");
    scratch.remove("deleted.rs");
    scratch.git(&["mv", "src/renamed.rs", "moved.rs"]);
    scratch.write("moved.rs", &format!("{LONG}eleven\n"));
    scratch.write("untracked.rs", "untracked\n");
    scratch.write("ignored.rs", "ignored\n");

    let change = scratch.check().unwrap();
    let expected = [
        ".>committed.rs",
        ".>untracked.rs",
        "changed.rs>changed.rs",
        "deleted.rs>.",
        "src/renamed.rs>moved.rs",
    ];
    assert_eq!(files(&change), expected);
    assert_eq!(
        heads(&change),
        ["changed.rs", "committed.rs", "moved.rs", "untracked.rs"]
    );
    assert_eq!(change.head_name, "work tree");
    assert_eq!(change.base_name, Some(fork));
    assert_eq!(
        change.base_reason.as_deref(),
        Some("merge base of HEAD and main")
    );
    assert_eq!(head_text(&change, "changed.rs"), "new\n");
    assert_eq!(base_text(&change, "changed.rs"), "old\n");
    assert_eq!(base_text(&change, "src/renamed.rs"), LONG);
    assert_eq!(base_text(&change, "src"), "-");
    assert_eq!(base_text(&change, "src/renamed.rs/deeper"), "-");
    assert_eq!(base_text(&change, "committed.rs"), "-");
    assert_eq!(head_text(&change, "kept.rs"), "kept\n");
}

#[test]
fn a_named_base_and_a_named_head() {
    let scratch = Scratch::with(&[("a.rs", "1\n")]);
    scratch.commit(&[("a.rs", "2\n")]);
    let middle = scratch.git(&["rev-parse", "HEAD"]);
    scratch.commit(&[("b.rs", "3\n")]);
    scratch.write("a.rs", "work tree\n");
    let repository = scratch.discover();

    let change =
        between_with(&repository, Some("HEAD~1"), None, None, false, NO_VARIABLES).unwrap();
    assert_eq!(files(&change), [".>b.rs", "a.rs>a.rs"]);
    let change = between_with(
        &repository,
        Some("main"),
        Some("HEAD~1"),
        None,
        false,
        NO_VARIABLES,
    )
    .unwrap();
    assert_eq!(files(&change), ["a.rs>a.rs"]);
    assert_eq!(
        (head_text(&change, "a.rs"), change.head_name),
        ("2\n".to_owned(), middle)
    );
    let change = between_with(&repository, None, None, Some("main"), true, NO_VARIABLES).unwrap();
    assert_eq!(
        (files(&change).len(), head_text(&change, "a.rs").as_str()),
        (2, "2\n")
    );
    assert_eq!(change.head_name, scratch.git(&["rev-parse", "HEAD"]));

    for (base, message) in [
        (
            "--output=x",
            "a revision cannot start with a dash: `--output=x`",
        ),
        ("", "an empty revision: ``"),
        (
            "a\nb",
            "a revision cannot hold control characters: `a\u{FFFD}b`",
        ),
        ("nowhere", "no commit `nowhere` in this clone"),
        ("HEAD:a.rs", "no commit `HEAD:a.rs` in this clone"),
    ] {
        let failure =
            between_with(&repository, Some(base), None, None, false, NO_VARIABLES).unwrap_err();
        assert_eq!(failure.message, message);
        assert!(failure.help.is_some());
    }
}

#[test]
fn head_itself_is_the_base_on_the_default_branch() {
    let scratch = Scratch::with(&[("a.rs", "1\n")]);
    scratch.git(&["checkout", "-q", "main"]);
    scratch.write("a.rs", "2\n");
    let change = scratch.check().unwrap();
    assert_eq!(files(&change), ["a.rs>a.rs"]);
    assert_eq!(
        change.base_reason.as_deref(),
        Some("HEAD, which is where main is")
    );
}

#[test]
fn no_default_branch() {
    let scratch = Scratch::with(&[("a.rs", "1\n")]);
    scratch.git(&["branch", "-q", "-D", "main"]);
    let failure = scratch.check().unwrap_err();
    assert_eq!(failure.help.as_deref(), Some("name one with `--base`"));
    let failure = between_with(
        &scratch.discover(),
        None,
        None,
        Some("origin/trunk"),
        false,
        NO_VARIABLES,
    );
    let help = "`git fetch origin +refs/heads/trunk:refs/remotes/origin/trunk` gets it";
    assert_eq!(failure.unwrap_err().help.as_deref(), Some(help));
}

#[test]
fn unrelated_histories() {
    let scratch = Scratch::with(&[("a.rs", "1\n")]);
    scratch.git(&["checkout", "-q", "--orphan", "other"]);
    assert_eq!(
        scratch.check().unwrap().base_name.as_deref(),
        Some("the empty tree")
    );
    scratch.commit(&[("b.rs", "1\n")]);
    assert_eq!(
        scratch.check().unwrap_err().message,
        "no common ancestor of HEAD and main"
    );
}

#[test]
fn a_file_that_was_only_touched_or_made_executable_is_no_change() {
    let scratch = Scratch::with(&[("a.rs", "1\n"), ("b.rs", "1\n")]);
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(1000);
    let file = fs::File::options()
        .write(true)
        .open(scratch.path().join("a.rs"))
        .unwrap();
    file.set_modified(later).unwrap();
    scratch.git(&["update-index", "--chmod=+x", "b.rs"]);
    assert!(files(&scratch.check().unwrap()).is_empty());
    assert!(files(&scratch.staged()).is_empty());
}

#[test]
fn partially_staged() {
    let scratch = Scratch::with(&[("a.rs", "1\n"), ("b.rs", "1\n"), ("c.rs", LONG)]);
    scratch.write("a.rs", "staged\n");
    scratch.git(&["add", "a.rs"]);
    scratch.write("a.rs", "work tree\n");
    scratch.write("b.rs", "work tree\n");
    scratch.git(&["mv", "c.rs", "d.rs"]);
    scratch.write("new.rs", "untracked\n");
    scratch.write("intended.rs", "intended\n");
    scratch.git(&["add", "-N", "intended.rs"]);

    let change = scratch.staged();
    assert_eq!(files(&change), ["a.rs>a.rs", "c.rs>d.rs"]);
    assert_eq!(head_text(&change, "a.rs"), "staged\n");
    assert_eq!(head_text(&change, "b.rs"), "1\n");
    assert_eq!(head_text(&change, "new.rs"), "-");
    assert_eq!(base_text(&change, "a.rs"), "1\n");
    assert_eq!(change.head_name, "index");
    let change = scratch.check().unwrap();
    let expected = [
        ".>intended.rs",
        ".>new.rs",
        "a.rs>a.rs",
        "b.rs>b.rs",
        "c.rs>d.rs",
    ];
    assert_eq!(files(&change), expected);
    assert_eq!(head_text(&change, "intended.rs"), "intended\n");
}

#[test]
fn no_commits_yet() {
    let scratch = Scratch::repository();
    assert!(files(&scratch.check().unwrap()).is_empty());
    scratch.write("a.rs", "staged\n");
    scratch.git(&["add", "a.rs"]);
    scratch.write("a.rs", "changed\n");
    scratch.write("b.rs", "untracked\n");
    let change = scratch.staged();
    assert_eq!(files(&change), [".>a.rs"]);
    assert_eq!(head_text(&change, "a.rs"), "staged\n");
    assert_eq!(change.base_name.as_deref(), Some("the empty tree"));
    for ci in [false, true] {
        let change = between_with(&scratch.discover(), None, None, None, ci, NO_VARIABLES).unwrap();
        assert_eq!(files(&change), [".>a.rs", ".>b.rs"]);
        assert_eq!(head_text(&change, "a.rs"), "changed\n");
        assert_eq!(change.base_name.as_deref(), Some("the empty tree"));
    }
}

#[test]
fn a_file_taken_out_of_the_index_is_changed_and_not_new() {
    let scratch = Scratch::with(&[("a.rs", "1\n")]);
    scratch.git(&["rm", "-q", "--cached", "a.rs"]);
    scratch.write("a.rs", "2\n");
    assert_eq!(files(&scratch.check().unwrap()), ["a.rs>a.rs"]);
    assert_eq!(files(&scratch.staged()), ["a.rs>."]);
}

#[test]
fn a_merge_in_progress() {
    let scratch = Scratch::with(&[("ours.rs", "1\n"), ("theirs.rs", "1\n"), ("both.rs", "1\n")]);
    scratch.commit(&[("ours.rs", "2\n"), ("both.rs", "ours\n")]);
    scratch.git(&["checkout", "-q", "main"]);
    scratch.commit(&[("theirs.rs", "2\n"), ("both.rs", "theirs\n")]);
    let main = scratch.git(&["rev-parse", "HEAD"]);
    scratch.git(&["checkout", "-q", "feature"]);
    assert!(
        !git(&scratch.path(), &["merge", "-q", "main"])
            .status
            .success()
    );

    let change = scratch.staged();
    assert_eq!(
        (change.bases.len(), heads(&change)),
        (2, vec!["both.rs".to_owned()])
    );
    let reason = change.head.read(&RepoPath::from("both.rs")).unwrap_err();
    assert_eq!(reason, "in conflict: resolve it and `git add` it");

    scratch.write("both.rs", "merged\n");
    let change = scratch.check().unwrap();
    assert_eq!(change.base_name, Some(main));
    assert_eq!(heads(&change), ["both.rs", "ours.rs"]);
    scratch.git(&["add", "-A"]);
    let change = scratch.staged();
    assert_eq!(heads(&change), ["both.rs"]);
    let counts: Vec<_> = change.bases.iter().map(|base| base.files.len()).collect();
    assert_eq!(counts, [2, 2]);
    assert_eq!(head_text(&change, "both.rs"), "merged\n");
    assert_eq!(base_text(&change, "both.rs"), "ours\n");
    assert_eq!(
        text(&change.bases[1].snapshot, "both.rs").as_deref(),
        Some("theirs\n")
    );
}

/// Runs the command that a failure's help gives.
fn mend(clone: &Scratch, help: &str) {
    let command = help.split('`').nth(1).unwrap();
    let words: Vec<&str> = command.strip_prefix("git ").unwrap().split(' ').collect();
    clone.git(&words);
}

#[test]
fn a_shallow_clone_says_what_mends_it() {
    let origin = Scratch::with(&[("a.rs", "1\n")]);
    origin.commit(&[("a.rs", "2\n")]);
    origin.commit(&[("a.rs", "3\n")]);
    let clone = Scratch::folder();
    let url = format!("file://{}", origin.path().display());
    clone.git(&[
        "clone", "-q", "--depth", "1", "--branch", "feature", &url, ".",
    ]);

    let check = |base| between_with(&clone.discover(), base, None, None, false, NO_VARIABLES);
    let help = check(Some("origin/main")).unwrap_err().help.unwrap();
    assert_eq!(
        help,
        "`git fetch --unshallow origin +refs/heads/main:refs/remotes/origin/main` gets it"
    );
    let id = origin.git(&["rev-parse", "main"]);
    let help = check(Some(&id)).unwrap_err().help.unwrap();
    assert_eq!(help, format!("`git fetch --unshallow origin {id}` gets it"));

    clone.git(&[
        "fetch",
        "-q",
        "--depth",
        "1",
        "origin",
        "+refs/heads/main:refs/remotes/origin/main",
    ]);
    let failure = check(Some("origin/main")).unwrap_err();
    assert_eq!(
        failure.message,
        "no common ancestor of HEAD and origin/main"
    );
    mend(&clone, &failure.help.unwrap());
    assert_eq!(files(&check(Some("origin/main")).unwrap()), ["a.rs>a.rs"]);
}

#[test]
fn what_ci_says() {
    let scratch = Scratch::with(&[("a.rs", "1\n"), ("b.rs", "1\n")]);
    scratch.commit(&[("a.rs", "2\n")]);
    let feature = scratch.git(&["rev-parse", "HEAD"]);
    let fork = scratch.git(&["rev-parse", "main"]);
    scratch.git(&["checkout", "-q", "main"]);
    scratch.commit(&[("b.rs", "2\n")]);
    let main = scratch.git(&["rev-parse", "HEAD"]);
    scratch.git(&["checkout", "-q", "--detach"]);
    scratch.git(&["merge", "-q", "--no-ff", "-m", "merge", "feature"]);
    let merge = scratch.git(&["rev-parse", "HEAD"]);
    scratch.git(&["update-ref", "refs/remotes/origin/main", "main"]);

    let check = |variables: &[(&str, &str)], head: Option<&str>| {
        let known: BTreeMap<&str, &str> = variables.iter().copied().collect();
        let environment = |name: &str| known.get(name).map(|value| (*value).to_owned());
        let change =
            between_with(&scratch.discover(), None, head, None, true, &environment).unwrap();
        let listed = files(&change).join(" ");
        (change.base_name.unwrap(), change.head_name, listed)
    };
    let changed = "a.rs>a.rs".to_owned();
    let pull_request = |sha: &str, head: Option<&str>| {
        let event = ("GITHUB_EVENT_NAME", "pull_request");
        check(
            &[("GITHUB_BASE_REF", "main"), event, ("GITHUB_SHA", sha)],
            head,
        )
    };
    assert_eq!(
        pull_request(&merge, None),
        (main.clone(), merge.clone(), changed.clone())
    );
    assert_eq!(
        pull_request(&merge, Some("feature")),
        (fork.clone(), feature.clone(), changed.clone())
    );
    assert_eq!(
        pull_request("other", None),
        (main.clone(), merge.clone(), changed.clone())
    );

    let base = ("CI_MERGE_REQUEST_DIFF_BASE_SHA", fork.as_str());
    let (name, _, _) = check(&[base, ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "")], None);
    assert_eq!(name, fork);
    let merged = check(&[base, ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", &main)], None);
    assert_eq!(merged, (main, merge, changed.clone()));
    let hook = check(
        &[
            ("PRE_COMMIT_FROM_REF", &fork),
            ("PRE_COMMIT_TO_REF", &feature),
        ],
        None,
    );
    assert_eq!(hook, (fork, feature, changed));
}

#[test]
fn a_pull_request_that_was_fetched_too_shallow() {
    let origin = Scratch::with(&[("a.rs", "1\n")]);
    origin.commit(&[("a.rs", "2\n")]);
    origin.git(&["checkout", "-q", "main"]);
    origin.git(&["merge", "-q", "--no-ff", "-m", "merge", "feature"]);
    let clone = Scratch::folder();
    let url = format!("file://{}", origin.path().display());
    clone.git(&["clone", "-q", "--depth", "1", &url, "."]);
    let environment = |name: &str| match name {
        "GITHUB_BASE_REF" => Some("main".to_owned()),
        "GITHUB_EVENT_NAME" => Some("pull_request".to_owned()),
        _ => None,
    };
    let check = || between_with(&clone.discover(), None, None, None, true, &environment);
    let help = check().unwrap_err().help.unwrap();
    assert!(
        help.contains("`fetch-depth: 2` of actions/checkout"),
        "{help}"
    );
    mend(&clone, &help);
    assert_eq!(files(&check().unwrap()), ["a.rs>a.rs"]);
}

#[test]
fn outside_of_a_repository() {
    let scratch = Scratch::folder();
    assert!(Repository::discover(&scratch.path()).unwrap().is_none());
    assert!(Repository::discover(&scratch.path().join("nowhere")).is_err());
    scratch.write(".git", "gitdir: /nowhere\n");
    let failure = Repository::discover(&scratch.path()).unwrap_err();
    assert!(
        failure
            .message
            .starts_with("git rev-parse: not a git repository"),
        "{}",
        failure.message
    );
}

#[test]
fn everything_in_a_repository() {
    let scratch = Scratch::with(&[
        ("a.rs", "1\n"),
        ("src/b.rs", "1\n"),
        (".gitignore", "ignored.rs\n"),
    ]);
    scratch.write("src/untracked.rs", "1\n");
    scratch.write("src/ignored.rs", "1\n");
    scratch.write(".ignore", "a.rs\n");
    let repository = scratch.discover();
    let all = |folder: &str, use_gitignore| {
        heads(
            &everything(
                Some(&repository),
                &scratch.path().join(folder),
                use_gitignore,
            )
            .unwrap(),
        )
    };
    assert_eq!(
        all("", true),
        [
            ".gitignore",
            ".ignore",
            "a.rs",
            "src/b.rs",
            "src/untracked.rs"
        ]
    );
    assert_eq!(all("src", true), ["src/b.rs", "src/untracked.rs"]);
    assert_eq!(
        all("src", false),
        ["src/b.rs", "src/ignored.rs", "src/untracked.rs"]
    );
    let change = everything(Some(&repository), &scratch.path(), true).unwrap();
    assert!(change.bases.is_empty() && change.base_name.is_none());
    assert_eq!(head_text(&change, "src/b.rs"), "1\n");
    assert!(everything(Some(&repository), Path::new("/"), true).is_err());
}

#[test]
fn everything_outside_of_a_repository() {
    let scratch = Scratch::folder();
    for path in [
        "a.rs",
        ".hidden/b.rs",
        "ignored.rs",
        "sub/c.rs",
        ".git/config",
    ] {
        scratch.write(path, "1\n");
    }
    scratch.write(".gitignore", "ignored.rs\n");
    scratch.write(".ignore", "sub\n");
    fs::create_dir(scratch.path().join("folder.rs")).unwrap();
    let all = |use_gitignore| heads(&everything(None, &scratch.path(), use_gitignore).unwrap());
    assert_eq!(
        all(true),
        [".gitignore", ".hidden/b.rs", ".ignore", "a.rs", "sub/c.rs"]
    );
    assert_eq!(
        all(false),
        [
            ".gitignore",
            ".hidden/b.rs",
            ".ignore",
            "a.rs",
            "ignored.rs",
            "sub/c.rs"
        ]
    );
    assert!(everything(None, &scratch.path().join("nowhere"), true).is_err());
}

#[cfg(unix)]
fn make_pipe(path: PathBuf) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn links_and_special_files() {
    use std::os::unix::fs::symlink;
    let outside = Scratch::folder();
    outside.write("secret.rs", "secret\n");
    let scratch = Scratch::with(&[("a.rs", "1\n"), ("real/b.rs", "1\n"), ("linked.rs", "1\n")]);
    symlink(
        outside.path().join("secret.rs"),
        scratch.path().join("link.rs"),
    )
    .unwrap();
    symlink(outside.path(), scratch.path().join("folder")).unwrap();
    scratch.remove("linked.rs");
    symlink("a.rs", scratch.path().join("linked.rs")).unwrap();
    make_pipe(scratch.path().join("pipe.rs"));

    let change = scratch.check().unwrap();
    assert_eq!(files(&change), ["linked.rs>."]);
    for path in [
        "link.rs",
        "folder/secret.rs",
        "linked.rs",
        "real",
        "a.rs/x",
        "../x",
        "/etc/passwd",
        "",
    ] {
        assert_eq!(head_text(&change, path), "-", "{path}");
    }
    assert_eq!(
        change.head.read(&RepoPath::from("pipe.rs")).unwrap_err(),
        "not a regular file"
    );
    let repository = scratch.discover();
    let all = || heads(&everything(Some(&repository), &scratch.path(), true).unwrap());
    assert_eq!(all(), ["a.rs", "linked.rs", "real/b.rs"]);
    let walked = everything(None, &scratch.path(), true).unwrap();
    assert_eq!(heads(&walked), ["a.rs", "real/b.rs"]);

    scratch.git(&["add", "-A"]);
    scratch.git(&["commit", "-q", "-m", "links"]);
    let change = between_with(
        &repository,
        Some("main"),
        Some("HEAD"),
        None,
        false,
        NO_VARIABLES,
    )
    .unwrap();
    assert_eq!(files(&change), ["linked.rs>."]);
    assert_eq!(head_text(&change, "link.rs"), "-");
    assert_eq!(head_text(&change, "folder/secret.rs"), "-");
    assert_eq!(all(), ["a.rs", "real/b.rs"]);
    scratch.remove("linked.rs");
    scratch.write("linked.rs", "a file again\n");
    scratch.git(&["add", "-A"]);
    assert_eq!(files(&scratch.staged()), [".>linked.rs"]);
    scratch.remove("a.rs");
    make_pipe(scratch.path().join("a.rs"));
    assert!(
        scratch
            .check()
            .unwrap()
            .head
            .read(&RepoPath::from("a.rs"))
            .is_err()
    );
}

#[test]
fn a_file_that_is_too_large() {
    let scratch = Scratch::with(&[("a.rs", "1\n")]);
    let large = vec![b'x'; codex::source::SIZE_LIMIT + 1];
    fs::write(scratch.path().join("large.rs"), large).unwrap();
    let path = RepoPath::from("large.rs");
    assert_eq!(
        scratch.check().unwrap().head.read(&path).unwrap_err(),
        "larger than 16 MiB"
    );
    scratch.git(&["add", "-A"]);
    let change = scratch.staged();
    assert_eq!(change.head.read(&path).unwrap_err(), "larger than 16 MiB");
    assert_eq!(head_text(&change, "a.rs"), "1\n");
}

#[cfg(unix)]
#[test]
fn odd_paths() {
    let names: [&[u8]; 6] = [
        b"-dash",
        b"new\nline",
        b"not\xffutf8",
        b"quo\"te",
        b"sp ace",
        b"t\tab*",
    ];
    let scratch = Scratch::with(&[("start", "")]);
    for name in names {
        for path in [[name, b".rs"].concat(), [name, b"/", name, b".rs"].concat()] {
            let place = scratch.path().join(RepoPath::new(&path).to_path());
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, [&path[..], b"\n"].concat()).unwrap();
        }
    }
    let expect = |change: &Change| {
        assert_eq!(change.head_files.len(), 2 * names.len());
        for path in &change.head_files {
            let text = change.head.read(path).unwrap().unwrap();
            assert_eq!(text, [path.as_bytes(), b"\n"].concat());
        }
    };
    expect(&scratch.check().unwrap());
    scratch.git(&["add", "-A"]);
    expect(&scratch.staged());
    scratch.git(&["commit", "-q", "-m", "odd"]);
    let head = |head| {
        between_with(
            &scratch.discover(),
            Some("main"),
            head,
            None,
            false,
            NO_VARIABLES,
        )
        .unwrap()
    };
    expect(&head(None));
    expect(&head(Some("HEAD")));
    let all = everything(
        Some(&scratch.discover()),
        &scratch.path().join("t\tab*"),
        true,
    )
    .unwrap();
    assert_eq!(heads(&all), ["t\tab*/t\tab*.rs"]);

    for arguments in [
        ["diff", "--no-prefix", "main", "HEAD"],
        ["diff", "--binary", "main", "HEAD"],
    ] {
        let patch = git(&scratch.path(), &arguments).stdout;
        let change = patched(&scratch.path(), &patch, "p").unwrap();
        expect(&change);
        assert_eq!(change.head_name, "work tree");
        scratch.git(&["checkout", "-q", "main"]);
        let change = patched(&scratch.path(), &patch, "p").unwrap();
        expect(&change);
        assert_eq!(change.head_name, "patch applied");
        scratch.git(&["checkout", "-q", "feature"]);
    }
}

/// Everything in a repository's configuration that names a program; none of them runs.
#[cfg(unix)]
#[test]
fn nothing_that_the_repository_configures_runs() {
    use std::os::unix::fs::PermissionsExt;
    let attributes = "*.rs diff=evil filter=evil\n";
    let scratch = Scratch::with(&[
        ("a.rs", LONG),
        ("b.rs", "1\n"),
        (".gitattributes", attributes),
    ]);
    let script = scratch.path().join(".git/evil");
    let proof = scratch.path().join(".git/proof");
    fs::write(
        &script,
        format!("#!/bin/sh\ntouch '{}'\ncat\n", proof.display()),
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let script = script.display().to_string();
    scratch.write(".git/info/attributes", attributes);
    scratch.git(&["mv", "a.rs", "c.rs"]);
    for key in [
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "core.fsmonitor",
        "core.pager",
    ] {
        scratch.git(&["config", key, &script]);
    }
    for key in [
        "filter.evil.clean",
        "filter.evil.process",
        "filter.e=v\"i l.clean",
        "core.sshCommand",
    ] {
        scratch.git(&["config", key, &script]);
    }
    scratch.git(&["config", "filter.evil.required", "true"]);
    scratch.write("b.rs", "2\n");
    scratch.write("c.rs", &format!("{LONG}more\n"));
    scratch.write("d.rs", "3\n");
    fs::remove_file(&proof).ok();

    let change = scratch.check().unwrap();
    assert_eq!(files(&change), [".>d.rs", "a.rs>c.rs", "b.rs>b.rs"]);
    assert_eq!(head_text(&change, "b.rs"), "2\n");
    assert_eq!(files(&scratch.staged()), ["a.rs>c.rs"]);
    everything(Some(&scratch.discover()), &scratch.path(), true).unwrap();
    assert!(!proof.exists());
    // The trap works: git itself walks into it.
    git(&scratch.path(), &["diff", "main"]);
    assert!(proof.exists());
}

#[test]
fn a_sparse_checkout_is_not_a_deletion() {
    let scratch = Scratch::with(&[("in/a.rs", "1\n"), ("out/b.rs", "1\n"), ("out/c.rs", "1\n")]);
    scratch.commit(&[("out/b.rs", "2\n")]);
    scratch.git(&["sparse-checkout", "set", "in"]);
    assert!(!scratch.path().join("out/b.rs").exists());
    let change = scratch.check().unwrap();
    assert_eq!(files(&change), ["out/b.rs>out/b.rs"]);
    assert_eq!(head_text(&change, "out/b.rs"), "2\n");
}

#[test]
fn submodules_are_no_files() {
    let inner = Scratch::with(&[("x.rs", "1\n")]);
    let scratch = Scratch::with(&[("a.rs", "1\n")]);
    scratch.git(&[
        "submodule",
        "--quiet",
        "add",
        &inner.path().display().to_string(),
        "module",
    ]);
    assert_eq!(files(&scratch.staged()), [".>.gitmodules"]);
    assert_eq!(files(&scratch.check().unwrap()), [".>.gitmodules"]);
    let all = everything(Some(&scratch.discover()), &scratch.path(), true).unwrap();
    assert_eq!(heads(&all), [".gitmodules", "a.rs"]);
}
