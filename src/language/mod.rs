//! Languages as data. A language costs one file and one line in [`ALL`].
//!
//! tree-sitter sees shapes, in every language and in broken code; what needs a language's own grammar stands in its
//! own file. Deliberately absent: rules about a language; they are RFCs.

#[cfg(feature = "bash")]
mod bash;
#[cfg(any(feature = "c", feature = "cpp"))]
mod c;
#[cfg_attr(
    not(any(
        feature = "bash",
        feature = "c",
        feature = "cpp",
        feature = "go",
        feature = "java",
        feature = "javascript",
        feature = "python",
        feature = "typescript"
    )),
    expect(dead_code, reason = "Rust and Lua have their own")
)]
mod conventions;
#[cfg(feature = "cpp")]
mod cpp;
mod file_facts;
#[cfg(feature = "go")]
mod go;
#[cfg(feature = "java")]
mod java;
#[cfg(any(feature = "javascript", feature = "typescript"))]
mod javascript;
pub mod lexis;
mod lua;
#[cfg(feature = "python")]
mod python;
mod rust;
#[cfg(feature = "typescript")]
mod typescript;
mod workspace;

use std::fmt;

pub use self::file_facts::{Because, FileFacts, Stretch};
pub use self::workspace::{Granted, Turned, Turns, Workspace};
use crate::change::FileChange;
use crate::finding::Cause;
use crate::matcher::{Node, Tree};
use crate::source::Source;

/// Every language that this codex knows.
pub static ALL: &[&Language] = &[
    #[cfg(feature = "bash")]
    &bash::BASH,
    #[cfg(feature = "c")]
    &c::C,
    #[cfg(feature = "cpp")]
    &cpp::CPP,
    #[cfg(feature = "go")]
    &go::GO,
    #[cfg(feature = "java")]
    &java::JAVA,
    #[cfg(feature = "javascript")]
    &javascript::JAVASCRIPT,
    &lua::LUA,
    #[cfg(feature = "python")]
    &python::PYTHON,
    &rust::RUST,
    #[cfg(feature = "typescript")]
    &typescript::TSX,
    #[cfg(feature = "typescript")]
    &typescript::TYPESCRIPT,
];

/// Languages that a build may leave out: the name, and the feature of cargo that it comes with.
const OPTIONAL: [(&str, &str); 9] = [
    ("bash", "bash"),
    ("c", "c"),
    ("cpp", "cpp"),
    ("go", "go"),
    ("java", "java"),
    ("javascript", "javascript"),
    ("python", "python"),
    ("tsx", "typescript"),
    ("typescript", "typescript"),
];

/// What codex needs to know of a language.
pub struct Language {
    /// The word in rules and fences.
    pub name: &'static str,
    /// Other words for it in plain ast-grep rules.
    pub aliases: &'static [&'static str],
    /// File name endings, without the dot.
    pub extensions: &'static [&'static str],
    /// The tree-sitter grammar.
    pub grammar: fn() -> tree_sitter::Language,
    /// What stands for `$` while a pattern is parsed: a character that the grammar takes for part of an identifier.
    pub expando: char,
    /// Kinds of comments.
    pub comments: &'static [&'static str],
    /// What opens a comment, and what closes it (nothing: the end of the line); of openers that begin alike the longest
    /// first.
    pub comment_marks: &'static [(&'static str, &'static str)],
    /// Kinds whose named children are statements.
    pub blocks: &'static [&'static str],
    /// Kinds of items and the field that names each: a finding's identity and a reviewer's excerpt.
    pub items: &'static [(&'static str, &'static str)],
    /// Kinds that are alternatives in a statement: what is said in one is not about the others.
    pub branches: &'static [&'static str],
    /// Kinds that decorate what follows them, as attributes do.
    pub decorations: &'static [&'static str],
    /// Kinds of calls: the focus of a finding is the called name.
    pub calls: &'static [&'static str],
    /// From a call to the called name: the kind, and the field to go on with.
    pub callee: &'static [(&'static str, &'static str)],
    /// Its tokens, for code of which there is no tree.
    pub lexis: &'static lexis::Lexis,
    /// Where an RFC example lies that names no file.
    pub example_path: &'static str,
    /// The facts of this language.
    pub facts: &'static [Fact],
    /// From base, head and the files that differ: files of which other facts hold now because others differ.
    pub turned: fn(base: &Workspace<'_>, head: &Workspace<'_>, changes: &[FileChange]) -> Turns,
    /// How a file comes to be what it is to this language: the lines that lead to it, from the manifest downward.
    pub about: fn(&Workspace<'_>, &crate::source::RepoPath) -> Vec<Cause>,
}

impl fmt::Debug for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Language {}

