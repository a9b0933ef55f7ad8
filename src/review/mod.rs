//! Review: from candidates to findings, and the seam to whoever decides what syntax cannot.
//!
//! The reviewer is a guest. It decides ambiguous cases of a MUST and nothing else: it never cancels a violation, never
//! raises a level, and its silence or failure leaves the question to a human. Only this module makes a [`Finding`] of a
//! [`Candidate`]. Deliberately absent: any way for the repository under check to name a reviewer.

pub mod adapter;
pub mod answer;
pub mod ask;
pub mod cache;
pub mod case;
pub mod command;
pub mod document;
pub mod http;
pub mod kind;
pub mod neutral;
pub mod phrases;
mod processes;
pub mod prompt;
pub mod recorded;
pub mod touched;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::candidate::Candidate;
use crate::change::{Base, Snapshot};
use crate::config::Narrowing;
use crate::finding::{
    Answer, Certainty, Disposition, Edit, Finding, Range, ReviewCounts, Status, Usage, Verdict,
};
use crate::rule::{Law, Rule};
use crate::source::RepoPath;
use ask::{Heartbeat, Limits};
use cache::Cache;
use case::{Case, Request};

/// Whoever decides ambiguous cases: one request, one answer.
pub trait Reviewer: Sync {
    /// How outputs call it.
    fn name(&self) -> &str;

    /// What its verdicts depend on beside the case: the same here and in CI when it is the same reviewer.
    fn model(&self) -> &str;

    /// The same for all that it may turn to: the first, then those that stand in for it.
    fn models(&self) -> Vec<&str> {
        vec![self.model()]
    }

    /// Whether its verdicts are worth keeping.
    fn is_cached(&self) -> bool {
        true
    }

    /// What exactly it is sent.
    fn sends(&self, request: &Request) -> String {
        request.json()
    }

    /// Sends a request and gives the answer, or why there is none.
    fn ask(&self, request: &Request, time: Time) -> Result<Said, String>;

    /// How outputs call whoever judged this case; `by` is [`Said::by`].
    fn name_for(&self, _: &Case, _by: usize) -> String {
        self.name().to_owned()
    }

    /// Why nothing more can be asked in this run, whatever time is left: the budget is spent, there is no key.
    fn is_done(&self) -> Option<String> {
        None
    }

    /// What it has used so far, where that is counted.
    fn usage(&self) -> Option<Usage> {
        None
    }
}

/// How long a reviewer may take.
#[derive(Debug, Clone, Copy)]
pub struct Time {
    /// For one attempt.
    pub request: Duration,
    /// When the run is over.
    pub end: Instant,
}

impl Time {
    /// When an attempt that begins now has failed.
    pub fn until(self) -> Instant {
        self.end.min(Instant::now() + self.request)
    }
}

/// An answer before it is read.
#[derive(Debug, Default)]
pub struct Said {
    /// The document.
    pub bytes: Vec<u8>,
    /// Who of [`Reviewer::models`] said it.
    pub by: usize,
    /// What it took.
    pub usage: Usage,
}

impl From<Vec<u8>> for Said {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            ..Self::default()
        }
    }
}

/// The version of the protocol.
pub const SCHEMA: u32 = 1;

/// Who is asked.
#[derive(Clone, Copy)]
pub enum Asking<'a> {
    /// Nobody: no reviewer is configured.
    Nobody,
    /// This one.
    Reviewer(&'a dyn Reviewer),
    /// Nobody, but what was said earlier counts: by this one, or by any when none is named.
    CacheOnly(Option<&'a dyn Reviewer>),
    /// Nobody, but what would be sent to this one is shown.
    Show(Option<&'a dyn Reviewer>),
}

impl Asking<'_> {
    /// Whether no reviewer is configured.
    pub fn is_nobody(self) -> bool {
        matches!(self, Asking::Nobody)
    }
}

/// How a run reviews.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Who is asked.
    pub asking: Asking<'a>,
    /// What a confirmed ambiguous finding of an enforced MUST does: `review`, or `block` where the reviewer is trusted.
    pub confirmed: Disposition,
    /// Whether the candidates come from a change.
    pub introduced: bool,
    /// The texts that candidates come from.
    pub head: Option<&'a Snapshot>,
    /// What they are compared with.
    pub base: Option<&'a Base>,
    /// What the repository leaves to humans.
    pub narrow: &'a Narrowing,
    /// Verdicts of earlier runs.
    pub cache: Option<&'a Cache>,
    /// How much may be asked.
    pub limits: Limits,
    /// A sign of life for those who wait.
    pub heartbeat: Option<Heartbeat<'a>>,
}

