//! What holds where in one file: found out once per file, at the first question, and then looked up.
//!
//! Deliberately absent: what the facts mean; that is each language's.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

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
}

/// What a language knows of a whole file. Whoever looks at a file makes one of these beside its tree, and shares it among
/// all places of the file.
#[derive(Debug, Default)]
pub struct FileFacts(OnceLock<BTreeMap<&'static str, Vec<Turn>>>);

/// From this node on it holds, or holds no longer.
type Turn = (Node, bool);

impl FileFacts {
    /// Whether this holds at the node: the innermost stretch decides, the last one among equals; without any it does not
    /// hold. `find` finds all stretches of the file, and is called at the first question only.
    pub fn holds(&self, name: &str, node: Node, find: impl FnOnce() -> Vec<Stretch>) -> bool {
        let turns = self.0.get_or_init(|| turns_by_name(find()));
        let Some(turns) = turns.get(name) else {
            return false;
        };
        let passed = turns.partition_point(|(at, _)| *at <= node);
        turns[..passed].last().is_some_and(|(_, holds)| *holds)
    }
}

/// Nested stretches laid flat, so that a question costs one binary search.
fn turns_by_name(mut stretches: Vec<Stretch>) -> BTreeMap<&'static str, Vec<Turn>> {
    stretches.sort_by_key(|stretch| {
        (
            stretch.name,
            stretch.nodes.start,
            Reverse(stretch.nodes.end),
        )
    });
    let mut all = BTreeMap::new();
    for equally_named in stretches.chunk_by(|one, next| one.name == next.name) {
        all.insert(equally_named[0].name, turns(equally_named));
    }
    all
}

fn turns(stretches: &[Stretch]) -> Vec<Turn> {
    let mut turns = Vec::new();
    let mut open: Vec<(Node, bool)> = Vec::new();
    for stretch in stretches {
        close(&mut open, stretch.nodes.start, &mut turns);
        turns.push((stretch.nodes.start, stretch.holds));
        open.push((stretch.nodes.end, stretch.holds));
    }
    close(&mut open, Node::MAX, &mut turns);
    turns
}

/// Closes the stretches that end before `until` does.
fn close(open: &mut Vec<(Node, bool)>, until: Node, turns: &mut Vec<Turn>) {
    while let Some((end, _)) = open.pop_if(|(end, _)| *end <= until) {
        turns.push((end, open.last().is_some_and(|(_, holds)| *holds)));
    }
}
