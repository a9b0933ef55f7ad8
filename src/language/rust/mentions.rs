//! Whether a package can define a method of a name at all, by its texts as they stand: most cannot, and then nobody has to
//! know which files its targets reach.
//!
//! Deliberately absent: an answer that says yes for certain ([`super::methods`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cargo::Manifest;
use super::graph::Graph;
use super::outline::Declaration;
use super::{crates, methods};
use crate::language::Workspace;
use crate::parallel;
use crate::source::RepoPath;

/// The most folders of one package that are looked into.
const LIMIT: usize = 10_000;

/// Whether a text of the package defines a method of the name, reached or not, or leads to texts elsewhere.
pub(super) fn may_define(workspace: &Workspace<'_>, package: &Manifest, name: &[u8]) -> bool {
    let key = (package.folder.clone(), name.to_vec());
    workspace.rust.methods.mentioned.get(&key, || {
        let Some(files) = sources(workspace, package) else {
            return true;
        };
        let said = map_texts(workspace, &files, |file, text| {
            let may = methods::defines(text, name) || leads_out(workspace, (file, text), &files);
            may.then_some(())
        });
        !said.is_empty()
    })
}

/// Those of the packages, by the names that code calls them, which a text of a package may name.
pub(super) fn named(
    workspace: &Workspace<'_>,
    package: &Manifest,
    mut others: BTreeMap<Vec<u8>, Arc<Manifest>>,
) -> BTreeMap<Vec<u8>, Arc<Manifest>> {
    let Some(files) = sources(workspace, package).filter(|_| !others.is_empty()) else {
        return others;
    };
    let names = map_texts(workspace, &files, |_, text| {
        let paths = super::find_all(text, b"::");
        let names = paths.map(|at| methods::name_before(text, at));
        let known: BTreeSet<Vec<u8>> = names
            .filter(|name| others.contains_key(*name))
            .map(<[u8]>::to_vec)
            .collect();
        Some(known)
    });
    let names: BTreeSet<Vec<u8>> = names.into_iter().flatten().collect();
    others.retain(|name, _| names.contains(name));
    others
}

/// Whether a text declares a file that is none of these, which are sorted.
fn leads_out(
    workspace: &Workspace<'_>,
    (file, text): (&RepoPath, &[u8]),
    files: &[RepoPath],
) -> bool {
    let holds = |word: &[u8], marks: &[u8]| {
        super::find_all(text, word).any(|at| {
            let next = text[at + word.len()..].trim_ascii_start().first();
            next.is_some_and(|next| marks.contains(next))
        })
    };
    // `path = ".."`, `include!(..)`, either with a comment between.
    if !(holds(b"path", b"=/") || holds(b"include", b"!/")) {
        return false;
    }
    let declarations = crates::declarations(workspace, file).unwrap_or_default();
    let by_path = declarations.iter().filter(|line| line.is_by_path());
    let by_path: Vec<Declaration> = by_path.cloned().collect();
    let led = Graph::of_declarations(workspace, file, &by_path);
    led.iter().any(|file| files.binary_search(file).is_err())
}

/// The Rust files below the folder of a package that are no other package's, sorted; `None` when they are too many.
fn sources(workspace: &Workspace<'_>, package: &Manifest) -> Option<Vec<RepoPath>> {
    let mut files = Vec::new();
    let mut open = vec![package.folder.clone()];
    let mut looked = 0;
    while let Some(folder) = open.pop() {
        looked += 1;
        let listed = workspace.snapshot.list(&folder).ok()?;
        let is_manifest = |(name, is_folder): &(Vec<u8>, bool)| !is_folder && name == b"Cargo.toml";
        let is_own = folder == package.folder || {
            let mut targets = package.targets.iter();
            targets.any(|target| target.root.is_within(&folder))
        };
        if !is_own && listed.iter().any(is_manifest) {
            continue;
        }
        for (name, is_folder) in listed {
            let path = folder.join(&name);
            let is_output = name == b"target" && folder == package.folder;
            if is_folder && !is_output && !name.starts_with(b".") {
                open.push(path);
            } else if !is_folder && name.ends_with(b".rs") {
                files.push(path);
            }
        }
        if looked + open.len() > LIMIT {
            return None;
        }
    }
    files.sort();
    Some(files)
}

/// What the texts say.
fn map_texts<T: Send>(
    workspace: &Workspace<'_>,
    files: &[RepoPath],
    ask: impl Fn(&RepoPath, &[u8]) -> Option<T> + Sync,
) -> Vec<T> {
    workspace.snapshot.expect(files);
    let said = parallel::apart(files, |file| {
        ask(file, &workspace.snapshot.read(file).ok()??)
    });
    said.into_iter().flatten().collect()
}
