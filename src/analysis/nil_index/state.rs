//! What is known at a point of a function: which slot holds which value, and the facts of values.
//!
//! There is one state, and a log of what was changed: a branch is interpreted in place, taken out as a [`Delta`] and
//! rolled back, so a branch costs what it changes and nothing is copied.
//!
//! Nothing stored means: as it came. The first value of a slot has one identity for the whole function, so that two
//! branches that read the same field mean the same value. Slots that other functions reach hold only until the next
//! call that may run such a function: an *epoch*. The first value of a slot in a later epoch is the heir of its last
//! value in the epoch before: its evidence becomes a question.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::File;
use super::groups::Group;
use super::names::{Binding, FunctionIndex};
use super::value::{Bits, Doubt, Evidence, Fact, Key, Nature, Slot, Value};
use crate::matcher::Node;

/// How many epochs are looked through for what was known of a slot.
const EPOCHS_BACK: usize = 16;

/// How deep a call reaches into its arguments.
const REACH: u32 = 2;

/// How deep what other functions can reach is followed.
const OPEN_DEPTH: u32 = 16;

/// How many fields of one table are followed.
const KEY_LIMIT: usize = 128;

/// Not a variable of the program: set by a call that should not return.
const DOOM: Slot<'static> = Slot::Variable(Binding::MAX);

type Epoch = u32;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Stored {
    value: Value,
    epoch: Epoch,
}

#[derive(Debug, Clone, Copy)]
struct EpochStart {
    before: Epoch,
    /// The call that began it; none where paths met.
    call: Option<Node>,
}

/// How a value came to be.
#[derive(Debug, Clone, Default)]
pub(super) struct Birth<'t> {
    /// The slot whose content it is by definition.
    slot: Option<Slot<'t>>,
    /// Whether other functions can reach it.
    is_open: bool,
    /// The value that may have been replaced by it, and why.
    predecessor: Option<(Value, Option<Doubt>)>,
    pub nature: Nature,
    /// What is known of it on every path.
    initial: Option<Box<Fact<'t>>>,
}

