//! From YAML to a checked [`RuleMatcher`]: every complaint points at its key or value, and all come at once.

mod atom;
mod shared;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::field::Field;
use super::{Matcher, Relation, RuleMatcher, Stop, Util};
use crate::language::Language;
use crate::problem::Problems;
use crate::yaml::{Entry, Node, Value};
pub(super) use atom::not_a_regex;
pub use shared::SharedUtils;
use shared::{refuse_circle, same_node_utils};

/// Keys of a condition; composites come before relations when they are tried, whatever their order in the text.
pub const KEYS: [&str; 12] = [
    "pattern", "kind", "regex", "nthChild", "all", "any", "not", "matches", "inside", "has",
    "precedes", "follows",
];
const RELATION_KEYS: [&str; 2] = ["stopBy", "field"];
/// Keys of the ast-grep language that codex does not have.
const REFUSED_KEYS: [&str; 1] = ["range"];
/// What ast-grep keeps for utils with arguments.
const RESERVED: [char; 4] = ['(', ')', ',', '='];
/// Conditions nested deeper than this are refused.
const DEPTH_LIMIT: usize = 64;

/// Reads conditions for one rule; the utils are shared by all of them.
pub struct Reader<'a> {
    language: &'static Language,
    grammar: tree_sitter::Language,
    utils: Arc<Vec<Matcher>>,
    recursive: Arc<Vec<bool>>,
    util_names: Vec<String>,
    shared: SharedUtils,
    problems: &'a mut Problems,
    depth: usize,
    ours: bool,
    /// Whether a util is being read, not a rule.
    in_util: bool,
}

impl<'a> Reader<'a> {
    /// A reader for rules of this language.
    pub fn new(language: &'static Language, problems: &'a mut Problems) -> Self {
        Self {
            language,
            grammar: (language.grammar)(),
            utils: Arc::default(),
            recursive: Arc::default(),
            util_names: Vec::new(),
            shared: SharedUtils::default(),
            problems,
            depth: 0,
            ours: false,
            in_util: false,
        }
    }

    /// A rule of ours, not of an ast-grep file: comments may stand anywhere in what its patterns match, and what ast-grep
    /// passes over in silence is an error.
    #[must_use]
    pub fn of_ours(mut self, ours: bool) -> Self {
        self.ours = ours;
        self
    }

    /// Complains about something that ast-grep passes over: an error in a rule of ours, else a warning.
    pub fn doubt(&mut self, complain: impl FnOnce(&mut Self)) {
        let before = self.problems.total();
        complain(self);
        if !self.ours {
            self.problems.only_warn_after(before);
        }
    }

