//! What a match is called on, read backward from the called name, token by token: the same in the tree and among the
//! bare tokens of a macro.
//!
//! It looks at a bounded number of tokens, so a chain of any length costs the same. Deliberately absent: types.

use super::syntax;
use crate::matcher::{Node, Tree};

/// The most tokens that one receiver is read from.
const LIMIT: usize = 160;

/// A chain of calls, fields and the like: `root.step.step`.
#[derive(Debug)]
pub(super) struct Receiver<'t> {
    pub(super) root: Root<'t>,
    /// The last one first.
    pub(super) steps: Vec<Step<'t>>,
    /// The token before it.
    pub(super) before: &'t [u8],
    /// Its first token.
    pub(super) first: Node,
}

/// What a chain begins with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Root<'t> {
    /// A name, or a path: its parts, and the arguments of a call of it.
    Path(Vec<&'t [u8]>, Option<Arguments<'t>>),
    /// A string, a number, a character.
    Literal,
    /// The name of a macro, and its arguments.
    Macro(&'t [u8], Arguments<'t>),
    /// Parentheses or an array.
    Group(Arguments<'t>),
    /// Something else, or too long.
    Unknown,
}

/// One link of a chain.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<'t> {
    Method(&'t [u8], Arguments<'t>),
    Field(&'t [u8]),
    Index(Arguments<'t>),
    Try,
    Await,
}

/// The tokens between two brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arguments<'t>(pub(super) Vec<Token<'t>>);

/// A token of the tree; a string is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) node: Node,
    pub(super) bytes: &'t [u8],
    pub(super) is_literal: bool,
}

impl Token<'_> {
    /// A name, or `$name` in the body of a macro.
    fn is_name(&self) -> bool {
        let name = self.bytes.strip_prefix(b"$").unwrap_or(self.bytes);
        let first = name.first();
        !self.is_literal
            && first
                .is_some_and(|byte| *byte == b'_' || byte.is_ascii_alphabetic() || *byte >= 0x80)
    }
}

/// Names that end no expression.
const KEYWORDS: [&[u8]; 17] = [
    b"if", b"match", b"while", b"in", b"return", b"break", b"let", b"else", b"move", b"mut",
    b"ref", b"as", b"yield", b"for", b"unsafe", b"async", b"const",
];

/// What the method of this name is called on, or what is handed to the path that ends with it.
pub(super) fn of<'t>(tree: &'t Tree<'_>, name: Node) -> Option<Receiver<'t>> {
    let mut before = tokens_before(tree, name).into_iter();
    if before.next()?.bytes == b"." {
        return Some(read(before.collect()));
    }
    // `Option::unwrap(x)`
    let open = tree.end(name);
    let arguments = argument_tokens(tree, open)?;
    let mut tokens: Vec<Token<'t>> = arguments;
    tokens.reverse();
    let receiver = read(tokens);
    receiver.before.is_empty().then_some(receiver)
}

/// The token before a name.
pub(super) fn token_before<'t>(tree: &'t Tree<'_>, name: Node) -> &'t [u8] {
    previous(tree, name).map_or(b"".as_slice(), |token| token.bytes)
}

/// The tokens between the parentheses that begin at or around this node.
fn argument_tokens<'t>(tree: &'t Tree<'_>, open: Node) -> Option<Vec<Token<'t>>> {
    let mut tokens = Vec::new();
    let mut depth = 0_usize;
    let mut at = open;
    while at < tree.len() && tokens.len() < LIMIT {
        let token = token_at(tree, at);
        at = token.map_or(at + 1, |token| tree.end(token.node));
        let Some(token) = token else { continue };
        match token.bytes {
            b"(" | b"[" | b"{" if !token.is_literal => depth += 1,
            b")" | b"]" | b"}" if !token.is_literal => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(tokens);
                }
            }
            _ if depth == 0 => return None,
            _ => {}
        }
        if depth > 1 || token.bytes != b"(" || !tokens.is_empty() {
            tokens.push(token);
        }
    }
    None
}

/// The token that this leaf is, or is part of.
fn token_at<'t>(tree: &'t Tree<'_>, leaf: Node) -> Option<Token<'t>> {
    if !tree.is_leaf(leaf) && !is_text(tree, leaf) {
        return None;
    }
    let mut node = leaf;
    while let Some(parent) = tree.parent(node)
        && (is_text(tree, parent) || tree.is_extra(parent))
    {
        node = parent;
    }
    if tree.is_extra(node) || tree.bytes(node).is_empty() {
        return None;
    }
    Some(Token {
        node,
        bytes: syntax::plain_name(tree.bytes(node)),
        is_literal: syntax::is_literal(tree, node),
    })
}

