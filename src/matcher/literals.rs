//! Which texts a file must hold for a matcher to match anything in it.
//!
//! Never a wrong "not here": where nothing is known, the answer is `None` and the rule is alive in every file.

use regex_syntax::hir::{Hir, HirKind};

use super::{Matcher, RuleMatcher, Util};

/// A text, and what must stand around it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Literal {
    /// The text.
    pub text: String,
    /// Whether it is a whole word: no letter, digit or `_` stands beside it.
    pub is_word: bool,
    /// What stands before it, white space and comments aside: the dot of a method call, ten times rarer than the name.
    pub before: Option<u8>,
    /// What stands behind it, white space and comments aside.
    pub behind: Option<u8>,
}

impl Literal {
    /// A text that may stand anywhere.
    pub fn anywhere(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_word: false,
            before: None,
            behind: None,
        }
    }

    /// Whether an occurrence in a file, at these bytes, can be the one that a rule needs. What only the grammar can tell,
    /// as which characters outside of ASCII are letters and which are white space, is possible.
    pub fn stands_at(&self, file: &[u8], start: usize, end: usize) -> bool {
        let (head, tail) = (&file[..start], &file[end..]);
        if self.is_word
            && (goes_on(head) || tail.first().is_some_and(|byte| is_of_ascii_word(*byte)))
        {
            return false;
        }
        let is_before = |wanted: u8| match head.iter().rposition(|byte| !byte.is_ascii_whitespace())
        {
            // A comment may end with the line, or with one of these.
            Some(at) => {
                head[at] == wanted
                    || matches!(head[at], b'/' | b']')
                    || is_beyond_words(head[at])
                    || head[at..].iter().any(|byte| matches!(byte, b'\n' | b'\r'))
            }
            None => false,
        };
        let is_behind = |wanted: u8| match tail.iter().find(|byte| !byte.is_ascii_whitespace()) {
            // A comment or a line that goes on may begin with one of these.
            Some(byte) => {
                *byte == wanted
                    || matches!(byte, b'/' | b'-' | b'#' | b'<' | b'\\')
                    || is_beyond_words(*byte)
            }
            None => false,
        };
        self.before.is_none_or(is_before) && self.behind.is_none_or(is_behind)
    }

    /// More is rarer.
    fn weight(&self) -> usize {
        let signs = usize::from(self.before.is_some()) + usize::from(self.behind.is_some());
        self.text.len() + 4 * signs + usize::from(self.is_word)
    }
}

/// Whether a word that follows would go on with the one before it: not with a number, `1and 2` is three tokens in Lua.
fn goes_on(head: &[u8]) -> bool {
    let word = head
        .iter()
        .rev()
        .take_while(|byte| is_of_ascii_word(**byte));
    word.last().is_some_and(|first| !first.is_ascii_digit())
}

fn is_of_ascii_word(byte: u8) -> bool {
    byte.is_ascii() && is_of_word(byte)
}

/// What some grammars take for white space: control characters, and characters outside of ASCII.
fn is_beyond_words(byte: u8) -> bool {
    byte.is_ascii_control() || !byte.is_ascii()
}

/// Whether a byte goes on with a word.
pub(crate) fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

impl RuleMatcher {
    /// Texts of which a file must hold at least one for anything in it to match; `None` when nothing is known.
    pub fn literals(&self) -> Option<Vec<Literal>> {
        let needs = Needs { rule: self };
        let of_root = needs.of(&self.root, 0);
        let is_bound = |name: &str| self.root.surely_binds(name);
        let of_constraints = self
            .constraints
            .iter()
            .filter(|(name, _)| is_bound(name))
            .filter_map(|(_, matcher)| needs.of(matcher, 0));
        let mut found: Vec<Literal> = of_root
            .into_iter()
            .chain(of_constraints)
            .max_by_key(|texts| weight(texts))?;
        found.sort();
        found.dedup();
        Some(found)
    }
}

/// The rarest of several alternatives is the one that is never there; one text is rarer than several.
fn weight(texts: &[Literal]) -> (usize, std::cmp::Reverse<usize>) {
    let lightest = texts.iter().map(Literal::weight).min().unwrap_or(0);
    (lightest, std::cmp::Reverse(texts.len()))
}

/// Utils are followed this far.
const DEPTH_LIMIT: usize = 16;

struct Needs<'a> {
    rule: &'a RuleMatcher,
}

impl Needs<'_> {
    /// At least one of the texts stands in every file in which the matcher matches.
    fn of(&self, matcher: &Matcher, depth: usize) -> Option<Vec<Literal>> {
        match matcher {
            Matcher::Pattern(pattern) => pattern.literal().map(|text| vec![text]),
            Matcher::All(all) => all
                .iter()
                .filter_map(|matcher| self.of(matcher, depth))
                .max_by_key(|texts| weight(texts)),
            Matcher::Any(any) => {
                let alternatives: Option<Vec<Vec<Literal>>> =
                    any.iter().map(|matcher| self.of(matcher, depth)).collect();
                alternatives.map(|texts| texts.into_iter().flatten().collect())
            }
            Matcher::Inside(relation)
            | Matcher::Has(relation)
            | Matcher::Precedes(relation)
            | Matcher::Follows(relation) => self.of(&relation.other, depth),
            Matcher::NthChild(nth) => self.of(nth.of.as_ref()?, depth),
            Matcher::Regex(regex) => of_regex(regex),
            Matcher::Matches(Util::Own(util)) if depth < DEPTH_LIMIT => {
                self.of(&self.rule.utils[*util], depth + 1)
            }
            Matcher::Matches(Util::Shared(util)) if depth < DEPTH_LIMIT => {
                let rule = self.rule.shared.get(*util)?;
                Needs { rule }.of(&rule.root, depth + 1)
            }
            Matcher::Kind(_) | Matcher::Not(_) | Matcher::Matches(_) => None,
        }
    }
}

fn of_regex(regex: &regex::bytes::Regex) -> Option<Vec<Literal>> {
    let hir = regex_syntax::parse(regex.as_str()).ok()?;
    let texts = needed(&hir)?;
    let is_long = texts.iter().all(|text| text.len() > 1);
    (is_long && texts.len() <= ALTERNATIVES)
        .then(|| texts.into_iter().map(Literal::anywhere).collect())
}

/// More alternatives than this are not worth a search.
const ALTERNATIVES: usize = 64;

/// Texts of which every match of an expression holds one.
fn needed(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            Some(vec![text.to_owned()])
        }
        HirKind::Concat(parts) => parts.iter().filter_map(needed).max_by_key(|texts| {
            let shortest = texts.iter().map(String::len).min();
            (shortest, std::cmp::Reverse(texts.len()))
        }),
        HirKind::Alternation(parts) => {
            let of_parts: Option<Vec<Vec<String>>> = parts.iter().map(needed).collect();
            of_parts.map(|texts| texts.into_iter().flatten().collect())
        }
        HirKind::Repetition(repetition) if repetition.min > 0 => needed(&repetition.sub),
        HirKind::Capture(capture) => needed(&capture.sub),
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

impl Matcher {
    /// Whether every match binds the name to one node.
    fn surely_binds(&self, name: &str) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.binds_one(name),
            Self::All(all) => all.iter().any(|matcher| matcher.surely_binds(name)),
            Self::Any(any) => {
                !any.is_empty() && any.iter().all(|matcher| matcher.surely_binds(name))
            }
            Self::Has(relation) | Self::Inside(relation) => relation.other.surely_binds(name),
            _ => false,
        }
    }
}
