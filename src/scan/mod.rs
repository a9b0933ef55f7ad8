//! Runs all rules over many files, in parallel, in one pass per file.
//!
//! A rule whose texts do not occur in a file is not alive there; a file without a live rule is not parsed; a live rule
//! is asked only at nodes of a kind that it can match. Results come in the order of the files, whatever the threads do.
//! Deliberately absent: which files, and what becomes of a candidate.

mod context;
mod identity;
mod tokens;
mod touched;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use aho_corasick::AhoCorasick;
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

pub use self::context::{Context, Item, contexts};
use self::identity::{Kinds, Outline, Spot};
use self::tokens::TokenRules;
pub use self::touched::{question, touched};
use crate::candidate::Candidate;
use crate::date::Date;
use crate::finding::{Certainty, Label, Suppression, Unchecked};
use crate::language::{FileFacts, Language, Place, Workspace};
use crate::matcher::tokens::Tokens;
use crate::matcher::{Captures, Node, Tree};
use crate::rule::{self, Decision, Rule};
use crate::source::{RepoPath, Source};
use crate::suppress::comment::Reach;
use crate::suppress::{self, Allowances, Fault, Standing, Terms};

/// What a scan found.
#[derive(Debug, Default)]
pub struct Scan<'r> {
    /// Candidates, in the order of files, then of the text.
    pub candidates: Vec<Candidate<'r>>,
    /// Well-formed exceptions, in the same order.
    pub exceptions: Vec<Exception>,
    /// Sources that could not be looked at.
    pub unchecked: Vec<Unchecked>,
    /// Number of sources looked at.
    pub files: usize,
}

/// As many files are worth waiting for together; more are better read while others are looked at.
const AT_ONCE: usize = 256;

/// An exception in the code.
#[derive(Debug, Clone)]
pub struct Exception {
    /// The file.
    pub path: RepoPath,
    /// The rules that it is about.
    pub rules: Vec<String>,
    /// How it stands for each of them.
    pub standings: Vec<Standing>,
    /// What it is about.
    pub reach: Reach,
    /// Why, until when, and where.
    pub suppression: Suppression,
}

/// Rules, arranged for scanning.
#[derive(Debug)]
pub struct Scanner<'r> {
    languages: Vec<LanguageScanner<'r>>,
    suppressions: bool,
    /// Files that are done, for whoever watches.
    pub done: AtomicUsize,
    terms: Terms,
}

impl<'r> Scanner<'r> {
    /// Arranges rules. Without `suppressions`, exceptions in the code count for nothing.
    pub fn new(rules: &'r [Rule], suppressions: bool) -> Self {
        let of_language = |language: &'static Language| {
            let rules: Vec<&Rule> = rules
                .iter()
                .filter(|rule| rule.language() == Some(language))
                .collect();
            (!rules.is_empty()).then(|| LanguageScanner::new(language, rules))
        };
        Self {
            languages: crate::language::ALL
                .into_iter()
                .filter_map(of_language)
                .collect(),
            suppressions,
            done: AtomicUsize::new(0),
            terms: Terms::of(rules),
        }
    }

    /// The terms for exceptions in the code; `None` where they count for nothing.
    pub fn terms(&self) -> Option<&Terms> {
        self.suppressions.then_some(&self.terms)
    }

    /// With terms for exceptions in the code.
    #[must_use]
    pub fn under(mut self, today: Date, known: Option<BTreeSet<String>>) -> Self {
        self.terms = self.terms.at(today, known);
        self
    }

    /// Looks at files of a snapshot.
    pub fn scan(&self, workspace: &Workspace<'_>, paths: &[RepoPath]) -> Scan<'r> {
        if paths.len() <= AT_ONCE {
            workspace.snapshot.expect(paths);
        }
        let outcomes: Vec<Option<Outcome<'r>>> = paths
            .par_iter()
            .map(|path| self.file(workspace, path))
            .inspect(|_| {
                self.done.fetch_add(1, Ordering::Relaxed);
            })
            .collect();
        let mut scan = Scan::default();
        for outcome in outcomes.into_iter().flatten() {
            match outcome {
                Ok((candidates, exceptions)) => {
                    scan.files += 1;
                    scan.candidates.extend(candidates);
                    scan.exceptions.extend(exceptions);
                }
                Err(unchecked) => scan.unchecked.push(unchecked),
            }
        }
        scan
    }

    /// `None`: no source of a known language.
    fn file(&self, workspace: &Workspace<'_>, path: &RepoPath) -> Option<Outcome<'r>> {
        let language = Language::of(path)?;
        let unchecked = |reason: String| Unchecked {
            path: path.text().into_owned(),
            reason,
            rejects: false,
        };
        let bytes = match workspace.snapshot.read(path) {
            Ok(bytes) => bytes?,
            Err(reason) => return Some(Err(unchecked(reason))),
        };
        let source = match Source::new(path.clone(), bytes) {
            Ok(source) => source,
            Err(reason) => return Some(Err(unchecked(reason))),
        };
        let Some(scanner) = self
            .languages
            .iter()
            .find(|scanner| scanner.language == language)
        else {
            return Some(Ok((Vec::new(), Vec::new())));
        };
        let alive = scanner.alive(&source);
        if !alive.contains(&true) {
            return Some(Ok((Vec::new(), Vec::new())));
        }
        let grammar = (language.grammar)();
        let Some(tree) = Tree::parse(source.bytes(), &grammar) else {
            return Some(Err(unchecked("it cannot be parsed".to_owned())));
        };
        let mut file = File {
            scanner,
            workspace,
            source: &source,
            tree: &tree,
            tokens: OnceCell::new(),
            outlines: OnceCell::new(),
            hashes: RefCell::default(),
            facts: FileFacts::default(),
            allowances: Allowances::of(&source, &tree, language, &self.terms),
            suppressions: self.suppressions,
        };
        let mut candidates = file.candidates(&alive);
        if self.suppressions {
            candidates.extend(file.faults(&candidates, &self.terms));
        }
        candidates.sort_by(|left, right| {
            (left.focus, left.range, &left.rule.id).cmp(&(right.focus, right.range, &right.rule.id))
        });
        Some(Ok((candidates, file.exceptions())))
    }
}

type Outcome<'r> = Result<(Vec<Candidate<'r>>, Vec<Exception>), Unchecked>;

