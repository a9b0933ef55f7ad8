//! `[review]`: what a repository may say about its review, which is how to narrow it.
//!
//! Deliberately absent: who is asked ([`crate::review`]); that comes from outside of the repository.

use globset::GlobSet;
use toml::de::{DeTable, DeValue};

use super::values;
use crate::problem::Problems;
use crate::source::RepoPath;

const REVIEW_KEYS: [&str; 3] = ["rules", "risk-paths", "max-cases"];

const REVIEW_HELP: &str = "here only `rules`, `risk-paths` and `max-cases`; programs, addresses and prompts of a reviewer come from outside of the repository: use `--review ..`, CODEX_REVIEW_* or your own configuration file";

/// What a repository may say about its review: less of it, and in which order.
#[derive(Debug, Clone, Default)]
pub struct Narrowing {
    /// The rules that a reviewer is asked about; `None` for all.
    pub rules: Option<Vec<String>>,
    /// Paths that are asked about first.
    pub risk_paths: GlobSet,
    /// The most cases of a run.
    pub max_cases: Option<usize>,
}

impl Narrowing {
    /// Whether a reviewer is asked about this rule.
    pub fn reviews(&self, rule: &str) -> bool {
        let mut rules = self.rules.iter().flatten();
        self.rules.is_none() || rules.any(|known| known == rule)
    }

    /// Whether a file is asked about first.
    pub fn is_risky(&self, path: &RepoPath) -> bool {
        self.risk_paths.is_match(path.to_path())
    }

    /// `place` is that of the word `review`.
    pub(super) fn read(
        &mut self,
        table: &DeTable<'_>,
        place: std::ops::Range<usize>,
        problems: &mut Problems,
    ) {
        let mut foreign = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match name {
                "rules" => {
                    let rules = values::texts(name, value, problems);
                    self.rules = Some(rules.into_iter().map(|(text, _)| text).collect());
                }
                "risk-paths" => {
                    self.risk_paths =
                        values::globs(&values::texts(name, value, problems), problems);
                }
                "max-cases" => {
                    let number = match value.get_ref() {
                        DeValue::Integer(number) => number.to_string().parse().ok(),
                        _ => None,
                    };
                    match number {
                        Some(number) => self.max_cases = Some(number),
                        None => problems.add(value.span(), "`max-cases` must be a number of cases"),
                    }
                }
                _ if crate::problem::nearest(name, REVIEW_KEYS).is_some() => problems.add_unknown(
                    key.span(),
                    format!("unknown key `{name}`"),
                    name,
                    REVIEW_KEYS,
                ),
                _ => foreign.push(format!("`{name}`")),
            }
        }
        if !foreign.is_empty() {
            let names = foreign.join(", ");
            let message = format!("`[review]` does not belong into a repository with {names}");
            problems.add_with_help(place, message, REVIEW_HELP);
        }
    }
}
