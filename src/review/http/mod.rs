//! The reviewer `http`: any model behind one of three interfaces, through the worst of days.
//!
//! One request at a time goes out, to one address that somebody outside of the repository under check has named; no
//! redirect is followed. What comes back is an answer like any other: [`super::answer`] believes nothing of it.
//! Deliberately absent: streams, an async runtime, prices (they are the user's), and keys in anything that is kept.

mod account;
mod api;
mod dialect;
mod endpoint;
mod proxy;
mod retry;
mod schema;
mod wire;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

pub use self::account::{Budget, Price};
pub use self::api::Api;
pub use self::dialect::Way;
pub use self::endpoint::Endpoint;
pub use self::retry::seconds_of;

use self::account::{Account, Tokens};
use self::api::Reply;
use self::dialect::{Dialect, Memory};
use self::wire::{Failed, Key, Received, Wire};
use super::case::Request;
use super::{Reviewer, Said, Time, neutral};
use crate::finding::Usage;

/// How often one model is tried when it fails in a way that passes.
const ATTEMPTS: u32 = 3;
/// Longer than this nobody waits for a model that says when it will be there again.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The same where another model could answer.
const LONGEST_WAIT_BESIDE_ANOTHER: Duration = Duration::from_secs(5);
/// How long a model is left alone that was overloaded, when it does not say.
const REST: Duration = Duration::from_secs(120);
/// With less time than this left no attempt begins.
const WORTH_TRYING: Duration = Duration::from_millis(50);

/// What the user has configured.
#[derive(Debug)]
pub struct Settings {
    /// The interface.
    pub api: Api,
    /// Where it is.
    pub endpoint: Endpoint,
    /// The models: the first is asked; each of the others when those before it are overloaded.
    pub models: Vec<String>,
    /// The variable that holds the key.
    pub key_variable: Option<String>,
    /// How answers are held to their form; `None`: as far as the endpoint can.
    pub way: Option<Way>,
    /// The most tokens of one answer.
    pub answer_tokens: u64,
    /// The most that a run may use.
    pub budget: Budget,
    /// What a model costs.
    pub prices: Vec<(String, Price)>,
    /// Where to remember what endpoints can.
    pub memory: Option<PathBuf>,
}

/// A model that reviews, and those that stand in for it.
#[derive(Debug)]
pub struct HttpReviewer {
    api: Api,
    endpoint: Endpoint,
    models: Vec<Model>,
    /// Why there is no key, where one is wanted.
    no_key: Option<String>,
    key_variable: Option<String>,
    way: Option<Way>,
    answer_tokens: u64,
    account: Account,
    memory: Memory,
    wire: Wire,
}

#[derive(Debug)]
struct Model {
    name: String,
    /// What its verdicts are cached under.
    identity: String,
    state: Mutex<ModelState>,
}

#[derive(Debug)]
struct ModelState {
    dialect: Dialect,
    /// Until when it is left alone.
    rests_until: Option<Instant>,
}

/// Why a model has not answered.
enum Trouble {
    /// It has too much to do: another one may have time.
    Overload(String),
    /// Another one would not do better.
    Other(String),
}

impl HttpReviewer {
    /// From what is configured; the key is read from the environment here, and kept nowhere else.
    pub fn new(settings: Settings) -> Result<Self, crate::problem::Failure> {
        let (mut key, mut no_key) = (None, None);
        if let Some(variable) = &settings.key_variable {
            match Key::from_environment(variable)? {
                Some(value) => key = Some(value),
                None => no_key = Some(format!("no key: the variable {variable} is not set")),
            }
        }
        let memory = Memory::new(settings.memory, settings.api, &settings.endpoint);
        let model = |name: String| {
            let dialect = memory.dialect(&name, settings.way);
            Model {
                identity: ["http", settings.api.word(), &name].join("\0"),
                name,
                state: Mutex::new(ModelState {
                    dialect,
                    rests_until: None,
                }),
            }
        };
        Ok(Self {
            models: settings.models.into_iter().map(model).collect(),
            wire: Wire::new(&settings.endpoint, settings.api, key)?,
            account: Account::new(settings.budget, settings.prices),
            api: settings.api,
            endpoint: settings.endpoint,
            key_variable: settings.key_variable,
            no_key,
            way: settings.way,
            answer_tokens: settings.answer_tokens,
            memory,
        })
    }