/// What review makes of candidates.
#[derive(Debug)]
pub struct Reviewed {
    /// A finding for each candidate, in their order.
    pub findings: Vec<Finding>,
    /// For each finding the index of the first that is equal to it.
    pub firsts: Vec<usize>,
    /// Counts, when anybody could be asked.
    pub counts: Option<ReviewCounts>,
    /// What would be sent, with [`Asking::Show`].
    pub shown: Vec<String>,
    /// What was said, as a recording.
    pub recording: String,
}

/// So many candidates become findings before their room is given back.
const BATCH: usize = 4096;

/// Makes findings of candidates, and asks about those that need it. The order stays.
pub fn findings(mut candidates: Vec<Candidate<'_>>, options: &Options<'_>) -> Reviewed {
    let mut outcome = if options.asking.is_nobody() {
        ask::Outcome::default()
    } else {
        ask::all(case::groups(&candidates, options), options)
    };
    let total = candidates.len();
    let mut equals = Equals::with_capacity(total);
    let mut shared = Shared::default();
    let (mut findings, mut firsts) = (Vec::with_capacity(total), Vec::with_capacity(total));
    // From the end, so that the room that candidates take goes as that of findings comes.
    candidates.reverse();
    while let Some(candidate) = candidates.pop() {
        let index = findings.len();
        if index.is_multiple_of(BATCH) {
            candidates.shrink_to_fit();
        }
        let (first, fingerprint) = fingerprint(&candidate, index, &mut equals);
        firsts.push(first);
        let opinion = outcome.opinions.remove(&index).or_else(|| {
            let reason = if options.asking.is_nobody() {
                "no reviewer configured"
            } else if options.narrow.reviews(&candidate.rule.id) {
                "its lines are too long to be shown to a reviewer"
            } else {
                "codex.toml leaves this rule to humans"
            };
            case::is_question(&candidate).then(|| Err(reason.to_owned()))
        });
        findings.push(finding(
            candidate,
            opinion,
            options,
            fingerprint,
            &mut shared,
        ));
    }
    Reviewed {
        findings,
        firsts,
        counts: (!options.asking.is_nobody()).then_some(outcome.counts),
        shown: outcome.shown,
        recording: recorded::write(outcome.recorded),
    }
}

/// Texts that findings share: there may be very many of one rule, or in one file.
#[derive(Default)]
struct Shared {
    rules: HashMap<*const Rule, Told>,
    path: Option<(RepoPath, Arc<str>)>,
}

/// What every finding of a rule says.
#[derive(Clone)]
struct Told {
    rule: Arc<str>,
    statement: Option<Arc<str>>,
    advice: Option<Arc<str>>,
    note: Option<Arc<str>>,
    href: Option<Arc<str>>,
}

impl Shared {
    fn told(&mut self, rule: &Rule) -> Told {
        let law = rule.law();
        let of_law = |text: fn(&Law) -> &String| law.map(|law| Arc::from(text(law).as_str()));
        let told = self
            .rules
            .entry(std::ptr::from_ref(rule))
            .or_insert_with(|| Told {
                rule: Arc::from(rule.id.as_str()),
                statement: of_law(|law| &law.statement),
                advice: of_law(|law| &law.advice),
                note: rule.note.as_deref().map(Arc::from),
                href: rule.href().map(Arc::from),
            });
        told.clone()
    }

