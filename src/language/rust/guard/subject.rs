//! What a check is about: the expression whose value is unwrapped, and what a condition or a statement says of it.
//!
//! Deliberately absent: where the condition stands.

use super::super::receiver::{Receiver, Root, Step};
use super::super::syntax;
use super::INWARD;
use super::condition::{Operands, operands, plain, text};
use super::kin::{self, Kin};
use super::length;
use super::words::{
    matches_all_absent, matches_present, past_borrowing, rest_after, says_absent, says_present,
};
use crate::matcher::{Node, Tree};

/// A place, and what it is asked for.
type Asked = (Vec<u8>, Vec<u8>);

/// What is checked.
pub(super) struct Subject {
    /// The expression whose value is unwrapped.
    value: Vec<u8>,
    /// The collection that it comes from, and what it is asked for; nothing for an element at either end.
    collection: Option<Asked>,
    /// What else shows that it is there.
    kin: Kin,
    /// The variable that it begins with.
    variable: Vec<u8>,
    /// The variables that say which element is meant.
    keys: Vec<Vec<u8>>,
}

/// Methods between the place and the call that change nothing about whether there is a value.
const PASSING: [&[u8]; 9] = [
    b"as_ref",
    b"as_mut",
    b"as_deref",
    b"as_deref_mut",
    b"clone",
    b"copied",
    b"cloned",
    b"take",
    b"to_owned",
];

/// Methods that a check may be about because they answer the same the next time.
pub(super) const STEADY: [&[u8]; 16] = [
    b"get",
    b"get_mut",
    b"first",
    b"first_mut",
    b"last",
    b"last_mut",
    b"peek",
    b"front",
    b"back",
    b"as_ref",
    b"parent",
    b"file_name",
    b"extension",
    b"file_stem",
    b"to_str",
    b"borrow",
];

impl Subject {
    pub(super) fn of(receiver: &Receiver<'_>) -> Option<Self> {
        let Root::Path(path, None) = &receiver.root else {
            return None;
        };
        let [variable] = path.as_slice() else {
            return None;
        };
        let mut steps: Vec<&Step<'_>> = receiver.steps.iter().rev().collect();
        while let Some(Step::Method(name, arguments)) = steps.last()
            && PASSING.contains(name)
            && arguments.is_empty()
        {
            steps.pop();
        }
        let asked = match steps.split_last() {
            Some((Step::Method(name, arguments), before)) => {
                asked(variable, name, &arguments.text(), before)
            }
            _ => None,
        };
        let (collection, kin) = asked.unzip();
        let value = text(variable, &steps).or_else(|| collection.is_some().then(Vec::new))?;
        let asked = collection.as_ref().map(|(_, key)| key.as_slice());
        let keys = names_in_brackets(&value)
            .chain(names(asked.unwrap_or_default()))
            .collect();
        Some(Self {
            value,
            collection,
            kin: kin.unwrap_or_default(),
            variable: variable.to_vec(),
            keys,
        })
    }

    /// Whether there is a value when a condition holds.
    pub(super) fn is_shown_by(&self, condition: &[u8]) -> bool {
        match operands(condition) {
            Operands::Or(_) => false,
            Operands::And(parts) => parts.iter().any(|part| self.is_shown_by(part)),
            Operands::One(one) => match one.strip_prefix(b"!") {
                Some(opposite) => self.is_denied_by(opposite),
                None => self.is_said_by(one, true),
            },
        }
    }

    /// Whether there is a value when a condition does not hold.
    pub(super) fn is_denied_by(&self, condition: &[u8]) -> bool {
        match operands(condition) {
            Operands::And(_) => false,
            Operands::Or(parts) => parts.iter().any(|part| self.is_denied_by(part)),
            Operands::One(one) => match one.strip_prefix(b"!") {
                Some(opposite) => self.is_shown_by(opposite),
                None => self.is_said_by(one, false),
            },
        }
    }

