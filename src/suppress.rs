//! Exceptions in the code: `codex-allow(rule-id): reason`, in a comment.
//!
//! The comment's text must begin so; prose or a string that mentions it is nothing. A malformed one suppresses nothing
//! and is a finding itself. Deliberately absent for now: owners, end dates, whole files, exceptions that nothing needs.

use crate::finding::Suppression;
use crate::language::Language;
use crate::matcher::{Node, Tree};
use crate::source::Source;

/// The id of the built-in rule about malformed exceptions.
pub const MALFORMED: &str = "codex-allow-malformed";
/// What a file with an exception in it holds.
pub const MARK: &str = "codex-allow";

/// A comment that asks for an exception.
#[derive(Debug)]
pub struct Allowance {
    /// The comment.
    pub node: Node,
    /// The rules that it names and why, or what is wrong with it.
    pub content: Result<(Vec<String>, Suppression), String>,
    /// Whether nothing but white space stands before it on its line.
    alone: bool,
}

/// The comments of a file that ask for an exception.
#[derive(Debug)]
pub struct Allowances {
    /// In the order of the text.
    pub comments: Vec<Allowance>,
    /// Kinds that may stand between such a comment and its statement.
    decorations: Vec<u16>,
}

impl Allowances {
    /// All of a file.
    pub fn of(source: &Source, tree: &Tree<'_>, language: &Language) -> Self {
        let grammar = (language.grammar)();
        let ids = |kinds: &[&str]| -> Vec<u16> {
            kinds
                .iter()
                .map(|kind| grammar.id_for_node_kind(kind, true))
                .collect()
        };
        Self {
            comments: comments(source, tree, language, &ids(language.comments)),
            decorations: ids(language.decorations),
        }
    }
}

fn comments(
    source: &Source,
    tree: &Tree<'_>,
    language: &Language,
    kinds: &[u16],
) -> Vec<Allowance> {
    tree.subtree(tree.root())
        .filter(|node| kinds.contains(&tree.kind(*node)))
        .filter_map(|node| {
            let range = tree.range(node);
            let text = source.text(range.clone());
            let text = language
                .comment_openers
                .iter()
                .find_map(|opener| text.strip_prefix(opener))
                .unwrap_or(&text);
            let line = source.line(range.start);
            let before = source.text(source.line_range(line).start..range.start);
            Some(Allowance {
                node,
                content: parse(text.trim_start(), line)?,
                alone: before.trim().is_empty(),
            })
        })
        .collect()
}

/// `None`: the comment is about something else.
fn parse(text: &str, line: usize) -> Option<Result<(Vec<String>, Suppression), String>> {
    let rest = text.strip_prefix(MARK)?;
    if !rest.trim_start().starts_with(['(', ':', '-']) {
        return None;
    }
    Some(parse_rest(rest, line))
}

fn parse_rest(rest: &str, line: usize) -> Result<(Vec<String>, Suppression), String> {
    let form = "write `codex-allow(rule-id): reason`";
    if rest.starts_with("-file") {
        return Err(format!(
            "exceptions for a whole file are not supported yet; {form} at the line"
        ));
    }
    let inner = rest
        .strip_prefix('(')
        .ok_or_else(|| format!("not an exception: {form}"))?;
    let (names, reason) = inner
        .split_once(')')
        .ok_or_else(|| format!("the bracket is not closed: {form}"))?;
    let names: Vec<String> = names
        .split(',')
        .map(|name| name.trim().to_owned())
        .collect();
    let is_id = |name: &String| {
        name.contains('-')
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    if !names.iter().all(is_id) {
        return Err(format!("`{}` is no rule id: {form}", names.join(",")));
    }
    let reason = reason
        .strip_prefix(':')
        .ok_or_else(|| format!("an exception needs a reason: {form}"))?;
    let reason = reason.lines().next().unwrap_or_default();
    let reason = reason
        .trim_end_matches(|end: char| end.is_whitespace() || matches!(end, '*' | '/' | ']' | '='))
        .trim();
    if !reason.chars().any(char::is_alphanumeric) {
        return Err(format!("an exception needs a reason: {form}"));
    }
    let suppression = Suppression {
        reason: reason.to_owned(),
        until: None,
        owner: None,
        line,
    };
    Ok((names, suppression))
}

impl Allowances {
    /// The exception that covers a finding, whose statement begins at byte `statement`: it trails, or stands alone, on a line from the first line of the enclosing
    /// statement to the finding; or it stands alone directly above that statement, with only decorations and other
    /// comments between.
    pub fn covering(
        &self,
        rule: &str,
        source: &Source,
        tree: &Tree<'_>,
        statement: usize,
        focus: &std::ops::Range<usize>,
    ) -> Option<Suppression> {
        let first = source.line(statement);
        let last = source.line(focus.end.saturating_sub(1).max(focus.start));
        self.comments.iter().find_map(|allowance| {
            let (rules, suppression) = allowance.content.as_ref().ok()?;
            if !rules.iter().any(|name| name == rule) {
                return None;
            }
            let line = suppression.line;
            let beside = (first..=last).contains(&line);
            let above = allowance.alone
                && line < first
                && self.is_directly_above(allowance.node, first, source, tree);
            (beside || above).then(|| suppression.clone())
        })
    }

    /// Whether every line between a comment and line `first` belongs to a comment or a decoration.
    fn is_directly_above(
        &self,
        comment: Node,
        first: usize,
        source: &Source,
        tree: &Tree<'_>,
    ) -> bool {
        let comment_line = source.line(tree.range(comment).end.saturating_sub(1));
        let is_skipped = |line: usize| {
            let range = source.line_range(line);
            let Some(indent) = source.bytes()[range.clone()]
                .iter()
                .position(|byte| !byte.is_ascii_whitespace())
            else {
                return false;
            };
            let innermost = tree.innermost(&(range.start + indent..range.start + indent + 1));
            std::iter::once(innermost)
                .chain(tree.ancestors(innermost))
                .any(|node| tree.is_extra(node) || self.decorations.contains(&tree.kind(node)))
        };
        (comment_line + 1..first).all(is_skipped)
    }
}
