//! The words of an RFC: keywords, advice, and what a reader sees of a paragraph.
//!
//! Deliberately absent: which statement they belong to ([`super::sections`]).

use std::ops::Range;

use pulldown_cmark::{Event, Tag, TagEnd};
use regex::Regex;

use crate::finding::Level;

/// The keywords of RFC 2119 and RFC 8174: capitals only.
pub(super) fn keywords() -> Option<Regex> {
    Regex::new(r"\b(MUST\s+NOT|MUST|SHALL\s+NOT|SHALL|REQUIRED|SHOULD\s+NOT|SHOULD|NOT\s+RECOMMENDED|RECOMMENDED|MAY|OPTIONAL)\b").ok()
}

pub(super) fn level(keyword: &str) -> Level {
    let words: Vec<&str> = keyword.split_whitespace().collect();
    match words[..] {
        ["MUST" | "SHALL", "NOT"] => Level::MustNot,
        ["MUST" | "SHALL" | "REQUIRED"] => Level::Must,
        ["SHOULD", "NOT"] | ["NOT", _] => Level::ShouldNot,
        ["SHOULD" | "RECOMMENDED"] => Level::Should,
        _ => Level::May,
    }
}

pub(super) type Events<'e> = [(Event<'e>, Range<usize>)];

/// Some lines of Markdown on one, without the marks of quotations and forced line breaks.
pub(super) fn unquoted(text: &str) -> String {
    let mut lines: Vec<&str> = text
        .lines()
        .map(|line| line.trim_start_matches([' ', '\t', '>']).trim_end())
        .filter(|line| !line.is_empty())
        .collect();
    let all_but_last = lines.len().saturating_sub(1);
    for line in &mut lines[..all_but_last] {
        *line = line.strip_suffix('\\').unwrap_or(line).trim_end();
    }
    lines.join(" ")
}

/// The events of a paragraph, or of a tight list's item up to what is nested in it.
pub(super) fn inner_of_paragraph<'a, 'e>(
    events: &'a Events<'e>,
) -> impl Iterator<Item = &'a (Event<'e>, Range<usize>)> {
    events.iter().take_while(|(event, _)| {
        !matches!(
            event,
            Event::End(TagEnd::Paragraph | TagEnd::Item)
                | Event::Start(
                    Tag::Paragraph | Tag::List(_) | Tag::CodeBlock(_) | Tag::BlockQuote(_)
                )
        )
    })
}

/// What a reader sees of a paragraph.
pub(super) fn plain_text(inner: &Events<'_>) -> String {
    inner_of_paragraph(inner)
        .map(|(event, _)| match event {
            Event::Text(text) | Event::Code(text) => text.as_ref(),
            Event::SoftBreak | Event::HardBreak => " ",
            _ => "",
        })
        .collect()
}

pub(super) fn begins_advice(plain: &str) -> bool {
    let rest = plain.strip_prefix("If you need");
    rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

pub(super) fn is_advice_in_other_case(plain: &str) -> bool {
    let lower = plain.to_lowercase();
    !begins_advice(plain)
        && begins_advice(&lower.replacen("if you need", "If you need", 1))
        && lower.starts_with("if you need")
        && lower.contains(", use ")
}
