//! Which files a change turned without touching them: a `mod` line lost its `#[cfg(test)]`, a target was added.
//!
//! Nothing is read unless a manifest changed, a file came or went, or the declarations of a file differ; then only what
//! the differing ones reach is asked about. Deliberately absent: what the code in the files says of itself.

use std::collections::BTreeSet;

use super::cargo::Manifest;
use super::crates::{self, Standing};
use super::graph::{Graph, Hop};
use super::outline::Declaration;
use crate::change::FileChange;
use crate::change::lines::{Compared, Hunk};
use crate::finding::Cause;
use crate::language::{Turned, Turns, Workspace};
use crate::source::RepoPath;

/// Files that are something else now because others differ.
pub(super) fn turned(base: &Workspace<'_>, head: &Workspace<'_>, changes: &[FileChange]) -> Turns {
    let rust = || changes.iter().filter(|change| is_rust(change));
    let paths = |side: fn(&FileChange) -> &Option<RepoPath>| -> Vec<RepoPath> {
        rust().filter_map(|change| side(change).clone()).collect()
    };
    base.snapshot.expect(&paths(|change| &change.old));
    head.snapshot.expect(&paths(|change| &change.new));
    let mut reached = BTreeSet::new();
    for change in changes {
        let sides = [(base, &change.old), (head, &change.new)];
        if is_manifest(change) {
            for (workspace, path) in sides {
                reached.extend(
                    path.iter()
                        .flat_map(|path| of_manifest(workspace, path, base, head)),
                );
            }
        } else if is_rust(change) {
            match (&change.old, &change.new) {
                (Some(old), Some(new)) if old == new => {
                    for (one, other) in [(base, head), (head, base)] {
                        let differing = declared_otherwise(one, other, new);
                        reached.extend(Graph::of_declarations(one, new, &differing));
                    }
                }
                _ => {
                    for (workspace, path) in sides {
                        reached.extend(path.iter().flat_map(|path| below(workspace, path)));
                    }
                }
            }
        }
    }
    let changed: BTreeSet<&RepoPath> = changes
        .iter()
        .flat_map(|change| change.old.iter().chain(&change.new))
        .collect();
    let renamed = |path: &RepoPath| {
        let old = changes
            .iter()
            .find(|change| change.new.as_ref() == Some(path))
            .and_then(|change| change.old.clone());
        old.unwrap_or_else(|| path.clone())
    };
    let sides = Sides {
        base,
        head,
        changes,
        renamed,
    };
    let untouched = reached.iter().filter(|path| !changed.contains(path));
    let untouched = untouched
        .filter(|path| {
            // What a package reaches outside of what is kept here is not there to be looked at.
            crates::declarations(head, path).is_some() && crates::declarations(base, path).is_some()
        })
        .filter_map(|path| {
            let (was, is) = (crates::standing(base, path), crates::standing(head, path));
            let differs = was.status != is.status || was.lints != is.lints;
            differs.then(|| Turned {
                cause: sides.changed_line(sides.cause(&was, &is)),
                path: path.clone(),
            })
        })
        .collect();
    // A manifest says, too, whose methods a crate can see.
    let is_any = changes.iter().any(is_manifest);
    let touched = changed
        .iter()
        .filter(|path| is_any || reached.contains(path));
    Turns {
        touched: touched.map(|path| (*path).clone()).collect(),
        untouched,
    }
}

fn is_manifest(change: &FileChange) -> bool {
    let mut paths = change.old.iter().chain(&change.new);
    paths.any(|path| path.file_name() == b"Cargo.toml")
}

fn is_rust(change: &FileChange) -> bool {
    let mut paths = change.old.iter().chain(&change.new);
    paths.any(|path| path.extension() == Some(b"rs"))
}

