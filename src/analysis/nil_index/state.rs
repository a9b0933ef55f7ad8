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
use super::trace::Event;
use super::value::{Bits, Doubt, Evidence, Fact, Key, Nature, Slot, Value};
use crate::matcher::Node;

/// How many epochs are looked through for what was known of a slot.
pub(super) const EPOCHS_BACK: usize = 16;

/// How deep a call reaches into its arguments.
pub(super) const REACH: u32 = 2;

/// Not a variable of the program: set by a call that should not return.
pub(super) const DOOM: Slot<'static> = Slot::Variable(Binding::MAX);

pub(super) type Epoch = u32;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stored {
    pub value: Value,
    pub epoch: Epoch,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct EpochStart {
    pub before: Epoch,
    /// The call that began it; none where paths met.
    pub call: Option<Node>,
}

/// What computed keys gave a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Blur {
    /// Elements, each after the last one.
    Appended,
    /// Elements.
    Numbers,
    /// Any fields.
    Fields,
}

/// How a value came to be.
#[derive(Debug, Clone, Default)]
pub(super) struct Birth<'t> {
    /// The slot whose content it is by definition.
    pub slot: Option<Slot<'t>>,
    /// Whether other functions can reach it.
    pub is_open: bool,
    /// The value that may have been replaced by it, and why.
    pub predecessor: Option<(Value, Option<Doubt>)>,
    pub nature: Nature,
    /// What is known of it on every path.
    pub initial: Option<Box<Fact<'t>>>,
}

#[derive(Debug)]
pub(super) enum Change<'t> {
    Slot(Slot<'t>, Option<Stored>),
    Fact(Value, Option<Fact<'t>>),
    Epoch(Epoch),
}

/// A point in the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(pub usize);

/// What a branch changed.
#[derive(Debug, Clone)]
pub(super) struct Delta<'t> {
    pub slots: Vec<(Slot<'t>, Option<Stored>)>,
    pub facts: Vec<(Value, Option<Fact<'t>>)>,
    pub epoch: Epoch,
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
    /// Tables that were written with computed keys.
    pub(super) blurred: BTreeSet<(Value, Blur)>,
    /// Values that other functions can reach as soon as one runs.
    pub handed_on: Vec<Value>,
    /// Where the interpretation is: the origin of what has no other.
    pub place: Node,
    /// How many calls were made that may change something.
    pub calls: u32,
    pub(super) slots: HashMap<Slot<'t>, Stored>,
    pub(super) facts: HashMap<Value, Fact<'t>>,
    pub(super) epoch: Epoch,
    pub(super) log: Vec<Change<'t>>,
    pub(super) births: Vec<Birth<'t>>,
    pub(super) epochs: Vec<EpochStart>,
    pub(super) firsts: HashMap<(Slot<'t>, Epoch), Value>,
    pub(super) keys: HashMap<Value, BTreeSet<Key<'t>>>,
    /// The tables of which a field of this name is followed.
    pub(super) holders: HashMap<&'t [u8], BTreeSet<Value>>,
    /// What happened to values, when somebody asked.
    pub(super) trace: Option<Vec<Event<'t>>>,
    /// The statement that is interpreted.
    pub at: Node,
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
            handed_on: Vec::new(),
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
            trace: None,
            at: 0,
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

    pub(super) fn bear(&mut self, birth: Birth<'t>) -> Value {
        self.births.push(birth);
        (self.births.len() - 1) as Value
    }

    /// The value that was made last.
    pub(super) fn youngest(&self) -> Value {
        self.births.len().saturating_sub(1) as Value
    }

    /// The values that may be nil since they were made.
    pub(super) fn born_doubtful(&self) -> impl Iterator<Item = Value> {
        let is_doubtful = |birth: &Birth<'t>| {
            let initial = birth.initial.as_ref();
            initial.is_some_and(|fact| fact.bits.has_nil() && fact.evidence.is_some())
        };
        let born = self.births.iter().enumerate();
        born.filter(move |(_, birth)| is_doubtful(birth))
            .map(|(value, _)| value as Value)
    }

    fn birth(&self, value: Value) -> Option<&Birth<'t>> {
        self.births.get(value as usize)
    }

    /// What a value is by birth.
    pub fn nature(&self, value: Value) -> Nature {
        self.birth(value)
            .map_or_else(Nature::default, |birth| birth.nature)
    }

    /// From here on the constructor of a table says nothing of its fields.
    pub fn forget_table(&mut self, value: Value) {
        if let Some(birth) = self.births.get_mut(value as usize) {
            birth.nature.table = None;
        }
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
}
