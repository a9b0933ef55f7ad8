//! Who reviews: from the command line, else from `CODEX_REVIEW_*`, else from the user's own file.
//!
//! Deliberately absent: the repository under check. It can name no program, address or prompt.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::unknown_word;
use crate::config;
use crate::finding::Disposition;
use crate::problem::{Document, Failure, Problems};
use crate::review::command::CommandReviewer;

#[derive(Debug, clap::Args)]
#[group(id = "reviewer")]
pub(super) struct Arguments {
    /// Who decides ambiguous cases: none (the default) or command
    #[arg(
        long = "review",
        value_name = "BACKEND",
        env = "CODEX_REVIEW",
        hide_env_values = true
    )]
    backend: Option<String>,
    /// The program of `--review command`, with its arguments; no shell is involved
    #[arg(
        long = "review-command",
        value_name = "COMMAND",
        env = "CODEX_REVIEW_COMMAND",
        hide_env_values = true
    )]
    command: Option<String>,
    /// Seconds that one request may take [default: 60]
    #[arg(
        long = "review-timeout",
        value_name = "SECONDS",
        env = "CODEX_REVIEW_TIMEOUT",
        hide_env_values = true
    )]
    timeout: Option<u64>,
    /// A variable that the program gets beside PATH, HOME and LANG (repeatable)
    #[arg(long = "review-env", value_name = "NAME")]
    environment: Vec<String>,
    /// What a confirmed ambiguous finding of an enforced MUST does: review (the default) or block
    #[arg(
        long = "review-confirmed",
        value_name = "DISPOSITION",
        env = "CODEX_REVIEW_CONFIRMED",
        hide_env_values = true
    )]
    confirmed: Option<String>,
}

/// The user's own file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserFile {
    #[serde(default)]
    review: UserReview,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct UserReview {
    backend: Option<String>,
    command: Option<String>,
    timeout: Option<u64>,
    #[serde(default)]
    env: Vec<String>,
    confirmed: Option<String>,
}

/// The reviewer, and what its confirmation does.
pub(super) fn choose(
    arguments: &Arguments,
) -> Result<(Option<CommandReviewer>, Disposition), Failure> {
    let own = user_file()?.review;
    let confirmed = arguments.confirmed.clone().or(own.confirmed);
    let confirmed = match confirmed.as_deref().unwrap_or("review") {
        word @ ("review" | "block") => config::threshold(word).unwrap_or(Disposition::Review),
        other => {
            return Err(unknown_word(
                "disposition",
                other,
                ["review", "block"].into_iter(),
            ));
        }
    };
    let backend = arguments.backend.clone().or(own.backend);
    let reviewer = match backend.as_deref().unwrap_or("none") {
        "" | "none" => None,
        "command" => {
            let Some(command) = arguments.command.clone().or(own.command) else {
                let help = "add `--review-command \"PROGRAM ARG ..\"`";
                return Err(Failure::new("`--review command` names no program").help(help));
            };
            let seconds = arguments.timeout.or(own.timeout).unwrap_or(60);
            if seconds == 0 {
                return Err(Failure::new("a reviewer needs at least one second"));
            }
            let variables = [arguments.environment.as_slice(), &own.env].concat();
            Some(CommandReviewer::new(
                &command,
                &variables,
                Duration::from_secs(seconds),
            )?)
        }
        other @ ("http" | "recorded" | "cached" | "show") => {
            return Err(Failure::new(format!(
                "`--review {other}` is not supported yet"
            )));
        }
        other => {
            return Err(unknown_word(
                "reviewer",
                other,
                ["none", "command"].into_iter(),
            ));
        }
    };
    Ok((reviewer, confirmed))
}

/// `$XDG_CONFIG_HOME/engineering-codex/config.toml`, else below `~/.config`.
fn user_file() -> Result<UserFile, Failure> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = || folder("HOME").map(|home| PathBuf::from(home).join(".config"));
    let Some(folder) = folder("XDG_CONFIG_HOME").map(PathBuf::from).or_else(home) else {
        return Ok(UserFile::default());
    };
    let path = folder.join("engineering-codex/config.toml");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(UserFile::default());
        }
        Err(error) => {
            return Err(Failure::io(
                format!("cannot read {}", path.display()),
                &error,
            ));
        }
    };
    toml::from_str(&text).map_err(|error| {
        let mut problems = Problems::new(Document::new(path.to_string_lossy(), text));
        problems.add(error.span().unwrap_or(0..0), error.message());
        Failure::new(format!("{} cannot be used", path.display())).because(problems.into_vec())
    })
}
