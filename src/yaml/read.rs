//! Reads YAML into [`Node`]s. The only module that knows `serde_yaml`, of which it takes the parser beneath: its events say
//! where everything stands and how it is written, which serde hides.
//!
//! Plain scalars mean what the core schema of YAML 1.2.2 (section 10.3) says. Deliberately absent: tags, merge keys, keys
//! that are no text; and what the keys mean.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use serde_yaml::granit_parser::{self, ErrorKind, Event, Parser, ScalarStyle, ScanError, Span};

use super::{Entry, Node, Value};
use crate::problem::Problems;

/// How much aliases may add to a text: its bytes and its nodes, counted together.
const MOST_OF_ALIASES: usize = 1 << 22;

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
    let mut reader = Reader::new(text, offsets, problems, 1);
    reader.read()?;
    let nothing = Node {
        value: Value::Null,
        span: offsets.span(0..0),
    };
    Some(reader.documents.pop().unwrap_or(nothing))
}

/// Reads all documents of a file; a syntax error is a problem and gives none.
pub fn parse_all(text: &str, problems: &mut Problems) -> Vec<Node> {
    let offsets = Offsets::whole();
    let mut reader = Reader::new(text, &offsets, problems, usize::MAX);
    match reader.read() {
        Some(()) => reader.documents,
        None => Vec::new(),
    }
}

/// A collection that has not ended yet.
struct Open {
    /// The number of its anchor; 0 for none.
    anchor: usize,
    start: usize,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map(Vec<Entry>, Option<(String, Range<usize>)>),
}

