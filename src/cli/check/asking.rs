//! What a reviewer has to do with a check: the cases that only a review finds, how they are shown, notes.
//!
//! Deliberately absent: who is asked ([`crate::cli::reviewer`]), and what becomes of an answer ([`crate::review`]).

use crate::candidate::Candidate;
use crate::change::Change;
use crate::cli::{Context, show};
use crate::config::Narrowing;
use crate::finding::Finding;
use crate::problem::Failure;
use crate::report::Format;
use crate::review::ask::Heartbeat;
use crate::review::{self, Asking};
use crate::rule::{Decision, Rule};
use crate::scan::Scanner;
use crate::source::RepoPath;

use super::output::Output;
use super::scope::Scope;

/// A sign of life, where nobody is there to look.
pub(in crate::cli) fn heartbeat() -> Option<Heartbeat<'static>> {
    super::in_ci().then_some(Heartbeat {
        every: super::progress::heartbeat(),
        beat: &show::progress,
    })
}

/// How many statements about these files a reviewer would decide, and does not.
pub(super) fn not_reviewed(
    rules: &[Rule],
    asking: Asking<'_>,
    narrow: &Narrowing,
    files: &[RepoPath],
) -> usize {
    let is_asked = |rule: &Rule| {
        let is_binding = rule.law().is_some_and(|law| law.level.is_binding());
        !asking.is_nobody() && is_binding && narrow.reviews(&rule.id)
    };
    let is_review = |rule: &Rule| match &rule.decision {
        Decision::Review(review) => files.iter().any(|path| review.touches(path)),
        _ => false,
    };
    let rules = rules.iter();
    rules
        .filter(|rule| !is_asked(rule) && is_review(rule))
        .count()
}

/// Adds the questions of review statements about what changed.
pub(super) fn add_touched<'r>(
    candidates: &mut Vec<Candidate<'r>>,
    scanner: &Scanner<'r>,
    rules: &'r [Rule],
    change: &Change,
    files: &[RepoPath],
) {
    let touched = review::touched::candidates(rules, change, files, scanner.terms());
    candidates.extend(touched);
    candidates.sort_by(|left, right| {
        let place = |one: &Candidate<'_>| (one.path.clone(), one.focus, one.range);
        (place(left), &left.rule.id).cmp(&(place(right), &right.rule.id))
    });
}

/// Adds the notes about text that speaks to a reviewer.
pub(super) fn add_notes(
    findings: &mut Vec<Finding>,
    rules: &[Rule],
    change: &Change,
    files: &[RepoPath],
    scope: &Scope<'_>,
) {
    let notes = review::touched::addressed(rules, change, files);
    let reported = notes
        .into_iter()
        .filter(|note| scope.reports_text(&note.path));
    findings.extend(reported);
    findings.sort_by(|left, right| {
        let place = |one: &Finding| (one.focus, one.range);
        (&left.path, place(left), &left.rule).cmp(&(&right.path, place(right), &right.rule))
    });
}

/// Shows the requests that are not sent, before the report; where that must stand alone, on standard error.
pub(super) fn show(
    requests: &[String],
    outputs: &[Output],
    context: &mut Context,
) -> Result<(), Failure> {
    let is_taken = |(format, file): &Output| *format != Format::Human && file.is_none();
    let to_standard_error = outputs.iter().any(is_taken);
    show::requests(requests, to_standard_error, context)
}
