//! The proxy that the environment names, or a refusal: code that should go through one never goes past it.
//!
//! Deliberately absent: showing its address, which may hold a password.

use ureq::http::Uri;
use ureq::{Proxy, ProxyProtocol};

use crate::problem::Failure;

/// In this order.
const VARIABLES: [&str; 6] = [
    "ALL_PROXY",
    "all_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
];

/// What a request goes through.
#[derive(Debug)]
pub(super) struct Through {
    pub(super) proxy: Proxy,
    /// Who names it.
    pub(super) variable: &'static str,
}

/// What stands between this machine and an address; `NO_PROXY` counts.
pub(super) fn to(url: &str) -> Result<Option<Through>, Failure> {
    let value = |variable: &&'static str| {
        let value = std::env::var_os(variable)?;
        (!value.is_empty()).then_some((*variable, value))
    };
    let Some((variable, value)) = VARIABLES.iter().find_map(value) else {
        return Ok(None);
    };
    let unusable = || {
        Failure::new(format!("the proxy in {variable} cannot be used")).help(
            "codex speaks to http:// and https:// proxies; NO_PROXY names the hosts that need none",
        )
    };
    // The variable found is the one that is looked at there, too, unless it names no proxy at all.
    value
        .to_str()
        .and_then(|value| Proxy::new(value).ok())
        .ok_or_else(unusable)?;
    let proxy = Proxy::try_from_env().ok_or_else(unusable)?;
    let is_needed = url
        .parse::<Uri>()
        .map_or(true, |url| !proxy.is_no_proxy(&url));
    match (is_needed, proxy.protocol()) {
        (false, _) => Ok(None),
        (true, ProxyProtocol::Http | ProxyProtocol::Https) => Ok(Some(Through { proxy, variable })),
        // Without this it would be left out.
        (true, _) => Err(unusable()),
    }
}
