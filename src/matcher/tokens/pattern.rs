//! A pattern as tokens: its fixed ones in order, and holes between them.
//!
//! A hole takes the first run after which the fixed tokens that follow match; it never crosses a bracket, and a `$NAME`
//! no separator. At either end of a pattern it is an operand, as long as the operator beside it lets it be. There is no way
//! back from a filled hole, so a match costs what it passes over.
//! Deliberately absent: patterns of which this makes no sense (nothing fixed, two holes side by side, `$$$` at an
//! end). They match on trees only.

use std::sync::Arc;

use super::filling::Filling;
use super::operand::LIMIT;
use super::{Run, Tokens, plain, words};
use crate::language::lexis::{ASSIGNMENT, Class, Lexis, POSTFIX, UNARY};

/// The token form of a pattern.
#[derive(Debug)]
pub struct TokenPattern {
    parts: Vec<Part>,
    /// The fixed part to look for in the text: all parts between the first hole and this one are fixed.
    anchor: usize,
    /// The first operator outside of brackets, with its strength.
    operator: Option<(usize, u8)>,
    /// The part that is the called name.
    focus: Option<usize>,
    /// tree-sitter's kind of the whole.
    pub(super) kind: Option<u16>,
    /// Whether it begins with a keyword, as statements do: there is nothing to its left and right that it may lack.
    is_statement: bool,
    /// Whether what it matches may also be the pattern of a `let` or of an arm, which calls nothing: `Some($X)`.
    may_be_pattern: bool,
    /// Whether part of it is bare tokens in the tree, too: then it matches on tokens everywhere.
    is_flat: bool,
}

#[derive(Debug)]
enum Part {
    Fixed {
        text: Box<[u8]>,
        class: Class,
        /// As of a token in code, behind an operand.
        strength: u8,
        /// Whether a path or a macro's name stands before it.
        follows_path: bool,
    },
    One(Option<Arc<str>>),
    Many(Option<Arc<str>>),
}

/// What a hole of a pattern is called, to those who know the pattern's own notation.
pub(in crate::matcher) enum Hole {
    One(Option<Arc<str>>),
    Many(Option<Arc<str>>),
}

/// Where a pattern matched.
pub(super) struct Hit {
    pub(super) run: Run,
    pub(super) captures: Vec<(Arc<str>, Run)>,
    /// The called name.
    pub(super) focus: Option<usize>,
}

impl TokenPattern {
    /// The token form of a piece of code with holes in it. `focus` is the first byte of the called name.
    pub(in crate::matcher) fn new(
        code: &[u8],
        lexis: &'static Lexis,
        hole: impl Fn(&str) -> Option<Hole>,
        focus: Option<usize>,
        kind: Option<u16>,
        (is_call, is_flat): (bool, bool),
    ) -> Option<Self> {
        // A space, for byte 0 is special to the lexis.
        let code = [b" ", code].concat();
        let tokens = Tokens::new(&code, lexis);
        let part = |at: usize| {
            let text = &code[tokens.list[at].bytes()];
            match std::str::from_utf8(text).ok().and_then(&hole) {
                Some(Hole::One(name)) => Part::One(name),
                Some(Hole::Many(name)) => Part::Many(name),
                None => Part::Fixed {
                    text: plain(text, lexis).into(),
                    class: tokens.class(at),
                    strength: tokens.strength(at),
                    follows_path: tokens.is_a(at, words::PATH | words::BANG)
                        || tokens.class(at) == Class::Open(2),
                },
            }
        };
        let parts: Vec<Part> = (0..tokens.len()).map(part).collect();
        let is_fixed = |part: &Part| matches!(part, Part::Fixed { .. });
        let is_hopeless = |pair: &[Part]| !is_fixed(&pair[0]) && !is_fixed(&pair[1]);
        let is_open = |at: usize| {
            matches!(tokens.class(at), Class::Open(_) | Class::Close(_))
                && tokens.partner(at).is_none()
        };
        if !parts.iter().any(is_fixed)
            || parts.windows(2).any(is_hopeless)
            || matches!(parts.first(), Some(Part::Many(_)))
            || matches!(parts.last(), Some(Part::Many(_)))
            || (0..tokens.len()).any(is_open)
        {
            return None;
        }
        let operator = (0..tokens.len())
            .filter(|at| is_fixed(&parts[*at]) && tokens.bracket_around(*at).is_none())
            .find_map(|at| {
                let is_prefix = tokens.is_prefix(at);
                let strength = if is_prefix {
                    UNARY
                } else {
                    tokens.strength(at)
                };
                ((1..POSTFIX).contains(&strength) && (at > 0 || is_prefix))
                    .then_some((at, strength))
            });
        Some(Self {
            anchor: anchor(&parts),
            operator,
            focus: focus.map(|byte| tokens.at(byte + 1)),
            may_be_pattern: is_call
                && (0..tokens.len()).all(|at| {
                    tokens.bracket_around(at).is_some()
                        || !tokens.is_joint(at)
                        || tokens.is_a(at, words::PATH)
                }),
            is_statement: matches!(tokens.class(0), Class::Open(3..)) || tokens.is_keyword(0),
            parts,
            kind,
            is_flat,
        })
    }

