//! The outline of a text, by its tokens: which files it declares as modules, and what attributes say of which part.
//!
//! It works where there is no tree worth the name: for whole files of which only the `mod` lines matter (no parser is
//! needed for those, and macros such as `cfg_if!` hide them from one), and inside the arguments of macros.
//! Deliberately absent: where the declared files lie ([`super::graph`]).

mod branches;
mod declarations;
mod declared;

use std::ops::Range;

pub(super) use declared::{Declaration, Declared, Lints, Module};

use super::attributes::{self, Saying};
use super::lexer::{self, Kind, Token};
use super::predicate::Shipped;
use super::{DROPPING, LINTS};

/// What is in a text.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// The files it is continued in.
    pub(super) declarations: Vec<Declaration>,
    /// Code that attributes say something of, outer before inner.
    pub(super) parts: Vec<Part>,
}

/// Code with attributes.
#[derive(Debug)]
pub(super) struct Part {
    /// The code.
    pub(super) bytes: Range<usize>,
    /// Where the attribute stands.
    pub(super) attribute: usize,
    pub(super) shipped: Shipped,
    pub(super) lints: Vec<(String, bool)>,
}

/// How many inline modules, and attributes around, count.
const DEPTH_LIMIT: usize = 64;

/// Whether a text may declare files at all, by `mod name;` or `include!`: cheap, so that most texts are never looked at
/// closely.
pub(super) fn may_declare(text: &[u8]) -> bool {
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    // What follows each place where a word stands.
    let behind = |word: &'static [u8]| {
        super::find_all(text, word).filter_map(move |at| {
            let before = at.checked_sub(1).and_then(|at| text.get(at));
            let behind = &text[at + word.len()..];
            let is_word =
                !before.is_some_and(is_of_word) && !behind.first().is_some_and(is_of_word);
            is_word.then_some(behind)
        })
    };
    let is_include = |behind: &[u8]| {
        // A comment may stand between.
        let next = behind.iter().find(|byte| !byte.is_ascii_whitespace());
        matches!(next, Some(b'!' | b'/'))
    };
    let is_declaration = |behind: &[u8]| {
        let end = behind
            .iter()
            .position(|byte| matches!(byte, b';' | b'{' | b'}'));
        let Some(name) = end
            .filter(|end| behind[*end] == b';')
            .map(|end| &behind[..end])
        else {
            return false;
        };
        let is_name = |byte: &u8| is_of_word(byte) || *byte == b'#' || !byte.is_ascii();
        // Comments, and metavariables of macros.
        let is_odd = || name.iter().any(|byte| matches!(byte, b'/' | b'$'));
        name.trim_ascii().iter().all(is_name) || is_odd()
    };
    behind(b"mod").any(is_declaration) || behind(b"include").any(is_include)
}

/// Reads the outline of a part of a text.
pub(super) fn read(text: &[u8], range: Range<usize>) -> Outline {
    let tokens = lexer::tokens(text, range.clone());
    let mut reader = Reader {
        text,
        tokens: &tokens,
        outline: Outline::default(),
        partners: lexer::partners(&tokens),
        frames: vec![Frame::new(0, range.start)],
        open: [0; 256],
        inline: Vec::new(),
        line: (0, 1),
    };
    let mut at = 0;
    while at < tokens.len() {
        at = reader.step(at);
    }
    while !reader.frames.is_empty() {
        reader.leave(range.end.min(text.len()));
    }
    reader
        .outline
        .parts
        .sort_by_key(|part| (part.bytes.start, std::cmp::Reverse(part.bytes.end)));
    reader.outline
}

struct Reader<'t> {
    text: &'t [u8],
    tokens: &'t [Token],
    /// For each opening bracket, the closing one.
    partners: Vec<usize>,
    outline: Outline,
    /// How many frames wait for each closing bracket.
    open: [usize; 256],
    frames: Vec<Frame>,
    inline: Vec<Module>,
    /// A byte, and the line on which it stands: lines are only counted forward.
    line: (usize, usize),
}

/// An open bracket; the first one is the text itself.
struct Frame {
    close: u8,
    start: usize,
    shipped: Shipped,
    lints: Lints,
    /// How many attributes around the code in here matter to it.
    attributes: Vec<String>,
    /// How many inline modules are around it.
    inline: usize,
    drops: bool,
    selects: bool,
    inner: Vec<(usize, Saying)>,
    /// The predicates of the branches of `cfg_if!` and `cfg_select!` so far.
    branches: Vec<String>,
    pending: Pending,
}

