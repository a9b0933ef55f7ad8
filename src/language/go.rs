//! Go.
//!
//! Deliberately absent: build constraints, packages, types.

use super::conventions::{ASK, Code, Names, TESTS, around};
use super::lexis::UNKNOWN;
use super::{Fact, Language, Place, Turns};
use crate::finding::Cause;
use crate::matcher::Node;

/// Go.
pub static GO: Language = Language {
    name: "go",
    aliases: &["golang"],
    extensions: &["go"],
    grammar: || tree_sitter_go::LANGUAGE.into(),
    expando: 'µ',
    comments: &["comment"],
    comment_marks: &[("//", ""), ("/*", "*/")],
    blocks: &["source_file", "statement_list", "block"],
    items: &[
        ("function_declaration", "name"),
        ("method_declaration", "name"),
        ("type_spec", "name"),
    ],
    branches: &[
        "expression_case",
        "type_case",
        "communication_case",
        "default_case",
    ],
    decorations: &[],
    calls: &["call_expression"],
    callee: &[
        ("call_expression", "function"),
        ("selector_expression", "field"),
    ],
    lexis: &UNKNOWN,
    example_path: "example.go",
    facts: &[Fact {
        name: TESTS,
        about: "a test as `go test` sees it: in a file named `*_test.go` or below `testdata/`, or in a function that takes a `*testing.T` (`B`, `F`, `M`, `TB`)",
        ask: ASK,
        holds: is_test,
    }],
    turned: |_, _, _| Turns::default(),
    about: |_, _| Vec::new(),
};

const NAMES: Names = Names {
    folders: &["testdata"],
    starts: &[],
    ends: &["_test"],
    names: &[],
};

fn is_test(place: &Place<'_>) -> Option<Cause> {
    let kinds = ["function_declaration", "method_declaration", "func_literal"];
    NAMES
        .holds(place)
        .or_else(|| around(place, &kinds, takes_test))
}

fn takes_test(code: &Code<'_>, node: Node) -> Option<Node> {
    let parameters = code.field(node, "parameters")?;
    let is_of_testing = |node: Node| {
        code.kind(node) == "qualified_type"
            && matches!(
                code.text(node),
                "testing.T" | "testing.B" | "testing.F" | "testing.M" | "testing.TB"
            )
    };
    code.tree
        .subtree(parameters)
        .any(is_of_testing)
        .then_some(node)
}
