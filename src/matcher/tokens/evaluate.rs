//! Asks a rule about a run of tokens. What tokens do not tell is *unknown*, by Kleene's logic: it is neither a match nor none.
//!
//! | condition | on tokens |
//! |---|---|
//! | `pattern` | the run is all that the pattern's token form takes |
//! | `regex` | on the run's text, as ever |
//! | `all`, `any`, `not`, `matches` | by three-valued logic |
//! | `kind` | known for one token, and where a pattern matched the same run; else unknown |
//! | `inside` | a pattern around it in the same tokens, or what the tree has around the macro; what may stand between is unknown, but for an argument of the macro itself |
//! | `has` | a pattern within it; how deep is unknown |
//! | `precedes`, `follows`, `nthChild` | unknown |
//!
//! Deliberately absent: guessing.

use super::founds::Founds;
use super::operand::LIMIT;
use super::{Run, Tokens, words};
use crate::language::lexis::Class;
use crate::matcher::evaluate::Evaluation;
use crate::matcher::{
    Captures, ERROR_KIND, Effort, Matcher, Node, Pattern, Relation, RuleMatcher, Stop, Tree, Util,
};

/// Whether something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// It does not.
    No,
    /// Tokens do not tell.
    Unknown,
    /// It does.
    Yes,
}

impl Truth {
    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }

    fn at_most(self, limit: Self) -> Self {
        self.min(limit)
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// A chain of utils that name each other is followed this far; beyond, nothing matches.
const UTIL_DEPTH_LIMIT: usize = 64;

/// What questions about tokens are put to.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The tree around the tokens.
    pub tree: &'a Tree<'a>,
    /// The tokens.
    pub tokens: &'a Tokens<'a>,
    /// What patterns match there.
    pub founds: &'a Founds,
    /// Kinds of bare tokens.
    pub flat: &'a [u16],
    /// The kind of a call and the field of what is called.
    pub call: (u16, u16),
    /// Kinds of literals.
    pub literals: &'a [u16],
    /// Kinds of names.
    pub names: &'a [u16],
}

impl RuleMatcher {
    /// Patterns that may find what the rule matches, and all others that it asks about it.
    pub fn token_patterns(&self) -> (Vec<&Pattern>, Vec<&Pattern>) {
        let (mut finding, mut all) = (Vec::new(), Vec::new());
        self.root.finding(&self.utils, 0, &mut finding);
        self.root.patterns(&mut all);
        for (_, constraint) in &self.constraints {
            constraint.patterns(&mut all);
        }
        for util in self.utils.iter() {
            util.patterns(&mut all);
        }
        (finding, all)
    }

    /// Whether the rule holds for a run, and what its metavariables stand for.
    pub fn on_tokens(
        &self,
        ground: Ground<'_>,
        run: &Run,
        mut captures: Captures,
    ) -> (Truth, Captures) {
        let mut question = Question {
            ground,
            utils: &self.utils,
            depth: 0,
        };
        let mut truth = question.holds(&self.root, run, &mut captures);
        for (name, bound) in captures.runs() {
            let constraint = self
                .constraints
                .iter()
                .find(|(constrained, _)| *constrained == name);
            if let Some((_, matcher)) = constraint
                && truth != Truth::No
            {
                truth = truth.min(question.holds(matcher, &bound, &mut captures));
            }
        }
        (truth, captures)
    }
}

impl Matcher {
    /// Patterns of which one matches wherever this does.
    fn finding<'m>(&'m self, utils: &'m [Self], depth: usize, found: &mut Vec<&'m Pattern>) {
        match self {
            Self::Pattern(pattern) if pattern.token_form().is_some() => found.push(pattern),
            Self::All(matchers) => {
                // The first that finds anything decides where to look.
                let before = found.len();
                for matcher in matchers {
                    matcher.finding(utils, depth, found);
                    if found.len() > before {
                        break;
                    }
                }
            }
            Self::Any(matchers) => {
                for matcher in matchers {
                    matcher.finding(utils, depth, found);
                }
            }
            Self::Matches(Util::Own(util)) if depth < utils.len() => {
                utils[*util].finding(utils, depth + 1, found);
            }
            _ => {}
        }
    }

    fn patterns<'m>(&'m self, found: &mut Vec<&'m Pattern>) {
        match self {
            Self::Pattern(pattern) => found.push(pattern),
            Self::All(matchers) | Self::Any(matchers) => {
                for matcher in matchers {
                    matcher.patterns(found);
                }
            }
            Self::Not(matcher) => matcher.patterns(found),
            Self::Inside(relation)
            | Self::Has(relation)
            | Self::Precedes(relation)
            | Self::Follows(relation) => relation.other.patterns(found),
            Self::NthChild(nth) => {
                if let Some(of) = &nth.of {
                    of.patterns(found);
                }
            }
            Self::Kind(_) | Self::Regex(_) | Self::Matches(_) => {}
        }
    }
}

struct Question<'a> {
    ground: Ground<'a>,
    utils: &'a [Matcher],
    depth: usize,
}

