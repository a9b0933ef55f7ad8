//! What an attribute says: that code is for tests only, or what a lint of clippy may do.
//!
//! Predicates are three-valued: `test` is false, as in the product; a feature, a platform and all the rest is unknown.
//! What is false that way is compiled for tests only. The text may be anything, so its length and the depth of its
//! brackets are bounded before syn, which recurses, sees it; an attribute beyond the bounds says nothing.
//! Deliberately absent: which code an attribute stands at ([`super::scope`]), `path` and `include!`, and what depends
//! on more than one attribute at once.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Ident, LitBool, Path, Token, parenthesized};

/// The longest attribute that is read, in bytes.
const LENGTH_LIMIT: usize = 64 * 1024;

/// The deepest brackets that are read.
const DEPTH_LIMIT: usize = 64;

/// Attributes that make a function a test, or stand only at tests, by the last part of their path.
const TEST_ATTRIBUTES: [&str; 14] = [
    "test",
    "bench",
    "case",
    "fixture",
    "gtest",
    "property_test",
    "proptest",
    "quickcheck",
    "rstest",
    "test_case",
    "test_casing",
    "test_matrix",
    "values",
    "wasm_bindgen_test",
];

/// What one attribute says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Saying {
    /// Whether its code is compiled for tests only.
    pub(super) tests_only: bool,
    /// Lints of clippy, without `clippy::`, and whether they are allowed.
    pub(super) lints: Vec<(String, bool)>,
}

/// Reads what stands between `#[` and `]`.
pub(super) fn read(text: &[u8]) -> Saying {
    let mut saying = Saying::default();
    if text.len() > LENGTH_LIMIT {
        return saying;
    }
    // A doc string need not be UTF-8 here; names that matter are.
    let Ok(tokens) = String::from_utf8_lossy(text).parse::<TokenStream>() else {
        return saying;
    };
    if is_deeper_than(DEPTH_LIMIT, &tokens) {
        return saying;
    }
    let parsed = Parser::parse2(
        |input: ParseStream<'_>| attribute(input, Truth::True, &mut saying),
        tokens,
    );
    if parsed.is_ok() {
        saying
    } else {
        Saying::default()
    }
}

/// Level by level and without recursion: the text is hostile until this says otherwise.
fn is_deeper_than(limit: usize, tokens: &TokenStream) -> bool {
    let mut level = vec![tokens.clone()];
    for _ in 0..=limit {
        level = level
            .into_iter()
            .flatten()
            .filter_map(|token| match token {
                TokenTree::Group(group) => Some(group.stream()),
                _ => None,
            })
            .collect();
        if level.is_empty() {
            return false;
        }
    }
    true
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    False,
    Unknown,
    True,
}

impl Truth {
    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            _ => Self::Unknown,
        }
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }
}

/// One attribute, which is there when `condition` is true.
fn attribute(input: ParseStream<'_>, condition: Truth, saying: &mut Saying) -> syn::Result<()> {
    let path = Path::parse_mod_style(input)?;
    let name = path
        .segments
        .last()
        .map(|segment| segment.ident.unraw().to_string())
        .unwrap_or_default();
    let alone = path.segments.len() == 1;
    match name.as_str() {
        "cfg" if alone => {
            let inner;
            parenthesized!(inner in input);
            let predicate = predicate(&inner)?;
            inner.parse::<Option<Token![,]>>()?;
            // The code is there unless the attribute is there and its predicate false.
            saying.tests_only |= condition.not().or(predicate) == Truth::False;
        }
        "cfg_attr" if alone => {
            let inner;
            parenthesized!(inner in input);
            let condition = condition.and(predicate(&inner)?);
            while inner.parse::<Option<Token![,]>>()?.is_some() && !inner.is_empty() {
                attribute(&inner, condition, saying)?;
            }
        }
        "allow" | "expect" if alone => lints(input, condition != Truth::False, true, saying)?,
        "warn" | "deny" | "forbid" if alone => {
            lints(input, condition == Truth::True, false, saying)?;
        }
        _ => {
            // `cfg_attr(target_arch = "wasm32", wasm_bindgen_test)`: nobody ships what is a test on some platform.
            let is_test = TEST_ATTRIBUTES.contains(&name.as_str()) && !input.peek(Token![=]);
            saying.tests_only |= is_test && condition != Truth::False;
            skip_to_comma(input)?;
        }
    }
    Ok(())
}

fn predicate(input: ParseStream<'_>) -> syn::Result<Truth> {
    if input.peek(LitBool) {
        let literal: LitBool = input.parse()?;
        return Ok(if literal.value {
            Truth::True
        } else {
            Truth::False
        });
    }
    let name = input.call(Ident::parse_any)?.unraw().to_string();
    if input.peek(syn::token::Paren) {
        let inner;
        parenthesized!(inner in input);
        return combination(&name, &inner);
    }
    if input.peek(Token![=]) {
        skip_to_comma(input)?;
        return Ok(Truth::Unknown);
    }
    Ok(if matches!(name.as_str(), "test" | "doctest") {
        Truth::False
    } else {
        Truth::Unknown
    })
}

fn combination(name: &str, inner: ParseStream<'_>) -> syn::Result<Truth> {
    if !matches!(name, "all" | "any" | "not") {
        inner.parse::<TokenStream>()?;
        return Ok(Truth::Unknown);
    }
    let parts = inner.parse_terminated(predicate, Token![,])?;
    let mut parts = parts.into_iter();
    Ok(match name {
        "all" => parts.fold(Truth::True, Truth::and),
        "any" => parts.fold(Truth::False, Truth::or),
        _ => match (parts.next(), parts.next()) {
            (Some(only), None) => only.not(),
            _ => Truth::Unknown,
        },
    })
}

fn lints(
    input: ParseStream<'_>,
    applies: bool,
    allowed: bool,
    saying: &mut Saying,
) -> syn::Result<()> {
    let inner;
    parenthesized!(inner in input);
    while !inner.is_empty() {
        let path = Path::parse_mod_style(&inner)?;
        skip_to_comma(&inner)?;
        inner.parse::<Option<Token![,]>>()?;
        let names: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        if let [tool, lint] = names.as_slice()
            && tool == "clippy"
            && applies
        {
            saying.lints.push((lint.clone(), allowed));
        }
    }
    Ok(())
}

fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}
