//! The pass over the nodes that gathers the facts of a file.
//!
//! Deliberately absent: what the facts mean ([`super`]).

use super::{Effects, Survey, TableUse, VariableFacts, is_open_ended};
use crate::analysis::nil_index::kinds::{FIELDS, Kind, kind, plain_text};
use crate::analysis::nil_index::knowledge::{Knowledge, Known};
use crate::analysis::nil_index::names::{Binding, FunctionIndex, Names};
use crate::matcher::{Node, Tree};

/// How often effects are handed on from callee to caller.
const EFFECT_ROUNDS: usize = 4;

/// A function that changes more fields and variables than this, with those that it calls, may change anything.
const EFFECT_LIMIT: usize = 256;

/// Fills an empty survey.
pub(super) fn survey<'t>(
    tree: &Tree<'t>,
    names: &Names<'t>,
    knowledge: &Knowledge,
    empty: Survey<'t>,
) -> Survey<'t> {
    let mut walk = Walk {
        tree,
        names,
        knowledge,
        survey: empty,
    };
    walk.declared_functions();
    for node in tree.subtree(tree.root()) {
        walk.visit(node);
    }
    // Calls are resolved when all definitions are known.
    for node in tree.subtree(tree.root()) {
        if kind(tree, node) == Kind::Call {
            walk.visit_call(node);
        }
    }
    walk.hand_on_effects();
    for facts in &mut walk.survey.variables {
        facts.function = facts.function.filter(|_| facts.definitions == 1);
    }
    walk.survey
}

struct Walk<'t, 's> {
    tree: &'s Tree<'t>,
    names: &'s Names<'t>,
    knowledge: &'s Knowledge,
    survey: Survey<'t>,
}

