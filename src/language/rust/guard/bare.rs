//! Checks among the bare tokens of a macro, where there are neither statements nor branches but by their words.
//!
//! Deliberately absent: `match`, and blocks that diverge anywhere but at their beginning.

use super::super::syntax;
use super::condition::{asserted, plain};
use super::subject::Subject;
use super::{BACKWARD, Before};
use crate::matcher::{Node, Tree};

/// What the tokens before one, between the same brackets, say.
pub(super) fn before(tree: &Tree<'_>, subject: &Subject, inside: Node) -> Before {
    let mut tokens: Vec<Node> = syntax::statements_before(tree, inside)
        .take(BACKWARD * 4)
        .filter(|node| !tree.is_extra(*node))
        .collect();
    tokens.reverse();
    let level = Level { tree, tokens };
    let found = level
        .head(subject, inside)
        .or_else(|| level.operand(subject))
        .or_else(|| level.statement(subject));
    match found {
        Some(check) => Before::Check(check),
        None if subject.is_changed_in_text(&level.text(0..level.tokens.len())) => Before::Change,
        None => Before::Nothing,
    }
}

/// The tokens between two brackets; what is in further brackets is one.
struct Level<'a, 't> {
    tree: &'a Tree<'t>,
    tokens: Vec<Node>,
}

impl Level<'_, '_> {
    fn bytes(&self, at: usize) -> &[u8] {
        let node = self.tokens.get(at);
        node.map_or(b"".as_slice(), |node| self.tree.bytes(*node))
    }

    fn is_block(&self, at: usize) -> bool {
        self.bytes(at).starts_with(b"{")
    }

    fn text(&self, range: std::ops::Range<usize>) -> Vec<u8> {
        let tokens = self.tokens.get(range).unwrap_or_default();
        tokens
            .iter()
            .flat_map(|node| plain(self.tree, *node))
            .collect()
    }

    /// Where the condition begins that ends before this token.
    fn condition(&self, end: usize) -> Option<usize> {
        let word = (0..end)
            .rev()
            .take_while(|at| !self.is_block(*at) && self.bytes(*at) != b";")
            .find(|at| matches!(self.bytes(*at), b"if" | b"while"))?;
        Some(word + 1)
    }

    /// `if x.is_some() { .. }`, `if x.is_none() { .. } else { .. }`
    fn head(&self, subject: &Subject, inside: Node) -> Option<Node> {
        if !self.tree.bytes(inside).starts_with(b"{") {
            return None;
        }
        let end = self.tokens.len();
        let is_else = end > 1 && self.bytes(end - 1) == b"else" && self.is_block(end - 2);
        let end = if is_else { end - 2 } else { end };
        let start = self.condition(end)?;
        let text = self.text(start..end);
        let shows = if is_else {
            subject.is_denied_by(&text)
        } else {
            subject.is_shown_by(&text)
        };
        shows.then(|| self.tokens.get(start).copied()).flatten()
    }

    /// `x.is_some() && ..`
    fn operand(&self, subject: &Subject) -> Option<Node> {
        let all = 0..self.tokens.len();
        let and = all.clone().rev().find(|at| self.bytes(*at) == b"&&")?;
        let begins = |at: &usize| {
            self.is_block(*at)
                || matches!(
                    self.bytes(*at),
                    b"," | b";" | b"=>" | b"if" | b"while" | b"return" | b"(" | b"[" | b"{"
                )
        };
        let last = all.clone().rev().find(begins);
        if last.is_some_and(|last| last > and) {
            return None;
        }
        let start = last.map_or(0, |last| last + 1);
        // `let y = x.is_some() && ..`, but not `let Some(_) = x && ..`
        let value = (start..and).find(|at| self.bytes(*at) == b"=");
        let starts = [Some(start), value.map(|value| value + 1)];
        starts.into_iter().flatten().find_map(|start| {
            let text = self.text(start..and);
            let shows = subject.is_shown_by(&text);
            shows.then(|| self.tokens.get(start).copied()).flatten()
        })
    }

    /// `if x.is_none() { return; }`, `assert!(x.is_some());`
    fn statement(&self, subject: &Subject) -> Option<Node> {
        let checks = |at: &usize| {
            if self.is_block(*at) && self.bytes(at + 1) != b"else" {
                let condition = self.condition(*at).map(|start| self.text(start..*at));
                return condition.is_some_and(|text| {
                    leaves(&self.text(*at..at + 1)) && subject.is_denied_by(&text)
                });
            }
            let is_called = *at > 1 && self.bytes(at - 1) == b"!";
            is_called
                && asserted(&self.text(at - 2..at + 1)).is_some_and(|it| subject.is_shown_by(&it))
        };
        let at = (0..self.tokens.len()).rev().find(checks)?;
        let between = self.text(at + 1..self.tokens.len());
        (!subject.is_changed_in_text(&between)).then(|| self.tokens[at])
    }
}

/// Whether a block goes away at once.
fn leaves(block: &[u8]) -> bool {
    let inner = block.strip_prefix(b"{").unwrap_or(block);
    [
        b"return".as_slice(),
        b"break",
        b"continue",
        b"panic!",
        b"bail!",
        b"unreachable!",
    ]
    .iter()
    .any(|start| inner.starts_with(start))
}
