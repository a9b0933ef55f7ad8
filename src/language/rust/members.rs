//! Which packages belong together: the members of a Cargo workspace and what they need, and who of them only tests need.
//!
//! Deliberately absent: packages of a registry, and packages that no manifest on the way names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use globset::Glob;

use super::cargo::{Kind, Manifest, Needed, resolve};
use super::crates;
use crate::language::Workspace;
use crate::source::{RepoPath, files_of};

/// The most packages of one workspace that are looked at.
const LIMIT: usize = 10_000;

/// The manifest that holds the workspace of a package: its own or one above it that has `[workspace]`; else the
/// topmost manifest above it.
pub(super) fn root(workspace: &Workspace<'_>, manifest: &Manifest) -> Arc<Manifest> {
    let mut top = Arc::new(manifest.clone());
    if manifest.workspace.is_some() {
        return top;
    }
    for folder in std::iter::successors(manifest.folder.parent(), RepoPath::parent) {
        if let Some(above) = crates::manifest(workspace, &folder) {
            let excludes = |cargo: &super::cargo::Workspace| {
                let is_around = |path: &RepoPath| manifest.folder.is_within(path);
                cargo.exclude.iter().any(is_around)
            };
            match &above.workspace {
                Some(cargo) if excludes(cargo) => {}
                Some(_) => return above,
                None => top = above,
            }
        }
    }
    top
}

/// The packages below a root, sorted by folder.
pub(super) fn of(workspace: &Workspace<'_>, root: &Manifest) -> Vec<Arc<Manifest>> {
    let mut open = vec![root.folder.clone()];
    if let Some(cargo) = &root.workspace {
        for member in &cargo.members {
            open.extend(expand(workspace, &root.folder, member));
        }
        open.retain(|folder| !cargo.exclude.contains(folder));
    } else if let Some(folder) = root.folder.parent() {
        // Packages side by side that are no workspace need each other all the same.
        let beside = workspace.snapshot.list(&folder).unwrap_or_default();
        let folders = beside.into_iter().filter(|(_, is_folder)| *is_folder);
        open.extend(folders.map(|(name, _)| folder.join(name)));
    }
    let mut seen = BTreeSet::new();
    let mut packages = BTreeMap::new();
    while let Some(folder) = open.pop() {
        if packages.len() >= LIMIT || !seen.insert(folder.clone()) {
            continue;
        }
        if let Some(manifest) = crates::manifest(workspace, &folder) {
            open.extend(needs(&manifest, root).into_iter().map(|(folder, _)| folder));
            packages.insert(folder, manifest);
        }
    }
    packages.into_values().collect()
}

/// The folders of the packages that a package needs by their paths, and whether for its tests only.
pub(super) fn needs(manifest: &Manifest, root: &Manifest) -> Vec<(RepoPath, bool)> {
    let folder = |(needed, for_tests): &(Needed, bool)| match given(needed, root)? {
        Needed::Folder(folder) => Some((folder.clone(), *for_tests)),
        _ => None,
    };
    manifest.needs.iter().filter_map(folder).collect()
}

/// What is needed, and if the workspace says where that is, what it says.
fn given<'m>(needed: &'m Needed, root: &'m Manifest) -> Option<&'m Needed> {
    let Needed::Inherited(name) = needed else {
        return Some(needed);
    };
    let dependencies = &root.workspace.as_ref()?.dependencies;
    let (_, needed) = dependencies.iter().find(|(known, _)| known == name)?;
    Some(needed)
}

/// The packages that these need to run, themselves first; a member counts whose name is that of a package needed from
/// elsewhere, as it is that package at another time, or takes its place.
pub(super) fn visible(
    workspace: &Workspace<'_>,
    manifests: Vec<Arc<Manifest>>,
) -> Vec<Arc<Manifest>> {
    let mut visible: Vec<Arc<Manifest>> = Vec::new();
    let Some(first) = manifests.first() else {
        return visible;
    };
    let root = root(workspace, first);
    let mut seen = BTreeSet::new();
    let mut open = manifests;
    while let Some(package) = open.pop() {
        if !seen.insert(package.folder.clone()) {
            continue;
        }
        for (needed, _) in package.needs.iter().filter(|(_, for_tests)| !for_tests) {
            match given(needed, &root) {
                Some(Needed::Folder(folder)) => open.extend(crates::manifest(workspace, folder)),
                Some(Needed::Named(name)) if root.workspace.is_some() => {
                    let members = crates::packages(workspace, &root);
                    open.extend(members.iter().find(|member| member.name == *name).cloned());
                }
                _ => {}
            }
        }
        visible.push(package);
    }
    visible
}

