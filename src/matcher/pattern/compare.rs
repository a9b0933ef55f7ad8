//! Compares code with a pattern, node by node: ast-grep's *smart* strictness.

use std::sync::Arc;

use super::Part;
use crate::matcher::{Captures, ERROR_KIND, Node, Tree};

/// What comes of comparing one node with one part.
pub(super) enum Outcome {
    Match,
    /// The code has something here that a pattern may leave out.
    Skip,
    Mismatch,
}

pub(super) fn bind_one(
    tree: &Tree<'_>,
    name: Option<&Arc<str>>,
    named_only: bool,
    node: Node,
    captures: &mut Captures,
) -> bool {
    if named_only && !tree.is_named(node) {
        return false;
    }
    name.is_none_or(|name| captures.bind(tree, name, node))
}

pub(super) fn compare(
    tree: &Tree<'_>,
    part: &Part,
    node: Node,
    captures: &mut Captures,
) -> Outcome {
    let verdict = |matched: bool| {
        if matched {
            Outcome::Match
        } else {
            Outcome::Mismatch
        }
    };
    let is_kind = |kind: u16| kind == tree.kind(node) || kind == ERROR_KIND;
    match part {
        Part::Leaf {
            kind, named, text, ..
        } => {
            if is_kind(*kind) && (!named || text.as_bytes() == tree.bytes(node)) {
                Outcome::Match
            } else if tree.is_extra(node) || !tree.is_named(node) {
                Outcome::Skip
            } else {
                Outcome::Mismatch
            }
        }
        Part::One { name, named_only } => {
            if tree.is_extra(node) {
                return Outcome::Skip;
            }
            verdict(bind_one(tree, name.as_ref(), *named_only, node, captures))
        }
        Part::Many { name } => match name {
            Some(name) => verdict(captures.bind_many(tree, name, vec![node])),
            None => Outcome::Match,
        },
        Part::Inner {
            kind,
            after_comments,
            parts,
        } => {
            if *after_comments && tree.is_extra(node) {
                return Outcome::Skip;
            }
            if !is_kind(*kind) {
                return Outcome::Mismatch;
            }
            verdict(compare_children(tree, parts, node, captures))
        }
    }
}

/// The rest of a node's children.
#[derive(Clone, Copy)]
struct Rest {
    next: Node,
    end: Node,
}

impl Rest {
    fn peek(self) -> Option<Node> {
        (self.next < self.end).then_some(self.next)
    }

    fn take(&mut self, tree: &Tree<'_>) -> Option<Node> {
        let node = self.peek()?;
        self.next = tree.end(node);
        Some(node)
    }

    fn take_all(&mut self, tree: &Tree<'_>) -> Vec<Node> {
        std::iter::from_fn(|| self.take(tree)).collect()
    }
}

fn compare_children(
    tree: &Tree<'_>,
    mut parts: &[Part],
    node: Node,
    captures: &mut Captures,
) -> bool {
    let mut rest = Rest {
        next: node + 1,
        end: tree.end(node),
    };
    if rest.peek().is_none() {
        return false;
    }
    loop {
        let Some((first, after)) = parts.split_first() else {
            return true;
        };
        if let Part::Many { name } = first {
            match fill(tree, name.as_ref(), after, &mut rest, captures) {
                Filled::Nothing => return false,
                Filled::Everything => return true,
                Filled::UpTo(remaining) => parts = remaining,
                Filled::UpToAnother(remaining) => {
                    parts = remaining;
                    continue;
                }
            }
        }
        // The next part must match; what the pattern may leave out is passed over.
        loop {
            let Some(child) = rest.peek() else {
                return parts.iter().all(|part| matches!(part, Part::Many { .. }));
            };
            match compare(tree, &parts[0], child, captures) {
                Outcome::Match => break,
                Outcome::Skip => rest.take(tree),
                Outcome::Mismatch => return false,
            };
        }
        parts = &parts[1..];
        rest.take(tree);
        if parts.is_empty() {
            return true;
        }
        if rest.peek().is_none() {
            return false;
        }
    }
}

enum Filled<'p> {
    /// No way to fill the hole.
    Nothing,
    /// The hole takes all that is left, and the pattern ends.
    Everything,
    /// The hole ends where the next part matches.
    UpTo(&'p [Part]),
    /// The next part is a hole, too.
    UpToAnother(&'p [Part]),
}

/// Finds what `$$$` stands for: everything up to the first child that matches the next part. Punctuation right after
/// the hole belongs to the list that it stands for.
fn fill<'p>(
    tree: &Tree<'_>,
    name: Option<&Arc<str>>,
    after: &'p [Part],
    rest: &mut Rest,
    captures: &mut Captures,
) -> Filled<'p> {
    let punctuation = after
        .iter()
        .take_while(|part| part.is_punctuation())
        .count();
    let remaining = &after[punctuation..];
    let bind = |mut nodes: Vec<Node>, captures: &mut Captures| {
        nodes.truncate(nodes.len().saturating_sub(punctuation));
        name.is_none_or(|name| captures.bind_many(tree, name, nodes))
    };
    let Some(next) = remaining.first() else {
        let filled = bind(rest.take_all(tree), captures);
        return if filled {
            Filled::Everything
        } else {
            Filled::Nothing
        };
    };
    let mut nodes = Vec::new();
    if matches!(next, Part::Many { .. }) {
        nodes.extend(rest.take(tree));
        let filled = rest.peek().is_some() && bind(nodes, captures);
        return if filled {
            Filled::UpToAnother(remaining)
        } else {
            Filled::Nothing
        };
    }
    while let Some(child) = rest.peek() {
        let mark = captures.mark();
        let found = matches!(compare(tree, next, child, captures), Outcome::Match);
        captures.undo(mark);
        if found {
            return if bind(nodes, captures) {
                Filled::UpTo(remaining)
            } else {
                Filled::Nothing
            };
        }
        nodes.extend(rest.take(tree));
    }
    Filled::Nothing
}
