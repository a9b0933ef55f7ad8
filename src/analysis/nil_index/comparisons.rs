//! Comparisons: with nil, with strings (a type, or the tag of a table), and of lengths with numbers.
//!
//! Deliberately absent: tests of truth, and what `and`, `or` and `not` make of tests ([`super::conditions`]).

use std::rc::Rc;

use super::conditions::{IMPLICATION_LIMIT, Judged, impossible, truth};
use super::interpreter::Interpreter;
use super::kinds::{Kind, kind};
use super::lists::POSITIONS;
use super::value::{Bits, Doubt, Evidence, Fact, Key, Nature, Reason, Slot, Value};
use crate::matcher::Node;

impl<'t> Interpreter<'_, 't> {
    pub(super) fn judge_equality(
        &mut self,
        node: Node,
        left: Node,
        right: Node,
        when: bool,
    ) -> Judged<'t> {
        let mark = self.state.mark();
        let (one, other) = (self.value(left), self.value(right));
        if !self.alive {
            self.state.roll_back(mark);
            self.alive = true;
            return impossible();
        }
        for (value, against) in [(one, other), (other, one)] {
            if self.state.fact(against).bits == Bits::NIL {
                self.note_late_test(value, node);
            }
        }
        let length = self.compared_length(b"==", (one, left), (other, right));
        let result = self.compared(b"==", (one, left), (other, right));
        let equal = self.suppose(mark, |this| {
            this.assume_equal(node, one, other);
            this.assume_length(length, true);
            this.restrict(result, Bits::TRUTHY);
        });
        let different = self.suppose(mark, |this| {
            this.assume_different(node, one, other);
            this.assume_length(length, false);
            this.restrict(result, Bits::FALSE);
        });
        self.state.roll_back(mark);
        let (when_true, when_false) = if when {
            (equal, different)
        } else {
            (different, equal)
        };
        truth(when_true, when_false)
    }

    pub(super) fn judge_order(&mut self, node: Node, left: Node, right: Node) -> Judged<'t> {
        let mark = self.state.mark();
        let (one, other) = (self.value(left), self.value(right));
        self.demand(one);
        self.demand(other);
        if !self.alive {
            self.state.roll_back(mark);
            self.alive = true;
            return impossible();
        }
        let operator = self.operator(node);
        let length = self.compared_length(operator, (one, left), (other, right));
        let result = self.compared(operator, (one, left), (other, right));
        let positive = self.compared_with_none(operator, (one, left), (other, right));
        let mut suppose = |outcome: bool, bits: Bits| {
            self.suppose(mark, |this| {
                this.assume_length(length, outcome);
                if let Some((number, _)) = positive.filter(|(_, when)| *when == outcome) {
                    this.exclude_text(number, b"0");
                }
                this.restrict(result, bits);
            })
        };
        let (when_true, when_false) = (suppose(true, Bits::TRUTHY), suppose(false, Bits::FALSE));
        self.state.roll_back(mark);
        truth(when_true, when_false)
    }

    /// The result of a comparison: the same one for the same operands.
    pub(super) fn compared(
        &mut self,
        operator: &'t [u8],
        (one, left): (Value, Node),
        (other, right): (Value, Node),
    ) -> Value {
        let key = |value: Value, node: Node| match kind(self.tree, node) {
            Kind::Number | Kind::String => Err(self.tree.bytes(node)),
            _ => Ok(value),
        };
        let key = (operator, key(one, left), key(other, right));
        if let Some(known) = self.compared.get(&key) {
            return *known;
        }
        let fact = Fact::of(Bits::NOT_NIL);
        let value = self.state.made(Nature::default(), fact);
        self.compared.insert(key, value);
        value
    }

    /// A comparison of a length with a number: the length, the outcome under which the list is not empty, and how
    /// many elements it has then.
    pub(super) fn compared_length(
        &self,
        operator: &[u8],
        (one, left): (Value, Node),
        (other, right): (Value, Node),
    ) -> Option<(Value, bool, usize)> {
        let is_length = |value: Value| self.state.nature(value).length_of.is_some();
        let (length, number, is_flipped) = if is_length(one) {
            (one, right, false)
        } else if is_length(other) {
            (other, left, true)
        } else {
            return None;
        };
        let number = std::str::from_utf8(self.tree.bytes(number)).ok();
        // Whatever it is compared with, it is more than some length, which is at least none.
        let number: usize = number.and_then(|number| number.parse().ok()).unwrap_or(0);
        let is_literal = kind(self.tree, if is_flipped { left } else { right }) == Kind::Number;
        let operator = match (operator, is_flipped) {
            (b"<", true) => b">",
            (b">", true) => b"<",
            (b"<=", true) => b">=".as_slice(),
            (b">=", true) => b"<=".as_slice(),
            (same, _) => same,
        };
        match operator {
            b">" => Some((length, true, number + 1)),
            b">=" if number > 0 => Some((length, true, number)),
            b"<" if number > 0 => Some((length, false, number)),
            b"<=" => Some((length, false, number + 1)),
            b"==" if is_literal && number > 0 => Some((length, true, number)),
            b"==" if is_literal => Some((length, false, 1)),
            _ => None,
        }
    }

    /// A comparison that tells a number from 0: the number, and the outcome under which it is another one.
    fn compared_with_none(
        &self,
        operator: &[u8],
        (one, left): (Value, Node),
        (other, right): (Value, Node),
    ) -> Option<(Value, bool)> {
        let limit = |node: Node| match self.tree.bytes(node) {
            b"0" => Some(0),
            b"1" => Some(1),
            _ => None,
        };
        match (operator, limit(left), limit(right)) {
            (b">", None, Some(0)) | (b">=", None, Some(1)) => Some((one, true)),
            (b"<=", None, Some(0)) | (b"<", None, Some(1)) => Some((one, false)),
            (b"<", Some(0), None) | (b"<=", Some(1), None) => Some((other, true)),
            (b">=", Some(0), None) | (b">", Some(1), None) => Some((other, false)),
            _ => None,
        }
    }

    pub(super) fn assume_length(&mut self, compared: Option<(Value, bool, usize)>, outcome: bool) {
        let Some((length, when, count)) = compared.filter(|(_, when, _)| *when == outcome) else {
            return;
        };
        _ = when;
        let Some(list) = self.state.nature(length).length_of else {
            return;
        };
        let keys = POSITIONS
            .iter()
            .take(count)
            .map(|number| Key::Number(number));
        for key in keys.chain([Key::Of(length)]) {
            let element = self.state.read(Slot::Field(list, key));
            self.restrict(element, Bits::NOT_NIL);
        }
    }

    pub(super) fn assume_equal(&mut self, test: Node, one: Value, other: Value) {
        let (one_fact, other_fact) = (self.state.fact(one), self.state.fact(other));
        for (value, against) in [(one, &other_fact), (other, &one_fact)] {
            match against.bits {
                Bits::NIL => self.restrict_tested(value, Bits::NIL, test),
                bits => self.restrict(value, bits),
            }
        }
        for (value, fact, literal) in [
            (one, one_fact, other_fact.text),
            (other, other_fact, self.text(one)),
        ] {
            let (Some(literal), true) = (literal, self.alive) else {
                continue;
            };
            match (self.state.nature(value).type_of, fact.text) {
                (Some(of), _) => self.assume_type(test, of, literal),
                (None, Some(text)) if text != literal => self.alive = false,
                (None, Some(_)) => {}
                (None, None) if fact.is_not(literal) => self.alive = false,
                (None, None) => {
                    let known = self.state.fact(value);
                    let text = Some(literal);
                    let has_groups = known.groups.is_some();
                    self.state.set_fact(value, Fact { text, ..known });
                    if has_groups && !self.state.settle(value) {
                        self.alive = false;
                    }
                }
            }
            let literal_of = if value == one { other } else { one };
            let is_string =
                self.state.nature(literal_of).path == self.file.knowledge.root(b"string");
            if self.alive && is_string {
                self.assume_tag(test, value, literal);
            }
        }
    }

    pub(super) fn text(&self, value: Value) -> Option<&'t [u8]> {
        self.state.fact(value).text
    }

    pub(super) fn assume_type(&mut self, test: Node, of: Value, name: &[u8]) {
        match name {
            b"nil" => self.restrict_tested(of, Bits::NIL, test),
            b"boolean" => self.restrict(of, Bits::NOT_NIL),
            _ => self.restrict(of, Bits::TRUTHY),
        }
    }

    /// `x.tag == "name"` holds: somebody expects `x.name`, and nothing so far says that it is there.
    pub(super) fn assume_tag(&mut self, test: Node, value: Value, name: &'t [u8]) {
        let Some((holder, Key::Name(tag))) = self.state.place(value) else {
            return;
        };
        if tag == name {
            return;
        }
        let payload = self.state.read(Slot::Field(holder, Key::Name(name)));
        let doubt = self.file.unions.construction(tag, name).map(Doubt::Built);
        let reason = Reason::Tag { test, holder, tag };
        self.state.suspect(payload, Evidence { reason, doubt });
        self.tagged.entry((holder, tag)).or_default().push(payload);
        let discriminators = &self.file.knowledge.discriminators;
        let is_listed = |known: &String| known.as_bytes() == tag;
        let holder_fact = self.state.fact(holder);
        if discriminators.is_empty() || discriminators.iter().any(is_listed) {
            let kind = Some(test);
            self.state.set_fact(
                holder,
                Fact {
                    kind,
                    ..holder_fact
                },
            );
        }
    }

    pub(super) fn assume_different(&mut self, test: Node, one: Value, other: Value) {
        let (one_fact, other_fact) = (self.state.fact(one), self.state.fact(other));
        for (value, fact, against) in [
            (one, &one_fact, &other_fact),
            (other, &other_fact, &one_fact),
        ] {
            match against.text {
                Some(b"nil") if self.state.nature(value).type_of.is_some() => {
                    let of = self.state.nature(value).type_of;
                    self.restrict_tested(of.unwrap_or(value), Bits::NOT_NIL, test);
                }
                Some(text) if fact.text == Some(text) => self.alive = false,
                Some(text) if fact.text.is_none() && !fact.is_not(text) => {
                    self.exclude_text(value, text);
                }
                _ if against.bits == Bits::NIL => self.restrict_tested(value, Bits::NOT_NIL, test),
                _ => {}
            }
        }
    }

    pub(super) fn exclude_text(&mut self, value: Value, text: &'t [u8]) {
        let known = self.state.fact(value);
        let mut unlike = known.unlike.as_deref().cloned().unwrap_or_default();
        if unlike.len() >= IMPLICATION_LIMIT {
            return;
        }
        unlike.push(text);
        let unlike = Some(Rc::new(unlike));
        let has_groups = known.groups.is_some();
        self.state.set_fact(value, Fact { unlike, ..known });
        if has_groups && !self.state.settle(value) {
            self.alive = false;
        }
    }
}
