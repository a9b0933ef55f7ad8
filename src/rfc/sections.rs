//! The Markdown of an RFC: headings make statements, and what stands in a statement belongs to it.
//!
//! Deliberately absent: words ([`super::prose`]) and fenced blocks ([`super::code`]).

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use regex::Regex;

use super::Statement;
use super::code::end_of_code;
use super::prose::{
    Events, begins_advice, inner_of_paragraph, is_advice_in_other_case, keywords, level,
    plain_text, unquoted,
};
use crate::finding::Level;
use crate::problem::{Document, Problems};
use crate::rule::{Example, Review};
use crate::yaml::{Node, Offsets};

/// Reads the statements of the Markdown that begins at byte `body`.
pub(super) fn parse(document: &Document, body: usize, problems: &mut Problems) -> Vec<Statement> {
    let Some(keywords) = keywords() else {
        return Vec::new();
    };
    let mut walk = Walk {
        text: &document.text,
        problems,
        keywords,
        headings: Vec::new(),
        open: None,
        statements: Vec::new(),
        quote_depth: 0,
        list_depth: 0,
        quote: Quote::default(),
        has_block_outside: false,
    };
    let events: Vec<(Event<'_>, Range<usize>)> = Parser::new_ext(
        &document.text[body..],
        Options::ENABLE_TABLES | Options::ENABLE_GFM,
    )
    .into_offset_iter()
    .map(|(event, range)| (event, body + range.start..body + range.end))
    .collect();
    walk.blocks(&events);
    walk.close(document.text.len());
    walk.statements
}

/// How the ids of codex's own findings begin.
const RESERVED: &str = "codex-allow";

/// Whether a heading is a slug: one kebab-case word with at least one hyphen.
pub fn is_slug(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    text.contains('-') && text.split('-').all(is_part)
}

pub(super) struct Walk<'a> {
    pub(super) text: &'a str,
    pub(super) problems: &'a mut Problems,
    pub(super) keywords: Regex,
    pub(super) headings: Vec<(HeadingLevel, String)>,
    pub(super) open: Option<Open>,
    pub(super) statements: Vec<Statement>,
    pub(super) quote_depth: usize,
    pub(super) list_depth: usize,
    pub(super) quote: Quote,
    /// Whether this section, which is no statement, has been found to hold a block.
    pub(super) has_block_outside: bool,
}

/// A statement whose section goes on.
pub(super) struct Open {
    pub(super) slug: String,
    pub(super) heading_level: HeadingLevel,
    pub(super) span: Range<usize>,
    pub(super) section: Vec<String>,
    pub(super) statements: Vec<(Level, String, Range<usize>)>,
    pub(super) advice: Vec<(String, Range<usize>)>,
    pub(super) rules: Vec<Node>,
    pub(super) reviews: Vec<(Option<Review>, Range<usize>)>,
    pub(super) examples: Vec<(Example, Range<usize>)>,
    pub(super) has_check: bool,
    pub(super) is_broken: bool,
}

/// The text of a block quote, once as written and once without code.
#[derive(Default)]
pub(super) struct Quote {
    /// Lists around the quote: those in it are part of its text.
    lists_around: usize,
    paragraphs: Vec<String>,
    plain: String,
    /// Bytes of `plain`, and where they stand in the document.
    offsets: Vec<(usize, usize)>,
}

