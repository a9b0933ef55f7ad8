//! A review statement's block: what it touches, and what violates it.
//!
//! Deliberately absent: who answers ([`crate::review`]).

use super::globs::read_globs;
use super::{Form, refuse_language};
use crate::language::Language;
use crate::problem::Problems;
use crate::rule::Review;
use crate::yaml::{Node, Value};

/// Reads a review statement's block.
pub fn review(node: &Node, problems: &mut Problems) -> Option<Review> {
    let keys = [
        "applies-to",
        "violation-when",
        "not-a-violation",
        "evidence",
    ];
    node.need_map("a review block", &keys, problems)?;
    let mut review = Review::default();
    if let Some(scope) = node.get("applies-to") {
        scope.need_map(
            "`applies-to`",
            &["languages", "paths", "literals"],
            problems,
        );
        let mut texts = |key: &str| {
            scope
                .get(key)
                .map_or_else(Vec::new, |list| list.need_texts(key, problems))
        };
        (review.languages, review.paths, review.literals) =
            (texts("languages"), texts("paths"), texts("literals"));
        let languages = scope
            .get("languages")
            .map_or(&[][..], |list| match &list.value {
                Value::List(nodes) => nodes,
                _ => &[],
            });
        for (name, node) in languages
            .iter()
            .filter_map(|node| Some((node.as_text()?, node)))
        {
            if Language::named(name).is_none() {
                refuse_language(name, node, problems);
            }
        }
        review.files = read_globs(scope.get("paths"), "paths", Form::Block, problems);
    }
    let Some(when) = node.get("violation-when") else {
        problems.add(node.span.clone(), "a review block needs `violation-when`");
        return None;
    };
    review.violation_when = when.need_text("violation-when", problems)?.to_owned();
    let mut optional = |key: &str| {
        node.get(key)
            .and_then(|text| text.need_text(key, problems))
            .map(str::to_owned)
    };
    review.not_a_violation = optional("not-a-violation");
    review.evidence = optional("evidence");
    Some(review)
}
