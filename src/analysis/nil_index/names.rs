//! Which variable a name means: one pass over the nodes in the order of the text, with a stack of scopes.
//!
//! It also says which functions can be interpreted at all: one that holds a syntax error, or nests deeper than
//! [`DEPTH_LIMIT`], is left alone. Deliberately absent: values.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::kinds::{FIELDS, Kind, kind};
use crate::matcher::{Node, Tree};

/// How deep the expressions and blocks of one function may nest: the interpretation recurses.
const DEPTH_LIMIT: u32 = 200;

/// A variable; globals are variables, too.
pub(super) type Binding = u32;

/// The number of a function in [`Names::functions`]; 0 is the file itself.
pub(super) type FunctionIndex = u32;

const NONE: u32 = u32::MAX;

/// A function of the file, or the file itself.
pub(super) struct Function {
    /// Its node.
    pub node: Node,
    /// Whether it can be interpreted.
    pub sound: bool,
    /// The variables of functions around it that it or a function in it uses, in their order.
    pub captures: BTreeSet<Binding>,
    /// Its parameters, a method's receiver first.
    pub parameters: Vec<Binding>,
    depth: u32,
}

/// What is known of a variable from all over the file.
struct Variable<'t> {
    name: &'t [u8],
    /// The function that declares it; `NONE` for globals.
    home: FunctionIndex,
    /// Whether a function in its home uses it.
    captured: bool,
    /// The function that assigns it after its declaration, if it is one only.
    assigner: FunctionIndex,
    /// Whether several functions assign it.
    contested: bool,
}

/// The names of a file.
pub(super) struct Names<'t> {
    /// Its functions in the order of the text.
    pub functions: Vec<Function>,
    /// The last names of functions that the file declares in tables (`function x.name`, `function x:name`).
    pub members: HashSet<&'t [u8]>,
    of_node: HashMap<Node, Binding>,
    variables: Vec<Variable<'t>>,
    /// The function in which each node stands.
    around: Vec<FunctionIndex>,
}

impl<'t> Names<'t> {
    /// Resolves all names of a file.
    pub(super) fn resolve(tree: &Tree<'t>) -> Self {
        let mut scan = Scan {
            tree,
            names: Self {
                functions: Vec::new(),
                members: HashSet::new(),
                of_node: HashMap::new(),
                variables: Vec::new(),
                around: Vec::with_capacity(tree.len() as usize),
            },
            depths: Vec::with_capacity(tree.len() as usize),
            scopes: Vec::new(),
            inside: Vec::new(),
            pending: Vec::new(),
            visible: HashMap::new(),
            globals: HashMap::new(),
        };
        for node in tree.subtree(tree.root()) {
            scan.visit(node);
        }
        scan.names
    }

    /// The variable that an identifier means.
    pub(super) fn binding(&self, identifier: Node) -> Option<Binding> {
        self.of_node.get(&identifier).copied()
    }

    /// The name of a variable.
    pub(super) fn name(&self, binding: Binding) -> &'t [u8] {
        self.variables
            .get(binding as usize)
            .map_or(b"", |variable| variable.name)
    }

    /// The function that declares a variable; none for globals.
    pub(super) fn home(&self, binding: Binding) -> Option<FunctionIndex> {
        let home = self.variables.get(binding as usize)?.home;
        (home != NONE).then_some(home)
    }

    /// The number of variables.
    pub(super) fn len(&self) -> usize {
        self.variables.len()
    }

    /// The function in which a node stands; a function stands in the one around it.
    pub(super) fn around(&self, node: Node) -> FunctionIndex {
        self.around.get(node as usize).copied().unwrap_or(0)
    }

    /// Whether other functions than `function` can reach the table in this variable.
    pub(super) fn is_reachable_elsewhere(&self, binding: Binding, function: FunctionIndex) -> bool {
        self.variables
            .get(binding as usize)
            .is_none_or(|variable| variable.home != function || variable.captured)
    }

    /// Whether other functions than `function` can assign this variable.
    pub(super) fn is_assigned_elsewhere(&self, binding: Binding, function: FunctionIndex) -> bool {
        self.variables.get(binding as usize).is_none_or(|variable| {
            variable.home == NONE
                || variable.contested
                || (variable.assigner != NONE && variable.assigner != function)
        })
    }
}

struct Scope<'t> {
    end: Node,
    names: Vec<&'t [u8]>,
}

/// A local variable that becomes visible at a node: after its declaration.
struct Pending<'t> {
    at: Node,
    scope: usize,
    scope_end: Node,
    name: &'t [u8],
    binding: Binding,
}