/// What a file declares on one side and not likewise on the other.
fn declared_otherwise(
    one: &Workspace<'_>,
    other: &Workspace<'_>,
    path: &RepoPath,
) -> Vec<Declaration> {
    let of = |workspace: &Workspace<'_>| crates::declarations(workspace, path).unwrap_or_default();
    let (here, there) = (of(one), of(other));
    let is_there = |declaration: &&Declaration| {
        let moved = |other: &Declaration| Declaration {
            line: declaration.line,
            ..other.clone()
        };
        there.iter().any(|other| moved(other) == **declaration)
    };
    let differing = here.iter().filter(|declaration| !is_there(declaration));
    differing.cloned().collect()
}

/// What a file reaches, whichever way it looks for its modules.
fn below(workspace: &Workspace<'_>, path: &RepoPath) -> Vec<RepoPath> {
    [true, false]
        .into_iter()
        .flat_map(|is_mod_rs| {
            let graph = Graph::of_file(workspace, path, is_mod_rs);
            graph.files().cloned().collect::<Vec<_>>()
        })
        .collect()
}

/// What the packages reach that a manifest says something else of now.
fn of_manifest(
    workspace: &Workspace<'_>,
    path: &RepoPath,
    base: &Workspace<'_>,
    head: &Workspace<'_>,
) -> Vec<RepoPath> {
    let Some(folder) = path.parent() else {
        return Vec::new();
    };
    let said = |workspace: &Workspace<'_>| {
        crates::manifest(workspace, &folder).map(|manifest| Manifest {
            line: 0,
            name: String::new(),
            targets: manifest
                .targets
                .iter()
                .map(|target| super::cargo::Target {
                    line: 0,
                    text: String::new(),
                    ..target.clone()
                })
                .collect(),
            ..(*manifest).clone()
        })
    };
    let (was, is) = (said(base), said(head));
    if was == is {
        return Vec::new();
    }
    let Some(manifest) = crates::manifest(workspace, &folder) else {
        return Vec::new();
    };
    let targets = |manifest: &Option<Manifest>| {
        manifest
            .as_ref()
            .map(|it| (it.is_readable, it.targets.clone()))
    };
    let mut packages = vec![manifest.clone()];
    // The package around it, which may have held its files.
    packages.extend(
        std::iter::successors(folder.parent(), RepoPath::parent)
            .find_map(|folder| crates::manifest(workspace, &folder)),
    );
    if targets(&was) == targets(&is) || was.is_none() || is.is_none() {
        // Who needs whom may turn packages that are not named here.
        packages.extend(crates::packages(workspace, &manifest).iter().cloned());
    }
    packages
        .iter()
        .flat_map(|package| {
            let graph = crates::graph(workspace, package);
            graph.files().cloned().collect::<Vec<_>>()
        })
        .collect()
}

/// The two sides of a change, and where a file of head was in base.
struct Sides<'a, R> {
    base: &'a Workspace<'a>,
    head: &'a Workspace<'a>,
    changes: &'a [FileChange],
    renamed: R,
}

