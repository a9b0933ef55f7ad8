//! `codex eval`: how often a reviewer is right about the examples of the RFCs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::{self, Narrowing};
use crate::eval::{self, Comparison, Evaluation, Outcome, cases};
use crate::finding::Disposition;
use crate::problem::Failure;
use crate::review::ask::{self, Limits};
use crate::review::case::Group;
use crate::review::{self, kind, prompt};
use crate::rule::in_force;

use super::check::asking;
use super::{Context, Verdict, reviewer, unknown_word};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only examples of this rule (repeatable)
    #[arg(long, value_name = "RULE")]
    only: Vec<String>,
    /// More examples: DIR/RULE/bad, DIR/RULE/good and DIR/RULE/ambiguous hold a file each (repeatable)
    #[arg(long, value_name = "DIR")]
    labelled: Vec<PathBuf>,
    /// Compare with an evaluation that `--format json=FILE` wrote: of another reviewer, or another prompt
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Ask nobody: show this evaluation, that `--format json=FILE` wrote
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "labelled"])]
    from: Option<PathBuf>,
    /// human, json or html, and where to write it (repeatable)
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "human")]
    format: Vec<String>,
    #[command(flatten)]
    review: reviewer::Arguments,
}

const FORMATS: [&str; 3] = ["human", "json", "html"];

pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let outputs = outputs(&arguments.format)?;
    let then = arguments.compare.as_deref().map(read).transpose()?;
    let mut evaluation = match &arguments.from {
        Some(path) => read(path)?,
        None => match measure(arguments, context)? {
            Some(evaluation) => evaluation,
            None => return Ok(Verdict::Pass),
        },
    };
    evaluation.comparison = then.map(|then| Comparison::new(&evaluation, &then));
    for (format, file) in outputs {
        let text = match format {
            "json" => evaluation.json(),
            "html" => eval::page(&evaluation),
            _ => eval::table(&evaluation),
        };
        match file {
            Some(file) => crate::write::replace(&file, text.as_bytes())
                .map_err(|error| Failure::io(format!("cannot write {}", file.display()), &error))?,
            None => context.print(&text)?,
        }
    }
    // Nothing was measured: that is no result.
    let is_any = evaluation
        .outcomes
        .iter()
        .any(|outcome| outcome.verdict.is_some());
    Ok(if is_any {
        Verdict::Pass
    } else {
        Verdict::Incomplete
    })
}

fn outputs(words: &[String]) -> Result<Vec<(&'static str, Option<PathBuf>)>, Failure> {
    let mut outputs = Vec::new();
    for word in words {
        let (name, file) = match word.split_once('=') {
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (word.as_str(), None),
        };
        let format = FORMATS.into_iter().find(|format| *format == name);
        let format = format.ok_or_else(|| unknown_word("format", name, FORMATS.into_iter()))?;
        outputs.push((format, file));
    }
    if outputs.iter().filter(|(_, file)| file.is_none()).count() > 1 {
        let help = "give the others a file, as in --format html=eval.html";
        return Err(Failure::new("only one format can go to standard output").help(help));
    }
    Ok(outputs)
}

fn read(path: &Path) -> Result<Evaluation, Failure> {
    let bytes = config::read_file(path)
        .map_err(|error| Failure::io(format!("cannot read {}", path.display()), &error))?;
    Evaluation::parse(&bytes).map_err(|reason| {
        Failure::new(format!("{} is no evaluation: {reason}", path.display()))
            .help("`codex eval --format json=FILE` writes one")
    })
}

/// Asks; `None` when the requests were only shown.
fn measure(arguments: &Arguments, context: &mut Context) -> Result<Option<Evaluation>, Failure> {
    let chosen = reviewer::choose(&arguments.review)?;
    let asking = chosen.asking();
    if asking.is_nobody() {
        let help = "name one, as in --review http --review-model NAME; --review show shows what it would be asked";
        return Err(Failure::new("there is no reviewer to evaluate").help(help));
    }
    let (_, config) = context.config()?;
    let selection = in_force::Selection {
        only: &arguments.only,
        drafts: true,
        ..in_force::Selection::default()
    };
    let in_force = in_force::collect(&config, &selection)?;
    super::show::problems(&in_force.problems, context.style);
    let mut labelled = cases::of_rules(&in_force.rules);
    for folder in &arguments.labelled {
        labelled.extend(cases::of_folder(&in_force.rules, folder)?);
    }
    let groups: Vec<Group> = labelled
        .iter()
        .enumerate()
        .filter_map(|(index, labelled)| {
            Some(Group {
                candidates: vec![index],
                cases: vec![labelled.case()?],
            })
        })
        .collect();
    if groups.is_empty() {
        return Err(Failure::new("there is no example").help("write some, or name --labelled DIR"));
    }
    let narrow = Narrowing::default();
    let options = review::Options {
        asking,
        confirmed: Disposition::Review,
        introduced: false,
        head: None,
        base: None,
        narrow: &narrow,
        cache: chosen.cache.as_ref(),
        limits: chosen.limits_of_evaluation(),
        heartbeat: asking::heartbeat(),
    };
    let mut asked = ask::all(groups, &options);
    if matches!(asking, review::Asking::Show(_)) {
        for request in &asked.shown {
            context.print(&format!("{request}\n\n"))?;
        }
        return Ok(None);
    }
    if let Some(path) = &chosen.record {
        let text = review::recorded::write(std::mem::take(&mut asked.recorded));
        crate::write::replace(path, text.as_bytes())
            .map_err(|error| Failure::io(format!("cannot write {}", path.display()), &error))?;
    }
    let outcome = |(index, labelled): (usize, &cases::Labelled<'_>)| {
        let mut outcome = labelled.outcome();
        add(&mut outcome, &mut asked.opinions, &asked.efforts, index);
        outcome
    };
    let outcomes: Vec<Outcome> = labelled.iter().enumerate().map(outcome).collect();
    let name = asked.counts.reviewer.clone();
    let name = name.unwrap_or_else(|| "any reviewer of the cache".to_owned());
    let evaluation = Evaluation::new(name, prompt::hash(&kind::CODE), asked.counts, outcomes);
    Ok(Some(evaluation))
}

fn add(
    outcome: &mut Outcome,
    opinions: &mut BTreeMap<usize, Result<crate::finding::Verdict, String>>,
    efforts: &BTreeMap<usize, ask::Effort>,
    index: usize,
) {
    match opinions.remove(&index) {
        Some(Ok(verdict)) => {
            outcome.verdict = Some(kind::CODE.word(verdict.verdict).to_owned());
            outcome.rationale = Some(verdict.rationale);
            outcome.reviewer = Some(verdict.reviewer);
        }
        Some(Err(reason)) => outcome.not_reviewed = Some(reason),
        None => outcome.not_reviewed = Some("it is no text that can be asked about".to_owned()),
    }
    if let Some(effort) = efforts.get(&index) {
        let milliseconds = u64::try_from(effort.took.as_millis());
        outcome.milliseconds = Some(milliseconds.unwrap_or(u64::MAX));
        outcome.usage = Some(effort.usage.clone());
    }
}

impl reviewer::Chosen {
    /// As it was said; what was not said has no limit: whoever evaluates wants all of it.
    fn limits_of_evaluation(&self) -> Limits {
        const DAY: Duration = Duration::from_secs(86_400);
        let (cases, run) = self.said;
        Limits {
            cases: cases.unwrap_or(usize::MAX),
            run: run.map_or(DAY, |_| self.limits(&Narrowing::default()).run),
            ..self.limits(&Narrowing::default())
        }
    }
}
