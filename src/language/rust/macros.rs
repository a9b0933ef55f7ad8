//! Macros as the tree shows them: bare tokens after a name, nested in each other.
//!
//! Deliberately absent: what a macro makes of its tokens, but for those that are known to drop or to quote them.

use super::{CONSTS, DROPPING, MACRO_DEFINITIONS, syntax};
use crate::language::{Because, Stretch};
use crate::matcher::{Node, Tree};

/// The name of the macro whose arguments these are.
pub(super) fn macro_name(tree: &Tree<'_>, arguments: Node) -> Option<Node> {
    let mark = arguments.checked_sub(1)?;
    let name = arguments.checked_sub(2)?;
    (tree.bytes(mark) == b"!" && tree.is_leaf(name) && is_name(tree.bytes(name))).then_some(name)
}

/// Whether these are the arguments of the macro of this name.
pub(super) fn is_argument_of(tree: &Tree<'_>, arguments: Node, name: &[u8]) -> bool {
    macro_name(tree, arguments).is_some_and(|node| tree.bytes(node) == name)
}

fn is_name(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .all(|byte| *byte == b'_' || byte.is_ascii_alphanumeric() || *byte >= 0x80)
}

/// What holds inside of macros that are known, and constants in any.
pub(super) fn stretches(tree: &Tree<'_>) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    for definition in syntax::nodes_of_kinds(tree, &["macro_definition"]) {
        stretches.push(Stretch {
            name: MACRO_DEFINITIONS,
            nodes: tree.subtree(definition),
            holds: true,
            because: Because::Here(tree.range(definition).start),
        });
    }
    for arguments in syntax::nodes_of_kinds(tree, &["token_tree"]) {
        if let Some(name) = macro_name(tree, arguments) {
            let known = DROPPING
                .iter()
                .find(|(known, _)| known.as_bytes() == tree.bytes(name));
            stretches.extend(known.map(|(_, fact)| Stretch {
                name: fact,
                nodes: tree.subtree(arguments),
                holds: true,
                because: Because::Here(tree.range(name).start),
            }));
        }
        constants(tree, arguments, &mut stretches);
    }
    stretches
}

/// Macros whose statics are made when the program runs.
const LAZY: [&[u8]; 2] = [b"lazy_static", b"thread_local"];

/// `const X: T = ..;`, `static X: T = ..;` and `const { .. }` among the tokens of a macro, and the closures that leave
/// them.
fn constants(tree: &Tree<'_>, arguments: Node, stretches: &mut Vec<Stretch>) {
    let is_lazy = macro_name(tree, arguments).is_some_and(|name| LAZY.contains(&tree.bytes(name)));
    let children: Vec<Node> = tree
        .children(arguments)
        .filter(|child| !tree.is_extra(*child))
        .collect();
    let bytes = |index: usize| {
        children
            .get(index)
            .map_or(b"".as_slice(), |node| tree.bytes(*node))
    };
    // `const X: T`, `static mut X: T`, `const X =`, but not `<const N: usize>`
    let declares = |index: usize| {
        let name = index + 1 + usize::from(bytes(index + 1) == b"mut");
        let is_parameter = index > 0 && matches!(bytes(index - 1), b"<" | b",");
        !is_parameter && is_name(bytes(name)) && matches!(bytes(name + 1), b":" | b"=")
    };
    let mut constant: Option<(Node, usize)> = None;
    let mut stretch = |from: Node, to: Node, holds: bool| {
        stretches.push(Stretch {
            name: CONSTS,
            nodes: from..to,
            holds,
            because: Because::Here(tree.range(from).start),
        });
    };
    for (index, node) in children.iter().enumerate() {
        match bytes(index) {
            b"const" if bytes(index + 1).starts_with(b"{") => {
                stretch(*node, tree.end(children[index + 1]), true);
            }
            b"static" if is_lazy || tree.text()[..tree.range(*node).start].ends_with(b"'") => {}
            b"const" | b"static" if declares(index) => constant = Some((*node, index)),
            b";" | b"}" | b")" | b"]" => {
                if let Some((from, _)) = constant.take() {
                    stretch(from, *node, true);
                }
            }
            b"||" => stretch(*node, end_of_closure(tree, &children, index + 1), false),
            b"|" if index == 0 || begins_expression(bytes(index - 1)) => {
                let close = (index + 1..children.len()).find(|index| bytes(*index) == b"|");
                let body = close.map_or(index + 1, |close| close + 1);
                stretch(*node, end_of_closure(tree, &children, body), false);
            }
            _ => {}
        }
    }
}

/// Whether an expression begins after this token.
fn begins_expression(token: &[u8]) -> bool {
    matches!(
        token,
        b"(" | b"["
            | b"{"
            | b","
            | b";"
            | b"="
            | b"=>"
            | b"move"
            | b"return"
            | b"&&"
            | b"||"
            | b"async"
    )
}

/// A closure ends with its block, or at the next comma or semicolon.
fn end_of_closure(tree: &Tree<'_>, children: &[Node], body: usize) -> Node {
    let rest = children.get(body..).unwrap_or_default();
    match rest.first() {
        Some(first) if tree.bytes(*first).starts_with(b"{") => tree.end(*first),
        Some(first) => rest
            .iter()
            .find(|node| matches!(tree.bytes(**node), b"," | b";" | b")" | b"]" | b"}"))
            .map_or(tree.end(*first), |end| *end),
        None => children.last().map_or(0, |last| tree.end(*last)),
    }
}