/// The rules of one language.
#[derive(Debug)]
struct LanguageScanner<'r> {
    language: &'static Language,
    rules: Vec<&'r Rule>,
    /// Finds the texts that make rules alive.
    search: Option<AhoCorasick>,
    /// For each text of the search, the rules that it makes alive.
    woken: Vec<Vec<usize>>,
    /// Rules about which no text says anything.
    always: Vec<usize>,
    /// For each kind, the rules that can match it.
    by_kind: Vec<Vec<usize>>,
    /// Rules that can match any kind.
    any_kind: Vec<usize>,
    kinds: Kinds,
    token_rules: TokenRules<'r>,
}

impl<'r> LanguageScanner<'r> {
    fn new(language: &'static Language, rules: Vec<&'r Rule>) -> Self {
        let grammar = (language.grammar)();
        let mut texts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let (mut always, mut any_kind) = (Vec::new(), Vec::new());
        let mut by_kind = vec![Vec::new(); grammar.node_kind_count() + 1];
        for (index, rule) in rules.iter().enumerate() {
            let literals = match &rule.decision {
                Decision::Match(_, matcher) => {
                    match matcher.kinds() {
                        Some(kinds) => kinds.into_iter().for_each(|kind| {
                            // The kind of syntax errors is past all others.
                            by_kind[usize::from(kind).min(grammar.node_kind_count())].push(index);
                        }),
                        None => any_kind.push(index),
                    }
                    matcher.literals()
                }
                Decision::Suppression(..) => Some(vec![suppress::MARK.to_owned()]),
                Decision::Analysis(..) | Decision::Review(_) => None,
            };
            match literals {
                Some(literals) => literals
                    .into_iter()
                    .for_each(|text| texts.entry(text).or_default().push(index)),
                None => always.push(index),
            }
        }
        let (patterns, woken): (Vec<String>, Vec<Vec<usize>>) = texts.into_iter().unzip();
        let token_rules = TokenRules::new(language, &rules);
        let mut scanner = Self {
            language,
            search: AhoCorasick::new(&patterns).ok(),
            rules,
            woken,
            always,
            by_kind,
            any_kind,
            kinds: Kinds::new(language),
            token_rules,
        };
        if scanner.search.is_none() {
            // Too many texts for one search: every rule is alive everywhere.
            scanner.always = (0..scanner.rules.len()).collect();
        }
        scanner
    }

    /// For each rule, whether it can find anything in this file.
    fn alive(&self, source: &Source) -> Vec<bool> {
        let mut alive = vec![false; self.rules.len()];
        for rule in &self.always {
            alive[*rule] = true;
        }
        let mut asleep = self.woken.len();
        let mut seen = vec![false; self.woken.len()];
        if let Some(search) = &self.search {
            for found in search.find_overlapping_iter(source.bytes()) {
                let text = found.pattern().as_usize();
                if std::mem::replace(&mut seen[text], true) {
                    continue;
                }
                for rule in &self.woken[text] {
                    alive[*rule] = true;
                }
                asleep -= 1;
                if asleep == 0 {
                    break;
                }
            }
        }
        for (rule, alive) in self.rules.iter().zip(&mut alive) {
            *alive = *alive && rule.covers(&source.path);
        }
        alive
    }
}