#[derive(Debug)]
enum Change<'t> {
    Slot(Slot<'t>, Option<Stored>),
    Fact(Value, Option<Fact<'t>>),
    Epoch(Epoch),
}

/// A point in the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(usize);

/// What a branch changed.
#[derive(Debug, Clone)]
pub(super) struct Delta<'t> {
    slots: Vec<(Slot<'t>, Option<Stored>)>,
    facts: Vec<(Value, Option<Fact<'t>>)>,
    epoch: Epoch,
}

impl<'t> Delta<'t> {
    /// The values whose facts it changed.
    pub fn values(&self) -> impl Iterator<Item = (Value, Option<&Fact<'t>>)> {
        self.facts
            .iter()
            .map(|(value, fact)| (*value, fact.as_ref()))
    }
}

/// The state.
pub(super) struct State<'a, 't> {
    pub(super) file: &'a File<'a, 't>,
    pub(super) function: FunctionIndex,
    /// What the variables around the function held when it was made.
    pub(super) entry: BTreeMap<Binding, (Nature, Fact<'t>)>,
    pub(super) groups: Vec<Rc<Group<'t>>>,
    /// Tables that were written with computed keys; true: with numbers only.
    pub(super) blurred: BTreeSet<(Value, bool)>,
    /// Where the interpretation is: the origin of what has no other.
    pub place: Node,
    /// How many calls were made that may change something.
    pub calls: u32,
    slots: HashMap<Slot<'t>, Stored>,
    facts: HashMap<Value, Fact<'t>>,
    epoch: Epoch,
    log: Vec<Change<'t>>,
    births: Vec<Birth<'t>>,
    epochs: Vec<EpochStart>,
    firsts: HashMap<(Slot<'t>, Epoch), Value>,
    keys: HashMap<Value, BTreeSet<Key<'t>>>,
    /// The tables of which a field of this name is followed.
    holders: HashMap<&'t [u8], BTreeSet<Value>>,
    /// What was done, in steps: bounds the work for one function.
    pub spent: u64,
}

impl<'a, 't> State<'a, 't> {
    /// The state at the start of a function.
    pub fn new(
        file: &'a File<'a, 't>,
        function: FunctionIndex,
        entry: BTreeMap<Binding, (Nature, Fact<'t>)>,
    ) -> Self {
        Self {
            file,
            function,
            entry,
            groups: Vec::new(),
            blurred: BTreeSet::new(),
            place: 0,
            calls: 0,
            slots: HashMap::new(),
            facts: HashMap::new(),
            epoch: 0,
            log: Vec::new(),
            births: Vec::new(),
            epochs: vec![EpochStart {
                before: 0,
                call: None,
            }],
            firsts: HashMap::new(),
            keys: HashMap::new(),
            holders: HashMap::new(),
            spent: 0,
        }
    }

    /// A new value.
    pub fn fresh(&mut self, fact: Fact<'t>) -> Value {
        let value = self.bear(Birth::default());
        if fact != Fact::UNKNOWN {
            self.set_fact(value, fact);
        }
        value
    }

    /// A new value of a known nature.
    pub fn made(&mut self, nature: Nature, fact: Fact<'t>) -> Value {
        let initial = (fact != Fact::UNKNOWN).then(|| Box::new(fact));
        self.bear(Birth {
            nature,
            initial,
            ..Birth::default()
        })
    }

    /// A value of which nothing is known.
    pub fn unknown(&mut self) -> Value {
        self.bear(Birth::default())
    }

    fn bear(&mut self, birth: Birth<'t>) -> Value {
        self.births.push(birth);
        (self.births.len() - 1) as Value
    }

    fn birth(&self, value: Value) -> Option<&Birth<'t>> {
        self.births.get(value as usize)
    }

    /// What a value is by birth.
    pub fn nature(&self, value: Value) -> Nature {
        self.birth(value)
            .map_or_else(Nature::default, |birth| birth.nature)
    }

    /// The slot whose content a value is by definition.
    pub fn slot(&self, value: Value) -> Option<Slot<'t>> {
        self.birth(value)?.slot
    }

    /// Whether other functions can reach this value.
    pub fn is_open(&self, value: Value) -> bool {
        self.birth(value).is_some_and(|birth| birth.is_open)
    }

    /// What is known of a value.
    pub fn fact(&self, value: Value) -> Fact<'t> {
        let mut doubt: Option<Doubt> = None;
        let mut current = value;
        for _ in 0..EPOCHS_BACK {
            let Some(birth) = self.birth(current) else {
                break;
            };
            let known = self.facts.get(&current).or(birth.initial.as_deref());
            match (known, birth.predecessor) {
                (Some(fact), _) if current == value => return fact.clone(),
                (Some(fact), _) => {
                    let evidence = fact
                        .evidence
                        .zip(doubt)
                        .map(|(known, doubt)| known.doubted(doubt));
                    return Fact {
                        evidence,
                        ..Fact::UNKNOWN
                    };
                }
                (None, Some((predecessor, why))) => {
                    doubt = doubt.or(why);
                    current = predecessor;
                }
                (None, None) => break,
            }
        }
        Fact::UNKNOWN
    }

    /// Replaces what is known of a value.
    pub fn set_fact(&mut self, value: Value, fact: Fact<'t>) {
        let before = self.facts.insert(value, fact);
        self.log.push(Change::Fact(value, before));
        self.spent += 1;
    }

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
        let predecessor = if is_volatile {
            self.last_value_before(slot)
        } else {
            None
        };
        let (nature, fact) = match predecessor {
            Some((before, _)) => (self.nature(before), Fact::UNKNOWN),
            None => self.initial(slot),
        };
        let value = self.bear(Birth {
            slot: Some(slot),
            is_open,
            predecessor,
            nature,
            initial: (fact != Fact::UNKNOWN).then(|| Box::new(fact)),
        });
        self.firsts.insert((slot, epoch), value);
        value
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
    fn fields(&mut self, holder: Value, from: Key<'t>) -> Vec<(Slot<'t>, Value)> {
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

    /// A call may have run other functions of the file.
    pub fn begin_epoch(&mut self, call: Node) {
        self.enter_epoch(Some(call), self.epoch);
    }

    fn enter_epoch(&mut self, call: Option<Node>, before: Epoch) {
        self.epochs.push(EpochStart { before, call });
        self.log.push(Change::Epoch(self.epoch));
        self.epoch = (self.epochs.len() - 1) as Epoch;
    }

    /// Fields of `holder` may have been changed, and what they hold: all those from this key on.
    pub fn disturb(&mut self, holder: Value, from: Key<'t>, doubt: Doubt) {
        self.disturb_below(holder, from, doubt, 1);
    }

    fn disturb_below(&mut self, holder: Value, from: Key<'t>, doubt: Doubt, depth: u32) {
        for (slot, content) in self.fields(holder, from) {
            if depth < REACH {
                self.disturb_below(content, Key::FIRST, doubt, depth + 1);
            }
            self.replace(slot, content, doubt);
            if !self.is_remembered(content) {
                self.unfollow(slot);
            }
        }
    }

    /// Whether anything is known of a value that its heir would inherit.
    fn is_remembered(&self, value: Value) -> bool {
        let fact = self.fact(value);
        let has_fields = self.keys.get(&value).is_some_and(|keys| !keys.is_empty());
        has_fields || fact.evidence.is_some()
    }

    /// Until it is read again, nothing needs to be done for this field.
    fn unfollow(&mut self, slot: Slot<'t>) {
        if let Slot::Field(holder, key) = slot
            && let Some(keys) = self.keys.get_mut(&holder)
        {
            keys.remove(&key);
        }
    }

    /// The slot holds an heir of what it held.
    fn replace(&mut self, slot: Slot<'t>, content: Value, doubt: Doubt) {
        let heir = self.bear(Birth {
            slot: Some(slot),
            is_open: self.is_open(content),
            predecessor: self
                .is_remembered(content)
                .then_some((content, Some(doubt))),
            nature: self.nature(content),
            initial: None,
        });
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
        values.sort_unstable();
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

    /// Excludes all but `bits`; false when nothing is left, so that this point cannot be reached.
    pub fn restrict(&mut self, value: Value, bits: Bits) -> bool {
        let known = self.fact(value);
        let left = known.bits & bits;
        if left.is_empty() {
            return false;
        }
        let implied = match &known.implies {
            Some(implies) if left.is_within(Bits::TRUTHY) => Some((Rc::clone(implies), true)),
            Some(implies) if left.is_within(Bits::FALSY) => Some((Rc::clone(implies), false)),
            _ => None,
        };
        let has_groups = known.groups.is_some();
        if left != known.bits {
            self.set_fact(
                value,
                Fact {
                    bits: left,
                    ..known
                },
            );
        }
        if let Some((implies, truth)) = implied {
            let all = if truth {
                &implies.when_true
            } else {
                &implies.when_false
            };
            for one in all {
                let fact = self.fact(one.value);
                let bits = fact.bits & one.bits;
                if bits.is_empty() {
                    return false;
                }
                let evidence = match one.evidence {
                    Some(doubted) if doubted.doubt.is_some() && fact.evidence.is_some() => {
                        Some(doubted)
                    }
                    new => fact.evidence.or(new.filter(|_| bits.has_nil())),
                };
                let text = fact.text.or(one.text);
                let has_groups = fact.groups.is_some();
                self.set_fact(
                    one.value,
                    Fact {
                        bits,
                        evidence,
                        text,
                        ..fact
                    },
                );
                if has_groups && !self.settle(one.value) {
                    return false;
                }
            }
        }
        !has_groups || self.settle(value)
    }

    /// Adds the evidence to a value that may be nil and has none yet.
    pub fn suspect(&mut self, value: Value, evidence: Evidence<'t>) {
        let fact = self.fact(value);
        if fact.bits.has_nil() && fact.evidence.is_none_or(|known| known.doubt.is_some()) {
            self.set_fact(
                value,
                Fact {
                    evidence: Some(evidence),
                    ..fact
                },
            );
        }
    }

    /// A point to come back to.
    pub fn mark(&self) -> Mark {
        Mark(self.log.len())
    }

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
    fn meet(&mut self, slot: Slot<'t>, sides: &[(Value, Fact<'t>)]) -> Value {
        let is_open = sides.iter().any(|(value, _)| self.is_open(*value));
        let nature = Nature::join(sides.iter().map(|(value, _)| self.nature(*value)));
        self.bear(Birth {
            slot: Some(slot),
            is_open,
            predecessor: None,
            nature,
            initial: Some(Box::new(Fact::join(sides))),
        })
    }

    /// Calls on some of the paths count for all.
    fn merge_epochs(&mut self, branches: &[Delta<'t>]) {
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
