//! The three interfaces that nearly every model stands behind: what a request looks like, and what an answer.
//!
//! A provider that offers one of them with words of its own gets them through [`super::dialect`], never through its
//! name. Deliberately absent: streams, and anything that lets a model do more than answer.

use serde_json::{Value, json};

use super::account::Tokens;
use super::dialect::{Dialect, Way};
use super::schema::{Hold, schema};
use crate::review::case::Request;

/// An interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// Chat completions, as OpenAI made them and most servers understand them.
    OpenAi,
    /// Messages.
    Anthropic,
    /// Chat.
    Ollama,
}

/// What an answer says.
#[derive(Debug, Default)]
pub(super) struct Reply {
    /// The document.
    pub(super) text: String,
    /// Whether it ends because it became too long.
    pub(super) is_cut_off: bool,
    /// Why there is none, when the model refuses.
    pub(super) refusal: Option<String>,
    /// An error that came as a success, and its status where it has one.
    pub(super) error: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) tokens: Option<Tokens>,
}

/// The name under which a model gives its verdicts where it is asked to use a tool.
const TOOL: &str = "verdicts";
const NO_JSON: &str = "its answer is no JSON of this interface";

impl Api {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Anthropic, Self::Ollama];

    /// Its word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Ollama => "ollama",
        }
    }

    /// The address of whoever made it.
    pub fn own_address(self) -> &'static str {
        match self {
            Self::OpenAi => "https://api.openai.com/v1",
            Self::Anthropic => "https://api.anthropic.com/v1",
            Self::Ollama => "http://127.0.0.1:11434",
        }
    }

    /// The variable that holds a key for that address, by custom.
    pub fn own_key_variable(self) -> Option<&'static str> {
        match self {
            Self::OpenAi => Some("OPENAI_API_KEY"),
            Self::Anthropic => Some("ANTHROPIC_API_KEY"),
            Self::Ollama => None,
        }
    }

    /// The beginning of its path, and the call.
    pub(super) fn path(self) -> (&'static str, &'static str) {
        match self {
            Self::OpenAi => ("/v1", "/chat/completions"),
            Self::Anthropic => ("/v1", "/messages"),
            Self::Ollama => ("/api", "/chat"),
        }
    }

    /// Headers beside the usual ones.
    pub(super) fn headers(self, key: Option<&str>) -> Vec<(&'static str, String)> {
        let bearer = key.map(|key| ("authorization", format!("Bearer {key}")));
        match self {
            Self::OpenAi | Self::Ollama => bearer.into_iter().collect(),
            Self::Anthropic => std::iter::once(("anthropic-version", "2023-06-01".to_owned()))
                .chain(key.map(|key| ("x-api-key", key.to_owned())))
                .collect(),
        }
    }

    /// The ways to hold an answer to its form, the strictest first.
    pub(super) fn ways(self) -> &'static [Way] {
        match self {
            Self::OpenAi => &[Way::JsonSchema, Way::JsonObject, Way::Tool, Way::Plain],
            Self::Anthropic => &[Way::JsonSchema, Way::Tool, Way::Plain],
            Self::Ollama => &[Way::JsonSchema, Way::JsonObject, Way::Plain],
        }
    }

    /// The document that asks, a server on this machine or another one. What is the same for all requests of a rule comes
    /// first, where providers cache it.
    pub(super) fn body(
        self,
        model: &str,
        request: &Request,
        dialect: Dialect,
        answer_tokens: u64,
        is_here: bool,
    ) -> Value {
        let (same, rest) = request.parts();
        let chat =
            || json!([{"role": "system", "content": same}, {"role": "user", "content": rest}]);
        let (is_ollama, is_object) = (self == Self::Ollama, dialect.way == Way::JsonObject);
        // Most models can copy: where a schema may be more than a grammar, only one that could not is given lines.
        let is_second_turn = request.repair.is_some();
        let hold = Hold {
            is_bounded: is_ollama || is_object,
            is_closed: is_ollama || (is_here && (is_object || is_second_turn)),
        };
        let schema = schema(request, hold);
        let about = "Gives the verdicts.";
        let mut body = json!({"model": model});
        match self {
            Self::OpenAi => {
                body["messages"] = chat();
                body[dialect.limit_word()] = json!(answer_tokens);
                match dialect.way {
                    Way::JsonSchema => {
                        body["response_format"] = json!({"type": "json_schema",
                            "json_schema": {"name": TOOL, "strict": true, "schema": schema}});
                    }
                    // Some servers hold an answer to a schema in this place only.
                    Way::JsonObject => {
                        body["response_format"] = json!({"type": "json_object", "schema": schema});
                    }
                    Way::Tool => {
                        body["tools"] = json!([{"type": "function", "function":
                            {"name": TOOL, "description": about, "parameters": schema}}]);
                        body["tool_choice"] =
                            json!({"type": "function", "function": {"name": TOOL}});
                    }
                    Way::Plain => {}
                }
            }
            Self::Anthropic => {
                body["system"] = json!([{"type": "text", "text": same,
                    "cache_control": {"type": "ephemeral"}}]);
                body["messages"] = json!([{"role": "user", "content": rest}]);
                body["max_tokens"] = json!(answer_tokens);
                match dialect.way {
                    Way::JsonSchema => {
                        body["output_config"] =
                            json!({"format": {"type": "json_schema", "schema": schema}});
                    }
                    Way::Tool => {
                        body["tools"] =
                            json!([{"name": TOOL, "description": about, "input_schema": schema}]);
                        body["tool_choice"] = json!({"type": "tool", "name": TOOL});
                    }
                    Way::JsonObject | Way::Plain => {}
                }
            }
            Self::Ollama => {
                body["messages"] = chat();
                body["stream"] = json!(false);
                body["options"] =
                    json!({"temperature": 0, "seed": 1, "num_predict": answer_tokens});
                match dialect.way {
                    Way::JsonSchema => body["format"] = schema,
                    Way::JsonObject => body["format"] = json!("json"),
                    Way::Tool | Way::Plain => {}
                }
            }
        }
        if self != Self::Ollama && dialect.temperature {
            body["temperature"] = json!(0);
        }
        body
    }

    /// Reads an answer that came with success.
    pub(super) fn read(self, body: &str) -> Reply {
        let Ok(document @ Value::Object(_)) = serde_json::from_str::<Value>(body) else {
            return failed(NO_JSON.to_owned());
        };
        if document.get("error").is_some_and(|error| !error.is_null()) {
            let code = document.pointer("/error/code").and_then(Value::as_u64);
            return Reply {
                status: code.and_then(|code| u16::try_from(code).ok()),
                ..failed(complaint(body))
            };
        }
        let reply = match self {
            Self::OpenAi => openai(&document),
            Self::Anthropic => anthropic(&document),
            Self::Ollama => ollama(&document),
        };
        reply.unwrap_or_else(|| failed(NO_JSON.to_owned()))
    }
}

