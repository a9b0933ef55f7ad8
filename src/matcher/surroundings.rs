//! What to propose for a pattern that is no code on its own: code in which it stands, and the kind of node that it is there.

use super::Tree;
use super::pattern::with_expando;
use crate::language::Language;

/// What may stand before and behind a fragment, by language; the plainest first.
const SURROUNDINGS: [(&str, &[(&str, &str)]); 11] = [
    (
        "bash",
        &[
            ("if ", "; then :; fi"),
            ("echo ", ""),
            ("x=", ""),
            ("case x in ", " esac"),
            ("[[ ", " ]]"),
            ("f() { ", "; }"),
        ],
    ),
    ("c", C),
    (
        "cpp",
        &[
            ("void f() { ", "; }"),
            ("void f() { ", " }"),
            ("void f() { x = ", "; }"),
            ("void f(", ") {}"),
            ("class C { ", " };"),
            ("class C ", " {};"),
            ("void f() { switch (x) { ", " } }"),
            ("enum E { ", " };"),
            ("template <", "> class C {};"),
            ("C::C() ", " {}"),
        ],
    ),
    (
        "go",
        &[
            ("func f() { ", " }"),
            ("func f() { x := ", " }"),
            ("func f(", ") {}"),
            ("var x ", ""),
            ("type T struct { ", " }"),
            ("type T interface { ", " }"),
            ("func f() { switch x { ", " } }"),
            ("func f() { select { ", " } }"),
            ("var x = T{ ", " }"),
            ("func ", " f() {}"),
        ],
    ),
    (
        "java",
        &[
            ("class C { ", " }"),
            ("class C { void f() { ", " } }"),
            ("class C { void f() { ", "; } }"),
            ("class C { int x = ", "; }"),
            ("class C { void f(", ") {} }"),
            ("class C { ", " x; }"),
            ("class C { void f() { switch (x) { ", " } } }"),
            ("class C { void f() { try {} ", " } }"),
            ("", " class C {}"),
            ("class C ", " {}"),
        ],
    ),
    ("javascript", JAVASCRIPT),
    (
        "lua",
        &[
            ("return ", ""),
            ("local value = ", ""),
            ("local table = { ", " }"),
            ("call(", ")"),
            ("while true do ", " end"),
            ("if x then ", " end"),
            ("for ", " do end"),
        ],
    ),
    (
        "python",
        &[
            ("if x: pass\n", ""),
            ("try: pass\n", ""),
            ("def f(", "): pass"),
            ("", "\ndef f(): pass"),
            ("class C:\n    ", ""),
            ("match x:\n    ", ""),
            ("with ", ": pass"),
            ("f(", ")"),
            ("x = {", "}"),
            ("x: ", ""),
        ],
    ),
    (
        "rust",
        &[
            ("fn f() { ", " }"),
            ("type T = ", ";"),
            ("fn f(", ") {}"),
            ("fn f() { match x { ", " } }"),
            ("fn f() { if ", " {} }"),
            ("struct S { ", " }"),
            ("enum E { ", " }"),
            ("impl T for S { ", " }"),
            ("fn f() { match x { ", " => {} } }"),
            ("fn f() { S { ", " } }"),
            ("impl", " T for S {}"),
            ("fn f()", " {}"),
        ],
    ),
    ("tsx", TYPESCRIPT),
    ("typescript", TYPESCRIPT),
];

const C: &[(&str, &str)] = &[
    ("void f() { ", "; }"),
    ("void f() { ", " }"),
    ("void f() { x = ", "; }"),
    ("void f(", ") {}"),
    ("struct S { ", " };"),
    ("void f() { switch (x) { ", " } }"),
    ("enum E { ", " };"),
    ("int x = { ", " };"),
    ("", " x;"),
];

const JAVASCRIPT: &[(&str, &str)] = &[
    ("const x = ", ""),
    ("const x = { ", " }"),
    ("class C { ", " }"),
    ("switch (x) { ", " }"),
    ("try {} ", ""),
    ("function f(", ") {}"),
    ("if (x) {} ", ""),
    ("const ", " = x"),
    ("class C ", " {}"),
    ("import ", " from \"x\""),
    ("x = <a ", " />"),
];

const TYPESCRIPT: &[(&str, &str)] = &[
    ("const x = ", ""),
    ("const x = { ", " }"),
    ("class C { ", " }"),
    ("let x: ", ""),
    ("interface I { ", " }"),
    ("switch (x) { ", " }"),
    ("try {} ", ""),
    ("function f(", ") {}"),
    ("if (x) {} ", ""),
    ("enum E { ", " }"),
    ("let x", ""),
    ("const ", " = x"),
    ("class C ", " {}"),
    ("import ", " from \"x\""),
];

/// The context and the selector that make a pattern of a fragment, when some are known.
pub(super) fn proposal(fragment: &str, language: &Language) -> Option<(String, String)> {
    const LONG: usize = 1000;
    if fragment.len() > LONG {
        return None;
    }
    let fragment = fragment.trim();
    let (_, known) = SURROUNDINGS
        .iter()
        .find(|(name, _)| *name == language.name)?;
    let stands = |(before, behind): &(&str, &str)| stands_in(fragment, before, behind, language);
    known.iter().find_map(stands)
}

fn stands_in(
    fragment: &str,
    before: &str,
    behind: &str,
    language: &Language,
) -> Option<(String, String)> {
    let grammar = (language.grammar)();
    let context = format!("{before}{fragment}{behind}");
    let code = with_expando(&context, language.expando);
    let tree = Tree::parse(code.as_bytes(), &grammar)?;
    let place = before.len()..code.len() - behind.len();
    let is_it = |node: &u32| tree.range(*node) == place && tree.is_named(*node);
    // Of nodes that are all of it, the innermost says most.
    let node = tree.subtree(tree.root()).rev().find(is_it)?;
    let kind = tree.kind(node);
    // The selector takes the first node of its kind.
    let first = tree
        .subtree(tree.root())
        .find(|other| tree.kind(*other) == kind);
    let is_sound = !tree.has_error(tree.root()) && first == Some(node);
    Some((context, grammar.node_kind_for_id(kind)?.to_owned())).filter(|_| is_sound)
}
