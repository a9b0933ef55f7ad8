//! Rust's tokens: exact where the compiler's are, and never at a loss where the compiler gives up.
//!
//! Deliberately absent: joining `>` and `>`, which may close two lists of type arguments; and judging what is found.

use crate::language::lexis::{
    self, Class, Lexis, Token, character, end_of_line, end_of_row, end_of_string,
};

/// Rust's tokens.
pub(super) static LEXIS: Lexis = Lexis {
    next,
    flat: &["token_tree"],
    dead: &["token_tree_pattern"],
    raw: "r#",
    keywords: &[
        "as", "async", "box", "break", "const", "continue", "dyn", "else", "enum", "extern", "fn",
        "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref",
        "return", "static", "struct", "trait", "type", "unsafe", "use", "where", "while", "yield",
    ],
    definitions: &[
        "fn", "struct", "enum", "union", "trait", "mod", "type", "macro", "use", "impl", "dyn",
    ],
    attributes: &["#", "#!"],
    joints: &[".", "::"],
    path: "::",
    postfix: &["?"],
    prefixes: &["&", "&&", "*", "-", "!", "mut", "const", "dyn"],
    operators: &[
        ("as", 80),
        ("*", 75),
        ("/", 75),
        ("%", 75),
        ("+", 70),
        ("-", 70),
        ("<<", 65),
        ("&", 60),
        ("^", 55),
        ("|", 50),
        ("==", 45),
        ("!=", 45),
        ("<", 45),
        ("<=", 45),
        (">", 45),
        (">=", 45),
        ("&&", 40),
        ("||", 35),
        ("..", 30),
        ("..=", 30),
        ("=", 20),
        ("+=", 20),
        ("-=", 20),
        ("*=", 20),
        ("/=", 20),
        ("%=", 20),
        ("^=", 20),
        ("&=", 20),
        ("|=", 20),
        ("<<=", 20),
        (">>=", 20),
    ],
    separators: &[",", ";", "=>"],
    bang: "!",
    pipe: "|",
    cast: "as",
    binders: &[("let", "="), ("for", "in")],
    chain: "&&",
    arm: "=>",
    block_words: &["unsafe", "async", "loop", "const", "try", "gen"],
    block_heads: &["if", "match", "while", "for"],
    block_joint: "else",
    literals: &[
        "boolean_literal",
        "char_literal",
        "float_literal",
        "integer_literal",
        "raw_string_literal",
        "string_literal",
    ],
    names: &[
        "crate",
        "field_identifier",
        "identifier",
        "metavariable",
        "primitive_type",
        "self",
        "shorthand_field_identifier",
        "super",
        "type_identifier",
    ],
    call: ("call_expression", "function"),
    terminator: ";",
    items: &["fn", "mod", "trait", "struct", "enum", "union"],
};

/// Marks of several characters, the longest first. `>` stands alone, but for those that close no type arguments.
const MARKS: [&[u8]; 24] = [
    b"<<=", b"...", b"..=", b"::", b"->", b"=>", b"==", b"!=", b"<=", b">=", b"&&", b"||", b"+=",
    b"-=", b"*=", b"/=", b"%=", b"^=", b"&=", b"|=", b"<<", b"..", b"#!", b"?",
];

/// The token at a byte or after it.
pub(super) fn next(text: &[u8], at: usize) -> Option<Token> {
    let mut start = if at == 0 { prelude(text) } else { at };
    loop {
        start = end_of_row(text, start, is_white);
        let rest = text.get(start..)?;
        if rest.starts_with(b"//") {
            start = end_of_line(text, start);
        } else if rest.starts_with(b"/*") {
            start = end_of_comment(text, start);
        } else if is_conflict_marker(text, start) {
            start = end_of_line(text, start);
        } else {
            break;
        }
    }
    let first = *text.get(start)?;
    let (class, end) = match first {
        b'(' => (Class::Open(0), start + 1),
        b'[' => (Class::Open(1), start + 1),
        b'{' => (Class::Open(2), start + 1),
        b')' => (Class::Close(0), start + 1),
        b']' => (Class::Close(1), start + 1),
        b'}' => (Class::Close(2), start + 1),
        b'"' => (Class::Literal, end_of_string(text, start + 1, b'"', true)),
        b'\'' => quoted(text, start),
        b'0'..=b'9' => (Class::Literal, end_of_number(text, start)),
        b'$' => match end_of_name(text, start + 1) {
            Some(end) => (Class::Name, end),
            None => (Class::Mark, start + 1),
        },
        _ => match end_of_name(text, start) {
            Some(end) => word(text, start, end),
            None => (Class::Mark, end_of_mark(text, start)),
        },
    };
    Some(Token::new(class, start..end))
}

/// White space and the marks of writing direction, as the compiler skips them; a byte order mark, too.
fn is_white(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{200e}' | '\u{200f}' | '\u{feff}')
}

