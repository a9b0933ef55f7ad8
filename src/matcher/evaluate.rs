//! Asks a matcher about a node.
//!
//! Patterns, `all`, `any` and `not` forget what they bound when they do not hold; `not` binds nothing. The others leave
//! that to what is around them, as in ast-grep. Deliberately absent: tokens ([`super::tokens`]).

use std::collections::HashMap;

use super::nth_child::NthChild;
use super::{Captures, Matcher, Node, Relation, RuleMatcher, Stop, Tree, Util};

/// Conditions asked within conditions, through utils that ask themselves about other nodes: a thread's stack is no deeper.
const DEPTH_LIMIT: usize = 2000;

/// What questions to one rule about one tree may cost, and what has been found out on the way.
///
/// A relation looks at every node below or above; relations in relations, and utils that ask themselves, multiply. Whoever
/// runs out of steps gets no answer: [`Self::is_exhausted`] says so.
#[derive(Debug, Default)]
pub struct Effort {
    steps: u64,
    is_exhausted: bool,
    /// Of utils that can ask themselves and bind nothing: the answer for a node.
    known: HashMap<(usize, Node), Option<Node>>,
}

impl Effort {
    /// Whether some answer took too long to find.
    pub fn is_exhausted(&self) -> bool {
        self.is_exhausted
    }

    fn limit(tree: &Tree<'_>) -> u64 {
        (5_000_000 + 50 * u64::from(tree.len())).min(100_000_000)
    }
}

impl RuleMatcher {
    /// What the metavariables stand for, when the rule matches the node.
    pub fn find(&self, tree: &Tree<'_>, node: Node) -> Option<Captures> {
        self.find_with(tree, node, Captures::default(), &mut Effort::default())
    }

    /// The same, with some metavariables already bound, and an effort that goes on from node to node.
    pub fn find_with(
        &self,
        tree: &Tree<'_>,
        node: Node,
        mut captures: Captures,
        effort: &mut Effort,
    ) -> Option<Captures> {
        let mut evaluation = self.evaluation(tree, effort);
        evaluation.rule(self, node, &mut captures)?;
        Some(captures)
    }

    pub(super) fn evaluation<'a, 'e>(
        &'a self,
        tree: &'a Tree<'a>,
        effort: &'e mut Effort,
    ) -> Evaluation<'a, 'e> {
        Evaluation {
            tree,
            utils: &self.utils,
            shared: &self.shared,
            remembered: &self.recursive,
            depth: 0,
            limit: Effort::limit(tree),
            effort,
        }
    }
}

pub(super) struct Evaluation<'a, 'e> {
    pub(super) tree: &'a Tree<'a>,
    utils: &'a [Matcher],
    shared: &'a [RuleMatcher],
    /// For each util, whether its answers are worth keeping.
    remembered: &'a [bool],
    depth: usize,
    limit: u64,
    effort: &'e mut Effort,
}

impl<'a, 'e> Evaluation<'a, 'e> {
    /// For single questions about the nodes around tokens.
    pub(super) fn around_tokens(
        tree: &'a Tree<'a>,
        utils: &'a [Matcher],
        effort: &'e mut Effort,
    ) -> Self {
        Self {
            tree,
            utils,
            shared: &[],
            remembered: &[],
            depth: 0,
            limit: Effort::limit(tree),
            effort,
        }
    }

    /// The condition, then the constraints on what it bound: the node that decided.
    fn rule(&mut self, rule: &RuleMatcher, node: Node, captures: &mut Captures) -> Option<Node> {
        let found = self.found(&rule.root, node, captures)?;
        if rule.constraints.is_empty() {
            return Some(found);
        }
        for (name, bound) in captures.singles() {
            let constraint = rule
                .constraints
                .iter()
                .find(|(constrained, _)| *constrained == name);
            if constraint.is_some_and(|(_, matcher)| !self.holds(matcher, bound, captures)) {
                return None;
            }
        }
        Some(found)
    }

