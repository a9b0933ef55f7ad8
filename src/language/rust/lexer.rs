//! Tokens of Rust by the sort that matters to attributes and declarations, for what must be found without a tree: in
//! files that are only asked for their modules, and in the arguments of macros.
//!
//! Deliberately absent: where a token begins and ends ([`super::tokens`]), and joined punctuation (`::` is two tokens).

use std::ops::Range;

use super::tokens;
use crate::language::lexis::Class;

/// What sort of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An identifier or a keyword, `r#` and all.
    Name,
    /// `'a`
    Lifetime,
    /// A string, of bytes or not, raw or not.
    Text,
    /// A number, a character, a byte.
    Value,
    /// One character of punctuation, brackets included.
    Mark(u8),
}

/// A token and its place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Token {
    /// Whether it is this character.
    pub(super) fn is(&self, mark: u8) -> bool {
        self.kind == Kind::Mark(mark)
    }

    /// Whether it is this word.
    pub(super) fn is_word(&self, text: &[u8], word: &[u8]) -> bool {
        self.kind == Kind::Name && &text[self.start..self.end] == word
    }
}

/// The tokens of a part of a text.
pub(super) fn tokens(text: &[u8], range: Range<usize>) -> Vec<Token> {
    let end = range.end.min(text.len());
    let text = &text[..end];
    let mut found = Vec::new();
    let mut at = range.start.min(end);
    while let Some(token) = tokens::next(text, at) {
        let bytes = token.bytes();
        at = bytes.end;
        let of = &text[bytes.clone()];
        let kind = match token.class {
            Class::Name => Kind::Name,
            Class::Literal if of.ends_with(b"'") || of[0].is_ascii_digit() => Kind::Value,
            Class::Literal => Kind::Text,
            Class::Mark if of.len() > 1 && of[0] == b'\'' => Kind::Lifetime,
            Class::Mark | Class::Open(_) | Class::Close(_) => {
                found.extend(bytes.map(|start| Token {
                    kind: Kind::Mark(text[start]),
                    start,
                    end: start + 1,
                }));
                continue;
            }
        };
        found.push(Token {
            kind,
            start: bytes.start,
            end: bytes.end,
        });
    }
    found
}

/// For each bracket its partner; 0 for what is no bracket or has none. What is not closed before an outer bracket
/// closes has none.
pub(super) fn partners(tokens: &[Token]) -> Vec<usize> {
    let mut partners = vec![0; tokens.len()];
    let mut open: Vec<(usize, u8)> = Vec::new();
    let mut waiting = [0_usize; 256];
    for (index, token) in tokens.iter().enumerate() {
        let close = match token.kind {
            Kind::Mark(b'(') => b')',
            Kind::Mark(b'[') => b']',
            Kind::Mark(b'{') => b'}',
            Kind::Mark(mark @ (b')' | b']' | b'}')) if waiting[usize::from(mark)] > 0 => {
                while let Some((at, wanted)) = open.pop() {
                    waiting[usize::from(wanted)] -= 1;
                    if wanted == mark {
                        partners[at] = index;
                        partners[index] = at;
                        break;
                    }
                }
                continue;
            }
            _ => continue,
        };
        open.push((index, close));
        waiting[usize::from(close)] += 1;
    }
    partners
}
