//! The exceptions of a file, and which of them covers a finding.
//!
//! One trails, or stands alone, on a line from the first line of the enclosing statement to the finding; or it stands alone
//! directly above that statement, decorations and other comments between; or it is about the file and stands above all
//! code. A comment inside of another statement on the way (in a block that ended, before a `;` of a macro's arguments)
//! belongs to that one. Of several the nearest covers. All is looked up once per comment, so that a file full of
//! exceptions costs no more than its length.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;

use super::comment::{self, Allowed, Reach};
use super::{Fault, Standing, Terms};
use crate::finding::Suppression;
use crate::language::Language;
use crate::matcher::{Node, Tree};
use crate::source::Source;

/// A comment that asks for an exception.
#[derive(Debug)]
pub struct Allowance {
    /// The comment.
    pub node: Node,
    /// The rules that it names and why, or what is wrong with it.
    pub content: Result<Allowed, String>,
    /// How it stands for each of its rules.
    pub standings: Vec<Standing>,
    line: usize,
    /// Whether no code stands before it on its line.
    is_alone: bool,
    /// The line of the code that follows it directly, when it stands alone.
    target: Option<usize>,
    after: Option<Node>,
    /// The bytes of the innermost groups (blocks, braces) that its line lies in: one of them holds what it covers.
    groups: [Range<usize>; 2],
    /// Where the statement ends that it stands in, when that can be seen from a `;`.
    end: usize,
}

/// The comments of a file that ask for an exception.
#[derive(Debug, Default)]
pub struct Allowances {
    /// In the order of the text.
    pub comments: Vec<Allowance>,
    by_rule: BTreeMap<String, Holding>,
}

/// The exceptions that hold for one rule, as indices of comments.
#[derive(Debug, Default)]
struct Holding {
    /// Those for a statement, in the order of the text.
    near: Vec<usize>,
    /// The first for the file.
    of_file: Option<usize>,
}

impl Allowances {
    /// All of a file.
    pub fn of(source: &Source, tree: &Tree<'_>, language: &Language, terms: &Terms) -> Self {
        let reader = Reader::new(source, tree, language);
        let nodes = tree.subtree(tree.root());
        let asking: Vec<Asking> = nodes
            .filter(|node| reader.comments.contains(&tree.kind(*node)))
            .filter_map(|node| reader.asking(node))
            .collect();
        let before = reader.code_before(&asking);
        let after = reader.code_after(&asking);
        let mut comments: Vec<Allowance> = asking
            .into_iter()
            .zip(before.into_iter().zip(after))
            .map(|(asking, (before, after))| reader.allowance(asking, before, after, terms))
            .collect();
        reader.find_targets(&mut comments);
        let by_rule = by_rule(&comments);
        Self { comments, by_rule }
    }

    /// The exception that covers a finding of a rule. `first` is the first line of its statement; `focus` lies in it.
    pub fn covering(
        &self,
        rule: &str,
        source: &Source,
        first: usize,
        focus: usize,
    ) -> Option<Suppression> {
        let line = source.line(focus);
        let holding = self.by_rule.get(rule)?;
        let comment = |at: &usize| self.comments.get(*at);
        let is_before = |at: &usize| comment(at).is_some_and(|allowance| allowance.line <= line);
        let before = holding.near.partition_point(is_before);
        let near = holding.near[..before]
            .iter()
            .rev()
            .filter_map(comment)
            .take(COMMENTS)
            .take_while(|allowance| allowance.is_near(first))
            .find(|allowance| allowance.shares(focus));
        let found = near.or_else(|| comment(&holding.of_file?))?;
        Some(found.content.as_ref().ok()?.suppression.clone())
    }

