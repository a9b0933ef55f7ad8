//! `except`, `ambiguous-in` and `ambiguous-when`: where a match is nothing, and where it is a question.
//!
//! Deliberately absent: what a fact means ([`crate::language`]).

use super::check_variables;
use crate::language::{Fact, Language};
use crate::matcher::read::Reader;
use crate::problem::Problems;
use crate::rule::{Ambiguity, Decision};
use crate::yaml::{Node, Value};

pub(super) fn read_ambiguities(
    list: &Node,
    decision: &Option<Decision>,
    language: &Language,
    reader: &mut Reader<'_>,
) -> Vec<Ambiguity> {
    let mut ambiguities: Vec<Ambiguity> = Vec::new();
    for node in list.need_list("ambiguous-when", reader.problems()) {
        if node
            .need_map(
                "`ambiguous-when`",
                &["id", "rule", "ask"],
                reader.problems(),
            )
            .is_none()
        {
            continue;
        }
        let (Some(id), Some(rule), Some(ask)) = (node.get("id"), node.get("rule"), node.get("ask"))
        else {
            reader.problems().add(
                node.span.clone(),
                "each of `ambiguous-when` needs `id`, `rule` and `ask`",
            );
            continue;
        };
        let id_text = id
            .need_text("id", reader.problems())
            .unwrap_or_default()
            .to_owned();
        if language.fact(&id_text).is_some() {
            let message = format!("`{id_text}` is the name of a fact");
            reader.problems().add(id.span.clone(), message);
        }
        if ambiguities.iter().any(|other| other.id == id_text) {
            reader
                .problems()
                .add(id.span.clone(), format!("`{id_text}` is there twice"));
        }
        let ask_text = ask
            .need_text("ask", reader.problems())
            .unwrap_or_default()
            .to_owned();
        if let Some(matcher) = reader.rule(rule, None) {
            let mut names = matcher.variables();
            if let Some(Decision::Match(_, main)) = decision {
                names.extend(main.variables());
            }
            check_variables(&ask_text, ask, &names, reader);
            ambiguities.push(Ambiguity {
                id: id_text,
                matcher,
                ask: ask_text,
            });
        }
    }
    ambiguities
}

type Facts = (Vec<&'static Fact>, Vec<(&'static Fact, Option<String>)>);

pub(super) fn read_facts(
    node: &Node,
    language: &'static Language,
    problems: &mut Problems,
) -> Facts {
    let mut except = Vec::new();
    let mut ambiguous = Vec::new();
    if let Some(list) = node.get("except") {
        for fact in list.need_list("except", problems) {
            except.extend(
                fact.need_text("except", problems)
                    .and_then(|name| need_fact(name, &fact.span, language, problems)),
            );
        }
    }
    match node.get("ambiguous-in").map(|node| (node, &node.value)) {
        Some((_, Value::Map(entries))) => {
            for entry in entries {
                let ask = entry
                    .value
                    .need_text("ambiguous-in", problems)
                    .map(str::to_owned);
                ambiguous.extend(
                    need_fact(&entry.key, &entry.key_span, language, problems)
                        .map(|fact| (fact, ask)),
                );
            }
        }
        Some((list, _)) => {
            for fact in list.need_list("ambiguous-in", problems) {
                let known = fact
                    .need_text("ambiguous-in", problems)
                    .and_then(|name| need_fact(name, &fact.span, language, problems));
                ambiguous.extend(known.map(|fact| (fact, None)));
            }
        }
        None => {}
    }
    refuse_doubled_facts(node, problems);
    (except, ambiguous)
}

/// A fact that is named twice decides twice, and one of it in vain.
fn refuse_doubled_facts(node: &Node, problems: &mut Problems) {
    let mut seen: Vec<&str> = Vec::new();
    for list in ["except", "ambiguous-in"]
        .iter()
        .filter_map(|key| node.get(key))
    {
        let of_list: Vec<(&str, &std::ops::Range<usize>)> = match &list.value {
            Value::List(nodes) => nodes
                .iter()
                .filter_map(|node| Some((node.as_text()?, &node.span)))
                .collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|entry| (entry.key.as_str(), &entry.key_span))
                .collect(),
            _ => Vec::new(),
        };
        for (name, span) in of_list {
            if seen.contains(&name) {
                problems.add(span.clone(), format!("the fact `{name}` is there twice"));
            }
            seen.push(name);
        }
    }
}

fn need_fact(
    name: &str,
    span: &std::ops::Range<usize>,
    language: &'static Language,
    problems: &mut Problems,
) -> Option<&'static Fact> {
    let fact = language.fact(name);
    if fact.is_none() {
        let known = language.facts.iter().map(|fact| fact.name);
        problems.add_unknown(
            span.clone(),
            format!("{} has no fact `{name}`", language.name),
            name,
            known,
        );
    }
    fact
}
