//! A pattern's match in the making: where it is, which brackets it has opened, what its holes took.
//!
//! Deliberately absent: how far a hole goes ([`super::pattern`]).

use std::sync::Arc;

use super::operand::LIMIT;
use super::{Run, Tokens, words};
use crate::language::lexis::Class;

/// A match in the making.
pub(super) struct Filling<'a, 't> {
    pub(super) tokens: &'a Tokens<'t>,
    /// The next token.
    pub(super) at: usize,
    /// Brackets that the pattern has opened.
    pub(super) open: Vec<usize>,
    pub(super) operator: Option<usize>,
    pub(super) focus: Option<usize>,
    pub(super) captures: Vec<(Arc<str>, Run)>,
}

impl<'a, 't> Filling<'a, 't> {
    pub(super) fn new(tokens: &'a Tokens<'t>, at: usize) -> Self {
        Self {
            tokens,
            at,
            open: Vec::new(),
            operator: None,
            focus: None,
            captures: Vec::new(),
        }
    }

    /// Takes a fixed token. Empty type arguments before a bracket and a last comma before its end may be there or not.
    pub(super) fn fixed(&mut self, text: &[u8], class: Class, may_skip: bool) -> Option<()> {
        let tokens = self.tokens;
        if self.at >= tokens.len() {
            return None;
        }
        if may_skip && tokens.text(self.at) != text {
            let is_empty_types = matches!(class, Class::Open(_))
                && tokens.is_a(self.at, words::PATH)
                && tokens.is(self.at + 1, "<")
                && tokens.is(self.at + 2, ">");
            let is_last_comma = matches!(class, Class::Close(_))
                && tokens.is(self.at, ",")
                && self.at > 0
                && !matches!(tokens.class(self.at - 1), Class::Open(_));
            self.at += match (is_empty_types, is_last_comma) {
                (true, _) => 3,
                (_, true) => 1,
                _ => return None,
            };
        }
        if self.at >= tokens.len() || tokens.text(self.at) != text {
            return None;
        }
        match class {
            Class::Open(_) => {
                tokens.partner(self.at)?;
                self.open.push(self.at);
            }
            Class::Close(_) if tokens.partner(self.at) != self.open.pop() => return None,
            _ => {}
        }
        self.at += 1;
        Some(())
    }

    pub(super) fn fill(&mut self, name: Option<&Arc<str>>, end: usize) -> Option<()> {
        let run = self.at..end;
        self.at = end;
        self.capture(name, run)
    }

    /// `None` when the name stands for other code already.
    pub(super) fn capture(&mut self, name: Option<&Arc<str>>, run: Run) -> Option<()> {
        let Some(name) = name else {
            return Some(());
        };
        match self.captures.iter().find(|(known, _)| known == name) {
            Some((_, known)) => self.tokens.is_same_code(known, &run).then_some(()),
            None => {
                self.captures.push((Arc::clone(name), run));
                Some(())
            }
        }
    }
}

impl Tokens<'_> {
    /// The name that a callee ends with: `name` of `a.b::name::<T>`, and of `name(..)`, whose result is called.
    pub(super) fn called_name(&self, callee: Run) -> Option<usize> {
        let mut last = callee.end.checked_sub(1)?;
        for _ in 0..LIMIT {
            if !callee.contains(&last) {
                return None;
            }
            last = match self.class(last) {
                Class::Name | Class::Literal => return Some(last),
                Class::Mark if self.is(last, ">") => self.types_start(last)?.checked_sub(2)?,
                Class::Close(kind) => {
                    let open = self.partner(last)?;
                    let before = open
                        .checked_sub(1)
                        .filter(|before| callee.contains(before))?;
                    match self.is_a(before, words::BANG) {
                        true => before.checked_sub(1)?,
                        false if kind == 0 => before,
                        false => return None,
                    }
                }
                _ => return None,
            };
        }
        None
    }
}