    pub(super) fn holds(&mut self, matcher: &Matcher, node: Node, captures: &mut Captures) -> bool {
        self.effort.steps += 1;
        if self.effort.steps > self.limit || self.depth > DEPTH_LIMIT {
            self.effort.is_exhausted = true;
            return false;
        }
        match matcher {
            Matcher::Pattern(pattern) => pattern.matches(self.tree, node, captures),
            Matcher::Kind(kind) => self.tree.kind(node) == *kind,
            Matcher::Regex(regex) => regex.is_match(self.tree.bytes(node)),
            Matcher::NthChild(nth) => self.nth_child(nth, node, captures),
            Matcher::All(all) => {
                let mark = captures.mark();
                let holds = all
                    .iter()
                    .all(|matcher| self.deeper(matcher, node, captures));
                if !holds {
                    captures.undo(mark);
                }
                holds
            }
            Matcher::Any(any) => {
                let mark = captures.mark();
                any.iter().any(|matcher| {
                    captures.undo(mark);
                    self.deeper(matcher, node, captures)
                }) || {
                    captures.undo(mark);
                    false
                }
            }
            Matcher::Not(not) => {
                let mark = captures.mark();
                let matched = self.deeper(not, node, captures);
                captures.undo(mark);
                !matched
            }
            Matcher::Inside(_)
            | Matcher::Has(_)
            | Matcher::Precedes(_)
            | Matcher::Follows(_)
            | Matcher::Matches(_) => self.found(matcher, node, captures).is_some(),
        }
    }

    fn deeper(&mut self, matcher: &Matcher, node: Node, captures: &mut Captures) -> bool {
        self.depth += 1;
        let holds = self.holds(matcher, node, captures);
        self.depth -= 1;
        holds
    }

    /// The node that decided: of a relation the one elsewhere, of anything else the node itself.
    pub(super) fn found(
        &mut self,
        matcher: &Matcher,
        node: Node,
        captures: &mut Captures,
    ) -> Option<Node> {
        self.depth += 1;
        let found = match matcher {
            Matcher::Inside(relation) => self.inside(relation, node, captures),
            Matcher::Has(relation) => self.has(relation, node, captures),
            Matcher::Precedes(relation) if matches!(relation.stop, Stop::Neighbor) => {
                // tree-sitter's next sibling is never an empty one.
                let end = self.tree.range(node).end;
                let is_next = |sibling: &Node| self.tree.range(*sibling).end > end;
                let next = self.tree.next_siblings(node).find(is_next);
                next.and_then(|next| self.found(&relation.other, next, captures))
            }
            Matcher::Precedes(relation) => self
                .place(relation, node)
                .and_then(|place| self.among(relation, self.tree.next_siblings(place), captures)),
            Matcher::Follows(relation) => self.place(relation, node).and_then(|place| {
                self.among(relation, self.tree.previous_siblings(place), captures)
            }),
            Matcher::Matches(Util::Own(util)) => self.util(*util, node, captures),
            Matcher::Matches(Util::Shared(util)) => self.shared_util(*util, node),
            Matcher::Matches(Util::Missing) => None,
            other => self.holds(other, node, captures).then_some(node),
        };
        self.depth -= 1;
        found
    }

    /// From where siblings are looked through: ast-grep looks for the first child that ends behind the node's first byte,
    /// which is another one when the node is empty, and a child of its own when it is the root.
    fn place(&self, relation: &Relation, node: Node) -> Option<Node> {
        let tree = self.tree;
        let parent = tree.parent(node);
        let bytes = tree.range(node);
        if matches!(relation.stop, Stop::Neighbor) || parent.is_some() && !bytes.is_empty() {
            return Some(node);
        }
        tree.children(parent.unwrap_or(node))
            .find(|child| tree.range(*child).end > bytes.start)
    }

    fn util(&mut self, util: usize, node: Node, captures: &mut Captures) -> Option<Node> {
        let utils = self.utils;
        if !self.remembered.get(util).is_some_and(|kept| *kept) {
            return self.found(&utils[util], node, captures);
        }
        if let Some(known) = self.effort.known.get(&(util, node)) {
            return *known;
        }
        let found = self.found(&utils[util], node, captures);
        if !self.effort.is_exhausted {
            self.effort.known.insert((util, node), found);
        }
        found
    }

    /// Its utils and its bindings are its own.
    fn shared_util(&mut self, util: usize, node: Node) -> Option<Node> {
        let rule = &self.shared[util];
        let mut inner_effort = Effort {
            steps: self.effort.steps,
            ..Effort::default()
        };
        let mut inner = Evaluation {
            tree: self.tree,
            utils: &rule.utils,
            shared: self.shared,
            remembered: &rule.recursive,
            depth: self.depth + 1,
            limit: self.limit,
            effort: &mut inner_effort,
        };
        let found = inner.rule(rule, node, &mut Captures::default());
        self.effort.steps = inner_effort.steps;
        self.effort.is_exhausted |= inner_effort.is_exhausted;
        found
    }

