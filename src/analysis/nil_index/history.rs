//! The history of the values that a line indexes or calls: where each comes from, what tests and merges made of it,
//! and why it is reported, or is not.
//!
//! It is read off the events that the interpretation kept ([`super::trace`]), in their order; what a loop repeats is
//! told once. Deliberately absent: values that the line only mentions.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::File;
use super::interpreter::{Findings, Outcome};
use super::kinds::{Kind, kind};
use super::names::FunctionIndex;
use super::trace::{Event, What};
use super::value::{Bits, Doubt, Evidence, Fact, Key, Reason, Slot, Value};
use crate::analysis::{History, Step};
use crate::matcher::Node;

/// A value is followed back through so many others.
const CHAIN_LIMIT: usize = 64;

/// The events of one function.
struct Told<'a, 't> {
    file: &'a File<'a, 't>,
    function: FunctionIndex,
    events: &'a [Event<'t>],
    findings: &'a Findings<'t>,
}

impl<'t> File<'_, 't> {
    /// The histories of the accesses that begin on these bytes, in the order of the text.
    pub(super) fn histories(
        &self,
        function: FunctionIndex,
        outcome: &Outcome<'t>,
        bytes: &std::ops::Range<usize>,
    ) -> Vec<(Node, History)> {
        let told = Told {
            file: self,
            function,
            events: outcome.trace.as_deref().unwrap_or_default(),
            findings: &outcome.findings,
        };
        let mut accesses: BTreeMap<(Node, Node), usize> = BTreeMap::new();
        for (index, event) in told.events.iter().enumerate() {
            let What::Accessed(node) = event.what else {
                continue;
            };
            if !bytes.contains(&self.tree.range(event.node).start) {
                continue;
            }
            // Of several passes the one that found something.
            let known = accesses.entry((node, event.node)).or_insert(index);
            if event.fact.bits.has_nil() && event.fact.evidence.is_some() {
                *known = index;
            }
        }
        let mut histories: Vec<(Node, History)> = accesses
            .into_iter()
            .filter_map(|((node, focus), index)| Some((focus, told.history(index, node)?)))
            .collect();
        histories.sort_by_key(|(focus, history)| (history.focus.start, *focus));
        // What is used twice is only told again when it is reported.
        let mut told: HashSet<String> = HashSet::new();
        histories.retain(|(_, history)| {
            told.insert(history.code.clone()) || history.certainty.is_some()
        });
        histories
    }
}

