//! Which files the targets of a package reach, and by which `mod` lines: from each root downward.
//!
//! A file is reached once for each way in which what holds for it differs, so cycles end, and so does every walk.
//! Deliberately absent: declarations that a macro makes of its arguments, and paths that lead out of the repository.

use std::collections::{BTreeMap, BTreeSet};

use super::cargo::{Kind, Manifest, resolve};
use super::outline::{Declaration, Declared, Lints, Module};
use super::predicate::{Shipped, Truth};
use super::{crates, lints};
use crate::language::Workspace;
use crate::parallel;
use crate::source::RepoPath;

/// What a file is: the more is held against a call in it, the greater.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    Tests,
    BuildScript,
    Benches,
    Examples,
    Orphan,
    TestSupport,
    ProcMacro,
    MaybeShipped,
    #[default]
    Product,
}

impl Status {
    /// Of a target's root.
    pub(super) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Test => Self::Tests,
            Kind::BuildScript => Self::BuildScript,
            Kind::Bench => Self::Benches,
            Kind::Example => Self::Examples,
            Kind::ProcMacro => Self::ProcMacro,
            Kind::Library | Kind::Program => Self::Product,
        }
    }

    fn under(self, shipped: Shipped) -> Self {
        match shipped {
            Shipped::Never => self.min(Self::Tests),
            Shipped::Maybe => self.min(Self::MaybeShipped),
            Shipped::Always => self,
        }
    }
}

/// A line that leads to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hop {
    /// Where it stands: a manifest, or the declaring file.
    pub(super) path: RepoPath,
    pub(super) line: usize,
    pub(super) text: String,
    /// The attributes that decide whether and where the file is compiled.
    pub(super) attributes: Vec<String>,
    /// The file it leads to.
    pub(super) to: RepoPath,
}

/// One way in which a file is reached.
#[derive(Debug)]
pub(super) struct Reach {
    pub(super) status: Status,
    pub(super) lints: Lints,
    pub(super) hop: Hop,
    /// The reach of the declaring file.
    from: Option<usize>,
}

/// All that a package's targets reach.
#[derive(Debug, Default)]
pub(super) struct Graph {
    reaches: Vec<Reach>,
    by_file: BTreeMap<RepoPath, Vec<usize>>,
}

/// The most ways that are gone; a tree that needs more is not written by hand.
const LIMIT: usize = 500_000;

impl Graph {
    /// What the targets reach.
    pub(super) fn of_package(workspace: &Workspace<'_>, manifest: &Manifest) -> Self {
        let is_support = crates::is_test_support(workspace, manifest);
        let allowed = lints::allowed(workspace, manifest);
        let mut lints = Lints::default();
        lints.apply(
            &allowed
                .iter()
                .map(|lint| ((*lint).to_owned(), true))
                .collect::<Vec<_>>(),
        );
        let mut walk = Walk::new(workspace, &manifest.folder);
        for target in &manifest.targets {
            let mut status = Status::of(target.kind).under(target.shipped);
            if is_support && matches!(target.kind, Kind::Library | Kind::ProcMacro) {
                status = status.min(Status::TestSupport);
            }
            let is_never_shipped = matches!(status, Status::Tests | Status::BuildScript);
            let telling = allowed.iter().filter(|_| !is_never_shipped);
            walk.visit(
                status,
                lints,
                Hop {
                    path: manifest.place(),
                    line: target.line,
                    text: target.text.clone(),
                    attributes: telling
                        .map(|lint| format!("clippy.{lint} = \"allow\""))
                        .collect(),
                    to: target.root.clone(),
                },
                true,
                None,
            );
        }
        walk.run()
    }

    /// What a file reaches, whatever it is itself, taken for a `mod.rs` or not.
    pub(super) fn of_file(workspace: &Workspace<'_>, file: &RepoPath, is_mod_rs: bool) -> Self {
        let package = crates::package_of(workspace, file);
        let mut walk = Walk::new(workspace, &package.folder);
        let hop = Hop {
            path: file.clone(),
            line: 1,
            text: String::new(),
            attributes: Vec::new(),
            to: file.clone(),
        };
        walk.visit(Status::Product, Lints::default(), hop, is_mod_rs, None);
        walk.run()
    }

