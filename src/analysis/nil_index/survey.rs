//! What a file says of its variables, functions and fields as a whole, whatever the order in which it runs.
//!
//! One pass over the nodes. It answers: which function a call means, who assigns a variable, which fields are set to
//! nil elsewhere, whether a table is only read, and what a function may change. Deliberately absent: paths through a
//! function ([`super::interpreter`]).

use std::collections::{BTreeSet, HashMap};

use super::kinds::{FIELDS, Kind, kind, plain_text};
use super::knowledge::Knowledge;
use super::names::{Binding, FunctionIndex, Names};
use crate::matcher::{Node, Tree};

/// How often effects are handed on from callee to caller.
const EFFECT_ROUNDS: usize = 4;

/// What a file does with a table that a variable holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TableUse {
    /// It is only read.
    Constant,
    /// It is read and written.
    Written,
    /// It is handed on.
    Escapes,
}

/// A node, and the function in which it stands.
type Place = (Node, FunctionIndex);

/// One variable.
#[derive(Debug, Clone)]
pub(super) struct VariableFacts {
    /// The function that it always is.
    pub function: Option<FunctionIndex>,
    definitions: u32,
    /// Where it is declared without a value, or with nil.
    bare: Option<Node>,
    /// Where it is assigned after its declaration, and by whom.
    assignments: Vec<Place>,
    /// Where it is assigned nil, and by whom.
    nilled: Vec<Place>,
    /// What is done with it, if it is a table.
    pub table_use: TableUse,
    /// The table that it is declared with.
    pub table: Option<Node>,
    /// The class of which it is declared as an instance.
    instance_of: Option<Binding>,
}

/// What a function may change.
#[derive(Debug, Clone, Default)]
pub(super) struct Effects<'t> {
    /// Fields with these names, of any table.
    pub fields: BTreeSet<&'t [u8]>,
    /// Variables that it does not declare.
    pub variables: BTreeSet<Binding>,
    /// What it is given, in ways that nobody knows.
    pub is_opaque: bool,
}

/// One function.
#[derive(Debug, Clone, Default)]
pub(super) struct FunctionFacts<'t> {
    pub effects: Effects<'t>,
    /// The table that it is declared in.
    pub owner: Option<Binding>,
    /// Whether the first parameter is the receiver of a method.
    pub is_method: bool,
    /// Whether it does nothing: others put something in its place.
    pub is_stub: bool,
    callees: BTreeSet<FunctionIndex>,
}

