//! `codex check --diff`: patches as many tools write them, before and after they were applied.
//! Deliberately absent: git's part of a change (`change.rs`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use codex::change::{Change, patched};
use codex::problem::Failure;
use codex::source::RepoPath;

type Files<'a> = &'a [(&'a str, &'a str)];

fn write(root: &Path, files: Files<'_>) {
    for (path, text) in files {
        let place = root.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }
}

fn apply(files: Files<'_>, patch: &str) -> Result<Change, Failure> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    let change = patched(folder.path(), patch.as_bytes(), "change.patch")?;
    // All texts are wanted after the folder is gone.
    let keep = |text: Result<Option<Vec<u8>>, String>| text.ok().flatten();
    let paths: Vec<RepoPath> = change.bases[0]
        .files
        .iter()
        .flat_map(|file| [file.old.clone(), file.new.clone()])
        .flatten()
        .collect();
    let texts = |read: &dyn Fn(&RepoPath) -> Option<Vec<u8>>| -> BTreeMap<RepoPath, Vec<u8>> {
        paths
            .iter()
            .filter_map(|path| Some((path.clone(), read(path)?)))
            .collect()
    };
    let head = texts(&|path| keep(change.head.read(path)));
    let base = texts(&|path| keep(change.bases[0].snapshot.read(path)));
    let mut change = change;
    change.head = codex::change::Snapshot::memory(head);
    change.bases[0].snapshot = codex::change::Snapshot::memory(base);
    Ok(change)
}

/// What a change is, one line a file: `old>new: base text | head text`, the line ends of texts shown as `/`.
fn shown(change: &Change) -> Vec<String> {
    let name = |path: &Option<RepoPath>| {
        path.as_ref()
            .map_or(".".to_owned(), |path| path.text().into_owned())
    };
    let text = |snapshot: &codex::change::Snapshot, path: &Option<RepoPath>| {
        let bytes = path.as_ref().and_then(|path| snapshot.read(path).unwrap());
        String::from_utf8_lossy(&bytes.unwrap_or_default()).replace('\n', "/")
    };
    let base = &change.bases[0];
    let show = |file: &codex::change::FileChange| {
        let (old, new) = (
            text(&base.snapshot, &file.old),
            text(&change.head, &file.new),
        );
        format!("{}>{}: {old} | {new}", name(&file.old), name(&file.new))
    };
    base.files.iter().map(show).collect()
}

/// Applies a patch to the tree before it and to the tree after it; both say the same about what changed.
fn both_ways(name: &str, before: Files<'_>, after: Files<'_>, patch: &str, expected: &[&str]) {
    for (tree, head_name) in [(before, "patch applied"), (after, "work tree")] {
        let change = apply(tree, patch).unwrap_or_else(|failure| {
            assert_eq!(failure.message, "", "{name}, {head_name}");
            unreachable!()
        });
        assert_eq!(shown(&change), expected, "{name}, {head_name}");
        assert_eq!(change.head_name, head_name, "{name}");
        assert_eq!(
            change.base_name.as_deref(),
            Some("the tree without the patch")
        );
    }
}

const OLD: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
const NEW: &str = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n";
const CHANGED: &str = "a.rs>a.rs: 1/2/3/4/5/6/7/8/9/ | 1/2/3/4/five/6/7/8/9/";
const HUNK: &str = "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n";

