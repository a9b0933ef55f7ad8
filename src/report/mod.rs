//! Reports: plain data in, text out; one file per format, one line per format here.

pub mod excerpt;
mod human;
mod json;
pub mod plain_text;

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::finding::Report;

pub use human::Style;

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people at a terminal.
    Human,
    /// The stable contract.
    Json,
}

impl Format {
    /// All formats and their words.
    pub const ALL: [(&'static str, Self); 2] = [("human", Self::Human), ("json", Self::Json)];

    /// The format of a word.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, format)| format)
    }
}

/// What a report for people shows beside the findings.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// The texts of the files with findings, by path.
    pub sources: BTreeMap<String, String>,
    /// How base was chosen.
    pub base_reason: Option<String>,
    /// What people should know about where the rules are from.
    pub rules_remark: Option<&'static str>,
    /// Why review statements were not reviewed.
    pub not_reviewed: &'static str,
}

/// Writes a report.
pub fn render(
    format: Format,
    report: &Report,
    surroundings: &Surroundings,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Human => human::render(report, surroundings, style, out),
        Format::Json => json::render(report, out),
    }
}
