//! Kinds and fields of the flattened tree by the names that tree-sitter's grammar for Rust gives them.
//!
//! Deliberately absent: what the shapes mean; see [`super::scope`] and [`super::shape`].

use std::sync::LazyLock;

use crate::matcher::{Node, Tree};

static GRAMMAR: LazyLock<tree_sitter::Language> =
    LazyLock::new(|| tree_sitter_rust::LANGUAGE.into());

/// The tree of a text; `None` when tree-sitter gives up.
pub(super) fn parse(text: &[u8]) -> Option<Tree<'_>> {
    Tree::parse(text, &GRAMMAR)
}

/// The name of the node's kind; `ERROR` for broken code.
pub(super) fn kind(tree: &Tree<'_>, node: Node) -> &'static str {
    GRAMMAR.node_kind_for_id(tree.kind(node)).unwrap_or("ERROR")
}

/// The node's child in the field of this name.
pub(super) fn child(tree: &Tree<'_>, node: Node, field: &str) -> Option<Node> {
    let field = GRAMMAR.field_id_for_name(field)?;
    tree.child_by_field(node, field.get())
}

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

/// An identifier's bytes as the compiler compares them: `r#name` is `name`.
pub(super) fn plain_name(name: &[u8]) -> &[u8] {
    name.strip_prefix(b"r#").unwrap_or(name)
}
