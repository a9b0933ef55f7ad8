//! Code with holes: a pattern is parsed as code and compared with code, node by node.
//!
//! The comparison is ast-grep's *smart* one: every node of the pattern must be there; in the code, punctuation that the
//! pattern leaves out and comments are skipped. Deliberately absent: the other strictnesses.

mod compare;
mod difference;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::literals::is_of_word;
use super::tokens::{Hole, TokenPattern};
use super::{Captures, ERROR_KIND, Literal, Node, Tree};
use crate::language::Language;
use compare::{Outcome, bind_one, compare};

/// A parsed pattern.
#[derive(Debug)]
pub struct Pattern {
    root: Part,
    /// The kind of the root when a selector picked it: a lone metavariable has none of its own.
    selected: Option<u16>,
    tokens: Option<TokenPattern>,
    /// As it was written.
    text: Box<str>,
    /// The name that the pattern calls, when it is a call of a fixed name.
    called: Option<Called>,
}

/// The fixed name in a pattern of a call: a node that matches calls the same name.
#[derive(Debug)]
struct Called {
    name: String,
    /// The dot before the name and the bracket behind it.
    before: Option<u8>,
    behind: Option<u8>,
}

#[derive(Debug)]
enum Part {
    /// `$NAME`, `$_`, `$$NAME` (a node that the grammar does not name, too).
    One {
        name: Option<Arc<str>>,
        named_only: bool,
    },
    /// `$$$NAME`, `$$$`.
    Many { name: Option<Arc<str>> },
    Leaf {
        kind: u16,
        named: bool,
        /// Whether its text is a whole word of the code: a keyword, or what the grammar calls an identifier.
        is_name: bool,
        text: String,
    },
    Inner {
        kind: u16,
        /// Whether a comment may stand before it.
        after_comments: bool,
        parts: Vec<Part>,
    },
}

impl Pattern {
    /// Parses a pattern; the error says why it is none, and may bring help.
    pub fn parse(text: &str, selector: Option<u16>, language: &Language) -> Result<Self, String> {
        let grammar = (language.grammar)();
        let code = with_expando(text, language.expando);
        let ended = format!("{code}{}", language.lexis.terminator);
        let call = match selector {
            None if ended != code => statement_of_call(&ended, &grammar, language),
            _ => None,
        };
        let (tree, root) = match call {
            Some(call) => call,
            None => {
                let tree =
                    Tree::parse(code.as_bytes(), &grammar).ok_or("the pattern cannot be parsed")?;
                let root = match selector {
                    Some(kind) => tree
                        .subtree(tree.root())
                        .find(|node| tree.kind(*node) == kind)
                        .ok_or("the selector's kind does not occur in the context")?,
                    None => single_node(&tree, &grammar)?,
                };
                (tree, root)
            }
        };
        let root_part = part(&tree, root, language.expando, &grammar, 0)?;
        if matches!(root_part, Part::Many { .. }) {
            return Err("`$$$` alone matches lists, not a node: put it into something larger, or use `$NAME`".to_owned());
        }
        let mut pattern = Self {
            root: root_part,
            selected: selector,
            tokens: None,
            text: text.into(),
            called: called(&tree, root, language),
        };
        pattern.tokens = pattern.as_tokens(&tree, root, language);
        Ok(pattern)
    }

    /// Lets comments stand between all of its parts, as the code's author may. (In ast-grep they may stand before single
    /// tokens only: not in `f /* why */ (x)`.)
    #[must_use]
    pub fn with_comments(mut self) -> Self {
        self.root.allow_comments();
        if let Some(called) = &mut self.called {
            // Bare tokens may hold more between than comments.
            (called.before, called.behind) = (None, None);
        }
        self
    }

