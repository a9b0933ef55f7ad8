//! Review: from candidates to findings, and the seam to whoever decides what syntax cannot.
//!
//! The reviewer is a guest. It decides ambiguous cases of a MUST and nothing else: it never cancels a violation, never
//! raises a level, and its silence or failure leaves the question to a human. Only this module makes a [`Finding`] of a
//! [`Candidate`]. Deliberately absent for now: cases of review statements, the cache, backends that speak HTTP.

pub mod answer;
pub mod command;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::candidate::Candidate;
use crate::finding::{Answer, Certainty, Disposition, Finding, Range, Status, Verdict};
use answer::Answers;

/// Whoever decides ambiguous cases: one request, one answer.
pub trait Reviewer {
    /// How outputs call it.
    fn name(&self) -> &str;

    /// Sends a request (the JSON of [`Request`]) and gives the answer's bytes, or why there is none.
    fn ask(&self, request: &str) -> Result<Vec<u8>, String>;
}

/// The version of the protocol.
pub const SCHEMA: u32 = 1;

/// What goes to a reviewer: cases of one enclosing item.
#[derive(Debug, Serialize)]
pub struct Request<'a> {
    schema: u32,
    cases: Vec<Case<'a>>,
}

/// One question.
#[derive(Debug, Serialize)]
struct Case<'a> {
    id: String,
    rule: &'a str,
    level: &'static str,
    statement: &'a str,
    advice: &'a str,
    ask: &'a str,
    path: String,
    range: Range,
    code: &'a str,
    first_line: usize,
    examples: Vec<Shown<'a>>,
}

/// An example of the RFC.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    role: &'static str,
    code: &'a str,
}

/// How a run reviews.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Who is asked; `None` for nobody.
    pub reviewer: Option<&'a dyn Reviewer>,
    /// What a confirmed ambiguous finding of an enforced MUST does: `review`, or `block` where the reviewer is trusted.
    pub confirmed: Disposition,
    /// Whether the candidates come from a change.
    pub introduced: bool,
}

/// After so many failed requests in a row nobody is asked any more.
const FAILURES_IN_A_ROW: usize = 3;

