//! Whatever somebody feeds it, codex says what is wrong and where: it does not panic, hang, overflow a stack, follow a
//! path out of the folder, or leave anything half-written.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use codex::change::Snapshot;
use codex::compile;
use codex::config::Config;
use codex::language::Workspace;
use codex::problem::Problem;
use codex::report;
use codex::rule::in_force;
use codex::scan::Scanner;
use codex::source::{RepoPath, Source};

const HEAD: &str = "---\nrfc: 1\ntitle: T\nstatus: enforced\ndomain: d\nowners: [a]\ndate: 2026-01-01\n---\n\n# T\n\n## odd-call\n\n> Code MUST NOT be odd.\n\nIf you need it, use y.\n\n";
const EXAMPLES: &str = "\n```rust bad\nfn f() { odd(); }\n```\n\n```rust good\nfn f() {}\n```\n";

/// An RFC with this text as the YAML of its rule.
fn with_rule(yaml: &str) -> String {
    format!("{HEAD}```yaml codex-rule\n{yaml}\n```\n{EXAMPLES}")
}

/// The complaints about a text as the only RFC, each of which points into it.
fn complaints(folder: &Path, name: &str, text: &[u8]) -> Vec<Problem> {
    scratch::write(folder, &format!("rfcs/{name}"), text);
    let compiled = compile::compile(&Config::default_in(folder)).unwrap();
    for problem in &compiled.problems {
        let of = &problem.document.text;
        assert!(of.get(problem.span.clone()).is_some(), "{problem:?}");
        assert!(!problem.message.is_empty() && problem.message.len() < 1000);
    }
    compiled.problems
}

fn own_rfcs() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in ["rfcs", "rfcs/house"] {
        let entries = fs::read_dir(folder).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path()));
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    files
        .iter()
        .map(|path| (name(path), fs::read(path).unwrap()))
        .collect()
}

#[test]
fn half_typed_rfcs_are_complained_about_once() {
    let scratch = scratch::folder();
    for (name, text) in own_rfcs() {
        for end in (0..text.len()).step_by(37) {
            let found = complaints(scratch.path(), &name, &text[..end]);
            assert!(found.len() <= 12, "{name} to {end}: {found:#?}");
        }
        fs::remove_file(scratch.path().join("rfcs").join(&name)).unwrap();
    }
}

#[test]
fn rfcs_without_one_line_or_with_odd_bytes() {
    let scratch = scratch::folder();
    for (name, text) in own_rfcs() {
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        for gone in (0..lines.len()).step_by(11) {
            let rest = [&lines[..gone], &lines[gone + 1..]].concat().concat();
            complaints(scratch.path(), &name, &rest);
        }
        for (index, byte) in (0..text.len())
            .step_by(397)
            .zip(b"\0\t\r\n `>#-:{}[]\"'*&|!\xFF".iter().cycle())
        {
            let mut odd = text.clone();
            odd[index] = *byte;
            complaints(scratch.path(), &name, &odd);
        }
        fs::remove_file(scratch.path().join("rfcs").join(&name)).unwrap();
    }
}

