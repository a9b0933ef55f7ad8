//! The facts of Rust: what each means, what it asks a reviewer, and whether it holds.
//!
//! Deliberately absent: how they are found out; this is the table.

use super::receiver::{self, Receiver};
use super::{
    ANY_METHOD, BENCHES, BUILD_SCRIPTS, CONSTS, EXAMPLES, LINTS, MACRO_DEFINITIONS, MAYBE_SHIPPED,
    ORPHANS, PROC_MACROS, QUOTED, TEST_SUPPORT, TESTS, TEXT_ONLY, attributes, certain, crates,
    guard, methods, plain, scope, shape, syntax,
};
use crate::finding::Cause;
use crate::language::{Because, Fact, Place, Workspace};
use crate::matcher::Node;
use crate::source::RepoPath;

pub(super) const ALL: &[Fact] = &[
    Fact {
        name: TESTS,
        about: "never compiled into the product: a test function, under a `cfg` that is false without `test`, in a module that only such code declares, in a test target, or in `tests/` of its package",
        ask: "Is this code run by tests only?",
        holds: |place| scope::holds(place, TESTS),
    },
    Fact {
        name: BUILD_SCRIPTS,
        about: "the build script of its package and its modules: `build.rs`, or the file that Cargo.toml names as `build`",
        ask: "Does this code run at build time only, where a panic is how a build fails?",
        holds: |place| scope::holds(place, BUILD_SCRIPTS),
    },
    Fact {
        name: TEXT_ONLY,
        about: "an argument of a macro that makes text of it: `stringify!` and its kin",
        ask: "Are these tokens never compiled?",
        holds: |place| scope::holds(place, TEXT_ONLY),
    },
    Fact {
        name: EXAMPLES,
        about: "an example for readers: in `examples/` of its package, or named by `[[example]]` in Cargo.toml",
        ask: "Do people copy this example into code that runs in production?",
        holds: |place| scope::holds(place, EXAMPLES),
    },
    Fact {
        name: BENCHES,
        about: "a benchmark: in `benches/` of its package, or named by `[[bench]]` in Cargo.toml",
        ask: "Is this code run by benchmarks only?",
        holds: |place| scope::holds(place, BENCHES),
    },
    Fact {
        name: CONSTS,
        about: "evaluated by the compiler: in a constant, a static, a `const` block, the length of an array, a discriminant or an argument of a type; a closure or function in there leaves it",
        ask: "Does a failure here stop the compiler, and never the running program?",
        holds: |place| scope::holds(place, CONSTS),
    },
    Fact {
        name: MACRO_DEFINITIONS,
        about: "in the body of a `macro_rules!` that its crate neither exports nor uses outside of tests",
        ask: "Does anything that is shipped expand this macro?",
        holds: unused_macro,
    },
    Fact {
        name: QUOTED,
        about: "an argument of `quote!` and its kin, which make code for elsewhere of it",
        ask: "Does the code that is made of these tokens run in production?",
        holds: |place| scope::holds(place, QUOTED),
    },
    Fact {
        name: PROC_MACROS,
        about: "in a library of procedural macros, which the compiler runs",
        ask: "Does a failure here only stop the compiler, and with a message that helps whoever used the macro?",
        holds: |place| scope::holds(place, PROC_MACROS),
    },
    Fact {
        name: TEST_SUPPORT,
        about: "in a library of this repository that others need for their tests only (`dev-dependencies`), and that is not made for a registry",
        ask: "Is this library used by tests only, in other repositories too?",
        holds: |place| scope::holds(place, TEST_SUPPORT),
    },
    Fact {
        name: ORPHANS,
        about: "in a file that no target of its package reaches, though its Cargo.toml was read",
        ask: "Is this file compiled into anything?",
        holds: |place| scope::holds(place, ORPHANS),
    },
    Fact {
        name: MAYBE_SHIPPED,
        about: "under a `cfg` that is true for tests and perhaps for others: `any(test, ..)`, or a feature called test*, mock* or fake*",
        ask: "Is the product ever built with this?",
        holds: |place| scope::holds(place, MAYBE_SHIPPED),
    },
    Fact {
        name: "guarded",
        about: "right behind a check of the same value, as a condition around it or an early return before it, with no assignment between",
        ask: "Does the check before this call make sure that there is a value?",
        holds: |place| {
            let receiver = receiver_of(place)?;
            let check = guard::check_before(place.tree, &receiver, place.node)?;
            Some(place.line_of(place.tree.range(check).start))
        },
    },
    Fact {
        name: "own-method",
        about: "where the crate can see another method of this name that takes no arguments (its own, or one of a package of the workspace that its manifest or its code names), and the value called on does not plainly come from the standard library",
        ask: "Is the method called here that of this code's own type?",
        holds: own_method,
    },
    Fact {
        name: "cannot-fail",
        about: "called on what is made of literals by a known constructor, on `write!` into a `String`, or on a `Result` whose error type has no values",
        ask: "Can this fail at all, given what is written here?",
        holds: |place| {
            let first = certain::cannot_fail(place.tree, &receiver_of(place)?)?;
            Some(place.line_of(place.tree.range(first).start))
        },
    },
    Fact {
        name: "poison",
        about: "called on the result of a lock or a condition variable: `lock()`, `read()`, `write()`, `wait(..)` and its kin, not awaited",
        ask: "Can another thread panic while it holds this lock, and is stopping the process then the right answer?",
        holds: |place| {
            let receiver = receiver_of(place)?;
            let byte = place.tree.range(receiver.first).start;
            certain::is_lock_result(&receiver).then(|| place.line_of(byte))
        },
    },
    Fact {
        name: "lint-allowed",
        about: "under `allow` or `expect` of clippy's lint against this call, in an attribute or in `[lints]` of Cargo.toml: `unwrap_used`, `expect_used` or `disallowed_methods`",
        ask: "Does the reason given for allowing the lint hold for this call?",
        holds: lint_allowed,
    },
];

