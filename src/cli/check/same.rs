//! Files that the change brings nothing into, and takes nothing out of, as far as their own text can tell: the same
//! findings for the same reasons in head and in every base.
//!
//! What a file is to others (a module of tests, one that can see a method of its crate) is not asked here, and that is
//! what makes a small change of a large repository quick: it is the same on both sides, unless the change turned it, and
//! then the file is none of these. Deliberately absent: what is new in all other files ([`crate::introduced`]).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::candidate::Candidate;
use crate::change::{Base, FileChange, Snapshot};
use crate::finding::Certainty;
use crate::language::{Granted, Workspace};
use crate::parallel::side_by_side;
use crate::scan::{Scan, Scanner};
use crate::source::RepoPath;

/// What can be told of the files without looking at others.
#[derive(Debug, Default)]
pub(super) struct Same<'r> {
    /// Files that bring nothing.
    pub(super) quiet: BTreeSet<RepoPath>,
    /// Those of them that have findings, all of which base has, and no others.
    pub(super) even: BTreeSet<RepoPath>,
    /// What a scan of the quiet files says, but for candidates.
    pub(super) scan: Scan<'r>,
}

/// Looks at those of the files that lie where they lay, and that are not `touched`: turned by the change of another.
/// `changes` are those to each base.
pub(super) fn find<'r>(
    scanner: &Scanner<'r>,
    head: &Snapshot,
    bases: &[Base],
    changes: &[Vec<FileChange>],
    touched: &BTreeSet<RepoPath>,
    files: &[RepoPath],
) -> Same<'r> {
    let mut staying = files.to_vec();
    staying.retain(|path| !touched.contains(path));
    for changes in changes {
        let stays = |file: &FileChange| {
            file.new
                .clone()
                .filter(|new| file.old.as_ref() == Some(new))
        };
        let stays: BTreeSet<RepoPath> = changes.iter().filter_map(stays).collect();
        staying.retain(|path| stays.contains(path));
    }
    if staying.is_empty() || changes.is_empty() {
        return Same::default();
    }
    let workspace = Workspace::alone(head);
    let mut scan = scanner.scan(&workspace, &staying);
    let mut granted = vec![workspace.granted()];
    let found = by_file(std::mem::take(&mut scan.candidates));
    let with_findings: Vec<RepoPath> = found.keys().cloned().collect();
    let mut even: BTreeSet<RepoPath> = with_findings.iter().cloned().collect();
    for base in bases {
        let workspace = Workspace::alone(&base.snapshot);
        let old = scanner.scan(&workspace, &with_findings);
        granted.push(workspace.granted());
        let was = by_file(old.candidates);
        even.retain(|path| was.get(path) == found.get(path));
    }
    if may_be_otherwise(&granted, head, bases, changes) {
        return Same::default();
    }
    let unchecked: BTreeSet<&str> = scan
        .unchecked
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    let is_quiet = |path: &RepoPath| {
        (even.contains(path) || !found.contains_key(path))
            && !unchecked.contains(path.text().as_ref())
            && !granted.iter().any(|granted| granted.depends(path))
    };
    let (quiet, loud): (BTreeSet<RepoPath>, BTreeSet<RepoPath>) =
        staying.into_iter().partition(is_quiet);
    even.retain(|path| quiet.contains(path));
    scan.files -= loud.len() - scan.unchecked.len();
    scan.unchecked.clear();
    scan.exceptions
        .retain(|exception| quiet.contains(&exception.path));
    Same { quiet, even, scan }
}

/// Whether a changed file, before or after, says something of what was taken for granted.
fn may_be_otherwise(
    granted: &[Granted],
    head: &Snapshot,
    bases: &[Base],
    changes: &[Vec<FileChange>],
) -> bool {
    if granted.iter().all(Granted::is_nameless) {
        return false;
    }
    let is_named = |snapshot: &Snapshot, path: &Option<RepoPath>| {
        let text = path
            .as_ref()
            .and_then(|path| snapshot.read(path).ok().flatten());
        text.is_some_and(|text| granted.iter().any(|granted| granted.is_named_in(&text)))
    };
    bases.iter().zip(changes).any(|(base, files)| {
        let is_said =
            |file: &FileChange| is_named(head, &file.new) || is_named(&base.snapshot, &file.old);
        side_by_side(files, is_said).contains(&true)
    })
}

/// What makes two findings of a file the same for certain: how often each kind of it is there.
type Findings = HashMap<Kind, usize>;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Kind {
    rule: String,
    item_path: String,
    tokens: blake3::Hash,
    is_certain: bool,
    facts: Vec<String>,
    is_suppressed: bool,
}

fn by_file(candidates: Vec<Candidate<'_>>) -> BTreeMap<RepoPath, Findings> {
    let mut files: BTreeMap<RepoPath, Findings> = BTreeMap::new();
    for candidate in candidates {
        let kind = Kind {
            rule: candidate.rule.id.clone(),
            item_path: candidate.identity.item_path,
            tokens: candidate.identity.tokens,
            is_certain: candidate.certainty == Certainty::Violation,
            facts: candidate.facts,
            is_suppressed: candidate.suppressed.is_some(),
        };
        *files
            .entry(candidate.path)
            .or_default()
            .entry(kind)
            .or_default() += 1;
    }
    files
}