    /// Whether the node is one of those that the formula counts among its siblings.
    fn nth_child(&mut self, nth: &NthChild, node: Node, captures: &mut Captures) -> bool {
        let tree = self.tree;
        let Some(parent) = tree.parent(node) else {
            return false;
        };
        // Comments count, punctuation does not.
        let siblings = tree
            .children(parent)
            .filter(|sibling| tree.is_named(*sibling));
        let (mut before, mut after) = (0, 0);
        let mut is_counted = false;
        for sibling in siblings {
            let mark = captures.mark();
            let counted = match &nth.of {
                None => Some(sibling),
                Some(of) => self.found(of, sibling, captures),
            };
            captures.undo(mark);
            match counted {
                // A relation may answer with one node for several siblings: the first of them counts, or the last.
                Some(counted) if counted == node && (nth.reverse || !is_counted) => {
                    is_counted = true;
                    after = 0;
                }
                Some(_) if is_counted => after += 1,
                Some(_) => before += 1,
                None => {}
            }
        }
        if !is_counted {
            return false;
        }
        if let Some(of) = &nth.of {
            // What the condition binds at the node itself is bound.
            self.found(of, node, captures);
        }
        nth.holds_at(if nth.reverse { after } else { before } + 1)
    }

    /// Whether a relation ends at this node.
    pub(super) fn stops(&mut self, stop: &Stop, node: Node) -> bool {
        match stop {
            Stop::Neighbor => true,
            Stop::End => false,
            Stop::At(matcher) => self.holds(matcher, node, &mut Captures::default()),
        }
    }

    fn among(
        &mut self,
        relation: &Relation,
        nodes: impl Iterator<Item = Node>,
        captures: &mut Captures,
    ) -> Option<Node> {
        for node in nodes {
            let found = self.found(&relation.other, node, captures);
            if found.is_some() {
                return found;
            }
            if self.stops(&relation.stop, node) {
                break;
            }
        }
        None
    }

    fn inside(&mut self, relation: &Relation, node: Node, captures: &mut Captures) -> Option<Node> {
        let tree = self.tree;
        let Some(field) = &relation.field else {
            return self.among(relation, tree.ancestors(node), captures);
        };
        let mut inner = node;
        for outer in tree.ancestors(node) {
            if field.of(tree, outer) == Some(inner) {
                let found = self.found(&relation.other, outer, captures);
                if found.is_some() {
                    return found;
                }
            }
            if self.stops(&relation.stop, outer) {
                break;
            }
            inner = outer;
        }
        None
    }

    fn has(&mut self, relation: &Relation, node: Node, captures: &mut Captures) -> Option<Node> {
        let tree = self.tree;
        let other = &relation.other;
        let Some(field) = &relation.field else {
            return match relation.stop {
                Stop::Neighbor => tree
                    .children(node)
                    .find_map(|child| self.found(other, child, captures)),
                _ => self.below(relation, node + 1..tree.end(node), captures),
            };
        };
        let child = field.of(tree, node)?;
        match relation.stop {
            Stop::Neighbor => self.found(other, child, captures),
            Stop::End => self.below(relation, tree.subtree(child), captures),
            // ast-grep looks no further than the children here.
            Stop::At(_) => {
                let found = self.found(other, child, captures);
                if found.is_some() || self.stops(&relation.stop, child) {
                    return found;
                }
                tree.children(child)
                    .find_map(|inner| self.found(other, inner, captures))
            }
        }
    }

    /// Looks through nodes in the order of the text, and not into one that stops the relation.
    fn below(
        &mut self,
        relation: &Relation,
        nodes: std::ops::Range<Node>,
        captures: &mut Captures,
    ) -> Option<Node> {
        let mut node = nodes.start;
        while node < nodes.end {
            let found = self.found(&relation.other, node, captures);
            if found.is_some() {
                return found;
            }
            if self.effort.is_exhausted {
                return None;
            }
            node = if self.stops(&relation.stop, node) {
                self.tree.end(node)
            } else {
                node + 1
            };
        }
        None
    }
}
