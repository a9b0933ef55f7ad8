//! A reviewer's answer, read strictly: what is not exactly an answer to the case is none.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::SCHEMA;
use crate::finding::{Answer, Verdict};

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

#[derive(Debug, Deserialize)]
struct Given {
    id: String,
    verdict: String,
    #[serde(default)]
    rationale: String,
    #[serde(default)]
    quote: String,
}

impl Answers {
    /// Reads one JSON document and nothing after it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let invalid = |reason: String| format!("invalid answer: {reason}");
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

    /// The verdict on a case of which `shown` was the code.
    pub fn verdict(&self, id: &str, shown: &str, reviewer: &str) -> Result<Verdict, String> {
        let invalid = |reason: &str| Err(format!("invalid answer: {reason}"));
        let given = match self.by_id.get(id).map(Vec::as_slice) {
            None | Some([]) => return Err("no answer".to_owned()),
            Some([given]) => given,
            Some(_) => return invalid("two verdicts on one case"),
        };
        let verdict = match given.verdict.as_str() {
            "violation" => Answer::Violation,
            "compliant" => Answer::Compliant,
            "unsure" => Answer::Unsure,
            _ => return invalid("a verdict is violation, compliant or unsure"),
        };
        let quote = given.quote.trim();
        if verdict != Answer::Unsure && quote.is_empty() {
            return invalid("no quote");
        }
        if !shown.contains(quote) {
            return invalid("the quote does not occur in the code");
        }
        Ok(Verdict {
            verdict,
            rationale: given.rationale.trim().to_owned(),
            quote: quote.to_owned(),
            reviewer: reviewer.to_owned(),
            cached: false,
        })
    }
}
