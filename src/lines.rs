//! Where the lines of a text begin, and how many characters stand where.
//!
//! Counted when somebody asks, for most files have nothing to point at, and once: a line may be as long as the file and
//! full of findings. Characters are those of the text with U+FFFD where it is not UTF-8. Deliberately absent: the text.

use std::ops::Range;
use std::sync::OnceLock;

/// What is known of one text, whose bytes each question brings along.
#[derive(Debug, Default)]
pub struct Lines {
    starts: OnceLock<Vec<usize>>,
    /// Every [`STEP`] bytes or so where a character begins, and how many stand before it.
    counts: OnceLock<Vec<(usize, usize)>>,
}

/// As many bytes are looked at for each question at most.
const STEP: usize = 4096;

impl Lines {
    fn starts(&self, bytes: &[u8]) -> &[usize] {
        self.starts.get_or_init(|| {
            let newlines = memchr::memchr_iter(b'\n', bytes);
            std::iter::once(0)
                .chain(newlines.map(|at| at + 1))
                .collect()
        })
    }

    /// The number of the last line.
    pub fn last(&self, bytes: &[u8]) -> usize {
        self.starts(bytes).len()
    }

    /// The line, from 1, on which a byte stands.
    pub fn line(&self, bytes: &[u8], byte: usize) -> usize {
        self.starts(bytes).partition_point(|start| *start <= byte)
    }

    /// The bytes of a line (from 1), without its end.
    pub fn range(&self, bytes: &[u8], line: usize) -> Range<usize> {
        let starts = self.starts(bytes);
        let start = starts.get(line - 1).copied().unwrap_or(bytes.len());
        let end = starts.get(line).map_or(bytes.len(), |next| next - 1);
        start..end.max(start)
    }

    /// How many characters a stretch has that begins at one.
    pub fn characters(&self, bytes: &[u8], range: Range<usize>) -> usize {
        if range.len() <= STEP {
            return characters(bytes, range);
        }
        self.before(bytes, range.end) - self.before(bytes, range.start)
    }

    /// A place a little before the character that stands `count` after `start`, and how many are left from there.
    pub fn skip(&self, bytes: &[u8], start: usize, count: usize) -> (usize, usize) {
        if count <= STEP {
            return (start, count);
        }
        let wanted = self.before(bytes, start) + count;
        let counts = self.counts(bytes);
        let at = counts.partition_point(|(_, before)| *before <= wanted);
        let (near, before) = counts[..at].last().copied().unwrap_or_default();
        (near, wanted - before)
    }

    /// How many characters stand before one.
    fn before(&self, bytes: &[u8], byte: usize) -> usize {
        let counts = self.counts(bytes);
        let at = counts.partition_point(|(start, _)| *start <= byte);
        let (start, count) = counts[..at].last().copied().unwrap_or_default();
        count + characters(bytes, start..byte)
    }

    fn counts(&self, bytes: &[u8]) -> &[(usize, usize)] {
        self.counts.get_or_init(|| counts(bytes))
    }
}

fn characters(bytes: &[u8], range: Range<usize>) -> usize {
    let text = String::from_utf8_lossy(bytes.get(range).unwrap_or_default());
    text.chars().count()
}

fn counts(bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut counts = Vec::new();
    let (mut at, mut count, mut next) = (0, 0, 0);
    for chunk in bytes.utf8_chunks() {
        let broken = chunk.invalid().len();
        let lengths = chunk.valid().chars().map(char::len_utf8);
        for length in lengths.chain((broken > 0).then_some(broken)) {
            if at >= next {
                counts.push((at, count));
                next = at + STEP;
            }
            at += length;
            count += 1;
        }
    }
    counts
}
