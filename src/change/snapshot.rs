//! Trees of files, read on demand: a folder, a commit, the index, or texts held in memory.
//!
//! No kind follows a symbolic link, of a file or of a folder on the way to it, and none blocks on a special file.
//! Deliberately absent: which files there are in the whole tree; that is asked once, by those who build a
//! [`super::Change`]. Only single folders are listed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::git::Repository;
use super::objects::{Entry, Objects, Tree};
use crate::problem::Failure;
use crate::source::{RepoPath, SIZE_LIMIT};

/// A whole tree of files, read on demand, by several threads at once.
#[derive(Debug)]
pub struct Snapshot(Kind);

#[derive(Debug)]
enum Kind {
    Memory(BTreeMap<RepoPath, Vec<u8>>),
    Folder(PathBuf),
    Commit(Commit),
    Index(Index),
    Overlay(Box<Snapshot>, BTreeMap<RepoPath, Content>),
}

/// What stands in place of a file of the snapshot below.
#[derive(Debug)]
pub(super) enum Content {
    /// This text.
    Text(Vec<u8>),
    /// No file.
    Absent,
    /// A file whose text is not known, and why.
    Unknown(String),
    /// The text that git keeps under this id.
    Object(Arc<Objects>, String),
}

impl Snapshot {
    /// A tree of the texts given: examples of RFCs, tests.
    pub fn memory(files: BTreeMap<RepoPath, Vec<u8>>) -> Self {
        Self(Kind::Memory(files))
    }

    /// A folder as it lies on disk.
    pub fn folder(root: PathBuf) -> Self {
        Self(Kind::Folder(root))
    }

    /// The tree of a commit.
    pub(super) fn commit(objects: Arc<Objects>, commit: &str) -> Self {
        Self(Kind::Commit(Commit {
            objects,
            root: format!("{commit}^{{tree}}"),
            trees: Mutex::new(BTreeMap::new()),
        }))
    }

    /// What would be committed now. The index is listed when the first file is asked for.
    pub(super) fn index(repository: &Repository) -> Self {
        Self(Kind::Index(Index {
            repository: repository.clone(),
            entries: OnceLock::new(),
        }))
    }

