//! Who reviews: from the command line, else from `CODEX_REVIEW_*`, else from the user's own file.
//!
//! Deliberately absent: the repository under check. It can name no program, address or prompt.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::{http_reviewer, unknown_word};
use crate::config::{self, Narrowing};
use crate::finding::Disposition;
use crate::problem::{Document, Failure, Problems};
use crate::review::ask::Limits;
use crate::review::cache::{self, Cache};
use crate::review::command::CommandReviewer;
use crate::review::recorded::Recording;
use crate::review::{Asking, Reviewer, adapter};

#[derive(Debug, clap::Args)]
#[group(id = "reviewer")]
pub(super) struct Arguments {
    /// Who decides ambiguous cases: none (the default), command, http, recorded, cached (earlier verdicts), show (ask
    /// nobody)
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
    /// How to talk to that program: claude, gemini, openai-codex, opencode [default: codex's own protocol]
    #[arg(
        long = "review-adapter",
        value_name = "NAME",
        env = "CODEX_REVIEW_ADAPTER",
        hide_env_values = true
    )]
    adapter: Option<String>,
    /// With http: the model, then those that stand in while it is overloaded (A,B). Else: what the verdicts of the
    /// command are cached under [default: the command]
    #[arg(
        long = "review-model",
        value_name = "NAME",
        env = "CODEX_REVIEW_MODEL",
        hide_env_values = true
    )]
    model: Option<String>,
    /// Seconds that one request may take [default: 60]
    #[arg(
        long = "review-timeout",
        value_name = "SECONDS",
        env = "CODEX_REVIEW_TIMEOUT",
        hide_env_values = true
    )]
    timeout: Option<u64>,
    /// Seconds that all requests may take [default: 600]
    #[arg(
        long = "review-deadline",
        value_name = "SECONDS",
        env = "CODEX_REVIEW_DEADLINE",
        hide_env_values = true
    )]
    deadline: Option<u64>,
    /// Cases that may be sent; the riskiest come first [default: 50]
    #[arg(
        long = "review-max-cases",
        value_name = "NUMBER",
        env = "CODEX_REVIEW_MAX_CASES",
        hide_env_values = true
    )]
    max_cases: Option<usize>,
    /// Requests at the same time, at most 16 [default: 1, or what the adapter knows]
    #[arg(
        long = "review-at-once",
        value_name = "NUMBER",
        env = "CODEX_REVIEW_AT_ONCE",
        hide_env_values = true
    )]
    at_once: Option<usize>,
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
    /// The verdicts of `--review recorded`
    #[arg(
        long = "review-recorded",
        value_name = "FILE",
        env = "CODEX_REVIEW_RECORDED",
        hide_env_values = true
    )]
    recorded: Option<PathBuf>,
    /// Write the verdicts of this run, for `--review recorded`
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Ask again what has been answered, and keep no answer
    #[arg(long = "review-no-cache")]
    no_cache: bool,
    #[command(flatten)]
    http: http_reviewer::Arguments,
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
    adapter: Option<String>,
    model: Option<String>,
    timeout: Option<u64>,
    deadline: Option<u64>,
    max_cases: Option<usize>,
    at_once: Option<usize>,
    #[serde(default)]
    env: Vec<String>,
    confirmed: Option<String>,
    recorded: Option<PathBuf>,
    #[serde(flatten)]
    http: http_reviewer::Keys,
}

/// The reviewer, and how it is asked.
pub(super) struct Chosen {
    how: How,
    reviewer: Option<Box<dyn Reviewer>>,
    pub(super) confirmed: Disposition,
    limits: Limits,
    /// Cases and seconds of a run, where somebody has said how many.
    pub(super) said: (Option<usize>, Option<u64>),
    pub(super) cache: Option<Cache>,
    pub(super) record: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Nobody,
    Ask,
    CacheOnly,
    Show,
}

/// Words for `--review`.
const BACKENDS: [&str; 6] = ["none", "command", "http", "recorded", "cached", "show"];
/// What is asked when nobody says how much.
const DEFAULT_SECONDS: u64 = 60;
const DEFAULT_RUN_SECONDS: u64 = 600;
const DEFAULT_CASES: usize = 50;
const MOST_AT_ONCE: usize = 16;

impl Chosen {
    /// Who is asked.
    pub(super) fn asking(&self) -> Asking<'_> {
        let reviewer = self.reviewer.as_deref();
        match (self.how, reviewer) {
            (How::Nobody, _) | (How::Ask, None) => Asking::Nobody,
            (How::Ask, Some(reviewer)) => Asking::Reviewer(reviewer),
            (How::CacheOnly, reviewer) => Asking::CacheOnly(reviewer),
            (How::Show, reviewer) => Asking::Show(reviewer),
        }
    }

    /// How much is asked, where a repository may want less.
    pub(super) fn limits(&self, narrow: &Narrowing) -> Limits {
        let cases = narrow.max_cases.unwrap_or(usize::MAX);
        Limits {
            cases: self.limits.cases.min(cases),
            ..self.limits
        }
    }
}

