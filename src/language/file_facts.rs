//! What holds where in one file, and why: found out once per file, at the first question, and then looked up.
//!
//! Deliberately absent: what the facts mean; that is each language's.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use crate::finding::Cause;
use crate::matcher::Node;

/// Part of a file of which something is, or is not, true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// A fact, or what the language makes facts from.
    pub name: &'static str,
    /// Where.
    pub nodes: Range<Node>,
    /// Whether it is true there.
    pub holds: bool,
    /// What says so.
    pub because: Because,
}

/// What says that something holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// What stands at this byte of the file itself.
    Here(usize),
    /// A line of another file.
    There(Cause),
}

/// What a language knows of a whole file. Whoever looks at a file makes one of these beside its tree, and shares it among
/// all places of the file.
#[derive(Debug, Default)]
pub struct FileFacts(OnceLock<BTreeMap<&'static str, Turns>>);

/// One name's stretches laid flat, so that a question costs one binary search: from this node on it holds because of
/// this stretch, or holds no longer.
#[derive(Debug, Default)]
struct Turns {
    turns: Vec<(Node, Option<usize>)>,
    because: Vec<Because>,
}

impl FileFacts {
    /// Why this holds at the node, if it does: the innermost stretch decides, the last one among equals; without any it
    /// does not hold. `find` finds all stretches of the file, and is called at the first question only.
    pub fn because(
        &self,
        name: &str,
        node: Node,
        find: impl FnOnce() -> Vec<Stretch>,
    ) -> Option<&Because> {
        let known = self.0.get_or_init(|| turns_by_name(find()));
        let Turns { turns, because } = known.get(name)?;
        let passed = turns.partition_point(|(at, _)| *at <= node);
        let (_, stretch) = turns[..passed].last()?;
        because.get((*stretch)?)
    }
}

fn turns_by_name(mut stretches: Vec<Stretch>) -> BTreeMap<&'static str, Turns> {
    stretches.sort_by_key(|stretch| {
        (
            stretch.name,
            stretch.nodes.start,
            Reverse(stretch.nodes.end),
        )
    });
    let mut all = BTreeMap::new();
    for equally_named in stretches.chunk_by(|one, next| one.name == next.name) {
        all.insert(equally_named[0].name, Turns::new(equally_named));
    }
    all
}

impl Turns {
    fn new(stretches: &[Stretch]) -> Self {
        let mut all = Self::default();
        let mut open: Vec<(Node, Option<usize>)> = Vec::new();
        for stretch in stretches {
            all.close(&mut open, stretch.nodes.start);
            let why = stretch.holds.then_some(all.because.len());
            if stretch.holds {
                all.because.push(stretch.because.clone());
            }
            all.turns.push((stretch.nodes.start, why));
            open.push((stretch.nodes.end, why));
        }
        all.close(&mut open, Node::MAX);
        all
    }

    /// Closes the stretches that end before `until` does.
    fn close(&mut self, open: &mut Vec<(Node, Option<usize>)>, until: Node) {
        while let Some((end, _)) = open.pop_if(|(end, _)| *end <= until) {
            self.turns
                .push((end, open.last().and_then(|(_, why)| *why)));
        }
    }
}