impl Walk<'_> {
    fn blocks(&mut self, events: &Events<'_>) {
        let mut at = 0;
        while let Some((event, range)) = events.get(at) {
            if matches!(event, Event::Start(_)) && self.quote_depth > 0 {
                // Words of different blocks are different words.
                self.quote.plain.push(' ');
            }
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    at = self.heading(*level, range, events, at);
                }
                Event::Start(Tag::BlockQuote(_)) => {
                    if self.quote_depth == 0 {
                        self.quote.lists_around = self.list_depth;
                    }
                    self.quote_depth += 1;
                }
                Event::End(TagEnd::BlockQuote(_)) => {
                    self.quote_depth -= 1;
                    if self.quote_depth == 0 {
                        self.end_quote(range);
                    }
                }
                Event::Start(Tag::List(_)) => {
                    self.quoted_block(range);
                    self.list_depth += 1;
                }
                Event::End(TagEnd::List(_)) => self.list_depth -= 1,
                Event::Start(Tag::Table(_)) => self.quoted_block(range),
                Event::Start(Tag::Item) => {
                    // An item of a tight list has no paragraph of its own.
                    if matches!(events.get(at + 1), Some((Event::Text(_), _))) {
                        self.misplaced_advice(range, &events[at + 1..]);
                    }
                }
                Event::Start(Tag::Paragraph) => self.paragraph(range, &events[at + 1..]),
                Event::Text(text) if self.quote_depth > 0 => {
                    self.quote
                        .offsets
                        .push((self.quote.plain.len(), range.start));
                    self.quote.plain.push_str(text);
                }
                Event::Code(_) | Event::SoftBreak | Event::HardBreak if self.quote_depth > 0 => {
                    self.quote.plain.push(' ');
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    at = self.fence(info, range, events, at);
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => {
                    self.indented_code(range);
                    at = end_of_code(events, at);
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// A list or a table of a quotation belongs to its text as it is written.
    fn quoted_block(&mut self, range: &Range<usize>) {
        if self.quote_depth > 0 && self.list_depth == self.quote.lists_around {
            let text = unquoted(&self.text[range.clone()]);
            self.quote.paragraphs.push(text);
        }
    }

    /// Returns the index of the heading's last event.
    fn heading(
        &mut self,
        level: HeadingLevel,
        range: &Range<usize>,
        events: &Events<'_>,
        start: usize,
    ) -> usize {
        let length = events[start..]
            .iter()
            .position(|(event, _)| matches!(event, Event::End(TagEnd::Heading(_))))
            .unwrap_or(0);
        let inner = &events[start + 1..start + length];
        let text: String = inner
            .iter()
            .filter_map(|(event, _)| match event {
                Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
                _ => None,
            })
            .collect();
        let is_bare = inner
            .iter()
            .all(|(event, _)| matches!(event, Event::Text(_) | Event::Code(_)));
        let text = text.trim();
        if self.quote_depth > 0 || self.list_depth > 0 {
            if is_slug(text) {
                let message =
                    format!("`{text}` stands in a list or a quotation: that begins no statement");
                self.problems.add_with_help(
                    self.first_line(range),
                    message,
                    "move it to the left margin",
                );
            }
            return start + length;
        }
        if self
            .open
            .as_ref()
            .is_some_and(|open| level <= open.heading_level)
        {
            self.close(range.start);
        }
        self.has_block_outside = false;
        self.headings.retain(|(outer, _)| *outer < level);
        if is_slug(text) {
            if !is_bare {
                let message = format!("the slug `{text}` must stand bare or as a code span");
                self.problems.add(self.first_line(range), message);
            }
            self.open_statement(text, level, range);
        }
        self.headings.push((level, text.to_owned()));
        start + length
    }

    /// The place of a block without the lines after its first.
    pub(super) fn first_line(&self, range: &Range<usize>) -> Range<usize> {
        let first = self.text[range.clone()].lines().next().unwrap_or_default();
        range.start..range.start + first.trim_end().len()
    }

    fn open_statement(&mut self, slug: &str, level: HeadingLevel, range: &Range<usize>) {
        let span = range.start..range.start + self.text[range.clone()].trim_end().len();
        if let Some(outer) = &self.open {
            let message = format!(
                "the statement `{slug}` stands inside of the statement `{}`",
                outer.slug
            );
            self.problems
                .add_with_help(span.clone(), message, "give both headings the same depth");
            self.close(range.start);
        }
        if slug.starts_with(RESERVED) {
            let message = format!("slugs that begin with `{RESERVED}` are codex's own");
            self.problems.add(span.clone(), message);
        }
        self.open = Some(Open {
            slug: slug.to_owned(),
            heading_level: level,
            span,
            section: self
                .headings
                .iter()
                .filter(|(level, _)| *level > HeadingLevel::H1)
                .map(|(_, text)| text.clone())
                .collect(),
            statements: Vec::new(),
            advice: Vec::new(),
            rules: Vec::new(),
            reviews: Vec::new(),
            examples: Vec::new(),
            has_check: false,
            is_broken: false,
        });
    }

    fn paragraph(&mut self, range: &Range<usize>, inner: &Events<'_>) {
        if self.quote_depth > 0 {
            if self.list_depth == self.quote.lists_around {
                let text = self.prose(range, inner);
                self.quote.paragraphs.push(text);
            }
            self.misplaced_advice(range, inner);
            return;
        }
        if self.list_depth > 0 {
            self.misplaced_advice(range, inner);
            return;
        }
        if self.open.is_none() {
            return;
        }
        let plain = plain_text(inner);
        let span = range.start..range.start + self.text[range.clone()].trim_end().len();
        if begins_advice(&plain) {
            if plain.contains(", use ") {
                let text = self.prose(range, inner);
                self.open.iter_mut().for_each(|open| {
                    open.advice.push((text.clone(), span.clone()));
                });
            } else {
                let help = "write it as \"If you need X, use Y\"";
                self.problems
                    .add_with_help(span, "the advice does not say what to use", help);
            }
        } else if is_advice_in_other_case(&plain) {
            let help = "write it as \"If you need X, use Y\", in these letters";
            self.problems
                .add_with_help(span, "this looks like the advice and is not", help);
        }
    }

    /// Complains about advice that is no paragraph of the section itself.
    fn misplaced_advice(&mut self, range: &Range<usize>, inner: &Events<'_>) {
        if self.open.is_none() {
            return;
        }
        let plain = plain_text(inner);
        if (begins_advice(&plain) && plain.contains(", use ")) || is_advice_in_other_case(&plain) {
            let help = "make it a paragraph of its own, at the left margin";
            let message = "the advice stands in a list or a quotation";
            self.problems
                .add_with_help(self.first_line(range), message, help);
        }
    }

    /// A paragraph on one line, as it is written but for its comments.
    fn prose(&self, range: &Range<usize>, inner: &Events<'_>) -> String {
        let mut text = String::new();
        let mut at = range.start;
        for (event, place) in inner_of_paragraph(inner) {
            if matches!(event, Event::InlineHtml(html) if html.starts_with("<!--")) {
                text.push_str(self.text[at..place.start].trim_end());
                at = place.end;
            }
        }
        text.push_str(&self.text[at..range.end]);
        unquoted(&text)
    }

    fn end_quote(&mut self, range: &Range<usize>) {
        let quote = std::mem::take(&mut self.quote);
        let Some(open) = self.open.as_mut() else {
            return;
        };
        let offsets = Offsets::new(quote.offsets);
        let text = quote.paragraphs.join(" ");
        for (index, found) in self.keywords.find_iter(&quote.plain).enumerate() {
            let span = offsets.document(found.start())..offsets.document(found.end() - 1) + 1;
            let is_second = index > 0 || !open.statements.is_empty();
            if is_second {
                let message = format!("a second keyword in the statement `{}`", open.slug);
                self.problems.add_with_help(
                    span,
                    message,
                    "split the statement: one keyword, one slug",
                );
            } else {
                open.statements
                    .push((level(found.as_str()), text.clone(), range.clone()));
            }
        }
    }

    /// Ends the open statement; its section ends at `end`.
    fn close(&mut self, end: usize) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        let slug = &open.slug;
        if open.statements.is_empty() {
            let help = "write it as a block quote: `> Code MUST NOT ...`";
            let message = format!(
                "the statement `{slug}` has no block quote with a capital keyword such as MUST"
            );
            self.problems
                .add_with_help(open.span.clone(), message, help);
        }
        for (_, span) in open.advice.drain(1.min(open.advice.len())..) {
            self.problems
                .add(span, format!("a second advice in the statement `{slug}`"));
        }
        for (_, span) in open.reviews.drain(1.min(open.reviews.len())..) {
            self.problems.add(
                span,
                format!("a second review block in the statement `{slug}`"),
            );
        }
        let (level, text, _) = open
            .statements
            .pop()
            .unwrap_or((Level::Must, String::new(), 0..0));
        if open.has_check && level == Level::May {
            self.problems.add(
                open.span.clone(),
                "nothing can break a MAY: it takes no matcher and no review block",
            );
        }
        if open.has_check && open.advice.is_empty() {
            let help = "write a paragraph \"If you need X, use Y\"";
            self.problems.add_with_help(
                open.span.clone(),
                format!("the statement `{slug}` has no advice"),
                help,
            );
        }
        let section = self.text[open.span.start..end]
            .trim_end()
            .replace("\r\n", "\n");
        self.statements.push(Statement {
            line: self.problems.document().line(open.span.start) as u32,
            hash: blake3::hash(section.as_bytes()).to_hex()[..16].to_owned(),
            slug: open.slug,
            span: open.span,
            section: open.section,
            level,
            text,
            advice: open.advice.pop().map(|(advice, _)| advice),
            rules: open.rules,
            is_broken: open.is_broken,
            review: open.reviews.pop().and_then(|(review, _)| review),
            examples: open.examples,
        });
    }
}
