//! What a call or a write may have changed: the slot holds an heir, which remembers what was known of the old value.
//!
//! Deliberately absent: which calls change what ([`super::calls`]).

use super::names::Binding;
use super::state::{Birth, Change, DOOM, Epoch, EpochStart, REACH, State};
use super::trace::What;
use super::value::{Bits, Doubt, Fact, Key, Slot, Value};
use crate::matcher::Node;

impl<'t> State<'_, 't> {
    /// A call may have run other functions of the file.
    pub fn begin_epoch(&mut self, call: Node) {
        for value in std::mem::take(&mut self.handed_on) {
            self.open(value, 0);
        }
        self.enter_epoch(Some(call), self.epoch);
    }

    pub(super) fn enter_epoch(&mut self, call: Option<Node>, before: Epoch) {
        self.epochs.push(EpochStart { before, call });
        self.log.push(Change::Epoch(self.epoch));
        self.epoch = (self.epochs.len() - 1) as Epoch;
    }

    /// Fields of `holder` may have been changed, and what they hold: all those from this key on.
    pub fn disturb(&mut self, holder: Value, from: Key<'t>, doubt: Doubt) {
        self.disturb_below(holder, from, doubt, 1);
    }

    pub(super) fn disturb_below(&mut self, holder: Value, from: Key<'t>, doubt: Doubt, depth: u32) {
        for (slot, content) in self.fields(holder, from) {
            self.disturb_field(slot, content, doubt, depth);
        }
    }

    fn disturb_field(&mut self, slot: Slot<'t>, content: Value, doubt: Doubt, depth: u32) {
        if depth < REACH {
            self.disturb_below(content, Key::FIRST, doubt, depth + 1);
        }
        self.replace(slot, content, doubt);
        if !self.is_remembered(content) {
            self.unfollow(slot);
        }
    }

    /// An element was added after the last one: what is there stays, what was not may be there now.
    pub(super) fn disturb_missing(&mut self, list: Value, doubt: Doubt) {
        for (slot, content) in self.fields(list, Key::FIRST_NUMBER) {
            let is_length = matches!(slot, Slot::Field(_, Key::Length));
            if is_length || self.fact(content).bits.has_nil() {
                self.disturb_field(slot, content, doubt, 1);
            }
        }
    }

    /// Whether anything is known of a value that its heir would inherit.
    pub(super) fn is_remembered(&self, value: Value) -> bool {
        let fact = self.fact(value);
        let has_fields = self.keys.get(&value).is_some_and(|keys| !keys.is_empty());
        has_fields || fact.evidence.is_some()
    }

    /// Until it is read again, nothing needs to be done for this field.
    pub(super) fn unfollow(&mut self, slot: Slot<'t>) {
        if let Slot::Field(holder, key) = slot
            && let Some(keys) = self.keys.get_mut(&holder)
        {
            keys.remove(&key);
        }
    }

    /// The slot holds an heir of what it held.
    pub(super) fn replace(&mut self, slot: Slot<'t>, content: Value, doubt: Doubt) {
        let is_inherited = self.is_remembered(content) && !self.is_given_for_good(slot, content);
        let heir = self.bear(Birth {
            slot: Some(slot),
            is_open: self.is_open(content),
            predecessor: is_inherited.then_some((content, Some(doubt))),
            nature: self.nature(content),
            initial: None,
        });
        self.note(self.at, heir, What::Disturbed(content, Some(doubt)));
        self.write(slot, heir);
    }

    /// Fields of this name may have been changed, of whatever table.
    pub fn disturb_named(&mut self, name: &'t [u8], doubt: Doubt) {
        let key = Key::Name(name);
        for holder in self.holders.get(name).cloned().unwrap_or_default() {
            let slot = Slot::Field(holder, key);
            let content = self.read(slot);
            self.replace(slot, content, doubt);
        }
    }

    /// A variable may have been changed.
    pub fn disturb_variable(&mut self, binding: Binding, doubt: Doubt) {
        let slot = Slot::Variable(binding);
        let content = self.read(slot);
        self.replace(slot, content, doubt);
    }

    /// A call that does not return, to judge by its name: if it does, what was nil may be so no more.
    pub fn doom(&mut self, call: Node) {
        let mut values: Vec<Value> = self.facts.keys().copied().collect();
        values.extend(self.born_doubtful());
        values.sort_unstable();
        values.dedup();
        self.spent += values.len() as u64;
        for value in values {
            let fact = self.fact(value);
            let known = fact.evidence.filter(|known| known.doubt.is_none());
            if let (true, Some(known)) = (fact.bits.has_nil(), known) {
                let evidence = Some(known.doubted(Doubt::Call(call)));
                self.set_fact(value, Fact { evidence, ..fact });
            }
        }
        let mark = self.fresh(Fact::of(Bits::TRUTHY));
        self.write(DOOM, mark);
    }

    /// Whether every path to here went through such a call.
    pub fn is_doomed(&mut self) -> bool {
        let mark = self.read(DOOM);
        self.fact(mark).bits == Bits::TRUTHY
    }
}
