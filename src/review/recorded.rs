//! The reviewer `recorded`: it says again what another one said, so that a run can be repeated anywhere, offline.
//!
//! A recording is an answer of the protocol, with the key of its case beside each verdict. One that is written by hand
//! may say `rule`, `path`, `line` and `kind` instead, or nothing but the id.

use serde::{Deserialize, Serialize};

use super::answer::Given;
use super::case::{Case, Request};
use super::{Reviewer, SCHEMA, Said, Time};
use crate::finding::Verdict;

/// Verdicts to be given again.
#[derive(Debug)]
pub struct Recording {
    entries: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: u32,
    verdicts: Vec<Entry>,
}

/// One verdict, and what it is on: all that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The key of the case; the id does not matter beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    case: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    verdict: String,
    #[serde(default)]
    rationale: String,
    #[serde(default)]
    quote: String,
    /// Who said so first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reviewer: Option<String>,
}

impl Entry {
    /// What was said on a case.
    pub fn new(case: &Case, verdict: &Verdict) -> Self {
        Self {
            case: Some(case.key()),
            rule: Some(case.rule.clone()),
            path: Some(case.path.clone()),
            line: Some(case.range.start.line),
            kind: (!case.kind.is_code()).then(|| case.kind.name.to_owned()),
            id: Some(case.id.clone()),
            verdict: case.kind.word(verdict.verdict).to_owned(),
            rationale: verdict.rationale.clone(),
            quote: verdict.quote.clone(),
            reviewer: Some(verdict.reviewer.clone()),
        }
    }

    fn is_on(&self, case: &Case) -> bool {
        if let Some(key) = &self.case {
            return *key == case.key();
        }
        let agrees =
            |given: &Option<String>, is: &str| given.as_ref().is_none_or(|given| given == is);
        let has_place = self.rule.is_some() || self.path.is_some() || self.line.is_some();
        agrees(&self.rule, &case.rule)
            && agrees(&self.path, &case.path)
            && agrees(&self.kind, case.kind.name)
            && self.line.is_none_or(|line| line == case.range.start.line)
            && (has_place || agrees(&self.id, &case.id))
    }
}

/// A recording as a text.
pub fn write(mut entries: Vec<Entry>) -> String {
    let place = |entry: &Entry| {
        let Entry {
            path, line, rule, ..
        } = entry;
        (path.clone(), *line, rule.clone(), entry.case.clone())
    };
    entries.sort_by_key(place);
    // The same case at two places is one verdict.
    let mut seen = std::collections::BTreeSet::new();
    entries.retain(|entry| entry.case.is_none() || seen.insert(entry.case.clone()));
    let document = Document {
        schema: SCHEMA,
        verdicts: entries,
    };
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

impl Recording {
    /// Reads a recording.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let document: Document =
            serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if document.schema != SCHEMA {
            return Err(format!("schema {} instead of {SCHEMA}", document.schema));
        }
        Ok(Self {
            entries: document.verdicts,
        })
    }
}

impl Reviewer for Recording {
    fn name(&self) -> &str {
        "recorded"
    }

    fn model(&self) -> &str {
        "recorded"
    }

    fn is_cached(&self) -> bool {
        false
    }

    fn ask(&self, request: &Request, _: Time) -> Result<Said, String> {
        #[derive(Serialize)]
        struct Answer {
            schema: u32,
            verdicts: Vec<Given>,
        }
        let on_case = |case: &Case| -> Vec<Given> {
            let entries = self.entries.iter().filter(|entry| entry.is_on(case));
            let given = |entry: &Entry| Given {
                id: case.id.clone(),
                verdict: entry.verdict.clone(),
                rationale: entry.rationale.clone(),
                quote: entry.quote.clone(),
            };
            entries.map(given).collect()
        };
        let answer = Answer {
            schema: SCHEMA,
            verdicts: request.cases.iter().flat_map(on_case).collect(),
        };
        let bytes = serde_json::to_vec(&answer).map_err(|error| error.to_string())?;
        Ok(bytes.into())
    }

    fn name_for(&self, case: &Case, _: usize) -> String {
        let entry = self.entries.iter().find(|entry| entry.is_on(case));
        let first = entry.and_then(|entry| entry.reviewer.clone());
        first.unwrap_or_else(|| self.name().to_owned())
    }
}
