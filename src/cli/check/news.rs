//! What head has and no base has: findings, exceptions, and changes of the law itself.
//!
//! Base is read only as far as head makes it necessary: not at all when head has no findings, then the same files, then
//! the other files of the change. Deliberately absent: how findings are matched ([`crate::introduced`]).

use std::collections::{BTreeMap, BTreeSet};

use crate::baseline;
use crate::candidate::Candidate;
use crate::cause;
use crate::change::lines::Origins;
use crate::change::{Base, Change, FileChange, Snapshot};
use crate::config::{self, Config};
use crate::finding::{AddedException, Cause, ChangedLaw, How};
use crate::introduced;
use crate::language::{self, Workspace};
use crate::problem::Failure;
use crate::scan::{Exception, Scan, Scanner};
use crate::source::RepoPath;

use super::same;
use super::scope::Scope;

/// Scans head, and takes away what base has already.
pub(super) fn find<'r>(
    scanner: &Scanner<'r>,
    head: &Snapshot,
    bases: &[Base],
    files: &mut Vec<RepoPath>,
    scope: &Scope<'_>,
) -> Result<Scan<'r>, Failure> {
    let workspace = Workspace::new(head);
    let (old, mut changes): (Vec<Workspace<'_>>, Vec<Vec<FileChange>>) = bases
        .iter()
        .map(|base| (workspace.beside(&base.snapshot), base.files.clone()))
        .unzip();
    let Turning { turned, touched } = turned(&workspace, &old, &mut changes);
    let looked_at = turned.keys().filter(|path| scope.looks_at(path));
    files.extend(looked_at.cloned());
    files.sort();
    files.dedup();
    let same = same::find(scanner, head, bases, &changes, &touched, files);
    let mut others = files.clone();
    others.retain(|path| !same.quiet.contains(path));
    let mut scan = scanner.scan(&workspace, &others);
    scan.files += same.scan.files;
    if !bases.is_empty() {
        refuse_lost(&scan, files, (head, ""), Snapshot::is_kept_back)?;
    }
    scan.exceptions.extend(same.scan.exceptions);
    scan.exceptions
        .sort_by(|one, other| one.path.cmp(&other.path));
    for (workspace, changes) in old.iter().zip(&changes) {
        let old = Old {
            scanner,
            head,
            workspace,
            changes,
            even: &same.even,
            scope,
        };
        scan.candidates = old.take_away(scan.candidates)?;
        scan.exceptions = old.take_exceptions_away(scan.exceptions)?;
    }
    if let (Some(old), Some(changes)) = (old.first(), changes.first()) {
        cause::find(&mut scan.candidates, changes, old.snapshot, head, &turned);
    }
    Ok(scan)
}

/// What nobody can read is a question to a human; what git alone keeps back is no state to judge a change in, and without
/// the text of a file in base nobody can say what is new.
fn refuse_lost(
    scan: &Scan<'_>,
    paths: &[RepoPath],
    (snapshot, when): (&Snapshot, &str),
    is_lost: fn(&Snapshot, &RepoPath) -> bool,
) -> Result<(), Failure> {
    let unchecked: BTreeSet<&str> = scan.unchecked.iter().map(|file| &*file.path).collect();
    let mut paths = paths
        .iter()
        .filter(|path| unchecked.contains(&*path.text()));
    match paths.find(|path| is_lost(snapshot, path)) {
        None => Ok(()),
        Some(path) => {
            let why = snapshot.read(path).err().unwrap_or_default();
            let name = path.text();
            Err(Failure::new(format!("cannot read {name}{when}: {why}")))
        }
    }
}

