//! What is known of the functions of the file for those who call them.
//!
//! A summary says in which ways a function answers, which arguments are not nil when it returns, and which are not
//! when it answers true. Deliberately absent: nil that a function answers only because it was given nil: a caller that
//! knows its argument knows more.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::groups::Row;
use super::interpreter::Interpreter;
use super::kinds::{Kind, kind};
use super::names::{Binding, FunctionIndex};
use super::value::{Bits, Doubt, Evidence, Fact, Implied, Nature, Reason, Slot, Source, Value};
use crate::matcher::Node;

/// How many results, parameters and ways of a function are followed.
const RESULT_LIMIT: usize = 6;
const PARAMETER_LIMIT: usize = 32;
const ROW_LIMIT: usize = 8;

/// What functions tell each other.
#[derive(Debug)]
pub(super) struct Shared<'t> {
    /// What each function sees of the variables around it.
    pub entries: Vec<BTreeMap<Binding, (Nature, Fact<'t>)>>,
    /// Fields of the variables around each function that were tested before it was made.
    pub guarded: Vec<BTreeSet<(Binding, &'t [u8])>>,
    pub summaries: Vec<Option<Rc<Summary>>>,
    /// Of each function, the visible calls that leave an argument out or give one that may be nil: what each one
    /// gives for the parameters.
    pub calls: HashMap<FunctionIndex, Vec<Vec<Row<'t>>>>,
    /// Of each function that is visibly called, the parameters, as bits, that all these calls give.
    pub given: HashMap<FunctionIndex, u32>,
}

impl Shared<'_> {
    /// What is known of a function by now.
    pub fn summary(&self, function: FunctionIndex) -> Option<Rc<Summary>> {
        self.summaries.get(function as usize).cloned().flatten()
    }

    /// Of a file with so many functions.
    pub fn new(functions: usize) -> Self {
        Self {
            entries: vec![BTreeMap::new(); functions],
            guarded: vec![BTreeSet::new(); functions],
            summaries: vec![None; functions],
            calls: HashMap::new(),
            given: HashMap::new(),
        }
    }
}

/// One result in one of the ways.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cell {
    bits: Bits,
    /// The nil in it is evident: where it is, and whether a reader must tell.
    nil: Option<(Node, bool)>,
    /// It is a table from outside of the program, and nobody has looked at its fields.
    input: Option<Node>,
}

/// One way in which a function answers.
#[derive(Debug, Clone, PartialEq)]
struct Way {
    cells: Vec<Cell>,
    /// What follows the cells is unknown, not nil.
    is_open: bool,
}

impl Way {
    /// Whether callers cannot tell them apart: only the places of what is nil differ.
    fn is_like(&self, other: &Self) -> bool {
        let shape = |cell: &Cell| {
            let is_doubtful = cell.nil.map(|(_, is_doubtful)| is_doubtful);
            (cell.bits, is_doubtful, cell.input)
        };
        let (ours, theirs) = (self.cells.iter().map(shape), other.cells.iter().map(shape));
        self.is_open == other.is_open && ours.eq(theirs)
    }
}

/// What is known of a function.
#[derive(Debug, Default)]
pub(super) struct Summary {
    ways: Vec<Way>,
    /// Parameters, as bits, that are not nil whenever it returns; whenever its first result is true, or false.
    needs: u32,
    needs_when_true: u32,
    needs_when_false: u32,
    never_returns: bool,
    /// Variables around it that are not nil whenever it returns.
    pub gives: Vec<Binding>,
}

/// What is gathered while a function is interpreted.
#[derive(Debug)]
pub(super) struct Returns {
    ways: Vec<Way>,
    /// As in a summary; none before the first return.
    pub gives: Option<Vec<Binding>>,
    needs: u32,
    needs_when_true: u32,
    needs_when_false: u32,
}

impl Default for Returns {
    fn default() -> Self {
        Self {
            ways: Vec::new(),
            gives: None,
            needs: u32::MAX,
            needs_when_true: u32::MAX,
            needs_when_false: u32::MAX,
        }
    }
}