fn is_text(tree: &Tree<'_>, node: Node) -> bool {
    syntax::is_text(tree, node)
}

fn previous<'t>(tree: &'t Tree<'_>, node: Node) -> Option<Token<'t>> {
    let mut at = node;
    while at > 0 {
        at -= 1;
        if tree.is_leaf(at)
            && let Some(token) = token_at(tree, at)
        {
            return Some(token);
        }
    }
    None
}

fn tokens_before<'t>(tree: &'t Tree<'_>, name: Node) -> Vec<Token<'t>> {
    let step = |token: &Token<'t>| previous(tree, token.node);
    std::iter::successors(previous(tree, name), step)
        .take(LIMIT)
        .collect()
}

/// Reads a chain from its tokens, the last one first.
fn read<'t>(tokens: Vec<Token<'t>>) -> Receiver<'t> {
    let mut reader = Reader {
        tokens: &tokens,
        at: 0,
    };
    let mut steps = Vec::new();
    let root = loop {
        match reader.part() {
            Part::Step(step) => steps.push(step),
            Part::Root(root) => break root,
        }
    };
    let at = reader.at;
    let own = tokens.get(..at).unwrap_or_default();
    Receiver {
        root,
        steps,
        before: tokens.get(at).map_or(b"".as_slice(), |token| token.bytes),
        first: own.last().map_or(0, |token| token.node),
    }
}

enum Part<'t> {
    Step(Step<'t>),
    Root(Root<'t>),
}

struct Reader<'a, 't> {
    tokens: &'a [Token<'t>],
    at: usize,
}

