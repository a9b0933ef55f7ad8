//! What a slot holds when nothing was stored in it: what the file and the profiles say of such a place.
//!
//! Deliberately absent: whatever a path has shown ([`super::state`]).

use super::kinds::{FIELDS, Kind, kind, plain_text};
use super::knowledge::{Path, Presence};
use super::names::Binding;
use super::state::{Blur, State};
use super::survey::TableUse;
use super::value::{Bits, Doubt, Evidence, Fact, Key, Nature, Reason, Slot, Source, Value};
use crate::matcher::Node;

impl<'t> State<'_, 't> {
    /// The first value of a slot.
    pub fn initial(&mut self, slot: Slot<'t>) -> (Nature, Fact<'t>) {
        match slot {
            Slot::Variable(binding) => self.initial_variable(binding),
            Slot::Field(holder, key) => self.initial_field(holder, key),
        }
    }

    fn initial_variable(&self, binding: Binding) -> (Nature, Fact<'t>) {
        let names = self.file.names;
        let function = self
            .file
            .survey
            .variable(binding)
            .and_then(|facts| facts.function);
        if function.is_some() {
            let nature = Nature {
                function,
                ..Nature::default()
            };
            return (nature, Fact::of(Bits::TRUTHY));
        }
        let Some(home) = names.home(binding) else {
            return self.named(self.file.knowledge.root(names.name(binding)), None);
        };
        if let Some((nature, fact)) = self.entry.get(&binding) {
            return (*nature, fact.clone());
        }
        if home == self.function {
            return (Nature::default(), Fact::UNKNOWN);
        }
        let elsewhere = self.file.survey.elsewhere(names, binding, self.function);
        let fact = match elsewhere {
            Some(place) => Fact::with(Bits::ALL, Evidence::soft(Reason::Elsewhere(place))),
            None => Fact::UNKNOWN,
        };
        (Nature::default(), fact)
    }

    /// A value of which only its name is known.
    fn named(&self, path: Option<Path>, field: Option<Node>) -> (Nature, Fact<'t>) {
        let Some(path) = path else {
            return (Nature::default(), Fact::UNKNOWN);
        };
        let known = self.file.knowledge.known(path);
        let place = field.unwrap_or_default();
        let is_input = self.file.knowledge.holds(path, |known| known.is_input);
        let nature = Nature {
            path: Some(known.class.unwrap_or(path)),
            source: is_input.then_some(Source::Input(place)),
            ..Nature::default()
        };
        let fact = match known.presence {
            Some(Presence::Given) => Fact::of(Bits::TRUTHY),
            Some(Presence::Maybe) => Fact::with(Bits::ALL, Evidence::certain(Reason::Field(place))),
            Some(Presence::Soft) => Fact::with(Bits::ALL, Evidence::soft(Reason::Field(place))),
            None => Fact::UNKNOWN,
        };
        (nature, fact)
    }

    fn initial_field(&mut self, holder: Value, key: Key<'t>) -> (Nature, Fact<'t>) {
        let nature = self.nature(holder);
        if key == Key::Length {
            let length = Nature {
                length_of: Some(holder),
                is_number: true,
                ..Nature::default()
            };
            return (length, Fact::of(Bits::TRUTHY));
        }
        let word = match key {
            Key::Name(name) | Key::Number(name) => Some(name),
            _ => None,
        };
        let below = nature.path.and_then(|path| {
            // A key that nobody can tell is like any name that is not listed.
            self.file.knowledge.below(path, word.unwrap_or(b"?"))
        });
        if below.is_some() {
            return self.named(below, Some(self.place));
        }
        if let Some(fact) = self.field_of_table(holder, nature, key) {
            return fact;
        }
        if let Some(source) = nature.source {
            let reason = match source {
                Source::Input(node) => Evidence::certain(Reason::Input(node)),
                Source::Document(node) => Evidence::soft(Reason::Document(node)),
                Source::Passed(node) => Evidence::soft(Reason::Input(node)),
            };
            let nature = Nature {
                source: Some(source),
                ..Nature::default()
            };
            return (nature, Fact::with(Bits::ALL, reason));
        }
        match key {
            Key::Of(key) => (Nature::default(), self.computed_field(holder, nature, key)),
            Key::Number(_) if nature.call.is_some() && self.file.options.array_index => {
                let call = nature.call.unwrap_or_default();
                let evidence = Evidence::soft(Reason::Element(call));
                (Nature::default(), Fact::with(Bits::ALL, evidence))
            }
            Key::Name(name) => (Nature::default(), self.named_field(holder, nature, name)),
            _ => (Nature::default(), Fact::UNKNOWN),
        }
    }

    /// A field of a table of which all fields are known.
    fn field_of_table(
        &self,
        holder: Value,
        nature: Nature,
        key: Key<'t>,
    ) -> Option<(Nature, Fact<'t>)> {
        if let Some(table) = nature.constant {
            return self.field_of_constant(table, key);
        }
        let table = nature.table.filter(|_| !self.is_open(holder))?;
        let is_blurred = |blur| self.blurred.contains(&(holder, blur));
        let is_complete = match key {
            Key::Name(_) => !is_blurred(Blur::Fields),
            Key::Number(_) => !is_blurred(Blur::Numbers) && !is_blurred(Blur::Appended),
            Key::Of(_) | Key::Length => false,
        };
        let missing = || Fact::with(Bits::NIL, Evidence::certain(Reason::Missing(table)));
        let is_element = matches!(key, Key::Number(_)) && !is_blurred(Blur::Numbers);
        let is_list = is_element && self.file.options.array_index && self.began_empty(table);
        let element = || Fact::with(Bits::ALL, Evidence::soft(Reason::Element(table)));
        let fact = is_complete.then(missing).or_else(|| is_list.then(element));
        fact.map(|fact| (Nature::default(), fact))
    }

    /// Whether this is a table that was made here, and nothing was ever put into it.
    fn is_still_empty(&self, holder: Value) -> bool {
        let table = self.nature(holder).table;
        let began_empty = table.is_some_and(|table| self.began_empty(table));
        let blurs = [Blur::Appended, Blur::Numbers, Blur::Fields];
        let is_blurred = blurs
            .into_iter()
            .any(|blur| self.blurred.contains(&(holder, blur)));
        let is_given = |key: &Key<'t>| self.slots.contains_key(&Slot::Field(holder, *key));
        let keys = self.keys.get(&holder);
        let has_fields = keys.is_some_and(|keys| keys.iter().any(is_given));
        began_empty && !is_blurred && !has_fields && !self.is_open(holder)
    }

    fn began_empty(&self, table: Node) -> bool {
        self.file.tree.named_children(table).next().is_none()
    }

    /// A field of a table that another function built and nobody changes.
    fn field_of_constant(&self, table: Node, key: Key<'t>) -> Option<(Nature, Fact<'t>)> {
        let tree = self.file.tree;
        let mut position = 0;
        for field in tree.named_children(table) {
            let value = tree.child_by_field(field, FIELDS.value);
            let name = tree.child_by_field(field, FIELDS.name);
            let is_bracketed = tree.bytes(field).starts_with(b"[");
            let is_it = match name.map(|name| (kind(tree, name), name)) {
                None => {
                    position += 1;
                    let is_last_open =
                        value.is_some_and(|value| super::survey::is_open_ended(kind(tree, value)));
                    if is_last_open && matches!(key, Key::Number(_)) {
                        return None;
                    }
                    key == Key::Number(position.to_string().as_bytes())
                }
                Some((Kind::String, name)) => plain_text(tree, name).map(Key::Name) == Some(key),
                Some((Kind::Number, name)) => key == Key::Number(tree.bytes(name)),
                Some((_, name)) if !is_bracketed => key == Key::Name(tree.bytes(name)),
                Some(_) => return None,
            };
            if is_it && value.map(|value| kind(tree, value)) != Some(Kind::Nil) {
                return Some((Nature::default(), Fact::UNKNOWN));
            }
        }
        match key {
            Key::Name(_) | Key::Number(_) => {
                let evidence = Evidence::certain(Reason::Missing(table)).doubted(Doubt::Captured);
                Some((Nature::default(), Fact::with(Bits::ALL, evidence)))
            }
            Key::Of(_) | Key::Length => None,
        }
    }

    /// A field whose key nobody can tell.
    fn computed_field(&self, holder: Value, nature: Nature, key: Value) -> Fact<'t> {
        let of_key = self.nature(key);
        if let Some(Source::Input(node)) = of_key.source {
            return Fact::with(Bits::ALL, Evidence::certain(Reason::Input(node)));
        }
        if of_key.length_of == Some(holder) && self.file.options.array_index {
            let evidence = Evidence::soft(Reason::Element(self.place));
            return Fact::with(Bits::ALL, evidence);
        }
        let table = nature.constant.or(nature.built).or(nature.table);
        match table {
            Some(table)
                if self.file.options.computed_key
                    && (!of_key.is_number || self.is_still_empty(holder)) =>
            {
                Fact::with(Bits::ALL, Evidence::soft(Reason::Lookup(table)))
            }
            _ => Fact::UNKNOWN,
        }
    }

    /// A field that other functions set to nil.
    fn named_field(&self, holder: Value, nature: Nature, name: &'t [u8]) -> Fact<'t> {
        let survey = self.file.survey;
        if let Some(test) = nature
            .lacks
            .filter(|test| self.literal(*test) == Some(name))
        {
            let reason = Reason::Tag {
                test,
                holder,
                tag: name,
            };
            let evidence = Evidence::certain(reason).doubted(Doubt::Captured);
            return Fact::with(Bits::ALL, evidence);
        }
        let owner = self.owner(holder);
        let is_lacking = nature.built.is_some_and(|table| {
            let found = self.field_of_constant(table, Key::Name(name));
            found.is_some_and(|(_, fact)| fact.evidence.is_some())
        });
        let place = owner.and_then(|owner| {
            let nilled = survey.nilled_field(owner, name, self.function);
            nilled.or_else(|| {
                let given = survey.given_elsewhere(self.file.names, owner, name, self.function);
                given.filter(|_| is_lacking)
            })
        });
        match place {
            Some(place) => Fact::with(Bits::ALL, Evidence::soft(Reason::Elsewhere(place))),
            None => Fact::UNKNOWN,
        }
    }

    /// The string in a comparison.
    fn literal(&self, test: Node) -> Option<&'t [u8]> {
        let tree = self.file.tree;
        let sides = [FIELDS.left, FIELDS.right].map(|field| tree.child_by_field(test, field));
        let mut strings = sides
            .into_iter()
            .flatten()
            .filter(|side| kind(tree, *side) == Kind::String);
        plain_text(tree, strings.next()?)
    }

    /// The comparison that says of which kind a value is, if its payload was not tested.
    fn untested_kind(&mut self, value: Value) -> Option<Node> {
        let test = self.fact(value).kind?;
        let name = self.literal(test)?;
        let payload = self.read(Slot::Field(value, Key::Name(name)));
        let fact = self.fact(payload);
        let is_tagged = fact
            .evidence
            .is_some_and(|known| matches!(known.reason, Reason::Tag { .. }));
        (is_tagged && fact.bits.has_nil()).then_some(test)
    }

    /// The variable by which other functions know this table.
    fn owner(&self, holder: Value) -> Option<Binding> {
        let Some(Slot::Variable(binding)) = self.slot(holder) else {
            return None;
        };
        if self.file.names.home(binding) != Some(self.function) {
            return Some(binding);
        }
        let facts = self.file.survey.function(self.function)?;
        let function = self.file.names.functions.get(self.function as usize)?;
        let is_receiver = facts.is_method && function.parameters.first() == Some(&binding);
        facts.owner.filter(|_| is_receiver)
    }

    /// What a function that is made here will see of a variable around it.
    pub fn seen_by(&mut self, binding: Binding) -> (Nature, Fact<'t>) {
        let value = self.read(Slot::Variable(binding));
        let (nature, fact) = (self.nature(value), self.fact(value));
        let lacks = self.untested_kind(value).or(nature.lacks);
        let survey = self.file.survey.variable(binding);
        let table = nature.table.or(nature.constant).or(nature.built);
        let table_use = survey.map_or(TableUse::Escapes, |facts| facts.table_use);
        let nature = Nature {
            table: None,
            constant: table.filter(|_| table_use == TableUse::Constant),
            built: table.filter(|_| table_use == TableUse::Written),
            type_of: None,
            length_of: None,
            fallback_of: None,
            lacks,
            ..nature
        };
        let fact = Fact {
            bits: fact.bits,
            evidence: fact.evidence.map(|evidence| match evidence.doubt {
                None => evidence.doubted(Doubt::Captured),
                Some(_) => evidence,
            }),
            text: fact.text,
            ..Fact::UNKNOWN
        };
        (nature, fact)
    }
}
