//! Tokens of Rust, for what must be found without a tree: in files that are only asked for their modules, and in the
//! arguments of macros. It never fails: what is not closed goes on to the end of the text.
//!
//! Deliberately absent: comments and white space (they are skipped), and joined punctuation (`::` is two tokens).

use std::ops::Range;

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
    let mut lexer = Lexer {
        text: &text[..end],
        at: range.start.min(end),
    };
    if lexer.at == 0 {
        lexer.skip_head();
    }
    std::iter::from_fn(|| lexer.next()).collect()
}

/// How much of a text is a script's frontmatter and what stands before it; 0 when there is none.
pub(super) fn frontmatter(text: &[u8]) -> usize {
    let mut lexer = Lexer { text, at: 0 };
    lexer.skip_head();
    let head = &text[..lexer.at];
    if memchr::memmem::find(head, b"---").is_some() {
        lexer.at
    } else {
        0
    }
}

struct Lexer<'t> {
    text: &'t [u8],
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &[u8] {
        &self.text[self.at..]
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// A byte order mark, a shebang, and a script's frontmatter.
    fn skip_head(&mut self) {
        if self.rest().starts_with(b"\xEF\xBB\xBF") {
            self.at += 3;
        }
        if self.rest().starts_with(b"#!") {
            let next = self.rest()[2..]
                .iter()
                .find(|byte| !byte.is_ascii_whitespace());
            if next != Some(&b'[') {
                self.skip_line();
            }
        }
        let before = self.at;
        while self.byte(0).is_ascii_whitespace() {
            self.at += 1;
        }
        let dashes = self.rest().iter().take_while(|byte| **byte == b'-').count();
        let starts_line = self.at == 0 || self.text[self.at - 1] != b' ';
        if dashes < 3 || !starts_line {
            self.at = before;
            return;
        }
        let fence = vec![b'-'; dashes];
        self.skip_line();
        while self.at < self.text.len() && !self.rest().starts_with(&fence) {
            self.skip_line();
        }
        self.skip_line();
    }

    fn skip_line(&mut self) {
        let length = self.rest().iter().position(|byte| *byte == b'\n');
        self.at = length.map_or(self.text.len(), |length| self.at + length + 1);
    }

    fn next(&mut self) -> Option<Token> {
        self.skip_blanks();
        let start = self.at;
        let first = *self.text.get(start)?;
        let kind = match first {
            b'"' => {
                self.at += 1;
                self.string();
                Kind::Text
            }
            b'\'' => self.quote(),
            b'0'..=b'9' => {
                self.number();
                Kind::Value
            }
            _ if is_name_byte(first) => self.word(),
            _ => {
                self.at += 1;
                Kind::Mark(first)
            }
        };
        Some(Token {
            kind,
            start,
            end: self.at,
        })
    }

    fn skip_blanks(&mut self) {
        loop {
            match (self.byte(0), self.byte(1)) {
                _ if self.at >= self.text.len() => return,
                (b'/', b'/') => self.skip_line(),
                (b'/', b'*') => self.block_comment(),
                (byte, _) if byte.is_ascii_whitespace() || byte == 0x0B => self.at += 1,
                // U+0085, U+200E, U+200F, U+2028, U+2029
                (0xC2, 0x85) => self.at += 2,
                (0xE2, 0x80) if matches!(self.byte(2), 0x8E | 0x8F | 0xA8 | 0xA9) => self.at += 3,
                (b'<' | b'=' | b'>' | b'|', _) if self.is_conflict_marker() => self.skip_line(),
                _ => return,
            }
        }
    }

    /// `<<<<<<< ours` and its kin, which a merge left behind.
    fn is_conflict_marker(&self) -> bool {
        let starts_line = self.at == 0 || self.text[self.at - 1] == b'\n';
        starts_line
            && (1..7).all(|ahead| self.byte(ahead) == self.byte(0))
            && matches!(self.byte(7), b' ' | b'\n' | b'\r' | 0)
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.text.len() {
            match (self.byte(0), self.byte(1)) {
                (b'/', b'*') => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
        self.at = self.text.len();
    }

    /// Up to and including the closing quotation mark.
    fn string(&mut self) {
        while self.at < self.text.len() {
            match self.byte(0) {
                b'\\' => self.at += 2,
                b'"' => {
                    self.at += 1;
                    return;
                }
                _ => self.at += 1,
            }
        }
        self.at = self.text.len();
    }

    fn raw_string(&mut self, hashes: usize) {
        let close = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
        while self.at < self.text.len() {
            if self.rest().starts_with(&close) {
                self.at += close.len();
                return;
            }
            self.at += 1;
        }
    }

    /// A character or a lifetime.
    fn quote(&mut self) -> Kind {
        self.at += 1;
        let first = self.byte(0);
        if first == b'\\' {
            self.at += 2;
            while self.at < self.text.len() && !matches!(self.byte(0), b'\'' | b'\n') {
                self.at += 1;
            }
            self.at = (self.at + 1).min(self.text.len());
            return Kind::Value;
        }
        let width = match first {
            0xF0.. => 4,
            0xE0.. => 3,
            0xC0.. => 2,
            _ => 1,
        };
        if self.byte(width) == b'\'' && first != b'\'' {
            self.at += width + 1;
            return Kind::Value;
        }
        while is_name_byte(self.byte(0)) && self.at < self.text.len() {
            self.at += 1;
        }
        Kind::Lifetime
    }

    fn number(&mut self) {
        let is_field = self.text[..self.at].ends_with(b".");
        let is_hexadecimal = self.byte(0) == b'0' && matches!(self.byte(1), b'x' | b'b' | b'o');
        self.digits(is_hexadecimal);
        if !is_field && self.byte(0) == b'.' && self.byte(1).is_ascii_digit() {
            self.at += 1;
            self.digits(is_hexadecimal);
        }
    }

    fn digits(&mut self, is_hexadecimal: bool) {
        while self.byte(0).is_ascii_alphanumeric() || self.byte(0) == b'_' {
            let is_exponent = !is_hexadecimal
                && matches!(self.byte(0), b'e' | b'E')
                && matches!(self.byte(1), b'+' | b'-');
            self.at += if is_exponent { 2 } else { 1 };
        }
    }

    /// A name, or a literal that begins with letters.
    fn word(&mut self) -> Kind {
        let start = self.at;
        while is_name_byte(self.byte(0)) && self.at < self.text.len() {
            self.at += 1;
        }
        let word = &self.text[start..self.at];
        match (word, self.byte(0)) {
            (b"b" | b"c", b'"') => {
                self.at += 1;
                self.string();
                Kind::Text
            }
            (b"b", b'\'') => {
                self.quote();
                Kind::Value
            }
            (b"r" | b"br" | b"cr", b'"' | b'#') => {
                let hashes = self.rest().iter().take_while(|byte| **byte == b'#').count();
                if self.byte(hashes) == b'"' {
                    self.at += hashes + 1;
                    self.raw_string(hashes);
                    return Kind::Text;
                }
                if word == b"r" && hashes == 1 && is_name_byte(self.byte(1)) {
                    self.at += 1;
                    while is_name_byte(self.byte(0)) && self.at < self.text.len() {
                        self.at += 1;
                    }
                }
                Kind::Name
            }
            _ => Kind::Name,
        }
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || byte >= 0x80
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
