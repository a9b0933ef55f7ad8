//! (stub while the interface settles)
use crate::source::RepoPath;
/// A whole tree of files, read on demand.
#[derive(Debug)]
pub struct Snapshot {}
impl Snapshot {
    /// The bytes of a file: `None` when there is none (a folder or a link is none).
    pub fn read(&self, _path: &RepoPath) -> Result<Option<Vec<u8>>, String> { Ok(None) }
}
