//! Text of people whom nobody has vouched for, made harmless: code on its way to a reviewer, and a reviewer's words on
//! their way to people.
//!
//! Code is shown between fences that hold a random number of this run; what looks like such a fence, like the marks of
//! a chat, or cannot be seen at all is replaced character by character, so that quotes and columns stay right.
//! Deliberately absent: what a text says ([`super::phrases`]).

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

use regex::Regex;

use crate::report::plain_text::is_hidden;

/// The beginning of a fence.
const FENCE: &str = "[[codex:";
/// The most characters of one line that are shown.
const LINE_LIMIT: usize = 2000;

/// The two lines around a piece of untrusted text.
#[derive(Debug, Clone)]
pub struct Fence {
    number: String,
}

impl Fence {
    /// One that nobody can have foreseen: the keys come from the operating system.
    pub fn random() -> Self {
        let half = || RandomState::new().build_hasher().finish();
        Self {
            number: format!("{:016x}{:016x}", half(), half()),
        }
    }

    /// The text between its fences; `what` names it.
    pub fn around(&self, what: &str, text: &str) -> String {
        let number = &self.number;
        format!("{FENCE}{number}:begin {what}]]\n{text}\n{FENCE}{number}:end]]\n")
    }
}

/// Whether a line of code is shown in part only.
pub fn is_cut(line: &str) -> bool {
    line.chars().nth(LINE_LIMIT).is_some()
}

/// Code as a reviewer sees it.
pub fn code(text: &str) -> String {
    shown(text, LINE_LIMIT)
}

/// Prose as a reviewer sees it: a paragraph may be one line, and is not cut.
pub fn prose(text: &str) -> String {
    shown(text, usize::MAX)
}

fn shown(text: &str, line_limit: usize) -> String {
    // A fence in whatever brackets and letters, and the marks of a chat: their brackets are no brackets any more.
    static LOOK_ALIKE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let fence = r"[\[［⟦]\s*[\[［]?\s*(?:codex|\p{L}+\s*:\s*[0-9a-f]{8})";
        Regex::new(&format!(r"(?i){fence}|<\s*\|")).ok()
    });
    let text = text.replace("\r\n", "\n");
    let lines = text.split('\n').map(|text| line(text, line_limit));
    let lines: Vec<String> = lines.collect();
    let text = lines.join("\n");
    let unbracketed = |found: &regex::Captures<'_>| found[0].replace(['[', '［', '⟦', '<'], "(");
    match &*LOOK_ALIKE {
        Some(pattern) => pattern.replace_all(&text, unbracketed).into_owned(),
        None => text,
    }
}

/// A line without what cannot be seen, cut in its middle when it is longer than anybody reads. Nobody is asked about the
/// place that is cut ([`super::case`]).
fn line(text: &str, limit: usize) -> String {
    let shown: String = text.chars().map(character).collect();
    let length = shown.chars().count();
    if length <= limit {
        return shown;
    }
    let head: String = shown.chars().take(limit / 2).collect();
    let tail: String = shown.chars().skip(length - limit / 2).collect();
    let gone = length - limit;
    format!("{head} [{gone} characters left out] {tail}")
}

fn character(character: char) -> char {
    match character {
        '\t' | '\n' => character,
        _ if character.is_control() || is_invisible(character) => '\u{FFFD}',
        other => other,
    }
}

/// Characters that change what a text says and cannot be seen: what is hidden to people, and joiners, fillers and
/// variation selectors, which some scripts need.
pub(super) fn is_invisible(character: char) -> bool {
    is_hidden(character)
        || matches!(character,
            '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}')
}

/// What a reviewer says, on one line and not too long.
pub fn said(text: &str) -> String {
    const LIMIT: usize = 1000;
    let visible = |character: char| match character {
        '\n' | '\t' | '\r' => ' ',
        _ if character.is_control() || is_invisible(character) => '\u{FFFD}',
        other => other,
    };
    let text = text.trim();
    let mut said: String = text.chars().map(visible).take(LIMIT).collect();
    if text.chars().nth(LIMIT).is_some() {
        said.push_str(" ...");
    }
    said
}