impl<'t> Told<'_, 't> {
    fn history(&self, index: usize, node: Node) -> Option<History> {
        let access = self.events.get(index)?;
        let chain = self.chain(access.value, index);
        let mut steps = self.steps(access, &chain, index);
        let finding = self
            .findings
            .get(&node)
            .filter(|(focus, _)| *focus == access.node);
        let hit = finding.map(|(focus, evidence)| self.file.describe(node, *focus, evidence));
        if steps.is_empty()
            && let Some((_, evidence)) = finding
        {
            let origin = self
                .file
                .origin(&self.file.quote(access.node), access.node, evidence);
            steps.push(self.step(origin.node, "comes from here".to_owned(), &access.fact));
        }
        let verdict = match &hit {
            Some(hit) => hit.message.clone(),
            None => self.excuse(access, &chain, index),
        };
        Some(History {
            focus: self.file.tree.range(access.node),
            code: self.file.quote(access.node),
            access: self.file.quote(node),
            certainty: hit.map(|hit| hit.certainty),
            verdict,
            states: states(access.fact.bits, access.fact.evidence.is_some()),
            steps,
        })
    }

    /// A value, and those that it was before paths met or something may have changed it.
    fn chain(&self, value: Value, until: usize) -> BTreeSet<Value> {
        let mut chain = BTreeSet::from([value]);
        let mut news = vec![value];
        while let Some(value) = news.pop() {
            let events = self.events.iter().take(until);
            for event in events.filter(|event| event.value == value) {
                let before: &[Value] = match &event.what {
                    What::Met(sides) => sides,
                    What::Disturbed(before, _) => std::slice::from_ref(before),
                    _ => &[],
                };
                for value in before {
                    if chain.len() < CHAIN_LIMIT && chain.insert(*value) {
                        news.push(*value);
                    }
                }
            }
        }
        chain
    }

    fn steps(&self, access: &Event<'t>, chain: &BTreeSet<Value>, until: usize) -> Vec<Step> {
        let mut told: HashSet<(Node, String, String)> = HashSet::new();
        let mut steps = Vec::new();
        let mut last_reason: Option<Reason<'t>> = None;
        let events = self.events.iter().take(until);
        for event in events.filter(|event| chain.contains(&event.value)) {
            if self.has_left(event, access.node) {
                continue;
            }
            let (node, text) = self.words(event);
            let mut step = self.step(node, text, &event.fact);
            if let What::Tested(outcomes) = &event.what {
                let [when_true, when_false] = outcomes.map(|outcome| match outcome {
                    Some(bits) => states(bits, event.fact.evidence.is_some()),
                    None => "cannot be".to_owned(),
                });
                step.states = match when_true == when_false {
                    true => when_true,
                    false => format!("true: {when_true}; false: {when_false}"),
                };
            }
            if let What::Accessed(_) = event.what {
                step.states = states(event.fact.bits & Bits::NOT_NIL, false);
            }
            let reason = event.fact.evidence.filter(|_| event.fact.bits.has_nil());
            let is_news = |known: &Evidence<'t>| {
                last_reason != Some(known.reason) && !matches!(known.reason, Reason::Tested(_))
            };
            if let Some(evidence) = reason.filter(is_news) {
                let value = self.file.quote(access.node);
                let origin = self.file.origin(&value, access.node, &evidence);
                step.states = format!("{}; {}", step.states, origin.why);
                last_reason = Some(evidence.reason);
            }
            let is_if = kind(self.file.tree, node) == Kind::If;
            if let (What::Met(_), true) = (&event.what, is_if) {
                step.range.start = step.range.end.saturating_sub(1);
            }
            if told.insert((node, step.text.clone(), step.states.clone())) {
                steps.push(step);
            }
        }
        steps
    }

    /// Whether it happened on a path that ends with a `return` before the access.
    fn has_left(&self, event: &Event<'t>, access: Node) -> bool {
        let tree = self.file.tree;
        let mut node = event.node;
        while let Some(around) = tree.parent(node) {
            if tree.subtree(around).contains(&access) {
                return false;
            }
            let last = tree.named_children(around).last();
            if kind(tree, around) == Kind::Block
                && last.is_some_and(|last| kind(tree, last) == Kind::Return)
            {
                return true;
            }
            node = around;
        }
        false
    }

    fn step(&self, node: Node, text: String, fact: &Fact<'t>) -> Step {
        Step {
            range: self.file.tree.range(node),
            text,
            states: states(fact.bits, fact.evidence.is_some()),
        }
    }

    /// Where an event is shown, and what happened.
    fn words(&self, event: &Event<'t>) -> (Node, String) {
        let quote = |node: Node| self.file.quote(node);
        match &event.what {
            What::Stored(slot) => (event.node, format!("assigned to {}", self.name(*slot))),
            What::First(slot) => (event.node, self.beginning(*slot)),
            What::Tested(_) => (event.node, format!("tested: `{}`", quote(event.node))),
            What::Demanded => (
                event.node,
                "given to what raises an error on nil".to_owned(),
            ),
            What::Met(_) => (event.node, "paths meet".to_owned()),
            What::Disturbed(_, Some(Doubt::Call(call))) => {
                (*call, format!("`{}` may change it", quote(*call)))
            }
            What::Disturbed(_, Some(Doubt::Write(target))) => (
                *target,
                format!("`{}` may be the same field", quote(*target)),
            ),
            What::Disturbed(..) => (event.node, "something may have changed it".to_owned()),
            What::Accessed(access) => {
                let is_reported = self.findings.contains_key(access);
                let text = if is_reported {
                    "used, and reported"
                } else {
                    "used"
                };
                (event.node, text.to_owned())
            }
        }
    }

    fn name(&self, slot: Slot<'t>) -> String {
        match slot {
            Slot::Variable(binding) => {
                format!(
                    "`{}`",
                    String::from_utf8_lossy(self.file.names.name(binding))
                )
            }
            Slot::Field(_, Key::Name(name) | Key::Number(name)) => {
                format!("field `{}`", String::from_utf8_lossy(name))
            }
            Slot::Field(..) => "an element".to_owned(),
        }
    }

    fn beginning(&self, slot: Slot<'t>) -> String {
        let name = self.name(slot);
        let Slot::Variable(binding) = slot else {
            return format!("{name}, as it comes");
        };
        let functions = &self.file.names.functions;
        let is_parameter = functions
            .get(self.function as usize)
            .is_some_and(|function| function.parameters.contains(&binding));
        match self.file.names.home(binding) {
            _ if is_parameter => format!("{name}, a parameter"),
            None => format!("{name}, a global"),
            Some(home) if home != self.function => format!("{name}, from around this function"),
            Some(_) => format!("{name}, as it comes"),
        }
    }

    /// Why an access is not reported.
    fn excuse(&self, access: &Event<'t>, chain: &BTreeSet<Value>, until: usize) -> String {
        let value = self.file.quote(access.node);
        if !access.fact.bits.has_nil() {
            let earlier = self.events.iter().take(until).rev();
            let guard = earlier
                .filter(|event| chain.contains(&event.value))
                .find(|event| match &event.what {
                    What::Tested([one, other]) => {
                        one != other
                            && [one, other]
                                .into_iter()
                                .flatten()
                                .any(|bits| !bits.has_nil())
                    }
                    What::Met(_) | What::First(_) | What::Disturbed(..) => false,
                    What::Stored(_) => !event.fact.bits.has_nil(),
                    What::Demanded | What::Accessed(_) => true,
                });
            let why = guard.map(|event| {
                let line = self.file.line(event.node);
                match &event.what {
                    What::Tested(_) => {
                        format!("`{}` in line {line} guards it", self.file.quote(event.node))
                    }
                    What::Accessed(_) => {
                        format!("line {line} would have raised the error before")
                    }
                    What::Demanded => format!("line {line} raises an error on nil"),
                    _ => format!("line {line} gives it a value"),
                }
            });
            let why = why.unwrap_or_else(|| "it is always there".to_owned());
            return format!("`{value}` cannot be nil: {why}");
        }
        if access.fact.evidence.is_some() {
            return format!("`{value}`: a value before it in the same chain is reported");
        }
        format!("`{value}` is unknown: nothing in this file says that it may be nil")
    }
}

/// A set of states in words.
fn states(bits: Bits, has_evidence: bool) -> String {
    let words = match bits {
        Bits::NONE => "nothing",
        Bits::NIL => "nil",
        Bits::FALSE => "false",
        Bits::FALSY => "nil or false",
        Bits::TRUTHY => "a value",
        Bits::NOT_NIL => "not nil",
        Bits::ALL if !has_evidence => "unknown",
        _ => "a value or nil",
    };
    words.to_owned()
}
