//! Kinds and fields of the flattened tree by the names that tree-sitter's grammar for Rust gives them.
//!
//! Deliberately absent: what the shapes mean; see [`super::scope`] and [`super::shape`].

use std::ops::Range;
use std::sync::LazyLock;

use crate::matcher::{Node, Tree};

static GRAMMAR: LazyLock<tree_sitter::Language> =
    LazyLock::new(|| tree_sitter_rust::LANGUAGE.into());

/// The name of the node's kind; `ERROR` for broken code.
pub(super) fn kind(tree: &Tree<'_>, node: Node) -> &'static str {
    GRAMMAR.node_kind_for_id(tree.kind(node)).unwrap_or("ERROR")
}

/// The node's child in the field of this name.
pub(super) fn child(tree: &Tree<'_>, node: Node, field: &str) -> Option<Node> {
    let field = GRAMMAR.field_id_for_name(field)?;
    tree.child_by_field(node, field.get())
}

/// Whether it is a literal that the tree takes apart.
pub(super) fn is_text(tree: &Tree<'_>, node: Node) -> bool {
    LITERALS[..4].contains(&tree.kind(node))
}

/// Whether it is a literal.
pub(super) fn is_literal(tree: &Tree<'_>, node: Node) -> bool {
    LITERALS.contains(&tree.kind(node))
}

/// Kinds of literals; the first four have parts.
static LITERALS: LazyLock<[u16; 6]> = LazyLock::new(|| {
    [
        "string_literal",
        "raw_string_literal",
        "char_literal",
        "boolean_literal",
        "integer_literal",
        "float_literal",
    ]
    .map(|kind| GRAMMAR.id_for_node_kind(kind, true))
});

/// All nodes of these kinds, in the order of the text.
pub(super) fn nodes_of_kinds<'t>(
    tree: &'t Tree<'_>,
    kinds: &[&str],
) -> impl Iterator<Item = Node> + use<'t> {
    let kinds: Vec<u16> = kinds
        .iter()
        .map(|kind| GRAMMAR.id_for_node_kind(kind, true))
        .collect();
    (0..tree.len()).filter(move |node| kinds.contains(&tree.kind(*node)))
}

/// The siblings before a node, the nearest first; comments too.
pub(super) fn statements_before<'t>(
    tree: &'t Tree<'_>,
    node: Node,
) -> impl Iterator<Item = Node> + use<'t> {
    let parent = tree.parent(node);
    let before = move |node: &Node| {
        let mut last = node.checked_sub(1)?;
        while Some(last) != parent && tree.parent(last) != parent {
            last = tree.parent(last)?;
        }
        (Some(last) != parent).then_some(last)
    };
    std::iter::successors(before(&node), before)
}

/// The arguments of macros, and the parts of their definitions, that are in no others.
pub(super) fn outermost_token_trees(tree: &Tree<'_>) -> Vec<Node> {
    let mut outermost: Vec<Node> = Vec::new();
    let mut until = 0;
    for node in nodes_of_kinds(tree, &["token_tree"]) {
        let of_attribute = || {
            tree.parent(node)
                .is_some_and(|parent| kind(tree, parent) == "attribute")
        };
        if node >= until && !of_attribute() {
            outermost.push(node);
            until = tree.end(node);
        }
    }
    outermost
}

/// The nodes that begin in these bytes.
pub(super) fn nodes_at(tree: &Tree<'_>, bytes: &Range<usize>) -> Range<Node> {
    let first_from = |byte: usize| {
        let (mut low, mut high) = (0, tree.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if tree.range(middle).start < byte {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    };
    first_from(bytes.start)..first_from(bytes.end.max(bytes.start))
}

/// An identifier's bytes as the compiler compares them: `r#name` is `name`.
pub(super) fn plain_name(name: &[u8]) -> &[u8] {
    name.strip_prefix(b"r#").unwrap_or(name)
}
