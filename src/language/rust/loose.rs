//! What a file is that no target reaches: by its folder, or by the files beside it that declare it.
//!
//! Where a manifest was read, such a file is an orphan; where there is none, or none that can be read, it is product
//! as long as nothing says otherwise. Deliberately absent: `#[path]` and `include!` (they are followed from targets).

use std::collections::BTreeMap;

use super::cargo::Manifest;
use super::crates::{self, Standing};
use super::graph::{Hop, Status};
use super::outline::{Declared, Lints};
use super::predicate::Shipped;
use crate::finding::Cause;
use crate::language::Workspace;
use crate::source::RepoPath;

/// How many files are asked, and how many folders climbed, to find out about one file. Code that needs more counts
/// as product.
const LIMIT: usize = 64;

/// The folder that would hold the manifest, if there were one: above the first folder that Cargo knows by its name.
pub(super) fn folder(path: &RepoPath) -> RepoPath {
    let mut folder = RepoPath::from("");
    let above = path.parent().unwrap_or_else(|| RepoPath::from(""));
    for part in above.as_bytes().split(|byte| *byte == b'/') {
        if part == b"src" || status_of_folder(part).is_some() {
            return folder;
        }
        folder = folder.join(part);
    }
    above
}

/// What a file is that no target reaches.
pub(super) fn standing(workspace: &Workspace<'_>, path: &RepoPath, package: &Manifest) -> Standing {
    let below = path.below(&package.folder);
    let first = below.as_ref().and_then(|below| {
        let mut parts = below.as_bytes().split(|byte| *byte == b'/');
        let first = parts.next()?;
        parts.next().and(status_of_folder(first))
    });
    let unreached = |status: Status, text: String| Standing {
        status,
        lints: Lints::default(),
        chain: Vec::new(),
        otherwise: Some(Cause {
            path: package.place().text().into_owned(),
            line: package.line,
            text,
        }),
    };
    if let Some(status) = first {
        return unreached(status, "by the name of its folder".to_owned());
    }
    if package.is_readable {
        let text = format!("no target of `{}` reaches this file", package.name);
        return unreached(Status::Orphan, text);
    }
    let mut climb = Climb {
        workspace,
        package,
        known: BTreeMap::new(),
        asked: 0,
    };
    match climb.for_tests(path) {
        Some(hop) => Standing {
            status: Status::Tests,
            lints: Lints::default(),
            chain: vec![hop],
            otherwise: None,
        },
        None => unreached(
            Status::Product,
            "product, as nothing says otherwise".to_owned(),
        ),
    }
}

fn status_of_folder(name: &[u8]) -> Option<Status> {
    match name {
        b"tests" => Some(Status::Tests),
        b"benches" => Some(Status::Benches),
        b"examples" => Some(Status::Examples),
        _ => None,
    }
}

struct Climb<'a, 's> {
    workspace: &'a Workspace<'s>,
    package: &'a Manifest,
    known: BTreeMap<RepoPath, Option<Hop>>,
    asked: usize,
}

impl Climb<'_, '_> {
    /// The line that declares the file for tests, when all lines that declare it do.
    fn for_tests(&mut self, path: &RepoPath) -> Option<Hop> {
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        // What a cycle meets.
        self.known.insert(path.clone(), None);
        let answer = self.declared_for_tests(path);
        self.known.insert(path.clone(), answer.clone());
        answer
    }

    fn declared_for_tests(&mut self, path: &RepoPath) -> Option<Hop> {
        let (mut folder, name) = module_of(path)?;
        if path.as_bytes().split(|byte| *byte == b'/').count() > LIMIT {
            return None;
        }
        // Inline modules deepen the folder: `mod a { mod b; }` in x.rs is x/a/b.rs.
        let mut inline: Vec<Vec<u8>> = Vec::new();
        let mut found = None;
        while folder.is_within(&self.package.folder) {
            for parent in parents(&folder) {
                for (shipped, hop) in self.declarations(&parent, &inline, &name, path) {
                    let above = if shipped == Shipped::Never {
                        None
                    } else {
                        Some(self.for_tests(&parent)?)
                    };
                    found = found.or(Some(above.unwrap_or(hop)));
                }
            }
            let Some(above) = folder.parent() else { break };
            inline.insert(0, folder.file_name().to_vec());
            folder = above;
        }
        found
    }

    /// Each `mod name;` of the file, inside of these inline modules.
    fn declarations(
        &mut self,
        file: &RepoPath,
        inline: &[Vec<u8>],
        name: &[u8],
        path: &RepoPath,
    ) -> Vec<(Shipped, Hop)> {
        if self.asked >= LIMIT || file == path {
            return Vec::new();
        }
        let Some(declarations) = crates::declarations(self.workspace, file) else {
            return Vec::new();
        };
        self.asked += 1;
        let mut found = Vec::new();
        for declaration in declarations.iter() {
            let Declared::Module(module) = &declaration.what else {
                continue;
            };
            let around = declaration.inline.iter().map(|module| &module.name);
            if module.name == name && around.eq(inline) {
                let hop = Hop {
                    path: file.clone(),
                    line: declaration.line,
                    text: declaration.text.clone(),
                    attributes: declaration.attributes.clone(),
                    to: path.clone(),
                };
                found.push((declaration.shipped, hop));
            }
        }
        found
    }
}

/// The files whose modules lie in this folder.
fn parents(folder: &RepoPath) -> [RepoPath; 4] {
    [
        folder.join("lib.rs"),
        folder.join("main.rs"),
        folder.join("mod.rs"),
        RepoPath::new([folder.as_bytes(), b".rs"].concat()),
    ]
}

/// The folder in which the module's file is looked for, and the module's name.
pub(super) fn module_of(path: &RepoPath) -> Option<(RepoPath, Vec<u8>)> {
    let folder = path.parent()?;
    let stem = path.file_name().strip_suffix(b".rs")?;
    if stem == b"mod" {
        return Some((folder.parent()?, folder.file_name().to_vec()));
    }
    (!stem.is_empty()).then(|| (folder, stem.to_vec()))
}
