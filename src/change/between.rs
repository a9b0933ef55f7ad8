//! `codex check`: from the point where a line of work began, to the work tree or a commit.
//!
//! During a merge the commit to come is what counts: base is the merge base with the (imagined) merge, which is what
//! the same call will find once the merge is committed. Deliberately absent: fetching what is missing; the help of
//! the failure is the command that does it.

use std::collections::BTreeMap;

use super::ci::{self, Told, ToldBase};
use super::git::{Repository, shown};
use super::objects::CommitObject;
use super::raw::RawChange;
use super::snapshot::Content;
use super::{Base, Change, EMPTY_TREE, FileChange, Snapshot, head_files};
use crate::problem::Failure;
use crate::source::RepoPath;

/// Compares a base with a head.
///
/// `base` and `head` are what the user named; `default_branch` is that of `codex.toml`; `ci` says whether the variables
/// of CI platforms count, and makes HEAD the default of head in place of the work tree.
pub fn between(
    repository: &Repository,
    base: Option<&str>,
    head: Option<&str>,
    default_branch: Option<&str>,
    ci: bool,
) -> Result<Change, Failure> {
    let environment = |name: &str| std::env::var(name).ok();
    between_with(repository, base, head, default_branch, ci, &environment)
}

/// [`between`], with the environment variables as a function.
pub fn between_with(
    repository: &Repository,
    base: Option<&str>,
    head: Option<&str>,
    default_branch: Option<&str>,
    ci: bool,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Change, Failure> {
    let told = match base {
        Some(_) => None,
        None => ci::told(environment, ci).filter(|told| head.is_none() || told.head.is_none()),
    };
    let told_head = told.as_ref().and_then(|told| told.head.as_deref());
    let tip = repository.commit("HEAD")?;
    let head = match (head.or(told_head), &tip) {
        (Some(revision), _) => Head::named(repository, revision)?,
        (None, Some(tip)) if ci => Head::commit("HEAD", tip.clone()),
        (None, tip) => Head::work_tree(repository, tip.as_ref())?,
    };
    let start = match (base, &told) {
        (Some(revision), _) => merge_base(repository, revision, &head)?,
        (None, _) if head.tips.is_empty() => Start::nothing(),
        (None, Some(told)) => told_base(repository, told, &head, tip.as_ref())?,
        (None, None) => default_base(repository, default_branch, &head)?,
    };
    match &head.revision {
        Some(commit) => from_trees(repository, start, commit),
        None => from_work_tree(repository, start),
    }
}

/// What is checked.
struct Head {
    /// As the user would say it.
    name: String,
    /// The commit; `None` is the work tree.
    revision: Option<String>,
    /// The commits that its history goes on from: none, HEAD, or HEAD and what is being merged into it.
    tips: Vec<String>,
}

impl Head {
    fn named(repository: &Repository, revision: &str) -> Result<Self, Failure> {
        match repository.commit(revision)? {
            Some(commit) => Ok(Self::commit(revision, commit)),
            None => Err(missing(repository, revision)),
        }
    }

    fn commit(name: &str, commit: CommitObject) -> Self {
        Self {
            name: name.to_owned(),
            revision: Some(commit.id.clone()),
            tips: vec![commit.id],
        }
    }

    fn work_tree(repository: &Repository, tip: Option<&CommitObject>) -> Result<Self, Failure> {
        let mut tips: Vec<String> = tip.map(|tip| tip.id.clone()).into_iter().collect();
        if tip.is_some() {
            tips.extend(repository.merge_heads()?);
        }
        let name = if tips.len() > 1 {
            "the merge in progress"
        } else {
            "HEAD"
        };
        Ok(Self {
            name: name.to_owned(),
            revision: None,
            tips,
        })
    }
}

/// Where the comparison starts, and why there.
struct Start {
    /// `None` is the empty tree.
    commit: Option<String>,
    reason: String,
}

impl Start {
    fn nothing() -> Self {
        Self {
            commit: None,
            reason: "there are no commits yet".to_owned(),
        }
    }

    fn snapshot(&self, repository: &Repository) -> Snapshot {
        match &self.commit {
            Some(commit) => Snapshot::commit(repository.objects().clone(), commit),
            None => Snapshot::memory(BTreeMap::new()),
        }
    }

    fn tree<'a>(&'a self, repository: &'a Repository) -> &'a str {
        self.commit.as_deref().unwrap_or(repository.empty_tree())
    }

    fn name(&self) -> String {
        self.commit.clone().unwrap_or(EMPTY_TREE.to_owned())
    }
}

fn merge_base(repository: &Repository, revision: &str, head: &Head) -> Result<Start, Failure> {
    let Some(commit) = repository.commit(revision)? else {
        return Err(missing(repository, revision));
    };
    merge_base_with(repository, revision, &commit.id, head)
}

fn merge_base_with(
    repository: &Repository,
    name: &str,
    commit: &str,
    head: &Head,
) -> Result<Start, Failure> {
    if head.tips.is_empty() {
        return Ok(Start {
            commit: Some(commit.to_owned()),
            reason: format!("{} (HEAD has no commits yet)", shown(name)),
        });
    }
    if head.tips == [commit] {
        return Ok(Start {
            commit: Some(commit.to_owned()),
            reason: format!("{}, which is where {} is", head.name, shown(name)),
        });
    }
    if let Some(base) = repository.merge_base(commit, &head.tips)? {
        return Ok(Start {
            commit: Some(base),
            reason: format!("merge base of {} and {}", shown(&head.name), shown(name)),
        });
    }
    let message = format!(
        "no common ancestor of {} and {}",
        shown(&head.name),
        shown(name)
    );
    Err(Failure::new(message).help(if repository.is_shallow() {
        "this clone is shallow; `git fetch --unshallow origin` gets the rest of its history"
    } else {
        "name a base that shares history with it, with `--base`"
    }))
}

fn told_base(
    repository: &Repository,
    told: &Told,
    head: &Head,
    tip: Option<&CommitObject>,
) -> Result<Start, Failure> {
    let revision = match &told.base {
        ToldBase::Revision(revision) => revision,
        ToldBase::FirstParent { of, otherwise } => {
            let made = |tip: &&CommitObject| {
                of.as_ref().is_none_or(|id| *id == tip.id) && tip.parents.len() > 1
            };
            let checked = |tip: &&CommitObject| head.revision.as_ref() == Some(&tip.id);
            match tip.filter(made).filter(checked) {
                Some(merge) => return first_parent(repository, merge),
                None => otherwise,
            }
        }
    };
    let start = merge_base(repository, revision, head)?;
    Ok(Start {
        reason: format!("{} ({})", start.reason, told.source),
        ..start
    })
}

fn first_parent(repository: &Repository, merge: &CommitObject) -> Result<Start, Failure> {
    let parent = merge.parents.first().map_or("", String::as_str);
    if repository.commit(parent)?.is_none() {
        return Err(Failure::new(format!(
            "{parent}, the base of this pull request, is not in this clone"
        ))
        .help("set `fetch-depth: 2` for actions/checkout"));
    }
    Ok(Start {
        commit: Some(parent.to_owned()),
        reason: "first parent of the merge commit that GitHub made of the pull request".to_owned(),
    })
}

/// Full names of references, so that no tag or file can take their place.
const DEFAULT_BRANCHES: [(&str, &str); 5] = [
    ("origin/HEAD", "refs/remotes/origin/HEAD"),
    ("origin/main", "refs/remotes/origin/main"),
    ("origin/master", "refs/remotes/origin/master"),
    ("main", "refs/heads/main"),
    ("master", "refs/heads/master"),
];

fn default_base(
    repository: &Repository,
    default_branch: Option<&str>,
    head: &Head,
) -> Result<Start, Failure> {
    if let Some(branch) = default_branch {
        // Clones made for CI often know a branch only as that of `origin`.
        for name in [branch.to_owned(), format!("origin/{branch}")] {
            if let Some(commit) = repository.commit(&name)? {
                return merge_base_with(repository, &name, &commit.id, head);
            }
        }
        return Err(missing(repository, branch));
    }
    for (name, reference) in DEFAULT_BRANCHES {
        if let Some(commit) = repository.commit(reference)? {
            return merge_base_with(repository, name, &commit.id, head);
        }
    }
    let known = DEFAULT_BRANCHES.map(|(name, _)| name).join(", ");
    let failure = Failure::new(format!("no base to compare with: there is none of {known}"));
    Err(if repository.is_shallow() {
        failure.help("name one with `--base`; this clone is shallow, and `git fetch --unshallow origin` gets the rest")
    } else {
        failure.help("name one with `--base`")
    })
}

/// A revision that is not here, with the command that brings it.
fn missing(repository: &Repository, revision: &str) -> Failure {
    let depth = if repository.is_shallow() {
        "--unshallow "
    } else {
        ""
    };
    let is_id = revision.len() >= 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    let failure = Failure::new(format!("no commit `{}` in this clone", shown(revision)));
    match revision.strip_prefix("origin/") {
        Some(branch) if is_plain(branch) => {
            let refspec = format!("+refs/heads/{branch}:refs/remotes/origin/{branch}");
            failure.help(format!("`git fetch {depth}origin {refspec}` gets it"))
        }
        _ if repository.is_shallow() => failure.help(
            "this clone is shallow; `git fetch --unshallow origin` gets the rest of its history",
        ),
        _ if is_id => failure.help(format!("`git fetch origin {revision}` gets it")),
        _ => failure.help("name a commit, a branch or a tag with `--base`"),
    }
}

/// Whether a name can be pasted into a shell.
fn is_plain(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
}

fn from_trees(repository: &Repository, start: Start, head: &str) -> Result<Change, Failure> {
    let changes = match repository.commit(start.tree(repository))? {
        Some(base) if base.id == head => Vec::new(),
        _ => repository.diff_trees(start.tree(repository), head)?,
    };
    let files = changes.iter().filter(|change| !is_mode_only(change));
    let base = Base::new(
        start.snapshot(repository),
        files.map(RawChange::file_change).collect(),
    );
    let snapshot = Snapshot::commit(repository.objects().clone(), head);
    Ok(finish(snapshot, head.to_owned(), base, start))
}

fn from_work_tree(repository: &Repository, start: Start) -> Result<Change, Failure> {
    let changes = repository.diff_work_tree(start.tree(repository))?;
    let head = Snapshot::overlay(
        Snapshot::folder(repository.root().to_path_buf()),
        not_checked_out(repository, &changes),
    );
    let snapshot = start.snapshot(repository);
    let differs =
        |change: &&RawChange| !is_mode_only(change) && !is_touched_only(change, &snapshot, &head);
    let mut files: Vec<FileChange> = changes
        .iter()
        .filter(differs)
        .map(RawChange::file_change)
        .collect();
    add_untracked(repository, &mut files)?;
    let base = Base::new(snapshot, files);
    Ok(finish(head, "work tree".to_owned(), base, start))
}

fn finish(head: Snapshot, head_name: String, base: Base, start: Start) -> Change {
    let bases = vec![base];
    Change {
        head,
        head_name,
        head_files: head_files(&bases),
        bases,
        base_name: Some(start.name()),
        base_reason: Some(start.reason),
    }
}

fn is_mode_only(change: &RawChange) -> bool {
    change.old_id == change.new_id
        && change.old_path == change.new_path
        && change.file_change().old.is_some()
        && change.file_change().new.is_some()
}

/// git says so only because the time of the file differs from what the index remembers.
fn is_touched_only(change: &RawChange, base: &Snapshot, head: &Snapshot) -> bool {
    let (true, b'M') = (change.is_unread(), change.status) else {
        return false;
    };
    matches!(
        (base.read(&change.old_path), head.read(&change.new_path)),
        (Ok(Some(old)), Ok(Some(new))) if old == new
    )
}

/// In a sparse checkout, files that differ from base but are not on disk are read from the index.
fn not_checked_out(repository: &Repository, changes: &[RawChange]) -> BTreeMap<RepoPath, Content> {
    let indexed = changes
        .iter()
        .filter(|change| !change.is_unread() && change.file_change().new.is_some());
    let absent = indexed.filter(|change| {
        let place = repository.root().join(change.new_path.to_path());
        place.symlink_metadata().is_err()
    });
    absent
        .map(|change| {
            let content = Content::Object(repository.objects().clone(), change.new_id.clone());
            (change.new_path.clone(), content)
        })
        .collect()
}

/// Adds files that git does not track; one that it tracked in base is changed, not deleted and added.
fn add_untracked(repository: &Repository, files: &mut Vec<FileChange>) -> Result<(), Failure> {
    let indexed = files
        .iter()
        .enumerate()
        .filter(|(_, file)| file.new.is_none());
    let deleted: BTreeMap<RepoPath, usize> = indexed
        .filter_map(|(index, file)| Some((file.old.clone()?, index)))
        .collect();
    for path in regular_untracked(repository)? {
        match deleted.get(&path) {
            Some(index) => files[*index].new = Some(path),
            None => files.push(FileChange {
                old: None,
                new: Some(path),
            }),
        }
    }
    Ok(())
}

fn regular_untracked(repository: &Repository) -> Result<Vec<RepoPath>, Failure> {
    let mut paths = repository.untracked(&RepoPath::new(b""), false)?;
    paths.retain(|path| {
        let metadata = repository.root().join(path.to_path()).symlink_metadata();
        metadata.is_ok_and(|metadata| metadata.is_file())
    });
    Ok(paths)
}