    /// What is wrong: the comment, the kind, what to say. `used` says whether an exception (its line) covers
    /// something of a rule.
    pub fn faults(
        &mut self,
        terms: &Terms,
        used: impl Fn(&str, usize) -> bool,
    ) -> Vec<(Node, Fault, String)> {
        let mut faults = Vec::new();
        for allowance in &mut self.comments {
            let mut add = |fault, message| faults.push((allowance.node, fault, message));
            let allowed = match &allowance.content {
                Ok(allowed) => allowed,
                Err(message) => {
                    add(Fault::Malformed, message.clone());
                    continue;
                }
            };
            for (rule, standing) in allowed.rules.iter().zip(&mut allowance.standings) {
                match standing {
                    Standing::Holds
                        if terms.tells(rule) && !used(rule, allowed.suppression.line) =>
                    {
                        *standing = Standing::Unused;
                        add(
                            Fault::Unused,
                            format!("nothing here breaks `{rule}`: the exception can go"),
                        );
                    }
                    Standing::Refused(why) => add(Fault::Malformed, why.clone()),
                    Standing::Unknown(why) => add(Fault::UnknownRule, why.clone()),
                    Standing::Holds | Standing::Unused | Standing::Expired => {}
                }
            }
            if let (true, Some(until)) = (
                allowance.standings.contains(&Standing::Expired),
                allowed.until,
            ) {
                let message =
                    format!("this exception ended on {until}: mend the code, or give it a new end");
                add(Fault::Expired, message);
            }
        }
        faults
    }
}

/// Many findings ask for their rule; a file may be full of exceptions to others.
fn by_rule(comments: &[Allowance]) -> BTreeMap<String, Holding> {
    let mut by_rule: BTreeMap<String, Holding> = BTreeMap::new();
    for (index, allowance) in comments.iter().enumerate() {
        let Ok(allowed) = &allowance.content else {
            continue;
        };
        let standings = allowed.rules.iter().zip(&allowance.standings);
        for (rule, _) in standings.filter(|(_, standing)| **standing == Standing::Holds) {
            let holding = by_rule.entry(rule.clone()).or_default();
            match allowed.reach {
                Reach::Statement => holding.near.push(index),
                Reach::File => holding.of_file = holding.of_file.or(Some(index)),
            }
        }
    }
    by_rule
}

impl Allowance {
    /// Whether a statement, or a decoration of it, begins between here and the code below.
    fn is_just_above(&self, first: usize) -> bool {
        self.target
            .is_some_and(|target| (self.line + 1..=target).contains(&first))
    }

    /// Whether it stands at a statement's line or directly above.
    fn is_near(&self, first: usize) -> bool {
        self.line >= first || self.is_just_above(first)
    }

    /// Whether it belongs to the statement of a place.
    fn shares(&self, focus: usize) -> bool {
        self.groups.iter().any(|group| group.contains(&focus)) && focus < self.end
    }
}

/// A comment that asks for an exception, before it is known what is around it.
struct Asking {
    node: Node,
    line: usize,
    content: Result<Allowed, String>,
}

/// The code before a comment.
#[derive(Debug, Clone, Copy, Default)]
struct Before {
    /// Whether there is any.
    is_any: bool,
    /// The first and the last token on the comment's line.
    on_line: Option<(Node, Node)>,
}

/// What is around a node.
#[derive(Debug, Clone, Copy)]
struct Around {
    /// Whether the node is a comment or a decoration, or lies in one.
    is_skipped: bool,
    /// The innermost block, branch or pair of braces, and its child that is the node or holds it.
    group: Option<(Node, Node)>,
}

/// What is asked about the comments of a file.
struct Reader<'a> {
    source: &'a Source,
    tree: &'a Tree<'a>,
    marks: &'a [(&'a str, &'a str)],
    comments: Vec<u16>,
    blocks: Vec<u16>,
    branches: Vec<u16>,
    decorations: Vec<u16>,
    /// Of each node. They may lie in each other, thousands deep, so nobody climbs there for each of them.
    around: OnceCell<Vec<Around>>,
}

/// More comments than this do not lie between a finding and the exception that covers it.
const COMMENTS: usize = 1024;
/// More siblings than this are not searched for the end of a statement: it ends there.
const SIBLINGS: usize = 256;

impl<'a> Reader<'a> {
    fn new(source: &'a Source, tree: &'a Tree<'a>, language: &'a Language) -> Self {
        let grammar = (language.grammar)();
        let ids = |kinds: &[&str]| -> Vec<u16> {
            let id = |kind: &&str| grammar.id_for_node_kind(kind, true);
            kinds.iter().map(id).collect()
        };
        Self {
            source,
            tree,
            marks: language.comment_marks,
            comments: ids(language.comments),
            blocks: ids(language.blocks),
            branches: ids(language.branches),
            decorations: ids(language.decorations),
            around: OnceCell::new(),
        }
    }