    /// The document that asks one model.
    fn body(&self, model: &str, request: &Request, dialect: Dialect) -> Value {
        let is_here = self.endpoint.is_loopback();
        self.api
            .body(model, request, dialect, self.answer_tokens, is_here)
    }

    fn ask_model(&self, by: usize, request: &Request, time: Time) -> Result<Said, Trouble> {
        let model = &self.models[by];
        let mut dialect = model.state().dialect;
        let mut attempt = 0;
        let mut refused = None;
        loop {
            let body = self.body(&model.name, request, dialect).to_string();
            let reserved = self
                .account
                .reserve(&model.name, body.len(), self.answer_tokens)
                .map_err(Trouble::Other)?;
            let received = self.wire.post(body.as_bytes(), time.until());
            let reply = match &received {
                Ok(received) if received.is_success() => Some(self.api.read(&received.body)),
                _ => None,
            };
            let reported = match &received {
                // Nobody bills a refusal; a request without an answer may well have been worked on.
                Ok(received) if !received.is_success() => Some(Tokens::default()),
                Err(failed) if failed.is_unsent => Some(Tokens::default()),
                _ => reply.as_ref().and_then(|reply| reply.tokens),
            };
            let text = reply.as_ref().map_or(0, |reply| reply.text.len());
            let usage = self.account.settle(reserved, reported, text);
            let failed = match (received, reply) {
                (Ok(_), Some(reply)) => match self.said(reply, dialect) {
                    Ok(bytes) => {
                        self.memory.keep(&model.name, dialect, self.way);
                        model.state().dialect = dialect;
                        return Ok(Said { bytes, by, usage });
                    }
                    Err(failed) => failed,
                },
                (Ok(received), None) => self.refusal(&received),
                (Err(failed), _) => failed,
            };
            if failed.may_be_the_form() {
                let next = dialect.simpler(self.api, self.way, &failed.text);
                if let Some(next) = next {
                    refused.get_or_insert(failed.text);
                    dialect = next;
                    continue;
                }
                let text = refused.unwrap_or(failed.text);
                return Err(Trouble::Other(text));
            }
            attempt += 1;
            let wait = failed
                .passes
                .then(|| retry::wait(attempt, failed.retry_after));
            let is_last = by + 1 == self.models.len();
            let longest = if failed.is_overload && !is_last {
                LONGEST_WAIT_BESIDE_ANOTHER
            } else {
                LONGEST_WAIT
            };
            match wait {
                Some(wait)
                    if attempt < ATTEMPTS
                        && wait <= longest
                        && Instant::now() + wait + WORTH_TRYING < time.end =>
                {
                    thread::sleep(wait);
                }
                _ if failed.is_overload => {
                    let rest = failed.retry_after.unwrap_or(REST);
                    model.state().rests_until = Instant::now().checked_add(rest);
                    return Err(Trouble::Overload(failed.text));
                }
                _ => return Err(Trouble::Other(failed.text)),
            }
        }
    }

    /// The document in a reply that came whole.
    fn said(&self, reply: Reply, dialect: Dialect) -> Result<Vec<u8>, Failed> {
        if let Some(error) = reply.error {
            // Some say 200 and then tell of an error.
            let status = reply.status.unwrap_or(0);
            return Err(self.complaint(status, None, &error));
        }
        if let Some(refusal) = reply.refusal {
            let text = self.wire.without_key(&refusal);
            return Err(Failed::of(match text.trim() {
                "" => "the model refused to answer".to_owned(),
                text => format!("the model refused to answer: {}", neutral::said(text)),
            }));
        }
        let invalid = |reason: &str| Failed::of(format!("{}: {reason}", super::answer::INVALID));
        if reply.is_cut_off {
            let limit = self.answer_tokens;
            return Err(invalid(&format!("it was cut off after {limit} tokens")));
        }
        if reply.text.trim().is_empty() {
            return Err(invalid("it is empty"));
        }
        let text = match dialect.way {
            Way::Plain => after_thinking(&reply.text),
            _ => &reply.text,
        };
        Ok(super::adapter::unfenced(text).as_bytes().to_vec())
    }

