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
    let mut image = Image::new(text, hunks);
    let mut result = Vec::with_capacity(text.len());
    let mut done = 0;
    let mut drift = 0;
    for (index, hunk) in hunks.iter().enumerate() {
        let at = image.find(hunk, direction, allowed, (done, drift));
        let at = at.ok_or(index)?;
        drift = at.cast_signed() - stated(hunk, direction).cast_signed();
        image.lines[done..at]
            .iter()
            .for_each(|line| push(&mut result, line));
        done = write_hunk(&mut result, &image.lines, at, hunk, direction);
    }
    image.lines[done..]
        .iter()
        .for_each(|line| push(&mut result, line));
    Ok(result)
}

/// A text that hunks are looked for in.
pub(super) struct Image<'a> {
    lines: Vec<&'a [u8]>,
    /// How many lines may still be searched for hunks that do not stand where they are expected. All the lines that came
    /// and went cost a few steps each; only a patch that is made for it sends codex through the text for every hunk.
    steps: usize,
}

/// Steps for each line of a text and of its hunks.
const STEPS: usize = 32;
/// How far from where a hunk is expected it is looked for first.
const REACH: usize = 8;

impl<'a> Image<'a> {
    pub(super) fn new(text: &'a [u8], hunks: &[Hunk<'_, [u8]>]) -> Self {
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let in_hunks: usize = hunks.iter().map(|hunk| hunk.lines().len()).sum();
        let steps = STEPS * (lines.len() + in_hunks);
        Self { lines, steps }
    }

    /// Whether a hunk fits, taken alone.
    pub(super) fn has(&mut self, hunk: &Hunk<'_, [u8]>, direction: Direction) -> bool {
        let ways = [Where::Stated, Where::Near];
        let mut found = ways
            .iter()
            .map(|allowed| self.find(hunk, direction, *allowed, (0, 0)));
        found.any(|at| at.is_some())
    }

    /// Whether a hunk that fits leaves nothing.
    pub(super) fn is_emptied_by(&self, hunk: &Hunk<'_, [u8]>, direction: Direction) -> bool {
        direction.source(hunk).len() == self.lines.len()
            && direction.reversed().source(hunk).is_empty()
    }

    /// Where a hunk stands, after the lines that are `done` and with the `drift` of the one before it.
    fn find(
        &mut self,
        hunk: &Hunk<'_, [u8]>,
        direction: Direction,
        allowed: Where,
        (done, drift): (usize, isize),
    ) -> Option<usize> {
        let stated = stated(hunk, direction);
        let at = match allowed {
            Where::Stated => {
                (stated >= done && stands(&self.lines, hunk, direction)).then_some(stated)
            }
            Where::Near => {
                let expected = stated.saturating_add_signed(drift);
                self.nearest(&wanted(hunk, direction), done, expected)
            }
        };
        at.filter(|at| !is_done(&self.lines, hunk, direction, *at))
    }

    fn nearest(&mut self, wanted: &[&[u8]], first: usize, expected: usize) -> Option<usize> {
        let last = self.lines.len().checked_sub(wanted.len())?;
        if wanted.is_empty() && !self.lines.is_empty() || first > last {
            return None;
        }
        let expected = expected.clamp(first, last);
        if fits(&self.lines, wanted, expected) {
            return Some(expected);
        }
        let search = Search::new(wanted);
        let mut reach = wanted.len().max(REACH);
        loop {
            let begin = expected.saturating_sub(reach).max(first);
            let end = expected.saturating_add(reach).min(last);
            let around = &self.lines[begin..end + wanted.len()];
            self.steps = self.steps.checked_sub(around.len())?;
            let places = search.places(around).map(|at| begin + at);
            let found = places.min_by_key(|at| (at.abs_diff(expected), *at));
            if found.is_some() || (begin, end) == (first, last) {
                return found;
            }
            reach *= 2;
        }
    }
}

/// Looks for lines in lines, and looks at each once (Knuth, Morris and Pratt).
struct Search<'a> {
    wanted: &'a [&'a [u8]],
    /// After as many lines as the index and one: how many of the last of them are the first, too.
    borders: Vec<usize>,
}

impl<'a> Search<'a> {
    fn new(wanted: &'a [&'a [u8]]) -> Self {
        let mut search = Self {
            wanted,
            borders: vec![0; wanted.len()],
        };
        for (at, line) in wanted.iter().enumerate().skip(1) {
            search.borders[at] = search.next(search.borders[at - 1], line);
        }
        search
    }

    /// How many of the lines have been seen after one more.
    fn next(&self, mut seen: usize, line: &[u8]) -> usize {
        let is_next = |seen: usize| {
            let wanted = self.wanted.get(seen);
            wanted.is_some_and(|wanted| content(wanted) == content(line))
        };
        while seen > 0 && !is_next(seen) {
            seen = self.borders[seen - 1];
        }
        if is_next(seen) { seen + 1 } else { 0 }
    }

    /// Where they begin.
    fn places(&self, lines: &[&[u8]]) -> impl Iterator<Item = usize> {
        let mut seen = 0;
        lines.iter().enumerate().filter_map(move |(at, line)| {
            seen = self.next(seen, line);
            (seen == self.wanted.len()).then(|| at + 1 - seen)
        })
    }
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
