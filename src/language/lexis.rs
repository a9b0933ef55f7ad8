//! How the text of a language falls into tokens, as data, for code of which there is no tree: the arguments of a macro,
//! and what stands around a syntax error.
//!
//! Deliberately absent: what tokens mean together; [`crate::matcher`] knows operands and operators, no grammar.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// An identifier or a keyword.
    Name,
    /// A number, a string, a character: one token, whatever is in it.
    Literal,
    /// Anything else.
    Mark,
    /// An opening bracket, or a word that opens a block. The number tells pairs apart.
    Open(u8),
    /// What closes it.
    Close(u8),
}

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub class: Class,
    /// Its first byte.
    pub start: u32,
    /// The byte after it.
    pub end: u32,
}

impl Token {
    /// A token of these bytes.
    pub fn new(class: Class, bytes: Range<usize>) -> Self {
        Self {
            class,
            start: bytes.start as u32,
            end: bytes.end as u32,
        }
    }

    /// Its bytes.
    pub fn bytes(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The tokens of a language.
pub struct Lexis {
    /// The first token at or after a byte; white space and comments are no tokens. `None` at the end. Linear in what it
    /// passes over, and right at every byte where a token can begin; byte 0 is the beginning of a file.
    pub next: fn(&[u8], usize) -> Option<Token>,
    /// Kinds whose insides tree-sitter leaves as bare tokens, as it does the arguments of a macro.
    pub flat: &'static [&'static str],
    /// Kinds in whose bare tokens nothing is called: the left side of a macro's rule.
    pub dead: &'static [&'static str],
    /// What a name may begin with without being another name: `r#` in Rust.
    pub raw: &'static str,
    /// Names that are no operand.
    pub keywords: &'static [&'static str],
    /// Keywords after which a name is defined, not used.
    pub definitions: &'static [&'static str],
    /// What stands before the brackets of an attribute.
    pub attributes: &'static [&'static str],
    /// What joins a name to what stands before it: `.`.
    pub joints: &'static [&'static str],
    /// The joint of a path, `::`, where there is one: what stands before it is names and type arguments only.
    pub path: &'static str,
    /// What ends an operand like a call does: `?`.
    pub postfix: &'static [&'static str],
    /// Operators before an operand.
    pub prefixes: &'static [&'static str],
    /// Operators between operands, with their strength: more than 0, less than [`UNARY`].
    pub operators: &'static [(&'static str, u8)],
    /// What no operand goes beyond.
    pub separators: &'static [&'static str],
    /// What calls a macro, after its name: `!`.
    pub bang: &'static str,
    /// What opens the parameters of a closure and closes them: `|`.
    pub pipe: &'static str,
    /// The operator before a type.
    pub cast: &'static str,
    /// Keywords before a pattern, each with what ends the pattern.
    pub binders: &'static [(&'static str, &'static str)],
    /// What joins the conditions of an `if`, of which a `let` may be one.
    pub chain: &'static str,
    /// What stands behind the pattern of an arm.
    pub arm: &'static str,
    /// Keywords before a block that is an operand.
    pub block_words: &'static [&'static str],
    /// Keywords before an expression and a block, all of which is an operand.
    pub block_heads: &'static [&'static str],
    /// The keyword between two such blocks.
    pub block_joint: &'static str,
    /// Kinds of literals: of one token.
    pub literals: &'static [&'static str],
    /// Kinds of names: of one token, too, which alone does not tell which of these it is.
    pub names: &'static [&'static str],
    /// A call's kind and the field of what is called.
    pub call: (&'static str, &'static str),
    /// What ends a statement that is an expression: without it the parser looks far for what may be missing.
    pub terminator: &'static str,
    /// What begins an item that has a name and a block: a finding's identity.
    pub items: &'static [&'static str],
}

/// No tokens at all: patterns of the language match on trees only.
pub static UNKNOWN: Lexis = NONE;

/// What a language does not have.
pub const NONE: Lexis = Lexis {
    next: |_, _| None,
    flat: &[],
    dead: &[],
    raw: "",
    keywords: &[],
    definitions: &[],
    attributes: &[],
    joints: &[],
    path: "",
    postfix: &[],
    prefixes: &[],
    operators: &[],
    separators: &[],
    bang: "",
    pipe: "",
    cast: "",
    binders: &[],
    chain: "",
    arm: "",
    block_words: &[],
    block_heads: &[],
    block_joint: "",
    literals: &[],
    names: &[],
    call: ("", ""),
    terminator: "",
    items: &[],
};

/// The strength of assignments: what stands at their sides may be anything.
pub const ASSIGNMENT: u8 = 20;

/// The strength of operators before an operand.
pub const UNARY: u8 = 90;

/// The strength of what stands behind an operand: a method, arguments, `?`.
pub const POSTFIX: u8 = 100;

/// The length of the character at a byte, and the character; a byte that is no UTF-8 is a replacement character.
pub(super) fn character(text: &[u8], at: usize) -> (usize, char) {
    if text[at].is_ascii() {
        return (1, char::from(text[at]));
    }
    let bytes = &text[at..text.len().min(at + 4)];
    let valid = match std::str::from_utf8(bytes) {
        Ok(valid) => valid,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    };
    valid
        .chars()
        .next()
        .map_or((1, char::REPLACEMENT_CHARACTER), |first| {
            (first.len_utf8(), first)
        })
}

/// The end of the longest row of characters of a sort that begins here.
pub(super) fn end_of_row(text: &[u8], mut at: usize, belongs: impl Fn(char) -> bool) -> usize {
    while at < text.len() {
        let (length, next) = character(text, at);
        if !belongs(next) {
            break;
        }
        at += length;
    }
    at
}

/// The byte after a text that ends with `quote`; a backslash hides what follows. Without an end: the end of the
/// line, or of the text where a string may have many lines.
pub(super) fn end_of_string(text: &[u8], start: usize, quote: u8, many_lines: bool) -> usize {
    let mut at = start;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\n' if !many_lines => return at,
            _ if *byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// The line feed that ends the line, or the end of the text.
pub(super) fn end_of_line(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at.min(text.len())
        + rest
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(rest.len())
}
