//! Whether a check stands right before a call: around it as a condition, or before it as an early return.
//!
//! It compares texts: the check must be about the same expression, and nothing between may assign to it. What is
//! between is looked at as far as "right before" goes. Deliberately absent: the flow of values.

use super::receiver::{Receiver, Root, Step};
use super::syntax;
use crate::matcher::{Node, Tree};

/// How far is looked: nodes outward, statements backward, and nodes of one statement.
const OUTWARD: usize = 64;
const BACKWARD: usize = 32;
const INWARD: usize = 400;

/// What is checked.
struct Subject {
    /// The expression whose value is unwrapped.
    value: Vec<u8>,
    /// The collection that it comes from, and what it is asked for.
    collection: Option<(Vec<u8>, Vec<u8>)>,
    /// The variable that it begins with.
    variable: Vec<u8>,
}

/// Methods between the place and the call that change nothing about whether there is a value.
const PASSING: [&[u8]; 9] = [
    b"as_ref",
    b"as_mut",
    b"as_deref",
    b"as_deref_mut",
    b"clone",
    b"copied",
    b"cloned",
    b"take",
    b"to_owned",
];

/// Methods that a check may be about because they answer the same the next time.
const STEADY: [&[u8]; 16] = [
    b"get",
    b"get_mut",
    b"first",
    b"first_mut",
    b"last",
    b"last_mut",
    b"peek",
    b"front",
    b"back",
    b"as_ref",
    b"parent",
    b"file_name",
    b"extension",
    b"file_stem",
    b"to_str",
    b"borrow",
];

/// Methods of a collection that have a value when it is not empty.
const OF_NONEMPTY: [&[u8]; 15] = [
    b"first",
    b"first_mut",
    b"last",
    b"last_mut",
    b"pop",
    b"pop_front",
    b"pop_back",
    b"front",
    b"back",
    b"max",
    b"min",
    b"next",
    b"pop_first",
    b"pop_last",
    b"peek",
];

impl Subject {
    fn of(receiver: &Receiver<'_>) -> Option<Self> {
        let Root::Path(path, None) = &receiver.root else {
            return None;
        };
        let [variable] = path.as_slice() else {
            return None;
        };
        let mut steps: Vec<&Step<'_>> = receiver.steps.iter().rev().collect();
        while let Some(Step::Method(name, arguments)) = steps.last()
            && PASSING.contains(name)
            && arguments.is_empty()
        {
            steps.pop();
        }
        let collection = match steps.split_last() {
            Some((Step::Method(b"get" | b"get_mut" | b"remove", arguments), before))
                if !arguments.is_empty() =>
            {
                text(variable, before).map(|text| (text, arguments.text()))
            }
            Some((Step::Method(name, arguments), before))
                if OF_NONEMPTY.contains(name) && arguments.is_empty() =>
            {
                let before = match before {
                    [
                        before @ ..,
                        Step::Method(b"iter" | b"iter_mut" | b"into_iter" | b"chars", _),
                    ] => before,
                    _ => before,
                };
                text(variable, before).map(|text| (text, Vec::new()))
            }
            _ => None,
        };
        let value = text(variable, &steps).or_else(|| collection.is_some().then(Vec::new))?;
        Some(Self {
            value,
            collection,
            variable: variable.to_vec(),
        })
    }

    /// Whether a condition says that there is a value.
    fn is_shown_by(&self, condition: &[u8]) -> bool {
        let condition = stripped(condition);
        if let Some(opposite) = condition.strip_prefix(b"!") {
            return self.is_denied_by(opposite);
        }
        let about = |text: &[u8], ends: &[&[u8]]| {
            !text.is_empty()
                && condition
                    .strip_prefix(text)
                    .is_some_and(|rest| ends.iter().any(|end| rest.starts_with(end)))
        };
        if about(
            &self.value,
            &[
                b".is_some()",
                b".is_ok()",
                b".is_some_and(",
                b".is_ok_and(",
                b"!=None",
            ],
        ) {
            return true;
        }
        if self.is_matched_by(condition) {
            return true;
        }
        self.collection.as_ref().is_some_and(|(collection, key)| {
            if key.is_empty() {
                about(
                    collection,
                    &[
                        b".len()>0",
                        b".len()>=1",
                        b".len()!=0",
                        b".len()==1",
                        b".len()>1",
                    ],
                )
            } else {
                let asked = [b".contains_key(", key.as_slice(), b")"].concat();
                about(collection, &[&asked])
            }
        })
    }

