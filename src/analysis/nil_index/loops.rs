//! Loops: a body is interpreted twice, the second time with what the first left behind.
//!
//! Deliberately absent: jumps ([`super::interpreter`]).

use super::interpreter::{Interpreter, LOOP_NEST, Loop};
use super::kinds::{FIELDS, Kind, kind};
use super::state::{Delta, Mark};
use super::value::{Bits, Fact, Key, Nature, Slot, Value};
use crate::matcher::Node;

impl<'t> Interpreter<'_, 't> {
    pub(super) fn while_loop(&mut self, node: Node) {
        let Some(condition) = self.tree.child_by_field(node, FIELDS.condition) else {
            return;
        };
        let body = self.tree.child_by_field(node, FIELDS.body);
        self.cycle(|this, mark, exits| {
            let judged = this.judge(condition);
            exits.extend(this.since(mark, judged.when_false.as_ref()));
            this.enter(judged.when_true.as_ref());
            this.block(body.filter(|_| this.alive));
        });
    }

    pub(super) fn repeat_loop(&mut self, node: Node) {
        let Some(condition) = self.tree.child_by_field(node, FIELDS.condition) else {
            return;
        };
        let body = self.tree.child_by_field(node, FIELDS.body);
        self.cycle(|this, mark, exits| {
            this.block(body);
            if !this.alive {
                return;
            }
            let judged = this.judge(condition);
            exits.extend(this.since(mark, judged.when_true.as_ref()));
            this.enter(judged.when_false.as_ref());
        });
    }

    pub(super) fn for_loop(&mut self, node: Node) {
        let Some(clause) = self.tree.child_by_field(node, FIELDS.clause) else {
            return;
        };
        let body = self.tree.child_by_field(node, FIELDS.body);
        let parts: Vec<Node> = self.tree.named_children(clause).collect();
        let (mut walked, mut is_list) = (None, false);
        let mut length = None;
        let mut limit = None;
        for part in parts
            .iter()
            .filter(|part| self.tree.field(**part) != FIELDS.name)
        {
            match kind(self.tree, *part) {
                Kind::VariableList => {}
                Kind::ExpressionList => {
                    self.values(Some(*part), 0);
                    walked = self.walked_table(*part);
                    is_list = self.tree.bytes(*part).starts_with(b"ipairs");
                }
                _ => {
                    let value = self.value(*part);
                    length = length.or(self.state.nature(value).length_of);
                    // The second number of `for i = 1, n`; with a step, it may count down.
                    let is_up = parts.len() == 3 && Some(part) == parts.get(2);
                    let from_one = parts
                        .get(1)
                        .is_some_and(|first| self.tree.bytes(*first) == b"1");
                    limit = Some(value).filter(|_| is_up && from_one).or(limit);
                }
            }
        }
        let is_numeric = kind(self.tree, clause) == Kind::NumericClause;
        if !self.alive {
            return;
        }
        let names: Vec<Node> = match parts.first() {
            Some(list) if kind(self.tree, *list) == Kind::VariableList => {
                self.tree.named_children(*list).collect()
            }
            first => first.copied().into_iter().collect(),
        };
        self.cycle(|this, mark, exits| {
            exits.push(this.state.delta(mark));
            if let Some(limit) = limit {
                this.assume_some(limit);
            }
            let original = walked.and_then(|table| this.state.nature(table).fallback_of);
            if let Some(original) = original {
                this.restrict(original, Bits::TRUTHY);
            }
            if let Some(list) = walked.filter(|_| is_list) {
                this.assume_first(list);
            }
            if this.alive {
                this.bind_loop_variables(&names, walked, length, is_numeric);
                this.block(body);
            }
        });
    }

    /// The body of `for i = 1, n` is entered: there is at least one.
    fn assume_some(&mut self, limit: Value) {
        match self.state.nature(limit).length_of {
            Some(_) => self.assume_length(Some((limit, true, 1)), true),
            None => self.exclude_text(limit, b"0"),
        }
    }

    /// The table that `pairs(t)` or `ipairs(t)` walks.
    pub(super) fn walked_table(&mut self, list: Node) -> Option<Value> {
        let call = self.tree.named_children(list).next()?;
        let name = self.tree.child_by_field(call, FIELDS.name)?;
        let arguments = self.tree.child_by_field(call, FIELDS.arguments)?;
        let table = self.tree.named_children(arguments).next()?;
        let is_walk = matches!(self.tree.bytes(name), b"pairs" | b"ipairs");
        // `x or {}` stands in for `x`.
        let is_simple = matches!(
            kind(self.tree, table),
            Kind::Identifier | Kind::Dot | Kind::Bracket
        ) || (kind(self.tree, table) == Kind::Binary
            && self.operator(table) == b"or");
        (is_walk && is_simple).then(|| self.value(table))
    }

    pub(super) fn bind_loop_variables(
        &mut self,
        names: &[Node],
        walked: Option<Value>,
        length: Option<Value>,
        is_numeric: bool,
    ) {
        let mut values = Vec::new();
        let source = walked.and_then(|table| self.state.nature(table).source);
        for (position, name) in names.iter().enumerate() {
            let bits = match position {
                0 => Bits::TRUTHY,
                1 if walked.is_some() => Bits::NOT_NIL,
                _ => Bits::ALL,
            };
            let nature = Nature {
                is_number: is_numeric,
                source: source.filter(|_| position == 1),
                ..Nature::default()
            };
            let value = self.state.made(nature, Fact::of(bits));
            values.push(value);
            self.store_variable(*name, value);
        }
        if let (Some(table), [key, content, ..]) = (walked, values.as_slice()) {
            self.state
                .write(Slot::Field(table, Key::Of(*key)), *content);
        } else if let (Some(table), [key]) = (walked.or(length), values.as_slice()) {
            let element = self.state.fresh(Fact::of(Bits::NOT_NIL));
            self.state.write(Slot::Field(table, Key::Of(*key)), element);
        }
    }

    /// Interprets a loop: twice, the second time with what the first left behind. `round` is one pass; it adds the
    /// states in which the loop ends by its condition.
    pub(super) fn cycle(&mut self, mut round: impl FnMut(&mut Self, Mark, &mut Vec<Delta<'t>>)) {
        let mark = self.state.mark();
        let at = self.state.at;
        let entry = self.state.delta(mark);
        let is_deep = self.loops.len() >= LOOP_NEST;
        self.loops.push(Loop {
            mark,
            breaks: Vec::new(),
        });
        let mut exits = Vec::new();
        let was_silent = self.is_silent;
        self.is_silent |= !is_deep;
        round(self, mark, &mut exits);
        let again = self.leave(mark);
        self.is_silent = was_silent;
        if is_deep {
            exits.extend(again);
        } else {
            // The second pass starts from wherever the first did, too, so that its ends are the ends of both.
            exits.clear();
            if let Some(around) = self.loops.last_mut() {
                around.breaks.clear();
            }
            self.state.at = at;
            let entries: Vec<Delta<'t>> = std::iter::once(entry).chain(again).collect();
            self.converge(&entries);
            round(self, mark, &mut exits);
            self.leave(mark);
        }
        exits.extend(self.loops.pop().map(|done| done.breaks).unwrap_or_default());
        self.state.at = at;
        self.converge(&exits);
    }

    /// Whether this is in a loop.
    pub fn is_in_loop(&self) -> bool {
        !self.loops.is_empty()
    }
}
