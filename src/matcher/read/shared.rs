//! Utils that many rules share, and utils that need themselves.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Reader;
use crate::language::Language;
use crate::matcher::RuleMatcher;
use crate::problem::Problems;
use crate::yaml::{Node, Value};

/// Utils that many rules share; each is complete in itself, with constraints and utils of its own.
#[derive(Debug, Clone, Default)]
pub struct SharedUtils {
    pub(super) names: Vec<String>,
    /// Those that nobody can use, because they are not right themselves.
    pub(super) broken: BTreeSet<String>,
    pub(super) matchers: Arc<Vec<RuleMatcher>>,
}

impl SharedUtils {
    /// Reads them; each has a place for its own complaints.
    pub fn read(language: &'static Language, utils: &mut [(String, &Node, &mut Problems)]) -> Self {
        let mut shared = Self {
            names: utils.iter().map(|(name, ..)| name.clone()).collect(),
            ..Self::default()
        };
        let rules: Vec<(String, &Node)> = utils
            .iter()
            .map(|(name, node, _)| (name.clone(), *node))
            .collect();
        let mut matchers = Vec::new();
        for (index, (name, node, problems)) in utils.iter_mut().enumerate() {
            let before = problems.len();
            if rules[..index].iter().any(|(other, _)| other == name) {
                problems.add(
                    node.span.clone(),
                    format!("a second util is named `{name}`"),
                );
            }
            let span = node.get("id").map_or(&node.span, |id| &id.span).clone();
            refuse_circle(name, span, &rules, needed_by_shared, problems);
            let mut reader = Reader::new(language, problems);
            reader.shared = shared.clone();
            reader.utils(node.get("utils").map_or(&[][..], Node::entries));
            reader.in_util = true;
            let rule = node.get("rule");
            if rule.is_none() {
                reader
                    .problems
                    .add(node.span.clone(), "a util needs `rule`");
            }
            let matcher = rule.and_then(|rule| reader.rule(rule, node.get("constraints")));
            if problems.len() > before {
                shared.broken.insert(name.clone());
            }
            matchers.push(matcher.unwrap_or_else(RuleMatcher::nothing));
        }
        shared.matchers = Arc::new(matchers);
        shared
    }
}

/// A util that needs itself at the same node can never answer.
pub(super) fn refuse_circle<'n>(
    name: &str,
    span: std::ops::Range<usize>,
    utils: &[(String, &'n Node)],
    needed: fn(&'n Node) -> Vec<&'n str>,
    problems: &mut Problems,
) {
    let find = |name: &str| utils.iter().find(|(known, _)| known == name);
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&Node> = find(name).map(|(_, node)| *node).into_iter().collect();
    while let Some(node) = open.pop() {
        for next in needed(node) {
            if next == name {
                let message = format!("the util `{name}` needs itself to decide the same node");
                problems.add(span, message);
                return;
            }
            if reached.insert(next) {
                open.extend(find(next).map(|(_, node)| *node));
            }
        }
    }
}

/// The shared utils that a shared util needs: its own utils and constraints count as part of it.
fn needed_by_shared(util: &Node) -> Vec<&str> {
    let own = util.get("utils").map_or(&[][..], Node::entries);
    let constraints = util.get("constraints").map_or(&[][..], Node::entries);
    let parts = own.iter().chain(constraints).map(|entry| &entry.value);
    let mut names: Vec<&str> = util
        .get("rule")
        .into_iter()
        .chain(parts)
        .flat_map(same_node_utils)
        .collect();
    names.retain(|name| own.iter().all(|entry| entry.key != *name));
    names
}

/// The utils that a condition asks about its own node.
pub(super) fn same_node_utils(node: &Node) -> Vec<&str> {
    let mut names = Vec::new();
    for entry in node.entries() {
        match (entry.key.as_str(), &entry.value.value) {
            ("matches", _) => names.extend(entry.value.as_text()),
            ("not", _) => names.extend(same_node_utils(&entry.value)),
            // Whoever counts siblings asks about all of them, the node among them.
            ("nthChild", _) => {
                let of = entry.value.get("ofRule");
                names.extend(of.into_iter().flat_map(same_node_utils));
            }
            ("all" | "any", Value::List(nodes)) => {
                names.extend(nodes.iter().flat_map(same_node_utils));
            }
            _ => {}
        }
    }
    names
}