    /// The token to look for.
    pub fn anchor(&self) -> &[u8] {
        match &self.parts[self.anchor] {
            Part::Fixed { text, .. } => text,
            _ => b"",
        }
    }

    /// Whether it matches on tokens even where there is a tree.
    pub fn is_flat(&self) -> bool {
        self.is_flat
    }

    fn is_hole(&self, part: usize) -> bool {
        !matches!(self.parts[part], Part::Fixed { .. })
    }

    /// Matches around an anchor.
    pub(super) fn hit(&self, tokens: &Tokens<'_>, anchor: usize) -> Option<Hit> {
        let first = usize::from(self.is_hole(0));
        let start = anchor.checked_sub(self.anchor - first)?;
        let mut filling = Filling::new(tokens, start);
        for part in first..self.parts.len() {
            if self.operator.is_some_and(|(operator, _)| operator == part) {
                filling.operator = Some(filling.at);
            }
            self.take(part, &mut filling)?;
        }
        let run_start = self.run_start(start, &mut filling)?;
        if self.focus == Some(0) && self.is_hole(0) {
            filling.focus = tokens.called_name(run_start..start);
        }
        let end = self.with_else(tokens, run_start, filling.at);
        if self.may_be_pattern && tokens.is_in_pattern(&(run_start..end)) {
            return None;
        }
        self.ends_here(&filling, run_start, end).then_some(Hit {
            run: run_start..end,
            captures: filling.captures,
            focus: filling.focus,
        })
    }

    /// `if a { .. }` goes on to the end of its `else`.
    fn with_else(&self, tokens: &Tokens<'_>, start: usize, end: usize) -> usize {
        let has_else =
            tokens.is_a(start, words::BLOCK_HEAD) && tokens.is_a(end, words::BLOCK_JOINT);
        let whole = if has_else {
            tokens.blocks_end(start)
        } else {
            None
        };
        whole.unwrap_or(end).max(end)
    }

    /// Lets one part take its tokens.
    fn take(&self, part: usize, filling: &mut Filling<'_, '_>) -> Option<()> {
        let begins = filling.at;
        match &self.parts[part] {
            Part::Fixed { text, class, .. } => filling.fixed(text, *class, part > 0)?,
            Part::One(name) => {
                let end = self.one_end(part, filling)?;
                filling.fill(name.as_ref(), end)?;
            }
            Part::Many(name) => {
                let end = self.many_end(part, filling)?;
                filling.fill(name.as_ref(), end)?;
            }
        }
        if self.focus == Some(part) {
            filling.focus = match self.parts[part] {
                Part::Fixed { .. } => Some(filling.at - 1),
                _ => filling.tokens.called_name(begins..filling.at),
            };
        }
        Some(())
    }

