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
        Some(Self {
            value,
            collection,
            variable: variable.to_vec(),
        })
    }

    /// Whether a condition says that there is a value.
    pub(super) fn is_shown_by(&self, condition: &[u8]) -> bool {
        let condition = stripped(condition);
        if let Some(opposite) = condition.strip_prefix(b"!") {
            return self.is_denied_by(opposite);
        }
        let about = |text: &[u8], ends: &[&[u8]]| {
            !text.is_empty()
                && condition
                    .strip_prefix(text)
                    .is_some_and(|rest| ends.iter().any(|end| rest.starts_with(end)))
        };
        if about(
            &self.value,
            &[
                b".is_some()",
                b".is_ok()",
                b".is_some_and(",
                b".is_ok_and(",
                b"!=None",
            ],
        ) {
            return true;
        }
        if self.is_matched_by(condition) {
            return true;
        }
        self.collection.as_ref().is_some_and(|(collection, key)| {
            if key.is_empty() {
                about(
                    collection,
                    &[
                        b".len()>0",
                        b".len()>=1",
                        b".len()!=0",
                        b".len()==1",
                        b".len()>1",
                    ],
                )
            } else {
                let asked = [b".contains_key(", key.as_slice(), b")"].concat();
                about(collection, &[&asked])
            }
        })
    }

    /// `let Some(_) = value`, `matches!(value, Some(_))`
    pub(super) fn is_matched_by(&self, condition: &[u8]) -> bool {
        self.is_matched(condition, &[b"Some(", b"Ok("])
    }

    /// Whether a condition matches the value with a pattern that begins in one of these ways.
    fn is_matched(&self, condition: &[u8], patterns: &[&[u8]]) -> bool {
        if self.value.is_empty() {
            return false;
        }
        let is_value = |text: &[u8]| {
            let text = text.strip_prefix(b"&").unwrap_or(text);
            let text = text.strip_prefix(b"mut ").unwrap_or(text);
            let rest = text.strip_prefix(self.value.as_slice());
            rest.is_some_and(|rest| {
                let same: [&[u8]; 4] = [b"", b".as_ref()", b".as_mut()", b".as_deref()"];
                same.contains(&rest)
            })
        };
        let is_pattern = |text: &[u8]| patterns.iter().any(|pattern| text.starts_with(pattern));
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
        is(&self.value, &[b".is_none()", b".is_err()", b"==None"])
            || self.is_matched(condition, &[b"None=", b"None)", b"Err(_)"])
            || self.collection.as_ref().is_some_and(|(collection, key)| {
                key.is_empty() && is(collection, &[b".is_empty()", b".len()==0", b".len()<1"])
            })
    }

    /// Whether code may change whether there is a value.
    pub(super) fn is_changed_in(&self, tree: &Tree<'_>, statement: Node) -> bool {
        let is_about = |node: Node| {
            let place = plain(tree, node);
            let place = place.strip_prefix(b"*").unwrap_or(&place);
            let of = |whole: &[u8]| {
                !whole.is_empty()
                    && (whole == place
                        || whole
                            .strip_prefix(place)
                            .is_some_and(|rest| rest.starts_with(b".") || rest.starts_with(b"[")))
            };
            of(&self.value)
                || self
                    .collection
                    .as_ref()
                    .is_some_and(|(collection, _)| of(collection))
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
                            syntax::kind(tree, inner) == "identifier"
                                && syntax::plain_name(tree.bytes(inner)) == self.variable
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
            Some(&self.value),
            collection,
        ];
        let mut places = places.into_iter().flatten().filter(|it| !it.is_empty());
        places.any(|place| {
            memchr::memmem::find_iter(text, place).any(|at| {
                let (before, after) = (&text[..at], &text[at + place.len()..]);
                let is_part = |byte: Option<&u8>| {
                    byte.is_some_and(|byte| *byte == b'_' || byte.is_ascii_alphanumeric())
                };
                if is_part(before.last()) || before.ends_with(b".") || is_part(after.first()) {
                    return false;
                }
                let is_assigned = after.starts_with(b"=")
                    && !after.starts_with(b"==")
                    && !after.starts_with(b"=>");
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