/// Files of which the change of other files made something else count as changed; those that are something else than in
/// every base are looked at.
fn turned(
    head: &Workspace<'_>,
    bases: &[Workspace<'_>],
    changes: &mut [Vec<FileChange>],
) -> Turning {
    let mut in_every: Option<BTreeMap<RepoPath, Cause>> = None;
    let mut touched = BTreeSet::new();
    for (base, changes) in bases.iter().zip(changes) {
        let mut turned: BTreeMap<RepoPath, Cause> = BTreeMap::new();
        for language in language::ALL {
            let turns = (language.turned)(base, head, changes);
            touched.extend(turns.touched);
            let untouched = turns.untouched.into_iter();
            turned.extend(untouched.map(|turned| (turned.path, turned.cause)));
        }
        changes.extend(turned.keys().map(|path| FileChange {
            old: Some(path.clone()),
            new: Some(path.clone()),
        }));
        match &mut in_every {
            Some(known) => known.retain(|path, _| turned.contains_key(path)),
            None => in_every = Some(turned),
        }
    }
    Turning {
        turned: in_every.unwrap_or_default(),
        touched,
    }
}

/// Of which files something else may hold, because others changed.
struct Turning {
    /// Those that did not change themselves, and why.
    turned: BTreeMap<RepoPath, Cause>,
    /// Those that did.
    touched: BTreeSet<RepoPath>,
}

/// One base, and how it is looked at.
struct Old<'a, 'r> {
    scanner: &'a Scanner<'r>,
    head: &'a Snapshot,
    workspace: &'a Workspace<'a>,
    changes: &'a [FileChange],
    /// Files of head all of whose findings base has: none of those is free for another.
    even: &'a BTreeSet<RepoPath>,
    scope: &'a Scope<'a>,
}

impl<'r> Old<'_, 'r> {
    /// Head's candidates without those that base has, too.
    fn take_away(&self, head: Vec<Candidate<'r>>) -> Result<Vec<Candidate<'r>>, Failure> {
        if head.is_empty() {
            return Ok(head);
        }
        let with_findings = head.iter().map(|candidate| &candidate.path).collect();
        let (same, other) = self.split(&with_findings);
        let same = self.scan(self.workspace, &same)?.candidates;
        let origins = Origins::new(self.workspace.snapshot, self.head);
        let was_at = |old: &RepoPath, new: &RepoPath, line| origins.of(old, new, line);
        introduced::retain_introduced(head, self.changes, same, was_at, || {
            Ok(self.scan(self.workspace, &other)?.candidates)
        })
    }

    /// Head's exceptions without those that the same file has in base.
    fn take_exceptions_away(&self, head: Vec<Exception>) -> Result<Vec<Exception>, Failure> {
        if head.is_empty() {
            return Ok(head);
        }
        let with_exceptions = head.iter().map(|exception| &exception.path).collect();
        let (same, _) = self.split(&with_exceptions);
        let base = self.scan(&Workspace::alone(self.workspace.snapshot), &same)?;
        let new_paths: BTreeMap<&RepoPath, &RepoPath> = self
            .changes
            .iter()
            .filter_map(|file| Some((file.old.as_ref()?, file.new.as_ref()?)))
            .collect();
        let mut old: BTreeMap<_, usize> = BTreeMap::new();
        for exception in &base.exceptions {
            if let Some(path) = new_paths.get(&exception.path) {
                *old.entry((*path, exception.said())).or_default() += 1;
            }
        }
        let is_new: Vec<bool> = head
            .iter()
            .map(
                |exception| match old.get_mut(&(&exception.path, exception.said())) {
                    Some(left) if *left > 0 => {
                        *left -= 1;
                        false
                    }
                    _ => true,
                },
            )
            .collect();
        drop(old);
        let head = head.into_iter().zip(is_new);
        Ok(head
            .filter_map(|(one, is_new)| is_new.then_some(one))
            .collect())
    }

    /// The files of the change under their base paths: those that are these in head, and all others.
    fn split(&self, heads: &BTreeSet<&RepoPath>) -> (Vec<RepoPath>, Vec<RepoPath>) {
        let is_same =
            |file: &&FileChange| file.new.as_ref().is_some_and(|path| heads.contains(path));
        let (same, mut other): (Vec<_>, Vec<_>) = self.changes.iter().partition(is_same);
        let is_even = |path: &RepoPath| self.even.contains(path);
        other.retain(|file| !file.new.as_ref().is_some_and(is_even));
        let old = |files: Vec<&FileChange>| -> Vec<RepoPath> {
            let paths: BTreeSet<&RepoPath> = files
                .into_iter()
                .filter_map(|file| file.old.as_ref())
                .collect();
            let looked_at = paths.into_iter().filter(|path| self.scope.looks_at(path));
            looked_at.cloned().collect()
        };
        (old(same), old(other))
    }

    /// Base as far as it is asked for.
    fn scan(&self, base: &Workspace<'_>, paths: &[RepoPath]) -> Result<Scan<'r>, Failure> {
        let scan = self.scanner.scan(base, paths);
        let base = (base.snapshot, " as it was in base");
        refuse_lost(&scan, paths, base, Snapshot::is_lost)?;
        Ok(scan)
    }
}

/// The files of the change that say what is law.
pub(super) fn changed_law(change: &Change, config: &Config, scope: &Scope<'_>) -> Vec<ChangedLaw> {
    let Some(base) = change.bases.first() else {
        return Vec::new();
    };
    let rules = scope.below_root(&config.folder.join(&config.rules));
    let is_law = |path: &RepoPath| {
        path.file_name() == config::FILE_NAME.as_bytes()
            || path.file_name() == baseline::FILE_NAME.as_bytes()
            || rules.as_ref().is_some_and(|rules| path.is_within(rules))
    };
    let changed = |file: &FileChange| {
        let path = [&file.new, &file.old]
            .into_iter()
            .flatten()
            .find(|path| is_law(path))?;
        Some(ChangedLaw {
            path: path.text().into_owned(),
            how: match (&file.old, &file.new) {
                (None, _) => How::Added,
                (_, None) => How::Deleted,
                (Some(old), Some(new)) if old != new => How::Renamed,
                _ => How::Modified,
            },
        })
    };
    base.files.iter().filter_map(changed).collect()
}

/// One entry for each rule that an exception names.
pub(super) fn added_exceptions(exceptions: &[Exception]) -> Vec<AddedException> {
    let of_rules = |exception: &Exception| {
        let Exception {
            path,
            rules,
            suppression,
            ..
        } = exception.clone();
        rules.into_iter().map(move |rule| AddedException {
            rule,
            path: path.text().into_owned(),
            suppression: suppression.clone(),
        })
    };
    exceptions.iter().flat_map(of_rules).collect()
}