impl<'t> Reader<'_, 't> {
    fn peek(&self, ahead: usize) -> Option<Token<'t>> {
        self.tokens.get(self.at + ahead).copied()
    }

    fn is(&self, ahead: usize, bytes: &[u8]) -> bool {
        self.peek(ahead)
            .is_some_and(|token| token.bytes == bytes && !token.is_literal)
    }

    fn is_name(&self, ahead: usize) -> bool {
        self.peek(ahead)
            .is_some_and(|token| token.is_name() && !KEYWORDS.contains(&token.bytes))
    }

    /// Takes a link of the chain from its end.
    fn part(&mut self) -> Part<'t> {
        let Some(token) = self.peek(0) else {
            return Part::Root(Root::Unknown);
        };
        if token.is_literal {
            let is_field = self.is(1, b".") && token.bytes.iter().all(u8::is_ascii_digit);
            self.at += 1;
            if is_field {
                self.at += 1;
                return Part::Step(Step::Field(token.bytes));
            }
            return Part::Root(Root::Literal);
        }
        match token.bytes {
            b"?" => {
                self.at += 1;
                Part::Step(Step::Try)
            }
            b")" => self.call(),
            b"]" => self.index(),
            b"}" => {
                let Some(arguments) = self.group() else {
                    return Part::Root(Root::Unknown);
                };
                Part::Root(self.macro_root(arguments).unwrap_or(Root::Unknown))
            }
            b"true" | b"false" => {
                self.at += 1;
                Part::Root(Root::Literal)
            }
            _ if token.is_name() => self.name(),
            _ => Part::Root(Root::Unknown),
        }
    }

    fn name(&mut self) -> Part<'t> {
        let Some(token) = self.peek(0) else {
            return Part::Root(Root::Unknown);
        };
        if self.is(1, b".") {
            self.at += 2;
            return Part::Step(match token.bytes {
                b"await" => Step::Await,
                name => Step::Field(name),
            });
        }
        if KEYWORDS.contains(&token.bytes) {
            return Part::Root(Root::Unknown);
        }
        Part::Root(Root::Path(self.path(), None))
    }

    /// The parts of a path, read from its last name.
    fn path(&mut self) -> Vec<&'t [u8]> {
        let mut parts = Vec::new();
        loop {
            if self.is(0, b">") {
                if !self.generics() {
                    break;
                }
                if self.is(0, b"::") {
                    self.at += 1;
                }
                if !self.is_name(0) {
                    // `<T as Trait>::f`
                    break;
                }
            }
            let Some(token) = self.peek(0).filter(|_| self.is_name(0)) else {
                break;
            };
            parts.push(token.bytes);
            self.at += 1;
            if !self.is(0, b"::") {
                break;
            }
            self.at += 1;
        }
        parts.reverse();
        parts
    }

    /// Passes `<..>` from its end.
    fn generics(&mut self) -> bool {
        let mut depth = 0_usize;
        let mut at = self.at;
        while let Some(token) = self.tokens.get(at) {
            match token.bytes {
                b">" => depth += 1,
                b">>" => depth += 2,
                b"<" => depth = depth.saturating_sub(1),
                b"<<" => depth = depth.saturating_sub(2),
                b";" | b"{" | b"}" => return false,
                _ => {}
            }
            at += 1;
            if depth == 0 {
                self.at = at;
                return true;
            }
        }
        false
    }

    /// Passes a pair of brackets from its end.
    fn group(&mut self) -> Option<Arguments<'t>> {
        let mut depth = 0_usize;
        let start = self.at;
        for at in start..self.tokens.len() {
            let token = self.tokens[at];
            if token.is_literal {
                continue;
            }
            match token.bytes {
                b")" | b"]" | b"}" => depth += 1,
                b"(" | b"[" | b"{" => {
                    depth -= 1;
                    if depth == 0 {
                        self.at = at + 1;
                        let inner = &self.tokens[start + 1..at];
                        return Some(Arguments(inner.iter().rev().copied().collect()));
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn macro_root(&mut self, arguments: Arguments<'t>) -> Option<Root<'t>> {
        if !self.is(0, b"!") || !self.is_name(1) {
            return None;
        }
        self.at += 1;
        let path = self.path();
        Some(Root::Macro(path.last().copied()?, arguments))
    }

    fn call(&mut self) -> Part<'t> {
        let Some(arguments) = self.group() else {
            return Part::Root(Root::Unknown);
        };
        if self.is(0, b"!")
            && let Some(root) = self.macro_root(arguments.clone())
        {
            return Part::Root(root);
        }
        let has_generics = self.is(0, b">");
        if has_generics {
            let here = self.at;
            if !self.generics() || !self.is(0, b"::") {
                self.at = here;
                return Part::Root(Root::Group(arguments));
            }
            self.at += 1;
        }
        let Some(name) = self.peek(0).filter(|_| self.is_name(0)) else {
            return Part::Root(
                if self.is(0, b")") || self.is(0, b"]") || self.is(0, b"?") {
                    Root::Unknown
                } else {
                    Root::Group(arguments)
                },
            );
        };
        if self.is(1, b".") {
            self.at += 2;
            return Part::Step(Step::Method(name.bytes, arguments));
        }
        Part::Root(Root::Path(self.path(), Some(arguments)))
    }

    fn index(&mut self) -> Part<'t> {
        let Some(arguments) = self.group() else {
            return Part::Root(Root::Unknown);
        };
        if self.is(0, b"!")
            && let Some(root) = self.macro_root(arguments.clone())
        {
            return Part::Root(root);
        }
        let follows_expression = self.is_name(0)
            || self.is(0, b")")
            || self.is(0, b"]")
            || self.is(0, b"?")
            || self.peek(0).is_some_and(|token| token.is_literal);
        if follows_expression {
            Part::Step(Step::Index(arguments))
        } else {
            Part::Root(Root::Group(arguments))
        }
    }
}

impl<'t> Arguments<'t> {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether they are literals, and what one writes around them.
    pub(super) fn are_literals(&self) -> bool {
        let is_around = |bytes: &[u8]| {
            matches!(
                bytes,
                b"&" | b"-"
                    | b","
                    | b"("
                    | b")"
                    | b"["
                    | b"]"
                    | b"true"
                    | b"false"
                    | b";"
                    | b".."
                    | b"..="
                    | b"*"
                    | b"!"
                    | b"|"
                    | b"_"
                    | b"+"
                    | b"/"
                    | b"%"
                    | b"^"
                    | b"<<"
                    | b">>"
            )
        };
        let is_joining = |at: usize, bytes: &[u8]| {
            let next = self.0.get(at + 1).map(|token| token.bytes);
            bytes == b"concat" && next == Some(b"!")
        };
        let is_fixed = |(at, token): (usize, &Token<'_>)| {
            token.is_literal || is_around(token.bytes) || is_joining(at, token.bytes)
        };
        !self.is_empty() && self.0.iter().enumerate().all(is_fixed)
    }

    /// The chain that they are, when they are one.
    pub(super) fn as_receiver(&self) -> Option<Receiver<'t>> {
        let receiver = read(self.0.iter().rev().copied().collect());
        receiver.before.is_empty().then_some(receiver)
    }
}
