//! Reads a patch: of `git diff` with any prefixes, of `git format-patch` and `git log -p`, of `diff -u`.
//!
//! `diffy` reads headers and hunks, and passes over what it does not know. Our own outline of the text counts them
//! first, so that nothing is passed over in silence, and knows on which line each stands. Deliberately absent: the tree
//! that a patch is for ([`super`]), and where its hunks fit ([`mod@super::place`]).

use std::borrow::Cow;
use std::path::Component;
use std::sync::Arc;

use diffy::Hunk;
use diffy::patch_set::{FileMode, FileOperation, ParseOptions, PatchKind, PatchSet};

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
        if outline.headers.is_empty() && outline.hunks.is_empty() && outline.combined.is_none() {
            return Err(Failure::new(format!(
                "{} is no patch: it has neither a file header nor a hunk",
                shown(self.name)
            ))
            .help("pass the output of `git diff` or `diff -u`"));
        }
        if let (true, Some(hunk)) = (outline.headers.is_empty(), outline.hunks.first()) {
            return Err(self.malformed(hunk.line, ORPHAN, REWRITE));
        }
        if let Some(line) = outline.combined {
            return Err(self.malformed(
                line,
                "a combined diff (of a merge) cannot be applied",
                "use `git diff -m --first-parent`",
            ));
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

/// Where headers and hunks stand in the text; lines count from 1.
#[derive(Default)]
struct Outline {
    headers: Vec<Header>,
    /// Lines that would be headers in a patch without any of git's.
    plain_headers: Vec<Header>,
    /// How many commits began so far.
    series: usize,
    hunks: Vec<HunkHeader>,
    is_git: bool,
    /// Made with `--no-prefix`: both paths of a `diff --git` line are the same.
    is_unprefixed: bool,
    combined: Option<usize>,
    /// The text went through a program that ends every line with a carriage return.
    has_windows_headers: bool,
}

struct Header {
    line: usize,
    series: usize,
}

struct HunkHeader {
    line: usize,
    header: String,
}

impl Outline {
    fn of(text: &[u8]) -> Self {
        let mut outline = Self::default();
        let mut left = (0_usize, 0_usize);
        for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            if left == (0, 0) {
                left = outline.note(index + 1, line);
                continue;
            }
            let (old, new) = match line.first() {
                Some(b' ' | b'\n' | b'\r') => (1, 1),
                Some(b'-') => (1, 0),
                Some(b'+') => (0, 1),
                _ => (0, 0),
            };
            left = (left.0.saturating_sub(old), left.1.saturating_sub(new));
        }
        outline.is_git = !outline.headers.is_empty();
        if !outline.is_git {
            outline.headers = std::mem::take(&mut outline.plain_headers);
        }
        outline
    }

    /// Notes a line outside of hunks; the answer is how many lines of the hunk that it begins follow, old and new.
    fn note(&mut self, number: usize, line: &[u8]) -> (usize, usize) {
        let combined = [b"diff --cc ".as_slice(), b"diff --combined ", b"@@@ "];
        let header = Header {
            line: number,
            series: self.series,
        };
        if line.starts_with(b"@@ ") {
            self.hunks.push(HunkHeader {
                line: number,
                header: String::from_utf8_lossy(line).trim_end().to_owned(),
            });
            return lengths(line).unwrap_or_default();
        } else if let Some(paths) = line.strip_prefix(b"diff --git ") {
            self.is_unprefixed |= is_doubled(paths.trim_ascii_end());
            self.has_windows_headers |= line.ends_with(b"\r\n");
            self.headers.push(header);
        } else if line.starts_with(b"--- ") {
            self.has_windows_headers |= line.ends_with(b"\r\n");
            self.plain_headers.push(header);
        } else if combined.iter().any(|start| line.starts_with(start)) {
            self.combined.get_or_insert(number);
        } else if starts_commit(line) {
            self.series += 1;
        }
        (0, 0)
    }

    fn options(&self) -> ParseOptions {
        if self.is_git {
            ParseOptions::gitdiff()
        } else {
            ParseOptions::unidiff()
        }
    }
}

/// `From ID ..` of a mail, `commit ID` of a log.
fn starts_commit(line: &[u8]) -> bool {
    let rest = line
        .strip_prefix(b"From ")
        .or(line.strip_prefix(b"commit "));
    let id = rest.and_then(|rest| rest.get(..40));
    id.is_some_and(|id| id.iter().all(u8::is_ascii_hexdigit))
}

fn is_doubled(paths: &[u8]) -> bool {
    let middle = paths.len() / 2;
    paths.len() % 2 == 1 && paths[middle] == b' ' && paths[..middle] == paths[middle + 1..]
}

/// The two lengths of `@@ -1,2 +3,4 @@`.
fn lengths(line: &[u8]) -> Option<(usize, usize)> {
    let text = String::from_utf8_lossy(line);
    let mut words = text.split(' ').skip(1);
    let length = |word: &str| match word.split_once(',') {
        Some((_, length)) => length.parse().ok(),
        None => Some(1),
    };
    Some((length(words.next()?)?, length(words.next()?)?))
}

fn without_returns(text: &[u8]) -> Vec<u8> {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let parts = lines.flat_map(|line| match line.strip_suffix(b"\r\n") {
        Some(line) => [line, b"\n".as_slice()],
        None => [line, b"".as_slice()],
    });
    parts.collect::<Vec<_>>().concat()
}
