//! Items and statements among tokens: a finding's identity in a macro.
//!
//! Deliberately absent: items without a block.

use super::{Run, Tokens, words};
use crate::language::lexis::Class;

/// An item among tokens: its head and its block.
pub struct TokenItem {
    /// The tokens.
    pub run: Run,
    /// The token that names it.
    pub name: usize,
}

/// Items and statements are looked for in so many brackets around a match.
const BRACKETS_LIMIT: usize = 256;

impl Tokens<'_> {
    fn brackets_around(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.bracket_around(at), |open| self.bracket_around(*open))
            .take(BRACKETS_LIMIT)
    }

    /// The items around a token, innermost first.
    pub fn items_around(&self, at: usize) -> Vec<TokenItem> {
        self.brackets_around(at)
            .filter(|open| self.class(*open) == Class::Open(2))
            .filter_map(|open| self.item(open))
            .collect()
    }

    /// The item whose block this bracket opens: `fn name(..) -> .. { .. }`.
    fn item(&self, open: usize) -> Option<TokenItem> {
        let end = self.partner(open)? + 1;
        let mut at = open;
        for _ in 0..BRACKETS_LIMIT {
            at = at.checked_sub(1)?;
            match self.class(at) {
                Class::Close(2) | Class::Open(_) => return None,
                Class::Close(_) => at = self.partner(at)?,
                Class::Name if self.is_a(at, words::ITEM) => {
                    let is_name = self.list.get(at + 1)?.class == Class::Name;
                    return is_name.then(|| TokenItem {
                        run: at..end,
                        name: at + 1,
                    });
                }
                _ if self.is(at, ";") => return None,
                _ => {}
            }
        }
        None
    }

    /// The statement around a run, when it stands in braces: from one `;` to the next, or to the end of a block.
    pub fn statement_around(&self, run: &Run) -> Option<Run> {
        let open = self
            .brackets_around(run.start)
            .find(|open| self.class(*open) == Class::Open(2))?;
        let mut start = run.start;
        for _ in 0..BRACKETS_LIMIT {
            let last = start.checked_sub(1)?;
            match self.class(last) {
                _ if last == open => break,
                Class::Close(2) if !self.is_joint(start) => break,
                Class::Close(_) => start = self.partner(last)?,
                _ if self.is(last, ";") => break,
                _ => start = last,
            }
        }
        let close = self.partner(open)?;
        let mut end = run.end;
        for _ in 0..BRACKETS_LIMIT {
            if end >= close {
                break;
            }
            let is_end = self.is(end, ";");
            end = match self.class(end) {
                Class::Open(_) => self.partner(end)? + 1,
                _ => end + 1,
            };
            if is_end {
                break;
            }
        }
        Some(start..end.min(close))
    }
}
