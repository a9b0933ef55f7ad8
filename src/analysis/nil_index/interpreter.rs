//! Statements: paths that part, meet, repeat and end.
//!
//! Deliberately absent: expressions ([`super::expressions`]) and tests ([`super::conditions`]).

use std::collections::{BTreeMap, HashMap};

use super::Options;
use super::kinds::{FIELDS, Kind, kind};
use super::names::{FunctionIndex, Names};
use super::state::{Delta, Mark, State};
use super::unions::Unions;
use super::value::{Bits, Doubt, Evidence, Fact, Key, Reason, Slot, Value};
use crate::analysis::Hit;
use crate::matcher::{Node, Tree};

/// Loops nested deeper than this are passed once, not twice.
const LOOP_NEST: usize = 3;

/// The steps that a function may take for each of its nodes, before it is given up.
const STEPS_PER_NODE: u64 = 64;

/// The steps that every function may take.
const STEPS: u64 = 200_000;

struct Loop<'t> {
    mark: Mark,
    breaks: Vec<Delta<'t>>,
}

struct Label<'t> {
    node: Node,
    name: &'t [u8],
    mark: Mark,
    arrivals: Vec<Delta<'t>>,
}

/// Where a value will be put.
enum Target<'t> {
    Slot(Slot<'t>),
    /// A field whose key is computed, and whether it can only be a number.
    Computed {
        slot: Slot<'t>,
        is_number: bool,
        node: Node,
    },
    Nowhere,
}