    /// The same snapshot, with what a diff already said of some of its texts: no folder has to be read to find them.
    pub(super) fn knowing<'a>(
        self,
        objects: &Arc<Objects>,
        texts: impl Iterator<Item = (&'a RepoPath, &'a str)>,
    ) -> Self {
        let object = |(path, id): (&RepoPath, &str)| {
            let content = Content::Object(Arc::clone(objects), id.to_owned());
            (path.clone(), content)
        };
        Self::overlay(self, texts.map(object).collect())
    }

    /// Another snapshot with some of its files replaced.
    pub(super) fn overlay(below: Self, files: BTreeMap<RepoPath, Content>) -> Self {
        Self(Kind::Overlay(Box::new(below), files))
    }

    /// This snapshot with another text of one file.
    #[must_use]
    pub fn with_text(self, path: RepoPath, text: Vec<u8>) -> Self {
        Self::overlay(self, BTreeMap::from([(path, Content::Text(text))]))
    }

    /// This snapshot with other texts of some files.
    #[must_use]
    pub fn with_texts(self, texts: BTreeMap<RepoPath, Vec<u8>>) -> Self {
        let content = |(path, text)| (path, Content::Text(text));
        Self::overlay(self, texts.into_iter().map(content).collect())
    }

    /// The folder on disk that it shows, when it shows one.
    pub fn root(&self) -> Option<&Path> {
        match &self.0 {
            Kind::Folder(root) => Some(root),
            Kind::Overlay(below, _) => below.root(),
            Kind::Memory(_) | Kind::Commit(_) | Kind::Index(_) => None,
        }
    }

    /// The bytes of a file.
    ///
    /// `Ok(None)` when there is no such file: a missing path, a folder, a submodule, a symbolic link, or a path that
    /// leads through one. `Err` says why a file that exists cannot be read.
    pub fn read(&self, path: &RepoPath) -> Result<Option<Vec<u8>>, String> {
        match &self.0 {
            Kind::Memory(files) => Ok(files.get(path).cloned()),
            Kind::Folder(root) => read_file(root, &path.to_path()),
            Kind::Commit(commit) => match commit.entry(path)? {
                Some(entry) if entry.is_file() => commit.objects.blob(&entry.id).map(Some),
                _ => Ok(None),
            },
            Kind::Index(index) => index.read(path),
            Kind::Overlay(below, files) => match files.get(path) {
                None => below.read(path),
                Some(Content::Text(text)) => Ok(Some(text.clone())),
                Some(Content::Absent) => Ok(None),
                Some(Content::Unknown(reason)) => Err(reason.clone()),
                Some(Content::Object(objects, id)) => objects.blob(id).map(Some),
            },
        }
    }

    /// Says which files will be asked for next: a snapshot that waits for each answer gets them all at once.
    pub fn expect(&self, paths: &[RepoPath]) {
        match &self.0 {
            Kind::Commit(commit) => commit.expect(paths),
            Kind::Overlay(below, files) => {
                let (above, others): (Vec<&RepoPath>, Vec<&RepoPath>) =
                    paths.iter().partition(|path| files.contains_key(*path));
                let (mut database, mut texts) = (None, Vec::new());
                for path in above {
                    if let Some(Content::Object(objects, id)) = files.get(path) {
                        database = Some(objects);
                        texts.push((path, id.as_str()));
                    }
                }
                if let Some(objects) = database {
                    objects.fetch_texts(&texts);
                }
                let others: Vec<RepoPath> = others.into_iter().cloned().collect();
                below.expect(&others);
            }
            Kind::Index(index) => index.expect(paths),
            Kind::Memory(_) | Kind::Folder(_) => {}
        }
    }

    /// Whether a file is there, of a size that can be read, and cannot be read all the same.
    pub fn is_lost(&self, path: &RepoPath) -> bool {
        self.read(path).is_err_and(|reason| reason != too_large())
    }

    /// Whether git should have the text of a file, and cannot give it: in a partial clone, or a broken one.
    pub fn is_kept_back(&self, path: &RepoPath) -> bool {
        let is_of_git = match &self.0 {
            Kind::Memory(_) | Kind::Folder(_) => false,
            Kind::Commit(_) => true,
            Kind::Index(index) => !index.is_unmerged(path),
            Kind::Overlay(below, files) => match files.get(path) {
                None => return below.is_kept_back(path),
                Some(content) => matches!(content, Content::Object(..)),
            },
        };
        is_of_git && self.is_lost(path)
    }

    /// What stands in a folder, sorted: names, and whether each is a folder. Only files and folders are listed (no
    /// links, no submodules, no `.git`); a folder that is missing holds nothing. A folder on disk may list files that
    /// git ignores.
    pub fn list(&self, folder: &RepoPath) -> Result<Vec<(Vec<u8>, bool)>, String> {
        let mut names = match &self.0 {
            Kind::Memory(files) => names_below(folder, files.keys()),
            Kind::Folder(root) => list_folder(root, &folder.to_path())?,
            Kind::Commit(commit) => match commit.tree(folder)? {
                Some(tree) => tree
                    .iter()
                    .filter(|(_, entry)| entry.is_file() || entry.is_folder())
                    .map(|(name, entry)| (name.clone(), entry.is_folder()))
                    .collect(),
                None => BTreeMap::new(),
            },
            Kind::Index(index) => {
                let entries = index.entries()?;
                let files = entries.iter().filter(|(_, entry)| entry.entry.is_file());
                names_below(folder, files.map(|(path, _)| path))
            }
            Kind::Overlay(below, files) => {
                let mut names: BTreeMap<Vec<u8>, bool> = below.list(folder)?.into_iter().collect();
                let present = |content: &Content| !matches!(content, Content::Absent);
                // Sorted, so that what lies in the folder stands together.
                let files = files
                    .range(folder.clone()..)
                    .take_while(|(path, _)| path.as_bytes().starts_with(folder.as_bytes()));
                for (path, content) in files.clone() {
                    if path.parent().as_ref() == Some(folder) && !present(content) {
                        names.remove(path.file_name());
                    }
                }
                let added = files.filter(|(_, content)| present(content));
                names.extend(names_below(folder, added.map(|(path, _)| path)));
                names
            }
        };
        names.remove(b".git".as_slice());
        Ok(names.into_iter().collect())
    }

    /// What [`Snapshot::list`] leaves out of a folder of a commit: links and submodules.
    pub fn links(&self, folder: &RepoPath) -> Result<Vec<Vec<u8>>, String> {
        let tree = match &self.0 {
            Kind::Commit(commit) => commit.tree(folder)?,
            _ => None,
        };
        let entries = tree.iter().flat_map(|tree| tree.iter());
        let links = entries.filter(|(_, entry)| !entry.is_file() && !entry.is_folder());
        Ok(links.map(|(name, _)| name.clone()).collect())
    }
}

