//! What happened to values, step by step: only kept when somebody asks for the history of a line.
//!
//! Deliberately absent: the history in words ([`super::history`]).

use super::state::State;
use super::value::{Bits, Doubt, Fact, Slot, Value};
use crate::matcher::Node;

/// Something that happened to a value, and what is known of it then.
pub(super) struct Event<'t> {
    pub node: Node,
    pub value: Value,
    pub what: What<'t>,
    pub fact: Fact<'t>,
}

/// What happened.
pub(super) enum What<'t> {
    /// It was put into a slot.
    Stored(Slot<'t>),
    /// It is the first value of a slot.
    First(Slot<'t>),
    /// A test: what it is under each outcome; none is an outcome that cannot be.
    Tested([Option<Bits>; 2]),
    /// A call returns only when it is there.
    Demanded,
    /// Paths met, on which it was one of these.
    Met(Vec<Value>),
    /// It took the place of this value, which may have been changed.
    Disturbed(Value, Option<Doubt>),
    /// It was indexed or called: the whole access.
    Accessed(Node),
}

/// How many events are kept: more than a reader reads.
const EVENT_LIMIT: usize = 100_000;

impl<'t> State<'_, 't> {
    /// Keeps an event, when somebody asked.
    pub fn note(&mut self, node: Node, value: Value, what: What<'t>) {
        if self.trace.is_some() {
            let fact = self.fact(value);
            self.note_as(node, value, what, fact);
        }
    }

    /// As above, with what is known of it.
    pub fn note_as(&mut self, node: Node, value: Value, what: What<'t>, fact: Fact<'t>) {
        if let Some(trace) = self
            .trace
            .as_mut()
            .filter(|trace| trace.len() < EVENT_LIMIT)
        {
            trace.push(Event {
                node,
                value,
                what,
                fact,
            });
        }
    }
}
