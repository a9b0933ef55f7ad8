//! Statements: paths that part, meet, repeat and end.
//!
//! Deliberately absent: expressions ([`super::expressions`]) and tests ([`super::conditions`]).

use std::collections::{BTreeMap, HashMap};

use super::File;
use super::groups::Row;
use super::kinds::{FIELDS, Kind, kind};
use super::knowledge::Path;
use super::names::FunctionIndex;
use super::state::{Delta, Mark, State};
use super::summaries::{Returns, Shared, Summary};
use super::value::{Bits, Doubt, Evidence, Fact, Key, Nature, Reason, Slot, Value};
use crate::matcher::{Node, Tree};

/// Loops nested deeper than this are passed once, not twice.
const LOOP_NEST: usize = 3;

/// After so many arms of one `if`, a test that failed says nothing of values that were unknown before: each arm has to
/// carry what the ones before it tested.
const ARM_LIMIT: usize = 64;

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

/// What was answered to the same call before.
type Answered<'t> = HashMap<(Path, Vec<Result<Value, &'t [u8]>>), Vec<Value>>;

/// An operator and its operands: values, or literals as they are written.
type Comparison<'t> = (&'t [u8], Result<Value, &'t [u8]>, Result<Value, &'t [u8]>);

/// What is found in a function: at an access, the value and the evidence.
pub(super) type Findings<'t> = BTreeMap<Node, (Node, Evidence<'t>)>;

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
    loops: Vec<Loop<'t>>,
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

    /// What is found in a function, and what is known of it for those who call it.
    pub fn function(mut self, function: Node) -> Option<(Findings<'t>, Summary)> {
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
        Some((self.findings, summary))
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
            let outcome = judged.when_false.as_ref();
            let is_kept = arms.len() < ARM_LIMIT
                || outcome.is_none_or(|delta| {
                    let mut values = delta.values();
                    values.any(|(value, _)| self.state.fact(value).evidence.is_some())
                });
            self.alive = true;
            if is_kept {
                self.enter(outcome);
            }
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
        let mut length = None;
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
                _ => {
                    let limit = self.value(*part);
                    length = length.or(self.state.nature(limit).length_of);
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
            this.bind_loop_variables(&names, walked, length, is_numeric);
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

    fn bind_loop_variables(
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
    fn cycle(&mut self, mut round: impl FnMut(&mut Self, Mark, &mut Vec<Delta<'t>>)) {
        let mark = self.state.mark();
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
            let entries: Vec<Delta<'t>> = std::iter::once(entry).chain(again).collect();
            self.converge(&entries);
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
        let values = match expressions {
            Some(_) => self.values(expressions, names.len()),
            None => names
                .iter()
                .map(|name| self.nil(Reason::Unassigned(*name)))
                .collect(),
        };
        if self.alive {
            self.named_error(node, &names, &values);
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
            let nodes: Vec<Node> = list
                .into_iter()
                .flat_map(|list| tree.named_children(list))
                .collect();
            self.named_error(node, &nodes, &values);
            for (target, value) in targets.into_iter().zip(values) {
                self.store(target, value);
            }
        }
    }

    /// `local value, err = f()`: one of the two is nil.
    fn named_error(&mut self, node: Node, names: &[Node], values: &[Value]) {
        let ([_, .., last], [value, .., error]) = (names, values) else {
            return;
        };
        let call = self.state.nature(*value).call;
        let name = String::from_utf8_lossy(self.tree.bytes(*last));
        let is_named = self
            .file
            .knowledge
            .error_names
            .iter()
            .any(|known| **known == *name);
        let is_one_call = call.is_some() && call == self.state.nature(*error).call;
        if !is_named || !is_one_call || names.len() != values.len() {
            return;
        }
        let reason = Reason::NamedError(node);
        let (fact, of_error) = (self.state.fact(*value), self.state.fact(*error));
        let evidence = Some(Evidence::certain(reason));
        self.state.set_fact(*value, Fact { evidence, ..fact });
        let row = |bits: Bits| Row {
            bits,
            evidence: evidence.filter(|_| bits == Bits::FALSY),
            text: None,
            unlike: None,
        };
        self.state.set_fact(*error, of_error);
        self.state.gather(vec![
            (*value, vec![row(Bits::NOT_NIL), row(Bits::FALSY)]),
            (*error, vec![row(Bits::NIL), row(Bits::TRUTHY)]),
        ]);
    }

    /// Whether this is in a loop.
    pub fn is_in_loop(&self) -> bool {
        !self.loops.is_empty()
    }

    fn function_declaration(&mut self, node: Node) {
        let Some(name) = self.tree.child_by_field(node, FIELDS.name) else {
            return;
        };
        let nature = Nature {
            function: self.file.survey.function_at(node),
            ..Nature::default()
        };
        let value = self.state.made(nature, Fact::of(Bits::TRUTHY));
        if kind(self.tree, name) == Kind::Identifier {
            self.store_variable(name, value);
        }
        self.capture(node);
        match kind(self.tree, name) {
            Kind::Dot | Kind::Method => {
                let target = self.target(name);
                // Its functions may give it more fields.
                if let Target::Slot(Slot::Field(holder, _)) = target {
                    self.state.open(holder, 0);
                }
                self.store(target, value);
            }
            _ => {}
        }
    }

    fn target(&mut self, node: Node) -> Target<'t> {
        match kind(self.tree, node) {
            Kind::Identifier => self
                .file
                .names
                .binding(node)
                .map_or(Target::Nowhere, |binding| {
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
                    self.blur(holder, is_number);
                    self.state.open(value, 0);
                }
                self.put(slot, value);
            }
            Target::Nowhere => {}
        }
    }

    fn store_variable(&mut self, name: Node, value: Value) {
        if let Some(binding) = self.file.names.binding(name) {
            self.put(Slot::Variable(binding), value);
        }
    }

    fn put(&mut self, slot: Slot<'t>, value: Value) {
        self.doubt_replacement(slot, value);
        self.state.write(slot, value);
        let is_open = match slot {
            Slot::Variable(binding) => self
                .file
                .names
                .is_reachable_elsewhere(binding, self.function),
            Slot::Field(holder, _) => self.state.is_open(holder),
        };
        if is_open {
            self.state.open(value, 0);
        }
    }

    /// An unknown value takes the place of one that was tested: nobody has tested the new one.
    fn doubt_replacement(&mut self, slot: Slot<'t>, value: Value) {
        let fact = self.state.fact(value);
        let Some(by) = self.state.nature(value).call else {
            return;
        };
        if fact.evidence.is_some() || fact.bits != Bits::ALL || fact.is_reported {
            return;
        }
        let before = self.state.read(slot);
        let known = self.state.fact(before);
        if let (
            false,
            Some(Evidence {
                reason: Reason::Tested(test),
                doubt: None,
            }),
        ) = (known.bits.has_nil(), known.evidence)
        {
            let evidence = Some(Evidence::soft(Reason::Replaced { test, by }));
            self.state.set_fact(value, Fact { evidence, ..fact });
        }
    }

    /// A table that is given another tag is another kind of table: what its tag said of its payload is void.
    fn forget_tag(&mut self, holder: Value, key: Key<'t>) {
        let Key::Name(tag) = key else { return };
        if self.tagged.contains_key(&(holder, tag)) {
            let kind = None;
            let fact = self.state.fact(holder);
            self.state.set_fact(holder, Fact { kind, ..fact });
        }
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
