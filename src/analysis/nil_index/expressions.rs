//! Expressions: which value each one has, and the accesses in it.
//!
//! Deliberately absent: what a call does ([`super::calls`]) and what follows from a test ([`super::conditions`]).

use super::interpreter::Interpreter;
use super::kinds::{FIELDS, Kind, kind, plain_text};
use super::value::{Bits, Doubt, Evidence, Fact, Key, Reason, Slot, Value};
use crate::analysis::Hit;
use crate::finding::Certainty;
use crate::matcher::Node;

/// How many characters of code a message quotes.
const QUOTE_LIMIT: usize = 60;

impl<'t> Interpreter<'_, 't> {
    /// The value of an expression.
    pub(super) fn value(&mut self, node: Node) -> Value {
        if !self.alive {
            return self.state.unknown();
        }
        self.state.spent += 1;
        match kind(self.tree, node) {
            Kind::Identifier => match self.names.binding(node) {
                Some(binding) => self.state.read(Slot::Variable(binding)),
                None => self.state.unknown(),
            },
            Kind::Nil => self.state.fresh(Fact::of(Bits::NIL)),
            Kind::False => self.state.fresh(Fact::of(Bits::FALSE)),
            Kind::True | Kind::Number | Kind::FunctionDefinition => {
                self.state.fresh(Fact::of(Bits::TRUTHY))
            }
            Kind::String => {
                let text = plain_text(self.tree, node);
                self.state.fresh(Fact {
                    text,
                    ..Fact::of(Bits::TRUTHY)
                })
            }
            Kind::Parenthesized => match self.tree.named_children(node).next() {
                Some(inner) => self.value(inner),
                None => self.state.unknown(),
            },
            Kind::Dot | Kind::Bracket => match self.field(node) {
                Some((slot, _)) => self.state.read(slot),
                None => self.state.unknown(),
            },
            Kind::Table => self.table(node),
            Kind::Call => self.call(node),
            Kind::Binary | Kind::Unary => self.operation(node),
            _ => self.state.unknown(),
        }
    }

    /// The values of a list of expressions, made `wanted` long: the last call may give more, else there is nil.
    pub(super) fn values(&mut self, list: Option<Node>, wanted: usize) -> Vec<Value> {
        let tree = self.tree;
        let expressions: Vec<Node> = list
            .into_iter()
            .flat_map(|list| tree.named_children(list))
            .collect();
        let mut values: Vec<Value> = expressions.iter().map(|node| self.value(*node)).collect();
        let last = expressions.last().map(|last| kind(tree, *last));
        let is_open_ended = !matches!(
            last,
            None | Some(
                Kind::Nil
                    | Kind::True
                    | Kind::False
                    | Kind::Number
                    | Kind::String
                    | Kind::Table
                    | Kind::Identifier
                    | Kind::Dot
                    | Kind::Bracket
                    | Kind::FunctionDefinition
                    | Kind::Binary
                    | Kind::Unary
                    | Kind::Parenthesized
            )
        );
        while values.len() < wanted {
            let more = match is_open_ended {
                true => self.state.unknown(),
                false => self.state.fresh(Fact::of(Bits::NIL)),
            };
            values.push(more);
        }
        values
    }

    /// The slot that an index expression means, after the access to its table; and the node of the key.
    pub(super) fn field(&mut self, node: Node) -> Option<(Slot<'t>, Node)> {
        let table = self.tree.child_by_field(node, FIELDS.table)?;
        let is_method = kind(self.tree, node) == Kind::Method;
        let name = if is_method {
            FIELDS.method
        } else {
            FIELDS.field
        };
        let key = self.tree.child_by_field(node, name)?;
        let holder = self.value(table);
        self.access(holder, table, node);
        let key_found = match kind(self.tree, node) {
            Kind::Bracket => self.key(key),
            _ => Key::Name(self.tree.bytes(key)),
        };
        Some((Slot::Field(holder, key_found), key))
    }

    fn key(&mut self, node: Node) -> Key<'t> {
        match kind(self.tree, node) {
            Kind::Number => Key::Number(self.tree.bytes(node)),
            _ => {
                let value = self.value(node);
                self.state
                    .fact(value)
                    .text
                    .map_or(Key::Of(value), Key::Name)
            }
        }
    }

    /// Whether a key can only be a number, by its shape.
    pub(super) fn is_number(&self, key: Node) -> bool {
        let operator = self.tree.child_by_field(key, FIELDS.operator);
        let operator = operator
            .map(|operator| self.tree.bytes(operator))
            .unwrap_or_default();
        matches!(
            operator,
            b"+" | b"-" | b"*" | b"/" | b"//" | b"%" | b"^" | b"#"
        )
    }

    /// A value is indexed or called: it is reported when the file says that it may be nil, and is not nil after.
    pub(super) fn access(&mut self, value: Value, focus: Node, node: Node) {
        if !self.alive {
            return;
        }
        let fact = self.state.fact(value);
        if !fact.bits.has_nil() {
            return;
        }
        if let Some(evidence) = fact.evidence {
            let known = self.findings.get(&node);
            if known.is_none_or(|(_, known)| known.certainty() < evidence.certainty()) {
                self.findings.insert(node, (focus, evidence));
            }
        }
        self.demand(value);
    }

    /// From here on the value is not nil, or an error was raised.
    pub(super) fn demand(&mut self, value: Value) {
        let fact = self.state.fact(value);
        if !fact.bits.has_nil() {
            return;
        }
        let bits = fact.bits & Bits::NOT_NIL;
        if bits.is_empty() {
            self.alive = false;
            return;
        }
        self.state.set_fact(
            value,
            Fact {
                bits,
                evidence: None,
                ..fact
            },
        );
    }

    fn table(&mut self, node: Node) -> Value {
        let table = self.state.fresh(Fact::of(Bits::TRUTHY));
        for field in self.tree.named_children(node) {
            let Some(content) = self.tree.child_by_field(field, FIELDS.value) else {
                continue;
            };
            let name = self.tree.child_by_field(field, FIELDS.name);
            let is_bracketed = self
                .tree
                .children(field)
                .next()
                .is_some_and(|first| self.tree.bytes(first) == b"[");
            let key = match name {
                Some(name) if is_bracketed => Some(self.key(name)),
                Some(name) => Some(Key::Name(self.tree.bytes(name))),
                None => None,
            };
            let content = self.value(content);
            if let Some(key) = key {
                self.state.write(Slot::Field(table, key), content);
            }
        }
        table
    }

    fn operation(&mut self, node: Node) -> Value {
        let operator = self.operator(node);
        if matches!(operator, b"and" | b"or" | b"not" | b"==" | b"~=") {
            return self.test_value(node);
        }
        let operands: Vec<Node> = [FIELDS.left, FIELDS.right, FIELDS.operand]
            .into_iter()
            .filter_map(|field| self.tree.child_by_field(node, field))
            .collect();
        let values: Vec<Value> = operands
            .into_iter()
            .map(|operand| self.value(operand))
            .collect();
        for value in values {
            if self.alive {
                self.demand(value);
            }
        }
        let bits = match operator {
            b"<" | b">" | b"<=" | b">=" => Bits::NOT_NIL,
            _ => Bits::TRUTHY,
        };
        self.state.fresh(Fact::of(bits))
    }

    pub(super) fn operator(&self, node: Node) -> &'t [u8] {
        let operator = self.tree.child_by_field(node, FIELDS.operator);
        operator
            .map(|operator| self.tree.bytes(operator))
            .unwrap_or_default()
    }

    /// A finding in words.
    pub(super) fn describe(&self, node: Node, focus: Node, evidence: &Evidence<'t>) -> Hit {
        let value = self.quote(focus);
        let Reason::Tag { test, .. } = evidence.reason;
        let tested = self.quote_test(test);
        let mut labels = vec![(
            self.tree.range(test),
            format!("`{tested}` is all that is known here"),
        )];
        let mut message = format!("`{value}` may be nil: only `{tested}` was tested");
        let ask = match evidence.doubt {
            None => None,
            Some(Doubt::Call(call)) => {
                let call_text = self.quote(call);
                labels.push((
                    self.tree.range(call),
                    format!("may change or test `{value}`"),
                ));
                message = format!(
                    "`{value}` may be nil after `{call_text}`: `{tested}` does not say that it is there"
                );
                Some(format!("Can `{value}` be nil after `{call_text}`?"))
            }
            Some(Doubt::Write(target)) => {
                let target_text = self.quote(target);
                labels.push((self.tree.range(target), format!("may be `{value}`")));
                message = format!("`{value}` may be nil after the write to `{target_text}`");
                Some(format!(
                    "Can the write to `{target_text}` leave `{value}` nil?"
                ))
            }
            Some(Doubt::Built(table)) => {
                labels.push((
                    self.tree.range(table),
                    "such a table is built with it here".to_owned(),
                ));
                message = format!("{message}; this file builds such tables with it");
                Some(format!(
                    "Is `{value}` given wherever a table with `{tested}` is built?"
                ))
            }
            Some(Doubt::SomePaths) => {
                message = format!(
                    "`{value}` may be nil: it is given on some paths, else only `{tested}` was tested"
                );
                Some(format!(
                    "Is `{value}` given on every path on which `{tested}` holds?"
                ))
            }
        };
        debug_assert_eq!(ask.is_some(), evidence.certainty() == Certainty::Ambiguous);
        Hit {
            node,
            focus,
            certainty: evidence.certainty(),
            message,
            ask,
            labels,
        }
    }

    /// The comparison as it is when it is true, the tag first.
    fn quote_test(&self, test: Node) -> String {
        let side = |field| self.tree.child_by_field(test, field);
        let (Some(left), Some(right)) = (side(FIELDS.left), side(FIELDS.right)) else {
            return self.quote(test);
        };
        let (tag, literal) = match kind(self.tree, left) {
            Kind::String => (right, left),
            _ => (left, right),
        };
        format!("{} == {}", self.quote(tag), self.quote(literal))
    }

    fn quote(&self, node: Node) -> String {
        let text = String::from_utf8_lossy(self.tree.bytes(node));
        let words: Vec<&str> = text.split_whitespace().collect();
        let line = words.join(" ");
        match line.char_indices().nth(QUOTE_LIMIT) {
            Some((end, _)) => format!("{}...", line.get(..end).unwrap_or_default()),
            None => line,
        }
    }
}
