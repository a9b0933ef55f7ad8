//! `codex review DOCUMENT`: whether a design or an incident report meets the statements that no matcher decides.
//!
//! The law is that of the work tree. Deliberately absent: any verdict without a reviewer.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use super::check::output::{self, Output};
use super::{Context, Verdict, reviewer, show, threshold, unknown_word};
use crate::assessment::{Assessed, Assessment, Counts, Genre, Opinion, Piece};
use crate::compile::{IndexedRfc, IndexedStatement};
use crate::config::{self, Config};
use crate::finding::{Answer, Disposition, Level, RefusedRule};
use crate::problem::{Failure, nearest};
use crate::report::{self, Format};
use crate::review::document::{self, Document, SIZE_LIMIT, Standard};
use crate::review::{self, neutral, phrases};
use crate::rule::{Decision, Review, in_force};
use crate::statements;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The document, in Markdown or plain text; `-` for standard input
    document: String,
    /// What it is: design or incident
    #[arg(long = "as", value_name = "WHAT")]
    genre: String,
    /// Only statements of this domain (repeatable) [default: `domain` in the document's front matter, else all]
    #[arg(long, value_name = "DOMAIN")]
    domain: Vec<String>,
    /// Only this statement (repeatable)
    #[arg(long, value_name = "RULE")]
    only: Vec<String>,
    /// Statements of draft RFCs, too
    #[arg(long)]
    drafts: bool,
    /// The form of the report, and where to write it (repeatable): human, json or markdown
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "human")]
    format: Vec<String>,
    /// The weakest disposition that fails the review: block, review or warn [default: review, or codex.toml's when that
    /// is stricter]
    #[arg(long, value_name = "DISPOSITION")]
    fail_on: Option<String>,
    /// Report only: exit with 0 whatever is found
    #[arg(long)]
    exit_zero: bool,
    #[command(flatten)]
    review: reviewer::Arguments,
}

/// The forms of a report.
const FORMATS: [Format; 3] = [Format::Human, Format::Json, Format::Markdown];

pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let outputs = outputs(&arguments.format)?;
    let fail_on = threshold(arguments.fail_on.as_deref())?;
    let genres = Genre::ALL.into_iter();
    let genre = genres
        .clone()
        .find(|(word, _)| *word == arguments.genre)
        .map(|(_, genre)| genre)
        .ok_or_else(|| {
            unknown_word(
                "kind of document",
                &arguments.genre,
                genres.map(|one| one.0),
            )
        })?;
    let chosen = reviewer::choose(&arguments.review)?;
    if chosen.asking().is_nobody() {
        let help = "name one with `--review command --review-command ..`; `--review show` prints what it would be asked";
        return Err(
            Failure::new("a document is reviewed by a reviewer, and none is configured").help(help),
        );
    }
    let (name, text) = read(&arguments.document)?;
    let (_, config) = context.config()?;
    let (law, hash, refused) = law(&config, context)?;
    let (domains, domains_from) = match front_domains(&text) {
        _ if !arguments.domain.is_empty() => (arguments.domain.clone(), "command line"),
        domains if !domains.is_empty() => (domains, "document"),
        _ => (Vec::new(), "nobody"),
    };
    let selected = select(law, &config, genre, &domains, arguments)?;
    let document = Document::new(&name, genre, &text);
    let options = review::Options {
        asking: chosen.asking(),
        confirmed: chosen.confirmed,
        introduced: false,
        head: None,
        base: None,
        narrow: &config.review,
        cache: chosen.cache.as_ref(),
        limits: chosen.limits(&config.review),
        heartbeat: super::check::heartbeat(),
    };
    let reviewed = document::assess(&document, selected.standards, &options);
    let is_taken = |(format, file): &Output| *format != Format::Human && file.is_none();
    show::requests(&reviewed.shown, outputs.iter().any(is_taken), context)?;
    if let Some(path) = &chosen.record {
        crate::write::replace(path, reviewed.recording.as_bytes())
            .map_err(|error| Failure::io(format!("cannot write {}", path.display()), &error))?;
    }
    let fail_on = fail_on.unwrap_or(config.fail_on.max(Disposition::Review));
    let lines: Vec<&str> = text.lines().collect();
    let assessment = Assessment {
        schema: 1,
        codex: env!("CARGO_PKG_VERSION").to_owned(),
        document: document.name.clone(),
        genre,
        domains,
        domains_from,
        parts: pieces(&document),
        fail_on,
        rules_hash: hash,
        lessons: (genre == Genre::Incident).then(|| document::lessons(&reviewed.statements)),
        addressed: phrases::addressed(&lines).iter().map(|at| at + 1).collect(),
        summary: Counts {
            other_domains: selected.other_domains,
            ..count(&reviewed.statements, fail_on)
        },
        statements: reviewed.statements,
        rules_refused: refused,
        review: reviewed.counts,
    };
    output::write_as(&outputs, context, |format, style, out| {
        report::render_assessment(format, &assessment, style, out)
    })?;
    Ok(match assessment.summary.rejecting {
        _ if !assessment.rules_refused.is_empty() => Verdict::Incomplete,
        0 => Verdict::Pass,
        _ if arguments.exit_zero => Verdict::Pass,
        _ => Verdict::Reject,
    })
}

