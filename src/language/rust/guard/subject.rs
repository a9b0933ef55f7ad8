//! What a check is about: the expression whose value is unwrapped, and what a condition or a statement says of it.
//!
//! Deliberately absent: where the condition stands.

use super::super::receiver::{Receiver, Root, Step};
use super::super::syntax;
use super::INWARD;
use super::condition::{plain, stripped, text};
use crate::matcher::{Node, Tree};

/// What is checked.
pub(super) struct Subject {
    /// The expression whose value is unwrapped.
    value: Vec<u8>,
    /// The collection that it comes from, and what it is asked for.
    collection: Option<(Vec<u8>, Vec<u8>)>,
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

/// Methods of a collection that have a value when it is not empty.
const OF_NONEMPTY: [&[u8]; 15] = [
    b"first",
    b"first_mut",
    b"last",
    b"last_mut",
    b"pop",
    b"pop_front",
    b"pop_back",
    b"front",
    b"back",
    b"max",
    b"min",
    b"next",
    b"pop_first",
    b"pop_last",
    b"peek",
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
        let collection = match steps.split_last() {
            Some((Step::Method(b"get" | b"get_mut" | b"remove", arguments), before))
                if !arguments.is_empty() =>
            {
                text(variable, before).map(|text| (text, arguments.text()))
            }
            Some((Step::Method(name, arguments), before))
                if OF_NONEMPTY.contains(name) && arguments.is_empty() =>
            {
                let before = match before {
                    [
                        before @ ..,
                        Step::Method(b"iter" | b"iter_mut" | b"into_iter" | b"chars", _),
                    ] => before,
                    _ => before,
                };
                text(variable, before).map(|text| (text, Vec::new()))
            }
            _ => None,
        };
        let value = text(variable, &steps).or_else(|| collection.is_some().then(Vec::new))?;
        let asked = collection.as_ref().map(|(_, key)| key.as_slice());
        let keys = names_in_brackets(&value)
            .chain(names(asked.unwrap_or_default()))
            .collect();
        Some(Self {
            value,
            collection,
            variable: variable.to_vec(),
            keys,
        })
    }

    /// Whether a condition says that there is a value.
    pub(super) fn is_shown_by(&self, condition: &[u8]) -> bool {
        let condition = stripped(condition);
        if let Some(opposite) = condition.strip_prefix(b"!") {
            return self.is_denied_by(opposite);
        }
        let rest_of = |text: &[u8]| {
            let rest = condition.strip_prefix(text)?;
            (!text.is_empty()).then_some(rest)
        };
        if rest_of(&self.value).is_some_and(says_present) {
            return true;
        }
        if self.is_matched_by(condition) {
            return true;
        }
        self.collection.as_ref().is_some_and(|(collection, key)| {
            let Some(rest) = rest_of(collection) else {
                return false;
            };
            if key.is_empty() {
                let filled: [&[u8]; 5] = [
                    b".len()>0",
                    b".len()>=1",
                    b".len()!=0",
                    b".len()==1",
                    b".len()>1",
                ];
                filled.iter().any(|end| rest.starts_with(end))
            } else {
                rest == [b".contains_key(", key.as_slice(), b")"].concat()
            }
        })
    }

    /// `let Some(_) = value`, `matches!(value, Some(_))`
    pub(super) fn is_matched_by(&self, condition: &[u8]) -> bool {
        let present = |text: &[u8]| text.starts_with(b"Some(") || text.starts_with(b"Ok(");
        self.is_matched(condition, present)
    }

    /// Whether a condition matches the value with such a pattern, which its text begins with.
    fn is_matched(&self, condition: &[u8], is_pattern: impl Fn(&[u8]) -> bool) -> bool {
        if self.value.is_empty() {
            return false;
        }
        let is_value = |text: &[u8]| {
            let text = text.strip_prefix(b"&").unwrap_or(text);
            let text = text.strip_prefix(b"mut ").unwrap_or(text);
            let rest = text.strip_prefix(self.value.as_slice());
            rest.is_some_and(|rest| past_borrowing(rest).is_empty())
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

    /// Whether a condition says that there is no value.
    pub(super) fn is_denied_by(&self, condition: &[u8]) -> bool {
        let condition = stripped(condition);
        if let Some(opposite) = condition.strip_prefix(b"!") {
            return self.is_shown_by(opposite);
        }
        let is = |text: &[u8], ends: &[&[u8]]| {
            !text.is_empty()
                && condition
                    .strip_prefix(text)
                    .is_some_and(|rest| ends.contains(&rest))
        };
        let says_absent = |rest: &[u8]| {
            let is_asked = [b".is_none()".as_slice(), b".is_err()"].contains(&past_borrowing(rest));
            is_asked || rest == b"==None"
        };
        !self.value.is_empty()
            && condition
                .strip_prefix(&*self.value)
                .is_some_and(says_absent)
            || self.is_matched(condition, matches_all_absent)
            || self.collection.as_ref().is_some_and(|(collection, key)| {
                key.is_empty() && is(collection, &[b".is_empty()", b".len()==0", b".len()<1"])
            })
    }

    /// Whether code may change whether there is a value.
    pub(super) fn is_changed_in(&self, tree: &Tree<'_>, statement: Node) -> bool {
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
                "let_declaration" => {
                    let pattern = syntax::child(tree, node, "pattern");
                    return pattern.is_some_and(|pattern| {
                        tree.subtree(pattern).any(|inner| {
                            let name = syntax::plain_name(tree.bytes(inner));
                            syntax::kind(tree, inner) == "identifier"
                                && (name == self.variable
                                    || self.keys.iter().any(|key| is_within(key, name)))
                        })
                    });
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

/// What follows a value, without what only borrows it.
fn past_borrowing(rest: &[u8]) -> &[u8] {
    let borrowing: [&[u8]; 4] = [
        b".as_ref()",
        b".as_mut()",
        b".as_deref()",
        b".as_deref_mut()",
    ];
    borrowing
        .iter()
        .find_map(|method| rest.strip_prefix(*method))
        .unwrap_or(rest)
}

/// Whether what follows a value in a condition says that it is there, and the condition says no more.
fn says_present(rest: &[u8]) -> bool {
    let rest = past_borrowing(rest);
    let asked = [b".is_some()".as_slice(), b".is_ok()"]
        .iter()
        .find_map(|method| rest.strip_prefix(*method));
    let with = [b".is_some_and(".as_slice(), b".is_ok_and("];
    asked.is_some_and(|rest| matches!(rest, b"" | b"==true" | b"!=false"))
        || rest == b"!=None"
        || with.iter().any(|method| rest.starts_with(method)) && rest.ends_with(b")")
}

/// Whether the text begins with a pattern that matches whatever has no value.
fn matches_all_absent(text: &[u8]) -> bool {
    if text.starts_with(b"None=") || text.starts_with(b"None)") {
        return true;
    }
    let Some(inner) = text.strip_prefix(b"Err(") else {
        return false;
    };
    let end = inner.iter().position(|byte| *byte == b')');
    let name = end.map_or(inner, |end| &inner[..end]);
    // A name that binds, not one that is compared with.
    let binds = matches!(name.first(), Some(b'_' | b'a'..=b'z'))
        && name
            .iter()
            .all(|byte| matches!(byte, b'_' | b' ') || byte.is_ascii_alphanumeric());
    end.is_some() && (binds || name == b"..")
}

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
