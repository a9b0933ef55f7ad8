//! Rust: shapes by tree-sitter, attributes by syn.
//!
//! Deliberately absent: types, expansion of macros, and facts inside the arguments of a macro.

mod attributes;
mod broken;
mod cargo;
mod modules;
mod scope;
mod shape;
mod syntax;

use super::{Fact, Language, Place};
use crate::finding::Cause;

const TESTS: &str = "tests";
const BUILD_SCRIPTS: &str = "build-scripts";
const EXAMPLES: &str = "examples";
const BENCHES: &str = "benches";
const CONSTS: &str = "consts";

/// Lints of clippy whose permission is a fact: `X_used` for the method `X`, the last one for any.
const LINTS: [&str; 3] = ["unwrap_used", "expect_used", ANY_METHOD];
const ANY_METHOD: &str = "disallowed_methods";

/// Rust.
pub static RUST: Language = Language {
    name: "rust",
    extensions: &["rs"],
    grammar: || tree_sitter_rust::LANGUAGE.into(),
    expando: 'µ',
    comments: &["line_comment", "block_comment"],
    comment_marks: &[
        ("//!", ""),
        ("///", ""),
        ("//", ""),
        ("/**", "*/"),
        ("/*!", "*/"),
        ("/*", "*/"),
    ],
    blocks: &["source_file", "block", "declaration_list"],
    items: &[
        ("function_item", "name"),
        ("function_signature_item", "name"),
        ("mod_item", "name"),
        ("impl_item", "type"),
        ("trait_item", "name"),
        ("struct_item", "name"),
        ("enum_item", "name"),
        ("union_item", "name"),
        ("const_item", "name"),
        ("static_item", "name"),
        ("type_item", "name"),
        ("macro_definition", "name"),
    ],
    decorations: &["attribute_item", "inner_attribute_item"],
    calls: &["call_expression", "macro_invocation", "scoped_identifier"],
    callee: &[
        ("call_expression", "function"),
        ("generic_function", "function"),
        ("field_expression", "field"),
        ("scoped_identifier", "name"),
        ("macro_invocation", "macro"),
    ],
    example_path: "src/example.rs",
    facts: &[
        Fact {
            name: TESTS,
            about: "never compiled into the product: a test function, under a `cfg` that is false without `test`, in a module that only such code declares, or in `tests/` of its package",
            ask: "Is this code run by tests only?",
            holds: |place| scope::holds(place, TESTS),
        },
        Fact {
            name: BUILD_SCRIPTS,
            about: "the build script of its package: `build.rs`, or the file that Cargo.toml names as `build`",
            ask: "Does this code run at build time only, where a panic is how a build fails?",
            holds: |place| scope::holds(place, BUILD_SCRIPTS),
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
            name: "poison",
            about: "called on the result of a lock or a condition variable: `lock()`, `read()`, `write()`, `wait(..)` and its kin, not awaited",
            ask: "Can another thread panic while it holds this lock, and is stopping the process then the right answer?",
            holds: shape::is_lock_result,
        },
        Fact {
            name: "lint-allowed",
            about: "under `allow` or `expect` of clippy's lint against this call: `unwrap_used`, `expect_used` or `disallowed_methods`",
            ask: "Does the reason given for allowing the lint hold for this call?",
            holds: lint_allowed,
        },
    ],
    turned: |_, _, _| Vec::new(),
};

/// What is known of the crates of a workspace.
#[derive(Debug, Default)]
pub(super) struct Learned;

fn lint_allowed(place: &Place<'_>) -> Option<Cause> {
    let method = shape::called_name(&RUST, place.tree, place.node);
    let is_about = |lint: &str| {
        lint == ANY_METHOD || lint.strip_suffix("_used").map(str::as_bytes) == Some(method)
    };
    LINTS
        .into_iter()
        .filter(|lint| is_about(lint))
        .find_map(|lint| scope::holds(place, lint))
}
