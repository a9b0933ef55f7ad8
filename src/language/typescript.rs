//! TypeScript, and TypeScript with JSX, which is another grammar.
//!
//! Deliberately absent: types beyond their shape.

use super::javascript::{BLOCKS, CALLEE, CALLS, COMMENT_MARKS, FACTS};
use super::lexis::UNKNOWN;
use super::{Language, Turns};

/// TypeScript.
pub static TYPESCRIPT: Language = Language {
    name: "typescript",
    aliases: &["ts"],
    extensions: &["ts", "cts", "mts"],
    grammar: || tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
    example_path: "src/example.ts",
    ..TSX
};

/// TypeScript with JSX.
pub const TSX: Language = Language {
    name: "tsx",
    aliases: &[],
    extensions: &["tsx"],
    grammar: || tree_sitter_typescript::LANGUAGE_TSX.into(),
    expando: '$',
    comments: &["comment"],
    comment_marks: COMMENT_MARKS,
    blocks: BLOCKS,
    items: &[
        ("function_declaration", "name"),
        ("generator_function_declaration", "name"),
        ("function_signature", "name"),
        ("method_definition", "name"),
        ("class_declaration", "name"),
        ("abstract_class_declaration", "name"),
        ("interface_declaration", "name"),
        ("enum_declaration", "name"),
        ("type_alias_declaration", "name"),
        ("public_field_definition", "name"),
        ("internal_module", "name"),
        ("module", "name"),
    ],
    branches: &["switch_case", "switch_default"],
    decorations: &["decorator"],
    calls: CALLS,
    callee: CALLEE,
    lexis: &UNKNOWN,
    example_path: "src/example.tsx",
    facts: FACTS,
    turned: |_, _, _| Turns::default(),
    about: |_, _| Vec::new(),
};