#[test]
fn one_changed_file_in_many_spellings() {
    let headers = [
        (
            "git",
            "diff --git a/a.rs b/a.rs\nindex 1..2 100644\n--- a/a.rs\n+++ b/a.rs\n",
        ),
        (
            "no prefix",
            "diff --git a.rs a.rs\nindex 1..2 100644\n--- a.rs\n+++ a.rs\n",
        ),
        (
            "mnemonic prefix",
            "diff --git i/a.rs w/a.rs\nindex 1..2 100644\n--- i/a.rs\n+++ w/a.rs\n",
        ),
        (
            "mode too",
            "diff --git a/a.rs b/a.rs\nold mode 100644\nnew mode 100755\nindex 1..2\n--- a/a.rs\n+++ b/a.rs\n",
        ),
        (
            "two folders",
            "diff -u old/a.rs new/a.rs\n--- old/a.rs\t2020-01-01 00:00:00 +0000\n+++ new/a.rs\t2020-01-01\n",
        ),
        ("beside the original", "--- a.rs.orig\n+++ a.rs\n"),
        (
            "the same name",
            "Index: a.rs\n====\n--- a.rs\t(revision 3)\n+++ a.rs\t(working copy)\n",
        ),
        ("a dot", "--- ./a.rs\n+++ ./a.rs\n"),
        (
            "mail",
            "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: A <a@example.com>\n\
             Subject: [PATCH] five\n\n---\n a.rs | 2 +-\n\ndiff --git a/a.rs b/a.rs\nindex 1..2 100644\n--- a/a.rs\n+++ b/a.rs\n",
        ),
        (
            "log",
            "commit 0123456789012345678901234567890123456789\n\n    five\n\ndiff --git a/a.rs b/a.rs\n--- a/a.rs\n+++ b/a.rs\n",
        ),
        (
            "byte order mark",
            "\u{FEFF}diff --git a/a.rs b/a.rs\n--- a/a.rs\n+++ b/a.rs\n",
        ),
    ];
    for (name, header) in headers {
        for end in ["", "-- \n2.47.3\n\n"] {
            let patch = format!("{header}{HUNK}{end}");
            both_ways(name, &[("a.rs", OLD)], &[("a.rs", NEW)], &patch, &[CHANGED]);
        }
    }
    let windows =
        format!("diff --git a/a.rs b/a.rs\n--- a/a.rs\n+++ b/a.rs\n{HUNK}").replace('\n', "\r\n");
    both_ways(
        "a patch with CRLF",
        &[("a.rs", OLD)],
        &[("a.rs", NEW)],
        &windows,
        &[CHANGED],
    );
}

#[test]
fn line_ends_of_the_tree_do_not_matter() {
    let patch = format!("diff --git a/a.rs b/a.rs\n--- a/a.rs\n+++ b/a.rs\n{HUNK}");
    let (old, new) = (OLD.replace('\n', "\r\n"), NEW.replace('\n', "\r\n"));
    assert_eq!(
        apply(&[("a.rs", &old)], &patch).unwrap().head_name,
        "patch applied"
    );
    assert_eq!(
        apply(&[("a.rs", &new)], &patch).unwrap().head_name,
        "work tree"
    );
    let patch = "--- a.rs\n+++ a.rs\n@@ -1,2 +1,2 @@\n 1\r\n-2\r\n+two\r\n";
    let change = apply(&[("a.rs", "1\r\n2\r\n")], patch).unwrap();
    assert_eq!(shown(&change), ["a.rs>a.rs: 1\r/2\r/ | 1\r/two\r/"]);
}

