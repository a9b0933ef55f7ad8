//! The matcher engine: the ast-grep 0.51 rule language over a flattened tree.
//!
//! YAML becomes a [`RuleMatcher`] once ([`read`]); after that nothing asks whether a rule is valid. A matcher says which
//! node kinds it can match and which texts a file must hold for it, so that a scan asks it only where it may answer.
//! Deliberately absent: `range`, rewriters, strictness other than smart; each is refused, never ignored.

mod captures;
mod evaluate;
mod explain;
mod field;
pub(crate) mod indent;
mod literals;
mod nth_child;
mod pattern;
pub mod read;
mod selector;
mod surroundings;
pub mod tokens;
mod transform;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use captures::Captures;
pub use evaluate::Effort;
pub use explain::Step;
pub use literals::Literal;
pub use pattern::Pattern;
pub use transform::Transform;
pub use tree::{Node, Tree};

/// tree-sitter's kind of a syntax error.
pub(crate) const ERROR_KIND: u16 = u16::MAX;

/// One condition on a node.
#[derive(Debug)]
pub(crate) enum Matcher {
    Pattern(Pattern),
    Kind(u16),
    Regex(regex::bytes::Regex),
    NthChild(Box<nth_child::NthChild>),
    All(Vec<Matcher>),
    Any(Vec<Matcher>),
    Not(Box<Matcher>),
    Inside(Box<Relation>),
    Has(Box<Relation>),
    Precedes(Box<Relation>),
    Follows(Box<Relation>),
    Matches(Util),
}

/// A condition with a name, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Util {
    /// Of the rule itself: it binds metavariables as if it stood in the place of its name.
    Own(usize),
    /// Shared by many rules: complete in itself, it neither sees nor binds the metavariables of the rule.
    Shared(usize),
    /// One that nobody has written, named in a util: it matches nothing, as in ast-grep.
    Missing,
}

/// A condition on a node elsewhere.
#[derive(Debug)]
pub(crate) struct Relation {
    other: Matcher,
    stop: Stop,
    field: Option<field::Field>,
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
    /// In an order in which each can be made.
    transforms: Vec<Transform>,
    utils: Arc<Vec<Matcher>>,
    /// For each util, whether it can ask itself about other nodes without binding anything.
    recursive: Arc<Vec<bool>>,
    shared: Arc<Vec<RuleMatcher>>,
}

impl RuleMatcher {
    /// The kinds of node that can match; `None` for any.
    pub fn kinds(&self) -> Option<BTreeSet<u16>> {
        self.root
            .kinds(&mut KindsOfUtils::new(&self.utils, &self.shared))
    }

    /// The names of which a matching node calls one, each with the node's kind; `None` when it may call any, or nothing.
    pub fn called(&self) -> Option<Vec<(u16, &str)>> {
        self.root.called()
    }

    /// The metavariables that a match can bind, and those that are made of them.
    pub fn variables(&self) -> BTreeSet<Arc<str>> {
        let mut names = self.all_variables(false);
        names.extend(self.transforms.iter().map(|made| Arc::clone(&made.name)));
        names
    }

    /// What `transform` makes of what is bound: names and texts. What is not bound counts as empty.
    pub fn made(&self, tree: &Tree<'_>, captures: &Captures) -> Vec<(Arc<str>, String)> {
        let mut made: Vec<(Arc<str>, String)> = Vec::new();
        for transform in &self.transforms {
            let bound = match captures.get(&transform.source) {
                Some(_) if transform.is_list => None,
                _ => captures.range(tree, &transform.source),
            };
            let earlier = || made.iter().find(|(name, _)| *name == transform.source);
            let text = match bound {
                Some(bytes) => {
                    let indent = indent::indent_at(&tree.text()[..bytes.start]);
                    let code = tree.text().get(bytes).unwrap_or_default();
                    let text = transform.of(&String::from_utf8_lossy(code));
                    let text = indent::moved(text.as_bytes(), indent, 0);
                    String::from_utf8_lossy(&text).into_owned()
                }
                None => earlier().map_or(String::new(), |(_, text)| transform.of(text)),
            };
            made.push((Arc::clone(&transform.name), text));
        }
        made
    }

