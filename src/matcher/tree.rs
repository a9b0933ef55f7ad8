//! A syntax tree in one array: what tree-sitter's cursor sees, in order, so that matching is index arithmetic.
//!
//! A node is its index. The subtree of node `n` is `n..end(n)`, its first child `n + 1`, the next sibling of a
//! child `c` is `end(c)`. Deliberately absent: anything about a particular language.

use std::cell::RefCell;
use std::ops::Range;

/// The index of a node in its [`Tree`].
pub type Node = u32;

const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Entry {
    kind: u16,
    field: u16,
    start: u32,
    end: u32,
    subtree_end: u32,
    parent: u32,
    flags: u8,
}

const NAMED: u8 = 1;
const EXTRA: u8 = 2;
const MISSING: u8 = 4;
const HAS_ERROR: u8 = 8;

/// What a thread keeps from tree to tree: parsers and room for nodes.
#[derive(Default)]
struct Spare {
    parsers: Vec<(tree_sitter::Language, tree_sitter::Parser)>,
    entries: Vec<Entry>,
}

/// Room for more nodes than this is given back.
const KEPT: usize = 1 << 18;

impl Spare {
    fn parser(&mut self, grammar: &tree_sitter::Language) -> Option<&mut tree_sitter::Parser> {
        let known = self.parsers.iter().position(|(known, _)| known == grammar);
        let index = match known {
            Some(index) => index,
            None => {
                let mut parser = tree_sitter::Parser::new();
                parser.set_language(grammar).ok()?;
                self.parsers.push((grammar.clone(), parser));
                self.parsers.len() - 1
            }
        };
        let (_, parser) = self.parsers.get_mut(index)?;
        parser.reset();
        Some(parser)
    }
}

thread_local! {
    static SPARE: RefCell<Spare> = RefCell::default();
}

impl Drop for Tree<'_> {
    fn drop(&mut self) {
        let mut entries = std::mem::take(&mut self.entries);
        if entries.capacity() > KEPT {
            return;
        }
        entries.clear();
        // The thread may be ending.
        let _ = SPARE.try_with(|spare| {
            if let Ok(mut spare) = spare.try_borrow_mut() {
                spare.entries = entries;
            }
        });
    }
}

/// A parsed text. Node 0 is the root.
#[derive(Debug)]
pub struct Tree<'t> {
    text: &'t [u8],
    entries: Vec<Entry>,
}

impl<'t> Tree<'t> {
    /// Parses a text; `None` when tree-sitter gives up (it does so only when told to stop).
    pub fn parse(text: &'t [u8], grammar: &tree_sitter::Language) -> Option<Self> {
        SPARE.with_borrow_mut(|spare| {
            let parsed = spare.parser(grammar)?.parse(text, None)?;
            let entries = std::mem::take(&mut spare.entries);
            Some(Self::flatten(text, &parsed, entries))
        })
    }

