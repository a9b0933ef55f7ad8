//! What a manifest says: which files the compiler begins with, what for, and which packages a package needs.
//!
//! Where a manifest cannot be read, or there is none, Cargo's conventions remain. Deliberately absent: running Cargo,
//! registries, features, and profiles; the targets of edition 2015 are found as those of later editions.

use std::collections::{BTreeMap, BTreeSet};

use super::lints::ManifestLints;
use super::predicate::{self, Shipped};
use crate::change::Snapshot;
use crate::source::{RepoPath, SIZE_LIMIT};

/// What a target is made for; the later ones are held against a file rather than the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Test,
    BuildScript,
    Bench,
    Example,
    /// A library that the compiler runs.
    ProcMacro,
    Library,
    Program,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Test => "a test",
            Self::BuildScript => "the build script",
            Self::Bench => "a benchmark",
            Self::Example => "an example",
            Self::ProcMacro => "the procedural macros",
            Self::Library => "the library",
            Self::Program => "a program",
        }
    }
}

/// A file with which the compiler begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) kind: Kind,
    pub(super) root: RepoPath,
    /// Less than always when a feature is required that is there for tests.
    pub(super) shipped: Shipped,
    /// The line of the manifest that says so, from 1.
    pub(super) line: usize,
    /// What it says.
    pub(super) text: String,
}

/// Where a needed package lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Needed {
    Folder(RepoPath),
    /// What the workspace gives this name to.
    Inherited(String),
    /// Wherever it is found: a member of this name may stand in for what a registry has.
    Named(String),
}

/// A manifest, as far as it says anything about targets and packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    /// Its folder.
    pub(super) folder: RepoPath,
    /// Its path; `None` when there is no manifest.
    pub(super) path: Option<RepoPath>,
    /// Whether it was read, and so says all there is to say.
    pub(super) is_readable: bool,
    /// The line of `[package]`.
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) targets: Vec<Target>,
    /// Packages that it needs, and whether for its tests only.
    pub(super) needs: Vec<(Needed, bool)>,
    pub(super) workspace: Option<Workspace>,
    pub(super) lints: ManifestLints,
    /// Whether it says all that a registry asks for, and does not refuse: then it is a product itself.
    pub(super) is_published: bool,
}

/// `[workspace]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Workspace {
    pub(super) members: Vec<String>,
    pub(super) exclude: Vec<RepoPath>,
    pub(super) dependencies: Vec<(String, Needed)>,
    pub(super) lints: ManifestLints,
}

impl Manifest {
    /// The manifest of this folder; `None` when there is none.
    pub(super) fn read(folder: &RepoPath, snapshot: &Snapshot) -> Option<Self> {
        let path = folder.join("Cargo.toml");
        // One that cannot be read is there all the same.
        let bytes = snapshot.read(&path).unwrap_or_else(|_| Some(Vec::new()))?;
        let text = String::from_utf8_lossy(&bytes);
        let table = (bytes.len() <= SIZE_LIMIT)
            .then(|| {
                text.trim_start_matches('\u{feff}')
                    .parse::<toml::Table>()
                    .ok()
            })
            .flatten()
            .filter(|table| !table.is_empty());
        let is_readable = table.is_some();
        let reader = Reader {
            folder: folder.clone(),
            table: table.unwrap_or_default(),
            headers: headers(&text),
            snapshot,
        };
        Some(reader.manifest(Some(path), is_readable))
    }

    /// A folder without a manifest that is laid out as if there were one.
    pub(super) fn conventional(folder: &RepoPath, snapshot: &Snapshot) -> Self {
        let reader = Reader {
            folder: folder.clone(),
            table: toml::Table::new(),
            headers: BTreeMap::new(),
            snapshot,
        };
        reader.manifest(None, false)
    }

    /// The path of the manifest, or where it would lie.
    pub(super) fn place(&self) -> RepoPath {
        self.path
            .clone()
            .unwrap_or_else(|| self.folder.join("Cargo.toml"))
    }
}

