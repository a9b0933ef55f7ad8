//! The Markdown of an RFC: headings make statements, and what stands in a statement belongs to it.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use regex::Regex;

use super::Statement;
use super::fence::{self, ExampleHeader, Fence, Purpose};
use crate::finding::Level;
use crate::problem::{Document, Problems};
use crate::rule::{self, Example, Review};
use crate::yaml::{self, Node, Offsets};

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
        quote: Quote::default(),
    };
    let events: Vec<(Event<'_>, Range<usize>)> =
        Parser::new_ext(&document.text[body..], Options::ENABLE_TABLES)
            .into_offset_iter()
            .map(|(event, range)| (event, body + range.start..body + range.end))
            .collect();
    walk.blocks(&events);
    walk.close(document.text.len());
    walk.statements
}

/// The keywords of RFC 2119 and RFC 8174: capitals only.
fn keywords() -> Option<Regex> {
    Regex::new(r"\b(MUST\s+NOT|MUST|SHALL\s+NOT|SHALL|REQUIRED|SHOULD\s+NOT|SHOULD|NOT\s+RECOMMENDED|RECOMMENDED|MAY|OPTIONAL)\b").ok()
}

fn level(keyword: &str) -> Level {
    let words: Vec<&str> = keyword.split_whitespace().collect();
    match words[..] {
        ["MUST" | "SHALL", "NOT"] => Level::MustNot,
        ["MUST" | "SHALL" | "REQUIRED"] => Level::Must,
        ["SHOULD", "NOT"] | ["NOT", _] => Level::ShouldNot,
        ["SHOULD" | "RECOMMENDED"] => Level::Should,
        _ => Level::May,
    }
}

/// Whether a heading is a slug: one kebab-case word with at least one hyphen.
fn is_slug(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    text.contains('-') && text.split('-').all(is_part)
}

struct Walk<'a> {
    text: &'a str,
    problems: &'a mut Problems,
    keywords: Regex,
    headings: Vec<(HeadingLevel, String)>,
    open: Option<Open>,
    statements: Vec<Statement>,
    quote_depth: usize,
    quote: Quote,
}

/// A statement whose section goes on.
struct Open {
    slug: String,
    heading_level: HeadingLevel,
    span: Range<usize>,
    section: Vec<String>,
    statements: Vec<(Level, String, Range<usize>)>,
    advice: Vec<(String, Range<usize>)>,
    rules: Vec<Node>,
    reviews: Vec<(Option<Review>, Range<usize>)>,
    examples: Vec<(Example, Range<usize>)>,
}

/// The text of a block quote, once as written and once without code spans.
#[derive(Default)]
struct Quote {
    paragraphs: Vec<String>,
    plain: String,
    /// Bytes of `plain`, and where they stand in the document.
    offsets: Vec<(usize, usize)>,
}

