//! Rules over bare tokens: the arguments of macros, and what stands around syntax errors.
//!
//! The tree's word goes first: a place that a rule has matched on the tree is not matched again, and where the tree is
//! sound tokens say nothing. Deliberately absent: how a pattern matches tokens ([`crate::matcher::tokens`]).

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::file::{File, Match};
use super::identity::Spot;
use crate::candidate::Candidate;
use crate::language::Language;
use crate::matcher::tokens::{Found, Founds, Ground, Run, TokenPattern, Tokens, Truth};
use crate::matcher::{Captures, ERROR_KIND, Node, Pattern};
use crate::rule::{Decision, Rule};

/// What is asked about a match of which tokens do not tell whether the whole rule holds.
const ASK: &str = "Only the tokens of this code are known, for it stands in a macro's arguments or beside a syntax error: \
     does all of the rule hold for it?";

/// The name of that ambiguity among the facts.
const UNKNOWN: &str = "tokens-only";

/// The rules of a language that match on tokens.
#[derive(Debug)]
pub(super) struct TokenRules<'r> {
    /// For each token to look for, the patterns that it may be part of, each with its rule.
    anchors: HashMap<Vec<u8>, Vec<(usize, &'r Pattern)>>,
    /// For each rule, the patterns that find what it matches.
    finding: Vec<Vec<&'r Pattern>>,
    flat: Vec<u16>,
    dead: Vec<u16>,
    call: (u16, u16),
    literals: Vec<u16>,
    names: Vec<u16>,
}

impl<'r> TokenRules<'r> {
    pub(super) fn new(language: &Language, rules: &[&'r Rule]) -> Self {
        let grammar = (language.grammar)();
        let kind = |name: &&str| grammar.id_for_node_kind(name, true);
        let lexis = language.lexis;
        let (call, field) = lexis.call;
        let mut anchors: HashMap<Vec<u8>, Vec<(usize, &Pattern)>> = HashMap::new();
        let mut finding = vec![Vec::new(); rules.len()];
        for (index, rule) in rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.inside_macros)
        {
            let Decision::Match(_, matcher) = &rule.decision else {
                continue;
            };
            let (found_by, mut all) = matcher.token_patterns();
            finding[index] = found_by;
            for when in &rule.ambiguous_when {
                all.extend(when.matcher.token_patterns().1);
            }
            for pattern in all {
                if let Some(form) = pattern.token_form() {
                    let of_anchor = anchors.entry(form.anchor().to_vec()).or_default();
                    if !of_anchor
                        .iter()
                        .any(|(_, known)| std::ptr::eq(*known, pattern))
                    {
                        of_anchor.push((index, pattern));
                    }
                }
            }
        }
        Self {
            anchors,
            finding,
            flat: lexis.flat.iter().map(kind).collect(),
            dead: lexis.dead.iter().map(kind).collect(),
            literals: lexis.literals.iter().map(kind).collect(),
            names: lexis.names.iter().map(kind).collect(),
            call: (
                kind(&call),
                grammar
                    .field_id_for_name(field)
                    .map_or(0, std::num::NonZero::get),
            ),
        }
    }
}

/// Which parts of a file are bare tokens.
#[derive(Default)]
struct Zones {
    /// Nodes that are bare tokens, the outermost of each, in the order of the text.
    flat: Vec<Node>,
    /// Those in which nothing is called.
    dead: Vec<Node>,
    /// Syntax errors, and what tree-sitter put in to mend them.
    errors: Vec<Node>,
}

