//! Whether a request asks to be let through: by a label, or by a trailer of its last commit.
//!
//! Labels are set by people who may write to the repository, on GitHub and on GitLab; titles, descriptions and branch names
//! by anybody, and are never asked. The commits of a fork are anybody's, too: only those of the repository itself count,
//! and what does not say where it comes from counts for nothing. Deliberately absent: pushes, because a merge may have put
//! anybody's text into the commit, and what is let through.

use std::path::Path;

use serde_json::Value;

use super::Repository;
use super::ci::{Environment, is_id};

/// The label.
pub const LABEL: &str = "codex-break-glass";
/// The trailer.
const TRAILER: &str = "codex-break-glass";

/// The reason that a request gives, if it gives one and may.
pub fn break_glass(
    environment: &dyn Fn(&str) -> Option<String>,
    repository: Option<&Repository>,
) -> Option<String> {
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    let request = github(&variable).or_else(|| gitlab(&variable))?;
    let own = request.own_commit.filter(|commit| is_id(commit));
    let message = own.and_then(|commit| repository?.message(&commit));
    let trailer = message.as_deref().and_then(trailer);
    // The trailer says why; the label only that somebody wants it.
    trailer.or_else(|| {
        let is_labelled = request.labels.iter().any(|label| label == LABEL);
        is_labelled.then(|| format!("the request is labelled `{LABEL}`"))
    })
}

struct Request {
    labels: Vec<String>,
    /// Its last commit, when that comes from the repository itself.
    own_commit: Option<String>,
}

/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request>
fn github(variable: Environment<'_>) -> Option<Request> {
    let event = variable("GITHUB_EVENT_NAME")?;
    if !matches!(event.as_str(), "pull_request" | "pull_request_target") {
        return None;
    }
    let file = crate::config::read_file(Path::new(&variable("GITHUB_EVENT_PATH")?)).ok()?;
    let payload: Value = serde_json::from_slice(&file).ok()?;
    let request = payload.get("pull_request")?;
    let labels = request["labels"].as_array();
    let names = labels
        .into_iter()
        .flatten()
        .filter_map(|label| label["name"].as_str());
    let (head, base) = (
        &request["head"]["repo"]["id"],
        &request["base"]["repo"]["id"],
    );
    let is_own = head.is_u64() && head == base;
    let commit = request["head"]["sha"].as_str().filter(|_| is_own);
    Some(Request {
        labels: names.map(str::to_owned).collect(),
        own_commit: commit.map(str::to_owned),
    })
}

/// <https://docs.gitlab.com/ci/variables/predefined_variables/#predefined-variables-for-merge-request-pipelines>
fn gitlab(variable: Environment<'_>) -> Option<Request> {
    let target = variable("CI_MERGE_REQUEST_PROJECT_ID")?;
    let is_own = variable("CI_MERGE_REQUEST_SOURCE_PROJECT_ID") == Some(target);
    let labels = variable("CI_MERGE_REQUEST_LABELS").unwrap_or_default();
    // In a pipeline of the merged result the commit is GitLab's own.
    let commit =
        variable("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA").or_else(|| variable("CI_COMMIT_SHA"));
    Some(Request {
        labels: labels
            .split(',')
            .map(|label| label.trim().to_owned())
            .collect(),
        own_commit: commit.filter(|_| is_own),
    })
}

/// The reason in the last paragraph of a message; the first one is its title.
fn trailer(message: &str) -> Option<String> {
    let message = message.trim_end().replace("\r\n", "\n");
    let (_, last) = message.rsplit_once("\n\n")?;
    let mut reasons = last.lines().filter_map(|line| {
        let (key, reason) = line.split_once(':')?;
        (key.eq_ignore_ascii_case(TRAILER)).then(|| reason.trim().to_owned())
    });
    reasons.find(|reason| reason.chars().any(char::is_alphanumeric))
}