/// The name of what is called.
fn name_of(place: &Place<'_>) -> Node {
    shape::called(&super::RUST, place.tree, place.node)
}

fn receiver_of<'t>(place: &'t Place<'_>) -> Option<Receiver<'t>> {
    receiver::of(place.tree, name_of(place))
}

fn lint_allowed(place: &Place<'_>) -> Option<Cause> {
    let method = syntax::plain_name(place.tree.bytes(name_of(place)));
    let is_about = |lint: &str| {
        lint == ANY_METHOD || lint.strip_suffix("_used").map(str::as_bytes) == Some(method)
    };
    LINTS
        .into_iter()
        .filter(|lint| is_about(lint))
        .find_map(|lint| scope::holds(place, lint))
}

fn own_method(place: &Place<'_>) -> Option<Cause> {
    let name = name_of(place);
    if receiver::token_before(place.tree, name) != b"." {
        return None;
    }
    let method = syntax::plain_name(place.tree.bytes(name));
    let receiver = receiver::of(place.tree, name)?;
    if plain::is_plain(place.tree, &receiver) {
        return None;
    }
    // What is not plain may take reading the whole crate: last.
    methods::defined(place.workspace, &place.source.path, method)
}

fn unused_macro(place: &Place<'_>) -> Option<Cause> {
    let tree = place.tree;
    let Because::Here(byte) = scope::because(place, MACRO_DEFINITIONS)? else {
        return None;
    };
    let begins = syntax::nodes_at(tree, &(*byte..byte + 1));
    let definition = begins
        .into_iter()
        .find(|node| syntax::kind(tree, *node) == "macro_definition")?;
    let exports = |attribute: Node| {
        let text = tree
            .named_children(attribute)
            .find(|node| syntax::kind(tree, *node) == "attribute");
        text.is_some_and(|text| attributes::read(tree.bytes(text)).exports)
    };
    let is_attribute =
        |node: &Node| tree.is_extra(*node) || syntax::kind(tree, *node) == "attribute_item";
    if syntax::statements_before(tree, definition)
        .take_while(is_attribute)
        .any(exports)
    {
        return None;
    }
    let name = syntax::plain_name(tree.bytes(syntax::child(tree, definition, "name")?));
    let path = &place.source.path;
    let here = tree.range(definition);
    let is_other = |(file, byte): &(RepoPath, usize)| file != path || !here.contains(byte);
    let uses = methods::macro_uses(place.workspace, path, name);
    (!uses.iter().any(is_other)).then(|| place.line_of(here.start))
}

/// How a file comes to be what it is: the lines that lead to it, and what could not be read.
pub(super) fn about(workspace: &Workspace<'_>, path: &RepoPath) -> Vec<Cause> {
    let standing = crates::standing(workspace, path);
    let mut causes: Vec<Cause> = standing
        .chain
        .iter()
        .map(super::graph::Hop::cause)
        .collect();
    causes.extend(standing.otherwise);
    let package = crates::package_of(workspace, path);
    if let Some(manifest) = package.path.as_ref().filter(|_| !package.is_readable) {
        causes.push(Cause {
            path: manifest.text().into_owned(),
            line: 1,
            text: "it cannot be read, so Cargo's conventions are used".to_owned(),
        });
    }
    causes
}