impl Frame {
    fn new(close: u8, start: usize) -> Self {
        Self {
            close,
            start,
            shipped: Shipped::Always,
            lints: Lints::default(),
            attributes: Vec::new(),
            inline: 0,
            drops: false,
            selects: false,
            inner: Vec::new(),
            branches: Vec::new(),
            pending: Pending::default(),
        }
    }
}

/// The attributes before the code that is being read, and where that begins.
#[derive(Default)]
struct Pending {
    said: Vec<(usize, Saying)>,
    texts: Vec<String>,
    code: Option<usize>,
    ends: Ends,
    /// Only `pub`, `unsafe` and the like were read of the code.
    is_modifier: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// An expression, a field, an arm.
    #[default]
    Comma,
    /// An item with a body.
    Brace,
    /// `const X: T = { .. };`
    Semicolon,
}

impl Reader<'_> {
    fn bytes(&self, token: &Token) -> &[u8] {
        &self.text[token.start..token.end]
    }

    fn is_word(&self, at: usize, word: &[u8]) -> bool {
        self.tokens
            .get(at)
            .is_some_and(|token| token.is_word(self.text, word))
    }

    fn is_mark(&self, at: usize, mark: u8) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(mark))
    }

    fn closing(&self, open: usize) -> Option<usize> {
        self.partners
            .get(open)
            .copied()
            .filter(|close| *close > open)
    }

    /// Reads on from a token; gives the next one.
    fn step(&mut self, at: usize) -> usize {
        let token = self.tokens[at];
        if token.is(b'#')
            && let Some(next) = self.attribute(at)
        {
            return next;
        }
        match token.kind {
            Kind::Mark(open @ (b'(' | b'[' | b'{')) => {
                self.begin(at);
                self.enter(at, open);
            }
            Kind::Mark(close @ (b')' | b']' | b'}')) => self.close(at, close),
            Kind::Mark(b';') => self.finish(token.end),
            Kind::Mark(b',') => {
                if self.pending().ends == Ends::Comma {
                    self.finish(token.end);
                }
            }
            Kind::Name => {
                self.begin(at);
                self.declaration(at);
            }
            _ => self.begin(at),
        }
        at + 1
    }

    fn pending(&mut self) -> &mut Pending {
        // There is always a frame: the first is left at the end only.
        let last = self.frames.len() - 1;
        &mut self.frames[last].pending
    }

    /// The code after the attributes begins, at the latest, here.
    fn begin(&mut self, at: usize) {
        let token = self.tokens[at];
        let ends = match self.bytes(&token) {
            b"const" | b"static" | b"let" | b"type" | b"use"
                if !["fn", "unsafe", "async", "extern"]
                    .iter()
                    .any(|word| self.is_word(at + 1, word.as_bytes())) =>
            {
                Ends::Semicolon
            }
            b"fn" | b"mod" | b"impl" | b"trait" | b"struct" | b"enum" | b"union" | b"extern"
            | b"macro_rules" | b"const" | b"static" => Ends::Brace,
            _ => Ends::Comma,
        };
        let is_modifier = matches!(
            self.bytes(&token),
            b"pub"
                | b"default"
                | b"safe"
                | b"unsafe"
                | b"extern"
                | b"async"
                | b"gen"
                | b"auto"
                | b"("
        ) || token.kind == Kind::Text;
        let pending = self.pending();
        if pending.code.is_none() {
            pending.code = Some(token.start);
            pending.ends = ends;
            pending.is_modifier = true;
        } else if pending.is_modifier && ends != Ends::Comma {
            pending.ends = ends;
        }
        pending.is_modifier &= is_modifier;
    }

    /// The code that the attributes stand at is over.
    fn finish(&mut self, end: usize) {
        let pending = std::mem::take(self.pending());
        for (attribute, saying) in pending.said {
            self.part(attribute..end, attribute, saying);
        }
    }

    /// `#[..]` or `#![..]`; `None` when it is neither.
    fn attribute(&mut self, at: usize) -> Option<usize> {
        let is_inner = self.is_mark(at + 1, b'!');
        let open = at + 1 + usize::from(is_inner);
        if !self.is_mark(open, b'[') {
            return None;
        }
        let close = self.closing(open)?;
        let content = self.tokens[open].end..self.tokens[close].start;
        let text = &self.text[content];
        let first = self.tokens[at].start;
        let mut shown = format!("#{}[", if is_inner { "!" } else { "" });
        shown.push_str(&squeezed(text));
        shown.push(']');
        let mut saying = attributes::read(text);
        if !is_inner && at > 0 && self.is_word(at - 1, b"if") {
            saying.shipped = self.branch(at, text).unwrap_or(saying.shipped);
        }
        let decides = saying.shipped != Shipped::Always
            || !saying.paths.is_empty()
            || LINTS
                .iter()
                .any(|lint| saying.lints.iter().any(|(said, _)| said == lint));
        let last = self.frames.len() - 1;
        let frame = &mut self.frames[last];
        if is_inner {
            frame.shipped = frame.shipped.min(saying.shipped);
            frame.lints.apply(&saying.lints);
            if decides {
                frame.attributes.push(shown);
            }
            frame.inner.push((first, saying));
        } else {
            if decides {
                frame.pending.texts.push(shown);
            }
            frame.pending.said.push((first, saying));
            // `cfg_if! { if #[cfg(..)] { .. } }`
            frame.pending.ends = Ends::Brace;
        }
        Some(close + 1)
    }

    fn enter(&mut self, at: usize, open: u8) {
        let token = self.tokens[at];
        let mut around = Frame::new(closing_mark(open), token.end);
        let outer = &self.frames[self.frames.len() - 1];
        around.shipped = outer.shipped;
        around.lints = outer.lints;
        around.attributes.clone_from(&outer.attributes);
        around.inline = self.inline.len();
        around.drops = outer.drops;
        for (_, saying) in &outer.pending.said {
            around.shipped = around.shipped.min(saying.shipped);
            around.lints.apply(&saying.lints);
        }
        around
            .attributes
            .extend(outer.pending.texts.iter().cloned());
        let is_macro =
            at > 1 && self.is_mark(at - 1, b'!') && self.tokens[at - 2].kind == Kind::Name;
        if is_macro {
            let name = self.bytes(&self.tokens[at - 2]);
            around.drops |= DROPPING.iter().any(|(known, _)| known.as_bytes() == name);
            around.selects = name == b"cfg_select";
        }
        if open == b'{' {
            let shipped = self.else_branch(at).or_else(|| self.selected(at));
            let is_module =
                at > 1 && self.is_word(at - 2, b"mod") && self.tokens[at - 1].kind == Kind::Name;
            if let Some(shipped) = shipped {
                around.shipped = around.shipped.min(shipped);
                // As if an attribute stood here.
                let saying = Saying {
                    shipped,
                    ..Saying::default()
                };
                around.inner.push((token.start, saying));
            }
            if is_module {
                let module = self.module(at - 1);
                self.inline.push(module);
            }
        }
        around.attributes.truncate(DEPTH_LIMIT);
        self.open[usize::from(around.close)] += 1;
        self.frames.push(around);
    }

    /// A closing bracket; one that closes nothing is passed over, and what is not closed before it counts as closed.
    fn close(&mut self, at: usize, mark: u8) {
        if self.open[usize::from(mark)] == 0 {
            return;
        }
        let token = self.tokens[at];
        let mut closed = 0;
        while closed != mark && self.frames.len() > 1 {
            closed = self.frames[self.frames.len() - 1].close;
            self.leave(token.start);
        }
        if mark != b'}' {
            return;
        }
        let continues = self.is_word(at + 1, b"else")
            || self.is_mark(at + 1, b'.')
            || self.is_mark(at + 1, b'?');
        match self.pending().ends {
            Ends::Semicolon => {}
            Ends::Comma if continues => {}
            _ => self.finish(token.end),
        }
    }

    /// The innermost bracket ends.
    fn leave(&mut self, end: usize) {
        self.finish(end);
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let open = &mut self.open[usize::from(frame.close)];
        *open = open.saturating_sub(1);
        self.inline.truncate(frame.inline);
        for (attribute, saying) in frame.inner {
            self.part(frame.start..end, attribute, saying);
        }
    }

    fn part(&mut self, bytes: Range<usize>, attribute: usize, saying: Saying) {
        if saying.shipped != Shipped::Always || !saying.lints.is_empty() {
            self.outline.parts.push(Part {
                bytes,
                attribute,
                shipped: saying.shipped,
                lints: saying.lints,
            });
        }
    }
}

fn closing_mark(open: u8) -> u8 {
    match open {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

/// Code on one line.
fn squeezed(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    crate::language::short(&words.join(" "))
}
