//! What is known of the crates around a file: their manifests, which files their targets reach, and what a file is.
//!
//! Everything is found out at the first question and kept in the [`Workspace`]. Deliberately absent: what is said inside
//! of the file itself ([`super::scope`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::cargo::{Kind, Manifest, Target};
use super::graph::{Graph, Hop, Reach, Status};
use super::mentions::Sources;
use super::methods::Methods;
use super::outline::{self, Declaration, Lints};
use super::predicate::Shipped;
use super::{lints, loose, members};
use crate::finding::Cause;
use crate::language::Workspace;
use crate::source::{RepoPath, SIZE_LIMIT};

/// What Rust has learned of a snapshot.
#[derive(Debug, Default)]
pub(in crate::language) struct Learned {
    manifests: Memo<RepoPath, Option<Arc<Manifest>>>,
    packages: Memo<RepoPath, Arc<Manifest>>,
    declarations: Memo<RepoPath, Option<Arc<Vec<Declaration>>>>,
    /// What texts declare, by their hash: most are the same in base and head.
    texts: Arc<Memo<[u8; 32], Arc<Vec<Declaration>>>>,
    graphs: Memo<RepoPath, Arc<Graph>>,
    members: Memo<RepoPath, Arc<Vec<Arc<Manifest>>>>,
    support: Memo<RepoPath, Arc<BTreeSet<RepoPath>>>,
    pub(super) sources: Memo<RepoPath, Option<Arc<Sources>>>,
    pub(super) methods: Methods,
}

impl Learned {
    /// With what was learned of texts, for another snapshot.
    pub(in crate::language) fn beside(&self) -> Self {
        Self {
            texts: Arc::clone(&self.texts),
            ..Self::default()
        }
    }
}

/// Answers that were found once. Whoever asks first finds out, others wait; the questions of one kind never need
/// another answer of the same kind.
#[derive(Debug)]
pub(super) struct Memo<K, V>(Mutex<BTreeMap<K, Arc<OnceLock<V>>>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }
}

impl<K: Ord + Clone, V: Clone> Memo<K, V> {
    pub(super) fn get(&self, key: &K, find: impl FnOnce() -> V) -> V {
        let cell = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(key.clone()).or_default())
        };
        cell.get_or_init(find).clone()
    }
}

/// The manifest of a folder.
pub(super) fn manifest(workspace: &Workspace<'_>, folder: &RepoPath) -> Option<Arc<Manifest>> {
    let find = || Manifest::read(folder, workspace.snapshot).map(Arc::new);
    workspace.rust.manifests.get(folder, find)
}

/// The files that a file declares; `None` when there is no such file.
pub(super) fn declarations(
    workspace: &Workspace<'_>,
    file: &RepoPath,
) -> Option<Arc<Vec<Declaration>>> {
    workspace.rust.declarations.get(file, || {
        let text = workspace.snapshot.read(file).ok()??;
        if text.len() > SIZE_LIMIT || !outline::may_declare(&text) {
            return Some(Arc::default());
        }
        let read = || Arc::new(outline::read(&text, 0..text.len()).declarations);
        let hash = *blake3::hash(&text).as_bytes();
        Some(workspace.rust.texts.get(&hash, read))
    })
}

/// What the targets of a package reach.
pub(super) fn graph(workspace: &Workspace<'_>, manifest: &Manifest) -> Arc<Graph> {
    let find = || Arc::new(Graph::of_package(workspace, manifest));
    workspace.rust.graphs.get(&manifest.folder, find)
}

/// The packages of a workspace, sorted by folder: members, and what they need.
pub(super) fn packages(workspace: &Workspace<'_>, manifest: &Manifest) -> Arc<Vec<Arc<Manifest>>> {
    let root = members::root(workspace, manifest);
    let find = || Arc::new(members::of(workspace, &root));
    workspace.rust.members.get(&root.folder, find)
}

/// The package of a file: that of the nearest manifest, or of a folder that is laid out as one.
pub(super) fn package_of(workspace: &Workspace<'_>, path: &RepoPath) -> Arc<Manifest> {
    let around = path.parent().unwrap_or_else(|| RepoPath::from(""));
    workspace.rust.packages.get(&around, || {
        let mut folders = std::iter::successors(Some(around.clone()), RepoPath::parent);
        if let Some(manifest) = folders.find_map(|folder| manifest(workspace, &folder)) {
            return manifest;
        }
        let folder = loose::folder(path);
        Arc::new(Manifest::conventional(&folder, workspace.snapshot))
    })
}

/// What a file is, and why. Product, until something is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) status: Status,
    /// What the lines that lead to it say about lints.
    pub(super) lints: Lints,
    /// The lines that lead to it, from the target downward.
    pub(super) chain: Vec<Hop>,
    /// What decides without any such line.
    pub(super) otherwise: Option<Cause>,
}

