//! Asks a matcher about a node.
//!
//! What a condition bound stays bound when it holds and is forgotten when it does not; `not` binds nothing.

use super::{Captures, Matcher, Node, Relation, RuleMatcher, Stop, Tree, Util};

/// A chain of utils that name each other is followed this far; beyond, nothing matches.
pub(super) const UTIL_DEPTH_LIMIT: usize = 64;

impl RuleMatcher {
    /// What the metavariables stand for, when the rule matches the node.
    pub fn find(&self, tree: &Tree<'_>, node: Node) -> Option<Captures> {
        self.find_with(tree, node, Captures::default())
    }

    /// The same, with some metavariables already bound.
    pub fn find_with(
        &self,
        tree: &Tree<'_>,
        node: Node,
        mut captures: Captures,
    ) -> Option<Captures> {
        let mut evaluation = Evaluation {
            tree,
            utils: &self.utils,
            shared: &self.shared,
            depth: 0,
        };
        evaluation
            .rule(self, node, &mut captures)
            .then_some(captures)
    }
}

pub(super) struct Evaluation<'a> {
    pub(super) tree: &'a Tree<'a>,
    pub(super) utils: &'a [Matcher],
    pub(super) shared: &'a [RuleMatcher],
    pub(super) depth: usize,
}

impl<'a> Evaluation<'a> {
    /// The condition, then the constraints on what it bound.
    fn rule(&mut self, rule: &RuleMatcher, node: Node, captures: &mut Captures) -> bool {
        if !self.holds(&rule.root, node, captures) {
            return false;
        }
        if rule.constraints.is_empty() {
            return true;
        }
        for (name, bound) in captures.singles() {
            let constraint = rule
                .constraints
                .iter()
                .find(|(constrained, _)| *constrained == name);
            if constraint.is_some_and(|(_, matcher)| !self.holds(matcher, bound, captures)) {
                return false;
            }
        }
        true
    }

    pub(super) fn holds(&mut self, matcher: &Matcher, node: Node, captures: &mut Captures) -> bool {
        let mark = captures.mark();
        let holds = match matcher {
            Matcher::Pattern(pattern) => pattern.matches(self.tree, node, captures),
            Matcher::Kind(kind) => self.tree.kind(node) == *kind,
            Matcher::Regex(regex) => {
                regex.is_match(&String::from_utf8_lossy(self.tree.bytes(node)))
            }
            Matcher::All(all) => all
                .iter()
                .all(|matcher| self.holds(matcher, node, captures)),
            Matcher::Any(any) => any
                .iter()
                .any(|matcher| self.holds(matcher, node, captures)),
            Matcher::Not(not) => {
                let matched = self.holds(not, node, captures);
                captures.undo(mark);
                !matched
            }
            Matcher::Inside(relation) => self.inside(relation, node, captures),
            Matcher::Has(relation) => self.has(relation, node, captures),
            Matcher::Precedes(relation) => {
                self.among(relation, self.tree.next_siblings(node), captures)
            }
            Matcher::Follows(relation) => {
                self.among(relation, self.tree.previous_siblings(node), captures)
            }
            Matcher::Matches(util) => self.util(*util, node, captures),
        };
        if !holds {
            captures.undo(mark);
        }
        holds
    }

    fn util(&mut self, util: Util, node: Node, captures: &mut Captures) -> bool {
        if self.depth >= UTIL_DEPTH_LIMIT {
            return false;
        }
        self.depth += 1;
        let holds = match util {
            Util::Own(index) => {
                let utils = self.utils;
                self.holds(&utils[index], node, captures)
            }
            Util::Shared(index) => {
                let rule = &self.shared[index];
                let mut inner = Evaluation {
                    utils: &rule.utils,
                    ..*self
                };
                inner.rule(rule, node, &mut Captures::default())
            }
        };
        self.depth -= 1;
        holds
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
    ) -> bool {
        for node in nodes {
            if self.holds(&relation.other, node, captures) {
                return true;
            }
            if self.stops(&relation.stop, node) {
                break;
            }
        }
        false
    }

    fn inside(&mut self, relation: &Relation, node: Node, captures: &mut Captures) -> bool {
        let tree = self.tree;
        let Some(field) = relation.field else {
            return self.among(relation, tree.ancestors(node), captures);
        };
        let mut inner = node;
        for outer in tree.ancestors(node) {
            let is_in_field = tree.child_by_field(outer, field) == Some(inner);
            if is_in_field && self.holds(&relation.other, outer, captures) {
                return true;
            }
            if self.stops(&relation.stop, outer) {
                break;
            }
            inner = outer;
        }
        false
    }

    fn has(&mut self, relation: &Relation, node: Node, captures: &mut Captures) -> bool {
        let tree = self.tree;
        let Some(field) = relation.field else {
            return match relation.stop {
                Stop::Neighbor => tree
                    .children(node)
                    .any(|child| self.holds(&relation.other, child, captures)),
                _ => self.below(relation, node + 1..tree.end(node), captures),
            };
        };
        let Some(child) = tree.child_by_field(node, field) else {
            return false;
        };
        match relation.stop {
            Stop::Neighbor => self.holds(&relation.other, child, captures),
            Stop::End => self.below(relation, tree.subtree(child), captures),
            // ast-grep looks no further than the children here.
            Stop::At(_) => {
                self.holds(&relation.other, child, captures)
                    || !self.stops(&relation.stop, child)
                        && tree
                            .children(child)
                            .any(|inner| self.holds(&relation.other, inner, captures))
            }
        }
    }

    /// Looks through nodes in the order of the text, and not into one that stops the relation.
    fn below(
        &mut self,
        relation: &Relation,
        nodes: std::ops::Range<Node>,
        captures: &mut Captures,
    ) -> bool {
        let mut node = nodes.start;
        while node < nodes.end {
            if self.holds(&relation.other, node, captures) {
                return true;
            }
            node = if self.stops(&relation.stop, node) {
                self.tree.end(node)
            } else {
                node + 1
            };
        }
        false
    }
}