    /// The same with those that stand only where nothing is bound: in `not` and `stopBy`.
    pub(crate) fn mentioned_variables(&self) -> BTreeSet<Arc<str>> {
        let mut names = self.all_variables(true);
        names.extend(self.transforms.iter().map(|made| Arc::clone(&made.name)));
        names
    }

    fn all_variables(&self, unbound: bool) -> BTreeSet<Arc<str>> {
        let constraints = self.constraints.iter().map(|(_, matcher)| matcher);
        let matchers = std::iter::once(&self.root).chain(constraints);
        matchers
            .chain(self.utils.iter())
            .flat_map(|matcher| matcher.variables(unbound))
            .collect()
    }

    /// Whether a constraint on this metavariable is ever asked: of one node, and of none that another constraint binds.
    fn can_be_constrained(&self, name: &str) -> bool {
        let mut binds = false;
        for matcher in std::iter::once(&self.root).chain(self.utils.iter()) {
            matcher.each_pattern(false, &mut |pattern| binds |= pattern.binds_one(name));
        }
        binds
    }

    /// What stands for a rule that could not be read: it matches nothing.
    fn nothing() -> Self {
        Self {
            root: Matcher::Any(Vec::new()),
            constraints: Vec::new(),
            transforms: Vec::new(),
            utils: Arc::default(),
            recursive: Arc::default(),
            shared: Arc::default(),
        }
    }
}

impl Matcher {
    fn kinds(&self, utils: &mut KindsOfUtils<'_>) -> Kinds {
        match self {
            Self::Pattern(pattern) => pattern.root_kind().map(|kind| BTreeSet::from([kind])),
            Self::Kind(kind) => Some(BTreeSet::from([*kind])),
            Self::All(all) => all
                .iter()
                .filter_map(|matcher| matcher.kinds(utils))
                .reduce(|left, right| left.intersection(&right).copied().collect()),
            Self::Any(any) => {
                let kinds: Option<Vec<BTreeSet<u16>>> =
                    any.iter().map(|matcher| matcher.kinds(utils)).collect();
                kinds.map(|kinds| kinds.into_iter().flatten().collect())
            }
            Self::NthChild(nth) => nth.of.as_ref()?.kinds(utils),
            Self::Matches(util) => utils.get(*util),
            _ => None,
        }
    }

    fn called(&self) -> Option<Vec<(u16, &str)>> {
        match self {
            Self::Pattern(pattern) => Some(vec![(pattern.root_kind()?, pattern.called()?)]),
            Self::All(all) => all.iter().find_map(Self::called),
            Self::Any(any) => {
                let called: Option<Vec<Vec<(u16, &str)>>> = any.iter().map(Self::called).collect();
                called.map(|called| called.into_iter().flatten().collect())
            }
            _ => None,
        }
    }

    /// The own utils that it asks, about whatever node.
    fn asked_utils(&self, asked: &mut BTreeSet<usize>) {
        match self {
            Self::All(matchers) | Self::Any(matchers) => {
                for matcher in matchers {
                    matcher.asked_utils(asked);
                }
            }
            Self::Inside(relation)
            | Self::Has(relation)
            | Self::Precedes(relation)
            | Self::Follows(relation) => {
                relation.other.asked_utils(asked);
                if let Stop::At(stop) = &relation.stop {
                    stop.asked_utils(asked);
                }
            }
            Self::Not(not) => not.asked_utils(asked),
            Self::NthChild(nth) => {
                if let Some(of) = &nth.of {
                    of.asked_utils(asked);
                }
            }
            Self::Matches(Util::Own(util)) => {
                asked.insert(*util);
            }
            Self::Pattern(_) | Self::Kind(_) | Self::Regex(_) | Self::Matches(_) => {}
        }
    }

