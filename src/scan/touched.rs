//! Where a change touches what only a reviewer can decide: one candidate for each review statement and enclosing item.
//!
//! A hunk that spans several items counts in each of them; the hunks of one item are one candidate. Deliberately
//! absent: which lines changed ([`crate::change::lines`]), and who is asked ([`crate::review`]).

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::LanguageScanner;
use super::file::File;
use crate::candidate::{Candidate, Excerpt, Identity};
use crate::finding::Certainty;
use crate::language::{Language, Workspace};
use crate::matcher::{Node, Tree};
use crate::rule::{Decision, Review, Rule};
use crate::source::{RepoPath, Source};
use crate::suppress::Terms;

/// Hunks of a text without a tree that are nearer than this are one place.
const NEAR: usize = 10;
/// Lines shown around a place of a text without a tree.
const MARGIN: usize = 20;
/// The most lines shown of such a place.
const SHOWN: usize = 200;

/// A changed place: the lines that came (from 1; empty where lines are only gone), all within one item.
struct Place {
    /// A node of the first of them, where there is a tree.
    node: Node,
    lines: Vec<Range<usize>>,
}

/// Candidates of the review statements among `rules` in a file of which the lines `hunks` are new (from 1; an empty
/// range stands where lines are gone). Without `terms`, exceptions in the code count for nothing. A SHOULD makes none: nobody is asked about it.
pub fn touched<'r>(
    rules: &'r [Rule],
    workspace: &Workspace<'_>,
    path: &RepoPath,
    hunks: &[Range<usize>],
    terms: Option<&Terms>,
) -> Vec<Candidate<'r>> {
    let reviews: Vec<(&Rule, &Review)> = rules
        .iter()
        .filter(|rule| rule.law().is_some_and(|law| law.level.is_binding()))
        .filter_map(|rule| match &rule.decision {
            Decision::Review(review) if review.touches(path) => Some((rule, review)),
            _ => None,
        })
        .collect();
    if reviews.is_empty() || hunks.is_empty() {
        return Vec::new();
    }
    // What cannot be read is `unchecked` already.
    let Ok(Some(bytes)) = workspace.snapshot.read(path) else {
        return Vec::new();
    };
    let Ok(source) = Source::new(path.clone(), bytes) else {
        return Vec::new();
    };
    let language = Language::of(path);
    let tree = language.and_then(|language| Tree::parse(source.bytes(), &(language.grammar)()));
    let mut candidates = Vec::new();
    match (language, &tree) {
        (Some(language), Some(tree)) => {
            let scanner = LanguageScanner::new(language, Vec::new());
            let file = File::new(&scanner, workspace, &source, tree, terms);
            let grammar = (language.grammar)();
            let id = |name: &&str| grammar.id_for_node_kind(name, true);
            let decorations: Vec<u16> = language.decorations.iter().map(id).collect();
            for place in file.places(hunks, &decorations) {
                let made = reviews
                    .iter()
                    .filter_map(|(rule, review)| file.reviewed(rule, review, &place));
                candidates.extend(made);
            }
        }
        _ => {
            for lines in near(hunks) {
                let made = reviews
                    .iter()
                    .filter_map(|(rule, review)| plain(rule, review, &source, &lines));
                candidates.extend(made);
            }
        }
    }
    candidates
}

impl<'a, 'r> File<'a, 'r> {
    /// What makes a node the same elsewhere.
    pub(super) fn identity(&self, node: Node) -> Identity {
        self.surroundings(&self.spot(node, node)).identity
    }

    /// The changed places, one for each item.
    fn places(&self, hunks: &[Range<usize>], decorations: &[u16]) -> Vec<Place> {
        let mut places: BTreeMap<Node, Place> = BTreeMap::new();
        for hunk in hunks {
            if hunk.is_empty() {
                // Lines are gone: what stood around them in one item misses them now.
                let above = self.owner(hunk.start.saturating_sub(1), decorations);
                let below = self.owner(hunk.start, decorations);
                if let (Some((item, node)), Some((same, _))) = (above, below)
                    && item == same
                {
                    let place = places.entry(item).or_insert(Place {
                        node,
                        lines: Vec::new(),
                    });
                    place.lines.push(hunk.clone());
                }
                continue;
            }
            let mut before = None;
            for line in hunk.clone() {
                let Some((item, node)) = self.owner(line, decorations) else {
                    continue;
                };
                let place = places.entry(item).or_insert(Place {
                    node,
                    lines: Vec::new(),
                });
                match place.lines.last_mut() {
                    // A hunk goes on; blank lines in between belong to it.
                    Some(last) if before == Some(item) => last.end = line + 1,
                    _ => place.lines.push(line..line + 1),
                }
                before = Some(item);
            }
        }
        places.into_values().collect()
    }

    /// The item that a line belongs to, and a node by which it is found; a comment or an attribute belongs to what
    /// follows it. `None` for a blank line.
    fn owner(&self, line: usize, decorations: &[u16]) -> Option<(Node, Node)> {
        let at = first_character(self.source, line)?;
        let innermost = self.tree.innermost(&(at..at + 1));
        let is_beside =
            |node: Node| self.tree.is_extra(node) || decorations.contains(&self.tree.kind(node));
        let beside = std::iter::once(innermost)
            .chain(self.tree.ancestors(innermost))
            .find(|node| is_beside(*node));
        let followed = beside.and_then(|node| {
            let mut next = self.tree.next_siblings(node);
            next.find(|next| !is_beside(*next) && self.tree.is_named(*next))
        });
        let node = followed.unwrap_or(innermost);
        Some((self.item(node), node))
    }

