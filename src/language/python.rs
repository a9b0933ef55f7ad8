//! Python.
//!
//! Deliberately absent: imports, and what an indentation that mixes tabs and spaces means.

use super::conventions::{ASK, Code, Names, TESTS, around};
use super::lexis::UNKNOWN;
use super::{Fact, Language, Place, Turns};
use crate::finding::Cause;
use crate::matcher::Node;

/// Python.
pub static PYTHON: Language = Language {
    name: "python",
    aliases: &["py"],
    extensions: &["py", "py3", "pyi", "bzl", "bazel"],
    grammar: || tree_sitter_python::LANGUAGE.into(),
    expando: 'µ',
    comments: &["comment"],
    comment_marks: &[("#", "")],
    blocks: &["module", "block"],
    items: &[
        ("function_definition", "name"),
        ("class_definition", "name"),
    ],
    branches: &["case_clause"],
    decorations: &["decorator"],
    calls: &["call"],
    callee: &[("call", "function"), ("attribute", "attribute")],
    lexis: &UNKNOWN,
    example_path: "src/example.py",
    facts: &[Fact {
        name: TESTS,
        about: "a test by the conventions of pytest and unittest: in `test/`, `tests/` or `testing/`, named `test_*.py`, `*_test.py` or `conftest.py`, in a class `Test..` or derived from a `TestCase`, or in a function `test_..` outside of other classes",
        ask: ASK,
        holds: is_test,
    }],
    turned: |_, _, _| Turns::default(),
    about: |_, _| Vec::new(),
};

const NAMES: Names = Names {
    folders: &["test", "tests", "testing"],
    starts: &["test_"],
    ends: &["_test"],
    names: &["conftest.py", "tests.py"],
};

fn is_test(place: &Place<'_>) -> Option<Cause> {
    let kinds = ["class_definition", "function_definition"];
    NAMES
        .holds(place)
        .or_else(|| around(place, &kinds, is_collected))
}

/// What pytest or unittest would run, in whatever file. A method of a class that is no test is none: `test_connection`
/// may well be part of what is shipped.
fn is_collected(code: &Code<'_>, node: Node) -> Option<Node> {
    let name = code.text(code.field(node, "name")?);
    let is_test = if code.kind(node) == "class_definition" {
        begins_with_word(name, "Test") || is_test_case(code, node)
    } else {
        let outer =
            |node: &Node| matches!(code.kind(*node), "class_definition" | "function_definition");
        name.starts_with("test_") && code.tree.ancestors(node).find(outer).is_none()
    };
    is_test.then_some(node)
}

fn is_test_case(code: &Code<'_>, class: Node) -> bool {
    code.field(class, "superclasses").is_some_and(|bases| {
        let mut bases = code.tree.named_children(bases);
        bases.any(|base| code.text(base).ends_with("TestCase"))
    })
}

/// Whether a name is `start`, or goes on behind it with a new word: `Test` in `TestCase`, not in `Testimonial`.
fn begins_with_word(name: &str, start: &str) -> bool {
    name.strip_prefix(start)
        .is_some_and(|rest| !rest.starts_with(|next: char| next.is_lowercase()))
}
