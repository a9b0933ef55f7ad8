//! `condition and chosen or other`, the idiom for a choice: `other` is for when the condition is false, and not for
//! when `chosen` is.
//!
//! Deliberately absent: `user and user.name or "nobody"`, where `user` is what is tested and `user.name` may be absent,
//! too; and conditions of `if`, where `and` and `or` are just that.

use super::conditions::Judged;
use super::interpreter::Interpreter;
use super::kinds::{FIELDS, Kind, kind};
use super::value::Bits;
use crate::matcher::Node;

impl Interpreter<'_, '_> {
    /// The parts of `condition and chosen`, if the condition tests something else than what is chosen.
    pub(super) fn choice(&self, node: Node) -> Option<(Node, Node)> {
        let tree = self.tree;
        if kind(tree, node) == Kind::Parenthesized {
            return self.choice(tree.named_children(node).next()?);
        }
        if kind(tree, node) != Kind::Binary || self.operator(node) != b"and" {
            return None;
        }
        let condition = tree.child_by_field(node, FIELDS.left)?;
        let chosen = tree.child_by_field(node, FIELDS.right)?;
        let mut inner = chosen;
        loop {
            if self.is_tested_in(condition, tree.bytes(inner)) {
                return None;
            }
            inner = match kind(tree, inner) {
                Kind::Dot | Kind::Bracket => tree.child_by_field(inner, FIELDS.table)?,
                Kind::Identifier => return Some((condition, chosen)),
                _ => return None,
            };
        }
    }

    /// Whether a condition tests what is written so, by itself or in a comparison.
    fn is_tested_in(&self, condition: Node, text: &[u8]) -> bool {
        if self.tree.bytes(condition) == text {
            return true;
        }
        let is_test = match kind(self.tree, condition) {
            Kind::Parenthesized | Kind::Unary => true,
            Kind::Binary => matches!(self.operator(condition), b"and" | b"or" | b"==" | b"~="),
            _ => false,
        };
        let mut parts = self.tree.named_children(condition).filter(|_| is_test);
        parts.any(|part| self.is_tested_in(part, text))
    }
}

impl Judged<'_> {
    /// Of which nothing is known is there when it is chosen.
    pub(super) fn choose(&mut self) {
        let fact = &mut self.fact;
        if fact.bits == Bits::ALL && fact.evidence.is_none() && self.when_true.is_some() {
            fact.bits = Bits::TRUTHY;
            self.when_false = None;
            self.ways
                .retain(|(_, row)| row.bits.is_within(Bits::TRUTHY));
        }
    }
}