impl Language {
    /// The language of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        let mut all = ALL.iter().copied();
        all.find(|language| language.name == name)
    }

    /// The language that ast-grep calls so: in capitals or not, by one of several names.
    pub fn called(word: &str) -> Option<&'static Self> {
        let is_name = |name: &&str| name.eq_ignore_ascii_case(word);
        let mut all = ALL.iter().copied();
        all.find(|language| is_name(&language.name) || language.aliases.iter().any(is_name))
    }

    /// The feature that a build needs for the language of this name, when this one was made without it.
    pub fn left_out(name: &str) -> Option<&'static str> {
        let (_, feature) = OPTIONAL.iter().find(|(known, _)| *known == name)?;
        Self::named(name).is_none().then_some(*feature)
    }

    /// The language of a file, by its ending.
    pub fn of(path: &crate::source::RepoPath) -> Option<&'static Self> {
        let extension = path.extension()?;
        ALL.iter().copied().find(|language| {
            language
                .extensions
                .iter()
                .any(|known| known.as_bytes() == extension)
        })
    }

    /// The names of all languages.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ALL.iter().map(|language| language.name)
    }

    /// What a node's kind, by name, is asked.
    fn of_kind<T>(&self, tree: &Tree<'_>, node: Node, ask: impl FnOnce(&str) -> T) -> T {
        let grammar = (self.grammar)();
        let kind = grammar.node_kind_for_id(tree.kind(node));
        ask(kind.unwrap_or_default())
    }

    fn is_call(&self, tree: &Tree<'_>, node: Node) -> bool {
        self.of_kind(tree, node, |kind| self.calls.contains(&kind))
    }

    /// From a call one step toward the called name.
    fn part_of_callee(&self, tree: &Tree<'_>, node: Node) -> Option<Node> {
        let find = |kind: &str| self.callee.iter().find(|(known, _)| *known == kind);
        let (_, field) = self.of_kind(tree, node, find)?;
        tree.child_by_field(node, (self.grammar)().field_id_for_name(field)?.get())
    }

    /// The node that names what a node calls; the node itself when it calls nothing, or nothing that has a name.
    pub fn called_name(&self, tree: &Tree<'_>, node: Node) -> Node {
        if !self.is_call(tree, node) {
            return node;
        }
        called_name(tree, node, |node| self.part_of_callee(tree, node))
    }

    /// The calls whose names begin in these bytes, in the tree and among the bare tokens of macros.
    pub fn calls_in(&self, tree: &Tree<'_>, bytes: &std::ops::Range<usize>) -> Vec<Node> {
        let part = |node| self.part_of_callee(tree, node);
        let is_item = |node: Node| {
            let names = |kind: &str| self.items.iter().any(|(known, _)| *known == kind);
            self.of_kind(tree, node, names)
        };
        let is_bare_call = |node: Node| {
            let next = tree.next_siblings(node).next();
            tree.is_named(node)
                && !tree.is_extra(node)
                && next.is_some_and(|next| tree.bytes(next).starts_with(b"("))
                && tree
                    .parent(node)
                    .is_some_and(|parent| !is_item(parent) && !self.is_call(tree, parent))
        };
        let begins_here = |node: Node| bytes.contains(&tree.range(node).start);
        (0..tree.len())
            .filter(|node| {
                if self.is_call(tree, *node) {
                    // A path that is called is no call of its own.
                    let is_called = tree
                        .parent(*node)
                        .is_some_and(|parent| part(parent) == Some(*node));
                    !is_called && begins_here(last_part(*node, part))
                } else {
                    tree.is_leaf(*node) && begins_here(*node) && is_bare_call(*node)
                }
            })
            .collect()
    }

    /// What opens a plain comment that ends with its line.
    pub fn line_comment(&self) -> &'static str {
        let openers = self.comment_marks.iter();
        let openers = openers.filter(|(_, closer)| closer.is_empty());
        openers
            .map(|(opener, _)| *opener)
            .min_by_key(|opener| opener.len())
            .unwrap_or_default()
    }

    /// Whether codex knows its tokens, for code of which there is no tree.
    pub fn has_tokens(&self) -> bool {
        !std::ptr::eq(self.lexis, &raw const lexis::UNKNOWN)
    }

    /// The fact of this name.
    pub fn fact(&self, name: &str) -> Option<&'static Fact> {
        self.facts.iter().find(|fact| fact.name == name)
    }
}

/// A named truth about a place in the code, which a rule may except or hold for ambiguous.
pub struct Fact {
    /// The word in `except` and `ambiguous-in`.
    pub name: &'static str,
    /// What it means: shown to users.
    pub about: &'static str,
    /// The question to the reviewer when a rule says that the fact makes a match ambiguous.
    pub ask: &'static str,
    /// Whether it holds, and what says so.
    pub holds: fn(&Place<'_>) -> Option<Cause>,
}

impl fmt::Debug for Fact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

/// A match, and all that a fact may ask about it.
pub struct Place<'a> {
    /// The file.
    pub source: &'a Source,
    /// Its tree.
    pub tree: &'a Tree<'a>,
    /// The files around it.
    pub workspace: &'a Workspace<'a>,
    /// The matched node.
    pub node: Node,
    /// What is known of the whole file: one for all places of a file.
    pub file: &'a FileFacts,
}

impl Place<'_> {
    /// What says that something holds here.
    pub fn cause(&self, because: &Because) -> Cause {
        match because {
            Because::Here(byte) => self.line_of(*byte),
            Because::There(cause) => cause.clone(),
        }
    }

    /// The line of this file on which the byte stands.
    pub fn line_of(&self, byte: usize) -> Cause {
        let line = self.source.line(byte);
        let bytes = self.source.line_range(line);
        let start = bytes.start;
        // The line may be the whole file.
        let bytes = start..bytes.end.min(start + 1024);
        Cause {
            path: self.source.path.text().into_owned(),
            line,
            text: short(&self.source.text(bytes)),
        }
    }
}

/// The most steps from a call to the name that it calls: `f()()()` may go on for the whole file, and each is a call.
const MOST_STEPS: usize = 64;

/// The name that a call calls, by steps toward it; the call itself when they do not end at a name.
pub(crate) fn called_name(
    tree: &Tree<'_>,
    call: Node,
    step: impl Fn(Node) -> Option<Node>,
) -> Node {
    let name = last_part(call, step);
    if tree.is_leaf(name) { name } else { call }
}

fn last_part(call: Node, step: impl Fn(Node) -> Option<Node>) -> Node {
    let parts = std::iter::successors(Some(call), |node| step(*node));
    parts.take(MOST_STEPS).last().unwrap_or(call)
}

/// A line of code as a cause quotes it: trimmed, and cut where nobody reads on.
pub(crate) fn short(text: &str) -> String {
    text.trim().chars().take(160).collect()
}