fn outputs(words: &[String]) -> Result<Vec<Output>, Failure> {
    let outputs = output::outputs(words)?;
    for (format, _) in &outputs {
        if !FORMATS.contains(format) {
            let help = "known are: human, json, markdown";
            return Err(Failure::new("a document is no place for this format").help(help));
        }
    }
    Ok(outputs)
}

/// The document's name and text. What is no text is an error: nothing of it could be judged.
fn read(name: &str) -> Result<(String, String), Failure> {
    let (name, bytes) = match name {
        "-" => {
            let mut bytes = Vec::new();
            let mut input = std::io::stdin().take(SIZE_LIMIT as u64 + 1);
            input
                .read_to_end(&mut bytes)
                .map_err(|error| Failure::io("cannot read standard input", &error))?;
            ("standard input", bytes)
        }
        name => {
            let bytes = config::read_file(Path::new(name))
                .map_err(|error| Failure::io(format!("cannot read {name}"), &error))?;
            (name, bytes)
        }
    };
    let refuse =
        |reason: &str, help: &str| Err(Failure::new(format!("{name} {reason}")).help(help));
    if bytes.len() > SIZE_LIMIT {
        return refuse("is larger than 1 MiB", "review its chapters one by one");
    }
    let help = "a document is Markdown or plain text in UTF-8";
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return refuse("is UTF-16", help);
    }
    if bytes.contains(&0) {
        return refuse("is binary: it holds NUL bytes", help);
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            return refuse(&format!("is not UTF-8: byte {at}"), help);
        }
    };
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text).to_owned();
    if text.trim().is_empty() {
        return refuse("is empty", "there is nothing to review");
    }
    Ok((name.to_owned(), text))
}

/// `domain` of a front matter, where the document has one: a word or a list.
fn front_domains(text: &str) -> Vec<String> {
    let mut lines = text.split_inclusive('\n');
    if lines.next().is_none_or(|line| line.trim_end() != "---") {
        return Vec::new();
    }
    let front: String = lines
        .clone()
        .take_while(|line| line.trim_end() != "---")
        .collect();
    let mut problems =
        crate::problem::Problems::new(crate::problem::Document::new("", front.as_str()));
    let node = crate::yaml::parse(&front, &crate::yaml::Offsets::whole(), &mut problems);
    let Some(domain) = node.as_ref().and_then(|node| node.get("domain")) else {
        return Vec::new();
    };
    match domain.as_text() {
        Some(domain) => vec![domain.to_owned()],
        None => domain.need_texts("domain", &mut problems),
    }
}

/// Every statement of the RFCs in force, and what the rules say of its review.
struct Law {
    rfcs: Vec<IndexedRfc>,
    reviews: BTreeMap<String, Review>,
}

type Whole = (Law, Option<String>, Vec<RefusedRule>);

fn law(config: &Config, context: &Context) -> Result<Whole, Failure> {
    let rfcs = statements::indexed(config)?;
    let mut reviews = BTreeMap::new();
    let mut statements = rfcs.iter().flat_map(|rfc| &rfc.statements);
    // A codex of guidance alone has no rules, and needs none here.
    if statements.all(|statement| statement.enforced_by.is_empty()) {
        return Ok((Law { rfcs, reviews }, None, Vec::new()));
    }
    let selection = in_force::Selection {
        drafts: true,
        ..in_force::Selection::default()
    };
    let in_force = context.rules(config, &selection)?;
    show::problems(&in_force.problems, context.style);
    for rule in in_force.rules {
        if let Decision::Review(review) = rule.decision {
            reviews.insert(rule.id, review);
        }
    }
    let hash = Some(in_force.hash).filter(|hash| !hash.is_empty());
    Ok((Law { rfcs, reviews }, hash, in_force.refused))
}

