//! A codex in another git repository: where it lies, and exactly which one.
//!
//! A full commit id says what is meant for good; a branch or a tag would let others change the law. Only https and ssh
//! are spoken, and no password stands in an address. Deliberately absent: how it is fetched ([`crate::fetched`]).

use std::fmt;

/// An address and a commit, written `https://git.example/eng/codex@COMMIT`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remote {
    /// The address, `https://..` or `ssh://..`.
    pub url: String,
    /// The full id of the commit.
    pub commit: String,
}

/// What to write, when something else was written.
pub(super) const HELP: &str = "write \"https://git.example/eng/codex@COMMIT\" or \"ssh://git@git.example/eng/codex@COMMIT\", with the full id of a commit";

impl Remote {
    /// Whether somebody meant an address, right or wrong.
    pub(super) fn is_meant(text: &str) -> bool {
        text.contains("://") || text.contains("::") || (text.contains('@') && text.contains(':'))
    }

    /// Whether a password or a token stands in it: then it is not shown to anybody.
    pub(super) fn has_secret(text: &str) -> bool {
        let Some((scheme, rest)) = text.split_once("://") else {
            return false;
        };
        let authority = rest.split('/').next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        // Over ssh a name alone is no secret.
        user.is_some_and(|user| user.contains(':') || (scheme != "ssh" && !user.is_empty()))
    }

    /// Reads one; `Err` says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.contains(|character: char| !character.is_ascii_graphic()) {
            return Err("an address holds no white space and nothing but ASCII".to_owned());
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        if !matches!(scheme, "https" | "ssh") {
            return Err("rules come by https or ssh only".to_owned());
        }
        // The name of a user may stand before an `@`, too: the commit follows the last one of the path.
        let path = rest.find('/').unwrap_or(rest.len());
        let Some((_, commit)) = rest[path..].rsplit_once('@') else {
            return Err("the commit is missing".to_owned());
        };
        let is_id = matches!(commit.len(), 40 | 64)
            && commit
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_id {
            return Err(format!("`{commit}` is no full commit id"));
        }
        let url = &text[..text.len() - commit.len() - 1];
        let authority = &rest[..path];
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        if user.starts_with('-') || host.is_empty() || host.starts_with(['-', ':']) {
            return Err("the address names no host".to_owned());
        }
        if url.contains(['?', '#', '\\']) || rest[path..url.len() - scheme.len() - 3].len() < 2 {
            return Err("the address names no repository".to_owned());
        }
        Ok(Self {
            url: url.to_owned(),
            commit: commit.to_owned(),
        })
    }

    /// What is put before paths of the repository, when its own configuration does not say it.
    pub fn link(&self) -> String {
        let url = self.url.trim_end_matches('/');
        let url = url.strip_suffix(".git").unwrap_or(url);
        format!("{url}/blob/{}/", self.commit)
    }
}

/// Enough of a commit to be told from others.
pub fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

impl fmt::Display for Remote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.url, self.commit)
    }
}
