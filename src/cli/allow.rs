//! `codex allow RULE FILE:LINE --reason ..`: writes an exception into the code, in the file's own comment style.
//!
//! The file is looked at again with the exception in it, in memory, before anything is written: the finding must be
//! covered, and nothing else may have changed. Deliberately absent: exceptions for whole files.

use std::path::Path;

use crate::candidate::Candidate;
use crate::change::Snapshot;
use crate::language::{Language, Workspace};
use crate::matcher::Tree;
use crate::problem::{Failure, nearest};
use crate::report::plain_text::visible_line;
use crate::rule::in_force;
use crate::scan::Scanner;
use crate::source::{RepoPath, Source};
use crate::suppress::{Standing, Terms, comment, place};

use super::check::scope;
use super::{Context, Verdict};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The rule's id
    rule: String,
    /// The finding, as `codex check` names its place
    #[arg(value_name = "FILE:LINE")]
    place: String,
    /// Why the exception is right
    #[arg(long)]
    reason: String,
    /// The last day on which it holds, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// Who answers for it
    #[arg(long, value_name = "@NAME")]
    owner: Option<String>,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let (repository, config) = context.config()?;
    let root = repository
        .as_ref()
        .map_or(context.folder.as_path(), |repository| repository.root());
    let selection = in_force::Selection {
        drafts: true,
        ..in_force::Selection::default()
    };
    let in_force = context.rules(&config, &selection)?;
    let rule = arguments.rule.as_str();
    let mut ids = in_force.rules.iter().map(|rule| rule.id.as_str());
    if !ids.clone().any(|known| known == rule) {
        let help = match nearest(rule, &mut ids) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`codex rules` lists the rules in force".to_owned(),
        };
        return Err(Failure::new(format!("no rule `{rule}` is in force")).help(help));
    }
    let (path, line) = read_place(&arguments.place, root, context)?;
    let language = Language::of(&path)
        .ok_or_else(|| Failure::new(format!("{} is in no language of codex", path.text())))?;
    let scanner = Scanner::new(&in_force.rules, true).under(super::today()?, None);
    let text = text(&in_force.rules, arguments)?;
    let scan =
        |snapshot: &Snapshot| scanner.scan(&Workspace::new(snapshot), std::slice::from_ref(&path));
    let on_disk = Snapshot::folder(root.to_path_buf());
    let bytes = on_disk
        .read(&path)
        .and_then(|bytes| bytes.ok_or_else(|| "there is no such file".to_owned()));
    let source = bytes
        .and_then(|bytes| Source::new(path.clone(), bytes))
        .map_err(|why| Failure::new(format!("cannot read {}: {why}", path.text())))?;
    let old = scan(&on_disk).candidates;
    let Some(statement) = statement_line(&old, rule, line, &path)? else {
        context.print("an exception covers it already\n")?;
        return Ok(Verdict::Pass);
    };
    let grammar = (language.grammar)();
    let tree = Tree::parse(source.bytes(), &grammar)
        .ok_or_else(|| Failure::new(format!("{} cannot be parsed", path.text())))?;
    let comment = format!("{} {text}", language.line_comment());
    let places = [
        (
            statement,
            place::above(&source, &tree, statement, &comment),
            1,
        ),
        (line, place::trailing(&source, &tree, line, &comment), 0),
    ];
    for (at, new, moved) in places {
        let Some(new) = new else { continue };
        let head = Snapshot::folder(root.to_path_buf()).with_text(path.clone(), new.clone());
        if !covers(&old, &scan(&head).candidates, rule, line + moved) {
            continue;
        }
        let file = root.join(path.to_path());
        crate::write::replace(&file, &new)
            .map_err(|error| Failure::io(format!("cannot write {}", file.display()), &error))?;
        context.print(&visible_line(&format!("{}:{at}: {comment}", path.text())))?;
        context.print("\n")?;
        return Ok(Verdict::Pass);
    }
    let message = format!(
        "there is no good place for a comment at {}:{line}",
        path.text()
    );
    Err(Failure::new(message).help(format!("write it yourself: {comment}")))
}