/// The statements to ask about, and how many there are beside them in other domains.
struct Selected {
    standards: Vec<Standard>,
    other_domains: usize,
}

fn select(
    mut law: Law,
    config: &Config,
    genre: Genre,
    domains: &[String],
    arguments: &Arguments,
) -> Result<Selected, Failure> {
    let known: BTreeSet<&str> = law.rfcs.iter().map(|rfc| rfc.domain.as_str()).collect();
    for domain in domains {
        if !known.contains(domain.as_str()) {
            let known: Vec<&str> = known.iter().copied().collect();
            let message = format!("no RFC is of the domain `{domain}`");
            return Err(Failure::new(message).help(format!("known are: {}", known.join(", "))));
        }
    }
    let slugs = || law.rfcs.iter().flat_map(|rfc| &rfc.statements);
    for rule in &arguments.only {
        if !slugs().any(|statement| statement.slug == *rule) {
            let failure = Failure::new(format!("there is no statement `{rule}`"));
            let near = nearest(rule, slugs().map(|statement| statement.slug.as_str()));
            return Err(match near {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure.help("`codex rules` lists the statements"),
            });
        }
    }
    let mut selected = Selected {
        standards: Vec::new(),
        other_domains: 0,
    };
    for rfc in std::mem::take(&mut law.rfcs) {
        let is_fitting = domains.is_empty() || domains.contains(&rfc.domain);
        for statement in &rfc.statements {
            let is_wanted = arguments.only.is_empty() || arguments.only.contains(&statement.slug);
            let Some(standard) = standard(&rfc, statement, &mut law.reviews) else {
                continue;
            };
            let is_asked = standard.is_open || genre == Genre::Incident;
            let is_in_force =
                arguments.drafts || standard.about.status != crate::finding::Status::Draft;
            if !is_asked || !is_in_force || !is_wanted || !config.review.reviews(&statement.slug) {
                continue;
            }
            match is_fitting {
                true => selected.standards.push(standard),
                false => selected.other_domains += 1,
            }
        }
    }
    if selected.standards.is_empty() {
        let message = "no statement in force is left to a reviewer here";
        let help = "`codex rules` lists the statements; those that a matcher decides are looked for in code";
        return Err(Failure::new(message).help(help));
    }
    Ok(selected)
}

/// `None`: a MAY, or an RFC that is no law any more.
fn standard(
    rfc: &IndexedRfc,
    statement: &IndexedStatement,
    reviews: &mut BTreeMap<String, Review>,
) -> Option<Standard> {
    let (level, status) = document::standing(&statement.level, &rfc.status)?;
    if level == Level::May || !status.makes_rules() {
        return None;
    }
    let by = &statement.enforced_by;
    Some(Standard {
        is_open: by.is_empty() || by.iter().any(|name| name == "review"),
        review: reviews.remove(&statement.slug),
        about: Assessed {
            rule: statement.slug.clone(),
            rfc: rfc.rfc,
            level,
            status,
            domain: rfc.domain.clone(),
            statement: statement.text.clone(),
            advice: statement.advice.clone(),
            href: statement.href.clone(),
            enforced_by: by.clone(),
            disposition: None,
            met: Opinion::default(),
            caught: None,
        },
    })
}

fn pieces(document: &Document) -> Vec<Piece> {
    let piece = |part: &document::Part| Piece {
        title: neutral::said(&part.title),
        first_line: part.first_line,
        lines: part.text.matches('\n').count() + 1,
    };
    document.parts.iter().map(piece).collect()
}

fn count(statements: &[Assessed], fail_on: Disposition) -> Counts {
    let mut counts = Counts::default();
    for statement in statements {
        let Some(disposition) = statement.disposition else {
            continue;
        };
        *match statement.met.answer {
            Some(Answer::Compliant) => &mut counts.compliant,
            Some(Answer::Partial) => &mut counts.partial,
            Some(Answer::Violation) => &mut counts.non_compliant,
            Some(Answer::Unsure) => &mut counts.unsure,
            None => &mut counts.not_reviewed,
        } += 1;
        counts.rejecting += usize::from(disposition <= fail_on);
    }
    counts
}
