//! JavaScript, and what TypeScript shares with it.
//!
//! Deliberately absent: modules, types, Flow.

use super::conventions::{ASK, Code, Names, TESTS, around};
use super::{Fact, Place};
#[cfg(feature = "javascript")]
use super::{Language, Turns, lexis::UNKNOWN};
use crate::finding::Cause;
use crate::matcher::Node;

/// JavaScript, with JSX.
#[cfg(feature = "javascript")]
pub static JAVASCRIPT: Language = Language {
    name: "javascript",
    aliases: &["js", "jsx"],
    extensions: &["cjs", "js", "mjs", "jsx"],
    grammar: || tree_sitter_javascript::LANGUAGE.into(),
    expando: '$',
    comments: &["comment"],
    comment_marks: COMMENT_MARKS,
    blocks: BLOCKS,
    items: &[
        ("function_declaration", "name"),
        ("generator_function_declaration", "name"),
        ("method_definition", "name"),
        ("class_declaration", "name"),
        ("field_definition", "property"),
    ],
    branches: &["switch_case", "switch_default"],
    decorations: &["decorator"],
    calls: CALLS,
    callee: CALLEE,
    lexis: &UNKNOWN,
    example_path: "src/example.js",
    facts: FACTS,
    turned: |_, _, _| Turns::default(),
    about: |_, _| Vec::new(),
};

pub(super) const COMMENT_MARKS: &[(&str, &str)] =
    &[("/**", "*/"), ("/*", "*/"), ("///", ""), ("//", "")];

pub(super) const BLOCKS: &[&str] = &[
    "program",
    "statement_block",
    "class_body",
    "switch_case",
    "switch_default",
];

pub(super) const CALLS: &[&str] = &["call_expression", "new_expression"];

pub(super) const CALLEE: &[(&str, &str)] = &[
    ("call_expression", "function"),
    ("new_expression", "constructor"),
    ("member_expression", "property"),
];

pub(super) const FACTS: &[Fact] = &[Fact {
    name: TESTS,
    about: "a test by the conventions of Jest, Vitest, Mocha and node:test: named `*.test.*` or `*.spec.*`, in `__tests__/`, `__mocks__/`, `test/`, `tests/`, `e2e/` or `cypress/`, or in the function given to `describe`, `it` or `test`",
    ask: ASK,
    holds: is_test,
}];

const NAMES: Names = Names {
    folders: &["__tests__", "__mocks__", "test", "tests", "e2e", "cypress"],
    starts: &[],
    ends: &[".test", ".spec", ".e2e", ".cy"],
    names: &[],
};

fn is_test(place: &Place<'_>) -> Option<Cause> {
    NAMES
        .holds(place)
        .or_else(|| around(place, &["call_expression"], arguments_of_test))
}

/// The arguments of `describe("..", () => ..)` and the like: a name, then a function.
fn arguments_of_test(code: &Code<'_>, call: Node) -> Option<Node> {
    let mut callee = code.field(call, "function")?;
    // `it.each(..)(..)`, `describe.only(..)`, `Deno.test(..)`
    for _ in 0..3 {
        let inner = match code.kind(callee) {
            "call_expression" => code.field(callee, "function"),
            "member_expression" if code.text(callee) == "Deno.test" => break,
            "member_expression" => code.field(callee, "object"),
            _ => break,
        };
        callee = inner?;
    }
    let is_runner = matches!(
        code.text(callee),
        "describe"
            | "fdescribe"
            | "xdescribe"
            | "context"
            | "suite"
            | "it"
            | "fit"
            | "xit"
            | "specify"
            | "test"
            | "xtest"
            | "Deno.test"
    );
    let arguments = code.field(call, "arguments").filter(|_| is_runner)?;
    let mut given = code.tree.named_children(arguments);
    let is_named = given
        .next()
        .is_some_and(|first| matches!(code.kind(first), "string" | "template_string"));
    let is_function = |node: Node| {
        matches!(
            code.kind(node),
            "arrow_function" | "function_expression" | "generator_function"
        )
    };
    (is_named && given.any(is_function)).then_some(arguments)
}