#[test]
fn files_that_come_go_and_move() {
    let rename = "diff --git a/a.rs b/sub/b.rs\nsimilarity index 90%\nrename from a.rs\nrename to sub/b.rs\n";
    let edit = format!("{rename}index 1..2 100644\n--- a/a.rs\n+++ b/sub/b.rs\n{HUNK}");
    let create = "diff --git a/b/a.rs b/b/a.rs\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/b/a.rs\n@@ -0,0 +1,2 @@\n+1\n+2\n";
    let delete = "diff --git a/a.rs b/a.rs\ndeleted file mode 100644\nindex 1..0\n--- a/a.rs\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-1\n-2\n";
    let swap = "diff --git a/a.rs b/b.rs\nsimilarity index 100%\nrename from a.rs\nrename to b.rs\n\
                diff --git a/b.rs b/a.rs\nsimilarity index 100%\nrename from b.rs\nrename to a.rs\n";
    let replaced = "diff --git a/a.rs b/a.rs\nnew file mode 100644\n--- /dev/null\n+++ b/a.rs\n@@ -0,0 +1 @@\n+new\n\
                    diff --git a/a.rs b/b.rs\nsimilarity index 100%\nrename from a.rs\nrename to b.rs\n";
    let copy = "diff --git a/a.rs b/b.rs\nsimilarity index 50%\ncopy from a.rs\ncopy to b.rs\n--- a/a.rs\n+++ b/b.rs\n@@ -1 +1 @@\n-1\n+2\n";
    let plain = "diff -ruN old/a.rs new/a.rs\n--- old/a.rs\t1970-01-01\n+++ new/a.rs\t2020-01-01\n@@ -0,0 +1 @@\n+1\n\
                 diff -ruN old/b.rs new/b.rs\n--- old/b.rs\t2020-01-01\n+++ new/b.rs\t1970-01-01\n@@ -1 +0,0 @@\n-2\n";
    let quoted = "diff --git \"a/t\\tab \\303\\244.rs\" \"b/t\\tab \\303\\244.rs\"\n--- \"a/t\\tab \\303\\244.rs\"\n+++ \"b/t\\tab \\303\\244.rs\"\n@@ -1 +1 @@\n-1\n+2\n";
    let cases: [(&str, Files<'_>, Files<'_>, &str, &[&str]); 9] = [
        (
            "renamed and changed",
            &[("a.rs", OLD)],
            &[("sub/b.rs", NEW)],
            &edit,
            &["a.rs>sub/b.rs: 1/2/3/4/5/6/7/8/9/ | 1/2/3/4/five/6/7/8/9/"],
        ),
        (
            "renamed",
            &[("a.rs", "1\n")],
            &[("sub/b.rs", "1\n")],
            rename,
            &["a.rs>sub/b.rs: 1/ | 1/"],
        ),
        (
            "created",
            &[("x", "")],
            &[("b/a.rs", "1\n2\n")],
            create,
            &[".>b/a.rs:  | 1/2/"],
        ),
        (
            "deleted",
            &[("a.rs", "1\n2\n")],
            &[("x", "")],
            delete,
            &["a.rs>.: 1/2/ | "],
        ),
        (
            "taken the place of",
            &[("a.rs", "1\n")],
            &[("a.rs", "new\n"), ("b.rs", "1\n")],
            replaced,
            &[".>a.rs:  | new/", "a.rs>b.rs: 1/ | 1/"],
        ),
        (
            "copied",
            &[("a.rs", "1\n")],
            &[("a.rs", "1\n"), ("b.rs", "2\n")],
            copy,
            &[".>b.rs:  | 2/"],
        ),
        (
            "created and deleted, plain",
            &[("b.rs", "2\n")],
            &[("a.rs", "1\n")],
            plain,
            &[".>a.rs:  | 1/", "b.rs>.: 2/ | "],
        ),
        (
            "quoted",
            &[("t\tab ä.rs", "1\n")],
            &[("t\tab ä.rs", "2\n")],
            quoted,
            &["t\tab ä.rs>t\tab ä.rs: 1/ | 2/"],
        ),
        (
            "without a newline at the end",
            &[("a.rs", "1\n2")],
            &[("a.rs", "1\n3")],
            "--- a/a.rs\n+++ b/a.rs\n@@ -1,2 +1,2 @@\n 1\n-2\n\\ No newline at end of file\n+3\n\\ No newline at end of file\n",
            &["a.rs>a.rs: 1/2 | 1/3"],
        ),
    ];
    for (name, before, after, patch, expected) in cases {
        both_ways(name, before, after, patch, expected);
    }
    // Both directions fit.
    let change = apply(&[("a.rs", "1\n"), ("b.rs", "2\n")], swap).unwrap();
    assert_eq!(shown(&change), ["a.rs>b.rs: 2/ | 2/", "b.rs>a.rs: 1/ | 1/"]);
}

#[test]
fn several_commits_one_after_the_other() {
    let mail = |patch: &str| {
        format!(
            "From 0123456789012345678901234567890123456789 Mon\nSubject: x\n\n---\n\n{patch}-- \n2.47\n\n"
        )
    };
    let patch = [
        mail("diff --git a/a.rs b/a.rs\n--- a/a.rs\n+++ b/a.rs\n@@ -1 +1 @@\n-1\n+2\ndiff --git a/c.rs b/c.rs\nnew file mode 100644\n--- /dev/null\n+++ b/c.rs\n@@ -0,0 +1 @@\n+c\n"),
        mail("diff --git a/a.rs b/b.rs\nsimilarity index 50%\nrename from a.rs\nrename to b.rs\n--- a/a.rs\n+++ b/b.rs\n@@ -1 +1 @@\n-2\n+3\ndiff --git a/c.rs b/d.rs\nsimilarity index 100%\nrename from c.rs\nrename to d.rs\n"),
    ]
    .concat();
    let after: Files<'_> = &[("b.rs", "3\n"), ("d.rs", "c\n")];
    both_ways(
        "series",
        &[("a.rs", "1\n")],
        after,
        &patch,
        &[".>d.rs:  | c/", "a.rs>b.rs: 1/ | 3/"],
    );
}