impl<'t> Walk<'t, '_> {
    /// Owners and receivers come first: the rest asks for them.
    fn declared_functions(&mut self) {
        for (index, function) in self.names.functions.iter().enumerate() {
            let body = self.tree.child_by_field(function.node, FIELDS.body);
            let is_stub = body.is_none_or(|body| self.tree.named_children(body).next().is_none());
            // Nobody puts anything in the place of a local one without an assignment that is seen.
            let is_local = self.starts_with_local(function.node);
            self.survey.functions[index].is_stub = is_stub && !is_local;
            if kind(self.tree, function.node) != Kind::FunctionDeclaration {
                continue;
            }
            let Some(name) = self.tree.child_by_field(function.node, FIELDS.name) else {
                continue;
            };
            match kind(self.tree, name) {
                Kind::Identifier => {
                    self.define(name, Some(index as FunctionIndex), function.node);
                }
                Kind::Dot | Kind::Method => {
                    self.define_member(name, Some(index as FunctionIndex));
                }
                _ => {}
            }
        }
    }

    fn visit(&mut self, node: Node) {
        match kind(self.tree, node) {
            Kind::Declaration => self.visit_declaration(node),
            Kind::Assignment if self.parent_kind(node) != Kind::Declaration => {
                self.visit_assignment(node);
            }
            Kind::Identifier => self.visit_use(node),
            _ => {}
        }
    }

    fn visit_declaration(&mut self, node: Node) {
        let inner = self.child_of_kind(node, Kind::Assignment);
        let Some(list) = self.child_of_kind(inner.unwrap_or(node), Kind::VariableList) else {
            return;
        };
        let values = self.values(inner);
        for (position, name) in self
            .tree
            .named_children(list)
            .filter(|name| kind(self.tree, *name) == Kind::Identifier)
            .enumerate()
        {
            let value = values.get(position).copied();
            let Some(binding) = self.names.binding(name) else {
                continue;
            };
            let class = value.and_then(|value| self.class_of_new(value));
            let Some(facts) = self.survey.variables.get_mut(binding as usize) else {
                continue;
            };
            facts.instance_of = class;
            match value.map(|value| (kind(self.tree, value), value)) {
                None if values
                    .last()
                    .is_none_or(|last| !is_open_ended(kind(self.tree, *last))) =>
                {
                    facts.bare = Some(name);
                }
                Some((Kind::Nil, _)) => facts.bare = Some(name),
                Some((Kind::Table, table)) => facts.table = Some(table),
                Some((Kind::FunctionDefinition, function)) => {
                    facts.function = self.survey.function_at.get(&function).copied();
                }
                _ => {}
            }
            if facts.bare.is_none() {
                facts.definitions += 1;
            }
        }
    }

    /// The class in `Class.new()`, `Class:new()` and `setmetatable({}, Class)`.
    fn class_of_new(&self, value: Node) -> Option<Binding> {
        if kind(self.tree, value) != Kind::Call {
            return None;
        }
        let callee = self.tree.child_by_field(value, FIELDS.name)?;
        if self.tree.bytes(callee) == b"setmetatable" {
            let arguments = self.tree.child_by_field(value, FIELDS.arguments)?;
            return self
                .names
                .binding(self.tree.named_children(arguments).nth(1)?);
        }
        let table = self.tree.child_by_field(callee, FIELDS.table)?;
        let name = self.tree.named_children(callee).last()?;
        let is_new = matches!(self.tree.bytes(name), b"new" | b"New" | b"create");
        self.names.binding(table).filter(|_| is_new)
    }

    fn visit_assignment(&mut self, node: Node) {
        let Some(list) = self.child_of_kind(node, Kind::VariableList) else {
            return;
        };
        let values = self.values(Some(node));
        for (position, target) in self.tree.named_children(list).enumerate() {
            let value = values.get(position).copied();
            let value_kind = value.map(|value| kind(self.tree, value));
            let function = value
                .filter(|_| value_kind == Some(Kind::FunctionDefinition))
                .and_then(|value| self.survey.function_at(value));
            let by = self.names.around(node);
            match kind(self.tree, target) {
                Kind::Identifier if value_kind == Some(Kind::Nil) => {
                    if let Some(facts) = self.facts_of(target) {
                        facts.nilled.push((target, by));
                        facts.assignments.push((target, by));
                    }
                    self.effect_on_variable(target, by);
                }
                Kind::Identifier => {
                    self.define(target, function, target);
                    self.effect_on_variable(target, by);
                }
                Kind::Dot | Kind::Bracket => {
                    self.effect_on_field(target, by);
                    if value_kind == Some(Kind::Nil) {
                        self.nil_member(target, by);
                    } else {
                        self.give_member(target, by);
                        self.define_member(target, function);
                    }
                }
                _ => {}
            }
        }
    }

    fn facts_of(&mut self, identifier: Node) -> Option<&mut VariableFacts> {
        let binding = self.names.binding(identifier)?;
        self.survey.variables.get_mut(binding as usize)
    }

    fn define(&mut self, identifier: Node, function: Option<FunctionIndex>, at: Node) {
        let by = self.names.around(at);
        let is_local = self.starts_with_local(at);
        if let Some(facts) = self.facts_of(identifier) {
            facts.definitions += 1;
            facts.function = function.filter(|_| facts.definitions == 1);
            if !is_local {
                facts.assignments.push((at, by));
            }
        }
    }

    /// `M.f`, where M is a variable.
    fn member(&self, target: Node) -> Option<(Node, &'t [u8])> {
        let table = self.tree.child_by_field(target, FIELDS.table)?;
        let is_plain = kind(self.tree, table) == Kind::Identifier;
        let key = self
            .tree
            .named_children(target)
            .last()
            .filter(|_| is_plain)?;
        match kind(self.tree, target) {
            Kind::Bracket => {
                let is_string = kind(self.tree, key) == Kind::String;
                let text = plain_text(self.tree, key).filter(|_| is_string)?;
                Some((table, text))
            }
            _ => Some((table, self.tree.bytes(key))),
        }
    }

    fn define_member(&mut self, target: Node, function: Option<FunctionIndex>) {
        let Some((table, name)) = self.member(target) else {
            return;
        };
        let Some(binding) = self.names.binding(table) else {
            return;
        };
        let owner = self
            .survey
            .receiver_owner(self.names, table, binding)
            .unwrap_or(binding);
        if let Some(function) = function {
            let parameters = self.names.functions[function as usize].parameters.first();
            let first = parameters.map(|first| self.names.name(*first));
            let facts = &mut self.survey.functions[function as usize];
            facts.owner = Some(owner);
            facts.is_method = first == Some(b"self");
        }
        self.survey
            .members
            .entry((owner, name))
            .and_modify(|known| *known = None)
            .or_insert(function);
    }

    fn give_member(&mut self, target: Node, by: FunctionIndex) {
        if let Some((table, name)) = self.member(target)
            && let Some(binding) = self.names.binding(table)
        {
            let places = self.survey.given.entry((binding, name)).or_default();
            places.push((target, by));
        }
    }

    fn nil_member(&mut self, target: Node, by: FunctionIndex) {
        let Some((table, name)) = self.member(target) else {
            return;
        };
        let Some(binding) = self.names.binding(table) else {
            return;
        };
        let receiver = self.survey.receiver_owner(self.names, table, binding);
        let receiver = receiver.or(self.survey.class_of(binding));
        let is_shared = self.names.home(binding) != Some(by);
        if let Some(owner) = receiver.or(Some(binding).filter(|_| is_shared)) {
            self.survey
                .nilled
                .entry((owner, name))
                .or_default()
                .push((target, by));
        }
    }

    fn effect_on_variable(&mut self, target: Node, by: FunctionIndex) {
        if let Some(binding) = self.names.binding(target)
            && self.names.home(binding) != Some(by)
        {
            self.survey.functions[by as usize]
                .effects
                .variables
                .insert(binding);
        }
    }

    fn effect_on_field(&mut self, target: Node, by: FunctionIndex) {
        let key = self.tree.child_by_field(target, FIELDS.field);
        let name = key.and_then(|key| match kind(self.tree, target) {
            Kind::Dot => Some(self.tree.bytes(key)),
            _ if kind(self.tree, key) == Kind::String => plain_text(self.tree, key),
            _ => None,
        });
        let effects = &mut self.survey.functions[by as usize].effects;
        match name {
            Some(name) => _ = effects.fields.insert(name),
            None => effects.is_unsteady = true,
        }
    }

    /// What is done with the table in a variable.
    fn visit_use(&mut self, node: Node) {
        let Some(binding) = self.names.binding(node) else {
            return;
        };
        let found = self.table_use(node);
        if let Some(facts) = self.survey.variables.get_mut(binding as usize) {
            facts.table_use = facts.table_use.max(found);
        }
    }

    fn table_use(&self, node: Node) -> TableUse {
        let Some(parent) = self.tree.parent(node) else {
            return TableUse::Escapes;
        };
        match kind(self.tree, parent) {
            Kind::Dot | Kind::Bracket if self.tree.field(node) == FIELDS.table => {
                self.index_use(parent)
            }
            Kind::Method => TableUse::Escapes,
            Kind::Unary => TableUse::Constant,
            Kind::Arguments => self.argument_use(node, parent),
            Kind::VariableList => {
                let around = self.tree.parent(parent);
                let is_declared = around.is_some_and(|around| {
                    kind(self.tree, around) == Kind::Declaration
                        || self.parent_kind(around) == Kind::Declaration
                });
                if is_declared {
                    TableUse::Constant
                } else {
                    TableUse::Escapes
                }
            }
            _ => TableUse::Escapes,
        }
    }

    fn index_use(&self, index: Node) -> TableUse {
        let mut node = index;
        while let Some(parent) = self.tree.parent(node) {
            match kind(self.tree, parent) {
                Kind::Dot | Kind::Bracket if self.tree.field(node) == FIELDS.table => node = parent,
                Kind::FunctionDeclaration => return TableUse::Written,
                Kind::VariableList if self.parent_kind(parent) == Kind::Assignment => {
                    return TableUse::Written;
                }
                _ => return TableUse::Constant,
            }
        }
        TableUse::Constant
    }

    fn argument_use(&self, node: Node, arguments: Node) -> TableUse {
        let call = self.tree.parent(arguments);
        let callee = call.and_then(|call| self.tree.child_by_field(call, FIELDS.name));
        let is_first = self.tree.named_children(arguments).next() == Some(node);
        match callee.map(|callee| self.tree.bytes(callee)) {
            Some(
                b"pairs" | b"ipairs" | b"next" | b"type" | b"unpack" | b"table.concat"
                | b"table.unpack" | b"tostring" | b"print",
            ) => TableUse::Constant,
            Some(b"table.insert" | b"table.remove" | b"table.sort") if is_first => {
                TableUse::Written
            }
            _ => TableUse::Escapes,
        }
    }

    fn visit_call(&mut self, node: Node) {
        let Some(callee) = self.tree.child_by_field(node, FIELDS.name) else {
            return;
        };
        let by = self.names.around(node) as usize;
        if let Some(function) = self.survey.callee(self.tree, self.names, callee) {
            self.survey.functions[by].callees.insert(function);
            return;
        }
        let known = self.knowledge.written(self.tree.bytes(callee));
        let is_steady = known
            .is_some_and(|path| self.knowledge.holds(path, |known| known.is_repeatable))
            || self.is_method(callee, |known| known.is_repeatable);
        self.survey.functions[by].effects.is_unsteady |= !is_steady;
        let is_pure = known.is_some_and(|path| self.knowledge.known(path).is_pure)
            || self.is_method(callee, |known| known.is_pure);
        if is_pure {
            return;
        }
        let arguments = self.tree.child_by_field(node, FIELDS.arguments);
        let given = arguments
            .into_iter()
            .flat_map(|arguments| self.tree.named_children(arguments));
        let receiver = (kind(self.tree, callee) == Kind::Method)
            .then(|| self.tree.child_by_field(callee, FIELDS.table))
            .flatten();
        let parameters = &self.names.functions[by].parameters;
        let hands_on = given.chain(receiver).any(|node| {
            let binding = self.names.binding(node);
            binding.is_some_and(|binding| parameters.contains(&binding))
        });
        self.survey.functions[by].effects.is_opaque |= hands_on;
    }

    /// Whether a method of whatever value is known to be so.
    fn is_method(&self, callee: Node, what: fn(&Known) -> bool) -> bool {
        let method = self.tree.child_by_field(callee, FIELDS.method);
        let known = method.and_then(|method| {
            let any = self.knowledge.root(b"@any")?;
            self.knowledge.method(any, self.tree.bytes(method))
        });
        known.is_some_and(|path| what(self.knowledge.known(path)))
    }

    fn hand_on_effects(&mut self) {
        for _ in 0..EFFECT_ROUNDS {
            let mut has_changed = false;
            for index in 0..self.survey.functions.len() {
                let callees = self.survey.functions[index].callees.clone();
                for callee in callees {
                    let Some(from) = self.survey.functions.get(callee as usize) else {
                        continue;
                    };
                    if self.survey.functions[index].effects.is_wild {
                        break;
                    }
                    let from = from.effects.clone();
                    let to = &mut self.survey.functions[index].effects;
                    let size = |to: &Effects<'t>| {
                        let flags = (to.is_opaque, to.is_unsteady);
                        (to.fields.len(), to.variables.len(), flags)
                    };
                    let before = size(to);
                    to.fields.extend(from.fields);
                    to.variables.extend(from.variables);
                    to.is_opaque |= from.is_opaque;
                    to.is_unsteady |= from.is_unsteady;
                    if from.is_wild || to.fields.len() + to.variables.len() > EFFECT_LIMIT {
                        *to = Effects {
                            is_wild: true,
                            ..Effects::default()
                        };
                        has_changed = true;
                        break;
                    }
                    has_changed |= before != size(to);
                }
            }
            if !has_changed {
                break;
            }
        }
    }

    fn values(&self, assignment: Option<Node>) -> Vec<Node> {
        let list = assignment.and_then(|node| self.child_of_kind(node, Kind::ExpressionList));
        list.into_iter()
            .flat_map(|list| self.tree.named_children(list))
            .collect()
    }

    fn starts_with_local(&self, node: Node) -> bool {
        self.tree
            .children(node)
            .next()
            .is_some_and(|first| self.tree.bytes(first) == b"local")
    }

    fn parent_kind(&self, node: Node) -> Kind {
        self.tree
            .parent(node)
            .map_or(Kind::Other, |parent| kind(self.tree, parent))
    }

    fn child_of_kind(&self, node: Node, wanted: Kind) -> Option<Node> {
        self.tree
            .named_children(node)
            .find(|child| kind(self.tree, *child) == wanted)
    }
}
