//! The arms of an `if`: each begins where the tests before it failed, and all of them meet at the end.
//!
//! Deliberately absent: what a test says ([`super::conditions`]) and what is known where paths meet ([`super::merge`]).

use super::interpreter::Interpreter;
use super::kinds::{FIELDS, Kind, kind};
use super::state::{Delta, Mark};
use super::value::{Slot, Value};
use crate::matcher::Node;

/// After so many arms of one `if`, a test that failed says nothing of values that were unknown before: each arm has to
/// carry what the ones before it tested.
const ARM_LIMIT: usize = 64;

/// An arm that was interpreted: where it began, and what it changed; none when its end cannot be reached.
type Arm<'t> = (Mark, Option<Delta<'t>>);

impl<'t> Interpreter<'_, 't> {
    /// Interprets an `if`.
    pub(super) fn branches(&mut self, node: Node) {
        let tree = self.tree;
        let alternatives = tree
            .named_children(node)
            .filter(|part| matches!(kind(tree, *part), Kind::ElseIf | Kind::Else));
        let mut parts = std::iter::once(node).chain(alternatives);
        let mut arms: Vec<Arm<'t>> = Vec::new();
        for part in parts.by_ref().take(ARM_LIMIT) {
            if !self.alive {
                break;
            }
            let mark = self.state.mark();
            let Some((end, failed)) = self.arm(part, mark) else {
                break;
            };
            arms.push((mark, end));
            self.enter(failed.as_ref());
        }
        let late: Vec<Node> = parts.collect();
        if late.is_empty() || !self.alive {
            self.state.at = node;
            self.meet_in_turn(arms);
        } else {
            let ends = self.late_arms(&late);
            self.state.at = node;
            self.converge(&ends);
            self.meet_at_once(&arms);
        }
    }

    /// Interprets an arm: its end, since the mark, and what holds when its test fails. None: it is the `else`, in which
    /// the state stays.
    fn arm(&mut self, part: Node, mark: Mark) -> Option<(Option<Delta<'t>>, Option<Delta<'t>>)> {
        let Some(condition) = self.tree.child_by_field(part, FIELDS.condition) else {
            self.block(self.tree.child_by_field(part, FIELDS.body));
            return None;
        };
        let here = self.state.mark();
        let youngest = self.state.youngest();
        let judged = self.judge(condition);
        self.enter(judged.when_true.as_ref());
        let body = self.tree.child_by_field(part, FIELDS.consequence);
        self.block(body.filter(|_| self.alive));
        let end = self.alive.then(|| self.state.delta(mark));
        self.state.roll_back(here);
        let failed = judged.when_false.map(|failed| match self.is_crowded() {
            true => self.of_doubted(failed, youngest),
            false => failed,
        });
        Some((end, failed))
    }

    /// Interprets the arms after so many: each begins with what the tests before it say of values that were doubted
    /// before this `if`. Their ends.
    fn late_arms(&mut self, parts: &[Node]) -> Vec<Delta<'t>> {
        let (base, youngest) = (self.state.mark(), self.state.youngest());
        let mut failed = Some(self.state.delta(base));
        let mut ends = Vec::new();
        for part in parts {
            self.enter(failed.as_ref());
            if !self.alive {
                return ends;
            }
            let Some((end, outcome)) = self.arm(*part, base) else {
                ends.extend(self.leave(base));
                return ends;
            };
            ends.extend(end);
            let outcome = outcome.map(|outcome| self.of_doubted(outcome, youngest));
            self.enter(outcome.as_ref());
            failed = self.leave(base);
        }
        ends.extend(failed);
        ends
    }

    /// What an outcome says of values that were doubted before, and changed of places that were there before.
    fn of_doubted(&self, mut outcome: Delta<'t>, youngest: Value) -> Delta<'t> {
        outcome.slots.retain(|(slot, _)| match slot {
            Slot::Variable(_) => true,
            Slot::Field(holder, _) => *holder <= youngest,
        });
        let is_doubted = |value| self.state.fact(value).evidence.is_some();
        outcome.facts.retain(|(value, _)| is_doubted(*value));
        outcome
    }

    /// The arms meet from the last to the first, as if each `elseif` stood in the `else` before it.
    fn meet_in_turn(&mut self, arms: Vec<Arm<'t>>) {
        for (mark, end) in arms.into_iter().rev() {
            let ends: Vec<Delta<'t>> = end.into_iter().chain(self.leave(mark)).collect();
            self.converge(&ends);
        }
    }

    /// The arms, and what is reached after them, meet at once.
    fn meet_at_once(&mut self, arms: &[Arm<'t>]) {
        let Some((first, _)) = arms.first() else {
            return;
        };
        let mut ends: Vec<Delta<'t>> = Vec::new();
        if self.alive {
            ends.push(self.state.delta(*first));
        }
        for (mark, end) in arms.iter().rev() {
            self.state.roll_back(*mark);
            ends.extend(self.since(*first, end.as_ref()));
        }
        self.converge(&ends);
    }
}
