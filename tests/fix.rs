//! `fix`: what templates make is what ast-grep makes of them, and `check --fix` writes no more than it should.
//!
//! `fixtures/fix/expected.json` was recorded with ast-grep 0.51.1: `replacement` of `ast-grep scan --json=stream`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    fn codex(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_codex"))
            .args(arguments)
            .current_dir(self.0.path())
            .env("XDG_CONFIG_HOME", "/nonexistent")
            .env_remove("CI")
            .output()
            .unwrap()
    }

    /// With the plain rules of `rules/`.
    fn check(&self, arguments: &[&str]) -> Value {
        let always = [
            "check",
            "--rules",
            "rules",
            "--exit-zero",
            "--format",
            "json",
        ];
        let output = self.codex(&[&always, arguments].concat());
        let report = serde_json::from_slice(&output.stdout);
        report.unwrap_or_else(|_| json!(String::from_utf8_lossy(&output.stderr)))
    }

    fn git(&self, arguments: &[&str]) {
        let who = [
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@localhost",
            "-c",
            "commit.gpgsign=false",
        ];
        let mut git = Command::new("git");
        git.args(who).args(arguments).current_dir(self.0.path());
        assert!(git.output().unwrap().status.success(), "{arguments:?}");
    }
}

/// Rules by id, pattern and fix.
fn rules(place: &Place, rules: &[(&str, &str, &str)]) {
    for (id, pattern, fix) in rules {
        let rule = json!({"id": id, "language": "rust", "severity": "error", "rule": {"pattern": pattern}, "fix": fix});
        place.write(&format!("rules/{id}.yml"), rule.to_string());
    }
}

#[test]
fn templates_make_what_ast_grep_makes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fix");
    let place = Place::new();
    for name in ["rules/rules.yml", "code/sample.rs"] {
        place.write(name, std::fs::read(folder.join(name)).unwrap());
    }
    let report = place.check(&["--all", "code"]);
    assert_eq!(report["rules_refused"], json!([]));
    let byte =
        |finding: &Value, end: &str| finding["fix"][0]["range"][end]["byte"].as_u64().unwrap();
    let mut made: Vec<Value> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            json!({
                "rule": finding["rule"],
                "start": byte(finding, "start"),
                "end": byte(finding, "end"),
                "text": finding["fix"][0]["text"],
            })
        })
        .collect();
    made.sort_by_key(|fix| {
        (
            fix["start"].as_u64(),
            std::cmp::Reverse(fix["end"].as_u64()),
        )
    });
    let expected = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let expected: Vec<Value> = serde_json::from_str(&expected).unwrap();
    assert!(expected.len() >= 15);
    assert_eq!(made, expected);
}

#[test]
fn bytes_outside_of_a_fix_stay() {
    let place = Place::new();
    rules(&place, &[("old-name", "old($A)", "new(\n  $A,\n)")]);
    let before = b"\xef\xbb\xbffn f() {\r\n\told(1);\r\n  // \xff\xfe caf\xe9  \r\n\r\n  old(\"\xff\");\t\r\n}\n\n  ";
    let after = b"\xef\xbb\xbffn f() {\r\n\tnew(\r\n  1,\r\n);\r\n  // \xff\xfe caf\xe9  \r\n\r\n  new(\r\n    \"\xff\",\r\n  );\t\r\n}\n\n  ";
    place.write("a.rs", before);
    let report = place.check(&["--all", "--fix"]);
    assert_eq!(place.read("a.rs"), after, "{report:#}");
    assert_eq!(report["findings"], json!([]));
    assert_eq!(report["fixes"]["applied"].as_array().unwrap().len(), 2);
    // Nothing is left to do.
    let report = place.check(&["--all", "--fix"]);
    assert_eq!(report["fixes"], json!({"applied": [], "refused": []}));
    assert_eq!(place.read("a.rs"), after);
}