    /// `None`: the statement is not about this place.
    fn reviewed(&self, rule: &'r Rule, review: &Review, place: &Place) -> Option<Candidate<'r>> {
        let lines = place
            .lines
            .iter()
            .find(|lines| holds_literal(self.source, review, lines))?;
        let item = self.item(place.node);
        let spot = self.spot(place.node, place.node);
        let around = self.surroundings(&spot);
        let focus = focus(self.source, review, lines);
        let end = place.lines.last().map_or(focus.end, |last| {
            bytes(self.source, last).end.max(focus.end)
        });
        // What covers the place, or where it ends, covers the case.
        let first = self.source.line(around.item.start);
        let suppressed = [focus.start, end.saturating_sub(1).max(focus.start)]
            .into_iter()
            .find_map(|at| self.allowances.covering(&rule.id, self.source, first, at));
        let mut identity = self.identity(item);
        identity.tokens = identity.item;
        Some(Candidate {
            item_lines: self.lines(&around.item),
            identity,
            statement_line: first,
            suppressed: suppressed.map(Box::new),
            excerpt: Some(self.excerpt(&spot, &around)),
            ..bare(rule, review, self.source, lines, focus)
        })
    }
}

/// Hunks of a text without a tree, those near each other joined.
fn near(hunks: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for hunk in hunks {
        match joined.last_mut() {
            Some(last) if hunk.start < last.end + NEAR => last.end = hunk.end.max(last.end),
            _ => joined.push(hunk.clone()),
        }
    }
    joined
}

/// A place of a text without a tree.
fn plain<'r>(
    rule: &'r Rule,
    review: &Review,
    source: &Source,
    lines: &Range<usize>,
) -> Option<Candidate<'r>> {
    if !holds_literal(source, review, lines) {
        return None;
    }
    let shown = lines.start.saturating_sub(MARGIN).max(1)
        ..(lines.end + MARGIN)
            .min(source.line(source.bytes().len()) + 1)
            .min(lines.start + SHOWN);
    let changed = blake3::hash(source.text(bytes(source, lines)).trim().as_bytes());
    Some(Candidate {
        item_lines: lines.clone(),
        identity: Identity {
            item_path: String::new(),
            tokens: changed,
            statement: changed,
            item: changed,
        },
        excerpt: Some(Arc::new(Excerpt {
            code: source.text(bytes(source, &shown)).into_owned(),
            first_line: shown.start,
        })),
        ..bare(rule, review, source, lines, focus(source, review, lines))
    })
}

/// A candidate of which only the place is known.
fn bare<'r>(
    rule: &'r Rule,
    review: &Review,
    source: &Source,
    lines: &Range<usize>,
    focus: Range<usize>,
) -> Candidate<'r> {
    let place = bytes(source, lines);
    let none = blake3::hash(b"");
    Candidate {
        rule,
        path: source.path.clone(),
        range: source.range(place.start.min(focus.start)..place.end.max(focus.end)),
        focus: source.range(focus),
        certainty: Certainty::Ambiguous,
        message: rule.message.clone(),
        ask: Some(question(review)),
        fix: None,
        facts: Vec::new(),
        labels: Vec::new(),
        statement_line: lines.start,
        item_lines: lines.clone(),
        identity: Identity {
            item_path: String::new(),
            tokens: none,
            statement: none,
            item: none,
        },
        suppressed: None,
        excerpt: None,
        cause: None,
    }
}

/// What a reviewer is asked about a review statement.
pub fn question(review: &Review) -> String {
    let mut question = format!(
        "Does the change break the statement here? It does when {}.",
        review.violation_when.trim().trim_end_matches('.')
    );
    let mut add = |begin: &str, text: &Option<String>| {
        if let Some(text) = text {
            let text = text.trim().trim_end_matches('.');
            question.push_str(&format!(" {begin} {text}."));
        }
    };
    add("It does not when", &review.not_a_violation);
    add("As evidence quote", &review.evidence);
    question
}

/// Whether one of the literals stands on these lines; without literals, any change will do.
fn holds_literal(source: &Source, review: &Review, lines: &Range<usize>) -> bool {
    let text = source.text(bytes(source, lines));
    review.literals.is_empty()
        || review
            .literals
            .iter()
            .any(|literal| text.contains(literal.as_str()))
}

/// The first of the lines that holds a literal, else the first that holds anything; without its indentation.
fn focus(source: &Source, review: &Review, lines: &Range<usize>) -> Range<usize> {
    let of_line = |line: usize| {
        let range = source.line_range(line);
        let start = first_character(source, line).unwrap_or(range.start);
        let text = source.bytes().get(start..range.end).unwrap_or_default();
        start..start + text.trim_ascii_end().len()
    };
    let mut all = lines.clone();
    let line = all
        .find(|line| {
            let text = source.text(source.line_range(*line));
            let mut literals = review.literals.iter();
            !text.trim().is_empty()
                && (review.literals.is_empty() || literals.any(|known| text.contains(known)))
        })
        .unwrap_or(lines.start.max(1));
    of_line(line)
}

/// The bytes of lines, without the end of the last.
fn bytes(source: &Source, lines: &Range<usize>) -> Range<usize> {
    if lines.is_empty() {
        let start = source.line_range(lines.start.max(1)).start;
        return start..start;
    }
    let start = first_character(source, lines.start)
        .unwrap_or_else(|| source.line_range(lines.start.max(1)).start);
    start..source.line_range(lines.end - 1).end.max(start)
}

/// The first byte of a line (from 1) that is no white space.
fn first_character(source: &Source, line: usize) -> Option<usize> {
    if line == 0 {
        return None;
    }
    let range = source.line_range(line);
    let text = source.bytes().get(range.clone())?;
    let indent = text.iter().position(|byte| !byte.is_ascii_whitespace())?;
    Some(range.start + indent)
}
