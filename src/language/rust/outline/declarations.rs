//! `mod name;` and `include!("file")` among the tokens.
//!
//! Deliberately absent: paths that are made of anything but literals and the package's folder.

use std::ops::Range;

use super::super::lexer::Kind;
use super::super::syntax;
use super::declared::{Declaration, Declared, Module};
use super::{DEPTH_LIMIT, Reader, squeezed};

impl Reader<'_> {
    /// The module whose name stands here, with the files that its attributes give.
    pub(super) fn module(&self, name: usize) -> Module {
        let pending = &self.frames[self.frames.len() - 1].pending;
        let name = self.bytes(&self.tokens[name]);
        Module {
            name: syntax::plain_name(name).to_vec(),
            paths: pending
                .said
                .iter()
                .flat_map(|(_, saying)| saying.paths.iter().cloned())
                .collect(),
        }
    }

    pub(super) fn declaration(&mut self, at: usize) {
        let is_name = |at: usize| {
            self.tokens
                .get(at)
                .is_some_and(|token| token.kind == Kind::Name)
        };
        let (what, last) =
            if self.is_word(at, b"mod") && is_name(at + 1) && self.is_mark(at + 2, b';') {
                (Declared::Module(self.module(at + 1)), at + 2)
            } else if self.is_word(at, b"include") && self.is_mark(at + 1, b'!') {
                let Some((what, close)) = self
                    .closing(at + 2)
                    .and_then(|close| Some((self.include(at + 3..close)?, close)))
                else {
                    return;
                };
                (what, close)
            } else {
                return;
            };
        let frame = &self.frames[self.frames.len() - 1];
        if frame.drops || self.inline.len() > DEPTH_LIMIT {
            return;
        }
        let (mut shipped, mut lints) = (frame.shipped, frame.lints);
        for (_, saying) in &frame.pending.said {
            shipped = shipped.min(saying.shipped);
            lints.apply(&saying.lints);
        }
        let mut attributes = frame.attributes.clone();
        attributes.extend(frame.pending.texts.iter().cloned());
        let start = match what {
            Declared::Module(_) => frame.pending.code.unwrap_or(self.tokens[at].start),
            Declared::Include(..) => self.tokens[at].start,
        };
        let text = squeezed(&self.text[start..self.tokens[last].end]);
        let line = self.line_of(self.tokens[at].start);
        self.outline.declarations.push(Declaration {
            what,
            inline: self.inline.clone(),
            shipped,
            lints,
            line,
            text,
            attributes,
        });
    }

    /// The file that literals name, alone or in `concat!`, behind the package's folder or not.
    pub(super) fn include(&self, arguments: Range<usize>) -> Option<Declared> {
        let arguments = self.tokens.get(arguments)?;
        let (mut path, mut from_package) = (String::new(), false);
        for (at, token) in arguments.iter().enumerate() {
            match (token.kind, self.bytes(token)) {
                (Kind::Name, b"env") if path.is_empty() => from_package = true,
                (Kind::Name, b"concat") | (Kind::Mark(_), _) => {}
                (Kind::Text, literal) => {
                    let literal = String::from_utf8_lossy(literal);
                    let text = syn::parse_str::<syn::LitStr>(&literal).ok()?.value();
                    let is_variable = at > 2 && self.bytes(&arguments[at - 3]) == b"env";
                    if !is_variable {
                        path.push_str(&text);
                    } else if text != "CARGO_MANIFEST_DIR" {
                        return None;
                    }
                }
                _ => return None,
            }
        }
        (!path.is_empty()).then_some(Declared::Include(path, from_package))
    }

    pub(super) fn line_of(&mut self, byte: usize) -> usize {
        let (at, line) = self.line;
        let between = self.text.get(at..byte).unwrap_or_default();
        let line = line + between.iter().filter(|byte| **byte == b'\n').count();
        self.line = (byte.max(at), line);
        line
    }
}