impl Standing {
    /// What to show as the reason: the first line on the way that makes it what it is.
    pub(super) fn cause(&self) -> Cause {
        let is_telling = |hop: &&Hop| !hop.attributes.is_empty();
        let telling = self
            .chain
            .iter()
            .rfind(is_telling)
            .filter(|_| matches!(self.status, Status::Tests | Status::MaybeShipped));
        match (telling.or(self.chain.first()), &self.otherwise) {
            (Some(hop), _) => hop.cause(),
            (None, Some(cause)) => cause.clone(),
            (None, None) => Cause {
                path: String::new(),
                line: 1,
                text: String::new(),
            },
        }
    }
}

impl Hop {
    /// The line, with the attributes that matter.
    pub(super) fn cause(&self) -> Cause {
        let mut text: Vec<&str> = self.attributes.iter().map(String::as_str).collect();
        text.push(&self.text);
        Cause {
            path: self.path.text().into_owned(),
            line: self.line,
            text: text.join(" "),
        }
    }
}

/// What a file is.
pub(super) fn standing(workspace: &Workspace<'_>, path: &RepoPath) -> Standing {
    if workspace.grants(|_| ()) {
        return Standing::default();
    }
    let package = package_of(workspace, path);
    let mut found = reached(&graph(workspace, &package), path);
    if package.path.is_some() && !found.as_ref().is_some_and(is_product) {
        // Others may reach into this package.
        for other in packages(workspace, &package).iter() {
            if other.folder != package.folder {
                let elsewhere = reached(&graph(workspace, other), path);
                let is_more = |elsewhere: &Standing| {
                    found
                        .as_ref()
                        .is_none_or(|found| elsewhere.status > found.status)
                };
                found = elsewhere.filter(is_more).or(found);
            }
            if found.as_ref().is_some_and(is_product) {
                break;
            }
        }
    }
    found.unwrap_or_else(|| loose::standing(workspace, path, &package))
}

/// Whether plain `mod` lines, of the files in which a reader would look first, lead from a target of the product to a
/// file: then it is product, and no lint is allowed for all of it, whatever else leads to it. Otherwise only the whole
/// graph can tell.
pub(super) fn is_plainly_product(workspace: &Workspace<'_>, path: &RepoPath) -> bool {
    let package = package_of(workspace, path);
    if package.path.is_none() || !package.is_readable {
        return false;
    }
    if !lints::allowed(workspace, &package).is_empty() {
        return false;
    }
    let is_product = |target: &&Target| {
        Status::of(target.kind) == Status::Product
            && target.shipped == Shipped::Always
            && (target.kind == Kind::Program || !is_test_support(workspace, &package))
    };
    let declares = |file: &RepoPath, name: &[u8]| {
        let declarations = declarations(workspace, file).unwrap_or_default();
        declarations.iter().any(|line| line.is_plain(name))
    };
    if package.targets.iter().any(|target| target.root == *path) {
        let mut roots = package.targets.iter().filter(|target| target.root == *path);
        return roots.any(|target| is_product(&target));
    }
    let mut file = path.clone();
    while let Some((folder, name)) = loose::module_of(&file) {
        if !folder.is_within(&package.folder) {
            return false;
        }
        let beside = |target: &&Target| target.root.parent().as_ref() == Some(&folder);
        let roots = package.targets.iter().filter(beside);
        if roots
            .filter(is_product)
            .any(|target| declares(&target.root, &name))
        {
            return true;
        }
        let named = RepoPath::new([folder.as_bytes(), b".rs"].concat());
        let Some(parent) = [folder.join("mod.rs"), named]
            .into_iter()
            .find(|parent| *parent != file && declares(parent, &name))
        else {
            return false;
        };
        file = parent;
    }
    false
}

fn is_product(standing: &Standing) -> bool {
    standing.status == Status::Product
}

/// Of all ways to a file, the one that is most held against it; a lint is allowed when all those allow it.
fn reached(graph: &Graph, path: &RepoPath) -> Option<Standing> {
    let status = graph.reaches(path).map(|reach| reach.status).max()?;
    let best: Vec<&Reach> = graph
        .reaches(path)
        .filter(|reach| reach.status == status)
        .collect();
    let lints: BTreeSet<Lints> = best.iter().map(|reach| reach.lints).collect();
    Some(Standing {
        status,
        lints: lints.into_iter().reduce(Lints::both).unwrap_or_default(),
        chain: graph.chain(best.first()?),
        otherwise: None,
    })
}

/// Whether only the tests of other packages need a package, which nobody else can get.
pub(super) fn is_test_support(workspace: &Workspace<'_>, manifest: &Manifest) -> bool {
    if manifest.is_published {
        return false;
    }
    let root = members::root(workspace, manifest);
    let find = || Arc::new(members::support(workspace, &root));
    let support = workspace.rust.support.get(&root.folder, find);
    support.contains(&manifest.folder)
}
