//! Rust: shapes by tree-sitter, attributes by syn, `mod` lines by tokens.
//!
//! Deliberately absent: types, and expansion of macros.

mod attributes;
mod binding;
mod cargo;
mod certain;
mod crates;
mod facts;
mod graph;
mod guard;
mod lexer;
mod lints;
mod loose;
mod macros;
mod members;
mod mentions;
mod methods;
mod outline;
mod plain;
mod predicate;
mod receiver;
mod scope;
mod shape;
mod syntax;
mod tokens;
mod turned;

use super::Language;
pub(super) use crates::Learned;
pub(super) use methods::may_hold as may_name;

const TESTS: &str = "tests";
const BUILD_SCRIPTS: &str = "build-scripts";
const EXAMPLES: &str = "examples";
const BENCHES: &str = "benches";
const CONSTS: &str = "consts";
const MACRO_DEFINITIONS: &str = "macro-definitions";
const MAYBE_SHIPPED: &str = "maybe-shipped";
const ORPHANS: &str = "orphans";
const PROC_MACROS: &str = "proc-macros";
const QUOTED: &str = "quoted";
const TEST_SUPPORT: &str = "test-support";
const TEXT_ONLY: &str = "text-only";

/// Macros that put nothing of their arguments into the product here, and the fact that makes.
const DROPPING: [(&str, &str); 11] = [
    ("quickcheck", TESTS),
    ("stringify", TEXT_ONLY),
    ("concat", TEXT_ONLY),
    ("compile_error", TEXT_ONLY),
    ("quote", QUOTED),
    ("quote_spanned", QUOTED),
    ("parse_quote", QUOTED),
    ("parse_quote_spanned", QUOTED),
    ("quote_token", QUOTED),
    ("quote_into", QUOTED),
    ("quasiquote", QUOTED),
];

/// Lints of clippy whose permission is a fact: `X_used` for the method `X`, the last one for any.
const LINTS: [&str; 3] = ["unwrap_used", "expect_used", ANY_METHOD];
const ANY_METHOD: &str = "disallowed_methods";

/// Rust.
pub static RUST: Language = Language {
    name: "rust",
    aliases: &["rs"],
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
    branches: &["match_arm"],
    decorations: &["attribute_item", "inner_attribute_item"],
    calls: &["call_expression", "macro_invocation", "scoped_identifier"],
    callee: &[
        ("call_expression", "function"),
        ("generic_function", "function"),
        ("field_expression", "field"),
        ("scoped_identifier", "name"),
        ("macro_invocation", "macro"),
    ],
    lexis: &tokens::LEXIS,
    example_path: "src/example.rs",
    facts: facts::ALL,
    turned: turned::turned,
    about: facts::about,
};

/// Every place at which these bytes stand in a text.
fn find_all<'t>(text: &'t [u8], bytes: &'t [u8]) -> impl Iterator<Item = usize> + 't {
    memchr::memmem::find_iter(text, bytes)
}
