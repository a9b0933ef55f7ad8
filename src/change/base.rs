//! Which commits a head is compared with, and why those: what the user named, what a platform says, or where the line of
//! work left the default branch.
//!
//! Histories that merged each other crosswise have several merge bases; then a finding must be new against each. The
//! same holds for what is being merged right now, and for what a push brings along from the default branch.
//! Deliberately absent: fetching what is missing; the help of the failure is the command that does it.

use std::collections::BTreeMap;

use super::ci::{Told, ToldBase, is_id};
use super::git::{Repository, shown};
use super::objects::CommitObject;
use super::raw::RawChange;
use super::{EMPTY_TREE, Snapshot};
use crate::problem::Failure;

/// What is checked.
pub(super) struct Head {
    /// As the user would say it.
    pub(super) name: String,
    /// The commit; `None` is the work tree.
    pub(super) revision: Option<String>,
    /// The commits that its history goes on from: none, HEAD, or HEAD and what is being merged into it.
    pub(super) tips: Vec<String>,
}

/// Where the comparison starts, and why there.
pub(super) struct Start {
    /// None is the empty tree; what is new must be new against each.
    pub(super) commits: Vec<String>,
    pub(super) reason: String,
}

impl Start {
    /// What the first commit is called.
    pub(super) fn name(&self) -> String {
        self.commits
            .first()
            .cloned()
            .unwrap_or(EMPTY_TREE.to_owned())
    }

    /// What to compare head with, each.
    pub(super) fn trees<'a>(&'a self, repository: &'a Repository) -> Vec<&'a str> {
        match self.commits.as_slice() {
            [] => vec![repository.empty_tree()],
            commits => commits.iter().map(String::as_str).collect(),
        }
    }

    fn at(commit: String, reason: String) -> Self {
        Self {
            commits: vec![commit],
            reason,
        }
    }

    /// One more.
    pub(super) fn and(mut self, commit: String, why: &str) -> Self {
        if !self.commits.contains(&commit) {
            self.commits.push(commit);
            self.reason = format!("{}, and {why}", self.reason);
        }
        self
    }
}

/// The tree of a base, of which a diff has said something already.
pub(super) fn snapshot(repository: &Repository, tree: &str, changes: &[RawChange]) -> Snapshot {
    let snapshot = if tree == repository.empty_tree() {
        Snapshot::memory(BTreeMap::new())
    } else {
        Snapshot::commit(repository.objects().clone(), tree)
    };
    let texts = changes.iter().filter_map(|change| change.texts()[0]);
    snapshot.knowing(repository.objects(), texts)
}

/// Whose word counts, the first that says something.
pub(super) struct Sources<'a> {
    /// `--base`.
    pub(super) named: Option<&'a str>,
    /// What a platform says.
    pub(super) told: Option<&'a Told>,
    /// Of `codex.toml`.
    pub(super) default_branch: Option<&'a str>,
}

/// Chooses base.
pub(super) fn choose(
    repository: &Repository,
    sources: &Sources<'_>,
    head: &Head,
    checked_out: Option<&CommitObject>,
) -> Result<Start, Failure> {
    let mut start = match (sources.named, sources.told) {
        (Some(revision), _) => with_revision(repository, revision, head)?,
        (None, _) if head.tips.is_empty() => Start {
            commits: Vec::new(),
            reason: "there are no commits yet".to_owned(),
        },
        (None, Some(told)) => {
            let start = told_base(repository, told, sources.default_branch, head, checked_out);
            start.map_err(|failure| with_setting(failure, repository, told))?
        }
        (None, None) => with_default(repository, sources.default_branch, head)?,
    };
    for merged in head.tips.iter().skip(1) {
        start = start.and(merged.clone(), "what is being merged");
    }
    Ok(start)
}

fn with_revision(repository: &Repository, revision: &str, head: &Head) -> Result<Start, Failure> {
    let commit = repository.commit(revision)?;
    let commit = commit.ok_or_else(|| missing(repository, revision))?;
    with_commit(repository, revision, &commit.id, head)
}

