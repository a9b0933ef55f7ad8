//! The two languages as ast-grep knows them, over the very grammars that codex uses.

use std::borrow::Cow;

use ast_grep_core::Language;
use ast_grep_core::Pattern;
use ast_grep_core::matcher::{PatternBuilder, PatternError};
use ast_grep_core::tree_sitter::{LanguageExt, StrDoc, TSLanguage};
use serde::Deserialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tongue {
    Rust,
    Lua,
}

impl Tongue {
    pub const ALL: [Self; 2] = [Self::Rust, Self::Lua];

    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Lua => "lua",
        }
    }

    pub fn ending(self) -> &'static str {
        match self {
            Self::Rust => "rs",
            Self::Lua => "lua",
        }
    }
}

impl Language for Tongue {
    fn expando_char(&self) -> char {
        match self {
            Self::Rust => 'µ',
            Self::Lua => '$',
        }
    }

    fn pre_process_pattern<'q>(&self, query: &'q str) -> Cow<'q, str> {
        let sigil = self.expando_char();
        let mut code = String::new();
        let mut characters = query.chars().peekable();
        while let Some(character) = characters.next() {
            if character != '$' {
                code.push(character);
                continue;
            }
            let mut dollars = 1;
            while characters.next_if_eq(&'$').is_some() {
                dollars += 1;
            }
            let next = characters.peek();
            let is_variable =
                dollars == 3 || next.is_some_and(|next| matches!(next, 'A'..='Z' | '_'));
            let written = if is_variable { sigil } else { '$' };
            code.extend(std::iter::repeat_n(written, dollars));
        }
        Cow::Owned(code)
    }

    fn kind_to_id(&self, kind: &str) -> u16 {
        self.get_ts_language().id_for_node_kind(kind, true)
    }

    fn field_to_id(&self, field: &str) -> Option<u16> {
        let field = self.get_ts_language().field_id_for_name(field)?;
        Some(field.get())
    }

    fn build_pattern(&self, builder: &PatternBuilder) -> Result<Pattern, PatternError> {
        builder.build(|code| StrDoc::try_new(code, *self))
    }
}

impl LanguageExt for Tongue {
    fn get_ts_language(&self) -> TSLanguage {
        match self {
            Self::Rust => tree_sitter_rust::LANGUAGE.into(),
            Self::Lua => tree_sitter_lua::LANGUAGE.into(),
        }
    }
}