/// Understands what was typed, what the environment says, and the user's own file.
pub(super) fn choose(arguments: &Arguments) -> Result<Chosen, Failure> {
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
    let how = match backend.as_deref().unwrap_or("none") {
        "" | "none" => How::Nobody,
        "command" | "http" | "recorded" => How::Ask,
        "cached" => How::CacheOnly,
        "show" => How::Show,
        other => return Err(unknown_word("reviewer", other, BACKENDS.into_iter())),
    };
    let command = arguments.command.clone().or(own.command);
    let adapter = arguments.adapter.clone().or(own.adapter);
    let model = arguments.model.clone().or(own.model);
    let variables = [arguments.environment.as_slice(), &own.env].concat();
    let folder = cache_folder().filter(|_| !arguments.no_cache);
    let mut known_at_once = 1;
    let mut reviewer: Option<Box<dyn Reviewer>> = None;
    if backend.as_deref() == Some("recorded") {
        let Some(path) = arguments.recorded.clone().or(own.recorded) else {
            let help = "add `--review-recorded FILE`; `--record FILE` writes one";
            return Err(Failure::new("`--review recorded` names no file").help(help));
        };
        reviewer = Some(Box::new(recording(&path)?));
    } else if backend.as_deref() == Some("http")
        || (matches!(how, How::CacheOnly | How::Show)
            && command.is_none()
            && http_reviewer::is_named(&arguments.http, &own.http))
    {
        let memory = folder.clone();
        let chosen = http_reviewer::choose(&arguments.http, own.http, model.as_deref(), memory)?;
        known_at_once = http_reviewer::AT_ONCE;
        reviewer = Some(Box::new(chosen));
    } else if how != How::Nobody && (command.is_some() || adapter.is_some()) {
        let adapter = adapter.map(adapter_named).transpose()?;
        let chosen = CommandReviewer::new(command.as_deref(), adapter, model, &variables)?;
        known_at_once = chosen.at_once();
        reviewer = Some(Box::new(chosen));
    } else if how == How::Ask {
        let help = "add `--review-command \"PROGRAM ARG ..\"`";
        return Err(Failure::new("`--review command` names no program").help(help));
    }
    let seconds = arguments.timeout.or(own.timeout).unwrap_or(DEFAULT_SECONDS);
    let said = (
        arguments.max_cases.or(own.max_cases),
        arguments.deadline.or(own.deadline),
    );
    let run = said.1.unwrap_or(DEFAULT_RUN_SECONDS);
    if seconds == 0 || run == 0 {
        return Err(Failure::new("a reviewer needs at least one second"));
    }
    let at_once = arguments
        .at_once
        .or(own.at_once)
        .unwrap_or(known_at_once)
        .clamp(1, MOST_AT_ONCE);
    // Longer than a day is as good as for ever, and no sum of times overflows.
    let duration = |seconds: u64| Duration::from_secs(seconds.min(86_400));
    Ok(Chosen {
        how,
        reviewer,
        confirmed,
        said,
        limits: Limits {
            cases: said.0.unwrap_or(DEFAULT_CASES),
            at_once,
            request: duration(seconds),
            run: duration(run),
        },
        cache: folder.map(|folder| Cache::new(&folder, cache::SIZE_LIMIT)),
        record: arguments.record.clone(),
    })
}

fn adapter_named(name: String) -> Result<(String, adapter::Adapter), Failure> {
    let mut known = adapter::all();
    match known.remove(&name) {
        Some(adapter) => Ok((name, adapter)),
        None => {
            let names: Vec<String> = known.into_keys().collect();
            Err(Failure::new(format!("unknown adapter `{name}`"))
                .help(format!("known are: {}", names.join(", "))))
        }
    }
}

fn recording(path: &std::path::Path) -> Result<Recording, Failure> {
    let bytes = config::read_file(path)
        .map_err(|error| Failure::io(format!("cannot read {}", path.display()), &error))?;
    Recording::parse(&bytes).map_err(|reason| {
        Failure::new(format!("{} is no recording: {reason}", path.display()))
            .help("`--record FILE` writes one")
    })
}

/// `$CODEX_CACHE_DIR`, else the platform's cache folder + `/engineering-codex`. `None`: nobody says where.
fn cache_folder() -> Option<PathBuf> {
    let folder = |name: &str| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    if let Some(folder) = folder("CODEX_CACHE_DIR") {
        return Some(folder);
    }
    let platform = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        folder("HOME").map(|home| home.join("Library/Caches"))
    } else {
        let home = || folder("HOME").map(|home| home.join(".cache"));
        folder("XDG_CACHE_HOME").or_else(home)
    };
    let absolute = platform.filter(|folder| folder.is_absolute());
    absolute.map(|folder| folder.join("engineering-codex"))
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
