//! Reads a patch: of `git diff` with any prefixes, of `git format-patch` and `git log -p`, of `diff -u`.
//!
//! `diffy` reads headers and hunks, and passes over what it does not know. Our own outline of the text counts them
//! first ([`super::outline`]), so that nothing is passed over in silence, and knows on which line each stands. Deliberately
//! absent: the tree that a patch is for ([`super`]), and where its hunks fit ([`mod@super::place`]).

use std::borrow::Cow;
use std::path::Component;
use std::sync::Arc;

use diffy::Hunk;
use diffy::patch_set::{FileMode, FileOperation, PatchKind, PatchSet};

use super::outline::{Header, Outline};
use crate::change::git::shown;
use crate::problem::{Document, Failure, Problems};
use crate::source::RepoPath;

/// What a patch does to one file.
#[derive(Debug)]
pub(super) struct FilePatch<'a> {
    pub(super) old: Option<RepoPath>,
    pub(super) new: Option<RepoPath>,
    /// The old file stays.
    pub(super) copied: bool,
    /// Which of several patches in one text, one after the other, it belongs to.
    pub(super) series: usize,
    /// The first of its hunks, counted over the whole text.
    pub(super) first_hunk: usize,
    patch: PatchKind<'a, [u8]>,
}

impl FilePatch<'_> {
    /// Its hunks; a mere rename has none.
    pub(super) fn hunks(&self) -> &[Hunk<'_, [u8]>] {
        self.patch.as_text().map_or(&[], diffy::Patch::hunks)
    }

    /// Whether its text is not in the patch, because git takes the file for binary.
    pub(super) fn is_binary(&self) -> bool {
        self.patch.is_binary()
    }
}

/// A patch as written.
pub(super) struct PatchText<'a> {
    name: &'a str,
    bytes: Cow<'a, [u8]>,
    outline: Outline,
}

impl<'a> PatchText<'a> {
    /// Looks over the text; `None` when it is empty.
    pub(super) fn new(name: &'a str, bytes: &'a [u8]) -> Result<Option<Self>, Failure> {
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            return Err(Failure::new(format!(
                "{} is UTF-16, not a patch as git writes it",
                shown(name)
            ))
            .help("let git write the file: `git diff --output=FILE`"));
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        if bytes.trim_ascii().is_empty() {
            return Ok(None);
        }
        let mut bytes = Cow::Borrowed(bytes);
        let mut outline = Outline::of(&bytes);
        if outline.has_windows_headers {
            bytes = Cow::Owned(without_returns(&bytes));
            outline = Outline::of(&bytes);
        }
        Ok(Some(Self {
            name,
            bytes,
            outline,
        }))
    }