/// Each within seconds, on the small stack of a test's thread, with an error that is not a flood.
#[test]
fn huge_and_deep_texts_are_refused_in_time() {
    let many = |piece: &str, times: usize| piece.repeat(times);
    let bomb: String = (b'b'..=b'j')
        .map(|name| {
            let (name, before) = (char::from(name), char::from(name - 1));
            format!(
                "{name}: &{name} [{}]\n",
                many(&format!("*{before},"), 9).trim_end_matches(',')
            )
        })
        .collect();
    let refused = [
        with_rule(&format!("a: &a [x, x]\n{bomb}")),
        with_rule(&format!(
            "message: {}{}",
            many("[", 10_000),
            many("]", 10_000)
        )),
        with_rule(&many("[", 100_000)),
        with_rule(
            &(0..2000)
                .map(|depth| format!("{}a:\n", many(" ", depth)))
                .collect::<String>(),
        ),
        with_rule(&format!(
            "language: rust\nrule: {}x{}",
            many("{not: ", 500),
            many("}", 500)
        )),
        with_rule(&format!(
            "language: rust\nrule: {{kind: {}}}",
            many("k", 1_000_000)
        )),
        with_rule(&format!("{}: x", many("k", 100_000))),
        with_rule(
            &(0..20_000)
                .map(|key| format!("k{key}: x\n"))
                .collect::<String>(),
        ),
        with_rule(&format!(
            "language: rust\nrule: {{pattern: '{}{}'}}",
            many("(", 100_000),
            many(")", 100_000)
        )),
        with_rule(&format!(
            "language: rust\nrule: {{kind: block, regex: '{}'}}",
            many("(", 100_000)
        )),
        with_rule("language: rust\nrule: {kind: block, regex: '(a{1000}){1000}'}"),
        format!("{HEAD}> {}\n", many("MUST ", 100_000)),
        format!("{HEAD}{} MUST\n", many(">", 50_000)),
        many("x", 17 << 20),
    ];
    let accepted = [
        format!(
            "{}{}",
            with_rule("language: rust\nrule: {pattern: odd()}"),
            many("word ", 1_000_000)
        ),
        format!("{HEAD}{}", many("```\n", 200_000)),
        format!("{HEAD}{}", many("*a_ [<!", 100_000)),
        (0..20_000).fold(HEAD.to_owned(), |text, slug| {
            text + &format!("## a-{slug}\n\n> MAY\n\n")
        }),
    ];
    for (text, is_refused) in refused
        .iter()
        .map(|text| (text, true))
        .chain(accepted.iter().map(|text| (text, false)))
    {
        let scratch = scratch::folder();
        let found = complaints(scratch.path(), "0001-x.md", text.as_bytes());
        let beginning: String = text.chars().skip(HEAD.len()).take(80).collect();
        assert_eq!(!found.is_empty(), is_refused, "{beginning}: {found:?}");
        let output = scratch::codex(scratch.path())
            .arg("compile")
            .output()
            .unwrap();
        let said = output.stderr.len() + output.stdout.len();
        assert_eq!(
            output.status.code(),
            Some(if is_refused { 2 } else { 0 }),
            "{beginning}"
        );
        assert!(!is_refused || said < 200_000, "{beginning}: {said} bytes");
        assert_eq!(scratch.path().join("rules").exists(), !is_refused);
    }
}

/// What a run in a prepared folder says, with its exit code.
fn run(prepare: impl Fn(&Path), arguments: &[&str]) -> (Option<i32>, String) {
    let scratch = scratch::folder();
    prepare(scratch.path());
    let output = scratch::codex(scratch.path())
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!text.contains('\u{1b}'), "{text}");
    (output.status.code(), text)
}

fn good(folder: &Path) {
    scratch::write(
        folder,
        "rfcs/0001-x.md",
        with_rule("language: rust\nrule: {pattern: odd()}"),
    );
    scratch::write(folder, "codex.toml", "extends = []\n");
}

fn compiled(folder: &Path) {
    good(folder);
    let output = scratch::codex(folder).arg("compile").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    scratch::write(folder, "a.rs", "fn f() { odd(); }\n");
}

#[test]
fn configuration_is_complained_about_at_the_very_place() {
    let cases = [
        ("", None),
        ("extnds = []", Some("did you mean `extends`?")),
        (
            "extends = [\"embedded\", \"mine\"]",
            Some("codex.toml:1:24"),
        ),
        ("exclude = [\"a\", \"[b\"]", Some("codex.toml:1:17")),
        ("rfcs = [\"rfcs/*.md\", \"[b\"]", Some("codex.toml:1:22")),
        ("rfcs = [\"../*.md\"]", Some("leads out")),
        ("rfcs = [\"/etc/*\"]", Some("leads out")),
        (
            "rfcs = [\"rfcs/*.md\", \"more/*.md\"]",
            Some("nothing is named `more/*.md`"),
        ),
        ("rfcs = []", Some("no RFC in")),
        ("rules = \"../rules\"", Some("must be a folder below")),
        ("rules = \".\"", Some("must be a folder below")),
        ("rules = \"law/rules/\"", None),
        ("rules = \"a\\u001bb\"", Some("control characters")),
        ("link = \"https://x/main\"", Some("end it with a slash")),
        ("link = \"https://x/main/\"", None),
        ("link = \"\"", None),
        (
            "default-branch = \"--upload-pack=x\"",
            Some("is no name of a branch"),
        ),
        ("default-branch = \"\"", Some("must not be empty")),
        ("fail-on = \"blok\"", Some("did you mean `block`?")),
        ("[review]\ncommand = \"x\"", Some("come from outside")),
        (
            "link = 1\nrules = 2\nrfcs = 3\nexclude = 4\nextends = 5\nfail-on = 6\ndefault-branch = 7",
            Some("codex.toml:7:18"),
        ),
    ];
    for (text, wanted) in cases {
        let prepare = |folder: &Path| {
            good(folder);
            scratch::write(folder, "codex.toml", text);
        };
        let (code, said) = run(prepare, &["compile"]);
        assert_eq!(
            code,
            Some(if wanted.is_some() { 2 } else { 0 }),
            "{text}: {said}"
        );
        assert!(said.contains(wanted.unwrap_or("")), "{text}: {said}");
    }
    for bytes in [&b"link = \"\xFF\""[..], &[0], &b"link = \"".repeat(100_000)] {
        let prepare = |folder: &Path| {
            good(folder);
            scratch::write(folder, "codex.toml", bytes);
        };
        assert_eq!(run(prepare, &["compile"]).0, Some(2));
    }
}

