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
pub(super) fn stripped(mut condition: &[u8]) -> &[u8] {
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

pub(super) fn conjuncts(condition: &[u8]) -> impl Iterator<Item = &[u8]> {
    parts(stripped(condition), b"&&", b"||")
}

pub(super) fn disjuncts(condition: &[u8]) -> impl Iterator<Item = &[u8]> {
    parts(stripped(condition), b"||", b"&&")
}

/// The operands of an operator outside of brackets; none when the other operator stands there, too.
fn parts<'c>(
    condition: &'c [u8],
    operator: &[u8; 2],
    other: &[u8; 2],
) -> impl Iterator<Item = &'c [u8]> + use<'c> {
    let mut parts = Vec::new();
    let (mut depth, mut start, mut at) = (0_usize, 0, 0);
    while at < condition.len() {
        let pair = condition.get(at..at + 2);
        match condition[at] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ if depth == 0 && pair == Some(operator) => {
                parts.push(&condition[start..at]);
                start = at + 2;
                at += 1;
            }
            _ if depth == 0 && pair == Some(other) && operator == b"&&" => {
                return Vec::new().into_iter();
            }
            _ if depth == 0 && pair == Some(other) => {
                // `a && b || c`: each operand of `||` as a whole
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(&condition[start..]);
    parts.into_iter()
}

pub(super) fn first_argument(text: &[u8]) -> &[u8] {
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