struct Scan<'t, 's> {
    tree: &'s Tree<'t>,
    names: Names<'t>,
    depths: Vec<u32>,
    scopes: Vec<Scope<'t>>,
    inside: Vec<FunctionIndex>,
    pending: Vec<Pending<'t>>,
    visible: HashMap<&'t [u8], Vec<Binding>>,
    globals: HashMap<&'t [u8], Binding>,
}

impl<'t> Scan<'t, '_> {
    fn visit(&mut self, node: Node) {
        self.leave_scopes(node);
        self.reveal(node);
        self.names.around.push(self.current_function());
        self.check_soundness(node);
        match kind(self.tree, node) {
            _ if node == self.tree.root() => self.open_function(node),
            Kind::FunctionDeclaration => {
                self.visit_function_name(node);
                self.open_function(node);
                self.declare_receiver(node);
            }
            Kind::FunctionDefinition => self.open_function(node),
            Kind::Parameters => {
                let names: Vec<Node> = self.identifiers(node);
                self.declare(&names, node);
                for name in names {
                    self.add_parameter(name);
                }
            }
            Kind::For => self.open_scope(node),
            Kind::Repeat => self.open_scope(node),
            // The condition of `repeat` sees the locals of its body.
            Kind::Block if self.parent_kind(node) != Some(Kind::Repeat) => self.open_scope(node),
            Kind::NumericClause => {
                let names: Vec<Node> = self
                    .tree
                    .child_by_field(node, FIELDS.name)
                    .into_iter()
                    .collect();
                self.declare(&names, self.tree.end(node));
            }
            Kind::GenericClause => {
                let list = self.child_of_kind(node, Kind::VariableList);
                let names = list.map(|list| self.identifiers(list)).unwrap_or_default();
                self.declare(&names, self.tree.end(node));
            }
            Kind::Declaration if self.starts_with(node, b"local") => {
                let assignment = self.child_of_kind(node, Kind::Assignment);
                let list = self.child_of_kind(assignment.unwrap_or(node), Kind::VariableList);
                let names = list.map(|list| self.identifiers(list)).unwrap_or_default();
                self.declare(&names, self.tree.end(node));
            }
            Kind::Identifier => self.visit_identifier(node),
            _ => {}
        }
    }

    fn leave_scopes(&mut self, node: Node) {
        while let Some(scope) = self.scopes.pop_if(|scope| scope.end <= node) {
            for name in scope.names {
                if let Some(bindings) = self.visible.get_mut(name) {
                    bindings.pop();
                }
            }
        }
        let functions = &self.names.functions;
        let ended = |function: &mut FunctionIndex| {
            functions
                .get(*function as usize)
                .is_some_and(|known| self.tree.end(known.node) <= node)
        };
        while self.inside.pop_if(ended).is_some() {}
    }

    fn reveal(&mut self, node: Node) {
        while let Some(pending) = self.pending.pop_if(|pending| pending.at <= node) {
            if pending.scope_end <= node {
                continue;
            }
            if let Some(scope) = self.scopes.get_mut(pending.scope) {
                scope.names.push(pending.name);
                self.visible
                    .entry(pending.name)
                    .or_default()
                    .push(pending.binding);
            }
        }
    }

    fn check_soundness(&mut self, node: Node) {
        let depth = self
            .tree
            .parent(node)
            .map_or(0, |parent| self.depths[parent as usize] + 1);
        self.depths.push(depth);
        let is_broken = kind(self.tree, node) == Kind::Error || self.tree.is_missing(node);
        let function = self.inside.last().map_or(0, |index| *index as usize);
        if let Some(function) = self.names.functions.get_mut(function)
            && (is_broken || depth - function.depth > DEPTH_LIMIT)
        {
            function.sound = false;
        }
    }

    fn open_scope(&mut self, node: Node) {
        self.scopes.push(Scope {
            end: self.tree.end(node),
            names: Vec::new(),
        });
    }

    fn open_function(&mut self, node: Node) {
        self.inside
            .push(self.names.functions.len() as FunctionIndex);
        self.names.functions.push(Function {
            node,
            sound: kind(self.tree, node) != Kind::Error,
            captures: BTreeSet::new(),
            parameters: Vec::new(),
            depth: self.depths[node as usize],
        });
        self.open_scope(node);
    }

    /// The name of a function belongs to the scope around it.
    fn visit_function_name(&mut self, function: Node) {
        let Some(name) = self.tree.child_by_field(function, FIELDS.name) else {
            return;
        };
        if kind(self.tree, name) == Kind::Identifier {
            if self.starts_with(function, b"local") {
                self.declare(&[name], name);
                self.reveal(name);
            } else {
                self.refer(name);
                self.assign(name);
            }
            return;
        }
        if let Some(last) = self.tree.named_children(name).last() {
            self.names.members.insert(self.tree.bytes(last));
        }
        let identifiers = self.tree.subtree(name);
        for identifier in identifiers.filter(|node| kind(self.tree, *node) == Kind::Identifier) {
            self.visit_identifier(identifier);
        }
    }

    fn declare_receiver(&mut self, function: Node) {
        let name = self.tree.child_by_field(function, FIELDS.name);
        if name.is_some_and(|name| kind(self.tree, name) == Kind::Method) {
            self.declare_as(function, b"self", function);
            self.reveal(function);
            self.add_parameter(function);
        }
    }

    fn add_parameter(&mut self, node: Node) {
        let function = self.current_function() as usize;
        let binding = self.names.of_node.get(&node).copied();
        if let Some(function) = self.names.functions.get_mut(function) {
            function.parameters.extend(binding);
        }
    }

    fn declare(&mut self, names: &[Node], at: Node) {
        // The last one declared is the first one popped.
        for name in names {
            self.declare_as(*name, self.tree.bytes(*name), at);
        }
        if names.first().is_some_and(|name| at <= *name) {
            self.reveal(at);
        }
    }

    fn declare_as(&mut self, node: Node, name: &'t [u8], at: Node) {
        let binding = self.add_variable(name, self.current_function());
        self.names.of_node.insert(node, binding);
        self.pending.push(Pending {
            at,
            scope: self.scopes.len().saturating_sub(1),
            scope_end: self.scopes.last().map_or(0, |scope| scope.end),
            name,
            binding,
        });
    }

    fn add_variable(&mut self, name: &'t [u8], home: FunctionIndex) -> Binding {
        self.names.variables.push(Variable {
            name,
            home,
            captured: false,
            assigner: NONE,
            contested: false,
        });
        (self.names.variables.len() - 1) as Binding
    }

    fn visit_identifier(&mut self, node: Node) {
        if self.names.of_node.contains_key(&node) || !self.is_variable(node) {
            return;
        }
        self.refer(node);
        let list = self.tree.parent(node);
        let is_target = self.parent_kind(node) == Some(Kind::VariableList)
            && list.and_then(|list| self.parent_kind(list)) == Some(Kind::Assignment);
        if is_target {
            self.assign(node);
        }
    }

    fn is_variable(&self, node: Node) -> bool {
        let Some(parent) = self.tree.parent(node) else {
            return false;
        };
        let field = self.tree.field(node);
        match kind(self.tree, parent) {
            Kind::Dot => field != FIELDS.field,
            Kind::Method => field != FIELDS.method,
            Kind::TableField => field != FIELDS.name || self.starts_with(parent, b"["),
            Kind::Label | Kind::Goto | Kind::Attribute | Kind::Parameters => false,
            _ => true,
        }
    }

    fn refer(&mut self, node: Node) {
        let name = self.tree.bytes(node);
        let local = self.visible.get(name).and_then(|bindings| bindings.last());
        let binding = match local.or_else(|| self.globals.get(name)).copied() {
            Some(binding) => binding,
            None => {
                let binding = self.add_variable(name, NONE);
                self.globals.insert(name, binding);
                binding
            }
        };
        let function = self.current_function();
        let variable = &mut self.names.variables[binding as usize];
        variable.captured |= variable.home != function;
        let home = variable.home;
        if home != NONE && home != function {
            // From the inside to the outside, up to the one that declares it.
            for index in self.inside.iter().rev().take_while(|index| **index != home) {
                if let Some(function) = self.names.functions.get_mut(*index as usize)
                    && !function.captures.insert(binding)
                {
                    break;
                }
            }
        }
        self.names.of_node.insert(node, binding);
    }

    fn assign(&mut self, node: Node) {
        let function = self.current_function();
        if let Some(binding) = self.names.of_node.get(&node) {
            let variable = &mut self.names.variables[*binding as usize];
            variable.contested |= variable.assigner != NONE && variable.assigner != function;
            variable.assigner = function;
        }
    }

    fn current_function(&self) -> FunctionIndex {
        self.inside.last().copied().unwrap_or(0)
    }

    fn parent_kind(&self, node: Node) -> Option<Kind> {
        self.tree.parent(node).map(|parent| kind(self.tree, parent))
    }

    fn child_of_kind(&self, node: Node, wanted: Kind) -> Option<Node> {
        self.tree
            .named_children(node)
            .find(|child| kind(self.tree, *child) == wanted)
    }

    fn identifiers(&self, node: Node) -> Vec<Node> {
        let children = self.tree.named_children(node);
        children
            .filter(|child| kind(self.tree, *child) == Kind::Identifier)
            .collect()
    }

    fn starts_with(&self, node: Node, word: &[u8]) -> bool {
        self.tree
            .children(node)
            .next()
            .is_some_and(|first| self.tree.bytes(first) == word)
    }
}
