//! Whether a check stands right before a call: around it as a condition, or before it as an early return.
//!
//! It compares texts: the check must be about the same expression, and nothing between may assign to it. What is
//! between is looked at as far as "right before" goes. Deliberately absent: the flow of values.

mod bare;
mod condition;
mod kin;
mod length;
mod subject;
mod words;

use condition::{asserted, plain};
use subject::Subject;

use super::receiver::Receiver;
use super::syntax;
use crate::matcher::{Node, Tree};

/// How far is looked: nodes outward, statements backward, and nodes of one statement.
const OUTWARD: usize = 64;
const BACKWARD: usize = 32;
const INWARD: usize = 400;

/// The check that stands right before the call on this receiver.
pub(super) fn check_before(tree: &Tree<'_>, receiver: &Receiver<'_>, call: Node) -> Option<Node> {
    let subject = Subject::of(receiver)?;
    let mut inside = call;
    let mut loops = Vec::new();
    for outer in tree.ancestors(call).take(OUTWARD) {
        let kind = syntax::kind(tree, outer);
        let found = match kind {
            "binary_expression" => operand(tree, &subject, outer, inside).into(),
            "let_chain" => links(
                tree,
                &subject,
                syntax::statements_before(tree, inside).take(BACKWARD),
            ),
            "if_expression" | "while_expression" | "loop_expression" | "for_expression" => {
                branch(tree, &subject, outer, inside)
            }
            "match_arm" => arm(tree, &subject, outer, inside),
            "call_expression" => then(tree, &subject, outer, inside).into(),
            "closure_expression" => {
                binding(tree, &subject, syntax::child(tree, outer, "parameters"))
            }
            "block" => statement(tree, &subject, inside),
            "token_tree" => bare::before(tree, &subject, inside),
            "function_item" | "impl_item" | "mod_item" | "const_item" | "static_item" => {
                return None;
            }
            _ => Before::Nothing,
        };
        match found {
            Before::Check(check) => {
                // What a loop changes at its end is changed before it begins again.
                let is_kept = |body: &Node| !subject.is_assigned_in(tree, *body);
                return loops.iter().all(is_kept).then_some(check);
            }
            Before::Change => return None,
            Before::Nothing => {}
        }
        let is_loop = matches!(
            kind,
            "while_expression" | "loop_expression" | "for_expression"
        );
        if is_loop && syntax::child(tree, outer, "body") == Some(inside) {
            loops.push(inside);
        }
        inside = outer;
    }
    None
}

/// What was found on the way outward.
enum Before {
    Check(Node),
    Change,
    Nothing,
}

impl From<Option<Node>> for Before {
    fn from(check: Option<Node>) -> Self {
        check.map_or(Self::Nothing, Self::Check)
    }
}

/// What a pattern says whose names hold inside: nothing, unless they hide what is checked.
fn binding(tree: &Tree<'_>, subject: &Subject, pattern: Option<Node>) -> Before {
    if pattern.is_some_and(|pattern| subject.is_bound_by(tree, pattern)) {
        return Before::Change;
    }
    Before::Nothing
}

/// `x.is_some() && x.unwrap()`, `x.is_none() || x.unwrap()`
fn operand(tree: &Tree<'_>, subject: &Subject, outer: Node, inside: Node) -> Option<Node> {
    let left = syntax::child(tree, outer, "left").filter(|left| *left != inside)?;
    let operator = tree.bytes(syntax::child(tree, outer, "operator")?);
    let text = plain(tree, left);
    let shows = match operator {
        b"&&" => subject.is_shown_by(&text),
        b"||" => subject.is_denied_by(&text),
        _ => false,
    };
    shows.then_some(left)
}

/// `let Some(_) = x && x.unwrap()`: the links of a chain, the last one first.
fn links(tree: &Tree<'_>, subject: &Subject, mut links: impl Iterator<Item = Node>) -> Before {
    let pattern_of = |node: Node| {
        let is_let = syntax::kind(tree, node) == "let_condition";
        syntax::child(tree, node, "pattern").filter(|_| is_let)
    };
    let found = links.find_map(|link| {
        let hides = tree
            .subtree(link)
            .take(INWARD)
            .any(|node| pattern_of(node).is_some_and(|pattern| subject.is_bound_by(tree, pattern)));
        if hides {
            return Some(Before::Change);
        }
        let shows = subject.is_shown_by(&plain(tree, link));
        shows.then_some(Before::Check(link))
    });
    found.unwrap_or(Before::Nothing)
}