    /// Whether there is a value when a condition of one operand holds, or when it does not.
    fn is_said_by(&self, condition: &[u8], holds: bool) -> bool {
        let says = if holds { says_present } else { says_absent };
        let pattern = if holds {
            matches_present
        } else {
            matches_all_absent
        };
        let is_said = |value| rest_after(value, condition).is_some_and(says);
        if self.values().any(is_said) || self.is_matched(condition, pattern) {
            return true;
        }
        if holds && self.kin.conditions.iter().any(|known| known == condition) {
            return true;
        }
        let Some((collection, key)) = self.collection.as_ref().filter(|_| self.kin.is_by_length)
        else {
            return false;
        };
        let is_empty = rest_after(collection, condition) == Some(b".is_empty()");
        !holds && key.is_empty() && is_empty || length::is_longer(condition, collection, key, holds)
    }

    /// The expressions that have a value when this has.
    fn values(&self) -> impl Iterator<Item = &[u8]> {
        let all = std::iter::once(&self.value).chain(&self.kin.values);
        all.map(Vec::as_slice).filter(|value| !value.is_empty())
    }

    /// Whether a statement's value is there or the function is left: `value?`.
    pub(super) fn is_passed_on_in(&self, value: &[u8]) -> bool {
        let mut rests = self.values().filter_map(|known| rest_after(known, value));
        rests.any(|rest| past_borrowing(rest).starts_with(b"?"))
    }

    /// `let Some(_) = value`, `matches!(value, Some(_))`
    pub(super) fn is_matched_by(&self, condition: &[u8]) -> bool {
        self.is_matched(condition, matches_present)
    }

    /// Whether a condition matches the value with such a pattern, which its text begins with.
    fn is_matched(&self, condition: &[u8], is_pattern: impl Fn(&[u8]) -> bool) -> bool {
        let is_value = |text: &[u8]| {
            let text = text.strip_prefix(b"&").unwrap_or(text);
            let text = text.strip_prefix(b"mut ").unwrap_or(text);
            let mut rests = self.values().filter_map(|value| text.strip_prefix(value));
            rests.any(|rest| past_borrowing(rest).is_empty())
        };
        if let Some(rest) = condition.strip_prefix(b"let ") {
            let value = rest.iter().position(|byte| *byte == b'=');
            return is_pattern(rest) && value.is_some_and(|at| is_value(&rest[at + 1..]));
        }
        let Some(inner) = condition.strip_prefix(b"matches!(") else {
            return false;
        };
        let comma = inner.iter().position(|byte| *byte == b',');
        comma.is_some_and(|comma| is_value(&inner[..comma]) && is_pattern(&inner[comma + 1..]))
    }

    /// Whether a pattern gives what the value begins with, or what says which one it is, another meaning.
    pub(super) fn is_bound_by(&self, tree: &Tree<'_>, pattern: Node) -> bool {
        let condition = syntax::child(tree, pattern, "condition").map(|node| tree.subtree(node));
        tree.subtree(pattern).take(INWARD).any(|inner| {
            let name = syntax::plain_name(tree.bytes(inner));
            let is_name = matches!(
                syntax::kind(tree, inner),
                "identifier" | "shorthand_field_identifier"
            );
            is_name
                && !condition
                    .as_ref()
                    .is_some_and(|nodes| nodes.contains(&inner))
                && (name == self.variable || self.keys.iter().any(|key| is_within(key, name)))
        })
    }

    /// Whether code may change whether there is a value behind it.
    pub(super) fn is_changed_in(&self, tree: &Tree<'_>, statement: Node) -> bool {
        let is_new = |node: Node| {
            syntax::kind(tree, node) == "let_declaration"
                && syntax::child(tree, node, "pattern")
                    .is_some_and(|pattern| self.is_bound_by(tree, pattern))
        };
        self.is_assigned_in(tree, statement) || tree.subtree(statement).take(INWARD).any(is_new)
    }

    /// Whether code may change whether there is a value, wherever it stands.
    pub(super) fn is_assigned_in(&self, tree: &Tree<'_>, statement: Node) -> bool {
        let is_about = |node: Node| {
            let place = plain(tree, node);
            let place = place.strip_prefix(b"*").unwrap_or(&place);
            let collection = self.collection.iter().map(|(collection, _)| collection);
            let mut wholes = std::iter::once(&self.value)
                .chain(collection)
                .chain(&self.keys);
            wholes.any(|whole| is_within(whole, place))
        };
        tree.subtree(statement).take(INWARD).any(|node| {
            let left = match syntax::kind(tree, node) {
                "assignment_expression" | "compound_assignment_expr" => {
                    syntax::child(tree, node, "left")
                }
                "reference_expression" if tree.bytes(node).starts_with(b"&mut") => {
                    syntax::child(tree, node, "value")
                }
                "call_expression" => {
                    let function = syntax::child(tree, node, "function");
                    let field = function.and_then(|node| syntax::child(tree, node, "field"));
                    let changes = field.is_some_and(|field| {
                        CHANGING.contains(&syntax::plain_name(tree.bytes(field)))
                    });
                    function
                        .filter(|_| changes)
                        .and_then(|node| syntax::child(tree, node, "value"))
                }
                _ => None,
            };
            left.is_some_and(is_about)
        })
    }

