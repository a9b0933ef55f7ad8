//! Tests: what is known when a condition is true, and when it is false.
//!
//! A condition is interpreted once and gives both outcomes, so `and`, `or` and `not` compose them and nothing needs
//! to know De Morgan. Deliberately absent: predicates of the file (`is_valid(x)` may test anything: [`super::calls`]).

use std::rc::Rc;

use super::groups::Row;
use super::interpreter::Interpreter;
use super::kinds::{FIELDS, Kind, kind};
use super::state::{Delta, Mark};
use super::trace::What;
use super::value::{Bits, Evidence, Fact, Implications, Implied, Nature, Reason, Slot, Value};
use crate::matcher::Node;

/// A result of a test remembers at most so many things that follow.
pub(super) const IMPLICATION_LIMIT: usize = 16;

/// An expression comes about in at most so many ways that are told apart.
const WAY_LIMIT: usize = 6;

/// Ways in which a value can come about: what each changes, and what the value is then.
pub(super) type Ways<'t> = Vec<(Delta<'t>, Row<'t>)>;

/// A condition with its outcomes, as changes from before it.
pub(super) struct Judged<'t> {
    /// The operand that is the value in any case; none when the value is a new one.
    pub operand: Option<Value>,
    nature: Nature,
    pub fact: Fact<'t>,
    /// Each way in which the value can come about, and what it is then; none when there are too many.
    pub ways: Ways<'t>,
    pub when_true: Option<Delta<'t>>,
    pub when_false: Option<Delta<'t>>,
}

/// What the right side of `and` or `or` is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It is tested.
    Test,
    /// It may be the value.
    Value,
    /// It is the value when the condition on the left is true, and is meant to be there.
    Choice,
}

impl Role {
    fn of(is_test: bool) -> Self {
        if is_test { Self::Test } else { Self::Value }
    }
}