/// The facts of a file.
pub(super) struct Survey<'t> {
    variables: Vec<VariableFacts>,
    functions: Vec<FunctionFacts<'t>>,
    members: HashMap<(Binding, &'t [u8]), Option<FunctionIndex>>,
    nilled: HashMap<(Binding, &'t [u8]), Vec<Place>>,
    given: HashMap<(Binding, &'t [u8]), Vec<Place>>,
    function_at: HashMap<Node, FunctionIndex>,
}

impl<'t> Survey<'t> {
    /// Surveys a file.
    pub fn of(tree: &Tree<'t>, names: &Names<'t>, knowledge: &Knowledge) -> Self {
        let blank = VariableFacts {
            function: None,
            definitions: 0,
            bare: None,
            assignments: Vec::new(),
            nilled: Vec::new(),
            table_use: TableUse::Constant,
            table: None,
            instance_of: None,
        };
        let function_at = names.functions.iter().enumerate();
        let mut walk = Walk {
            tree,
            names,
            knowledge,
            survey: Self {
                variables: vec![blank; names.len()],
                functions: vec![FunctionFacts::default(); names.functions.len()],
                members: HashMap::new(),
                nilled: HashMap::new(),
                given: HashMap::new(),
                function_at: function_at
                    .map(|(index, function)| (function.node, index as FunctionIndex))
                    .collect(),
            },
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

    /// What is known of a variable.
    pub fn variable(&self, binding: Binding) -> Option<&VariableFacts> {
        self.variables.get(binding as usize)
    }

    /// What is known of a function.
    pub fn function(&self, function: FunctionIndex) -> Option<&FunctionFacts<'t>> {
        self.functions.get(function as usize)
    }

    /// The number of the function that this node is.
    pub fn function_at(&self, node: Node) -> Option<FunctionIndex> {
        self.function_at.get(&node).copied()
    }

    /// The function that a callee means, as far as the file alone can say.
    pub fn callee(
        &self,
        tree: &Tree<'t>,
        names: &Names<'t>,
        callee: Node,
    ) -> Option<FunctionIndex> {
        match kind(tree, callee) {
            Kind::Identifier => {
                let binding = names.binding(callee)?;
                self.variable(binding)?.function
            }
            Kind::Dot | Kind::Method => {
                let table = tree.child_by_field(callee, FIELDS.table)?;
                if kind(tree, table) != Kind::Identifier {
                    return None;
                }
                let name = tree.named_children(callee).last()?;
                let binding = names.binding(table)?;
                let owner = self
                    .receiver_owner(names, table, binding)
                    .or(self.class_of(binding))
                    .unwrap_or(binding);
                *self.members.get(&(owner, tree.bytes(name)))?
            }
            _ => None,
        }
    }

    /// The class of a variable that holds one instance all along.
    fn class_of(&self, binding: Binding) -> Option<Binding> {
        let facts = self.variable(binding)?;
        facts.instance_of.filter(|_| facts.definitions == 1)
    }

    /// The table that `self` is an instance of, where `binding` is the receiver of a method.
    fn receiver_owner(&self, names: &Names<'t>, at: Node, binding: Binding) -> Option<Binding> {
        let around = names.around(at);
        let facts = self.functions.get(around as usize)?;
        let function = names.functions.get(around as usize)?;
        let is_receiver = facts.is_method && function.parameters.first() == Some(&binding);
        facts.owner.filter(|_| is_receiver)
    }

    /// Where another function than this one sets the field of such tables to nil.
    pub fn nilled_field(
        &self,
        owner: Binding,
        name: &[u8],
        function: FunctionIndex,
    ) -> Option<Node> {
        let places = self.nilled.get(&(owner, name))?;
        let elsewhere = places.iter().find(|(_, by)| *by != function);
        elsewhere.map(|(node, _)| *node)
    }

    /// Where only another function than this one and the home gives a field to the table in a variable.
    pub fn given_elsewhere(
        &self,
        names: &Names<'t>,
        binding: Binding,
        name: &[u8],
        function: FunctionIndex,
    ) -> Option<Node> {
        let home = names.home(binding)?;
        let places = self.given.get(&(binding, name))?;
        let is_foreign = |(_, by): &Place| *by != home && *by != function;
        let first = places.first().map(|(node, _)| *node);
        first.filter(|_| places.iter().all(is_foreign))
    }

    /// Why a variable that another function declares may be nil in this one.
    pub fn elsewhere(
        &self,
        names: &Names<'t>,
        binding: Binding,
        function: FunctionIndex,
    ) -> Option<Node> {
        let home = names.home(binding)?;
        let facts = self.variable(binding)?;
        let is_foreign = |by: FunctionIndex| by != function && by != home;
        if let Some((node, _)) = facts.nilled.iter().find(|(_, by)| is_foreign(*by)) {
            return Some(*node);
        }
        // A function around this one gave it a value before this one was made.
        let mut inner = names.functions.get(function as usize)?.node;
        while names.around(inner) != home {
            let around = names.around(inner);
            if facts
                .assignments
                .iter()
                .any(|(at, by)| *by == around && *at < inner)
            {
                return None;
            }
            inner = names
                .functions
                .get(around as usize)
                .filter(|_| around != 0)?
                .node;
        }
        let is_given_at_home = facts.assignments.iter().any(|(_, by)| *by == home);
        let is_given_elsewhere = facts.assignments.iter().any(|(_, by)| is_foreign(*by));
        facts
            .bare
            .filter(|_| !is_given_at_home && is_given_elsewhere)
    }

    /// Whether a variable still holds, in a function that begins at `from`, what it held when the function was made.
    pub fn is_settled(
        &self,
        names: &Names<'t>,
        binding: Binding,
        from: Node,
        in_loop: bool,
    ) -> bool {
        let (Some(facts), Some(home)) = (self.variable(binding), names.home(binding)) else {
            return false;
        };
        let is_before = |(node, by): &Place| *by == home && *node < from && !in_loop;
        facts.assignments.iter().all(is_before)
    }
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
            self.survey.functions[index].is_stub = is_stub;
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
                    let is_method = kind(self.tree, name) == Kind::Method;
                    self.survey.functions[index].is_method = is_method;
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
            self.survey.functions[function as usize].owner = Some(owner);
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
        if let Some(name) = name {
            self.survey.functions[by as usize]
                .effects
                .fields
                .insert(name);
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
        let is_pure = known.is_some_and(|path| self.knowledge.known(path).is_pure)
            || self.is_pure_method(callee);
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

    fn is_pure_method(&self, callee: Node) -> bool {
        let method = self.tree.child_by_field(callee, FIELDS.method);
        let known = method.and_then(|method| {
            let any = self.knowledge.root(b"@any")?;
            self.knowledge.method(any, self.tree.bytes(method))
        });
        known.is_some_and(|path| self.knowledge.known(path).is_pure)
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
                    let from = from.effects.clone();
                    let to = &mut self.survey.functions[index].effects;
                    let before = (to.fields.len(), to.variables.len(), to.is_opaque);
                    to.fields.extend(from.fields);
                    to.variables.extend(from.variables);
                    to.is_opaque |= from.is_opaque;
                    has_changed |= before != (to.fields.len(), to.variables.len(), to.is_opaque);
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

/// Whether an expression may give more values than one.
pub(super) fn is_open_ended(kind: Kind) -> bool {
    matches!(kind, Kind::Call | Kind::Other)
}