impl<'t> Interpreter<'_, 't> {
    /// A return, or the end of the body, is reached with these results.
    pub(super) fn returns(&mut self, node: Node, values: &[Value], is_open: bool) {
        let parameters: Vec<Value> = self.parameters.clone();
        let is_excused = parameters.iter().any(|parameter| {
            let bits = self.state.fact(*parameter).bits;
            bits.is_within(Bits::FALSY)
        });
        let is_doomed = self.state.is_doomed();
        let inputs: Vec<Option<Node>> = values
            .iter()
            .map(|value| self.untouched_input(*value, node))
            .collect();
        let cells = values
            .iter()
            .zip(inputs)
            .take(RESULT_LIMIT)
            .map(|(value, input)| {
                let fact = self.state.fact(*value);
                let nil = fact
                    .evidence
                    .filter(|_| fact.bits.has_nil() && !is_excused)
                    .and_then(|evidence| self.evident_nil(node, &evidence));
                Cell {
                    bits: fact.bits,
                    nil,
                    input,
                }
            });
        let mut cells: Vec<Cell> = cells.collect();
        // An error of which nothing is known is one.
        if let [value, error, ..] = cells.as_mut_slice()
            && value.bits == Bits::NIL
            && error.bits == Bits::ALL
            && error.nil.is_none()
        {
            error.bits = Bits::TRUTHY;
        }
        if cells.is_empty() && !is_open {
            cells.push(Cell {
                bits: Bits::NIL,
                nil: (!is_excused).then_some((node, is_doomed)),
                input: None,
            });
        }
        let (mut when_true, mut when_false, mut needs) = (0, 0, 0);
        let first = values
            .first()
            .map(|value| (*value, self.state.fact(*value)));
        for (index, parameter) in parameters.iter().enumerate().take(PARAMETER_LIMIT) {
            let bit = 1 << index;
            if !self.state.fact(*parameter).bits.has_nil() {
                needs |= bit;
                continue;
            }
            let Some((value, fact)) = &first else {
                when_true |= bit;
                continue;
            };
            let says = |implied: &[Implied<'t>]| {
                implied
                    .iter()
                    .any(|one| one.value == *parameter && !one.bits.has_nil())
            };
            let implies = fact.implies.as_ref();
            if value == parameter
                || fact.bits.is_within(Bits::FALSY)
                || implies.is_some_and(|implies| says(&implies.when_true))
            {
                when_true |= bit;
            }
            if fact.bits.is_within(Bits::TRUTHY)
                || implies.is_some_and(|implies| says(&implies.when_false))
            {
                when_false |= bit;
            }
        }
        let gives = self.given_variables();
        let gathered = &mut self.returned;
        gathered.gives = Some(gives);
        gathered.needs &= needs;
        gathered.needs_when_true &= when_true | needs;
        gathered.needs_when_false &= when_false | needs;
        let way = Way { cells, is_open };
        if !gathered.ways.iter().any(|known| known.is_like(&way)) {
            gathered.ways.push(way);
        }
    }

    /// Where a nil that is returned comes from, and whether only a reader can tell.
    fn evident_nil(&self, node: Node, evidence: &Evidence<'t>) -> Option<(Node, bool)> {
        if evidence.doubt.is_some() {
            return None;
        }
        match evidence.reason {
            Reason::Literal(at) => {
                let is_here = self.tree.subtree(node).contains(&at);
                Some((at, !is_here))
            }
            Reason::Answer(at) | Reason::Unassigned(at) | Reason::Missing(at) => Some((at, true)),
            Reason::Returned { at, .. } => Some((at, true)),
            _ => None,
        }
    }

    /// What was gathered of the function.
    pub(super) fn summary(&mut self) -> Summary {
        let gathered = std::mem::take(&mut self.returned);
        Summary {
            never_returns: gathered.ways.is_empty(),
            gives: gathered.gives.unwrap_or_default(),
            ways: gathered.ways,
            needs: gathered.needs,
            needs_when_true: gathered.needs_when_true,
            needs_when_false: gathered.needs_when_false,
        }
    }

    /// The results of a call of a function of this file.
    pub(super) fn summarised(
        &mut self,
        node: Node,
        function: FunctionIndex,
        receiver: Option<Value>,
        nodes: &[Node],
        given: &[Value],
        wanted: usize,
    ) -> Vec<Value> {
        let arguments = self.matched_arguments(function, receiver, given);
        self.note_arguments(node, function, nodes, &arguments);
        let summary = self.shared.summary(function);
        let is_stub = self
            .file
            .survey
            .function(function)
            .is_none_or(|facts| facts.is_stub);
        let Some(summary) = summary.filter(|_| !is_stub) else {
            return (0..wanted).map(|_| self.state.unknown()).collect();
        };
        if summary.never_returns {
            self.alive = false;
            return (0..wanted).map(|_| self.state.unknown()).collect();
        }
        for (index, argument) in arguments.iter().enumerate().take(PARAMETER_LIMIT) {
            if let (Some(argument), true) = (argument, summary.needs & (1 << index) != 0) {
                self.demand(*argument);
            }
        }
        let mut members = Vec::new();
        let mut values = Vec::new();
        let mut ways: Vec<&Way> = summary.ways.iter().collect();
        ways.truncate(ROW_LIMIT);
        let is_whole = ways.len() == summary.ways.len();
        for position in 0..wanted {
            let rows: Vec<Row<'t>> = summary
                .ways
                .iter()
                .map(|way| row(node, way, position))
                .collect();
            let bits = rows.iter().fold(Bits::NONE, |bits, row| bits | row.bits);
            let mut evidence: Option<Evidence<'t>> = None;
            for found in rows.iter().filter_map(|row| row.evidence) {
                if evidence.is_none_or(|known| known.certainty() < found.certainty()) {
                    evidence = Some(found);
                }
            }
            let fact = Fact {
                bits,
                evidence,
                ..Fact::UNKNOWN
            };
            let inputs = summary
                .ways
                .iter()
                .filter_map(|way| way.cells.get(position)?.input);
            let nature = Nature {
                source: inputs.map(Source::Passed).next(),
                ..Nature::default()
            };
            let value = self.state.made(nature, fact);
            values.push(value);
            members.push((value, rows));
        }
        if is_whole && ways.len() > 1 {
            self.state.gather(members);
        }
        let needed = |mask: u32| -> Vec<Implied<'t>> {
            let known = arguments.iter().enumerate().take(PARAMETER_LIMIT);
            known
                .filter(|(index, _)| (mask & !summary.needs) & (1 << index) != 0)
                .filter_map(|(_, argument)| *argument)
                .map(Implied::not_nil)
                .collect()
        };
        let (when_true, when_false) = (
            needed(summary.needs_when_true),
            needed(summary.needs_when_false),
        );
        if let Some(first) = values.first()
            && !(when_true.is_empty() && when_false.is_empty())
        {
            self.imply(*first, when_true, when_false);
        }
        values
    }

    /// The arguments in the order of the parameters, the receiver first where there is one.
    fn matched_arguments(
        &self,
        function: FunctionIndex,
        receiver: Option<Value>,
        given: &[Value],
    ) -> Vec<Option<Value>> {
        let facts = self.file.survey.function(function);
        let is_method = facts.is_some_and(|facts| facts.is_method);
        let given = given.iter().copied().map(Some);
        match (is_method, receiver) {
            (true, None) => given.collect(),
            (false, None) => given.collect(),
            (_, Some(receiver)) => std::iter::once(Some(receiver)).chain(given).collect(),
        }
    }

    /// What a visible call says of the parameters.
    fn note_arguments(
        &mut self,
        node: Node,
        function: FunctionIndex,
        nodes: &[Node],
        arguments: &[Option<Value>],
    ) {
        let Some(callee) = self.file.names.functions.get(function as usize) else {
            return;
        };
        let is_open_ended = nodes
            .last()
            .is_some_and(|last| super::survey::is_open_ended(kind(self.tree, *last)));
        let mut rows: Vec<Row<'t>> = Vec::new();
        for position in 0..callee.parameters.len().min(PARAMETER_LIMIT) {
            let argument = arguments.get(position).copied().flatten();
            let fact = argument.map(|argument| self.state.fact(argument));
            rows.push(match fact {
                Some(fact) => Row {
                    evidence: Self::evidence_of_argument(node, nodes, &fact),
                    ..Row::from(&fact)
                },
                None if is_open_ended => Row::from(&Fact::UNKNOWN),
                None => Row {
                    evidence: Some(Evidence::certain(Reason::Omitted(node))),
                    ..Row::from(&Fact::of(Bits::NIL))
                },
            });
        }
        let mut given = 0;
        for (index, row) in rows.iter().enumerate() {
            given |= u32::from(row.evidence.is_none()) << index;
        }
        *self.shared.given.entry(function).or_insert(u32::MAX) &= given;
        let calls = self.shared.calls.entry(function).or_default();
        let is_evident = rows.iter().any(|row| row.evidence.is_some());
        if is_evident && calls.len() + 1 < ROW_LIMIT && !calls.contains(&rows) {
            calls.push(rows);
        }
    }

    /// Why an argument of a visible call may be nil.
    fn evidence_of_argument(node: Node, nodes: &[Node], fact: &Fact<'t>) -> Option<Evidence<'t>> {
        let known = fact.evidence.filter(|_| fact.bits.has_nil())?;
        let is_literal = matches!(known.reason, Reason::Literal(at) if nodes.contains(&at));
        match known.doubt {
            None if is_literal => Some(Evidence::certain(Reason::Omitted(node))),
            None if !matches!(known.reason, Reason::Tested(_) | Reason::Tag { .. }) => {
                Some(Evidence::soft(Reason::Argument(node)))
            }
            _ => None,
        }
    }

    /// What the parameters of the function are known to be.
    pub(super) fn begin_parameters(&mut self) {
        let function = self.function;
        let Some(facts) = self.file.names.functions.get(function as usize) else {
            return;
        };
        let calls = self
            .shared
            .calls
            .get(&function)
            .cloned()
            .unwrap_or_default();
        for (position, binding) in facts.parameters.iter().enumerate() {
            let is_receiver = self.file.names.name(*binding) == b"self";
            let mut evidence: Option<Evidence<'t>> = None;
            for found in calls.iter().filter_map(|call| call.get(position)?.evidence) {
                if evidence.is_none_or(|known| known.certainty() < found.certainty()) {
                    evidence = Some(found);
                }
            }
            let fact = match evidence {
                _ if is_receiver => Fact::of(Bits::TRUTHY),
                Some(evidence) => Fact::with(Bits::ALL, evidence),
                None => Fact::UNKNOWN,
            };
            self.state.entry.insert(*binding, (Nature::default(), fact));
        }
        let slots = facts
            .parameters
            .iter()
            .map(|binding| Slot::Variable(*binding));
        self.parameters = slots.map(|slot| self.state.read(slot)).collect();
        if calls.is_empty() {
            return;
        }
        // Nobody knows all callers; a visible one gives all its arguments together.
        let members = self.parameters.iter().enumerate().map(|(position, value)| {
            let of_call = |call: &Vec<Row<'t>>| call.get(position).cloned();
            let unknown = || Row::from(&Fact::UNKNOWN);
            let rows = calls
                .iter()
                .map(|call| of_call(call).unwrap_or_else(unknown));
            (*value, std::iter::once(unknown()).chain(rows).collect())
        });
        let members = members.collect();
        self.state.gather(members);
    }

    /// Whether the last of these expressions may give more values than one.
    pub(super) fn is_open_list(&self, nodes: &[Node]) -> bool {
        nodes
            .last()
            .is_some_and(|last| matches!(kind(self.tree, *last), Kind::Call | Kind::Other))
    }
}

/// A result in one of the ways, for the caller.
fn row<'t>(call: Node, way: &Way, position: usize) -> Row<'t> {
    let cell = way.cells.get(position).copied().unwrap_or(Cell {
        bits: if way.is_open { Bits::ALL } else { Bits::NIL },
        nil: None,
        input: None,
    });
    let evidence = cell.nil.map(|(at, is_doubtful)| Evidence {
        reason: Reason::Returned { call, at },
        doubt: is_doubtful.then_some(Doubt::Soft),
    });
    Row {
        bits: cell.bits,
        evidence,
        text: None,
        unlike: None,
    }
}
