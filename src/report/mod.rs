//! Reports: plain data in, text out; one file per format, one line per format here.
//!
//! What all of them tell stands in `story`: the same findings with the same weight, once each. What a review of a
//! document found is another report, in `assessment`.

mod assessment;
pub mod excerpt;
mod github;
mod gitlab;
mod human;
mod json;
mod junit;
mod markdown;
pub mod plain_text;
mod rdjson;
mod sarif;
mod sources;
mod story;

use std::io::{self, Write};

use crate::assessment::Assessment;
use crate::finding::Report;

pub use human::Style;
pub use sources::{Source, Sources};

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people at a terminal.
    Human,
    /// The stable contract.
    Json,
    /// SARIF 2.1.0: GitHub code scanning and editors.
    Sarif,
    /// Annotations by GitHub's workflow commands.
    Github,
    /// A step summary, or a comment on a merge request.
    Markdown,
    /// GitLab's Code Quality.
    Gitlab,
    /// The reviewdog diagnostic format.
    Rdjson,
    /// Test results.
    Junit,
}

impl Format {
    /// All formats and their words.
    pub const ALL: [(&'static str, Self); 8] = [
        ("human", Self::Human),
        ("json", Self::Json),
        ("sarif", Self::Sarif),
        ("github", Self::Github),
        ("markdown", Self::Markdown),
        ("gitlab", Self::Gitlab),
        ("rdjson", Self::Rdjson),
        ("junit", Self::Junit),
    ];

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
    /// The texts of the files with findings.
    pub sources: Sources,
    /// The rules of statements that were decided, broken or not.
    pub rules: Vec<RuleName>,
    /// How base was chosen.
    pub base_reason: Option<String>,
    /// What people should know about where the rules are from.
    pub rules_remark: Option<&'static str>,
    /// Why review statements were not reviewed.
    pub not_reviewed: &'static str,
    /// Whether the terminal shows findings only.
    pub quiet: bool,
    /// Whether SARIF lists what was suppressed, cleared or old.
    pub sarif_suppressed: bool,
}

/// A rule, as lists of rules name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleName {
    /// The slug.
    pub id: String,
    /// The number of the RFC.
    pub rfc: u32,
}

/// Writes a report on a document; formats that are about lines of code are as for people.
pub fn render_assessment(
    format: Format,
    assessment: &Assessment,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    assessment::render(format, assessment, style, out)
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
        Format::Sarif => sarif::render(report, surroundings, out),
        Format::Github => github::render(report, out),
        Format::Markdown => markdown::render(report, surroundings, out),
        Format::Gitlab => gitlab::render(report, out),
        Format::Rdjson => rdjson::render(report, surroundings, out),
        Format::Junit => junit::render(report, surroundings, out),
    }
}
