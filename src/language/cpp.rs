//! C++.
//!
//! Deliberately absent: templates beyond their shape, the preprocessor.

use super::c::{COMMENT_MARKS, EXPANDO, FACTS};
use super::lexis::UNKNOWN;
use super::{Language, Turns};

/// C++.
pub static CPP: Language = Language {
    name: "cpp",
    aliases: &["c++", "cc", "cxx"],
    extensions: &["cc", "hpp", "cpp", "c++", "hh", "cxx", "cu", "ino"],
    grammar: || tree_sitter_cpp::LANGUAGE.into(),
    expando: EXPANDO,
    comments: &["comment"],
    comment_marks: COMMENT_MARKS,
    blocks: &[
        "translation_unit",
        "compound_statement",
        "case_statement",
        "declaration_list",
        "field_declaration_list",
        "preproc_if",
        "preproc_ifdef",
        "preproc_else",
        "preproc_elif",
    ],
    items: &[
        ("function_definition", "declarator"),
        ("class_specifier", "name"),
        ("struct_specifier", "name"),
        ("union_specifier", "name"),
        ("enum_specifier", "name"),
        ("namespace_definition", "name"),
    ],
    branches: &["case_statement"],
    decorations: &[],
    calls: &["call_expression"],
    callee: &[
        ("call_expression", "function"),
        ("field_expression", "field"),
        ("qualified_identifier", "name"),
        ("template_function", "name"),
        ("template_method", "name"),
    ],
    lexis: &UNKNOWN,
    example_path: "src/example.cc",
    facts: FACTS,
    turned: |_, _, _| Turns::default(),
    about: |_, _| Vec::new(),
};
