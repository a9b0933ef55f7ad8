//! The languages as ast-grep knows them, over the very grammars that codex uses.

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
    Bash,
    C,
    Cpp,
    Go,
    Java,
    JavaScript,
    Python,
    Tsx,
    TypeScript,
}

impl Tongue {
    const ALL: [Self; 11] = [
        Self::Rust,
        Self::Lua,
        Self::Bash,
        Self::C,
        Self::Cpp,
        Self::Go,
        Self::Java,
        Self::JavaScript,
        Self::Python,
        Self::Tsx,
        Self::TypeScript,
    ];

    /// Those that this build of codex knows.
    pub fn all() -> impl Iterator<Item = Self> {
        let is_known = |tongue: &Self| codex::language::Language::named(tongue.name()).is_some();
        Self::ALL.into_iter().filter(is_known)
    }

    /// The name, the ending of files, and what stands for `$` in a pattern, as in `ast-grep-language`.
    fn facts(self) -> (&'static str, &'static str, char) {
        match self {
            Self::Rust => ("rust", "rs", 'µ'),
            Self::Lua => ("lua", "lua", '$'),
            Self::Bash => ("bash", "sh", '$'),
            Self::C => ("c", "c", '𐀀'),
            Self::Cpp => ("cpp", "cc", '𐀀'),
            Self::Go => ("go", "go", 'µ'),
            Self::Java => ("java", "java", '$'),
            Self::JavaScript => ("javascript", "js", '$'),
            Self::Python => ("python", "py", 'µ'),
            Self::Tsx => ("tsx", "tsx", '$'),
            Self::TypeScript => ("typescript", "ts", '$'),
        }
    }

    pub fn name(self) -> &'static str {
        self.facts().0
    }

    pub fn ending(self) -> &'static str {
        self.facts().1
    }
}

impl Language for Tongue {
    fn expando_char(&self) -> char {
        self.facts().2
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
        let language = codex::language::Language::named(self.name()).unwrap();
        (language.grammar)()
    }
}
