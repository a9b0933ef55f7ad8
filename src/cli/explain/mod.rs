//! `codex explain RULE`: the statement behind a rule, offline. `codex explain RULE FILE:LINE`: why it finds something there,
//! or what keeps it from it. `codex explain --facts FILE:LINE`: what is known of a place in the code, and what says so.

mod history;
mod why;

use std::path::{Path, PathBuf};

use crate::change::Snapshot;
use crate::finding::{Cause, Level};
use crate::language::{FileFacts, Language, Place, Workspace};
use crate::matcher::Tree;
use crate::problem::{Failure, nearest};
use crate::report::plain_text::visible;
use crate::rule::{Decision, Law, Rule, in_force};
use crate::source::{RepoPath, Source};

use super::{Context, PlainRules, Verdict};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The rule's id
    #[arg(required_unless_present = "facts")]
    rule: Option<String>,
    /// Why the rule finds what it finds on this line, or what keeps it from finding anything
    #[arg(value_name = "FILE:LINE", requires = "rule")]
    place: Option<String>,
    /// The facts that hold for the calls on a line, and what says so
    #[arg(long, value_name = "FILE:LINE", conflicts_with = "rule")]
    facts: Option<String>,
    #[command(flatten)]
    plain: PlainRules,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    if let Some(place) = &arguments.facts {
        let text = facts(place, context)?;
        context.print(&visible(&text))?;
        return Ok(Verdict::Pass);
    }
    let id = arguments.rule.as_deref().unwrap_or_default();
    let (_, config) = context.config()?;
    let selection = in_force::Selection {
        rules: arguments.plain.rules.as_deref(),
        utils: arguments.plain.utils.as_deref(),
        drafts: true,
        ..in_force::Selection::default()
    };
    let in_force = context.rules(&config, &selection)?;
    let rules: Vec<&Rule> = in_force.rules.iter().filter(|rule| rule.id == id).collect();
    let Some(first) = rules.first() else {
        if in_force.refused.iter().any(|refused| refused.rule == id) {
            let failure = Failure::new(format!("the rule `{id}` cannot be used"));
            return Err(failure.because(in_force.problems));
        }
        let failure = Failure::new(format!("no rule `{id}` is in force"));
        return Err(
            match nearest(id, in_force.rules.iter().map(|rule| rule.id.as_str())) {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure.help("`codex rules` lists the rules in force"),
            },
        );
    };
    if let Some(place) = &arguments.place {
        let opened = open(place, context)?;
        let mut rules = in_force.rules;
        rules.retain(|rule| rule.id == id);
        context.print(&visible(&why::text(rules, &config, &opened)?))?;
        return Ok(Verdict::Pass);
    }
    let text = match first.law() {
        Some(law) => text(id, law, &rules),
        None => plain(first),
    };
    context.print(&visible(&text))?;
    Ok(Verdict::Pass)
}

/// What a plain ast-grep file says of its rule.
fn plain(rule: &Rule) -> String {
    let mut text = format!("{}\n", rule.id);
    for said in [Some(&rule.message), rule.note.as_ref()]
        .into_iter()
        .flatten()
    {
        text.push('\n');
        indented(&mut text, "  ", said);
    }
    let language = rule.language().map_or("a reviewer", |of| of.name);
    text.push_str(&format!("\ndecided by {language}\n"));
    if let Some(url) = &rule.url {
        text.push_str(&format!("{url}\n"));
    }
    text
}

