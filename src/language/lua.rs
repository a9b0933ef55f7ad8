//! Lua 5.1 to 5.4 and LuaJIT.
//!
//! Deliberately absent: what is nil where ([`crate::analysis`]).

use super::lexis::{Class, Lexis, NONE, Token, end_of_line, end_of_row, end_of_string};
use super::{Fact, Language, Place};
use crate::finding::Cause;

/// Lua.
pub static LUA: Language = Language {
    name: "lua",
    aliases: &[],
    extensions: &["lua"],
    grammar: || tree_sitter_lua::LANGUAGE.into(),
    expando: '$',
    comments: &["comment"],
    comment_marks: &[
        ("--[===[", "]===]"),
        ("--[==[", "]==]"),
        ("--[=[", "]=]"),
        ("--[[", "]]"),
        ("---", ""),
        ("--", ""),
    ],
    blocks: &["chunk", "block"],
    items: &[("function_declaration", "name")],
    branches: &[],
    decorations: &[],
    calls: &["function_call"],
    callee: &[
        ("function_call", "name"),
        ("dot_index_expression", "field"),
        ("method_index_expression", "method"),
    ],
    lexis: &LEXIS,
    example_path: "lib/example.lua",
    facts: &[Fact {
        name: "tests",
        about: "a test by the conventions of busted and its kin: in `spec/`, `test/`, `tests/` or `t/`, or named `*_spec.lua`, `*_test.lua` or `test_*.lua`",
        ask: "Is this code run by tests only?",
        holds: is_test,
    }],
    turned: |_, _, _| super::Turns::default(),
    about: |_, _| Vec::new(),
};

fn is_test(place: &Place<'_>) -> Option<Cause> {
    let path = place.source.path.text();
    let (folders, file) = path.rsplit_once('/').unwrap_or(("", &path));
    let stem = file.strip_suffix(".lua").unwrap_or(file);
    let is_test = folders
        .split('/')
        .any(|folder| matches!(folder, "spec" | "test" | "tests" | "t"))
        || stem.ends_with("_spec")
        || stem.ends_with("_test")
        || stem.starts_with("test_");
    is_test.then(|| Cause {
        text: path.clone().into_owned(),
        path: path.into_owned(),
        line: 1,
    })
}

static LEXIS: Lexis = Lexis {
    next,
    keywords: &[
        "and", "break", "else", "elseif", "for", "goto", "in", "local", "not", "or", "return",
        "then", "while",
    ],
    definitions: &["function"],
    joints: &[".", ":"],
    prefixes: &["not", "#", "-", "~"],
    operators: &[
        ("^", 85),
        ("*", 75),
        ("/", 75),
        ("//", 75),
        ("%", 75),
        ("+", 70),
        ("-", 70),
        ("..", 65),
        ("<<", 60),
        (">>", 60),
        ("&", 55),
        ("~", 50),
        ("|", 45),
        ("<", 40),
        (">", 40),
        ("<=", 40),
        (">=", 40),
        ("~=", 40),
        ("==", 40),
        ("and", 30),
        ("or", 25),
        ("=", 20),
    ],
    separators: &[",", ";"],
    literals: &["false", "nil", "number", "string", "true"],
    names: &["identifier"],
    call: ("function_call", "name"),
    items: &["function"],
    ..NONE
};

const MARKS: [&[u8]; 10] = [
    b"...", b"..", b"==", b"~=", b"<=", b">=", b"//", b"::", b"<<", b">>",
];

/// The next token. `$` counts as a letter: it begins the metavariables of patterns, and Lua has no use for it.
fn next(text: &[u8], at: usize) -> Option<Token> {
    let mut start = at;
    if at == 0 && text.starts_with(b"#") {
        start = end_of_line(text, 0);
    }
    loop {
        start = end_of_row(text, start, |next| {
            next.is_whitespace() || next == '\u{feff}'
        });
        let rest = text.get(start..)?;
        if !rest.starts_with(b"--") {
            break;
        }
        start = end_of_long(text, start + 2).unwrap_or_else(|| end_of_line(text, start));
    }
    let (class, end) = match *text.get(start)? {
        b'(' => (Class::Open(0), start + 1),
        b'{' => (Class::Open(2), start + 1),
        b')' => (Class::Close(0), start + 1),
        b']' => (Class::Close(1), start + 1),
        b'}' => (Class::Close(2), start + 1),
        b'[' => match end_of_long(text, start) {
            Some(end) => (Class::Literal, end),
            None => (Class::Open(1), start + 1),
        },
        quote @ (b'"' | b'\'') => (Class::Literal, end_of_string(text, start + 1, quote, false)),
        b'0'..=b'9' => (Class::Literal, end_of_number(text, start)),
        _ => {
            let end = end_of_row(text, start, is_name);
            if end > start {
                (class_of_word(&text[start..end]), end)
            } else {
                (Class::Mark, end_of_mark(text, start))
            }
        }
    };
    Some(Token::new(class, start..end))
}

fn is_name(next: char) -> bool {
    matches!(next, '_' | '$') || next.is_alphanumeric()
}

/// Words that open and close blocks pair like brackets do.
fn class_of_word(word: &[u8]) -> Class {
    match word {
        b"function" | b"do" | b"if" => Class::Open(3),
        b"end" => Class::Close(3),
        b"repeat" => Class::Open(4),
        b"until" => Class::Close(4),
        _ => Class::Name,
    }
}

/// The end of `[==[ .. ]==]`; `None` when none begins here. Without an end: the end of the text.
fn end_of_long(text: &[u8], start: usize) -> Option<usize> {
    if text.get(start) != Some(&b'[') {
        return None;
    }
    let second = end_of_row(text, start + 1, |next| next == '=');
    if text.get(second) != Some(&b'[') {
        return None;
    }
    let level = second - start - 1;
    let mut at = second + 1;
    while at < text.len() {
        if text[at] == b']' {
            let close = end_of_row(text, at + 1, |next| next == '=');
            if close - at - 1 == level && text.get(close) == Some(&b']') {
                return Some(close + 1);
            }
            at = close;
        } else {
            at += 1;
        }
    }
    Some(text.len())
}

fn end_of_number(text: &[u8], start: usize) -> usize {
    let mut end = start;
    loop {
        end = end_of_row(text, end, char::is_alphanumeric);
        let is_fraction = text.get(end) == Some(&b'.') && text.get(end + 1) != Some(&b'.');
        let is_exponent = matches!(text.get(end), Some(b'+' | b'-'))
            && matches!(text[end - 1], b'e' | b'E' | b'p' | b'P');
        if !is_fraction && !is_exponent {
            return end;
        }
        end += 1;
    }
}

fn end_of_mark(text: &[u8], start: usize) -> usize {
    let rest = &text[start..];
    let known = MARKS.iter().find(|mark| rest.starts_with(mark));
    start + known.map_or_else(|| super::lexis::character(text, start).0, |mark| mark.len())
}
