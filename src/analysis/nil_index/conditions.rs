//! Tests: what is known when a condition is true, and when it is false.
//!
//! A condition is interpreted once and gives both outcomes, so `and`, `or` and `not` compose them and nothing needs
//! to know De Morgan. Deliberately absent: predicates of the file (`is_valid(x)` may test anything: [`super::calls`]).

use std::rc::Rc;

use super::interpreter::Interpreter;
use super::kinds::{FIELDS, Kind, kind};
use super::state::{Delta, Mark};
use super::value::{Bits, Doubt, Evidence, Fact, Implications, Implied, Key, Reason, Slot, Value};
use crate::matcher::Node;

/// A result of a test remembers at most so many things that follow.
const IMPLICATION_LIMIT: usize = 16;

/// A condition with its outcomes, as changes from before it.
pub(super) struct Judged<'t> {
    /// The operand that is the value in any case; none when the value is a new one.
    operand: Option<Value>,
    fact: Fact<'t>,
    pub when_true: Option<Delta<'t>>,
    pub when_false: Option<Delta<'t>>,
}

impl<'t> Interpreter<'_, 't> {
    /// Interprets a condition and leaves the state as it was before.
    pub(super) fn judge(&mut self, node: Node) -> Judged<'t> {
        let operands = (
            self.tree.child_by_field(node, FIELDS.left),
            self.tree.child_by_field(node, FIELDS.right),
        );
        match (kind(self.tree, node), self.operator(node), operands) {
            (Kind::Parenthesized, ..) => match self.tree.named_children(node).next() {
                Some(inner) => self.judge(inner),
                None => self.judge_value(node),
            },
            (Kind::Unary, b"not", _) => match self.tree.child_by_field(node, FIELDS.operand) {
                Some(operand) => self.judge_not(operand),
                None => self.judge_value(node),
            },
            (Kind::Binary, b"and", (Some(left), Some(right))) => self.judge_both(left, right, true),
            (Kind::Binary, b"or", (Some(left), Some(right))) => self.judge_both(left, right, false),
            (Kind::Binary, b"==", (Some(left), Some(right))) => {
                self.judge_equality(node, left, right, true)
            }
            (Kind::Binary, b"~=", (Some(left), Some(right))) => {
                self.judge_equality(node, left, right, false)
            }
            _ => self.judge_value(node),
        }
    }

    /// The value of `and`, `or`, `not`, `==` and `~=`: it remembers what follows from it.
    pub(super) fn test_value(&mut self, node: Node) -> Value {
        let judged = self.judge(node);
        let implications = Implications {
            when_true: self.implied(judged.when_true.as_ref()),
            when_false: self.implied(judged.when_false.as_ref()),
        };
        let paths: Vec<Delta<'t>> = judged
            .when_true
            .into_iter()
            .chain(judged.when_false)
            .collect();
        self.converge(&paths);
        if let Some(operand) = judged.operand {
            return operand;
        }
        let is_empty = implications.when_true.is_empty() && implications.when_false.is_empty();
        let implies = (!is_empty).then(|| Rc::new(implications));
        self.state.fresh(Fact {
            implies,
            ..judged.fact
        })
    }

    fn implied(&self, outcome: Option<&Delta<'t>>) -> Vec<Implied<'t>> {
        let changes = outcome.into_iter().flat_map(Delta::values);
        let news = changes.filter_map(|(value, fact)| {
            let (before, after) = (self.state.fact(value), fact?);
            let evidence = after.evidence.filter(|_| before.evidence.is_none());
            (after.bits != before.bits || evidence.is_some()).then_some(Implied {
                value,
                bits: after.bits,
                evidence,
            })
        });
        news.take(IMPLICATION_LIMIT).collect()
    }

    fn judge_value(&mut self, node: Node) -> Judged<'t> {
        let mark = self.state.mark();
        let value = match kind(self.tree, node) {
            // These come back here only when the tree is odd.
            Kind::Parenthesized => self.state.unknown(),
            _ => self.value(node),
        };
        if !self.alive {
            self.state.roll_back(mark);
            self.alive = true;
            return impossible();
        }
        let fact = self.state.fact(value);
        let when_true = self.suppose(mark, |this| this.restrict(value, Bits::TRUTHY));
        let when_false = self.suppose(mark, |this| this.restrict(value, Bits::FALSY));
        self.state.roll_back(mark);
        Judged {
            operand: Some(value),
            fact,
            when_true,
            when_false,
        }
    }

    fn judge_not(&mut self, operand: Node) -> Judged<'t> {
        let judged = self.judge(operand);
        Judged {
            operand: None,
            fact: Fact::of(Bits::NOT_NIL),
            when_true: judged.when_false,
            when_false: judged.when_true,
        }
    }

    /// `left and right` goes on to the right when the left is true, `left or right` when it is false.
    fn judge_both(&mut self, left: Node, right: Node, goes_on_when: bool) -> Judged<'t> {
        let mark = self.state.mark();
        let first = self.judge(left);
        let (on, off, kept) = match goes_on_when {
            true => (first.when_true, first.when_false, Bits::FALSY),
            false => (first.when_false, first.when_true, Bits::TRUTHY),
        };
        let Some(on) = on else {
            let (when_true, when_false) = if goes_on_when {
                (None, off)
            } else {
                (off, None)
            };
            return Judged {
                when_true,
                when_false,
                operand: first.operand,
                fact: first.fact,
            };
        };
        self.state.apply(&on);
        let second = self.judge(right);
        let on_true = self.since(mark, second.when_true.as_ref());
        let on_false = self.since(mark, second.when_false.as_ref());
        self.state.roll_back(mark);
        let (operand, fact) = match off {
            None => (second.operand, second.fact),
            Some(_) => {
                let bits = first.fact.bits & kept;
                let short = Fact { bits, ..first.fact };
                let is_short_only = second.when_true.is_none() && second.when_false.is_none();
                let fact = if is_short_only {
                    short
                } else {
                    let mut named =
                        |operand: Option<Value>| operand.unwrap_or_else(|| self.state.unknown());
                    Fact::join(&[
                        (named(first.operand), short),
                        (named(second.operand), second.fact),
                    ])
                };
                (None, fact)
            }
        };
        let (when_true, when_false) = match goes_on_when {
            true => (on_true, self.either(mark, off, on_false)),
            false => (self.either(mark, off, on_true), on_false),
        };
        Judged {
            operand,
            fact,
            when_true,
            when_false,
        }
    }

    /// One of two outcomes, whichever it is.
    fn either(
        &mut self,
        mark: Mark,
        one: Option<Delta<'t>>,
        other: Option<Delta<'t>>,
    ) -> Option<Delta<'t>> {
        let (Some(one), Some(other)) = (&one, &other) else {
            return one.or(other);
        };
        self.state.merge(&[one.clone(), other.clone()]);
        let delta = self.state.delta(mark);
        self.state.roll_back(mark);
        Some(delta)
    }

    fn judge_equality(&mut self, node: Node, left: Node, right: Node, when: bool) -> Judged<'t> {
        let mark = self.state.mark();
        let (one, other) = (self.value(left), self.value(right));
        if !self.alive {
            self.state.roll_back(mark);
            self.alive = true;
            return impossible();
        }
        let equal = self.suppose(mark, |this| this.assume_equal(node, one, other));
        let different = self.suppose(mark, |this| this.assume_different(one, other));
        self.state.roll_back(mark);
        let (when_true, when_false) = if when {
            (equal, different)
        } else {
            (different, equal)
        };
        Judged {
            operand: None,
            fact: Fact::of(Bits::NOT_NIL),
            when_true,
            when_false,
        }
    }

    /// What an assumption changes since the mark; none when it cannot hold.
    fn suppose(&mut self, mark: Mark, assume: impl FnOnce(&mut Self)) -> Option<Delta<'t>> {
        let here = self.state.mark();
        assume(self);
        let delta = self.alive.then(|| self.state.delta(mark));
        self.state.roll_back(here);
        self.alive = true;
        delta
    }

    /// Goes on only where the value is one of these.
    pub(super) fn restrict(&mut self, value: Value, bits: Bits) {
        if self.alive && !self.state.restrict(value, bits) {
            self.alive = false;
        }
    }

    fn assume_equal(&mut self, test: Node, one: Value, other: Value) {
        let (one_fact, other_fact) = (self.state.fact(one), self.state.fact(other));
        self.restrict(one, other_fact.bits);
        self.restrict(other, one_fact.bits);
        for (value, fact, literal) in [
            (one, one_fact, other_fact.text),
            (other, other_fact, self.text(one)),
        ] {
            let (Some(literal), true) = (literal, self.alive) else {
                continue;
            };
            match (fact.type_of, fact.text) {
                (Some(of), _) => self.assume_type(of, literal),
                (None, Some(text)) if text != literal => self.alive = false,
                (None, Some(_)) => {}
                (None, None) => {
                    let known = self.state.fact(value);
                    let text = Some(literal);
                    self.state.set_fact(value, Fact { text, ..known });
                }
            }
            if self.alive {
                self.assume_tag(test, value, literal);
            }
        }
    }

    fn text(&self, value: Value) -> Option<&'t [u8]> {
        self.state.fact(value).text
    }

    fn assume_type(&mut self, of: Value, name: &[u8]) {
        match name {
            b"nil" => self.restrict(of, Bits::NIL),
            b"boolean" => self.restrict(of, Bits::NOT_NIL),
            _ => self.restrict(of, Bits::TRUTHY),
        }
    }

    /// `x.tag == "name"` holds: somebody expects `x.name`, and nothing so far says that it is there.
    fn assume_tag(&mut self, test: Node, value: Value, name: &'t [u8]) {
        let Some((holder, Key::Name(tag))) = self.state.place(value) else {
            return;
        };
        if tag == name {
            return;
        }
        let payload = self.state.read(Slot::Field(holder, Key::Name(name)));
        let doubt = self.unions.construction(tag, name).map(Doubt::Built);
        let reason = Reason::Tag { test, holder, tag };
        self.state.suspect(payload, Evidence { reason, doubt });
        self.tagged.entry((holder, tag)).or_default().push(payload);
    }

    fn assume_different(&mut self, one: Value, other: Value) {
        let (one_fact, other_fact) = (self.state.fact(one), self.state.fact(other));
        for (value, fact, against) in [
            (one, &one_fact, &other_fact),
            (other, &other_fact, &one_fact),
        ] {
            match against.text {
                Some(b"nil") if fact.type_of.is_some() => {
                    self.restrict(fact.type_of.unwrap_or(value), Bits::NOT_NIL);
                }
                Some(text) if fact.text == Some(text) => self.alive = false,
                _ if against.bits == Bits::NIL => self.restrict(value, Bits::NOT_NIL),
                _ => {}
            }
        }
    }
}

/// What cannot be evaluated without an error.
fn impossible<'t>() -> Judged<'t> {
    Judged {
        operand: None,
        fact: Fact::UNKNOWN,
        when_true: None,
        when_false: None,
    }
}
