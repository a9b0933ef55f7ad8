//! Lists: what it says of the elements that one was added, that they were sorted, or that the list is walked.
//!
//! Deliberately absent: what a comparison of the length says ([`super::comparisons`]).

use super::interpreter::Interpreter;
use super::kinds::{FIELDS, Kind, kind};
use super::state::Blur;
use super::value::{Bits, Doubt, Fact, Key, Slot, Value};
use crate::matcher::Node;

/// The keys of the first elements.
pub(super) const POSITIONS: [&[u8]; 16] = [
    b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8", b"9", b"10", b"11", b"12", b"13", b"14", b"15",
    b"16",
];

impl<'t> Interpreter<'_, 't> {
    /// What a write through this computed key may change.
    pub(super) fn blur_of(&self, target: Node, key: Node) -> Blur {
        if self.is_after_last(target, key) {
            Blur::Appended
        } else if self.is_number(key) {
            Blur::Numbers
        } else {
            Blur::Fields
        }
    }

    /// `list[#list + 1]`
    fn is_after_last(&self, target: Node, key: Node) -> bool {
        let tree = self.tree;
        let (left, right) = (
            tree.child_by_field(key, FIELDS.left),
            tree.child_by_field(key, FIELDS.right),
        );
        let (Some(list), Some(left), Some(right)) =
            (tree.child_by_field(target, FIELDS.table), left, right)
        else {
            return false;
        };
        let counted = tree.child_by_field(left, FIELDS.operand);
        kind(tree, left) == Kind::Unary
            && self.operator(left) == b"#"
            && self.operator(key) == b"+"
            && tree.bytes(right) == b"1"
            && counted.is_some_and(|counted| tree.bytes(counted) == tree.bytes(list))
    }

    /// `list[#list + 1] = value`, `table.insert(list, value)`: there is one element more than there was.
    pub(super) fn append(&mut self, list: Value, value: Value, doubt: Doubt) {
        self.state.disturb_missing(list, doubt);
        self.state.blurred.insert((list, Blur::Appended));
        self.state.open(value, 0);
        let fact = self.state.fact(value);
        if fact.bits.has_nil() && fact.evidence.is_some() {
            return;
        }
        self.grow(list, value);
    }

    /// The elements change their places; one more is put among them, if the list grows.
    pub(super) fn rearrange(&mut self, list: Value, doubt: Doubt, grows: bool) {
        let elements = self.state.fields(list, Key::FIRST_NUMBER);
        self.state.disturb(list, Key::FIRST_NUMBER, doubt);
        self.state.blurred.insert((list, Blur::Appended));
        for (slot, content) in elements {
            let is_element = !matches!(slot, Slot::Field(_, Key::Length));
            if is_element && !self.state.fact(content).bits.has_nil() {
                let another = self.state.fresh(Fact::of(Bits::NOT_NIL));
                self.state.write(slot, another);
            }
        }
        if grows {
            let last = self.state.fresh(Fact::of(Bits::NOT_NIL));
            self.grow(list, last);
        }
    }

    /// The last element is this one, and there is one more than was known.
    fn grow(&mut self, list: Value, last: Value) {
        let length = self.state.read(Slot::Field(list, Key::Length));
        self.state.write(Slot::Field(list, Key::Of(length)), last);
        let missing = POSITIONS.into_iter().find_map(|number| {
            let slot = Slot::Field(list, Key::Number(number));
            let element = self.state.read(slot);
            let is_missing = self.state.fact(element).bits.has_nil();
            is_missing.then_some((slot, element))
        });
        if let Some((slot, element)) = missing {
            let nature = self.state.nature(element);
            let added = self.state.made(nature, Fact::of(Bits::NOT_NIL));
            self.state.write(slot, added);
        }
    }

    /// The body of `for _, element in ipairs(list)` is entered: there is a first one.
    pub(super) fn assume_first(&mut self, list: Value) {
        let first = self.state.read(Slot::Field(list, Key::Number(b"1")));
        self.restrict(first, Bits::NOT_NIL);
    }
}
