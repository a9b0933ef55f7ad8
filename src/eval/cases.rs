//! The questions of an evaluation: one for each example, and never with its own answer beside it.
//!
//! A case shows the other examples of its statement, as in a review, but not the one that it asks about; its path says
//! nothing of its role. Deliberately absent: who is asked ([`crate::review::ask`]).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Outcome;
use crate::change::Snapshot;
use crate::finding::Certainty;
use crate::language::Workspace;
use crate::problem::{Failure, nearest};
use crate::review::case::{self, Case};
use crate::review::{kind, neutral};
use crate::rule::{Decision, Example, Role, Rule};
use crate::scan::{self, Scanner};
use crate::source::{RepoPath, Source};

/// The largest labelled file.
const FILE_LIMIT: u64 = 64 * 1024;

/// An example with its rule.
#[derive(Debug)]
pub struct Labelled<'r> {
    rule: &'r Rule,
    example: Example,
    origin: String,
}

/// The examples of the RFCs, in the order of the rules.
pub fn of_rules(rules: &[Rule]) -> Vec<Labelled<'_>> {
    let mut all: Vec<Labelled<'_>> = Vec::new();
    for rule in rules {
        let Some(law) = rule.law().filter(|law| law.level.is_binding()) else {
            continue;
        };
        for example in &law.examples {
            let is_there = |other: &Labelled<'_>| {
                other.rule.id == rule.id && other.example.code == example.code
            };
            if !all.iter().any(is_there) {
                all.push(Labelled {
                    rule,
                    example: example.clone(),
                    origin: law.href.clone(),
                });
            }
        }
    }
    all
}

/// The examples of a folder: `RULE/bad/...`, `RULE/good/...`, `RULE/ambiguous/...`, one file each.
pub fn of_folder<'r>(rules: &'r [Rule], folder: &Path) -> Result<Vec<Labelled<'r>>, Failure> {
    let mut all = Vec::new();
    for place in entries(folder)? {
        let id = name(&place);
        let Some(rule) = rules
            .iter()
            .find(|rule| rule.id == id && rule.law().is_some())
        else {
            let failure = Failure::new(format!("{}: there is no rule `{id}`", place.display()));
            let known = rules.iter().map(|rule| rule.id.as_str());
            return Err(match nearest(&id, known) {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure.help("folders are named like rules; `codex rules` lists them"),
            });
        };
        for place in entries(&place)? {
            let word = name(&place);
            let Some(role) = Role::ALL.into_iter().find(|role| role.word() == word) else {
                let message = format!("{}: `{word}` says nothing", place.display());
                return Err(Failure::new(message).help("write bad, good or ambiguous"));
            };
            for file in entries(&place)? {
                all.push(labelled(rule, role, &file, folder)?);
            }
        }
    }
    Ok(all)
}

fn labelled<'r>(
    rule: &'r Rule,
    role: Role,
    file: &Path,
    folder: &Path,
) -> Result<Labelled<'r>, Failure> {
    let failed = |why: &str| Failure::new(format!("{} is no example: {why}", file.display()));
    let about = file.symlink_metadata();
    let about = about.map_err(|error| failed(&error.to_string()))?;
    if !about.is_file() || about.len() > FILE_LIMIT {
        return Err(failed("it is no file of at most 64 KiB"));
    }
    let bytes = std::fs::read(file).map_err(|error| failed(&error.to_string()))?;
    let code = String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8"))?;
    // Its own name may say what it is.
    let ending = file.extension().unwrap_or_default().to_string_lossy();
    let path = format!("src/example.{ending}");
    let language = crate::language::Language::of(&RepoPath::from(path.as_str()));
    let origin = file.strip_prefix(folder).unwrap_or(file);
    Ok(Labelled {
        rule,
        origin: RepoPath::from_path(origin).text().into_owned(),
        example: Example {
            role,
            language: language
                .map_or_else(|| ending.into_owned(), |language| language.name.to_owned()),
            file: path,
            lines: Vec::new(),
            code,
        },
    })
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: &std::io::Error| {
        Failure::io(
            format!("cannot read the folder {}", folder.display()),
            error,
        )
    };
    let entries = std::fs::read_dir(folder).map_err(|error| failed(&error))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|error| failed(&error))?.path());
    }
    paths.retain(|path| !name(path).starts_with('.'));
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

impl Labelled<'_> {
    /// What is known before anybody was asked.
    pub fn outcome(&self) -> Outcome {
        let hash = blake3::hash(self.example.code.as_bytes());
        Outcome {
            rule: self.rule.id.clone(),
            role: self.example.role.word().to_owned(),
            origin: self.origin.clone(),
            example: hash.to_hex()[..16].to_owned(),
            verdict: None,
            not_reviewed: None,
            rationale: None,
            reviewer: None,
            milliseconds: None,
            usage: None,
        }
    }

    /// The question; `None` for a rule without a statement, or an example that is no text.
    pub fn case(&self) -> Option<Case> {
        let law = self.rule.law()?;
        let path = RepoPath::from(self.example.file.as_str());
        let source = Source::new(path, self.example.code.clone().into_bytes()).ok()?;
        let end = self.example.code.trim_end().len();
        let mut left_out = Vec::new();
        Some(Case {
            id: "c1".to_owned(),
            kind: &kind::CODE,
            rule: self.rule.id.clone(),
            level: law.level.keyword(),
            statement: law.statement.clone(),
            advice: law.advice.clone(),
            ask: neutral::code(&self.question()),
            path: self.example.file.clone(),
            range: source.range(0..end),
            code: neutral::code(&self.example.code),
            first_line: 1,
            called: Vec::new(),
            before: None,
            examples: case::examples(
                law,
                &self.example.language,
                Some(&self.example.code),
                &mut left_out,
            ),
            left_out,
        })
    }

    /// What a review would ask about an ambiguous place; else the statement itself. A question must not say whether the
    /// matcher has found anything.
    fn question(&self) -> String {
        if let Decision::Review(review) = &self.rule.decision {
            return scan::question(review);
        }
        let asked = (self.example.role == Role::Ambiguous).then(|| self.asked_by_matcher());
        asked
            .flatten()
            .unwrap_or_else(|| "Does this code break the statement?".to_owned())
    }

    fn asked_by_matcher(&self) -> Option<String> {
        let path = RepoPath::from(self.example.file.as_str());
        let code = self.example.code.clone().into_bytes();
        let snapshot = Snapshot::memory(BTreeMap::from([(path.clone(), code)]));
        let scanner = Scanner::new(std::slice::from_ref(self.rule), false);
        let scan = scanner.scan(&Workspace::new(&snapshot), &[path]);
        let mut candidates = scan.candidates.into_iter();
        let found = candidates.find(|found| found.certainty == Certainty::Ambiguous)?;
        found.ask
    }
}
