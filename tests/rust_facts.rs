//! Facts about Rust: every tree of `fixtures/rust-facts/` is a snapshot, and the comment at the end of a line says which
//! facts hold at the line's `.unwrap()` calls. With several calls on a line the comment gives a word (facts joined
//! by `+`, `-` for none) for each, or one set for all.
//!
//! Deliberately absent: matching; the calls are found by hand.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use codex::change::Snapshot;
use codex::language::{FileFacts, Language, Place, Workspace};
use codex::matcher::{Node, Tree};
use codex::source::{RepoPath, Source};

fn rust() -> &'static Language {
    Language::named("rust").unwrap()
}

fn read_folder(root: &Path, folder: &Path, files: &mut BTreeMap<RepoPath, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_folder(root, &path, files);
        } else {
            files.insert(
                RepoPath::from_path(path.strip_prefix(root).unwrap()),
                fs::read(&path).unwrap(),
            );
        }
    }
}

/// The `.unwrap()` calls of a tree.
fn calls(tree: &Tree<'_>) -> Vec<Node> {
    let grammar = (rust().grammar)();
    let call = grammar.id_for_node_kind("call_expression", true);
    let field = |name: &str| grammar.field_id_for_name(name).unwrap().get();
    let is_unwrap = |node: Node| {
        let function = tree.child_by_field(node, field("function"))?;
        let name = tree.child_by_field(function, field("field"))?;
        Some(tree.bytes(name) == b"unwrap")
    };
    (0..tree.len())
        .filter(|node| tree.kind(*node) == call && is_unwrap(*node) == Some(true))
        .collect()
}

/// Line and facts of each call of a file, in the order of the calls' names.
fn facts_of(path: &str, bytes: &[u8], snapshot: &Snapshot) -> Vec<(usize, String)> {
    let source = Source::new(path.into(), bytes.to_vec()).unwrap();
    let tree = Tree::parse(source.bytes(), &(rust().grammar)()).unwrap();
    let file = FileFacts::default();
    let workspace = Workspace::new(snapshot);
    let mut nodes = calls(&tree);
    nodes.sort_by_key(|node| tree.range(*node).end);
    let describe = |node| {
        let place = Place {
            source: &source,
            tree: &tree,
            workspace: &workspace,
            node,
            file: &file,
        };
        let facts = rust()
            .facts
            .iter()
            .filter(|fact| (fact.holds)(&place).is_some());
        let names: Vec<&str> = facts.map(|fact| fact.name).collect();
        (source.line(tree.range(node).end - 1), names.join("+"))
    };
    nodes.into_iter().map(describe).collect()
}

/// One file alone in the world: the facts of each call, in order.
fn alone(text: &str) -> Vec<String> {
    let facts = facts_of(
        "src/lib.rs",
        text.as_bytes(),
        &Snapshot::memory(BTreeMap::new()),
    );
    facts.into_iter().map(|(_, names)| names).collect()
}

/// What the comment of each line expects; lines without a call included.
fn expected(line: &str, calls: usize) -> Vec<String> {
    let label = line
        .rsplit_once("// ")
        .map_or("", |(_, label)| label.trim());
    let words: Vec<&str> = label.split_whitespace().collect();
    let one = |word: &str| {
        if word == "-" {
            String::new()
        } else {
            word.to_owned()
        }
    };
    match words.as_slice() {
        [] => vec![String::new(); calls],
        [word] => vec![one(word); calls],
        words => words.iter().map(|word| one(word)).collect(),
    }
}

