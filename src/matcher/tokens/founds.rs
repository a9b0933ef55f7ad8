//! What patterns match on the tokens of a file: found once, in one pass, and looked up by every question about a run.
//!
//! Deliberately absent: the rules that the patterns belong to ([`super::evaluate`]).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::pattern::Hit;
use super::{Run, Tokens};
use crate::matcher::Pattern;

/// A pattern's match on tokens.
#[derive(Debug)]
pub struct Found {
    /// The tokens.
    pub run: Run,
    /// The token that names what is called, where it is a call.
    pub focus: Option<usize>,
    pub(super) captures: Vec<(Arc<str>, Run)>,
}

/// All that the patterns of some rules match in the tokens of one file. Patterns are known by their address.
#[derive(Debug, Default)]
pub struct Founds {
    by_pattern: BTreeMap<usize, Vec<Found>>,
    exact: HashMap<(usize, usize, usize), usize>,
    kinds: HashMap<(usize, usize), u16>,
}

fn address(pattern: &Pattern) -> usize {
    std::ptr::from_ref(pattern) as usize
}

impl Founds {
    /// Tries a pattern at a token that is its anchor.
    pub fn look(
        &mut self,
        pattern: &Pattern,
        tokens: &Tokens<'_>,
        anchor: usize,
    ) -> Option<&Found> {
        let form = pattern.token_form()?;
        let Hit {
            run,
            captures,
            focus,
        } = form.hit(tokens, anchor)?;
        let of_pattern = self.by_pattern.entry(address(pattern)).or_default();
        let key = (address(pattern), run.start, run.end);
        if self.exact.insert(key, of_pattern.len()).is_some() {
            return None;
        }
        if let Some(kind) = form.kind {
            self.kinds.insert((run.start, run.end), kind);
        }
        of_pattern.push(Found {
            run,
            focus,
            captures,
        });
        of_pattern.last()
    }

    /// Puts everything in order, for questions.
    pub fn arrange(&mut self) {
        for (pattern, founds) in &mut self.by_pattern {
            founds.sort_by_key(|found| (found.run.start, found.run.end));
            for (index, found) in founds.iter().enumerate() {
                self.exact
                    .insert((*pattern, found.run.start, found.run.end), index);
            }
        }
    }

    /// What a pattern matches, in the order of the text.
    pub fn of(&self, pattern: &Pattern) -> &[Found] {
        self.by_pattern
            .get(&address(pattern))
            .map_or(&[], Vec::as_slice)
    }

    /// What a pattern matches that is all of a run.
    pub(super) fn exactly(&self, pattern: &Pattern, run: &Run) -> Option<&Found> {
        let index = self.exact.get(&(address(pattern), run.start, run.end))?;
        self.of(pattern).get(*index)
    }

    /// The kind of a run that some pattern matches.
    pub(super) fn kind(&self, run: &Run) -> Option<u16> {
        self.kinds.get(&(run.start, run.end)).copied()
    }
}
