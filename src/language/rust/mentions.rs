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
        let Some(sources) = sources(workspace, package) else {
            return true;
        };
        let said = sources.map_texts(workspace, |_, text| {
            methods::defines(text, name).then_some(())
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
    if others.is_empty() {
        return others;
    }
    let Some(sources) = sources(workspace, package) else {
        return others;
    };
    let names = sources.map_texts(workspace, |_, text| {
        let paths = super::find_all(text, b"::");
        let names = paths.map(|at| methods::name_before(text, at));
        let known = names.filter(|name| others.contains_key(*name));
        Some(known.map(<[u8]>::to_vec).collect::<BTreeSet<_>>())
    });
    let names: BTreeSet<Vec<u8>> = names.into_iter().flatten().collect();
    others.retain(|name, _| names.contains(name));
    others
}

/// The texts of a package; `None` when it may have others.
fn sources(workspace: &Workspace<'_>, package: &Manifest) -> Option<Arc<Sources>> {
    workspace.rust.sources.get(&package.folder, || {
        let sources = Sources::of(workspace, package)?;
        let leading = sources.map_texts(workspace, |file, text| {
            sources.lead_out(workspace, file, text).then_some(())
        });
        leading.is_empty().then(|| Arc::new(sources))
    })
}

/// What lies in the folder of a package.
#[derive(Debug)]
pub(super) struct Sources {
    /// The Rust files that are no other package's, sorted.
    files: Vec<RepoPath>,
    /// The names of the folders that are other packages, which a `mod` line may lead into all the same.
    packages: BTreeSet<Vec<u8>>,
}

impl Sources {
    /// `None` when they are too many, or when a target begins somewhere else.
    fn of(workspace: &Workspace<'_>, package: &Manifest) -> Option<Self> {
        let mut files = Vec::new();
        let mut packages = BTreeSet::new();
        let mut open = vec![package.folder.clone()];
        let mut looked = 0;
        while let Some(folder) = open.pop() {
            looked += 1;
            let listed = workspace.snapshot.list(&folder).ok()?;
            let is_manifest =
                |(name, is_folder): &(Vec<u8>, bool)| !is_folder && name == b"Cargo.toml";
            let is_own = folder == package.folder || {
                let mut targets = package.targets.iter();
                targets.any(|target| target.root.is_within(&folder))
            };
            if !is_own && listed.iter().any(is_manifest) {
                packages.insert(folder.file_name().to_vec());
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
        // A root that is conventional may be missing.
        let is_elsewhere = |root: &RepoPath| {
            files.binary_search(root).is_err() && !matches!(workspace.snapshot.read(root), Ok(None))
        };
        let mut targets = package.targets.iter();
        let all_here = !targets.any(|target| is_elsewhere(&target.root));
        all_here.then_some(Self { files, packages })
    }

    /// Whether a text declares a file that is none of these.
    fn lead_out(&self, workspace: &Workspace<'_>, file: &RepoPath, text: &[u8]) -> bool {
        // What follows a word, or a comment.
        let after = |word: &'static [u8]| {
            super::find_all(text, word).map(|at| text[at + word.len()..].trim_ascii_start())
        };
        let holds = |word: &'static [u8], marks: &[u8]| {
            after(word).any(|next| next.first().is_some_and(|next| marks.contains(next)))
        };
        let is_package = |next: &[u8]| {
            let name = next.strip_prefix(b"r#").unwrap_or(next);
            let is_name = |byte: &&u8| **byte == b'_' || byte.is_ascii_alphanumeric();
            let length = name.iter().take_while(is_name).count();
            next.starts_with(b"/") || self.packages.contains(&name[..length])
        };
        if !self.packages.is_empty() && after(b"mod").any(is_package) {
            return true;
        }
        // `path = ".."`, `include!(..)`, either with a comment between.
        if !(holds(b"path", b"=/") || holds(b"include", b"!/")) {
            return false;
        }
        let declarations = crates::declarations(workspace, file).unwrap_or_default();
        let by_path = declarations.iter().filter(|line| line.is_by_path());
        let by_path: Vec<Declaration> = by_path.cloned().collect();
        let led = Graph::of_declarations(workspace, file, &by_path);
        led.iter()
            .any(|file| self.files.binary_search(file).is_err())
    }

    /// What the texts say.
    fn map_texts<T: Send>(
        &self,
        workspace: &Workspace<'_>,
        ask: impl Fn(&RepoPath, &[u8]) -> Option<T> + Sync,
    ) -> Vec<T> {
        workspace.snapshot.expect(&self.files);
        let said = parallel::apart(&self.files, |file| {
            ask(file, &workspace.snapshot.read(file).ok()??)
        });
        said.into_iter().flatten().collect()
    }
}
