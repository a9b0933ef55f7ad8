//! How a local name came to be: the nearest `let` or parameter before a place, in the function around it.
//!
//! Deliberately absent: types that nobody has written down, and names from outside of the function.

use super::syntax;
use crate::matcher::{Node, Tree};

/// How a local name came to be: its declared type, or its first value.
pub(super) enum Binding {
    Type(Vec<u8>),
    Value(Vec<u8>),
}

/// How far a binding is looked for: blocks and the like outward, statements backward, nodes of a pattern.
const LIMIT: usize = 256;

/// The nearest binding of a name before a node, in the function around it.
pub(super) fn binding(tree: &Tree<'_>, near: Node, name: &[u8]) -> Option<Binding> {
    let mut inside = near;
    for outer in tree.ancestors(near).take(LIMIT) {
        match syntax::kind(tree, outer) {
            "block" => {
                for statement in syntax::statements_before(tree, inside).take(LIMIT) {
                    if let Some(found) = bound_by_let(tree, statement, name) {
                        return found;
                    }
                }
            }
            "token_tree" => {
                if let Some(found) = bound_among_tokens(tree, inside, name) {
                    return found;
                }
            }
            "closure_expression" | "function_item" => {
                if let Some(parameters) = syntax::child(tree, outer, "parameters") {
                    for parameter in tree.named_children(parameters) {
                        let pattern =
                            syntax::child(tree, parameter, "pattern").unwrap_or(parameter);
                        if is_name(tree, pattern, name) {
                            return syntax::child(tree, parameter, "type")
                                .map(|kind| Binding::Type(tree.bytes(kind).to_vec()));
                        }
                        if mentions(tree, pattern, name) {
                            return None;
                        }
                    }
                }
                if syntax::kind(tree, outer) == "function_item" {
                    return None;
                }
            }
            "if_expression" | "while_expression" => {
                let condition = syntax::child(tree, outer, "condition")?;
                if binds(tree, condition, name) {
                    return None;
                }
            }
            "match_arm" | "for_expression" => {
                let pattern = syntax::child(tree, outer, "pattern")?;
                if mentions(tree, pattern, name) {
                    return None;
                }
            }
            _ => {}
        }
        inside = outer;
    }
    None
}

/// What a statement binds the name to; `Some(None)` when it binds it to nobody knows what.
fn bound_by_let(tree: &Tree<'_>, statement: Node, name: &[u8]) -> Option<Option<Binding>> {
    if syntax::kind(tree, statement) != "let_declaration" {
        return None;
    }
    let pattern = syntax::child(tree, statement, "pattern")?;
    if !is_name(tree, pattern, name) {
        return mentions(tree, pattern, name).then_some(None);
    }
    let text = |node: Node| tree.bytes(node).to_vec();
    let kind = syntax::child(tree, statement, "type").map(|kind| Binding::Type(text(kind)));
    let value = || syntax::child(tree, statement, "value").map(|value| Binding::Value(text(value)));
    Some(kind.or_else(value))
}

/// What the bare tokens before one bind the name to, by `let` or as the parameter of a closure.
fn bound_among_tokens(tree: &Tree<'_>, inside: Node, name: &[u8]) -> Option<Option<Binding>> {
    let mut tokens: Vec<Node> = syntax::statements_before(tree, inside)
        .take(LIMIT)
        .filter(|node| !tree.is_extra(*node))
        .collect();
    tokens.reverse();
    let bytes = |at: usize| tokens.get(at).map_or(b"".as_slice(), |it| tree.bytes(*it));
    let text = |from: usize, ends: &[&[u8]]| {
        let to = (from..tokens.len()).find(|at| ends.contains(&bytes(*at)))?;
        let (first, last) = (tokens.get(from)?, tokens.get(to.checked_sub(1)?)?);
        let range = tree.range(*first).start..tree.range(*last).end;
        tree.text().get(range).map(<[u8]>::to_vec)
    };
    (1..tokens.len()).rev().find_map(|at| {
        if syntax::plain_name(bytes(at)) != name {
            return None;
        }
        let before = if bytes(at - 1) == b"mut" && at > 1 {
            at - 2
        } else {
            at - 1
        };
        let is_typed = bytes(at + 1) == b":";
        match bytes(before) {
            b"let" if is_typed => Some(text(at + 2, &[b"=", b";"]).map(Binding::Type)),
            b"let" if bytes(at + 1) == b"=" => Some(text(at + 2, &[b";"]).map(Binding::Value)),
            b"|" | b"," if is_typed => Some(text(at + 2, &[b",", b"|"]).map(Binding::Type)),
            b"|" if matches!(bytes(at + 1), b"," | b"|") => Some(None),
            _ => None,
        }
    })
}

/// Whether `let` in a condition makes a new variable of this name.
fn binds(tree: &Tree<'_>, condition: Node, name: &[u8]) -> bool {
    tree.subtree(condition).take(LIMIT).any(|inner| {
        syntax::kind(tree, inner) == "let_condition"
            && syntax::child(tree, inner, "pattern")
                .is_some_and(|pattern| mentions(tree, pattern, name))
    })
}

/// `name` or `mut name`
fn is_name(tree: &Tree<'_>, pattern: Node, name: &[u8]) -> bool {
    let plain = tree.bytes(pattern);
    let plain = plain.strip_prefix(b"mut ").unwrap_or(plain);
    syntax::plain_name(plain.trim_ascii()) == name
}

fn mentions(tree: &Tree<'_>, node: Node, name: &[u8]) -> bool {
    tree.subtree(node)
        .take(LIMIT)
        .any(|inner| tree.is_leaf(inner) && syntax::plain_name(tree.bytes(inner)) == name)
}
