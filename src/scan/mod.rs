//! Runs all rules over many files, in parallel, in one pass per file.
//!
//! A rule whose texts do not occur in a file is not alive there; a file without a live rule is not parsed; a live rule
//! is asked only at nodes of a kind that it can match. Results come in the order of the files, whatever the threads do.
//! Deliberately absent: which files, and what becomes of a candidate.

mod context;
mod dispatch;
mod file;
mod identity;
mod tokens;
mod touched;

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use self::context::{Context, Item, contexts};
use self::dispatch::{Alarm, Table};
use self::file::File;
use self::identity::Kinds;
use self::tokens::TokenRules;
pub use self::touched::{question, touched};
use crate::candidate::Candidate;
use crate::date::Date;
use crate::finding::{Suppression, Unchecked};
use crate::language::{Language, Workspace};
use crate::matcher::{Literal, Tree};
use crate::parallel::side_by_side_in_batches;
use crate::rule::{Decision, Rule};
use crate::source::{RepoPath, Source};
use crate::suppress::comment::Reach;
use crate::suppress::{self, Standing, Terms};

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

/// Of as many files, for each thread, the candidates are kept until they are put together: there may be very many, and
/// they are large.
const BATCH: usize = 256;

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

impl Exception {
    /// What it says, wherever it stands.
    pub fn said(&self) -> impl Ord {
        let said = &self.suppression;
        (
            self.reach,
            &self.rules,
            &said.reason,
            &said.until,
            &said.owner,
        )
    }
}

/// Rules, arranged for scanning; those of a language are when its first file comes.
#[derive(Debug)]
pub struct Scanner<'r> {
    rules: &'r [Rule],
    languages: Vec<Arranged<'r>>,
    suppressions: bool,
    /// Files that are done, for whoever watches.
    pub done: AtomicUsize,
    terms: Terms,
}

/// The rules of a language, once they were wanted.
type Arranged<'r> = (&'static Language, OnceLock<LanguageScanner<'r>>);

impl<'r> Scanner<'r> {
    /// A scanner of these rules. Without `suppressions`, exceptions in the code count for nothing.
    pub fn new(rules: &'r [Rule], suppressions: bool) -> Self {
        let is_read =
            |language: &&Language| rules.iter().any(|rule| rule.language() == Some(*language));
        let languages = crate::language::ALL.iter().copied().filter(is_read);
        Self {
            rules,
            languages: languages
                .map(|language| (language, OnceLock::new()))
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
        let look = |path: &RepoPath| {
            let outcome = self.file(workspace, path);
            self.done.fetch_add(1, Ordering::Relaxed);
            outcome
        };
        let mut scan = Scan::default();
        side_by_side_in_batches(paths, BATCH, look, |outcome| match outcome {
            Some(Ok((candidates, exceptions, unchecked))) => {
                scan.unchecked.extend(unchecked);
                scan.files += 1;
                scan.candidates.extend(candidates);
                scan.exceptions.extend(exceptions);
            }
            Some(Err(unchecked)) => scan.unchecked.push(unchecked),
            None => {}
        });
        scan
    }

    /// Whether a rule is about the language of this file.
    pub fn reads(&self, path: &RepoPath) -> bool {
        self.of_language(path).is_some()
    }

    fn of_language(&self, path: &RepoPath) -> Option<&Arranged<'r>> {
        let language = Language::of(path)?;
        self.languages.iter().find(|(known, _)| *known == language)
    }

    fn scanner(&self, path: &RepoPath) -> Option<&LanguageScanner<'r>> {
        let (language, scanner) = self.of_language(path)?;
        Some(scanner.get_or_init(|| {
            let rules = self.rules.iter();
            let of_language = rules.filter(|rule| rule.language() == Some(*language));
            LanguageScanner::new(language, of_language.collect())
        }))
    }

    /// `None`: no source of a language that a rule is about.
    fn file(&self, workspace: &Workspace<'_>, path: &RepoPath) -> Option<Outcome<'r>> {
        let scanner = self.scanner(path)?;
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
        let grammar = (scanner.language.grammar)();
        let Some(tree) = Tree::parse(source.bytes(), &grammar) else {
            return Some(Err(unchecked("it cannot be parsed".to_owned())));
        };
        let mut file = File::new(scanner, workspace, &source, &tree, self.terms());
        let (mut candidates, exhausting) = file.candidates(&alive);
        if let Some(terms) = self.terms() {
            candidates.extend(file.faults(&candidates, terms));
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
