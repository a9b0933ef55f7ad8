//! What holds for stretches of a file: by what Cargo makes of the file, by where its module is declared, and by the
//! attributes in it.
//!
//! Deliberately absent: code inside the arguments of a macro, which the tree holds as bare tokens.

use std::ops::Range;

use super::attributes;
use super::cargo::{Package, Role};
use super::{BENCHES, BUILD_SCRIPTS, EXAMPLES, LINTS, TESTS, broken, modules, shape, syntax};
use crate::finding::Cause;
use crate::language::{Because, Place, Stretch};
use crate::matcher::{Node, Tree};

/// Whether this holds for the match.
pub(super) fn holds(place: &Place<'_>, name: &str) -> Option<Cause> {
    let because = place.file.because(name, place.node, || {
        let mut stretches = attribute_stretches(place.tree);
        stretches.extend(shape::constant_stretches(place.tree));
        stretches.extend(file_fact(place).map(|name| everywhere(place, name)));
        stretches
    })?;
    Some(place.cause(because))
}

fn file_fact(place: &Place<'_>) -> Option<&'static str> {
    let path = &place.source.path;
    let package = Package::around(path, place.workspace.snapshot);
    match package.role(path) {
        Role::Tests => Some(TESTS),
        Role::Benches => Some(BENCHES),
        Role::Examples => Some(EXAMPLES),
        Role::BuildScript => Some(BUILD_SCRIPTS),
        Role::Product => {
            modules::is_for_tests_only(path, &package, place.workspace.snapshot).then_some(TESTS)
        }
    }
}

fn everywhere(place: &Place<'_>, name: &'static str) -> Stretch {
    Stretch {
        name,
        nodes: place.tree.subtree(place.tree.root()),
        holds: true,
        because: Because::Here(0),
    }
}

/// What the attributes of a file say, and where.
pub(super) fn attribute_stretches(tree: &Tree<'_>) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let mut run: Option<Run> = None;
    let mut tests_until = 0;
    for attribute in syntax::nodes_of_kinds(tree, &["attribute_item", "inner_attribute_item"]) {
        let Some(text) = tree
            .named_children(attribute)
            .find(|node| syntax::kind(tree, *node) == "attribute")
        else {
            continue;
        };
        let saying = attributes::read(tree.bytes(text));
        let is_news = saying.tests_only && attribute >= tests_until;
        if !is_news && saying.lints.is_empty() {
            continue;
        }
        let nodes = target(tree, attribute, &mut run);
        if is_news {
            let nodes = broken::whole_item(tree, nodes.clone());
            tests_until = nodes.end;
            stretches.push(Stretch {
                name: TESTS,
                nodes,
                holds: true,
                because: Because::Here(tree.range(attribute).start),
            });
        }
        stretches.extend(saying.lints.iter().filter_map(|(lint, allowed)| {
            let name = LINTS.into_iter().find(|known| known == lint)?;
            Some(Stretch {
                name,
                nodes: nodes.clone(),
                holds: *allowed,
                because: Because::Here(tree.range(attribute).start),
            })
        }));
    }
    stretches
}

/// Attributes in a row stand at the same item, which is looked for once.
struct Run {
    parent: Node,
    first: Node,
    item: Range<Node>,
}

/// The nodes at which an attribute stands.
fn target(tree: &Tree<'_>, attribute: Node, run: &mut Option<Run>) -> Range<Node> {
    let parent = tree.parent(attribute).unwrap_or(tree.root());
    let is_inner = syntax::kind(tree, attribute) == "inner_attribute_item";
    let holder = match syntax::kind(tree, parent) {
        // `match x { #![allow(..)] A => .. }`: the tree puts it into the first arm.
        "match_arm" if is_inner => tree.parent(parent),
        "match_arm" | "field_initializer" | "shorthand_field_initializer" => Some(parent),
        _ if is_inner => Some(parent),
        _ => None,
    };
    if let Some(holder) = holder {
        return tree.subtree(holder);
    }
    if let Some(run) = run
        && run.parent == parent
        && (run.first..run.item.start).contains(&attribute)
    {
        return run.item.clone();
    }
    let item = match tree
        .next_siblings(attribute)
        .find(|node| !is_decoration(tree, *node))
    {
        Some(item) => tree.subtree(item),
        None => tree.end(parent)..tree.end(parent),
    };
    *run = Some(Run {
        parent,
        first: attribute,
        item: item.clone(),
    });
    item
}

/// Comments and further attributes. Broken code counts as an item, though tree-sitter lets it stand anywhere.
fn is_decoration(tree: &Tree<'_>, node: Node) -> bool {
    match syntax::kind(tree, node) {
        "ERROR" => false,
        kind => tree.is_extra(node) || kind.ends_with("attribute_item"),
    }
}
