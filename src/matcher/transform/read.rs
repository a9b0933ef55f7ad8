//! From YAML to [`Transform`]s, in both spellings: `{convert: {source: $A, toCase: camelCase}}` and
//! `convert($A, toCase=camelCase)`.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use regex::Regex;

use super::{Case, How, Separator, Transform};
use crate::matcher::read::Reader;
use crate::problem::Problems;
use crate::yaml::{self, Entry, Node, Offsets, Value};

/// Each transformation with its options beside `source`.
const KINDS: [(&str, &[&str]); 3] = [
    ("replace", &["replace", "by"]),
    ("substring", &["startChar", "endChar"]),
    ("convert", &["toCase", "separatedBy"]),
];

/// A transformation taken apart: its word, its source, its options.
struct Parts<'n> {
    kind: &'static str,
    source: (&'n str, Range<usize>),
    options: Vec<Entry>,
    span: Range<usize>,
}

/// Reads `transform`; `bound` are the metavariables of the rule. What is made of others comes after them.
pub fn read(node: &Node, bound: &BTreeSet<Arc<str>>, reader: &mut Reader<'_>) -> Vec<Transform> {
    let Value::Map(entries) = &node.value else {
        let message = "`transform` must be a mapping of new metavariables to transformations";
        reader.problems().add(node.span.clone(), message);
        return Vec::new();
    };
    let mut names = bound.clone();
    for entry in entries {
        if !names.insert(Arc::from(entry.key.as_str())) {
            let message = format!("a pattern of this rule binds `${}` already", entry.key);
            reader.problems().add(entry.key_span.clone(), message);
        }
    }
    let mut read: Vec<(&Entry, Transform)> = Vec::new();
    for entry in entries {
        let Some(parts) = parts(&entry.value, reader) else {
            continue;
        };
        let Some((source, is_list)) = variable(parts.source.0) else {
            let message = format!(
                "`source` must be a metavariable like `$A`, not `{}`",
                parts.source.0
            );
            reader.problems().add(parts.source.1, message);
            continue;
        };
        reader.need_variable(source, parts.source.1.clone(), &names);
        let name = Arc::from(entry.key.as_str());
        let source = Arc::from(source);
        if let Some(how) = how(&parts, reader.problems()) {
            read.push((
                entry,
                Transform {
                    name,
                    source,
                    is_list,
                    how,
                },
            ));
        }
    }
    in_order(read, bound, reader.problems())
}

/// What needs another comes after it; circles are complained about.
fn in_order(
    mut read: Vec<(&Entry, Transform)>,
    bound: &BTreeSet<Arc<str>>,
    problems: &mut Problems,
) -> Vec<Transform> {
    let mut ordered: Vec<Transform> = Vec::new();
    loop {
        let waits = |of: &Transform| {
            !bound.contains(&of.source) && read.iter().any(|(_, other)| other.name == of.source)
        };
        let Some(next) = read.iter().position(|(_, transform)| !waits(transform)) else {
            break;
        };
        ordered.push(read.remove(next).1);
    }
    for (entry, _) in read {
        let message = format!("`${}` is made of itself", entry.key);
        problems.add(entry.key_span.clone(), message);
    }
    ordered
}

fn parts<'n>(node: &'n Node, reader: &mut Reader<'_>) -> Option<Parts<'n>> {
    if let Some(text) = node.as_text() {
        return written_as_call(text, &node.span, reader.problems());
    }
    let known = KINDS.map(|(kind, _)| kind);
    let entries = node.entries();
    for entry in entries {
        refuse_kind(&entry.key, &entry.key_span, reader.problems());
    }
    let [entry] = entries else {
        let message = format!("a transformation is one of {}", known.join(", "));
        reader.problems().add(node.span.clone(), message);
        return None;
    };
    let (kind, options) = KINDS.into_iter().find(|(kind, _)| *kind == entry.key)?;
    let Value::Map(given) = &entry.value.value else {
        let message = format!("`{kind}` must be a mapping with `source`");
        reader.problems().add(entry.value.span.clone(), message);
        return None;
    };
    let known = [&["source"], options].concat();
    reader.doubt(|reader| {
        let unknown = |option: &&Entry| !known.contains(&option.key.as_str());
        for option in given.iter().filter(unknown) {
            let message = format!("`{kind}` has no option `{}`", option.key);
            let span = option.key_span.clone();
            let known = known.iter().copied();
            reader
                .problems()
                .add_unknown(span, message, &option.key, known);
        }
    });
    let Some(source) = entry.value.get("source") else {
        let message = format!("`{kind}` needs `source`");
        reader.problems().add(entry.value.span.clone(), message);
        return None;
    };
    Some(Parts {
        kind,
        source: (
            source.need_text("source", reader.problems())?,
            source.span.clone(),
        ),
        options: given.clone(),
        span: entry.value.span.clone(),
    })
}

fn refuse_kind(word: &str, span: &Range<usize>, problems: &mut Problems) {
    if word == "rewrite" {
        problems.add(
            span.clone(),
            "`rewrite` is not supported: no rule pack uses it",
        );
    } else if KINDS.iter().all(|(kind, _)| *kind != word) {
        let message = format!("unknown transformation `{word}`");
        let known = KINDS.map(|(kind, _)| kind);
        problems.add_unknown(span.clone(), message, word, known);
    }
}

