//! `codex check --list-suppressions`: all exceptions in the code, with their age.
//!
//! An exception to several rules is listed once for each. Deliberately absent: what is wrong with them; those are findings.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;

use crate::change::Repository;
use crate::cli::{Context, Verdict, today};
use crate::date::Date;
use crate::finding::{ListedException, ListedExceptions};
use crate::problem::Failure;
use crate::report::Format;
use crate::report::plain_text::visible_line;
use crate::scan::{Exception, Scan};
use crate::source::RepoPath;

/// Writes the list to every output: JSON, or lines for people.
pub(super) fn list(
    scan: &Scan<'_>,
    outputs: &[(Format, Option<PathBuf>)],
    context: &mut Context,
) -> Result<Verdict, Failure> {
    let repository = Repository::discover(&context.folder)?;
    let since = since(repository.as_ref(), &scan.exceptions)?;
    let today = today()?;
    let listed: Vec<ListedException> = scan
        .exceptions
        .iter()
        .flat_map(|exception| {
            let place = (&exception.path, exception.suppression.line);
            entries(exception, since.get(&place).copied(), today)
        })
        .collect();
    let list = ListedExceptions {
        schema: 1,
        codex: env!("CARGO_PKG_VERSION"),
        suppressions: listed,
        unchecked: scan.unchecked.clone(),
    };
    for (format, file) in outputs {
        let text = match format {
            Format::Json => json(&list)?,
            _ => lines(&list),
        };
        match file {
            None => context.print(&text)?,
            Some(file) => {
                let failed =
                    |error| Failure::io(format!("cannot write {}", file.display()), &error);
                let mut out = std::fs::File::create(file).map_err(failed)?;
                out.write_all(text.as_bytes()).map_err(failed)?;
            }
        }
    }
    Ok(Verdict::Pass)
}

/// When each exception was committed: git is asked once for a file.
fn since<'a>(
    repository: Option<&Repository>,
    exceptions: &'a [Exception],
) -> Result<BTreeMap<(&'a RepoPath, usize), Date>, Failure> {
    let Some(repository) = repository else {
        return Ok(BTreeMap::new());
    };
    let mut places: BTreeMap<&RepoPath, BTreeSet<usize>> = BTreeMap::new();
    for exception in exceptions {
        let lines = places.entry(&exception.path).or_default();
        lines.insert(exception.suppression.line);
    }
    let mut since = BTreeMap::new();
    for (path, lines) in places {
        let times = repository.committed(path, &lines)?;
        let dates = times.into_iter();
        since.extend(dates.map(|(line, seconds)| ((path, line), Date::of_seconds(seconds))));
    }
    Ok(since)
}

fn entries(exception: &Exception, since: Option<Date>, today: Date) -> Vec<ListedException> {
    let entry = |(rule, standing): (&String, &crate::suppress::Standing)| ListedException {
        rule: rule.clone(),
        path: exception.path.text().into_owned(),
        scope: exception.reach.word(),
        standing: standing.word(),
        since: since.map(|since| since.to_string()),
        age_days: since.map(|since| today.days_after(since)),
        suppression: exception.suppression.clone(),
    };
    let rules = exception.rules.iter();
    rules.zip(&exception.standings).map(entry).collect()
}

fn json(list: &ListedExceptions) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(list)
        .map_err(|error| Failure::new(format!("cannot write the list: {error}")))?;
    Ok(text + "\n")
}

fn lines(list: &ListedExceptions) -> String {
    let mut text = String::new();
    for entry in &list.suppressions {
        let mut about = vec![match entry.age_days {
            Some(1) => "1 day old".to_owned(),
            Some(days) => format!("{days} days old"),
            None => "age unknown".to_owned(),
        }];
        about.extend(entry.suppression.owner.clone());
        about.extend(
            entry
                .suppression
                .until
                .as_ref()
                .map(|until| format!("until {until}")),
        );
        about.extend((entry.scope == "file").then(|| "the whole file".to_owned()));
        about.extend((entry.standing != "holds").then(|| entry.standing.to_owned()));
        let line = format!(
            "{}:{}: {}: {} ({})",
            entry.path,
            entry.suppression.line,
            entry.rule,
            entry.suppression.reason,
            about.join(", ")
        );
        text.push_str(&visible_line(&line));
        text.push('\n');
    }
    for unchecked in &list.unchecked {
        let line = format!("not checked: {}: {}", unchecked.path, unchecked.reason);
        text.push_str(&visible_line(&line));
        text.push('\n');
    }
    let count = list.suppressions.len();
    let noun = if count == 1 {
        "exception"
    } else {
        "exceptions"
    };
    text.push_str(&format!("{count} {noun}\n"));
    text
}