/// The path, seen from the root, and the line.
fn read_place(place: &str, root: &Path, context: &Context) -> Result<(RepoPath, usize), Failure> {
    let help = "write it as `codex check` does: src/a.rs:12";
    let number = |text: &str| text.parse::<usize>().ok().filter(|line| *line > 0);
    let Some((file, line)) = place
        .rsplit_once(':')
        .and_then(|(file, line)| Some((file, number(line)?)))
    else {
        return Err(Failure::new(format!("`{place}` is no FILE:LINE")).help(help));
    };
    // Reports name paths from the root; people complete them from where they are.
    let here = scope::below(&context.folder.join(file), root);
    let from_root = scope::below(&root.join(file), root);
    let there = |path: &RepoPath| root.join(path.to_path()).is_file();
    let path = here.clone().filter(there).or(from_root).or(here);
    match path {
        Some(path) => Ok((path, line)),
        None => Err(Failure::new(format!(
            "{file} lies outside of {}",
            root.display()
        ))),
    }
}

/// The comment's text, when it is a well-formed exception that the rule takes.
fn text(rules: &[crate::rule::Rule], arguments: &Arguments) -> Result<String, Failure> {
    let mut text = format!(
        "{}({}): {}",
        crate::suppress::MARK,
        arguments.rule,
        arguments.reason.trim()
    );
    if let Some(until) = &arguments.until {
        text.push_str(&format!(" until={until}"));
    }
    if let Some(owner) = &arguments.owner {
        text.push_str(&format!(" owner=@{}", owner.trim_start_matches('@')));
    }
    if text.contains(char::is_control) {
        return Err(Failure::new(
            "a reason is one line, without control characters",
        ));
    }
    let refused = |why: String| Failure::new(format!("this would be no exception: {why}"));
    let allowed = match comment::parse(&text, 1) {
        Some(Ok(allowed)) => allowed,
        Some(Err(why)) => return Err(refused(why)),
        None => return Err(refused("it does not begin as one".to_owned())),
    };
    let terms = Terms::of(rules).at(super::today()?, None);
    match terms.standings(&allowed).into_iter().next() {
        Some(Standing::Refused(why)) => Err(refused(why)),
        Some(Standing::Expired) => Err(refused("its last day is over".to_owned())),
        _ => Ok(text),
    }
}

/// The first line of the statement with the finding; `None` when an exception covers it already.
fn statement_line(
    found: &[Candidate<'_>],
    rule: &str,
    line: usize,
    path: &RepoPath,
) -> Result<Option<usize>, Failure> {
    let of_rule = || found.iter().filter(|found| found.rule.id == rule);
    let here: Vec<_> = of_rule()
        .filter(|found| found.focus.start.line == line)
        .collect();
    if here.is_empty() {
        let message = format!("nothing breaks `{rule}` at {}:{line}", path.text());
        let lines: Vec<String> = of_rule()
            .map(|found| found.focus.start.line.to_string())
            .collect();
        let failure = Failure::new(message);
        return Err(match lines.is_empty() {
            true => failure,
            false => failure.help(format!("it is broken in line {}", lines.join(", "))),
        });
    }
    let mut open = here.iter().filter(|found| found.suppressed.is_none());
    Ok(open.next().map(|found| found.statement_line))
}

/// Whether the findings of a rule at a line are covered now, and all else is as it was.
fn covers(old: &[Candidate<'_>], new: &[Candidate<'_>], rule: &str, line: usize) -> bool {
    let is_same = |(old, new): (&Candidate<'_>, &Candidate<'_>)| {
        old.rule.id == new.rule.id
            && old.identity.tokens == new.identity.tokens
            && (old.suppressed.is_some() == new.suppressed.is_some() || old.rule.id == rule)
    };
    let is_open = |found: &&Candidate<'_>| {
        found.rule.id == rule && found.focus.start.line == line && found.suppressed.is_none()
    };
    old.len() == new.len()
        && old.iter().zip(new).all(is_same)
        && !new.iter().any(|found| is_open(&found))
}