struct Reader<'a> {
    folder: RepoPath,
    table: toml::Table,
    /// Which header stands on which lines.
    headers: BTreeMap<String, Vec<usize>>,
    snapshot: &'a Snapshot,
}

/// A kind of targets: its key, the key that switches discovery off, the folder, and the kind.
const SECTIONS: [(&str, &str, &str, Kind); 4] = [
    ("bin", "autobins", "src/bin", Kind::Program),
    ("test", "autotests", "tests", Kind::Test),
    ("bench", "autobenches", "benches", Kind::Bench),
    ("example", "autoexamples", "examples", Kind::Example),
];

impl Reader<'_> {
    fn manifest(&self, path: Option<RepoPath>, is_readable: bool) -> Manifest {
        let package = self.package();
        let name = package
            .and_then(|package| package.get("name"))
            .and_then(toml::Value::as_str)
            .map_or_else(
                || String::from_utf8_lossy(self.folder.file_name()).into_owned(),
                str::to_owned,
            );
        let mut manifest = Manifest {
            line: self.line_of("[package]", 0),
            path,
            is_readable,
            name,
            targets: Vec::new(),
            needs: self.needs(),
            workspace: self.workspace(),
            lints: ManifestLints::read(&self.table),
            is_published: self.is_published(),
            folder: self.folder.clone(),
        };
        // A virtual manifest has no targets.
        if package.is_some() || !is_readable {
            manifest.targets = self.targets(&manifest);
        }
        manifest
    }

    fn package(&self) -> Option<&toml::Table> {
        let package = self.table.get("package").or(self.table.get("project"))?;
        package.as_table()
    }

    /// <https://doc.rust-lang.org/cargo/reference/publishing.html#before-publishing-a-new-crate>
    fn is_published(&self) -> bool {
        let Some(package) = self.package() else {
            return false;
        };
        let refuses = match package.get("publish") {
            Some(toml::Value::Boolean(may)) => !may,
            Some(toml::Value::Array(registries)) => registries.is_empty(),
            _ => false,
        };
        let has = |key: &str| package.contains_key(key);
        !refuses && has("description") && (has("license") || has("license-file"))
    }

    fn targets(&self, manifest: &Manifest) -> Vec<Target> {
        let conventional = |kind: Kind, root: RepoPath| Target {
            kind,
            shipped: Shipped::Always,
            line: manifest.line,
            text: self.describe(kind, manifest, &root),
            root,
        };
        let mut targets: Vec<Target> = self
            .build_scripts()
            .into_iter()
            .map(|root| conventional(Kind::BuildScript, root))
            .collect();
        targets.extend(self.library(manifest));
        for (key, auto, folder, kind) in SECTIONS {
            let mut names = BTreeSet::new();
            for (index, table) in self.tables(key).into_iter().enumerate() {
                names.extend(string(table, "name").map(str::to_owned));
                let roots = match string(table, "path") {
                    Some(path) => resolve(&self.folder, path).into_iter().collect(),
                    None => self.inferred(table, folder, kind, manifest),
                };
                targets.extend(roots.into_iter().map(|root| Target {
                    kind,
                    shipped: required(table),
                    line: self.line_of(&format!("[[{key}]]"), index),
                    text: self.describe(kind, manifest, &root),
                    root,
                }));
            }
            let is_off = self.package().and_then(|package| package.get(auto))
                == Some(&toml::Value::Boolean(false));
            if !is_off {
                let found = self.discovered(folder, kind, manifest);
                targets.extend(
                    found
                        .into_iter()
                        .filter(|(name, _)| !names.contains(name))
                        .map(|(_, root)| conventional(kind, root)),
                );
            }
        }
        targets
    }

    fn describe(&self, kind: Kind, manifest: &Manifest, root: &RepoPath) -> String {
        let below = root.below(&self.folder);
        let shown = below.as_ref().unwrap_or(root).text().into_owned();
        format!("`{shown}` is {} of `{}`", kind.word(), manifest.name)
    }

    fn build_scripts(&self) -> Vec<RepoPath> {
        let named =
            |value: &toml::Value| value.as_str().and_then(|path| resolve(&self.folder, path));
        match self.package().and_then(|package| package.get("build")) {
            Some(toml::Value::Boolean(false)) => Vec::new(),
            Some(toml::Value::Array(paths)) => paths.iter().filter_map(named).collect(),
            Some(path) if path.is_str() => named(path).into_iter().collect(),
            _ => vec![self.folder.join("build.rs")],
        }
    }

    fn library(&self, manifest: &Manifest) -> Option<Target> {
        let table = self.table.get("lib").and_then(toml::Value::as_table);
        let is_true = |key: &str| {
            table.is_some_and(|table| table.get(key) == Some(&toml::Value::Boolean(true)))
        };
        let types = table
            .and_then(|table| table.get("crate-type").or(table.get("crate_type")))
            .and_then(toml::Value::as_array);
        let is_macro_type = |kind: &toml::Value| kind.as_str() == Some("proc-macro");
        let is_proc_macro = is_true("proc-macro")
            || is_true("proc_macro")
            || types.is_some_and(|types| types.iter().any(is_macro_type));
        let path = table.and_then(|table| string(table, "path"));
        let root = resolve(&self.folder, path.unwrap_or("src/lib.rs"))?;
        let kind = if is_proc_macro {
            Kind::ProcMacro
        } else {
            Kind::Library
        };
        Some(Target {
            kind,
            shipped: Shipped::Always,
            line: match table {
                Some(_) => self.line_of("[lib]", 0),
                None => manifest.line,
            },
            text: self.describe(kind, manifest, &root),
            root,
        })
    }

    /// `[[test]]` and its kin, of which an inline table or a single one counts, too.
    fn tables(&self, key: &str) -> Vec<&toml::Table> {
        match self.table.get(key) {
            Some(toml::Value::Array(tables)) => {
                tables.iter().filter_map(toml::Value::as_table).collect()
            }
            Some(toml::Value::Table(table)) => vec![table],
            _ => Vec::new(),
        }
    }

    /// Where a target lies that has a name and no path.
    fn inferred(
        &self,
        table: &toml::Table,
        folder: &str,
        kind: Kind,
        manifest: &Manifest,
    ) -> Vec<RepoPath> {
        let Some(name) = string(table, "name") else {
            return Vec::new();
        };
        let beside = resolve(&self.folder, &format!("{folder}/{name}.rs"));
        let inside = resolve(&self.folder, &format!("{folder}/{name}/main.rs"));
        let mut roots: Vec<RepoPath> = beside.into_iter().chain(inside).collect();
        roots.retain(|root| self.is_file(root));
        if kind == Kind::Program && (roots.is_empty() || name == manifest.name) {
            roots.push(self.folder.join("src/main.rs"));
        }
        roots
    }

    fn is_file(&self, path: &RepoPath) -> bool {
        let folder = path.parent().unwrap_or_else(|| RepoPath::from(""));
        let listed = self.snapshot.list(&folder).unwrap_or_default();
        listed.contains(&(path.file_name().to_vec(), false))
    }

    /// Names and roots of what Cargo finds by itself.
    fn discovered(&self, folder: &str, kind: Kind, manifest: &Manifest) -> Vec<(String, RepoPath)> {
        let mut found = Vec::new();
        if kind == Kind::Program {
            found.push((manifest.name.clone(), self.folder.join("src/main.rs")));
        }
        let Some(folder) = resolve(&self.folder, folder) else {
            return found;
        };
        for (name, is_folder) in self.snapshot.list(&folder).unwrap_or_default() {
            let text = String::from_utf8_lossy(&name).into_owned();
            if is_folder {
                let main = folder.join(&name).join("main.rs");
                if self.is_file(&main) {
                    found.push((text, main));
                }
            } else if let Some(stem) = text.strip_suffix(".rs") {
                found.push((stem.to_owned(), folder.join(&name)));
            }
        }
        found
    }

    fn needs(&self) -> Vec<(Needed, bool)> {
        let mut needs = Vec::new();
        let platforms = self.table.get("target").and_then(toml::Value::as_table);
        let platforms = platforms.into_iter().flat_map(toml::Table::values);
        let tables = platforms.filter_map(toml::Value::as_table);
        for table in std::iter::once(&self.table).chain(tables) {
            for (key, for_tests) in [
                ("dependencies", false),
                ("build-dependencies", false),
                ("build_dependencies", false),
                ("dev-dependencies", true),
                ("dev_dependencies", true),
            ] {
                let Some(dependencies) = table.get(key).and_then(toml::Value::as_table) else {
                    continue;
                };
                for (name, dependency) in dependencies {
                    let key = |key: &str| dependency.as_table()?.get(key);
                    let text = |name: &str| key(name).and_then(toml::Value::as_str);
                    let needed = if let Some(path) = text("path") {
                        resolve(&self.folder, path).map(Needed::Folder)
                    } else if key("workspace") == Some(&toml::Value::Boolean(true)) {
                        Some(Needed::Inherited(name.clone()))
                    } else {
                        let package = text("package").unwrap_or(name);
                        Some(Needed::Named(package.to_owned()))
                    };
                    needs.extend(needed.map(|needed| (needed, for_tests)));
                }
            }
        }
        needs
    }

    fn workspace(&self) -> Option<Workspace> {
        let table = self.table.get("workspace")?.as_table()?;
        let strings = |key: &str| -> Vec<String> {
            let array = table.get(key).and_then(toml::Value::as_array);
            array
                .into_iter()
                .flatten()
                .filter_map(|value| value.as_str().map(str::to_owned))
                .collect()
        };
        let dependencies = table.get("dependencies").and_then(toml::Value::as_table);
        let dependencies = dependencies.into_iter().flatten();
        let given = dependencies.filter_map(|(name, dependency)| {
            let text = |key: &str| dependency.as_table()?.get(key)?.as_str();
            let needed = match text("path") {
                Some(path) => Needed::Folder(resolve(&self.folder, path)?),
                None => Needed::Named(text("package").unwrap_or(name).to_owned()),
            };
            Some((name.clone(), needed))
        });
        Some(Workspace {
            members: strings("members"),
            exclude: strings("exclude")
                .iter()
                .filter_map(|path| resolve(&self.folder, path))
                .collect(),
            dependencies: given.collect(),
            lints: ManifestLints::read(table),
        })
    }

    /// The line of the header that is the `index`th of its kind; the first line when it is written otherwise.
    fn line_of(&self, header: &str, index: usize) -> usize {
        let lines = self.headers.get(header);
        lines
            .and_then(|lines| lines.get(index))
            .copied()
            .unwrap_or(1)
    }
}

/// For each header of a manifest, the lines on which it stands.
fn headers(text: &str) -> BTreeMap<String, Vec<usize>> {
    let mut headers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with('[') {
            let header = line.split('#').next().unwrap_or(line);
            let header = header.split_whitespace().collect();
            headers.entry(header).or_default().push(index + 1);
        }
    }
    headers
}

fn string<'t>(table: &'t toml::Table, key: &str) -> Option<&'t str> {
    table.get(key)?.as_str()
}

/// Whether a target is shipped that requires features.
fn required(table: &toml::Table) -> Shipped {
    let features = table
        .get("required-features")
        .and_then(toml::Value::as_array);
    let mut features = features.into_iter().flatten();
    let for_tests = |feature: &toml::Value| feature.as_str().is_some_and(predicate::is_for_tests);
    if features.any(for_tests) {
        Shipped::Maybe
    } else {
        Shipped::Always
    }
}

/// A path, seen from the repository's root; `None` when it leads out of the repository.
pub(super) fn resolve(folder: &RepoPath, path: &str) -> Option<RepoPath> {
    if path.starts_with(['/', '\\']) || path.contains('\0') {
        return None;
    }
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
