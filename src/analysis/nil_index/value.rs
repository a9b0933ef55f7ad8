//! What is known of a value.
//!
//! A value is a number ([`Value`]); what is known hangs on the number and not on the variable that holds it, so
//! copies share it. Its [`Nature`] is known from its birth and never changes; its [`Fact`] is what the paths to here
//! have shown. Deliberately absent: when something becomes known ([`super::conditions`]) or stops being so
//! ([`super::state`]).

use std::ops::{BitAnd, BitOr};
use std::rc::Rc;

use super::knowledge::Path;
use super::names::{Binding, FunctionIndex};
use crate::finding::Certainty;
use crate::matcher::Node;

/// The identity of a value.
pub(super) type Value = u32;

/// The number of a group of values that go together ([`super::groups`]).
pub(super) type GroupIndex = u32;

/// What a table is indexed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key<'t> {
    /// A string constant: `.name` and `["name"]` are the same.
    Name(&'t [u8]),
    /// A number constant, as written.
    Number(&'t [u8]),
    /// The number of its elements: what `#` gives.
    Length,
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
    pub const NONE: Self = Self(0);
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
    /// As above, and the payload has another name than the kind.
    Kind(Node),
    /// A documented function answers nil here.
    Answer(Node),
    /// A field that is documented to be absent at times.
    Field(Node),
    /// nil is written here.
    Literal(Node),
    /// The variable is declared here without a value.
    Unassigned(Node),
    /// A function of this file returned nil: the call, and the place in the function.
    Returned { call: Node, at: Node },
    /// The table is built here without the field.
    Missing(Node),
    /// The results are named here: a value and an error.
    NamedError(Node),
    /// It is tested here, so somebody thought that it may be nil.
    Tested(Node),
    /// The value or its key comes from outside of the program.
    Input(Node),
    /// A call leaves the argument out.
    Omitted(Node),
    /// A call gives an argument that may be nil.
    Argument(Node),
    /// An element of a list that may be empty.
    Element(Node),
    /// The variable or field is nil until, or after, another function ran.
    Elsewhere(Node),
    /// A function that callers may leave out.
    Callback(Node),
    /// A new value took the place of one that was tested.
    Replaced { test: Node, by: Node },
    /// It is tested, but only after it was used.
    Later(Node),
    /// A key that nobody can tell, of a table that is built here.
    Lookup(Node),
    /// A field of a document that was read here.
    Document(Node),
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
    /// It comes from around the function.
    Captured,
    /// The origin by itself is not certain.
    Soft,
}

impl<'t> Evidence<'t> {
    pub fn certain(reason: Reason<'t>) -> Self {
        Self {
            reason,
            doubt: None,
        }
    }

    pub fn soft(reason: Reason<'t>) -> Self {
        Self {
            reason,
            doubt: Some(Doubt::Soft),
        }
    }

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

    /// Whether it speaks only for the paths on which it was found.
    fn is_local(&self) -> bool {
        matches!(self.reason, Reason::Tag { .. } | Reason::Kind(_))
    }
}

/// Where a value comes from, if that makes it or its fields doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// From outside of the program.
    Input(Node),
    /// A document was read here.
    Document(Node),
    /// From outside of the program, by way of another function, which may have looked at it.
    Passed(Node),
}

/// What a value is by birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Nature {
    /// Its name among the known ones.
    pub path: Option<Path>,
    pub source: Option<Source>,
    /// The table constructor that made it.
    pub table: Option<Node>,
    /// The table constructor that made it, in another function; it is only read.
    pub constant: Option<Node>,
    /// The table constructor that made it, in another function; it is written, too.
    pub built: Option<Node>,
    /// The unknown call that answered it.
    pub call: Option<Node>,
    /// It is what `type` answered for this value.
    pub type_of: Option<Value>,
    /// It is the length of this value.
    pub length_of: Option<Value>,
    /// It is this value, or an empty table in its place.
    pub fallback_of: Option<Value>,
    /// It is this function.
    pub function: Option<FunctionIndex>,
    /// It is a number.
    pub is_number: bool,
    /// This comparison said of which kind it is, around this function, and its payload was not tested.
    pub lacks: Option<Node>,
    /// It is never indexed in vain: a module.
    pub is_module: bool,
}

impl Nature {
    /// What is true of a value that is one of these.
    pub fn join(sides: impl IntoIterator<Item = Self>) -> Self {
        let mut sides = sides.into_iter();
        let first = sides.next().unwrap_or_default();
        sides.fold(first, |one, other| {
            if one == other {
                one
            } else {
                Self {
                    source: one.source.or(other.source),
                    path: one.path.filter(|path| other.path == Some(*path)),
                    is_number: one.is_number && other.is_number,
                    ..Self::default()
                }
            }
        })
    }
}

/// All that is known of a value here. Evidence that stays while nil is excluded tells what a guard guards.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fact<'t> {
    pub bits: Bits,
    pub evidence: Option<Evidence<'t>>,
    /// The string that it is.
    pub text: Option<&'t [u8]>,
    /// Strings that it is not.
    pub unlike: Option<Rc<Vec<&'t [u8]>>>,
    /// It is the result of a test: what follows from its being true or false.
    pub implies: Option<Rc<Implications<'t>>>,
    /// The groups that say what follows from what it is.
    pub groups: Option<Rc<Vec<GroupIndex>>>,
    /// The comparison with a string that said of which kind this table is.
    pub kind: Option<Node>,
    /// The first access that would have raised an error, and when.
    pub used: Option<Use>,
    /// A finding was made of it.
    pub is_reported: bool,
}

