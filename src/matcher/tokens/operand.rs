//! How far an operand goes: to the left of `.`, `(`, `?` and operators, and to the right of operators.
//!
//! Where the tokens are an expression, the answer is that of the grammar. Nothing here recurses, and a search goes no
//! further than [`LIMIT`] steps; but the chain to the left of a `.`, which may be long, is remembered where it was walked.
//! Deliberately absent: types (`a as Vec<u8>` ends before its `<`), and the difference between a statement and an operand.

use std::cell::RefCell;

use super::{Run, Tokens, words};
use crate::language::lexis::{Class, POSTFIX, UNARY};

/// The most steps of one search at one level of brackets.
pub(super) const LIMIT: usize = 1024;

/// The most tokens between `<` and `>`.
const TYPES_LIMIT: usize = 256;

/// Patterns of `let` and arms are looked for in so many brackets around a match.
const PATTERN_DEPTH_LIMIT: usize = 16;

const UNKNOWN: u32 = u32::MAX;
const NOWHERE: u32 = u32::MAX - 1;

/// Where the operands begin that end with a token, as far as it was asked.
pub(super) struct Starts(RefCell<Vec<u32>>);

impl Starts {
    pub(super) fn new(tokens: usize) -> Self {
        Self(RefCell::new(vec![UNKNOWN; tokens]))
    }
}

/// What comes before a part of a chain.
enum Before {
    /// Another part, which ends with this token.
    Part(usize),
    /// Nothing: the chain begins with this token.
    Start(usize),
    /// This is no operand.
    Nothing,
}

