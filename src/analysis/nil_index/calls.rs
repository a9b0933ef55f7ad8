//! Calls: what they raise, answer, end and change.
//!
//! A function is known by the profiles, under the name that it has at home (`local open = io.open`) or by the way it
//! is written at the call; or by its summary, when the file declares it. Deliberately absent: what a summary is
//! ([`super::summaries`]); a call of anything unknown may change the fields of its arguments and whatever other
//! functions reach.

use super::groups::Row;
use super::interpreter::Interpreter;
use super::kinds::{FIELDS, Kind, kind, plain_text};
use super::knowledge::{self, Known, Path};
use super::names::FunctionIndex;
use super::patterns;
use super::value::{
    Bits, Doubt, Evidence, Fact, Implications, Implied, Key, Nature, Reason, Slot, Source, Value,
};
use crate::matcher::Node;
use std::rc::Rc;

/// How many results of a call are followed.
const RESULT_LIMIT: usize = 8;

/// What is called.
struct Callee {
    node: Node,
    receiver: Option<Value>,
    /// Its name among the known ones.
    path: Option<Path>,
    /// Whether a method of an unknown value is known by its name alone.
    is_by_method: bool,
    /// The function of this file that it is.
    function: Option<FunctionIndex>,
}

impl<'t> Interpreter<'_, 't> {
    /// Interprets a call; its results, at least one and as many as wanted, as far as they are followed.
    pub(super) fn call(&mut self, node: Node, wanted: usize) -> Vec<Value> {
        let wanted = wanted.clamp(1, RESULT_LIMIT);
        let (Some(callee), Some(arguments)) = (
            self.tree.child_by_field(node, FIELDS.name),
            self.tree.child_by_field(node, FIELDS.arguments),
        ) else {
            return self.unknowns(wanted);
        };
        let callee = self.callee(callee, node);
        let nodes: Vec<Node> = match kind(self.tree, arguments) {
            Kind::Arguments => self.tree.named_children(arguments).collect(),
            _ => vec![arguments],
        };
        let asserts = self.known(&callee).and_then(|known| known.asserts);
        if let Some(position) = asserts {
            return self.asserting(&nodes, position, wanted);
        }
        let given = self.arguments(&nodes);
        if !self.alive {
            return self.unknowns(wanted);
        }
        if self.holds(&callee, |known| known.is_no_return) {
            self.alive = false;
            return self.unknowns(wanted);
        }
        if let (Some(first), true) = (
            given.first(),
            self.holds(&callee, |known| known.is_demanding),
        ) {
            self.demand(*first);
        }
        if !self.alive {
            return self.unknowns(wanted);
        }
        match self.tree.bytes(callee.node) {
            b"type" if callee.function.is_none() => {
                let nature = Nature {
                    type_of: given.first().copied(),
                    ..Nature::default()
                };
                let value = self.state_made(nature, Bits::TRUTHY);
                return self.padded(value, wanted);
            }
            b"setmetatable" => return self.set_metatable(&given, wanted),
            b"require" => return self.require(&nodes, wanted),
            b"table.insert" | b"table.remove" | b"table.sort" => self.change_list(&given, node),
            _ if self.holds(&callee, |known| known.is_pure) => {}
            _ if callee.function.is_none() && self.is_named_as_logger(callee.node) => {}
            _ => self.effects(node, &callee, &given),
        }
        if self.is_named_as_end(callee.node) {
            self.state.doom(node);
        }
        if callee.function.is_none() && self.is_named_as_check(callee.node) {
            for implied in self.doubts(node, &given) {
                let fact = self.state.fact(implied.value);
                let evidence = implied.evidence;
                self.state
                    .set_fact(implied.value, Fact { evidence, ..fact });
            }
        }
        self.answers(node, &callee, &nodes, &given, wanted)
    }

    fn unknowns(&mut self, count: usize) -> Vec<Value> {
        (0..count).map(|_| self.state.unknown()).collect()
    }

    fn state_made(&mut self, nature: Nature, bits: Bits) -> Value {
        self.state.made(nature, Fact::of(bits))
    }

    fn padded(&mut self, value: Value, wanted: usize) -> Vec<Value> {
        let mut values = vec![value];
        while values.len() < wanted {
            values.push(self.state.fresh(Fact::of(Bits::NIL)));
        }
        values
    }

    fn known(&self, callee: &Callee) -> Option<&Known> {
        callee.path.map(|path| self.file.knowledge.known(path))
    }

    fn holds(&self, callee: &Callee, what: fn(&Known) -> bool) -> bool {
        callee
            .path
            .is_some_and(|path| self.file.knowledge.holds(path, what))
    }

    /// The arguments; of a last one that is a call, the first result.
    fn arguments(&mut self, nodes: &[Node]) -> Vec<Value> {
        nodes.iter().map(|argument| self.value(*argument)).collect()
    }

    /// The access that a call is.
    fn callee(&mut self, node: Node, call: Node) -> Callee {
        let tree = self.tree;
        let function = self.file.survey.callee(tree, self.file.names, node);
        let written = self.file.knowledge.written(tree.bytes(node));
        if kind(tree, node) == Kind::Method {
            let receiver = match self.field(node) {
                Some((Slot::Field(receiver, _), _)) => Some(receiver),
                _ => None,
            };
            let name = tree.child_by_field(node, FIELDS.method);
            let name = name.map(|name| tree.bytes(name)).unwrap_or_default();
            let nature = receiver.map(|receiver| self.state.nature(receiver));
            let knowledge = self.file.knowledge;
            let by_class = nature
                .and_then(|nature| nature.path)
                .and_then(|path| knowledge.method(path, name));
            let by_name = knowledge
                .root(b"@any")
                .and_then(|any| knowledge.method(any, name));
            return Callee {
                node,
                receiver,
                path: by_class
                    .or(written)
                    .or(by_name)
                    .filter(|_| function.is_none()),
                is_by_method: by_class.or(written).is_none(),
                function,
            };
        }
        let value = self.value(node);
        // A function that the file declares under this name is there even if nobody tests for it.
        let last = tree.named_children(node).last();
        let is_declared =
            last.is_some_and(|last| self.file.names.members.contains(tree.bytes(last)));
        if !is_declared {
            self.access(value, node, call);
        }
        let nature = self.state.nature(value);
        let is_own_local = kind(tree, node) == Kind::Identifier
            && self
                .file
                .names
                .binding(node)
                .is_some_and(|binding| self.file.names.home(binding).is_some());
        let has_flags = |path: &Path| {
            let is_flag = |known: &Known| {
                known.is_no_return
                    || known.asserts.is_some()
                    || known.is_pure
                    || known.tests.is_some()
            };
            self.file.knowledge.holds(*path, is_flag) || !is_own_local
        };
        let path = nature.path.or(written.filter(has_flags));
        let is_plain_flag = is_own_local && nature.path.is_none();
        Callee {
            node,
            receiver: None,
            path: path.filter(|path| {
                function.is_none()
                    || self
                        .file
                        .knowledge
                        .holds(*path, |known| known.is_no_return || known.asserts.is_some())
            }),
            is_by_method: is_plain_flag,
            function,
        }
    }

    /// `setmetatable(t, m)`: the fields of `m` may be fields of `t` from now on.
    fn set_metatable(&mut self, given: &[Value], wanted: usize) -> Vec<Value> {
        let Some(table) = given.first().copied() else {
            return self.unknowns(wanted);
        };
        for value in given {
            self.state.open(*value, 0);
        }
        self.padded(table, wanted)
    }

    fn require(&mut self, nodes: &[Node], wanted: usize) -> Vec<Value> {
        let name = nodes
            .first()
            .filter(|node| kind(self.tree, **node) == Kind::String)
            .and_then(|node| plain_text(self.tree, *node));
        let nature = Nature {
            path: name.and_then(|name| self.file.knowledge.written(name)),
            is_module: true,
            ..Nature::default()
        };
        let value = self.state_made(nature, Bits::TRUTHY);
        self.padded(value, wanted)
    }

    /// `table.insert(list, value)`: only elements change.
    fn change_list(&mut self, given: &[Value], node: Node) {
        let Some((list, others)) = given.split_first() else {
            return;
        };
        self.state
            .disturb(*list, Key::FIRST_NUMBER, Doubt::Call(node));
        self.state.blurred.insert((*list, true));
        for value in others {
            self.state.open(*value, 0);
        }
    }

    /// What a call may change.
    fn effects(&mut self, node: Node, callee: &Callee, given: &[Value]) {
        let doubt = Doubt::Call(node);
        self.state.calls += 1;
        let all: Vec<Value> = given.iter().copied().chain(callee.receiver).collect();
        for value in &all {
            self.state.open(*value, 0);
        }
        let facts = callee
            .function
            .and_then(|function| self.file.survey.function(function));
        match facts.map(|facts| &facts.effects) {
            Some(effects) => {
                for name in &effects.fields {
                    self.state.disturb_named(name, doubt);
                }
                for binding in &effects.variables {
                    self.state.disturb_variable(*binding, doubt);
                }
                if effects.is_opaque {
                    for value in all {
                        self.state.disturb(value, Key::FIRST, doubt);
                    }
                }
            }
            None => {
                for value in all {
                    self.state.disturb(value, Key::FIRST, doubt);
                }
                self.state.begin_epoch(node);
            }
        }
    }

    /// The results.
    fn answers(
        &mut self,
        node: Node,
        callee: &Callee,
        nodes: &[Node],
        given: &[Value],
        wanted: usize,
    ) -> Vec<Value> {
        if let Some(function) = callee.function {
            return self.summarised(node, function, callee.receiver, nodes, given, wanted);
        }
        let Some(path) = callee.path else {
            return self.unknown_answers(node, given, wanted);
        };
        let known = self.file.knowledge.known(path).clone();
        let Some(rows) = known
            .rows
            .clone()
            .filter(|_| !callee.is_by_method || known.is_pattern)
        else {
            let source = self.source_of(node, &known, callee, given);
            let values = match source {
                Some(source) => self.sourced_answers(source, wanted),
                None => self.unknown_answers(node, given, wanted),
            };
            if let (Some(position), Some(value)) = (known.tests, values.first()) {
                let argument = given.get(position).copied();
                let implied = argument.map(|argument| Implied {
                    value: argument,
                    bits: Bits::TRUTHY,
                    evidence: None,
                    text: None,
                });
                self.imply(*value, implied.into_iter().collect(), Vec::new());
            }
            return values;
        };
        let memory = self.file.knowledge.holds(path, |known| known.is_repeatable);
        let memory = memory.then(|| (path, self.argument_keys(nodes, callee.receiver, given)));
        let remembered = memory
            .as_ref()
            .and_then(|key| self.answered.get(key))
            .cloned();
        if let Some(values) = &remembered
            && values.len() >= wanted
        {
            return values.clone();
        }
        let rows = self.rows_for(&known, callee, nodes, &rows);
        let is_soft = known.is_soft || self.is_guess(callee, nodes, &known);
        let first = remembered.and_then(|values| values.first().copied());
        let source = self.source_of(node, &known, callee, given);
        let values = self.of_rows(node, &rows, is_soft, source, first, wanted);
        if callee.is_by_method && self.tree.bytes(callee.node).ends_with(b"find") {
            // Whoever indexes what should be a position does not search a string.
            for value in values.iter().take(2) {
                let fact = self.state.fact(*value);
                let evidence = None;
                self.state.set_fact(*value, Fact { evidence, ..fact });
            }
        }
        if let Some(key) = memory {
            self.answered.insert(key, values.clone());
        }
        if known.is_pattern {
            self.tie_to_pattern(callee, nodes, given, &values);
        }
        values
    }

    /// Two patterns that differ only in what may match nothing fail together.
    fn tie_to_pattern(
        &mut self,
        callee: &Callee,
        nodes: &[Node],
        given: &[Value],
        values: &[Value],
    ) {
        let position = usize::from(callee.receiver.is_none());
        let subject = callee.receiver.or(given.first().copied());
        let pattern = nodes
            .get(position)
            .filter(|node| kind(self.tree, **node) == Kind::String)
            .and_then(|node| plain_text(self.tree, *node));
        let (Some(subject), Some(pattern), Some(first)) = (subject, pattern, values.first()) else {
            return;
        };
        let core = patterns::core(pattern);
        let earlier = self.matched.insert((subject, core), *first);
        let Some(earlier) = earlier.filter(|earlier| earlier != first) else {
            return;
        };
        let rows = |state: &super::state::State<'_, 't>, value: Value| {
            let fact = state.fact(value);
            let row = |bits: Bits| Row {
                bits: bits & fact.bits,
                evidence: fact.evidence.filter(|_| bits.has_nil()),
                text: None,
                unlike: None,
            };
            (value, vec![row(Bits::TRUTHY), row(Bits::NIL)])
        };
        let members: Vec<(Value, Vec<Row<'t>>)> = std::iter::once(earlier)
            .chain(values.iter().copied())
            .map(|value| rows(&self.state, value))
            .collect();
        self.state.gather(members);
        self.state.settle(earlier);
    }

    /// A method that is known by its name alone may be another one: only a pattern tells.
    fn is_guess(&self, callee: &Callee, nodes: &[Node], known: &Known) -> bool {
        let has_pattern = nodes
            .first()
            .is_some_and(|node| kind(self.tree, *node) == Kind::String);
        callee.is_by_method && known.is_pattern && !has_pattern
    }

    fn argument_keys(
        &self,
        nodes: &[Node],
        receiver: Option<Value>,
        given: &[Value],
    ) -> Vec<Result<Value, &'t [u8]>> {
        let of = |(node, value): (&Node, &Value)| match kind(self.tree, *node) {
            Kind::String | Kind::Number => Err(self.tree.bytes(*node)),
            _ => Ok(*value),
        };
        receiver
            .map(Ok)
            .into_iter()
            .chain(nodes.iter().zip(given).map(of))
            .collect()
    }

    /// The rows without those that these arguments exclude.
    fn rows_for(
        &self,
        known: &Known,
        callee: &Callee,
        nodes: &[Node],
        rows: &[knowledge::Row],
    ) -> Vec<knowledge::Row> {
        let text = |node: &Node| {
            (kind(self.tree, *node) == Kind::String)
                .then(|| plain_text(self.tree, *node))
                .flatten()
        };
        let cannot_fail = if known.is_pattern {
            let position = usize::from(callee.receiver.is_none());
            let pattern = nodes.get(position).and_then(text);
            pattern.is_some_and(patterns::cannot_fail)
        } else {
            let reads_all =
                |text: &[u8]| matches!(text.strip_prefix(b"*").unwrap_or(text).first(), Some(b'a'));
            known.is_reader && nodes.iter().filter_map(text).any(reads_all)
        };
        rows.iter()
            .filter(|row| !cannot_fail || !row.cell(0).bits.has_nil())
            .cloned()
            .collect()
    }

    /// Results of these rows; the first one may be known from an equal call.
    fn of_rows(
        &mut self,
        node: Node,
        rows: &[knowledge::Row],
        is_soft: bool,
        source: Option<Source>,
        first: Option<Value>,
        wanted: usize,
    ) -> Vec<Value> {
        let evidence = match is_soft {
            true => Evidence::soft(Reason::Answer(node)),
            false => Evidence::certain(Reason::Answer(node)),
        };
        let mut members = Vec::new();
        let mut values = Vec::new();
        for position in 0..wanted {
            let cells: Vec<knowledge::Cell> = rows.iter().map(|row| row.cell(position)).collect();
            let bits = cells.iter().fold(Bits::NONE, |bits, cell| bits | cell.bits);
            let is_nil_somewhere = cells.iter().any(|cell| cell.bits == Bits::NIL);
            let nature = Nature {
                path: cells.iter().find_map(|cell| cell.class),
                source,
                ..Nature::default()
            };
            let fact = Fact {
                bits,
                evidence: Some(evidence).filter(|_| is_nil_somewhere),
                ..Fact::UNKNOWN
            };
            let value = match first.filter(|_| position == 0) {
                Some(first) => first,
                None => self.state.made(nature, fact),
            };
            values.push(value);
            let of_cell = |cell: &knowledge::Cell| Row {
                bits: cell.bits,
                evidence: Some(evidence).filter(|_| cell.bits == Bits::NIL),
                text: None,
                unlike: None,
            };
            members.push((value, cells.iter().map(of_cell).collect()));
        }
        if rows.len() > 1 {
            self.state.gather(members);
            if let Some(first) = first {
                self.state.settle(first);
            }
        }
        values
    }

    /// Where the results come from, if it matters.
    fn source_of(
        &self,
        node: Node,
        known: &Known,
        callee: &Callee,
        given: &[Value],
    ) -> Option<Source> {
        let is_input = self.holds(callee, |known| known.is_input);
        let of_input = given
            .iter()
            .copied()
            .chain(callee.receiver)
            .filter_map(|value| self.state.nature(value).source)
            .find(|source| matches!(source, Source::Input(_)));
        let passes_on = known.is_decoder
            || known.rows.iter().any(|rows| {
                let is_string = self.file.knowledge.root(b"string");
                rows.iter()
                    .any(|row| row.cell(0).class == is_string && is_string.is_some())
            });
        if is_input {
            Some(Source::Input(node))
        } else if of_input.is_some() && passes_on {
            of_input
        } else {
            known.is_decoder.then_some(Source::Document(node))
        }
    }

    fn sourced_answers(&mut self, source: Source, wanted: usize) -> Vec<Value> {
        let nature = Nature {
            source: Some(source),
            ..Nature::default()
        };
        (0..wanted)
            .map(|_| self.state.made(nature, Fact::UNKNOWN))
            .collect()
    }

    fn unknown_answers(&mut self, node: Node, given: &[Value], wanted: usize) -> Vec<Value> {
        let nature = Nature {
            call: Some(node),
            ..Nature::default()
        };
        let values: Vec<Value> = (0..wanted)
            .map(|_| self.state.made(nature, Fact::UNKNOWN))
            .collect();
        // Whoever tests what the call answers may have tested its arguments.
        let doubts = self.doubts(node, given);
        if let (Some(first), false) = (values.first(), doubts.is_empty()) {
            self.imply(*first, doubts.clone(), doubts);
        }
        values
    }

    /// Arguments that may be nil, and that a call may have tested.
    fn doubts(&self, node: Node, given: &[Value]) -> Vec<Implied<'t>> {
        let doubt = |value: Value| {
            let fact = self.state.fact(value);
            let evidence = fact.evidence.filter(|_| fact.bits.has_nil())?;
            Some(Implied {
                value,
                bits: Bits::ALL,
                evidence: Some(evidence.doubted(Doubt::Call(node))),
                text: None,
            })
        };
        let tested = given.iter().flat_map(|argument| {
            let implies = self.state.fact(*argument).implies;
            let values: Vec<Value> = implies
                .iter()
                .flat_map(|implies| implies.when_true.iter().map(|one| one.value))
                .collect();
            values
        });
        given
            .iter()
            .copied()
            .chain(tested)
            .filter_map(doubt)
            .collect()
    }

    /// Whether a function is named as those are that only write a log.
    fn is_named_as_logger(&self, callee: Node) -> bool {
        const WORDS: [&[u8]; 8] = [
            b"log",
            b"debug",
            b"info",
            b"warn",
            b"notice",
            b"trace",
            b"errx",
            b"messagex",
        ];
        let last = self.tree.named_children(callee).last().unwrap_or(callee);
        let table = self.tree.child_by_field(callee, FIELDS.table);
        let of_table =
            table.and_then(|table| self.tree.named_children(table).last().or(Some(table)));
        let of_table = of_table
            .map(|table| self.tree.bytes(table))
            .unwrap_or_default();
        let is_logger = of_table.eq_ignore_ascii_case(b"log")
            || of_table.to_ascii_lowercase().ends_with(b"logger");
        is_logger
            || WORDS
                .iter()
                .any(|word| self.tree.bytes(last).starts_with(word))
    }

    /// Whether a function is named as those are that do not return.
    fn is_named_as_end(&self, callee: Node) -> bool {
        const WORDS: [&[u8]; 12] = [
            b"error", b"fail", b"die", b"abort", b"fatal", b"exit", b"quit", b"raise", b"throw",
            b"panic", b"bail", b"usage",
        ];
        let last = self.tree.named_children(callee).last().unwrap_or(callee);
        let before = self.tree.child_by_field(callee, FIELDS.table);
        let before = before
            .map(|before| self.tree.bytes(before))
            .unwrap_or_default();
        let is_logger = before
            .windows(3)
            .any(|part| part.eq_ignore_ascii_case(b"log"));
        WORDS.contains(&self.tree.bytes(last)) && !is_logger
    }

    /// Whether a function is named as those are that raise an error when they do not like what they get.
    fn is_named_as_check(&self, callee: Node) -> bool {
        const WORDS: [&str; 7] = [
            "assert", "check", "ensure", "expect", "must", "valid", "verify",
        ];
        let last = self.tree.named_children(callee).last().unwrap_or(callee);
        let name = String::from_utf8_lossy(self.tree.bytes(last)).to_ascii_lowercase();
        WORDS.iter().any(|word| name.contains(word))
    }

    /// From the truth of a value something follows.
    pub(super) fn imply(
        &mut self,
        value: Value,
        when_true: Vec<Implied<'t>>,
        when_false: Vec<Implied<'t>>,
    ) {
        let fact = self.state.fact(value);
        let implies = Some(Rc::new(Implications {
            when_true,
            when_false,
        }));
        self.state.set_fact(value, Fact { implies, ..fact });
    }

    /// A function that returns only when one of its arguments is true; it answers its arguments.
    fn asserting(&mut self, arguments: &[Node], position: usize, wanted: usize) -> Vec<Value> {
        let mut answers = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            if !self.alive {
                break;
            }
            let is_test = matches!(
                kind(self.tree, *argument),
                Kind::Binary | Kind::Unary | Kind::Parenthesized
            );
            let is_last_call =
                index + 1 == arguments.len() && kind(self.tree, *argument) == Kind::Call;
            if is_last_call {
                let values = self.call(*argument, wanted.saturating_sub(index));
                answers.extend(values);
            } else if index == position && is_test {
                let judged = self.judge(*argument);
                let value = judged.operand;
                self.enter(judged.when_true.as_ref());
                let value = value.unwrap_or_else(|| self.state.fresh(Fact::of(Bits::TRUTHY)));
                answers.push(value);
            } else {
                let value = self.value(*argument);
                answers.push(value);
            }
            if index == position
                && let (Some(value), true) = (answers.get(index).copied(), self.alive)
            {
                self.restrict_tested(value, Bits::TRUTHY, *argument);
            }
        }
        while answers.len() < wanted {
            answers.push(self.state.unknown());
        }
        answers
    }
}
