//! Text of people whom nobody has vouched for, made harmless: code on its way to a reviewer, and a reviewer's words on
//! their way to people.
//!
//! Code is shown between fences that hold a random number of this run; what looks like such a fence, like the marks of
//! a chat, or cannot be seen at all is replaced character by character, so that quotes and columns stay right.
//! Deliberately absent: any claim that a text is harmless because no phrase was found in it.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;

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

/// Code as a reviewer sees it.
pub fn code(text: &str) -> String {
    static LOOK_ALIKE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)\[(\s*)\[(\s*codex)|<(\s*)\|").ok());
    let text = text.replace("\r\n", "\n");
    let lines: Vec<String> = text.split('\n').map(line).collect();
    let text = lines.join("\n");
    match &*LOOK_ALIKE {
        Some(pattern) => pattern
            .replace_all(&text, |found: &regex::Captures<'_>| {
                match (found.get(1), found.get(2), found.get(3)) {
                    (Some(first), Some(second), _) => {
                        format!("({}({}", first.as_str(), second.as_str())
                    }
                    (.., space) => format!("({}|", space.map_or("", |space| space.as_str())),
                }
            })
            .into_owned(),
        None => text,
    }
}

/// A line without what cannot be seen, cut in its middle when nobody can read it.
fn line(text: &str) -> String {
    let shown: String = text.chars().map(character).collect();
    let length = shown.chars().count();
    if length <= LINE_LIMIT {
        return shown;
    }
    let head: String = shown.chars().take(LINE_LIMIT / 2).collect();
    let tail: String = shown.chars().skip(length - LINE_LIMIT / 2).collect();
    let gone = length - LINE_LIMIT;
    format!("{head} [{gone} characters left out] {tail}")
}

fn character(character: char) -> char {
    match character {
        '\t' | '\n' => character,
        _ if character.is_control() || is_invisible(character) => '\u{FFFD}',
        other => other,
    }
}

/// Characters that change what a text says and cannot be seen: joiners, direction marks, tags, variation selectors.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
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

/// Those of the lines in which a text that speaks to a reviewer begins, by their index. Lines are read on as if they
/// were one, so that a sentence over several comments is seen.
pub fn addressed(lines: &[&str]) -> Vec<usize> {
    let is_near = near_a_trigger(lines);
    if !is_near.contains(&true) {
        return Vec::new();
    }
    let mut words = String::new();
    let mut starts = Vec::new();
    for (line, is_near) in lines.iter().zip(is_near) {
        starts.push(words.len());
        if is_near {
            words.push_str(&plain_words(line));
        } else if !words.ends_with("| ") {
            // No sentence goes on past what is left out.
            words.push_str("| ");
        }
    }
    let phrases = PHRASES.iter().filter_map(|phrase| {
        let found = phrase.find(words.as_bytes())?;
        Some(starts.partition_point(|start| *start <= found.start()) - 1)
    });
    let mut found: Vec<usize> = phrases.collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Pieces of words, one of which every phrase holds: most lines hold none, and are not looked at any closer. A line
/// that is not ASCII may hide one.
const TRIGGERS: [&str; 61] = [
    " ai",
    "accept",
    "agent",
    "api key",
    "approve",
    "assistant",
    "audit",
    "auditor",
    "bot",
    "bypass",
    "claude",
    "clear this",
    "codex",
    "complian",
    "copilot",
    "credential",
    "directive",
    "disregard",
    "end of case",
    "endoftext",
    "environment var",
    "exempt",
    "false positive",
    "flag",
    "forget",
    "gemini",
    "gpt",
    "grader",
    "guideline",
    "header_id",
    "ignor",
    "im_end",
    "im_start",
    "instruc",
    "istruz",
    "judge",
    "known good",
    "listed",
    "llm",
    "mention",
    "merge",
    " mode",
    "out of scope",
    "overrid",
    "prompt",
    "quote",
    "restrict",
    "review",
    "rule",
    "sandbox",
    "secret",
    "signed off",
    "statements",
    "system",
    "trusted",
    "user input",
    "verdict",
    "vergiss",
    "verified",
    "violation",
    "you",
];
/// Lines before and after one with a trigger that are looked at, too.
const AROUND: usize = 3;

/// Whether any line holds a word of those that all phrases are made of; most texts hold none.
pub fn may_address(text: &str) -> bool {
    static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).build(TRIGGERS).ok()
    });
    !text.is_ascii() || SEARCH.as_ref().is_none_or(|search| search.is_match(text))
}

