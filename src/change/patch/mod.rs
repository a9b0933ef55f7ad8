//! `codex check --diff`: a patch, and the tree on disk, which may or may not have it already.
//!
//! All of a patch goes one way. First it is tried at the lines it states, in reverse and then forward, and after that
//! anywhere near. The side that is not on disk is held in memory. Deliberately absent: git, and writing.

mod outline;
mod place;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use diffy::{Hunk, Line};

use self::place::{Direction, Image, Where, place};
use self::text::{FilePatch, PatchText};
use super::git::shown;
use super::snapshot::Content;
use super::{Base, Change, FileChange, Snapshot, head_files, moved};
use crate::problem::Failure;
use crate::source::RepoPath;

const BASE_NAME: &str = "the tree without the patch";

/// Compares the tree with a patch and the tree without it. Paths of the patch are relative to the root.
pub fn patched(root: &Path, patch: &[u8], patch_name: &str) -> Result<Change, Failure> {
    let disk = Snapshot::folder(root.to_path_buf());
    let Some(text) = PatchText::new(patch_name, patch)? else {
        let reason = format!("{} is empty", shown(patch_name));
        return Ok(change(
            disk,
            "work tree",
            Snapshot::folder(root.to_path_buf()),
            Vec::new(),
            reason,
        ));
    };
    let exists = |path: &RepoPath| matches!(disk.read(path), Ok(Some(_)) | Err(_));
    let files = text.files(&exists)?;
    let series = split(&files, root);
    let (direction, written) = fit(&disk, &text, &series)?;
    let mut overlay: BTreeMap<RepoPath, Content> = written.into_iter().map(as_content).collect();
    let other = Snapshot::folder(root.to_path_buf());
    let (head, head_name, base, reason) = match direction {
        Direction::Reverse => {
            let head = Snapshot::overlay(disk, unknown(&files));
            (
                head,
                "work tree",
                Snapshot::overlay(other, overlay),
                "the work tree has the patch already",
            )
        }
        Direction::Forward => {
            overlay.extend(unknown(&files));
            let head = Snapshot::overlay(disk, overlay);
            (
                head,
                "patch applied",
                other,
                "the patch was applied in memory",
            )
        }
    };
    let files = compose(&series);
    Ok(change(head, head_name, base, files, reason.to_owned()))
}

fn change(
    head: Snapshot,
    head_name: &str,
    base: Snapshot,
    files: Vec<FileChange>,
    reason: String,
) -> Change {
    let there = |snapshot: &Snapshot, path: &RepoPath| !matches!(snapshot.read(path), Ok(None));
    let present = |file: FileChange| FileChange {
        old: file.old.filter(|path| there(&base, path)),
        new: file.new.filter(|path| there(&head, path)),
    };
    let mut files = files.into_iter().map(present).collect();
    // A patch may say nothing of what it renames.
    moved::pair(&mut files, &base, &head);
    let bases = vec![Base::new(base, files)];
    Change {
        head,
        head_name: head_name.to_owned(),
        head_files: head_files(&bases),
        bases,
        base_name: Some(BASE_NAME.to_owned()),
        base_reason: Some(reason),
    }
}

fn as_content((path, text): (RepoPath, Option<Vec<u8>>)) -> (RepoPath, Content) {
    (path, text.map_or(Content::Absent, Content::Text))
}

/// Files whose text the patch does not show. They are changed, so they must not pass for looked at.
fn unknown(files: &[FilePatch<'_>]) -> BTreeMap<RepoPath, Content> {
    let reason = "the patch does not show its text: git takes it for binary";
    let binary = files.iter().filter(|file| file.is_binary());
    let paths = binary.filter_map(|file| file.new.clone());
    paths
        .map(|path| (path, Content::Unknown(reason.to_owned())))
        .collect()
}

/// Patches that were made one after the other. The files of one all refer to the same tree, which is why a file can be
/// renamed and another take its place.
type Series<'a> = Vec<Vec<&'a FilePatch<'a>>>;

fn split<'a>(files: &'a [FilePatch<'a>], root: &Path) -> Series<'a> {
    let mut series: Series<'a> = Vec::new();
    let mut seen = (BTreeSet::new(), BTreeSet::new());
    for file in files.iter().filter(|file| !is_no_text(file, root)) {
        let old = file.old.as_ref().filter(|_| !file.copied);
        let again = old.is_some_and(|path| seen.0.contains(path))
            || file.new.as_ref().is_some_and(|path| seen.1.contains(path));
        let same = series
            .last()
            .and_then(|group| group.first())
            .is_some_and(|first| first.series == file.series);
        if again || !same {
            seen = (BTreeSet::new(), BTreeSet::new());
            series.push(Vec::new());
        }
        seen.0.extend(old);
        seen.1.extend(&file.new);
        if let Some(group) = series.last_mut() {
            group.push(file);
        }
    }
    series
}

/// A symbolic link or a submodule, whose text is where it leads, or a change of nothing but the mode.
fn is_no_text(file: &FilePatch<'_>, root: &Path) -> bool {
    let paths = [&file.old, &file.new];
    let mut present = paths.into_iter().flatten();
    let lines = file.hunks().iter().flat_map(Hunk::lines);
    let submodule = |line: &Line<'_, [u8]>| match line {
        Line::Context(line) | Line::Delete(line) | Line::Insert(line) => {
            line.starts_with(b"Subproject commit ")
        }
    };
    let mut lines = lines.peekable();
    let is_link = |path: &RepoPath| {
        let target = std::fs::read_link(root.join(path.to_path()));
        target.is_ok_and(|target| leads_so(file, RepoPath::from_path(&target).as_bytes()))
    };
    (lines.peek().is_some() && lines.all(submodule))
        || (file.old == file.new || file.hunks().is_empty()) && present.any(is_link)
        || file.old.is_none() && file.new.is_none()
        || file.old == file.new && file.hunks().is_empty() && !file.is_binary()
}

/// Whether the text of a link is one side of the patch. A patch of text where the tree has a link is none of the link.
fn leads_so(file: &FilePatch<'_>, target: &[u8]) -> bool {
    let fits = |direction| place(target, file.hunks(), direction, Where::Stated).is_ok();
    fits(Direction::Forward) || fits(Direction::Reverse)
}

type Written = BTreeMap<RepoPath, Option<Vec<u8>>>;

/// A hunk that does not fit, or a file that is there or missing against what the patch says.
struct Misfit<'a> {
    file: &'a FilePatch<'a>,
    hunk: usize,
}