/// The interpretation of one function.
pub(super) struct Interpreter<'a, 't> {
    pub tree: &'a Tree<'t>,
    pub names: &'a Names<'t>,
    pub unions: &'a Unions<'t>,
    pub options: &'a Options,
    pub state: State<'a, 't>,
    /// Whether this point can be reached.
    pub alive: bool,
    pub(super) findings: BTreeMap<Node, (Node, Evidence<'t>)>,
    /// The values that became suspect by a test of this tag of this table.
    pub tagged: HashMap<(Value, &'t [u8]), Vec<Value>>,
    function: FunctionIndex,
    step_limit: u64,
    loops: Vec<Loop<'t>>,
    labels: Vec<Label<'t>>,
}

impl<'a, 't> Interpreter<'a, 't> {
    pub fn new(
        tree: &'a Tree<'t>,
        names: &'a Names<'t>,
        unions: &'a Unions<'t>,
        options: &'a Options,
        function: FunctionIndex,
    ) -> Self {
        Self {
            tree,
            names,
            unions,
            options,
            state: State::new(names, function),
            alive: true,
            findings: BTreeMap::new(),
            tagged: HashMap::new(),
            function,
            step_limit: 0,
            loops: Vec::new(),
            labels: Vec::new(),
        }
    }

    /// What is found in a function.
    pub fn function(mut self, function: Node) -> Vec<Hit> {
        self.step_limit = STEPS + STEPS_PER_NODE * self.tree.subtree(function).len() as u64;
        if function == self.tree.root() {
            self.block(Some(function));
        } else {
            self.block(self.tree.child_by_field(function, FIELDS.body));
        }
        if self.is_exhausted() {
            return Vec::new();
        }
        let findings = self.findings.iter();
        findings
            .map(|(node, (focus, evidence))| self.describe(*node, *focus, evidence))
            .collect()
    }

    fn is_exhausted(&self) -> bool {
        self.state.spent > self.step_limit
    }

    fn block(&mut self, block: Option<Node>) {
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
        if self.is_exhausted() {
            self.alive = false;
            return;
        }
        match kind(self.tree, node) {
            Kind::Declaration => self.declaration(node),
            Kind::Assignment => self.assignment(node),
            Kind::Call => _ = self.value(node),
            Kind::If => self.branches(node),
            Kind::While => self.while_loop(node),
            Kind::Repeat => self.repeat_loop(node),
            Kind::For => self.for_loop(node),
            Kind::Do => self.block(self.tree.child_by_field(node, FIELDS.body)),
            Kind::FunctionDeclaration => self.function_declaration(node),
            Kind::Return => {
                for list in self.tree.named_children(node) {
                    self.values(Some(list), 0);
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
        let mut arrivals = std::mem::take(&mut known.arrivals);
        if !arrivals.is_empty() {
            arrivals.extend(self.leave(mark));
            self.converge(&arrivals);
        }
    }

    /// The arms of an `if`. They meet from the last to the first, as if each `elseif` stood in the `else` before it.
    fn branches(&mut self, node: Node) {
        let tree = self.tree;
        let mut arms: Vec<(Mark, Option<Delta<'t>>)> = Vec::new();
        let alternatives = tree
            .named_children(node)
            .filter(|part| matches!(kind(tree, *part), Kind::ElseIf | Kind::Else));
        for arm in std::iter::once(node).chain(alternatives) {
            if !self.alive {
                break;
            }
            let Some(condition) = tree.child_by_field(arm, FIELDS.condition) else {
                self.block(tree.child_by_field(arm, FIELDS.body));
                break;
            };
            let mark = self.state.mark();
            let judged = self.judge(condition);
            self.enter(judged.when_true.as_ref());
            self.block(
                tree.child_by_field(arm, FIELDS.consequence)
                    .filter(|_| self.alive),
            );
            arms.push((mark, self.leave(mark)));
            self.enter(judged.when_false.as_ref());
        }
        for (mark, end) in arms.into_iter().rev() {
            let ends: Vec<Delta<'t>> = end.into_iter().chain(self.leave(mark)).collect();
            self.converge(&ends);
        }
    }

    fn while_loop(&mut self, node: Node) {
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

    fn repeat_loop(&mut self, node: Node) {
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

    fn for_loop(&mut self, node: Node) {
        let Some(clause) = self.tree.child_by_field(node, FIELDS.clause) else {
            return;
        };
        let body = self.tree.child_by_field(node, FIELDS.body);
        let parts: Vec<Node> = self.tree.named_children(clause).collect();
        let mut walked = None;
        for part in parts
            .iter()
            .filter(|part| self.tree.field(**part) != FIELDS.name)
        {
            match kind(self.tree, *part) {
                Kind::VariableList => {}
                Kind::ExpressionList => {
                    self.values(Some(*part), 0);
                    walked = self.walked_table(*part);
                }
                _ => _ = self.value(*part),
            }
        }
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
            this.bind_loop_variables(&names, walked);
            this.block(body);
        });
    }

    /// The table that `pairs(t)` or `ipairs(t)` walks.
    fn walked_table(&mut self, list: Node) -> Option<Value> {
        let call = self.tree.named_children(list).next()?;
        let name = self.tree.child_by_field(call, FIELDS.name)?;
        let arguments = self.tree.child_by_field(call, FIELDS.arguments)?;
        let table = self.tree.named_children(arguments).next()?;
        let is_walk = matches!(self.tree.bytes(name), b"pairs" | b"ipairs");
        let is_simple = matches!(
            kind(self.tree, table),
            Kind::Identifier | Kind::Dot | Kind::Bracket
        );
        (is_walk && is_simple).then(|| self.value(table))
    }

    fn bind_loop_variables(&mut self, names: &[Node], walked: Option<Value>) {
        let mut values = Vec::new();
        for (position, name) in names.iter().enumerate() {
            let bits = match position {
                0 => Bits::TRUTHY,
                1 if walked.is_some() => Bits::NOT_NIL,
                _ => Bits::ALL,
            };
            let value = self.state.fresh(Fact::of(bits));
            values.push(value);
            self.store_variable(*name, value);
        }
        if let (Some(table), [key, content, ..]) = (walked, values.as_slice()) {
            self.state
                .write(Slot::Field(table, Key::Of(*key)), *content);
        }
    }

    /// Interprets a loop: twice, the second time with what the first left behind. `round` is one pass; it adds the
    /// states in which the loop ends by its condition.
    fn cycle(&mut self, mut round: impl FnMut(&mut Self, Mark, &mut Vec<Delta<'t>>)) {
        let mark = self.state.mark();
        let entry = self.state.delta(mark);
        let is_deep = self.loops.len() >= LOOP_NEST;
        self.loops.push(Loop {
            mark,
            breaks: Vec::new(),
        });
        let mut exits = Vec::new();
        round(self, mark, &mut exits);
        let again = self.leave(mark);
        if is_deep {
            exits.extend(again);
        } else if let Some(again) = again {
            // The second pass starts from wherever the first did, too, so that its ends are the ends of both.
            exits.clear();
            if let Some(around) = self.loops.last_mut() {
                around.breaks.clear();
            }
            self.converge(&[entry, again]);
            round(self, mark, &mut exits);
            self.leave(mark);
        }
        exits.extend(self.loops.pop().map(|done| done.breaks).unwrap_or_default());
        self.converge(&exits);
    }

    /// Ends this path: what it changed since the mark, if its end can be reached.
    pub fn leave(&mut self, mark: Mark) -> Option<Delta<'t>> {
        let delta = self.alive.then(|| self.state.delta(mark));
        self.state.roll_back(mark);
        self.alive = false;
        delta
    }

    /// Goes on where these paths meet.
    pub fn converge(&mut self, paths: &[Delta<'t>]) {
        self.alive = !paths.is_empty();
        if self.alive {
            self.state.merge(paths);
        }
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

    fn declaration(&mut self, node: Node) {
        let inner = self.child_of_kind(node, Kind::Assignment);
        let Some(list) = self.child_of_kind(inner.unwrap_or(node), Kind::VariableList) else {
            return;
        };
        let tree = self.tree;
        let names: Vec<Node> = tree
            .named_children(list)
            .filter(|name| kind(tree, *name) == Kind::Identifier)
            .collect();
        let expressions = inner.and_then(|inner| self.child_of_kind(inner, Kind::ExpressionList));
        let values = self.values(expressions, names.len());
        if self.alive {
            for (name, value) in names.into_iter().zip(values) {
                self.store_variable(name, value);
            }
        }
    }

    fn assignment(&mut self, node: Node) {
        let tree = self.tree;
        let list = self.child_of_kind(node, Kind::VariableList);
        let targets: Vec<Target<'t>> = list
            .into_iter()
            .flat_map(|list| tree.named_children(list))
            .map(|target| self.target(target))
            .collect();
        let expressions = self.child_of_kind(node, Kind::ExpressionList);
        let values = self.values(expressions, targets.len());
        if self.alive {
            for (target, value) in targets.into_iter().zip(values) {
                self.store(target, value);
            }
        }
    }

    fn function_declaration(&mut self, node: Node) {
        let Some(name) = self.tree.child_by_field(node, FIELDS.name) else {
            return;
        };
        let value = self.state.fresh(Fact::of(Bits::TRUTHY));
        match kind(self.tree, name) {
            Kind::Identifier => self.store_variable(name, value),
            Kind::Dot | Kind::Method => {
                let target = self.target(name);
                self.store(target, value);
            }
            _ => {}
        }
    }

    fn target(&mut self, node: Node) -> Target<'t> {
        match kind(self.tree, node) {
            Kind::Identifier => self.names.binding(node).map_or(Target::Nowhere, |binding| {
                Target::Slot(Slot::Variable(binding))
            }),
            Kind::Dot | Kind::Bracket | Kind::Method => {
                let Some((slot, key)) = self.field(node) else {
                    return Target::Nowhere;
                };
                match slot {
                    Slot::Field(_, Key::Of(_)) => Target::Computed {
                        slot,
                        is_number: self.is_number(key),
                        node,
                    },
                    _ => Target::Slot(slot),
                }
            }
            _ => Target::Nowhere,
        }
    }

    fn store(&mut self, target: Target<'t>, value: Value) {
        match target {
            Target::Slot(slot) => {
                if let Slot::Field(holder, key) = slot {
                    self.forget_tag(holder, key);
                    // A computed key may have been the same one.
                    self.state
                        .disturb(holder, Key::FIRST_COMPUTED, Doubt::SomePaths);
                }
                self.put(slot, value);
            }
            Target::Computed {
                slot,
                is_number,
                node,
            } => {
                if let Slot::Field(holder, _) = slot {
                    let from = if is_number {
                        Key::FIRST_NUMBER
                    } else {
                        Key::FIRST
                    };
                    self.state.disturb(holder, from, Doubt::Write(node));
                }
                self.put(slot, value);
            }
            Target::Nowhere => {}
        }
    }

    fn store_variable(&mut self, name: Node, value: Value) {
        if let Some(binding) = self.names.binding(name) {
            self.put(Slot::Variable(binding), value);
        }
    }

    fn put(&mut self, slot: Slot<'t>, value: Value) {
        self.state.write(slot, value);
        let is_open = match slot {
            Slot::Variable(binding) => self.names.is_reachable_elsewhere(binding, self.function),
            Slot::Field(holder, _) => self.state.is_open(holder),
        };
        if is_open {
            self.state.open(value, 0);
        }
    }

    /// A table that is given another tag is another kind of table: what its tag said of its payload is void.
    fn forget_tag(&mut self, holder: Value, key: Key<'t>) {
        let Key::Name(tag) = key else { return };
        for value in self.tagged.get(&(holder, tag)).cloned().unwrap_or_default() {
            let fact = self.state.fact(value);
            let from = fact.evidence.map(|evidence| evidence.reason);
            if matches!(from, Some(Reason::Tag { holder: of, tag: by, .. }) if of == holder && by == tag)
            {
                self.state.set_fact(
                    value,
                    Fact {
                        evidence: None,
                        ..fact
                    },
                );
            }
        }
    }

    fn child_of_kind(&self, node: Node, wanted: Kind) -> Option<Node> {
        self.tree
            .named_children(node)
            .find(|child| kind(self.tree, *child) == wanted)
    }
}
