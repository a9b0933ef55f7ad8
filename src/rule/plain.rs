//! Plain ast-grep files: `--rules DIR` and `--utils DIR`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::in_force::InForce;
use super::read::{self, Form};
use super::{Authority, Rule};
use crate::finding::{Disposition, RefusedRule};
use crate::language::Language;
use crate::matcher::read::SharedUtils;
use crate::parallel::{Ahead, side_by_side};
use crate::problem::{Document, Failure, Problem, Problems};
use crate::yaml::{self, Node, Value};

/// Severities of ast-grep and what they mean here.
const SEVERITIES: [(&str, Option<Disposition>); 5] = [
    ("error", Some(Disposition::Block)),
    ("warning", Some(Disposition::Warn)),
    ("info", Some(Disposition::Note)),
    ("hint", Some(Disposition::Note)),
    ("off", None),
];

/// Keys of a util's file.
const UTIL_KEYS: [&str; 11] = [
    "id",
    "language",
    "rule",
    "constraints",
    "utils",
    "transform",
    "message",
    "note",
    "severity",
    "url",
    "metadata",
];
/// Keys of a util's file that codex does not have yet.
const UNSUPPORTED_UTIL_KEYS: [&str; 2] = ["arguments", "rewriters"];

/// The rules of a run on their way.
static AHEAD: Ahead<Result<InForce, Failure>> = Ahead::idle();

/// Begins to [`load`] on a thread of its own, while the caller waits for git. Whoever loads next gets these.
pub fn load_ahead(rules: &Path, utils: Option<&Path>) {
    let (rules, utils) = (rules.to_owned(), utils.map(Path::to_owned));
    AHEAD.begin(move || read_all(&rules, utils.as_deref()));
}

/// Reads all rules of a folder, with the utils of another; a rule that cannot be used is refused, the others go on.
pub fn load(rules: &Path, utils: Option<&Path>) -> Result<InForce, Failure> {
    AHEAD.take_or(|| read_all(rules, utils))
}

fn read_all(rules: &Path, utils: Option<&Path>) -> Result<InForce, Failure> {
    let mut problems = Vec::new();
    let utils = match utils {
        Some(folder) => read_utils(&documents(folder, &mut problems)?, &mut problems),
        None => Vec::new(),
    };
    let none = SharedUtils::default();
    let documents = documents(rules, &mut problems)?;
    let mut loaded: Vec<Rule> = Vec::new();
    // What is wrong with whole files so far.
    let mut refused: Vec<RefusedRule> = problems
        .iter()
        .filter(|problem| !problem.is_warning)
        .map(|problem| RefusedRule {
            rule: problem.document.name.clone(),
            error: problem.message.clone(),
        })
        .collect();
    let read = side_by_side(&documents, |written| {
        let shared = language(&written.node)
            .and_then(|language| utils.iter().find(|(of, _)| *of == language))
            .map_or(&none, |(_, utils)| utils);
        let mut problems = Problems::new(Arc::clone(&written.document));
        let rule = read_rule(written, shared, &mut problems);
        (rule, problems.into_vec())
    });
    for (Written { node, name, .. }, (rule, found)) in documents.iter().zip(read) {
        match rule.filter(|_| found.iter().all(|problem| problem.is_warning)) {
            Some(rule) if loaded.iter().any(|other| other.id == rule.id) => {
                refused.push(RefusedRule {
                    error: format!("a second rule has the id `{}`", rule.id),
                    rule: rule.id,
                });
            }
            Some(rule) => loaded.push(rule),
            None => refused.push(RefusedRule {
                rule: node
                    .get("id")
                    .map_or(Some(name.as_str()), Node::as_text)
                    .unwrap_or("(no id)")
                    .to_owned(),
                error: found
                    .iter()
                    .filter(|problem| !problem.is_warning)
                    .map(|problem| problem.message.as_str())
                    .collect::<Vec<_>>()
                    .join("; "),
            }),
        }
        problems.extend(found);
    }
    loaded.retain(|rule| !matches!(rule.authority, Authority::Plain(None)));
    Ok(InForce {
        known: None,
        hash: String::new(),
        rules: loaded,
        refused,
        problems,
        ..InForce::default()
    })
}

fn read_rule(written: &Written, utils: &SharedUtils, problems: &mut Problems) -> Option<Rule> {
    let node = &written.node;
    // What is wrong with one of them hides nothing of what is wrong with the rest.
    let id = read_id(written, problems);
    let severity = read_severity(node, problems);
    let authority = Authority::Plain(severity.flatten());
    let name = id.as_deref().unwrap_or_default();
    let rule = read::rule(node, name, Form::Plain, authority, utils, problems);
    rule.filter(|_| id.is_some() && severity.is_some())
}

