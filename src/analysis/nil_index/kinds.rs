//! The kinds and fields of the Lua grammar by number, resolved once.
//!
//! Deliberately absent: kinds that nobody asks about; they are [`Kind::Other`].

use std::sync::LazyLock;

use crate::matcher::{Node, Tree};

/// A kind of node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Arguments,
    Assignment,
    Attribute,
    Binary,
    Block,
    Bracket,
    Break,
    Call,
    Chunk,
    Declaration,
    Do,
    Dot,
    Else,
    ElseIf,
    Error,
    ExpressionList,
    False,
    For,
    FunctionDeclaration,
    FunctionDefinition,
    GenericClause,
    Goto,
    Identifier,
    If,
    Label,
    Method,
    Nil,
    Number,
    NumericClause,
    Other,
    Parameters,
    Parenthesized,
    Repeat,
    Return,
    String,
    Table,
    TableField,
    True,
    Unary,
    VariableList,
    While,
}

const NAMES: [(&str, Kind); 39] = [
    ("arguments", Kind::Arguments),
    ("assignment_statement", Kind::Assignment),
    ("attribute", Kind::Attribute),
    ("binary_expression", Kind::Binary),
    ("block", Kind::Block),
    ("bracket_index_expression", Kind::Bracket),
    ("break_statement", Kind::Break),
    ("function_call", Kind::Call),
    ("chunk", Kind::Chunk),
    ("variable_declaration", Kind::Declaration),
    ("do_statement", Kind::Do),
    ("dot_index_expression", Kind::Dot),
    ("else_statement", Kind::Else),
    ("elseif_statement", Kind::ElseIf),
    ("expression_list", Kind::ExpressionList),
    ("false", Kind::False),
    ("for_statement", Kind::For),
    ("function_declaration", Kind::FunctionDeclaration),
    ("function_definition", Kind::FunctionDefinition),
    ("for_generic_clause", Kind::GenericClause),
    ("goto_statement", Kind::Goto),
    ("identifier", Kind::Identifier),
    ("if_statement", Kind::If),
    ("label_statement", Kind::Label),
    ("method_index_expression", Kind::Method),
    ("nil", Kind::Nil),
    ("number", Kind::Number),
    ("for_numeric_clause", Kind::NumericClause),
    ("parameters", Kind::Parameters),
    ("parenthesized_expression", Kind::Parenthesized),
    ("repeat_statement", Kind::Repeat),
    ("return_statement", Kind::Return),
    ("string", Kind::String),
    ("table_constructor", Kind::Table),
    ("field", Kind::TableField),
    ("true", Kind::True),
    ("unary_expression", Kind::Unary),
    ("variable_list", Kind::VariableList),
    ("while_statement", Kind::While),
];

/// The fields that the analysis asks for.
pub(super) struct Fields {
    pub arguments: u16,
    pub body: u16,
    pub clause: u16,
    pub condition: u16,
    pub consequence: u16,
    pub field: u16,
    pub left: u16,
    pub method: u16,
    pub name: u16,
    pub operand: u16,
    pub operator: u16,
    pub right: u16,
    pub table: u16,
    pub value: u16,
}

static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let grammar = tree_sitter::Language::from(tree_sitter_lua::LANGUAGE);
    let mut kinds = vec![Kind::Other; grammar.node_kind_count()];
    for (name, kind) in NAMES {
        let id = usize::from(grammar.id_for_node_kind(name, true));
        if let Some(entry) = kinds.get_mut(id) {
            *entry = kind;
        }
    }
    kinds
});

/// The fields by number.
pub(super) static FIELDS: LazyLock<Fields> = LazyLock::new(|| {
    let grammar = tree_sitter::Language::from(tree_sitter_lua::LANGUAGE);
    // A field that the grammar does not have is one that no node stands in.
    let id = |name: &str| {
        grammar
            .field_id_for_name(name)
            .map_or(u16::MAX, std::num::NonZero::get)
    };
    Fields {
        arguments: id("arguments"),
        body: id("body"),
        clause: id("clause"),
        condition: id("condition"),
        consequence: id("consequence"),
        field: id("field"),
        left: id("left"),
        method: id("method"),
        name: id("name"),
        operand: id("operand"),
        operator: id("operator"),
        right: id("right"),
        table: id("table"),
        value: id("value"),
    }
});

/// tree-sitter's number for what it could not parse.
const ERROR: u16 = u16::MAX;

/// The kind of a node.
pub(super) fn kind(tree: &Tree<'_>, node: Node) -> Kind {
    match tree.kind(node) {
        ERROR => Kind::Error,
        id => KINDS.get(usize::from(id)).copied().unwrap_or(Kind::Other),
    }
}

/// The text between the quotes, when it is what the program sees: not with escapes in it.
pub(super) fn plain_text<'t>(tree: &Tree<'t>, node: Node) -> Option<&'t [u8]> {
    let Some(content) = tree.named_children(node).next() else {
        return Some(b"");
    };
    tree.is_leaf(content).then(|| tree.bytes(content))
}