    /// Whether the fixed parts from `part` up to the next hole stand at a token.
    fn continues(&self, part: usize, at: usize, filling: &Filling<'_, '_>) -> bool {
        let mut probe = Filling::new(filling.tokens, at);
        probe.open.extend(filling.open.last());
        for next in &self.parts[part..] {
            match next {
                // What closes a bracket further out was opened before.
                Part::Fixed {
                    class: Class::Close(_),
                    ..
                } if probe.open.is_empty() => return true,
                Part::Fixed { text, class, .. } => {
                    if probe.fixed(text, *class, true).is_none() {
                        return false;
                    }
                }
                _ => break,
            }
        }
        true
    }

    /// The strength of what stands at both sides of a hole: only stronger operators may be in it.
    fn bound(&self, part: usize, filling: &Filling<'_, '_>) -> u8 {
        let tokens = filling.tokens;
        let before = match part.checked_sub(1).map(|before| &self.parts[before]) {
            Some(Part::Fixed {
                class: Class::Open(_),
                ..
            })
            | None => 0,
            Some(_) if tokens.is_prefix(filling.at - 1) => UNARY,
            Some(_) => tokens.strength(filling.at - 1),
        };
        let after = match self.parts.get(part + 1) {
            Some(Part::Fixed { strength, .. }) => *strength,
            _ => 0,
        };
        let bound = before.max(after);
        // Assignments and the like: whatever stands there.
        if bound > ASSIGNMENT { bound } else { 0 }
    }

    /// Where a `$NAME` ends.
    fn one_end(&self, part: usize, filling: &Filling<'_, '_>) -> Option<usize> {
        let tokens = filling.tokens;
        let start = filling.at;
        if start >= tokens.len() {
            return None;
        }
        if start > 0 && part > 0 && tokens.is_joint(start - 1) {
            let is_name = matches!(tokens.class(start), Class::Name | Class::Literal);
            return is_name.then_some(start + 1);
        }
        let bound = self.bound(part, filling);
        if bound > 0 {
            let mut end = tokens.operand_end(start, bound.min(POSTFIX - 1))?;
            if bound >= POSTFIX {
                // What follows is part of the same chain: the hole ends where the pattern goes on.
                let whole = end;
                end = start;
                loop {
                    end = tokens.next_item(end)?;
                    if self.continues(part + 1, end, filling) {
                        break;
                    }
                    if end >= whole {
                        return None;
                    }
                }
            }
            return Some(end);
        }
        let end = match self.parts.get(part + 1) {
            None => tokens.separated_end(start),
            Some(Part::Fixed {
                class: Class::Close(_),
                ..
            }) => {
                let close = tokens.partner(*filling.open.last()?)?;
                let end = tokens.separated_end(start);
                let is_comma = end + 1 == close && tokens.is(end, ",");
                if end != close && !is_comma {
                    return None;
                }
                end
            }
            Some(_) => {
                let mut at = start;
                let mut steps = 0;
                let mut binder = None;
                loop {
                    // `if let Name { .. } = ..`: the braces are the pattern's.
                    binder = match binder {
                        Some(end) if tokens.is(at, end) => None,
                        None => tokens.binder_end(at),
                        open => open,
                    };
                    at = tokens.next_item(at)?;
                    if binder.is_none() && self.continues(part + 1, at, filling) {
                        break at;
                    }
                    steps += 1;
                    if steps > LIMIT || at >= tokens.len() || tokens.is_separator(at) {
                        return None;
                    }
                }
            }
        };
        (end > start).then_some(end)
    }

    /// Where a `$$$` ends.
    fn many_end(&self, part: usize, filling: &Filling<'_, '_>) -> Option<usize> {
        let tokens = filling.tokens;
        if let Some(Part::Fixed {
            class: Class::Close(_),
            ..
        }) = self.parts.get(part + 1)
        {
            return tokens.partner(*filling.open.last()?);
        }
        let mut at = filling.at;
        for _ in 0..LIMIT {
            if self.continues(part + 1, at, filling) {
                return Some(at);
            }
            at = tokens.next_item(at)?;
        }
        None
    }

