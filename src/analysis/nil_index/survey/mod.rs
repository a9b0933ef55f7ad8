//! What a file says of its variables, functions and fields as a whole, whatever the order in which it runs.
//!
//! One pass over the nodes. It answers: which function a call means, who assigns a variable, which fields are set to
//! nil elsewhere, whether a table is only read, and what a function may change. Deliberately absent: paths through a
//! function ([`super::interpreter`]).

mod walk;

use std::collections::{BTreeSet, HashMap};

use super::kinds::{FIELDS, Kind, kind};
use super::knowledge::Knowledge;
use super::names::{Binding, FunctionIndex, Names};
use crate::matcher::{Node, Tree};

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
    /// More than is listed: it counts as an unknown function.
    pub is_wild: bool,
    /// What it answers may be another thing each time.
    is_unsteady: bool,
}

impl Effects<'_> {
    /// Whether it changes nothing, and answers the same to the same arguments until something else is changed.
    pub fn is_none(&self) -> bool {
        let changes = !self.fields.is_empty() || !self.variables.is_empty();
        !(changes || self.is_opaque || self.is_wild || self.is_unsteady)
    }
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
        let survey = Self {
            variables: vec![blank; names.len()],
            functions: vec![FunctionFacts::default(); names.functions.len()],
            members: HashMap::new(),
            nilled: HashMap::new(),
            given: HashMap::new(),
            function_at: function_at
                .map(|(index, function)| (function.node, index as FunctionIndex))
                .collect(),
        };
        walk::survey(tree, names, knowledge, survey)
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

    /// Whether another function than this one sets a variable to nil.
    pub fn is_nilled_elsewhere(&self, binding: Binding, function: FunctionIndex) -> bool {
        let facts = self.variable(binding);
        facts.is_some_and(|facts| facts.nilled.iter().any(|(_, by)| *by != function))
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

/// Whether an expression may give more values than one.
pub(super) fn is_open_ended(kind: Kind) -> bool {
    matches!(kind, Kind::Call | Kind::Other)
}
