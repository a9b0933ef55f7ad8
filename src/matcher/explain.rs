//! Why a rule matches a node, or which of its conditions does not hold there first: for people, one node at a time.
//!
//! Every word of it is asked of the evaluation itself. Deliberately absent: what is around the rule, facts and exceptions.

use super::evaluate::Evaluation;
use super::{Captures, Effort, Matcher, Node, Relation, RuleMatcher, Stop, Tree, Util};

/// Conditions shown within conditions.
const DEPTH_LIMIT: usize = 32;

/// A condition, and how it stands at a node.
#[derive(Debug)]
pub struct Step {
    /// Whether it holds.
    pub holds: bool,
    /// The condition.
    pub what: String,
    /// The node that it was asked about, or where it first differs.
    pub node: Node,
    /// Why it does not hold.
    pub why: Option<String>,
    /// The conditions in it that were asked.
    pub inner: Vec<Step>,
}

impl RuleMatcher {
    /// How the rule stands at a node, and what the metavariables stand for, as far as it came.
    pub fn explain(
        &self,
        tree: &Tree<'_>,
        node: Node,
        grammar: &tree_sitter::Language,
    ) -> (Step, Captures) {
        let mut effort = Effort::default();
        let mut asking = Asking {
            evaluation: self.evaluation(tree, &mut effort),
            rule: self,
            tree,
            grammar,
            depth: 0,
        };
        let mut captures = Captures::default();
        let mut root = asking.step(&self.root, node, &mut captures);
        for (name, constraint) in &self.constraints {
            let Some(bound) = captures.get(name).filter(|_| root.holds) else {
                continue;
            };
            let mut step = asking.step(constraint, bound, &mut captures);
            step.what = format!("constraint on ${name}, {}", step.what);
            root.holds &= step.holds;
            root.inner.push(step);
        }
        (root, captures)
    }
}

struct Asking<'a, 'e> {
    evaluation: Evaluation<'a, 'e>,
    rule: &'a RuleMatcher,
    tree: &'a Tree<'a>,
    grammar: &'a tree_sitter::Language,
    depth: usize,
}

