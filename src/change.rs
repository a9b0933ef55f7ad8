//! (stub while the interface settles)
use std::collections::BTreeMap;

use crate::source::RepoPath;
/// A whole tree of files, read on demand.
#[derive(Debug)]
pub struct Snapshot {
    files: BTreeMap<RepoPath, Vec<u8>>,
}
impl Snapshot {
    /// A tree of these files.
    pub fn memory(files: BTreeMap<RepoPath, Vec<u8>>) -> Self {
        Self { files }
    }
    /// The bytes of a file: `None` when there is none (a folder or a link is none).
    pub fn read(&self, path: &RepoPath) -> Result<Option<Vec<u8>>, String> {
        Ok(self.files.get(path).cloned())
    }
}
