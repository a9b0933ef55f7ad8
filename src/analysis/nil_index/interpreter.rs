//! Statements: paths that part, meet, repeat and end.
//!
//! Deliberately absent: `if` ([`super::branches`]), loops ([`super::loops`]), expressions ([`super::expressions`]) and
//! tests ([`super::conditions`]).

use std::collections::{BTreeMap, HashMap};

use super::File;
use super::kinds::{FIELDS, Kind, kind};
use super::knowledge::Path;
use super::names::FunctionIndex;
use super::state::{Delta, Mark, State};
use super::summaries::{Returns, Shared, Summary};
use super::trace::Event;
use super::value::{Doubt, Evidence, Value};
use crate::matcher::{Node, Tree};

/// Loops nested deeper than this are passed once, not twice.
pub(super) const LOOP_NEST: usize = 3;

/// At most so many paths meet at once.
const MEETING: usize = 8;

/// The steps that a function may take for each of its nodes, before it is given up.
const STEPS_PER_NODE: u64 = 64;

/// The steps that every function may take.
const STEPS: u64 = 200_000;

/// After so many jumps to the same place, a test that failed says nothing of values that were unknown before: each jump
/// has to carry what the ones before it tested.
const JUMP_LIMIT: usize = 64;

pub(super) struct Loop<'t> {
    pub mark: Mark,
    pub breaks: Vec<Delta<'t>>,
}

struct Label<'t> {
    node: Node,
    name: &'t [u8],
    mark: Mark,
    arrivals: Vec<Delta<'t>>,
}

/// A function that answers the same to the same arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Steady {
    /// A known one.
    Known(Path),
    /// One of this file, after so many changes: it may look at whatever was changed.
    Own(FunctionIndex, u32),
}

/// What was answered to the same call before.
type Answered<'t> = HashMap<(Steady, Vec<Result<Value, &'t [u8]>>), Vec<Value>>;

/// An operator and its operands: values, or literals as they are written.
type Comparison<'t> = (&'t [u8], Result<Value, &'t [u8]>, Result<Value, &'t [u8]>);

/// What is found in a function: at an access, the value and the evidence.
pub(super) type Findings<'t> = BTreeMap<Node, (Node, Evidence<'t>)>;

/// What came out of the interpretation of a function.
pub(super) struct Outcome<'t> {
    pub findings: Findings<'t>,
    /// What is known of it for those who call it.
    pub summary: Summary,
    /// What happened to its values, when somebody asked.
    pub trace: Option<Vec<Event<'t>>>,
}

/// The interpretation of one function.
pub(super) struct Interpreter<'a, 't> {
    pub tree: &'a Tree<'t>,
    pub file: &'a File<'a, 't>,
    pub shared: &'a mut Shared<'t>,
    pub state: State<'a, 't>,
    /// Whether this point can be reached.
    pub alive: bool,
    /// Whether this is the first round of a loop: what it finds, the second one finds again.
    pub is_silent: bool,
    pub findings: Findings<'t>,
    /// The values that became suspect by a test of this tag of this table.
    pub tagged: HashMap<(Value, &'t [u8]), Vec<Value>>,
    /// Values that were read from a table of a tested kind, and the test.
    pub read_under: HashMap<Value, Node>,
    pub answered: Answered<'t>,
    /// How often something was changed that a function may look at, on whatever path.
    pub changes: u32,
    /// The results of comparisons.
    pub compared: HashMap<Comparison<'t>, Value>,
    /// What was answered when this was matched with such a pattern.
    pub matched: HashMap<(Value, Vec<u8>), Value>,
    pub function: FunctionIndex,
    pub is_method: bool,
    /// The values that the function was given.
    pub parameters: Vec<Value>,
    pub returned: Returns,
    step_limit: u64,
    pub loops: Vec<Loop<'t>>,
    labels: Vec<Label<'t>>,
}

impl<'a, 't> Interpreter<'a, 't> {
    pub fn new(
        file: &'a File<'a, 't>,
        shared: &'a mut Shared<'t>,
        function: FunctionIndex,
    ) -> Self {
        let entry = shared
            .entries
            .get(function as usize)
            .cloned()
            .unwrap_or_default();
        let is_method = file
            .survey
            .function(function)
            .is_some_and(|facts| facts.is_method);
        Self {
            tree: file.tree,
            file,
            shared,
            state: State::new(file, function, entry),
            alive: true,
            is_silent: false,
            findings: BTreeMap::new(),
            tagged: HashMap::new(),
            read_under: HashMap::new(),
            answered: HashMap::new(),
            changes: 0,
            compared: HashMap::new(),
            matched: HashMap::new(),
            function,
            is_method,
            parameters: Vec::new(),
            returned: Returns::default(),
            step_limit: 0,
            loops: Vec::new(),
            labels: Vec::new(),
        }
    }