impl Tokens<'_> {
    /// The strength of the operator that a token is between operands; of what stands behind an operand; 0 for anything else.
    pub(super) fn strength(&self, at: usize) -> u8 {
        if at >= self.len() {
            return 0;
        }
        let word = self.words[at];
        if word.sorts & (words::JOINT | words::POSTFIX | words::BANG) != 0
            || matches!(self.class(at), Class::Open(0 | 1))
        {
            POSTFIX
        } else {
            word.strength
        }
    }

    pub(super) fn is_keyword(&self, at: usize) -> bool {
        self.class(at) == Class::Name
            && self.is_a(at, words::KEYWORD)
            && !(at > 0 && self.is_joint(at - 1))
    }

    pub(super) fn is_joint(&self, at: usize) -> bool {
        self.is_a(at, words::JOINT)
    }

    pub(super) fn is_separator(&self, at: usize) -> bool {
        self.is_a(at, words::SEPARATOR)
    }

    pub(super) fn is_prefix(&self, at: usize) -> bool {
        // After a block, a statement begins.
        let is_after_operand =
            |last: usize| self.ends_operand(last) && self.class(last) != Class::Close(2);
        self.is_a(at, words::PREFIX) && !(at > 0 && is_after_operand(at - 1))
    }

    /// Whether an operand can end with this token.
    pub(super) fn ends_operand(&self, at: usize) -> bool {
        match self.class(at) {
            Class::Literal => true,
            Class::Name => !self.is_keyword(at),
            Class::Close(_) => self
                .partner(at)
                .is_some_and(|open| !self.opens_attribute(open)),
            Class::Mark => self.is_a(at, words::POSTFIX),
            Class::Open(_) => false,
        }
    }

    pub(super) fn opens_attribute(&self, open: usize) -> bool {
        open > 0 && self.is_a(open - 1, words::ATTRIBUTE)
    }

    /// The first token of the operand without operators that ends with a token: names, paths, calls, fields, literals,
    /// brackets, macro calls and blocks, joined by what stands behind an operand.
    pub(super) fn chain_start(&self, end: usize) -> Option<usize> {
        let mut walked: Vec<usize> = Vec::new();
        let mut at = end;
        let start = loop {
            let known = self.starts.0.borrow()[at];
            if known != UNKNOWN {
                break known;
            }
            walked.push(at);
            match self.before(at) {
                Before::Part(next) => at = next,
                Before::Start(start) => break start as u32,
                Before::Nothing => break NOWHERE,
            }
        };
        let mut starts = self.starts.0.borrow_mut();
        for at in walked {
            starts[at] = start;
        }
        (start != NOWHERE).then_some(start as usize)
    }

    fn before(&self, at: usize) -> Before {
        match self.class(at) {
            Class::Literal => self.before_name(at),
            Class::Name if !self.is_keyword(at) => self.before_name(at),
            Class::Close(_) => match self.partner(at) {
                Some(open) => self.before_bracket(open),
                None => Before::Nothing,
            },
            Class::Mark if at > 0 && self.is_a(at, words::POSTFIX) => Before::Part(at - 1),
            Class::Mark if self.is(at, ">") => self.before_types(at),
            _ => Before::Nothing,
        }
    }

    fn before_name(&self, at: usize) -> Before {
        if at == 0 || !self.is_joint(at - 1) {
            return Before::Start(at);
        }
        let is_path = self.is_a(at - 1, words::PATH);
        if at >= 2 && (self.ends_operand(at - 2) || is_path && self.is(at - 2, ">")) {
            return Before::Part(at - 2);
        }
        // `::name`
        Before::Start(if is_path { at - 1 } else { at })
    }

    /// What stands before type arguments that end here: `name::<..>`, `name<..>`, or nothing (`<T as Trait>::name`).
    fn before_types(&self, close: usize) -> Before {
        let Some(open) = self.types_start(close) else {
            return Before::Nothing;
        };
        if open >= 2 && self.is_a(open - 1, words::PATH) {
            return Before::Part(open - 2);
        }
        if open >= 1 && self.class(open - 1) == Class::Name && !self.is_keyword(open - 1) {
            return Before::Part(open - 1);
        }
        Before::Start(open)
    }

    fn before_bracket(&self, open: usize) -> Before {
        if !matches!(self.class(open), Class::Open(0..=2)) || self.opens_attribute(open) {
            return Before::Start(open);
        }
        if open == 0 {
            return Before::Start(open);
        }
        let last = open - 1;
        let is_name = |at: usize| self.class(at) == Class::Name && !self.is_keyword(at);
        if self.is_a(last, words::BANG) && last > 0 && is_name(last - 1) {
            return Before::Part(last - 1);
        }
        if self.class(open) == Class::Open(2) {
            return self.before_block(open);
        }
        if self.is(last, ">") {
            let is_turbofish = |types: &usize| *types >= 2 && self.is_a(types - 1, words::PATH);
            return match self.types_start(last).filter(is_turbofish) {
                Some(types) => Before::Part(types - 2),
                None => Before::Start(open),
            };
        }
        let is_block = self.class(last) == Class::Close(2);
        if self.ends_operand(last) && !is_block {
            Before::Part(last)
        } else {
            Before::Start(open)
        }
    }

    /// `if a { .. } else { .. }`, `match a { .. }`, `unsafe { .. }`, `Name { .. }`, or only `{ .. }`.
    fn before_block(&self, mut open: usize) -> Before {
        for _ in 0..LIMIT {
            let Some(last) = open.checked_sub(1) else {
                break;
            };
            if self.is_a(last, words::BLOCK_WORD) {
                return Before::Start(last);
            }
            if self.is(last, "move") && last > 0 && self.is_a(last - 1, words::BLOCK_WORD) {
                return Before::Start(last - 1);
            }
            let head = match self.is_a(last, words::BLOCK_JOINT) {
                true => Some(open),
                false => self.block_head(last),
            };
            let Some(head) = head else {
                let is_literal = !self.lexis.path.is_empty()
                    && (self.is(last, ">") || self.class(last) == Class::Name)
                    && !self.is_keyword(last);
                return if is_literal {
                    Before::Part(last)
                } else {
                    Before::Start(open)
                };
            };
            // `.. } else if a {` goes on with the block before `else`.
            let joint = if head == open {
                Some(last)
            } else {
                head.checked_sub(1)
            };
            let earlier = joint
                .filter(|joint| self.is_a(*joint, words::BLOCK_JOINT))
                .and_then(|joint| joint.checked_sub(1))
                .filter(|close| self.class(*close) == Class::Close(2))
                .and_then(|close| self.partner(close));
            match earlier {
                Some(earlier) => open = earlier,
                None => return Before::Start(head),
            }
        }
        Before::Start(open)
    }

    /// The keyword whose block opens after `last`.
    fn block_head(&self, last: usize) -> Option<usize> {
        let mut at = last;
        let mut is_bound = false;
        for _ in 0..LIMIT {
            match self.class(at) {
                // `if let Name { .. }`: the braces are the pattern's.
                _ if !is_bound && self.binder_end(at).is_some() => return None,
                Class::Mark if self.is(at, "=") => is_bound = true,
                Class::Name if self.is_a(at, words::BLOCK_HEAD) => return Some(at),
                Class::Open(_) | Class::Close(2) => return None,
                Class::Close(_) => at = self.partner(at)?,
                _ if self.is_separator(at) => return None,
                _ => {}
            }
            at = at.checked_sub(1)?;
        }
        None
    }

    /// What ends the pattern that this keyword begins.
    pub(super) fn binder_end(&self, at: usize) -> Option<&'static str> {
        if !self.is_a(at, words::KEYWORD) {
            return None;
        }
        let text = self.text(at);
        let binder = |(word, _): &&(&str, &str)| word.as_bytes() == text;
        self.lexis.binders.iter().find(binder).map(|(_, end)| *end)
    }

    /// Whether a run stands in the pattern of a `let`, a `for` or an arm.
    pub(super) fn is_in_pattern(&self, run: &Run) -> bool {
        let mut at = run.clone();
        for _ in 0..PATTERN_DEPTH_LIMIT {
            if self.is_pattern_before(at.start) || self.is_pattern_behind(at.end) {
                return true;
            }
            let Some(open) = self.bracket_around(at.start) else {
                return false;
            };
            let Some(close) = self.partner(open) else {
                return false;
            };
            // A block is no pattern, `Name { .. }` may be one.
            if self.class(open) == Class::Open(2) && !self.may_end_pattern(close) {
                return false;
            }
            at = open..close + 1;
        }
        false
    }

    /// Whether this `=` belongs to `if let .. = ..`, which is a condition of its own.
    pub(super) fn is_condition_of_let(&self, assignment: usize) -> bool {
        let mut at = assignment;
        if !self.is(at, "=") {
            return false;
        }
        for _ in 0..TYPES_LIMIT {
            let Some(last) = at.checked_sub(1) else {
                return false;
            };
            at = match self.class(last) {
                _ if self.binder_end(last).is_some() => {
                    return last > 0
                        && (self.is_a(last - 1, words::BLOCK_HEAD)
                            || self.is(last - 1, self.lexis.chain));
                }
                Class::Open(_) => return false,
                Class::Close(_) => match self.partner(last) {
                    Some(open) => open,
                    None => return false,
                },
                _ if self.is_separator(last) => return false,
                _ => last,
            };
        }
        false
    }

    /// Whether what stands behind a bracket may stand behind a pattern.
    fn may_end_pattern(&self, close: usize) -> bool {
        let next = close + 1;
        let is_end = |(_, end): &(&str, &str)| self.is(next, end);
        self.lexis.binders.iter().any(is_end)
            || self.is_a(next, words::ARM)
            || self.is_a(next, words::PIPE)
            || self.is_separator(next)
            || matches!(self.list.get(next), Some(next) if matches!(next.class, Class::Close(0 | 1)))
    }

    /// Whether `let` stands before it, and no `=` between.
    fn is_pattern_before(&self, start: usize) -> bool {
        let mut at = start;
        for _ in 0..TYPES_LIMIT {
            let Some(last) = at.checked_sub(1) else {
                return false;
            };
            at = match self.class(last) {
                _ if self.binder_end(last).is_some() => return true,
                _ if self.lexis.binders.iter().any(|(_, end)| self.is(last, end)) => return false,
                Class::Open(_) | Class::Close(2) => return false,
                Class::Close(_) => match self.partner(last) {
                    Some(open) => open,
                    None => return false,
                },
                _ if self.is_separator(last) => return false,
                _ => last,
            };
        }
        false
    }

    /// Whether `=>` stands behind it, with at most a guard or other patterns between.
    fn is_pattern_behind(&self, end: usize) -> bool {
        let mut at = end;
        for _ in 0..TYPES_LIMIT {
            if self.is_a(at, words::ARM) {
                return !self.is_guarded(end);
            }
            if at >= self.len() || self.is_separator(at) {
                return false;
            }
            at = match self.class(at) {
                Class::Open(_) => match self.partner(at) {
                    Some(close) => close + 1,
                    None => return false,
                },
                Class::Close(_) => return false,
                _ => at + 1,
            };
        }
        false
    }

    /// Whether an `if` stands before it in its arm: it is no pattern then.
    fn is_guarded(&self, end: usize) -> bool {
        let start = self.separated_start(end);
        (start..end).any(|at| {
            self.is_a(at, words::BLOCK_HEAD) && self.bracket_around(at) == self.bracket_around(end)
        })
    }

    /// The `<` of type arguments that end with this `>`.
    pub(super) fn types_start(&self, close: usize) -> Option<usize> {
        let mut depth = 0_usize;
        let mut at = close;
        for _ in 0..TYPES_LIMIT {
            match (self.class(at), self.text(at)) {
                (Class::Mark, b">") => depth += 1,
                (Class::Mark, b"<" | b"<<") => {
                    depth = depth.saturating_sub(self.text(at).len());
                    if depth == 0 {
                        return Some(at);
                    }
                }
                (Class::Close(_), _) => at = self.partner(at)?,
                (Class::Open(_), _) | (Class::Mark, b";" | b"&&" | b"||" | b"=>") => return None,
                _ => {}
            }
            at = at.checked_sub(1)?;
        }
        None
    }

    /// The token after the `>` that closes the type arguments that this `<` opens.
    pub(super) fn types_end(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        let mut at = open;
        for _ in 0..TYPES_LIMIT {
            if at >= self.len() {
                return None;
            }
            match (self.class(at), self.text(at)) {
                (Class::Mark, b"<" | b"<<") => depth += self.text(at).len(),
                (Class::Mark, b">") => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                (Class::Open(_), _) => at = self.partner(at)?,
                (Class::Close(_), _) | (Class::Mark, b";" | b"&&" | b"||" | b"=>") => return None,
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// The first token of the path that ends with a token: names and type arguments.
    pub(super) fn path_start(&self, end: usize) -> Option<usize> {
        let mut at = end;
        for _ in 0..LIMIT {
            let before = match self.class(at) {
                Class::Name if !self.is_keyword(at) => self.before_name(at),
                Class::Mark if self.is(at, ">") => self.before_types(at),
                _ => Before::Nothing,
            };
            match before {
                Before::Part(next) if self.is(at, ">") || self.is_a(at - 1, words::PATH) => {
                    at = next;
                }
                Before::Part(_) => return Some(at),
                Before::Start(start) => return Some(start),
                Before::Nothing => return None,
            }
        }
        None
    }

    /// The first token of the operand to the left of an operator of this strength: weaker operators end it.
    pub(super) fn left_operand(&self, operator: usize, strength: u8) -> Option<usize> {
        let mut start = self.chain_start(operator.checked_sub(1)?)?;
        if strength >= POSTFIX {
            return Some(start);
        }
        for _ in 0..LIMIT {
            let Some(last) = start.checked_sub(1) else {
                return Some(start);
            };
            if self.is_prefix(last) {
                start = last;
            } else if self.strength(last) < POSTFIX
                && self.strength(last) >= strength
                && last > 0
                && self.ends_operand(last - 1)
                && !self.ends_parameters(last)
            {
                start = self.chain_start(last - 1)?;
            } else {
                return Some(start);
            }
        }
        None
    }

    /// The token after the operand that begins here: operators of this strength and weaker ones end it.
    pub(super) fn operand_end(&self, start: usize, strength: u8) -> Option<usize> {
        let mut at = start;
        let mut is_complete = false;
        let is_cast = |at: usize| at > 0 && self.is_a(at - 1, words::CAST);
        let mut is_type = is_cast(start);
        for _ in 0..LIMIT {
            if at >= self.len() {
                break;
            }
            if is_complete {
                match self.class(at) {
                    _ if is_type && self.is(at, "<") => at = self.types_end(at)?,
                    Class::Open(0 | 1) => at = self.partner(at)? + 1,
                    _ if self.is_joint(at) => at = self.after_joint(at)?,
                    _ if self.is_a(at, words::POSTFIX) => at += 1,
                    _ if self.is_a(at, words::BANG)
                        && matches!(self.list.get(at + 1), Some(next) if matches!(next.class, Class::Open(_))) =>
                    {
                        at = self.partner(at + 1)? + 1;
                    }
                    _ if self.strength(at) > strength && self.strength(at) < POSTFIX => {
                        at += 1;
                        is_complete = false;
                        is_type = is_cast(at);
                    }
                    _ => break,
                }
                continue;
            }
            match self.class(at) {
                _ if strength <= UNARY && self.is_prefix(at) => at += 1,
                _ if self.begins_closure(at) => return Some(self.separated_end(at)),
                Class::Mark if self.is(at, "<") => {
                    at = self.types_end(at)?;
                    is_complete = true;
                }
                Class::Name
                    if self.is_a(at, words::BLOCK_HEAD) || self.is_a(at, words::BLOCK_WORD) =>
                {
                    at = self.blocks_end(at)?;
                    is_complete = true;
                }
                Class::Name if self.binder_end(at).is_some() => return None,
                Class::Name if self.is_keyword(at) => return Some(self.separated_end(at)),
                Class::Name | Class::Literal => {
                    at += 1;
                    is_complete = true;
                }
                Class::Open(_) => {
                    at = self.partner(at)? + 1;
                    is_complete = true;
                }
                _ => break,
            }
        }
        is_complete.then_some(at)
    }

    fn begins_closure(&self, at: usize) -> bool {
        !self.lexis.pipe.is_empty()
            && (self.is_a(at, words::PIPE) || self.is(at, "||") || self.is(at, "move"))
            && !(at > 0 && self.ends_operand(at - 1))
    }

    /// Whether a `|` closes the parameters of a closure.
    fn ends_parameters(&self, close: usize) -> bool {
        if !self.is_a(close, words::PIPE) {
            return false;
        }
        let mut at = close;
        for _ in 0..TYPES_LIMIT {
            let Some(last) = at.checked_sub(1) else {
                return false;
            };
            at = match self.class(last) {
                Class::Open(_) => return false,
                Class::Close(_) => match self.partner(last) {
                    Some(open) => open,
                    None => return false,
                },
                _ => last,
            };
            if self.is_a(at, words::PIPE) {
                return self.begins_closure(at);
            }
        }
        false
    }

    /// The token after `.name`, `::name` or `::<..>`.
    fn after_joint(&self, joint: usize) -> Option<usize> {
        let next = self.list.get(joint + 1)?;
        match next.class {
            Class::Name | Class::Literal => Some(joint + 2),
            Class::Mark if self.is(joint + 1, "<") => self.types_end(joint + 1),
            _ => None,
        }
    }

    /// The token after `if .. { .. } else { .. }` and its kin.
    pub(super) fn blocks_end(&self, start: usize) -> Option<usize> {
        let mut at = start;
        for _ in 0..LIMIT {
            let next = self.list.get(at)?;
            match next.class {
                Class::Open(2) => {
                    at = self.partner(at)? + 1;
                    if !self.is_a(at, words::BLOCK_JOINT) {
                        return Some(at);
                    }
                }
                Class::Open(_) => at = self.partner(at)? + 1,
                Class::Close(_) => return None,
                _ if self.is_separator(at) => return None,
                _ => at += 1,
            }
        }
        None
    }

    /// The item after the one that begins here: one token, a pair of brackets, type arguments, the parameters of a closure.
    /// `None` at a bracket that is not this level's.
    pub(super) fn next_item(&self, at: usize) -> Option<usize> {
        let token = self.list.get(at)?;
        match token.class {
            Class::Open(_) => Some(self.partner(at)? + 1),
            Class::Close(_) => None,
            Class::Mark if self.begins_types(at) => Some(self.types_end(at).unwrap_or(at + 1)),
            Class::Mark if self.begins_closure(at) && self.is_a(at, words::PIPE) => {
                Some(self.parameters_end(at).unwrap_or(at + 1))
            }
            _ => Some(at + 1),
        }
    }

    /// Whether a `<` opens type arguments: it compares nothing.
    pub(super) fn begins_types(&self, at: usize) -> bool {
        !self.lexis.path.is_empty()
            && self.is(at, "<")
            && (at == 0 || self.is_a(at - 1, words::PATH) || !self.ends_operand(at - 1))
    }

    fn parameters_end(&self, open: usize) -> Option<usize> {
        let mut at = open + 1;
        for _ in 0..TYPES_LIMIT {
            if self.is_a(at, words::PIPE) {
                return Some(at + 1);
            }
            at = match self.list.get(at)?.class {
                Class::Open(_) => self.partner(at)? + 1,
                Class::Close(_) => return None,
                _ => at + 1,
            };
        }
        None
    }

    /// The first separator from here on, or the end of the brackets around.
    pub(super) fn separated_end(&self, start: usize) -> usize {
        let mut at = start;
        for _ in 0..LIMIT {
            if at >= self.len() || self.is_separator(at) {
                break;
            }
            match self.next_item(at) {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }

    /// The token after the last separator before this one, or the first token in the brackets around.
    pub(super) fn separated_start(&self, end: usize) -> usize {
        let mut at = end;
        for _ in 0..LIMIT {
            let Some(last) = at.checked_sub(1) else {
                break;
            };
            match self.class(last) {
                Class::Open(_) => break,
                Class::Close(_) => match self.partner(last) {
                    Some(open) => at = open,
                    None => break,
                },
                _ if self.is_separator(last) => break,
                _ => at = last,
            }
        }
        at
    }
}
