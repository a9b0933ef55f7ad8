//! `codex baseline`: writes down what is there already, so that `check --all` reports what comes after.
//!
//! Deliberately absent: merge requests; they are compared with their base and need no baseline.

use std::path::{Path, PathBuf};

use crate::baseline::{Baseline, FILE_NAME};
use crate::config::{self, Config};
use crate::problem::Failure;

use super::everything::{self, Everything};
use super::{Context, Verdict, show};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only drop what is mended; add nothing
    #[arg(long)]
    prune: bool,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let said = everything::look(context, |found| write(found, arguments.prune))?;
    context.print(&said)?;
    Ok(Verdict::Pass)
}

fn write(found: &Everything<'_>, prune: bool) -> Result<String, Failure> {
    let (firsts, findings) = (&found.reviewed.firsts, &found.reviewed.findings);
    let place = place(found.config, found.root);
    let old = read(&place)?;
    let new = if prune {
        let Some(old) = &old else {
            let message = format!("there is no {}", place.display());
            return Err(Failure::new(message).help("run `codex baseline` once"));
        };
        // What could not be looked at may still be there.
        old.pruned(firsts, findings, |path, rule| {
            let mut unchecked = found.scan.unchecked.iter();
            let is_waiting = found.known.contains(rule) && !found.ids.contains(rule);
            unchecked.any(|unchecked| unchecked.path == path) || is_waiting
        })
    } else {
        Baseline::of(firsts, findings)
    };
    for unchecked in &found.scan.unchecked {
        show::warning(&format!(
            "not checked: {}: {}",
            unchecked.path, unchecked.reason
        ));
    }
    let text = new
        .write()
        .map_err(|error| Failure::new(format!("cannot write the baseline: {error}")))?;
    if old.as_ref() != Some(&new) {
        crate::write::replace(&place, text.as_bytes())
            .map_err(|error| Failure::io(format!("cannot write {}", place.display()), &error))?;
    }
    let before = old.map_or(String::new(), |old| {
        format!(" (before: {})", old.findings())
    });
    let noun = if new.findings() == 1 {
        "finding"
    } else {
        "findings"
    };
    Ok(format!("{FILE_NAME}: {} {noun}{before}\n", new.findings()))
}

/// Where the baseline of a configuration lies.
pub(super) fn place(config: &Config, root: &Path) -> PathBuf {
    let folder = if config.is_file {
        config.folder.as_path()
    } else {
        root
    };
    folder.join(FILE_NAME)
}

/// The baseline, if there is one.
pub(super) fn read(place: &Path) -> Result<Option<Baseline>, Failure> {
    let text = match config::read_file(place) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let doing = format!("cannot read {}", place.display());
            return Err(Failure::io(doing, &error));
        }
    };
    Baseline::read(&text).map(Some).map_err(|why| {
        Failure::new(format!("{} cannot be used: {why}", place.display()))
            .help("mend it, or remove it and run `codex baseline`")
    })
}