fn indented(text: &mut String, indent: &str, lines: &str) {
    for line in lines.lines() {
        text.push_str(if line.is_empty() { "" } else { indent });
        text.push_str(line);
        text.push('\n');
    }
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
        indented(&mut text, "    ", &example.code);
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
    if let Some(note) = &rule.note {
        text.push_str("note:\n");
        indented(&mut text, "  ", note);
    }
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

/// A file and a line of it, as they were typed.
struct Opened {
    root: PathBuf,
    path: RepoPath,
    line: usize,
    language: &'static Language,
    snapshot: Snapshot,
    source: Source,
}

/// Opens the file of `FILE:LINE`.
fn open(place: &str, context: &Context) -> Result<Opened, Failure> {
    let help = "as in `src/main.rs:12`";
    let Some((file, line)) = place.rsplit_once(':').and_then(|(file, line)| {
        let line: usize = line.parse().ok().filter(|line| *line > 0)?;
        Some((file, line))
    }) else {
        return Err(Failure::new(format!("`{place}` is no file and line")).help(help.to_owned()));
    };
    let (repository, _) = context.config()?;
    let root = repository
        .as_ref()
        .map_or(context.folder.as_path(), |repository| repository.root());
    let place = context.folder.join(file);
    if place.symlink_metadata().is_err() {
        return Err(Failure::new(format!("there is no {file}")));
    }
    let path = below(root, &place)
        .ok_or_else(|| Failure::new(format!("{file} lies outside of {}", root.display())))?;
    let Some(language) = Language::of(&path) else {
        return Err(Failure::new(format!(
            "{file} is in no language that codex knows"
        )));
    };
    let snapshot = Snapshot::folder(root.to_path_buf());
    let bytes = snapshot
        .read(&path)
        .map_err(|reason| Failure::new(format!("cannot read {file}: {reason}")))?
        .ok_or_else(|| Failure::new(format!("there is no {file}")))?;
    let source = Source::new(path.clone(), bytes)
        .map_err(|reason| Failure::new(format!("cannot look at {file}: {reason}")))?;
    Ok(Opened {
        root: root.canonicalize().unwrap_or_else(|_| root.to_path_buf()),
        path,
        line,
        language,
        snapshot,
        source,
    })
}

/// What is known of a line.
fn facts(place: &str, context: &Context) -> Result<String, Failure> {
    let opened = open(place, context)?;
    let Opened {
        path,
        line,
        language,
        snapshot,
        source,
        ..
    } = &opened;
    let line = *line;
    let grammar = (language.grammar)();
    let Some(tree) = Tree::parse(source.bytes(), &grammar) else {
        return Err(Failure::new(format!("{} cannot be parsed", path.text())));
    };
    let workspace = Workspace::new(snapshot);
    let mut text = format!("{}\n", path.text());
    for cause in (language.about)(&workspace, path) {
        text.push_str(&format!("  {}\n", shown(&cause)));
    }
    let bytes = source.line_range(line);
    let mut nodes = language.calls_in(&tree, &bytes);
    if nodes.is_empty() {
        let blank = source.bytes()[bytes.clone()]
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        let first = (bytes.start + blank).min(bytes.end);
        nodes.push(tree.innermost(&(first..first)));
    }
    let known = FileFacts::default();
    for node in nodes {
        let code = crate::language::short(&source.text(tree.range(node)).replace('\n', " "));
        text.push_str(&format!("\nline {line}: {code}\n"));
        let place = Place {
            source,
            tree: &tree,
            workspace: &workspace,
            node,
            file: &known,
        };
        let mut holding = language
            .facts
            .iter()
            .filter_map(|fact| Some((fact.name, (fact.holds)(&place)?)))
            .peekable();
        if holding.peek().is_none() {
            text.push_str("  no fact holds here\n");
        }
        for (name, cause) in holding {
            text.push_str(&format!("  {name}: {}\n", shown(&cause)));
        }
    }
    Ok(text)
}

fn shown(cause: &Cause) -> String {
    format!("{}:{}: {}", cause.path, cause.line, cause.text)
}

/// A path seen from the root, links resolved.
fn below(root: &Path, path: &Path) -> Option<RepoPath> {
    let (root, path) = (root.canonicalize().ok()?, path.canonicalize().ok()?);
    path.strip_prefix(&root).ok().map(RepoPath::from_path)
}
