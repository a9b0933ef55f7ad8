//! The fenced blocks of an RFC: matchers, review blocks and examples of the statement in which they stand.
//!
//! Deliberately absent: the words of a fence's first line ([`super::fence`]), and what a matcher says
//! ([`crate::rule::read`]).

use std::ops::Range;

use pulldown_cmark::{Event, TagEnd};

use super::fence::{self, ExampleHeader, Fence, Purpose};
use super::prose::Events;
use super::sections::Walk;
use crate::problem::Problems;
use crate::rule::{self, Example};
use crate::yaml::{self, Node, Offsets};

impl Walk<'_> {
    /// Returns the index of the block's last event.
    pub(super) fn fence(
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
    pub(super) fn indented_code(&mut self, range: &Range<usize>) {
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

    pub(super) fn block(&mut self, purpose: Purpose, fence: Fence) {
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
}

/// The index of the event that ends the code block which begins at `start`.
pub(super) fn end_of_code(events: &Events<'_>, start: usize) -> usize {
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
