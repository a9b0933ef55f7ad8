//! Where a model is: an address that a user has named, checked before anything is sent there.
//!
//! Deliberately absent: accounts and passwords in addresses, and showing what stands behind a `?`.

use std::fmt;
use std::net::IpAddr;

use ureq::http::Uri;

use super::api::Api;
use crate::problem::Failure;

/// An address that requests may be sent to.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The whole of it, for the wire alone.
    url: String,
    /// The part of it that may be shown.
    shown: String,
    is_loopback: bool,
}

impl Endpoint {
    /// Reads an address; `None` stands for the provider's own. Without TLS only this machine is asked, unless the user
    /// allows more.
    pub fn new(url: Option<&str>, api: Api, allow_http: bool) -> Result<Self, Failure> {
        let given = url.unwrap_or(api.own_address()).trim();
        // The text may hold what nobody should see: it is never repeated.
        let wrong = |why: &str| {
            Failure::new(format!("the reviewer's address cannot be used: {why}")).help(format!(
                "write for example --review-url {}",
                api.own_address()
            ))
        };
        let uri: Uri = given.parse().map_err(|_| wrong("it is no URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong("it is no URL"));
        };
        if authority.as_str().contains('@') {
            return Err(wrong(
                "it holds a user name or a password; keys come from the environment (--review-key-env)",
            ));
        }
        let is_loopback = is_loopback(authority.host());
        match scheme {
            "https" => {}
            "http" if is_loopback || allow_http => {}
            "http" => {
                return Err(wrong(
                    "code and key would cross the network in the clear; --review-allow-http allows it",
                ));
            }
            _ => return Err(wrong("it begins with neither https:// nor http://")),
        }
        let place = format!("{scheme}://{authority}{}", path(uri.path(), api));
        let query = uri.query().map(|query| format!("?{query}"));
        Ok(Self {
            url: place.clone() + &query.unwrap_or_default(),
            shown: place,
            is_loopback,
        })
    }

    /// For the wire.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Whether it is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

/// The path of the interface, where only its beginning is named.
fn path(given: &str, api: Api) -> String {
    let given = given.trim_end_matches('/');
    let (base, call) = api.path();
    if given.ends_with(call) {
        given.to_owned()
    } else if given.ends_with(base) {
        format!("{given}{call}")
    } else if given.is_empty() {
        format!("{base}{call}")
    } else {
        format!(
            "{given}{}{call}",
            if api == Api::OpenAi { "" } else { base }
        )
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
