//! Examples are tests: runs a rule on those of its statement. Deliberately absent: examples of review statements, which
//! nothing here can decide.

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::{Proof, line};
use crate::change::Snapshot;
use crate::finding::Certainty;
use crate::fix::{self, Mended, Proposal};
use crate::language::{Language, Workspace};
use crate::problem::Problems;
use crate::rfc::Statement;
use crate::rule::{Example, Role, Rule};
use crate::scan::Scanner;
use crate::source::RepoPath;
use crate::yaml::{Node, Value};

/// Runs a rule on its examples.
pub(super) fn prove(
    rule: &Rule,
    language: &'static Language,
    block: &Node,
    statement: &Statement,
    proofs: &mut Vec<Proof>,
    problems: &mut Problems,
) {
    let mut reasons: Vec<String> = Vec::new();
    let examples: Vec<_> = statement
        .examples
        .iter()
        .filter(|(example, _)| example.language == language.name)
        .collect();
    for (index, (example, span)) in examples.iter().enumerate() {
        let complaint = if example.role == Role::Fixed {
            let before = index.checked_sub(1).map(|before| &examples[before].0);
            prove_fixed(rule, example, before)
        } else {
            prove_example(rule, language, example, &mut reasons)
        };
        proofs.push(Proof {
            slug: statement.slug.clone(),
            role: example.role,
            language: example.language.clone(),
            line: line(problems, span),
            holds: Some(complaint.is_none()),
        });
        if let Some(complaint) = complaint {
            problems.add(span.clone(), complaint);
        }
    }
    let fixed = rule.fix.as_ref().map(|_| Role::Fixed);
    for role in [Role::Bad, Role::Good].into_iter().chain(fixed) {
        if !examples.iter().any(|(example, _)| example.role == role) {
            let message = format!(
                "the {} matcher of `{}` has no {} example",
                language.name,
                statement.slug,
                role.word()
            );
            let help = format!("add a block ```{} {}", language.name, role.word());
            problems.add_with_help(block.span.clone(), message, help);
        }
    }
    for ambiguity in &rule.ambiguous_when {
        if !reasons.contains(&ambiguity.id) {
            let message = format!(
                "no ambiguous example of `{}` shows `{}`",
                statement.slug, ambiguity.id
            );
            let help = format!("add a block ```{} ambiguous", language.name);
            let place = place_of(block, &ambiguity.id).unwrap_or(block);
            problems.add_with_help(place.span.clone(), message, help);
        }
    }
}

/// Where a condition of `ambiguous-when` has its name.
fn place_of<'n>(block: &'n Node, id: &str) -> Option<&'n Node> {
    let Value::List(conditions) = &block.get("ambiguous-when")?.value else {
        return None;
    };
    let mut ids = conditions
        .iter()
        .filter_map(|condition| condition.get("id"));
    ids.find(|node| node.as_text() == Some(id))
}

/// Whether a compiled rule finds in its examples what they say; a reviewer's is not proved.
pub fn examples_hold(rule: &Rule) -> Result<(), String> {
    let (Some(law), Some(language)) = (rule.law(), rule.language()) else {
        return Ok(());
    };
    for role in [Role::Bad, Role::Good] {
        if !law.examples.iter().any(|example| example.role == role) {
            return Err(format!("there is no {} example", role.word()));
        }
    }
    let mut complaints = law
        .examples
        .iter()
        .filter_map(|example| prove_example(rule, language, example, &mut Vec::new()));
    complaints.next().map_or(Ok(()), Err)
}

