//! Runs all rules over many files, in parallel, in one pass per file.
//!
//! A rule whose texts do not occur in a file is not alive there; a file without a live rule is not parsed; a live rule
//! is asked only at nodes of a kind that it can match. Results come in the order of the files, whatever the threads do.
//! Deliberately absent: which files, and what becomes of a candidate.

mod context;
mod dispatch;
mod identity;
mod tokens;
mod touched;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use self::context::{Context, Item, contexts};
use self::dispatch::{Alarm, Table};
use self::identity::{Kinds, Outline, Spot};
use self::tokens::TokenRules;
pub use self::touched::{question, touched};
use crate::candidate::Candidate;
use crate::date::Date;
use crate::finding::{Certainty, Label, Suppression, Unchecked};
use crate::fix;
use crate::language::{FileFacts, Language, Place, Workspace};
use crate::matcher::tokens::Tokens;
use crate::matcher::{Captures, Effort, Literal, Node, Tree};
use crate::parallel::side_by_side;
use crate::rule::{self, Decision, Rule};
use crate::source::{RepoPath, Source};
use crate::suppress::comment::Reach;
use crate::suppress::{self, Allowances, Fault, Standing, Terms};

/// The most bytes that the fixes of a file replace, beside four times its length: the others come when these are done.
const FIX_BUDGET: usize = 1 << 20;

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
                .iter()
                .copied()
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
        let outcomes: Vec<Option<Outcome<'r>>> = side_by_side(paths, |path| {
            let outcome = self.file(workspace, path);
            self.done.fetch_add(1, Ordering::Relaxed);
            outcome
        });
        let mut scan = Scan::default();
        let found = outcomes.iter().flatten().flatten();
        let count = found.map(|(candidates, ..)| candidates.len()).sum();
        // There may be very many, and they are large.
        scan.candidates.reserve_exact(count);
        for outcome in outcomes.into_iter().flatten() {
            match outcome {
                Ok((candidates, exceptions, unchecked)) => {
                    scan.unchecked.extend(unchecked);
                    scan.files += 1;
                    scan.candidates.extend(candidates);
                    scan.exceptions.extend(exceptions);
                }
                Err(unchecked) => scan.unchecked.push(unchecked),
            }
        }
        scan
    }

    /// `None`: no source of a language that a rule is about.
    fn file(&self, workspace: &Workspace<'_>, path: &RepoPath) -> Option<Outcome<'r>> {
        let language = Language::of(path)?;
        let mut scanners = self.languages.iter();
        let scanner = scanners.find(|scanner| scanner.language == language)?;
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
        let alive = scanner.alive(&source.path, source.bytes());
        if !alive.contains(&true) {
            return Some(Ok((Vec::new(), Vec::new(), None)));
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
            fix_budget: Cell::new(FIX_BUDGET + 4 * source.bytes().len()),
        };
        let (mut candidates, exhausting) = file.candidates(&alive);
        if self.suppressions {
            candidates.extend(file.faults(&candidates, &self.terms));
        }
        candidates.sort_by(|left, right| {
            (left.focus, left.range, &left.rule.id).cmp(&(right.focus, right.range, &right.rule.id))
        });
        let too_slow = exhausting.map(|rule| {
            unchecked(format!(
                "the rule `{rule}` takes too long here: its relations or utils ask about too many nodes"
            ))
        });
        candidates.shrink_to_fit();
        Some(Ok((candidates, file.exceptions(), too_slow)))
    }
}

type Outcome<'r> = Result<(Vec<Candidate<'r>>, Vec<Exception>, Option<Unchecked>), Unchecked>;

/// The rules of one language.
#[derive(Debug)]
struct LanguageScanner<'r> {
    language: &'static Language,
    rules: Vec<&'r Rule>,
    alarm: Alarm,
    table: Table,
    kinds: Kinds,
    token_rules: TokenRules<'r>,
}

impl<'r> LanguageScanner<'r> {
    fn new(language: &'static Language, rules: Vec<&'r Rule>) -> Self {
        let matcher = |rule: &&'r Rule| match &rule.decision {
            Decision::Match(_, matcher) => Some(matcher),
            _ => None,
        };
        let literals = rules.iter().map(|rule| match &rule.decision {
            Decision::Match(_, matcher) => matcher.literals(),
            Decision::Suppression(..) => Some(vec![Literal::anywhere(suppress::MARK)]),
            Decision::Analysis(..) | Decision::Review(_) => None,
        });
        Self {
            language,
            alarm: Alarm::new(literals.collect()),
            table: Table::new(language, rules.iter().map(matcher)),
            kinds: Kinds::new(language),
            token_rules: TokenRules::new(language, &rules),
            rules,
        }
    }

    /// For each rule, whether it can find anything in this file.
    fn alive(&self, path: &RepoPath, bytes: &[u8]) -> Vec<bool> {
        let mut alive = self.alarm.alive(bytes);
        for (rule, alive) in self.rules.iter().zip(&mut alive) {
            *alive = *alive && rule.covers(path);
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
    /// How many bytes may still be replaced.
    fix_budget: Cell<usize>,
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
    fn candidates(&self, alive: &[bool]) -> (Vec<Candidate<'r>>, Option<&'r str>) {
        let mut candidates = Vec::new();
        let exhausting = self.matches(alive, &mut candidates);
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
        (candidates, exhausting)
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
    /// The answer is a rule that takes too long to decide.
    fn matches(&self, alive: &[bool], candidates: &mut Vec<Candidate<'r>>) -> Option<&'r str> {
        let scanner = self.scanner;
        let table = scanner.table.of(alive);
        let mut seen: BTreeSet<(usize, usize)> = BTreeSet::new();
        let mut efforts: Vec<Option<Box<Effort>>> = Vec::new();
        efforts.resize_with(scanner.rules.len(), || None);
        for node in self.tree.subtree(self.tree.root()) {
            let name = || self.tree.bytes(self.focus(node));
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

    fn matched(&self, rule: &Rule, node: Node, captures: Captures) -> Match {
        let ambiguity = |ambiguity: &&rule::Ambiguity| {
            ambiguity
                .matcher
                .find_with(self.tree, node, captures.clone(), &mut Effort::default())
        };
        let (facts, asks): (Vec<String>, Vec<String>) = rule
            .ambiguous_when
            .iter()
            .filter_map(|when| {
                ambiguity(&when).map(|captures| {
                    (
                        when.id.clone(),
                        self.interpolate(rule, &when.ask, &captures),
                    )
                })
            })
            .unzip();
        Match {
            spot: self.spot(node, self.focus(node)),
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
            suppressed,
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
    fn interpolate(&self, rule: &Rule, text: &str, captures: &Captures) -> String {
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
