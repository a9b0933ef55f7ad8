//! `codex compile` and `codex test`.

use crate::compile::{self, Compiled, Outcome, Proof};
use crate::config::Config;
use crate::problem::Failure;
use crate::report::plain_text::visible_line;

use super::{Context, Verdict, show, watch};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Write nothing; fail when what is committed is stale
    #[arg(long)]
    check: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct TestArguments {
    /// Go on: prove them again whenever an RFC or codex.toml changes
    #[arg(long)]
    watch: bool,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let (_, config) = context.config_without_git()?;
    let compiled = compile(&config, context)?;
    for outcome in &compiled.rfcs {
        context.print(&summary(outcome))?;
    }
    if arguments.check {
        let stale = compile::stale(&compiled, &config.folder.join(&config.rules))?;
        for name in &stale {
            let path = visible_line(&format!("{}/{name}", config.rules));
            context.print(&format!("stale: {path}\n"))?;
        }
        if !stale.is_empty() {
            context.print("run `codex compile` and commit what it writes\n")?;
            return Ok(Verdict::Reject);
        }
        return Ok(Verdict::Pass);
    }
    compile::write(&compiled, &config)?;
    if !config.is_file {
        // Otherwise the first check of a new law finds nothing, and nobody knows why.
        show::warning(
            "`codex check` reads these rules only where there is a codex.toml; an empty one will do",
        );
    }
    Ok(Verdict::Pass)
}

pub(super) fn test(arguments: &TestArguments, context: &mut Context) -> Result<Verdict, Failure> {
    match arguments.watch {
        true => watch::watch(context, prove),
        false => prove(context),
    }
}

fn prove(context: &mut Context) -> Result<Verdict, Failure> {
    let (_, config) = context.config_without_git()?;
    let compiled = compile::compile(&config)?;
    let proofs: Vec<&Proof> = compiled
        .rfcs
        .iter()
        .flat_map(|outcome| &outcome.examples)
        .collect();
    for outcome in &compiled.rfcs {
        for proof in &outcome.examples {
            let word = match proof.holds {
                Some(true) => "holds",
                Some(false) => "FAILS",
                None => "not proved (a reviewer decides)",
            };
            let place = format!("{}:{}", visible_line(&outcome.path), proof.line);
            context.print(&format!(
                "{place} {} {} {}: {word}\n",
                proof.slug,
                proof.language,
                proof.role.word()
            ))?;
        }
    }
    let count = |wanted: Option<bool>| proofs.iter().filter(|proof| proof.holds == wanted).count();
    let (held, failed, unproved) = (count(Some(true)), count(Some(false)), count(None));
    let words = |number: usize, one: &'static str, many: &'static str| match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    };
    context.print(&format!(
        "{}, {}, {}\n",
        words(held, "example holds", "examples hold"),
        words(failed, "fails", "fail"),
        words(unproved, "is for a reviewer", "are for a reviewer"),
    ))?;
    refuse(&compiled, context)?;
    Ok(Verdict::Pass)
}

fn compile(config: &Config, context: &Context) -> Result<Compiled, Failure> {
    let compiled = compile::compile(config)?;
    refuse(&compiled, context)?;
    Ok(compiled)
}

fn refuse(compiled: &Compiled, context: &Context) -> Result<(), Failure> {
    if compiled.problems.is_empty() {
        return Ok(());
    }
    show::problems(&compiled.problems, context.style);
    let count = match compiled.problems.len() {
        1 => "1 problem".to_owned(),
        number => format!("{number} problems"),
    };
    Err(Failure::new(format!(
        "the RFCs have {count}; nothing was written"
    )))
}

fn summary(outcome: &Outcome) -> String {
    let (matched, reviewed, not_enforced) = (
        outcome.matched.len(),
        outcome.reviewed.len(),
        outcome.not_enforced.len(),
    );
    let path = visible_line(&outcome.path);
    let mut line =
        format!("{path}: {matched} matched, {reviewed} reviewed, {not_enforced} not enforced");
    if not_enforced > 0 {
        line.push_str(&format!(" ({})", outcome.not_enforced.join(", ")));
    }
    line.push('\n');
    line
}
