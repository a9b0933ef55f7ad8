//! The compiler: RFCs in, `rules/*.yaml` and `rules/index.json` out, and every example proved on the way.
//!
//! Nothing is written unless everything holds. The same RFCs give the same bytes, wherever they are compiled.
//! Deliberately absent: git, and the rules of anybody else.

mod files;
mod prove;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(crate) use self::files::MARK;
pub use self::files::{stale, write};
pub use self::prove::examples_hold;
use self::prove::prove;

use crate::config::{self, Config};
use crate::language::Language;
use crate::matcher::read::SharedUtils;
use crate::problem::{Document, Failure, Problem, Problems};
use crate::rfc::{self, Rfc, Statement};
use crate::rule::read::{self, Form};
use crate::rule::{Authority, Example, Law, Origin, Role, compiled};
use crate::yaml::Node;

/// Everything that compiling gives, before anything is written.
#[derive(Debug, Default)]
pub struct Compiled {
    /// File names below the folder of rules, and their texts.
    pub files: BTreeMap<String, String>,
    /// What became of each RFC.
    pub rfcs: Vec<Outcome>,
    /// Complaints; with any, nothing may be written.
    pub problems: Vec<Problem>,
}

/// What became of one RFC.
#[derive(Debug)]
pub struct Outcome {
    /// Its file.
    pub path: String,
    /// Its statements that a matcher decides.
    pub matched: Vec<String>,
    /// Its statements that only a reviewer decides.
    pub reviewed: Vec<String>,
    /// Its statements that nothing decides.
    pub not_enforced: Vec<String>,
    /// Its examples.
    pub examples: Vec<Proof>,
}

/// What became of one example.
#[derive(Debug)]
pub struct Proof {
    /// The statement.
    pub slug: String,
    /// What the example shows.
    pub role: Role,
    /// Its language.
    pub language: String,
    /// The line of its fence, from 1.
    pub line: usize,
    /// Whether it holds; `None` when a reviewer's statement is not proved.
    pub holds: Option<bool>,
}

/// One RFC in `index.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct IndexedRfc {
    /// Number.
    pub rfc: u32,
    /// Title.
    pub title: String,
    /// Status, as front matter writes it.
    pub status: String,
    /// Domain.
    pub domain: String,
    /// Its statements.
    pub statements: Vec<IndexedStatement>,
}

/// One statement in `index.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct IndexedStatement {
    /// The rule's id.
    pub slug: String,
    /// The headings around it.
    pub section: Vec<String>,
    /// The keyword.
    pub level: String,
    /// The statement.
    pub text: String,
    /// "If you need X, use Y".
    pub advice: Option<String>,
    /// The link.
    pub href: String,
    /// Languages, and "review".
    pub enforced_by: Vec<String>,
}

/// Compiles all RFCs of a configuration.
pub fn compile(config: &Config) -> Result<Compiled, Failure> {
    let files = config.rfc_files()?;
    if files.is_empty() {
        let help = "`rfcs` in codex.toml names no file; by default it is [\"rfcs/[0-9]*.md\"]";
        return Err(Failure::new(format!("no RFC in {}", config.folder.display())).help(help));
    }
    let mut result = Compiled::default();
    let mut rfcs = Vec::new();
    for path in &files {
        match read_rfc(&config.folder, path) {
            Ok(document) => {
                let (rfc, problems) = rfc::parse(&document);
                result.problems.extend(problems);
                rfcs.push(rfc);
            }
            Err(problem) => result.problems.push(problem),
        }
    }
    result.problems.extend(check_together(&rfcs, &files));
    let mut index = Vec::new();
    rfcs.sort_by_key(|rfc| rfc.front.number);
    for rfc in &rfcs {
        let (documents, outcome, problems) = compile_one(rfc);
        result.problems.extend(problems);
        if rfc.front.status.makes_rules() && !documents.is_empty() {
            let stem = Path::new(&rfc.document.name)
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy();
            let text = compiled::write(&documents, &rfc.document.name);
            result.files.insert(format!("{stem}.yaml"), text);
        }
        index.push(index_entry(rfc, &config.link, &outcome));
        result.rfcs.push(outcome);
    }
    // What is wrong with one text was found in several rounds.
    result.problems.sort_by(|left, right| {
        let place = |problem: &Problem| (problem.span.start, problem.span.end);
        let names = left.document.name.cmp(&right.document.name);
        names.then_with(|| place(left).cmp(&place(right)))
    });
    let mut text = serde_json::to_string_pretty(&index)
        .map_err(|error| Failure::new(format!("cannot write the index: {error}")))?;
    text.push('\n');
    result.files.insert("index.json".to_owned(), text);
    Ok(result)
}

