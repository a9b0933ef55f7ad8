//! The reviewer `http`, from the command line, else from `CODEX_REVIEW_*`, else from the user's own file.
//!
//! Deliberately absent: keys. The name of a variable is all that can be said of one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::unknown_word;
use crate::problem::Failure;
use crate::review::http::{Api, Budget, Endpoint, HttpReviewer, Price, Settings, Way};

#[derive(Debug, Default, clap::Args)]
#[group(id = "http-reviewer")]
pub(super) struct Arguments {
    /// The interface of `--review http`: openai (the default; most servers have it), anthropic or ollama
    #[arg(
        long = "review-api",
        value_name = "NAME",
        env = "CODEX_REVIEW_API",
        hide_env_values = true
    )]
    api: Option<String>,
    /// Where the model is [default: its provider's address]
    #[arg(
        long = "review-url",
        value_name = "URL",
        env = "CODEX_REVIEW_URL",
        hide_env_values = true
    )]
    url: Option<String>,
    /// The variable that holds the key [default: OPENAI_API_KEY or ANTHROPIC_API_KEY, at that provider's address only]
    #[arg(
        long = "review-key-env",
        value_name = "NAME",
        env = "CODEX_REVIEW_KEY_ENV",
        hide_env_values = true
    )]
    key_env: Option<String>,
    /// Allow http:// to another machine than this one
    #[arg(long = "review-allow-http")]
    allow_http: bool,
    /// How answers are held to their form: auto (the default), json_schema, json_object, tool or plain
    #[arg(
        long = "review-structured",
        value_name = "WAY",
        env = "CODEX_REVIEW_STRUCTURED",
        hide_env_values = true
    )]
    structured: Option<String>,
    /// The most tokens of one answer [default: 4096]
    #[arg(
        long = "review-answer-tokens",
        value_name = "NUMBER",
        env = "CODEX_REVIEW_ANSWER_TOKENS",
        hide_env_values = true
    )]
    answer_tokens: Option<u64>,
    /// The most tokens of a run, sent and received
    #[arg(
        long = "review-max-tokens",
        value_name = "NUMBER",
        env = "CODEX_REVIEW_MAX_TOKENS",
        hide_env_values = true
    )]
    max_tokens: Option<u64>,
    /// The most dollars of a run; prices stand in your own configuration
    #[arg(
        long = "review-max-cost",
        value_name = "DOLLARS",
        env = "CODEX_REVIEW_MAX_COST",
        hide_env_values = true
    )]
    max_cost: Option<f64>,
}

/// The same keys in the user's own file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Keys {
    pub(super) api: Option<String>,
    pub(super) url: Option<String>,
    key_env: Option<String>,
    allow_http: bool,
    structured: Option<String>,
    answer_tokens: Option<u64>,
    max_tokens: Option<u64>,
    max_cost: Option<f64>,
    prices: BTreeMap<String, DollarsPerMillion>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DollarsPerMillion {
    input: f64,
    output: f64,
    cached_input: Option<f64>,
}

/// Words for `--review-structured`.
const WAYS: [&str; 5] = ["auto", "json_schema", "json_object", "tool", "plain"];
/// What an answer may take when nobody says how much.
const DEFAULT_ANSWER_TOKENS: u64 = 4096;
/// Requests at the same time, when nobody says how many.
pub(super) const AT_ONCE: usize = 4;

/// Whether a model is named at all.
pub(super) fn is_named(arguments: &Arguments, own: &Keys) -> bool {
    [&arguments.api, &arguments.url, &own.api, &own.url]
        .iter()
        .any(|word| word.is_some())
}

/// The reviewer. `model` is a list of names with commas between them.
pub(super) fn choose(
    arguments: &Arguments,
    own: Keys,
    model: Option<&str>,
    memory: Option<PathBuf>,
) -> Result<HttpReviewer, Failure> {
    let word = arguments.api.clone().or(own.api);
    let api = match word.as_deref() {
        None => Api::OpenAi,
        Some(word) => {
            let mut known = Api::ALL.into_iter();
            known.find(|api| api.word() == word).ok_or_else(|| {
                unknown_word("interface", word, Api::ALL.into_iter().map(Api::word))
            })?
        }
    };
    let models: Vec<String> = model
        .unwrap_or_default()
        .split(',')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    if models.is_empty() {
        let help = "add `--review-model NAME`, or NAME,NAME for one that stands in when the first is overloaded";
        return Err(Failure::new("`--review http` names no model").help(help));
    }
    let url = arguments.url.clone().or(own.url);
    let key_variable = arguments.key_env.clone().or(own.key_env);
    // A key goes to an address that somebody has named it for, or to its own provider.
    let custom = api.own_key_variable().filter(|_| url.is_none());
    let key_variable = key_variable.or(custom.map(str::to_owned));
    let structured = arguments.structured.clone().or(own.structured);
    let way = match structured.as_deref() {
        None | Some("auto") => None,
        Some(word) => {
            let way = Way::of(word);
            Some(way.ok_or_else(|| unknown_word("way", word, WAYS.into_iter()))?)
        }
    };
    let mut prices = Vec::new();
    for (name, price) in own.prices {
        let micro = |dollars| micro_dollars(dollars, "a price");
        let input = micro(price.input)?;
        let cached_input = price.cached_input.map(micro).transpose()?;
        prices.push((
            name,
            Price {
                input,
                cached_input: cached_input.unwrap_or(input),
                output: micro(price.output)?,
            },
        ));
    }
    let max_cost = arguments.max_cost.or(own.max_cost);
    if max_cost.is_some()
        && let Some(name) = models
            .iter()
            .find(|name| prices.iter().all(|(known, _)| known != *name))
    {
        let message = format!("a budget in dollars needs the price of `{name}`");
        let help = "write [review.prices.\"MODEL\"] with input and output, in dollars for a million tokens, into your own config.toml";
        return Err(Failure::new(message).help(help));
    }
    let allow_http = arguments.allow_http || own.allow_http;
    HttpReviewer::new(Settings {
        api,
        endpoint: Endpoint::new(url.as_deref(), api, allow_http)?,
        models,
        key_variable,
        way,
        answer_tokens: arguments
            .answer_tokens
            .or(own.answer_tokens)
            .unwrap_or(DEFAULT_ANSWER_TOKENS)
            .max(1),
        budget: Budget {
            tokens: arguments.max_tokens.or(own.max_tokens),
            micro_usd: max_cost
                .map(|dollars| micro_dollars(dollars, "a budget"))
                .transpose()?,
        },
        prices,
        memory,
    })
}

fn micro_dollars(dollars: f64, what: &str) -> Result<u64, Failure> {
    const MOST: f64 = 1e9;
    if !(0.0..=MOST).contains(&dollars) {
        return Err(Failure::new(format!("{dollars} dollars are not {what}")));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it lies between nothing and a billion"
    )]
    Ok((dollars * 1e6).round() as u64)
}