    /// The text of a path; candidates of one file stand together.
    fn path(&mut self, path: &RepoPath) -> Arc<str> {
        match &self.path {
            Some((known, text)) if known == path => Arc::clone(text),
            _ => {
                let text: Arc<str> = path.text().into();
                self.path = Some((path.clone(), Arc::clone(&text)));
                text
            }
        }
    }
}

fn finding(
    candidate: Candidate<'_>,
    opinion: Option<Result<Verdict, String>>,
    options: &Options<'_>,
    fingerprint: String,
    shared: &mut Shared,
) -> Finding {
    let law = candidate.rule.law();
    let told = shared.told(candidate.rule);
    let (verdict, not_reviewed) = match (opinion, candidate.certainty) {
        (Some(Ok(verdict)), _) => (Some(verdict), None),
        (Some(Err(reason)), _) => (None, Some(reason)),
        (None, Certainty::Ambiguous) if candidate.suppressed.is_none() => {
            (None, Some("only a MUST is sent to a reviewer".to_owned()))
        }
        (None, _) => (None, None),
    };
    let disposition = if candidate.suppressed.is_some() {
        Disposition::Suppressed
    } else {
        disposition(&candidate, verdict.as_ref(), options.confirmed)
    };
    Finding {
        rule: told.rule,
        rfc: law.map(|law| law.rfc),
        level: law.map(|law| law.level),
        status: law.map(|law| law.status),
        certainty: candidate.certainty,
        disposition,
        rejects: false,
        introduced: options.introduced,
        path: shared.path(&candidate.path),
        path_bytes: candidate.path.hex(),
        range: candidate.range,
        focus: candidate.focus,
        message: candidate.message,
        statement: told.statement,
        advice: told.advice,
        note: told.note,
        href: told.href,
        facts: candidate.facts,
        ask: candidate.ask,
        labels: candidate.labels,
        cause: candidate.cause,
        fix: edits(candidate.fix, candidate.range),
        verdict: verdict.map(Box::new),
        not_reviewed,
        suppressed: candidate.suppressed,
        fingerprint,
    }
}

/// What a fix replaces; none when its text cannot be written as text.
fn edits(fix: Option<Vec<u8>>, range: Range) -> Option<Vec<Edit>> {
    let text = String::from_utf8(fix?).ok()?;
    Some(vec![Edit { range, text }])
}

/// The table of dispositions with the reviewer's columns.
fn disposition(
    candidate: &Candidate<'_>,
    verdict: Option<&Verdict>,
    confirmed: Disposition,
) -> Disposition {
    let unreviewed = candidate.rule.disposition(candidate.certainty);
    let enforced = candidate
        .rule
        .law()
        .is_some_and(|law| law.status == Status::Enforced);
    match verdict.map(|verdict| verdict.verdict) {
        Some(Answer::Compliant) => Disposition::Cleared,
        Some(Answer::Violation) if enforced => confirmed,
        Some(Answer::Violation) => Disposition::Warn,
        Some(Answer::Partial | Answer::Unsure) | None => unreviewed,
    }
}

/// By half a hash of what makes them equal: the first of them, and how many there were.
type Equals = HashMap<[u8; 16], (usize, u64)>;

/// The first equal, and blake3 over rule, path, item path, tokens, and the index among equals; 16 hex digits.
fn fingerprint(candidate: &Candidate<'_>, index: usize, equals: &mut Equals) -> (usize, String) {
    let mut hasher = blake3::Hasher::new();
    let parts: [&[u8]; 4] = [
        candidate.rule.id.as_bytes(),
        candidate.path.as_bytes(),
        candidate.identity.item_path.as_bytes(),
        candidate.identity.tokens.as_bytes(),
    ];
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut key = [0; 16];
    hasher.finalize_xof().fill(&mut key);
    let (first, count) = equals.entry(key).or_insert((index, 0));
    hasher.update(&count.to_le_bytes());
    *count += 1;
    (*first, hasher.finalize().to_hex()[..16].to_owned())
}
