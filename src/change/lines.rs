//! Which lines differ between two texts. White space at the ends of a line never counts, so that code which only moved
//! to the right is the same. Deliberately absent: what a line means.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

use super::Snapshot;
use crate::source::RepoPath;

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

/// A file of base beside one of head.
#[derive(Debug)]
pub struct Compared {
    /// The lines of base, trimmed.
    pub old: Vec<String>,
    /// The lines of head, trimmed.
    pub new: Vec<String>,
    /// Where they differ.
    pub hunks: Vec<Hunk>,
}

impl Compared {
    /// Reads and compares; `None` when one cannot be read.
    pub fn of(base: &Snapshot, old: &RepoPath, head: &Snapshot, new: &RepoPath) -> Option<Self> {
        let lines = |snapshot: &Snapshot, path| Some(trimmed(&snapshot.read(path).ok()??));
        let (old, new) = (lines(base, old)?, lines(head, new)?);
        let hunks = hunks(&old, &new);
        Some(Self { old, new, hunks })
    }

    /// For each line of head, from 0, its number in base, from 1.
    fn origins(self) -> Vec<Option<usize>> {
        let mut origins = Vec::with_capacity(self.new.len());
        let mut next = 1;
        for hunk in self.hunks {
            let same = hunk.new.start.saturating_sub(origins.len());
            origins.extend((next..next + same).map(Some));
            origins.extend(hunk.new.map(|_| None));
            next = hunk.old.end + 1;
        }
        let same = self.new.len().saturating_sub(origins.len());
        origins.extend((next..next + same).map(Some));
        origins
    }
}

/// On which lines of base the lines of head stood; each file is compared once, when it is first asked about.
#[derive(Debug)]
pub struct Origins<'s> {
    base: &'s Snapshot,
    head: &'s Snapshot,
    known: RefCell<BTreeMap<RepoPath, Vec<Option<usize>>>>,
}

impl<'s> Origins<'s> {
    /// Nothing is compared yet.
    pub fn new(base: &'s Snapshot, head: &'s Snapshot) -> Self {
        Self {
            base,
            head,
            known: RefCell::default(),
        }
    }

    /// The line of a file of base, from 1, at which a line of head stood; `None` when it is new.
    pub fn of(&self, old: &RepoPath, new: &RepoPath, line: usize) -> Option<usize> {
        let mut known = self.known.borrow_mut();
        let origins = known.entry(new.clone()).or_insert_with(|| {
            let compared = Compared::of(self.base, old, self.head, new);
            compared.map(Compared::origins).unwrap_or_default()
        });
        *origins.get(line.checked_sub(1)?)?
    }
}