/// What is wrong with an example of what the fix makes.
fn prove_fixed(rule: &Rule, example: &Example, before: Option<&Example>) -> Option<String> {
    let Some(bad) = before.filter(|before| before.role == Role::Bad) else {
        return Some("a fixed example stands after the bad one that it mends".to_owned());
    };
    if rule.fix.is_none() {
        return Some(format!("the matcher of `{}` has no `fix`", rule.id));
    }
    let path = RepoPath::from(bad.file.as_str());
    let look = |files: &BTreeMap<RepoPath, Mended>| -> Result<Vec<Proposal>, Infallible> {
        let text = match files.get(&path) {
            Some(mended) => mended.text.clone(),
            None => bad.code.clone().into_bytes(),
        };
        let snapshot = Snapshot::memory(BTreeMap::from([(path.clone(), text)]));
        let scanner = Scanner::new(std::slice::from_ref(rule), true);
        let scan = scanner.scan(&Workspace::new(&snapshot), std::slice::from_ref(&path));
        Ok(scan.candidates.iter().filter_map(Proposal::of).collect())
    };
    let read = |_: &RepoPath| Some(bad.code.clone().into_bytes());
    let Ok(outcome) = fix::mend(look, read);
    if let Some(refusal) = outcome.refused.values().next() {
        return Some(format!("the bad example stays bad: {}", refusal.reason()));
    }
    let Some(mended) = outcome.files.get(&path) else {
        return Some("the fix changes nothing in the bad example".to_owned());
    };
    let made = String::from_utf8_lossy(&mended.text);
    if made == example.code {
        return None;
    }
    let (made, wanted): (Vec<&str>, Vec<&str>) =
        (made.lines().collect(), example.code.lines().collect());
    let same = made
        .iter()
        .zip(&wanted)
        .take_while(|(made, wanted)| made == wanted);
    let line = same.count();
    let shown = |lines: &[&str]| {
        lines
            .get(line)
            .map_or("the end".to_owned(), |line| format!("`{line}`"))
    };
    Some(format!(
        "the fix makes something else of the bad example: line {} is {}, not {}",
        line + 1,
        shown(&made),
        shown(&wanted)
    ))
}

/// What is wrong with an example, if anything is.
fn prove_example(
    rule: &Rule,
    language: &'static Language,
    example: &Example,
    reasons: &mut Vec<String>,
) -> Option<String> {
    let path = RepoPath::from(example.file.as_str());
    if Language::of(&path) != Some(language) {
        return Some(format!("`{}` is no {} file", example.file, language.name));
    }
    let files = BTreeMap::from([(path.clone(), example.code.clone().into_bytes())]);
    let snapshot = Snapshot::memory(files);
    let scan =
        Scanner::new(std::slice::from_ref(rule), true).scan(&Workspace::new(&snapshot), &[path]);
    if let Some(unchecked) = scan.unchecked.first() {
        return Some(format!("it cannot be looked at: {}", unchecked.reason));
    }
    let raised: Vec<_> = scan
        .candidates
        .iter()
        .filter(|candidate| candidate.suppressed.is_none())
        .collect();
    let wanted = match example.role {
        Role::Good => {
            let line = raised.first()?.focus.start.line;
            return Some(format!(
                "this good example raises `{}` on line {line}",
                rule.id
            ));
        }
        Role::Bad | Role::Fixed => Certainty::Violation,
        Role::Ambiguous => Certainty::Ambiguous,
    };
    if wanted == Certainty::Ambiguous {
        reasons.extend(
            raised
                .iter()
                .flat_map(|candidate| candidate.facts.iter().cloned()),
        );
    }
    let of = |certainty: Certainty| -> Vec<usize> {
        let mut lines: Vec<usize> = raised
            .iter()
            .filter(|candidate| candidate.certainty == certainty)
            .map(|candidate| candidate.focus.start.line)
            .collect();
        lines.dedup();
        lines
    };
    let (violations, ambiguous) = (of(Certainty::Violation), of(Certainty::Ambiguous));
    let (lines, others) = if wanted == Certainty::Violation {
        (&violations, &ambiguous)
    } else {
        (&ambiguous, &violations)
    };
    let holds = if example.lines.is_empty() {
        !lines.is_empty()
    } else {
        *lines == example.lines && others.iter().all(|line| lines.contains(line))
    };
    if holds {
        return None;
    }
    let shown = |lines: &[usize]| match lines {
        [] => "on no line".to_owned(),
        lines => format!(
            "on line {}",
            lines
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    let word = example.role.word();
    Some(format!(
        "this {word} example does not hold: `{}` is a violation {} and ambiguous {}",
        rule.id,
        shown(&violations),
        shown(&ambiguous)
    ))
}
