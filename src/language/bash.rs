//! Shell scripts: Bash, and what of other shells its grammar reads.
//!
//! Deliberately absent: what a word expands to.

use super::conventions::{ASK, Names, TESTS};
use super::lexis::UNKNOWN;
use super::{Fact, Language, Place, Turns};
use crate::finding::Cause;

/// Bash.
pub static BASH: Language = Language {
    name: "bash",
    aliases: &[],
    extensions: &[
        "bash", "bats", "cgi", "command", "env", "fcgi", "ksh", "sh", "tmux", "tool", "zsh",
    ],
    grammar: || tree_sitter_bash::LANGUAGE.into(),
    expando: '$',
    comments: &["comment"],
    comment_marks: &[("#", "")],
    blocks: &[
        "program",
        "compound_statement",
        "subshell",
        "do_group",
        "if_statement",
        "elif_clause",
        "else_clause",
        "case_item",
    ],
    items: &[("function_definition", "name")],
    branches: &["case_item"],
    decorations: &[],
    calls: &["command"],
    callee: &[("command", "name")],
    lexis: &UNKNOWN,
    example_path: "bin/example.sh",
    facts: &[Fact {
        name: TESTS,
        about: "a test by the conventions of bats, shunit2 and shellspec: named `*.bats`, `test_*`, `*_test.*`, `*.test.*` or `*_spec.*`, or in `test/`, `tests/`, `spec/` or `t/`",
        ask: ASK,
        holds: is_test,
    }],
    turned: |_, _, _| Turns::default(),
    about: |_, _| Vec::new(),
};

const NAMES: Names = Names {
    folders: &["spec", "t", "test", "tests"],
    starts: &["test_"],
    ends: &["_test", ".test", "_spec"],
    names: &[],
};

fn is_test(place: &Place<'_>) -> Option<Cause> {
    let path = &place.source.path;
    if path.extension() == Some(b"bats") {
        return Some(Cause {
            path: path.text().into_owned(),
            line: 1,
            text: path.text().into_owned(),
        });
    }
    NAMES.holds(place)
}
