//! Whether a check stands right before a call: around it as a condition, or before it as an early return.
//!
//! It compares texts: the check must be about the same expression, and nothing between may assign to it. What is
//! between is looked at as far as "right before" goes. Deliberately absent: the flow of values.

mod bare;
mod condition;
mod subject;

use condition::{conjuncts, disjuncts, first_argument, plain};
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
    for outer in tree.ancestors(call).take(OUTWARD) {
        let kind = syntax::kind(tree, outer);
        let found = match kind {
            "binary_expression" => operand(tree, &subject, outer, inside),
            "let_chain" => earlier_link(tree, &subject, inside),
            "if_expression" | "while_expression" => branch(tree, &subject, outer, inside),
            "match_arm" => arm(tree, &subject, outer, inside),
            "call_expression" => then(tree, &subject, outer, inside),
            "block" | "token_tree" => {
                let before = match kind {
                    "block" => statement(tree, &subject, inside),
                    _ => bare::before(tree, &subject, inside),
                };
                match before {
                    Before::Check(check) => Some(check),
                    Before::Change => return None,
                    Before::Nothing => None,
                }
            }
            "function_item" | "impl_item" | "mod_item" | "const_item" | "static_item" => {
                return None;
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        inside = outer;
    }
    None
}

/// `x.is_some() && x.unwrap()`, `x.is_none() || x.unwrap()`
fn operand(tree: &Tree<'_>, subject: &Subject, outer: Node, inside: Node) -> Option<Node> {
    let left = syntax::child(tree, outer, "left").filter(|left| *left != inside)?;
    let operator = tree.bytes(syntax::child(tree, outer, "operator")?);
    let text = plain(tree, left);
    let shows = match operator {
        b"&&" => conjuncts(&text).any(|part| subject.is_shown_by(part)),
        b"||" => disjuncts(&text).any(|part| subject.is_denied_by(part)),
        _ => false,
    };
    shows.then_some(left)
}

/// `let Some(_) = x && x.unwrap()`
fn earlier_link(tree: &Tree<'_>, subject: &Subject, inside: Node) -> Option<Node> {
    syntax::statements_before(tree, inside)
        .take(BACKWARD)
        .find(|link| subject.is_shown_by(&plain(tree, *link)))
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
    let shows = conjuncts(&text).any(|part| subject.is_shown_by(part));
    shows.then_some(condition)
}

fn branch(tree: &Tree<'_>, subject: &Subject, outer: Node, inside: Node) -> Option<Node> {
    let condition = syntax::child(tree, outer, "condition")?;
    let text = plain(tree, condition);
    let is_in = |field: &str| syntax::child(tree, outer, field) == Some(inside);
    let shows = if is_in("consequence") || is_in("body") {
        conjuncts(&text).any(|part| subject.is_shown_by(part))
    } else if is_in("alternative") {
        disjuncts(&text).any(|part| subject.is_denied_by(part))
    } else {
        false
    };
    shows.then_some(condition)
}

/// `Some(_) => x.unwrap()`, `_ if x.is_some() => x.unwrap()`, `true => x.unwrap()` in a match on `x.is_some()`
fn arm(tree: &Tree<'_>, subject: &Subject, outer: Node, inside: Node) -> Option<Node> {
    let pattern = syntax::child(tree, outer, "pattern")?;
    if pattern == inside {
        return None;
    }
    if let Some(condition) = syntax::child(tree, pattern, "condition")
        && conjuncts(&plain(tree, condition)).any(|part| subject.is_shown_by(part))
    {
        return Some(condition);
    }
    let whole = tree.parent(tree.parent(outer)?)?;
    let value = plain(tree, syntax::child(tree, whole, "value")?);
    let pattern_text = plain(tree, pattern);
    let says_so = match pattern_text.as_slice() {
        b"true" => subject.is_shown_by(&value),
        b"false" => subject.is_denied_by(&value),
        _ => false,
    };
    if says_so {
        return Some(pattern);
    }
    let written = [b"let ", pattern_text.as_slice(), b"=", value.as_slice()].concat();
    subject.is_matched_by(&written).then_some(pattern)
}

enum Before {
    Check(Node),
    Change,
    Nothing,
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
                return disjuncts(&text).any(|part| subject.is_denied_by(part));
            }
            let alternative = syntax::child(tree, node, "alternative");
            let block = alternative.and_then(|clause| tree.named_children(clause).last());
            block.is_some_and(|block| diverges(tree, block))
                && conjuncts(&text).any(|part| subject.is_shown_by(part))
                && !subject.is_changed_in(tree, consequence)
        }
        "match_expression" => goes_on_with_value(tree, subject, node),
        "let_declaration" => {
            let (Some(pattern), Some(value), Some(_)) = (
                syntax::child(tree, node, "pattern"),
                syntax::child(tree, node, "value"),
                syntax::child(tree, node, "alternative"),
            ) else {
                return false;
            };
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
            let text = plain(tree, node);
            let condition = text
                .strip_prefix(b"assert!(")
                .or_else(|| text.strip_prefix(b"debug_assert!("));
            let ensured = text
                .strip_prefix(b"ensure!(")
                .or_else(|| text.strip_prefix(b"anyhow::ensure!("));
            condition.or(ensured).is_some_and(|rest| {
                let rest = rest.strip_suffix(b")").unwrap_or(rest);
                conjuncts(first_argument(rest)).any(|part| subject.is_shown_by(part))
            })
        }
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
}
