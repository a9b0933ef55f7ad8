//! Which rules are asked about which files and nodes: the work that is not done.
//!
//! A rule is alive in a file that holds one of its texts; of the rules that are alive, a node is shown to those that
//! can match its kind, and a call only to those that are about the name that it calls. So a rule costs nothing where it cannot
//! match. Deliberately absent: asking them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::language::Language;
use crate::matcher::{Literal, RuleMatcher};

/// Finds the texts of which rules need one.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    /// Whole words: where they stand none stands within another, so one is looked for behind the other.
    words: Search,
    /// Other texts, which may overlap.
    others: Search,
    /// Rules about which no text says anything.
    always: Vec<usize>,
    /// How many rules there are.
    rules: usize,
}

#[derive(Debug, Default)]
struct Search {
    automaton: Option<AhoCorasick>,
    /// For each text, what must stand around it and the rules that it wakes.
    woken: Vec<Vec<(Literal, Vec<usize>)>>,
}

impl Search {
    fn new(literals: BTreeMap<Literal, Vec<usize>>, kind: MatchKind) -> Option<Self> {
        let mut by_text: BTreeMap<String, Vec<(Literal, Vec<usize>)>> = BTreeMap::new();
        for (literal, rules) in literals {
            let of_text = by_text.entry(literal.text.clone()).or_default();
            of_text.push((literal, rules));
        }
        if by_text.is_empty() {
            return Some(Self::default());
        }
        let (texts, woken): (Vec<String>, Vec<_>) = by_text.into_iter().unzip();
        let mut builder = AhoCorasick::builder();
        builder.match_kind(kind);
        if texts.len() > FEW {
            builder.kind(Some(AhoCorasickKind::DFA));
        }
        let automaton = Some(builder.build(&texts).ok()?);
        Some(Self { automaton, woken })
    }

    fn wake(&self, bytes: &[u8], alive: &mut [bool]) {
        let Some(automaton) = &self.automaton else {
            return;
        };
        let mut asleep: usize = self.woken.iter().map(Vec::len).sum();
        let mut seen = vec![0_u64; self.woken.len()];
        // How many of a text's literals have been seen; a text has hardly ever more than one.
        let mut hit = |text: usize, start: usize, end: usize| {
            for (index, (literal, rules)) in self.woken[text].iter().enumerate() {
                let bit = 1 << index.min(63);
                if seen[text] & bit == 0 && literal.stands_at(bytes, start, end) {
                    if index < 63 {
                        seen[text] |= bit;
                        asleep -= 1;
                    }
                    rules.iter().for_each(|rule| alive[*rule] = true);
                }
            }
            asleep == 0
        };
        if automaton.match_kind() == MatchKind::Standard {
            for found in automaton.find_overlapping_iter(bytes) {
                if hit(found.pattern().as_usize(), found.start(), found.end()) {
                    return;
                }
            }
        } else {
            for found in automaton.find_iter(bytes) {
                if hit(found.pattern().as_usize(), found.start(), found.end()) {
                    return;
                }
            }
        }
    }
}

/// Up to so many texts the search decides for itself how it goes about it.
const FEW: usize = 16;

impl Alarm {
    /// For each rule its texts, of which it needs one; `None` when it may find something in any file.
    pub(super) fn new(literals: Vec<Option<Vec<Literal>>>) -> Self {
        let mut alarm = Self {
            rules: literals.len(),
            ..Self::default()
        };
        let (mut words, mut others) = (BTreeMap::new(), BTreeMap::new());
        for (rule, literals) in literals.into_iter().enumerate() {
            let Some(literals) = literals else {
                alarm.always.push(rule);
                continue;
            };
            for literal in literals {
                let search: &mut BTreeMap<Literal, Vec<usize>> = if literal.is_word {
                    &mut words
                } else {
                    &mut others
                };
                search.entry(literal).or_default().push(rule);
            }
        }
        let searches = (
            Search::new(words, MatchKind::LeftmostLongest),
            Search::new(others, MatchKind::Standard),
        );
        match searches {
            (Some(words), Some(others)) => (alarm.words, alarm.others) = (words, others),
            // Too much for one search: every rule is alive everywhere.
            _ => alarm.always = (0..alarm.rules).collect(),
        }
        alarm
    }

    /// For each rule, whether it can find anything in this text.
    pub(super) fn alive(&self, bytes: &[u8]) -> Vec<bool> {
        let mut alive = vec![false; self.rules];
        for rule in &self.always {
            alive[*rule] = true;
        }
        self.words.wake(bytes, &mut alive);
        self.others.wake(bytes, &mut alive);
        alive
    }
}

