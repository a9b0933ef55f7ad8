//! cfg predicates in three-valued logic: `test` is false, as in the product; a feature, a platform and all the rest is
//! unknown. What is false that way is compiled for tests only.
//!
//! Unknown is not all alike: `any(test, X)`, and features whose names say that they are for tests, leave it open
//! whether the code is shipped. Deliberately absent: which features and platforms there are.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Ident, Lit, LitBool, Token, parenthesized};

/// Whether the product holds some code; the less, the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shipped {
    /// It is for tests only.
    Never,
    /// In some builds that are made for tests and perhaps for others.
    Maybe,
    /// As far as is known.
    Always,
}

/// A truth value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    False,
    Unknown,
    True,
}

/// What a predicate comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) truth: Truth,
    /// It is false, and would perhaps not be with `test`.
    by_test: bool,
    /// It is unknown, and tests are one of the reasons for which it may be true.
    for_tests: bool,
}

/// A predicate of `cfg`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Predicate {
    Constant(bool),
    Test,
    /// A feature that is there for tests, by its name.
    TestFeature,
    Other,
    Not(Box<Predicate>),
    All(Vec<Predicate>),
    Any(Vec<Predicate>),
}

impl Predicate {
    /// Reads one; the depth of the text was checked before.
    pub(super) fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitBool) {
            return Ok(Self::Constant(input.parse::<LitBool>()?.value));
        }
        let name = input.call(Ident::parse_any)?.unraw().to_string();
        if input.peek(syn::token::Paren) {
            let inner;
            parenthesized!(inner in input);
            return Self::combination(&name, &inner);
        }
        if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            let value = input.parse::<Lit>()?;
            return Ok(match value {
                Lit::Str(feature) if name == "feature" && is_for_tests(&feature.value()) => {
                    Self::TestFeature
                }
                _ => Self::Other,
            });
        }
        Ok(match name.as_str() {
            "test" | "doctest" => Self::Test,
            _ => Self::Other,
        })
    }

    fn combination(name: &str, inner: ParseStream<'_>) -> syn::Result<Self> {
        if !matches!(name, "all" | "any" | "not") {
            inner.parse::<TokenStream>()?;
            return Ok(Self::Other);
        }
        let parts = inner.parse_terminated(Self::parse, Token![,])?;
        let mut parts: Vec<Self> = parts.into_iter().collect();
        Ok(match (name, parts.len()) {
            ("all", _) => Self::All(parts),
            ("any", _) => Self::Any(parts),
            (_, 1) => Self::Not(Box::new(parts.remove(0))),
            _ => Self::Other,
        })
    }

    /// What it comes to in the product.
    pub(super) fn value(&self) -> Value {
        self.evaluate(false)
    }

    /// What its opposite comes to.
    pub(super) fn negated(&self) -> Value {
        self.evaluate(true)
    }

    fn evaluate(&self, negated: bool) -> Value {
        let known = |truth: bool, by_test: bool| Value {
            truth: if truth { Truth::True } else { Truth::False },
            by_test,
            for_tests: false,
        };
        let all = |parts: &[Self]| -> Vec<Value> {
            parts.iter().map(|part| part.evaluate(negated)).collect()
        };
        match self {
            Self::Constant(truth) => known(*truth != negated, false),
            Self::Test => known(negated, !negated),
            Self::TestFeature | Self::Other => Value {
                truth: Truth::Unknown,
                by_test: false,
                for_tests: *self == Self::TestFeature && !negated,
            },
            Self::Not(inner) => inner.evaluate(!negated),
            Self::All(parts) if negated => Value::any(&all(parts)),
            Self::Any(parts) if negated => Value::all(&all(parts)),
            Self::All(parts) => Value::all(&all(parts)),
            Self::Any(parts) => Value::any(&all(parts)),
        }
    }
}

impl Value {
    /// The conjunction.
    pub(super) fn all(parts: &[Self]) -> Self {
        let truth = match () {
            () if parts.iter().any(|part| part.truth == Truth::False) => Truth::False,
            () if parts.iter().all(|part| part.truth == Truth::True) => Truth::True,
            () => Truth::Unknown,
        };
        Self {
            truth,
            by_test: truth == Truth::False && parts.iter().any(|part| part.by_test),
            for_tests: truth == Truth::Unknown && parts.iter().any(|part| part.for_tests),
        }
    }

    /// The disjunction.
    pub(super) fn any(parts: &[Self]) -> Self {
        let truth = match () {
            () if parts.iter().any(|part| part.truth == Truth::True) => Truth::True,
            () if parts.iter().all(|part| part.truth == Truth::False) => Truth::False,
            () => Truth::Unknown,
        };
        let for_tests = |part: &Self| part.for_tests || part.by_test;
        Self {
            truth,
            by_test: truth == Truth::False && parts.iter().any(|part| part.by_test),
            for_tests: truth == Truth::Unknown && parts.iter().any(for_tests),
        }
    }

    /// Whether code with this condition is shipped.
    pub(super) fn shipped(self) -> Shipped {
        match self.truth {
            Truth::False => Shipped::Never,
            Truth::Unknown if self.for_tests => Shipped::Maybe,
            Truth::Unknown | Truth::True => Shipped::Always,
        }
    }
}

/// Whether a feature says by its name that it is there for tests.
pub(super) fn is_for_tests(feature: &str) -> bool {
    let name = feature.trim_start_matches('_').to_ascii_lowercase();
    ["test", "mock", "fake"]
        .iter()
        .any(|word| name.starts_with(word))
}