/// `x.is_some().then(|| x.unwrap())`
fn then(tree: &Tree<'_>, subject: &Subject, outer: Node, inside: Node) -> Option<Node> {
    let function = syntax::child(tree, outer, "function").filter(|it| *it != inside)?;
    let method = syntax::child(tree, function, "field")?;
    let closure = tree.named_children(inside).next()?;
    if tree.bytes(method) != b"then" || syntax::kind(tree, closure) != "closure_expression" {
        return None;
    }
    let condition = syntax::child(tree, function, "value")?;
    let text = plain(tree, condition);
    let shows = subject.is_shown_by(&text);
    shows.then_some(condition)
}

/// The last child of a node that has any.
fn last_child(tree: &Tree<'_>, node: Node) -> Node {
    let mut last = tree.end(node).saturating_sub(1).max(node);
    while let Some(parent) = tree.parent(last).filter(|_| last > node)
        && parent != node
    {
        last = parent;
    }
    last
}

/// What the head of a branch or a loop says about its blocks.
fn branch(tree: &Tree<'_>, subject: &Subject, outer: Node, inside: Node) -> Before {
    let condition = syntax::child(tree, outer, "condition");
    let is_in = |field: &str| syntax::child(tree, outer, field) == Some(inside);
    if is_in("alternative") {
        let denies = |condition: &Node| subject.is_denied_by(&plain(tree, *condition));
        return condition.filter(denies).into();
    }
    if !is_in("body") && !is_in("consequence") {
        return Before::Nothing;
    }
    let is_chain = |node: &Node| syntax::kind(tree, *node) == "let_chain";
    let last = condition.map(|condition| match condition {
        chain if is_chain(&chain) => last_child(tree, chain),
        one => one,
    });
    let earlier = last
        .filter(|last| Some(*last) != condition)
        .into_iter()
        .flat_map(|last| syntax::statements_before(tree, last));
    let parts = last.into_iter().chain(earlier).take(BACKWARD);
    let pattern = syntax::child(tree, outer, "pattern");
    match links(tree, subject, parts) {
        Before::Nothing => {}
        found => return found,
    }
    binding(tree, subject, pattern)
}

/// `Some(_) => x.unwrap()`, `_ if x.is_some() => x.unwrap()`, `true => x.unwrap()` in a match on `x.is_some()`
fn arm(tree: &Tree<'_>, subject: &Subject, outer: Node, inside: Node) -> Before {
    let Some(pattern) = syntax::child(tree, outer, "pattern").filter(|it| *it != inside) else {
        return Before::Nothing;
    };
    if let Some(condition) = syntax::child(tree, pattern, "condition")
        && subject.is_shown_by(&plain(tree, condition))
    {
        return Before::Check(condition);
    }
    if subject.is_bound_by(tree, pattern) {
        return Before::Change;
    }
    let whole = tree.parent(outer).and_then(|body| tree.parent(body));
    let Some(value) = whole.and_then(|whole| syntax::child(tree, whole, "value")) else {
        return Before::Nothing;
    };
    let value = plain(tree, value);
    let pattern_text = plain(tree, pattern);
    let says_so = match pattern_text.as_slice() {
        b"true" => subject.is_shown_by(&value),
        b"false" => subject.is_denied_by(&value),
        _ => {
            let written = [b"let ", pattern_text.as_slice(), b"=", value.as_slice()].concat();
            subject.is_matched_by(&written)
        }
    };
    says_so.then_some(pattern).into()
}

/// What the statements before one say.
fn statement(tree: &Tree<'_>, subject: &Subject, inside: Node) -> Before {
    for statement in syntax::statements_before(tree, inside).take(BACKWARD) {
        if is_check(tree, subject, statement) {
            return Before::Check(statement);
        }
        if subject.is_changed_in(tree, statement) {
            return Before::Change;
        }
    }
    Before::Nothing
}