fn failed(error: String) -> Reply {
    Reply {
        error: Some(error),
        ..Reply::default()
    }
}

/// What a server says of an error.
pub(super) fn complaint(body: &str) -> String {
    let document: Value = serde_json::from_str(body).unwrap_or_default();
    let places = ["/error/message", "/error", "/message", "/detail"];
    let found = places.iter().find_map(|place| {
        let value = document.pointer(place)?;
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    });
    // The pages of proxies are no help to anybody.
    let is_page = body.trim_start().starts_with('<');
    let text = if is_page { "" } else { body };
    found.unwrap_or_else(|| text.chars().take(300).collect())
}

fn text<'a>(value: &'a Value, place: &str) -> Option<&'a str> {
    value.pointer(place).and_then(Value::as_str)
}

fn number(value: &Value, place: &str) -> Option<u64> {
    value.pointer(place).and_then(Value::as_u64)
}

/// A text, or the texts of parts.
fn content(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| text(part, "/text"))
            .collect(),
        _ => String::new(),
    }
}

fn openai(document: &Value) -> Option<Reply> {
    let choice = document.pointer("/choices/0")?;
    let message = choice.get("message")?;
    let ended = text(choice, "/finish_reason");
    let refusal = text(message, "/refusal").map(str::to_owned);
    let called = text(message, "/tool_calls/0/function/arguments").map(str::to_owned);
    let tokens = number(document, "/usage/prompt_tokens").map(|input| Tokens {
        input,
        cached_input: number(document, "/usage/prompt_tokens_details/cached_tokens").unwrap_or(0),
        output: number(document, "/usage/completion_tokens").unwrap_or(0),
    });
    Some(Reply {
        text: called.unwrap_or_else(|| content(message.get("content").unwrap_or(&Value::Null))),
        is_cut_off: ended == Some("length"),
        refusal: refusal.or((ended == Some("content_filter")).then(String::new)),
        tokens,
        ..Reply::default()
    })
}

fn anthropic(document: &Value) -> Option<Reply> {
    let blocks = document.get("content")?.as_array()?;
    let ended = text(document, "/stop_reason");
    let of_kind = |kind: &'static str| {
        blocks
            .iter()
            .filter(move |block| text(block, "/type") == Some(kind))
    };
    let said: String = of_kind("text")
        .filter_map(|block| text(block, "/text"))
        .collect();
    let called = of_kind("tool_use").find_map(|block| block.get("input"));
    let of_cache = |name: &str| number(document, &format!("/usage/{name}")).unwrap_or(0);
    let tokens = number(document, "/usage/input_tokens").map(|input| {
        let read = of_cache("cache_read_input_tokens");
        Tokens {
            // Here, and only here, the cache is counted apart.
            input: input + read + of_cache("cache_creation_input_tokens"),
            cached_input: read,
            output: of_cache("output_tokens"),
        }
    });
    let is_refusal = ended == Some("refusal");
    Some(Reply {
        refusal: is_refusal.then(|| said.clone()),
        text: called.map_or(said, ToString::to_string),
        is_cut_off: ended == Some("max_tokens"),
        tokens,
        ..Reply::default()
    })
}

fn ollama(document: &Value) -> Option<Reply> {
    let message = document.get("message")?;
    let tokens = number(document, "/prompt_eval_count").map(|input| Tokens {
        input,
        cached_input: 0,
        output: number(document, "/eval_count").unwrap_or(0),
    });
    Some(Reply {
        text: content(message.get("content")?),
        is_cut_off: text(document, "/done_reason") == Some("length"),
        tokens,
        ..Reply::default()
    })
}
