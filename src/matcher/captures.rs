//! What the metavariables of a match stand for: a stack, so that a failed attempt is undone by shortening it.

use std::ops::Range;
use std::sync::Arc;

use super::tokens::{Run, Tokens};
use super::{Node, Tree};

/// The nodes bound to metavariables; of a name that is bound again, to the same code elsewhere, the last counts.
#[derive(Debug, Clone, Default)]
pub struct Captures {
    bound: Vec<(Arc<str>, Bound)>,
}

#[derive(Debug, Clone)]
enum Bound {
    One(Node),
    Many(Vec<Node>),
    /// Code of which there is no tree.
    Run(Run, Range<usize>),
}

impl Captures {
    /// The node that `$NAME` stands for.
    pub fn get(&self, name: &str) -> Option<Node> {
        self.bound
            .iter()
            .rev()
            .find_map(|(known, bound)| match bound {
                Bound::One(node) if **known == *name => Some(*node),
                _ => None,
            })
    }

    /// The nodes that `$$$NAME` stands for.
    pub fn get_many(&self, name: &str) -> Option<&[Node]> {
        self.bound
            .iter()
            .rev()
            .find_map(|(known, bound)| match bound {
                Bound::Many(nodes) if **known == *name => Some(nodes.as_slice()),
                _ => None,
            })
    }

    /// The names of all that is bound, in the order in which it was.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.bound.iter().map(|(name, _)| &**name);
        let is_new = |(at, name): &(usize, &str)| {
            let mut before = self.bound[..*at].iter();
            before.all(|(known, _)| **known != **name)
        };
        names.enumerate().filter(is_new).map(|(_, name)| name)
    }

    /// Whether a metavariable of either sort stands for something, be it an empty list.
    pub fn is_bound(&self, name: &str) -> bool {
        self.bound.iter().any(|(known, _)| **known == *name)
    }

    /// The bytes that a metavariable of either sort stands for.
    pub fn range(&self, tree: &Tree<'_>, name: &str) -> Option<Range<usize>> {
        if let Some((_, bytes)) = self.run(name) {
            return Some(bytes.clone());
        }
        if let Some(node) = self.get(name) {
            return Some(tree.range(node));
        }
        let nodes = self.get_many(name)?;
        let (first, last) = (nodes.first()?, nodes.last()?);
        Some(tree.range(*first).start..tree.range(*last).end)
    }

    /// How many are bound: a mark to return to.
    pub(super) fn mark(&self) -> usize {
        self.bound.len()
    }

    /// Forgets what was bound after the mark.
    pub(super) fn undo(&mut self, mark: usize) {
        self.bound.truncate(mark);
    }

    /// The single bindings.
    pub(super) fn singles(&self) -> Vec<(Arc<str>, Node)> {
        let single = |(name, bound): &(Arc<str>, Bound)| match bound {
            Bound::One(node) if self.get(name) == Some(*node) => Some((Arc::clone(name), *node)),
            _ => None,
        };
        self.bound.iter().filter_map(single).collect()
    }

    /// The tokens that a name stands for, and their bytes.
    fn run(&self, name: &str) -> Option<(&Run, &Range<usize>)> {
        self.bound.iter().find_map(|(known, bound)| match bound {
            Bound::Run(run, bytes) if **known == *name => Some((run, bytes)),
            _ => None,
        })
    }

    /// The bindings to tokens.
    pub(super) fn runs(&self) -> Vec<(Arc<str>, Run)> {
        let run = |(name, bound): &(Arc<str>, Bound)| match bound {
            Bound::Run(run, _) => Some((Arc::clone(name), run.clone())),
            _ => None,
        };
        self.bound.iter().filter_map(run).collect()
    }

    /// Binds a name to tokens; false when it already stands for other code.
    pub(super) fn bind_run(
        &mut self,
        tree: &Tree<'_>,
        tokens: &Tokens<'_>,
        name: &Arc<str>,
        run: &Run,
    ) -> bool {
        let bytes = || {
            if run.is_empty() {
                0..0
            } else {
                tokens.bytes(run)
            }
        };
        if let Some((known, _)) = self.run(name) {
            return tokens.is_same_code(known, run);
        }
        if let Some(node) = self.get(name) {
            return tree.text().get(bytes()) == Some(tree.bytes(node));
        }
        self.bound
            .push((Arc::clone(name), Bound::Run(run.clone(), bytes())));
        true
    }

    /// Binds a name; false when it already stands for other code.
    pub(super) fn bind(&mut self, tree: &Tree<'_>, name: &Arc<str>, node: Node) -> bool {
        if let Some((_, bytes)) = self.run(name) {
            return tree.text().get(bytes.clone()) == Some(tree.bytes(node));
        }
        let known = self.get(name);
        let fits = known.is_none_or(|known| is_same_code(tree, known, node));
        if fits && known != Some(node) {
            self.bound.push((Arc::clone(name), Bound::One(node)));
        }
        fits
    }

    /// Binds a name to a list; false when it already stands for another.
    pub(super) fn bind_many(&mut self, tree: &Tree<'_>, name: &Arc<str>, nodes: Vec<Node>) -> bool {
        let named = |nodes: &[Node]| -> Vec<Node> {
            let nodes = nodes.iter().copied();
            nodes.filter(|node| tree.is_named(*node)).collect()
        };
        let fits = self.get_many(name).is_none_or(|known| {
            let (left, right) = (named(known), named(&nodes));
            let mut pairs = left.iter().zip(&right);
            left.len() == right.len()
                && pairs.all(|(left, right)| is_same_code(tree, *left, *right))
        });
        if fits {
            self.bound.push((Arc::clone(name), Bound::Many(nodes)));
        }
        fits
    }
}

/// Whether two nodes are the same code: white space aside, and comparing text where one of them has no named parts.
fn is_same_code(tree: &Tree<'_>, left: Node, right: Node) -> bool {
    let has_no_parts = |node: Node| !tree.children(node).any(|child| tree.is_named(child));
    let mut pairs = vec![(left, right)];
    while let Some((left, right)) = pairs.pop() {
        if left == right {
            continue;
        }
        if has_no_parts(left) || has_no_parts(right) {
            if tree.bytes(left) != tree.bytes(right) {
                return false;
            }
            continue;
        }
        if tree.kind(left) != tree.kind(right)
            || tree.children(left).count() != tree.children(right).count()
        {
            return false;
        }
        pairs.extend(tree.children(left).zip(tree.children(right)));
    }
    true
}