impl Walk<'_> {
    fn blocks(&mut self, events: &[(Event<'_>, Range<usize>)]) {
        let mut at = 0;
        while let Some((event, range)) = events.get(at) {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    at = self.heading(*level, range, events, at);
                }
                Event::Start(Tag::BlockQuote(_)) => self.quote_depth += 1,
                Event::End(TagEnd::BlockQuote(_)) => {
                    self.quote_depth -= 1;
                    if self.quote_depth == 0 {
                        self.end_quote(range);
                    }
                }
                Event::Start(Tag::Paragraph) => self.paragraph(range),
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
                _ => {}
            }
            at += 1;
        }
    }

    /// Returns the index of the heading's last event.
    fn heading(
        &mut self,
        level: HeadingLevel,
        range: &Range<usize>,
        events: &[(Event<'_>, Range<usize>)],
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
        if self
            .open
            .as_ref()
            .is_some_and(|open| level <= open.heading_level)
        {
            self.close(range.start);
        }
        self.headings.retain(|(outer, _)| *outer < level);
        if is_bare && is_slug(text.trim()) {
            self.open_statement(text.trim(), level, range);
        }
        self.headings.push((level, text.trim().to_owned()));
        start + length
    }

    fn open_statement(&mut self, slug: &str, level: HeadingLevel, range: &Range<usize>) {
        let span = range.start..range.start + self.text[range.clone()].trim_end().len();
        if let Some(outer) = &self.open {
            let message = format!(
                "the statement `{slug}` stands inside of the statement `{}`",
                outer.slug
            );
            self.problems
                .add_with_help(span, message, "give both headings the same depth");
            return;
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
        });
    }

    fn paragraph(&mut self, range: &Range<usize>) {
        let lines = self.text[range.clone()]
            .lines()
            .map(|line| line.trim_start_matches([' ', '\t', '>']).trim_end());
        let text = lines
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        if self.quote_depth > 0 {
            self.quote.plain.push(' ');
            self.quote.paragraphs.push(text);
        } else if let Some(open) = self
            .open
            .as_mut()
            .filter(|_| text.starts_with("If you need"))
        {
            let span = range.start..range.start + self.text[range.clone()].trim_end().len();
            if text.contains(", use ") {
                open.advice.push((text, span));
            } else {
                let help = "write it as \"If you need X, use Y\"";
                self.problems
                    .add_with_help(span, "the advice does not say what to use", help);
            }
        }
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

    /// Returns the index of the block's last event.
    fn fence(
        &mut self,
        info: &str,
        range: &Range<usize>,
        events: &[(Event<'_>, Range<usize>)],
        start: usize,
    ) -> usize {
        let length = events[start..]
            .iter()
            .position(|(event, _)| matches!(event, Event::End(TagEnd::CodeBlock)))
            .unwrap_or(0);
        let mut code = String::new();
        let mut offsets = Vec::new();
        for (event, range) in &events[start + 1..start + length] {
            if let Event::Text(text) = event {
                offsets.push((code.len(), range.start));
                code.push_str(text);
            }
        }
        let whole = &self.text[range.clone()];
        let first_line = whole.lines().next().unwrap_or_default().trim_end().len();
        let fence = Fence {
            info: info.to_owned(),
            span: range.start..range.start + first_line,
            code,
            offsets: Offsets::new(offsets),
        };
        if !is_closed(whole) {
            let message = "this fenced block is never closed";
            self.problems.add_with_help(
                fence.span.clone(),
                message,
                "end it with a line of the same fence",
            );
        }
        let purpose = fence::purpose(&fence, self.problems);
        self.block(purpose, fence);
        start + length
    }

    fn block(&mut self, purpose: Purpose, fence: Fence) {
        if matches!(purpose, Purpose::Prose) {
            return;
        }
        let Some(open) = self.open.as_mut() else {
            let help =
                "a statement is a section whose heading is a slug, like `### unwrap-outside-tests`";
            self.problems.add_with_help(
                fence.span,
                "this block stands outside of a statement",
                help,
            );
            return;
        };
        match purpose {
            Purpose::Prose => {}
            Purpose::Rule => {
                open.rules
                    .extend(yaml::parse(&fence.code, &fence.offsets, self.problems));
            }
            Purpose::Review => {
                let node = yaml::parse(&fence.code, &fence.offsets, self.problems);
                let review = node.and_then(|node| rule::read::review(&node, self.problems));
                open.reviews.push((review, fence.span));
            }
            Purpose::Example(header) => open
                .examples
                .push((example(header, fence.code), fence.span)),
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
        let Some((level, text, _)) = open.statements.pop() else {
            return;
        };
        let has_check = !open.rules.is_empty() || !open.reviews.is_empty();
        if has_check && level == Level::May {
            self.problems.add(
                open.span.clone(),
                "nothing can break a MAY: it takes no matcher and no review block",
            );
        }
        if has_check && open.advice.is_empty() {
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
            line: self.text[..open.span.start].matches('\n').count() as u32 + 1,
            hash: blake3::hash(section.as_bytes()).to_hex()[..16].to_owned(),
            slug: open.slug,
            span: open.span,
            section: open.section,
            level,
            text,
            advice: open.advice.pop().map(|(advice, _)| advice),
            rules: open.rules,
            review: open.reviews.pop().and_then(|(review, _)| review),
            examples: open.examples,
        });
    }
}

fn is_closed(block: &str) -> bool {
    let bare = |line: &str| {
        line.trim_start_matches([' ', '\t', '>'])
            .trim_end()
            .to_owned()
    };
    let mut lines = block.lines().map(bare);
    let opening = lines.next().unwrap_or_default();
    let mark = opening.chars().next().unwrap_or('`');
    let length = opening.chars().take_while(|other| *other == mark).count();
    let last = lines.next_back().unwrap_or_default();
    last.chars().count() >= length && last.chars().all(|other| other == mark)
}

fn example(header: ExampleHeader, code: String) -> Example {
    let default = crate::language::Language::named(&header.language)
        .map_or("example", |language| language.example_path);
    Example {
        role: header.role,
        file: header.file.unwrap_or_else(|| default.to_owned()),
        language: header.language,
        lines: header.lines,
        code,
    }
}
