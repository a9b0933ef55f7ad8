//! `codex explain RULE`: the statement behind a rule, offline.

use crate::finding::Level;
use crate::problem::{Failure, nearest};
use crate::report::plain_text::visible;
use crate::rule::{Decision, Law, Rule, in_force};

use super::{Context, Verdict};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The rule's id
    rule: String,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let (_, config) = context.config()?;
    let in_force = in_force::collect(
        &config,
        &in_force::Selection {
            drafts: true,
            ..in_force::Selection::default()
        },
    )?;
    let rules: Vec<&Rule> = in_force
        .rules
        .iter()
        .filter(|rule| rule.id == arguments.rule)
        .collect();
    let Some(law) = rules.first().and_then(|rule| rule.law()) else {
        let failure = Failure::new(format!("no rule `{}` is in force", arguments.rule));
        return Err(
            match nearest(
                &arguments.rule,
                in_force.rules.iter().map(|rule| rule.id.as_str()),
            ) {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure.help("`codex rules` lists the rules in force"),
            },
        );
    };
    context.print(&visible(&text(&arguments.rule, law, &rules)))?;
    Ok(Verdict::Pass)
}

fn text(id: &str, law: &Law, rules: &[&Rule]) -> String {
    let decided: Vec<&str> = rules
        .iter()
        .map(|rule| {
            rule.language()
                .map_or("a reviewer", |language| language.name)
        })
        .collect();
    let mut text = format!(
        "{id}\n\n  {}\n\n  {}\n\nRFC {}, {}, {}, domain {}, owners {}\n",
        law.statement,
        law.advice,
        law.rfc,
        law.level.keyword(),
        law.status.word(),
        law.domain,
        law.owners.join(", "),
    );
    if !law.incidents.is_empty() {
        text.push_str(&format!("comes from {}\n", law.incidents.join(", ")));
    }
    text.push_str(&format!(
        "decided by {}\n{}\n",
        decided.join(", "),
        law.href
    ));
    for rule in rules {
        text.push_str(&conditions(rule));
    }
    for example in rules
        .iter()
        .filter_map(|rule| rule.law())
        .flat_map(|law| &law.examples)
    {
        text.push_str(&format!(
            "\n{} ({}, {})\n",
            example.role.word(),
            example.language,
            example.file
        ));
        for line in example.code.lines() {
            text.push_str(if line.is_empty() { "" } else { "    " });
            text.push_str(line);
            text.push('\n');
        }
    }
    if law.level != Level::May {
        text.push_str(&format!(
            "\nan exception, where it must be: codex-allow({id}): reason\n"
        ));
    }
    text
}

fn conditions(rule: &Rule) -> String {
    let language = rule.language().map_or("", |language| language.name);
    let mut text = String::new();
    for fact in &rule.except {
        text.push_str(&format!(
            "does not apply to {language} {}: {}\n",
            fact.name, fact.about
        ));
    }
    for (fact, ask) in &rule.ambiguous_in {
        text.push_str(&format!(
            "a question in {language} {}: {}\n",
            fact.name,
            ask.as_deref().unwrap_or(fact.ask)
        ));
    }
    for ambiguity in &rule.ambiguous_when {
        text.push_str(&format!(
            "a question in {language} {}: {}\n",
            ambiguity.id, ambiguity.ask
        ));
    }
    if let Decision::Review(review) = &rule.decision {
        text.push_str(&format!("broken when {}\n", review.violation_when));
        text.push_str(
            &review
                .not_a_violation
                .as_ref()
                .map_or(String::new(), |text| format!("not broken: {text}\n")),
        );
    }
    text
}
