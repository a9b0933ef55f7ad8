//! Asks, as far as time, budget and the reviewer's health allow: first the cache, then the reviewer, riskiest first.
//!
//! Every case comes to a verdict or to the reason why there is none. Several requests may be under way at once, but no
//! more than could still succeed: after three failures in a row nobody is asked any more. Deliberately absent: what a
//! verdict does to a finding ([`super`]).

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::answer::{Answers, INVALID};
use super::cache::Cache;
use super::case::{Case, Group, Request};
use super::neutral::Fence;
use super::recorded::Entry;
use super::{Asking, Options, Reviewer, Time};
use crate::finding::{ReviewCounts, Usage, Verdict};

/// After so many failed requests in a row nobody is asked any more.
const FAILURES_IN_A_ROW: usize = 3;
/// Less time than this is not worth a request.
const WORTH_ASKING: Duration = Duration::from_millis(10);

/// How much may be asked; by default nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Cases that may be sent in one run; those in the cache are free.
    pub cases: usize,
    /// Requests under way at once.
    pub at_once: usize,
    /// What one request may take.
    pub request: Duration,
    /// What all of them may take.
    pub run: Duration,
}

/// A sign of life for those who wait: how often, and what to do.
#[derive(Clone, Copy)]
pub struct Heartbeat<'a> {
    /// How often.
    pub every: Duration,
    /// Cases answered, cases in all, time since the first.
    pub beat: &'a (dyn Fn(usize, usize, Duration) + Sync),
}

/// What asking came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// By the index of the candidate: a verdict or why there is none.
    pub opinions: BTreeMap<usize, Result<Verdict, String>>,
    /// Counts for the report.
    pub counts: ReviewCounts,
    /// What would be sent, with `show`.
    pub shown: Vec<String>,
    /// What was said, for a recording.
    pub recorded: Vec<Entry>,
    /// By the index of the candidate: what asking about it took, where it was asked.
    pub efforts: BTreeMap<usize, Effort>,
}

/// What it took to ask about one case.
#[derive(Debug, Clone, Default)]
pub struct Effort {
    /// How long its request took, a second turn included.
    pub took: Duration,
    /// What its request used, divided by the cases in it.
    pub usage: Usage,
}

/// Finds a verdict for each case.
pub fn all(groups: impl IntoIterator<Item = Group>, options: &Options<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let (reviewer, silence) = match options.asking {
        Asking::Nobody => (None, "no reviewer configured"),
        Asking::CacheOnly(reviewer) => (reviewer, "no verdict in the cache"),
        Asking::Show(reviewer) => (reviewer, "only shown, not sent"),
        Asking::Reviewer(reviewer) => (Some(reviewer), ""),
    };
    let is_asked = matches!(options.asking, Asking::Reviewer(_));
    let models = reviewer
        .filter(|reviewer| reviewer.is_cached())
        .map(Reviewer::models);
    let is_looked_up = models.is_some() || matches!(options.asking, Asking::CacheOnly(_));
    let cache = options.cache.filter(|_| is_looked_up);
    let fence = Fence::random();
    let mut open: Vec<Group> = Vec::new();
    let mut budget = options.limits.cases;
    for group in groups {
        let mut left = Group {
            candidates: Vec::new(),
            cases: Vec::new(),
        };
        for (index, case) in group.candidates.into_iter().zip(group.cases) {
            outcome.counts.cases += 1;
            let known = cache.filter(|_| !matches!(options.asking, Asking::Show(_)));
            if let Some(verdict) = known.and_then(|cache| cache.get(&case, models.as_deref())) {
                outcome.counts.cached += 1;
                outcome.recorded.push(Entry::new(&case, &verdict));
                outcome.opinions.insert(index, Ok(verdict));
            } else if budget == 0 {
                let limit = options.limits.cases;
                let reason = format!("more than {limit} cases: left to a human");
                outcome.counts.left_out += 1;
                outcome.opinions.insert(index, Err(reason));
            } else {
                budget -= usize::from(!matches!(options.asking, Asking::CacheOnly(_)));
                if !is_asked {
                    outcome.opinions.insert(index, Err(silence.to_owned()));
                }
                left.candidates.push(index);
                left.cases.push(case);
            }
        }
        if !left.cases.is_empty() {
            open.push(left);
        }
    }
    match options.asking {
        Asking::Reviewer(reviewer) => {
            Asker::new(reviewer, cache, options, &fence, open.len()).ask(&open, &mut outcome);
        }
        Asking::Show(reviewer) => {
            for group in open {
                let request = Request::new(group.cases, &fence, None);
                let text = reviewer.map_or_else(|| request.json(), |one| one.sends(&request));
                outcome.shown.push(text);
            }
        }
        Asking::Nobody | Asking::CacheOnly(_) => {}
    }
    outcome.counts.usage = reviewer.filter(|_| is_asked).and_then(Reviewer::usage);
    outcome.counts.reviewer = reviewer.map(|reviewer| super::neutral::said(reviewer.name()));
    outcome
}