    /// `let Some(_) = value`, `matches!(value, Some(_))`
    fn is_matched_by(&self, condition: &[u8]) -> bool {
        if self.value.is_empty() {
            return false;
        }
        let is_value = |text: &[u8]| {
            let text = text.strip_prefix(b"&").unwrap_or(text);
            let text = text.strip_prefix(b"mut ").unwrap_or(text);
            let rest = text.strip_prefix(self.value.as_slice());
            rest.is_some_and(|rest| {
                rest.is_empty()
                    || rest == b".as_ref()"
                    || rest == b".as_mut()"
                    || rest == b".as_deref()"
            })
        };
        if let Some(rest) = condition.strip_prefix(b"let ") {
            let is_pattern = rest.starts_with(b"Some(") || rest.starts_with(b"Ok(");
            let value = rest.iter().position(|byte| *byte == b'=');
            return is_pattern && value.is_some_and(|at| is_value(&rest[at + 1..]));
        }
        let Some(inner) = condition.strip_prefix(b"matches!(") else {
            return false;
        };
        let Some(comma) = inner.iter().position(|byte| *byte == b',') else {
            return false;
        };
        let pattern = &inner[comma + 1..];
        is_value(&inner[..comma]) && (pattern.starts_with(b"Some(") || pattern.starts_with(b"Ok("))
    }

    /// Whether a condition says that there is no value.
    fn is_denied_by(&self, condition: &[u8]) -> bool {
        let condition = stripped(condition);
        if let Some(opposite) = condition.strip_prefix(b"!") {
            return self.is_shown_by(opposite);
        }
        let is = |text: &[u8], ends: &[&[u8]]| {
            !text.is_empty()
                && condition
                    .strip_prefix(text)
                    .is_some_and(|rest| ends.contains(&rest))
        };
        is(&self.value, &[b".is_none()", b".is_err()", b"==None"])
            || self.collection.as_ref().is_some_and(|(collection, key)| {
                key.is_empty() && is(collection, &[b".is_empty()", b".len()==0", b".len()<1"])
            })
    }

    /// Whether code may change whether there is a value.
    fn is_changed_in(&self, tree: &Tree<'_>, statement: Node) -> bool {
        let is_about = |node: Node| {
            let place = plain(tree, node);
            let place = place.strip_prefix(b"*").unwrap_or(&place);
            let of = |whole: &[u8]| {
                !whole.is_empty()
                    && (whole == place
                        || whole
                            .strip_prefix(place)
                            .is_some_and(|rest| rest.starts_with(b".") || rest.starts_with(b"[")))
            };
            of(&self.value)
                || self
                    .collection
                    .as_ref()
                    .is_some_and(|(collection, _)| of(collection))
        };
        tree.subtree(statement).take(INWARD).any(|node| {
            let left = match syntax::kind(tree, node) {
                "assignment_expression" | "compound_assignment_expr" => {
                    syntax::child(tree, node, "left")
                }
                "reference_expression" if tree.bytes(node).starts_with(b"&mut") => {
                    syntax::child(tree, node, "value")
                }
                "let_declaration" => {
                    let pattern = syntax::child(tree, node, "pattern");
                    return pattern.is_some_and(|pattern| {
                        tree.subtree(pattern).any(|inner| {
                            syntax::kind(tree, inner) == "identifier"
                                && syntax::plain_name(tree.bytes(inner)) == self.variable
                        })
                    });
                }
                "call_expression" => {
                    let function = syntax::child(tree, node, "function");
                    let field = function.and_then(|node| syntax::child(tree, node, "field"));
                    let changes = field.is_some_and(|field| {
                        CHANGING.contains(&syntax::plain_name(tree.bytes(field)))
                    });
                    function
                        .filter(|_| changes)
                        .and_then(|node| syntax::child(tree, node, "value"))
                }
                _ => None,
            };
            left.is_some_and(is_about)
        })
    }
}

/// Methods that may leave nothing behind, or something else.
const CHANGING: [&[u8]; 16] = [
    b"take",
    b"replace",
    b"insert",
    b"clear",
    b"pop",
    b"pop_front",
    b"pop_back",
    b"remove",
    b"drain",
    b"retain",
    b"truncate",
    b"swap_remove",
    b"push",
    b"take_if",
    b"pop_first",
    b"pop_last",
];