/// An access: the value, the whole, and how many calls had been made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Use {
    pub focus: Node,
    pub node: Node,
    pub calls: u32,
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
    pub text: Option<&'t [u8]>,
}

impl Implied<'_> {
    /// The value is not nil.
    pub fn not_nil(value: Value) -> Self {
        Self {
            value,
            bits: Bits::NOT_NIL,
            evidence: None,
            text: None,
        }
    }
}

impl Fact<'_> {
    pub const UNKNOWN: Fact<'static> = Fact {
        bits: Bits::ALL,
        evidence: None,
        text: None,
        unlike: None,
        implies: None,
        groups: None,
        kind: None,
        used: None,
        is_reported: false,
    };

    pub fn of(bits: Bits) -> Self {
        Self {
            bits,
            ..Fact::UNKNOWN
        }
    }
}

impl<'t> Fact<'t> {
    pub fn with(bits: Bits, evidence: Evidence<'t>) -> Self {
        Self {
            bits,
            evidence: Some(evidence),
            ..Fact::UNKNOWN
        }
    }

    /// Whether it is known not to be this string.
    pub fn is_not(&self, text: &[u8]) -> bool {
        let excluded = self
            .unlike
            .as_ref()
            .is_some_and(|known| known.contains(&text));
        excluded || self.text.is_some_and(|known| known != text)
    }

    /// What is known where paths meet. The values tell whether the sides speak of the same one.
    pub fn join(sides: &[(Value, Fact<'t>)]) -> Fact<'t> {
        let Some(((_, first), rest)) = sides.split_first() else {
            return Fact::UNKNOWN;
        };
        let bits = rest
            .iter()
            .fold(first.bits, |bits, (_, side)| bits | side.bits);
        let agree = |same: &dyn Fn(&Fact<'t>) -> bool| rest.iter().all(|(_, side)| same(side));
        let is_same_value = sides.windows(2).all(|pair| pair[0].0 == pair[1].0);
        let is_reported = is_same_value && sides.iter().any(|(_, side)| side.is_reported);
        Fact {
            bits,
            evidence: join_evidence(sides).filter(|_| !is_reported),
            text: first
                .text
                .filter(|text| agree(&|side| side.text == Some(text))),
            unlike: first
                .unlike
                .clone()
                .filter(|known| agree(&|side| side.unlike.as_ref() == Some(known))),
            implies: first
                .implies
                .clone()
                .filter(|known| agree(&|side| side.implies.as_ref() == Some(known))),
            groups: join_groups(sides),
            kind: first
                .kind
                .filter(|kind| agree(&|side| side.kind == Some(*kind))),
            used: first.used.filter(|_| agree(&|side| side.used.is_some())),
            is_reported,
        }
    }
}

fn join_groups(sides: &[(Value, Fact<'_>)]) -> Option<Rc<Vec<GroupIndex>>> {
    let first = sides.first()?.1.groups.as_ref()?;
    let is_same = |groups: &Rc<Vec<GroupIndex>>| Rc::ptr_eq(groups, first) || groups == first;
    if sides
        .iter()
        .all(|(_, side)| side.groups.as_ref().is_some_and(is_same))
    {
        return Some(Rc::clone(first));
    }
    let is_everywhere = |group: &&GroupIndex| {
        sides.iter().all(|(_, side)| {
            side.groups
                .as_ref()
                .is_some_and(|known| known.contains(group))
        })
    };
    let common: Vec<GroupIndex> = first.iter().filter(is_everywhere).copied().collect();
    (!common.is_empty()).then(|| Rc::new(common))
}

/// A path with nil and evidence is enough; of a tag, each path must speak, or have given the value.
fn join_evidence<'t>(sides: &[(Value, Fact<'t>)]) -> Option<Evidence<'t>> {
    let (first, _) = sides.first()?;
    let mut strongest: Option<Evidence<'t>> = None;
    let mut guarded: Option<Evidence<'t>> = None;
    let (mut is_given_somewhere, mut is_open_somewhere) = (false, false);
    for (value, side) in sides {
        match side.evidence {
            Some(evidence) if side.bits.has_nil() => {
                if strongest.is_none_or(|known| is_stronger(&evidence, &known)) {
                    strongest = Some(evidence);
                }
            }
            Some(evidence) => guarded = guarded.or(Some(evidence)),
            None if side.bits.has_nil() => is_open_somewhere = true,
            None => {
                let differs = value != first || sides.iter().any(|(other, _)| other != value);
                is_given_somewhere |= differs;
                is_open_somewhere |= !differs;
            }
        }
    }
    match strongest {
        Some(evidence) if evidence.is_local() && is_open_somewhere => None,
        Some(evidence) if evidence.is_local() && is_given_somewhere => {
            Some(evidence.doubted(Doubt::SomePaths))
        }
        Some(evidence) => Some(evidence),
        None if is_given_somewhere || is_open_somewhere => None,
        None => guarded,
    }
}

/// Certain before doubtful, what holds on all paths before what holds on these.
fn is_stronger(one: &Evidence<'_>, other: &Evidence<'_>) -> bool {
    let rank = |evidence: &Evidence<'_>| (evidence.certainty(), !evidence.is_local());
    rank(one) > rank(other)
}
