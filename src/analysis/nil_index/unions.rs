//! The tagged tables that the file itself builds: `{ kind = "image", image = pixels }`.
//!
//! Where the file gives a payload along with its tag, whoever tests the tag has a reason to expect the payload; a
//! reader must say whether all such tables come from there. Deliberately absent: which of these tables gets where.

use std::collections::{HashMap, HashSet};

use super::kinds::{FIELDS, Kind, kind, plain_text};
use crate::matcher::{Node, Tree};

/// Tables with more fields are data, not tagged unions.
const FIELD_LIMIT: usize = 32;

/// The tagged tables of a file.
pub(super) struct Unions<'t> {
    /// The first table that has the tag and the payload.
    together: HashMap<(&'t [u8], &'t [u8]), Node>,
    /// Tags, and literals of which there is a table without the payload.
    bare: HashSet<(&'t [u8], &'t [u8])>,
}

impl<'t> Unions<'t> {
    /// Looks at all table constructors of a file.
    pub(super) fn of(tree: &Tree<'t>) -> Self {
        let mut unions = Self {
            together: HashMap::new(),
            bare: HashSet::new(),
        };
        let tables = tree
            .subtree(tree.root())
            .filter(|node| kind(tree, *node) == Kind::Table);
        for table in tables {
            unions.add(tree, table);
        }
        unions
    }

    /// Where the file builds a table with this tag and the payload of that name, and none with the tag alone.
    pub(super) fn construction(&self, tag: &'t [u8], name: &'t [u8]) -> Option<Node> {
        let place = self.together.get(&(tag, name)).copied();
        place.filter(|_| !self.bare.contains(&(tag, name)))
    }

    fn add(&mut self, tree: &Tree<'t>, table: Node) {
        let fields: Vec<(&'t [u8], Node)> = tree
            .named_children(table)
            .filter_map(|field| named_field(tree, field))
            .take(FIELD_LIMIT + 1)
            .collect();
        if fields.len() > FIELD_LIMIT {
            return;
        }
        let is_given = |name: &[u8]| fields.iter().any(|(field, _)| *field == name);
        for (tag, value) in &fields {
            if kind(tree, *value) != Kind::String {
                continue;
            }
            if let Some(name) = plain_text(tree, *value).filter(|name| !is_given(name)) {
                self.bare.insert((tag, name));
            }
            for (payload, _) in fields.iter().filter(|(payload, _)| payload != tag) {
                self.together.entry((tag, payload)).or_insert(table);
            }
        }
    }
}

/// A field with a constant name and a value that is not nil.
fn named_field<'t>(tree: &Tree<'t>, field: Node) -> Option<(&'t [u8], Node)> {
    let name = tree.child_by_field(field, FIELDS.name)?;
    let value = tree.child_by_field(field, FIELDS.value)?;
    let is_bracketed = tree
        .children(field)
        .next()
        .is_some_and(|first| tree.bytes(first) == b"[");
    let text = match kind(tree, name) {
        Kind::String => plain_text(tree, name),
        _ if is_bracketed => None,
        _ => Some(tree.bytes(name)),
    };
    text.filter(|_| kind(tree, value) != Kind::Nil)
        .map(|text| (text, value))
}