fn read_rfc(folder: &Path, path: &Path) -> Result<Arc<Document>, Problem> {
    let name = path
        .to_str()
        .filter(|name| !name.contains(char::is_control));
    if name.is_none() {
        // It becomes a link, the name of a file and a line of a generated one.
        let message = "the file name holds control characters or is not UTF-8";
        return Err(config::whole_file(path, message));
    }
    let bytes = config::read_file(&folder.join(path))
        .map_err(|error| config::whole_file(path, format!("cannot be read: {error}")))?;
    rfc::document(path, &bytes)
}

/// What only several RFCs can get wrong together.
fn check_together(rfcs: &[Rfc], files: &[PathBuf]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut numbers: BTreeMap<u32, &Rfc> = BTreeMap::new();
    let mut slugs: BTreeMap<&str, &Rfc> = BTreeMap::new();
    for rfc in rfcs {
        let mut found = Problems::new(Arc::clone(&rfc.document));
        let number = Some(rfc.front.number).filter(|number| *number > 0);
        if let Some(other) = number.and_then(|number| numbers.insert(number, rfc)) {
            let message = format!(
                "{} has the number {} already",
                other.document.name, rfc.front.number
            );
            found.add(rfc.front.number_span.clone(), message);
        }
        for statement in &rfc.statements {
            if let Some(other) = slugs.insert(&statement.slug, rfc) {
                let message = format!(
                    "{} has a statement `{}` already",
                    other.document.name, statement.slug
                );
                found.add_with_help(
                    statement.span.clone(),
                    message,
                    "a slug is unique in the whole codex",
                );
            }
        }
        problems.extend(found.into_vec());
    }
    for rfc in rfcs {
        let mut found = Problems::new(Arc::clone(&rfc.document));
        let pairs = [
            (&rfc.front.supersedes, "superseded-by"),
            (&rfc.front.superseded_by, "supersedes"),
        ];
        for (named, answer) in pairs {
            for (number, span) in named {
                let Some(other) = numbers.get(number) else {
                    let is_there = files
                        .iter()
                        .any(|file| rfc::number_in(&file.to_string_lossy()) == Some(*number));
                    // One that cannot be read is complained about already.
                    if !is_there {
                        found.add(span.clone(), format!("there is no RFC {number}"));
                    }
                    continue;
                };
                if !other.front.is_whole || *number == rfc.front.number {
                    continue;
                }
                let answers = if answer == "supersedes" {
                    &other.front.supersedes
                } else {
                    &other.front.superseded_by
                };
                if !answers.iter().any(|(named, _)| *named == rfc.front.number) {
                    let message = format!("RFC {number} does not name this one in `{answer}`");
                    found.add_with_help(span.clone(), message, "the two must name each other");
                }
            }
        }
        problems.extend(found.into_vec());
    }
    problems
}

fn compile_one(rfc: &Rfc) -> (Vec<Node>, Outcome, Vec<Problem>) {
    let mut problems = Problems::new(Arc::clone(&rfc.document));
    let mut outcome = Outcome {
        path: rfc.document.name.clone(),
        matched: Vec::new(),
        reviewed: Vec::new(),
        not_enforced: Vec::new(),
        examples: Vec::new(),
    };
    let mut documents = Vec::new();
    for statement in &rfc.statements {
        let kind = match (statement.rules.is_empty(), &statement.review) {
            (false, _) => &mut outcome.matched,
            (true, Some(_)) => &mut outcome.reviewed,
            (true, None) => &mut outcome.not_enforced,
        };
        kind.push(statement.slug.clone());
        documents.extend(compile_statement(
            rfc,
            statement,
            &mut outcome.examples,
            &mut problems,
        ));
    }
    (documents, outcome, problems.into_vec())
}

