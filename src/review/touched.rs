//! What a change brings for a reviewer: the places that review statements are about, and text in added lines that speaks
//! to a reviewer.
//!
//! A line is new when no base has it. Without a base every line is. Deliberately absent: what is said about a place
//! ([`crate::scan::touched`]).

use std::collections::BTreeSet;
use std::ops::Range;

use super::phrases;
use crate::candidate::Candidate;
use crate::change::{Change, lines};
use crate::finding::{Certainty, Disposition, Finding};
use crate::language::{Language, Workspace};
use crate::parallel::side_by_side;
use crate::rule::{Decision, Rule};
use crate::scan;
use crate::source::{RepoPath, Source};
use crate::suppress::Terms;

/// The id of the note about text that speaks to a reviewer.
pub const ADDRESSED: &str = "codex-reviewer-addressed";

/// The questions of review statements about the files `paths` of head. Without `terms`, exceptions count for nothing.
pub fn candidates<'r>(
    rules: &'r [Rule],
    change: &Change,
    paths: &[RepoPath],
    terms: Option<&Terms>,
) -> Vec<Candidate<'r>> {
    let workspace = Workspace::new(&change.head);
    let of_file = |path: &RepoPath| {
        let hunks = hunks(change, path);
        scan::touched(rules, &workspace, path, &hunks, terms)
    };
    let touched = paths.iter().filter(|path| is_touched(rules, path));
    touched.flat_map(of_file).collect()
}

/// Whether a review statement is about the file.
pub fn is_touched(rules: &[Rule], path: &RepoPath) -> bool {
    rules.iter().any(|rule| is_about(rule, path))
}

fn is_about(rule: &Rule, path: &RepoPath) -> bool {
    matches!(&rule.decision, Decision::Review(review) if review.touches(path))
}

/// Notes about text in added lines that speaks to a reviewer.
pub fn addressed(rules: &[Rule], change: &Change, paths: &[RepoPath]) -> Vec<Finding> {
    if change.bases.is_empty() {
        return Vec::new();
    }
    let is_shown = |path: &RepoPath| Language::of(path).is_some() || is_touched(rules, path);
    let of_file = |path: &RepoPath| {
        let source = change.head.read(path).ok().flatten();
        let source = source.and_then(|bytes| Source::new(path.clone(), bytes).ok());
        source.map_or_else(Vec::new, |source| addressed_in(&source, change))
    };
    let shown: Vec<&RepoPath> = paths.iter().filter(|path| is_shown(path)).collect();
    let notes = side_by_side(&shown, |path| of_file(path));
    notes.into_iter().flatten().collect()
}

fn addressed_in(source: &Source, change: &Change) -> Vec<Finding> {
    let text = String::from_utf8_lossy(source.bytes());
    let lines: Vec<&str> = text.lines().collect();
    // The whole file first: most hold nothing of the kind, and then nobody asks what changed.
    if phrases::addressed(&lines).is_empty() {
        return Vec::new();
    }
    let mut notes = Vec::new();
    for hunk in hunks(change, &source.path) {
        let range = hunk.start.saturating_sub(1)..hunk.end.saturating_sub(1);
        let added = lines.get(range).unwrap_or_default();
        for at in phrases::addressed(added) {
            notes.push(note(source, hunk.start + at));
        }
    }
    notes
}

fn note(source: &Source, line: usize) -> Finding {
    let place = source.line_range(line);
    let text = source.text(place.clone());
    let start = place.start + (text.len() - text.trim_start().len()).min(place.len());
    let range = source.range(start..place.end.max(start));
    let path = &source.path;
    let mut hasher = blake3::Hasher::new();
    for part in [
        ADDRESSED.as_bytes(),
        path.as_bytes(),
        text.trim().as_bytes(),
    ] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    Finding {
        rule: ADDRESSED.into(),
        rfc: None,
        level: None,
        status: None,
        certainty: Certainty::Violation,
        disposition: Disposition::Note,
        rejects: false,
        introduced: true,
        path: path.text().into(),
        path_bytes: path.hex(),
        range,
        focus: range,
        message: "the change adds text that speaks to a reviewer".to_owned(),
        statement: None,
        advice: None,
        note: None,
        href: None,
        facts: Vec::new(),
        ask: None,
        labels: Vec::new(),
        cause: None,
        fix: None,
        verdict: None,
        not_reviewed: None,
        suppressed: None,
        fingerprint: hasher.finalize().to_hex()[..16].to_owned(),
    }
}

/// The lines of a file of head that no base has, from 1; an empty range where lines are gone.
fn hunks(change: &Change, path: &RepoPath) -> Vec<Range<usize>> {
    let Ok(Some(head)) = change.head.read(path) else {
        return Vec::new();
    };
    let new = lines::trimmed(&head);
    let mut hunks: Option<Vec<Range<usize>>> = None;
    for base in &change.bases {
        let Some(file) = base.file_of(path) else {
            // What does not differ brings nothing.
            return Vec::new();
        };
        // A base that cannot be read has none of the lines.
        let read = |old: &RepoPath| base.snapshot.read(old).ok().flatten();
        let old = file.old.as_ref().and_then(read);
        let old = old.map(|old| lines::trimmed(&old)).unwrap_or_default();
        let these: Vec<Range<usize>> = lines::hunks(&old, &new)
            .into_iter()
            .map(|hunk| hunk.new.start + 1..hunk.new.end + 1)
            .collect();
        hunks = Some(match hunks {
            None => these,
            Some(others) => common(&others, &these),
        });
    }
    hunks.unwrap_or_else(|| std::iter::once(1..new.len() + 1).collect())
}

/// What is new against both.
fn common(one: &[Range<usize>], other: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut found = BTreeSet::new();
    for left in one {
        for right in other {
            let both = left.start.max(right.start)..left.end.min(right.end);
            if both.start < both.end || (both.is_empty() && left == right) {
                found.insert((both.start, both.end));
            }
        }
    }
    found.into_iter().map(|(start, end)| start..end).collect()
}
