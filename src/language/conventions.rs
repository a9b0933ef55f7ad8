//! Tests by convention: what a path says, and what stands around a place in the code.
//!
//! Deliberately absent: the conventions themselves; they are each language's.

use std::ops::Range;

use super::{Because, Language, Place, Stretch};
use crate::finding::Cause;
use crate::matcher::{Node, Tree};

/// The name of the fact.
pub(super) const TESTS: &str = "tests";

/// The standard question to a reviewer about it.
pub(super) const ASK: &str = "Is this code run by tests only?";

/// How a language names the files of tests.
pub(super) struct Names {
    /// Folders, anywhere in the path.
    pub folders: &'static [&'static str],
    /// How the name begins.
    pub starts: &'static [&'static str],
    /// How the name ends, its extension left away.
    pub ends: &'static [&'static str],
    /// Whole names.
    pub names: &'static [&'static str],
}

impl Names {
    /// What the path says.
    pub fn holds(&self, place: &Place<'_>) -> Option<Cause> {
        let path = place.source.path.text();
        let (folders, file) = path.rsplit_once('/').unwrap_or(("", &path));
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let is_test = folders
            .split('/')
            .any(|folder| self.folders.contains(&folder))
            || self.starts.iter().any(|start| file.starts_with(start))
            || self.ends.iter().any(|end| stem.ends_with(end))
            || self.names.contains(&file);
        is_test.then(|| Cause {
            text: path.clone().into_owned(),
            path: path.into_owned(),
            line: 1,
        })
    }
}

/// Bytes of the longest name.
const LONGEST: usize = 256;

/// The code of one file, asked by the names of kinds and fields.
pub(super) struct Code<'a> {
    pub tree: &'a Tree<'a>,
    grammar: tree_sitter::Language,
}

impl Code<'_> {
    /// The name of a node's kind.
    pub fn kind(&self, node: Node) -> &str {
        let name = self.grammar.node_kind_for_id(self.tree.kind(node));
        name.unwrap_or_default()
    }

    /// The child in a field.
    pub fn field(&self, node: Node, name: &str) -> Option<Node> {
        let field = self.grammar.field_id_for_name(name)?;
        self.tree.child_by_field(node, field.get())
    }

    /// A node's text; what is not UTF-8 is no name, and neither is what is so long: it may hold as many like it as it has
    /// bytes.
    pub fn text(&self, node: Node) -> &str {
        let bytes = self.tree.bytes(node);
        let name = std::str::from_utf8(bytes.get(..LONGEST).map_or(bytes, |_| b""));
        name.unwrap_or_default()
    }

    /// The text of a node before its first bracket.
    pub fn before_bracket(&self, node: Node) -> Option<&str> {
        let bytes = self.tree.bytes(node);
        let end = bytes.iter().take(LONGEST).position(|byte| *byte == b'(')?;
        std::str::from_utf8(&bytes[..end]).ok().map(str::trim_end)
    }
}

/// What in the file says that the code at the place is a test: asked of every node of these kinds, `test` gives the node
/// that is one, with all that stands in it.
pub(super) fn around(
    place: &Place<'_>,
    kinds: &[&str],
    test: impl Fn(&Code<'_>, Node) -> Option<Node>,
) -> Option<Cause> {
    let find = || match Language::of(&place.source.path) {
        Some(language) => stretches(place.tree, language, kinds, test),
        None => Vec::new(),
    };
    let because = place.file.because(TESTS, place.node, find)?;
    Some(place.cause(because))
}

fn stretches(
    tree: &Tree<'_>,
    language: &Language,
    kinds: &[&str],
    test: impl Fn(&Code<'_>, Node) -> Option<Node>,
) -> Vec<Stretch> {
    let code = Code {
        tree,
        grammar: (language.grammar)(),
    };
    let kinds: Vec<u16> = kinds
        .iter()
        .map(|kind| code.grammar.id_for_node_kind(kind, true))
        .collect();
    let stretch = |node: Node| {
        let nodes: Range<Node> = tree.subtree(test(&code, node)?);
        Some(Stretch {
            name: TESTS,
            nodes,
            holds: true,
            because: Because::Here(tree.range(node).start),
        })
    };
    tree.subtree(tree.root())
        .filter(|node| kinds.contains(&tree.kind(*node)))
        .filter_map(stretch)
        .collect()
}