/// Where the code of a file begins: after `#!/usr/bin/env ..` and after a frontmatter of Cargo's.
fn prelude(text: &[u8]) -> usize {
    let mut at = if text.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    if text[at..].starts_with(b"#!") {
        let attribute = end_of_row(text, at + 2, is_white);
        if text.get(attribute) != Some(&b'[') {
            at = end_of_line(text, at);
        }
    }
    let fence = end_of_row(text, at, is_white);
    let dashes = end_of_row(text, fence, |character| character == '-') - fence;
    if dashes < 3 {
        return at;
    }
    let mut line = end_of_line(text, fence);
    while line < text.len() {
        let start = line + 1;
        line = end_of_line(text, start);
        if end_of_row(text, start, |character| character == '-') - start >= dashes {
            return line;
        }
    }
    at
}

/// How much of a text is a script's frontmatter and what stands before it; 0 when there is none.
pub(super) fn frontmatter(text: &[u8]) -> usize {
    let end = prelude(text);
    let head = &text[..end];
    if memchr::memmem::find(head, b"---").is_some() {
        end
    } else {
        0
    }
}

/// `<<<<<<< ours` and its kin, which a merge left behind.
fn is_conflict_marker(text: &[u8], at: usize) -> bool {
    let mark = text.get(at).copied().unwrap_or_default();
    matches!(mark, b'<' | b'=' | b'>' | b'|')
        && (at == 0 || text[at - 1] == b'\n')
        && text[at..]
            .iter()
            .take(7)
            .filter(|byte| **byte == mark)
            .count()
            == 7
        && matches!(text.get(at + 7), None | Some(b' ' | b'\n' | b'\r'))
}

fn end_of_comment(text: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < text.len() {
        if text[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// A byte that is no UTF-8 is taken for a letter: in Latin-1 it is one.
fn is_letter(character: char) -> bool {
    character == '_' || character.is_alphabetic() || character == char::REPLACEMENT_CHARACTER
}

fn is_name(character: char) -> bool {
    // Marks that combine with a letter are no letters, yet belong to names.
    is_letter(character) || character.is_numeric() || matches!(character, '\u{300}'..='\u{36f}')
}

fn end_of_name(text: &[u8], at: usize) -> Option<usize> {
    if at >= text.len() || !is_letter(character(text, at).1) {
        return None;
    }
    Some(end_of_row(text, at, is_name))
}

/// A name, a raw name, or the prefix of a string.
fn word(text: &[u8], start: usize, end: usize) -> (Class, usize) {
    let prefix = &text[start..end];
    let next = text.get(end);
    let is_raw = matches!(prefix, b"r" | b"br" | b"cr");
    if is_raw && matches!(next, Some(b'"' | b'#')) {
        let quote = end_of_row(text, end, |character| character == '#');
        if text.get(quote) == Some(&b'"') {
            return (Class::Literal, end_of_raw(text, quote, quote - end));
        }
        if prefix == b"r"
            && quote == end + 1
            && let Some(end) = end_of_name(text, quote)
        {
            return (Class::Name, end);
        }
    }
    match (prefix, next) {
        (b"b" | b"c", Some(b'"')) => (Class::Literal, end_of_string(text, end + 1, b'"', true)),
        (b"b", Some(b'\'')) => (Class::Literal, end_of_string(text, end + 1, b'\'', false)),
        _ => (Class::Name, end),
    }
}

fn end_of_raw(text: &[u8], quote: usize, hashes: usize) -> usize {
    let mut at = quote + 1;
    while at < text.len() {
        if text[at] == b'"' {
            let limit = text.len().min(at + 1 + hashes);
            if text[at + 1..limit]
                .iter()
                .filter(|byte| **byte == b'#')
                .count()
                == hashes
            {
                return at + 1 + hashes;
            }
        }
        at += 1;
    }
    text.len()
}

/// A character, a lifetime, or a lone quote.
fn quoted(text: &[u8], start: usize) -> (Class, usize) {
    if text.get(start + 1) == Some(&b'\\') {
        return (Class::Literal, end_of_string(text, start + 1, b'\'', false));
    }
    if start + 1 >= text.len() {
        return (Class::Mark, start + 1);
    }
    let (length, inner) = character(text, start + 1);
    let after = start + 1 + length;
    if text.get(after) == Some(&b'\'') && !matches!(inner, '\n' | '\'') {
        return (Class::Literal, after + 1);
    }
    if is_letter(inner) {
        return (Class::Mark, end_of_row(text, start + 1, is_name));
    }
    (Class::Mark, start + 1)
}

fn end_of_number(text: &[u8], start: usize) -> usize {
    let digits = |at| end_of_row(text, at, is_name);
    let mut end = digits(start);
    // `1.5`, not `1..5`, `1.max(2)`.
    if text.get(end) == Some(&b'.') && text.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end = digits(end + 1);
    }
    let is_exponent = !text[start..end].starts_with(b"0x")
        && matches!(text.get(end.wrapping_sub(1)), Some(b'e' | b'E'))
        && matches!(text.get(end), Some(b'+' | b'-'))
        && text.get(end + 1).is_some_and(u8::is_ascii_digit);
    if is_exponent { digits(end + 1) } else { end }
}

fn end_of_mark(text: &[u8], start: usize) -> usize {
    let rest = &text[start..];
    MARKS
        .iter()
        .find(|mark| rest.starts_with(mark))
        .map_or_else(
            || start + lexis::character(text, start).0,
            |mark| start + mark.len(),
        )
}
