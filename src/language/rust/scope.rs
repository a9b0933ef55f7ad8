//! What holds for stretches of a file: by what the file is to Cargo and its crate, and by the attributes in it.
//!
//! Attributes are read from the tree, and inside the arguments of macros, which the tree holds as bare tokens, from
//! those. Deliberately absent: facts about a single call ([`super::receiver`], [`super::guard`]).

use std::collections::BTreeMap;
use std::ops::Range;

use super::crates::{self, Standing};
use super::graph::Status;
use super::outline::Part;
use super::predicate::Shipped;
use super::{
    BENCHES, BUILD_SCRIPTS, EXAMPLES, LINTS, MAYBE_SHIPPED, ORPHANS, PROC_MACROS, TEST_SUPPORT,
    TESTS, TEXT_ONLY, attributes, macros, outline, shape, syntax, tokens,
};
use crate::finding::Cause;
use crate::language::{Because, Place, Stretch};
use crate::matcher::{Node, Tree};

/// Why this holds for the match, if it does.
pub(super) fn holds(place: &Place<'_>, name: &str) -> Option<Cause> {
    because(place, name).map(|because| place.cause(because))
}

/// What says that this holds for the match.
pub(super) fn because<'p>(place: &Place<'p>, name: &str) -> Option<&'p Because> {
    place.file.because(name, place.node, || {
        // Of stretches that are alike the last one decides: what the file says of itself, over what leads to it.
        let mut stretches = file_stretches(place);
        stretches.extend(attribute_stretches(place.tree));
        stretches.extend(stretches_in_macros(place.tree));
        stretches.extend(shape::constant_stretches(place.tree));
        stretches.extend(macros::stretches(place.tree));
        if stretches.iter().any(|stretch| !stretch.holds) {
            // What ends here may have begun with the file.
            place.workspace.grants(|granted| {
                granted.files.insert(place.source.path.clone());
            });
        }
        stretches.push(Stretch {
            name: TEXT_ONLY,
            nodes: syntax::nodes_at(place.tree, &(1..tokens::frontmatter(place.tree.text()))),
            holds: true,
            because: Because::Here(0),
        });
        stretches
    })
}

/// What holds in the whole file.
fn file_stretches(place: &Place<'_>) -> Vec<Stretch> {
    if crates::is_plainly_product(place.workspace, &place.source.path) {
        return Vec::new();
    }
    let standing = crates::standing(place.workspace, &place.source.path);
    let everywhere = |name: &'static str, cause: Cause| Stretch {
        name,
        nodes: place.tree.subtree(place.tree.root()),
        holds: true,
        because: Because::There(cause),
    };
    let status = fact_of(standing.status).map(|name| everywhere(name, standing.cause()));
    let lints = LINTS
        .into_iter()
        .enumerate()
        .filter(|(index, _)| standing.lints.allows(*index))
        .map(|(_, lint)| everywhere(lint, lint_cause(&standing, lint)));
    status.into_iter().chain(lints).collect()
}

/// The fact that is true of a whole file.
pub(super) fn fact_of(status: Status) -> Option<&'static str> {
    Some(match status {
        Status::Tests => TESTS,
        Status::BuildScript => BUILD_SCRIPTS,
        Status::Benches => BENCHES,
        Status::Examples => EXAMPLES,
        Status::Orphan => ORPHANS,
        Status::TestSupport => TEST_SUPPORT,
        Status::ProcMacro => PROC_MACROS,
        Status::MaybeShipped => MAYBE_SHIPPED,
        Status::Product => return None,
    })
}

fn lint_cause(standing: &Standing, lint: &str) -> Cause {
    let names_it = |attribute: &String| attribute.contains(lint);
    let hop = standing
        .chain
        .iter()
        .rfind(|hop| hop.attributes.iter().any(names_it));
    hop.map_or_else(|| standing.cause(), super::graph::Hop::cause)
}