#[test]
fn a_compiled_rule_that_was_edited_is_refused() {
    let edits = [
        ("schema: 1", "schema: 2", "no compiled rule"),
        ("schema: 1", "schema: \"1\"", "no compiled rule"),
        ("id: odd-call", "id: \"odd call\"", "is no slug"),
        ("id: odd-call", "id: \"odd\\e[31m\"", "is no slug"),
        ("id: odd-call", "id: odd-call\nfoo: 1", "unknown key `foo`"),
        ("  rfc: 1", "  rfc: one", "`rfc` must be a number"),
        ("level: \"MUST NOT\"", "level: MUSTN'T", "unknown level"),
        ("level: \"MUST NOT\"", "level: MAY", "has no rule"),
        ("status: enforced", "status: superseded", "has no rule"),
        ("path: rfcs/", "path: ../rfcs/", "leads out"),
        ("path: rfcs/0001-x.md", "path: /dev/zero", "leads out"),
        ("    hash:", "    hsh:", "needs `hash`"),
        ("role: bad", "role: bda", "did you mean `bad`?"),
        (
            "role: bad",
            "role: bad\n      lines: x",
            "`lines` must be a list",
        ),
        (
            "message:",
            "review: {violation-when: x}\nmessage:",
            "unknown key `rule`",
        ),
        ("    pattern:", "    pattrn:", "did you mean `pattern`?"),
    ];
    for (from, to, wanted) in edits {
        let prepare = |folder: &Path| {
            compiled(folder);
            let place = folder.join("rules/0001-x.yaml");
            let text = fs::read_to_string(&place).unwrap();
            let text = text.replacen("  pattern:", "    pattern:", 1);
            let edited = text.replacen(from, to, 1);
            assert_ne!(edited, text, "{from}");
            fs::write(&place, edited).unwrap();
        };
        let (code, said) = run(prepare, &["check", "--all"]);
        assert_eq!(code, Some(2), "{to}: {said}");
        let wanted = wanted.replace("no compiled rule", "not a compiled rule");
        assert!(said.contains(&wanted), "{to}: {said}");
    }
    // Cut off anywhere, it is never a clean run.
    for part in 0..8 {
        let prepare = |folder: &Path| {
            compiled(folder);
            let place = folder.join("rules/0001-x.yaml");
            let text = fs::read(&place).unwrap();
            fs::write(&place, &text[..text.len() * part / 8]).unwrap();
        };
        assert_eq!(run(prepare, &["check", "--all"]).0, Some(2));
    }
    let doubled = |folder: &Path| {
        compiled(folder);
        fs::copy(
            folder.join("rules/0001-x.yaml"),
            folder.join("rules/0002-y.yaml"),
        )
        .unwrap();
    };
    let (code, said) = run(doubled, &["check", "--all"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("is there twice for rust"), "{said}");
}

#[test]
fn what_codex_did_not_write_is_neither_removed_nor_replaced() {
    let foreign = |folder: &Path| {
        good(folder);
        scratch::write(folder, "rules/0009-notes.yaml", "mine: 1\n");
    };
    let in_the_way = |folder: &Path| {
        good(folder);
        fs::create_dir_all(folder.join("rules/index.json")).unwrap();
    };
    let gone_in_the_way = |folder: &Path| {
        good(folder);
        fs::create_dir_all(folder.join("rules/0002-gone.yaml")).unwrap();
    };
    let a_file = |folder: &Path| {
        good(folder);
        scratch::write(folder, "rules", "");
    };
    let cases: [&dyn Fn(&Path); 4] = [&foreign, &in_the_way, &gone_in_the_way, &a_file];
    for prepare in cases {
        let scratch = scratch::folder();
        prepare(scratch.path());
        let before = listing(&scratch.path().join("rules"));
        let output = scratch::codex(scratch.path())
            .arg("compile")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(listing(&scratch.path().join("rules")), before);
    }
}

/// The names in a folder, sorted; none when it is no folder.
fn listing(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}

/// A place beyond the 65535th column, which miette cannot draw, and code that talks to the terminal.
#[test]
fn long_lines_and_control_characters_are_shown_in_part_and_made_visible() {
    let prepare = |folder: &Path| {
        compiled(folder);
        let filler = "let ä = 1; ".repeat(20_000);
        scratch::write(
            folder,
            "a.rs",
            format!("fn f() {{ {filler}\u{1b}[31m odd(); }}\n"),
        );
    };
    let scratch = scratch::folder();
    prepare(scratch.path());
    let output = scratch::codex(scratch.path())
        .args(["check", "--all"])
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(
        shown.contains("a.rs:1:220016") && shown.len() < 5000,
        "{shown}"
    );
    assert!(!shown.contains('\u{1b}'));
    let (code, said) = run(
        |folder| {
            scratch::write(
                folder,
                "codex.toml",
                format!("x = \"{}\"; y", "ä".repeat(200_000)),
            );
        },
        &["compile"],
    );
    assert_eq!(code, Some(2));
    assert!(
        said.contains("codex.toml:1:200007") && said.len() < 5000,
        "{said}"
    );
}

/// Characters of every length, broken ones too, in lines around and far beyond what is counted at once.
#[test]
fn places_in_long_lines_are_those_that_counting_gives() {
    let piece =
        b"let \xC3\xA4 = \"\xE2\x82\"; \xF0\x9F\x98\x80 \xFF\xF0\x9F \xE2\x82\xAC".as_slice();
    let long = piece.repeat(800);
    let bytes = [&long, &piece.repeat(3), &long[..9000], b""].join(&b'\n');
    let source = Source::new("a.rs".into(), bytes.clone()).unwrap();
    let shown = report::Source::new(&bytes);
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for byte in (0..=bytes.len()).step_by(13) {
        let before = &bytes[..byte];
        let line = before.split(|byte| *byte == b'\n').next_back().unwrap();
        let position = source.position(byte);
        assert_eq!(position.column, lossy(line).chars().count() + 1, "{byte}");
        // In the middle of a character it is the place after it.
        if shown.text().starts_with(&lossy(before)) {
            assert_eq!(shown.byte(position), lossy(before).len(), "{byte}");
        }
    }
}

/// The code that a reviewer sees is there once for all candidates of an item, which may be one line and the whole file.
#[test]
fn candidates_of_one_item_share_its_code() {
    let text = format!("fn f() {{ {} }}", "m.lock().unwrap();".repeat(500));
    let path: RepoPath = "src/a.rs".into();
    let snapshot = Snapshot::memory([(path.clone(), text.into_bytes())].into());
    let rules = in_force::embedded();
    let scan = Scanner::new(&rules, true).scan(&Workspace::new(&snapshot), &[path]);
    assert_eq!(scan.candidates.len(), 500);
    let mut excerpts = scan.candidates.iter().map(|found| found.excerpt.as_ref());
    let first = excerpts.next().unwrap().unwrap();
    assert!(excerpts.all(|next| Arc::ptr_eq(next.unwrap(), first)));
}

/// How many candidates a Rust text has, and how many of them an exception covers.
fn counted(text: String) -> (usize, usize) {
    let path: RepoPath = "src/a.rs".into();
    let snapshot = Snapshot::memory([(path.clone(), text.into_bytes())].into());
    let rules = in_force::embedded();
    let scan = Scanner::new(&rules, true).scan(&Workspace::new(&snapshot), &[path]);
    assert!(scan.unchecked.is_empty());
    let covered = scan
        .candidates
        .iter()
        .filter(|one| one.suppressed.is_some());
    (scan.candidates.len(), covered.count())
}

/// Each of these calls calls what the one in it gives: nobody goes down to the name for each.
#[test]
fn a_chain_of_calls_as_long_as_its_file_ends() {
    let chain = "()".repeat(50_000);
    let text = format!("fn f() {{ g{chain}; read().unwrap(); }}");
    assert_eq!(counted(text), (1, 0));
}

/// Nobody climbs out of the depth for each token, nor goes through all exceptions for each finding.
#[test]
fn exceptions_around_deep_and_long_code_are_read_in_time() {
    const ALLOW: &str = "/* codex-allow(unwrap-outside-tests): it is so */";
    let many = 50_000;
    let (open, close) = ("(".repeat(many), ")".repeat(many));
    let deep = format!("fn f() {{ let x = {open}{close};\n{ALLOW}\nread().unwrap(); }}");
    assert_eq!(counted(deep), (1, 1));
    let many = 10_000;
    let (open, close) = (format!("({ALLOW}\n").repeat(many), ")".repeat(many));
    let each = format!("fn f() {{ let x = {open}read().unwrap(){close}; }}");
    assert_eq!(counted(each), (1, 1));
    // Each in a block of its own, which is over before anything is found.
    let (blocks, found) = (
        format!("{{\n a; {ALLOW}\n }},").repeat(many),
        "read().unwrap(),\n".repeat(many),
    );
    let beside = format!("fn f() {{ let x = [{blocks}\n{found}]; }}");
    assert_eq!(counted(beside), (many, 0));
}

#[cfg(unix)]
mod unix {
    //! Links, pipes and devices.

    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    fn pipe(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    #[test]
    fn pipes_and_devices_are_not_read() {
        let cases: [(&str, &[&str]); 6] = [
            ("codex.toml", &["compile"]),
            ("codex.toml", &["check", "--all"]),
            ("rfcs/0002-y.md", &["compile"]),
            ("rules/0002-y.yaml", &["check", "--all"]),
            ("rules/index.json", &["rules"]),
            ("rules/0001-x.yaml", &["compile", "--check"]),
        ];
        for (path, arguments) in cases {
            for is_pipe in [true, false] {
                let prepare = |folder: &Path| {
                    compiled(folder);
                    let place = folder.join(path);
                    let _ = fs::remove_file(&place);
                    if is_pipe {
                        pipe(&place);
                    } else {
                        symlink("/dev/zero", &place).unwrap();
                    }
                };
                let (code, said) = run(prepare, arguments);
                let wanted = if arguments.contains(&"--check") { 1 } else { 2 };
                assert_eq!(code, Some(wanted), "{path}: {said}");
            }
        }
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let outside = scratch::folder();
        let prepare = |folder: &Path| {
            good(folder);
            symlink(outside.path(), folder.join("rules")).unwrap();
        };
        let (code, said) = run(prepare, &["compile"]);
        assert_eq!(code, Some(2));
        assert!(said.contains("leads out of"), "{said}");
        assert_eq!(listing(outside.path()), Vec::<PathBuf>::new());

        // A link in the place of a file is replaced, not followed.
        let target = outside.path().join("theirs");
        fs::write(&target, "theirs").unwrap();
        let scratch = scratch::folder();
        good(scratch.path());
        fs::create_dir(scratch.path().join("rules")).unwrap();
        symlink(&target, scratch.path().join("rules/0001-x.yaml")).unwrap();
        let output = scratch::codex(scratch.path())
            .arg("compile")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
    }

    #[test]
    fn an_rfc_that_is_no_file_or_has_an_odd_name_is_said_to_be() {
        type Case<'a> = (&'a dyn Fn(&Path), &'a str);
        let cases: [Case<'_>; 4] = [
            (
                &|folder| symlink("nothing", folder.join("rfcs/0002-y.md")).unwrap(),
                "No such file",
            ),
            (
                &|folder| fs::create_dir(folder.join("rfcs/0002-y.md")).unwrap(),
                "is a directory",
            ),
            (
                &|folder| scratch::write(folder, "rfcs/0002-y\nz: 1.md", ""),
                "control characters",
            ),
            (
                &|folder| scratch::write(folder, "rfcs/0002-\u{1b}[31m.md", ""),
                "control characters",
            ),
        ];
        for (prepare, wanted) in cases {
            let (code, said) = run(
                |folder| {
                    good(folder);
                    prepare(folder);
                },
                &["compile"],
            );
            assert_eq!(code, Some(2));
            assert!(said.contains(wanted), "{said}");
        }
    }
}
