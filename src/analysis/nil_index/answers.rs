//! What calls answer: rows of results by the profiles, or values of which only the origin is known.
//!
//! Deliberately absent: what functions of the file answer ([`super::summaries`]).

use super::calls::Callee;
use super::groups::Row;
use super::interpreter::{Interpreter, Steady};
use super::kinds::{Kind, kind, plain_text};
use super::knowledge::{self, Known};
use super::names::FunctionIndex;
use super::patterns;
use super::value::{Bits, Evidence, Fact, Implied, Nature, Reason, Source, Value};
use crate::matcher::Node;

impl<'t> Interpreter<'_, 't> {
    /// The results.
    pub(super) fn answers(
        &mut self,
        node: Node,
        callee: &Callee,
        nodes: &[Node],
        given: &[Value],
        wanted: usize,
    ) -> Vec<Value> {
        if let Some(function) = callee.function {
            return self.own_answers(node, function, callee.receiver, nodes, given, wanted);
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
        let memory = memory.then(|| {
            (
                Steady::Known(path),
                self.argument_keys(nodes, callee.receiver, given),
            )
        });
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

    /// The results of a function of the file: where it changes nothing, an equal call has equal ones.
    fn own_answers(
        &mut self,
        node: Node,
        function: FunctionIndex,
        receiver: Option<Value>,
        nodes: &[Node],
        given: &[Value],
        wanted: usize,
    ) -> Vec<Value> {
        let facts = self.file.survey.function(function);
        let is_steady = facts.is_some_and(|facts| facts.effects.is_none());
        let key = (
            Steady::Own(function, self.changes),
            self.argument_keys(nodes, receiver, given),
        );
        let remembered = self.answered.get(&key).filter(|_| is_steady);
        if let Some(values) = remembered.filter(|values| values.len() >= wanted) {
            return values.clone();
        }
        let values = self.summarised(node, function, receiver, nodes, given, wanted);
        if is_steady && self.alive {
            self.answered.insert(key, values.clone());
        }
        values
    }

    /// Two patterns that differ only in what may match nothing fail together.
    pub(super) fn tie_to_pattern(
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
    pub(super) fn is_guess(&self, callee: &Callee, nodes: &[Node], known: &Known) -> bool {
        let has_pattern = nodes
            .first()
            .is_some_and(|node| kind(self.tree, *node) == Kind::String);
        callee.is_by_method && known.is_pattern && !has_pattern
    }

    pub(super) fn argument_keys(
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
    pub(super) fn rows_for(
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
    pub(super) fn of_rows(
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
    pub(super) fn source_of(
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

    pub(super) fn sourced_answers(&mut self, source: Source, wanted: usize) -> Vec<Value> {
        let nature = Nature {
            source: Some(source),
            ..Nature::default()
        };
        (0..wanted)
            .map(|_| self.state.made(nature, Fact::UNKNOWN))
            .collect()
    }

    pub(super) fn unknown_answers(
        &mut self,
        node: Node,
        given: &[Value],
        wanted: usize,
    ) -> Vec<Value> {
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
}