    /// What some declarations of a file reach, whichever way it looks for its modules.
    pub(super) fn of_declarations(
        workspace: &Workspace<'_>,
        file: &RepoPath,
        declarations: &[Declaration],
    ) -> BTreeSet<RepoPath> {
        let package = crates::package_of(workspace, file);
        let mut walk = Walk::new(workspace, &package.folder);
        for is_mod_rs in [true, false] {
            for declaration in declarations {
                walk.follow(
                    (file, is_mod_rs),
                    declaration,
                    Status::Product,
                    Lints::default(),
                    None,
                );
            }
        }
        walk.run().by_file.into_keys().collect()
    }

    /// The ways in which a file is reached.
    pub(super) fn reaches(&self, file: &RepoPath) -> impl Iterator<Item = &Reach> {
        let indices = self.by_file.get(file).into_iter().flatten();
        indices.filter_map(|index| self.reaches.get(*index))
    }

    /// All files that are reached.
    pub(super) fn files(&self) -> impl Iterator<Item = &RepoPath> {
        self.by_file.keys()
    }

    /// The lines that lead to a file this way, from the target downward.
    pub(super) fn chain(&self, reach: &Reach) -> Vec<Hop> {
        let mut chain = vec![reach.hop.clone()];
        let mut from = reach.from;
        while let Some(reach) = from.and_then(|index| self.reaches.get(index)) {
            chain.push(reach.hop.clone());
            from = reach.from;
        }
        chain.reverse();
        chain
    }
}

/// The most files, about, that are expected at once.
const EXPECTED: usize = 1024;

struct Walk<'a, 's> {
    workspace: &'a Workspace<'s>,
    package: RepoPath,
    graph: Graph,
    seen: BTreeSet<(RepoPath, bool, Status, Lints)>,
    open: Vec<(usize, bool)>,
}

/// Where the files of a module are looked for: in a folder, or in the one below it of this name.
#[derive(Clone)]
struct Place {
    folder: RepoPath,
    below: Option<Vec<u8>>,
    shipped: Shipped,
}

impl<'a, 's> Walk<'a, 's> {
    fn new(workspace: &'a Workspace<'s>, package: &RepoPath) -> Self {
        Self {
            workspace,
            package: package.clone(),
            graph: Graph::default(),
            seen: BTreeSet::new(),
            open: Vec::new(),
        }
    }

    fn visit(
        &mut self,
        status: Status,
        lints: Lints,
        hop: Hop,
        is_mod_rs: bool,
        from: Option<usize>,
    ) {
        let key = (hop.to.clone(), is_mod_rs, status, lints);
        if self.graph.reaches.len() >= LIMIT || !self.seen.insert(key) {
            return;
        }
        if crates::declarations(self.workspace, &hop.to).is_none() {
            return;
        }
        let index = self.graph.reaches.len();
        let ways = self.graph.by_file.entry(hop.to.clone()).or_default();
        ways.push(index);
        self.open.push((index, is_mod_rs));
        self.graph.reaches.push(Reach {
            status,
            lints,
            hop,
            from,
        });
    }

    /// Breadth first, so that the shortest way is found first.
    fn run(mut self) -> Graph {
        let (mut next, mut expected) = (0, 0);
        while let Some((index, is_mod_rs)) = self.open.get(next).copied() {
            if next == expected {
                expected = self.expect(next);
            }
            next += 1;
            let reach = &self.graph.reaches[index];
            let (file, status, lints) = (reach.hop.to.clone(), reach.status, reach.lints);
            let declarations = crates::declarations(self.workspace, &file);
            for declaration in declarations.iter().flat_map(|all| all.iter()) {
                self.follow((&file, is_mod_rs), declaration, status, lints, Some(index));
            }
        }
        self.graph
    }

    /// Says which files the next open ways may lead to; gives the way at which to do so again.
    fn expect(&self, next: usize) -> usize {
        let mut files = Vec::new();
        let mut end = next;
        for (index, is_mod_rs) in &self.open[next..] {
            let file = &self.graph.reaches[*index].hop.to;
            let declarations = crates::declarations(self.workspace, file);
            for declaration in declarations.iter().flat_map(|all| all.iter()) {
                files.extend(
                    self.files(file, *is_mod_rs, declaration)
                        .into_iter()
                        .map(|(to, ..)| to),
                );
                if files.len() > EXPECTED {
                    break;
                }
            }
            end += 1;
            if files.len() > EXPECTED {
                break;
            }
        }
        self.workspace.snapshot.expect(&files);
        parallel::apart(&files, |file| {
            crates::declarations(self.workspace, file);
        });
        end
    }

