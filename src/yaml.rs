//! YAML as a tree with the place of every key and value, and the one way in which codex writes YAML.
//!
//! A derived reader stops at its first complaint; this tree is checked by hand, so that all complaints of a file come
//! in one run and point at the exact characters. The only module that knows `serde_yaml`.
//! Deliberately absent: what the keys mean.

use std::fmt::Write as _;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::Spanned;

use crate::problem::Problems;

/// A value and its place in the document.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Bytes of the document.
    pub span: Range<usize>,
}

/// What a node holds. Numbers keep their spelling.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing, or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is spelled.
    Number(String),
    /// Text.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the text.
    Map(Vec<Entry>),
}

/// One pair of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Range<usize>,
    /// The value.
    pub value: Node,
}

impl Node {
    /// A value that no text holds.
    pub fn new(value: Value) -> Self {
        Self { value, span: 0..0 }
    }

    /// A text that no document holds.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Value::Text(text.into()))
    }

    /// A list of texts that no document holds.
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::new(Value::List(texts.into_iter().map(Self::text).collect()))
    }

    /// A mapping that no document holds.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        let entry = |(key, value): (K, Self)| Entry {
            key: key.into(),
            key_span: 0..0,
            value,
        };
        Self::new(Value::Map(entries.into_iter().map(entry).collect()))
    }

    /// The pairs, when it is a mapping.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a key, when it is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
    }

    /// The text, when it is one; a number counts as its spelling.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text),
            _ => None,
        }
    }

    /// The number, when it is a whole one.
    pub fn as_number(&self) -> Option<u32> {
        match &self.value {
            Value::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn word(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a truth value",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// The text; anything else is a problem.
    pub fn need_text(&self, what: &str, problems: &mut Problems) -> Option<&str> {
        let text = self.as_text().filter(|text| !text.trim().is_empty());
        if text.is_none() {
            problems.add(
                self.span.clone(),
                format!("`{what}` must be text, not {}", self.word_of_text()),
            );
        }
        text
    }

    fn word_of_text(&self) -> &'static str {
        if self.as_text().is_some() {
            "empty"
        } else {
            self.word()
        }
    }

    /// The truth value; anything else is a problem.
    pub fn need_bool(&self, what: &str, problems: &mut Problems) -> Option<bool> {
        if let Value::Bool(value) = self.value {
            return Some(value);
        }
        problems.add(
            self.span.clone(),
            format!("`{what}` must be true or false, not {}", self.word()),
        );
        None
    }

    /// The elements; anything else is a problem.
    pub fn need_list(&self, what: &str, problems: &mut Problems) -> &[Self] {
        if let Value::List(nodes) = &self.value {
            return nodes;
        }
        problems.add(
            self.span.clone(),
            format!("`{what}` must be a list, not {}", self.word()),
        );
        &[]
    }

    /// The texts of a list; anything else is a problem.
    pub fn need_texts(&self, what: &str, problems: &mut Problems) -> Vec<String> {
        let mut texts = Vec::new();
        for node in self.need_list(what, problems) {
            texts.extend(node.need_text(what, problems).map(str::to_owned));
        }
        texts
    }

    /// The pairs, with every key that is not known reported; anything else is a problem.
    pub fn need_map(
        &self,
        what: &str,
        known: &[&str],
        problems: &mut Problems,
    ) -> Option<&[Entry]> {
        let Value::Map(entries) = &self.value else {
            problems.add(
                self.span.clone(),
                format!("{what} must be a mapping, not {}", self.word()),
            );
            return None;
        };
        for entry in entries
            .iter()
            .filter(|entry| !known.contains(&entry.key.as_str()))
        {
            let message = format!("unknown key `{}` in {what}", entry.key);
            problems.add_unknown(
                entry.key_span.clone(),
                message,
                &entry.key,
                known.iter().copied(),
            );
        }
        Some(entries)
    }
}

/// Where a piece of YAML lies in its document: pairs of (byte of the piece, byte of the document), ascending.
#[derive(Debug, Clone)]
pub struct Offsets(Vec<(usize, usize)>);

impl Offsets {
    /// The piece is the document.
    pub fn whole() -> Self {
        Self(vec![(0, 0)])
    }

    /// The piece is put together from lines of the document.
    pub fn new(pairs: Vec<(usize, usize)>) -> Self {
        Self(pairs)
    }

    /// The byte of the document.
    pub fn document(&self, piece: usize) -> usize {
        let at = self
            .0
            .partition_point(|(start, _)| *start <= piece)
            .saturating_sub(1);
        self.0.get(at).map_or(piece, |(start, document)| {
            document + piece.saturating_sub(*start)
        })
    }

    fn span(&self, piece: Range<usize>) -> Range<usize> {
        let start = self.document(piece.start);
        start
            ..self.document(piece.end.saturating_sub(1)).max(start)
                + usize::from(piece.end > piece.start)
    }
}

/// Reads one document; a syntax error is a problem and gives `None`.
pub fn parse(text: &str, offsets: &Offsets, problems: &mut Problems) -> Option<Node> {
    match with_room(|| serde_yaml::from_str_with_options::<Spanned<Raw>>(text, options())) {
        Ok(raw) => Some(
            Reader {
                text,
                offsets,
                problems,
            }
            .node(raw),
        ),
        Err(error) => {
            report(text, offsets, &error, problems);
            None
        }
    }
}

/// Reads all documents of a file; a syntax error is a problem and gives none.
pub fn parse_all(text: &str, problems: &mut Problems) -> Vec<Node> {
    let offsets = Offsets::whole();
    match with_room(|| serde_yaml::from_multiple_with_options::<Spanned<Raw>>(text, options())) {
        Ok(documents) => {
            let mut reader = Reader {
                text,
                offsets: &offsets,
                problems,
            };
            documents.into_iter().map(|raw| reader.node(raw)).collect()
        }
        Err(error) => {
            report(text, &offsets, &error, problems);
            Vec::new()
        }
    }
}

/// Reads on a thread of its own: nesting as deep as the parser allows needs more stack than a thread may have left.
fn with_room<T: Send>(read: impl Fn() -> T + Send + Sync) -> T {
    const STACK: usize = 16 << 20;
    std::thread::scope(|scope| {
        let reader = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, &read);
        match reader.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(value)) => value,
            // No thread is to be had, or the parser has a bug: then here, as anybody else would.
            Ok(Err(_)) | Err(_) => read(),
        }
    })
}