struct Reader<'a> {
    text: &'a str,
    offsets: &'a Offsets,
    problems: &'a mut Problems,
    /// How many documents there may be.
    most: usize,
    documents: Vec<Node>,
    open: Vec<Open>,
    /// What aliases stand for, and how much that is.
    anchors: HashMap<usize, (Node, usize)>,
    of_aliases: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, offsets: &'a Offsets, problems: &'a mut Problems, most: usize) -> Self {
        Self {
            text,
            offsets,
            problems,
            most,
            documents: Vec::new(),
            open: Vec::new(),
            anchors: HashMap::new(),
            of_aliases: 0,
        }
    }

    /// `None` when it had to stop: then there is a problem.
    fn read(&mut self) -> Option<()> {
        let options = granit_parser::options! { emit_comments: false };
        for event in Parser::new_from_str_with_options(self.text, options) {
            match event {
                Ok((event, span)) => self.event(event, &span)?,
                Err(error) => return self.refuse(&error),
            }
        }
        Some(())
    }

    fn event(&mut self, event: Event<'_>, span: &Span) -> Option<()> {
        if event.tag().is_some() {
            self.refuse_tag(span);
        }
        let piece = self.piece(span);
        match event {
            Event::DocumentStart(..) if self.documents.len() == self.most => {
                let message = "a second YAML document begins here";
                let help =
                    "a place for YAML holds one document: drop the line `---` or `...` before it";
                self.stop(piece.start..piece.start, message, Some(help))
            }
            Event::Scalar(text, style, anchor, _) => {
                let is_plain = style == ScalarStyle::Plain;
                if self.wants_key() {
                    if is_plain && piece.is_empty() {
                        let at = piece.start..piece.start;
                        return self.stop(at, "a key is missing", Some("write `key: value`"));
                    }
                    if anchor == 0 {
                        return self.key(text.into_owned(), piece);
                    }
                }
                let value = match is_plain {
                    true => plain(&text),
                    false => Value::Text(text.into_owned()),
                };
                self.node(value, piece, anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open(anchor, &piece, Inside::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, _) => {
                self.open(anchor, &piece, Inside::Map(Vec::new(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(piece.end),
            Event::Alias(anchor) => self.alias(anchor, piece),
            _ => Some(()),
        }
    }

    fn open(&mut self, anchor: usize, piece: &Range<usize>, inside: Inside) -> Option<()> {
        if self.wants_key() {
            return self.stop(piece.start..piece.start, "a key must be text", None);
        }
        let start = piece.start;
        self.open.push(Open {
            anchor,
            start,
            inside,
        });
        Some(())
    }

    fn close(&mut self, end: usize) -> Option<()> {
        let Open {
            anchor,
            start,
            inside,
        } = self.open.pop()?;
        let whole = self.offsets.span(start..end.max(start));
        // Between brackets it is all of it; else from the first element to the end of the last.
        let has_brackets = matches!(self.text.as_bytes().get(start), Some(b'[' | b'{'));
        let (value, ends) = match inside {
            Inside::List(nodes) => {
                let ends = nodes.first().zip(nodes.last());
                let ends = ends.map(|(first, last)| first.span.start..last.span.end);
                (Value::List(nodes), ends)
            }
            Inside::Map(entries, _) => {
                self.refuse_doubles(&entries)?;
                let ends = entries.first().zip(entries.last()).map(|(first, last)| {
                    first.key_span.start..last.value.span.end.max(last.key_span.end)
                });
                (Value::Map(entries), ends)
            }
        };
        let span = ends.filter(|_| !has_brackets).unwrap_or(whole);
        self.put(Node { value, span }, anchor)
    }

    fn alias(&mut self, anchor: usize, piece: Range<usize>) -> Option<()> {
        let Some((node, weight)) = self.anchors.get(&anchor) else {
            let message = "an alias stands inside of what it stands for";
            return self.stop(piece, message, Some("write the value out"));
        };
        self.of_aliases += weight;
        if self.of_aliases > MOST_OF_ALIASES {
            let message = "this YAML is too large, its aliases written out";
            return self.stop(piece.start..piece.start, message, None);
        }
        let value = node.value.clone();
        self.node(value, piece, 0)
    }

    fn node(&mut self, value: Value, piece: Range<usize>, anchor: usize) -> Option<()> {
        let span = self.offsets.span(piece);
        self.put(Node { value, span }, anchor)
    }

    /// Puts a whole node where one is due.
    fn put(&mut self, node: Node, anchor: usize) -> Option<()> {
        if anchor != 0 {
            let weight = weight(&node);
            self.anchors.insert(anchor, (node.clone(), weight));
        }
        match self.open.last_mut().map(|open| &mut open.inside) {
            None => self.documents.push(node),
            Some(Inside::List(nodes)) => nodes.push(node),
            Some(Inside::Map(entries, key)) => match key.take() {
                Some((key, key_span)) => entries.push(Entry {
                    key,
                    key_span,
                    value: node,
                }),
                // Of what has an anchor or is an alias.
                None => match node.as_text() {
                    Some(text) => *key = Some((text.to_owned(), node.span)),
                    None => {
                        let message = "a key must be text";
                        self.problems.add(node.span, message);
                        return None;
                    }
                },
            },
        }
        Some(())
    }

    fn wants_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Open {
                inside: Inside::Map(_, None),
                ..
            })
        )
    }

    fn key(&mut self, text: String, piece: Range<usize>) -> Option<()> {
        let span = self.offsets.span(piece);
        if let Some(Open {
            inside: Inside::Map(_, key),
            ..
        }) = self.open.last_mut()
        {
            *key = Some((text, span));
        }
        Some(())
    }

    fn refuse_doubles(&mut self, entries: &[Entry]) -> Option<()> {
        let mut seen = HashSet::with_capacity(entries.len());
        let before = self.problems.len();
        for entry in entries {
            if !seen.insert(entry.key.as_str()) {
                let message = format!("the key `{}` is there twice", entry.key);
                self.problems.add(entry.key_span.clone(), message);
            }
        }
        (self.problems.len() == before).then_some(())
    }

    /// It would be passed over in silence.
    fn refuse_tag(&mut self, span: &Span) {
        let tag = span.tag_span();
        let bytes = tag.and_then(|tag| tag.byte_range()).unwrap_or_default();
        let text = self.text.get(bytes.clone()).unwrap_or_default();
        let message = format!("the tag `{text}` means nothing here");
        self.problems.add(self.offsets.span(bytes), message);
    }

    fn piece(&self, span: &Span) -> Range<usize> {
        let Range { start, end } = span.byte_range().unwrap_or_default();
        let text = self.text.get(start..end).unwrap_or_default();
        start..start + text.trim_end().len()
    }

    fn refuse(&mut self, error: &ScanError) -> Option<()> {
        let at = error.marker().byte_offset().unwrap_or(self.text.len());
        let kind = error.kind();
        match kind {
            ErrorKind::RecursionLimitExceeded => {
                self.stop(at..at, "this YAML is nested too deep", None)
            }
            ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart => {
                let message = "YAML is indented with spaces, not with tabs";
                self.stop(at..at, message, None)
            }
            _ => self.stop(at..at, &format!("not valid YAML: {kind}"), None),
        }
    }

    fn stop(&mut self, piece: Range<usize>, message: &str, help: Option<&str>) -> Option<()> {
        let span = self.offsets.span(piece);
        match help {
            Some(help) => self.problems.add_with_help(span, message, help),
            None => self.problems.add(span, message),
        }
        None
    }
}

/// What a scalar without quotes means.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_number(text) => Value::Number(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    let is_all = |text: &str, radix| !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
    if let Some(octal) = text.strip_prefix("0o") {
        return is_all(octal, 8);
    }
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return is_all(hexadecimal, 16);
    }
    let number = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(number, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (number, None),
    };
    let is_exponent = exponent
        .is_none_or(|exponent| is_all(exponent.strip_prefix(['-', '+']).unwrap_or(exponent), 10));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |text: &str| text.is_empty() || is_all(text, 10);
    is_exponent && is_digits(whole) && is_digits(part) && !(whole.is_empty() && part.is_empty())
}

/// How much a node is: its nodes and the bytes of its texts.
fn weight(node: &Node) -> usize {
    1 + match &node.value {
        Value::Null | Value::Bool(_) => 0,
        Value::Number(text) | Value::Text(text) => text.len(),
        Value::List(nodes) => nodes.iter().map(weight).sum(),
        Value::Map(entries) => entries
            .iter()
            .map(|entry| entry.key.len() + weight(&entry.value))
            .sum(),
    }
}
