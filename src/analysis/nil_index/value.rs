//! What is known of a value.
//!
//! A value is a number ([`Value`]); what is known hangs on the number and not on the variable that holds it, so
//! copies share it. Deliberately absent: when something becomes known ([`super::conditions`]) or stops being so
//! ([`super::state`]).

use std::ops::{BitAnd, BitOr};
use std::rc::Rc;

use super::names::Binding;
use crate::finding::Certainty;
use crate::matcher::Node;

/// The identity of a value.
pub(super) type Value = u32;

/// What a table is indexed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key<'t> {
    /// A string constant: `.name` and `["name"]` are the same.
    Name(&'t [u8]),
    /// A number constant, as written.
    Number(&'t [u8]),
    /// Whatever this value is.
    Of(Value),
}

/// Keys are in this order so that a write through a computed key is a range of them.
impl Key<'_> {
    /// From here on: all.
    pub const FIRST: Key<'static> = Key::Name(b"");
    /// From here on: those that may be numbers.
    pub const FIRST_NUMBER: Key<'static> = Key::Number(b"");
    /// From here on: those that are computed.
    pub const FIRST_COMPUTED: Key<'static> = Key::Of(0);
}

/// A place that holds a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Slot<'t> {
    Variable(Binding),
    Field(Value, Key<'t>),
}

/// What a value can be: a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bits(u8);

impl Bits {
    pub const NIL: Self = Self(1);
    pub const FALSE: Self = Self(2);
    pub const TRUTHY: Self = Self(4);
    pub const FALSY: Self = Self(3);
    pub const NOT_NIL: Self = Self(6);
    pub const ALL: Self = Self(7);

    pub fn has_nil(self) -> bool {
        self.0 & 1 != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn is_within(self, other: Self) -> bool {
        self & other == self
    }
}

impl BitAnd for Bits {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for Bits {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Why the file itself says that a value may be nil. Without evidence nothing is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Evidence<'t> {
    pub reason: Reason<'t>,
    /// What makes it a question instead of a fact.
    pub doubt: Option<Doubt>,
}

/// The origin of the nil.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason<'t> {
    /// A comparison that was true said only which kind of table `holder` is; the value is its payload.
    Tag {
        test: Node,
        holder: Value,
        tag: &'t [u8],
    },
}

/// Why only a reader can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Doubt {
    /// A call since then may have changed or tested the value.
    Call(Node),
    /// A write since then may have changed the value.
    Write(Node),
    /// The file builds such tables with the value.
    Built(Node),
    /// The value was given on some paths.
    SomePaths,
}

impl Evidence<'_> {
    pub fn certainty(&self) -> Certainty {
        match self.doubt {
            Some(_) => Certainty::Ambiguous,
            None => Certainty::Violation,
        }
    }

    pub fn doubted(self, doubt: Doubt) -> Self {
        Self {
            doubt: Some(doubt),
            ..self
        }
    }
}

/// All that is known of a value. Evidence that stays while nil is excluded tells what a guard guards.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fact<'t> {
    pub bits: Bits,
    pub evidence: Option<Evidence<'t>>,
    /// The string that it is.
    pub text: Option<&'t [u8]>,
    /// It is what `type` answered for this value.
    pub type_of: Option<Value>,
    /// It is the result of a test: what follows from its being true or false.
    pub implies: Option<Rc<Implications<'t>>>,
}

/// What the outcome of a test says of other values.
#[derive(Debug, PartialEq, Default)]
pub(super) struct Implications<'t> {
    pub when_true: Vec<Implied<'t>>,
    pub when_false: Vec<Implied<'t>>,
}

/// One thing that follows from a test.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Implied<'t> {
    pub value: Value,
    pub bits: Bits,
    pub evidence: Option<Evidence<'t>>,
}

impl Fact<'_> {
    pub const UNKNOWN: Fact<'static> = Fact {
        bits: Bits::ALL,
        evidence: None,
        text: None,
        type_of: None,
        implies: None,
    };

    pub fn of(bits: Bits) -> Self {
        Self {
            bits,
            ..Fact::UNKNOWN
        }
    }
}

impl<'t> Fact<'t> {
    /// What is known where paths meet. The values tell whether the sides speak of the same one.
    pub fn join(sides: &[(Value, Fact<'t>)]) -> Fact<'t> {
        let Some(((_, first), rest)) = sides.split_first() else {
            return Fact::UNKNOWN;
        };
        let bits = rest
            .iter()
            .fold(first.bits, |bits, (_, side)| bits | side.bits);
        let agree = |same: &dyn Fn(&Fact<'t>) -> bool| rest.iter().all(|(_, side)| same(side));
        Fact {
            bits,
            evidence: join_evidence(sides),
            text: first
                .text
                .filter(|text| agree(&|side| side.text == Some(text))),
            type_of: first
                .type_of
                .filter(|of| agree(&|side| side.type_of == Some(*of))),
            implies: first
                .implies
                .clone()
                .filter(|known| agree(&|side| side.implies.as_ref() == Some(known))),
        }
    }
}

/// A tag speaks for the paths on which it was tested; so each path must have the evidence, or have given the value.
fn join_evidence<'t>(sides: &[(Value, Fact<'t>)]) -> Option<Evidence<'t>> {
    let (first, _) = sides.first()?;
    let mut strongest: Option<Evidence<'t>> = None;
    let mut guarded: Option<Evidence<'t>> = None;
    let mut is_given_somewhere = false;
    for (value, side) in sides {
        match side.evidence {
            Some(evidence) if side.bits.has_nil() => {
                if strongest.is_none_or(|known| evidence.certainty() > known.certainty()) {
                    strongest = Some(evidence);
                }
            }
            Some(evidence) => guarded = guarded.or(Some(evidence)),
            None if side.bits.has_nil() => return None,
            None => {
                let differs = value != first || sides.iter().any(|(other, _)| other != value);
                if !differs {
                    return None;
                }
                is_given_somewhere = true;
            }
        }
    }
    match strongest {
        Some(evidence) if is_given_somewhere => Some(evidence.doubted(Doubt::SomePaths)),
        Some(evidence) => Some(evidence),
        None if is_given_somewhere => None,
        None => guarded,
    }
}
