//! `--format sarif`: SARIF 2.1.0, as GitHub's code scanning wants it.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>,
//! <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>
//!
//! GitHub opens an alert for every result, also for suppressed ones: what was suppressed, cleared or is old is left out
//! unless asked for. What is no finding is a notification. Deliberately absent: `automationDetails`, because it would keep
//! the category from whoever uploads.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::Surroundings;
use super::plain_text::visible;
use super::story::{self, Entry, shortened};
use crate::finding::{Disposition, Finding, Level, Position, Range, Report, Status, path_as_it_is};

/// GitHub refuses a run with more.
const RESULTS_LIMIT: usize = 25_000;
/// GitHub refuses a file of more than 10 MB (compressed): texts and paths beyond these bytes are shortened or left out.
const TEXTS_ROOM: usize = 4_000_000;
const PATHS_ROOM: usize = 2_000_000;
/// Bytes of a text when there is no room for more.
const SHORT: usize = 200;
/// Of the places of a result GitHub keeps so many.
const PLACES_LIMIT: usize = 100;
/// Of what is said of the law itself.
const REMARKS_LIMIT: usize = 1_000;
/// Characters of a description.
const TEXT_LIMIT: usize = 1_000;
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Writes one document.
pub(super) fn render(
    report: &Report,
    surroundings: &Surroundings,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut entries = story::entries(report);
    if surroundings.sarif_suppressed {
        let hidden = report
            .findings
            .iter()
            .filter(|finding| !story::is_told(finding));
        entries.extend(hidden.map(story::of_finding));
    }
    let all = entries.len();
    entries.truncate(RESULTS_LIMIT.min(with_room(&entries)));
    let more = all - entries.len();
    let (indices, rules) = rules(&entries);
    let mut room = TEXTS_ROOM;
    let results: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let index = indices.get(entry.rule).copied().unwrap_or(0);
            result(entry, index, &mut room)
        })
        .collect();
    let facts = story::facts(report).into_iter();
    let facts: BTreeMap<&str, Value> = facts.collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "codex",
                "semanticVersion": report.codex,
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
                "properties": {"rulesHash": report.rules_hash},
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"SRCROOT": {
                "description": {"text": "The root of the repository that was checked."},
            }},
            "invocations": [{
                "executionSuccessful": report.rules_refused.is_empty(),
                "toolExecutionNotifications": notifications(report, more),
            }],
            "properties": facts,
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

/// How many entries there are until their paths take too much room. Paths cannot be shortened.
fn with_room(entries: &[Entry<'_>]) -> usize {
    let paths: Vec<&str> = entries.iter().map(|entry| entry.path).collect();
    let mut bytes = 0;
    for (index, path) in paths.iter().enumerate() {
        let is_said = index > 0 && paths[index - 1] == *path;
        bytes += if is_said { 0 } else { path.len() };
        if bytes > PATHS_ROOM {
            return index;
        }
    }
    paths.len()
}

/// The rules of the results, in the order of their names, and the index of each.
fn rules<'a>(entries: &[Entry<'a>]) -> (BTreeMap<&'a str, usize>, Vec<Value>) {
    let mut first: BTreeMap<&str, &Entry<'_>> = BTreeMap::new();
    for entry in entries {
        first.entry(entry.rule).or_insert(entry);
    }
    let described = first.values().map(|entry| rule(entry)).collect();
    let mut indices: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in entries {
        indices.insert(entry.rule, 0);
    }
    for (index, place) in indices.values_mut().enumerate() {
        *place = index;
    }
    (indices, described)
}

fn rule(entry: &Entry<'_>) -> Value {
    let finding = entry.finding;
    let law = finding.filter(|finding| finding.statement.is_some());
    let statement = &*visible(match law {
        Some(finding) => finding.statement.as_deref().unwrap_or_default(),
        None if entry.rule == story::UNCHECKED => "A source that could not be looked at.",
        None if entry.rule == story::RULES_STALE => {
            "Rules from elsewhere that are stale or missing."
        }
        None => entry.rule,
    });
    let said = finding.map(|finding| [&finding.advice, &finding.note]);
    let said = said.into_iter().flatten().flatten();
    let said: Vec<String> = said.map(|text| visible(text)).collect();
    let texts = std::iter::once(statement).chain(said.iter().map(String::as_str));
    let full = texts.collect::<Vec<_>>().join(" ");
    let full = full.trim_end();
    let level = default_level(entry);
    let mut rule = json!({
        "id": entry.rule,
        "shortDescription": {"text": shortened(statement, TEXT_LIMIT)},
        "fullDescription": {"text": shortened(full, TEXT_LIMIT)},
        "help": {"text": full, "markdown": help(entry, statement, &said)},
        "defaultConfiguration": {"level": level},
        "properties": {
            "precision": "high",
            "problem.severity": match level {
                "note" => "recommendation",
                other => other,
            },
        },
    });
    if let Some(number) = finding.and_then(|finding| finding.rfc) {
        rule["properties"]["tags"] = json!([format!("rfc-{number}")]);
    }
    if let Some(link) = finding.and_then(story::link) {
        rule["helpUri"] = json!(link);
    }
    rule
}