#[test]
fn hunks_without_context_and_hunks_that_moved() {
    let insert = "--- a/a.rs\n+++ b/a.rs\n@@ -2,0 +3,2 @@\n+x\n+y\n";
    let (old, new) = ("1\n2\n3\n", "1\n2\nx\ny\n3\n");
    both_ways(
        "insert",
        &[("a.rs", old)],
        &[("a.rs", new)],
        insert,
        &["a.rs>a.rs: 1/2/3/ | 1/2/x/y/3/"],
    );
    let delete = "--- a/a.rs\n+++ b/a.rs\n@@ -3,2 +2,0 @@\n-x\n-y\n";
    both_ways(
        "delete",
        &[("a.rs", new)],
        &[("a.rs", old)],
        delete,
        &["a.rs>a.rs: 1/2/x/y/3/ | 1/2/3/"],
    );
    let patch = format!("--- a/a.rs\n+++ b/a.rs\n{HUNK}");
    for (text, head_name) in [(OLD, "patch applied"), (NEW, "work tree")] {
        let moved = format!("// one\n// two\n{text}");
        let change = apply(&[("a.rs", &moved)], &patch).unwrap();
        assert_eq!(change.head_name, head_name);
        assert_eq!(
            shown(&change),
            ["a.rs>a.rs: // one/// two/1/2/3/4/5/6/7/8/9/ | // one/// two/1/2/3/4/five/6/7/8/9/"]
        );
    }
    let two = "--- a/a.rs\n+++ b/a.rs\n@@ -1,2 +1,3 @@\n+0\n 1\n 2\n@@ -8,2 +9,1 @@\n 8\n-9\n";
    let after = "0\n1\n2\n3\n4\n5\n6\n7\n8\n";
    let expected = "a.rs>a.rs: 1/2/3/4/5/6/7/8/9/ | 0/1/2/3/4/5/6/7/8/";
    both_ways(
        "two hunks",
        &[("a.rs", OLD)],
        &[("a.rs", after)],
        two,
        &[expected],
    );
}

#[test]
fn nothing_to_look_at() {
    for patch in ["", " \n\n"] {
        let change = apply(&[("a.rs", OLD)], patch).unwrap();
        assert!(change.head_files.is_empty());
        assert_eq!(change.base_reason.as_deref(), Some("change.patch is empty"));
    }
    let module = "diff --git a/m b/m\nindex 1..2 160000\n--- a/m\n+++ b/m\n@@ -1 +1 @@\n-Subproject commit 1\n+Subproject commit 2\n";
    let link = "diff --git a/l.rs b/l.rs\nnew file mode 120000\n--- /dev/null\n+++ b/l.rs\n@@ -0,0 +1 @@\n+../x.rs\n\\ No newline at end of file\n";
    for patch in [module, link] {
        assert!(
            apply(&[("a.rs", OLD)], patch)
                .unwrap()
                .head_files
                .is_empty()
        );
    }
}

#[test]
fn a_changed_file_whose_text_is_not_shown_does_not_pass_for_looked_at() {
    let patches = [
        "diff --git a/a.rs b/a.rs\nindex 1..2 100644\nBinary files a/a.rs and b/a.rs differ\n",
        "diff --git a/a.rs b/a.rs\nindex 1..2 100644\nGIT binary patch\nliteral 2\nJcmZQz00000\n\nliteral 2\nJcmZQz00000\n\n",
    ];
    for patch in patches {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &[("a.rs", OLD)]);
        let change = patched(folder.path(), patch.as_bytes(), "p").unwrap();
        assert_eq!(change.head_files, [RepoPath::from("a.rs")]);
        assert!(
            change
                .head
                .read(&RepoPath::from("a.rs"))
                .unwrap_err()
                .contains("binary")
        );
    }
}