/// `if x.is_none() { return; }`, `let Some(_) = x else { return };`, `match x { None => return, _ => {} }`,
/// `assert!(x.is_some());`
fn is_check(tree: &Tree<'_>, subject: &Subject, statement: Node) -> bool {
    let mut node = statement;
    if syntax::kind(tree, node) == "expression_statement" {
        let Some(inner) = tree.named_children(node).next() else {
            return false;
        };
        node = inner;
    }
    match syntax::kind(tree, node) {
        "if_expression" => {
            let (Some(condition), Some(consequence)) = (
                syntax::child(tree, node, "condition"),
                syntax::child(tree, node, "consequence"),
            ) else {
                return false;
            };
            let text = plain(tree, condition);
            if diverges(tree, consequence) {
                return subject.is_denied_by(&text);
            }
            let alternative = syntax::child(tree, node, "alternative");
            let block = alternative.and_then(|clause| tree.named_children(clause).last());
            block.is_some_and(|block| diverges(tree, block))
                && subject.is_shown_by(&text)
                && !subject.is_changed_in(tree, consequence)
        }
        "match_expression" => goes_on_with_value(tree, subject, node),
        "let_declaration" => {
            let (Some(pattern), Some(value)) = (
                syntax::child(tree, node, "pattern"),
                syntax::child(tree, node, "value"),
            ) else {
                return false;
            };
            if syntax::child(tree, node, "alternative").is_none() {
                return subject.is_passed_on_in(&plain(tree, value))
                    && !subject.is_changed_in(tree, node);
            }
            let written = [
                b"let ",
                plain(tree, pattern).as_slice(),
                b"=",
                plain(tree, value).as_slice(),
            ]
            .concat();
            subject.is_matched_by(&written) && !subject.is_changed_in(tree, node)
        }
        "macro_invocation" => {
            asserted(&plain(tree, node)).is_some_and(|it| subject.is_shown_by(&it))
        }
        // It ends when the condition no longer holds.
        "while_expression" => {
            let is_left = |node: Node| syntax::kind(tree, node) == "break_expression";
            let condition = syntax::child(tree, node, "condition");
            condition.is_some_and(|it| subject.is_denied_by(&plain(tree, it)))
                && tree.subtree(node).len() < INWARD
                && !tree.subtree(node).any(is_left)
        }
        "try_expression" => subject.is_passed_on_in(&plain(tree, node)),
        _ => false,
    }
}

/// `match x { None => return, _ => {} }`: whether all arms for what has no value go away.
fn goes_on_with_value(tree: &Tree<'_>, subject: &Subject, node: Node) -> bool {
    let (Some(value), Some(body)) = (
        syntax::child(tree, node, "value"),
        syntax::child(tree, node, "body"),
    ) else {
        return false;
    };
    let value = plain(tree, value);
    let is_arm = |node: &Node| syntax::kind(tree, *node) == "match_arm";
    for arm in tree.named_children(body).filter(is_arm) {
        let (Some(pattern), Some(then)) = (
            syntax::child(tree, arm, "pattern"),
            syntax::child(tree, arm, "value"),
        ) else {
            return false;
        };
        let goes = match syntax::kind(tree, then) {
            "block" => diverges(tree, then),
            _ => leaves(&plain(tree, then)),
        };
        let written = [b"let ", plain(tree, pattern).as_slice(), b"=", &value].concat();
        if !goes && !subject.is_matched_by(&written) {
            return false;
        }
        let always = syntax::child(tree, pattern, "condition").is_none();
        if goes && always && subject.is_denied_by(&written) {
            // Later arms are for what has a value.
            return !subject.is_changed_in(tree, node);
        }
    }
    false
}

/// Whether a block never ends at its end.
fn diverges(tree: &Tree<'_>, block: Node) -> bool {
    let mut open = vec![block];
    while let Some(block) = open.pop() {
        let statements = tree.named_children(block);
        let Some(mut last) = statements.filter(|node| !tree.is_extra(*node)).last() else {
            return false;
        };
        if syntax::kind(tree, last) == "expression_statement" {
            last = tree.named_children(last).next().unwrap_or(last);
        }
        if syntax::kind(tree, last) == "if_expression" {
            let alternative = syntax::child(tree, last, "alternative");
            let (Some(then), Some(alternative)) =
                (syntax::child(tree, last, "consequence"), alternative)
            else {
                return false;
            };
            // The clause of `else if` holds an `if` as a block holds its last statement.
            let otherwise = tree.named_children(alternative).last();
            let is_block = |node: &Node| syntax::kind(tree, *node) == "block";
            open.extend([then, otherwise.filter(is_block).unwrap_or(alternative)]);
        } else if !leaves(&plain(tree, last)) {
            return false;
        }
    }
    true
}

/// Whether a statement goes away.
fn leaves(text: &[u8]) -> bool {
    [
        b"return".as_slice(),
        b"break",
        b"continue",
        b"panic!",
        b"bail!",
        b"anyhow::bail!",
        b"unreachable!",
        b"todo!",
        b"unimplemented!",
        b"std::process::exit(",
        b"process::exit(",
        b"exit(",
        b"std::process::abort(",
    ]
    .iter()
    .any(|start| text.starts_with(start))
        || is_error_passed_on(text)
}

/// `Err(..)?`
fn is_error_passed_on(text: &[u8]) -> bool {
    let Some(inner) = text.strip_prefix(b"Err(") else {
        return false;
    };
    let mut depth = 1_usize;
    let close = inner.iter().position(|byte| {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    close.is_some_and(|close| &inner[close + 1..] == b"?")
}