fn help(entry: &Entry<'_>, statement: &str, said: &[String]) -> String {
    let mut paragraphs = Vec::new();
    if let Some(finding) = entry.finding {
        if let (Some(rfc), Some(level)) = (finding.rfc, finding.level) {
            paragraphs.push(format!("RFC {rfc}, {}:", level.keyword()));
        }
        paragraphs.push(format!("> {}", statement.replace('\n', "\n> ")));
        paragraphs.extend(said.iter().cloned());
        let name = finding.rfc.map_or("More about it", |_| "The RFC");
        paragraphs.extend(finding.href.iter().map(|href| match story::link(finding) {
            Some(link) => format!("[{name}](<{link}>)"),
            None => format!("See `{href}`."),
        }));
    } else {
        paragraphs.push(statement.to_owned());
    }
    if entry.finding.is_some_and(|finding| finding.rfc.is_some()) {
        paragraphs.push(format!("`codex explain {}` shows examples.", entry.rule));
    }
    paragraphs.join("\n\n")
}

/// What a violation of the rule weighs; a single finding may weigh less.
fn default_level(entry: &Entry<'_>) -> &'static str {
    let law = entry
        .finding
        .and_then(|finding| Some((finding.level?, finding.status?)));
    match law {
        Some((level, status)) => match (Level::is_binding(level), status) {
            (true, Status::Enforced) => "error",
            (true, _) | (false, Status::Enforced) => "warning",
            (false, _) => "note",
        },
        None => result_level(entry.weight),
    }
}

fn result_level(weight: Disposition) -> &'static str {
    match weight {
        Disposition::Block => "error",
        Disposition::Review | Disposition::Warn => "warning",
        _ => "note",
    }
}

/// One result, with texts as long as there is `room` for.
fn result(entry: &Entry<'_>, rule_index: usize, room: &mut usize) -> Value {
    let limit = if *room > 0 { story::TEXT_LIMIT } else { SHORT };
    let mut lines = vec![entry.title.clone().into_owned()];
    let mut region =
        json!({"startLine": entry.line, "startColumn": 1, "endLine": entry.line, "endColumn": 1});
    let mut result = json!({
        "ruleId": entry.rule,
        "ruleIndex": rule_index,
        "level": result_level(entry.weight),
        "partialFingerprints": {"primaryLocationLineHash": entry.fingerprint},
        "properties": {"disposition": entry.weight.word()},
    });
    if let Some(finding) = entry.finding {
        region = place(finding.focus);
        lines.extend(story::reasons(finding));
        result["properties"]["certainty"] = json!(finding.certainty);
        let related = related(finding, room);
        if !related.is_empty() {
            result["relatedLocations"] = json!(related);
        }
        if let Some(fix) = fix(entry, finding).filter(|_| *room > 0) {
            result["fixes"] = json!([fix]);
        }
        if let Some(suppression) = suppression(finding) {
            result["suppressions"] = json!([suppression]);
        }
    }
    let text = message(&shortened(&lines.join("\n"), limit));
    *room = room.saturating_sub(text.len());
    result["message"] = json!({"text": text});
    let artifact = artifact(entry.path, entry.path_bytes);
    result["locations"] = json!([{
        "physicalLocation": {"artifactLocation": artifact, "region": region},
    }]);
    result
}