/// What the attributes of a file say, and where.
pub(super) fn attribute_stretches(tree: &Tree<'_>) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let mut run: Option<Run> = None;
    let mut tests_until = 0;
    // Where the tree is broken, the tokens tell better how far an attribute goes.
    let mut by_tokens: BTreeMap<usize, Part> = BTreeMap::new();
    if tree.has_error(tree.root()) {
        let parts = outline::read(tree.text(), 0..tree.text().len()).parts;
        by_tokens.extend(parts.into_iter().map(|part| (part.attribute, part)));
    }
    for attribute in syntax::nodes_of_kinds(tree, &["attribute_item", "inner_attribute_item"]) {
        let Some(text) = tree
            .named_children(attribute)
            .find(|node| syntax::kind(tree, *node) == "attribute")
        else {
            continue;
        };
        let saying = attributes::read(tree.bytes(text));
        let is_news = saying.shipped != Shipped::Always && attribute >= tests_until;
        if !is_news && saying.lints.is_empty() {
            continue;
        }
        let mut nodes = target(tree, attribute, &mut run);
        let start = tree.range(attribute).start;
        let part = by_tokens.remove(&start);
        if is_news {
            nodes = part.map_or(nodes, |part| syntax::nodes_at(tree, &part.bytes));
            if saying.shipped == Shipped::Never {
                tests_until = nodes.end;
            }
        }
        let because = Because::Here(tree.range(attribute).start);
        let shipped = if is_news {
            saying.shipped
        } else {
            Shipped::Always
        };
        stretches.extend(said(&nodes, shipped, &saying.lints, &because));
    }
    // Attributes that the tree does not know for such, outside of macros.
    for part in by_tokens.into_values() {
        let nodes = syntax::nodes_at(tree, &part.bytes);
        let because = Because::Here(part.attribute);
        stretches.extend(said(&nodes, part.shipped, &part.lints, &because));
    }
    stretches
}

/// The stretches that an attribute makes.
fn said(
    nodes: &Range<Node>,
    shipped: Shipped,
    lints: &[(String, bool)],
    because: &Because,
) -> Vec<Stretch> {
    let stretch = |name: &'static str, holds: bool| Stretch {
        name,
        nodes: nodes.clone(),
        holds,
        because: because.clone(),
    };
    let mut stretches = Vec::new();
    match shipped {
        Shipped::Never => stretches.push(stretch(TESTS, true)),
        Shipped::Maybe => stretches.push(stretch(MAYBE_SHIPPED, true)),
        Shipped::Always => {}
    }
    stretches.extend(lints.iter().filter_map(|(lint, allowed)| {
        let name = LINTS.into_iter().find(|known| known == lint)?;
        Some(stretch(name, *allowed))
    }));
    stretches
}

/// What attributes say inside the arguments of macros and the bodies of `macro_rules!`.
fn stretches_in_macros(tree: &Tree<'_>) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    for arguments in syntax::outermost_token_trees(tree) {
        let range = tree.range(arguments);
        let text = tree.text();
        if memchr::memchr(b'#', &text[range.clone()]).is_none() {
            // `cfg_select!` has predicates without attributes.
            if !macros::is_argument_of(tree, arguments, b"cfg_select") {
                continue;
            }
        }
        let before = range.start.saturating_sub(MACRO_NAME);
        let start = macros::macro_name(tree, arguments)
            .map_or(range.start, |name| tree.range(name).start)
            .max(before);
        for part in outline::read(text, start..range.end).parts {
            let nodes = syntax::nodes_at(tree, &part.bytes);
            let because = Because::Here(part.attribute);
            stretches.extend(said(&nodes, part.shipped, &part.lints, &because));
        }
    }
    stretches
}

/// How far before its arguments a macro's name is looked for.
const MACRO_NAME: usize = 256;

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
        return attribute..run.item.end;
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
    // What stands between is compiled or left out with the item.
    attribute..item.end
}

/// Comments and further attributes. Broken code counts as an item, though tree-sitter lets it stand anywhere.
fn is_decoration(tree: &Tree<'_>, node: Node) -> bool {
    match syntax::kind(tree, node) {
        "ERROR" => false,
        kind => tree.is_extra(node) || kind.ends_with("attribute_item"),
    }
}
