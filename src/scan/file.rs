//! One file under the scanner: its matches, and what they become in the file's own terms.
//!
//! Deliberately absent: which rules are alive here ([`super::dispatch`]), and other files.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::identity::{Outline, Spot};
use super::{Exception, LanguageScanner};
use crate::candidate::{Candidate, Excerpt};
use crate::finding::{Certainty, Label, Suppression};
use crate::fix;
use crate::language::{FileFacts, Place, Workspace};
use crate::matcher::tokens::Tokens;
use crate::matcher::{Captures, Effort, Node, Tree};
use crate::rule::{self, Decision, Rule};
use crate::source::Source;
use crate::suppress::{Allowances, Fault, Terms};

/// The most bytes that the fixes of a file replace, beside four times its length: the others come when these are done.
const FIX_BUDGET: usize = 1 << 20;

/// What is longer is the text of a call that has no name.
const LONGEST_NAME: usize = 4096;

/// One file under the scanner.
pub(super) struct File<'a, 'r> {
    pub(super) scanner: &'a LanguageScanner<'r>,
    pub(super) workspace: &'a Workspace<'a>,
    pub(super) source: &'a Source,
    pub(super) tree: &'a Tree<'a>,
    pub(super) tokens: OnceCell<Tokens<'a>>,
    pub(super) outlines: OnceCell<Vec<Outline>>,
    pub(super) hashes: RefCell<HashMap<Node, blake3::Hash>>,
    /// By their lines: many candidates lie in one item, of one line perhaps, which is the whole file.
    pub(super) excerpts: RefCell<HashMap<Range<usize>, Arc<Excerpt>>>,
    pub(super) facts: FileFacts,
    pub(super) allowances: Allowances,
    pub(super) suppressions: bool,
    /// How many bytes may still be replaced.
    pub(super) fix_budget: Cell<usize>,
}

/// A match, whoever found it.
pub(super) struct Match {
    pub(super) spot: Spot,
    pub(super) captures: Captures,
    pub(super) certainty: Certainty,
    pub(super) message: String,
    pub(super) facts: Vec<String>,
    pub(super) asks: Vec<String>,
    pub(super) labels: Vec<(Range<usize>, String)>,
}

impl<'a, 'r> File<'a, 'r> {
    /// Without `terms`, exceptions in the code count for nothing.
    pub(super) fn new(
        scanner: &'a LanguageScanner<'r>,
        workspace: &'a Workspace<'a>,
        source: &'a Source,
        tree: &'a Tree<'a>,
        terms: Option<&Terms>,
    ) -> Self {
        Self {
            scanner,
            workspace,
            source,
            tree,
            tokens: OnceCell::new(),
            outlines: OnceCell::new(),
            hashes: RefCell::default(),
            excerpts: RefCell::default(),
            facts: FileFacts::default(),
            allowances: terms.map_or_else(Allowances::default, |terms| {
                Allowances::of(source, tree, scanner.language, terms)
            }),
            suppressions: terms.is_some(),
            fix_budget: Cell::new(FIX_BUDGET + 4 * source.bytes().len()),
        }
    }

    /// What the rules that are alive here find, and one that takes too long to decide.
    pub(super) fn candidates(&self, alive: &[bool]) -> (Vec<Candidate<'r>>, Option<&'r str>) {
        let mut candidates = Vec::new();
        let exhausting = self.matches(alive, &mut candidates);
        for (rule, _) in self
            .scanner
            .rules
            .iter()
            .zip(alive)
            .filter(|(_, alive)| **alive)
        {
            if let Decision::Analysis(_, analysis) = &rule.decision {
                let hits = analysis.run(self.tree).into_iter();
                candidates.extend(hits.filter_map(|hit| self.candidate(rule, self.analysed(hit))));
            }
        }
        (candidates, exhausting)
    }

    /// The well-formed exceptions, where they count.
    pub(super) fn exceptions(&self) -> Vec<Exception> {
        let comments = self.allowances.comments.iter();
        comments
            .filter_map(|allowance| {
                let allowed = allowance.content.as_ref().ok()?.clone();
                Some(Exception {
                    path: self.source.path.clone(),
                    rules: allowed.rules,
                    standings: allowance.standings.clone(),
                    reach: allowed.reach,
                    suppression: allowed.suppression,
                })
            })
            .collect()
    }