    fn as_tokens(&self, tree: &Tree<'_>, root: Node, language: &Language) -> Option<TokenPattern> {
        let grammar = (language.grammar)();
        let hole = |text: &str| match variable(text, language.expando)? {
            Part::One { name, .. } => Some(Hole::One(name)),
            Part::Many { name } => Some(Hole::Many(name)),
            Part::Leaf { .. } | Part::Inner { .. } => None,
        };
        let is_flat = |node: Node| {
            grammar
                .node_kind_for_id(tree.kind(node))
                .is_some_and(|kind| language.lexis.flat.contains(&kind))
        };
        let is_call = grammar.node_kind_for_id(tree.kind(root)) == Some(language.lexis.call.0);
        let name = language.called_name(tree, root);
        let focus = (name != root).then(|| tree.range(name).start - tree.range(root).start);
        TokenPattern::new(
            tree.bytes(root),
            language.lexis,
            hole,
            focus,
            self.root_kind(),
            (is_call, tree.subtree(root).any(is_flat)),
        )
    }

    /// The pattern's form for code of which there is no tree, when it has one.
    pub fn token_form(&self) -> Option<&TokenPattern> {
        self.tokens.as_ref()
    }

    /// The name of a pattern that is one metavariable: it matches anything.
    pub(super) fn lone_variable(&self) -> Option<Option<&Arc<str>>> {
        match &self.root {
            Part::One { name, .. } if self.selected.is_none() => Some(name.as_ref()),
            _ => None,
        }
    }

    /// The kind that a matching node has; `None` for any.
    pub fn root_kind(&self) -> Option<u16> {
        match &self.root {
            Part::One { .. } | Part::Many { .. } => self.selected,
            Part::Leaf { kind, .. } => Some(*kind),
            Part::Inner { kind, .. } => (*kind != ERROR_KIND).then_some(*kind),
        }
    }

    pub(super) fn variables(&self, names: &mut BTreeSet<Arc<str>>) {
        self.root.variables(names);
    }

    /// Whether it is no code: it would match nodes of any kind whose parts look like its own.
    pub(super) fn is_error(&self) -> bool {
        self.root.is_error()
    }

    /// Whether it or a part of it is no code.
    pub(super) fn has_error(&self) -> bool {
        self.root.has_error()
    }

    /// The name that every match calls, when the pattern says so.
    pub(crate) fn called(&self) -> Option<&str> {
        self.called.as_ref().map(|called| called.name.as_str())
    }

    /// A text that every match must hold.
    pub(super) fn literal(&self) -> Option<Literal> {
        let longest = self.root.literal();
        match &self.called {
            Some(called) if called.before.is_some() || longest.is_none() => Some(Literal {
                text: called.name.clone(),
                is_word: called.name.bytes().all(is_of_word),
                before: called.before,
                behind: called.behind,
            }),
            _ => longest.map(|(text, is_word)| Literal {
                is_word,
                ..Literal::anywhere(text)
            }),
        }
    }

    /// Whether a match binds the name to one node.
    pub(super) fn binds_one(&self, name: &str) -> bool {
        self.root.binds_one(name)
    }

    /// Whether the node is code of this form; on success its metavariables are bound.
    pub(crate) fn matches(&self, tree: &Tree<'_>, node: Node, captures: &mut Captures) -> bool {
        if self.selected.is_some_and(|kind| kind != tree.kind(node)) {
            return false;
        }
        let mark = captures.mark();
        let matched = match &self.root {
            Part::One { name, named_only } => {
                bind_one(tree, name.as_ref(), *named_only, node, captures)
            }
            part => matches!(compare(tree, part, node, captures), Outcome::Match),
        };
        if !matched {
            captures.undo(mark);
        }
        matched
    }
}

impl Part {
    fn allow_comments(&mut self) {
        if let Self::Inner {
            after_comments,
            parts,
            ..
        } = self
        {
            *after_comments = true;
            parts.iter_mut().for_each(Self::allow_comments);
        }
    }

    fn is_error(&self) -> bool {
        matches!(self, Self::Leaf { kind, .. } | Self::Inner { kind, .. } if *kind == ERROR_KIND)
    }

    fn has_error(&self) -> bool {
        self.is_error()
            || matches!(self, Self::Inner { parts, .. } if parts.iter().any(Self::has_error))
    }

    fn variables(&self, names: &mut BTreeSet<Arc<str>>) {
        match self {
            Self::One {
                name: Some(name), ..
            }
            | Self::Many { name: Some(name) } => {
                names.insert(Arc::clone(name));
            }
            Self::Inner { parts, .. } => {
                for part in parts {
                    part.variables(names);
                }
            }
            _ => {}
        }
    }

