//! Reads one comment: `codex-allow(rule-id, ..): reason [until=YYYY-MM-DD] [owner=@name]`, `codex-allow-file(..): ..`.
//!
//! What begins otherwise is about something else. What begins so and goes on otherwise is malformed, and says why: an
//! end that was meant and not understood would make an exception last for ever.
//! Deliberately absent: whether the rules exist.

use super::{Fault, MARK};
use crate::date::Date;
use crate::finding::Suppression;
use crate::problem::nearest;

/// What an exception is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// The statement at it.
    Statement,
    /// The file.
    File,
}

impl Reach {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::File => "file",
        }
    }
}

/// A well-formed exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// What it is about.
    pub reach: Reach,
    /// The rules that it names, each once.
    pub rules: Vec<String>,
    /// Why, until when, by whom, where.
    pub suppression: Suppression,
    /// Its last day.
    pub until: Option<Date>,
}

/// More rules than this are not an exception any more.
const MOST_RULES: usize = 20;
const OPTIONS: [&str; 2] = ["until", "owner"];

/// Reads the text of a comment, without what opens and closes it. `None`: it is about something else.
pub fn parse(text: &str, line: usize) -> Option<Result<Allowed, String>> {
    let rest = text.strip_prefix(MARK)?;
    let is_word = |character: char| character.is_ascii_lowercase() || character == '-';
    let end = rest.find(|other| !is_word(other)).unwrap_or(rest.len());
    let (word, rest) = rest.split_at(end);
    let (reach, form) = match word {
        "" => (
            Reach::Statement,
            "write `codex-allow(rule-id): reason`".to_owned(),
        ),
        "-file" => (
            Reach::File,
            "write `codex-allow-file(rule-id): reason`".to_owned(),
        ),
        _ if rest.starts_with('(') => {
            let message = format!(
                "there is no `{MARK}{word}`: write `{MARK}(..)`, or `{MARK}-file(..)` at the top"
            );
            return Some(Err(message));
        }
        _ => return None,
    };
    let is_meant = rest.starts_with(['(', ':', '[', '{']) || rest.trim_start().starts_with('(');
    is_meant.then(|| parse_rest(rest, reach, &form, line))
}

fn parse_rest(rest: &str, reach: Reach, form: &str, line: usize) -> Result<Allowed, String> {
    let inner = rest
        .strip_prefix('(')
        .ok_or_else(|| format!("not an exception: {form}"))?;
    let (names, reason) = inner
        .split_once(')')
        .ok_or_else(|| format!("the bracket is not closed: {form}"))?;
    let rules = parse_names(names, form)?;
    let reason = reason
        .strip_prefix(':')
        .ok_or_else(|| format!("an exception needs a reason: {form}"))?;
    let mut words: Vec<&str> = reason.split_whitespace().collect();
    let (mut until, mut owner) = (None, None);
    while let Some((key, value)) = words.last().map_or(Ok(None), |word| option(word))? {
        words.pop();
        let place = if key == "until" {
            &mut until
        } else {
            &mut owner
        };
        if place.replace(value).is_some() {
            return Err(format!("`{key}=` is there twice"));
        }
    }
    refuse_buried_options(&words)?;
    let reason = words.join(" ");
    if !reason.chars().any(char::is_alphanumeric) {
        return Err(format!("an exception needs a reason: {form}"));
    }
    let until = until.map(parse_until).transpose()?;
    let suppression = Suppression {
        reason,
        until: until.map(|until| until.to_string()),
        owner: owner.map(parse_owner).transpose()?,
        line,
    };
    Ok(Allowed {
        reach,
        rules,
        suppression,
        until,
    })
}

fn parse_names(names: &str, form: &str) -> Result<Vec<String>, String> {
    let mut rules: Vec<String> = Vec::new();
    for name in names.split(',').map(str::trim) {
        let is_plain = |character: char| character.is_alphanumeric() || "-_./".contains(character);
        if name.is_empty() || !name.chars().all(is_plain) {
            let shown: String = name.chars().take(80).collect();
            return Err(format!("`{shown}` is no rule id: {form}"));
        }
        if Fault::ALL.iter().any(|fault| fault.id() == name) {
            return Err(format!("`{name}` takes no exception"));
        }
        if rules.iter().any(|known| known == name) {
            return Err(format!("`{name}` is named twice"));
        }
        if rules.len() == MOST_RULES {
            return Err(format!("an exception is to {MOST_RULES} rules at most"));
        }
        rules.push(name.to_owned());
    }
    Ok(rules)
}

/// The key and the value, when a word is `key=value`, with or without brackets.
fn option(word: &str) -> Result<Option<(&'static str, &str)>, String> {
    let bare = word.strip_prefix('[').unwrap_or(word);
    let Some((key, value)) = bare.split_once('=') else {
        return Ok(None);
    };
    if let Some(known) = OPTIONS.into_iter().find(|known| *known == key) {
        return Ok(Some((known, value.strip_suffix(']').unwrap_or(value))));
    }
    // A reason may hold `x=3`; an end or an owner that is misspelt must not be taken for one.
    let is_value = value.starts_with('@') || value.get(..10).and_then(Date::parse).is_some();
    match nearest(key, OPTIONS) {
        Some(near) => Err(format!("unknown `{key}=`: did you mean `{near}=`?")),
        None if is_value => Err(format!(
            "unknown `{key}=`: write `until=YYYY-MM-DD` or `owner=@name`"
        )),
        None => Ok(None),
    }
}

/// An end in the middle of the reason would be passed over, and so would `until = 2026-12-31`.
fn refuse_buried_options(words: &[&str]) -> Result<(), String> {
    for (index, word) in words.iter().enumerate() {
        let next = words.get(index + 1).copied().unwrap_or_default();
        let is_split = OPTIONS.contains(&word.trim_start_matches('[')) && next.starts_with('=');
        if is_split || option(word)?.is_some() {
            return Err(
                "`until=YYYY-MM-DD` and `owner=@name` stand at the end, without spaces".to_owned(),
            );
        }
    }
    Ok(())
}

fn parse_until(value: &str) -> Result<Date, String> {
    Date::parse(value).ok_or_else(|| format!("`until={value}` is no day: write `until=YYYY-MM-DD`"))
}

fn parse_owner(value: &str) -> Result<String, String> {
    let is_plain = |character: char| character.is_alphanumeric() || "-_./@".contains(character);
    let name = value.strip_prefix('@').unwrap_or_default();
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(format!("`owner={value}` is nobody: write `owner=@name`"));
    }
    Ok(value.to_owned())
}
