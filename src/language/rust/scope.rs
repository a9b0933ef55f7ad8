//! What holds for stretches of a file: by what Cargo makes of the file, by where its module is declared, and by the
//! attributes in it.
//!
//! Deliberately absent: code inside the arguments of a macro, which the tree holds as bare tokens.

use std::ops::Range;

use super::attributes;
use super::cargo::{Package, Role};
use super::{BENCHES, BUILD_SCRIPTS, EXAMPLES, LINTS, TESTS, modules, syntax};
use crate::language::{Place, Stretch};
use crate::matcher::{Node, Tree};

/// Whether the match lies in a stretch where this holds.
pub(super) fn holds(place: &Place<'_>, name: &str) -> bool {
    is_in_any(stretches(place), name, place.node)
}

/// What the innermost stretch around the match says about this.
pub(super) fn innermost(place: &Place<'_>, name: &str) -> Option<bool> {
    // An attribute further in stands further down.
    let around = |stretch: &&Stretch| stretch.name == name && stretch.nodes.contains(&place.node);
    stretches(place)
        .iter()
        .rfind(around)
        .map(|stretch| stretch.holds)
}

/// Whether the node lies in one of the stretches where this holds.
pub(super) fn is_in_any(stretches: &[Stretch], name: &str, node: Node) -> bool {
    stretches
        .iter()
        .any(|stretch| stretch.holds && stretch.name == name && stretch.nodes.contains(&node))
}

fn stretches<'a>(place: &Place<'a>) -> &'a [Stretch] {
    place.file.stretches(|| {
        let mut stretches: Vec<Stretch> = file_fact(place)
            .map(|name| everywhere(place.tree, name))
            .into_iter()
            .collect();
        stretches.extend(attribute_stretches(place.tree));
        stretches
    })
}

fn file_fact(place: &Place<'_>) -> Option<&'static str> {
    let path = &place.source.path;
    let package = Package::around(path, place.snapshot);
    match package.role(path) {
        Role::Tests => Some(TESTS),
        Role::Benches => Some(BENCHES),
        Role::Examples => Some(EXAMPLES),
        Role::BuildScript => Some(BUILD_SCRIPTS),
        Role::Product => {
            modules::is_for_tests_only(path, &package, place.snapshot).then_some(TESTS)
        }
    }
}

fn everywhere(tree: &Tree<'_>, name: &'static str) -> Stretch {
    Stretch {
        name,
        nodes: tree.subtree(tree.root()),
        holds: true,
    }
}

/// What the attributes of a file say, and where.
pub(super) fn attribute_stretches(tree: &Tree<'_>) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    for attribute in syntax::nodes_of_kinds(tree, &["attribute_item", "inner_attribute_item"]) {
        let Some(text) = tree
            .named_children(attribute)
            .find(|node| syntax::kind(tree, *node) == "attribute")
        else {
            continue;
        };
        let saying = attributes::read(tree.bytes(text));
        let tests = saying.tests_only.then_some((TESTS, true));
        let lints = saying.lints.iter().filter_map(|(lint, allowed)| {
            let known = LINTS.into_iter().find(|known| known == lint)?;
            Some((known, *allowed))
        });
        for (name, holds) in tests.into_iter().chain(lints) {
            let nodes = target(tree, attribute);
            stretches.push(Stretch { name, nodes, holds });
        }
    }
    stretches
}

/// The nodes at which an attribute stands.
fn target(tree: &Tree<'_>, attribute: Node) -> Range<Node> {
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
    let is_decoration =
        |node: Node| tree.is_extra(node) || syntax::kind(tree, node).ends_with("attribute_item");
    match tree
        .next_siblings(attribute)
        .find(|node| !is_decoration(*node))
    {
        Some(item) => tree.subtree(item),
        None => tree.end(attribute)..tree.end(attribute),
    }
}
