//! YAML as a tree with the place of every key and value, and the one way in which codex writes YAML.
//!
//! A derived reader stops at its first complaint; this tree is checked by hand, so that all complaints of a file come
//! in one run and point at the exact characters. Deliberately absent: what the keys mean.

mod read;
mod write;

use std::ops::Range;

pub use self::read::{Offsets, parse, parse_all};
pub use self::write::write;
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

    /// The same, where a value of nothing counts as absent, as in ast-grep.
    pub fn given(&self, key: &str) -> Option<&Self> {
        self.get(key).filter(|value| value.value != Value::Null)
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

    /// What it is, for messages: "a number", "nothing".
    pub fn word(&self) -> &'static str {
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