/// One file under the scanner.
struct File<'a, 'r> {
    scanner: &'a LanguageScanner<'r>,
    workspace: &'a Workspace<'a>,
    source: &'a Source,
    tree: &'a Tree<'a>,
    tokens: OnceCell<Tokens<'a>>,
    outlines: OnceCell<Vec<Outline>>,
    hashes: RefCell<HashMap<Node, blake3::Hash>>,
    facts: FileFacts,
    allowances: Allowances,
    suppressions: bool,
}

/// A match, whoever found it.
struct Match {
    spot: Spot,
    captures: Captures,
    certainty: Certainty,
    message: String,
    facts: Vec<String>,
    asks: Vec<String>,
    labels: Vec<(Range<usize>, String)>,
}

impl<'r> File<'_, 'r> {
    fn candidates(&self, alive: &[bool]) -> Vec<Candidate<'r>> {
        let mut candidates = Vec::new();
        self.matches(alive, &mut candidates);
        for (index, rule) in self
            .scanner
            .rules
            .iter()
            .enumerate()
            .filter(|(index, _)| alive[*index])
        {
            match &rule.decision {
                Decision::Analysis(_, analysis) => {
                    let hits = analysis.run(self.tree);
                    candidates.extend(hits.into_iter().filter_map(|hit| {
                        self.candidate(self.scanner.rules[index], self.analysed(hit))
                    }));
                }
                Decision::Match(..) | Decision::Review(_) | Decision::Suppression(..) => {}
            }
        }
        candidates
    }

    fn exceptions(&self) -> Vec<Exception> {
        let comments = self.allowances.comments.iter();
        let well_formed = comments.filter_map(|allowance| {
            let allowed = allowance.content.as_ref().ok()?.clone();
            Some(Exception {
                path: self.source.path.clone(),
                rules: allowed.rules,
                standings: allowance.standings.clone(),
                reach: allowed.reach,
                suppression: allowed.suppression,
            })
        });
        well_formed.filter(|_| self.suppressions).collect()
    }

    /// One pass over the tree for all rules, and one over the tokens of which there is no tree.
    fn matches(&self, alive: &[bool], candidates: &mut Vec<Candidate<'r>>) {
        let scanner = self.scanner;
        let mut seen: BTreeSet<(usize, usize)> = BTreeSet::new();
        for node in self.tree.subtree(self.tree.root()) {
            let kind = usize::from(self.tree.kind(node)).min(scanner.by_kind.len() - 1);
            for index in scanner.by_kind[kind]
                .iter()
                .chain(&scanner.any_kind)
                .filter(|index| alive[**index])
            {
                let rule = scanner.rules[*index];
                let Decision::Match(_, matcher) = &rule.decision else {
                    continue;
                };
                if let Some(captures) = matcher.find(self.tree, node) {
                    let found = self.matched(rule, node, captures);
                    seen.insert((*index, found.spot.focus.start));
                    candidates.extend(self.candidate(rule, found));
                }
            }
        }
        self.token_matches(alive, &seen, candidates);
    }

    fn matched(&self, rule: &Rule, node: Node, captures: Captures) -> Match {
        let ambiguity = |ambiguity: &&rule::Ambiguity| {
            ambiguity
                .matcher
                .find_with(self.tree, node, captures.clone())
        };
        let (facts, asks): (Vec<String>, Vec<String>) = rule
            .ambiguous_when
            .iter()
            .filter_map(|when| {
                ambiguity(&when)
                    .map(|captures| (when.id.clone(), self.interpolate(&when.ask, &captures)))
            })
            .unzip();
        Match {
            spot: self.spot(node, self.focus(node)),
            certainty: if asks.is_empty() {
                Certainty::Violation
            } else {
                Certainty::Ambiguous
            },
            message: self.interpolate(&rule.message, &captures),
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
    fn faults(&mut self, candidates: &[Candidate<'r>], terms: &Terms) -> Vec<Candidate<'r>> {
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
    fn candidate(&self, rule: &'r Rule, found: Match) -> Option<Candidate<'r>> {
        let place = Place {
            source: self.source,
            tree: self.tree,
            workspace: self.workspace,
            node: found.spot.node,
            captures: &found.captures,
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
                |ask| self.interpolate(ask, &found.captures),
            ));
        }
        let certainty = if asks.is_empty() {
            found.certainty
        } else {
            Certainty::Ambiguous
        };
        let around = self.surroundings(&found.spot);
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
            suppressed: self.suppression(rule, around.statement.start, &found.spot.focus),
            excerpt: (certainty == Certainty::Ambiguous)
                .then(|| self.excerpt(&found.spot, &around)),
            identity: around.identity,
            cause: None,
            focus: self.source.range(found.spot.focus),
        })
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
    fn interpolate(&self, text: &str, captures: &Captures) -> String {
        let mut out = String::new();
        let mut at = 0;
        for (range, name) in rule::variables(text) {
            if let Some(bound) = captures.range(self.tree, name) {
                out.push_str(&text[at..range.start]);
                out.push_str(&self.source.text(bound));
                at = range.end;
            }
        }
        out.push_str(&text[at..]);
        out
    }
}