    /// Shows its patterns; those in `not` and `stopBy`, which bind nothing, only on demand.
    fn each_pattern<'m>(&'m self, unbound: bool, show: &mut impl FnMut(&'m Pattern)) {
        match self {
            Self::Pattern(pattern) => show(pattern),
            Self::All(matchers) | Self::Any(matchers) => {
                for matcher in matchers {
                    matcher.each_pattern(unbound, show);
                }
            }
            Self::Inside(relation)
            | Self::Has(relation)
            | Self::Precedes(relation)
            | Self::Follows(relation) => {
                relation.other.each_pattern(unbound, show);
                if let (true, Stop::At(stop)) = (unbound, &relation.stop) {
                    stop.each_pattern(unbound, show);
                }
            }
            Self::Not(not) if unbound => not.each_pattern(unbound, show),
            Self::NthChild(nth) => {
                if let Some(of) = &nth.of {
                    of.each_pattern(unbound, show);
                }
            }
            Self::Kind(_) | Self::Regex(_) | Self::Matches(_) | Self::Not(_) => {}
        }
    }

    fn variables(&self, unbound: bool) -> BTreeSet<Arc<str>> {
        let mut names = BTreeSet::new();
        self.each_pattern(unbound, &mut |pattern| pattern.variables(&mut names));
        names
    }
}

/// For each util, whether it can ask itself, however indirectly, and neither it nor what it asks binds anything: its
/// answer for a node is always the same, and may be asked for very often.
fn recursive(utils: &[Matcher]) -> Vec<bool> {
    let direct: Vec<BTreeSet<usize>> = utils
        .iter()
        .map(|util| {
            let mut asked = BTreeSet::new();
            util.asked_utils(&mut asked);
            asked
        })
        .collect();
    let binds = |index: usize| !utils[index].variables(true).is_empty();
    let is_recursive = |start: usize| {
        let mut reached = direct[start].clone();
        let mut open: Vec<usize> = reached.iter().copied().collect();
        while let Some(next) = open.pop() {
            open.extend(direct[next].iter().filter(|util| reached.insert(**util)));
        }
        reached.contains(&start) && !binds(start) && !reached.into_iter().any(binds)
    };
    (0..utils.len()).map(is_recursive).collect()
}

/// The kinds of node that something can match; `None` for any.
type Kinds = Option<BTreeSet<u16>>;

/// The kinds of the utils that a rule can reach, each worked out once.
struct KindsOfUtils<'a> {
    utils: &'a [Matcher],
    shared: &'a [RuleMatcher],
    known: BTreeMap<usize, Kinds>,
    known_shared: BTreeMap<usize, Kinds>,
}

impl<'a> KindsOfUtils<'a> {
    fn new(utils: &'a [Matcher], shared: &'a [RuleMatcher]) -> Self {
        Self {
            utils,
            shared,
            known: BTreeMap::new(),
            known_shared: BTreeMap::new(),
        }
    }

    fn get(&mut self, util: Util) -> Kinds {
        let known = match util {
            Util::Own(index) => self.known.get(&index),
            Util::Shared(index) => self.known_shared.get(&index),
            Util::Missing => return None,
        };
        if let Some(kinds) = known {
            return kinds.clone();
        }
        // While one is being worked out, nothing is known of it: this ends a circle.
        match util {
            Util::Own(index) => {
                self.known.insert(index, None);
                let kinds = self.utils[index].kinds(self);
                self.known.insert(index, kinds.clone());
                kinds
            }
            Util::Shared(index) => {
                self.known_shared.insert(index, None);
                // Absent while the shared utils are being read themselves.
                let util = self.shared.get(index)?;
                let mut inner = KindsOfUtils::new(&util.utils, self.shared);
                inner.known_shared = std::mem::take(&mut self.known_shared);
                let kinds = util.root.kinds(&mut inner);
                self.known_shared = inner.known_shared;
                self.known_shared.insert(index, kinds.clone());
                kinds
            }
            Util::Missing => None,
        }
    }
}
