//! What the shape of the tree says: which name a match calls, and which code the compiler runs.
//!
//! Deliberately absent: constants among the tokens of a macro ([`super::macros`]).

use super::{CONSTS, syntax};
use crate::language::{Because, Language, Stretch};
use crate::matcher::{Node, Tree};

/// The name that the match calls, or the match itself where it is no call.
pub(super) fn called(language: &Language, tree: &Tree<'_>, node: Node) -> Node {
    let mut name = node;
    let step = |node: Node| {
        let kind = syntax::kind(tree, node);
        let (_, field) = language.callee.iter().find(|(known, _)| *known == kind)?;
        syntax::child(tree, node, field)
    };
    while let Some(next) = step(name) {
        name = next;
    }
    name
}

/// Kinds that the compiler evaluates, and kinds that are only made there and run elsewhere.
const EVALUATED: [&str; 4] = [
    "const_item",
    "static_item",
    "const_block",
    "const_parameter",
];
const DEFERRED: [&str; 4] = [
    "closure_expression",
    "async_block",
    "gen_block",
    "function_item",
];

/// Parts that the compiler evaluates: the kind, and the field.
const EVALUATED_PARTS: [(&str, &str); 3] = [
    ("enum_variant", "value"),
    ("array_type", "length"),
    ("array_expression", "length"),
];

/// What the compiler evaluates, and what leaves that again.
pub(super) fn constant_stretches(tree: &Tree<'_>) -> Vec<Stretch> {
    let of_kinds = |kinds: &[&str], holds: bool| {
        syntax::nodes_of_kinds(tree, kinds).map(move |node| constant(tree, node, holds))
    };
    let mut stretches: Vec<Stretch> = of_kinds(&EVALUATED, true)
        .chain(of_kinds(&DEFERRED, false))
        .collect();
    for (kind, field) in EVALUATED_PARTS {
        let parts = syntax::nodes_of_kinds(tree, &[kind])
            .filter_map(|node| syntax::child(tree, node, field));
        stretches.extend(parts.map(|part| constant(tree, part, true)));
    }
    // An argument of a type is a type, but for literals and blocks.
    let arguments = syntax::nodes_of_kinds(tree, &["block"]).filter(|block| {
        let parent = tree.parent(*block).map(|node| syntax::kind(tree, node));
        matches!(parent, Some("type_arguments" | "type_binding"))
    });
    stretches.extend(arguments.map(|block| constant(tree, block, true)));
    stretches
}

fn constant(tree: &Tree<'_>, node: Node, holds: bool) -> Stretch {
    Stretch {
        name: CONSTS,
        nodes: tree.subtree(node),
        holds,
        because: Because::Here(tree.range(node).start),
    }
}
