//! `codex check --staged`: what would be committed now, against what it would be committed onto.
//!
//! During a merge that is HEAD and every commit merged into it. A path in conflict is looked at and cannot be read,
//! since nobody knows yet what will be committed; git refuses that commit anyway. Deliberately absent: the work tree.

use super::git::Repository;
use super::raw::RawChange;
use super::{Base, Change, EMPTY_TREE, Snapshot, head_files};
use crate::problem::Failure;

/// Compares the index with HEAD.
pub fn staged(repository: &Repository) -> Result<Change, Failure> {
    let head = repository.commit("HEAD")?.map(|commit| commit.id);
    let bases = match &head {
        Some(head) => committed_onto(repository, head)?,
        None => vec![first_commit(repository)?],
    };
    let reason = match (&head, bases.len()) {
        (None, _) => "there are no commits yet",
        (_, 1) => "HEAD",
        _ => "HEAD and what is being merged into it",
    };
    Ok(Change {
        head: Snapshot::index(repository),
        head_name: "index".to_owned(),
        head_files: head_files(&bases),
        bases,
        base_name: Some(head.unwrap_or(EMPTY_TREE.to_owned())),
        base_reason: Some(reason.to_owned()),
    })
}

fn committed_onto(repository: &Repository, head: &str) -> Result<Vec<Base>, Failure> {
    let mut commits = vec![head.to_owned()];
    commits.extend(repository.merge_heads()?);
    let compare = |commit: &String| {
        let snapshot = Snapshot::commit(repository.objects().clone(), commit);
        Ok(Base::new(snapshot, files(&repository.diff_index(commit)?)))
    };
    commits.iter().map(compare).collect()
}

fn first_commit(repository: &Repository) -> Result<Base, Failure> {
    let changes = repository.diff_index(repository.empty_tree())?;
    let added: Vec<_> = files(&changes)
        .into_iter()
        .filter_map(|file| file.new)
        .collect();
    Ok(Base::empty(&added))
}

fn files(changes: &[RawChange]) -> Vec<super::FileChange> {
    let differing = changes.iter().filter(|change| {
        change.status == b'U'
            || change.old_id != change.new_id
            || change.old_path != change.new_path
    });
    differing.map(RawChange::file_change).collect()
}
