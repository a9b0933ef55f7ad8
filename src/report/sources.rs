//! The texts of files with findings, and where their lines begin.
//! Deliberately absent: reading them; a report may also come from a file, without any text.

use std::collections::BTreeMap;

use crate::finding::{Finding, Position};

/// Texts by path: the path as text, and its bytes when it is not UTF-8.
#[derive(Debug, Default)]
pub struct Sources(BTreeMap<(String, Option<String>), Source>);

/// One text.
#[derive(Debug)]
pub struct Source {
    /// The text, with U+FFFD where it is not UTF-8.
    pub text: String,
    /// The bytes of the file at which its lines begin.
    line_starts: Vec<usize>,
}

impl Sources {
    /// Adds the text of a file.
    pub fn add(&mut self, path: &str, path_bytes: Option<&str>, bytes: &[u8]) {
        let ends = bytes.iter().enumerate();
        let starts = ends
            .filter(|(_, byte)| **byte == b'\n')
            .map(|(at, _)| at + 1);
        let source = Source {
            text: String::from_utf8_lossy(bytes).into_owned(),
            line_starts: std::iter::once(0).chain(starts).collect(),
        };
        let key = (path.to_owned(), path_bytes.map(str::to_owned));
        self.0.insert(key, source);
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
    /// The column of a position in bytes, from 1.
    pub fn byte_column(&self, position: Position) -> Option<usize> {
        let start = *self.line_starts.get(position.line.checked_sub(1)?)?;
        Some(position.byte.checked_sub(start)? + 1)
    }
}