fn near_a_trigger(lines: &[&str]) -> Vec<bool> {
    let mut near = vec![false; lines.len()];
    for (at, _) in lines
        .iter()
        .enumerate()
        .filter(|(_, line)| may_address(line))
    {
        let end = (at + AROUND + 1).min(lines.len());
        near[at.saturating_sub(AROUND)..end].fill(true);
    }
    near
}

static PHRASES: LazyLock<Vec<regex::bytes::Regex>> = LazyLock::new(|| {
    include_str!("phrases.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| {
            // Of a text in which nothing but spaces stands between words, these say the same, and cost a fraction to
            // build: a byte that is no space, not any of a hundred thousand letters.
            let cheap = line
                .replace(r"\w", "(?-u:[^ ])")
                .replace(r"\b", r"(?-u:\b)");
            regex::bytes::Regex::new(&cheap).ok()
        })
        .collect()
});

/// How many phrases there are and how many of them are regular expressions: a test compares them.
pub fn phrases() -> (usize, usize) {
    let lines = include_str!("phrases.txt").lines();
    let written = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    (written.count(), PHRASES.len())
}

/// Lower-case words with single spaces between them, and one at the end; what cannot be seen is no character, tags
/// are the letters that they smuggle in, and full-width and some Cyrillic and Greek letters are what they look like.
fn plain_words(line: &str) -> String {
    let mut words = String::new();
    let mut was_tag = false;
    for character in line.chars() {
        let is_tag = matches!(character, '\u{E0020}'..='\u{E007E}');
        if is_tag && !was_tag {
            // A hidden sentence begins.
            words.push(' ');
        }
        was_tag = is_tag;
        let character = match character {
            '\u{E0020}'..='\u{E007E}' => {
                char::from_u32(u32::from(character) - 0xE0000).unwrap_or(' ')
            }
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(character) - 0xFEE0).unwrap_or(' '),
            other => other,
        };
        if is_invisible(character) {
            continue;
        }
        let is_word = character.is_alphanumeric();
        if is_word {
            words.extend(character.to_lowercase());
        } else if !words.ends_with(' ') && !words.is_empty() {
            words.push(' ');
        }
    }
    let words = latin(&words);
    if words.ends_with(' ') || words.is_empty() {
        words
    } else {
        words + " "
    }
}

/// Words that mix Latin with letters that only look like it, in Latin.
fn latin(words: &str) -> String {
    const ALIKE: [(char, char); 16] = [
        ('а', 'a'),
        ('е', 'e'),
        ('о', 'o'),
        ('р', 'p'),
        ('с', 'c'),
        ('у', 'y'),
        ('х', 'x'),
        ('і', 'i'),
        ('ѕ', 's'),
        ('ј', 'j'),
        ('ԁ', 'd'),
        ('ο', 'o'),
        ('α', 'a'),
        ('ν', 'v'),
        ('ι', 'i'),
        ('ρ', 'p'),
    ];
    let mend = |word: &str| {
        if !word.chars().any(|letter| letter.is_ascii_alphabetic()) {
            return word.to_owned();
        }
        let alike = |letter: char| {
            let mut known = ALIKE.iter();
            known
                .find(|(like, _)| *like == letter)
                .map_or(letter, |(_, latin)| *latin)
        };
        word.chars().map(alike).collect()
    };
    words
        .split(' ')
        .map(mend)
        .collect::<Vec<String>>()
        .join(" ")
}
