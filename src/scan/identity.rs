//! What makes a match the same finding elsewhere, and the code that a reviewer sees with it: the called name, the
//! statement, the items around it.
//!
//! Among bare tokens there are statements and items, too: what `;` ends in braces, and `fn name .. { .. }`. What they do not
//! show, the tree around them does. Deliberately absent: the comparison of head and base ([`crate::introduced`]).

use std::ops::Range;
use std::sync::Arc;

use super::file::File;
use crate::candidate::{Excerpt, Identity};
use crate::language::{self, Language};
use crate::matcher::Node;
use crate::matcher::tokens::Run;

/// The most lines of code that go to a reviewer with one case.
const EXCERPT_LINES: usize = 200;

/// The most tokens of a match that its identity is made of: matches may lie in each other, thousands deep.
const MATCH_LIMIT: usize = 1024;

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

/// Where a match stands.
pub(super) struct Spot {
    /// What facts are asked about: the matched node; among tokens, the one that names what is called.
    pub(super) node: Node,
    /// The matched code.
    pub(super) range: Range<usize>,
    /// The part to look at.
    pub(super) focus: Range<usize>,
    /// The matched tokens, when no node was matched, and the innermost node around them that is no bare token.
    pub(super) tokens: Option<(Run, Node)>,
}

/// What is around a node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outline {
    statement: Node,
    item: Option<Node>,
}

/// What is around a match.
pub(super) struct Surroundings {
    /// The bytes of the statement.
    pub(super) statement: Range<usize>,
    /// The bytes of the item, or else of the statement.
    pub(super) item: Range<usize>,
    /// What makes it the same finding elsewhere.
    pub(super) identity: Identity,
}

impl File<'_, '_> {
    /// A matched node, and the called name when it is a call.
    pub(super) fn spot(&self, node: Node, focus: Node) -> Spot {
        Spot {
            node,
            range: self.tree.range(node),
            focus: self.tree.range(focus),
            tokens: None,
        }
    }

    /// The called name, when the match is a call.
    pub(super) fn focus(&self, node: Node) -> Node {
        let kinds = &self.scanner.kinds;
        if !kinds.calls.contains(&self.tree.kind(node)) {
            return node;
        }
        language::called_name(self.tree, node, |node| {
            let kind = self.tree.kind(node);
            let (_, field) = kinds.callee.iter().find(|(callee, _)| *callee == kind)?;
            self.tree.child_by_field(node, *field)
        })
    }

    /// For each node the statement around it, the innermost that stands directly in a block, and the item around it. Matches may
    /// lie in each other, thousands deep, so nobody climbs there for each of them.
    fn outlines(&self) -> &[Outline] {
        self.outlines.get_or_init(|| {
            let kinds = &self.scanner.kinds;
            let mut outlines: Vec<Outline> = Vec::with_capacity(self.tree.len() as usize);
            for node in self.tree.subtree(self.tree.root()) {
                let kind = self.tree.kind(node);
                let parent = self.tree.parent(node);
                let around = parent.and_then(|parent| outlines.get(parent as usize).copied());
                let is_in_block =
                    parent.is_none_or(|parent| kinds.blocks.contains(&self.tree.kind(parent)));
                let is_item = kinds.items.iter().any(|(item, _)| *item == kind);
                outlines.push(Outline {
                    statement: around
                        .filter(|_| !is_in_block)
                        .map_or(node, |around| around.statement),
                    item: if is_item {
                        Some(node)
                    } else {
                        around.and_then(|around| around.item)
                    },
                });
            }
            outlines
        })
    }

