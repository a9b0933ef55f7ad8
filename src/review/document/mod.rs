//! Whether a document meets statements: the cases of a design or an incident report, and what their answers come to.
//!
//! A request holds one statement and one part of the document; for an incident it asks two things, whether the statement
//! was met and whether it would have caught it. Of several parts the worst answer counts: no part can make up for
//! another. Deliberately absent: who is asked and how often ([`super::ask`]), and which statements there are.

mod parts;

pub use parts::{Part, parts};

use super::case::{CODE_LIMIT, Case, Group};
use super::kind::{self, Kind};
use super::{Options, ask, neutral, recorded};
use crate::assessment::{Assessed, Evidence, Genre, Lessons, Opinion, conformity, lesson};
use crate::finding::{Answer, Disposition, Level, Position, Range, ReviewCounts, Status, Verdict};
use crate::rule::Review;

/// The most bytes of a document.
pub const SIZE_LIMIT: usize = 1024 * 1024;
/// The most headings of other parts that a case names.
const NAMED_PARTS: usize = 20;

/// A document.
#[derive(Debug)]
pub struct Document {
    /// Its name.
    pub name: String,
    /// What it is.
    pub genre: Genre,
    /// Its parts.
    pub parts: Vec<Part>,
}

/// A statement to be asked about.
#[derive(Debug)]
pub struct Standard {
    /// All that is known of it; its answers are still open.
    pub about: Assessed,
    /// What it says of its own review.
    pub review: Option<Review>,
    /// Whether it is asked whether the document meets it: not when matchers decide that, in code.
    pub is_open: bool,
}

/// What a review of a document came to.
#[derive(Debug)]
pub struct Reviewed {
    /// Each statement, in the order in which they were asked.
    pub statements: Vec<Assessed>,
    /// Counts.
    pub counts: ReviewCounts,
    /// What would be sent, with `show`.
    pub shown: Vec<String>,
    /// What was said, as a recording.
    pub recording: String,
}

impl Document {
    /// A document of a text.
    pub fn new(name: &str, genre: Genre, text: &str) -> Self {
        Self {
            name: neutral::said(name),
            genre,
            parts: parts(text, CODE_LIMIT),
        }
    }

    /// The line of a part on which a quote begins.
    fn line_of(&self, part: usize, quote: &str) -> Option<usize> {
        let part = self.parts.get(part).filter(|_| !quote.is_empty())?;
        let before = &part.text[..part.text.find(quote)?];
        Some(part.first_line + before.matches('\n').count())
    }
}

/// One question: a statement, a part, what is asked.
struct Question {
    standard: usize,
    part: usize,
    kind: &'static Kind,
}

/// Asks about all statements, the weightiest first.
pub fn assess(
    document: &Document,
    mut standards: Vec<Standard>,
    options: &Options<'_>,
) -> Reviewed {
    standards.sort_by_key(|standard| {
        let about = &standard.about;
        let weight = (
            about.status != Status::Enforced,
            about.status == Status::Draft,
        );
        (weight, !about.level.is_binding(), !standard.is_open)
    });
    let mut questions = Vec::new();
    let mut groups = Vec::new();
    for (at, standard) in standards.iter().enumerate() {
        let kinds = kinds(document.genre, standard);
        for part in 0..document.parts.len() {
            let mut group = Group {
                candidates: Vec::new(),
                cases: Vec::new(),
            };
            for kind in &kinds {
                group.candidates.push(questions.len());
                let number = group.candidates.len();
                group
                    .cases
                    .push(case(number, kind, standard, document, part));
                questions.push(Question {
                    standard: at,
                    part,
                    kind,
                });
            }
            groups.push(group);
        }
    }
    let mut outcome = ask::all(groups, options);
    let mut answers: Vec<Vec<(Question, Result<Verdict, String>)>> = Vec::new();
    answers.resize_with(standards.len(), Vec::new);
    for (index, question) in questions.into_iter().enumerate() {
        let unasked = || Err("no reviewer configured".to_owned());
        let answer = outcome.opinions.remove(&index).unwrap_or_else(unasked);
        if let Some(of_standard) = answers.get_mut(question.standard) {
            of_standard.push((question, answer));
        }
    }
    let statements = standards
        .into_iter()
        .zip(answers)
        .map(|(standard, answers)| {
            let (lessons, met): (Vec<_>, Vec<_>) = answers
                .into_iter()
                .partition(|(question, _)| *question.kind == kind::LESSON);
            let met = opinion(document, met, conformity);
            let disposition = disposition(&standard.about, met.answer, options.confirmed);
            Assessed {
                disposition: standard.is_open.then_some(disposition),
                met,
                caught: (document.genre == Genre::Incident)
                    .then(|| opinion(document, lessons, lesson)),
                ..standard.about
            }
        });
    Reviewed {
        statements: statements.collect(),
        counts: outcome.counts,
        shown: outcome.shown,
        recording: recorded::write(outcome.recorded),
    }
}

fn kinds(genre: Genre, standard: &Standard) -> Vec<&'static Kind> {
    let met = match genre {
        Genre::Design => &kind::DESIGN,
        Genre::Incident => &kind::INCIDENT,
    };
    let met = standard.is_open.then_some(met);
    let lesson = (genre == Genre::Incident).then_some(&kind::LESSON);
    met.into_iter().chain(lesson).collect()
}

