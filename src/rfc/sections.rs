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

struct Walk<'a> {
    text: &'a str,
    problems: &'a mut Problems,
    keywords: Regex,
    headings: Vec<(HeadingLevel, String)>,
    open: Option<Open>,
    statements: Vec<Statement>,
    quote_depth: usize,
    list_depth: usize,
    quote: Quote,
    /// Whether this section, which is no statement, has been found to hold a block.
    has_block_outside: bool,
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
    has_check: bool,
    is_broken: bool,
}

type Events<'e> = [(Event<'e>, Range<usize>)];

/// The text of a block quote, once as written and once without code.
#[derive(Default)]
struct Quote {
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
    fn first_line(&self, range: &Range<usize>) -> Range<usize> {
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

    /// Returns the index of the block's last event.
    fn fence(
        &mut self,
        info: &str,
        range: &Range<usize>,
        events: &Events<'_>,
        start: usize,
    ) -> usize {
        let end = end_of_code(events, start);
        let mut code = String::new();
        let mut offsets = Vec::new();
        let span = self.first_line(range);
        let mut code_end = span.end;
        for (event, range) in &events[start + 1..end] {
            if let Event::Text(text) = event {
                offsets.push((code.len(), range.start));
                code.push_str(text);
                code_end = range.end;
            }
        }
        if offsets.is_empty() {
            offsets.push((0, span.start));
        }
        let fence = Fence {
            info: info.to_owned(),
            span,
            code,
            offsets: Offsets::new(offsets),
        };
        let opening = &self.text[fence.span.clone()];
        if !is_closed(opening, &self.text[code_end.min(range.end)..range.end]) {
            let message = "this fenced block is never closed";
            self.problems.add_with_help(
                fence.span.clone(),
                message,
                "end it with a line of the same fence",
            );
        }
        let purpose = fence::purpose(&fence, self.problems);
        self.block(purpose, fence);
        end
    }

    /// A fence that is indented by four columns is none, and nobody sees why.
    fn indented_code(&mut self, range: &Range<usize>) {
        let span = self.first_line(range);
        let line = self.text[span.clone()].trim_start();
        let mut words = line.trim_start_matches(['`', '~']).split_whitespace();
        let is_fence = line.starts_with("```") || line.starts_with("~~~");
        if is_fence && words.nth(1).is_some_and(fence::is_ours) {
            let help = "indent it by three columns at most";
            let message = "this fence is indented so far that it is only text";
            self.problems.add_with_help(span, message, help);
        }
    }

    fn block(&mut self, purpose: Purpose, fence: Fence) {
        if matches!(purpose, Purpose::Prose) {
            return;
        }
        let Some(open) = self.open.as_mut() else {
            // A heading that lost its hyphen makes outsiders of all blocks below it: one complaint is enough.
            if std::mem::replace(&mut self.has_block_outside, true) {
                return;
            }
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
                open.has_check = true;
                match read_block("matcher", &fence, self.problems) {
                    Some(node) => open.rules.push(node),
                    None => open.is_broken = true,
                }
            }
            Purpose::Review => {
                open.has_check = true;
                let node = read_block("review", &fence, self.problems);
                let review = node.and_then(|node| rule::read::review(&node, self.problems));
                open.is_broken |= review.is_none();
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

/// The index of the event that ends the code block which begins at `start`.
fn end_of_code(events: &Events<'_>, start: usize) -> usize {
    let is_end = |(event, _): &(Event<'_>, _)| matches!(event, Event::End(TagEnd::CodeBlock));
    start + events[start..].iter().position(is_end).unwrap_or(0)
}

/// Reads the YAML of a block; nothing at all is a problem, too.
fn read_block(what: &str, fence: &Fence, problems: &mut Problems) -> Option<Node> {
    if fence.code.trim().is_empty() {
        problems.add(fence.span.clone(), format!("this {what} block is empty"));
        return None;
    }
    yaml::parse(&fence.code, &fence.offsets, problems)
}

/// Whether what follows the code is its closing fence.
fn is_closed(opening: &str, rest: &str) -> bool {
    let mark = opening.chars().next().unwrap_or('`');
    let length = opening.chars().take_while(|other| *other == mark).count();
    let last = rest.lines().next_back().unwrap_or_default();
    let last = last.trim_start_matches([' ', '\t', '>']).trim_end();
    last.chars().count() >= length && last.chars().all(|other| other == mark)
}

/// Some lines of Markdown on one, without the marks of quotations and forced line breaks.
fn unquoted(text: &str) -> String {
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
fn inner_of_paragraph<'a, 'e>(
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
fn plain_text(inner: &Events<'_>) -> String {
    inner_of_paragraph(inner)
        .map(|(event, _)| match event {
            Event::Text(text) | Event::Code(text) => text.as_ref(),
            Event::SoftBreak | Event::HardBreak => " ",
            _ => "",
        })
        .collect()
}

fn begins_advice(plain: &str) -> bool {
    let rest = plain.strip_prefix("If you need");
    rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

fn is_advice_in_other_case(plain: &str) -> bool {
    let lower = plain.to_lowercase();
    !begins_advice(plain)
        && begins_advice(&lower.replacen("if you need", "If you need", 1))
        && lower.starts_with("if you need")
        && lower.contains(", use ")
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