fn fit(
    disk: &Snapshot,
    text: &PatchText<'_>,
    series: &Series<'_>,
) -> Result<(Direction, Written), Failure> {
    for allowed in [Where::Stated, Where::Near] {
        for direction in [Direction::Reverse, Direction::Forward] {
            if let Ok(written) = apply(disk, series, direction, allowed)? {
                return Ok((direction, written));
            }
        }
    }
    let lost = series.iter().flatten().find_map(|file| neither(disk, file));
    let (misfit, reason) = match (lost, apply(disk, series, Direction::Forward, Where::Near)?) {
        (Some(misfit), _) => (misfit, "fits neither forward nor in reverse into"),
        (None, Err(misfit)) => (
            misfit,
            "is in the tree already, while other parts of the patch are not:",
        ),
        (None, Ok(written)) => return Ok((Direction::Forward, written)),
    };
    let path = misfit.file.new.as_ref().or(misfit.file.old.as_ref());
    let hunk = Some(misfit.file.first_hunk + misfit.hunk)
        .filter(|_| misfit.hunk < misfit.file.hunks().len());
    Err(text.misfit(hunk, path.unwrap_or(&RepoPath::new(b"")), reason))
}

/// The first hunk of a file that fits the tree on disk neither way, taken alone.
fn neither<'a>(disk: &Snapshot, file: &'a FilePatch<'a>) -> Option<Misfit<'a>> {
    let read = |path: &Option<RepoPath>| {
        path.as_ref()
            .and_then(|path| disk.read(path).ok().flatten())
    };
    let (old, new) = (read(&file.old), read(&file.new));
    let fits = |direction| {
        let (before, after, vanishes) = match direction {
            Direction::Forward => (&old, &new, file.new.is_none()),
            Direction::Reverse => (&new, &old, file.old.is_none()),
        };
        let is_in_the_way = before.is_none() && after.as_ref().is_some_and(|text| !text.is_empty());
        let mut image = Image::new(before.as_deref().unwrap_or_default(), file.hunks());
        move |hunk: &Hunk<'_, [u8]>| {
            !is_in_the_way
                && (!vanishes || image.is_emptied_by(hunk, direction))
                && image.has(hunk, direction)
        }
    };
    let (mut forward, mut reverse) = (fits(Direction::Forward), fits(Direction::Reverse));
    let mut hunks = file.hunks().iter();
    let hunk = hunks.position(|hunk| !forward(hunk) && !reverse(hunk))?;
    Some(Misfit { file, hunk })
}

/// The files that differ from disk once all patches are applied, or the first thing that does not fit.
fn apply<'a>(
    disk: &Snapshot,
    series: &Series<'a>,
    direction: Direction,
    allowed: Where,
) -> Result<Result<Written, Misfit<'a>>, Failure> {
    let mut written = Written::new();
    let groups: Vec<_> = match direction {
        Direction::Forward => series.iter().collect(),
        Direction::Reverse => series.iter().rev().collect(),
    };
    for group in groups {
        let steps: Vec<Step<'_>> = group
            .iter()
            .map(|file| Step::new(file, direction))
            .collect();
        let vacated: BTreeSet<&RepoPath> = steps.iter().filter_map(Step::vacates).collect();
        let mut results = Vec::new();
        for step in &steps {
            match step.result(disk, &written, &vacated, allowed)? {
                Ok(result) => results.push(result),
                Err(hunk) => {
                    return Ok(Err(Misfit {
                        file: step.file,
                        hunk,
                    }));
                }
            }
        }
        written.extend(vacated.into_iter().map(|path| (path.clone(), None)));
        let targets = steps.iter().map(|step| step.target);
        let texts = targets
            .zip(results)
            .filter_map(|(path, text)| Some((path?.clone(), Some(text?))));
        written.extend(texts.collect::<Vec<_>>());
    }
    Ok(Ok(written))
}