/// What the threads share.
struct Asker<'a> {
    reviewer: &'a dyn Reviewer,
    cache: Option<&'a Cache>,
    limits: Limits,
    heartbeat: Option<Heartbeat<'a>>,
    fence: &'a Fence,
    begun: Instant,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    next: usize,
    under_way: usize,
    failures: usize,
    has_succeeded: bool,
    answered: usize,
    is_over: bool,
    /// Why the reviewer cannot go on.
    done: Option<String>,
    /// For each group, what became of its cases.
    results: Vec<Option<GroupResult>>,
}

#[derive(Default)]
struct GroupResult {
    opinions: Vec<Result<Verdict, String>>,
    /// Who of the reviewer's models said each.
    by: Vec<usize>,
    effort: Effort,
    invalid: usize,
    strangers: usize,
}

impl<'a> Asker<'a> {
    fn new(
        reviewer: &'a dyn Reviewer,
        cache: Option<&'a Cache>,
        options: &Options<'a>,
        fence: &'a Fence,
        groups: usize,
    ) -> Self {
        let results = std::iter::repeat_with(|| None).take(groups).collect();
        Self {
            reviewer,
            cache,
            limits: options.limits,
            heartbeat: options.heartbeat,
            fence,
            begun: Instant::now(),
            state: Mutex::new(State {
                results,
                ..State::default()
            }),
            changed: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(self, groups: &[Group], outcome: &mut Outcome) {
        if groups.is_empty() {
            return;
        }
        let total: usize = groups.iter().map(|group| group.cases.len()).sum();
        thread::scope(|scope| {
            let workers: Vec<_> = (0..self.limits.at_once.clamp(1, groups.len()))
                .map(|_| scope.spawn(|| self.work(groups)))
                .collect();
            let watcher = scope.spawn(|| self.watch(total));
            for worker in workers {
                // One that panicked has answered nothing, and that is what is said of its cases.
                let _ = worker.join();
            }
            self.state().is_over = true;
            self.changed.notify_all();
            let _ = watcher.join();
        });
        let mut has_kept = false;
        let models = self.reviewer.models();
        let is_late = self.begun.elapsed() + WORTH_ASKING >= self.limits.run;
        let state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        for (group, result) in groups.iter().zip(state.results) {
            let was_asked = result.is_some();
            let result = result.unwrap_or_else(|| {
                let reason = if let Some(reason) = &state.done {
                    reason.clone()
                } else if state.failures >= FAILURES_IN_A_ROW || !is_late {
                    "the reviewer failed too often".to_owned()
                } else {
                    format!(
                        "the time for reviews ({} s) is over",
                        self.limits.run.as_secs()
                    )
                };
                GroupResult {
                    opinions: vec![Err(reason); group.cases.len()],
                    ..GroupResult::default()
                }
            });
            let counts = &mut outcome.counts;
            if was_asked {
                counts.asked += group.cases.len();
            } else {
                counts.left_out += group.cases.len();
            }
            counts.invalid_answers += result.invalid;
            counts.unknown_ids += result.strangers;
            let places = group.candidates.iter().zip(&group.cases);
            let effort = Effort {
                usage: result.effort.usage.shared_by(group.cases.len()),
                ..result.effort
            };
            for (at, ((index, case), opinion)) in places.zip(result.opinions).enumerate() {
                if let Ok(verdict) = &opinion {
                    outcome.recorded.push(Entry::new(case, verdict));
                    let by = result.by.get(at).copied().unwrap_or_default();
                    let model = models.get(by).copied().unwrap_or(self.reviewer.model());
                    if let Some(cache) = self.cache {
                        has_kept |= cache.put(case, model, verdict);
                    }
                }
                if was_asked {
                    outcome.efforts.insert(*index, effort.clone());
                }
                outcome.opinions.insert(*index, opinion);
            }
        }
        if let Some(cache) = self.cache.filter(|_| has_kept) {
            cache.prune();
        }
    }

    /// Takes one group after the other, while there is hope.
    fn work(&self, groups: &[Group]) {
        let end = self.begun + self.limits.run;
        let mut state = self.state();
        loop {
            let is_late = Instant::now() + WORTH_ASKING >= end;
            if state.next >= groups.len() || state.failures >= FAILURES_IN_A_ROW || is_late {
                return;
            }
            if let Some(reason) = self.reviewer.is_done() {
                state.done = Some(reason);
                return;
            }
            // A reviewer that has not shown that it works, or has just failed, gets no more than it may fail.
            let is_trusted = state.has_succeeded && state.failures == 0;
            if !is_trusted && state.failures + state.under_way >= FAILURES_IN_A_ROW {
                let waited = self.changed.wait_timeout(state, Duration::from_millis(200));
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            let at = state.next;
            state.next += 1;
            state.under_way += 1;
            drop(state);
            let (result, has_answered) = self.group(&groups[at].cases, end);
            state = self.state();
            state.under_way -= 1;
            state.answered += result.opinions.len();
            state.failures = if has_answered { 0 } else { state.failures + 1 };
            state.has_succeeded |= has_answered;
            state.results[at] = Some(result);
            self.changed.notify_all();
        }
    }

    /// One request, and a second about those cases whose answer could not be used. The flag: whether there was an answer.
    fn group(&self, cases: &[Case], end: Instant) -> (GroupResult, bool) {
        let begun = Instant::now();
        let mut result = GroupResult::default();
        let request = Request::new(cases.to_vec(), self.fence, None);
        let mut has_answered = self.turn(&request, end, &mut result);
        let is_invalid = |opinion: &Result<Verdict, String>| {
            opinion
                .as_ref()
                .is_err_and(|reason| reason.starts_with(INVALID))
        };
        let again: Vec<usize> = (0..cases.len())
            .filter(|at| is_invalid(&result.opinions[*at]))
            .collect();
        if let Some(Err(reason)) = again.first().map(|at| result.opinions[*at].clone())
            && Instant::now() + WORTH_ASKING < end
        {
            let wanted = again.iter().map(|at| cases[*at].clone()).collect();
            let request = Request::new(wanted, self.fence, Some(super::neutral::said(&reason)));
            let mut second = GroupResult::default();
            has_answered |= self.turn(&request, end, &mut second);
            result.strangers += second.strangers;
            result.effort.usage.add(&second.effort.usage);
            for ((at, opinion), by) in again.into_iter().zip(second.opinions).zip(second.by) {
                // Of two reasons the first says more; a second turn that fails adds nothing.
                if opinion.is_ok() {
                    result.opinions[at] = opinion;
                    result.by[at] = by;
                }
            }
        }
        result.invalid = result
            .opinions
            .iter()
            .filter(|opinion| is_invalid(opinion))
            .count();
        result.effort.took = begun.elapsed();
        (result, has_answered)
    }

    fn turn(&self, request: &Request, end: Instant, result: &mut GroupResult) -> bool {
        let time = Time {
            request: self.limits.request,
            end,
        };
        let said = self.reviewer.ask(request, time);
        let by = said.as_ref().map_or(0, |said| said.by);
        if let Ok(said) = &said {
            result.effort.usage = said.usage.clone();
        }
        let answers = said.and_then(|said| Answers::parse(&said.bytes));
        if let Ok(answers) = &answers {
            result.strangers += answers.strangers(&request.cases);
        }
        let opinion = |case: &Case| {
            let answers = answers.as_ref().map_err(Clone::clone)?;
            answers.verdict(case, &self.reviewer.name_for(case, by))
        };
        result.opinions = request.cases.iter().map(opinion).collect();
        result.by = vec![by; request.cases.len()];
        answers.is_ok()
    }

    /// Shows from time to time that something happens.
    fn watch(&self, total: usize) {
        let Some(Heartbeat { every, beat }) = self.heartbeat else {
            return;
        };
        let mut state = self.state();
        let mut next = Instant::now() + every;
        while !state.is_over {
            let now = Instant::now();
            if now >= next {
                beat(state.answered, total, self.begun.elapsed());
                next = now + every;
            }
            let waited = self.changed.wait_timeout(state, next - now.min(next));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