#[cfg(unix)]
#[test]
fn links_and_modes() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let outside = Place::new();
    outside.write("target.rs", "fn f() { old(1); }\n");
    let place = Place::new();
    rules(&place, &[("old-name", "old($A)", "new($A)")]);
    place.write("a.rs", "fn f() { old(1); }\n");
    place.write("inner/b.rs", "fn f() { old(1); }\n");
    std::fs::set_permissions(place.path("a.rs"), PermissionsExt::from_mode(0o754)).unwrap();
    symlink(outside.path("target.rs"), place.path("link.rs")).unwrap();
    symlink(outside.path(""), place.path("folder")).unwrap();
    symlink("inner", place.path("alias")).unwrap();
    place.check(&["--all", "--fix"]);
    place.check(&["--all", "--fix", "link.rs", "folder", "alias"]);
    assert_eq!(outside.text("target.rs"), "fn f() { old(1); }\n");
    assert_eq!(place.text("a.rs"), "fn f() { new(1); }\n");
    assert_eq!(place.text("inner/b.rs"), "fn f() { new(1); }\n");
    let metadata = |name: &str| place.path(name).symlink_metadata().unwrap();
    assert_eq!(metadata("a.rs").permissions().mode() & 0o777, 0o754);
    assert!(metadata("link.rs").is_symlink() && metadata("alias").is_symlink());
    let left = std::fs::read_dir(place.path("")).unwrap().count();
    assert_eq!(left, 6, "nothing is left behind");
}

#[test]
fn only_what_a_change_brings_in() {
    let place = Place::new();
    rules(&place, &[("old-name", "old($A)", "new($A)")]);
    place.write("a.rs", "fn f() { old(1); }\n");
    place.git(&["init", "-q", "-b", "main"]);
    place.git(&["add", "."]);
    place.git(&["commit", "-qm", "one"]);
    place.write(
        "a.rs",
        "fn f() { old(1); }\nfn g() {\n    old(old(2));\n    // codex-allow(old-name): it stays\n    old(3);\n}\n",
    );
    place.write("b.rs", "fn h() { old(4); }\n");
    let mended = "fn f() { old(1); }\nfn g() {\n    new(new(2));\n    // codex-allow(old-name): it stays\n    old(3);\n}\n";
    let report = place.check(&["--fix"]);
    assert_eq!(place.text("a.rs"), mended, "{report:#}");
    assert_eq!(place.text("b.rs"), "fn h() { new(4); }\n");
    let left = report["findings"].as_array().unwrap();
    assert!(
        left.iter()
            .all(|finding| finding["disposition"] == "suppressed" && finding["fix"].is_null())
    );
    place.check(&["--all", "--fix", "b.rs"]);
    assert_eq!(place.text("a.rs"), mended);
    place.check(&["--all", "--fix"]);
    assert_eq!(place.text("a.rs"), mended.replacen("old(1)", "new(1)", 1));
}

#[test]
fn the_work_tree_or_nothing() {
    let place = Place::new();
    rules(&place, &[("old-name", "old($A)", "new($A)")]);
    place.write("a.rs", "fn f() {}\n");
    place.git(&["init", "-q", "-b", "main"]);
    place.git(&["add", "."]);
    place.git(&["commit", "-qm", "one"]);
    place.write("a.rs", "fn f() { old(1); }\n");
    place.git(&["add", "."]);
    place.write("patch", "");
    for (arguments, why) in [
        (&["--staged"][..], "`--staged` checks what is staged"),
        (&["--diff", "patch"], "`--diff` checks a patch"),
        (&["--head", "HEAD"], "`--head` checks a revision"),
        (
            &["--list-suppressions"],
            "`--list-suppressions` lists exceptions",
        ),
    ] {
        let words = ["check", "--rules", "rules", "--fix"];
        let output = place.codex(&[&words, arguments].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(why), "{arguments:?}: {said}");
        assert_eq!(output.status.code(), Some(2));
    }
    let mut in_ci = Command::new(env!("CARGO_BIN_EXE_codex"));
    in_ci
        .args(["check", "--fix"])
        .env("CI", "true")
        .current_dir(place.path(""));
    let said = String::from_utf8(in_ci.output().unwrap().stderr).unwrap();
    assert!(said.contains("in CI the commit is checked"), "{said}");
    assert_eq!(place.text("a.rs"), "fn f() { old(1); }\n");
}

#[test]
fn overlaps_come_one_after_the_other() {
    let place = Place::new();
    rules(
        &place,
        &[
            ("outer", "outer($A)", "plain($A)"),
            ("inner", "inner($A)", "simple($A)"),
            ("second", "plain(simple($A))", "done($A)"),
            ("b-same", "same($A)", "from_b($A)"),
            ("a-same", "same($A)", "from_a($A)"),
        ],
    );
    place.write(
        "a.rs",
        "fn f() { outer(inner(outer(outer(1)))); same(2); }\n",
    );
    let report = place.check(&["--all", "--fix"]);
    assert_eq!(
        place.text("a.rs"),
        "fn f() { done(plain(plain(1))); from_a(2); }\n"
    );
    let rules: Vec<&str> = report["fixes"]["applied"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fix| fix["rule"].as_str().unwrap())
        .collect();
    assert_eq!(
        rules,
        ["outer", "a-same", "inner", "second", "outer", "outer"]
    );
}

