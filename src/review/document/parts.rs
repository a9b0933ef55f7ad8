//! A document in parts that a reviewer can be shown: whole sections where they fit, pieces of one where it is too long.
//!
//! Deliberately absent: what the sections say.

use std::ops::Range;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::review::neutral;

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The heading that it begins with; empty when it begins with none.
    pub title: String,
    /// Its first line, from 1.
    pub first_line: usize,
    /// Its text, as a reviewer sees it.
    pub text: String,
}

/// The parts of a text, none of more than `limit` bytes; together they are the whole text but for blank parts.
pub fn parts(text: &str, limit: usize) -> Vec<Part> {
    let text = neutral::prose(text);
    let mut ranges: Vec<(Range<usize>, String)> = Vec::new();
    for (section, title) in sections(&text) {
        match ranges.last_mut() {
            Some((last, _)) if section.end - last.start <= limit => last.end = section.end,
            _ => {
                let pieces = pieces(&text, section, limit).into_iter();
                ranges.extend(pieces.map(|piece| (piece, title.clone())));
            }
        }
    }
    let mut parts = Vec::new();
    let (mut line, mut at) = (1, 0);
    for (range, title) in ranges {
        line += count(&text[at..range.start]);
        at = range.start;
        if !text[range.clone()].trim().is_empty() {
            parts.push(Part {
                title,
                first_line: line,
                text: text[range].trim_end_matches('\n').to_owned(),
            });
        }
    }
    parts
}

fn count(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// Where each section begins and ends, with its heading; what stands before the first heading is one, too.
fn sections(text: &str) -> Vec<(Range<usize>, String)> {
    let mut starts: Vec<(usize, String)> = vec![(0, String::new())];
    let mut heading: Option<(usize, String)> = None;
    for (event, range) in Parser::new(text).into_offset_iter() {
        match (event, &mut heading) {
            (Event::Start(Tag::Heading { .. }), _) => heading = Some((range.start, String::new())),
            (Event::Text(words) | Event::Code(words), Some((_, title))) => title.push_str(&words),
            (Event::End(TagEnd::Heading(_)), _) => starts.extend(heading.take()),
            _ => {}
        }
    }
    let ends = starts.iter().skip(1).map(|(start, _)| *start);
    let ends: Vec<usize> = ends.chain([text.len()]).collect();
    let sections = starts.into_iter().zip(ends);
    let sections = sections.map(|((start, title), end)| (start..end, title.trim().to_owned()));
    sections.filter(|(range, _)| !range.is_empty()).collect()
}

/// A section in pieces of at most `limit` bytes: cut at a blank line, else at the end of a line, else anywhere.
fn pieces(text: &str, section: Range<usize>, limit: usize) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = section.start;
    while section.end - start > limit {
        let mut end = start + limit;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let window = &text[start..end];
        let cut = window.rfind("\n\n").map(|at| at + 2);
        let cut = cut.or_else(|| window.rfind('\n').map(|at| at + 1));
        let next = start + cut.filter(|cut| *cut > 0).unwrap_or(window.len());
        pieces.push(start..next);
        start = next;
    }
    pieces.push(start..section.end);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(parts: &[Part]) -> Vec<(&str, usize, usize)> {
        let place = |part: &Part| (part.first_line, part.text.lines().count());
        let shown = |part: &'_ Part| place(part);
        parts
            .iter()
            .map(|part| (part.title.as_str(), shown(part).0, shown(part).1))
            .collect()
    }

    #[test]
    fn sections_stay_whole_where_they_fit() {
        let text =
            "before\n\n# A\n\naaa\n\n```\n# no heading\n```\n\nB\n=\n\nbbb\n\n## C `d`\n\nccc\n";
        assert_eq!(titles(&parts(text, 1000)), [("", 1, 17)]);
        let wanted = [("", 1, 1), ("A", 3, 7), ("B", 11, 4), ("C d", 16, 3)];
        assert_eq!(
            titles(&parts(text, 36)),
            [wanted[0], wanted[1], wanted[2], wanted[3]]
        );
    }

    #[test]
    fn nothing_is_lost_and_nothing_too_long() {
        let line = "ä".repeat(50);
        let texts = [
            format!("# A\n\n{line}\n{line}\n\n{line}\n"),
            line.repeat(20),
            "x\n\n".repeat(300),
            "\n".repeat(500) + "end",
            "# a\n".repeat(200),
            "> ".repeat(500) + "[".repeat(500).as_str(),
        ];
        for text in texts {
            for limit in [10, 64, 101, 4096] {
                let parts = parts(&text, limit);
                let whole: String = parts.iter().map(|part| part.text.as_str()).collect();
                let squeezed = |text: &str| text.replace('\n', "");
                assert_eq!(squeezed(&whole), squeezed(&text));
                assert!(parts.iter().all(|part| part.text.len() <= limit));
                let lines: Vec<&str> = text.lines().collect();
                for part in parts {
                    let first = part.text.lines().next().unwrap_or_default();
                    assert!(lines[part.first_line - 1].contains(first));
                }
            }
        }
    }
}