/// What stands in a folder, when these are all files.
fn names_below<'a>(
    folder: &RepoPath,
    files: impl Iterator<Item = &'a RepoPath>,
) -> BTreeMap<Vec<u8>, bool> {
    let prefix = match folder.as_bytes() {
        b"" => Vec::new(),
        bytes => [bytes, b"/"].concat(),
    };
    files
        .filter_map(|path| path.as_bytes().strip_prefix(prefix.as_slice()))
        .map(|below| match below.iter().position(|byte| *byte == b'/') {
            Some(end) => (below[..end].to_vec(), true),
            None => (below.to_vec(), false),
        })
        .collect()
}

/// The tree of a commit, with the folders that were looked into so far.
#[derive(Debug)]
struct Commit {
    objects: Arc<Objects>,
    root: String,
    trees: Mutex<BTreeMap<RepoPath, Option<Arc<Tree>>>>,
}

impl Commit {
    /// Folders from the root downward, all of one depth at once; then the files.
    fn expect(&self, paths: &[RepoPath]) {
        let mut folders: Vec<RepoPath> = paths.iter().filter_map(RepoPath::parent).collect();
        let mut levels: BTreeMap<usize, BTreeSet<RepoPath>> = BTreeMap::new();
        while let Some(folder) = folders.pop() {
            let depth = folder.as_bytes().split(|byte| *byte == b'/').count();
            if !folder.as_bytes().is_empty()
                && levels.entry(depth).or_default().insert(folder.clone())
            {
                folders.extend(folder.parent());
            }
        }
        let id = |path: &RepoPath| Some(self.entry(path).ok()??.id);
        for folders in levels.values() {
            let ids: Vec<String> = folders.iter().filter_map(id).collect();
            self.objects.fetch(ids.iter().map(String::as_str));
        }
        let ids = paths.iter().filter_map(|path| Some((path, id(path)?)));
        let ids: Vec<(&RepoPath, String)> = ids.collect();
        let texts: Vec<(&RepoPath, &str)> =
            ids.iter().map(|(path, id)| (*path, id.as_str())).collect();
        self.objects.fetch_texts(&texts);
    }

    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, String> {
        let Some(folder) = path.parent() else {
            return Ok(None);
        };
        let tree = self.tree(&folder)?;
        Ok(tree.and_then(|tree| tree.get(path.file_name()).cloned()))
    }

    fn tree(&self, folder: &RepoPath) -> Result<Option<Arc<Tree>>, String> {
        let known = self
            .trees
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(folder)
            .cloned();
        if let Some(tree) = known {
            return Ok(tree);
        }
        let tree = if folder.as_bytes().is_empty() {
            Some(self.objects.tree(&self.root)?)
        } else {
            match self.entry(folder)? {
                Some(entry) if entry.is_folder() => Some(self.objects.tree(&entry.id)?),
                _ => None,
            }
        };
        let tree = tree.map(Arc::new);
        let mut trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        trees.insert(folder.clone(), tree.clone());
        Ok(tree)
    }
}

/// The index: a path in conflict has no text of stage 0, and nobody can say yet what will be committed.
#[derive(Debug)]
struct Index {
    repository: Repository,
    entries: OnceLock<Result<BTreeMap<RepoPath, super::raw::IndexEntry>, Failure>>,
}

