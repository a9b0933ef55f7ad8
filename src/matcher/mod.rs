//! The matcher engine: the ast-grep 0.51 rule language over a flattened tree.
//!
//! YAML becomes a [`RuleMatcher`] once ([`read`]); after that nothing asks whether a rule is valid. A matcher says which
//! node kinds it can match and which texts a file must hold for it, so that a scan asks it only where it may answer.
//! Deliberately absent for now: `nthChild`, `range`, `transform`, `fix`, rewriters, strictness other than smart; each is refused, never ignored.

mod captures;
mod evaluate;
mod literals;
mod pattern;
pub mod read;
pub mod tokens;
mod tree;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use captures::Captures;
pub use pattern::Pattern;
pub use tree::{Node, Tree};

/// tree-sitter's kind of a syntax error.
pub(crate) const ERROR_KIND: u16 = u16::MAX;

/// One condition on a node.
#[derive(Debug)]
pub(crate) enum Matcher {
    Pattern(Pattern),
    Kind(u16),
    Regex(regex::Regex),
    All(Vec<Matcher>),
    Any(Vec<Matcher>),
    Not(Box<Matcher>),
    Inside(Box<Relation>),
    Has(Box<Relation>),
    Precedes(Box<Relation>),
    Follows(Box<Relation>),
    /// The util of this index in [`RuleMatcher::utils`].
    Matches(usize),
}

/// A condition on a node elsewhere.
#[derive(Debug)]
pub(crate) struct Relation {
    other: Matcher,
    stop: Stop,
    field: Option<u16>,
}

/// How far a relation looks.
#[derive(Debug)]
pub(crate) enum Stop {
    Neighbor,
    End,
    /// Up to and including the first node that matches.
    At(Matcher),
}

/// A rule's condition with all that belongs to it.
#[derive(Debug)]
pub struct RuleMatcher {
    root: Matcher,
    constraints: Vec<(Arc<str>, Matcher)>,
    utils: Arc<Vec<Matcher>>,
}

impl RuleMatcher {
    /// The kinds of node that can match; `None` for any.
    pub fn kinds(&self) -> Option<BTreeSet<u16>> {
        self.root.kinds(&self.utils, 0)
    }

    /// Texts of which a file must hold at least one for anything in it to match; `None` when nothing is known.
    pub fn literals(&self) -> Option<Vec<String>> {
        literals::required(&self.root)
    }

    /// The metavariables that a match can bind.
    pub fn variables(&self) -> BTreeSet<Arc<str>> {
        let mut names = BTreeSet::new();
        self.root.variables(&mut names);
        for (_, constraint) in &self.constraints {
            constraint.variables(&mut names);
        }
        for util in self.utils.iter() {
            util.variables(&mut names);
        }
        names
    }
}

impl Matcher {
    fn kinds(&self, utils: &[Self], depth: usize) -> Option<BTreeSet<u16>> {
        match self {
            Self::Pattern(pattern) => pattern.root_kind().map(|kind| BTreeSet::from([kind])),
            Self::Kind(kind) => Some(BTreeSet::from([*kind])),
            Self::All(all) => all
                .iter()
                .filter_map(|matcher| matcher.kinds(utils, depth))
                .reduce(|left, right| left.intersection(&right).copied().collect()),
            Self::Any(any) => {
                let kinds: Option<Vec<BTreeSet<u16>>> = any
                    .iter()
                    .map(|matcher| matcher.kinds(utils, depth))
                    .collect();
                kinds.map(|kinds| kinds.into_iter().flatten().collect())
            }
            // Utils may name each other; the depth ends a circle.
            Self::Matches(util) if depth < utils.len() => utils[*util].kinds(utils, depth + 1),
            _ => None,
        }
    }

    fn variables(&self, names: &mut BTreeSet<Arc<str>>) {
        match self {
            Self::Pattern(pattern) => pattern.variables(names),
            Self::All(matchers) | Self::Any(matchers) => {
                for matcher in matchers {
                    matcher.variables(names);
                }
            }
            Self::Inside(relation)
            | Self::Has(relation)
            | Self::Precedes(relation)
            | Self::Follows(relation) => {
                relation.other.variables(names);
            }
            Self::Kind(_) | Self::Regex(_) | Self::Matches(_) | Self::Not(_) => {}
        }
    }
}
