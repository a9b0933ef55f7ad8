//! What a platform says about the change it runs codex for, from its environment variables.
//!
//! A new platform is one function and one line in [`told`]. Deliberately absent: any question to git or to the network.

/// Where head came from, as far as the platform knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) base: ToldBase,
    /// The revision to check, when it is not HEAD.
    pub(super) head: Option<String>,
    /// Who said it, for people.
    pub(super) source: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ToldBase {
    /// The merge base with this revision.
    Revision(String),
    /// The first parent of HEAD when that is the commit with this id (any, if none is given) and a merge; else the
    /// merge base with the revision.
    FirstParent {
        of: Option<String>,
        otherwise: String,
    },
}

/// A variable that is set and not empty.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What the environment says; the variables of CI platforms count only in CI.
pub(super) fn told(environment: Environment<'_>, ci: bool) -> Option<Told> {
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    pre_commit(&variable).or_else(|| {
        if ci {
            github(&variable).or_else(|| gitlab(&variable))
        } else {
            None
        }
    })
}

/// `pre-commit` at stage pre-push, and with `--from-ref` and `--to-ref`.
fn pre_commit(variable: Environment<'_>) -> Option<Told> {
    Some(Told {
        base: ToldBase::Revision(variable("PRE_COMMIT_FROM_REF")?),
        head: Some(variable("PRE_COMMIT_TO_REF")?),
        source: "PRE_COMMIT_FROM_REF".to_owned(),
    })
}

/// A pull request. GitHub checks out a merge of it into its base, unless the workflow names another commit; a branch
/// whose last commit happens to be a merge must not be taken for that.
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>
fn github(variable: Environment<'_>) -> Option<Told> {
    let branch = format!("origin/{}", variable("GITHUB_BASE_REF")?);
    let base = match variable("GITHUB_EVENT_NAME").as_deref() {
        Some("pull_request") => ToldBase::FirstParent {
            of: variable("GITHUB_SHA"),
            otherwise: branch,
        },
        _ => ToldBase::Revision(branch),
    };
    Some(Told {
        base,
        head: None,
        source: "GITHUB_BASE_REF".to_owned(),
    })
}

/// A merge request; pipelines for merged results run on a merge with the target branch, as it was then.
/// <https://docs.gitlab.com/ci/variables/predefined_variables/>
fn gitlab(variable: Environment<'_>) -> Option<Told> {
    let names = [
        "CI_MERGE_REQUEST_TARGET_BRANCH_SHA",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA",
    ];
    let (name, commit) = names
        .into_iter()
        .find_map(|name| Some((name, variable(name)?)))?;
    Some(Told {
        base: ToldBase::Revision(commit),
        head: None,
        source: name.to_owned(),
    })
}