    /// The same by the text of bare tokens.
    pub(super) fn is_changed_in_text(&self, text: &[u8]) -> bool {
        let collection = self.collection.as_ref().map(|(text, _)| text.as_slice());
        let places = [
            Some(self.variable.as_slice()),
            Some(self.value.as_slice()),
            collection,
        ];
        let keys = self.keys.iter().map(Vec::as_slice);
        let places = places.into_iter().flatten().chain(keys);
        let mut places = places.filter(|it| !it.is_empty());
        places.any(|place| {
            memchr::memmem::find_iter(text, place).any(|at| {
                let (before, after) = (&text[..at], &text[at + place.len()..]);
                let is_part = |byte: Option<&u8>| {
                    byte.is_some_and(|byte| *byte == b'_' || byte.is_ascii_alphanumeric())
                };
                if is_part(before.last()) || before.ends_with(b".") || is_part(after.first()) {
                    return false;
                }
                let operator = match after {
                    [
                        b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^',
                        rest @ ..,
                    ] => rest,
                    [b'<', b'<', rest @ ..] | [b'>', b'>', rest @ ..] => rest,
                    _ => after,
                };
                let is_assigned = operator.starts_with(b"=")
                    && !operator.starts_with(b"==")
                    && !operator.starts_with(b"=>");
                let is_called = after.strip_prefix(b".").is_some_and(|rest| {
                    CHANGING.iter().any(|method| {
                        rest.strip_prefix(*method)
                            .is_some_and(|rest| rest.starts_with(b"("))
                    })
                });
                is_assigned || is_called || before.ends_with(b"&mut ") || before.ends_with(b"let ")
            })
        })
    }
}

/// The place that a method is called on, what it is asked for, and what else shows that there is an answer.
fn asked(
    variable: &[u8],
    name: &[u8],
    arguments: &[u8],
    before: &[&Step<'_>],
) -> Option<(Asked, Kin)> {
    let mut before = before;
    let mut arguments = arguments;
    if kin::is_of_nonempty(name, arguments) {
        arguments = b"";
        if let [
            rest @ ..,
            Step::Method(b"iter" | b"iter_mut" | b"into_iter" | b"chars", _),
        ] = before
        {
            before = rest;
        }
    }
    let place = text(variable, before)?;
    let kin = kin::of(&place, name, arguments)?;
    Some(((place, arguments.to_vec()), kin))
}

/// Methods that may leave nothing behind, or something else.
const CHANGING: [&[u8]; 16] = [
    b"take",
    b"replace",
    b"insert",
    b"clear",
    b"pop",
    b"pop_front",
    b"pop_back",
    b"remove",
    b"drain",
    b"retain",
    b"truncate",
    b"swap_remove",
    b"push",
    b"take_if",
    b"pop_first",
    b"pop_last",
];

/// The variables in a text, with the fields that it names of them.
fn names(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let is_part = |byte: &u8| matches!(byte, b'_' | b'.') || byte.is_ascii_alphanumeric();
    text.split(move |byte| !is_part(byte))
        .filter(|name| {
            let first = name.first();
            first.is_some_and(|byte| *byte == b'_' || byte.is_ascii_alphabetic())
        })
        .map(<[u8]>::to_vec)
}

/// Whether an expression is a place or a part of it.
fn is_within(whole: &[u8], place: &[u8]) -> bool {
    whole
        .strip_prefix(place)
        .is_some_and(|rest| !whole.is_empty() && matches!(rest.first(), None | Some(b'.' | b'[')))
}

/// The variables between the brackets of a text.
fn names_in_brackets(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let open = text.iter().position(|byte| matches!(byte, b'[' | b'('));
    names(open.map_or(&[], |open| &text[open..]))
}