    /// Interprets the function; none when it takes too many steps.
    pub fn function(mut self, function: Node) -> Option<Outcome<'t>> {
        self.step_limit = STEPS + STEPS_PER_NODE * self.tree.subtree(function).len() as u64;
        self.begin_parameters();
        if function == self.tree.root() {
            self.block(Some(function));
        } else {
            self.block(self.tree.child_by_field(function, FIELDS.body));
        }
        if self.is_exhausted() {
            return None;
        }
        if self.alive {
            self.returns(function, &[], false);
        }
        let summary = self.summary();
        Some(Outcome {
            findings: self.findings,
            summary,
            trace: self.state.trace,
        })
    }

    fn is_exhausted(&self) -> bool {
        self.state.spent > self.step_limit
    }

    pub(super) fn block(&mut self, block: Option<Node>) {
        let Some(block) = block else { return };
        let outer_labels = self.labels.len();
        let mark = self.state.mark();
        for node in self.tree.named_children(block) {
            if kind(self.tree, node) == Kind::Label {
                self.labels.push(Label {
                    node,
                    name: self.label_name(node),
                    mark,
                    arrivals: Vec::new(),
                });
            }
        }
        for statement in self.tree.named_children(block) {
            if kind(self.tree, statement) == Kind::Label {
                self.arrive(statement);
            } else if self.alive {
                self.statement(statement);
            }
        }
        self.labels.truncate(outer_labels);
    }

    fn statement(&mut self, node: Node) {
        self.state.spent += 1;
        self.state.at = node;
        if self.is_exhausted() {
            self.alive = false;
            return;
        }
        match kind(self.tree, node) {
            Kind::Declaration => self.declaration(node),
            Kind::Assignment => self.assignment(node),
            Kind::Call => _ = self.call(node, 1),
            Kind::If => self.branches(node),
            Kind::While => self.while_loop(node),
            Kind::Repeat => self.repeat_loop(node),
            Kind::For => self.for_loop(node),
            Kind::Do => self.block(self.tree.child_by_field(node, FIELDS.body)),
            Kind::FunctionDeclaration => self.function_declaration(node),
            Kind::Return => {
                let list = self.tree.named_children(node).next();
                let nodes: Vec<Node> = list
                    .into_iter()
                    .flat_map(|list| self.tree.named_children(list))
                    .collect();
                let is_open = self.is_open_list(&nodes);
                let values = self.values(list, 0);
                if self.alive {
                    self.returns(node, &values, is_open);
                }
                self.alive = false;
            }
            Kind::Break => {
                let mark = self.loops.last().map(|around| around.mark);
                if let Some(delta) = mark.map(|mark| self.state.delta(mark))
                    && let Some(around) = self.loops.last_mut()
                {
                    around.breaks.push(delta);
                }
                self.alive = false;
            }
            Kind::Goto => self.jump(node),
            _ => {}
        }
    }