impl Question<'_> {
    fn holds(&mut self, matcher: &Matcher, run: &Run, captures: &mut Captures) -> Truth {
        let mark = captures.mark();
        let truth = match matcher {
            _ if run.is_empty() => Truth::No,
            Matcher::Pattern(pattern) => self.pattern(pattern, run, captures),
            Matcher::Kind(kind) => self.kind(*kind, run),
            Matcher::Regex(regex) => {
                let bytes = self.ground.tokens.bytes(run);
                let text = self.ground.tree.text().get(bytes).unwrap_or_default();
                regex.is_match(text).into()
            }
            Matcher::All(all) => {
                let mut truth = Truth::Yes;
                for matcher in all {
                    truth = truth.at_most(self.holds(matcher, run, captures));
                    if truth == Truth::No {
                        break;
                    }
                }
                truth
            }
            Matcher::Any(any) => self.any(any, run, captures),
            Matcher::Not(not) => {
                let truth = self.holds(not, run, captures).not();
                captures.undo(mark);
                truth
            }
            Matcher::Inside(relation) => self.inside(relation, run, captures),
            Matcher::Has(relation) => self.has(relation, run, captures),
            Matcher::Precedes(_) | Matcher::Follows(_) | Matcher::NthChild(_) => Truth::Unknown,
            // Shared utils belong to plain ast-grep files, which know no tokens.
            Matcher::Matches(Util::Shared(_) | Util::Missing) => Truth::Unknown,
            Matcher::Matches(Util::Own(util)) => {
                if self.depth >= UTIL_DEPTH_LIMIT {
                    return Truth::No;
                }
                self.depth += 1;
                let utils = self.utils;
                let truth = self.holds(&utils[*util], run, captures);
                self.depth -= 1;
                truth
            }
        };
        if truth == Truth::No {
            captures.undo(mark);
        }
        truth
    }

    /// The first that holds binds; else the first of which nothing is known.
    fn any(&mut self, any: &[Matcher], run: &Run, captures: &mut Captures) -> Truth {
        let mut unknown: Option<Captures> = None;
        for matcher in any {
            let mut attempt = captures.clone();
            match self.holds(matcher, run, &mut attempt) {
                Truth::Yes => {
                    *captures = attempt;
                    return Truth::Yes;
                }
                Truth::Unknown if unknown.is_none() => unknown = Some(attempt),
                _ => {}
            }
        }
        match unknown {
            Some(attempt) => {
                *captures = attempt;
                Truth::Unknown
            }
            None => Truth::No,
        }
    }

    fn pattern(&self, pattern: &Pattern, run: &Run, captures: &mut Captures) -> Truth {
        let Ground {
            tree,
            tokens,
            founds,
            ..
        } = self.ground;
        if let Some(name) = pattern.lone_variable() {
            return name
                .is_none_or(|name| captures.bind_run(tree, tokens, name, run))
                .into();
        }
        if pattern.token_form().is_none() {
            return Truth::Unknown;
        }
        let Some(found) = founds.exactly(pattern, run) else {
            return Truth::No;
        };
        found
            .captures
            .iter()
            .all(|(name, run)| captures.bind_run(tree, tokens, name, run))
            .into()
    }

    fn kind(&self, kind: u16, run: &Run) -> Truth {
        let Ground {
            tree,
            tokens,
            founds,
            literals,
            names,
            ..
        } = self.ground;
        if let Some(known) = founds.kind(run) {
            return (known == kind).into();
        }
        let bytes = tokens.bytes(run);
        let innermost = tree.innermost(&bytes);
        let is_exact = std::iter::once(innermost)
            .chain(tree.ancestors(innermost))
            .take_while(|node| tree.range(*node) == bytes)
            .any(|node| tree.kind(node) == kind);
        let is_literal = literals.contains(&kind);
        let is_one_token = is_literal || names.contains(&kind);
        match run.len() {
            _ if is_exact => Truth::Yes,
            // A name may be a type's, a field's or a variable's.
            1 if is_literal || tokens.class(run.start) == Class::Literal => Truth::No,
            1 => Truth::Unknown,
            _ if is_one_token => Truth::No,
            _ => Truth::Unknown,
        }
    }

    /// The nodes around a run that are no bare tokens, innermost first.
    fn nodes_around(&self, run: &Run) -> Vec<Node> {
        let Ground {
            tree, tokens, flat, ..
        } = self.ground;
        let bytes = tokens.bytes(run);
        let innermost = tree.innermost(&bytes);
        let around = |node: &Node| {
            !flat.contains(&tree.kind(*node))
                && tree.kind(*node) != ERROR_KIND
                && tree.range(*node) != bytes
        };
        std::iter::once(innermost)
            .chain(tree.ancestors(innermost))
            .filter(around)
            .collect()
    }

    fn inside(&mut self, relation: &Relation, run: &Run, captures: &mut Captures) -> Truth {
        let tokens = self.ground.tokens;
        let is_neighbor = matches!(relation.stop, Stop::Neighbor);
        if let (Matcher::Kind(kind), Some(field)) = (&relation.other, &relation.field)
            && self.ground.call == (*kind, field.id())
            && is_neighbor
        {
            return tokens.is_called(run).into();
        }
        let is_in_error = self
            .ground
            .tree
            .has_error(self.ground.tree.innermost(&tokens.bytes(run)));
        let is_argument = !is_in_error && self.is_argument(run);
        let mut hidden = if is_argument {
            Truth::No
        } else {
            Truth::Unknown
        };
        if let Some(found) = self.around(&relation.other, run) {
            let truth = match relation.stop {
                Stop::End if relation.field.is_none() => {
                    self.holds(&relation.other, &found, captures)
                }
                _ => Truth::Unknown,
            };
            if truth == Truth::Yes {
                return truth;
            }
            hidden = Truth::Unknown;
        } else if relation.other.is_found_by_patterns(self.utils) {
            hidden = Truth::No;
        }
        if is_neighbor || relation.field.is_some() {
            return hidden;
        }
        let mut effort = Effort::default();
        let mut evaluation = Evaluation::around_tokens(self.ground.tree, self.utils, &mut effort);
        for node in self.nodes_around(run) {
            if evaluation.holds(&relation.other, node, captures) {
                // Something between may end the relation before it comes here.
                let is_plain = matches!(relation.stop, Stop::End) || hidden == Truth::No;
                return if is_plain { Truth::Yes } else { Truth::Unknown };
            }
            if evaluation.stops(&relation.stop, node) {
                break;
            }
        }
        hidden
    }

    /// Whether the run is an argument of the macro, all by itself.
    fn is_argument(&self, run: &Run) -> bool {
        let Ground {
            tree, tokens, flat, ..
        } = self.ground;
        let Some(open) = tokens.bracket_around(run.start) else {
            return false;
        };
        let node = tree.innermost(&tokens.list[open].bytes());
        let is_outermost = tree.parent(node).is_some_and(|tokens| {
            flat.contains(&tree.kind(tokens))
                && tree
                    .parent(tokens)
                    .is_some_and(|around| !flat.contains(&tree.kind(around)))
        });
        let is_first = run.start == open + 1 || tokens.is_separator(run.start - 1);
        let is_last = tokens.partner(open) == Some(run.end) || tokens.is_separator(run.end);
        is_outermost && is_first && is_last
    }

    /// The innermost run around this one that a pattern of the condition matches.
    fn around(&self, other: &Matcher, run: &Run) -> Option<Run> {
        let mut patterns = Vec::new();
        other.finding(self.utils, 0, &mut patterns);
        let mut best: Option<Run> = None;
        for pattern in patterns {
            let founds = self.ground.founds.of(pattern);
            let before = founds.partition_point(|found| found.run.start <= run.start);
            let around = founds[..before]
                .iter()
                .rev()
                .take(LIMIT)
                .find(|found| found.run.end >= run.end && found.run != *run);
            if let Some(found) = around
                && best
                    .as_ref()
                    .is_none_or(|best| found.run.len() < best.len())
            {
                best = Some(found.run.clone());
            }
        }
        best
    }

    fn has(&mut self, relation: &Relation, run: &Run, captures: &mut Captures) -> Truth {
        let mut patterns = Vec::new();
        relation.other.finding(self.utils, 0, &mut patterns);
        let is_decided = relation.other.is_found_by_patterns(self.utils);
        let limit = match relation.stop {
            Stop::End if relation.field.is_none() => Truth::Yes,
            _ => Truth::Unknown,
        };
        let mut truth = if is_decided {
            Truth::No
        } else {
            Truth::Unknown
        };
        let founds = self.ground.founds;
        for pattern in patterns {
            let of_pattern = founds.of(pattern);
            let first = of_pattern.partition_point(|found| found.run.start < run.start);
            let within = of_pattern[first..]
                .iter()
                .take(LIMIT)
                .take_while(|found| found.run.start < run.end)
                .filter(|found| found.run.end <= run.end && found.run != *run);
            for found in within {
                truth = truth.max(
                    self.holds(&relation.other, &found.run, captures)
                        .at_most(limit),
                );
                if truth == Truth::Yes {
                    return truth;
                }
            }
        }
        truth
    }
}

impl Matcher {
    /// Whether looking for its patterns finds everything that it matches.
    fn is_found_by_patterns(&self, utils: &[Self]) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.token_form().is_some(),
            Self::All(all) => all
                .iter()
                .any(|matcher| matcher.is_found_by_patterns(utils)),
            Self::Any(any) => any
                .iter()
                .all(|matcher| matcher.is_found_by_patterns(utils)),
            // Utils that need each other at the same node are refused.
            Self::Matches(Util::Own(util)) => utils[*util].is_found_by_patterns(utils),
            _ => false,
        }
    }
}

impl Tokens<'_> {
    /// Whether arguments follow a run: it is what is called.
    fn is_called(&self, run: &Run) -> bool {
        let mut after = run.end;
        if self.is_a(after, words::PATH) && self.is(after + 1, "<") {
            after = self.types_end(after + 1).unwrap_or(after);
        }
        self.list
            .get(after)
            .is_some_and(|token| token.class == Class::Open(0))
    }
}
