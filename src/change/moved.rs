//! Finds out which new file is a moved one where git does not say: it does not track the file yet, or a patch is silent.
//!
//! Two files are one that moved when at least half of their lines are the same, as with git's `-M`. Only sources of one
//! language are compared: nothing else is looked at anyway. Deliberately absent: copies.

use std::collections::HashMap;

use super::{FileChange, Snapshot};
use crate::language::Language;
use crate::source::RepoPath;

/// The most pairs of a deleted and an untracked file that are compared; with more, moved files count as new.
const PAIRS: usize = 10_000;

/// What two equal texts score, as with git.
const SCORE: usize = 60_000;

/// Makes one change of a deletion and an addition that belong together.
pub(super) fn pair(files: &mut Vec<FileChange>, base: &Snapshot, head: &Snapshot) {
    let deleted = sources(files, |file| file.new.is_none(), |file| &file.old, base);
    if deleted.is_empty() {
        return;
    }
    let added = sources(files, |file| file.old.is_none(), |file| &file.new, head);
    if deleted.len().saturating_mul(added.len()) > PAIRS {
        return;
    }
    let mut pairs = Vec::new();
    for (old, old_path, old_text) in &deleted {
        for (new, new_path, new_text) in &added {
            let alike = Language::of(old_path) == Language::of(new_path);
            let larger = old_text.len().max(new_text.len()).max(1);
            let may_be_half = alike && old_text.len().min(new_text.len()) * 2 >= larger;
            let common = match may_be_half {
                true => common(old_text, new_text),
                false => 0,
            };
            if common * 2 >= larger {
                pairs.push((common.saturating_mul(SCORE) / larger, *old, *new));
            }
        }
    }
    // The most alike first, then in the order of paths.
    pairs.sort_by_key(|(score, old, new)| (std::cmp::Reverse(*score), *old, *new));
    let mut gone = vec![false; files.len()];
    for (_, old, new) in pairs {
        if files[old].new.is_none() && !gone[new] {
            files[old].new = files[new].new.clone();
            gone[new] = true;
        }
    }
    let mut gone = gone.into_iter();
    files.retain(|_| !gone.next().unwrap_or(false));
}

type Text<'a> = (usize, &'a RepoPath, Vec<u8>);

fn sources<'a>(
    files: &'a [FileChange],
    is_wanted: impl Fn(&FileChange) -> bool,
    path: impl Fn(&FileChange) -> &Option<RepoPath>,
    snapshot: &Snapshot,
) -> Vec<Text<'a>> {
    let wanted = files.iter().enumerate().filter(|(_, file)| is_wanted(file));
    wanted
        .filter_map(|(index, file)| {
            let path = path(file)
                .as_ref()
                .filter(|path| Language::of(path).is_some())?;
            let text = snapshot.read(path).ok().flatten()?;
            Some((index, path, text))
        })
        .collect()
}

/// The bytes of the lines that both texts have.
fn common(old: &[u8], new: &[u8]) -> usize {
    let mut lines: HashMap<&[u8], usize> = HashMap::new();
    for line in old.split_inclusive(|byte| *byte == b'\n') {
        *lines.entry(line).or_default() += 1;
    }
    let mut common = 0;
    for line in new.split_inclusive(|byte| *byte == b'\n') {
        if let Some(left) = lines.get_mut(line).filter(|left| **left > 0) {
            *left -= 1;
            common += line.len();
        }
    }
    common
}