    /// What it does to each file, in its order. `exists` answers whether the tree has a file.
    pub(super) fn files(
        &self,
        exists: &dyn Fn(&RepoPath) -> bool,
    ) -> Result<Vec<FilePatch<'_>>, Failure> {
        let outline = &self.outline;
        if let Some(line) = outline.combined {
            return Err(self.malformed(
                line,
                "a combined diff (of a merge) cannot be applied",
                "use `git diff -m --first-parent`",
            ));
        }
        if let (Some(line), true, false) =
            (outline.context, outline.hunks.is_empty(), outline.is_git)
        {
            return Err(self.malformed(line, "a context diff is not read", "use `diff -u`"));
        }
        if outline.headers.is_empty() && outline.hunks.is_empty() {
            return Err(Failure::new(format!(
                "{} is no patch: it has neither a file header nor a hunk",
                shown(self.name)
            ))
            .help("pass the output of `git diff` or `diff -u`"));
        }
        if let (true, Some(hunk)) = (outline.headers.is_empty(), outline.hunks.first()) {
            return Err(self.malformed(hunk.line, ORPHAN, REWRITE));
        }
        if let Some(header) = outline.unkept() {
            return Err(self.malformed(header.line, CUT, REWRITE));
        }
        let mut files = Vec::new();
        let mut hunks = 0;
        for (index, read) in PatchSet::parse_bytes(&self.bytes, outline.options()).enumerate() {
            let header = outline.headers.get(index);
            let read = read.map_err(|error| {
                let message = error.to_string();
                let reason = message.rsplit(": ").next().unwrap_or(&message);
                self.malformed(header.map_or(1, |header| header.line), reason, REWRITE)
            })?;
            let file = self.file(read, header, hunks, exists)?;
            if !outline.is_git && file.hunks().is_empty() {
                return Err(self.malformed(header.map_or(1, |header| header.line), CUT, REWRITE));
            }
            hunks += file.hunks().len();
            files.push(file);
        }
        if hunks != outline.hunks.len() || outline.is_git && files.len() != outline.headers.len() {
            let line = outline.hunks.get(hunks).map_or(1, |hunk| hunk.line);
            return Err(self.malformed(line, ORPHAN, REWRITE));
        }
        Ok(files)
    }

    fn file<'b>(
        &self,
        read: diffy::patch_set::FilePatch<'b, [u8]>,
        header: Option<&Header>,
        first_hunk: usize,
        exists: &dyn Fn(&RepoPath) -> bool,
    ) -> Result<FilePatch<'b>, Failure> {
        let strip = match (self.outline.is_git, self.outline.is_unprefixed) {
            (true, true) => Strip::Nothing,
            (true, false) => Strip::Prefix,
            (false, _) => Strip::Guess,
        };
        let (old, new) = names(read.operation(), strip);
        let checked =
            |path: Option<Vec<u8>>| path.map(|path| self.inside(&path, header)).transpose();
        let (mut old, mut new) = (checked(old)?, checked(new)?);
        if read.operation().is_modify() && old != new {
            // `diff -u x.orig x`: the same file under two names.
            let kept = [&new, &old]
                .into_iter()
                .flatten()
                .find(|path| exists(path))
                .or(new.as_ref())
                .cloned();
            (old, new) = (kept.clone(), kept);
        }
        let is_file =
            |mode: Option<&FileMode>| !matches!(mode, Some(FileMode::Symlink | FileMode::Gitlink));
        Ok(FilePatch {
            old: old.filter(|_| is_file(read.old_mode())),
            new: new.filter(|_| is_file(read.new_mode())),
            copied: read.operation().is_copy(),
            series: header.map_or(0, |header| header.series),
            first_hunk,
            patch: read.into_patch(),
        })
    }

    /// A path as one below the root; any other is refused before anything is read.
    fn inside(&self, path: &[u8], header: Option<&Header>) -> Result<RepoPath, Failure> {
        let parts: Vec<&[u8]> = path
            .split(|byte| *byte == b'/')
            .filter(|part| *part != b".")
            .collect();
        let clean = RepoPath::new(parts.join(&b'/'));
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        if path.starts_with(b"/")
            || path.contains(&0)
            || clean.as_bytes().is_empty()
            || !clean.to_path().components().all(is_plain)
        {
            let message = format!(
                "the path `{}` does not stay in the folder",
                shown(&String::from_utf8_lossy(path))
            );
            let line = header.map_or(1, |header| header.line);
            return Err(self.malformed(
                line,
                &message,
                "make the patch with relative paths, from the root of the repository",
            ));
        }
        Ok(clean)
    }

    fn malformed(&self, line: usize, message: &str, help: &str) -> Failure {
        self.failure("cannot read the patch", line, message, help)
    }

    /// A failure that points at a hunk, counted over the whole text.
    pub(super) fn misfit(&self, hunk: Option<usize>, path: &RepoPath, reason: &str) -> Failure {
        let path = shown(&path.text());
        let help = "apply it to the tree it was made from, or check out the tree that it leads to";
        match hunk.and_then(|hunk| self.outline.hunks.get(hunk)) {
            Some(found) => {
                let message = format!("`{}` {reason} {path}", shown(&found.header));
                self.failure("the patch does not apply", found.line, &message, help)
            }
            None => {
                let message =
                    "the patch does not apply: a file is missing, or another is in its place";
                Failure::new(format!("{message}: {path}")).help(help)
            }
        }
    }

    fn failure(&self, what: &str, line: usize, message: &str, help: &str) -> Failure {
        let document: Arc<Document> =
            Document::new(shown(self.name), String::from_utf8_lossy(&self.bytes));
        let start: usize = document
            .text
            .split_inclusive('\n')
            .take(line - 1)
            .map(str::len)
            .sum();
        let length = document.text[start..].lines().next().map_or(0, str::len);
        let mut problems = Problems::new(document);
        problems.add(start..start + length, message);
        Failure::new(format!("{what}: {}:{line}: {message}", shown(self.name)))
            .help(help)
            .because(problems.into_vec())
    }
}

const ORPHAN: &str = "a hunk without a file header";

const CUT: &str = "a file header without the change that it announces";

const REWRITE: &str = "let `git diff` or `diff -u` write it again";

#[derive(Clone, Copy)]
enum Strip {
    Nothing,
    Prefix,
    Guess,
}

type Names = (Option<Vec<u8>>, Option<Vec<u8>>);

fn names(operation: &FileOperation<'_, [u8]>, strip: Strip) -> Names {
    match operation {
        FileOperation::Create(new) => (None, Some(stripped(new, strip, b"b/"))),
        FileOperation::Delete(old) => (Some(stripped(old, strip, b"a/")), None),
        FileOperation::Rename { from, to } | FileOperation::Copy { from, to } => {
            (Some(from.to_vec()), Some(to.to_vec()))
        }
        FileOperation::Modify { original, modified } => {
            let strip = match strip {
                Strip::Guess
                    if original != modified
                        && without_first(original) == without_first(modified) =>
                {
                    Strip::Prefix
                }
                Strip::Guess => Strip::Nothing,
                strip => strip,
            };
            (
                Some(stripped(original, strip, b"")),
                Some(stripped(modified, strip, b"")),
            )
        }
    }
}

fn stripped(path: &[u8], strip: Strip, prefix: &[u8]) -> Vec<u8> {
    if path.starts_with(b"/") {
        return path.to_vec();
    }
    match strip {
        Strip::Nothing => path,
        Strip::Prefix => without_first(path),
        Strip::Guess => path.strip_prefix(prefix).unwrap_or(path),
    }
    .to_vec()
}

fn without_first(path: &[u8]) -> &[u8] {
    let slash = path.iter().position(|byte| *byte == b'/');
    slash.map_or(path, |slash| &path[slash + 1..])
}

fn without_returns(text: &[u8]) -> Vec<u8> {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let parts = lines.flat_map(|line| match line.strip_suffix(b"\r\n") {
        Some(line) => [line, b"\n".as_slice()],
        None => [line, b"".as_slice()],
    });
    parts.collect::<Vec<_>>().concat()
}
