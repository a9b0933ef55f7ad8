//! Matching where there is no tree: in the arguments of macros, which tree-sitter leaves as bare tokens, and around syntax
//! errors.
//!
//! A pattern is its fixed tokens in order; a metavariable stands for one balanced run between them ([`pattern`]), as
//! long as an operand goes ([`operand`]). The rest of a rule is asked about the run ([`evaluate`]).
//! Deliberately absent: expanding macros. What they make of their tokens nobody knows who does not run them.

mod binding;
mod evaluate;
mod filling;
mod founds;
mod onward;
mod operand;
mod outline;
mod pattern;
mod words;

use std::ops::Range;

pub use evaluate::{Ground, Truth};
pub use founds::{Found, Founds};
pub use outline::TokenItem;
pub(super) use pattern::Hole;
pub use pattern::TokenPattern;

use self::words::Word;
use crate::language::lexis::{Class, Lexis, Token};

const NONE: u32 = u32::MAX;

/// The tokens of a text and how its brackets pair.
pub struct Tokens<'t> {
    text: &'t [u8],
    lexis: &'static Lexis,
    list: Vec<Token>,
    /// What each token is in the language.
    words: Vec<Word>,
    /// The other bracket of a pair; its own index for anything else.
    partner: Vec<u32>,
    /// The opening bracket around a token.
    around: Vec<u32>,
    starts: operand::Starts,
}

/// Tokens next to each other, by index.
pub type Run = Range<usize>;

impl<'t> Tokens<'t> {
    /// The tokens of a whole text.
    pub fn new(text: &'t [u8], lexis: &'static Lexis) -> Self {
        Self::within(text, lexis, std::iter::once(0..text.len()))
    }

    /// The tokens of parts of a text, each of which begins with a token.
    pub fn within(
        text: &'t [u8],
        lexis: &'static Lexis,
        parts: impl Iterator<Item = Range<usize>>,
    ) -> Self {
        let known = words::known(lexis);
        let (mut list, mut words) = (Vec::new(), Vec::new());
        for part in parts {
            let mut at = part.start;
            while let Some(token) = (lexis.next)(text, at)
                && token.bytes().start < part.end
            {
                at = token.bytes().end;
                let word = text.get(token.bytes()).and_then(|text| known.get(text));
                words.push(word.copied().unwrap_or_default());
                list.push(token);
            }
        }
        let partner = pairs(&list);
        Self {
            text,
            lexis,
            around: brackets_around(&list, &partner),
            starts: operand::Starts::new(list.len()),
            partner,
            words,
            list,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The index of the first token at or after a byte.
    pub fn at(&self, byte: usize) -> usize {
        self.list
            .partition_point(|token| (token.start as usize) < byte)
    }

    /// The bytes of a run.
    pub fn bytes(&self, run: &Run) -> Range<usize> {
        let start = self.list[run.start].bytes().start;
        start..self.list[run.end - 1].bytes().end.max(start)
    }

    /// The text of a token, without what marks a raw name.
    pub fn text(&self, at: usize) -> &'t [u8] {
        let token = &self.list[at];
        let text = self.text.get(token.bytes()).unwrap_or_default();
        match token.class {
            Class::Name => plain(text, self.lexis),
            _ => text,
        }
    }

    /// The innermost opening bracket around a token, if it is closed.
    pub fn bracket_around(&self, at: usize) -> Option<usize> {
        let around = self.around[at];
        (around != NONE).then_some(around as usize)
    }

    /// The other bracket of a pair.
    pub fn partner(&self, at: usize) -> Option<usize> {
        let partner = self.partner[at] as usize;
        (partner != at).then_some(partner)
    }

    fn class(&self, at: usize) -> Class {
        self.list[at].class
    }

    fn is(&self, at: usize, text: &str) -> bool {
        at < self.list.len() && self.text(at) == text.as_bytes()
    }

    /// Whether a token is one of a sort of words of the language.
    fn is_a(&self, at: usize, sort: u16) -> bool {
        self.words
            .get(at)
            .is_some_and(|word| word.sorts & sort != 0)
    }

    /// Whether two runs are the same tokens.
    pub(super) fn is_same_code(&self, left: &Run, right: &Run) -> bool {
        left == right
            || left.len() == right.len()
                && left
                    .clone()
                    .zip(right.clone())
                    .all(|(left, right)| self.text(left) == self.text(right))
    }
}

/// A name without what marks it as raw.
fn plain<'t>(name: &'t [u8], lexis: &Lexis) -> &'t [u8] {
    match name.strip_prefix(lexis.raw.as_bytes()) {
        Some(bare) if !bare.is_empty() => bare,
        _ => name,
    }
}

/// Pairs brackets. A closing one without an opening one is alone; one that closes an outer pair leaves the inner ones open.
fn pairs(list: &[Token]) -> Vec<u32> {
    let mut partner: Vec<u32> = (0..list.len() as u32).collect();
    let mut open: Vec<(u32, u8)> = Vec::new();
    let mut counts = [0_usize; 256];
    for (index, token) in list.iter().enumerate() {
        match token.class {
            Class::Open(kind) => {
                open.push((index as u32, kind));
                counts[usize::from(kind)] += 1;
            }
            Class::Close(kind) if counts[usize::from(kind)] > 0 => {
                while let Some((opening, opened)) = open.pop() {
                    counts[usize::from(opened)] -= 1;
                    if opened == kind {
                        partner[opening as usize] = index as u32;
                        partner[index] = opening;
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    partner
}

fn brackets_around(list: &[Token], partner: &[u32]) -> Vec<u32> {
    let mut open: Vec<u32> = Vec::new();
    let mut around = Vec::with_capacity(list.len());
    for (index, token) in list.iter().enumerate() {
        let is_paired = partner[index] as usize != index;
        if is_paired && matches!(token.class, Class::Close(_)) {
            open.pop();
        }
        around.push(open.last().copied().unwrap_or(NONE));
        if is_paired && matches!(token.class, Class::Open(_)) {
            open.push(index as u32);
        }
    }
    around
}