    /// What an answer with another status than success means.
    fn refusal(&self, received: &Received) -> Failed {
        let after = received.retry_after;
        if (300..400).contains(&received.status) {
            return Failed::of("the reviewer's address redirects: that is not followed".to_owned());
        }
        let said = api::complaint(&received.body);
        self.complaint(received.status, after, &said)
    }

    fn complaint(&self, status: u16, retry_after: Option<Duration>, said: &str) -> Failed {
        let said = neutral::said(&self.wire.without_key(said));
        let text = match (status, &self.key_variable) {
            // Providers repeat a part of the key here: nothing of theirs is passed on.
            (401 | 403, Some(variable)) => {
                format!("the reviewer does not accept the key in {variable} ({status})")
            }
            (401 | 403, None) => {
                format!(
                    "the reviewer wants a key ({status}): name its variable with --review-key-env"
                )
            }
            (404 | 405, _) if said.is_empty() => {
                format!("no model answers at this address ({status})")
            }
            (0, _) => format!("the reviewer failed: {said}"),
            (429 | 503 | 529, _) => format!("the reviewer is overloaded ({status}): {said}"),
            _ => format!("the reviewer failed ({status}): {said}"),
        };
        Failed {
            text: text.trim_end_matches([' ', ':']).to_owned(),
            said,
            status: Some(status),
            passes: matches!(status, 408 | 429 | 500..=599),
            is_overload: matches!(status, 429 | 503 | 529),
            is_unsent: false,
            retry_after,
        }
    }
}

impl Model {
    fn state(&self) -> MutexGuard<'_, ModelState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reviewer for HttpReviewer {
    fn name(&self) -> &str {
        self.models.first().map_or("nobody", |model| &model.name)
    }

    fn model(&self) -> &str {
        self.models.first().map_or("", |model| &model.identity)
    }

    fn models(&self) -> Vec<&str> {
        self.models
            .iter()
            .map(|model| model.identity.as_str())
            .collect()
    }

    fn name_for(&self, _: &super::case::Case, by: usize) -> String {
        let model = self.models.get(by).or(self.models.first());
        model.map_or_else(String::new, |model| model.name.clone())
    }

    fn sends(&self, request: &Request) -> String {
        let Some(model) = self.models.first() else {
            return String::new();
        };
        let dialect = model.state().dialect;
        let body = self.body(&model.name, request, dialect);
        format!("POST {}\n{body:#}", self.endpoint)
    }

    fn ask(&self, request: &Request, time: Time) -> Result<Said, String> {
        if let Some(reason) = self.is_done() {
            return Err(reason);
        }
        let now = Instant::now();
        let rests = |by: usize| {
            let until = self.models[by].state().rests_until;
            until.is_some_and(|until| until > now)
        };
        let mut open: Vec<usize> = (0..self.models.len()).filter(|by| !rests(*by)).collect();
        if open.is_empty() {
            // All of them are overloaded: the last one may be there again, and is the one that waits.
            open.extend(self.models.len().checked_sub(1));
        }
        let mut last = "no model is named".to_owned();
        for by in open {
            match self.ask_model(by, request, time) {
                Ok(said) => return Ok(said),
                Err(Trouble::Overload(reason)) => last = reason,
                Err(Trouble::Other(reason)) => return Err(reason),
            }
        }
        Err(last)
    }

    fn is_done(&self) -> Option<String> {
        self.no_key.clone().or_else(|| self.account.is_spent())
    }

    fn usage(&self) -> Option<Usage> {
        Some(self.account.usage())
    }
}

/// What a model says after it has thought aloud.
fn after_thinking(text: &str) -> &str {
    let text = text.trim_start();
    let thought = text
        .strip_prefix("<think>")
        .and_then(|rest| rest.split_once("</think>"));
    thought.map_or(text, |(_, rest)| rest)
}