fn options() -> serde_yaml::Options {
    serde_yaml::options! { strict_booleans: true }
}

fn report(text: &str, offsets: &Offsets, error: &serde_yaml::Error, problems: &mut Problems) {
    let at = error.location().map_or(text.len(), |location| {
        let characters = usize::try_from(location.span().offset()).unwrap_or(usize::MAX);
        text.char_indices()
            .nth(characters)
            .map_or(text.len(), |(byte, _)| byte)
    });
    let message = error.without_snippet().to_string();
    let message = message.split(" at line ").next().unwrap_or(&message);
    let doubled = message
        .strip_prefix("duplicate mapping key: ")
        .and_then(|rest| rest.split(", set DuplicateKeyPolicy").next());
    if let Some(key) = doubled {
        let end = if text[at..].starts_with(key) {
            at + key.len()
        } else {
            at
        };
        let message = format!("the key `{key}` is there twice");
        return problems.add(offsets.span(at..end), message);
    }
    let (message, help) = in_our_words(message);
    match help {
        Some(help) => problems.add_with_help(offsets.span(at..at), message, help),
        None => problems.add(offsets.span(at..at), message),
    }
}

/// The parser speaks to programmers in places.
fn in_our_words(message: &str) -> (String, Option<&'static str>) {
    const WORDS: [(&str, &str, Option<&str>); 7] = [
        ("recursion limit", "this YAML is nested too deep", None),
        (
            "budget breached: Depth",
            "this YAML is nested too deep",
            None,
        ),
        (
            "budget breached",
            "this YAML is too large, its aliases written out",
            None,
        ),
        (
            "multiple YAML documents",
            "a second YAML document begins here",
            Some("a place for YAML holds one document: drop the line `---` or `...` before it"),
        ),
        (
            "cannot deserialize null into string",
            "a key is missing",
            Some("write `key: value`"),
        ),
        ("expected string scalar", "a key must be text", None),
        (
            "tabs disallowed",
            "YAML is indented with spaces, not with tabs",
            None,
        ),
    ];
    let known = WORDS
        .into_iter()
        .find(|(beginning, ..)| message.starts_with(beginning));
    match known {
        Some((_, message, help)) => (message.to_owned(), help),
        None => (format!("not valid YAML: {message}"), None),
    }
}

