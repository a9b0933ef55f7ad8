//! How far an operand goes to the right of an operator, and what comes next among tokens.
//!
//! Deliberately absent: what goes to the left ([`super::operand`]).

use super::operand::{LIMIT, TYPES_LIMIT};
use super::{Tokens, words};
use crate::language::lexis::{Class, POSTFIX, UNARY};

impl Tokens<'_> {
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
                // `as *const T`
                Class::Name if is_type && self.is_keyword(at) => at += 1,
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
    pub(super) fn ends_parameters(&self, close: usize) -> bool {
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