    fn around(&self, node: Node) -> Around {
        let outside = Around {
            is_skipped: false,
            group: None,
        };
        let all = self.around.get_or_init(|| {
            let mut all: Vec<Around> = Vec::with_capacity(self.tree.len() as usize);
            for node in 0..self.tree.len() {
                let parent = self.tree.parent(node);
                let above = parent.map_or(outside, |parent| all[parent as usize]);
                let in_skipped = above.is_skipped && parent != Some(self.tree.root());
                let group = parent.filter(|parent| self.is_group(*parent));
                all.push(Around {
                    is_skipped: in_skipped || self.is_skipped(node),
                    group: group.map(|group| (group, node)).or(above.group),
                });
            }
            all
        });
        all.get(node as usize).copied().unwrap_or(outside)
    }

    /// `None`: the comment is about something else.
    fn asking(&self, node: Node) -> Option<Asking> {
        let range = self.tree.range(node);
        let line = self.source.line(range.start);
        Some(Asking {
            node,
            line,
            content: comment::parse(&self.text(&range), line)?,
        })
    }

    fn allowance(
        &self,
        asking: Asking,
        before: Before,
        after: Option<Node>,
        terms: &Terms,
    ) -> Allowance {
        let Asking {
            node,
            line,
            mut content,
        } = asking;
        if let (true, Ok(allowed)) = (before.is_any, &content)
            && allowed.reach == Reach::File
        {
            let message = "an exception for a whole file stands at its top, before all code";
            content = Err(message.to_owned());
        }
        let standings = match &content {
            Ok(allowed) => terms.standings(allowed),
            Err(_) => Vec::new(),
        };
        let everything = 0..self.source.bytes().len() + 1;
        let group = |token: Option<Node>| {
            let group = token.and_then(|token| self.group(token));
            group.map_or_else(|| everything.clone(), |(group, _)| self.tree.range(group))
        };
        // Where its line begins may be another group than where it stands: the statement's, before a block was opened.
        let anchors = match before.on_line {
            Some((first, last)) => [Some(first), Some(last)],
            None => [after, after],
        };
        Allowance {
            node,
            content,
            standings,
            line,
            is_alone: before.on_line.is_none(),
            target: None,
            after,
            groups: anchors.map(group),
            end: anchors[1].map_or(usize::MAX, |anchor| self.statement_end(anchor)),
        }
    }

    /// The text of a comment without what opens and closes it, on one line.
    fn text(&self, range: &Range<usize>) -> String {
        let text = self.source.text(range.clone());
        let inner = self.marks.iter().find_map(|(opener, closer)| {
            let inner = text.strip_prefix(opener)?;
            Some((inner.strip_suffix(closer).unwrap_or(inner), *closer))
        });
        let Some((inner, closer)) = inner else {
            return text.into_owned();
        };
        if closer.is_empty() {
            return inner.trim().to_owned();
        }
        let lines = inner.lines().enumerate().map(|(index, line)| {
            let line = line.trim();
            if index == 0 {
                line
            } else {
                line.trim_start_matches('*').trim()
            }
        });
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        lines.join(" ").trim_end_matches(['*', ' ']).to_owned()
    }

    fn is_blank(&self, bytes: Range<usize>) -> bool {
        let text = self.source.bytes().get(bytes).unwrap_or_default();
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        text.iter().all(u8::is_ascii_whitespace)
    }

    /// Whether a node is a token of the code: no comment, no part of a decoration, not empty.
    fn is_code(&self, node: Node) -> bool {
        self.tree.is_leaf(node)
            && !self.tree.range(node).is_empty()
            && !self.around(node).is_skipped
    }

    fn is_skipped(&self, node: Node) -> bool {
        self.tree.is_extra(node) || self.decorations.contains(&self.tree.kind(node))
    }

