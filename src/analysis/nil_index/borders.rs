//! What crosses the border of a function besides its arguments and results: what it sees of the variables around it,
//! which of them it gives a value, and input that it passes on.
//!
//! Deliberately absent: what those variables are for a function that nobody has seen being made ([`super::initial`]).

use super::interpreter::Interpreter;
use super::names::{Binding, FunctionIndex};
use super::value::{Key, Slot, Source, Value};
use crate::matcher::Node;

impl<'t> Interpreter<'_, 't> {
    /// A function is made here: what it will see of the variables around it.
    pub(super) fn capture(&mut self, node: Node) {
        let Some(function) = self.file.survey.function_at(node) else {
            return;
        };
        let Some(facts) = self.file.names.functions.get(function as usize) else {
            return;
        };
        let in_loop = self.is_in_loop();
        for binding in facts.captures.iter().copied() {
            let is_own = self.file.names.home(binding) == Some(self.function);
            let is_settled = if is_own {
                self.file
                    .survey
                    .is_settled(self.file.names, binding, node, in_loop)
            } else {
                self.state.entry.contains_key(&binding)
            };
            if !is_settled {
                if let Some(entry) = self.shared.entries.get_mut(function as usize) {
                    entry.remove(&binding);
                }
                continue;
            }
            self.pass_guards(function, binding);
            let seen = self.state.seen_by(binding);
            if let Some(entry) = self.shared.entries.get_mut(function as usize) {
                entry.insert(binding, seen);
            }
        }
    }

    /// The fields of a variable that are not nil where a function is made.
    fn pass_guards(&mut self, function: FunctionIndex, binding: Binding) {
        let value = self.state.read(Slot::Variable(binding));
        let fields = self.state.fields(value, Key::FIRST);
        let guarded = fields.into_iter().filter_map(|(slot, content)| match slot {
            Slot::Field(_, Key::Name(name)) => {
                (!self.state.fact(content).bits.has_nil()).then_some((binding, name))
            }
            _ => None,
        });
        if let Some(known) = self.shared.guarded.get_mut(function as usize) {
            known.extend(guarded);
        }
    }

    /// Whether the field of a variable around this function was tested before the function was made.
    pub(super) fn is_guarded_around(&self, holder: Value, name: &'t [u8]) -> bool {
        let Some(Slot::Variable(binding)) = self.state.slot(holder) else {
            return false;
        };
        let guarded = self.shared.guarded.get(self.function as usize);
        guarded.is_some_and(|guarded| guarded.contains(&(binding, name)))
    }

    /// The variables around the function that it gives something other than nil, here as at each return before.
    pub(super) fn given_variables(&mut self) -> Vec<Binding> {
        let survey = self.file.survey;
        let candidates = match self.returned.gives.take() {
            Some(known) => known,
            None => survey
                .function(self.function)
                .map(|facts| facts.effects.variables.iter().copied().collect())
                .unwrap_or_default(),
        };
        let is_given = |binding: &Binding| {
            let value = self.state.read(Slot::Variable(*binding));
            !self.state.fact(value).bits.has_nil()
        };
        candidates.into_iter().filter(is_given).collect()
    }

    /// The values of the variables that are not nil after this function has returned.
    pub(super) fn given_by(&mut self, function: FunctionIndex) -> Vec<Value> {
        let summary = self.shared.summary(function);
        let gives = summary.iter().flat_map(|summary| &summary.gives);
        gives
            .map(|binding| self.state.read(Slot::Variable(*binding)))
            .collect()
    }

    /// Where a value comes from outside of the program, if nothing here has looked at its fields.
    pub(super) fn untouched_input(&mut self, value: Value, node: Node) -> Option<Node> {
        let nature = self.state.nature(value);
        let knowledge = self.file.knowledge;
        let has_input = |path| {
            let field = knowledge.below(path, b"?");
            field.is_some_and(|field| knowledge.holds(field, |known| known.is_input))
        };
        let source = match (nature.source, nature.path) {
            (Some(Source::Input(node) | Source::Passed(node)), _) => Some(node),
            (None, Some(path)) if has_input(path) => Some(node),
            _ => None,
        };
        let is_touched =
            self.state.is_open(value) || !self.state.fields(value, Key::FIRST).is_empty();
        source.filter(|_| !is_touched)
    }
}