    /// Visits the files that a declaration may mean.
    fn follow(
        &mut self,
        (file, is_mod_rs): (&RepoPath, bool),
        declaration: &Declaration,
        status: Status,
        lints: Lints,
        from: Option<usize>,
    ) {
        for (to, is_mod_rs, shipped) in self.files(file, is_mod_rs, declaration) {
            let hop = Hop {
                path: file.clone(),
                line: declaration.line,
                text: declaration.text.clone(),
                attributes: declaration.attributes.clone(),
                to,
            };
            let status = status.under(shipped.min(declaration.shipped));
            let lints = declaration.lints.within(lints);
            self.visit(status, lints, hop, is_mod_rs, from);
        }
    }

    /// The files that a declaration may mean, and whether each looks for its own modules in its folder.
    fn files(
        &self,
        file: &RepoPath,
        is_mod_rs: bool,
        declaration: &Declaration,
    ) -> Vec<(RepoPath, bool, Shipped)> {
        let folder = file.parent().unwrap_or_else(|| RepoPath::from(""));
        let module = match &declaration.what {
            Declared::Module(module) => module,
            Declared::Include(path, from_package) => {
                let folder = if *from_package {
                    &self.package
                } else {
                    &folder
                };
                let path = path.trim_start_matches(['/', '\\']);
                let file = resolve(folder, path);
                return file
                    .into_iter()
                    .map(|file| (file, true, Shipped::Always))
                    .collect();
            }
        };
        let stem = file.file_name().strip_suffix(b".rs");
        let mut places = vec![Place {
            folder,
            below: stem.filter(|_| !is_mod_rs).map(<[u8]>::to_vec),
            shipped: Shipped::Always,
        }];
        for inline in &declaration.inline {
            places = places
                .iter()
                .flat_map(|place| place.inside(inline))
                .take(LIMIT_OF_PLACES)
                .collect();
        }
        places
            .iter()
            .flat_map(|place| place.files(module))
            .collect()
    }
}

/// The most folders in which one module is looked for: `cfg_attr` may name several.
const LIMIT_OF_PLACES: usize = 32;

impl Place {
    /// Where the modules of an inline module are looked for.
    fn inside(&self, inline: &Module) -> Vec<Self> {
        let (named, unnamed) = by_path(inline);
        let mut places: Vec<Self> = named
            .into_iter()
            .filter_map(|(path, shipped)| {
                Some(Self {
                    folder: resolve(&self.folder, path)?,
                    below: None,
                    shipped: shipped.min(self.shipped),
                })
            })
            .collect();
        places.extend(unnamed.map(|shipped| Self {
            folder: self.own().join(&inline.name),
            below: None,
            shipped: shipped.min(self.shipped),
        }));
        places
    }

    fn files(&self, module: &Module) -> Vec<(RepoPath, bool, Shipped)> {
        let (named, unnamed) = by_path(module);
        let mut files: Vec<(RepoPath, bool, Shipped)> = named
            .into_iter()
            .filter_map(|(path, shipped)| {
                Some((
                    resolve(&self.folder, path)?,
                    true,
                    shipped.min(self.shipped),
                ))
            })
            .collect();
        if let Some(shipped) = unnamed {
            let shipped = shipped.min(self.shipped);
            let own = self.own();
            let beside = own.join([&module.name, b".rs".as_slice()].concat());
            files.push((beside, false, shipped));
            files.push((own.join(&module.name).join("mod.rs"), true, shipped));
        }
        files
    }

    fn own(&self) -> RepoPath {
        self.below
            .as_ref()
            .map_or_else(|| self.folder.clone(), |below| self.folder.join(below))
    }
}

/// The files that attributes give for a module, and whether it may lie where its name says.
fn by_path(module: &Module) -> (Vec<(&str, Shipped)>, Option<Shipped>) {
    let named = module
        .paths
        .iter()
        .map(|path| (path.file.as_str(), path.shipped))
        .collect();
    let conditions = || module.paths.iter().map(|path| path.condition);
    let unnamed = if conditions().any(|condition| condition.is_none()) {
        None
    } else if conditions().any(|condition| condition == Some(Truth::True)) {
        Some(Shipped::Never)
    } else {
        Some(Shipped::Always)
    };
    (named, unnamed)
}
