//! One HTTP request and its answer: within a time, up to a size, to one host.
//!
//! Deliberately absent: redirects, cookies, compression (a small answer could become a large one), and what an answer
//! means ([`super::api`]).

use std::fmt;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::HeaderValue;
use ureq::tls::{RootCerts, TlsConfig};

use super::api::Api;
use super::endpoint::Endpoint;
use super::proxy::{self, Through};
use super::retry;
use crate::problem::Failure;

/// The most bytes of an answer.
const ANSWER_LIMIT: u64 = 4 * 1024 * 1024;
/// A shorter key is no secret, and may well be a word of an answer.
const SHORTEST_KEY: usize = 8;

/// A secret. It is not shown, not even to a debugger's print.
#[derive(Clone)]
pub(super) struct Key(String);

impl Key {
    /// The value of a variable; `None` where it is not set or empty.
    pub(super) fn from_environment(variable: &str) -> Result<Option<Self>, Failure> {
        let Some(value) = std::env::var_os(variable) else {
            return Ok(None);
        };
        let unusable = || {
            let message = format!("the value of {variable} cannot be a key");
            Failure::new(message).help("a key is one line of visible ASCII")
        };
        let value = value.into_string().map_err(|_| unusable())?;
        let value = value.trim();
        if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(unusable());
        }
        Ok((!value.is_empty()).then(|| Self(value.to_owned())))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[key]")
    }
}

/// What came.
pub(super) struct Received {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    /// Without the key, should it be in there.
    pub(super) body: String,
}

impl Received {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Failed {
    /// For people.
    pub(super) text: String,
    /// What the server says of it.
    pub(super) said: String,
    pub(super) status: Option<u16>,
    /// Whether it may be better the next time.
    pub(super) passes: bool,
    /// Whether the server has too much to do.
    pub(super) is_overload: bool,
    /// Whether nobody has had the request.
    pub(super) is_unsent: bool,
    pub(super) retry_after: Option<Duration>,
}

impl Failed {
    /// For good.
    pub(super) fn of(text: String) -> Self {
        Self {
            text,
            said: String::new(),
            status: None,
            passes: false,
            is_overload: false,
            is_unsent: false,
            retry_after: None,
        }
    }

    /// For good, before anything was sent.
    fn unsent(text: String) -> Self {
        Self {
            is_unsent: true,
            ..Self::of(text)
        }
    }