    fn label_name(&self, node: Node) -> &'t [u8] {
        self.tree
            .named_children(node)
            .next()
            .map(|name| self.tree.bytes(name))
            .unwrap_or_default()
    }

    fn jump(&mut self, goto: Node) {
        let name = self.label_name(goto);
        let target = self
            .labels
            .iter()
            .rposition(|label| label.name == name && label.node > goto);
        if let Some(target) = target {
            let delta = self.state.delta(self.labels[target].mark);
            self.labels[target].arrivals.push(delta);
        }
        self.alive = false;
    }

    fn arrive(&mut self, label: Node) {
        let Some(known) = self.labels.iter_mut().find(|known| known.node == label) else {
            return;
        };
        let mark = known.mark;
        self.state.at = label;
        let mut arrivals = std::mem::take(&mut known.arrivals);
        if !arrivals.is_empty() {
            arrivals.extend(self.leave(mark));
            self.converge(&arrivals);
        }
        if let Some(end) = self.last_jump_back(label).filter(|_| self.alive) {
            self.forget_span(label..end);
        }
    }

    /// The last jump back to a label.
    fn last_jump_back(&self, label: Node) -> Option<Node> {
        let around = self.tree.parent(label)?;
        let name = self.label_name(label);
        let is_jump =
            |node: &Node| kind(self.tree, *node) == Kind::Goto && self.label_name(*node) == name;
        (label..self.tree.end(around)).rev().find(is_jump)
    }

    /// What is assigned between a label and a jump back to it is unknown at the label.
    fn forget_span(&mut self, span: std::ops::Range<Node>) {
        for node in span {
            if kind(self.tree, node) == Kind::Call {
                self.state.begin_epoch(node);
            }
            let is_list = kind(self.tree, node) == Kind::VariableList;
            let around = self.tree.parent(node).filter(|_| is_list);
            if around.is_none_or(|around| kind(self.tree, around) != Kind::Assignment) {
                continue;
            }
            let targets: Vec<Node> = self.tree.named_children(node).collect();
            for target in targets {
                match kind(self.tree, target) {
                    Kind::Identifier => {
                        let value = self.state.unknown();
                        self.store_variable(target, value);
                    }
                    _ => {
                        let last = self.tree.named_children(target).last();
                        let name = last.map(|last| self.tree.bytes(last)).unwrap_or_default();
                        self.state.disturb_named(name, Doubt::Write(target));
                    }
                }
            }
        }
    }

    /// Ends this path: what it changed since the mark, if its end can be reached.
    pub fn leave(&mut self, mark: Mark) -> Option<Delta<'t>> {
        let delta = self.alive.then(|| self.state.delta(mark));
        self.state.roll_back(mark);
        self.alive = false;
        delta
    }

    /// Goes on where these paths meet: a few at a time, and then what came of those. What all of them changed, for all
    /// of them at once, would be too much to hold; one after the other, what the first changed would be looked at again
    /// and again.
    pub fn converge(&mut self, paths: &[Delta<'t>]) {
        self.alive = !paths.is_empty() && !self.is_exhausted();
        if !self.alive {
            return;
        }
        if paths.len() <= MEETING {
            self.state.merge(paths);
            return;
        }
        let mark = self.state.mark();
        let mut met = Vec::new();
        for some in paths.chunks(MEETING) {
            self.converge(some);
            met.extend(self.leave(mark));
        }
        self.converge(&met);
    }

    /// Goes on under an outcome of a test; none is one that cannot be.
    pub fn enter(&mut self, outcome: Option<&Delta<'t>>) {
        self.alive = outcome.is_some();
        if let Some(delta) = outcome {
            self.state.apply(delta);
        }
    }

    /// What an outcome of a test changes since the mark.
    pub fn since(&mut self, mark: Mark, outcome: Option<&Delta<'t>>) -> Option<Delta<'t>> {
        let here = self.state.mark();
        self.state.apply(outcome?);
        let delta = self.state.delta(mark);
        self.state.roll_back(here);
        Some(delta)
    }

    /// Whether so many jumps wait for their target that each more has to carry too much.
    pub(super) fn is_crowded(&self) -> bool {
        let is_many = |waiting: &Vec<Delta<'t>>| waiting.len() >= JUMP_LIMIT;
        self.labels.iter().any(|label| is_many(&label.arrivals))
            || self.loops.iter().any(|around| is_many(&around.breaks))
    }

    pub(super) fn child_of_kind(&self, node: Node, wanted: Kind) -> Option<Node> {
        self.tree
            .named_children(node)
            .find(|child| kind(self.tree, *child) == wanted)
    }
}
