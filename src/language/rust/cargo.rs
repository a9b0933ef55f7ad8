//! What a file is to Cargo: by the manifest of its package, or by Cargo's conventions where there is none to read.
//!
//! Deliberately absent: running Cargo, `autotests` and its kin, targets of other packages that reach into this one, a
//! build script outside of its package, modules of a build script, modules of a program below `tests/`, and modules of
//! benchmarks and examples outside of their folders.

use crate::change::Snapshot;
use crate::source::{RepoPath, SIZE_LIMIT};

/// What a file is to Cargo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The library, a program, or no target at all.
    Product,
    /// In `tests/`, or named by `[[test]]`.
    Tests,
    /// In `benches/`, or named by `[[bench]]`.
    Benches,
    /// In `examples/`, or named by `[[example]]`.
    Examples,
    /// Run by Cargo before it compiles the package.
    BuildScript,
}

/// The package around a file: that of the nearest manifest.
#[derive(Debug)]
pub(super) struct Package {
    /// The folder of the manifest; `None` when there is no manifest.
    folder: Option<RepoPath>,
    build_scripts: Vec<RepoPath>,
    /// Targets whose path the manifest names.
    targets: Vec<(RepoPath, Role)>,
}

impl Package {
    /// Looks for a manifest from the file's folder upward.
    pub(super) fn around(path: &RepoPath, snapshot: &Snapshot) -> Self {
        let manifest = std::iter::successors(path.parent(), RepoPath::parent).find_map(|folder| {
            // One that cannot be read is there all the same.
            let bytes = snapshot
                .read(&folder.join("Cargo.toml"))
                .unwrap_or_else(|_| Some(Vec::new()))?;
            Some((folder, bytes))
        });
        match manifest {
            Some((folder, bytes)) => Self::described(folder, &read_manifest(&bytes)),
            None => Self {
                folder: None,
                build_scripts: Vec::new(),
                targets: Vec::new(),
            },
        }
    }

    fn described(folder: RepoPath, manifest: &toml::Table) -> Self {
        let named = |value: &toml::Value| value.as_str().and_then(|path| resolve(&folder, path));
        let build_scripts = match manifest
            .get("package")
            .and_then(|package| package.get("build"))
        {
            Some(toml::Value::Boolean(false)) => Vec::new(),
            Some(toml::Value::Array(paths)) => paths.iter().filter_map(named).collect(),
            Some(path) if path.is_str() => named(path).into_iter().collect(),
            _ => vec![folder.join("build.rs")],
        };
        let mut targets = Vec::new();
        for (key, role) in [
            ("lib", Role::Product),
            ("bin", Role::Product),
            ("test", Role::Tests),
            ("bench", Role::Benches),
            ("example", Role::Examples),
        ] {
            let tables = match manifest.get(key) {
                Some(toml::Value::Array(tables)) => tables.as_slice(),
                Some(table) => std::slice::from_ref(table),
                None => &[],
            };
            let paths = tables
                .iter()
                .filter_map(|table| table.get("path").and_then(named));
            targets.extend(paths.map(|path| (path, role)));
        }
        Self {
            folder: Some(folder),
            build_scripts,
            targets,
        }
    }

    /// What the file is.
    pub(super) fn role(&self, path: &RepoPath) -> Role {
        if self.build_scripts.contains(path) {
            return Role::BuildScript;
        }
        if let Some((_, role)) = self.targets.iter().find(|(target, _)| target == path) {
            return *role;
        }
        let Some(folder) = &self.folder else {
            return conventional_role(path);
        };
        let below = path.below(folder);
        let parts: Vec<&[u8]> = below
            .iter()
            .flat_map(|below| below.as_bytes().split(|byte| *byte == b'/'))
            .collect();
        match parts.as_slice() {
            [first, _, ..] => folder_role(first).unwrap_or(Role::Product),
            _ => Role::Product,
        }
    }

    /// Whether the file is where the compiler begins.
    pub(super) fn is_crate_root(&self, path: &RepoPath) -> bool {
        matches!(path.file_name(), b"lib.rs" | b"main.rs")
            || self.targets.iter().any(|(target, _)| target == path)
            || path
                .parent()
                .is_some_and(|folder| self.is_programs_folder(&folder))
    }

    /// The crate roots whose modules lie in this folder.
    pub(super) fn crate_roots_in(&self, folder: &RepoPath) -> Vec<RepoPath> {
        let mut roots = vec![folder.join("lib.rs"), folder.join("main.rs")];
        let named = self.targets.iter().map(|(target, _)| target);
        roots.extend(
            named
                .filter(|target| target.parent().as_ref() == Some(folder))
                .cloned(),
        );
        roots
    }

    /// Whether files in this folder belong to the package (or there is none, and they may).
    pub(super) fn holds(&self, folder: &RepoPath) -> bool {
        self.folder
            .as_ref()
            .is_none_or(|package| folder.is_within(package))
    }

    fn is_programs_folder(&self, folder: &RepoPath) -> bool {
        match &self.folder {
            Some(package) => *folder == package.join("src/bin"),
            None => folder.as_bytes() == b"src/bin" || folder.as_bytes().ends_with(b"/src/bin"),
        }
    }
}

/// The manifest as far as it goes; a broken one says nothing, and conventions remain.
fn read_manifest(bytes: &[u8]) -> toml::Table {
    if bytes.len() > SIZE_LIMIT {
        return toml::Table::new();
    }
    std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

/// Without a manifest every folder may be a package, but not one below `src`.
fn conventional_role(path: &RepoPath) -> Role {
    let parts: Vec<&[u8]> = path.as_bytes().split(|byte| *byte == b'/').collect();
    let Some((file, folders)) = parts.split_last() else {
        return Role::Product;
    };
    for folder in folders {
        if *folder == b"src" {
            return Role::Product;
        }
        if let Some(role) = folder_role(folder) {
            return role;
        }
    }
    if *file == b"build.rs" {
        Role::BuildScript
    } else {
        Role::Product
    }
}

fn folder_role(name: &[u8]) -> Option<Role> {
    match name {
        b"tests" => Some(Role::Tests),
        b"benches" => Some(Role::Benches),
        b"examples" => Some(Role::Examples),
        _ => None,
    }
}

/// A path of the manifest, seen from the repository's root; `None` when it leads out of the repository.
fn resolve(folder: &RepoPath, path: &str) -> Option<RepoPath> {
    let mut at = folder.clone();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => at = at.parent()?,
            name => at = at.join(name),
        }
    }
    Some(at)
}