#[test]
fn what_does_not_mend_is_left() {
    let untouched = [
        // It grows for ever.
        (
            &[("grow", "f($A)", "g(f($A))")][..],
            "its fix leaves the finding where it is",
        ),
        (
            &[("swap", "f($A)", "f(($A))")],
            "its fix leaves the finding where it is",
        ),
        // Two that undo each other.
        (
            &[("one", "f($A)", "g($A)"), ("two", "g($A)", "f($A)")],
            "never come to an end",
        ),
        (
            &[("broken", "f($A)", "g($A")],
            "its fix makes code that does not parse",
        ),
    ];
    for (of_case, why) in untouched {
        let place = Place::new();
        rules(&place, of_case);
        rules(&place, &[("other", "h($A)", "i($A)")]);
        place.write("a.rs", "fn x() { f(1); }\n");
        place.write("b.rs", "fn x() { h(1); }\n");
        let report = place.check(&["--all", "--fix"]);
        assert_eq!(place.text("a.rs"), "fn x() { f(1); }\n", "{of_case:?}");
        assert_eq!(place.text("b.rs"), "fn x() { i(1); }\n");
        let said = report["fixes"]["refused"][0]["reason"].as_str().unwrap();
        assert!(said.contains(why), "{said}");
        assert_eq!(report["findings"].as_array().unwrap().len(), 1);
    }
    // The others of the file go on.
    let place = Place::new();
    rules(
        &place,
        &[("broken", "f($A)", "g($A"), ("other", "h($A)", "i($A)")],
    );
    place.write("a.rs", "fn x() { h(f(0)); f(1); h(2); f(h(3)); }\n");
    place.check(&["--all", "--fix"]);
    assert_eq!(
        place.text("a.rs"),
        "fn x() { i(f(0)); f(1); i(2); f(i(3)); }\n"
    );
}

#[test]
fn deep_nests_come_to_an_end() {
    let place = Place::new();
    rules(&place, &[("old-name", "old($A)", "new($A, $A)")]);
    let deep = format!(
        "fn f() {{ {}1{}; }}\n",
        "old(".repeat(2_000),
        ")".repeat(2_000)
    );
    place.write("a.rs", deep);
    let report = place.check(&["--all", "--fix", "--no-suppressions"]);
    assert_eq!(report["fixes"]["applied"], json!([]));
}

#[test]
fn a_law_with_a_hole_that_nothing_fills_mends_nothing() {
    let place = Place::new();
    place.write("codex.toml", "extends = []\n");
    place.write("rfcs/0001-a.md", include_str!("../fixtures/fix/rfc.md"));
    let compiled = place.codex(&["compile"]);
    assert!(
        compiled.status.success(),
        "{}",
        String::from_utf8_lossy(&compiled.stderr)
    );
    place.write("a.rs", "fn f() { old(1); old(1, 2); old(unsure()); }\n");
    place.codex(&["check", "--all", "--fix"]);
    assert_eq!(
        place.text("a.rs"),
        "fn f() { new(1); old(1, 2); old(unsure()); }\n"
    );
}

#[test]
fn formats_carry_fixes() {
    let place = Place::new();
    rules(&place, &[("old-name", "old($A)", "new($A)")]);
    place.write("a.rs", "fn f() { old(1); }\n");
    let check = |format: &str| -> Value {
        let words = ["check", "--all", "--rules", "rules", "--format", format];
        serde_json::from_slice(&place.codex(&words).stdout).unwrap()
    };
    let change = &check("sarif")["runs"][0]["results"][0]["fixes"][0]["artifactChanges"][0];
    assert_eq!(
        change["replacements"][0]["insertedContent"]["text"],
        "new(1)"
    );
    assert_eq!(
        change["replacements"][0]["deletedRegion"]["startColumn"],
        10
    );
    let suggestion = &check("rdjson")["diagnostics"][0]["suggestions"][0];
    assert_eq!(suggestion["text"], "new(1)");
}
