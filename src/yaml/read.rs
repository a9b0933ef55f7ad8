//! Reads YAML into [`Node`]s. The only module that knows `serde_yaml`. Deliberately absent: what the keys mean.

use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::Spanned;

use super::{Entry, Node, Value};
use crate::parallel::with_room;
use crate::problem::Problems;

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