    fn flatten(text: &'t [u8], parsed: &tree_sitter::Tree, mut entries: Vec<Entry>) -> Self {
        entries.reserve(text.len() / 4 + 1);
        let mut cursor = parsed.walk();
        let mut parent = NONE;
        'walk: loop {
            let node = cursor.node();
            let index = entries.len() as u32;
            let flag = |set: bool, bit: u8| if set { bit } else { 0 };
            entries.push(Entry {
                kind: node.kind_id(),
                field: cursor.field_id().map_or(0, std::num::NonZero::get),
                start: node.start_byte() as u32,
                end: node.end_byte() as u32,
                subtree_end: index + 1,
                parent,
                flags: flag(node.is_named(), NAMED)
                    | flag(node.is_extra(), EXTRA)
                    | flag(node.is_missing(), MISSING)
                    | flag(node.has_error(), HAS_ERROR),
            });
            if cursor.goto_first_child() {
                parent = index;
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    break 'walk;
                }
                let end = entries.len() as u32;
                let done = parent as usize;
                entries[done].subtree_end = end;
                parent = entries[done].parent;
            }
        }
        Self { text, entries }
    }

    fn entry(&self, node: Node) -> &Entry {
        &self.entries[node as usize]
    }

    /// The whole text.
    pub fn text(&self) -> &'t [u8] {
        self.text
    }

    /// The root.
    pub fn root(&self) -> Node {
        0
    }

    /// Number of nodes.
    pub fn len(&self) -> u32 {
        self.entries.len() as u32
    }

    /// Never true: there is always a root.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// tree-sitter's number of the node's kind.
    pub fn kind(&self, node: Node) -> u16 {
        self.entry(node).kind
    }

    /// tree-sitter's number of the field in which the node stands in its parent; 0 for none.
    pub fn field(&self, node: Node) -> u16 {
        self.entry(node).field
    }

    /// The node's bytes.
    pub fn range(&self, node: Node) -> Range<usize> {
        let entry = self.entry(node);
        entry.start as usize..entry.end as usize
    }

    /// The node's text.
    pub fn bytes(&self, node: Node) -> &'t [u8] {
        self.text.get(self.range(node)).unwrap_or_default()
    }

    /// Whether the grammar names it (punctuation and keywords are not named).
    pub fn is_named(&self, node: Node) -> bool {
        self.entry(node).flags & NAMED != 0
    }

    /// Whether it may stand anywhere, as comments do.
    pub fn is_extra(&self, node: Node) -> bool {
        self.entry(node).flags & EXTRA != 0
    }

    /// Whether tree-sitter put it in to mend broken code; it is empty.
    pub fn is_missing(&self, node: Node) -> bool {
        self.entry(node).flags & MISSING != 0
    }

    /// Whether it is or holds a syntax error.
    pub fn has_error(&self, node: Node) -> bool {
        self.entry(node).flags & HAS_ERROR != 0
    }

    /// Whether it has no children.
    pub fn is_leaf(&self, node: Node) -> bool {
        self.end(node) == node + 1
    }

    /// One past the last node of its subtree.
    pub fn end(&self, node: Node) -> Node {
        self.entry(node).subtree_end
    }

    /// The node around it.
    pub fn parent(&self, node: Node) -> Option<Node> {
        let parent = self.entry(node).parent;
        (parent != NONE).then_some(parent)
    }

    /// The nodes around it, innermost first.
    pub fn ancestors(&self, node: Node) -> impl Iterator<Item = Node> + '_ {
        std::iter::successors(self.parent(node), |ancestor| self.parent(*ancestor))
    }

    /// Its children, punctuation included.
    pub fn children(&self, node: Node) -> impl Iterator<Item = Node> + Clone + '_ {
        let end = self.end(node);
        std::iter::successors((node + 1 < end).then_some(node + 1), move |child| {
            let next = self.end(*child);
            (next < end).then_some(next)
        })
    }

    /// Its children that the grammar names, comments left out.
    pub fn named_children(&self, node: Node) -> impl Iterator<Item = Node> + Clone + '_ {
        self.children(node)
            .filter(|child| self.is_named(*child) && !self.is_extra(*child))
    }

    /// It and everything in it, in the order of the text.
    pub fn subtree(&self, node: Node) -> Range<Node> {
        node..self.end(node)
    }

    /// Its first child in this field.
    pub fn child_by_field(&self, node: Node, field: u16) -> Option<Node> {
        self.children(node)
            .find(|child| self.field(*child) == field)
    }

    /// The siblings after it, nearest first.
    pub fn next_siblings(&self, node: Node) -> impl Iterator<Item = Node> + '_ {
        let end = self.parent(node).map_or(0, |parent| self.end(parent));
        let next = self.end(node);
        std::iter::successors((next < end).then_some(next), move |sibling| {
            let next = self.end(*sibling);
            (next < end).then_some(next)
        })
    }

    /// The siblings before it, nearest first.
    pub fn previous_siblings(&self, node: Node) -> impl Iterator<Item = Node> + use<> {
        let mut before: Vec<Node> = match self.parent(node) {
            Some(parent) => self
                .children(parent)
                .take_while(|sibling| *sibling < node)
                .collect(),
            None => Vec::new(),
        };
        std::iter::from_fn(move || before.pop())
    }

    /// The innermost node that holds these bytes.
    pub fn innermost(&self, bytes: &Range<usize>) -> Node {
        // Nodes stand in the order of their first bytes.
        let after = self
            .entries
            .partition_point(|entry| entry.start as usize <= bytes.start);
        let mut node = (after as Node).saturating_sub(1);
        while self.range(node).end < bytes.end {
            match self.parent(node) {
                Some(parent) => node = parent,
                None => break,
            }
        }
        node
    }

    /// The nodes that begin in these bytes.
    pub fn beginning_in(&self, bytes: &Range<usize>) -> Range<Node> {
        let before = |byte: usize| {
            self.entries
                .partition_point(|entry| (entry.start as usize) < byte) as Node
        };
        before(bytes.start)..before(bytes.end)
    }

    /// Its leaves that are no comments and not empty: the tokens of a piece of code.
    pub fn tokens(&self, node: Node) -> impl Iterator<Item = &'t [u8]> + '_ {
        let mut next = node;
        let end = self.end(node);
        std::iter::from_fn(move || {
            while next < end {
                let here = next;
                if self.is_extra(here) {
                    next = self.end(here);
                    continue;
                }
                next += 1;
                if self.is_leaf(here) && !self.bytes(here).is_empty() {
                    return Some(self.bytes(here));
                }
            }
            None
        })
    }
}