fn with_commit(
    repository: &Repository,
    name: &str,
    commit: &str,
    head: &Head,
) -> Result<Start, Failure> {
    let (of, with) = (shown(&head.name), shown(name));
    if head.tips.is_empty() {
        let reason = format!("{with} (HEAD has no commits yet)");
        return Ok(Start::at(commit.to_owned(), reason));
    }
    if head.tips == [commit] {
        let reason = format!("{of}, which is where {with} is");
        return Ok(Start::at(commit.to_owned(), reason));
    }
    let commits = repository.merge_bases(commit, &head.tips)?;
    let reason = match commits.len() {
        0 => {
            let message = format!("no common ancestor of {of} and {with}");
            return Err(Failure::new(message).help(if repository.is_shallow() {
                "this clone is shallow; `git fetch --unshallow origin` gets the rest of its history"
            } else {
                "name a base that shares history with it, with `--base`"
            }));
        }
        1 => format!("merge base of {of} and {with}"),
        count => format!("merge base of {of} and {with}, one of {count}"),
    };
    Ok(Start { commits, reason })
}

fn told_base(
    repository: &Repository,
    told: &Told,
    default_branch: Option<&str>,
    head: &Head,
    checked_out: Option<&CommitObject>,
) -> Result<Start, Failure> {
    let start = match &told.base {
        ToldBase::Unsaid => return Err(unsaid()),
        ToldBase::Target(revision) => with_revision(repository, revision, head)?,
        ToldBase::FirstParent { of, otherwise } => {
            let made = |tip: &&CommitObject| {
                of.as_ref().is_none_or(|id| *id == tip.id) && tip.parents.len() > 1
            };
            let is_head = |tip: &&CommitObject| head.revision.as_ref() == Some(&tip.id);
            match checked_out.filter(made).filter(is_head) {
                Some(merge) => return first_parent(repository, merge),
                None => with_revision(repository, otherwise, head)?,
            }
        }
        ToldBase::Not { tip, target } => {
            if head.revision.as_ref() == Some(tip) {
                return Err(Failure::new(
                    "HEAD is the target branch: nothing of the pull request is checked out",
                )
                .help("for `pull_request_target`, give actions/checkout `ref: ${{ github.event.pull_request.head.sha }}`, or use `on: pull_request`"));
            }
            with_revision(repository, target, head)?
        }
        ToldBase::Before {
            commit,
            default_branch: told_branch,
        } => {
            let branch = told_branch.as_deref().or(default_branch);
            match before(repository, commit.as_deref())? {
                Some(before) => {
                    let start = with_commit(repository, &before, &before, head)?;
                    and_what_came_from_default(repository, start, branch, head)?
                }
                None => with_default(repository, branch, head)?,
            }
        }
    };
    Ok(Start {
        reason: format!("{} ({})", start.reason, told.source),
        ..start
    })
}

fn unsaid() -> Failure {
    Failure::new("where the push began is in the file of GITHUB_EVENT_PATH, which cannot be read")
        .help("hand the file on to where codex runs, or name a base with `--base`")
}

/// Where a push began. `None`: nowhere, or at a commit that a forced push took away.
fn before(repository: &Repository, revision: Option<&str>) -> Result<Option<String>, Failure> {
    let Some(revision) = revision else {
        return Ok(None);
    };
    match repository.commit(revision)? {
        Some(commit) => Ok(Some(commit.id)),
        None if is_id(revision) && !repository.is_shallow() => Ok(None),
        None => Err(missing(repository, revision)),
    }
}

/// What a push merged from the default branch is news to its own branch only.
fn and_what_came_from_default(
    repository: &Repository,
    start: Start,
    branch: Option<&str>,
    head: &Head,
) -> Result<Start, Failure> {
    let Some(tip) = &head.revision else {
        return Ok(start);
    };
    if !repository.has_merges(&start.name(), tip)? {
        return Ok(start);
    }
    let Some((name, default)) = default_commit(repository, branch)? else {
        return Ok(start);
    };
    let mut all = start;
    for commit in repository.merge_bases(&default, &head.tips)? {
        // On the default branch itself that is all there is.
        if commit != *tip {
            all = all.and(commit, &format!("what came from {}", shown(&name)));
        }
    }
    Ok(all)
}

