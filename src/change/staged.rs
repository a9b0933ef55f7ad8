//! `codex check --staged`: what would be committed now, against what it would be committed onto.
//!
//! During a merge that is HEAD and every commit merged into it. A path in conflict is looked at and cannot be read,
//! since nobody knows yet what will be committed; git refuses that commit anyway. Deliberately absent: the work tree.

use super::base::{self, Start};
use super::git::Repository;
use super::raw::RawChange;
use super::{Base, Change, Snapshot, head_files};
use crate::problem::Failure;

/// Compares the index with HEAD.
pub fn staged(repository: &Repository) -> Result<Change, Failure> {
    let start = match repository.commit("HEAD")? {
        None => Start {
            commits: Vec::new(),
            reason: "there are no commits yet".to_owned(),
        },
        Some(head) => repository.merge_heads()?.into_iter().fold(
            Start {
                commits: vec![head.id],
                reason: "HEAD".to_owned(),
            },
            |start, merged| start.and(merged, "what is being merged"),
        ),
    };
    let mut head = Snapshot::index(repository);
    let mut bases = Vec::new();
    for tree in start.trees(repository) {
        let changes = repository.diff_index(tree)?;
        let new_texts = changes.iter().filter_map(|change| change.texts()[1]);
        head = head.knowing(repository.objects(), new_texts);
        bases.push(Base::new(
            base::snapshot(repository, tree, &changes),
            files(&changes),
        ));
    }
    Ok(Change {
        head,
        head_name: "index".to_owned(),
        head_files: head_files(&bases),
        bases,
        base_name: Some(start.name()),
        base_reason: Some(start.reason),
    })
}

fn files(changes: &[RawChange]) -> Vec<super::FileChange> {
    let differing = changes.iter().filter(|change| {
        change.status == b'U'
            || change.old_id != change.new_id
            || change.old_path != change.new_path
    });
    differing.map(RawChange::file_change).collect()
}
