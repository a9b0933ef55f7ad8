//! Fits hunks into a text, forward or in reverse.
//!
//! Our own and not `diffy::apply_bytes`, because three things hang on it: which hunk fails, whether a hunk stands at
//! the line it states (that tells on which side of the patch the tree is), and that line ends do not matter.
//! Deliberately absent: leaving out context lines; a hunk fits whole or not at all.

use diffy::{Hunk, HunkRange, Line};

/// Which way a patch is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the old text to the new one.
    Forward,
    /// From the new text to the old one.
    Reverse,
}

impl Direction {
    /// The other way.
    pub(super) fn reversed(self) -> Self {
        match self {
            Self::Forward => Self::Reverse,
            Self::Reverse => Self::Forward,
        }
    }

    /// The lines that a hunk starts from.
    pub(super) fn source(self, hunk: &Hunk<'_, [u8]>) -> HunkRange {
        match self {
            Self::Forward => hunk.old_range(),
            Self::Reverse => hunk.new_range(),
        }
    }
}

/// Where a hunk may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    /// At the line that it states.
    Stated,
    /// Anywhere after the hunk before it; the nearest place is taken.
    Near,
}

/// The text after all hunks, or the first one that does not fit.
pub(super) fn place(
    text: &[u8],
    hunks: &[Hunk<'_, [u8]>],
    direction: Direction,
    allowed: Where,
) -> Result<Vec<u8>, usize> {
    let image: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let mut result = Vec::with_capacity(text.len());
    let mut done = 0;
    let mut drift = 0;
    for (index, hunk) in hunks.iter().enumerate() {
        let stated = stated(hunk, direction);
        let expected = stated.saturating_add_signed(drift);
        let at = match allowed {
            Where::Stated => (stated >= done && stands(&image, hunk, direction)).then_some(stated),
            Where::Near => nearest(&image, &wanted(hunk, direction), done, expected),
        };
        let is_undone = |at: &usize| !is_done(&image, hunk, direction, *at);
        let at = at.filter(is_undone).ok_or(index)?;
        drift = at.cast_signed() - stated.cast_signed();
        image[done..at]
            .iter()
            .for_each(|line| push(&mut result, line));
        done = write_hunk(&mut result, &image, at, hunk, direction);
    }
    image[done..]
        .iter()
        .for_each(|line| push(&mut result, line));
    Ok(result)
}

/// Writes what a hunk leaves behind and returns where the text goes on. Context is kept as the text has it.
fn write_hunk(
    result: &mut Vec<u8>,
    image: &[&[u8]],
    at: usize,
    hunk: &Hunk<'_, [u8]>,
    direction: Direction,
) -> usize {
    let mut at = at;
    for line in hunk.lines() {
        match (line, direction) {
            (Line::Context(_), _) => {
                push(result, image[at]);
                at += 1;
            }
            (Line::Delete(_), Direction::Forward) | (Line::Insert(_), Direction::Reverse) => {
                at += 1;
            }
            (Line::Insert(line), Direction::Forward) | (Line::Delete(line), Direction::Reverse) => {
                push(result, line);
            }
        }
    }
    at
}

/// Adds a line. Only the last one may lack its end, and texts may disagree about which that is.
fn push(result: &mut Vec<u8>, line: &[u8]) {
    if result.last().is_some_and(|byte| *byte != b'\n') {
        result.push(b'\n');
    }
    result.extend_from_slice(line);
}

/// Whether a hunk stands at its line. Without context, "nothing" stands everywhere: then what it removes must not.
fn stands(image: &[&[u8]], hunk: &Hunk<'_, [u8]>, direction: Direction) -> bool {
    let lines = wanted(hunk, direction);
    if !lines.is_empty() || image.is_empty() {
        return fits(image, &lines, stated(hunk, direction));
    }
    let other = direction.reversed();
    stated(hunk, direction) <= image.len()
        && !fits(image, &wanted(hunk, other), stated(hunk, other))
}

/// Whether a hunk stands at its place because it was applied there: with context on one side only, what it adds does
/// not keep it from standing there again.
fn is_done(image: &[&[u8]], hunk: &Hunk<'_, [u8]>, direction: Direction, at: usize) -> bool {
    let is_context = |line: Option<&Line<'_, [u8]>>| matches!(line, Some(Line::Context(_)));
    let lines = wanted(hunk, direction);
    let done = wanted(hunk, direction.reversed());
    let ends = (
        is_context(hunk.lines().first()),
        is_context(hunk.lines().last()),
    );
    let begin = match ends {
        (true, false) => Some(at),
        (false, true) => (at + lines.len()).checked_sub(done.len()),
        _ => None,
    };
    done.len() > lines.len() && begin.is_some_and(|begin| fits(image, &done, begin))
}

fn nearest(image: &[&[u8]], lines: &[&[u8]], first: usize, expected: usize) -> Option<usize> {
    let last = image.len().checked_sub(lines.len())?;
    if lines.is_empty() && !image.is_empty() || first > last {
        return None;
    }
    let expected = expected.clamp(first, last);
    let distances = 0..=(expected - first).max(last - expected);
    distances
        .flat_map(|distance| {
            [
                expected.checked_sub(distance),
                expected.checked_add(distance),
            ]
        })
        .flatten()
        .find(|at| (first..=last).contains(at) && fits(image, lines, *at))
}

fn fits(image: &[&[u8]], lines: &[&[u8]], at: usize) -> bool {
    let place = image.get(at..).and_then(|rest| rest.get(..lines.len()));
    place.is_some_and(|place| {
        place
            .iter()
            .zip(lines)
            .all(|(there, line)| content(there) == content(line))
    })
}

/// The lines that must be there.
fn wanted<'a>(hunk: &Hunk<'a, [u8]>, direction: Direction) -> Vec<&'a [u8]> {
    let lines = hunk
        .lines()
        .iter()
        .filter_map(|line| match (line, direction) {
            (Line::Context(line), _)
            | (Line::Delete(line), Direction::Forward)
            | (Line::Insert(line), Direction::Reverse) => Some(*line),
            _ => None,
        });
    lines.collect()
}

/// The line, from 0, that a hunk states. An empty range names the line before it.
fn stated(hunk: &Hunk<'_, [u8]>, direction: Direction) -> usize {
    let range = direction.source(hunk);
    if range.is_empty() {
        range.start()
    } else {
        range.start().saturating_sub(1)
    }
}

fn content(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