/// The packages that nothing reaches but dependencies for tests.
pub(super) fn support(workspace: &Workspace<'_>, root: &Arc<Manifest>) -> BTreeSet<RepoPath> {
    let packages = crates::packages(workspace, root);
    let folders: BTreeSet<RepoPath> = packages
        .iter()
        .map(|package| package.folder.clone())
        .collect();
    let mut needed: BTreeMap<RepoPath, Vec<RepoPath>> = BTreeMap::new();
    let mut needed_to_run: BTreeMap<RepoPath, Vec<RepoPath>> = BTreeMap::new();
    // Whom a package is needed by to run; those that only tests need have an empty list.
    let mut users: BTreeMap<RepoPath, Vec<RepoPath>> = BTreeMap::new();
    for package in packages.iter() {
        for (folder, for_tests) in needs(package, root) {
            if folder == package.folder || !folders.contains(&folder) {
                continue;
            }
            let user = || package.folder.clone();
            let users = users.entry(folder.clone()).or_default();
            if !for_tests {
                users.push(user());
                let needed_to_run = needed_to_run.entry(user()).or_default();
                needed_to_run.push(folder.clone());
            }
            needed.entry(user()).or_default().push(folder);
        }
    }
    let closure = |from: Vec<RepoPath>, edges: &BTreeMap<RepoPath, Vec<RepoPath>>| {
        let mut closure = BTreeSet::new();
        let mut open = from;
        while let Some(folder) = open.pop() {
            if closure.insert(folder.clone()) {
                open.extend(edges.get(&folder).into_iter().flatten().cloned());
            }
        }
        closure
    };
    // Made for its own sake: it is a program, or nobody needs it to run but what it needs itself, for its tests.
    let is_own_purpose = |package: &&Arc<Manifest>| {
        let Some(users) = users.get(&package.folder) else {
            return true;
        };
        let is_there = |root: &RepoPath| crates::declarations(workspace, root).is_some();
        let mut programs = package
            .targets
            .iter()
            .filter(|target| target.kind == Kind::Program);
        if programs.any(|target| is_there(&target.root)) {
            return true;
        }
        let around = closure(vec![package.folder.clone()], &needed);
        !users.is_empty() && users.iter().all(|user| around.contains(user))
    };
    let own: Vec<RepoPath> = packages
        .iter()
        .filter(is_own_purpose)
        .map(|package| package.folder.clone())
        .collect();
    let product = closure(own, &needed_to_run);
    folders.difference(&product).cloned().collect()
}

/// The folders that a pattern of `members` names.
fn expand(workspace: &Workspace<'_>, folder: &RepoPath, pattern: &str) -> Vec<RepoPath> {
    if !pattern.contains(['*', '?', '[']) {
        return resolve(folder, pattern).into_iter().collect();
    }
    let mut folders = vec![folder.clone()];
    for part in pattern.split('/') {
        let mut next = Vec::new();
        for folder in &folders {
            if part.contains(['*', '?', '[']) {
                next.extend(matching(workspace, folder, part));
            } else {
                next.extend(resolve(folder, part));
            }
        }
        next.truncate(LIMIT);
        folders = next;
    }
    folders
}

fn matching(workspace: &Workspace<'_>, folder: &RepoPath, part: &str) -> Vec<RepoPath> {
    let Ok(glob) = Glob::new(part).and_then(files_of) else {
        return Vec::new();
    };
    let listed = workspace.snapshot.list(folder).unwrap_or_default();
    listed
        .into_iter()
        .filter(|(name, is_folder)| {
            *is_folder && glob.is_match(String::from_utf8_lossy(name).as_ref())
        })
        .map(|(name, _)| folder.join(name))
        .collect()
}
