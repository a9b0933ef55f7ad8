//! What a platform says about the change it runs codex for, from its environment variables and GitHub's event file.
//!
//! A new platform is one function and one line in [`told`]. Deliberately absent: any question to git or to the network.

use std::path::Path;

use serde_json::Value;

/// What is compared with what, as far as the platform knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) base: ToldBase,
    /// The revision to check, when it is not HEAD.
    pub(super) head: Option<String>,
    /// Who said it, for people.
    pub(super) source: String,
    /// What to set on this platform so that a clone holds all that is needed.
    pub(super) depth_setting: Option<&'static str>,
}

/// Where base is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ToldBase {
    /// The merge base with this revision.
    Target(String),
    /// The first parent of HEAD when that is the commit with this id (any, if none is given) and a merge; else the
    /// merge base with the revision.
    FirstParent {
        of: Option<String>,
        otherwise: String,
    },
    /// HEAD must not be this commit, the tip of the target branch: then nothing of the request is checked out.
    Not { tip: String, target: String },
    /// What the same branch was before a push. `None`, or a commit that a forced push took away: the merge base with
    /// the default branch, which the platform may name.
    Before {
        commit: Option<String>,
        default_branch: Option<String>,
    },
    /// It is a push, and nobody can say where it began. On the default branch the merge base with that would be HEAD,
    /// and nothing new.
    Unsaid,
}

/// The value of a variable that is set and not empty.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

const GITHUB_DEPTH: &str = "`fetch-depth: 0` of actions/checkout";
const GITLAB_DEPTH: &str = "`GIT_DEPTH: 0` in `variables:`";

/// What the environment says; the variables of CI platforms count only in CI.
pub(super) fn told(environment: Environment<'_>, ci: bool) -> Option<Told> {
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    pre_commit(&variable).or_else(|| {
        [github, gitlab, buildkite]
            .into_iter()
            .filter(|_| ci)
            .find_map(|platform| platform(&variable))
    })
}

/// `pre-commit` at stage pre-push, and with `--from-ref` and `--to-ref`.
fn pre_commit(variable: Environment<'_>) -> Option<Told> {
    Some(Told {
        base: ToldBase::Before {
            commit: commit(variable("PRE_COMMIT_FROM_REF")?),
            default_branch: None,
        },
        head: Some(variable("PRE_COMMIT_TO_REF")?),
        source: "PRE_COMMIT_FROM_REF".to_owned(),
        depth_setting: None,
    })
}

/// GitHub checks out a merge of a pull request into its base, unless the workflow names another commit; a branch whose
/// last commit happens to be a merge must not be taken for that. A merge group and a push name their base in the event.
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>,
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads>
fn github(variable: Environment<'_>) -> Option<Told> {
    let target = variable("GITHUB_BASE_REF").map(|branch| format!("origin/{branch}"));
    let sha = variable("GITHUB_SHA");
    let event_name = variable("GITHUB_EVENT_NAME").unwrap_or_default();
    let (base, source) = match (event_name.as_str(), target, sha) {
        ("pull_request", Some(otherwise), of) => (
            ToldBase::FirstParent { of, otherwise },
            "GITHUB_BASE_REF".to_owned(),
        ),
        ("pull_request_target", Some(target), Some(tip)) => {
            let base = ToldBase::Not { tip, target };
            (base, "GITHUB_BASE_REF".to_owned())
        }
        (_, Some(target), _) => (ToldBase::Target(target), "GITHUB_BASE_REF".to_owned()),
        ("merge_group", None, _) => {
            let base =
                event(variable, "/merge_group/base_sha").or_else(|| queued_onto(variable))?;
            (ToldBase::Target(base), "the merge group".to_owned())
        }
        ("push", None, _) => {
            let base = event(variable, "/before").map_or(ToldBase::Unsaid, |before| {
                let default_branch = event(variable, "/repository/default_branch");
                ToldBase::Before {
                    commit: commit(before),
                    default_branch,
                }
            });
            (base, "the push".to_owned())
        }
        _ => return None,
    };
    Some(Told {
        base,
        head: None,
        source,
        depth_setting: Some(GITHUB_DEPTH),
    })
}

/// A text in the file that describes GitHub's event.
fn event(variable: Environment<'_>, pointer: &str) -> Option<String> {
    let path = variable("GITHUB_EVENT_PATH")?;
    let bytes = crate::config::read_file(Path::new(&path)).ok()?;
    let event: Value = serde_json::from_slice(&bytes).ok()?;
    let text = event.pointer(pointer)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// The branch of a merge group is `gh-readonly-queue/BRANCH/pr-NUMBER-COMMIT`, the commit that it was queued onto.
fn queued_onto(variable: Environment<'_>) -> Option<String> {
    let reference = variable("GITHUB_REF")?;
    let (_, id) = reference.rsplit_once('-')?;
    is_id(id).then(|| id.to_owned())
}

/// Pipelines of merge requests (those for merged results run on a merge with the target branch, as it was then), and
/// of branches.
/// <https://docs.gitlab.com/ci/variables/predefined_variables/>
fn gitlab(variable: Environment<'_>) -> Option<Told> {
    let (source, base) = if let Some(commit) = variable("CI_MERGE_REQUEST_TARGET_BRANCH_SHA") {
        let base = ToldBase::Target(commit);
        ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", base)
    } else if let Some(commit) = variable("CI_MERGE_REQUEST_DIFF_BASE_SHA") {
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", ToldBase::Target(commit))
    } else if let Some(branch) = variable("CI_MERGE_REQUEST_TARGET_BRANCH_NAME") {
        let base = ToldBase::Target(format!("origin/{branch}"));
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", base)
    } else {
        variable("GITLAB_CI")?;
        let base = ToldBase::Before {
            commit: variable("CI_COMMIT_BEFORE_SHA").and_then(commit),
            default_branch: variable("CI_DEFAULT_BRANCH"),
        };
        ("the push", base)
    };
    Some(Told {
        base,
        head: None,
        source: source.to_owned(),
        depth_setting: Some(GITLAB_DEPTH),
    })
}

/// A pull request, or a branch.
/// <https://buildkite.com/docs/pipelines/configure/environment-variables>
fn buildkite(variable: Environment<'_>) -> Option<Told> {
    variable("BUILDKITE")?;
    let is_request = variable("BUILDKITE_PULL_REQUEST").is_some_and(|number| number != "false");
    let names = [
        "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
        "BUILDKITE_PIPELINE_DEFAULT_BRANCH",
    ];
    let (name, branch) = names
        .into_iter()
        .skip(usize::from(!is_request))
        .find_map(|name| Some((name, variable(name)?)))?;
    Some(Told {
        base: ToldBase::Target(format!("origin/{branch}")),
        head: None,
        source: name.to_owned(),
        depth_setting: None,
    })
}

/// An id of zeros stands for no commit.
fn commit(id: String) -> Option<String> {
    (!id.bytes().all(|byte| byte == b'0')).then_some(id)
}

/// Whether this is the whole id of a commit.
pub(super) fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
