//! Files that a repository brings along: found by walking, read within limits.
//!
//! Deliberately absent: what they say.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::problem::{Document, Failure, Problem};

/// A file larger than this is no text of ours.
const SIZE_LIMIT: u64 = 16 << 20;

/// Reads a file that a repository brings along: a device or a pipe of its name is refused, and so is what no memory holds.
pub fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let about = std::fs::metadata(path)?;
    if about.is_dir() {
        return Err(std::io::Error::from(std::io::ErrorKind::IsADirectory));
    }
    if !about.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    let mut file = std::fs::File::open(path)?.take(SIZE_LIMIT + 1);
    file.read_to_end(&mut bytes)?;
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(std::io::Error::other("it is larger than 16 MiB"));
    }
    Ok(bytes)
}

pub(super) fn walk(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let whole = root.join(folder);
    let entries = match std::fs::read_dir(&whole) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(Failure::io(
                format!("cannot read the folder {}", whole.display()),
                &error,
            ));
        }
    };
    for entry in entries {
        let entry = entry.map_err(|error| {
            Failure::io(
                format!("cannot read the folder {}", whole.display()),
                &error,
            )
        })?;
        let path = folder.join(entry.file_name());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => {
                if path.extension().is_some_and(|extension| extension == "md") {
                    files.push(path.clone());
                }
                if entry.file_name() != ".git" {
                    walk(root, &path, files)?;
                }
            }
            // What is no file is listed, too: reading it says so, and nothing is passed over in silence.
            _ => files.push(path),
        }
    }
    Ok(())
}

/// A problem of a whole file.
pub fn whole_file(path: &Path, message: impl Into<String>) -> Problem {
    let document = Document::new(path.to_string_lossy(), String::new());
    Problem {
        document,
        span: 0..0,
        message: message.into(),
        help: None,
        is_warning: false,
    }
}
