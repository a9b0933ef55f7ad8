//! Analyses: what a shape cannot say because it takes the flow of values, written in Rust and configured by a rule.
//!
//! An analysis reads one tree and answers with [`Hit`]s. Deliberately absent: everything across files, and what
//! becomes of a hit (a rule's facts and its level decide that).

pub mod nil_index;

use std::ops::Range;

use crate::finding::Certainty;
use crate::matcher::{Node, Tree};

/// One thing that an analysis found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The whole expression that is at fault: the access.
    pub node: Node,
    /// The part to look at: the value that may be nil.
    pub focus: Node,
    /// How sure it is.
    pub certainty: Certainty,
    /// What is wrong here, in the words of the code.
    pub message: String,
    /// The exact question to a reviewer; only for ambiguous hits.
    pub ask: Option<String>,
    /// Bytes of the same file, and what is to be seen there.
    pub labels: Vec<(Range<usize>, String)>,
}

/// A configured analysis.
#[derive(Debug, Clone)]
pub enum Analysis {
    /// A value that may be nil is indexed or called.
    NilIndex(nil_index::Options),
}

impl Analysis {
    /// The names of all analyses, as rules write them.
    pub const NAMES: [&'static str; 1] = ["nil-index"];

    /// The analysis of this name, with its defaults.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "nil-index" => Some(Self::NilIndex(nil_index::Options::default())),
            _ => None,
        }
    }

    /// The languages that the analysis of this name knows.
    pub fn languages(name: &str) -> &'static [&'static str] {
        match name {
            "nil-index" => &["lua"],
            _ => &[],
        }
    }

    /// The names of its options.
    pub fn options(&self) -> &'static [&'static str] {
        match self {
            Self::NilIndex(_) => &nil_index::Options::NAMES,
        }
    }

    /// Adds a value to an option, or sets one that has one value only; the error says what is wrong with it.
    pub fn set(&mut self, option: &str, value: &str) -> Result<(), String> {
        match self {
            Self::NilIndex(options) => options.set(option, value),
        }
    }

    /// Everything it finds, in the order of the text. The tree must be of a language that it knows.
    pub fn run(&self, tree: &Tree<'_>) -> Vec<Hit> {
        match self {
            Self::NilIndex(options) => nil_index::run(tree, options),
        }
    }
}
