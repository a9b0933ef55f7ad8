//! What rejects a change, and `--break-glass`, which lets it through all the same.
//!
//! Findings of rules that take no exception are not let through. Deliberately absent: which labels and trailers of a
//! request can be believed ([`crate::change::request`]).

use crate::change::{Repository, request};
use crate::cli::Context;
use crate::finding::{BreakGlass, Disposition, Report};
use crate::problem::Failure;
use crate::rule::Rule;
use crate::suppress::policy::Suppressible;

/// How many findings reject a change.
pub(super) struct Rejecting {
    /// Those that somebody may let through.
    let_through: usize,
    /// Those that nobody may.
    stay: usize,
}

impl Rejecting {
    /// Counts what is at or above the threshold of its file.
    pub(super) fn of(
        report: &Report,
        is_change: bool,
        rules: &[Rule],
        threshold: impl Fn(&str) -> Disposition,
    ) -> Self {
        let is_never = |id: &str| {
            let mut of_id = rules.iter().filter(|rule| rule.id == id);
            of_id.any(|rule| rule.policy.suppressible == Suppressible::Never)
        };
        let mut counts = Self {
            let_through: 0,
            stay: 0,
        };
        for finding in &report.findings {
            if finding.disposition > threshold(&finding.path) {
                continue;
            }
            match is_never(&finding.rule) {
                true => counts.stay += 1,
                false => counts.let_through += 1,
            }
        }
        // What could not be looked at counts as `review` in a change.
        if is_change {
            let unchecked = report.unchecked.iter();
            counts.let_through += unchecked
                .filter(|unchecked| Disposition::Review <= threshold(&unchecked.path))
                .count();
        }
        counts
    }

    pub(super) fn all(&self) -> usize {
        self.let_through + self.stay
    }

    /// Those that reject though somebody broke the glass.
    pub(super) fn staying(&self) -> usize {
        self.stay
    }
}

/// Where platforms say who is at work.
const WHO: [&str; 4] = [
    "GITHUB_TRIGGERING_ACTOR",
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILDKITE_BUILD_CREATOR",
];

/// What the request itself says, in CI; what a developer's shell happens to say is no request.
pub(super) fn reason_of_request(context: &Context) -> Result<Option<String>, Failure> {
    if !super::in_ci() {
        return Ok(None);
    }
    let repository = Repository::discover(&context.folder)?;
    let environment = |name: &str| std::env::var(name).ok();
    Ok(request::break_glass(&environment, repository.as_ref()))
}

/// The entry of the report. A reason is not optional.
pub(super) fn break_glass(reason: &str, rejecting: &Rejecting) -> Result<BreakGlass, Failure> {
    if !reason.chars().any(char::is_alphanumeric) {
        return Err(Failure::new("--break-glass needs a reason")
            .help("say what cannot wait: every report will tell it"));
    }
    let said = |name: &&str| std::env::var(name).ok().filter(|who| !who.is_empty());
    Ok(BreakGlass {
        reason: reason.trim().to_owned(),
        who: WHO.iter().find_map(said),
        let_through: rejecting.let_through,
    })
}