    /// Whether a simpler request could be understood: it is wrong, or broke whoever read it.
    pub(super) fn may_be_the_form(&self) -> bool {
        const FORM: [&str; 9] = [
            "response_format",
            "json_schema",
            "json_object",
            "output_config",
            "grammar",
            "schema",
            "validation",
            "tool_choice",
            "unsupported",
        ];
        let said = self.said.to_lowercase();
        match self.status {
            Some(400 | 415 | 422) => true,
            Some(500 | 501) => FORM.iter().any(|word| said.contains(word)),
            _ => false,
        }
    }
}

/// The way to one endpoint.
#[derive(Debug)]
pub(super) struct Wire {
    agent: Agent,
    url: String,
    headers: Vec<(&'static str, HeaderValue)>,
    key: Option<Key>,
    /// The variable of the proxy, where there is one.
    through: Option<&'static str>,
}

impl Wire {
    pub(super) fn new(endpoint: &Endpoint, api: Api, key: Option<Key>) -> Result<Self, Failure> {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        // What is meant for this machine goes through nobody's proxy.
        let through = match endpoint.is_loopback() {
            true => None,
            false => proxy::to(endpoint.url())?,
        };
        let (proxy, through) = match through {
            Some(Through { proxy, variable }) => (Some(proxy), Some(variable)),
            None => (None, None),
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("engineering-codex/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .proxy(proxy);
        let mut headers = Vec::new();
        for (name, value) in api.headers(key.as_ref().map(|key| key.0.as_str())) {
            if let Ok(mut value) = HeaderValue::from_str(&value) {
                value.set_sensitive(true);
                headers.push((name, value));
            }
        }
        Ok(Self {
            agent: config.build().new_agent(),
            url: endpoint.url().to_owned(),
            headers,
            key,
            through,
        })
    }

    /// Sends a document and waits for the whole answer.
    pub(super) fn post(&self, body: &[u8], until: Instant) -> Result<Received, Failed> {
        let begun = Instant::now();
        let time = until.saturating_duration_since(begun);
        let failed = |error: ureq::Error| self.failed(&error, time);
        let mut request = self.agent.post(&self.url).content_type("application/json");
        for (name, value) in &self.headers {
            request = request.header(*name, value.clone());
        }
        let request = request.config().timeout_global(Some(time)).build();
        let mut response = request.send(body).map_err(failed)?;
        let header = response.headers().get("retry-after");
        let retry_after = header.and_then(|value| retry::after(value.to_str().ok()?));
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(ANSWER_LIMIT);
        let bytes = match body.read_to_vec() {
            Ok(bytes) => bytes,
            // The status says what is wrong, whatever becomes of the explanation.
            Err(_) if status >= 300 => Vec::new(),
            Err(error) => return Err(failed(error)),
        };
        let body = String::from_utf8_lossy(&bytes).into_owned();
        let body = match &self.key {
            Some(key) if key.0.len() >= SHORTEST_KEY => body.replace(&key.0, "[key]"),
            _ => body,
        };
        Ok(Received {
            status,
            retry_after,
            body,
        })
    }

    /// What an error of the connection means. Its own text may repeat the address, and is shown only where it cannot.
    fn failed(&self, error: &ureq::Error, time: Duration) -> Failed {
        let limit = ANSWER_LIMIT / (1024 * 1024);
        let is_late = |error: &std::io::Error| {
            matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
                || matches!(
                    error.get_ref().and_then(|inner| inner.downcast_ref()),
                    Some(ureq::Error::Timeout(_))
                )
        };
        let through = match self.through {
            Some(variable) => format!(" through the proxy in {variable}"),
            None => String::new(),
        };
        let not_found = || Failed::unsent(format!("the reviewer's host cannot be found{through}"));
        match error {
            ureq::Error::Timeout(_) => late(time),
            ureq::Error::Io(error) if is_late(error) => late(time),
            ureq::Error::BodyExceedsLimit(_) => {
                Failed::of(format!("the reviewer answered with more than {limit} MiB"))
            }
            ureq::Error::Io(error) => match error.kind() {
                ErrorKind::ConnectionRefused => Failed::unsent(format!(
                    "the reviewer cannot be reached{through}: connection refused"
                )),
                ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                    Failed::of("the reviewer's answer broke off".to_owned())
                }
                ErrorKind::InvalidData => Failed::unsent(unsafe_connection(&error.to_string())),
                _ if error.to_string().contains("failed to lookup") => not_found(),
                _ => Failed::of(format!("the reviewer cannot be reached{through}: {error}")),
            },
            ureq::Error::HostNotFound => not_found(),
            ureq::Error::Protocol(_) | ureq::Error::BodyStalled => {
                Failed::of("the reviewer's answer broke off, or is no HTTP".to_owned())
            }
            ureq::Error::Rustls(error) => Failed::unsent(unsafe_connection(&error.to_string())),
            ureq::Error::ConnectProxyFailed(_) => {
                Failed::unsent(format!("no way leads to the reviewer{through}"))
            }
            _ => Failed::of(format!("the reviewer cannot be reached{through}")),
        }
    }

    /// A text of the server, to be shown.
    pub(super) fn without_key(&self, text: &str) -> String {
        match &self.key {
            Some(key) => text.replace(&key.0, "[key]"),
            None => text.to_owned(),
        }
    }
}

/// What TLS has against a server.
fn unsafe_connection(said: &str) -> String {
    let said = said
        .strip_prefix("invalid peer certificate: ")
        .unwrap_or(said);
    let meaning = if said.contains("UnknownIssuer") {
        "this machine does not know who signed its certificate (SSL_CERT_FILE)"
    } else if said.contains("CaUsedAsEndEntity") {
        "its certificate is one that signs others, or itself"
    } else if said.starts_with("certificate expired") {
        "its certificate has expired"
    } else if said.contains("InvalidContentType") {
        "it speaks no TLS"
    } else {
        said
    };
    format!("no safe connection to the reviewer: {meaning}")
}

fn late(time: Duration) -> Failed {
    let seconds = time.as_secs_f64().round();
    Failed {
        passes: true,
        ..Failed::of(format!("the reviewer did not answer within {seconds} s"))
    }
}
