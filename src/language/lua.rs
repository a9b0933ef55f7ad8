//! Lua 5.1 to 5.4 and LuaJIT.
//!
//! Deliberately absent: what is nil where ([`crate::analysis`]).

use super::{Fact, Language, Place};
use crate::finding::Cause;

/// Lua.
pub static LUA: Language = Language {
    name: "lua",
    extensions: &["lua"],
    grammar: || tree_sitter_lua::LANGUAGE.into(),
    expando: '$',
    comments: &["comment"],
    comment_marks: &[
        ("--[===[", "]===]"),
        ("--[==[", "]==]"),
        ("--[=[", "]=]"),
        ("--[[", "]]"),
        ("---", ""),
        ("--", ""),
    ],
    blocks: &["chunk", "block"],
    items: &[("function_declaration", "name")],
    decorations: &[],
    calls: &["function_call"],
    callee: &[
        ("function_call", "name"),
        ("dot_index_expression", "field"),
        ("method_index_expression", "method"),
    ],
    example_path: "lib/example.lua",
    facts: &[Fact {
        name: "tests",
        about: "a test by the conventions of busted and its kin: in `spec/`, `test/`, `tests/` or `t/`, or named `*_spec.lua`, `*_test.lua` or `test_*.lua`",
        ask: "Is this code run by tests only?",
        holds: is_test,
    }],
    turned: |_, _, _| Vec::new(),
};

fn is_test(place: &Place<'_>) -> Option<Cause> {
    let path = place.source.path.text();
    let (folders, file) = path.rsplit_once('/').unwrap_or(("", &path));
    let stem = file.strip_suffix(".lua").unwrap_or(file);
    let is_test = folders
        .split('/')
        .any(|folder| matches!(folder, "spec" | "test" | "tests" | "t"))
        || stem.ends_with("_spec")
        || stem.ends_with("_test")
        || stem.starts_with("test_");
    is_test.then(|| Cause {
        text: path.clone().into_owned(),
        path: path.into_owned(),
        line: 1,
    })
}
