//! `codex explain RULE FILE:LINE`: why the rule finds what it finds there, or what keeps it from finding anything.
//!
//! What kind of rule it is decides how it is asked. Deliberately absent: how a matcher answers ([`crate::matcher`]).

use std::collections::BTreeSet;

use crate::candidate::Candidate;
use crate::config::Config;
use crate::finding::Certainty;
use crate::language::{FileFacts, Place, Workspace};
use crate::matcher::{Captures, Node, RuleMatcher, Step, Tree};
use crate::problem::Failure;
use crate::rule::{Decision, Rule};
use crate::scan::Scanner;

use super::{Opened, history, shown};

/// Nodes that are shown when none matches.
const MOST_NODES: usize = 3;

/// Nodes that are tried for that.
const MOST_TRIED: usize = 1000;

/// Explains a rule, of which there is one for each language, at a place.
pub(super) fn text(rules: Vec<Rule>, config: &Config, opened: &Opened) -> Result<String, Failure> {
    let Opened {
        path,
        line,
        source,
        language,
        ..
    } = opened;
    let Some(id) = rules.first().map(|rule| rule.id.clone()) else {
        return Err(Failure::new("there is no rule to explain"));
    };
    let mut text = format!("{id} at {}:{line}\n\n", path.text());
    let languages: Vec<&str> = rules
        .iter()
        .map(|rule| {
            rule.language()
                .map_or("a reviewer's", |language| language.name)
        })
        .collect();
    let is_of = |rule: &Rule| rule.language().is_none_or(|of| of == *language);
    let Some(rule) = rules.into_iter().find(is_of) else {
        let known = languages.join(", ");
        return Ok(text
            + &format!(
                "not asked: the file is {}, the rule is {known}\n",
                language.name
            ));
    };
    if let Some(why) = left_out(&rule, config, opened) {
        return Ok(text + &format!("not asked: {why}\n"));
    }
    if source.line_range(*line).start >= source.bytes().len() {
        let last = source.line(source.bytes().len().saturating_sub(1));
        return Err(Failure::new(format!("{} has {last} lines", path.text())));
    }
    let grammar = (language.grammar)();
    let Some(tree) = Tree::parse(source.bytes(), &grammar) else {
        return Err(Failure::new(format!("{} cannot be parsed", path.text())));
    };
    let workspace = Workspace::new(&opened.snapshot);
    let asked = Asked {
        opened,
        tree: &tree,
        grammar: &grammar,
        workspace: &workspace,
    };
    text.push_str(&asked.syntax_errors());
    let scanner = Scanner::new(std::slice::from_ref(&rule), true);
    let scan = scanner.scan(&workspace, std::slice::from_ref(path));
    let found: Vec<&Candidate<'_>> = scan
        .candidates
        .iter()
        .filter(|candidate| {
            candidate.focus.start.line == *line || candidate.range.start.line == *line
        })
        .collect();
    text.push_str(&match &rule.decision {
        Decision::Match(_, matcher) => asked.matcher(&rule, matcher, &found),
        Decision::Analysis(_, analysis) => {
            let gap = if found.is_empty() { "" } else { "\n" };
            let history = history::text(analysis, &tree, source, &path.text(), *line);
            findings(&found) + gap + &history
        }
        Decision::Review(review) => {
            format!(
                "a reviewer decides: it is broken when {}\n",
                review.violation_when
            )
        }
        Decision::Suppression(..) => String::new(),
    });
    Ok(text)
}

/// Why the rule does not look at the file at all.
fn left_out(rule: &Rule, config: &Config, opened: &Opened) -> Option<String> {
    let path = &opened.path;
    let inner = config.folder.canonicalize().ok();
    let inner = inner.and_then(|folder| {
        let whole = opened.root.join(path.to_path());
        whole
            .strip_prefix(folder)
            .map(std::path::Path::to_path_buf)
            .ok()
    });
    if inner.is_some_and(|inner| config.exclude.is_match(inner)) {
        return Some("`exclude` in codex.toml names the file".to_owned());
    }
    rule.left_out(path).map(str::to_owned)
}

