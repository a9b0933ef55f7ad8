//! The texts of files with findings, and where their lines begin.
//! Deliberately absent: reading them; a report may also come from a file, without any text.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::finding::{Finding, Position};
use crate::lines::Lines;

/// Texts by path: the path as text, and its bytes when it is not UTF-8.
#[derive(Debug, Default)]
pub struct Sources(BTreeMap<(String, Option<String>), Source>);

/// One text.
#[derive(Debug)]
pub struct Source {
    /// With U+FFFD where the file is not UTF-8.
    text: String,
    lines: Lines,
    /// The bytes of the file at which its lines begin.
    line_starts: Vec<usize>,
}

impl Sources {
    /// Adds the text of a file.
    pub fn add(&mut self, path: &str, path_bytes: Option<&str>, bytes: &[u8]) {
        let key = (path.to_owned(), path_bytes.map(str::to_owned));
        self.0.insert(key, Source::new(bytes));
    }

    /// The text of a finding's file.
    pub fn of(&self, finding: &Finding) -> Option<&Source> {
        let key = (finding.path.to_string(), finding.path_bytes.clone());
        self.0.get(&key)
    }

    /// The text of a file that is known by its path alone.
    pub fn at(&self, path: &str) -> Option<&Source> {
        self.0.get(&(path.to_owned(), None))
    }
}

impl Source {
    /// The text of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        let ends = memchr::memchr_iter(b'\n', bytes);
        Self {
            text: String::from_utf8_lossy(bytes).into_owned(),
            lines: Lines::default(),
            line_starts: std::iter::once(0).chain(ends.map(|at| at + 1)).collect(),
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The column of a position in bytes, from 1.
    pub fn byte_column(&self, position: Position) -> Option<usize> {
        let start = *self.line_starts.get(position.line.checked_sub(1)?)?;
        Some(position.byte.checked_sub(start)? + 1)
    }

    /// The byte of the text at a position: where the file is not UTF-8 it has other bytes, but as many characters. Beyond
    /// the text, its end.
    pub fn byte(&self, position: Position) -> usize {
        let start = self.line_range(position.line).start;
        let skipped = position.column - 1;
        let (from, left) = self.lines.skip(self.text.as_bytes(), start, skipped);
        let rest = self.text.get(from..).unwrap_or_default();
        rest.char_indices()
            .nth(left)
            .map_or(self.text.len(), |(byte, _)| from + byte)
    }

    /// The line, from 1, on which a byte of the text stands.
    pub fn line(&self, byte: usize) -> usize {
        self.lines.line(self.text.as_bytes(), byte)
    }

    /// The number of the last line; after a line end at the end of the text it is empty.
    pub fn last_line(&self) -> usize {
        self.lines.last(self.text.as_bytes())
    }

    /// The bytes of a line of the text (from 1), without its end.
    pub fn line_range(&self, line: usize) -> Range<usize> {
        self.lines.range(self.text.as_bytes(), line)
    }

    /// How many characters a stretch of the text has.
    pub fn characters(&self, range: Range<usize>) -> usize {
        self.lines.characters(self.text.as_bytes(), range)
    }
}