impl<'t> Interpreter<'_, 't> {
    /// Interprets a condition and leaves the state as it was before.
    pub(super) fn judge(&mut self, node: Node) -> Judged<'t> {
        self.judge_as(node, true)
    }

    /// Interprets an expression for both outcomes. Of `a or b`, `b` is a test only where the whole is one.
    fn judge_as(&mut self, node: Node, is_test: bool) -> Judged<'t> {
        let operands = (
            self.tree.child_by_field(node, FIELDS.left),
            self.tree.child_by_field(node, FIELDS.right),
        );
        match (kind(self.tree, node), self.operator(node), operands) {
            (Kind::Parenthesized, ..) => match self.tree.named_children(node).next() {
                Some(inner) => self.judge_as(inner, is_test),
                None => self.judge_value(node, is_test),
            },
            (Kind::Unary, b"not", _) => match self.tree.child_by_field(node, FIELDS.operand) {
                Some(operand) => self.judge_not(operand),
                None => self.judge_value(node, is_test),
            },
            (Kind::Binary, b"and", (Some(left), Some(right))) => {
                self.judge_both(left, right, true, Role::of(is_test))
            }
            (Kind::Binary, b"or", (Some(left), Some(right))) => {
                self.judge_both(left, right, false, Role::of(is_test))
            }
            (Kind::Binary, b"==", (Some(left), Some(right))) => {
                let judged = self.judge_equality(node, left, right, true);
                self.note_test(node, &judged);
                judged
            }
            (Kind::Binary, b"~=", (Some(left), Some(right))) => {
                let judged = self.judge_equality(node, left, right, false);
                self.note_test(node, &judged);
                judged
            }
            (Kind::Binary, b"<" | b">" | b"<=" | b">=", (Some(left), Some(right))) => {
                let judged = self.judge_order(node, left, right);
                self.note_test(node, &judged);
                judged
            }
            _ => {
                let judged = self.judge_value(node, is_test);
                if is_test {
                    self.note_test(node, &judged);
                }
                judged
            }
        }
    }

    /// Keeps what a test says of values.
    fn note_test(&mut self, node: Node, judged: &Judged<'t>) {
        if self.state.trace.is_none() {
            return;
        }
        let outcomes = [&judged.when_true, &judged.when_false];
        let changed = outcomes.into_iter().flatten().flat_map(Delta::values);
        let mut values: Vec<Value> = changed.map(|(value, _)| value).collect();
        values.sort_unstable();
        values.dedup();
        for value in values {
            let before = self.state.fact(value);
            let facts = outcomes.map(|outcome| {
                let mut known = outcome.as_ref()?.values();
                let fact = known.find(|(known, _)| *known == value);
                Some(fact.map_or(before.clone(), |(_, fact)| {
                    fact.cloned().unwrap_or(Fact::UNKNOWN)
                }))
            });
            let bits = facts.clone().map(|fact| fact.map(|fact| fact.bits));
            let news = facts.into_iter().flatten().filter_map(|fact| fact.evidence);
            let news = news.last().filter(|_| before.evidence.is_none());
            if bits[0] != bits[1] || news.is_some() {
                let evidence = news.or(before.evidence);
                let what = What::Tested(bits);
                self.state
                    .note_as(node, value, what, Fact { evidence, ..before });
            }
        }
    }

    /// The value of `and`, `or`, `not`, `==` and `~=`: it remembers what follows from it.
    pub(super) fn test_value(&mut self, node: Node) -> Value {
        let judged = self.judge_as(node, false);
        let implications = Implications {
            when_true: self.implied(judged.when_true.as_ref()),
            when_false: self.implied(judged.when_false.as_ref()),
        };
        let rows = self.rows_of_ways(&judged.ways);
        let is_single = judged.ways.len() < 2 || judged.operand.is_some();
        let paths: Vec<Delta<'t>> = if is_single {
            judged
                .when_true
                .into_iter()
                .chain(judged.when_false)
                .collect()
        } else {
            judged.ways.into_iter().map(|(delta, _)| delta).collect()
        };
        self.converge(&paths);
        if let Some(operand) = judged.operand {
            return operand;
        }
        let is_empty = implications.when_true.is_empty() && implications.when_false.is_empty();
        let implies = (!is_empty).then(|| Rc::new(implications));
        let mut fact = Fact {
            implies,
            ..judged.fact
        };
        if fact.evidence.is_none() && !is_single {
            let evident = rows.0.iter().filter(|row| row.bits.has_nil());
            fact.evidence = evident.filter_map(|row| row.evidence).next();
        }
        let value = self.state.made(judged.nature, fact);
        if self.alive && !is_single {
            let (result, mut members) = rows;
            members.insert(0, (value, result));
            self.state.gather(members);
        }
        value
    }

    /// For each way, what the result is; and what the values are that the ways tell apart.
    fn rows_of_ways(
        &self,
        ways: &[(Delta<'t>, Row<'t>)],
    ) -> (Vec<Row<'t>>, Vec<(Value, Vec<Row<'t>>)>) {
        let result = ways.iter().map(|(_, row)| row.clone()).collect();
        let mut values: Vec<Value> = ways
            .iter()
            .flat_map(|(delta, _)| delta.values().map(|(value, _)| value))
            .collect();
        values.sort_unstable();
        values.dedup();
        let members = values.into_iter().map(|value| {
            let row = |(delta, _): &(Delta<'t>, Row<'t>)| {
                let mut changed = delta.values().filter(|(changed, _)| *changed == value);
                match changed.next().and_then(|(_, fact)| fact) {
                    Some(fact) => Row::from(fact),
                    None => Row::from(&self.state.fact(value)),
                }
            };
            (value, ways.iter().map(row).collect())
        });
        (result, members.take(IMPLICATION_LIMIT).collect())
    }

    fn implied(&self, outcome: Option<&Delta<'t>>) -> Vec<Implied<'t>> {
        let changes = outcome.into_iter().flat_map(Delta::values);
        let news = changes.filter_map(|(value, fact)| {
            let (before, after) = (self.state.fact(value), fact?);
            let evidence = after.evidence.filter(|_| before.evidence.is_none());
            let text = after.text.filter(|_| before.text.is_none());
            let is_news = after.bits != before.bits || evidence.is_some() || text.is_some();
            is_news.then_some(Implied {
                value,
                bits: after.bits,
                evidence,
                text,
            })
        });
        news.take(IMPLICATION_LIMIT).collect()
    }

    fn judge_value(&mut self, node: Node, is_test: bool) -> Judged<'t> {
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
        if is_test {
            self.note_late_test(value, node);
        }
        let mut suppose = |bits: Bits| {
            self.suppose(mark, |this| match is_test {
                true => this.restrict_tested(value, bits, node),
                false => this.restrict(value, bits),
            })
        };
        let (when_true, when_false) = (suppose(Bits::TRUTHY), suppose(Bits::FALSY));
        self.state.roll_back(mark);
        let is_open = fact.evidence.is_none() && !fact.is_reported;
        let tested = Evidence::certain(Reason::Tested(node));
        let evidence = match is_test && is_open {
            true => Some(tested),
            false => fact.evidence,
        };
        Judged {
            operand: Some(value),
            nature: self.state.nature(value),
            ways: ways(when_true.as_ref(), when_false.as_ref(), &fact, evidence),
            fact,
            when_true,
            when_false,
        }
    }

    fn judge_not(&mut self, operand: Node) -> Judged<'t> {
        let judged = self.judge(operand);
        truth(judged.when_false, judged.when_true)
    }

    /// `left and right` goes on to the right when the left is true, `left or right` when it is false.
    fn judge_both(
        &mut self,
        left: Node,
        right: Node,
        goes_on_when: bool,
        role: Role,
    ) -> Judged<'t> {
        let mark = self.state.mark();
        let is_value = !goes_on_when && role != Role::Test;
        let first = match self.choice(left).filter(|_| is_value) {
            Some((condition, chosen)) => self.judge_both(condition, chosen, true, Role::Choice),
            None => self.judge(left),
        };
        let (on, off, kept) = match goes_on_when {
            true => (first.when_true, first.when_false, Bits::FALSY),
            false => (first.when_false, first.when_true, Bits::TRUTHY),
        };
        let Some(on) = on else {
            let (when_true, when_false) = match goes_on_when {
                true => (None, off),
                false => (off, None),
            };
            return Judged {
                when_true,
                when_false,
                ..first
            };
        };
        self.state.apply(&on);
        let mut second = self.judge_as(right, role == Role::Test);
        if role == Role::Choice {
            second.choose();
        }
        // What an empty table stands in for, when that is the result of a test: it has to be told apart by a value.
        let is_fallback = !goes_on_when && self.is_fallback(right);
        let stand_in = match first.operand {
            None if is_fallback => Some(self.state.made(first.nature, first.fact.clone())),
            operand => operand.filter(|_| is_fallback),
        };
        let noted = stand_in.filter(|_| first.operand.is_none());
        let ways = self.ways_of_both(mark, (first.ways, kept), &second.ways, noted);
        let on_true = self.since(mark, second.when_true.as_ref());
        let on_false = self.since(mark, second.when_false.as_ref());
        self.state.roll_back(mark);
        let (operand, nature, fact) = match off {
            None => (second.operand, second.nature, second.fact),
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
                let nature = match (goes_on_when, is_fallback) {
                    (false, true) => Nature {
                        fallback_of: stand_in,
                        ..Nature::default()
                    },
                    (false, false) => Nature::join([first.nature, second.nature]),
                    (true, _) => second.nature,
                };
                (None, nature, fact)
            }
        };
        let (when_true, when_false) = match goes_on_when {
            true => {
                let off = self.untested(mark, off, on_false.as_ref());
                (on_true, self.either_kind(mark, off, on_false))
            }
            false => {
                let off = self.untested(mark, off, on_true.as_ref());
                (self.either_kind(mark, off, on_true), on_false)
            }
        };
        Judged {
            operand,
            nature,
            ways,
            fact,
            when_true,
            when_false,
        }
    }

    /// The ways of two operands: those of the first on which its value is `kept`, and those on which the second is asked.
    /// Each notes what it says of a value that stands for the first.
    fn ways_of_both(
        &mut self,
        mark: Mark,
        (first, kept): (Ways<'t>, Bits),
        second: &Ways<'t>,
        noted: Option<Value>,
    ) -> Ways<'t> {
        let note = |mut delta: Delta<'t>, bits: Bits| {
            let fact = noted.map(|value| (value, Some(Fact::of(bits))));
            delta.facts.extend(fact);
            delta
        };
        let mut ways = Ways::new();
        for (delta, row) in first {
            let bits = row.bits & kept;
            if !bits.is_empty() {
                ways.push((note(delta, Bits::TRUTHY), Row { bits, ..row }));
            }
        }
        for (delta, row) in second {
            let delta = self.since(mark, Some(delta));
            ways.extend(delta.map(|delta| (note(delta, Bits::FALSY), row.clone())));
        }
        if ways.len() > WAY_LIMIT || second.is_empty() {
            ways.clear();
        }
        ways
    }

    /// What an assumption changes since the mark; none when it cannot hold.
    pub(super) fn suppose(
        &mut self,
        mark: Mark,
        assume: impl FnOnce(&mut Self),
    ) -> Option<Delta<'t>> {
        let here = self.state.mark();
        assume(self);
        let delta = self.alive.then(|| self.state.delta(mark));
        self.state.roll_back(here);
        self.alive = true;
        delta
    }

    /// Goes on only where the value is one of these.
    pub(super) fn restrict(&mut self, value: Value, bits: Bits) {
        if !self.alive {
            return;
        }
        if !self.state.restrict(value, bits) {
            self.alive = false;
            return;
        }
        // What an empty table does not have came from the value that it stands in for.
        if bits.is_within(Bits::NOT_NIL)
            && let Some(Slot::Field(holder, key)) = self.state.slot(value)
            && let Some(original) = self.state.nature(holder).fallback_of
        {
            self.restrict(original, Bits::TRUTHY);
            let same = self.state.read(Slot::Field(original, key));
            self.restrict(same, bits);
        }
    }

    /// As above, by a test for nil: whoever tests a value thinks that it may be nil.
    pub(super) fn restrict_tested(&mut self, value: Value, bits: Bits, test: Node) {
        let fact = self.state.fact(value);
        let is_open = fact.evidence.is_none_or(|known| known.doubt.is_some());
        if self.alive && fact.bits.has_nil() && is_open && !fact.is_reported {
            let evidence = Some(Evidence::certain(Reason::Tested(test)));
            self.state.set_fact(value, Fact { evidence, ..fact });
        }
        self.restrict(value, bits);
    }

    /// A test of a value that has been used already: the use or the test is wrong.
    pub(super) fn note_late_test(&mut self, value: Value, test: Node) {
        let fact = self.state.fact(value);
        let Some(used) = fact
            .used
            .filter(|_| !fact.is_reported && !fact.bits.has_nil())
        else {
            return;
        };
        if self.file.options.use_then_test {
            self.report(used.node, used.focus, Evidence::soft(Reason::Later(test)));
        }
    }
}