enum Raw {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

struct Reader<'a> {
    text: &'a str,
    offsets: &'a Offsets,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    fn node(&mut self, raw: Spanned<Raw>) -> Node {
        let piece = self.piece(&raw.referenced);
        self.refuse_tag(&piece);
        let value = match raw.value {
            Raw::Null => Value::Null,
            Raw::Bool(value) => Value::Bool(value),
            Raw::Number(value) => Value::Number(self.spelling(&piece, value)),
            Raw::Text(text) => Value::Text(text),
            Raw::List(nodes) => {
                Value::List(nodes.into_iter().map(|node| self.node(node)).collect())
            }
            Raw::Map(entries) => Value::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| self.entry(key, value))
                    .collect(),
            ),
        };
        // The parser gives only the start of a collection.
        let span = match &value {
            Value::Map(entries) if !entries.is_empty() => {
                let last = &entries[entries.len() - 1];
                entries[0].key_span.start..last.value.span.end.max(last.key_span.end)
            }
            Value::List(nodes) if !nodes.is_empty() => {
                nodes[0].span.start..nodes[nodes.len() - 1].span.end
            }
            _ => self.offsets.span(piece),
        };
        Node { value, span }
    }

    fn entry(&mut self, key: Spanned<String>, value: Spanned<Raw>) -> Entry {
        let start = self.piece(&key.referenced).start;
        let quoted = self.text[start..].starts_with(['"', '\'']);
        let length = key.value.len() + if quoted { 2 } else { 0 };
        Entry {
            key_span: self
                .offsets
                .span(start..(start + length).min(self.text.len())),
            key: key.value,
            value: self.node(value),
        }
    }

    /// A tag such as `!secret` right before a value would be passed over in silence.
    fn refuse_tag(&mut self, piece: &Range<usize>) {
        let before = self.text.get(..piece.start).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default().trim_end();
        let word = line.rsplit([' ', '\t', '[', '{', ',']).next().unwrap_or("");
        let after = self.text.get(piece.start..).unwrap_or_default();
        let (start, tag) = if after.starts_with('!') {
            let end = after.find(char::is_whitespace).unwrap_or(after.len());
            (piece.start, &after[..end])
        } else {
            (
                line.len() - word.len() + before.len()
                    - before.rsplit('\n').next().unwrap_or("").len(),
                word,
            )
        };
        let is_tag_character =
            |other: char| other.is_ascii_alphanumeric() || "!-_.:/<>%#".contains(other);
        if tag.starts_with('!') && !tag.ends_with(':') && tag.chars().all(is_tag_character) {
            let span = self.offsets.span(start..start + tag.len());
            let message = format!("the tag `{tag}` means nothing here");
            self.problems.add(span, message);
        }
    }

    fn piece(&self, location: &serde_yaml::Location) -> Range<usize> {
        let span = location.span();
        let byte = |at: Option<u64>| at.and_then(|at| usize::try_from(at).ok());
        let start = byte(span.byte_offset()).unwrap_or(0).min(self.text.len());
        let end = start
            .saturating_add(byte(span.byte_len()).unwrap_or(0))
            .min(self.text.len());
        let end = start + self.text.get(start..end).unwrap_or("").trim_end().len();
        start..end
    }

    fn spelling(&self, piece: &Range<usize>, value: String) -> String {
        match self.text.get(piece.clone()) {
            Some(text) if !text.is_empty() && !text.starts_with('*') => text.to_owned(),
            _ => value,
        }
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("YAML")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(Self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = access.next_element()? {
            nodes.push(node);
        }
        Ok(Raw::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

/// Writes a mapping as a YAML document: block style, keys in the given order, the same bytes for the same tree.
pub fn write(node: &Node) -> String {
    let mut out = String::new();
    write_block(node, 0, &mut out);
    out
}

fn write_block(node: &Node, indent: usize, out: &mut String) {
    match &node.value {
        Value::Map(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                if index > 0 {
                    pad(indent, out);
                }
                write_scalar(&entry.key, out);
                out.push(':');
                write_nested(&entry.value, indent, out);
            }
        }
        Value::List(nodes) => {
            for (index, node) in nodes.iter().enumerate() {
                if index > 0 {
                    pad(indent, out);
                }
                out.push('-');
                if is_collection(node) {
                    out.push(' ');
                    write_block(node, indent + 2, out);
                } else {
                    write_inline(node, indent, out);
                }
            }
        }
        _ => write_inline(node, indent, out),
    }
}

fn is_collection(node: &Node) -> bool {
    match &node.value {
        Value::Map(entries) => !entries.is_empty(),
        Value::List(nodes) => !nodes.is_empty(),
        _ => false,
    }
}

fn write_nested(node: &Node, indent: usize, out: &mut String) {
    if is_collection(node) {
        out.push('\n');
        pad(indent + 2, out);
        write_block(node, indent + 2, out);
    } else {
        write_inline(node, indent, out);
    }
}

fn write_inline(node: &Node, indent: usize, out: &mut String) {
    out.push(' ');
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(text) => out.push_str(text),
        Value::Text(text) if is_block_text(text) => return write_block_text(text, indent + 2, out),
        Value::Text(text) => write_scalar(text, out),
        Value::List(_) => out.push_str("[]"),
        Value::Map(_) => out.push_str("{}"),
    }
    out.push('\n');
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn is_printable(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{FEFF}' | '\u{2028}' | '\u{2029}' | '\u{FFFE}' | '\u{FFFF}'
        )
}

/// Text of several lines that a literal block gives back as it is.
fn is_block_text(text: &str) -> bool {
    text.ends_with('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && text.lines().count() > 1
        && text
            .chars()
            .all(|character| character == '\n' || is_printable(character))
}

fn write_block_text(text: &str, indent: usize, out: &mut String) {
    out.push_str("|\n");
    for line in text.lines() {
        if !line.is_empty() {
            pad(indent, out);
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// Words that some reader of YAML takes for something else than text.
const RESERVED: [&str; 10] = [
    "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan",
];

fn is_plain(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .chars()
            .all(|other| other.is_ascii_alphanumeric() || matches!(other, '_' | '.' | '/' | '-'))
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str())
}

fn write_scalar(text: &str, out: &mut String) {
    if is_plain(text) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            printable if is_printable(printable) => out.push(printable),
            other => {
                let code = u32::from(other);
                // Writing to a String cannot fail.
                let _ = if code <= 0xFFFF {
                    write!(out, "\\u{code:04X}")
                } else {
                    write!(out, "\\U{code:08X}")
                };
            }
        }
    }
    out.push('"');
}