/// A file of the patch, in one direction.
struct Step<'a> {
    file: &'a FilePatch<'a>,
    source: Option<&'a RepoPath>,
    target: Option<&'a RepoPath>,
    direction: Direction,
}

impl<'a> Step<'a> {
    fn new(file: &'a FilePatch<'a>, direction: Direction) -> Self {
        let (source, target) = match direction {
            Direction::Forward => (file.old.as_ref(), file.new.as_ref()),
            // What a copy was made from stays where it is.
            Direction::Reverse if file.copied => (file.new.as_ref(), None),
            Direction::Reverse => (file.new.as_ref(), file.old.as_ref()),
        };
        Self {
            file,
            source,
            target,
            direction,
        }
    }

    /// The file that is no longer there, or no longer the same, afterwards. Binary ones are left as they are.
    fn vacates(&self) -> Option<&'a RepoPath> {
        let stays =
            self.file.is_binary() || self.direction == Direction::Forward && self.file.copied;
        self.source.filter(|_| !stays)
    }

    /// The text of the target, if it is written at all; or the hunk that does not fit.
    fn result(
        &self,
        disk: &Snapshot,
        written: &Written,
        vacated: &BTreeSet<&RepoPath>,
        allowed: Where,
    ) -> Result<Result<Option<Vec<u8>>, usize>, Failure> {
        if self.file.is_binary() {
            return Ok(Ok(None));
        }
        let hunks = self.file.hunks();
        let source = self
            .source
            .map(|path| read(disk, written, path))
            .transpose()?
            .flatten();
        let starts_empty = self.source.is_none()
            || hunks
                .first()
                .is_some_and(|hunk| is_nothing(self.direction.source(hunk)));
        if source.is_none() && !starts_empty {
            return Ok(Err(0));
        }
        let Some(target) = self.target else {
            // `git diff --irreversible-delete` does not show what goes.
            let unseen = hunks.is_empty() && self.direction == Direction::Forward;
            let rest = place(&source.unwrap_or_default(), hunks, self.direction, allowed);
            return Ok(rest.and_then(|rest| {
                if rest.is_empty() || unseen || self.file.copied {
                    Ok(None)
                } else {
                    Err(0)
                }
            }));
        };
        if self.source != Some(target) && !vacated.contains(target) {
            let occupant = read(disk, written, target)?;
            if occupant.is_some_and(|text| !text.is_empty()) {
                return Ok(Err(0));
            }
        }
        let vanishes = hunks
            .last()
            .is_some_and(|hunk| is_nothing(self.direction.reversed().source(hunk)));
        let placed = place(&source.unwrap_or_default(), hunks, self.direction, allowed);
        Ok(placed.map(|text| Some(text).filter(|text| !text.is_empty() || !vanishes)))
    }
}

/// How `diff -u` writes that a file is not there.
fn is_nothing(range: diffy::HunkRange) -> bool {
    range.is_empty() && range.start() == 0
}

fn read(disk: &Snapshot, written: &Written, path: &RepoPath) -> Result<Option<Vec<u8>>, Failure> {
    if let Some(text) = written.get(path) {
        return Ok(text.clone());
    }
    disk.read(path).map_err(|reason| {
        Failure::new(format!(
            "cannot read {}, which the patch changes: {reason}",
            shown(&path.text())
        ))
    })
}

/// What all patches together did to each file.
fn compose(series: &Series<'_>) -> Vec<FileChange> {
    let mut origins: BTreeMap<RepoPath, Option<RepoPath>> = BTreeMap::new();
    let mut deleted: BTreeSet<RepoPath> = BTreeSet::new();
    for group in series {
        let follow = |file: &&FilePatch<'_>| {
            let old = file.old.as_ref().filter(|_| !file.copied)?;
            origins.get(old).cloned().unwrap_or(Some(old.clone()))
        };
        let changes: Vec<_> = group.iter().map(|file| (follow(file), file)).collect();
        for file in group.iter().filter(|file| !file.copied) {
            file.old.as_ref().map(|old| origins.remove(old));
        }
        for (origin, file) in changes {
            match &file.new {
                Some(new) => drop(origins.insert(new.clone(), origin)),
                None => deleted.extend(origin),
            }
        }
    }
    let mut files: Vec<FileChange> = Vec::new();
    for (new, origin) in origins {
        let old = origin.or_else(|| deleted.take(&new));
        files.push(FileChange {
            old,
            new: Some(new),
        });
    }
    files.extend(deleted.into_iter().map(|old| FileChange {
        old: Some(old),
        new: None,
    }));
    files
}
