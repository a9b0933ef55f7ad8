//! Facts that the shape of the code around a match decides: a lock's result, and code that the compiler runs.
//!
//! Deliberately absent: types. A `read()` without arguments is taken for that of a lock.

use super::{CONSTS, syntax};
use crate::finding::Cause;
use crate::language::{Because, Language, Place, Stretch};
use crate::matcher::{Node, Tree};

/// Whether the matched call's receiver is what a lock or a condition variable returned.
pub(super) fn is_lock_result(place: &Place<'_>) -> Option<Cause> {
    lock_call(place.tree, place.node)
        .unwrap_or(false)
        .then(|| place.line_of(place.tree.range(place.node).start))
}

fn lock_call(tree: &Tree<'_>, call: Node) -> Option<bool> {
    let (receiver, _) = method_call(tree, call)?;
    let receiver = without_parentheses(tree, receiver)?;
    let (_, method) = method_call(tree, receiver)?;
    let arguments = syntax::child(tree, receiver, "arguments")?;
    let has_arguments = tree
        .named_children(arguments)
        .any(|argument| syntax::kind(tree, argument) != "attribute_item");
    Some(match method {
        b"lock" | b"read" | b"write" => !has_arguments,
        b"wait" | b"wait_while" | b"wait_timeout" | b"wait_timeout_while" => has_arguments,
        _ => false,
    })
}

/// The receiver and the name of a method call.
fn method_call<'t>(tree: &Tree<'t>, call: Node) -> Option<(Node, &'t [u8])> {
    if syntax::kind(tree, call) != "call_expression" {
        return None;
    }
    let mut function = syntax::child(tree, call, "function")?;
    if syntax::kind(tree, function) == "generic_function" {
        function = syntax::child(tree, function, "function")?;
    }
    if syntax::kind(tree, function) != "field_expression" {
        return None;
    }
    let value = syntax::child(tree, function, "value")?;
    let field = syntax::child(tree, function, "field")?;
    Some((value, syntax::plain_name(tree.bytes(field))))
}

fn without_parentheses(tree: &Tree<'_>, mut node: Node) -> Option<Node> {
    while syntax::kind(tree, node) == "parenthesized_expression" {
        node = tree.named_children(node).next()?;
    }
    Some(node)
}

/// The name that the match calls, or its whole text where it is no call.
pub(super) fn called_name<'t>(language: &Language, tree: &Tree<'t>, node: Node) -> &'t [u8] {
    let mut name = node;
    let step = |node: Node| {
        let kind = syntax::kind(tree, node);
        let (_, field) = language.callee.iter().find(|(known, _)| *known == kind)?;
        syntax::child(tree, node, field)
    };
    while let Some(next) = step(name) {
        name = next;
    }
    syntax::plain_name(tree.bytes(name))
}

/// Kinds that the compiler evaluates, and kinds that are only made there and run elsewhere.
const EVALUATED: [&str; 5] = [
    "const_item",
    "static_item",
    "const_block",
    "const_parameter",
    "type_arguments",
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