    /// For each of these comments, the code before it. One pass: each stretch between two is looked at once.
    fn code_before(&self, comments: &[Asking]) -> Vec<Before> {
        let mut known = Before::default();
        let (mut from, mut line) = (0, 0);
        let mut all = Vec::with_capacity(comments.len());
        for comment in comments {
            if comment.line != line {
                line = comment.line;
                known.on_line = None;
            }
            let start = self.source.line_range(line).start;
            for node in (from..comment.node).filter(|node| self.is_code(*node)) {
                known.is_any |= !self.is_interpreter_line(node);
                let last = self.tree.range(node).end.saturating_sub(1);
                if last >= start {
                    let (first, _) = known.on_line.unwrap_or((node, node));
                    known.on_line = Some((first, node));
                }
            }
            from = comment.node;
            all.push(known);
        }
        all
    }

    /// For each of these comments, the code after it.
    fn code_after(&self, comments: &[Asking]) -> Vec<Option<Node>> {
        let mut all = vec![None; comments.len()];
        let (mut until, mut known) = (self.tree.len(), None);
        for (comment, after) in comments.iter().zip(&mut all).rev() {
            let mut between = self.tree.end(comment.node)..until;
            known = between.find(|node| self.is_code(*node)).or(known);
            until = comment.node;
            *after = known;
        }
        all
    }

    /// `#!` in the first line is for the system.
    fn is_interpreter_line(&self, node: Node) -> bool {
        let text = self.source.bytes();
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        text.starts_with(b"#!") && self.source.line(self.tree.range(node).start) == 1
    }

    fn is_group(&self, node: Node) -> bool {
        let kind = self.tree.kind(node);
        self.is_braced(node) || self.blocks.contains(&kind) || self.branches.contains(&kind)
    }

    fn is_braced(&self, node: Node) -> bool {
        !self.tree.is_leaf(node) && self.tree.bytes(node + 1) == b"{"
    }

    /// The innermost group around a token, and the child of it that holds the token; braces lie outside of what they
    /// enclose.
    fn group(&self, token: Node) -> Option<(Node, Node)> {
        let is_edge = |group: Node| {
            let ends = self.tree.range(token).end == self.tree.range(group).end;
            self.is_braced(group) && (token == group + 1 || ends && self.tree.bytes(token) == b"}")
        };
        let mut groups = std::iter::successors(self.around(token).group, |(group, _)| {
            self.around(*group).group
        });
        groups.find(|(group, _)| !is_edge(*group))
    }

    /// Where the statement of a token ends, in a macro's arguments: the `;` after it in the same braces.
    fn statement_end(&self, token: Node) -> usize {
        let Some((_, child)) = self.group(token) else {
            return usize::MAX;
        };
        let siblings = std::iter::once(child).chain(self.tree.next_siblings(child));
        for (index, sibling) in siblings.enumerate() {
            let range = self.tree.range(sibling);
            if self.tree.bytes(sibling) == b";" {
                return range.end;
            }
            if index == SIBLINGS {
                return range.start;
            }
        }
        usize::MAX
    }

    /// For each comment that stands alone, the line of the code directly below.
    fn find_targets(&self, comments: &mut [Allowance]) {
        for index in (0..comments.len()).rev() {
            if !comments[index].is_alone {
                continue;
            }
            let last = self.last_line(comments[index].node);
            let next = comments.get(index + 1);
            let next = next.filter(|next| next.after == comments[index].after && next.is_alone);
            let (line, target) = match (next, comments[index].after) {
                (Some(next), _) => (next.line, next.target),
                (None, Some(code)) => {
                    let line = self.source.line(self.tree.range(code).start);
                    (line, Some(line))
                }
                (None, None) => (last, None),
            };
            let is_next_to = last < line && self.is_unbroken(last, line);
            comments[index].target = target.filter(|_| is_next_to);
        }
    }

    fn last_line(&self, node: Node) -> usize {
        let range = self.tree.range(node);
        self.source
            .line(range.end.saturating_sub(1).max(range.start))
    }

    /// Whether no blank line stands between two lines.
    fn is_unbroken(&self, from: usize, to: usize) -> bool {
        (from + 1..to).all(|line| !self.is_blank(self.source.line_range(line)))
    }
}