impl<R: Fn(&RepoPath) -> RepoPath> Sides<'_, R> {
    fn is_alike(&self, old: &Hop, new: &Hop) -> bool {
        old.path == (self.renamed)(&new.path)
            && old.text == new.text
            && old.attributes == new.attributes
            && old.to == (self.renamed)(&new.to)
    }

    /// Whether base has a line of head likewise, for this file or for another.
    fn was_there(&self, new: &Hop, was: &Standing) -> bool {
        let to = (self.renamed)(&new.to);
        let graph = crates::graph(self.base, &crates::package_of(self.base, &to));
        was.chain.iter().any(|old| self.is_alike(old, new))
            || graph
                .reaches(&to)
                .any(|reach| self.is_alike(&reach.hop, new))
    }

    /// Whether head still has a line of base.
    fn is_there(&self, old: &Hop, is: &Standing) -> bool {
        let graph = crates::graph(self.head, &crates::package_of(self.head, &old.to));
        is.chain.iter().any(|new| self.is_alike(old, new))
            || graph
                .reaches(&old.to)
                .any(|reach| self.is_alike(old, &reach.hop))
    }

    /// The line in head that makes the file what it is now: the first on the way to it that base does not have
    /// likewise.
    fn cause(&self, was: &Standing, is: &Standing) -> Cause {
        let fresh = is.chain.iter().find(|new| !self.was_there(new, was));
        let Some(new) = fresh else {
            return self.vanished(was, is);
        };
        let mut cause = new.cause();
        let (path, to) = ((self.renamed)(&new.path), (self.renamed)(&new.to));
        let before = was
            .chain
            .iter()
            .find(|old| old.path == path && old.to == to);
        if let Some(before) = before {
            let lost: Vec<&str> = before
                .attributes
                .iter()
                .filter(|attribute| !new.attributes.contains(attribute))
                .map(String::as_str)
                .collect();
            let is_new = |attribute: &String| !before.attributes.contains(attribute);
            if !lost.is_empty() && !new.attributes.iter().any(is_new) {
                cause.text = format!("`{}` removed from `{}`", lost.join(" "), new.text);
            }
        }
        cause
    }

    /// All that decides now was there before; what decided before is gone.
    fn vanished(&self, was: &Standing, is: &Standing) -> Cause {
        let gone = was.chain.iter().find(|old| !self.is_there(old, is));
        let deciding = is.cause();
        match gone {
            Some(gone) => Cause {
                text: format!("removed from {}: {}", gone.path.text(), gone.text),
                ..deciding
            },
            None => self.needed_otherwise().unwrap_or(deciding),
        }
    }

    /// The first changed line of a manifest that says something else of what its package needs.
    fn needed_otherwise(&self) -> Option<Cause> {
        let needs = |workspace: &Workspace<'_>, path: &RepoPath| {
            let manifest = crates::manifest(workspace, &path.parent()?)?;
            Some((manifest.needs.clone(), manifest.workspace.clone()))
        };
        let mut manifests = self.changes.iter().filter(|change| is_manifest(change));
        manifests.find_map(|change| {
            let (old, new) = (change.old.as_ref()?, change.new.as_ref()?);
            if needs(self.base, old) == needs(self.head, new) {
                return None;
            }
            let Compared {
                new: text, hunks, ..
            } = self.compared(old, new)?;
            let line = hunks.first()?.new.start.min(text.len().checked_sub(1)?);
            Some(Cause {
                path: new.text().into_owned(),
                line: line + 1,
                text: text[line].clone(),
            })
        })
    }

    fn compared(&self, old: &RepoPath, new: &RepoPath) -> Option<Compared> {
        Compared::of(self.base.snapshot, old, self.head.snapshot, new)
    }

    /// The cause at the line that changed: an attribute before a `mod`, a key below the header of a table.
    fn changed_line(&self, cause: Cause) -> Cause {
        let find = || {
            let change = self.changes.iter().find(|change| {
                let new = change.new.as_ref();
                new.is_some_and(|path| path.text() == cause.path)
            })?;
            let compared = self.compared(change.old.as_ref()?, change.new.as_ref()?)?;
            let Compared {
                new: text, hunks, ..
            } = compared;
            let line = cause.line.checked_sub(1)?;
            let above = text.get(..line)?.iter().rev();
            let attributes = above.take_while(|line| line.starts_with("#[")).count();
            let below = text.get(line + 1..)?.iter();
            let keys = below.take_while(|line| !line.starts_with('[')).count();
            let is_table = text[line].starts_with('[');
            let said = line - attributes..line + 1 + if is_table { keys } else { 0 };
            if hunks.iter().any(|hunk| hunk.new.contains(&line)) {
                return None;
            }
            let come = |hunk: &Hunk| {
                let start = hunk.new.start.max(said.start);
                (start < hunk.new.end.min(said.end)).then_some(start + 1)
            };
            hunks.iter().find_map(come)
        };
        Cause {
            line: find().unwrap_or(cause.line),
            ..cause
        }
    }
}