fn compile_statement(
    rfc: &Rfc,
    statement: &Statement,
    proofs: &mut Vec<Proof>,
    problems: &mut Problems,
) -> Vec<Node> {
    let mut documents = Vec::new();
    let mut languages: Vec<&'static Language> = Vec::new();
    let mut is_broken = statement.is_broken;
    for block in &statement.rules {
        let law = |language: &str| law(rfc, statement, |example| example.language == language);
        let name = block
            .get("language")
            .and_then(Node::as_text)
            .unwrap_or_default();
        let authority = Authority::Law(Box::new(law(name)));
        let before = problems.len();
        let Some(rule) = read::rule(
            block,
            &statement.slug,
            Form::Block,
            authority,
            &SharedUtils::default(),
            problems,
        ) else {
            // Its examples would only complain about the same.
            is_broken = true;
            languages.extend(Language::named(name));
            continue;
        };
        let Some(language) = rule.language() else {
            continue;
        };
        if languages.contains(&language) {
            let message = format!(
                "a second matcher for {} in the statement `{}`",
                language.name, statement.slug
            );
            problems.add(block.span.clone(), message);
        }
        languages.push(language);
        if problems.len() == before {
            prove(&rule, language, block, statement, proofs, problems);
        }
        documents.push(compiled::matcher(&statement.slug, block, &law(name)));
    }
    if let Some(review) = &statement.review {
        let is_reviewed = |example: &Example| {
            !languages
                .iter()
                .any(|language| language.name == example.language)
        };
        documents.push(compiled::review(
            &statement.slug,
            review,
            &law(rfc, statement, is_reviewed),
        ));
    }
    if !is_broken {
        refuse_idle_examples(statement, &languages, proofs, problems);
    }
    documents
}

/// An example must be able to fail: something must decide its language.
fn refuse_idle_examples(
    statement: &Statement,
    languages: &[&'static Language],
    proofs: &mut Vec<Proof>,
    problems: &mut Problems,
) {
    for (example, span) in &statement.examples {
        if languages
            .iter()
            .any(|language| language.name == example.language)
        {
            continue;
        }
        if example.role == Role::Fixed {
            let message = format!(
                "nothing makes this: the statement has no matcher for `{}`",
                example.language
            );
            problems.add(span.clone(), message);
            continue;
        }
        if statement.review.is_none() {
            let message = format!(
                "nothing decides this example: the statement has no matcher for `{}`",
                example.language
            );
            problems.add_unknown(
                span.clone(),
                message,
                &example.language,
                languages.iter().map(|language| language.name),
            );
            continue;
        }
        proofs.push(Proof {
            slug: statement.slug.clone(),
            role: example.role,
            language: example.language.clone(),
            line: line(problems, span),
            holds: None,
        });
    }
}

fn law(rfc: &Rfc, statement: &Statement, belongs: impl Fn(&Example) -> bool) -> Law {
    let origin = Origin {
        path: rfc.document.name.clone(),
        anchor: statement.slug.clone(),
        line: statement.line,
        hash: statement.hash.clone(),
    };
    Law {
        rfc: rfc.front.number,
        level: statement.level,
        status: rfc.front.status,
        domain: rfc.front.domain.clone(),
        statement: statement.text.clone(),
        advice: statement.advice.clone().unwrap_or_default(),
        owners: rfc.front.owners.clone(),
        incidents: rfc.front.incidents.clone(),
        href: format!("{}#{}", origin.path, origin.anchor),
        origin,
        examples: statement
            .examples
            .iter()
            .map(|(example, _)| example)
            .filter(|example| belongs(example))
            .cloned()
            .collect(),
    }
}

fn line(problems: &Problems, span: &std::ops::Range<usize>) -> usize {
    problems.document().line(span.start)
}

fn index_entry(rfc: &Rfc, link: &str, outcome: &Outcome) -> IndexedRfc {
    let is_in_force = rfc.front.status.makes_rules();
    let enforced_by = |statement: &Statement| {
        let mut names: Vec<String> = statement
            .rules
            .iter()
            .filter_map(|rule| Some(rule.get("language")?.as_text()?.to_owned()))
            .collect();
        names.sort();
        names.extend(statement.review.iter().map(|_| "review".to_owned()));
        names.retain(|_| is_in_force);
        names
    };
    let statements = rfc.statements.iter().map(|statement| IndexedStatement {
        slug: statement.slug.clone(),
        section: statement.section.clone(),
        level: statement.level.keyword().to_owned(),
        text: statement.text.clone(),
        advice: statement.advice.clone(),
        href: format!("{link}{}#{}", outcome.path, statement.slug),
        enforced_by: enforced_by(statement),
    });
    IndexedRfc {
        rfc: rfc.front.number,
        title: rfc.front.title.clone(),
        status: rfc.front.status.word().to_owned(),
        domain: rfc.front.domain.clone(),
        statements: statements.collect(),
    }
}
