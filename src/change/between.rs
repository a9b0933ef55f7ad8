//! `codex check`: from the point where a line of work began, to the work tree or a commit.
//!
//! During a merge the commit to come is what counts: base is the merge base with the (imagined) merge, which is what
//! the same call will find once the merge is committed, and what is being merged. Deliberately absent: which commits
//! base is ([`super::base`]).

use std::collections::BTreeMap;

use super::base::{self, Head, Sources, Start};
use super::ci;
use super::git::Repository;
use super::moved;
use super::objects::CommitObject;
use super::raw::RawChange;
use super::snapshot::Content;
use super::{Base, Change, FileChange, Snapshot, head_files};
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
    let sources = Sources {
        named: base,
        told: told.as_ref(),
        default_branch,
    };
    let start = base::choose(repository, &sources, &head, tip.as_ref())?;
    match &head.revision {
        Some(commit) => from_trees(repository, start, commit),
        None => from_work_tree(repository, start),
    }
}

impl Head {
    fn named(repository: &Repository, revision: &str) -> Result<Self, Failure> {
        match repository.commit(revision)? {
            Some(commit) => Ok(Self::commit(revision, commit)),
            None => Err(base::missing(repository, revision)),
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

fn from_trees(repository: &Repository, start: Start, head: &str) -> Result<Change, Failure> {
    let mut snapshot = Snapshot::commit(repository.objects().clone(), head);
    let mut bases = Vec::new();
    for commit in start.trees(repository) {
        let changes = if commit == head {
            Vec::new()
        } else {
            repository.diff_trees(commit, head)?
        };
        let new_texts = changes.iter().filter_map(|change| change.texts()[1]);
        snapshot = snapshot.knowing(repository.objects(), new_texts);
        let differing = changes.iter().filter(|change| !is_mode_only(change));
        let files = differing.map(RawChange::file_change).collect();
        bases.push(Base::new(
            base::snapshot(repository, commit, &changes),
            files,
        ));
    }
    Ok(finish(snapshot, head.to_owned(), bases, start))
}

fn from_work_tree(repository: &Repository, start: Start) -> Result<Change, Failure> {
    // Both have git look at every file: side by side.
    let (untracked, changes) = std::thread::scope(|scope| {
        let untracked = scope.spawn(|| regular_untracked(repository));
        let commits = start.trees(repository).into_iter();
        let changes: Result<Vec<_>, _> = commits
            .map(|commit| repository.diff_work_tree(commit))
            .collect();
        (untracked.join(), changes)
    });
    let failed = |_| Failure::new("git ls-files: its answer was lost");
    let (untracked, changes) = (untracked.map_err(failed)??, changes?);
    let folder = Snapshot::folder(repository.root().to_path_buf());
    let elsewhere = not_checked_out(repository, changes.iter().flatten())?;
    let head = Snapshot::overlay(folder, elsewhere);
    let mut bases = Vec::new();
    for (commit, changes) in start.trees(repository).into_iter().zip(&changes) {
        let snapshot = base::snapshot(repository, commit, changes);
        let differs = |change: &&RawChange| {
            !is_mode_only(change) && !is_touched_only(change, &snapshot, &head)
        };
        let differing = changes.iter().filter(differs);
        let mut files = differing.map(RawChange::file_change).collect();
        add_untracked(&untracked, &mut files);
        if !untracked.is_empty() {
            moved::pair(&mut files, &snapshot, &head);
        }
        bases.push(Base::new(snapshot, files));
    }
    Ok(finish(head, "work tree".to_owned(), bases, start))
}

fn finish(head: Snapshot, head_name: String, bases: Vec<Base>, start: Start) -> Change {
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

/// Files of a sparse checkout that are not on disk are read from the index: those that differ from base, and those of
/// which the change of others may make something else.
fn not_checked_out<'a>(
    repository: &Repository,
    changes: impl Iterator<Item = &'a RawChange>,
) -> Result<BTreeMap<RepoPath, Content>, Failure> {
    let indexed =
        changes.filter(|change| !change.is_unread() && change.file_change().new.is_some());
    let indexed = indexed.map(|change| (change.new_path.clone(), change.new_id.clone()));
    let left_out = repository.left_out()?.into_iter();
    let left_out = left_out
        .filter(|entry| entry.entry.is_file())
        .map(|entry| (entry.path, entry.entry.id));
    let absent = indexed.chain(left_out).filter(|(path, _)| {
        let place = repository.root().join(path.to_path());
        place.symlink_metadata().is_err()
    });
    Ok(absent
        .map(|(path, id)| (path, Content::Object(repository.objects().clone(), id)))
        .collect())
}

/// Adds files that git does not track; one that it tracked in base is changed, not deleted and added.
fn add_untracked(untracked: &[RepoPath], files: &mut Vec<FileChange>) {
    let indexed = files
        .iter()
        .enumerate()
        .filter(|(_, file)| file.new.is_none());
    let deleted: BTreeMap<RepoPath, usize> = indexed
        .filter_map(|(index, file)| Some((file.old.clone()?, index)))
        .collect();
    for path in untracked {
        match deleted.get(path) {
            Some(index) => files[*index].new = Some(path.clone()),
            None => files.push(FileChange {
                old: None,
                new: Some(path.clone()),
            }),
        }
    }
}

fn regular_untracked(repository: &Repository) -> Result<Vec<RepoPath>, Failure> {
    let mut paths = repository.untracked(&RepoPath::new(b""), false)?;
    paths.retain(|path| {
        let metadata = repository.root().join(path.to_path()).symlink_metadata();
        metadata.is_ok_and(|metadata| metadata.is_file())
    });
    Ok(paths)
}