/// `word($SOURCE, option=value, ...)`.
fn written_as_call<'n>(
    text: &'n str,
    span: &Range<usize>,
    problems: &mut Problems,
) -> Option<Parts<'n>> {
    let taken_apart = text.trim().split_once('(').and_then(|(word, rest)| {
        let (source, rest) = rest.trim_end_matches(')').split_once(',')?;
        Some((word.trim(), source.trim(), arguments(rest.trim())?))
    });
    let Some((word, source, arguments)) = taken_apart else {
        let message = format!("`{text}` is no transformation");
        let help = "write for example `convert($A, toCase=camelCase)`";
        problems.add_with_help(span.clone(), message, help);
        return None;
    };
    refuse_kind(word, span, problems);
    let (kind, known) = KINDS.into_iter().find(|(kind, _)| *kind == word)?;
    let mut options = Vec::new();
    for (key, value) in arguments {
        if !known.contains(&key) {
            let message = format!("`{kind}` has no option `{key}`");
            problems.add_unknown(span.clone(), message, key, known.iter().copied());
            return None;
        }
        // Whatever is wrong with the value is wrong with the whole text.
        let mut own = Problems::new(Arc::clone(problems.document()));
        let Some(mut value) = yaml::parse(value, &Offsets::whole(), &mut own) else {
            problems.add(span.clone(), format!("the value of `{key}` is no YAML"));
            return None;
        };
        move_to(&mut value, span);
        options.push(Entry {
            key: key.to_owned(),
            key_span: span.clone(),
            value,
        });
    }
    Some(Parts {
        kind,
        source: (source, span.clone()),
        options,
        span: span.clone(),
    })
}

fn arguments(mut rest: &str) -> Option<Vec<(&str, &str)>> {
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let end = match after.chars().next()? {
            '[' => after.find(']')? + 1,
            quote @ ('"' | '\'') => after[1..].find(quote)? + 2,
            _ => after.find(',').unwrap_or(after.len()),
        };
        found.push((key.trim(), &after[..end]));
        rest = after[end..].trim_start().trim_start_matches(',').trim();
    }
    Some(found)
}

fn move_to(node: &mut Node, span: &Range<usize>) {
    node.span = span.clone();
    if let Value::List(nodes) = &mut node.value {
        nodes.iter_mut().for_each(|node| move_to(node, span));
    }
}

/// The name in `$NAME` or `$$$NAME`, and whether it is a list.
fn variable(text: &str) -> Option<(&str, bool)> {
    let name = text.trim_start_matches('$');
    let dollars = text.len() - name.len();
    let is_name = name.starts_with(|first: char| first.is_ascii_uppercase())
        && name
            .chars()
            .all(|next| next.is_ascii_uppercase() || next.is_ascii_digit() || next == '_');
    (is_name && (1..=3).contains(&dollars)).then_some((name, dollars == 3))
}

fn how(parts: &Parts<'_>, problems: &mut Problems) -> Option<How> {
    let given = |key: &str| {
        let entry = parts.options.iter().find(|entry| entry.key == key)?;
        (entry.value.value != Value::Null).then_some(&entry.value)
    };
    let needed = |key: &str, problems: &mut Problems| {
        let value = given(key);
        if value.is_none() {
            let message = format!("`{}` needs `{key}`", parts.kind);
            problems.add(parts.span.clone(), message);
        }
        value
    };
    match parts.kind {
        "replace" => {
            let by = needed("by", problems);
            let pattern = needed("replace", problems)?;
            let by = by?;
            let Value::Text(text) = &pattern.value else {
                let message = format!("`replace` must be text, not {}", pattern.word());
                problems.add(pattern.span.clone(), message);
                return None;
            };
            let regex = Regex::new(text);
            if let Err(error) = &regex {
                problems.add(
                    pattern.span.clone(),
                    crate::matcher::read::not_a_regex(error),
                );
            }
            let Value::Text(by) = &by.value else {
                let message = format!("`by` must be text, not {}", by.word());
                problems.add(by.span.clone(), message);
                return None;
            };
            Some(How::Replace {
                pattern: regex.ok()?,
                by: by.clone(),
            })
        }
        "substring" => {
            let mut place = |key: &str| match given(key) {
                None => Some(None),
                Some(value) => {
                    let place = match &value.value {
                        Value::Number(text) => text.parse::<i32>().ok(),
                        _ => None,
                    };
                    if place.is_none() {
                        let message = format!("`{key}` must be a whole number");
                        problems.add(value.span.clone(), message);
                    }
                    place.map(Some)
                }
            };
            let (start, end) = (place("startChar"), place("endChar"));
            Some(How::Substring {
                start: start?.unwrap_or(0),
                end: end?,
            })
        }
        _ => {
            let to = needed("toCase", problems)?;
            let to = word("toCase", to, &Case::ALL, problems);
            let separators = match given("separatedBy") {
                None => Some(Separator::ALL.map(|(_, separator)| separator).to_vec()),
                Some(list) => list
                    .need_list("separatedBy", problems)
                    .iter()
                    .map(|node| word("separatedBy", node, &Separator::ALL, problems))
                    .collect(),
            };
            Some(How::Convert {
                to: to?,
                separators: separators?,
            })
        }
    }
}

fn word<T: Copy>(
    key: &str,
    node: &Node,
    known: &[(&str, T)],
    problems: &mut Problems,
) -> Option<T> {
    let text = node.need_text(key, problems)?;
    let found = known.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let message = format!("`{key}` cannot be `{text}`");
        let known = known.iter().map(|(word, _)| *word);
        problems.add_unknown(node.span.clone(), message, text, known);
    }
    found.map(|(_, value)| *value)
}