    /// One pass over the tree for all rules, and one over the tokens of which there is no tree.
    /// The answer is a rule that takes too long to decide.
    fn matches(&self, alive: &[bool], candidates: &mut Vec<Candidate<'r>>) -> Option<&'r str> {
        let scanner = self.scanner;
        let table = scanner.table.of(alive);
        let mut seen: BTreeSet<(usize, usize)> = BTreeSet::new();
        let mut efforts: Vec<Option<Box<Effort>>> = Vec::new();
        efforts.resize_with(scanner.rules.len(), || None);
        for node in self.tree.subtree(self.tree.root()) {
            let name = || {
                let name = self.tree.bytes(self.focus(node));
                name.get(..LONGEST_NAME).map_or(name, |_| b"")
            };
            for index in table.rules(self.tree.kind(node), name) {
                let rule = scanner.rules[index];
                let Decision::Match(_, matcher) = &rule.decision else {
                    continue;
                };
                let effort = efforts[index].get_or_insert_default();
                let captures = matcher.find_with(self.tree, node, Captures::default(), effort);
                if let Some(captures) = captures {
                    let found = self.matched(rule, node, captures);
                    seen.insert((index, found.spot.focus.start));
                    candidates.extend(self.candidate(rule, found));
                }
            }
        }
        self.token_matches(alive, &seen, candidates);
        let is_exhausted = |effort: &Option<Box<Effort>>| {
            effort.as_ref().is_some_and(|effort| effort.is_exhausted())
        };
        let exhausted = efforts.iter().position(is_exhausted)?;
        Some(&scanner.rules[exhausted].id)
    }

    pub(super) fn matched(&self, rule: &Rule, node: Node, captures: Captures) -> Match {
        let (mut facts, mut asks) = (Vec::new(), Vec::new());
        for when in &rule.ambiguous_when {
            let effort = &mut Effort::default();
            let found = when
                .matcher
                .find_with(self.tree, node, captures.clone(), effort);
            if let Some(captures) = found {
                facts.push(when.id.clone());
                asks.push(self.interpolate(rule, &when.ask, &captures));
            }
        }
        let spot = self.spot(node, self.focus(node));
        self.found(rule, spot, captures, facts, asks)
    }

    /// A match of a rule; one with questions is ambiguous.
    pub(super) fn found(
        &self,
        rule: &Rule,
        spot: Spot,
        captures: Captures,
        facts: Vec<String>,
        asks: Vec<String>,
    ) -> Match {
        Match {
            spot,
            certainty: if asks.is_empty() {
                Certainty::Violation
            } else {
                Certainty::Ambiguous
            },
            message: self.interpolate(rule, &rule.message, &captures),
            captures,
            facts,
            asks,
            labels: Vec::new(),
        }
    }

    fn analysed(&self, hit: crate::analysis::Hit) -> Match {
        Match {
            spot: self.spot(hit.node, hit.focus),
            captures: Captures::default(),
            certainty: hit.certainty,
            message: hit.message,
            facts: Vec::new(),
            asks: hit.ask.into_iter().collect(),
            labels: hit.labels,
        }
    }

    /// What is wrong with the exceptions, now that it is known what they cover.
    pub(super) fn faults(
        &mut self,
        candidates: &[Candidate<'r>],
        terms: &Terms,
    ) -> Vec<Candidate<'r>> {
        let used: BTreeSet<(&str, usize)> = candidates
            .iter()
            .filter_map(|found| Some((found.rule.id.as_str(), found.suppressed.as_ref()?.line)))
            .collect();
        let faults = self
            .allowances
            .faults(terms, |rule, line| used.contains(&(rule, line)));
        let candidate = |(node, fault, message): (Node, Fault, String)| {
            let mut rules = self.scanner.rules.iter();
            let rule = rules.find(
                |rule| matches!(rule.decision, Decision::Suppression(_, known) if known == fault),
            )?;
            let mut found = self.candidate(
                rule,
                Match {
                    spot: self.spot(node, node),
                    captures: Captures::default(),
                    certainty: Certainty::Violation,
                    message,
                    facts: Vec::new(),
                    asks: Vec::new(),
                    labels: Vec::new(),
                },
            )?;
            found.identity = found.identity.of_comment(self.tree.bytes(node));
            Some(found)
        };
        faults.into_iter().filter_map(candidate).collect()
    }

    /// `None`: a fact holds under which the rule does not apply.
    pub(super) fn candidate(&self, rule: &'r Rule, found: Match) -> Option<Candidate<'r>> {
        let place = Place {
            source: self.source,
            tree: self.tree,
            workspace: self.workspace,
            node: found.spot.node,
            file: &self.facts,
        };
        if rule
            .except
            .iter()
            .any(|fact| (fact.holds)(&place).is_some())
        {
            return None;
        }
        let mut asks = found.asks;
        let mut facts = found.facts;
        for (fact, ask) in rule
            .ambiguous_in
            .iter()
            .filter(|(fact, _)| (fact.holds)(&place).is_some())
        {
            facts.push(fact.name.to_owned());
            asks.push(ask.as_ref().map_or_else(
                || fact.ask.to_owned(),
                |ask| self.interpolate(rule, ask, &found.captures),
            ));
        }
        let certainty = if asks.is_empty() {
            found.certainty
        } else {
            Certainty::Ambiguous
        };
        let around = self.surroundings(&found.spot);
        let suppressed = self.suppression(rule, around.statement.start, &found.spot.focus);
        let is_certain = certainty == Certainty::Violation && suppressed.is_none();
        let label = |(range, text): (Range<usize>, String)| Label {
            path: self.source.path.text().into_owned(),
            range: self.source.range(range),
            text,
        };
        Some(Candidate {
            rule,
            path: self.source.path.clone(),
            range: self.source.range(found.spot.range.clone()),
            certainty,
            message: found.message,
            ask: (!asks.is_empty()).then(|| asks.join(" ")),
            facts,
            labels: found.labels.into_iter().map(label).collect(),
            statement_line: self.source.line(around.statement.start),
            item_lines: self.lines(&around.item),
            fix: is_certain
                .then(|| self.fix(rule, &found.spot, &found.captures))
                .flatten(),
            suppressed: suppressed.map(Box::new),
            excerpt: (certainty == Certainty::Ambiguous)
                .then(|| self.excerpt(&found.spot, &around)),
            identity: around.identity,
            cause: None,
            focus: self.source.range(found.spot.focus),
        })
    }

    /// What mends a match, when its rule says so and it is another text.
    fn fix(&self, rule: &Rule, spot: &Spot, captures: &Captures) -> Option<Vec<u8>> {
        let (Some(template), Decision::Match(_, matcher)) = (&rule.fix, &rule.decision) else {
            return None;
        };
        let made = matcher.made(self.tree, captures);
        let is_bound =
            |name: &str| made.iter().any(|(known, _)| **known == *name) || captures.is_bound(name);
        // In ast-grep's files what is not bound counts as empty; a law that says so would be an oversight.
        if rule.law().is_some() && !template.names().all(is_bound) {
            return None;
        }
        // Matches may lie in each other, thousands deep.
        let left = self.fix_budget.get().checked_sub(spot.range.len())?;
        self.fix_budget.set(left);
        let text = template.fill(&fix::template::Match {
            tree: self.tree,
            range: spot.range.clone(),
            captures,
            made: &made,
        });
        (self.tree.text().get(spot.range.clone()) != Some(text.as_slice())).then_some(text)
    }

    fn suppression(
        &self,
        rule: &Rule,
        statement: usize,
        focus: &Range<usize>,
    ) -> Option<Suppression> {
        if !self.suppressions || matches!(rule.decision, Decision::Suppression(..)) {
            return None;
        }
        let first = self.source.line(statement);
        self.allowances
            .covering(&rule.id, self.source, first, focus.start)
    }

    /// Puts the code that metavariables stand for into a text.
    pub(super) fn interpolate(&self, rule: &Rule, text: &str, captures: &Captures) -> String {
        let variables = rule::variables(text);
        if variables.is_empty() {
            return text.to_owned();
        }
        let made = match &rule.decision {
            Decision::Match(_, matcher) => matcher.made(self.tree, captures),
            _ => Vec::new(),
        };
        let mut out = String::new();
        let mut at = 0;
        for (range, name) in variables {
            out.push_str(&text[at..range.start]);
            at = range.end;
            if let Some((_, text)) = made.iter().find(|(known, _)| **known == *name) {
                out.push_str(text);
            } else if let Some(bound) = captures.range(self.tree, name) {
                out.push_str(&self.source.text(bound));
            }
        }
        out.push_str(&text[at..]);
        out
    }
}
