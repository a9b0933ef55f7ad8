//! Rust.

use super::Language;

/// Rust.
pub static RUST: Language = Language {
    name: "rust",
    extensions: &["rs"],
    grammar: || tree_sitter_rust::LANGUAGE.into(),
    expando: 'µ',
    comments: &["line_comment", "block_comment"],
    comment_openers: &["//!", "///", "//", "/**", "/*!", "/*"],
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
    decorations: &["attribute_item"],
    calls: &["call_expression", "macro_invocation", "scoped_identifier"],
    callee: &[
        ("call_expression", "function"),
        ("generic_function", "function"),
        ("field_expression", "field"),
        ("scoped_identifier", "name"),
        ("macro_invocation", "macro"),
    ],
    example_path: "src/example.rs",
    facts: &[],
};