impl<'a> Asking<'a, '_> {
    fn step(&mut self, matcher: &'a Matcher, node: Node, captures: &mut Captures) -> Step {
        let mut step = Step {
            holds: false,
            what: self.name(matcher),
            node,
            why: None,
            inner: Vec::new(),
        };
        if self.depth == DEPTH_LIMIT {
            step.holds = self.evaluation.holds(matcher, node, captures);
            return step;
        }
        self.depth += 1;
        match matcher {
            Matcher::All(all) => {
                let mark = captures.mark();
                step.holds = all.iter().all(|one| {
                    let inner = self.step(one, node, captures);
                    let holds = inner.holds;
                    step.inner.push(inner);
                    holds
                });
                if !step.holds {
                    captures.undo(mark);
                }
            }
            Matcher::Any(any) => {
                let mark = captures.mark();
                step.holds = any.iter().any(|one| {
                    captures.undo(mark);
                    let inner = self.step(one, node, captures);
                    let holds = inner.holds;
                    step.inner.push(inner);
                    holds
                });
            }
            Matcher::Not(not) => {
                let mark = captures.mark();
                let inner = self.step(not, node, captures);
                captures.undo(mark);
                step.holds = !inner.holds;
                step.inner.push(inner);
            }
            Matcher::Matches(Util::Own(util)) => {
                let inner = self.step(&self.rule.utils[*util], node, captures);
                step.holds = inner.holds;
                step.inner.push(inner);
            }
            Matcher::Inside(relation)
            | Matcher::Has(relation)
            | Matcher::Precedes(relation)
            | Matcher::Follows(relation) => self.relation(matcher, relation, captures, &mut step),
            _ => {
                step.holds = self.evaluation.holds(matcher, node, captures);
                if !step.holds {
                    self.difference(matcher, &mut step);
                }
            }
        }
        self.depth -= 1;
        step
    }

    fn relation(
        &mut self,
        matcher: &'a Matcher,
        relation: &'a Relation,
        captures: &mut Captures,
        step: &mut Step,
    ) {
        let before = captures.clone();
        let found = self.evaluation.found(matcher, step.node, captures);
        step.holds = found.is_some();
        if let Some(found) = found {
            step.inner
                .push(self.step(&relation.other, found, &mut before.clone()));
            return;
        }
        *captures = before;
        let looked_at = self.looked_at(matcher, relation, step.node);
        step.why = Some(match looked_at.len() {
            0 => "there is no node to look at".to_owned(),
            1 => "the one node looked at is another".to_owned(),
            count => format!("none of the {count} nodes looked at; the nearest one:"),
        });
        // The nearest one that has the right kind says most.
        let kinds = relation.other.kinds(&mut super::KindsOfUtils::new(
            &self.rule.utils,
            &self.rule.shared,
        ));
        let has_kind = |node: &&Node| {
            let kind = self.tree.kind(**node);
            kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
        };
        let nearest = looked_at.iter().find(has_kind).or(looked_at.first());
        if let Some(nearest) = nearest {
            let inner = self.step(&relation.other, *nearest, &mut captures.clone());
            step.inner.push(inner);
        }
    }

    /// The nodes that a relation which does not hold has looked at, nearest first.
    fn looked_at(&mut self, matcher: &Matcher, relation: &'a Relation, node: Node) -> Vec<Node> {
        let tree = self.tree;
        let all: Vec<Node> = match (matcher, &relation.stop) {
            (Matcher::Inside(_), _) => tree.ancestors(node).collect(),
            (Matcher::Precedes(_), _) => tree.next_siblings(node).collect(),
            (Matcher::Follows(_), _) => tree.previous_siblings(node).collect(),
            (_, Stop::Neighbor) => tree.children(node).collect(),
            _ => (node + 1..tree.end(node)).collect(),
        };
        let is_has = matches!(matcher, Matcher::Has(_));
        let in_field = |other: &Node| match &relation.field {
            Some(field) if is_has => tree.field(*other) == field.id(),
            _ => true,
        };
        let mut seen = Vec::new();
        for other in all.into_iter().filter(in_field) {
            seen.push(other);
            if !is_has && self.evaluation.stops(&relation.stop, other) {
                break;
            }
        }
        seen
    }

    /// Where and how a condition on the node alone does not hold.
    fn difference(&self, matcher: &Matcher, step: &mut Step) {
        let kind = |kind: u16| self.grammar.node_kind_for_id(kind).unwrap_or("ERROR");
        match matcher {
            Matcher::Kind(_) => {
                step.why = Some(format!("it is a {}", kind(self.tree.kind(step.node))));
            }
            Matcher::Pattern(pattern) => {
                let found = pattern.difference(self.tree, step.node);
                step.node = found.node;
                let (wanted, text) = found.wanted;
                let wanted = wanted.map_or(String::new(), |wanted| format!("{} ", kind(wanted)));
                step.why = Some(format!("the pattern has {wanted}`{text}` here"));
            }
            _ => {}
        }
    }

    fn name(&self, matcher: &Matcher) -> String {
        let kind = |kind: u16| self.grammar.node_kind_for_id(kind).unwrap_or("ERROR");
        let relation = |word: &str, relation: &Relation| {
            let mut how: Vec<String> = Vec::new();
            if let Some(field) = relation
                .field
                .as_ref()
                .and_then(|field| self.grammar.field_name_for_id(field.id()))
            {
                how.push(format!("field {field}"));
            }
            match &relation.stop {
                Stop::Neighbor => {}
                Stop::End => how.push("stopBy end".to_owned()),
                Stop::At(_) => how.push("stopBy a rule".to_owned()),
            }
            match how.is_empty() {
                true => word.to_owned(),
                false => format!("{word} ({})", how.join(", ")),
            }
        };
        match matcher {
            Matcher::Pattern(pattern) => format!("pattern {}", pattern.text()),
            Matcher::Kind(wanted) => format!("kind {}", kind(*wanted)),
            Matcher::Regex(regex) => format!("regex {regex}"),
            Matcher::NthChild(_) => "nthChild".to_owned(),
            Matcher::All(_) => "all".to_owned(),
            Matcher::Any(_) => "any".to_owned(),
            Matcher::Not(_) => "not".to_owned(),
            Matcher::Inside(of) => relation("inside", of),
            Matcher::Has(of) => relation("has", of),
            Matcher::Precedes(of) => relation("precedes", of),
            Matcher::Follows(of) => relation("follows", of),
            Matcher::Matches(_) => "matches".to_owned(),
        }
    }
}
