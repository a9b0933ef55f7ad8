//! What a reviewer needs beside an item to judge it: what it calls in the same file, and what it was before the change.
//!
//! Made only for items that somebody is asked about. Deliberately absent: the item itself (a candidate has it), and
//! anything in other files.

use std::collections::BTreeSet;
use std::ops::Range;

use super::LanguageScanner;
use super::file::File;
use crate::candidate::Excerpt;
use crate::language::{Language, Workspace};
use crate::matcher::{Node, Tree};
use crate::source::Source;

/// The most called items that are shown.
const CALLED: usize = 5;
/// The most lines of each.
const CALLED_LINES: usize = 60;
/// The most lines of the item as it was.
const BEFORE_LINES: usize = 200;

/// An item that somebody is asked about.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its lines in head, from 1.
    pub lines: Range<usize>,
    /// The names of the items around it and its own.
    pub path: String,
}

/// What stands beside an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// What it calls in the same file.
    pub called: Vec<Excerpt>,
    /// What it was before, when it was something else.
    pub before: Option<Excerpt>,
    /// What was left out, for people and reviewers.
    pub left_out: Vec<String>,
}

/// The contexts of items of one file, of which `head` and `base` are the texts.
pub fn contexts(
    workspace: &Workspace<'_>,
    head: &Source,
    base: Option<&Source>,
    items: &[Item],
) -> Vec<Context> {
    let mut contexts = vec![Context::default(); items.len()];
    let Some(language) = Language::of(&head.path) else {
        return contexts;
    };
    with_file(workspace, language, head, |head| {
        let named = head.named_items();
        for (item, context) in items.iter().zip(&mut contexts) {
            if let Some(node) = head.node_of(item, &named) {
                head.add_called(node, &named, context);
            }
        }
        let Some(base) = base else {
            return;
        };
        with_file(workspace, language, base, |base| {
            let old = base.named_items();
            for (item, context) in items.iter().zip(&mut contexts) {
                let node = head.node_of(item, &named);
                let was = old.iter().map(|(node, _)| *node).find(|node| {
                    !item.path.is_empty() && base.identity(*node).item_path == item.path
                });
                if let (Some(node), Some(was)) = (node, was)
                    && head.identity(node).item != base.identity(was).item
                {
                    let (shown, left_out) = base.shown(was, BEFORE_LINES);
                    context.before = Some(shown);
                    if left_out > 0 {
                        let said = format!("{left_out} lines of the item as it was");
                        context.left_out.push(said);
                    }
                }
            }
        });
    });
    contexts
}

fn with_file(
    workspace: &Workspace<'_>,
    language: &'static Language,
    source: &Source,
    work: impl FnOnce(&File<'_, '_>),
) {
    let Some(tree) = Tree::parse(source.bytes(), &(language.grammar)()) else {
        return;
    };
    let scanner = LanguageScanner::new(language, Vec::new());
    work(&File::new(&scanner, workspace, source, &tree, None));
}

impl File<'_, '_> {
    fn node_of(&self, item: &Item, named: &[(Node, &[u8])]) -> Option<Node> {
        let mut nodes = named.iter().map(|(node, _)| *node);
        nodes.find(|node| self.lines(&self.tree.range(*node)) == item.lines)
    }

    fn add_called(&self, item: Node, named: &[(Node, &[u8])], context: &mut Context) {
        let mut names: BTreeSet<&[u8]> = BTreeSet::new();
        for node in self.tree.subtree(item) {
            let name = self.focus(node);
            if name != node {
                names.insert(self.tree.bytes(name));
            }
        }
        let is_outside = |node: Node| {
            !self.tree.subtree(item).contains(&node) && !self.tree.subtree(node).contains(&item)
        };
        let called: Vec<Node> = named
            .iter()
            .filter(|(node, name)| is_outside(*node) && names.contains(last_part(name)))
            .map(|(node, _)| *node)
            .collect();
        for node in called.iter().take(CALLED) {
            let (shown, left_out) = self.shown(*node, CALLED_LINES);
            if left_out > 0 {
                let line = shown.first_line;
                let said = format!("{left_out} lines of the called item at line {line}");
                context.left_out.push(said);
            }
            context.called.push(shown);
        }
        if called.len() > CALLED {
            let said = format!("{} more called items", called.len() - CALLED);
            context.left_out.push(said);
        }
    }

    /// The first lines of an item, and how many there are beyond.
    fn shown(&self, node: Node, limit: usize) -> (Excerpt, usize) {
        let lines = self.lines(&self.tree.range(node));
        let end = lines.end.min(lines.start + limit);
        let bytes = self.source.line_range(lines.start).start..self.source.line_range(end - 1).end;
        let excerpt = Excerpt {
            code: self.source.text(bytes).into_owned(),
            first_line: lines.start,
        };
        (excerpt, lines.end - end)
    }
}

/// The last part of a dotted name.
fn last_part(name: &[u8]) -> &[u8] {
    name.rsplit(|byte| matches!(byte, b'.' | b':'))
        .next()
        .unwrap_or(name)
}
