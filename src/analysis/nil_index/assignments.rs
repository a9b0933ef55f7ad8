//! Declarations and assignments: which slot holds which value from here on.
//!
//! Deliberately absent: the values themselves ([`super::expressions`]).

use super::groups::Row;
use super::interpreter::Interpreter;
use super::kinds::{FIELDS, Kind, kind};
use super::state::Blur;
use super::trace::What;
use super::value::{Bits, Doubt, Evidence, Fact, Key, Nature, Reason, Slot, Value};
use crate::matcher::Node;

/// Where a value will be put.
pub(super) enum Target<'t> {
    Slot(Slot<'t>),
    /// A field whose key is computed, and what may be there.
    Computed {
        slot: Slot<'t>,
        blur: Blur,
        node: Node,
    },
    Nowhere,
}

impl<'t> Interpreter<'_, 't> {
    pub(super) fn declaration(&mut self, node: Node) {
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

    pub(super) fn assignment(&mut self, node: Node) {
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
    pub(super) fn named_error(&mut self, node: Node, names: &[Node], values: &[Value]) {
        if names.len() != values.len() {
            return;
        }
        let is_error = |name: &Node| self.file.knowledge.is_error(self.tree.bytes(*name));
        // What a database says beside the error comes after it.
        let found = names.iter().skip(1).position(is_error);
        let error = found.and_then(|position| values.get(position + 1));
        let (Some(value), Some(error)) = (values.first(), error) else {
            return;
        };
        let call = self.state.nature(*value).call;
        let known = self.state.fact(*value).evidence;
        let is_one_call = call.is_some() && call == self.state.nature(*error).call;
        let reason = Reason::NamedError(node);
        if let Some(Evidence {
            reason: Reason::Answer(_),
            doubt: Some(Doubt::Soft),
        }) = known
        {
            // Whoever names the error thinks that there may be one.
            let evidence = Some(Evidence::certain(reason));
            let fact = self.state.fact(*value);
            self.state.set_fact(*value, Fact { evidence, ..fact });
        }
        if !is_one_call {
            return;
        }
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

    pub(super) fn function_declaration(&mut self, node: Node) {
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

    pub(super) fn target(&mut self, node: Node) -> Target<'t> {
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
                        blur: self.blur_of(node, key),
                        node,
                    },
                    _ => Target::Slot(slot),
                }
            }
            _ => Target::Nowhere,
        }
    }

    pub(super) fn store(&mut self, target: Target<'t>, value: Value) {
        self.changes += 1;
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
            Target::Computed { slot, blur, node } => {
                let Slot::Field(holder, _) = slot else { return };
                if blur == Blur::Appended {
                    self.append(holder, value, Doubt::Write(node));
                    return;
                }
                let from = match blur {
                    Blur::Fields => Key::FIRST,
                    _ => Key::FIRST_NUMBER,
                };
                self.state.disturb(holder, from, Doubt::Write(node));
                self.state.blurred.insert((holder, Blur::Numbers));
                self.state.blurred.insert((holder, blur));
                self.state.open(value, 0);
                self.put(slot, value);
            }
            Target::Nowhere => {}
        }
    }

    pub(super) fn store_variable(&mut self, name: Node, value: Value) {
        if let Some(binding) = self.file.names.binding(name) {
            self.put(Slot::Variable(binding), value);
        }
    }

    pub(super) fn put(&mut self, slot: Slot<'t>, value: Value) {
        self.doubt_replacement(slot, value);
        self.state.write(slot, value);
        self.state.note(self.state.at, value, What::Stored(slot));
        let is_open = match slot {
            Slot::Variable(binding) => self
                .file
                .names
                .is_reachable_elsewhere(binding, self.function),
            Slot::Field(holder, _) => self.state.is_open(holder),
        };
        match slot {
            _ if is_open => self.state.open(value, 0),
            // Whoever else knows the holder, which was not built here, finds the value in it when it runs next.
            Slot::Field(holder, _) if self.state.nature(holder).table.is_none() => {
                self.state.handed_on.push(value);
            }
            _ => {}
        }
    }

    /// An unknown value takes the place of one that was tested: nobody has tested the new one.
    pub(super) fn doubt_replacement(&mut self, slot: Slot<'t>, value: Value) {
        let fact = self.state.fact(value);
        let before = self.state.read(slot);
        let step = self
            .state
            .place(value)
            .filter(|(holder, _)| *holder == before);
        let step = step.map(|_| self.state.place);
        let Some(by) = self.state.nature(value).call.or(step) else {
            return;
        };
        if fact.evidence.is_some() || fact.bits != Bits::ALL || fact.is_reported {
            return;
        }
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
    pub(super) fn forget_tag(&mut self, holder: Value, key: Key<'t>) {
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
}