fn case(
    number: usize,
    kind: &'static Kind,
    standard: &Standard,
    document: &Document,
    part: usize,
) -> Case {
    let about = &standard.about;
    let shown = &document.parts[part];
    let last = shown.text.lines().last().unwrap_or_default();
    let lines = shown.text.matches('\n').count();
    Case {
        id: format!("c{number}"),
        kind,
        rule: about.rule.clone(),
        level: about.level.keyword(),
        statement: about.statement.clone(),
        advice: about.advice.clone().unwrap_or_default(),
        ask: neutral::prose(&ask_of(kind, standard)),
        path: document.name.clone(),
        range: Range {
            start: Position {
                line: shown.first_line,
                column: 1,
                byte: 0,
            },
            end: Position {
                line: shown.first_line + lines,
                column: last.chars().count() + 1,
                byte: shown.text.len(),
            },
        },
        code: shown.text.clone(),
        first_line: shown.first_line,
        called: Vec::new(),
        before: None,
        left_out: others(document, part),
        examples: Vec::new(),
    }
}

fn ask_of(kind: &Kind, standard: &Standard) -> String {
    let mut ask = match *kind == kind::LESSON {
        true => "Would this statement have caught the incident?".to_owned(),
        false if *kind == kind::INCIDENT => "Was the statement met in what is told?".to_owned(),
        false => "Does the design meet the statement?".to_owned(),
    };
    if let Some(review) = &standard.review {
        let mut add = |begin: &str, text: &str| {
            let text = text.trim().trim_end_matches('.');
            ask.push_str(&format!(" {begin} {text}."));
        };
        add("In code it is broken when", &review.violation_when);
        if let Some(text) = &review.not_a_violation {
            add("It is not when", text);
        }
    }
    ask
}

/// The other parts, by their headings.
fn others(document: &Document, part: usize) -> Vec<String> {
    let others = document.parts.iter().enumerate();
    let mut named: Vec<String> = others
        .filter(|(at, _)| *at != part)
        .map(|(_, other)| {
            let title = neutral::said(&other.title);
            format!("the part from line {} ({title})", other.first_line)
        })
        .collect();
    let more = named.len().saturating_sub(NAMED_PARTS);
    named.truncate(NAMED_PARTS);
    if more > 0 {
        named.push(format!("{more} more parts"));
    }
    named
}

/// What the answers about all parts come to.
fn opinion(
    document: &Document,
    answers: Vec<(Question, Result<Verdict, String>)>,
    word: fn(Answer) -> &'static str,
) -> Opinion {
    let all = answers.len();
    let mut opinion = Opinion::default();
    let mut given = Vec::new();
    let mut missing = Vec::new();
    for (question, answer) in answers {
        match answer {
            Err(reason) => missing.push(reason),
            Ok(verdict) => {
                given.push(verdict.verdict);
                opinion.evidence.push(Evidence {
                    verdict: word(verdict.verdict),
                    line: document.line_of(question.part, &verdict.quote),
                    rationale: verdict.rationale,
                    quote: verdict.quote,
                    reviewer: verdict.reviewer,
                    cached: verdict.cached,
                });
            }
        }
    }
    let worst = [Answer::Violation, Answer::Partial, Answer::Compliant];
    let settled = worst.into_iter().find(|answer| given.contains(answer));
    let unsure = given.first().map(|_| Answer::Unsure);
    opinion.answer = match (settled, missing.first()) {
        // A fault that is found stays one, whatever the parts say that nobody has judged.
        (Some(Answer::Violation), _) => settled,
        (_, Some(_)) => None,
        (settled, None) => settled.or(unsure),
    };
    opinion.verdict = opinion.answer.map(word);
    if let Some(reason) = missing.first() {
        let parts = match all {
            1 => String::new(),
            _ => format!("{} of {all} parts: ", missing.len()),
        };
        opinion.not_reviewed = Some(format!("{parts}{reason}"));
    }
    opinion
}

/// The table of dispositions, where every answer is a reviewer's.
fn disposition(about: &Assessed, answer: Option<Answer>, confirmed: Disposition) -> Disposition {
    let is_enforced = about.status == Status::Enforced;
    match (about.level.is_binding(), answer) {
        (_, Some(Answer::Compliant)) => Disposition::Cleared,
        (false, _) => Disposition::Note,
        (true, Some(Answer::Violation)) if is_enforced => confirmed,
        (true, Some(Answer::Violation)) => Disposition::Warn,
        (true, _) if is_enforced => Disposition::Review,
        (true, _) => Disposition::Note,
    }
}

/// What an incident teaches.
pub fn lessons(statements: &[Assessed]) -> Lessons {
    let answer = |one: &Assessed| one.caught.as_ref().and_then(|caught| caught.answer);
    let caught = |has_rule: bool| -> Vec<String> {
        let caught = statements.iter().filter(|one| {
            answer(one) == Some(Answer::Violation) && one.enforced_by.is_empty() != has_rule
        });
        caught.map(|one| one.rule.clone()).collect()
    };
    let (caught_by, without_rule) = (caught(true), caught(false));
    let is_any = !caught_by.is_empty() || !without_rule.is_empty();
    let is_settled = |one: &Assessed| answer(one).is_some_and(|answer| answer != Answer::Unsure);
    let next_rfc = match is_any {
        true => Some(false),
        false => statements.iter().all(is_settled).then_some(true),
    };
    Lessons {
        caught_by,
        without_rule,
        next_rfc,
    }
}

/// The level and status of an index entry.
pub fn standing(level: &str, status: &str) -> Option<(Level, Status)> {
    let level = Level::ALL.into_iter().find(|one| one.keyword() == level)?;
    let status = Status::ALL.into_iter().find(|one| one.word() == status)?;
    Some((level, status))
}
