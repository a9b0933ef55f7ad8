//! `codex explain RULE FILE:LINE` for a rule that an analysis decides: the history of each value on the line.
//!
//! Deliberately absent: what an analysis knows ([`crate::analysis::History`]).

use std::fmt::Write as _;

use crate::analysis::{Analysis, History};
use crate::finding::Certainty;
use crate::matcher::Tree;
use crate::source::Source;

/// The histories in words; `path` is the file as it was named.
pub(super) fn text(
    analysis: &Analysis,
    tree: &Tree<'_>,
    source: &Source,
    path: &str,
    line: usize,
) -> String {
    let histories = analysis.histories(tree, &source.line_range(line));
    // A name that nobody says anything of, like that of a function of the library, is only shown alone.
    let is_bare = |history: &History| {
        history.certainty.is_none() && history.steps.len() < 2 && history.states == "unknown"
    };
    let has_more = histories.iter().any(|history| !is_bare(history));
    let shown: Vec<&History> = histories
        .iter()
        .filter(|history| !has_more || !is_bare(history))
        .collect();
    if shown.is_empty() {
        return format!(
            "{path}:{line}: no index and no call that is followed: nothing stands here, or it is never reached, or its\nfunction is left alone (a syntax error, too deep, too long)\n"
        );
    }
    let mut text = String::new();
    for (index, history) in shown.into_iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        one(&mut text, history, source, path);
    }
    text
}

fn one(text: &mut String, history: &History, source: &Source, path: &str) {
    let word = match history.certainty {
        Some(Certainty::Violation) => "violation",
        Some(Certainty::Ambiguous) => "question",
        None => "nothing",
    };
    let place = |start: usize| format!("{path}:{}", source.line(start));
    let mut rows: Vec<(String, &str, &str)> = history
        .steps
        .iter()
        .map(|step| (place(step.range.start), &*step.text, &*step.states))
        .collect();
    rows.push((place(history.focus.start), "used here", &history.states));
    // Writing to a string cannot fail.
    _ = writeln!(
        text,
        "{}: `{}` in `{}`\n  {word}: {}\n",
        place(history.focus.start),
        history.code,
        history.access,
        history.verdict
    );
    let width =
        |column: fn(&(String, &str, &str)) -> usize| rows.iter().map(column).max().unwrap_or(0);
    let (first, second) = (
        width(|row| row.0.chars().count()),
        width(|row| row.1.chars().count()),
    );
    for (place, what, states) in &rows {
        _ = writeln!(text, "  {place:first$}  {what:second$}  -> {states}");
    }
}