    /// Where the run begins, and what the first hole takes.
    fn run_start(&self, start: usize, filling: &mut Filling<'_, '_>) -> Option<usize> {
        let tokens = filling.tokens;
        let Part::One(name) = &self.parts[0] else {
            return self
                .begins_here(tokens, start, filling.operator)
                .then_some(start);
        };
        let last = start.checked_sub(1)?;
        let Some(Part::Fixed {
            class,
            strength,
            follows_path,
            ..
        }) = self.parts.get(1)
        else {
            return None;
        };
        let strength = *strength;
        // After a block, a statement begins.
        if matches!(class, Class::Open(0 | 1)) && tokens.class(last) == Class::Close(2) {
            return None;
        }
        let run_start = if *follows_path {
            tokens.path_start(last)?
        } else if strength > 0 {
            tokens.left_operand(start, strength)?
        } else {
            tokens.separated_start(start)
        };
        if run_start >= start || self.is_no_use(tokens, run_start, start, strength) {
            return None;
        }
        filling.capture(name.as_ref(), run_start..start)?;
        Some(run_start)
    }

    /// Whether a first part that is fixed begins something here.
    fn begins_here(&self, tokens: &Tokens<'_>, start: usize, operator: Option<usize>) -> bool {
        let Some(last) = start.checked_sub(1) else {
            return true;
        };
        if self.is_statement {
            return true;
        }
        if self.operator.is_some_and(|(part, _)| part == 0) && !tokens.is_prefix(start) {
            return false;
        }
        let is_lone = match tokens.class(start) {
            // `(a, b)` is no part of `f(a, b)`.
            Class::Open(0 | 1) => !tokens.ends_operand(last) && !tokens.is_a(last, words::BANG),
            Class::Name => !tokens.is_joint(last) && !self.is_no_use(tokens, start, start, 0),
            _ => true,
        };
        let is_first = match (self.operator, operator) {
            (Some((part, strength)), Some(operator)) if part > 0 => {
                tokens.left_operand(operator, strength) == Some(start)
            }
            _ => true,
        };
        is_lone && is_first
    }

    /// Whether what begins here is a definition, an attribute, or the target of a `let`.
    fn is_no_use(&self, tokens: &Tokens<'_>, start: usize, operator: usize, strength: u8) -> bool {
        let Some(last) = start.checked_sub(1) else {
            return false;
        };
        let is_assignment = (1..=ASSIGNMENT).contains(&strength);
        tokens.is_a(last, words::DEFINITION)
            || tokens.opens_attribute(last)
            || tokens.is_a(operator, words::CAST) && tokens.begins_types(last)
            || tokens.is(operator, tokens.lexis.chain) && tokens.is_condition_of_let(last)
            || is_assignment
                && !matches!(tokens.class(last), Class::Open(_) | Class::Close(_))
                && !tokens.is_a(last, words::SEPARATOR | words::PIPE)
    }

    /// Whether the last operand ends with the match.
    fn ends_here(&self, filling: &Filling<'_, '_>, start: usize, end: usize) -> bool {
        let tokens = filling.tokens;
        if start >= end {
            return false;
        }
        let (Some((_, strength)), Some(operator)) = (self.operator, filling.operator) else {
            return true;
        };
        let ends_with_operand = !self.is_statement
            && match self.parts.last() {
                Some(Part::Fixed { class, .. }) => *class != Class::Mark,
                _ => false,
            };
        !ends_with_operand || tokens.operand_end(operator + 1, strength) == Some(end)
    }
}

/// The longest name before the first bracket, or else the longest part, of those that follow the first hole.
fn anchor(parts: &[Part]) -> usize {
    let first = usize::from(!matches!(parts[0], Part::Fixed { .. }));
    let mut best: Option<(bool, usize, usize)> = None;
    for (index, part) in parts.iter().enumerate().skip(first) {
        let Part::Fixed { text, class, .. } = part else {
            break;
        };
        let rank = (*class == Class::Name, text.len(), index);
        if best.is_none_or(|(is_name, length, _)| (rank.0, rank.1) > (is_name, length)) {
            best = Some(rank);
        }
        let is_name = best.is_some_and(|(is_name, ..)| is_name);
        if matches!(class, Class::Open(_)) && is_name {
            break;
        }
    }
    best.map_or(first, |(_, _, index)| index)
}
