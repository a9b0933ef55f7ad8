//! Where an item ends in code that is half typed: tree-sitter leaves such an item as loose tokens, so its braces are counted.
//!
//! Deliberately absent: mending. An item whose brace is never closed goes on to the end of the file, as it does for the
//! compiler.

use std::ops::Range;

use super::syntax;
use crate::matcher::{Node, Tree};

/// The item that begins with `first`: that node itself, or, when it is only the beginning of a broken item, the tokens
/// up to the item's end.
pub(super) fn whole_item(tree: &Tree<'_>, first: Range<Node>) -> Range<Node> {
    if !first.is_empty() && is_beginning(tree, first.start) {
        first.start..end_by_tokens(tree, first.start)
    } else {
        first
    }
}

fn is_beginning(tree: &Tree<'_>, first: Node) -> bool {
    let is_in_error = tree
        .parent(first)
        .is_some_and(|parent| syntax::kind(tree, parent) == "ERROR");
    match syntax::kind(tree, first) {
        "ERROR" => true,
        "visibility_modifier" | "function_modifiers" | "extern_modifier" => is_in_error,
        "expression_statement" => is_unknown_modifier(tree, first),
        _ => is_in_error && !tree.is_named(first),
    }
}

/// `gen fn f() {}`: the grammar makes a statement of the modifier, and puts in the semicolon that it misses.
fn is_unknown_modifier(tree: &Tree<'_>, statement: Node) -> bool {
    let is_cut = tree.children(statement).any(|child| tree.is_missing(child));
    let next = tree.next_siblings(statement).next();
    is_cut && next.is_some_and(|next| syntax::kind(tree, next) == "function_item")
}

fn end_by_tokens(tree: &Tree<'_>, start: Node) -> Node {
    let mut braces = 0_usize;
    let mut others = 0_usize;
    for token in start..tree.len() {
        if !tree.is_leaf(token) || tree.is_named(token) || tree.is_missing(token) {
            continue;
        }
        match (tree.bytes(token), braces) {
            (b"{", _) => braces += 1,
            // Of what is around the item.
            (b"}", 0) => return token,
            (b"}", 1) => return token + 1,
            (b"}", _) => braces -= 1,
            (b"(" | b"[", 0) => others += 1,
            (b")" | b"]", 0) if others == 0 => return token,
            (b")" | b"]", 0) => others -= 1,
            (b";", 0) if others == 0 => return token + 1,
            _ => {}
        }
    }
    tree.len()
}
