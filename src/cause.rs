//! Which changed line made a finding at an unchanged one: a guard that was removed above it, an attribute that is gone.
//!
//! Lines are compared without the white space at their ends, so that code which only moved to the right is unchanged.
//! The changed place nearest to the finding counts, those within its item first. Deliberately absent: causes in other
//! files, which the language knows that turned the facts ([`crate::language`]).

use std::collections::BTreeMap;
use std::ops::Range;

use crate::candidate::Candidate;
use crate::change::lines::{Compared, Hunk};
use crate::change::{FileChange, Snapshot};
use crate::finding::Cause;
use crate::source::RepoPath;

/// Gives each candidate at an unchanged line the change that made it. `turned` names the cause for files of which
/// something else holds now, because another file changed.
pub fn find(
    candidates: &mut [Candidate<'_>],
    files: &[FileChange],
    base: &Snapshot,
    head: &Snapshot,
    turned: &BTreeMap<RepoPath, Cause>,
) {
    let old_paths: BTreeMap<&RepoPath, &RepoPath> = files
        .iter()
        .filter_map(|file| Some((file.new.as_ref()?, file.old.as_ref()?)))
        .collect();
    let of_one_file = candidates.chunk_by_mut(|one, next| one.path == next.path);
    for candidates in of_one_file {
        let path = candidates[0].path.clone();
        // A file without a base is new from its first to its last line.
        let Some(old_path) = old_paths.get(&path) else {
            continue;
        };
        let Some(compared) = Compared::of(base, old_path, head, &path) else {
            continue;
        };
        let changes = changes(compared);
        let renamed = (*old_path != &path).then(|| Cause {
            path: path.text().into_owned(),
            line: 1,
            text: format!("renamed from `{}`", old_path.text()),
        });
        for candidate in candidates {
            let lines = candidate.range.start.line..candidate.range.end.line + 1;
            if !changes.iter().any(|changed| changed.touches(&lines)) {
                let cause = turned
                    .get(&path)
                    .cloned()
                    .or_else(|| nearest(candidate, &lines, &changes))
                    .or_else(|| renamed.clone());
                candidate.cause = cause.map(Box::new);
            }
        }
    }
}

/// A changed place.
struct Changed {
    /// The lines of head that are new, from 1; where lines are gone only, the empty range before the next one.
    lines: Range<usize>,
    text: String,
}

impl Changed {
    fn touches(&self, lines: &Range<usize>) -> bool {
        self.lines.start < lines.end && lines.start < self.lines.end
    }

    /// The number of lines between it and these.
    fn distance(&self, lines: &Range<usize>) -> usize {
        if self.lines.end <= lines.start {
            lines.start - self.lines.end + 1
        } else {
            (self.lines.start + 1).saturating_sub(lines.end)
        }
    }
}

fn nearest(candidate: &Candidate<'_>, lines: &Range<usize>, changes: &[Changed]) -> Option<Cause> {
    let item = &candidate.item_lines;
    let is_outside =
        |changed: &Changed| changed.lines.end < item.start || item.end < changed.lines.start;
    let nearest = changes
        .iter()
        .min_by_key(|changed| (is_outside(changed), changed.distance(lines)))?;
    Some(Cause {
        path: candidate.path.text().into_owned(),
        line: nearest.lines.start,
        text: nearest.text.clone(),
    })
}

fn changes(compared: Compared) -> Vec<Changed> {
    let Compared { old, new, hunks } = compared;
    let changed = |hunk: Hunk| {
        Some(Changed {
            lines: hunk.new.start + 1..hunk.new.end + 1,
            text: describe(&old[hunk.old], &new[hunk.new])?,
        })
    };
    hunks.into_iter().filter_map(changed).collect()
}

/// `None`: only empty lines came or went.
fn describe(gone: &[String], come: &[String]) -> Option<String> {
    let first = |lines: &[String]| lines.iter().find(|line| !line.is_empty()).cloned();
    Some(match (first(gone), first(come)) {
        (Some(old), Some(new)) => format!("`{old}` became `{new}`"),
        (Some(old), None) => format!("`{old}` was removed"),
        (None, Some(new)) => format!("`{new}` was added"),
        (None, None) => return None,
    })
}
