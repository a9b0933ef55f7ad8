//! What an endpoint understands: found out by asking, the strictest form first, and remembered.
//!
//! What is remembered is a hint: an endpoint that understands less is asked in a simpler way again, and after a week
//! the strictest way is tried anew. Deliberately absent: the names of products.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::api::Api;
use super::endpoint::Endpoint;

/// How long what was found out counts.
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// What is larger is no file of ours.
const FILE_LIMIT: u64 = 4096;

/// How an answer is held to its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// By a schema.
    JsonSchema,
    /// To be JSON.
    JsonObject,
    /// As the input of a tool.
    Tool,
    /// By the prompt alone.
    Plain,
}

impl Way {
    /// The way of a word on the command line.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "json_schema" => Some(Self::JsonSchema),
            "json_object" => Some(Self::JsonObject),
            "tool" => Some(Self::Tool),
            "plain" => Some(Self::Plain),
            _ => None,
        }
    }
}

/// How one model behind one endpoint is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dialect {
    pub(super) way: Way,
    /// Whether the length of an answer is limited by the newer of two words.
    newer_limit: bool,
    /// Whether the temperature may be named.
    pub(super) temperature: bool,
}

impl Dialect {
    fn strictest(api: Api, fixed: Option<Way>) -> Self {
        let first = api.ways().first().copied();
        Self {
            way: fixed.or(first).unwrap_or(Way::Plain),
            newer_limit: false,
            temperature: true,
        }
    }

    pub(super) fn limit_word(self) -> &'static str {
        if self.newer_limit {
            "max_completion_tokens"
        } else {
            "max_tokens"
        }
    }

    /// What to try when a server says that it does not understand; `None` when there is nothing left.
    pub(super) fn simpler(self, api: Api, fixed: Option<Way>, said: &str) -> Option<Self> {
        let said = said.to_lowercase();
        if api == Api::OpenAi && !self.newer_limit && said.contains("max_completion_tokens") {
            return Some(Self {
                newer_limit: true,
                ..self
            });
        }
        if self.temperature && said.contains("temperature") {
            return Some(Self {
                temperature: false,
                ..self
            });
        }
        // What is too long stays too long.
        if fixed.is_some() || said.contains("context length") || said.contains("too long") {
            return None;
        }
        let mut ways = api.ways().iter().skip_while(|way| **way != self.way);
        let way = ways.nth(1).copied()?;
        Some(Self { way, ..self })
    }
}

/// What was found out in earlier runs: one small file for each model of an endpoint.
#[derive(Debug)]
pub(super) struct Memory {
    folder: Option<PathBuf>,
    api: Api,
    endpoint: String,
}

impl Memory {
    pub(super) fn new(folder: Option<PathBuf>, api: Api, endpoint: &Endpoint) -> Self {
        Self {
            folder: folder.map(|folder| folder.join("endpoints")),
            api,
            endpoint: endpoint.to_string(),
        }
    }

    fn place(&self, model: &str) -> Option<PathBuf> {
        let mut hasher = blake3::Hasher::new();
        for part in [self.api.word(), &self.endpoint, model] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let name = hasher.finalize().to_hex()[..16].to_owned();
        Some(self.folder.as_ref()?.join(format!("{name}.json")))
    }

    /// How to ask a model first.
    pub(super) fn dialect(&self, model: &str, fixed: Option<Way>) -> Dialect {
        let strictest = Dialect::strictest(self.api, fixed);
        let known = self.place(model).and_then(|place| {
            let about = std::fs::symlink_metadata(&place).ok()?;
            let age = SystemTime::now().duration_since(about.modified().ok()?);
            if about.len() > FILE_LIMIT || age.is_ok_and(|age| age > WEEK) {
                return None;
            }
            let known: Dialect = serde_json::from_slice(&std::fs::read(place).ok()?).ok()?;
            self.api.ways().contains(&known.way).then_some(known)
        });
        known.map_or(strictest, |known| Dialect {
            way: fixed.unwrap_or(known.way),
            ..known
        })
    }

    /// Remembers what a model understood, unless it is what is tried first anyway. That it cannot is no failure.
    pub(super) fn keep(&self, model: &str, dialect: Dialect, fixed: Option<Way>) {
        if fixed.is_some() || dialect == self.dialect(model, None) {
            return;
        }
        let Some(place) = self.place(model) else {
            return;
        };
        let folder = place.parent().map(std::fs::create_dir_all);
        if let (Some(Ok(())), Ok(text)) = (folder, serde_json::to_vec(&dialect)) {
            let _ = crate::write::replace(&place, &text);
        }
    }
}