/// Which nodes which rules are shown.
#[derive(Debug)]
pub(super) struct Table {
    rules: Vec<Shown>,
    /// Number of kinds; that of syntax errors is past all others.
    kinds: usize,
}

/// What a rule is shown.
#[derive(Debug)]
enum Shown {
    Nothing,
    Everything,
    Kinds(Vec<u16>),
    /// Nodes of these kinds that call these names.
    Calls(Vec<(u16, Vec<u8>)>),
}

impl Table {
    pub(super) fn new<'m>(
        language: &Language,
        matchers: impl Iterator<Item = Option<&'m RuleMatcher>>,
    ) -> Self {
        let kinds = (language.grammar)().node_kind_count() + 1;
        let shown = |matcher: &RuleMatcher| {
            let calls = matcher.called().map(|calls| {
                let owned = |(kind, name): (u16, &str)| (kind, name.as_bytes().to_vec());
                // Several patterns of a rule may be about one name: each rule is asked once.
                let calls: BTreeSet<(u16, Vec<u8>)> = calls.into_iter().map(owned).collect();
                calls.into_iter().collect()
            });
            match (calls, matcher.kinds()) {
                (Some(calls), _) => Shown::Calls(calls),
                (None, Some(kinds)) => Shown::Kinds(kinds.into_iter().collect()),
                (None, None) => Shown::Everything,
            }
        };
        Self {
            rules: matchers
                .map(|matcher| matcher.map_or(Shown::Nothing, shown))
                .collect(),
            kinds,
        }
    }

    /// The table of the rules that are alive in a file.
    pub(super) fn of<'t>(&'t self, alive: &[bool]) -> LiveTable<'t> {
        let mut by_kind: Vec<(u16, u32)> = Vec::new();
        let mut live = LiveTable {
            starts: vec![0; self.kinds + 1],
            rules: Vec::new(),
            everywhere: Vec::new(),
            calls: HashMap::new(),
            is_called: vec![false; self.kinds],
        };
        for (index, shown) in self
            .rules
            .iter()
            .enumerate()
            .filter(|(index, _)| alive[*index])
        {
            match shown {
                Shown::Nothing => {}
                Shown::Everything => live.everywhere.push(index),
                Shown::Kinds(kinds) => {
                    by_kind.extend(kinds.iter().map(|kind| (*kind, index as u32)));
                }
                Shown::Calls(calls) => {
                    for (kind, name) in calls {
                        live.is_called[self.row(*kind)] = true;
                        live.calls
                            .entry((*kind, name.as_slice()))
                            .or_default()
                            .push(index);
                    }
                }
            }
        }
        for (kind, _) in &by_kind {
            live.starts[self.row(*kind) + 1] += 1;
        }
        for row in 0..self.kinds {
            live.starts[row + 1] += live.starts[row];
        }
        by_kind.sort_unstable();
        live.rules = by_kind.into_iter().map(|(_, rule)| rule as usize).collect();
        live
    }

    fn row(&self, kind: u16) -> usize {
        usize::from(kind).min(self.kinds - 1)
    }
}

/// A table of the rules that are alive in one file.
pub(super) struct LiveTable<'t> {
    /// For each kind, where its rules begin.
    starts: Vec<u32>,
    rules: Vec<usize>,
    everywhere: Vec<usize>,
    calls: HashMap<(u16, &'t [u8]), Vec<usize>>,
    /// For each kind, whether there are rules about calls of it.
    is_called: Vec<bool>,
}

impl<'t> LiveTable<'t> {
    /// The rules that can match a node of this kind; `name` is asked for the name that it calls where that matters.
    pub(super) fn rules<'s>(
        &'s self,
        kind: u16,
        name: impl FnOnce() -> &'s [u8],
    ) -> impl Iterator<Item = usize> + 's
    where
        't: 's,
    {
        let row = usize::from(kind).min(self.is_called.len() - 1);
        let of_kind = self.starts[row] as usize..self.starts[row + 1] as usize;
        let calls = if self.is_called[row] {
            self.calls
                .get(&(kind, name()))
                .map_or(&[][..], Vec::as_slice)
        } else {
            &[]
        };
        let of_kind = &self.rules[of_kind];
        of_kind.iter().chain(calls).chain(&self.everywhere).copied()
    }
}
