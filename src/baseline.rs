//! `codex-baseline.json`: the findings that were there when a repository adopted codex, or a rule.
//!
//! It is read by `check --all` only; a change is compared with its base anyway. It knows no lines: one entry stands for
//! equal findings (same rule, path, enclosing items, tokens) of one certainty, and hides as many, never a surer one.
//! Deliberately absent: moves to other files; what moved is found again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::{Certainty, Disposition, Finding};

/// The file's name; it lies beside `codex.toml`.
pub const FILE_NAME: &str = "codex-baseline.json";
const SCHEMA: u32 = 1;

/// Old findings, and how many of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: BTreeMap<Key, u32>,
}

/// Equal findings of one certainty; the fingerprint is that of the first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    path: String,
    rule: String,
    fingerprint: String,
    certainty: Certainty,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: u32,
    findings: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: String,
    rule: String,
    fingerprint: String,
    certainty: Certainty,
    count: u32,
}

impl Baseline {
    /// All findings that an exception does not cover. `firsts` says of each the first that is equal to it.
    pub fn of(firsts: &[usize], findings: &[Finding]) -> Self {
        let mut baseline = Self::default();
        for (finding, first) in findings.iter().zip(firsts) {
            if finding.disposition != Disposition::Suppressed {
                let key = key(finding, &findings[*first]);
                *baseline.entries.entry(key).or_default() += 1;
            }
        }
        baseline
    }

    /// Reads the file's text.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if document.schema != SCHEMA {
            return Err(format!("its schema is {}, not {SCHEMA}", document.schema));
        }
        let mut baseline = Self::default();
        for entry in document.findings {
            let key = Key {
                path: entry.path,
                rule: entry.rule,
                fingerprint: entry.fingerprint,
                certainty: entry.certainty,
            };
            // Both sides of a merge may have brought the same.
            let count = baseline.entries.entry(key).or_default();
            *count = (*count).max(entry.count);
        }
        Ok(baseline)
    }

    /// The file's text: one line for each entry, sorted, so that merges meet only where the code does.
    pub fn write(&self) -> Result<String, serde_json::Error> {
        let mut text = format!("{{\n\"schema\": {SCHEMA},\n\"findings\": [");
        for (index, (key, count)) in self.entries.iter().enumerate() {
            let entry = serde_json::to_string(&Entry {
                path: key.path.clone(),
                rule: key.rule.clone(),
                fingerprint: key.fingerprint.clone(),
                certainty: key.certainty,
                count: *count,
            })?;
            text.push_str(if index == 0 { "\n" } else { ",\n" });
            text.push_str(&entry);
        }
        text.push_str("\n]\n}\n");
        Ok(text)
    }

    /// How many findings it stands for.
    pub fn findings(&self) -> usize {
        self.entries.values().map(|count| *count as usize).sum()
    }

    /// Gives old findings their disposition. Certain ones first: a question may have been certain, never the other way
    /// round.
    pub fn apply(&self, firsts: &[usize], findings: &mut [Finding]) {
        let mut left = self.entries.clone();
        for certainty in [Certainty::Violation, Certainty::Ambiguous] {
            for (index, first) in firsts.iter().enumerate() {
                let finding = &findings[index];
                if finding.certainty != certainty || finding.disposition == Disposition::Suppressed
                {
                    continue;
                }
                let mut key = key(finding, &findings[*first]);
                let mut take = |key: &Key| {
                    let count = left.get_mut(key).filter(|count| **count > 0);
                    count.map(|count| *count -= 1).is_some()
                };
                let is_old = take(&key) || {
                    key.certainty = Certainty::Violation;
                    take(&key)
                };
                if is_old {
                    findings[index].disposition = Disposition::Baseline;
                }
            }
        }
    }

    /// What is left of it when only these findings are still there; `keeps` says what cannot be known to be gone.
    #[must_use]
    pub fn pruned(
        &self,
        firsts: &[usize],
        findings: &[Finding],
        keeps: impl Fn(&str, &str) -> bool,
    ) -> Self {
        let mut still = findings.to_vec();
        self.apply(firsts, &mut still);
        let mut left = Self::default();
        for ((finding, old), first) in still.iter().zip(findings).zip(firsts) {
            if finding.disposition == Disposition::Baseline {
                let key = key(old, &findings[*first]);
                *left.entries.entry(key).or_default() += 1;
            }
        }
        let kept = self
            .entries
            .iter()
            .filter(|(key, _)| keeps(&key.path, &key.rule));
        left.entries
            .extend(kept.map(|(key, count)| (key.clone(), *count)));
        left
    }
}

fn key(finding: &Finding, first: &Finding) -> Key {
    Key {
        path: finding.path.to_string(),
        rule: finding.rule.to_string(),
        fingerprint: first.fingerprint.clone(),
        certainty: finding.certainty,
    }
}
