//! The schema that an answer over HTTP is held to.
//!
//! One schema serves all requests of a rule with as many cases, because hosts put it before the system prompt: OpenAI
//! and Anthropic find nothing in their caches behind a schema that is new, work on it anew, and may keep it longer than
//! they keep a prompt. So code stands in a schema only for servers that make a grammar of it and nothing else: Ollama, and
//! those of this machine. There a quote is one of the lines shown, which even a model too small to copy can give.
//!
//! It is no part of a verdict's key: it says in which form to answer, never what is asked, and every answer is checked
//! as if there were none. Deliberately absent: bounds where a host refuses a schema that has them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::review::answer;
use crate::review::case::{Case, Request};

/// The most characters of a rationale and of a quote.
const RATIONALE: usize = 300;
const QUOTE: usize = 200;
/// The most lines that a quote is chosen from, and bytes of them. OpenAI, the strictest whose limits are written down, takes
/// 250 values without a limit to their length, and 500 of a schema from older models.
const LINES: usize = 200;
const BYTES: usize = 12 * 1024;

/// How much of an answer a schema holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hold {
    /// The length of texts, and of the list.
    pub(super) is_bounded: bool,
    /// What can be quoted.
    pub(super) is_closed: bool,
}

/// The schema of an answer to this request.
pub(super) fn schema(request: &Request, hold: Hold) -> Value {
    let mut schema: Value =
        serde_json::from_str(&answer::json_schema(&request.cases)).unwrap_or_default();
    let ids: Vec<&str> = request.cases.iter().map(|case| case.id.as_str()).collect();
    let count = ids.len();
    if let Some(verdicts) = schema.pointer_mut("/properties/verdicts") {
        let given = &mut verdicts["items"]["properties"];
        given["id"]["enum"] = json!(ids);
        if hold.is_bounded {
            given["rationale"]["maxLength"] = json!(RATIONALE);
            given["quote"]["maxLength"] = json!(QUOTE);
        }
        if hold.is_closed
            && let Some(lines) = lines(&request.cases)
        {
            given["quote"] = json!({"type": "string", "enum": lines});
        }
        if hold.is_bounded {
            verdicts["minItems"] = json!(count);
            verdicts["maxItems"] = json!(count);
        }
    }
    schema
}

/// The lines that are shown, each once and without the white space around it; `None` where they are too many or too
/// long to choose from. `}` is no evidence of anything.
fn lines(cases: &[Case]) -> Option<Vec<&str>> {
    let all = cases.iter().flat_map(Case::shown).flat_map(str::lines);
    let says_something = |line: &&str| line.contains(char::is_alphanumeric);
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    let mut bytes = 0;
    for line in all.map(str::trim).filter(says_something) {
        if seen.insert(line) {
            bytes += line.len();
            if lines.len() == LINES || bytes > BYTES || line.chars().nth(QUOTE).is_some() {
                return None;
            }
            lines.push(line);
        }
    }
    (!lines.is_empty()).then_some(lines)
}
