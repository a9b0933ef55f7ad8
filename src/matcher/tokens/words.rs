//! What the words of a language are, looked up once for each token.
//!
//! Deliberately absent: judging a word by what stands around it ([`super::operand`]).

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::language::{self, lexis::Lexis};

/// Sorts of words: bits, for a word may be of several.
pub(super) const KEYWORD: u16 = 1;
pub(super) const DEFINITION: u16 = 1 << 1;
pub(super) const ATTRIBUTE: u16 = 1 << 2;
pub(super) const JOINT: u16 = 1 << 3;
pub(super) const PATH: u16 = 1 << 4;
pub(super) const POSTFIX: u16 = 1 << 5;
pub(super) const PREFIX: u16 = 1 << 6;
pub(super) const SEPARATOR: u16 = 1 << 7;
pub(super) const BANG: u16 = 1 << 8;
pub(super) const PIPE: u16 = 1 << 9;
pub(super) const CAST: u16 = 1 << 10;
pub(super) const BLOCK_WORD: u16 = 1 << 11;
pub(super) const BLOCK_HEAD: u16 = 1 << 12;
pub(super) const BLOCK_JOINT: u16 = 1 << 13;
pub(super) const ARM: u16 = 1 << 14;
pub(super) const ITEM: u16 = 1 << 15;

/// What a token is in its language.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Word {
    pub(super) sorts: u16,
    /// The strength of an operator between operands; 0 for anything else.
    pub(super) strength: u8,
}

/// All words that mean something.
pub(super) type Known = HashMap<&'static [u8], Word>;

/// Those of a language.
pub(super) fn known(lexis: &'static Lexis) -> &'static Known {
    static ALL: LazyLock<Vec<(&Lexis, Known)>> = LazyLock::new(|| {
        let all = language::ALL.iter().map(|language| language.lexis);
        all.map(|lexis| (lexis, read(lexis))).collect()
    });
    static NONE: LazyLock<Known> = LazyLock::new(Known::new);
    let of = ALL.iter().find(|(of, _)| std::ptr::eq(*of, lexis));
    of.map_or(&NONE, |(_, known)| known)
}

fn read(lexis: &Lexis) -> Known {
    let mut known = Known::new();
    let lists: [(&[&'static str], u16); 10] = [
        (lexis.keywords, KEYWORD),
        (lexis.definitions, DEFINITION),
        (lexis.attributes, ATTRIBUTE),
        (lexis.joints, JOINT),
        (lexis.postfix, POSTFIX),
        (lexis.prefixes, PREFIX),
        (lexis.separators, SEPARATOR),
        (lexis.block_words, BLOCK_WORD),
        (lexis.block_heads, BLOCK_HEAD),
        (lexis.items, ITEM),
    ];
    let singles = [
        (lexis.path, PATH),
        (lexis.bang, BANG),
        (lexis.pipe, PIPE),
        (lexis.cast, CAST),
        (lexis.block_joint, BLOCK_JOINT),
        (lexis.arm, ARM),
    ];
    let all = lists
        .into_iter()
        .flat_map(|(words, sort)| words.iter().map(move |word| (*word, sort)))
        .chain(singles);
    for (word, sort) in all.filter(|(word, _)| !word.is_empty()) {
        known.entry(word.as_bytes()).or_default().sorts |= sort;
    }
    for (operator, strength) in lexis.operators {
        known.entry(operator.as_bytes()).or_default().strength = *strength;
    }
    known
}