/// Makes findings of candidates, and asks about those that need it. The order stays.
pub fn findings(candidates: &[Candidate<'_>], options: Options<'_>) -> Vec<Finding> {
    let mut opinions: BTreeMap<usize, Result<Verdict, String>> = BTreeMap::new();
    let mut failures = 0;
    for group in groups(candidates) {
        let outcomes = match options.reviewer {
            None => vec![Err("no reviewer configured".to_owned()); group.len()],
            Some(_) if failures >= FAILURES_IN_A_ROW => {
                vec![Err("the reviewer failed too often".to_owned()); group.len()]
            }
            Some(reviewer) => ask(reviewer, &group, candidates, &mut failures),
        };
        opinions.extend(group.into_iter().zip(outcomes));
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let finding =
        |(index, candidate)| finding(candidate, opinions.remove(&index), options, &mut counts);
    candidates.iter().enumerate().map(finding).collect()
}

/// Indices of the candidates to ask about; those of one enclosing item share a group, others never do.
fn groups(candidates: &[Candidate<'_>]) -> Vec<Vec<usize>> {
    type Item<'a> = (&'a [u8], &'a str, [u8; 32]);
    let mut groups: BTreeMap<Item<'_>, Vec<usize>> = BTreeMap::new();
    for (index, candidate) in candidates.iter().enumerate() {
        let is_binding = candidate
            .rule
            .law()
            .is_some_and(|law| law.level.is_binding());
        if candidate.certainty == Certainty::Ambiguous
            && candidate.suppressed.is_none()
            && is_binding
        {
            let identity = &candidate.identity;
            let key = (
                candidate.path.as_bytes(),
                identity.item_path.as_str(),
                *identity.item.as_bytes(),
            );
            groups.entry(key).or_default().push(index);
        }
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
    groups.sort();
    groups
}

fn ask(
    reviewer: &dyn Reviewer,
    group: &[usize],
    candidates: &[Candidate<'_>],
    failures: &mut usize,
) -> Vec<Result<Verdict, String>> {
    let cases: Vec<Case<'_>> = group
        .iter()
        .enumerate()
        .filter_map(|(at, index)| case(at + 1, &candidates[*index]))
        .collect();
    let answers = serde_json::to_string(&Request {
        schema: SCHEMA,
        cases,
    })
    .map_err(|error| error.to_string())
    .and_then(|request| reviewer.ask(&request))
    .and_then(|bytes| Answers::parse(&bytes));
    *failures = if answers.is_ok() { 0 } else { *failures + 1 };
    let outcome = |at: usize, index: usize| {
        let answers = answers.as_ref().map_err(Clone::clone)?;
        let shown = candidates[index]
            .excerpt
            .as_ref()
            .map_or("", |excerpt| excerpt.code.as_str());
        answers.verdict(&format!("c{}", at + 1), shown, reviewer.name())
    };
    group
        .iter()
        .enumerate()
        .map(|(at, index)| outcome(at, *index))
        .collect()
}

fn case<'a>(number: usize, candidate: &'a Candidate<'_>) -> Option<Case<'a>> {
    let law = candidate.rule.law()?;
    let excerpt = candidate.excerpt.as_ref()?;
    let shown = |example: &'a crate::rule::Example| Shown {
        role: example.role.word(),
        code: &example.code,
    };
    Some(Case {
        id: format!("c{number}"),
        rule: &candidate.rule.id,
        level: law.level.keyword(),
        statement: &law.statement,
        advice: &law.advice,
        ask: candidate.ask.as_deref().unwrap_or_default(),
        path: candidate.path.text().into_owned(),
        range: candidate.range,
        code: &excerpt.code,
        first_line: excerpt.first_line,
        examples: law.examples.iter().map(shown).collect(),
    })
}

fn finding(
    candidate: &Candidate<'_>,
    opinion: Option<Result<Verdict, String>>,
    options: Options<'_>,
    counts: &mut BTreeMap<String, usize>,
) -> Finding {
    let law = candidate.rule.law();
    let verdict = opinion
        .as_ref()
        .and_then(|opinion| opinion.as_ref().ok())
        .cloned();
    let not_reviewed = match (&opinion, candidate.certainty) {
        (Some(Err(reason)), _) => Some(reason.clone()),
        (None, Certainty::Ambiguous) if candidate.suppressed.is_none() => {
            Some("only a MUST is sent to a reviewer".to_owned())
        }
        _ => None,
    };
    let disposition = if candidate.suppressed.is_some() {
        Disposition::Suppressed
    } else {
        disposition(candidate, verdict.as_ref(), options.confirmed)
    };
    Finding {
        rule: candidate.rule.id.clone(),
        rfc: law.map(|law| law.rfc),
        level: law.map(|law| law.level),
        status: law.map(|law| law.status),
        certainty: candidate.certainty,
        disposition,
        introduced: options.introduced,
        path: candidate.path.text().into_owned(),
        path_bytes: candidate.path.hex(),
        range: candidate.range,
        focus: candidate.focus,
        message: candidate.message.clone(),
        statement: law.map(|law| law.statement.clone()),
        advice: law.map(|law| law.advice.clone()),
        href: law.map(|law| law.href.clone()),
        facts: candidate.facts.clone(),
        ask: candidate.ask.clone(),
        labels: candidate.labels.clone(),
        cause: candidate.cause.clone(),
        fix: None,
        verdict,
        not_reviewed,
        suppressed: candidate.suppressed.clone(),
        fingerprint: fingerprint(candidate, counts),
    }
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
        Some(Answer::Unsure) | None => unreviewed,
    }
}

/// blake3 over rule, path, item path, tokens, and the index among equals; 16 hex digits.
fn fingerprint(candidate: &Candidate<'_>, counts: &mut BTreeMap<String, usize>) -> String {
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
    let equals = counts
        .entry(hasher.finalize().to_hex().to_string())
        .or_default();
    hasher.update(&(*equals as u64).to_le_bytes());
    *equals += 1;
    hasher.finalize().to_hex()[..16].to_owned()
}
