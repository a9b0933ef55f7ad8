//! What an attribute says: whether its code is shipped, in which file a module lies, what a lint of clippy may do.
//!
//! The text may be anything, so its length and the depth of its brackets are bounded before syn, which recurses, sees
//! it; an attribute beyond the bounds says nothing. Deliberately absent: which code an attribute stands at
//! ([`super::scope`], [`super::outline`]), and what depends on more than one attribute at once.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{LitStr, Path, Token, parenthesized};

use super::predicate::{Predicate, Shipped, Truth, Value};

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
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Saying {
    /// Whether its code is shipped.
    pub(super) shipped: Shipped,
    /// Lints of clippy, without `clippy::`, and whether they are allowed.
    pub(super) lints: Vec<(String, bool)>,
    /// Files for the module.
    pub(super) paths: Vec<ModulePath>,
    /// Whether it shows a macro to other crates.
    pub(super) exports: bool,
}

/// `#[path = "file"]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModulePath {
    pub(super) file: String,
    /// It stands in `cfg_attr`, whose predicate comes to this.
    pub(super) condition: Option<Truth>,
    /// Whether the attribute is shipped.
    pub(super) shipped: Shipped,
}

impl Default for Saying {
    fn default() -> Self {
        Self {
            shipped: Shipped::Always,
            lints: Vec::new(),
            paths: Vec::new(),
            exports: false,
        }
    }
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
        |input: ParseStream<'_>| attribute(input, &Predicate::Constant(true), &mut saying),
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

/// One attribute, which is there when `condition` is true.
fn attribute(
    input: ParseStream<'_>,
    condition: &Predicate,
    saying: &mut Saying,
) -> syn::Result<()> {
    let path = Path::parse_mod_style(input)?;
    let name = path
        .segments
        .last()
        .map(|segment| segment.ident.unraw().to_string())
        .unwrap_or_default();
    let alone = path.segments.len() == 1;
    let is_there = condition.value().truth;
    match name.as_str() {
        "cfg" if alone => {
            let inner;
            parenthesized!(inner in input);
            let predicate = Predicate::parse(&inner)?;
            inner.parse::<Option<Token![,]>>()?;
            // The code is there unless the attribute is there and its predicate false.
            let is_compiled = Value::any(&[condition.negated(), predicate.value()]);
            saying.shipped = saying.shipped.min(is_compiled.shipped());
        }
        "cfg_attr" if alone => {
            let inner;
            parenthesized!(inner in input);
            let condition = Predicate::All(vec![condition.clone(), Predicate::parse(&inner)?]);
            while inner.parse::<Option<Token![,]>>()?.is_some() && !inner.is_empty() {
                attribute(&inner, &condition, saying)?;
            }
        }
        "path" if alone && input.peek(Token![=]) => {
            input.parse::<Token![=]>()?;
            let file: LitStr = input.parse()?;
            saying.paths.push(ModulePath {
                file: file.value(),
                condition: (*condition != Predicate::Constant(true)).then_some(is_there),
                shipped: condition.value().shipped(),
            });
        }
        "macro_export" if alone => {
            saying.exports |= is_there != Truth::False;
            skip_to_comma(input)?;
        }
        "allow" | "expect" if alone => lints(input, is_there != Truth::False, true, saying)?,
        "warn" | "deny" | "forbid" if alone => {
            lints(input, is_there == Truth::True, false, saying)?;
        }
        _ => {
            // `cfg_attr(target_arch = "wasm32", wasm_bindgen_test)`: nobody ships what is a test on some platform.
            let is_test = TEST_ATTRIBUTES.contains(&name.as_str()) && !input.peek(Token![=]);
            if is_test && is_there != Truth::False {
                saying.shipped = Shipped::Never;
            }
            skip_to_comma(input)?;
        }
    }
    Ok(())
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