    /// The items around a node, innermost first.
    fn items(&self, node: Node) -> impl Iterator<Item = Node> + '_ {
        let item = |node: Node| {
            self.outlines()
                .get(node as usize)
                .and_then(|outline| outline.item)
        };
        std::iter::successors(item(node), move |inner| {
            self.tree.parent(*inner).and_then(item)
        })
    }

    /// The innermost item around a node; outside of any, its statement.
    pub(super) fn item(&self, node: Node) -> Node {
        let outline = self.outlines().get(node as usize);
        let statement = outline.map_or(node, |outline| outline.statement);
        self.items(node).next().unwrap_or(statement)
    }

    /// Every item that has a name, and the name, in the order of the text.
    pub(super) fn named_items(&self) -> Vec<(Node, &[u8])> {
        let named = |node: Node| {
            let kind = self.tree.kind(node);
            let mut items = self.scanner.kinds.items.iter();
            let (_, field) = items.find(|(item, _)| *item == kind)?;
            let name = self.tree.child_by_field(node, *field)?;
            Some((node, self.tree.bytes(name)))
        };
        let nodes = self.tree.subtree(self.tree.root());
        nodes.filter_map(named).collect()
    }

    pub(super) fn surroundings(&self, spot: &Spot) -> Surroundings {
        let outer = spot.tokens.as_ref().map_or(spot.node, |(_, outer)| *outer);
        let statement = self
            .outlines()
            .get(outer as usize)
            .map_or(outer, |outline| outline.statement);
        let name = |item: Node| {
            let kind = self.tree.kind(item);
            let (_, field) = self
                .scanner
                .kinds
                .items
                .iter()
                .find(|(item, _)| *item == kind)?;
            let name = self.tree.child_by_field(item, *field)?;
            Some(String::from_utf8_lossy(self.tree.bytes(name)).into_owned())
        };
        let mut names: Vec<String> = self.items(outer).filter_map(name).collect();
        names.reverse();
        let item = self.items(outer).next().unwrap_or(statement);
        let mut around = Surroundings {
            statement: self.tree.range(statement),
            item: self.tree.range(item),
            identity: Identity {
                item_path: String::new(),
                tokens: match &spot.tokens {
                    None => self.hash(spot.node, MATCH_LIMIT),
                    Some((run, _)) => self.hash_of_run(run, MATCH_LIMIT),
                },
                statement: self.hash_of_whole(statement),
                item: self.hash_of_whole(item),
            },
        };
        if let Some((run, outer)) = &spot.tokens {
            self.narrow(run, *outer, &mut names, &mut around);
        }
        around.identity.item_path = names.join("::");
        around
    }

    /// What the tokens show of statements and items inside of the node around them.
    fn narrow(&self, run: &Run, outer: Node, names: &mut Vec<String>, around: &mut Surroundings) {
        let tokens = self.tokens();
        let bounds = self.tree.range(outer);
        let is_inside = |run: &Run| bounds.start <= tokens.bytes(run).start;
        let mut items = tokens.items_around(run.start);
        items.retain(|item| is_inside(&item.run));
        if let Some(statement) = tokens.statement_around(run).filter(is_inside) {
            around.statement = tokens.bytes(&statement);
            around.identity.statement = self.hash_of_run(&statement, usize::MAX);
        }
        if let Some(item) = items.first() {
            around.item = tokens.bytes(&item.run);
            around.identity.item = self.hash_of_run(&item.run, usize::MAX);
        }
        let name = |at: usize| String::from_utf8_lossy(tokens.text(at)).into_owned();
        names.extend(items.iter().rev().map(|item| name(item.name)));
    }

    fn hash_of_run(&self, run: &Run, limit: usize) -> blake3::Hash {
        let tokens = self.tokens();
        let mut hasher = blake3::Hasher::new();
        for at in run.clone().take(limit) {
            hasher.update(tokens.text(at));
            hasher.update(&[0]);
        }
        hasher.finalize()
    }

    /// Statements and items are around many matches.
    fn hash_of_whole(&self, node: Node) -> blake3::Hash {
        *self
            .hashes
            .borrow_mut()
            .entry(node)
            .or_insert_with(|| self.hash(node, usize::MAX))
    }

    fn hash(&self, node: Node, limit: usize) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        for token in self.tree.tokens(node).take(limit) {
            hasher.update(token);
            hasher.update(&[0]);
        }
        hasher.finalize()
    }

    /// The lines of a stretch, from 1.
    pub(super) fn lines(&self, range: &Range<usize>) -> Range<usize> {
        let last = range.end.saturating_sub(1).max(range.start);
        self.source.line(range.start)..self.source.line(last) + 1
    }

    /// The enclosing item, or the lines around the match when that is long.
    pub(super) fn excerpt(&self, spot: &Spot, around: &Surroundings) -> Arc<Excerpt> {
        let (mut shown, matched) = (self.lines(&around.item), self.lines(&spot.range));
        if shown.len() > EXCERPT_LINES {
            let margin = EXCERPT_LINES / 2;
            shown = matched.start.saturating_sub(margin).max(shown.start)
                ..(matched.start + margin).min(shown.end);
        }
        let cut = || {
            let start = self.source.line_range(shown.start).start;
            let end = self.source.line_range(shown.end - 1).end;
            Arc::new(Excerpt {
                code: self.source.text(start..end).into_owned(),
                first_line: shown.start,
            })
        };
        let mut excerpts = self.excerpts.borrow_mut();
        excerpts.entry(shown.clone()).or_insert_with(cut).clone()
    }
}
