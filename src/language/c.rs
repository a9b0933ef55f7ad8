//! C, and what C++ shares with it.
//!
//! Deliberately absent: the preprocessor. What stands in an `#if` is code like any other.

use super::conventions::{ASK, Code, Names, TESTS, around};
use super::{Fact, Place};
#[cfg(feature = "c")]
use super::{Language, Turns, lexis::UNKNOWN};
use crate::finding::Cause;
use crate::matcher::Node;

/// C.
#[cfg(feature = "c")]
pub static C: Language = Language {
    name: "c",
    aliases: &[],
    extensions: &["c", "h"],
    grammar: || tree_sitter_c::LANGUAGE.into(),
    expando: EXPANDO,
    comments: &["comment"],
    comment_marks: COMMENT_MARKS,
    blocks: &[
        "translation_unit",
        "compound_statement",
        "case_statement",
        "declaration_list",
        "preproc_if",
        "preproc_ifdef",
        "preproc_else",
        "preproc_elif",
    ],
    items: &[
        ("function_definition", "declarator"),
        ("struct_specifier", "name"),
        ("union_specifier", "name"),
        ("enum_specifier", "name"),
    ],
    branches: &["case_statement"],
    decorations: &[],
    calls: &["call_expression"],
    callee: &[
        ("call_expression", "function"),
        ("field_expression", "field"),
    ],
    lexis: &UNKNOWN,
    example_path: "src/example.c",
    facts: FACTS,
    turned: |_, _, _| Turns::default(),
    about: |_, _| Vec::new(),
};

/// A letter of Linear B: the grammars of C and C++ take no other sign from beyond ASCII that no program uses.
pub(super) const EXPANDO: char = '𐀀';

pub(super) const COMMENT_MARKS: &[(&str, &str)] = &[
    ("///", ""),
    ("//!", ""),
    ("//", ""),
    ("/**", "*/"),
    ("/*!", "*/"),
    ("/*", "*/"),
];

pub(super) const FACTS: &[Fact] = &[Fact {
    name: TESTS,
    about: "a test by convention: in `test/`, `tests/`, `testing/` or `testdata/`, named `test_*`, `*_test`, `*_tests`, `*_unittest`, `*Test` or `*Tests`, or in a `TEST(..)`, `TEST_F(..)`, `TEST_CASE(..)` or the like of GoogleTest, Catch2, doctest, Boost.Test and Check",
    ask: ASK,
    holds: is_test,
}];

const NAMES: Names = Names {
    folders: &["test", "tests", "testing", "testdata", "unittests"],
    starts: &["test_"],
    ends: &["_test", "_tests", "_unittest", "-test", "Test", "Tests"],
    names: &[],
};

fn is_test(place: &Place<'_>) -> Option<Cause> {
    let kinds = ["function_definition", "expression_statement"];
    NAMES
        .holds(place)
        .or_else(|| around(place, &kinds, body_of_test))
}

/// Macros that define a test: they look like a function without a type, or like a call before a block.
fn body_of_test(code: &Code<'_>, node: Node) -> Option<Node> {
    let name = code.before_bracket(node)?;
    let is_test = matches!(
        name,
        "TEST"
            | "TEST_F"
            | "TEST_P"
            | "TYPED_TEST"
            | "TYPED_TEST_P"
            | "TEST_CASE"
            | "TEST_CASE_METHOD"
            | "TEMPLATE_TEST_CASE"
            | "SCENARIO"
            | "BOOST_AUTO_TEST_CASE"
            | "BOOST_FIXTURE_TEST_CASE"
            | "BOOST_DATA_TEST_CASE"
            | "START_TEST"
    );
    if !is_test || code.kind(node) == "function_definition" {
        return is_test.then_some(node);
    }
    let next = code.tree.next_siblings(node).next()?;
    (code.kind(next) == "compound_statement").then_some(next)
}
