//! Slots: what each one holds, whether other functions can change it, and its value when nothing was stored in it.
//!
//! Deliberately absent: what is known of a value ([`super::state`]), and what the file says of a place
//! ([`super::initial`]).

use super::state::{Birth, Change, DOOM, EPOCHS_BACK, State, Stored};
use super::trace::What;
use super::value::{Doubt, Fact, Key, Slot, Value};

/// How deep what other functions can reach is followed.
const OPEN_DEPTH: u32 = 16;

/// How many fields of one table are followed.
const KEY_LIMIT: usize = 128;

impl<'t> State<'_, 't> {
    /// Whether what the slot holds can change whenever another function runs.
    fn is_volatile(&self, slot: Slot<'t>) -> bool {
        match slot {
            Slot::Variable(binding) => self
                .file
                .names
                .is_assigned_elsewhere(binding, self.function),
            Slot::Field(holder, _) => self.is_open(holder),
        }
    }

    /// The value in a slot.
    pub fn read(&mut self, slot: Slot<'t>) -> Value {
        self.spent += 1;
        if !self.is_followed(slot) {
            return self.unknown();
        }
        let is_volatile = slot != DOOM && self.is_volatile(slot);
        match self.slots.get(&slot) {
            Some(stored) if !is_volatile || stored.epoch == self.epoch => stored.value,
            _ => self.first(slot, is_volatile),
        }
    }

    fn is_followed(&mut self, slot: Slot<'t>) -> bool {
        let Slot::Field(holder, key) = slot else {
            return true;
        };
        let keys = self.keys.entry(holder).or_default();
        if keys.contains(&key) {
            return true;
        }
        if keys.len() >= KEY_LIMIT {
            return false;
        }
        if let Key::Name(name) = key {
            self.holders.entry(name).or_default().insert(holder);
        }
        keys.insert(key)
    }

    /// The value that a slot has when nothing was stored in it in this epoch.
    fn first(&mut self, slot: Slot<'t>, is_volatile: bool) -> Value {
        let epoch = if is_volatile { self.epoch } else { 0 };
        if let Some(value) = self.firsts.get(&(slot, epoch)) {
            return *value;
        }
        let is_open = match slot {
            Slot::Variable(binding) => self
                .file
                .names
                .is_reachable_elsewhere(binding, self.function),
            Slot::Field(holder, _) => self.is_open(holder),
        };
        let before = if is_volatile {
            self.last_value_before(slot)
        } else {
            None
        };
        let (nature, fact) = match before {
            Some((before, _)) => (self.nature(before), Fact::UNKNOWN),
            None => self.initial(slot),
        };
        let predecessor = before.filter(|(before, _)| !self.is_given_for_good(slot, *before));
        let value = self.bear(Birth {
            slot: Some(slot),
            is_open,
            predecessor,
            nature,
            initial: (fact != Fact::UNKNOWN).then(|| Box::new(fact)),
        });
        self.firsts.insert((slot, epoch), value);
        let what = predecessor.map_or(What::First(slot), |(before, doubt)| {
            What::Disturbed(before, doubt)
        });
        self.note(self.at, value, what);
        value
    }

    /// Whether a variable is not nil, and no other function sets it to nil.
    pub(super) fn is_given_for_good(&self, slot: Slot<'t>, content: Value) -> bool {
        let Slot::Variable(binding) = slot else {
            return false;
        };
        let is_nilled = self.file.survey.is_nilled_elsewhere(binding, self.function);
        !is_nilled && !self.fact(content).bits.has_nil()
    }

    fn last_value_before(&self, slot: Slot<'t>) -> Option<(Value, Option<Doubt>)> {
        let mut epoch = self.epoch;
        let mut call = None;
        for _ in 0..EPOCHS_BACK {
            let start = self.epochs.get(epoch as usize)?;
            call = call.or(start.call);
            if epoch == start.before {
                return None;
            }
            epoch = start.before;
            let stored = self.slots.get(&slot).filter(|stored| stored.epoch == epoch);
            let known = stored.map(|stored| stored.value);
            if let Some(value) = known.or_else(|| self.firsts.get(&(slot, epoch)).copied()) {
                return Some((value, call.map(Doubt::Call)));
            }
        }
        None
    }

    /// Puts a value into a slot.
    pub fn write(&mut self, slot: Slot<'t>, value: Value) {
        if !self.is_followed(slot) {
            return;
        }
        let stored = Stored {
            value,
            epoch: self.epoch,
        };
        let before = self.slots.insert(slot, stored);
        self.log.push(Change::Slot(slot, before));
        self.spent += 1;
    }

    /// From now on other functions can reach this value.
    pub fn open(&mut self, value: Value, depth: u32) {
        if self.is_open(value) || depth > OPEN_DEPTH {
            return;
        }
        let fields = self.fields(value, Key::FIRST);
        if let Some(birth) = self.births.get_mut(value as usize) {
            birth.is_open = true;
        }
        for (slot, content) in fields {
            self.write(slot, content);
            self.open(content, depth + 1);
        }
    }

    /// The known fields of a value, from this key on, and what they hold.
    pub(super) fn fields(&mut self, holder: Value, from: Key<'t>) -> Vec<(Slot<'t>, Value)> {
        let known = self.keys.get(&holder);
        let keys: Vec<Key<'t>> = known
            .map(|keys| keys.range(from..).copied().collect())
            .unwrap_or_default();
        let slots = keys.into_iter().map(|key| Slot::Field(holder, key));
        slots.map(|slot| (slot, self.read(slot))).collect()
    }

    /// The field that a value is the content of, if it still is.
    pub fn place(&mut self, value: Value) -> Option<(Value, Key<'t>)> {
        let slot = self.slot(value)?;
        let Slot::Field(holder, key) = slot else {
            return None;
        };
        (self.read(slot) == value).then_some((holder, key))
    }
}
