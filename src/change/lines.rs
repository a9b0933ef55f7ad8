//! Which lines differ between two texts. White space at the ends of a line never counts, so that code which only moved
//! to the right is the same. Deliberately absent: what a line means.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

/// A place where two texts differ: lines from 0, either range may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// Lines of the old text that are gone.
    pub old: Range<usize>,
    /// Lines of the new text that have come.
    pub new: Range<usize>,
}

/// The lines of a text, trimmed.
pub fn trimmed(text: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(text)
        .lines()
        .map(|line| line.trim().to_owned())
        .collect()
}

/// The places where they differ, in the order of the text.
pub fn hunks(old: &[String], new: &[String]) -> Vec<Hunk> {
    let mut input: InternedInput<&str> = InternedInput::default();
    input.update_before(old.iter().map(String::as_str));
    input.update_after(new.iter().map(String::as_str));
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_no_heuristic(&input);
    let index = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
    let range = |lines: Range<u32>| index(lines.start)..index(lines.end);
    diff.hunks()
        .map(|hunk| Hunk {
            old: range(hunk.before),
            new: range(hunk.after),
        })
        .collect()
}
