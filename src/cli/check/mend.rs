//! `codex check --fix`: mends the findings that would be reported and have a fix, in the work tree only.
//!
//! A file is written whole or not at all, when it is the same as it was read; never through a symbolic link, never outside
//! of the repository. Deliberately absent: how fixes are put together ([`crate::fix`]).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::candidate::Candidate;
use crate::change::{Change, Snapshot};
use crate::finding::{AppliedFix, Fixes, RefusedFix};
use crate::fix::{self, Mended, Outcome, Proposal};
use crate::problem::Failure;
use crate::scan::Scanner;
use crate::source::RepoPath;
use crate::write;

use super::scope::Scope;
use super::{Arguments, news};

/// What a run that mends looks at.
pub(super) struct Ground<'a, 'r> {
    pub(super) scanner: &'a Scanner<'r>,
    pub(super) change: &'a Change,
    pub(super) scope: &'a Scope<'a>,
    /// The files to look at.
    pub(super) files: &'a [RepoPath],
    /// Which candidates the baseline does not hold already.
    pub(super) is_new: &'a dyn Fn(&[Candidate<'r>]) -> Vec<bool>,
}

/// Why nothing can be mended in what was asked for, if so.
pub(super) fn refuse(arguments: &Arguments, change: &Change) -> Result<(), Failure> {
    let other = [
        (arguments.staged, "`--staged` checks what is staged"),
        (arguments.diff.is_some(), "`--diff` checks a patch"),
        (arguments.head.is_some(), "`--head` checks a revision"),
        (
            arguments.list_suppressions,
            "`--list-suppressions` lists exceptions",
        ),
        (
            change.head.root().is_none(),
            "in CI the commit is checked, not the work tree",
        ),
    ];
    match other.into_iter().find(|(is_so, _)| *is_so) {
        Some((_, what)) => Err(Failure::new(format!(
            "`--fix` changes files of the work tree, but {what}"
        ))
        .help("run `codex check --fix`, or `codex check --all --fix`, in the work tree")),
        None => Ok(()),
    }
}

/// Mends, writes, and says what was done.
pub(super) fn run(ground: &Ground<'_, '_>) -> Result<Fixes, Failure> {
    let Some(root) = ground.change.head.root() else {
        return Ok(Fixes::default());
    };
    let first = ground.proposals(&ground.change.head, ground.files)?;
    let paths: BTreeSet<RepoPath> = first.into_iter().map(|found| found.path).collect();
    let disk = Snapshot::folder(root.to_path_buf());
    let read = |path: RepoPath| Some((path.clone(), disk.read(&path).ok()??));
    // From here on everything is about these texts, whatever happens to the files.
    let originals: BTreeMap<RepoPath, Vec<u8>> = paths.into_iter().filter_map(read).collect();
    let only_these: Vec<RepoPath> = originals.keys().cloned().collect();
    let files = match ground.change.bases.is_empty() {
        true => only_these.as_slice(),
        // What was moved from one file of a change to another is not new.
        false => ground.files,
    };
    let look = |mended: &BTreeMap<RepoPath, Mended>| {
        let text = |(path, original): (&RepoPath, &Vec<u8>)| {
            let text = mended.get(path).map_or(original, |mended| &mended.text);
            (path.clone(), text.clone())
        };
        let texts = originals.iter().map(text).collect();
        let head = Snapshot::folder(root.to_path_buf()).with_texts(texts);
        let mut proposals = ground.proposals(&head, files)?;
        proposals.retain(|proposal| originals.contains_key(&proposal.path));
        Ok::<_, Failure>(proposals)
    };
    let outcome = fix::mend(look, |path| originals.get(path).cloned())?;
    Ok(write_all(outcome, &originals, root))
}

impl Ground<'_, '_> {
    /// What fixes propose in a tree.
    fn proposals(&self, head: &Snapshot, files: &[RepoPath]) -> Result<Vec<Proposal>, Failure> {
        let mut files = files.to_vec();
        let bases = &self.change.bases;
        let mut scan = news::find(self.scanner, head, bases, &mut files, self.scope)?;
        scan.candidates
            .retain(|candidate| self.scope.reports(&candidate.path));
        let is_new = (self.is_new)(&scan.candidates);
        let candidates = scan.candidates.iter().zip(is_new);
        let new = candidates.filter(|(_, is_new)| *is_new);
        Ok(new
            .filter_map(|(candidate, _)| Proposal::of(candidate))
            .collect())
    }
}

fn write_all(outcome: Outcome, originals: &BTreeMap<RepoPath, Vec<u8>>, root: &Path) -> Fixes {
    let mut fixes = Fixes::default();
    for ((path, rule), refusal) in outcome.refused {
        fixes.refused.push(RefusedFix {
            path: path.text().into_owned(),
            rule: Some(rule),
            reason: refusal.reason().to_owned(),
        });
    }
    for (path, mended) in outcome.files {
        let name = path.text().into_owned();
        if let Err(reason) = write_one(&path, originals.get(&path), &mended.text, root) {
            fixes.refused.push(RefusedFix {
                path: name,
                rule: None,
                reason,
            });
            continue;
        }
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        fixes
            .applied
            .extend(mended.applied.into_iter().map(|applied| AppliedFix {
                path: name.clone(),
                rule: applied.rule,
                line: applied.line,
                before: text(applied.before),
                after: text(applied.after),
            }));
    }
    fixes.refused.sort();
    fixes
}

fn write_one(
    path: &RepoPath,
    original: Option<&Vec<u8>>,
    text: &[u8],
    root: &Path,
) -> Result<(), String> {
    // A link on the way, or in place of the file, reads as no file.
    let now = Snapshot::folder(root.to_path_buf()).read(path)?;
    if now.as_ref() != original {
        return Err("it has changed since it was read".to_owned());
    }
    write::replace(&root.join(path.to_path()), text)
        .map_err(|error| format!("cannot be written: {error}"))
}