/// The ways of a value that is true or false.
fn ways<'t>(
    when_true: Option<&Delta<'t>>,
    when_false: Option<&Delta<'t>>,
    fact: &Fact<'t>,
    evidence: Option<Evidence<'t>>,
) -> Ways<'t> {
    let row = |bits: Bits| Row {
        bits: fact.bits & bits,
        evidence: evidence.filter(|_| bits.has_nil()),
        text: fact.text.filter(|_| !bits.has_nil()),
        unlike: None,
    };
    let when_true = when_true.map(|delta| (delta.clone(), row(Bits::TRUTHY)));
    let when_false = when_false.map(|delta| (delta.clone(), row(Bits::FALSY)));
    when_true.into_iter().chain(when_false).collect()
}

/// A test that gives true or false.
pub(super) fn truth<'t>(when_true: Option<Delta<'t>>, when_false: Option<Delta<'t>>) -> Judged<'t> {
    let fact = Fact::of(Bits::NOT_NIL);
    Judged {
        operand: None,
        nature: Nature::default(),
        ways: ways(when_true.as_ref(), when_false.as_ref(), &fact, None),
        fact,
        when_true,
        when_false,
    }
}

/// What cannot be evaluated without an error.
pub(super) fn impossible<'t>() -> Judged<'t> {
    Judged {
        operand: None,
        nature: Nature::default(),
        ways: Vec::new(),
        fact: Fact::UNKNOWN,
        when_true: None,
        when_false: None,
    }
}
