//! Paths and texts of the code under check: bytes as they are, never assumed to be UTF-8.
//!
//! Deliberately absent: where a text comes from ([`crate::change`]) and what it means ([`crate::language`]).

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::finding::{Position, Range};
use crate::lines::Lines;

/// The files of one glob. A glob may be too large to be used, and [`Glob::compile_matcher`] panics then.
pub fn files_of(glob: Glob) -> Result<GlobSet, globset::Error> {
    GlobSetBuilder::new().add(glob).build()
}

/// A path relative to the repository's root, with `/` between its parts, as bytes: git allows any but NUL.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(Arc<[u8]>);

impl RepoPath {
    /// From bytes as git writes them.
    pub fn new(bytes: impl AsRef<[u8]>) -> Self {
        Self(Arc::from(bytes.as_ref()))
    }

    /// From a path of the file system, relative to the root.
    pub fn from_path(path: &Path) -> Self {
        Self::new(path_bytes(path))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path as text, with U+FFFD where it is not UTF-8.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// The bytes in hexadecimal, when they are not UTF-8.
    pub fn hex(&self) -> Option<String> {
        let is_text = std::str::from_utf8(&self.0).is_ok();
        (!is_text).then(|| self.0.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The path as the file system takes it, relative to the root.
    pub fn to_path(&self) -> PathBuf {
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            PathBuf::from(std::ffi::OsStr::from_bytes(&self.0))
        }
        #[cfg(not(unix))]
        {
            PathBuf::from(self.text().into_owned())
        }
    }

    /// The last part.
    pub fn file_name(&self) -> &[u8] {
        self.0
            .rsplit(|byte| *byte == b'/')
            .next()
            .unwrap_or_default()
    }

    /// The part after the last dot of the file name, if it has one.
    pub fn extension(&self) -> Option<&[u8]> {
        let name = self.file_name();
        let dot = name.iter().rposition(|byte| *byte == b'.')?;
        (dot > 0).then(|| &name[dot + 1..])
    }

    /// The folder that holds it; the root is the empty path.
    pub fn parent(&self) -> Option<Self> {
        if self.0.is_empty() {
            return None;
        }
        let end = self.0.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        Some(Self::new(&self.0[..end]))
    }

    /// The path of `name` in this folder.
    pub fn join(&self, name: impl AsRef<[u8]>) -> Self {
        if self.0.is_empty() {
            return Self::new(name);
        }
        Self::new([&self.0, b"/".as_slice(), name.as_ref()].concat())
    }

    /// The path as seen from `folder`, when it lies in it.
    pub fn below(&self, folder: &Self) -> Option<Self> {
        if folder.0.is_empty() {
            return Some(self.clone());
        }
        let rest = self.0.strip_prefix(&*folder.0)?;
        rest.strip_prefix(b"/").map(Self::new)
    }

    /// Whether it is `folder` or lies in it.
    pub fn is_within(&self, folder: &Self) -> bool {
        self == folder || self.below(folder).is_some()
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text(), formatter)
    }
}

impl From<&str> for RepoPath {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

fn path_bytes(path: &Path) -> Vec<u8> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        path.as_os_str().as_bytes().to_vec()
    }
    #[cfg(not(unix))]
    {
        path.to_string_lossy().replace('\\', "/").into_bytes()
    }
}

/// The largest source that is looked at, in bytes. Larger ones are `unchecked`.
pub const SIZE_LIMIT: usize = 16 * 1024 * 1024;

/// One file's text.
#[derive(Debug)]
pub struct Source {
    /// Where it lies.
    pub path: RepoPath,
    bytes: Vec<u8>,
    lines: Lines,
}

impl Source {
    /// A source that can be looked at, or the reason why not.
    pub fn new(path: RepoPath, bytes: Vec<u8>) -> Result<Self, String> {
        if bytes.len() > SIZE_LIMIT {
            return Err(format!("larger than {} MiB", SIZE_LIMIT / (1024 * 1024)));
        }
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            return Err("UTF-16; codex reads UTF-8".to_owned());
        }
        if memchr::memchr(0, &bytes).is_some() {
            return Err("binary: it holds NUL bytes".to_owned());
        }
        Ok(Self {
            path,
            bytes,
            lines: Lines::default(),
        })
    }

    /// The whole text.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A part of the text, with U+FFFD where it is not UTF-8.
    pub fn text(&self, range: std::ops::Range<usize>) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes.get(range).unwrap_or_default())
    }

    /// The line, from 1, on which the byte stands.
    pub fn line(&self, byte: usize) -> usize {
        self.lines.line(&self.bytes, byte)
    }

    /// The bytes of a line (from 1), without its end.
    pub fn line_range(&self, line: usize) -> std::ops::Range<usize> {
        self.lines.range(&self.bytes, line)
    }

    /// Line and column of a byte; columns count Unicode scalar values, one for each U+FFFD of [`Source::text`].
    pub fn position(&self, byte: usize) -> Position {
        let line = self.line(byte);
        let start = self.line_range(line).start;
        Position {
            line,
            column: self.lines.characters(&self.bytes, start..byte) + 1,
            byte,
        }
    }

    /// Both ends of a range of bytes.
    pub fn range(&self, bytes: std::ops::Range<usize>) -> Range {
        Range {
            start: self.position(bytes.start),
            end: self.position(bytes.end),
        }
    }
}