    /// The longest text that must be there, and whether it is a whole word: a name or a keyword.
    fn literal(&self) -> Option<(&str, bool)> {
        match self {
            // What the grammar does not name matches where the parser says that it is missing, too.
            Self::Leaf { named: false, .. } => None,
            Self::Leaf { is_name, text, .. } => {
                Some((text, *is_name && text.bytes().all(is_of_word)))
            }
            Self::Inner { parts, .. } => {
                let of_parts = parts.iter().filter_map(Self::literal);
                of_parts
                    .chain(Self::first_keyword(parts).map(|text| (text, true)))
                    .max_by_key(|(text, _)| text.len())
            }
            _ => None,
        }
    }

    /// The keyword that a node begins with. The parser makes up only what ends something, and that may be any other; and
    /// what stands around a list may be missing where the list ends.
    fn first_keyword(parts: &[Self]) -> Option<&str> {
        let has_list = parts.iter().any(|part| matches!(part, Self::Many { .. }));
        match parts {
            [
                Self::Leaf {
                    named: false, text, ..
                },
                _,
                ..,
            ] if !has_list && text.bytes().all(is_of_word) => Some(text),
            _ => None,
        }
    }

    fn binds_one(&self, wanted: &str) -> bool {
        match self {
            Self::One { name, .. } => name.as_deref() == Some(wanted),
            Self::Inner { parts, .. } => parts.iter().any(|part| part.binds_one(wanted)),
            _ => false,
        }
    }

    fn is_punctuation(&self) -> bool {
        matches!(self, Self::Leaf { named: false, .. })
    }
}

/// Writes `$` as a character that the grammar takes for a letter, where it begins a metavariable.
pub(super) fn with_expando(pattern: &str, expando: char) -> String {
    let mut code = String::with_capacity(pattern.len());
    let mut dollars = 0;
    for character in pattern.chars().map(Some).chain([None]) {
        if character == Some('$') {
            dollars += 1;
            continue;
        }
        let is_variable = dollars == 3
            || character.is_some_and(|first| first.is_ascii_uppercase() || first == '_');
        let sigil = if is_variable { expando } else { '$' };
        code.extend(std::iter::repeat_n(sigil, dollars));
        dollars = 0;
        code.extend(character);
    }
    code
}

/// The call that a statement is all about, terminator included: most patterns are one, and as a whole statement it takes
/// the parser a tenth of the time.
fn statement_of_call<'t>(
    ended: &'t str,
    grammar: &tree_sitter::Language,
    language: &Language,
) -> Option<(Tree<'t>, Node)> {
    let tree = Tree::parse(ended.as_bytes(), grammar)?;
    let terminator = language.lexis.terminator;
    let children = |node: Node| tree.children(node).collect::<Vec<_>>();
    let [statement] = <[Node; 1]>::try_from(children(tree.root())).ok()?;
    let [call, end] = <[Node; 2]>::try_from(children(statement)).ok()?;
    let is_call = grammar.node_kind_for_id(tree.kind(call)) == Some(language.lexis.call.0);
    let is_all = tree.bytes(end) == terminator.as_bytes() && tree.range(end).end == ended.len();
    let is_sound = !tree.has_error(tree.root());
    (is_call && is_all && is_sound).then_some((tree, call))
}

/// The node that the pattern is about: as deep as the text is one node.
fn single_node(tree: &Tree<'_>, grammar: &tree_sitter::Language) -> Result<Node, String> {
    let only_child = |node: Node| {
        let mut children = tree.children(node);
        let first = children.next()?;
        let is_nothing = |second: Node| {
            tree.is_missing(second)
                || grammar
                    .node_kind_for_id(tree.kind(second))
                    .is_some_and(str::is_empty)
        };
        match (children.next(), children.next()) {
            (None, _) => Some(first),
            (Some(second), None) if is_nothing(second) => Some(first),
            _ => None,
        }
    };
    let root = tree.root();
    if tree.is_leaf(root) {
        return Err("the pattern is empty".to_owned());
    }
    let mut node = only_child(root)
        .ok_or("the pattern is more than one piece of code: a match is one node")?;
    while let Some(inner) = only_child(node) {
        node = inner;
    }
    Ok(node)
}

