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

/// Why something on a line is reported, or is not: what the analysis knows of a value there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The value, in bytes of the file.
    pub focus: Range<usize>,
    /// The value as it is written, and what is done with it.
    pub code: String,
    /// The whole access.
    pub access: String,
    /// How sure the finding is; none when nothing is reported.
    pub certainty: Option<Certainty>,
    /// The finding, or why there is none.
    pub verdict: String,
    /// What the value can be at this line.
    pub states: String,
    /// What happened to it on the way, in that order.
    pub steps: Vec<Step>,
}

/// Something that happened to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where, in bytes of the file.
    pub range: Range<usize>,
    /// What happened.
    pub text: String,
    /// What the value can be from there on.
    pub states: String,
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

    /// What it knows of the values on these bytes, reported or not, in the order of the text.
    pub fn histories(&self, tree: &Tree<'_>, bytes: &Range<usize>) -> Vec<History> {
        match self {
            Self::NilIndex(options) => nil_index::histories(tree, options, bytes),
        }
    }
}
