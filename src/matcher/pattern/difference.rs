//! Where code and a pattern first differ: for people who ask why nothing was found.
//!
//! Deliberately absent: whether they differ; the comparison itself decides that.

use super::{Outcome, Part, Pattern, compare};
use crate::matcher::{Captures, Node, Tree};

/// The first node that is not what the pattern wants, and what it wants.
pub(in crate::matcher) struct Difference {
    /// The node.
    pub node: Node,
    /// The kind and the text that the pattern has there.
    pub wanted: (Option<u16>, String),
}

impl Pattern {
    /// As it was written.
    pub(in crate::matcher) fn text(&self) -> &str {
        &self.text
    }

    /// Where a node that the pattern does not match first differs from it.
    pub(in crate::matcher) fn difference(&self, tree: &Tree<'_>, node: Node) -> Difference {
        let mut captures = Captures::default();
        let (mut part, mut node) = (&self.root, node);
        while let Some((inner, child)) = step(tree, part, node, &mut captures) {
            (part, node) = (inner, child);
        }
        Difference {
            node,
            wanted: (part.kind(), part.shown()),
        }
    }
}

/// From a part that differs to the first of its parts that does, when that can be told.
fn step<'p>(
    tree: &Tree<'_>,
    part: &'p Part,
    node: Node,
    captures: &mut Captures,
) -> Option<(&'p Part, Node)> {
    let Part::Inner { kind, parts, .. } = part else {
        return None;
    };
    if *kind != tree.kind(node) {
        return None;
    }
    let mut children = tree.children(node).peekable();
    let mut is_after_list = false;
    for part in parts {
        if matches!(part, Part::Many { .. }) {
            is_after_list = true;
            continue;
        }
        loop {
            let child = *children.peek()?;
            let mark = captures.mark();
            match compare(tree, part, child, captures) {
                Outcome::Match => {
                    children.next();
                    break;
                }
                Outcome::Mismatch if !is_after_list => {
                    captures.undo(mark);
                    return Some((part, child));
                }
                Outcome::Mismatch | Outcome::Skip => {
                    captures.undo(mark);
                    children.next();
                }
            }
        }
        is_after_list = false;
    }
    None
}

impl Part {
    fn kind(&self) -> Option<u16> {
        match self {
            Self::Leaf { kind, .. } | Self::Inner { kind, .. } => Some(*kind),
            Self::One { .. } | Self::Many { .. } => None,
        }
    }

    fn shown(&self) -> String {
        let name = |name: &Option<std::sync::Arc<str>>| name.as_deref().unwrap_or("_").to_owned();
        match self {
            Self::One { name: bound, .. } => format!("${}", name(bound)),
            Self::Many { name: bound } => format!("$$${}", name(bound)),
            Self::Leaf { text, .. } => text.clone(),
            Self::Inner { parts, .. } => {
                parts.iter().map(Self::shown).collect::<Vec<_>>().join(" ")
            }
        }
    }
}
