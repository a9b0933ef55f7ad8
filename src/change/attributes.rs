//! `.gitattributes`: which files somebody marked as generated or vendored (`linguist-generated`, `linguist-vendored`).
//!
//! The file nearest to a path counts first, in a file the last line that fits. Deliberately absent: macros, the
//! attributes of one clone (`.git/info/attributes`) and of one user: a check is the same for everybody.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use globset::{GlobBuilder, GlobSet};

use super::Snapshot;
use crate::source::{RepoPath, files_of};

const FILE_NAME: &str = ".gitattributes";
const MARKS: [&str; 2] = ["linguist-generated", "linguist-vendored"];

/// The attributes of a snapshot, read folder by folder.
#[derive(Debug)]
pub struct Attributes<'s> {
    snapshot: &'s Snapshot,
    folders: Mutex<BTreeMap<RepoPath, Arc<Vec<Line>>>>,
}

/// A pattern, and what it says of each of [`MARKS`].
#[derive(Debug)]
struct Line {
    files: GlobSet,
    says: [Option<bool>; 2],
}

impl<'s> Attributes<'s> {
    /// Those of a snapshot.
    pub fn of(snapshot: &'s Snapshot) -> Self {
        Self {
            snapshot,
            folders: Mutex::default(),
        }
    }

    /// Whether a file is marked as generated or as vendored.
    pub fn is_marked(&self, path: &RepoPath) -> bool {
        let mut said = [None; 2];
        for folder in std::iter::successors(path.parent(), RepoPath::parent) {
            let Some(inner) = path.below(&folder) else {
                continue;
            };
            let lines = self.lines(&folder);
            let fitting = lines.iter().rev();
            for line in fitting.filter(|line| line.files.is_match(inner.to_path())) {
                for (said, says) in said.iter_mut().zip(line.says) {
                    *said = said.or(says);
                }
            }
        }
        said.contains(&Some(true))
    }

    fn lines(&self, folder: &RepoPath) -> Arc<Vec<Line>> {
        let lock = || self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lines) = lock().get(folder) {
            return Arc::clone(lines);
        }
        // What cannot be read marks nothing: everything is looked at.
        let text = self.snapshot.read(&folder.join(FILE_NAME));
        let text = text.ok().flatten().unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Arc<Vec<Line>> = Arc::new(text.lines().filter_map(parse).collect());
        lock().insert(folder.clone(), Arc::clone(&lines));
        lines
    }
}

fn parse(line: &str) -> Option<Line> {
    let line = line.trim();
    if line.is_empty() || line.starts_with(['#', '!']) || line.starts_with("[attr]") {
        return None;
    }
    let (pattern, words) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => line.split_once(char::is_whitespace)?,
    };
    let mut says = [None; 2];
    for word in words.split_whitespace() {
        for (mark, says) in MARKS.iter().zip(&mut says) {
            *says = state(word, mark).or(*says);
        }
    }
    says.iter().any(Option::is_some).then_some(())?;
    // A pattern without a slash is one of names, in any folder below.
    let pattern = match pattern.strip_prefix('/') {
        Some(anchored) => anchored.to_owned(),
        None if pattern.contains('/') => pattern.to_owned(),
        None => format!("**/{pattern}"),
    };
    // To git braces are braces: what only looks marked must be looked at.
    let pattern = pattern.replace('{', "[{]").replace('}', "[}]");
    let glob = GlobBuilder::new(&pattern).literal_separator(true).build();
    Some(Line {
        files: files_of(glob.ok()?).ok()?,
        says,
    })
}

/// What a word says of a mark: set, `=true`, `-unset`, `=false`, `!unspecified`.
fn state(word: &str, mark: &str) -> Option<bool> {
    let bare = word.trim_start_matches(['-', '!']);
    let (name, value) = bare.split_once('=').unwrap_or((bare, "true"));
    (name == mark).then_some(bare.len() == word.len() && value != "false")
}