#[test]
fn patches_that_are_refused() {
    let header = "diff --git a/a.rs b/a.rs\n--- a/a.rs\n+++ b/a.rs\n";
    let escape = |path: &str| format!("--- /dev/null\n+++ {path}\n@@ -0,0 +1 @@\n+x\n");
    let cases: [(String, &str); 17] = [
        ("hello\n".to_owned(), "change.patch is no patch: it has neither a file header nor a hunk"),
        (HUNK.to_owned(), "change.patch:1: a hunk without a file header"),
        (format!("{header}@@ -1,3 +1,3 @@\n 1\n-2\n"), "change.patch:1: hunk header does not match hunk"),
        (format!("{header}@@ nonsense\n"), "change.patch:1: hunk header unterminated"),
        (format!("{header}{HUNK}junk\n{HUNK}"), "change.patch:14: a hunk without a file header"),
        ("diff --cc a.rs\n--- a/a.rs\n+++ b/a.rs\n@@@ -1 -1 +1 @@@\n++x\n".to_owned(), "change.patch:1: a combined diff"),
        (escape("/etc/passwd"), "the path `/etc/passwd` does not stay in the folder"),
        (escape("b/../x.rs"), "the path `../x.rs` does not stay in the folder"),
        (escape("b/sub/../../x.rs"), "the path `sub/../../x.rs` does not stay in the folder"),
        (
            "diff --git a/a.rs b/x.rs\nsimilarity index 100%\nrename from a.rs\nrename to ../x.rs\n".to_owned(),
            "the path `../x.rs` does not stay in the folder",
        ),
        (
            format!("{header}@@ -1,2 +1,2 @@\n 1\n-2\n+two\n@@ -5,2 +5,2 @@ fn x\n 5\n-0\n+seven\n"),
            "the patch does not apply: change.patch:8: `@@ -5,2 +5,2 @@ fn x` fits neither forward nor in reverse into a.rs",
        ),
        (
            format!("{header}@@ -1,2 +1,2 @@\n 1\n-two\n+2\n@@ -5,2 +5,2 @@\n 5\n-6\n+six\n"),
            "`@@ -1,2 +1,2 @@` is in the tree already, while other parts of the patch are not: a.rs",
        ),
        (
            "diff -c a.rs b.rs\n*** a.rs\tx\n--- b.rs\tx\n***************\n*** 1,2 ****\n--- 1,3 ----\n  1\n  2\n+ two\n".to_owned(),
            "change.patch:4: a context diff is not read",
        ),
        (header.to_owned(), "change.patch:1: a file header without the change that it announces"),
        (
            "diff --git a/a.rs b/a.rs\nindex 1..2 100644\n".to_owned(),
            "change.patch:1: a file header without the change that it announces",
        ),
        (
            "diff --git a/b.rs b/b.rs\nnew file mode 100644\nindex 0000000..2222222\n".to_owned(),
            "change.patch:1: a file header without the change that it announces",
        ),
        ("--- a.rs\n+++ a.rs\n".to_owned(), "change.patch:1: a file header without the change that it announces"),
    ];
    for (patch, message) in cases {
        let failure = apply(&[("a.rs", OLD)], &patch).unwrap_err();
        assert!(
            failure.message.contains(message),
            "{patch}\n{}",
            failure.message
        );
        assert!(failure.help.is_some());
    }
    let utf16 = patched(Path::new("/"), b"\xFF\xFEd\0", "p").unwrap_err();
    assert!(utf16.message.contains("UTF-16"));
}

#[test]
fn files_in_the_way_and_files_that_are_missing() {
    let create = "diff --git a/a.rs b/a.rs\nnew file mode 100644\n--- /dev/null\n+++ b/a.rs\n@@ -0,0 +1 @@\n+1\n";
    let failure = apply(&[("a.rs", "other\n")], create).unwrap_err();
    assert!(
        failure.message.contains("`@@ -0,0 +1 @@` fits neither"),
        "{}",
        failure.message
    );
    let delete = "diff --git a/a.rs b/a.rs\ndeleted file mode 100644\n--- a/a.rs\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n";
    assert!(apply(&[("a.rs", "1\n2\n")], delete).is_err());
    let rename =
        "diff --git a/a.rs b/b.rs\nsimilarity index 100%\nrename from a.rs\nrename to b.rs\n";
    assert!(
        apply(&[("x", "")], rename)
            .unwrap_err()
            .message
            .contains("missing")
    );
    assert!(apply(&[("x", "")], &format!("--- a/a.rs\n+++ b/a.rs\n{HUNK}")).is_err());
}

