//! Conditions as text: tokens without what is between them, and the operands of `&&` and `||`.
//!
//! Deliberately absent: what they are about ([`super::subject`]).

use super::super::receiver::{Arguments, Step};
use super::super::syntax;
use super::INWARD;
use super::subject::STEADY;
use crate::matcher::{Node, Tree};

/// A node's tokens without what is between them, but for the spaces after `let` and `mut`.
pub(super) fn plain(tree: &Tree<'_>, node: Node) -> Vec<u8> {
    let mut text = Vec::new();
    for token in tree.tokens(node).take(INWARD) {
        text.extend_from_slice(syntax::plain_name(token));
        if matches!(token, b"let" | b"mut") {
            text.push(b' ');
        }
    }
    text
}

pub(super) fn text(variable: &[u8], steps: &[&Step<'_>]) -> Option<Vec<u8>> {
    let mut text = variable.to_vec();
    for step in steps {
        match step {
            Step::Field(name) => {
                text.push(b'.');
                text.extend_from_slice(name);
            }
            Step::Index(arguments) => {
                text.push(b'[');
                text.extend(arguments.text());
                text.push(b']');
            }
            Step::Method(name, arguments) if STEADY.contains(name) => {
                text.push(b'.');
                text.extend_from_slice(name);
                text.push(b'(');
                text.extend(arguments.text());
                text.push(b')');
            }
            _ => return None,
        }
    }
    Some(text)
}

impl Arguments<'_> {
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for token in &self.0 {
            text.extend_from_slice(token.bytes);
            if matches!(token.bytes, b"let" | b"mut") {
                text.push(b' ');
            }
        }
        text
    }
}

/// Without parentheses around the whole.
fn stripped(mut condition: &[u8]) -> &[u8] {
    while condition.first() == Some(&b'(') && condition.last() == Some(&b')') {
        let inner = &condition[1..condition.len() - 1];
        let mut depth = 0_isize;
        let closes_early = inner.iter().any(|byte| {
            depth += match byte {
                b'(' => 1,
                b')' => -1,
                _ => 0,
            };
            depth < 0
        });
        if closes_early {
            break;
        }
        condition = inner;
    }
    condition
}

/// A condition by its outermost operator.
pub(super) enum Operands<'c> {
    /// `a && b`
    And(Vec<&'c [u8]>),
    /// `a || b`, where each may have `&&` in it
    Or(Vec<&'c [u8]>),
    /// without parentheses around it
    One(&'c [u8]),
}

pub(super) fn operands(condition: &[u8]) -> Operands<'_> {
    let condition = stripped(condition);
    let parts = split(condition, b"||");
    if parts.len() > 1 {
        return Operands::Or(parts);
    }
    let parts = split(condition, b"&&");
    if parts.len() > 1 {
        return Operands::And(parts);
    }
    Operands::One(condition)
}

/// The parts of a text between an operator outside of brackets.
fn split<'c>(text: &'c [u8], operator: &[u8; 2]) -> Vec<&'c [u8]> {
    let mut parts = Vec::new();
    let (mut depth, mut start, mut at) = (0_usize, 0, 0);
    while at < text.len() {
        match text[at] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ if depth == 0 && text[at..].starts_with(operator) => {
                parts.push(&text[start..at]);
                start = at + 2;
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(&text[start..]);
    parts
}

/// The condition that an assertion goes on with: `assert!(a, ..)`, `assert_eq!(a, b)`.
pub(super) fn asserted(text: &[u8]) -> Option<Vec<u8>> {
    let mark = text.iter().position(|byte| *byte == b'!')?;
    let (path, arguments) = text.split_at(mark);
    let name = path.rsplit(|byte| *byte == b':').next()?;
    let inner = arguments.get(2..arguments.len().checked_sub(1)?)?;
    let first = first_argument(inner);
    let operator: &[u8] = match name.strip_prefix(b"debug_").unwrap_or(name) {
        b"assert" | b"ensure" => return Some(first.to_vec()),
        b"assert_eq" => b"==",
        b"assert_ne" => b"!=",
        _ => return None,
    };
    let second = first_argument(inner.get(first.len() + 1..)?);
    // `assert_eq!(a && b, c)` says nothing about either.
    let is_one = |side: &[u8]| matches!(operands(side), Operands::One(_));
    (is_one(first) && is_one(second)).then(|| [first, operator, second].concat())
}

fn first_argument(text: &[u8]) -> &[u8] {
    let mut depth = 0_usize;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => return &text[..at],
            _ => {}
        }
    }
    text
}