impl<'a, 'r> File<'a, 'r> {
    /// The tokens of the file, or of as much of it as has no tree.
    pub(super) fn tokens(&self) -> &Tokens<'a> {
        let lexis = self.scanner.language.lexis;
        self.tokens
            .get_or_init(|| Tokens::new(self.tree.text(), lexis))
    }

    /// Matches on tokens, but where the tree has matched already: `seen` holds rules and first bytes of called names.
    pub(super) fn token_matches(
        &self,
        alive: &[bool],
        seen: &BTreeSet<(usize, usize)>,
        candidates: &mut Vec<Candidate<'r>>,
    ) {
        let rules = &self.scanner.token_rules;
        let finding = |index: usize| rules.finding[index].iter().filter(move |_| alive[index]);
        let mut patterns = (0..rules.finding.len()).flat_map(finding).peekable();
        if patterns.peek().is_none() {
            return;
        }
        let has_flat_pattern =
            patterns.any(|pattern| pattern.token_form().is_some_and(TokenPattern::is_flat));
        let zones = self.zones();
        let is_broken = !zones.errors.is_empty();
        if zones.flat.is_empty() && !is_broken {
            return;
        }
        if !is_broken && !has_flat_pattern {
            let lexis = self.scanner.language.lexis;
            let parts = zones.flat.iter().map(|node| self.tree.range(*node));
            self.tokens
                .get_or_init(|| Tokens::within(self.tree.text(), lexis, parts));
        }
        let founds = self.founds(alive, &zones);
        let ground = Ground {
            tree: self.tree,
            tokens: self.tokens(),
            founds: &founds,
            flat: &rules.flat,
            call: rules.call,
            literals: &rules.literals,
            names: &rules.names,
        };
        for (index, rule) in self.scanner.rules.iter().enumerate() {
            let mut runs: BTreeSet<(usize, usize)> = BTreeSet::new();
            for pattern in finding(index) {
                for found in founds.of(pattern) {
                    let is_new = runs.insert((found.run.start, found.run.end));
                    if !is_new || !self.is_for_tokens(pattern, &found.run, &zones) {
                        continue;
                    }
                    let spot = self.spot_of_run(found, &zones);
                    if seen.contains(&(index, spot.focus.start)) {
                        continue;
                    }
                    let found = self.matched_on_tokens(rule, &found.run, spot, ground);
                    candidates.extend(found.and_then(|found| self.candidate(rule, found)));
                }
            }
        }
    }

    fn zones(&self) -> Zones {
        let rules = &self.scanner.token_rules;
        let mut zones = Zones::default();
        let mut node = self.tree.root();
        while node < self.tree.len() {
            let kind = self.tree.kind(node);
            if kind == ERROR_KIND || self.tree.is_missing(node) {
                zones.errors.push(node);
            }
            let zone = if rules.flat.contains(&kind) {
                &mut zones.flat
            } else if rules.dead.contains(&kind) {
                &mut zones.dead
            } else {
                node += 1;
                continue;
            };
            zone.push(node);
            node = self.tree.end(node);
        }
        zones
    }

    /// The zone that holds these bytes.
    fn zone_around(&self, zones: &[Node], bytes: &Range<usize>) -> Option<Node> {
        let after = zones.partition_point(|node| self.tree.range(*node).start <= bytes.start);
        let zone = zones[..after].last().copied()?;
        (bytes.end <= self.tree.range(zone).end).then_some(zone)
    }

    /// All that patterns match among the tokens.
    fn founds(&self, alive: &[bool], zones: &Zones) -> Founds {
        let tokens = self.tokens();
        let anchors = &self.scanner.token_rules.anchors;
        let mut founds = Founds::default();
        for at in 0..tokens.len() {
            let Some(of_anchor) = anchors.get(tokens.text(at)) else {
                continue;
            };
            let bytes = tokens.bytes(&(at..at + 1));
            if self.zone_around(&zones.dead, &bytes).is_some() {
                continue;
            }
            for (_, pattern) in of_anchor.iter().filter(|(rule, _)| alive[*rule]) {
                founds.look(pattern, tokens, at);
            }
        }
        founds.arrange();
        founds
    }

    /// Whether it is for tokens to say what stands here: the tree is sound nowhere else.
    fn is_for_tokens(&self, pattern: &Pattern, run: &Run, zones: &Zones) -> bool {
        let bytes = self.tokens().bytes(run);
        if self.zone_around(&zones.flat, &bytes).is_some() {
            return true;
        }
        let innermost = self.tree.innermost(&bytes);
        let exact: Vec<Node> = std::iter::once(innermost)
            .chain(self.tree.ancestors(innermost))
            .take_while(|node| self.tree.range(*node) == bytes)
            .collect();
        let is_matched = |node: &Node| pattern.matches(self.tree, *node, &mut Captures::default());
        if exact.iter().any(is_matched) {
            return false;
        }
        self.touches_error(&bytes, innermost, zones)
            || pattern.token_form().is_some_and(TokenPattern::is_flat)
                && exact
                    .iter()
                    .any(|node| pattern.root_kind() == Some(self.tree.kind(*node)))
    }

    /// Whether a syntax error lies in these bytes or around a part of them.
    fn touches_error(&self, bytes: &Range<usize>, innermost: Node, zones: &Zones) -> bool {
        if !self.tree.has_error(innermost) {
            return false;
        }
        let nodes = self.tree.beginning_in(bytes);
        let first = zones.errors.partition_point(|error| *error < nodes.start);
        let is_within = zones
            .errors
            .get(first)
            .is_some_and(|error| nodes.contains(error));
        let leaf = self.tree.innermost(&(bytes.start..bytes.start + 1));
        is_within
            || std::iter::once(leaf)
                .chain(self.tree.ancestors(leaf))
                .take_while(|node| *node >= innermost)
                .any(|node| self.tree.kind(node) == ERROR_KIND)
    }

    fn spot_of_run(&self, found: &Found, zones: &Zones) -> Spot {
        let tokens = self.tokens();
        let range = tokens.bytes(&found.run);
        let focus = found
            .focus
            .map_or(range.clone(), |at| tokens.bytes(&(at..at + 1)));
        let outer = match self.zone_around(&zones.flat, &range) {
            Some(zone) => self.tree.parent(zone).unwrap_or(zone),
            None => self.tree.innermost(&range),
        };
        Spot {
            node: self.tree.innermost(&focus),
            range,
            focus,
            tokens: Some((found.run.clone(), outer)),
        }
    }

    fn matched_on_tokens(
        &self,
        rule: &Rule,
        run: &Run,
        spot: Spot,
        ground: Ground<'_>,
    ) -> Option<Match> {
        let Decision::Match(_, matcher) = &rule.decision else {
            return None;
        };
        let (truth, captures) = matcher.on_tokens(ground, run, Captures::default());
        let (mut facts, mut asks) = (Vec::new(), Vec::new());
        match truth {
            Truth::No => return None,
            Truth::Unknown => {
                facts.push(UNKNOWN.to_owned());
                asks.push(ASK.to_owned());
            }
            Truth::Yes => {}
        }
        for when in &rule.ambiguous_when {
            let (truth, captures) = when.matcher.on_tokens(ground, run, captures.clone());
            if truth != Truth::No {
                facts.push(when.id.clone());
                asks.push(self.interpolate(rule, &when.ask, &captures));
            }
        }
        Some(self.found(rule, spot, captures, facts, asks))
    }
}
