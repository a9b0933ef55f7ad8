//! Complaints about what somebody wrote: an RFC, a rule file, `codex.toml`, a patch.
//!
//! A problem is plain data: the text it is about, where in it, what is wrong, what to do next.
//! Parsers return a value together with its problems and go on after each one, so that one run shows them all.
//! Deliberately absent: how a problem is drawn (`cli`), and findings about code ([`crate::finding`]).

use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A text that a problem can point into.
#[derive(Debug, PartialEq, Eq)]
pub struct Document {
    /// The path, as the user would write it.
    pub name: String,
    /// The whole text.
    pub text: String,
    line_starts: OnceLock<Vec<usize>>,
}

impl Document {
    /// A document that several problems can share.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            text: text.into(),
            line_starts: OnceLock::new(),
        })
    }

    /// The line of a byte, from 1. The lines are counted once: a text may be long and have many places.
    pub fn line(&self, byte: usize) -> usize {
        let starts = self.line_starts.get_or_init(|| {
            let ends = self.text.match_indices('\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(ends).collect()
        });
        starts.partition_point(|start| *start <= byte)
    }
}

/// One complaint: lower case, no final period; the help says what to do next.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The text complained about.
    pub document: Arc<Document>,
    /// Bytes of [`Document::text`].
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
    /// Whether it says only what somebody may not have meant.
    pub is_warning: bool,
}

impl Problem {
    /// The line of the problem, from 1.
    pub fn line(&self) -> usize {
        self.document.line(self.span.start)
    }
}

/// Collects the problems of one document.
#[derive(Debug)]
pub struct Problems {
    document: Arc<Document>,
    found: Vec<Problem>,
}

impl Problems {
    /// No problem yet.
    pub fn new(document: Arc<Document>) -> Self {
        Self {
            document,
            found: Vec::new(),
        }
    }

    /// The document that the problems are about.
    pub fn document(&self) -> &Arc<Document> {
        &self.document
    }

    /// Adds a problem without help.
    pub fn add(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.push(span, message.into(), None);
    }

    /// Adds a problem that says what to do next.
    pub fn add_with_help(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(span, message.into(), Some(help.into()));
    }

    /// Adds a problem about `found`, a word that is none of `known`; the help proposes the nearest.
    pub fn add_unknown<'a>(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        found: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        let known: Vec<&str> = known.into_iter().collect();
        let help = match nearest(found, known.iter().copied()) {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None if known.is_empty() => None,
            None if known.len() <= 20 => Some(format!("known are: {}", known.join(", "))),
            None => Some("the reference lists what is known".to_owned()),
        };
        self.push(span, message.into(), help);
    }

    fn push(&mut self, span: Range<usize>, message: String, help: Option<String>) {
        self.found.push(Problem {
            document: Arc::clone(&self.document),
            span,
            message: shortened(message),
            help: help.map(shortened),
            is_warning: false,
        });
    }

    /// Makes warnings of all that comes after the first `kept`, [`Self::total`] at an earlier time.
    pub fn only_warn_after(&mut self, kept: usize) {
        for problem in self.found.iter_mut().skip(kept) {
            problem.is_warning = true;
        }
    }

    /// How many there are, warnings included.
    pub fn total(&self) -> usize {
        self.found.len()
    }

    /// How many there are that are no warnings.
    pub fn len(&self) -> usize {
        let errors = self.found.iter().filter(|problem| !problem.is_warning);
        errors.count()
    }

    /// Whether there is none but warnings.
    pub fn is_empty(&self) -> bool {
        self.found.iter().all(|problem| problem.is_warning)
    }

    /// All of them, in the order of the text.
    pub fn into_vec(mut self) -> Vec<Problem> {
        self.found
            .sort_by_key(|problem| (problem.span.start, problem.span.end));
        self.found
    }
}

/// A message quotes what somebody wrote, and that may be of any length.
fn shortened(text: String) -> String {
    const LIMIT: usize = 600;
    if text.len() <= LIMIT {
        return text;
    }
    let head = &text[..text.floor_char_boundary(LIMIT / 2)];
    let tail = &text[text.ceil_char_boundary(text.len() - LIMIT / 2)..];
    format!("{head} ... {tail}")
}

/// The known word that is most like `word`, if one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    let allowed = (length / 3).max(1);
    known
        .into_iter()
        // The distance costs the product of both lengths.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= allowed)
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Codex could not do its job: usage, configuration, git, input and output. Exit code 2.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What went wrong, and what we were doing to which path.
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
    /// Complaints about texts, when those are the reason.
    pub problems: Vec<Problem>,
}

impl Failure {
    /// A failure without help.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
            problems: Vec::new(),
        }
    }

    /// Says what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what to do next, unless it says so already.
    #[must_use]
    pub fn or_help(mut self, help: &str) -> Self {
        self.help.get_or_insert_with(|| help.to_owned());
        self
    }

    /// Adds the complaints that are the reason.
    #[must_use]
    pub fn because(mut self, problems: Vec<Problem>) -> Self {
        self.problems = problems;
        self
    }

    /// A failed operation of the system: `doing` reads like "cannot read rules/x.yaml".
    pub fn io(doing: impl std::fmt::Display, error: &std::io::Error) -> Self {
        Self::new(format!("{doing}: {error}"))
    }
}