fn read_id(written: &Written, problems: &mut Problems) -> Option<String> {
    match written.node.get("id") {
        None => Some(written.name.clone()),
        Some(id) if id.as_text() == Some("") => Some(written.name.clone()),
        Some(id) => id.need_text("id", problems).map(str::to_owned),
    }
}

/// What the severity does; nothing for `off`.
fn read_severity(node: &Node, problems: &mut Problems) -> Option<Option<Disposition>> {
    let Some(severity) = node.get("severity") else {
        return Some(Some(Disposition::Note));
    };
    let word = severity.need_text("severity", problems)?;
    let found = SEVERITIES.into_iter().find(|(known, _)| *known == word);
    if found.is_none() {
        let known = SEVERITIES.into_iter().map(|(known, _)| known);
        let message = format!("unknown severity `{word}`");
        problems.add_unknown(severity.span.clone(), message, word, known);
    }
    found.map(|(_, disposition)| disposition)
}

fn language(node: &Node) -> Option<&'static Language> {
    node.get("language")
        .and_then(Node::as_text)
        .and_then(Language::called)
}

/// Utils of languages that codex does not know are passed over: no rule can name them.
fn read_utils(
    documents: &[Written],
    problems: &mut Vec<Problem>,
) -> Vec<(&'static Language, SharedUtils)> {
    let mut documents: Vec<(Problems, &Node)> = documents
        .iter()
        .map(|written| (Problems::new(Arc::clone(&written.document)), &written.node))
        .collect();
    let mut read = Vec::new();
    for wanted in crate::language::ALL.iter().copied() {
        let mut utils: Vec<(String, &Node, &mut Problems)> = Vec::new();
        for (document, node) in &mut documents {
            if language(node) != Some(wanted) {
                continue;
            }
            refuse_util_keys(node, document);
            match node.get("id").and_then(Node::as_text) {
                Some(id) => utils.push((id.to_owned(), node, document)),
                None => document.add(node.span.clone(), "a util needs `id`"),
            }
        }
        if !utils.is_empty() {
            let shared = SharedUtils::read(wanted, &mut utils);
            read.push((wanted, shared));
        }
    }
    for (document, _) in documents {
        problems.extend(document.into_vec());
    }
    read
}

fn refuse_util_keys(node: &Node, problems: &mut Problems) {
    for entry in node.entries() {
        let key = entry.key.as_str();
        if UTIL_KEYS.contains(&key) {
            continue;
        }
        let span = entry.key_span.clone();
        if UNSUPPORTED_UTIL_KEYS.contains(&key) {
            problems.add(span, format!("`{key}` is not supported yet"));
        } else {
            let message = format!("unknown key `{key}` in a util");
            problems.add_unknown(span, message, key, UTIL_KEYS);
        }
    }
}

/// One YAML document of a file.
struct Written {
    document: Arc<Document>,
    node: Node,
    /// The id of a rule that does not say one: the stem of the file's name, and where it stands among several.
    name: String,
}

/// All YAML documents of a folder, in the order of the file names, each with a place for its problems.
fn documents(folder: &Path, problems: &mut Vec<Problem>) -> Result<Vec<Written>, Failure> {
    let read = |path: &PathBuf| {
        let failed = |error| Failure::io(format!("cannot read {}", path.display()), &error);
        let bytes = crate::config::read_file(path).map_err(failed)?;
        let document = match crate::rfc::document(path, &bytes) {
            Ok(document) => document,
            Err(problem) => return Ok((problem.document.clone(), Vec::new(), vec![problem])),
        };
        let mut syntax = Problems::new(Arc::clone(&document));
        let mut nodes = yaml::parse_all(&document.text, &mut syntax);
        nodes.retain(|node| node.value != Value::Null);
        Ok((document, nodes, syntax.into_vec()))
    };
    let mut found = Vec::new();
    let files = yaml_files(folder)?;
    for (path, read) in files.iter().zip(side_by_side(&files, read)) {
        let (document, nodes, syntax) = read?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let is_alone = nodes.len() == 1;
        for (index, node) in nodes.into_iter().enumerate() {
            found.push(Written {
                document: Arc::clone(&document),
                node,
                name: match is_alone {
                    true => stem.to_string(),
                    false => format!("{stem}-{index}"),
                },
            });
        }
        problems.extend(syntax);
    }
    Ok(found)
}

fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: &std::io::Error| {
        Failure::io(
            format!("cannot read the folder {}", folder.display()),
            error,
        )
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| failed(&error))? {
        let path = entry.map_err(|error| failed(&error))?.path();
        if path.is_dir() {
            files.extend(yaml_files(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yml" || extension == "yaml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
