//! What an operand is, and how far it goes to the left of `.`, `(`, `?` and operators; to the right: [`super::onward`].
//!
//! Where the tokens are an expression, the answer is that of the grammar. Nothing here recurses, and a search goes no
//! further than [`LIMIT`] steps; but the chain to the left of a `.`, which may be long, is remembered where it was walked.
//! Deliberately absent: types (`a as Vec<u8>` ends before its `<`), and the difference between a statement and an operand.

use std::cell::RefCell;

use super::{Tokens, words};
use crate::language::lexis::{Class, POSTFIX};

/// The most steps of one search at one level of brackets.
pub(super) const LIMIT: usize = 1024;

/// The most tokens between `<` and `>`.
pub(super) const TYPES_LIMIT: usize = 256;

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
                Some(open) if !self.opens_attribute(open) => self.before_bracket(open),
                _ => Before::Nothing,
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
        if !matches!(self.class(open), Class::Open(0..=2)) {
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
}
