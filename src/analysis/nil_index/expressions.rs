//! Expressions: which value each one has, and the accesses in it.
//!
//! Deliberately absent: what a call does ([`super::calls`]) and what follows from a test ([`super::conditions`]).

use super::interpreter::Interpreter;
use super::kinds::{FIELDS, Kind, kind, plain_text};
use super::lists::POSITIONS;
use super::state::Blur;
use super::trace::What;
use super::value::{Bits, Evidence, Fact, Key, Nature, Reason, Slot, Use, Value};
use crate::matcher::Node;

impl<'t> Interpreter<'_, 't> {
    /// The value of an expression.
    pub(super) fn value(&mut self, node: Node) -> Value {
        if !self.alive {
            return self.state.unknown();
        }
        self.state.spent += 1;
        match kind(self.tree, node) {
            Kind::Identifier => match self.file.names.binding(node) {
                Some(binding) => self.state.read(Slot::Variable(binding)),
                None => self.state.unknown(),
            },
            Kind::Nil => self.nil(Reason::Literal(node)),
            Kind::False => self.state.fresh(Fact::of(Bits::FALSE)),
            Kind::True => self.state.fresh(Fact::of(Bits::TRUTHY)),
            Kind::Number => {
                let number = self.number();
                let text = Some(self.tree.bytes(node));
                let fact = self.state.fact(number);
                self.state.set_fact(number, Fact { text, ..fact });
                number
            }
            Kind::FunctionDefinition => {
                self.capture(node);
                let nature = Nature {
                    function: self.file.survey.function_at(node),
                    ..Nature::default()
                };
                self.state.made(nature, Fact::of(Bits::TRUTHY))
            }
            Kind::String => {
                let text = plain_text(self.tree, node);
                self.string(text)
            }
            Kind::Parenthesized => match self.tree.named_children(node).next() {
                Some(inner) => self.value(inner),
                None => self.state.unknown(),
            },
            Kind::Dot | Kind::Bracket => match self.field(node) {
                Some((slot, _)) => {
                    let value = self.state.read(slot);
                    if let Slot::Field(holder, _) = slot
                        && let Some(test) = self.state.fact(holder).kind
                    {
                        self.read_under.insert(value, test);
                    }
                    value
                }
                None => self.state.unknown(),
            },
            Kind::Table => self.table(node),
            Kind::Call => {
                let values = self.call(node, 1);
                values
                    .first()
                    .copied()
                    .unwrap_or_else(|| self.state.unknown())
            }
            Kind::Binary | Kind::Unary => self.operation(node),
            _ => self.state.unknown(),
        }
    }

    pub(super) fn nil(&mut self, reason: Reason<'t>) -> Value {
        let fact = Fact::with(Bits::NIL, Evidence::certain(reason));
        self.state.made(Nature::default(), fact)
    }

    pub(super) fn number(&mut self) -> Value {
        let nature = Nature {
            is_number: true,
            ..Nature::default()
        };
        self.state.made(nature, Fact::of(Bits::TRUTHY))
    }

    fn string(&mut self, text: Option<&'t [u8]>) -> Value {
        let nature = Nature {
            path: self.file.knowledge.root(b"string"),
            ..Nature::default()
        };
        let fact = Fact {
            text,
            ..Fact::of(Bits::TRUTHY)
        };
        self.state.made(nature, fact)
    }

    /// The values of a list of expressions, made `wanted` long: the last call may give more, else there is nil.
    pub(super) fn values(&mut self, list: Option<Node>, wanted: usize) -> Vec<Value> {
        let tree = self.tree;
        let expressions: Vec<Node> = list
            .into_iter()
            .flat_map(|list| tree.named_children(list))
            .collect();
        let mut values = Vec::with_capacity(wanted.max(expressions.len()));
        for (position, expression) in expressions.iter().enumerate() {
            let is_last = position + 1 == expressions.len();
            if is_last && kind(tree, *expression) == Kind::Call && self.alive {
                self.state.spent += 1;
                let rest = wanted.saturating_sub(position).max(1);
                values.extend(self.call(*expression, rest));
            } else {
                values.push(self.value(*expression));
            }
        }
        let is_open_ended = self.is_open_list(&expressions);
        while values.len() < wanted {
            let more = match (is_open_ended, list) {
                (false, Some(list)) => self.nil(Reason::Unassigned(list)),
                _ => self.state.unknown(),
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
        self.state.place = node;
        let key_found = match kind(self.tree, node) {
            Kind::Bracket => self.key(key),
            _ => Key::Name(self.tree.bytes(key)),
        };
        Some((Slot::Field(holder, key_found), key))
    }

    fn key(&mut self, node: Node) -> Key<'t> {
        match kind(self.tree, node) {
            Kind::Number => Key::Number(self.tree.bytes(node)),
            Kind::String if plain_text(self.tree, node).is_some() => {
                Key::Name(plain_text(self.tree, node).unwrap_or_default())
            }
            _ => {
                let value = self.value(node);
                self.state.place = node;
                // What begins with a digit may be a number.
                let text = self.state.fact(value).text;
                text.filter(|text| !text.first().is_some_and(u8::is_ascii_digit))
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
        ) || kind(self.tree, key) == Kind::Number
    }

    /// A value is indexed or called: it is reported when the file says that it may be nil, and is not nil after.
    pub(super) fn access(&mut self, value: Value, focus: Node, node: Node) {
        if !self.alive {
            return;
        }
        let fact = self.state.fact(value);
        if !self.is_silent {
            self.state.note(focus, value, What::Accessed(node));
        }
        if !fact.bits.has_nil() {
            return;
        }
        let evidence = fact.evidence.or_else(|| {
            let is_unknown = fact.bits == Bits::ALL && !fact.is_reported;
            self.evidence_of_access(value, focus, node)
                .filter(|_| is_unknown)
        });
        match evidence {
            Some(evidence) => {
                let is_told = self.is_told_in_chain(focus);
                if !is_told {
                    self.report(node, focus, evidence);
                }
                let bits = fact.bits & Bits::NOT_NIL;
                self.alive = !bits.is_empty();
                let evidence_left = Some(evidence).filter(|_| self.is_silent);
                self.state.set_fact(
                    value,
                    Fact {
                        bits,
                        // The second round of the loop comes back to it.
                        evidence: evidence_left,
                        is_reported: !self.is_silent,
                        ..fact
                    },
                );
                self.restrict(value, Bits::NOT_NIL);
            }
            None => {
                let used = Some(Use {
                    focus,
                    node,
                    calls: self.state.calls,
                });
                self.state.set_fact(value, Fact { used, ..fact });
                self.restrict(value, Bits::NOT_NIL);
            }
        }
    }

    /// Whether a value before this one in the same chain was reported: nil spreads down the chain.
    fn is_told_in_chain(&self, focus: Node) -> bool {
        let mut inner = focus;
        loop {
            inner = match kind(self.tree, inner) {
                Kind::Dot | Kind::Bracket | Kind::Method => {
                    if self.findings.contains_key(&inner) {
                        return true;
                    }
                    match self.tree.child_by_field(inner, FIELDS.table) {
                        Some(table) => table,
                        None => return false,
                    }
                }
                _ => return false,
            };
        }
    }

    /// What an access itself says of an unknown value.
    fn evidence_of_access(
        &mut self,
        value: Value,
        focus: Node,
        node: Node,
    ) -> Option<Evidence<'t>> {
        let slot = self.state.slot(value)?;
        let is_call = kind(self.tree, node) == Kind::Call;
        let name = match slot {
            Slot::Variable(binding) => {
                let is_parameter = self.parameters.contains(&value);
                Some(self.file.names.name(binding)).filter(|_| is_parameter)
            }
            Slot::Field(_, Key::Name(name)) => Some(name),
            Slot::Field(..) => None,
        }?;
        if is_call {
            let position = self.parameters.iter().position(|known| *known == value);
            let given = self.shared.given.get(&self.function).copied();
            let is_given = position.filter(|position| *position < 32).zip(given);
            if is_given.is_some_and(|(position, given)| given & (1 << position) != 0) {
                return None;
            }
            let is_guarded = match slot {
                Slot::Field(holder, _) => self.is_guarded_around(holder, name),
                Slot::Variable(_) => false,
            };
            let is_hunch = self.file.knowledge.is_callback(name) && !is_guarded;
            return is_hunch.then(|| Evidence::soft(Reason::Callback(focus)));
        }
        let Slot::Field(holder, _) = slot else {
            return None;
        };
        if self.is_logging(node) {
            return None;
        }
        let test = match kind(self.tree, focus) {
            Kind::Identifier => {
                // `x = x.next` is a walk through a list, not a payload.
                let binding = self.file.names.binding(focus).map(Slot::Variable);
                let is_walk = binding == self.state.slot(holder);
                self.read_under.get(&value).copied().filter(|_| !is_walk)?
            }
            _ => self.state.fact(holder).kind?,
        };
        let is_receiver = self.parameters.first() == Some(&holder) && self.is_method;
        (!is_receiver).then(|| Evidence::soft(Reason::Kind(test)))
    }

    /// A method that every logger has, or every string.
    fn is_logging(&self, access: Node) -> bool {
        let name = self.tree.child_by_field(access, FIELDS.method);
        let known = name.and_then(|name| {
            let any = self.file.knowledge.root(b"@any")?;
            self.file.knowledge.method(any, self.tree.bytes(name))
        });
        known.is_some_and(|path| self.file.knowledge.known(path).is_pure)
    }

    /// Notes a finding; of two at the same place the more certain one stays.
    pub(super) fn report(&mut self, node: Node, focus: Node, evidence: Evidence<'t>) {
        if self.is_silent {
            return;
        }
        let known = self.findings.get(&node);
        if known.is_none_or(|(_, known)| known.certainty() < evidence.certainty()) {
            self.findings.insert(node, (focus, evidence));
        }
    }

    /// From here on the value is not nil, or an error was raised.
    pub(super) fn demand(&mut self, value: Value) {
        let fact = self.state.fact(value);
        if !fact.bits.has_nil() {
            return;
        }
        if fact.evidence.is_some() {
            let evidence = None;
            self.state.set_fact(value, Fact { evidence, ..fact });
        }
        self.restrict(value, Bits::NOT_NIL);
        if self.alive {
            self.state.note(self.state.at, value, What::Demanded);
        }
    }

    fn table(&mut self, node: Node) -> Value {
        let nature = Nature {
            table: Some(node),
            ..Nature::default()
        };
        let table = self.state.made(nature, Fact::of(Bits::TRUTHY));
        let mut position = 0;
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
            let is_open_ended = super::survey::is_open_ended(kind(self.tree, content));
            let content = self.value(content);
            match key {
                Some(key) => {
                    if let Key::Of(_) = key {
                        self.state.blurred.insert((table, Blur::Fields));
                        self.state.blurred.insert((table, Blur::Numbers));
                    }
                    self.state.write(Slot::Field(table, key), content);
                }
                None => {
                    position += 1;
                    let number = POSITIONS.get(position - 1);
                    if let Some(number) = number {
                        let slot = Slot::Field(table, Key::Number(number));
                        self.state.write(slot, content);
                    }
                    if is_open_ended || number.is_none() {
                        self.state.blurred.insert((table, Blur::Numbers));
                    }
                    self.state.open(content, 0);
                }
            }
        }
        table
    }

    fn operation(&mut self, node: Node) -> Value {
        let operator = self.operator(node);
        if matches!(
            operator,
            b"and" | b"or" | b"not" | b"==" | b"~=" | b"<" | b">" | b"<=" | b">="
        ) {
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
        for value in &values {
            if self.alive {
                self.demand(*value);
            }
        }
        match (operator, values.as_slice()) {
            (b"#", [list]) => self.state.read(Slot::Field(*list, Key::Length)),
            (b"..", _) => {
                let source = values
                    .iter()
                    .find_map(|value| self.state.nature(*value).source);
                let nature = Nature {
                    path: self.file.knowledge.root(b"string"),
                    source,
                    ..Nature::default()
                };
                self.state.made(nature, Fact::of(Bits::TRUTHY))
            }
            _ => self.number(),
        }
    }

    pub(super) fn operator(&self, node: Node) -> &'t [u8] {
        let operator = self.tree.child_by_field(node, FIELDS.operator);
        operator
            .map(|operator| self.tree.bytes(operator))
            .unwrap_or_default()
    }
}
