//! `transform`: metavariables that are made of others, for messages and fixes.
//!
//! The transformations are ast-grep's: `replace`, `substring`, `convert`. Deliberately absent: `rewrite`.

pub(crate) mod read;

use std::sync::Arc;

use regex::Regex;

/// One made metavariable.
#[derive(Debug)]
pub struct Transform {
    /// The name of what is made.
    pub name: Arc<str>,
    /// The name of what it is made of.
    pub source: Arc<str>,
    /// Whether the source is a list, `$$$NAME`.
    pub is_list: bool,
    pub(super) how: How,
}

#[derive(Debug)]
pub(super) enum How {
    Replace {
        pattern: Regex,
        by: String,
    },
    /// Places in characters; negative ones count from the end.
    Substring {
        start: i32,
        end: Option<i32>,
    },
    Convert {
        to: Case,
        separators: Vec<Separator>,
    },
}

/// What a text is converted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Lower,
    Upper,
    Capital,
    Camel,
    Snake,
    Kebab,
    Pascal,
}

impl Case {
    /// By the words of `toCase`.
    pub(super) const ALL: [(&'static str, Self); 7] = [
        ("lowerCase", Self::Lower),
        ("upperCase", Self::Upper),
        ("capitalize", Self::Capital),
        ("camelCase", Self::Camel),
        ("snakeCase", Self::Snake),
        ("kebabCase", Self::Kebab),
        ("pascalCase", Self::Pascal),
    ];
}

/// What ends a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    Case,
    Sign(char),
}

impl Separator {
    /// By the words of `separatedBy`.
    pub(super) const ALL: [(&'static str, Self); 6] = [
        ("caseChange", Self::Case),
        ("dash", Self::Sign('-')),
        ("dot", Self::Sign('.')),
        ("slash", Self::Sign('/')),
        ("space", Self::Sign(' ')),
        ("underscore", Self::Sign('_')),
    ];
}

impl Transform {
    /// What is made of a text.
    pub fn of(&self, text: &str) -> String {
        match &self.how {
            How::Replace { pattern, by } => pattern.replace_all(text, by).into_owned(),
            How::Substring { start, end } => substring(text, *start, *end),
            How::Convert { to, separators } => convert(text, *to, separators),
        }
    }
}

fn substring(text: &str, start: i32, end: Option<i32>) -> String {
    let length = text.chars().count();
    let place = |at: i32| {
        let distance = at.unsigned_abs() as usize;
        if at < 0 {
            length.saturating_sub(distance)
        } else {
            distance.min(length)
        }
    };
    let (start, end) = (place(start), end.map_or(length, place));
    let taken = end.saturating_sub(start);
    text.chars().skip(start).take(taken).collect()
}

fn convert(text: &str, to: Case, separators: &[Separator]) -> String {
    let words = || words(text, separators);
    let joined = |sign: &str| {
        let lower: Vec<String> = words().iter().map(|word| word.to_lowercase()).collect();
        lower.join(sign)
    };
    match to {
        Case::Lower => text.to_lowercase(),
        Case::Upper => text.to_uppercase(),
        Case::Capital => capital(text),
        Case::Camel => {
            let words = words();
            let first = words.first().map(|word| word.to_lowercase());
            let others = words.iter().skip(1).map(|word| capital(word));
            first.into_iter().chain(others).collect()
        }
        Case::Pascal => words().iter().map(|word| capital(word)).collect(),
        Case::Snake => joined("_"),
        Case::Kebab => joined("-"),
    }
}

fn capital(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters.next();
    first
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(characters)
        .collect()
}

/// How many capital letters stand right before a character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Capitals {
    None,
    One,
    Several,
}

/// The words of a text. Where the case counts, a capital begins a word, and so does the last of several before a small letter
/// (`XMLHttp`: `XML`, `Http`).
fn words<'t>(text: &'t str, separators: &[Separator]) -> Vec<&'t str> {
    let by_case = separators.contains(&Separator::Case);
    let mut words = Vec::new();
    let (mut start, mut last, mut capitals) = (0, 0, Capitals::None);
    for (at, next) in text.char_indices() {
        if separators.contains(&Separator::Sign(next)) {
            words.push(&text[start..at]);
            start = at + next.len_utf8();
            capitals = Capitals::None;
        } else if by_case && capitals == Capitals::None && next.is_uppercase() {
            words.push(&text[start..at]);
            start = at;
            capitals = Capitals::One;
        } else if by_case && capitals == Capitals::Several && next.is_lowercase() {
            words.push(&text[start..last]);
            start = last;
            capitals = Capitals::None;
        } else if next.is_lowercase() {
            capitals = Capitals::None;
        } else {
            capitals = match capitals {
                Capitals::None => Capitals::One,
                Capitals::One | Capitals::Several => Capitals::Several,
            };
        }
        last = at;
    }
    words.push(&text[start..]);
    words.retain(|word| !word.is_empty());
    words
}
