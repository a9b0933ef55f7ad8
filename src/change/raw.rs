//! Reads what git lists: `--raw -z` of its diff commands, `ls-files --stage -z`, `blame --porcelain`.
//!
//! Deliberately absent: running git ([`super::git`]).

use std::collections::BTreeMap;

use super::FileChange;
use super::objects::{Entry, is_file};
use crate::source::RepoPath;

/// One line of `--raw`: what stands at a path in two trees.
#[derive(Debug)]
pub(super) struct RawChange {
    pub(super) old_mode: String,
    pub(super) new_mode: String,
    pub(super) old_id: String,
    /// All zeros where git would have to read the work tree.
    pub(super) new_id: String,
    /// `A`, `D`, `M`, `R`, `T`, or `U` for a path in conflict.
    pub(super) status: u8,
    pub(super) old_path: RepoPath,
    pub(super) new_path: RepoPath,
}

impl RawChange {
    /// The change as far as it is one of regular files: links and submodules are no files, on either side.
    pub(super) fn file_change(&self) -> FileChange {
        let conflict = self.status == b'U';
        FileChange {
            old: (conflict || is_file(&self.old_mode)).then(|| self.old_path.clone()),
            new: (conflict || is_file(&self.new_mode)).then(|| self.new_path.clone()),
        }
    }

    /// The text of each side that is a regular file, as far as git knows its id.
    pub(super) fn texts(&self) -> [Option<(&RepoPath, &str)>; 2] {
        let known = |mode: &str, id: &str| {
            self.status != b'U' && is_file(mode) && id.bytes().any(|digit| digit != b'0')
        };
        let old = known(&self.old_mode, &self.old_id).then_some((&self.old_path, &*self.old_id));
        let new = known(&self.new_mode, &self.new_id).then_some((&self.new_path, &*self.new_id));
        [old, new]
    }

    /// Whether git did not look at the text of the new side.
    pub(super) fn is_unread(&self) -> bool {
        self.new_id.bytes().all(|digit| digit == b'0')
    }
}

/// Reads `:MODE MODE ID ID STATUS NUL PATH NUL`, with a second path for renames.
pub(super) fn parse_changes(output: &[u8]) -> Option<Vec<RawChange>> {
    let mut fields = output.split(|byte| *byte == 0);
    let mut changes = Vec::new();
    while let Some(head) = fields.next().filter(|head| !head.is_empty()) {
        let head = std::str::from_utf8(head).ok()?.strip_prefix(':')?;
        let words: Vec<&str> = head.split(' ').collect();
        let [old_mode, new_mode, old_id, new_id, status] = words.as_slice() else {
            return None;
        };
        let status = *status.as_bytes().first()?;
        let old_path = RepoPath::new(fields.next()?);
        let new_path = match status {
            b'R' | b'C' => RepoPath::new(fields.next()?),
            _ => old_path.clone(),
        };
        changes.push(RawChange {
            old_mode: (*old_mode).to_owned(),
            new_mode: (*new_mode).to_owned(),
            old_id: (*old_id).to_owned(),
            new_id: (*new_id).to_owned(),
            status,
            old_path,
            new_path,
        });
    }
    Some(changes)
}

/// One line of the index.
#[derive(Debug)]
pub(super) struct IndexEntry {
    pub(super) entry: Entry,
    /// Whether the path is in conflict: it has up to three entries, none of which will be committed.
    pub(super) unmerged: bool,
    pub(super) path: RepoPath,
}

/// Reads `MODE ID STAGE TAB PATH NUL`.
pub(super) fn parse_index(output: &[u8]) -> Option<Vec<IndexEntry>> {
    let lines = output
        .split(|byte| *byte == 0)
        .filter(|line| !line.is_empty());
    lines.map(parse_index_line).collect()
}

fn parse_index_line(line: &[u8]) -> Option<IndexEntry> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let mut words = std::str::from_utf8(&line[..tab]).ok()?.split(' ');
    let entry = Entry {
        mode: words.next()?.to_owned(),
        id: words.next()?.to_owned(),
    };
    Some(IndexEntry {
        entry,
        unmerged: words.next()? != "0",
        path: RepoPath::new(&line[tab + 1..]),
    })
}

/// Reads `PATH NUL`. A folder in the list, with a slash at its end, is another repository.
pub(super) fn parse_paths(output: &[u8]) -> Vec<RepoPath> {
    let paths = output.split(|byte| *byte == 0);
    let files = paths.filter(|path| !path.is_empty() && !path.ends_with(b"/"));
    files.map(RepoPath::new).collect()
}

/// Reads `blame --porcelain`: from the line to the time of its commit. A commit is described once.
pub(super) fn parse_blame(output: &[u8]) -> BTreeMap<usize, i64> {
    let mut times: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
    let mut lines = BTreeMap::new();
    let mut here: Option<(Vec<u8>, usize)> = None;
    for line in output.split(|byte| *byte == b'\n') {
        if line.starts_with(b"\t") {
            // The code; what follows is the next line's.
            if let Some((id, number)) = here.take()
                && let Some(time) = times.get(&id)
            {
                lines.insert(number, *time);
            }
            continue;
        }
        let text = String::from_utf8_lossy(line);
        let words: Vec<&str> = text.split(' ').collect();
        match (&here, words.as_slice()) {
            (None, [id, _, number, ..]) => {
                let number = number.parse().unwrap_or_default();
                here = Some((id.as_bytes().to_vec(), number));
            }
            (Some((id, _)), ["committer-time", time]) if id.iter().any(|digit| *digit != b'0') => {
                times.insert(id.clone(), time.parse().unwrap_or_default());
            }
            _ => {}
        }
    }
    lines
}