/// Patterns nested deeper than this are refused.
const DEPTH_LIMIT: usize = 256;

fn part(
    tree: &Tree<'_>,
    node: Node,
    expando: char,
    grammar: &tree_sitter::Language,
    depth: usize,
) -> Result<Part, String> {
    if depth > DEPTH_LIMIT {
        return Err(format!(
            "the pattern is nested deeper than {DEPTH_LIMIT} levels"
        ));
    }
    let text = String::from_utf8_lossy(tree.bytes(node));
    if let Some(variable) = variable(&text, expando) {
        return Ok(variable);
    }
    if tree.is_leaf(node) {
        return Ok(Part::Leaf {
            kind: tree.kind(node),
            named: tree.is_named(node),
            is_name: is_name(tree, node, grammar),
            text: text.into_owned(),
        });
    }
    let children = tree.children(node).filter(|child| !tree.is_missing(*child));
    Ok(Part::Inner {
        kind: tree.kind(node),
        after_comments: false,
        parts: children
            .map(|child| part(tree, child, expando, grammar, depth + 1))
            .collect::<Result<_, _>>()?,
    })
}

/// Whether a leaf is a keyword, or what the grammar calls an identifier: its text is delimited by what is no letter.
fn is_name(tree: &Tree<'_>, leaf: Node, grammar: &tree_sitter::Language) -> bool {
    let kind = grammar.node_kind_for_id(tree.kind(leaf));
    !tree.is_named(leaf) || kind.is_some_and(|kind| kind.ends_with("identifier"))
}

/// The fixed name that a pattern calls. Not where `$$$` may shift what stands before the name.
fn called(tree: &Tree<'_>, root: Node, language: &Language) -> Option<Called> {
    let name = language.called_name(tree, root);
    let is_hole = |node: Node| {
        let text = String::from_utf8_lossy(tree.bytes(node));
        variable(&text, language.expando).is_some()
    };
    if name == root || is_hole(name) || tree.has_error(root) {
        return None;
    }
    let is_list = |node: Node| {
        let text = String::from_utf8_lossy(tree.bytes(node));
        matches!(variable(&text, language.expando), Some(Part::Many { .. }))
    };
    let mut path = tree.ancestors(name).take_while(|node| *node >= root);
    if path.any(|node| tree.children(node).any(is_list)) {
        return None;
    }
    let is_leaf = |node: &Node| tree.is_leaf(*node) && !tree.is_missing(*node);
    let sign = |node: Option<Node>| {
        node.filter(|node| !tree.is_named(*node))
            .map(|node| tree.bytes(node))
    };
    let joint = sign((root..name).rev().find(is_leaf));
    let bracket = sign((name + 1..tree.end(root)).find(is_leaf));
    let is_joint = |text: &&[u8]| {
        language
            .lexis
            .joints
            .iter()
            .any(|joint| joint.as_bytes() == *text)
    };
    Some(Called {
        name: String::from_utf8_lossy(tree.bytes(name)).into_owned(),
        before: joint.filter(is_joint).and_then(|text| text.last().copied()),
        behind: bracket.filter(|text| *text == b"(").map(|_| b'('),
    })
}

fn variable(text: &str, expando: char) -> Option<Part> {
    let bare = text.trim_start_matches(expando);
    let sigils = (text.len() - bare.len()) / expando.len_utf8();
    let is_first = |first: char| first.is_ascii_uppercase() || first == '_';
    let is_name = bare.starts_with(is_first)
        && bare
            .chars()
            .all(|other| is_first(other) || other.is_ascii_digit());
    let name = (!bare.starts_with('_')).then(|| Arc::from(bare));
    match sigils {
        1 | 2 if is_name => Some(Part::One {
            name,
            named_only: sigils == 1,
        }),
        3 if is_name => Some(Part::Many { name }),
        3 if bare.is_empty() => Some(Part::Many { name: None }),
        _ => None,
    }
}
