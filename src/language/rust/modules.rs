//! Whether a file is a module that only tests declare: from the file upward to the files whose `mod name;` reaches it.
//!
//! The union over all declarations that are found counts, and the product wins; where none is found, the file is
//! product. Deliberately absent: `#[path]`, `include!`, and declarations that a macro makes.

use std::collections::BTreeMap;

use super::cargo::{Package, Role};
use super::{TESTS, scope, syntax};
use crate::change::Snapshot;
use crate::language::FileFacts;
use crate::matcher::{Node, Tree};
use crate::source::{RepoPath, SIZE_LIMIT};

/// How many files are parsed, and how many folders climbed, to find out about one file. Code that needs more counts
/// as product.
const LIMIT: usize = 64;

/// Whether all declarations that reach this file of the package are for tests only.
pub(super) fn is_for_tests_only(path: &RepoPath, package: &Package, snapshot: &Snapshot) -> bool {
    let mut walk = Walk {
        package,
        snapshot,
        known: BTreeMap::new(),
        parses_left: LIMIT,
    };
    walk.is_for_tests_only(path)
}

struct Walk<'a> {
    package: &'a Package,
    snapshot: &'a Snapshot,
    known: BTreeMap<RepoPath, bool>,
    parses_left: usize,
}

impl Walk<'_> {
    fn is_for_tests_only(&mut self, path: &RepoPath) -> bool {
        if let Some(known) = self.known.get(path) {
            return *known;
        }
        // What a cycle meets.
        self.known.insert(path.clone(), false);
        let answer = match self.package.role(path) {
            Role::Tests => true,
            Role::Product => {
                !self.package.is_crate_root(path) && self.is_declared_for_tests_only(path)
            }
            Role::Benches | Role::Examples | Role::BuildScript => false,
        };
        self.known.insert(path.clone(), answer);
        answer
    }

    fn is_declared_for_tests_only(&mut self, path: &RepoPath) -> bool {
        let Some((mut folder, name)) = module_of(path) else {
            return false;
        };
        if path.as_bytes().split(|byte| *byte == b'/').count() > LIMIT {
            return false;
        }
        // Inline modules deepen the folder: `mod a { mod b; }` in x.rs is x/a/b.rs.
        let mut inline: Vec<Vec<u8>> = Vec::new();
        let mut is_declared = false;
        while self.package.holds(&folder) {
            for parent in self.parents(&folder) {
                for for_tests_only in self.declarations(&parent, &inline, &name) {
                    if !for_tests_only && !self.is_for_tests_only(&parent) {
                        return false;
                    }
                    is_declared = true;
                }
            }
            let Some(above) = folder.parent() else { break };
            inline.insert(0, folder.file_name().to_vec());
            folder = above;
        }
        is_declared
    }

    /// The files whose modules lie in this folder.
    fn parents(&self, folder: &RepoPath) -> Vec<RepoPath> {
        let mut parents = self.package.crate_roots_in(folder);
        parents.push(folder.join("mod.rs"));
        let beside = RepoPath::new([folder.as_bytes(), b".rs"].concat());
        let is_module = folder
            .parent()
            .is_some_and(|above| self.package.holds(&above));
        if is_module && !self.package.is_crate_root(&beside) {
            parents.push(beside);
        }
        parents
    }

    /// For each `mod name;` of the file, inside of these inline modules: whether attributes keep it for tests.
    fn declarations(&mut self, file: &RepoPath, inline: &[Vec<u8>], name: &[u8]) -> Vec<bool> {
        let Ok(Some(text)) = self.snapshot.read(file) else {
            return Vec::new();
        };
        let mentions_it = text.windows(name.len()).any(|window| window == name);
        if text.len() > SIZE_LIMIT || !mentions_it || self.parses_left == 0 {
            return Vec::new();
        }
        self.parses_left -= 1;
        let Some(tree) = syntax::parse(&text) else {
            return Vec::new();
        };
        let facts = FileFacts::default();
        let is_for_tests = |module: Node| {
            let find = || scope::attribute_stretches(&tree);
            facts.because(TESTS, module, find).is_some()
        };
        syntax::nodes_of_kinds(&tree, &["mod_item"])
            .filter(|module| is_declaration(&tree, *module, inline, name))
            .map(is_for_tests)
            .collect()
    }
}

fn is_declaration(tree: &Tree<'_>, module: Node, inline: &[Vec<u8>], name: &[u8]) -> bool {
    if syntax::child(tree, module, "body").is_some() || module_name(tree, module) != Some(name) {
        return false;
    }
    let around = tree
        .ancestors(module)
        .filter(|node| syntax::kind(tree, *node) == "mod_item");
    let around = around.map(|node| module_name(tree, node).unwrap_or_default());
    around.eq(inline.iter().rev().map(Vec::as_slice))
}

fn module_name<'t>(tree: &Tree<'t>, module: Node) -> Option<&'t [u8]> {
    syntax::child(tree, module, "name").map(|name| syntax::plain_name(tree.bytes(name)))
}

/// The folder in which the module's file is looked for, and the module's name.
fn module_of(path: &RepoPath) -> Option<(RepoPath, Vec<u8>)> {
    let folder = path.parent()?;
    let stem = path.file_name().strip_suffix(b".rs")?;
    if stem == b"mod" {
        return Some((folder.parent()?, folder.file_name().to_vec()));
    }
    (!stem.is_empty()).then(|| (folder, stem.to_vec()))
}
