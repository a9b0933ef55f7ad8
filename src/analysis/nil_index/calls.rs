//! Calls: what they raise, answer, end and change.
//!
//! A function is known by the profiles, under the name that it has at home (`local open = io.open`) or by the way it
//! is written at the call; or by its summary, when the file declares it. Deliberately absent: what a summary is
//! ([`super::summaries`]); a call of anything unknown may change the fields of its arguments and whatever other
//! functions reach.

use super::interpreter::Interpreter;
use super::kinds::{FIELDS, Kind, kind, plain_text};
use super::knowledge::{Known, Path};
use super::names::FunctionIndex;
use super::state::Blur;
use super::survey::Effects;
use super::trace::What;
use super::value::{Bits, Doubt, Fact, Implications, Implied, Key, Nature, Reason, Slot, Value};
use crate::matcher::Node;
use std::rc::Rc;

/// How many results of a call are followed.
const RESULT_LIMIT: usize = 8;

/// What is called.
pub(super) struct Callee {
    pub node: Node,
    pub receiver: Option<Value>,
    /// Its name among the known ones.
    pub path: Option<Path>,
    /// Whether a method of an unknown value is known by its name alone.
    pub is_by_method: bool,
    /// The function of this file that it is.
    pub function: Option<FunctionIndex>,
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
        if let Some(values) = self.library_call(node, &callee, &nodes, &given, wanted) {
            return values;
        }
        let is_removal = self.tree.bytes(callee.node) == b"table.remove";
        let has_element = is_removal && self.has_element(given.first().copied());
        match self.tree.bytes(callee.node) {
            b"table.insert" | b"table.remove" | b"table.sort" => self.change_list(&given, node),
            _ if self.holds(&callee, |known| known.is_pure) => {}
            _ if callee.function.is_none() && self.is_named_as_logger(callee.node) => {}
            _ => self.effects(node, &callee, &given),
        }
        if self.is_named_as_end(callee.node) {
            self.state.doom(node);
        }
        if self.is_beyond_parameters(&callee, given.len()) && self.is_named_as_check(callee.node) {
            for implied in self.doubts(node, &given) {
                let fact = self.state.fact(implied.value);
                let evidence = implied.evidence;
                self.state
                    .set_fact(implied.value, Fact { evidence, ..fact });
            }
        }
        let values = self.answers(node, &callee, &nodes, &given, wanted);
        for value in callee
            .function
            .map(|function| self.given_by(function))
            .unwrap_or_default()
        {
            if self.alive {
                self.demand(value);
            }
        }
        self.imply_arguments(&callee, &given, &values);
        if has_element && let Some(removed) = values.first() {
            self.restrict(*removed, Bits::NOT_NIL);
        }
        values
    }

    /// The results of functions of the standard library that are interpreted, not known by what they answer.
    fn library_call(
        &mut self,
        node: Node,
        callee: &Callee,
        nodes: &[Node],
        given: &[Value],
        wanted: usize,
    ) -> Option<Vec<Value>> {
        Some(match self.tree.bytes(callee.node) {
            name @ (b"type" | b"io.type" | b"math.type") if callee.function.is_none() => {
                let nature = Nature {
                    type_of: given.first().copied(),
                    ..Nature::default()
                };
                // The others answer nil to what is of another kind.
                let bits = if name == b"type" {
                    Bits::TRUTHY
                } else {
                    Bits::ALL
                };
                let value = self.state_made(nature, bits);
                self.padded(value, wanted)
            }
            name @ (b"pcall" | b"xpcall") if callee.function.is_none() => {
                self.protected(node, name, nodes, given, wanted)
            }
            b"setmetatable" => self.set_metatable(nodes, given, wanted),
            b"require" => self.require(nodes, wanted),
            _ => return None,
        })
    }

    /// What a result says of the argument it was made of.
    fn imply_arguments(&mut self, callee: &Callee, given: &[Value], values: &[Value]) {
        let Some(result) = values.first() else {
            return;
        };
        match self.tree.bytes(callee.node) {
            b"next" if callee.function.is_none() => {
                self.imply_element(*result, given.first().copied());
            }
            b"tonumber" => {
                if let Some(text) = given.first() {
                    // Of nil there is no number.
                    self.imply(*result, vec![Implied::not_nil(*text)], Vec::new());
                }
            }
            _ => {}
        }
    }

    /// An empty table has no first key: what stands in for a value is then not what was asked.
    fn imply_element(&mut self, key: Value, table: Option<Value>) {
        let original = table.and_then(|table| self.state.nature(table).fallback_of);
        if let Some(value) = original {
            let implied = Implied {
                value,
                bits: Bits::TRUTHY,
                evidence: None,
                text: None,
            };
            self.imply(key, vec![implied], Vec::new());
        }
    }

    /// Whether a list is known to have an element.
    fn has_element(&mut self, list: Option<Value>) -> bool {
        list.is_some_and(|list| {
            let first = self.state.read(Slot::Field(list, Key::Number(b"1")));
            !self.state.fact(first).bits.has_nil()
        })
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

    pub(super) fn holds(&self, callee: &Callee, what: fn(&Known) -> bool) -> bool {
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
            let is_known = function.is_some() || by_class.or(written).or(by_name).is_some();
            if let (Some(receiver), false) = (receiver, is_known) {
                self.method_access(receiver, name, node, call);
            }
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
        let is_shadowed = self.is_parameter_chain(node);
        let path = nature
            .path
            .or(written.filter(|path| has_flags(path) && !is_shadowed));
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

    /// Whether a chain of names begins with a parameter: what is written like a known function is another one.
    fn is_parameter_chain(&self, mut node: Node) -> bool {
        while kind(self.tree, node) == Kind::Dot {
            match self.tree.child_by_field(node, FIELDS.table) {
                Some(table) => node = table,
                None => return false,
            }
        }
        let binding = self.file.names.binding(node);
        let function = self.file.names.functions.get(self.function as usize);
        binding.is_some_and(|binding| {
            let is_library = self
                .file
                .knowledge
                .root(self.file.names.name(binding))
                .is_some();
            is_library && function.is_some_and(|function| function.parameters.contains(&binding))
        })
    }

    /// The access to a method: most come from a metatable, so only what is known of this very table counts.
    fn method_access(&mut self, receiver: Value, name: &'t [u8], node: Node, call: Node) {
        let is_declared = self.file.names.members.contains(name);
        let value = self.state.read(Slot::Field(receiver, Key::Name(name)));
        let evidence = self.state.fact(value).evidence;
        match evidence.map(|evidence| evidence.reason) {
            Some(Reason::Missing(_)) => self.access(value, node, call),
            Some(Reason::Tested(_) | Reason::Literal(_)) if !is_declared => {
                self.access(value, node, call);
            }
            _ => {}
        }
    }

    /// `setmetatable(t, m)`: the fields of `m` may be fields of `t` from now on.
    fn set_metatable(&mut self, nodes: &[Node], given: &[Value], wanted: usize) -> Vec<Value> {
        let Some(table) = given.first().copied() else {
            return self.unknowns(wanted);
        };
        self.changes += 1;
        for value in given {
            self.state.open(*value, 0);
        }
        if nodes.get(1).is_some_and(|meta| self.may_give_fields(*meta)) {
            self.state.forget_table(table);
        }
        self.padded(table, wanted)
    }

    /// Whether a metatable may answer for fields that its table lacks: `{ __mode = "k" }` does not.
    fn may_give_fields(&self, meta: Node) -> bool {
        let is_index = |field: Node| match self.tree.child_by_field(field, FIELDS.name) {
            Some(name) => {
                self.tree.bytes(name) == b"__index" || self.tree.bytes(field).starts_with(b"[")
            }
            None => false,
        };
        kind(self.tree, meta) != Kind::Table || self.tree.named_children(meta).any(is_index)
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
        self.changes += 1;
        let doubt = Doubt::Call(node);
        let name = self.tree.child_by_field(node, FIELDS.name);
        match (name.map(|name| self.tree.bytes(name)), others) {
            (Some(b"table.insert"), [value]) => return self.append(*list, *value, doubt),
            (Some(b"table.insert"), _) => self.rearrange(*list, doubt, true),
            (Some(b"table.sort"), _) => self.rearrange(*list, doubt, false),
            _ => {
                self.state.disturb(*list, Key::FIRST_NUMBER, doubt);
                self.state.blurred.insert((*list, Blur::Appended));
            }
        }
        for value in others {
            self.state.open(*value, 0);
        }
    }

    /// What a call may change.
    pub(super) fn effects(&mut self, node: Node, callee: &Callee, given: &[Value]) {
        let doubt = Doubt::Call(node);
        self.state.calls += 1;
        let all: Vec<Value> = given.iter().copied().chain(callee.receiver).collect();
        for value in &all {
            self.state.open(*value, 0);
        }
        let survey = self.file.survey;
        let of = |function| survey.function(function).map(|facts| &facts.effects);
        let own = callee.function.and_then(of);
        self.changes += u32::from(own.is_none_or(|effects| !effects.is_none()));
        // It may run the functions that it is given.
        let run = all
            .iter()
            .filter_map(|value| self.state.nature(*value).function);
        let known: Option<Vec<&Effects<'t>>> = callee
            .function
            .map(|callee| std::iter::once(callee).chain(run).filter_map(of).collect());
        let known = known.filter(|known| known.iter().all(|effects| !effects.is_wild));
        for effects in known.iter().flatten() {
            for name in &effects.fields {
                self.state.disturb_named(name, doubt);
            }
            for binding in &effects.variables {
                self.state.disturb_variable(*binding, doubt);
            }
        }
        let is_opaque = |known: &Vec<&Effects<'t>>| known.iter().any(|effects| effects.is_opaque);
        if known.as_ref().is_none_or(is_opaque) {
            for value in all {
                self.state.disturb(value, Key::FIRST, doubt);
            }
        }
        if known.is_none() {
            self.state.begin_epoch(node);
        }
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
                self.state.note(*argument, value, What::Demanded);
            }
        }
        while answers.len() < wanted {
            answers.push(self.state.unknown());
        }
        answers
    }
}
