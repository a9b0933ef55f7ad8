//! Branches of the state: what one changed, taken out, put back, and merged where paths meet.
//!
//! Deliberately absent: what goes together after a meeting ([`super::groups`]).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::state::{Birth, Change, Delta, Mark, State};
use super::trace::What;
use super::value::{Fact, Nature, Slot, Value};

impl<'t> State<'_, 't> {
    /// What changed since the mark.
    pub fn delta(&mut self, mark: Mark) -> Delta<'t> {
        let mut slots = BTreeMap::new();
        let mut facts = BTreeMap::new();
        for change in self.log[mark.0..].iter().rev() {
            match change {
                Change::Slot(slot, before) => _ = slots.insert(*slot, before),
                Change::Fact(value, before) => _ = facts.insert(*value, before),
                Change::Epoch(_) => {}
            }
        }
        self.spent += (slots.len() + facts.len()) as u64;
        let slots = slots.into_iter().filter_map(|(slot, before)| {
            let now = self.slots.get(&slot).copied();
            (now != *before).then_some((slot, now))
        });
        let facts = facts.into_iter().filter_map(|(value, before)| {
            let now = self.facts.get(&value);
            (now != before.as_ref()).then(|| (value, now.cloned()))
        });
        Delta {
            slots: slots.collect(),
            facts: facts.collect(),
            epoch: self.epoch,
        }
    }

    /// Takes back what changed since the mark.
    pub fn roll_back(&mut self, mark: Mark) {
        while self.log.len() > mark.0 {
            match self.log.pop() {
                Some(Change::Slot(slot, Some(before))) => _ = self.slots.insert(slot, before),
                Some(Change::Slot(slot, None)) => _ = self.slots.remove(&slot),
                Some(Change::Fact(value, Some(before))) => _ = self.facts.insert(value, before),
                Some(Change::Fact(value, None)) => _ = self.facts.remove(&value),
                Some(Change::Epoch(before)) => self.epoch = before,
                None => {}
            }
        }
    }

    /// Makes the changes of a branch. The state must be the one from which the branch went off.
    pub fn apply(&mut self, delta: &Delta<'t>) {
        for (slot, stored) in &delta.slots {
            let before = match stored {
                Some(stored) => self.slots.insert(*slot, *stored),
                None => self.slots.remove(slot),
            };
            self.log.push(Change::Slot(*slot, before));
        }
        for (value, fact) in &delta.facts {
            let before = match fact {
                Some(fact) => self.facts.insert(*value, fact.clone()),
                None => self.facts.remove(value),
            };
            self.log.push(Change::Fact(*value, before));
        }
        if delta.epoch != self.epoch {
            self.log.push(Change::Epoch(self.epoch));
            self.epoch = delta.epoch;
        }
        self.spent += (delta.slots.len() + delta.facts.len()) as u64;
    }

    /// Goes on where branches meet. The state must be the one from which all of them went off.
    pub fn merge(&mut self, branches: &[Delta<'t>]) {
        if let [only] = branches {
            return self.apply(only);
        }
        let slots: BTreeSet<Slot<'t>> = branches
            .iter()
            .flat_map(|branch| branch.slots.iter().map(|(slot, _)| *slot))
            .collect();
        let values: BTreeSet<Value> = branches
            .iter()
            .flat_map(|branch| branch.facts.iter().map(|(value, _)| *value))
            .collect();
        // To compare the sides takes longer than what else counts as a step.
        self.spent += (4 * branches.len() * (slots.len() + values.len())) as u64;
        let mut held: Vec<Vec<(Value, Fact<'t>)>> = vec![Vec::new(); slots.len()];
        let mut known: Vec<Vec<(Value, Fact<'t>)>> = vec![Vec::new(); values.len()];
        for branch in branches {
            let mark = self.mark();
            self.apply(branch);
            for (slot, sides) in slots.iter().zip(&mut held) {
                let value = self.read(*slot);
                sides.push((value, self.fact(value)));
            }
            for (value, sides) in values.iter().zip(&mut known) {
                sides.push((*value, self.fact(*value)));
            }
            self.roll_back(mark);
        }
        self.merge_epochs(branches);
        let mut gathered: Vec<(Value, &[(Value, Fact<'t>)])> = Vec::new();
        for (value, sides) in values.into_iter().zip(&known) {
            let fact = Fact::join(sides);
            gathered.push((value, sides));
            if fact != self.fact(value) {
                self.set_fact(value, fact);
            }
            self.note(self.at, value, What::Met(Vec::new()));
        }
        let mut met: HashMap<Vec<Value>, Value> = HashMap::new();
        for (slot, sides) in slots.into_iter().zip(&held) {
            let mut values: Vec<Value> = sides.iter().map(|(value, _)| *value).collect();
            values.dedup();
            let value = match values.as_slice() {
                [same] => *same,
                _ => match met.get(&values) {
                    Some(known) => *known,
                    None => {
                        let value = self.meet(slot, sides);
                        gathered.push((value, sides));
                        value
                    }
                },
            };
            met.insert(values, value);
            if self.read(slot) != value {
                self.write(slot, value);
            }
        }
        self.gather_sides(&gathered);
    }

    /// The value of a slot that holds different ones on the paths that meet.
    pub(super) fn meet(&mut self, slot: Slot<'t>, sides: &[(Value, Fact<'t>)]) -> Value {
        let is_open = sides.iter().any(|(value, _)| self.is_open(*value));
        let nature = Nature::join(sides.iter().map(|(value, _)| self.nature(*value)));
        let value = self.bear(Birth {
            slot: Some(slot),
            is_open,
            predecessor: None,
            nature,
            initial: Some(Box::new(Fact::join(sides))),
        });
        let met = sides.iter().map(|(value, _)| *value).collect();
        self.note(self.at, value, What::Met(met));
        value
    }

    /// Calls on some of the paths count for all.
    pub(super) fn merge_epochs(&mut self, branches: &[Delta<'t>]) {
        let latest = branches
            .iter()
            .map(|branch| branch.epoch)
            .max()
            .unwrap_or(self.epoch);
        if branches.iter().any(|branch| branch.epoch != latest) {
            self.enter_epoch(None, latest);
        } else if latest != self.epoch {
            self.log.push(Change::Epoch(self.epoch));
            self.epoch = latest;
        }
    }
}
