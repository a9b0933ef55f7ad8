//! What makes a match the same finding elsewhere, and the code that a reviewer sees with it: the called name, the
//! statement, the items around it.
//!
//! Deliberately absent: the comparison of head and base ([`crate::introduced`]).

use std::ops::Range;

use super::File;
use crate::candidate::{Excerpt, Identity};
use crate::language::Language;
use crate::matcher::Node;

/// The most lines of code that go to a reviewer with one case.
const EXCERPT_LINES: usize = 200;

/// The kinds that identities are made of.
#[derive(Debug)]
pub(super) struct Kinds {
    blocks: Vec<u16>,
    items: Vec<(u16, u16)>,
    calls: Vec<u16>,
    callee: Vec<(u16, u16)>,
}

impl Kinds {
    pub(super) fn new(language: &Language) -> Self {
        let grammar = (language.grammar)();
        let kind = |name: &str| grammar.id_for_node_kind(name, true);
        let field = |name: &str| {
            grammar
                .field_id_for_name(name)
                .map_or(0, std::num::NonZero::get)
        };
        let pairs = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, of)| (kind(name), field(of)))
                .collect()
        };
        Self {
            blocks: language.blocks.iter().map(|name| kind(name)).collect(),
            items: pairs(language.items),
            calls: language.calls.iter().map(|name| kind(name)).collect(),
            callee: pairs(language.callee),
        }
    }
}

impl File<'_, '_> {
    /// The called name, when the match is a call.
    pub(super) fn focus(&self, node: Node) -> Node {
        let kinds = &self.scanner.kinds;
        if !kinds.calls.contains(&self.tree.kind(node)) {
            return node;
        }
        let step = |node: &Node| {
            let (_, field) = kinds
                .callee
                .iter()
                .find(|(kind, _)| *kind == self.tree.kind(*node))?;
            self.tree.child_by_field(*node, *field)
        };
        let name = std::iter::successors(Some(node), step)
            .last()
            .unwrap_or(node);
        if self.tree.is_leaf(name) { name } else { node }
    }

    /// The innermost node around it that stands directly in a block.
    pub(super) fn statement(&self, node: Node) -> Node {
        let mut statement = node;
        for outer in self.tree.ancestors(node) {
            if self.scanner.kinds.blocks.contains(&self.tree.kind(outer)) {
                break;
            }
            statement = outer;
        }
        statement
    }

    /// The items around a node, innermost first.
    fn items(&self, node: Node) -> impl Iterator<Item = (Node, u16)> + '_ {
        let item = |node: Node| {
            let (_, name) = self
                .scanner
                .kinds
                .items
                .iter()
                .find(|(kind, _)| *kind == self.tree.kind(node))?;
            Some((node, *name))
        };
        std::iter::once(node)
            .chain(self.tree.ancestors(node))
            .filter_map(item)
    }

    /// The innermost item around a node; outside of any, its statement.
    pub(super) fn item(&self, node: Node, statement: Node) -> Node {
        self.items(node).next().map_or(statement, |(item, _)| item)
    }

    /// The lines of a node, from 1.
    pub(super) fn lines(&self, node: Node) -> Range<usize> {
        let range = self.tree.range(node);
        let last = range.end.saturating_sub(1).max(range.start);
        self.source.line(range.start)..self.source.line(last) + 1
    }

    pub(super) fn identity(&self, node: Node, statement: Node) -> Identity {
        let name = |(item, field): (Node, u16)| {
            let name = self.tree.child_by_field(item, field)?;
            Some(String::from_utf8_lossy(self.tree.bytes(name)).into_owned())
        };
        let mut names: Vec<String> = self.items(node).filter_map(name).collect();
        names.reverse();
        let item = self.item(node, statement);
        Identity {
            item_path: names.join("::"),
            tokens: self.hash(node),
            statement: self.hash(statement),
            item: self.hash(item),
        }
    }

    /// The tokens of a node. Many findings share an item or a statement: each is read once.
    fn hash(&self, node: Node) -> blake3::Hash {
        if let Some(known) = self.hashes.borrow().get(&node) {
            return *known;
        }
        let hash = self.hash_of(node);
        self.hashes.borrow_mut().insert(node, hash);
        hash
    }

    fn hash_of(&self, node: Node) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        for token in self.tree.tokens(node) {
            hasher.update(token);
            hasher.update(&[0]);
        }
        hasher.finalize()
    }

    /// The enclosing item, or the lines around the match when that is long.
    pub(super) fn excerpt(&self, node: Node) -> Excerpt {
        let item = self.item(node, self.statement(node));
        let (mut shown, matched) = (self.lines(item), self.lines(node));
        if shown.len() > EXCERPT_LINES {
            let margin = EXCERPT_LINES / 2;
            shown = matched.start.saturating_sub(margin).max(shown.start)
                ..(matched.start + margin).min(shown.end);
        }
        let bytes =
            self.source.line_range(shown.start).start..self.source.line_range(shown.end - 1).end;
        Excerpt {
            code: self.source.text(bytes).into_owned(),
            first_line: shown.start,
        }
    }
}
