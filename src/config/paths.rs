//! `[[paths]]`: what is different for some files: rules that are off, for a reason, and the weakest finding that fails.
//!
//! Deliberately absent: rules that take no exception; turning one off is refused where rules are known
//! ([`crate::rule::in_force`]).

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::values;
use crate::finding::Disposition;
use crate::problem::Problems;
use crate::source::RepoPath;

const KEYS: [&str; 4] = ["globs", "off", "reason", "fail-on"];

/// One section.
#[derive(Debug, Clone)]
pub struct PathSection {
    /// The files, as globs below the folder of the configuration.
    pub globs: Vec<String>,
    files: GlobSet,
    /// Rules that are off there.
    pub off: Vec<String>,
    /// Why.
    pub reason: Option<String>,
    /// The weakest disposition that fails a check there.
    pub fail_on: Option<Disposition>,
    /// The line of the section, from 1.
    pub line: usize,
}

impl PathSection {
    /// Whether a file is one of them, by its path below the folder of the configuration.
    pub fn names(&self, path: &str) -> bool {
        self.files.is_match(path)
    }

    /// The files, as the whole repository names them; `folder` is that of the configuration. None when their globs are
    /// too large with the folder before them: then nothing is off.
    pub fn files(&self, folder: &RepoPath) -> GlobSet {
        let mut builder = GlobSetBuilder::new();
        let prefix = match folder.as_bytes() {
            b"" => return self.files.clone(),
            _ => format!("{}/", globset::escape(&folder.text())),
        };
        for glob in &self.globs {
            let glob = format!("{prefix}{glob}");
            if let Ok(glob) = GlobBuilder::new(&glob).literal_separator(true).build() {
                builder.add(glob);
            }
        }
        builder.build().unwrap_or_else(|_| GlobSet::empty())
    }
}

/// Reads `[[paths]]`.
pub(super) fn read(value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Vec<PathSection> {
    let DeValue::Array(sections) = value.get_ref() else {
        let help = "write `[[paths]]`, then `globs = [\"legacy/**\"]` below it";
        problems.add_with_help(value.span(), "`paths` must be a list of sections", help);
        return Vec::new();
    };
    let mut all = Vec::new();
    for section in sections {
        match section.get_ref() {
            DeValue::Table(table) => all.push(read_section(table, section.span(), problems)),
            _ => problems.add(section.span(), "`paths` must be a list of sections"),
        }
    }
    all
}

fn read_section(
    table: &DeTable<'_>,
    span: std::ops::Range<usize>,
    problems: &mut Problems,
) -> PathSection {
    let mut section = PathSection {
        globs: Vec::new(),
        files: GlobSet::empty(),
        off: Vec::new(),
        reason: None,
        fail_on: None,
        line: problems.document().line(span.start),
    };
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        match name {
            "globs" => {
                (section.globs, section.files) = values::inner_globs(name, value, problems);
            }
            "off" => {
                let texts = values::texts(name, value, problems);
                section.off = texts.into_iter().map(|(text, _)| text).collect();
            }
            "reason" => section.reason = values::word(name, value, problems),
            "fail-on" => section.fail_on = values::threshold(name, value, problems),
            _ => {
                let message = format!("unknown key `{name}` in `[[paths]]`");
                problems.add_unknown(key.span(), message, name, KEYS);
            }
        }
    }
    if !table.contains_key("globs") {
        let help = "add `globs = [\"legacy/**\"]`";
        problems.add_with_help(span.clone(), "`[[paths]]` needs `globs`", help);
    }
    if !section.off.is_empty() && section.reason.is_none() {
        let message = "a rule that is off needs a reason";
        problems.add_with_help(span.clone(), message, "add `reason = \"..\"`");
    }
    if section.off.is_empty() && section.fail_on.is_none() {
        let message = "this section of `[[paths]]` says nothing";
        problems.add_with_help(span, message, "add `off` with a `reason`, or `fail-on`");
    }
    section
}