/// What git itself writes, for a change with everything in it.
#[test]
fn patches_that_git_writes() {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .current_dir(folder.path())
            .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}");
        output.stdout
    };
    git(&["init", "-q", "-b", "main"]);
    write(
        folder.path(),
        &[
            ("a.rs", OLD),
            ("b.rs", OLD),
            ("a/gone.rs", "x\n"),
            ("b/mode.rs", "m\n"),
            ("empty", ""),
        ],
    );
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "one"]);
    write(
        folder.path(),
        &[("a.rs", NEW), ("b/new.rs", "n"), ("new empty.rs", "")],
    );
    fs::remove_file(folder.path().join("a/gone.rs")).unwrap();
    fs::remove_file(folder.path().join("empty")).unwrap();
    fs::rename(folder.path().join("b.rs"), folder.path().join("c.rs")).unwrap();
    git(&["add", "-A"]);
    git(&["update-index", "--chmod=+x", "b/mode.rs"]);
    git(&["commit", "-q", "-m", "two"]);
    let forms: [&[&str]; 7] = [
        &["diff", "main~", "main"],
        &["diff", "--no-prefix", "main~", "main"],
        &["diff", "-U0", "main~", "main"],
        &[
            "diff",
            "-U20",
            "--src-prefix=x/",
            "--dst-prefix=y/",
            "main~",
            "main",
        ],
        &["format-patch", "--stdout", "main~..main"],
        &["log", "-p", "-1"],
        &["show", "--patch-with-stat", "main"],
    ];
    for form in forms {
        let patch = git(form);
        for (at, head_name) in [("main", "work tree"), ("main~", "patch applied")] {
            git(&["checkout", "-q", "-f", at]);
            let change = patched(folder.path(), &patch, "p").unwrap();
            assert_eq!(change.head_name, head_name, "{form:?}");
            let heads: Vec<_> = change
                .head_files
                .iter()
                .map(|path| path.text().into_owned())
                .collect();
            assert_eq!(
                heads,
                ["a.rs", "b/new.rs", "c.rs", "new empty.rs"],
                "{form:?} {at}"
            );
            assert_eq!(
                change.head.read(&RepoPath::from("a.rs")).unwrap().unwrap(),
                NEW.as_bytes()
            );
            assert_eq!(
                change.bases[0]
                    .snapshot
                    .read(&RepoPath::from("a.rs"))
                    .unwrap()
                    .unwrap(),
                OLD.as_bytes()
            );
            assert_eq!(
                change.bases[0]
                    .snapshot
                    .read(&RepoPath::from("b/new.rs"))
                    .unwrap(),
                None
            );
            git(&["checkout", "-q", "-f", "main"]);
        }
    }
}

/// The end of one file is in the tree, the other file is not: nothing is added a second time.
#[test]
fn half_of_a_patch_is_in_the_tree() {
    let patch = "diff --git a/a.rs b/a.rs\n--- a/a.rs\n+++ b/a.rs\n@@ -1,2 +1,3 @@\n 1\n 2\n+3\n\
                 diff --git a/b.rs b/b.rs\n--- a/b.rs\n+++ b/b.rs\n@@ -1,2 +1,3 @@\n+0\n 1\n 2\n";
    let (old, new) = ("1\n2\n", ["1\n2\n3\n", "0\n1\n2\n"]);
    let head = |a, b| {
        let change = apply(&[("a.rs", a), ("b.rs", b)], patch);
        change.map(|change| change.head_name).ok()
    };
    assert_eq!(head(old, old).as_deref(), Some("patch applied"));
    assert_eq!(head(new[0], new[1]).as_deref(), Some("work tree"));
    assert_eq!(head(new[0], old), None);
    assert_eq!(head(old, new[1]), None);
}

/// `diff -u` follows links; a patch of text is none of the link.
#[test]
#[cfg(unix)]
fn a_patch_of_text_where_the_tree_has_a_link() {
    let patch = "--- a/l.rs\n+++ b/l.rs\n@@ -1 +1,2 @@\n 1\n+2\n";
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("a.rs", "1\n")]);
    std::os::unix::fs::symlink("a.rs", folder.path().join("l.rs")).unwrap();
    assert!(patched(folder.path(), patch.as_bytes(), "p").is_err());
}

/// Each would take minutes if every hunk were compared with every place.
#[test]
fn equal_lines_over_and_over() {
    const MANY: usize = 20_000;
    // One hunk, almost all of which stands everywhere.
    let text = "a\n".repeat(2 * MANY);
    let lines = " a\n".repeat(MANY);
    let one = format!("@@ -1,{0} +1,{0} @@\n{lines}-b\n+c\n", MANY + 1);
    // Hunks each of which stands far from where the one before it lets expect it.
    let apart = |index: usize| format!("@@ -{0} +{0} @@\n-{index}\n+b\n", 1 + index * 3 * MANY);
    let far: String = (0..MANY).map(apart).collect();
    let far_text: String = (0..MANY).map(|index| format!("{index}\n")).collect();
    let far_text = far_text + &"c\n".repeat(MANY);
    for (text, hunks) in [(&text, &one), (&far_text, &far)] {
        let patch = format!("--- a/a.rs\n+++ b/a.rs\n{hunks}");
        let failure = apply(&[("a.rs", text)], &patch).err().unwrap();
        let expected = "fits neither forward nor in reverse into a.rs";
        assert!(failure.message.ends_with(expected), "{}", failure.message);
    }
}
