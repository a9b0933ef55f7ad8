//! Files are replaced whole or not at all: a new one is written beside the old one and moved to its place.
//!
//! Deliberately absent: which files.

use std::io::{self, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

/// Puts bytes in the place of a file, which keeps its permissions. A link is replaced, not followed.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let file = beside(folder, bytes)?;
    if let Ok(about) = path.symlink_metadata()
        && about.is_file()
    {
        file.as_file().set_permissions(about.permissions())?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A new file in the folder, to be moved to its place; it can be read by everybody, as other files are.
pub fn beside(folder: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file()
            .set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    Ok(file)
}