fn related(finding: &Finding, room: &mut usize) -> Vec<Value> {
    let limit = if *room > 0 { PLACES_LIMIT } else { 0 };
    let labels = finding.labels.iter().map(|label| {
        let same = *label.path == *finding.path;
        let bytes = finding.path_bytes.as_deref().filter(|_| same);
        (
            artifact(&label.path, bytes),
            place(label.range),
            &label.text,
        )
    });
    let cause = finding.cause.iter().map(|cause| {
        let line = cause.line;
        let region = json!({"startLine": line, "startColumn": 1, "endLine": line, "endColumn": 1});
        (artifact(&cause.path, None), region, &cause.text)
    });
    let location = |(index, (artifact, region, text)): (usize, (Value, Value, &String))| {
        let text = message(&shortened(text, SHORT));
        *room = room.saturating_sub(text.len() + artifact.to_string().len());
        json!({
            "id": index + 1,
            "message": {"text": text},
            "physicalLocation": {"artifactLocation": artifact, "region": region},
        })
    };
    // The cause first: it is the changed line.
    cause
        .chain(labels)
        .take(limit)
        .enumerate()
        .map(location)
        .collect()
}

fn fix(entry: &Entry<'_>, finding: &Finding) -> Option<Value> {
    let edits = finding.fix.as_ref()?;
    let replacements: Vec<Value> = edits
        .iter()
        .map(|edit| json!({"deletedRegion": place(edit.range), "insertedContent": {"text": edit.text}}))
        .collect();
    (!replacements.is_empty()).then(|| {
        json!({
            "description": {"text": "What the rule proposes."},
            "artifactChanges": [{
                "artifactLocation": artifact(entry.path, entry.path_bytes),
                "replacements": replacements,
            }],
        })
    })
}

/// Why it is no alert.
fn suppression(finding: &Finding) -> Option<Value> {
    Some(match (finding.disposition, &finding.suppressed) {
        (Disposition::Suppressed, Some(suppressed)) => {
            let mut reason = suppressed.reason.clone();
            if let Some(owner) = &suppressed.owner {
                reason.push_str(&format!(" (owner: {owner})"));
            }
            if let Some(until) = &suppressed.until {
                reason.push_str(&format!(" (until {until})"));
            }
            json!({"kind": "inSource", "status": "accepted", "justification": reason})
        }
        (Disposition::Cleared, _) => json!({
            "kind": "external",
            "status": "accepted",
            "justification": story::opinion(finding).unwrap_or_default(),
        }),
        (Disposition::Baseline, _) => {
            json!({"kind": "external", "status": "accepted", "justification": "in the baseline"})
        }
        _ => return None,
    })
}

fn notifications(report: &Report, more: usize) -> Vec<Value> {
    let refused = report.rules_refused.iter().map(|refused| {
        let text = story::refusal(&refused.rule, &refused.error);
        json!({"level": "error", "message": {"text": message(&text)}})
    });
    let remarks = story::remarks(report).into_iter().take(REMARKS_LIMIT);
    let remarks = remarks.map(|entry| {
        json!({
            "level": "note",
            "message": {"text": message(&shortened(&entry.title, SHORT))},
            "locations": [{"physicalLocation": {
                "artifactLocation": artifact(entry.path, None),
                "region": {"startLine": entry.line},
            }}],
        })
    });
    let more = (more > 0).then(|| {
        let text = format!("{more} more results are left out: GitHub takes no larger file");
        json!({"level": "warning", "message": {"text": text}})
    });
    let broken = story::broken_glass(report);
    let broken =
        broken.map(|text| json!({"level": "warning", "message": {"text": message(&text)}}));
    let stale = story::stale_rules(report).into_iter();
    let stale = stale.map(|text| json!({"level": "warning", "message": {"text": message(&text)}}));
    refused
        .chain(stale)
        .chain(broken)
        .chain(remarks)
        .chain(more)
        .collect()
}

fn place(range: Range) -> Value {
    let Range { start, end } = range;
    let Position { line, column, .. } = end.max(start);
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": line,
        "endColumn": column,
    })
}

/// In a message `[text](place)` would be a link.
fn message(text: &str) -> String {
    let text = visible(text);
    match text.contains("](") {
        true => text.replace('[', "\\[").replace(']', "\\]"),
        false => text,
    }
}

/// The path as a relative address: the very bytes, each that means something escaped.
fn artifact(path: &str, path_bytes: Option<&str>) -> Value {
    let bytes = path_as_it_is(path, path_bytes);
    let mut uri = String::with_capacity(bytes.len());
    for byte in bytes.iter() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(*byte));
            }
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    json!({"uri": uri, "uriBaseId": "SRCROOT"})
}
