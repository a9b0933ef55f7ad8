//! Which texts a file must hold for a matcher to match anything in it.
//!
//! Never a wrong "not here": where nothing is known, the answer is `None` and the rule is alive in every file.

use super::Matcher;

/// At least one of the texts stands in every file in which the matcher matches.
pub(super) fn required(matcher: &Matcher) -> Option<Vec<String>> {
    match matcher {
        Matcher::Pattern(pattern) => pattern.literal().map(|text| vec![text.to_owned()]),
        Matcher::All(all) => all
            .iter()
            .filter_map(required)
            .max_by_key(|texts| selectivity(texts)),
        Matcher::Any(any) => {
            let alternatives: Option<Vec<Vec<String>>> = any.iter().map(required).collect();
            alternatives.map(|texts| texts.into_iter().flatten().collect())
        }
        Matcher::Inside(relation)
        | Matcher::Has(relation)
        | Matcher::Precedes(relation)
        | Matcher::Follows(relation) => required(&relation.other),
        Matcher::NthChild(nth) => nth.of.as_ref().and_then(required),
        Matcher::Kind(_) | Matcher::Regex(_) | Matcher::Not(_) | Matcher::Matches(_) => None,
    }
}

/// Longer texts are rarer; one text is rarer than several.
fn selectivity(texts: &[String]) -> (usize, std::cmp::Reverse<usize>) {
    let shortest = texts.iter().map(String::len).min().unwrap_or(0);
    (shortest, std::cmp::Reverse(texts.len()))
}
