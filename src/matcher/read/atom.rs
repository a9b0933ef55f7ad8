//! The conditions on a node alone: `pattern`, `kind`, `regex`, `nthChild`.

use std::collections::BTreeSet;

use super::Reader;
use crate::matcher::nth_child::{Formula, NthChild};
use crate::matcher::selector::Fault;
use crate::matcher::{Matcher, Pattern, selector, surroundings};
use crate::yaml::{Entry, Node, Value};

impl Reader<'_> {
    pub(super) fn pattern(&mut self, node: &Node) -> Option<Pattern> {
        if let Value::Map(_) = node.value {
            let keys = ["context", "selector", "strictness"];
            node.need_map("`pattern`", &keys, self.problems)?;
            if let Some(strictness) = node.get("strictness").filter(|value| !is_smart(value)) {
                let message = "only the strictness `smart` is supported";
                self.problems.add(strictness.span.clone(), message);
                return None;
            }
            let Some(context) = node.get("context") else {
                self.problems
                    .add(node.span.clone(), "a pattern in this form needs `context`");
                return None;
            };
            let selector = node.given("selector");
            let selector = selector.map(|selector| (self.kind(selector), selector));
            return self.parse_pattern(context, selector);
        }
        self.parse_pattern(node, None)
    }

    fn parse_pattern(
        &mut self,
        node: &Node,
        selector: Option<(Option<u16>, &Node)>,
    ) -> Option<Pattern> {
        let text = self.no_number("pattern", node)?;
        let text = match text.as_text() {
            // White space that the grammar does not know is code to it, if broken code.
            Some(text) if !text.trim_ascii().is_empty() => text,
            _ => text.need_text("pattern", self.problems)?,
        };
        let (kind, blamed) = match selector {
            Some((kind, selector)) => (Some(kind?), selector),
            None => (None, node),
        };
        match Pattern::parse(text, kind, self.language) {
            Ok(pattern) => {
                if pattern.has_error() {
                    let name = self.language.name;
                    let (message, help) = match pattern.is_error() {
                        true => (
                            format!("this is not {name} code on its own"),
                            self.surroundings(text),
                        ),
                        false => (
                            format!("a part of this is not {name} code"),
                            "say what that part is by `has`, and leave it out of the pattern"
                                .to_owned(),
                        ),
                    };
                    self.doubt(|reader| {
                        let span = node.span.clone();
                        reader.problems.add_with_help(span, message, help);
                    });
                }
                Some(if self.ours {
                    pattern.with_comments()
                } else {
                    pattern
                })
            }
            Err(message) => {
                let help = self.surroundings(text);
                self.problems
                    .add_with_help(blamed.span.clone(), message, help);
                None
            }
        }
    }

    /// How a fragment becomes a pattern.
    fn surroundings(&self, fragment: &str) -> String {
        match surroundings::proposal(fragment, self.language) {
            Some((context, kind)) => format!(
                "give it its surroundings: `pattern: {{context: \"{}\", selector: {kind}}}`",
                context
                    .replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .replace('\n', "\\n")
            ),
            None => "give it its surroundings: `pattern: {context: \"...\", selector: kind_of_the_node}`".to_owned(),
        }
    }

    fn kind(&mut self, node: &Node) -> Option<u16> {
        let name = node.need_text("kind", self.problems)?;
        let kind = self.grammar.id_for_node_kind(name, true);
        if kind != 0 {
            return Some(kind);
        }
        self.refuse_kind(name, node);
        None
    }

    /// `kind`: the name of one, or a selector.
    pub(super) fn selector(&mut self, node: &Node) -> Option<Matcher> {
        let text = self.text("kind", node)?;
        if !text.is_empty() && !selector::is_compound(text) {
            return self.kind(node).map(Matcher::Kind);
        }
        let grammar = self.grammar.clone();
        let kind_of = |name: &str| {
            let kind = grammar.id_for_node_kind(name, true);
            (kind != 0).then_some(kind)
        };
        match selector::parse(text, &kind_of) {
            Ok(matcher) => return Some(matcher),
            Err(Fault::Kind(name)) => self.refuse_kind(&name, node),
            Err(Fault::Other(message)) => self.problems.add(node.span.clone(), message),
        }
        None
    }

    fn refuse_kind(&mut self, name: &str, node: &Node) {
        let named = |kind: &u16| {
            self.grammar.node_kind_is_named(*kind) && self.grammar.node_kind_is_visible(*kind)
        };
        let kinds = (0..self.grammar.node_kind_count() as u16).filter(named);
        let known: BTreeSet<&str> = kinds
            .filter_map(|kind| self.grammar.node_kind_for_id(kind))
            .collect();
        let message = format!("{} has no node kind `{name}`", self.language.name);
        self.problems
            .add_unknown(node.span.clone(), message, name, known);
    }

    pub(super) fn nth_child(&mut self, node: &Node) -> Option<NthChild> {
        let Value::Map(entries) = &node.value else {
            return Some(NthChild {
                formula: self.formula(node)?,
                of: None,
                reverse: false,
            });
        };
        let keys = ["position", "ofRule", "reverse"];
        self.doubt(|reader| {
            let unknown = |entry: &&Entry| !keys.contains(&entry.key.as_str());
            for entry in entries.iter().filter(unknown) {
                let message = format!("unknown key `{}` in `nthChild`", entry.key);
                let span = entry.key_span.clone();
                reader.problems.add_unknown(span, message, &entry.key, keys);
            }
        });
        let Some(position) = node.get("position") else {
            let message = "`nthChild` in this form needs `position`";
            self.problems.add(node.span.clone(), message);
            return None;
        };
        let formula = self.formula(position);
        let of = match node.given("ofRule") {
            Some(of) => Some(self.condition(of)?),
            None => None,
        };
        let reverse = match node.get("reverse") {
            Some(reverse) => reverse.need_bool("reverse", self.problems)?,
            None => false,
        };
        Some(NthChild {
            formula: formula?,
            of,
            reverse,
        })
    }

    fn formula(&mut self, node: &Node) -> Option<Formula> {
        let text = node.need_text("nthChild", self.problems)?;
        let is_whole = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
        let formula = match &node.value {
            Value::Number(number) if !is_whole(number.trim_start_matches('+')) => Err(format!(
                "`{number}` is no place among siblings: they are counted from 1"
            )),
            _ => Formula::parse(text),
        };
        match formula {
            Ok(formula) => Some(formula),
            Err(message) => {
                self.problems.add(node.span.clone(), message);
                None
            }
        }
    }

    pub(super) fn regex(&mut self, node: &Node) -> Option<regex::bytes::Regex> {
        let text = self.no_number("regex", node)?;
        let text = self.text("regex", text)?;
        match regex::bytes::Regex::new(text) {
            Ok(regex) => Some(regex),
            Err(error) => {
                self.problems.add(node.span.clone(), not_a_regex(&error));
                None
            }
        }
    }
}

/// What is wrong with a regular expression, in one line.
pub(in crate::matcher) fn not_a_regex(error: &regex::Error) -> String {
    let reason = error.to_string();
    let reason = reason.lines().last().unwrap_or_default();
    let reason = reason.trim_start_matches("error: ");
    format!("not a regular expression: {reason}")
}

fn is_smart(strictness: &Node) -> bool {
    strictness.value == Value::Null || strictness.as_text() == Some("smart")
}
