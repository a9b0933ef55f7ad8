//! Where the headings of a Markdown text stand, and what they say. Deliberately absent: what stands below them.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// The headings of a text, each with its first byte, in order.
pub fn headings(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (event, range) in Parser::new(text).into_offset_iter() {
        match (event, &mut open) {
            (Event::Start(Tag::Heading { .. }), _) => open = Some((range.start, String::new())),
            (Event::Text(words) | Event::Code(words), Some((_, title))) => title.push_str(&words),
            (Event::End(TagEnd::Heading(_)), _) => found.extend(open.take()),
            _ => {}
        }
    }
    found
}