impl Index {
    fn entries(&self) -> Result<&BTreeMap<RepoPath, super::raw::IndexEntry>, String> {
        let entries = self.entries.get_or_init(|| {
            let listed = self.repository.index_entries(&RepoPath::new(b""))?;
            Ok(listed
                .into_iter()
                .map(|entry| (entry.path.clone(), entry))
                .collect())
        });
        entries.as_ref().map_err(|failure| failure.message.clone())
    }

    fn expect(&self, paths: &[RepoPath]) {
        let Ok(entries) = self.entries() else {
            return;
        };
        let id = |path| Some(entries.get(path)?.entry.id.as_str());
        let texts = paths.iter().filter_map(|path| Some((path, id(path)?)));
        let texts: Vec<(&RepoPath, &str)> = texts.collect();
        self.repository.objects().fetch_texts(&texts);
    }

    fn is_unmerged(&self, path: &RepoPath) -> bool {
        let entry = self.entries().ok().and_then(|entries| entries.get(path));
        entry.is_some_and(|entry| entry.unmerged)
    }

    fn read(&self, path: &RepoPath) -> Result<Option<Vec<u8>>, String> {
        match self.entries()?.get(path) {
            Some(entry) if entry.unmerged => {
                Err("in conflict: resolve it and `git add` it".to_owned())
            }
            Some(entry) if entry.entry.is_file() => {
                self.repository.objects().blob(&entry.entry.id).map(Some)
            }
            _ => Ok(None),
        }
    }
}

fn read_file(root: &Path, path: &Path) -> Result<Option<Vec<u8>>, String> {
    match find_file(root, path) {
        Ok(Some((path, metadata))) if metadata.is_file() => read_regular(&path).map(Some),
        Ok(Some((_, metadata))) if metadata.is_dir() => Ok(None),
        Ok(Some(_)) => Err("not a regular file".to_owned()),
        Ok(None) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn list_folder(root: &Path, folder: &Path) -> Result<BTreeMap<Vec<u8>, bool>, String> {
    let place = match find_file(root, folder) {
        _ if folder.as_os_str().is_empty() => root.to_path_buf(),
        Ok(Some((place, metadata))) if metadata.is_dir() => place,
        Ok(_) => return Ok(BTreeMap::new()),
        Err(error) => return Err(error.to_string()),
    };
    let listed = || -> io::Result<BTreeMap<Vec<u8>, bool>> {
        let mut names = BTreeMap::new();
        for entry in fs::read_dir(&place)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_file() || kind.is_dir() {
                let name = RepoPath::from_path(Path::new(&entry.file_name()));
                names.insert(name.as_bytes().to_vec(), kind.is_dir());
            }
        }
        Ok(names)
    };
    listed().map_err(|error| error.to_string())
}

/// The place of a file below the root, unless it is missing, a link, or behind one.
fn find_file(root: &Path, path: &Path) -> io::Result<Option<(PathBuf, Metadata)>> {
    let mut place = root.to_path_buf();
    let mut found = None;
    for part in path.components() {
        let Component::Normal(name) = part else {
            return Ok(None);
        };
        place.push(name);
        found = match fs::symlink_metadata(&place) {
            Ok(metadata) if !metadata.is_symlink() => Some(metadata),
            Ok(_) => return Ok(None),
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
    }
    Ok(found.map(|metadata| (place, metadata)))
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename
    )
}

pub(super) fn read_regular(path: &Path) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let size = file.metadata().map_err(|error| error.to_string())?.len();
    if size > SIZE_LIMIT as u64 {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    // It may grow while it is read.
    let read = file.take(SIZE_LIMIT as u64 + 1).read_to_end(&mut bytes);
    match read {
        Ok(read) if read > SIZE_LIMIT => Err(too_large()),
        Ok(_) => Ok(bytes),
        Err(error) => Err(error.to_string()),
    }
}

/// Why a file of more than [`SIZE_LIMIT`] bytes is not read.
pub(super) fn too_large() -> String {
    format!("larger than {} MiB", SIZE_LIMIT / (1024 * 1024))
}
