//! The outcomes of `and` and `or`: one of two, whichever it is.
//!
//! Deliberately absent: single tests, and how they are composed ([`super::conditions`]).

use super::interpreter::Interpreter;
use super::kinds::{Kind, kind};
use super::state::{Delta, Mark};
use super::value::{Doubt, Evidence, Fact, Reason, Value};
use crate::matcher::Node;

impl<'t> Interpreter<'_, 't> {
    /// Where the left side decides, nothing was tested of what the right side tests: `if flag and not x then return end`.
    pub(super) fn untested(
        &mut self,
        mark: Mark,
        off: Option<Delta<'t>>,
        on: Option<&Delta<'t>>,
    ) -> Option<Delta<'t>> {
        let tested = |(value, fact): (Value, Option<&Fact<'t>>)| {
            let fact = fact.filter(|fact| !fact.bits.has_nil())?;
            let evidence = fact.evidence?;
            let is_test = matches!(evidence.reason, Reason::Tested(_)) && evidence.doubt.is_none();
            is_test.then_some((value, evidence))
        };
        let tested: Vec<(Value, Evidence<'t>)> = on
            .into_iter()
            .flat_map(Delta::values)
            .filter_map(tested)
            .collect();
        if tested.is_empty() {
            return off;
        }
        self.state.apply(off.as_ref()?);
        for (value, evidence) in tested {
            let fact = self.state.fact(value);
            if fact.evidence.is_none() && fact.bits.has_nil() && !fact.is_reported {
                let evidence = Some(evidence);
                self.state.set_fact(value, Fact { evidence, ..fact });
            }
        }
        let delta = self.state.delta(mark);
        self.state.roll_back(mark);
        Some(delta)
    }

    /// An empty table, or a constant that is meant to be one: `{}`, `EMPTY`.
    pub(super) fn is_fallback(&self, node: Node) -> bool {
        match kind(self.tree, node) {
            Kind::Parenthesized => {
                let inner = self.tree.named_children(node).next();
                inner.is_some_and(|inner| self.is_fallback(inner))
            }
            Kind::Table => self.tree.named_children(node).next().is_none(),
            Kind::Identifier => {
                let name = self.tree.bytes(node);
                let has_letter = name.iter().any(u8::is_ascii_uppercase);
                has_letter && !name.iter().any(u8::is_ascii_lowercase)
            }
            _ => false,
        }
    }

    /// One of two outcomes. Where both say of which kind a table is, what is a payload under either may be missing.
    pub(super) fn either_kind(
        &mut self,
        mark: Mark,
        one: Option<Delta<'t>>,
        other: Option<Delta<'t>>,
    ) -> Option<Delta<'t>> {
        let tagged = |delta: &Option<Delta<'t>>| -> Vec<(Value, Evidence<'t>)> {
            let values = delta.iter().flat_map(Delta::values);
            let evident = values.filter_map(|(value, fact)| Some((value, fact?.evidence?)));
            evident
                .filter(|(_, known)| matches!(known.reason, Reason::Tag { .. }))
                .collect()
        };
        let (first, second) = (tagged(&one), tagged(&other));
        let merged = self.either(mark, one, other)?;
        let tag = |evidence: &Evidence<'t>| match evidence.reason {
            Reason::Tag { holder, tag, .. } => Some((holder, tag)),
            _ => None,
        };
        let in_both: Vec<(Value, Evidence<'t>)> = [(&first, &second), (&second, &first)]
            .into_iter()
            .flat_map(|(these, those)| {
                these
                    .iter()
                    .filter(|(_, known)| those.iter().any(|(_, other)| tag(other) == tag(known)))
            })
            .copied()
            .collect();
        if in_both.is_empty() {
            return Some(merged);
        }
        self.state.apply(&merged);
        for (value, evidence) in in_both {
            self.state.suspect(value, evidence.doubted(Doubt::Soft));
        }
        let delta = self.state.delta(mark);
        self.state.roll_back(mark);
        Some(delta)
    }

    /// One of two outcomes, whichever it is.
    pub(super) fn either(
        &mut self,
        mark: Mark,
        one: Option<Delta<'t>>,
        other: Option<Delta<'t>>,
    ) -> Option<Delta<'t>> {
        let (Some(one), Some(other)) = (&one, &other) else {
            return one.or(other);
        };
        self.state.merge(&[one.clone(), other.clone()]);
        let delta = self.state.delta(mark);
        self.state.roll_back(mark);
        Some(delta)
    }
}
