//! Protected calls: `pcall(f, ...)` answers true and what `f` answers, or false and the error.
//!
//! Deliberately absent: what the arguments of `f` must be for it to return: it may have raised an error instead, and
//! what a handler of `xpcall` makes of the error.

use super::calls::Callee;
use super::interpreter::Interpreter;
use super::kinds::{Kind, kind};
use super::value::{Bits, Fact, Implied, Nature, Value};
use crate::matcher::Node;

impl<'t> Interpreter<'_, 't> {
    /// The results of a protected call. `nodes` and `given` begin with the function.
    pub(super) fn protected(
        &mut self,
        node: Node,
        called_by: &[u8],
        nodes: &[Node],
        given: &[Value],
        wanted: usize,
    ) -> Vec<Value> {
        let (Some(function), Some(value)) = (nodes.first(), given.first()) else {
            return (0..wanted).map(|_| self.state.unknown()).collect();
        };
        let callee = self.protected_callee(*function, *value);
        // `xpcall` takes a handler of errors in between.
        let first = if called_by == b"xpcall" { 2 } else { 1 };
        let nodes = nodes.get(first..).unwrap_or_default();
        let given = given.get(first..).unwrap_or_default();
        if !self.holds(&callee, |known| known.is_pure) {
            self.effects(node, &callee, given);
        }
        let answers = match self.holds(&callee, |known| known.is_no_return) {
            true => Vec::new(),
            false => self.answers(node, &callee, nodes, given, wanted.saturating_sub(1).max(1)),
        };
        // A function that never returns ends with an error, which goes no further.
        let is_returning = std::mem::replace(&mut self.alive, true) && !answers.is_empty();
        let status = if is_returning {
            Bits::NOT_NIL
        } else {
            Bits::FALSE
        };
        let status = self.state.made(Nature::default(), Fact::of(status));
        let given = callee.function.map(|function| self.given_by(function));
        let implied = given.into_iter().flatten().map(Implied::not_nil).collect();
        self.imply(status, implied, Vec::new());
        let mut sides = vec![(
            status,
            [Bits::TRUTHY, Bits::FALSE].map(|bits| (status, Fact::of(bits))),
        )];
        let mut values = vec![status];
        for (position, answer) in answers
            .into_iter()
            .enumerate()
            .take(wanted.saturating_sub(1))
        {
            let message = if position == 0 { Bits::ALL } else { Bits::NIL };
            let both = [
                (answer, self.state.fact(answer)),
                (status, Fact::of(message)),
            ];
            let value = self
                .state
                .made(self.state.nature(answer), Fact::join(&both));
            values.push(value);
            sides.push((value, both));
        }
        if is_returning {
            let members: Vec<(Value, &[(Value, Fact<'t>)])> = sides
                .iter()
                .map(|(value, both)| (*value, both.as_slice()))
                .collect();
            self.state.gather_sides(&members);
        }
        while values.len() < wanted {
            values.push(self.state.unknown());
        }
        values
    }

    /// What a protected call calls.
    fn protected_callee(&self, node: Node, value: Value) -> Callee {
        let nature = self.state.nature(value);
        let is_name = matches!(kind(self.tree, node), Kind::Identifier | Kind::Dot);
        let declared = self.file.survey.callee(self.tree, self.file.names, node);
        let function = declared.filter(|_| is_name).or(nature.function);
        Callee {
            node,
            receiver: None,
            path: nature.path.filter(|_| function.is_none()),
            is_by_method: false,
            function,
        }
    }
}
