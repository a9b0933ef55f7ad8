//! The branches of `cfg_if!` and `cfg_select!`: each is compiled when its predicate holds and none before it did.
//!
//! Deliberately absent: other macros that choose.

use super::super::attributes;
use super::super::predicate::Shipped;
use super::{DEPTH_LIMIT, Reader};

impl Reader<'_> {
    /// A branch of `cfg_if!`: its predicate, and that of no branch before it.
    pub(super) fn branch(&mut self, at: usize, attribute: &[u8]) -> Option<Shipped> {
        let attribute = String::from_utf8_lossy(attribute);
        let predicate = attribute.trim().strip_prefix("cfg")?.trim_start();
        let predicate = predicate.strip_prefix('(')?.strip_suffix(')')?.to_owned();
        let follows = at > 1 && self.is_word(at - 2, b"else");
        let last = self.frames.len() - 1;
        let branches = &mut self.frames[last].branches;
        if !follows {
            branches.clear();
        }
        let shipped = chosen(branches, Some(&predicate));
        remember(branches, predicate);
        Some(shipped)
    }

    /// `else { .. }` of `cfg_if!`.
    pub(super) fn else_branch(&self, at: usize) -> Option<Shipped> {
        let frame = &self.frames[self.frames.len() - 1];
        let is_else = at > 0 && self.is_word(at - 1, b"else") && !frame.branches.is_empty();
        is_else.then(|| chosen(&frame.branches, None))
    }

    /// `predicate => { .. }` of `cfg_select!`.
    pub(super) fn selected(&mut self, at: usize) -> Option<Shipped> {
        let last = self.frames.len() - 1;
        let is_arm = self.frames[last].selects
            && at > 2
            && self.is_mark(at - 1, b'>')
            && self.is_mark(at - 2, b'=');
        if !is_arm {
            return None;
        }
        let start = self.frames[last].pending.code?;
        let predicate = self.text.get(start..self.tokens[at - 2].start)?;
        let predicate = String::from_utf8_lossy(predicate).trim().to_owned();
        let branches = &mut self.frames[last].branches;
        if predicate == "_" {
            return Some(chosen(branches, None));
        }
        let shipped = chosen(branches, Some(&predicate));
        remember(branches, predicate);
        Some(shipped)
    }
}

/// Another branch; what comes after very many is judged by the first of them.
fn remember(branches: &mut Vec<String>, predicate: String) {
    if branches.len() < DEPTH_LIMIT && predicate.len() < PREDICATE_LIMIT {
        branches.push(predicate);
    }
}

/// The longest predicate of a branch that is remembered, in bytes.
const PREDICATE_LIMIT: usize = 512;

/// Whether a branch is shipped that is taken when none of these predicates holds, and this one does.
fn chosen(others: &[String], this: Option<&String>) -> Shipped {
    let mut parts: Vec<String> = others.iter().map(|other| format!("not({other})")).collect();
    parts.extend(this.cloned());
    attributes::read(format!("cfg(all({}))", parts.join(", ")).as_bytes()).shipped
}
