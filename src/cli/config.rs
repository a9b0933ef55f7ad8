//! `codex config`: what is in force here, and where each value comes from. `codex --version` with the hash of the rules.
//!
//! Deliberately absent: reviewers; nothing about them comes from a repository.

use std::path::Path;

use crate::config::{Config, FILE_NAME};
use crate::finding::StaleRules;
use crate::problem::Failure;
use crate::report::plain_text::visible_line;
use crate::rule::in_force::{self, InForce};

use super::{Context, Verdict, baseline};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let (repository, config) = context.config()?;
    let root = repository
        .as_ref()
        .map_or(context.folder.as_path(), |found| found.root());
    let old = baseline::read(&baseline::place(&config, root))?;
    let in_force = in_force::collect(&config, &in_force::Selection::default())?;
    let file = config.below_top(&config.folder).join(FILE_NAME);
    let quoted = |texts: &[String]| {
        let texts: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
        format!("[{}]", texts.join(", "))
    };
    let embedded = ["embedded".to_owned()];
    let extends: Vec<String> = embedded
        .into_iter()
        .filter(|_| config.embedded)
        .chain(config.extends.iter().map(ToString::to_string))
        .collect();
    let values = [
        ("extends", quoted(&extends)),
        ("on-missing", "\"closed\"".to_owned()),
        ("rfcs", quoted(&config.rfcs)),
        ("rules", format!("{:?}", config.rules)),
        ("exclude", "[]".to_owned()),
        (
            "default-branch",
            format!("{:?}", config.default_branch.clone().unwrap_or_default()),
        ),
        ("link", format!("{:?}", config.link)),
        ("fail-on", format!("{:?}", config.fail_on.word())),
        ("required-version", "\"\"".to_owned()),
    ];
    for (key, default) in values {
        let (value, from) = match config.written.get(key) {
            Some((line, value)) => (
                value.split_whitespace().collect::<Vec<_>>().join(" "),
                format!("{}:{line}", file.text()),
            ),
            None => (default, "default".to_owned()),
        };
        let line = format!("{key} = {value}");
        context.print(&format!(
            "{:<50}  # {}\n",
            visible_line(&line),
            visible_line(&from)
        ))?;
    }
    for section in &config.paths {
        let from = format!("{}:{}", file.text(), section.line);
        let mut says = Vec::new();
        if !section.off.is_empty() {
            let reason = section.reason.clone().unwrap_or_default();
            says.push(format!("off {}: {reason}", section.off.join(", ")));
        }
        says.extend(
            section
                .fail_on
                .map(|word| format!("fail-on {}", word.word())),
        );
        let line = format!("paths {}: {}", section.globs.join(", "), says.join("; "));
        context.print(&format!(
            "{:<50}  # {}\n",
            visible_line(&line),
            visible_line(&from)
        ))?;
    }
    for codex in in_force::codexes(&config, None)?.all {
        if codex.folder != config.folder {
            let folder = codex.below_top(&codex.folder);
            let name = match &codex.origin {
                Some(remote) if folder.as_bytes().is_empty() => remote.to_string(),
                Some(remote) => format!("{remote}: {}", folder.text()),
                None => folder.text().into_owned(),
            };
            context.print(&format!("extended: {}\n", visible_line(&name)))?;
        }
    }
    if let Some(old) = old {
        context.print(&format!("baseline: {} findings\n", old.findings()))?;
    }
    for line in of_rules(&in_force) {
        context.print(&format!("{}\n", visible_line(&line)))?;
    }
    Ok(Verdict::Pass)
}

/// What `codex --version` says: it never fails.
pub(super) fn version(folder: &Path, context: &mut Context) -> Result<Verdict, Failure> {
    let rules = context
        .config_without_git()
        .and_then(|(_, config): (_, Config)| {
            in_force::collect(&config, &in_force::Selection::default())
        });
    let said = match rules {
        Ok(in_force) => of_rules(&in_force),
        Err(failure) => vec![format!(
            "rules: none in {}: {}",
            folder.display(),
            failure.message
        )],
    };
    context.print(&format!("codex {}\n", env!("CARGO_PKG_VERSION")))?;
    for line in said {
        context.print(&format!("{}\n", visible_line(&line)))?;
    }
    Ok(Verdict::Pass)
}

fn of_rules(in_force: &InForce) -> Vec<String> {
    let mut lines: Vec<String> = in_force.stale.iter().map(StaleRules::text).collect();
    if !in_force.is_missing() {
        let number = in_force.rules.len();
        let noun = if number == 1 { "rule" } else { "rules" };
        lines.insert(0, format!("rules: {} ({number} {noun})", in_force.hash));
    }
    lines
}