#[test]
fn labels_of_the_fixtures_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rust-facts");
    let mut wrong = Vec::new();
    let (mut labelled, mut lines_seen) = (0, 0);
    for tree in fs::read_dir(&root).unwrap() {
        let folder = tree.unwrap().path();
        let mut files = BTreeMap::new();
        read_folder(&folder, &folder, &mut files);
        let snapshot = Snapshot::memory(files.clone());
        for (path, bytes) in files
            .iter()
            .filter(|(path, _)| path.extension() == Some(b"rs"))
        {
            let facts = facts_of(&path.text(), bytes, &snapshot);
            for (index, line) in String::from_utf8_lossy(bytes).lines().enumerate() {
                let here = facts.iter().filter(|(number, _)| *number == index + 1);
                let found: Vec<String> = here.map(|(_, names)| names.clone()).collect();
                let written = line.split("//").next().unwrap().matches("unwrap(").count();
                let wanted = expected(line, written);
                lines_seen += usize::from(written > 0);
                labelled += usize::from(wanted.iter().any(|facts| !facts.is_empty()));
                if written > 0 && found != wanted {
                    let place = folder.join(path.to_path());
                    wrong.push(format!(
                        "{}:{}: wanted {wanted:?}, found {found:?}",
                        place.display(),
                        index + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        labelled >= 80 && lines_seen > labelled,
        "{labelled} labelled lines of {lines_seen}"
    );
}

#[test]
fn every_fact_has_a_text_and_a_question() {
    for fact in rust().facts {
        assert!(
            !fact.about.is_empty() && fact.ask.ends_with('?'),
            "{fact:?}"
        );
    }
}

#[test]
fn a_hostile_attribute_says_nothing() {
    let depth = 10_000;
    let nested = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    let attributes = [
        format!("#[cfg({})]", nested("not(", "test", ")")),
        format!("#[cfg({})]", nested("(", "test", ")")),
        format!(
            "#[cfg_attr(all(), {})]",
            nested("cfg_attr(all(), ", "cfg(test)", ")")
        ),
        format!("#[test_case({})]", nested("[", "", "]")),
        // Brackets in strings must not hide the depth of the others.
        format!("#[test_case({})]", nested("(\")\",", "1", ")")),
        format!("#[cfg({})]", "all(".repeat(depth)),
        format!("#[cfg({})]", ")".repeat(depth)),
        format!("#[cfg(test, {})]", "x, ".repeat(50_000)),
    ];
    for attribute in attributes {
        let facts = alone(&format!("{attribute}\nfn f() {{ read().unwrap(); }}\n"));
        assert!(
            facts.iter().all(String::is_empty),
            "{}: {facts:?}",
            &attribute[..20]
        );
    }
}

#[test]
fn depth_and_length_are_fine_up_to_their_limits() {
    let nots = |count: usize| {
        let predicate = format!("{}test{}", "not(".repeat(count), ")".repeat(count));
        alone(&format!(
            "#[cfg({predicate})]\nfn f() {{ read().unwrap(); }}\n"
        ))
    };
    assert_eq!(nots(62), ["tests"]);
    assert_eq!(nots(64), [""]);
    let long = |length: usize| {
        let note = "x".repeat(length);
        alone(&format!(
            "#[cfg(all(test, feature = \"{note}\"))]\nfn f() {{ read().unwrap(); }}\n"
        ))
    };
    assert_eq!(long(60_000), ["tests"]);
    assert_eq!(long(70_000), [""]);
}

#[test]
fn a_deep_folder_of_modules_ends() {
    let mut files = BTreeMap::new();
    let mut folder = "src".to_owned();
    for _ in 0..80 {
        files.insert(
            format!("{folder}/mod.rs").as_str().into(),
            b"#[cfg(test)] mod a; mod b;".to_vec(),
        );
        files.insert(
            format!("{folder}.rs").as_str().into(),
            b"#[cfg(test)] mod a; mod b;".to_vec(),
        );
        folder.push_str("/a");
    }
    let snapshot = Snapshot::memory(files);
    let text = b"fn f() { read().unwrap(); }";
    assert_eq!(
        facts_of(&format!("{folder}.rs"), text, &snapshot),
        [(1, String::new())]
    );
    assert_eq!(
        facts_of("src/a/a/a/a/a/a/a/a/a/a.rs", text, &snapshot),
        [(1, "tests".to_owned())]
    );
}

#[test]
fn a_file_that_is_not_utf_8_is_looked_at() {
    let text = b"#[doc = \"\xff\"]\n#[cfg(test)]\nfn f() { read().unwrap(); }\n";
    let snapshot = Snapshot::memory(BTreeMap::new());
    assert_eq!(
        facts_of("src/\u{fffd}.rs", text, &snapshot),
        [(3, "tests".to_owned())]
    );
}

#[test]
fn hostile_files_are_looked_at_in_one_pass() {
    let many = 20_000;
    let last = |text: String| alone(&text).pop();
    assert_eq!(
        last(format!(
            "{}\nfn f() {{ read().unwrap(); }}",
            "#[test] ".repeat(many)
        )),
        Some("tests".to_owned())
    );
    assert_eq!(
        last(format!(
            "{}fn f() {{ read().unwrap(); }}",
            "#[test] mod a {\n".repeat(many)
        )),
        Some("tests".to_owned())
    );
    assert_eq!(
        last(format!("const A: B = read(){};", ".unwrap()".repeat(many))),
        Some("consts".to_owned())
    );
    assert_eq!(
        last("#[test] fn f() { read().unwrap(); }\nfn g() { read().unwrap(); }\n".repeat(many)),
        Some(String::new())
    );
}

#[test]
fn hostile_workspaces_end() {
    let many = 1_000;
    let depth = 5_000;
    let call = "fn f() { read().unwrap(); }\n";
    let files: Vec<(&str, String)> = vec![
        // Every file declares every other, itself too.
        (
            "src/lib.rs",
            "#[path = \"lib.rs\"] mod a; #[path = \"../src/lib.rs\"] mod b; mod c;".repeat(many),
        ),
        (
            "src/c.rs",
            "#[path = \"lib.rs\"] #[cfg(test)] mod a; include!(\"c.rs\");".repeat(many),
        ),
        ("src/brackets.rs", format!("{}{call}", "([{".repeat(depth))),
        (
            "src/closing.rs",
            format!("{}{}{call}", "(".repeat(depth), "]}".repeat(depth)),
        ),
        ("src/attributes.rs", format!("{}{call}", "#[".repeat(depth))),
        (
            "src/inner.rs",
            format!("{}{call}", "#![cfg(test)] mod a { ".repeat(depth)),
        ),
        (
            "src/modules.rs",
            format!("{}{call}", "mod a { mod b; ".repeat(depth)),
        ),
        (
            "src/macros.rs",
            format!(
                "{}read().unwrap(){}",
                "a!(".repeat(depth),
                ")".repeat(depth)
            ),
        ),
        (
            "src/branches.rs",
            format!(
                "cfg_if! {{ {} {{ {call} }} }}",
                "if #[cfg(x)] {} else\n".repeat(many)
            ),
        ),
        (
            "src/else_if.rs",
            format!(
                "fn f() {{ {} {{ value.unwrap(); }} }}",
                "if value.is_none() { value.unwrap(); } else\n".repeat(many)
            ),
        ),
        (
            "src/negations.rs",
            format!(
                "fn f() {{ if {}value.is_none() {{ value.unwrap(); }} }}",
                "!".repeat(depth)
            ),
        ),
        (
            "src/conjunction.rs",
            format!(
                "fn f() {{ {} value.unwrap() }}",
                "value.unwrap() &&\n".repeat(many)
            ),
        ),
        (
            "src/chain.rs",
            format!("fn f() {{ a{}; }}", ".b(c).unwrap()\n".repeat(many)),
        ),
        ("src/quotes.rs", format!("{}{call}", "'\"r#\"".repeat(many))),
        ("src/comments.rs", format!("{}{call}", "/*".repeat(depth))),
        (
            "Cargo.toml",
            format!(
                "[package]\nname = \"a\"\n{}",
                "[[bin]]\nname = \"a\"\npath = \"src/../src/lib.rs\"\n".repeat(many)
            ),
        ),
    ];
    let texts: BTreeMap<RepoPath, Vec<u8>> = files
        .iter()
        .map(|(path, text)| (RepoPath::from(*path), text.clone().into_bytes()))
        .collect();
    let snapshot = Snapshot::memory(texts.clone());
    let workspace = Workspace::new(&snapshot);
    let about = rust().about;
    for (path, text) in texts
        .iter()
        .filter(|(path, _)| path.extension() == Some(b"rs"))
    {
        assert!(!about(&workspace, path).is_empty(), "{path:?}");
        // Nothing is found where nothing is closed; that it ends is what matters.
        let facts = facts_of(&path.text(), text, &snapshot);
        assert!(facts.len() <= 2 * many, "{path:?}");
    }
}
