//! Values of `codex.toml`: each is checked, and what is wrong points at its place.
//!
//! Deliberately absent: which keys there are.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use toml::Spanned;
use toml::de::DeValue;

use crate::finding::Disposition;
use crate::problem::Problems;
use crate::source::files_of;

pub(super) fn text(
    key: &str,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems,
) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        _ => {
            problems.add(value.span(), format!("`{key}` must be a text"));
            None
        }
    }
}

/// A text that is shown, written or handed on as one word.
pub(super) fn word(
    key: &str,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems,
) -> Option<String> {
    let text = text(key, value, problems)?;
    let is_word = !text.is_empty() && !text.contains(char::is_control);
    if !is_word {
        let message = format!("`{key}` must not be empty nor hold control characters");
        problems.add(value.span(), message);
    }
    is_word.then_some(text)
}

/// A path that stays in the folder.
pub(super) fn folder(
    key: &str,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems,
) -> Option<String> {
    let path = word(key, value, problems)?;
    let path = path.strip_suffix('/').unwrap_or(&path).to_owned();
    if !is_inner(&path) {
        problems.add_with_help(
            value.span(),
            format!("`{key}` must be a folder below this file"),
            "write a path like \"rules\" or \"law/rules\"",
        );
        return None;
    }
    Some(path)
}

fn is_inner(path: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    !path.contains('\\') && path.split('/').all(is_plain)
}

/// A branch; git must not take it for an option.
pub(super) fn branch(
    key: &str,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems,
) -> Option<String> {
    let name = word(key, value, problems)?;
    if name.starts_with('-') {
        problems.add(value.span(), format!("`{name}` is no name of a branch"));
        return None;
    }
    Some(name)
}

/// What is put right before a path.
pub(super) fn link(
    key: &str,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems,
) -> Option<String> {
    let link = text(key, value, problems)?;
    if link.is_empty() {
        return Some(link);
    }
    let link = word(key, value, problems)?;
    if link.ends_with(|last: char| last.is_alphanumeric()) {
        let help = format!("end it with a slash: \"{link}/\"");
        let message = format!("`{key}` is put right before a path, like `rfcs/0001-x.md`");
        problems.add_with_help(value.span(), message, help);
        return None;
    }
    Some(link)
}

/// Globs of files below the folder of the configuration.
pub(super) fn inner_globs(
    key: &str,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems,
) -> (Vec<String>, GlobSet) {
    let texts = texts(key, value, problems);
    let files = globs(&texts, problems);
    for (text, span) in &texts {
        if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            problems.add_with_help(
                span.clone(),
                format!("`{text}` leads out of the folder of this file"),
                "write a path below it, like \"rfcs/[0-9]*.md\"",
            );
        }
    }
    (texts.into_iter().map(|(text, _)| text).collect(), files)
}

/// The weakest disposition that fails a check.
pub(super) fn threshold(
    key: &str,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems,
) -> Option<Disposition> {
    let word = text(key, value, problems)?;
    let known = super::threshold(&word);
    if known.is_none() {
        problems.add_unknown(
            value.span(),
            format!("unknown threshold `{word}`"),
            &word,
            super::THRESHOLDS,
        );
    }
    known
}

/// One of a few words.
pub(super) fn one_of<const N: usize>(
    key: &str,
    value: &Spanned<DeValue<'_>>,
    known: [&'static str; N],
    problems: &mut Problems,
) -> Option<String> {
    let word = text(key, value, problems)?;
    if known.contains(&word.as_str()) {
        return Some(word);
    }
    let message = format!("`{key}` cannot be `{word}`");
    problems.add_unknown(value.span(), message, &word, known);
    None
}

/// A comparison with the version of codex, `>=0.1.0`; several with commas between.
pub(super) fn version(
    key: &str,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems,
) -> Option<bool> {
    let text = text(key, value, problems)?;
    let parts: Option<Vec<bool>> = text.split(',').map(|part| holds(part.trim())).collect();
    if parts.is_none() {
        let help = "write a comparison like \">=0.1.0\", or several: \">=0.1.0, <0.3.0\"";
        problems.add_with_help(value.span(), format!("`{text}` is no `{key}`"), help);
    }
    Some(parts?.into_iter().all(|holds| holds))
}

/// Whether this codex is as a comparison wants it; `None` when it is none.
fn holds(comparison: &str) -> Option<bool> {
    let (operator, wanted) = comparison.split_at(comparison.find(|c: char| c.is_ascii_digit())?);
    let (is, wanted) = (numbers(env!("CARGO_PKG_VERSION"))?, numbers(wanted)?);
    match operator.trim_end() {
        ">=" => Some(is >= wanted),
        ">" => Some(is > wanted),
        "<=" => Some(is <= wanted),
        "<" => Some(is < wanted),
        "=" => Some(is == wanted),
        _ => None,
    }
}

/// Major, minor and patch; what is left away is 0.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let mut numbers = [0; 3];
    let parts: Vec<&str> = version.split('.').collect();
    if parts.len() > numbers.len() {
        return None;
    }
    for (number, part) in numbers.iter_mut().zip(parts) {
        *number = part.parse().ok()?;
    }
    Some(numbers)
}

pub(super) type Texts = Vec<(String, std::ops::Range<usize>)>;

pub(super) fn texts(key: &str, value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Texts {
    let DeValue::Array(values) = value.get_ref() else {
        problems.add(value.span(), format!("`{key}` must be a list of texts"));
        return Vec::new();
    };
    values
        .iter()
        .filter_map(|value| match value.get_ref() {
            DeValue::String(text) => Some((text.to_string(), value.span())),
            _ => {
                problems.add(value.span(), format!("`{key}` must be a list of texts"));
                None
            }
        })
        .collect()
}

/// Files. What cannot be used is an error: with fewer globs than were written something would be lost.
pub(super) fn globs(texts: &Texts, problems: &mut Problems) -> GlobSet {
    let mut builder = GlobSetBuilder::new();
    for (text, span) in texts {
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        match glob.and_then(|glob| files_of(glob.clone()).map(|_| glob)) {
            Ok(glob) => {
                builder.add(glob);
            }
            Err(error) => problems.add(
                span.clone(),
                format!("`{text}` is not a glob: {}", error.kind()),
            ),
        }
    }
    builder.build().unwrap_or_else(|error| {
        let last = texts.last().map_or(0..0, |(_, span)| span.clone());
        let message = format!("too many globs up to this one: {}", error.kind());
        problems.add(last, message);
        GlobSet::empty()
    })
}