    /// A text that is no number.
    fn no_number<'n>(&mut self, key: &str, node: &'n Node) -> Option<&'n Node> {
        if let Value::Number(number) = &node.value {
            let message = format!("`{key}` must be text, not a number");
            let help = format!("write it in quotes: `'{number}'`");
            self.problems
                .add_with_help(node.span.clone(), message, help);
            return None;
        }
        Some(node)
    }

    /// A text; an empty one, which ast-grep takes, is doubted.
    pub fn text<'n>(&mut self, key: &str, node: &'n Node) -> Option<&'n str> {
        let text = node.as_text().filter(|text| text.trim().is_empty());
        if text.is_some() {
            self.doubt(|reader| {
                node.need_text(key, reader.problems);
            });
            return text;
        }
        node.need_text(key, self.problems)
    }

    /// The complaints so far, for what the caller finds wrong.
    pub fn problems(&mut self) -> &mut Problems {
        self.problems
    }

    /// The rules to come may name these utils, too.
    pub fn share(&mut self, utils: &SharedUtils) {
        self.shared = utils.clone();
    }

    /// Reads the utils that the rules to come may name.
    pub fn utils(&mut self, entries: &[Entry]) {
        self.util_names = entries.iter().map(|entry| entry.key.clone()).collect();
        let rules: Vec<(String, &Node)> = entries
            .iter()
            .map(|entry| (entry.key.clone(), &entry.value))
            .collect();
        for entry in entries {
            let span = entry.key_span.clone();
            if entry.key.contains(RESERVED) {
                // Well-known packs have such names.
                self.doubt(|reader| {
                    let message = "ast-grep refuses `(`, `)`, `,` and `=` in the name of a util";
                    reader.problems.add(span.clone(), message);
                });
            }
            refuse_circle(&entry.key, span, &rules, same_node_utils, self.problems);
        }
        let nothing = || Matcher::Any(Vec::new());
        self.in_util = true;
        let matchers = entries
            .iter()
            .map(|entry| self.condition(&entry.value).unwrap_or_else(nothing));
        self.utils = Arc::new(matchers.collect());
        self.in_util = false;
        self.recursive = Arc::new(super::recursive(&self.utils));
    }

    /// Reads a rule with its constraints.
    pub fn rule(&mut self, rule: &Node, constraints: Option<&Node>) -> Option<RuleMatcher> {
        let root = self.condition(rule);
        let mut read_constraints = Vec::new();
        if let Some(constraints) = constraints {
            let Value::Map(entries) = &constraints.value else {
                self.problems.add(
                    constraints.span.clone(),
                    "`constraints` must be a mapping of metavariables to rules",
                );
                return None;
            };
            for entry in entries {
                let constraint = self.condition(&entry.value);
                read_constraints
                    .extend(constraint.map(|matcher| (Arc::from(entry.key.as_str()), matcher)));
            }
        }
        let matcher = RuleMatcher {
            root: root?,
            constraints: read_constraints,
            transforms: Vec::new(),
            utils: Arc::clone(&self.utils),
            recursive: Arc::clone(&self.recursive),
            shared: Arc::clone(&self.shared.matchers),
        };
        let names = matcher.mentioned_variables();
        for entry in constraints.map_or(&[][..], Node::entries) {
            let span = entry.key_span.clone();
            self.need_variable(&entry.key, span.clone(), &names);
            if names.contains(entry.key.as_str()) && !matcher.can_be_constrained(&entry.key) {
                self.doubt(|reader| {
                    let name = &entry.key;
                    let message = format!("this constraint is never asked: `${name}` does not stand for one node of a match");
                    let help = "lists (`$$$NAME`), and what only `not`, `stopBy` or another constraint names, cannot be constrained: say it in `rule`";
                    reader.problems.add_with_help(span, message, help);
                });
            }
        }
        if matcher.kinds().is_some_and(|kinds| kinds.is_empty()) {
            self.doubt(|reader| {
                let message =
                    "this rule can match nothing: its conditions need nodes of different kinds";
                reader.problems.add(rule.span.clone(), message);
            });
        }
        Some(matcher)
    }

    /// Reads what the rule makes of what it binds.
    pub fn transforms(&mut self, matcher: &mut RuleMatcher, transform: &Node) {
        let bound = matcher.mentioned_variables();
        matcher.transforms = super::transform::read::read(transform, &bound, self);
    }

    /// Complains when no pattern binds the metavariable.
    pub fn need_variable(&mut self, name: &str, span: Range<usize>, names: &BTreeSet<Arc<str>>) {
        if !names.contains(name) {
            let message = format!("no pattern of this rule binds `${name}`");
            let span = self.where_named(name, span);
            self.problems
                .add_unknown(span, message, name, names.iter().map(|known| &**known));
        }
    }

    /// Where a text first names a metavariable; the whole text, where it does so in an escape of YAML.
    fn where_named(&self, name: &str, span: Range<usize>) -> Range<usize> {
        let text = self.problems.document().text.get(span.clone());
        let text = text.unwrap_or_default();
        let is_whole = |end: usize| {
            let next = text.as_bytes().get(end);
            !next.is_some_and(|next| next.is_ascii_alphanumeric() || *next == b'_')
        };
        let dollar = format!("${name}");
        let mut places = text.match_indices(&dollar);
        match places.find(|(start, _)| is_whole(start + dollar.len())) {
            Some((start, _)) => span.start + start..span.start + start + dollar.len(),
            None => span,
        }
    }

    /// Reads one condition: all its keys must hold.
    fn condition(&mut self, node: &Node) -> Option<Matcher> {
        self.entries(node, &[])
    }

    fn entries(&mut self, node: &Node, more_keys: &[&str]) -> Option<Matcher> {
        let Value::Map(entries) = &node.value else {
            let help = "write for example `pattern: $X.unwrap()` or `kind: call_expression`";
            self.problems
                .add_with_help(node.span.clone(), "a rule must be a mapping", help);
            return None;
        };
        if self.depth >= DEPTH_LIMIT {
            let message = format!("conditions are nested deeper than {DEPTH_LIMIT} levels");
            self.problems.add(node.span.clone(), message);
            return None;
        }
        self.depth += 1;
        self.refuse_unsupported(entries);
        if more_keys.is_empty() {
            self.refuse_unknown(entries, more_keys);
        } else {
            // ast-grep passes over what it does not know in a relation.
            self.doubt(|reader| reader.refuse_unknown(entries, more_keys));
        }
        let before = self.problems.len();
        let mut matchers = Vec::new();
        for key in KEYS {
            if let Some(value) = node.get(key) {
                matchers.extend(self.key(key, value));
            }
        }
        self.depth -= 1;
        if matchers.is_empty()
            && self.problems.len() == before
            && !entries
                .iter()
                .any(|entry| REFUSED_KEYS.contains(&entry.key.as_str()))
        {
            let message = format!(
                "this rule says nothing: it needs one of {}",
                KEYS.join(", ")
            );
            self.problems.add(node.span.clone(), message);
        }
        match matchers.len() {
            0 => None,
            1 => matchers.pop(),
            _ => Some(Matcher::All(matchers)),
        }
    }

    fn refuse_unsupported(&mut self, entries: &[Entry]) {
        for entry in entries {
            let key = entry.key.as_str();
            if REFUSED_KEYS.contains(&key) {
                let message = format!("`{key}` is not supported: no rule pack uses it");
                self.problems.add(entry.key_span.clone(), message);
            }
        }
    }

    fn refuse_unknown(&mut self, entries: &[Entry], more_keys: &[&str]) {
        for entry in entries {
            let key = entry.key.as_str();
            if REFUSED_KEYS.contains(&key) {
                continue;
            }
            if !KEYS.contains(&key) && !more_keys.contains(&key) {
                let known = KEYS.iter().chain(more_keys).copied();
                self.problems.add_unknown(
                    entry.key_span.clone(),
                    format!("unknown key `{key}` in a rule"),
                    key,
                    known,
                );
            }
        }
    }

    fn key(&mut self, key: &str, value: &Node) -> Option<Matcher> {
        match key {
            "pattern" => self.pattern(value).map(Matcher::Pattern),
            "kind" => self.selector(value),
            "regex" => self.regex(value).map(Matcher::Regex),
            "nthChild" => self
                .nth_child(value)
                .map(|nth| Matcher::NthChild(Box::new(nth))),
            "all" => self.list(key, value).map(Matcher::All),
            "any" => self.list(key, value).map(Matcher::Any),
            "not" => self
                .condition(value)
                .map(|matcher| Matcher::Not(Box::new(matcher))),
            "matches" => self.util(value).map(Matcher::Matches),
            "inside" => self.relation(value, true).map(Matcher::Inside),
            "has" => self.relation(value, true).map(Matcher::Has),
            "precedes" => self.relation(value, false).map(Matcher::Precedes),
            _ => self.relation(value, false).map(Matcher::Follows),
        }
    }

    fn list(&mut self, key: &str, node: &Node) -> Option<Vec<Matcher>> {
        let nodes = node.need_list(key, self.problems);
        if nodes.is_empty() && matches!(node.value, Value::List(_)) {
            // ast-grep takes it: all of nothing holds, any of nothing does not.
            self.doubt(|reader| {
                let message = format!("`{key}` is empty");
                reader.problems.add(node.span.clone(), message);
            });
            return Some(Vec::new());
        }
        let matchers: Vec<Matcher> = nodes
            .iter()
            .filter_map(|node| self.condition(node))
            .collect();
        (!matchers.is_empty()).then_some(matchers)
    }

    /// A util of the rule hides a shared one of the same name.
    fn util(&mut self, node: &Node) -> Option<Util> {
        if matches!(node.value, Value::Map(_)) {
            let message = "`matches` with arguments is not supported: no rule pack uses it";
            self.problems.add(node.span.clone(), message);
            return None;
        }
        let name = node.need_text("matches", self.problems)?;
        if let Some(index) = self.util_names.iter().position(|known| known == name) {
            return Some(Util::Own(index));
        }
        if self.shared.broken.contains(name) {
            let message = format!("the util `{name}` cannot be used: it is not right itself");
            self.problems.add(node.span.clone(), message);
            return None;
        }
        let index = self.shared.names.iter().position(|known| known == name);
        if let Some(index) = index {
            return Some(Util::Shared(index));
        }
        let complain = |reader: &mut Self| {
            let known = reader.util_names.iter().chain(&reader.shared.names);
            reader.problems.add_unknown(
                node.span.clone(),
                format!("no util is named `{name}`"),
                name,
                known.map(String::as_str),
            );
        };
        if self.in_util {
            // ast-grep looks at the names in utils only when it comes to them.
            self.doubt(complain);
            return Some(Util::Missing);
        }
        complain(self);
        None
    }

    fn relation(&mut self, node: &Node, has_field: bool) -> Option<Box<Relation>> {
        // All is read before anything is given up: what is wrong is said at once.
        let field = match node.given("field") {
            Some(field) if has_field => self.field(field).map(Some),
            Some(field) => {
                let message = "`field` belongs to `inside` and `has`: siblings have none";
                self.problems.add(field.span.clone(), message);
                None
            }
            None => Some(None),
        };
        let more_keys = match has_field || field.is_none() {
            true => &RELATION_KEYS[..],
            false => &RELATION_KEYS[..1],
        };
        let other = self.entries(node, more_keys);
        let stop = match node.get("stopBy") {
            Some(stop) => self.stop(stop),
            None => Some(Stop::Neighbor),
        };
        Some(Box::new(Relation {
            other: other?,
            stop: stop?,
            field: field?,
        }))
    }

    fn field(&mut self, node: &Node) -> Option<Field> {
        let name = node.need_text("field", self.problems)?;
        let field = Field::named(name, self.language);
        if field.is_none() {
            let known = (1..=self.grammar.field_count() as u16)
                .filter_map(|field| self.grammar.field_name_for_id(field));
            let known: Vec<&str> = known.collect();
            let message = format!("{} has no field `{name}`", self.language.name);
            self.problems
                .add_unknown(node.span.clone(), message, name, known);
        }
        field
    }

    fn stop(&mut self, node: &Node) -> Option<Stop> {
        match node.as_text() {
            Some("neighbor") => Some(Stop::Neighbor),
            Some("end") => Some(Stop::End),
            Some(other) => {
                let message = format!("`stopBy` is `neighbor`, `end` or a rule, not `{other}`");
                self.problems
                    .add_unknown(node.span.clone(), message, other, ["neighbor", "end"]);
                None
            }
            None => self.condition(node).map(Stop::At),
        }
    }
}