struct Asked<'a> {
    opened: &'a Opened,
    tree: &'a Tree<'a>,
    grammar: &'a tree_sitter::Language,
    workspace: &'a Workspace<'a>,
}

impl Asked<'_> {
    fn matcher(&self, rule: &Rule, matcher: &RuleMatcher, found: &[&Candidate<'_>]) -> String {
        let source = &self.opened.source;
        let line = self.opened.line;
        let is_here = |node: &Node| {
            let at = |node: Node| source.line(self.tree.range(node).start);
            at(*node) == line || at(self.opened.language.called_name(self.tree, *node)) == line
        };
        let kinds = matcher.kinds();
        let has_kind = |node: &Node| {
            let kind = self.tree.kind(*node);
            kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
        };
        let here: Vec<Node> = self
            .tree
            .subtree(self.tree.root())
            .filter(is_here)
            .collect();
        let possible: Vec<Node> = here.iter().copied().filter(has_kind).collect();
        let mut matching: Vec<Node> = possible.clone();
        matching.retain(|node| matcher.find(self.tree, *node).is_some());
        let mut text = String::new();
        for node in &matching {
            let (step, captures) = matcher.explain(self.tree, *node, self.grammar);
            text.push_str(&format!("{} matches\n", self.place(*node)));
            text.push_str(&self.steps(&step, 1));
            text.push_str(&self.captures(&captures));
            text.push_str(&self.facts(rule, *node, &captures));
        }
        let on_tokens = found.iter().filter(|candidate| {
            let bytes = candidate.range.start.byte..candidate.range.end.byte;
            !matching.iter().any(|node| self.tree.range(*node) == bytes)
        });
        for candidate in on_tokens {
            let range = candidate.range.start.byte..candidate.range.end.byte;
            let code = crate::language::short(&source.text(range).replace('\n', " "));
            let start = candidate.range.start;
            text.push_str(&format!(
                "{}:{} `{code}` matches on its tokens: there is no tree of it\n",
                start.line, start.column
            ));
        }
        text.push_str(&findings(found));
        if text.is_empty() {
            text = self.nearest(matcher, &here, &possible);
        }
        text
    }

    /// The nodes that come nearest to a match.
    fn nearest(&self, matcher: &RuleMatcher, here: &[Node], possible: &[Node]) -> String {
        let line = self.opened.line;
        if possible.is_empty() {
            let name = |kind: u16| self.grammar.node_kind_for_id(kind).unwrap_or("ERROR");
            let wanted: BTreeSet<&str> = matcher.kinds().into_iter().flatten().map(name).collect();
            let wanted: Vec<&str> = wanted.into_iter().collect();
            let there: BTreeSet<&str> = here
                .iter()
                .filter(|node| self.tree.is_named(**node))
                .map(|node| name(self.tree.kind(*node)))
                .collect();
            let there: Vec<&str> = there.into_iter().collect();
            return format!(
                "no match: nothing on line {line} is a {}; there {}\n",
                wanted.join(" or a "),
                match there.is_empty() {
                    true => "is no code".to_owned(),
                    false => format!("are: {}", there.join(", ")),
                }
            );
        }
        let explain = |node: &Node| (*node, matcher.explain(self.tree, *node, self.grammar).0);
        let mut steps: Vec<(Node, Step)> = possible.iter().take(MOST_TRIED).map(explain).collect();
        steps.sort_by_key(|(_, step)| std::cmp::Reverse(holding(step)));
        let mut text = String::new();
        for (node, step) in steps.iter().take(MOST_NODES) {
            text.push_str(&format!("{} does not match\n", self.place(*node)));
            text.push_str(&self.steps(step, 1));
        }
        if possible.len() > MOST_NODES {
            let others = possible.len() - MOST_NODES;
            text.push_str(&format!("and {others} others on this line\n"));
        }
        text
    }

    /// Where a node stands, what it is, and its code.
    fn place(&self, node: Node) -> String {
        let source = &self.opened.source;
        let range = self.tree.range(node);
        let start = source.position(range.start);
        let kind = self.grammar.node_kind_for_id(self.tree.kind(node));
        let code = crate::language::short(&source.text(range).replace('\n', " "));
        let kind = kind.unwrap_or("ERROR");
        format!("{}:{} {kind} `{code}`", start.line, start.column)
    }

    fn steps(&self, step: &Step, depth: usize) -> String {
        let word = if step.holds { "yes" } else { "no " };
        let what = step.what.replace('\n', " ");
        let mut text = format!("{}{word} {what}", "  ".repeat(depth));
        if let Some(why) = &step.why {
            text.push_str(&format!(": {} ({why})", self.place(step.node)));
        } else if step.inner.is_empty() || depth > 1 {
            text.push_str(&format!(": {}", self.place(step.node)));
        }
        text.push('\n');
        for inner in &step.inner {
            text.push_str(&self.steps(inner, depth + 1));
        }
        text
    }

    fn captures(&self, captures: &Captures) -> String {
        let names: BTreeSet<&str> = captures.names().collect();
        let line = |name: &&str| {
            let value = match (captures.get(name), captures.range(self.tree, name)) {
                (Some(node), _) => self.place(node),
                (None, Some(bytes)) => {
                    let code = self.opened.source.text(bytes).replace('\n', " ");
                    format!("`{}`", crate::language::short(&code))
                }
                (None, None) => "nothing".to_owned(),
            };
            format!("  ${name} = {value}\n")
        };
        names.iter().map(line).collect()
    }

    /// What takes a match away, or makes it a question.
    fn facts(&self, rule: &Rule, node: Node, captures: &Captures) -> String {
        let known = FileFacts::default();
        let place = Place {
            source: &self.opened.source,
            tree: self.tree,
            workspace: self.workspace,
            node,
            file: &known,
        };
        let mut text = String::new();
        for fact in &rule.except {
            if let Some(cause) = (fact.holds)(&place) {
                text.push_str(&format!(
                    "  taken away by `except: {}`: {}\n",
                    fact.name,
                    shown(&cause)
                ));
            }
        }
        for (fact, ask) in &rule.ambiguous_in {
            if let Some(cause) = (fact.holds)(&place) {
                let ask = ask.as_deref().unwrap_or(fact.ask);
                text.push_str(&format!(
                    "  a question, for {}: {}: {ask}\n",
                    fact.name,
                    shown(&cause)
                ));
            }
        }
        for when in &rule.ambiguous_when {
            let effort = &mut crate::matcher::Effort::default();
            let captures = captures.clone();
            if when
                .matcher
                .find_with(self.tree, node, captures, effort)
                .is_some()
            {
                text.push_str(&format!("  a question, for {}: {}\n", when.id, when.ask));
            }
        }
        text
    }

    /// What of the line could not be read as code.
    fn syntax_errors(&self) -> String {
        let line = self.opened.source.line_range(self.opened.line);
        let is_error = |node: &Node| {
            let range = self.tree.range(*node);
            let touches = range.start <= line.end && line.start <= range.end;
            touches
                && (self.tree.kind(*node) == crate::matcher::ERROR_KIND
                    || self.tree.is_missing(*node))
        };
        let errors = self.tree.subtree(self.tree.root()).filter(is_error);
        errors
            .take(MOST_NODES)
            .map(|node| format!("syntax error: {}\n", self.place(node)))
            .collect()
    }
}

/// How many conditions hold, at whatever depth.
fn holding(step: &Step) -> usize {
    usize::from(step.holds) + step.inner.iter().map(holding).sum::<usize>()
}

/// What became of the matches.
fn findings(found: &[&Candidate<'_>]) -> String {
    let mut text = String::new();
    for candidate in found {
        let start = candidate.focus.start;
        let what = match (&candidate.suppressed, candidate.certainty) {
            (Some(exception), _) => format!(
                "an exception on line {} covers it: {}",
                exception.line, exception.reason
            ),
            (None, Certainty::Violation) => "a violation".to_owned(),
            (None, Certainty::Ambiguous) => format!(
                "a question: {}",
                candidate.ask.as_deref().unwrap_or_default()
            ),
        };
        text.push_str(&format!(
            "finding at {}:{}: {what}\n",
            start.line, start.column
        ));
        for label in &candidate.labels {
            let place = label.range.start;
            text.push_str(&format!(
                "  {}:{}: {}\n",
                place.line, place.column, label.text
            ));
        }
    }
    text
}
