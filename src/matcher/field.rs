//! The `field` of a relation: the child that tree-sitter's own search by field finds, which is what ast-grep asks.
//!
//! Mostly that is the first child in the field. Where a grammar shows a rule of its own under another rule's name, the
//! search looks into it; and some fields it never finds. tree-sitter does not tell which: the tables below were measured.

use super::{ERROR_KIND, Node, Tree};
use crate::language::Language;

/// Kinds whose fields are found in their children, too: languages, kind, fields.
const IN_CHILDREN: [(&[&str], &str, &[&str]); 8] = [
    (
        &["lua"],
        "assignment_statement",
        &["attribute", "name", "value"],
    ),
    (
        &["lua"],
        "variable_declaration",
        &["attribute", "name", "operator"],
    ),
    (&["lua"], "for_generic_clause", &["name"]),
    (
        &["tsx", "typescript"],
        "type_query",
        &[
            "arguments",
            "function",
            "object",
            "property",
            "type_arguments",
        ],
    ),
    (
        &["tsx", "typescript"],
        "instantiation_expression",
        &["object", "property"],
    ),
    (
        &["tsx", "typescript"],
        "literal_type",
        &["argument", "operator"],
    ),
    (&["python"], "match_statement", &["alternative"]),
    (&["c"], "function_definition", &["parameters"]),
];

/// Kinds in which the search never finds a field.
const NEVER: [(&[&str], &str, &[&str]); 2] = [
    (
        &["lua"],
        "block",
        &["local_declaration", "global_declaration"],
    ),
    (
        &["lua"],
        "chunk",
        &["local_declaration", "global_declaration"],
    ),
];

/// A field of a grammar, and where it is odd.
#[derive(Debug)]
pub(crate) struct Field {
    id: u16,
    in_children_of: Vec<u16>,
    never_in: Vec<u16>,
}

impl Field {
    /// The field of this name, when the grammar has it.
    pub(super) fn named(name: &str, language: &Language) -> Option<Self> {
        let grammar = (language.grammar)();
        let of = |table: &[(&[&str], &str, &[&str])]| {
            let is_about = |(languages, _, fields): &&(&[&str], &str, &[&str])| {
                languages.contains(&language.name) && fields.contains(&name)
            };
            let kind =
                |(_, kind, _): &(&[&str], &str, &[&str])| grammar.id_for_node_kind(kind, true);
            table.iter().filter(is_about).map(kind).collect()
        };
        Some(Self {
            id: grammar.field_id_for_name(name)?.get(),
            in_children_of: of(&IN_CHILDREN),
            never_in: of(&NEVER),
        })
    }

    /// tree-sitter's number of it.
    pub(super) fn id(&self) -> u16 {
        self.id
    }

    /// The node in this field of a node.
    pub(super) fn of(&self, tree: &Tree<'_>, node: Node) -> Option<Node> {
        let kind = tree.kind(node);
        if kind == ERROR_KIND || self.never_in.contains(&kind) {
            return None;
        }
        let found = tree.child_by_field(node, self.id);
        if found.is_some() || !self.in_children_of.contains(&kind) {
            return found;
        }
        tree.children(node)
            .find_map(|child| tree.child_by_field(child, self.id))
    }
}