fn first_parent(repository: &Repository, merge: &CommitObject) -> Result<Start, Failure> {
    let parent = merge.parents.first().map_or("", String::as_str);
    if repository.commit(parent)?.is_none() {
        let message = format!("{parent}, the base of this pull request, is not in this clone");
        return Err(Failure::new(message).help(format!(
            "`git fetch --depth=2 origin {}` gets it; `fetch-depth: 2` of actions/checkout does so for good",
            merge.id
        )));
    }
    let reason = "first parent of the merge commit that GitHub made of the pull request";
    Ok(Start::at(parent.to_owned(), reason.to_owned()))
}

/// Full names of references, so that no tag or file can take their place.
const DEFAULT_BRANCHES: [(&str, &str); 5] = [
    ("origin/HEAD", "refs/remotes/origin/HEAD"),
    ("origin/main", "refs/remotes/origin/main"),
    ("origin/master", "refs/remotes/origin/master"),
    ("main", "refs/heads/main"),
    ("master", "refs/heads/master"),
];

fn with_default(
    repository: &Repository,
    branch: Option<&str>,
    head: &Head,
) -> Result<Start, Failure> {
    if let Some((name, commit)) = default_commit(repository, branch)? {
        return with_commit(repository, &name, &commit, head);
    }
    if let Some(branch) = branch {
        return Err(missing(repository, branch));
    }
    let known = DEFAULT_BRANCHES.map(|(name, _)| name).join(", ");
    let failure = Failure::new(format!("no base to compare with: there is none of {known}"));
    Err(if repository.is_shallow() {
        failure.help("name one with `--base`; this clone is shallow, and `git fetch --unshallow origin` gets the rest")
    } else {
        failure.help("name one with `--base`")
    })
}

/// The default branch and its tip. Clones made for CI often know a branch only as that of `origin`.
fn default_commit(
    repository: &Repository,
    branch: Option<&str>,
) -> Result<Option<(String, String)>, Failure> {
    let candidates: Vec<(String, String)> = match branch {
        Some(branch) => [format!("origin/{branch}"), branch.to_owned()]
            .map(|name| (name.clone(), name))
            .into(),
        None => DEFAULT_BRANCHES
            .map(|(name, reference)| (name.to_owned(), reference.to_owned()))
            .into(),
    };
    for (name, reference) in candidates {
        if let Some(commit) = repository.commit(&reference)? {
            return Ok(Some((name, commit.id)));
        }
    }
    Ok(None)
}

/// A revision that is not here, with the command that brings it.
pub(super) fn missing(repository: &Repository, revision: &str) -> Failure {
    let depth = if repository.is_shallow() {
        "--unshallow "
    } else {
        ""
    };
    let failure = Failure::new(format!("no commit `{}` in this clone", shown(revision)));
    match revision.strip_prefix("origin/") {
        Some(branch) if is_plain(branch) => {
            let refspec = format!("+refs/heads/{branch}:refs/remotes/origin/{branch}");
            failure.help(format!("`git fetch {depth}origin {refspec}` gets it"))
        }
        _ if is_id(revision) => {
            failure.help(format!("`git fetch {depth}origin {revision}` gets it"))
        }
        _ if repository.is_shallow() => failure.help(
            "this clone is shallow; `git fetch --unshallow origin` gets the rest of its history",
        ),
        _ => failure.help("name a commit, a branch or a tag with `--base`"),
    }
}

/// Adds what to set on the platform, when a shallow clone is to blame.
fn with_setting(failure: Failure, repository: &Repository, told: &Told) -> Failure {
    match (told.depth_setting, &failure.help) {
        _ if told.base == ToldBase::Unsaid => failure,
        (Some(setting), Some(help)) if repository.is_shallow() && !help.contains("fetch-depth") => {
            let help = format!("{help}; {setting} does so for good");
            failure.help(help)
        }
        _ => failure,
    }
}

/// Whether a name can be pasted into a shell.
fn is_plain(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
}