/// The check that stands right before the call on this receiver.
pub(super) fn check_before(tree: &Tree<'_>, receiver: &Receiver<'_>, call: Node) -> Option<Node> {
    let subject = Subject::of(receiver)?;
    let mut inside = call;
    for outer in tree.ancestors(call).take(OUTWARD) {
        let found = match syntax::kind(tree, outer) {
            "binary_expression" => operand(tree, &subject, outer, inside),
            "let_chain" => earlier_link(tree, &subject, inside),
            "if_expression" | "while_expression" => branch(tree, &subject, outer, inside),
            "match_arm" => arm(tree, &subject, outer, inside),
            "token_tree" => earlier_tokens(tree, &subject, outer, inside),
            "block" => match statement(tree, &subject, inside) {
                Before::Check(check) => Some(check),
                Before::Change => return None,
                Before::Nothing => None,
            },
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

/// `Some(_) => x.unwrap()`, `_ if x.is_some() => x.unwrap()`
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
    let written = [b"let ", pattern_text.as_slice(), b"=", value.as_slice()].concat();
    subject.is_matched_by(&written).then_some(pattern)
}

/// The same among the tokens of a macro.
fn earlier_tokens(tree: &Tree<'_>, subject: &Subject, outer: Node, inside: Node) -> Option<Node> {
    let mut text: Vec<&[u8]> = Vec::new();
    let mut first = None;
    for token in syntax::statements_before(tree, inside).take(BACKWARD * 4) {
        if matches!(tree.bytes(token), b"," | b";" | b"{" | b"=>")
            || tree.range(token).start <= tree.range(outer).start
        {
            break;
        }
        if !tree.is_extra(token) {
            text.push(tree.bytes(token));
            first = Some(token);
        }
    }
    text.reverse();
    let text = text.concat();
    let text: Vec<u8> = text
        .into_iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let (_, last_and) = text
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| *pair == b"&&")
        .fold((0, None), |_, (at, _)| (0, Some(at)));
    let before = &text[..last_and?];
    conjuncts(before)
        .any(|part| subject.is_shown_by(part))
        .then_some(first?)
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

/// `if x.is_none() { return; }`, `let Some(_) = x else { return };`, `assert!(x.is_some());`
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

/// Whether a block never ends at its end.
fn diverges(tree: &Tree<'_>, block: Node) -> bool {
    let Some(last) = tree.named_children(block).last() else {
        return false;
    };
    let text = plain(tree, last);
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

/// A node's tokens without what is between them, but for the spaces after `let` and `mut`.
fn plain(tree: &Tree<'_>, node: Node) -> Vec<u8> {
    let mut text = Vec::new();
    for token in tree.tokens(node).take(INWARD) {
        text.extend_from_slice(syntax::plain_name(token));
        if matches!(token, b"let" | b"mut") {
            text.push(b' ');
        }
    }
    text
}

fn text(variable: &[u8], steps: &[&Step<'_>]) -> Option<Vec<u8>> {
    let mut text = variable.to_vec();
    for step in steps {
        match step {
            Step::Field(name) => {
                text.push(b'.');
                text.extend_from_slice(name);
            }
            Step::Index(arguments) => {
                text.push(b'[');
                text.extend(arguments.text());
                text.push(b']');
            }
            Step::Method(name, arguments) if STEADY.contains(name) => {
                text.push(b'.');
                text.extend_from_slice(name);
                text.push(b'(');
                text.extend(arguments.text());
                text.push(b')');
            }
            _ => return None,
        }
    }
    Some(text)
}

impl super::receiver::Arguments<'_> {
    fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for token in &self.0 {
            text.extend_from_slice(token.bytes);
            if matches!(token.bytes, b"let" | b"mut") {
                text.push(b' ');
            }
        }
        text
    }
}

/// Without parentheses around the whole.
fn stripped(mut condition: &[u8]) -> &[u8] {
    while condition.first() == Some(&b'(') && condition.last() == Some(&b')') {
        let inner = &condition[1..condition.len() - 1];
        let mut depth = 0_isize;
        let closes_early = inner.iter().any(|byte| {
            depth += match byte {
                b'(' => 1,
                b')' => -1,
                _ => 0,
            };
            depth < 0
        });
        if closes_early {
            break;
        }
        condition = inner;
    }
    condition
}

fn conjuncts(condition: &[u8]) -> impl Iterator<Item = &[u8]> {
    parts(stripped(condition), b"&&", b"||")
}

fn disjuncts(condition: &[u8]) -> impl Iterator<Item = &[u8]> {
    parts(stripped(condition), b"||", b"&&")
}

/// The operands of an operator outside of brackets; none when the other operator stands there, too.
fn parts<'c>(
    condition: &'c [u8],
    operator: &[u8; 2],
    other: &[u8; 2],
) -> impl Iterator<Item = &'c [u8]> + use<'c> {
    let mut parts = Vec::new();
    let (mut depth, mut start, mut at) = (0_usize, 0, 0);
    while at < condition.len() {
        let pair = condition.get(at..at + 2);
        match condition[at] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ if depth == 0 && pair == Some(operator) => {
                parts.push(&condition[start..at]);
                start = at + 2;
                at += 1;
            }
            _ if depth == 0 && pair == Some(other) && operator == b"&&" => {
                return Vec::new().into_iter();
            }
            _ if depth == 0 && pair == Some(other) => {
                // `a && b || c`: each operand of `||` as a whole
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(&condition[start..]);
    parts.into_iter()
}

fn first_argument(text: &[u8]) -> &[u8] {
    let mut depth = 0_usize;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => return &text[..at],
            _ => {}
        }
    }
    text
}
