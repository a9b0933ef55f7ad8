//! `--break-glass`: lets through what rejects a change, and every report says so.
//!
//! Findings of rules that take no exception are not let through. Deliberately absent: labels and trailers of requests;
//! whoever calls codex decides what counts as a reason.

use crate::finding::{BreakGlass, Report};
use crate::problem::Failure;
use crate::rule::Rule;
use crate::suppress::policy::Suppressible;

/// Where platforms say who is at work.
const WHO: [&str; 4] = [
    "GITHUB_TRIGGERING_ACTOR",
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILDKITE_BUILD_CREATOR",
];

/// Takes the mark from all that may be let through. A reason is not optional.
pub(super) fn break_glass(
    reason: &str,
    report: &mut Report,
    rules: &[Rule],
) -> Result<(), Failure> {
    if !reason.chars().any(char::is_alphanumeric) {
        return Err(Failure::new("--break-glass needs a reason")
            .help("say what cannot wait: every report will tell it"));
    }
    let is_never = |id: &str| {
        let mut of_id = rules.iter().filter(|rule| rule.id == id);
        of_id.any(|rule| rule.policy.suppressible == Suppressible::Never)
    };
    let before = report.marked();
    for finding in &mut report.findings {
        finding.rejects = finding.rejects && is_never(&finding.rule);
    }
    for unchecked in &mut report.unchecked {
        unchecked.rejects = false;
    }
    let staying = report.marked();
    let said = |name: &&str| std::env::var(name).ok().filter(|who| !who.is_empty());
    report.rejecting = Some(staying);
    report.break_glass = Some(BreakGlass {
        reason: reason.trim().to_owned(),
        who: WHO.iter().find_map(said),
        let_through: before - staying,
    });
    Ok(())
}
