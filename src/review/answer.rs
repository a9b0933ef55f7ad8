//! A reviewer's answer, read strictly: what is not exactly an answer to the case is none.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::SCHEMA;
use super::case::Case;
use super::neutral;
use crate::finding::{Answer, Verdict};

/// How the reason begins when an answer came and cannot be used.
pub const INVALID: &str = "invalid answer";

/// The answers to one request, by the ids of its cases. Ids that nobody asked about are never looked up.
#[derive(Debug)]
pub struct Answers {
    by_id: BTreeMap<String, Vec<Given>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: u32,
    verdicts: Vec<Given>,
}

/// One verdict as it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The id of its case.
    pub id: String,
    /// One of the words of the case's kind.
    pub verdict: String,
    /// Why.
    #[serde(default)]
    pub rationale: String,
    /// The code that shows it.
    #[serde(default)]
    pub quote: String,
}

impl Answers {
    /// Reads one JSON document and nothing after it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let invalid = |reason: String| format!("{INVALID}: {reason}");
        let document: Document =
            serde_json::from_slice(bytes).map_err(|error| invalid(error.to_string()))?;
        if document.schema != SCHEMA {
            return Err(invalid(format!(
                "schema {} instead of {SCHEMA}",
                document.schema
            )));
        }
        let mut by_id: BTreeMap<String, Vec<Given>> = BTreeMap::new();
        for given in document.verdicts {
            by_id.entry(given.id.clone()).or_default().push(given);
        }
        Ok(Self { by_id })
    }

    /// How many verdicts are on cases that nobody asked about.
    pub fn strangers(&self, cases: &[Case]) -> usize {
        let is_known = |id: &String| cases.iter().any(|case| case.id == *id);
        let strangers = self.by_id.iter().filter(|(id, _)| !is_known(id));
        strangers.map(|(_, given)| given.len()).sum()
    }

    /// The verdict on a case.
    pub fn verdict(&self, case: &Case, reviewer: &str) -> Result<Verdict, String> {
        match self.by_id.get(&case.id).map(Vec::as_slice) {
            None | Some([]) => Err("no answer".to_owned()),
            Some([given]) => given.verdict(case, reviewer),
            Some(_) => Err(format!("{INVALID}: two verdicts on one case")),
        }
    }
}

impl Given {
    /// The verdict, when it is one on what was shown.
    pub fn verdict(&self, case: &Case, reviewer: &str) -> Result<Verdict, String> {
        let invalid = |reason: &str| Err(format!("{INVALID}: {reason}"));
        let Some(verdict) = case.kind.read(&self.verdict) else {
            let names = case.kind.names();
            let (last, rest) = names.split_last().unwrap_or((&"", &[]));
            return invalid(&format!("a verdict is {} or {last}", rest.join(", ")));
        };
        let quote = self.quote.trim();
        if verdict != Answer::Unsure && quote.is_empty() {
            return invalid("no quote");
        }
        if !case.shown().any(|code| code.contains(quote)) {
            return invalid(&format!(
                "the quote does not occur in the {}",
                case.kind.noun
            ));
        }
        Ok(Verdict {
            verdict,
            rationale: neutral::said(&self.rationale),
            quote: quote.to_owned(),
            reviewer: neutral::said(reviewer),
            cached: false,
        })
    }
}

/// The JSON schema of an answer to these cases, for whoever holds a model to one.
pub fn json_schema(cases: &[Case]) -> String {
    let mut words: Vec<&str> = cases.iter().flat_map(|case| case.kind.names()).collect();
    let mut seen = BTreeSet::new();
    words.retain(|word| seen.insert(*word));
    let text = json!({"type": "string"});
    let verdict = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["id", "verdict", "rationale", "quote"],
        "properties": {
            "id": text,
            "verdict": {"type": "string", "enum": words},
            "rationale": text,
            "quote": text,
        },
    });
    let schema = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["schema", "verdicts"],
        "properties": {
            "schema": {"type": "integer", "enum": [SCHEMA]},
            "verdicts": {"type": "array", "items": verdict},
        },
    });
    schema.to_string()
}
