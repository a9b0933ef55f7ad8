//! Whether tokens stand where names are bound, in the pattern of a `let`, a `for` or an arm: `Some(x)` calls nothing there.
//!
//! Deliberately absent: parameters of functions and closures, which look like anything.

use super::operand::TYPES_LIMIT;
use super::{Run, Tokens, words};
use crate::language::lexis::Class;

/// Patterns of `let` and arms are looked for in so many brackets around a match.
const PATTERN_DEPTH_LIMIT: usize = 16;

impl Tokens<'_> {
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
        self.is(assignment, "=")
            && self
                .binder_before(assignment, |_| false)
                .is_some_and(|binder| {
                    binder > 0
                        && (self.is_a(binder - 1, words::BLOCK_HEAD)
                            || self.is(binder - 1, self.lexis.chain))
                })
    }

    /// The nearest keyword before it, in the same brackets and statement, that begins a pattern.
    fn binder_before(&self, start: usize, is_barrier: impl Fn(usize) -> bool) -> Option<usize> {
        let mut at = start;
        for _ in 0..TYPES_LIMIT {
            let last = at.checked_sub(1)?;
            at = match self.class(last) {
                _ if self.binder_end(last).is_some() => return Some(last),
                _ if is_barrier(last) => return None,
                Class::Open(_) => return None,
                Class::Close(_) => self.partner(last)?,
                _ if self.is_separator(last) => return None,
                _ => last,
            };
        }
        None
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
        let is_barrier = |at: usize| {
            let mut binders = self.lexis.binders.iter();
            self.class(at) == Class::Close(2) || binders.any(|(_, end)| self.is(at, end))
        };
        self.binder_before(start, is_barrier).is_some()
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
}
