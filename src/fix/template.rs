//! `fix` as it is written: text with metavariables, and what it makes of a match.
//!
//! The meaning is ast-grep's, its indentation too: what a metavariable stands for keeps the shape that it has, moved to
//! where the metavariable stands; the whole is moved to the line of the match. Only spaces count as indentation. One thing
//! is ours: in a text whose lines end in CR LF, so do the lines of the template. Deliberately absent: `expandStart`,
//! `expandEnd`.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::matcher::indent::{indent_at, moved};
use crate::matcher::{Captures, Tree};

/// A fix, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    holes: Vec<Hole>,
    tail: String,
}

/// A metavariable, and the text before it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hole {
    before: String,
    name: String,
    /// `$$$NAME`
    is_list: bool,
    /// The spaces that its line begins with.
    indent: usize,
}

/// The match that a template is filled from.
pub struct Match<'a> {
    /// The text and its tree.
    pub tree: &'a Tree<'a>,
    /// What is replaced.
    pub range: Range<usize>,
    /// What the metavariables stand for.
    pub captures: &'a Captures,
    /// What `transform` made of them.
    pub made: &'a [(Arc<str>, String)],
}

impl Template {
    /// Reads a template; every text is one.
    pub fn parse(text: &str) -> Self {
        let mut holes = Vec::new();
        let (mut done, mut at) = (0, 0);
        while let Some(dollar) = text[at..].find('$').map(|offset| at + offset) {
            let Some((sigils, name)) = variable(&text[dollar..]) else {
                at = dollar + 1;
                continue;
            };
            holes.push(Hole {
                before: text[done..dollar].to_owned(),
                name: name.to_owned(),
                is_list: sigils == 3,
                indent: indent_at(&text.as_bytes()[..dollar]),
            });
            done = dollar + sigils + name.len();
            at = done;
        }
        Self {
            holes,
            tail: text[done..].to_owned(),
        }
    }

    /// The metavariables in it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.holes.iter().map(|hole| hole.name.as_str())
    }

    /// What it makes of a match. What is not bound counts as empty.
    pub fn fill(&self, of: &Match<'_>) -> Vec<u8> {
        let text = of.tree.text();
        let has_cr = ends_lines_with_cr(text);
        let mut filled: Vec<u8> = Vec::new();
        for hole in &self.holes {
            filled.extend_from_slice(&with_ends(&hole.before, has_cr));
            let made = of.made.iter().find(|(name, _)| **name == *hole.name);
            if let Some((_, made)) = made.filter(|_| !hole.is_list) {
                filled.extend_from_slice(&moved(made.as_bytes(), 0, hole.indent));
            } else if let Some(bytes) = hole.bound(of)
                && let Some(code) = text.get(bytes.clone())
            {
                let from = indent_at(&text[..bytes.start]);
                filled.extend_from_slice(&moved(code, from, hole.indent));
            }
        }
        filled.extend_from_slice(&with_ends(&self.tail, has_cr));
        let indent = indent_at(text.get(..of.range.start).unwrap_or_default());
        moved(&filled, 0, indent).into_owned()
    }
}

impl Hole {
    /// The bytes that it stands for. `$NAME` is never a list, and `$$$NAME` never a single node.
    fn bound(&self, of: &Match<'_>) -> Option<Range<usize>> {
        match (
            of.captures.get(&self.name),
            of.captures.get_many(&self.name),
        ) {
            (Some(_), _) if self.is_list => None,
            (Some(node), _) => Some(of.tree.range(node)),
            (None, Some(_)) if !self.is_list => None,
            _ => of.captures.range(of.tree, &self.name),
        }
    }
}

/// The metavariable that a text begins with: its dollars and its name.
fn variable(text: &str) -> Option<(usize, &str)> {
    let dollars = text.bytes().take_while(|byte| *byte == b'$').count().min(3);
    let is_first = |first: char| first.is_ascii_uppercase() || first == '_';
    let rest = &text[dollars..];
    let end = rest
        .find(|other: char| !is_first(other) && !other.is_ascii_digit())
        .unwrap_or(rest.len());
    rest.starts_with(is_first).then(|| (dollars, &rest[..end]))
}

fn ends_lines_with_cr(text: &[u8]) -> bool {
    let end = text.iter().position(|byte| *byte == b'\n');
    end.is_some_and(|end| text[..end].ends_with(b"\r"))
}

fn with_ends(text: &str, has_cr: bool) -> Cow<'_, [u8]> {
    if !has_cr || !text.contains('\n') {
        return Cow::Borrowed(text.as_bytes());
    }
    Cow::Owned(
        text.replace("\r\n", "\n")
            .replace('\n', "\r\n")
            .into_bytes(),
    )
}
