//! `codex ask "how do I handle errors?"`: the statements that answer, ranked, offline.

use crate::problem::Failure;
use crate::report::plain_text::visible_line;
use crate::search::{self, Hit};
use crate::statements;

use super::{Context, Verdict, unknown_word};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The question, in words of your own
    #[arg(required = true)]
    question: Vec<String>,
    /// How many statements to show
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    limit: usize,
    /// human or json
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: String,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let (_, config) = context.config()?;
    let statements = statements::in_force(&config)?;
    let mut hits = search::search(&statements, &arguments.question.join(" "));
    hits.truncate(arguments.limit);
    let text = match arguments.format.as_str() {
        "human" if hits.is_empty() => {
            "no statement in force speaks of this; `codex rules` lists them all\n".to_owned()
        }
        "human" => hits
            .iter()
            .enumerate()
            .map(shown)
            .collect::<Vec<_>>()
            .join("\n"),
        "json" => json(&hits) + "\n",
        other => return Err(unknown_word("format", other, ["human", "json"].into_iter())),
    };
    context.print(&text)?;
    Ok(Verdict::Pass)
}

/// The statements as JSON.
pub(super) fn json(hits: &[Hit<'_>]) -> String {
    let found: Vec<_> = hits.iter().map(|hit| hit.statement).collect();
    serde_json::to_string_pretty(&found).unwrap_or_default()
}

fn shown((at, hit): (usize, &Hit<'_>)) -> String {
    let one = hit.statement;
    let decided = if one.enforced_by.is_empty() {
        "not enforced".to_owned()
    } else {
        one.enforced_by.join(", ")
    };
    let lines = [
        Some(format!(
            "{}. {} ({}, RFC {}, {}, {decided})",
            at + 1,
            one.slug,
            one.level,
            one.rfc,
            one.status
        )),
        Some(format!("   {}", one.text)),
        one.advice.as_ref().map(|advice| format!("   {advice}")),
        Some(format!("   {}", one.href)),
    ];
    let lines = lines
        .into_iter()
        .flatten()
        .map(|line| visible_line(&line) + "\n");
    lines.collect()
}
