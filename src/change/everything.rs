//! `codex check --all`: every file of a work tree, or of a folder that git does not know.
//!
//! Deliberately absent: a base. `.ignore` files and a user's global excludes are not looked at outside of git.

use std::path::Path;

use super::git::{Repository, shown};
use super::{Change, Snapshot};
use crate::problem::Failure;
use crate::source::RepoPath;

/// All files of a folder: paths are relative to the repository's root, outside of one to the folder.
///
/// In a repository the list is git's: tracked files, and untracked ones that are not ignored.
pub fn everything(
    repository: Option<&Repository>,
    folder: &Path,
    use_gitignore: bool,
) -> Result<Change, Failure> {
    let (root, mut files) = match repository {
        Some(repository) => (
            repository.root(),
            known_to_git(repository, folder, use_gitignore)?,
        ),
        None => (folder, walked(folder, use_gitignore)?),
    };
    files.sort();
    files.dedup();
    Ok(Change {
        head: Snapshot::folder(root.to_path_buf()),
        head_name: "work tree".to_owned(),
        head_files: files,
        bases: Vec::new(),
        base_name: None,
        base_reason: None,
    })
}

fn known_to_git(
    repository: &Repository,
    folder: &Path,
    use_gitignore: bool,
) -> Result<Vec<RepoPath>, Failure> {
    let real = |path: &Path| {
        path.canonicalize()
            .map_err(|error| cannot_list(path, &error))
    };
    let (root, real_folder) = (real(repository.root())?, real(folder)?);
    let Ok(below) = real_folder.strip_prefix(&root) else {
        return Err(Failure::new(format!(
            "{} lies outside of the repository",
            name(folder)
        )));
    };
    let below = RepoPath::from_path(below);
    let mut files = repository.untracked(&below, !use_gitignore)?;
    files.retain(|path| is_regular(&repository.root().join(path.to_path())));
    let entries = repository.index_entries(&below)?;
    let tracked = entries.into_iter().filter(|entry| entry.entry.is_file());
    files.extend(tracked.map(|entry| entry.path));
    Ok(files)
}

fn walked(folder: &Path, use_gitignore: bool) -> Result<Vec<RepoPath>, Failure> {
    let mut walk = ignore::WalkBuilder::new(folder);
    walk.standard_filters(false)
        .hidden(false)
        .follow_links(false);
    walk.git_ignore(use_gitignore).require_git(false);
    walk.filter_entry(|entry| entry.file_name() != ".git");
    let mut files = Vec::new();
    for entry in walk.build() {
        let entry = entry.map_err(|error| {
            Failure::new(format!(
                "cannot list {}: {}",
                name(folder),
                shown(&error.to_string())
            ))
        })?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            let path = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            files.push(RepoPath::from_path(path));
        }
    }
    Ok(files)
}

fn is_regular(path: &Path) -> bool {
    path.symlink_metadata()
        .is_ok_and(|metadata| metadata.is_file())
}

fn cannot_list(path: &Path, error: &std::io::Error) -> Failure {
    Failure::io(format!("cannot list {}", name(path)), error)
}

fn name(path: &Path) -> String {
    shown(&path.to_string_lossy())
}
