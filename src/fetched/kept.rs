//! What is kept of a commit: configuration, compiled rules, and the RFCs behind them. Nothing else leaves git.
//!
//! Every path is made of plain names; links and submodules are not listed, so none is followed or made.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::Refusal;
use crate::change::Snapshot;
use crate::config::{Config, Extended, FILE_NAME};
use crate::problem::Failure;
use crate::rule::in_force;
use crate::source::RepoPath;

/// Files by their paths, which lead nowhere but below a folder.
#[derive(Debug, Default)]
pub(super) struct Files(BTreeMap<PathBuf, Vec<u8>>);

/// Of all files so many bytes: rules are text that people wrote.
const SIZE_LIMIT: usize = 64 << 20;

/// The files of the codex in the top folder of a commit, and of those that it extends in folders.
pub(super) fn of(snapshot: &Snapshot) -> Result<Files, Refusal> {
    let mut files = Files::default();
    // Paths are seen from a folder that there is not.
    let top = Path::new("/");
    let unfit = |failure: Failure| Refusal::Unfit(text(&failure));
    let config = Config::default_in(top)
        .in_folder_of(snapshot, top)
        .map_err(unfit)?;
    let mut waiting = vec![config];
    let mut seen = vec![top.to_path_buf()];
    while let Some(config) = waiting.pop() {
        let folder = config.below_top(&config.folder);
        files.add(snapshot, &folder.join(FILE_NAME))?;
        let rules = folder.join(config.rules.as_bytes());
        refuse_links(snapshot, &folder.join(FILE_NAME))?;
        refuse_links(snapshot, &rules.join("index.json"))?;
        for (name, is_folder) in snapshot.list(&rules).map_err(lost)? {
            let is_rule = in_force::is_compiled(&String::from_utf8_lossy(&name));
            if !is_folder && (is_rule || name == b"index.json") {
                files.add(snapshot, &rules.join(&name))?;
            }
        }
        for path in in_force::rfcs_behind(files.below(&rules)) {
            files.add(snapshot, &folder.join(path.as_bytes()))?;
        }
        for extended in &config.extends {
            let Extended::Folder(name) = extended else {
                continue;
            };
            let folder = config.extended_folder(name).map_err(unfit)?;
            if seen.contains(&folder) {
                continue;
            }
            if seen.len() == in_force::MOST_CODEXES {
                let limit = in_force::MOST_CODEXES;
                return Err(Refusal::Unfit(format!(
                    "it extends more than {limit} codexes"
                )));
            }
            seen.push(folder.clone());
            waiting.push(config.in_folder_of(snapshot, &folder).map_err(unfit)?);
        }
    }
    Ok(files)
}

/// A rule behind a link, or a whole folder of them, would be passed over: half a codex is none.
fn refuse_links(snapshot: &Snapshot, path: &RepoPath) -> Result<(), Refusal> {
    let mut below = Some(path.clone());
    while let Some(path) = below {
        let folder = path.parent();
        let links = folder
            .as_ref()
            .map_or(Ok(Vec::new()), |folder| snapshot.links(folder));
        let is_rule = |name: &[u8]| in_force::is_compiled(&String::from_utf8_lossy(name));
        for name in links.map_err(lost)? {
            if name == path.file_name() || (path.file_name() == b"index.json" && is_rule(&name)) {
                let name = String::from_utf8_lossy(&name).into_owned();
                return Err(Refusal::Unfit(format!("{name} is a link or a submodule")));
            }
        }
        below = folder;
    }
    Ok(())
}

fn lost(why: String) -> Refusal {
    Refusal::Failed(Failure::new(format!("cannot read what was fetched: {why}")))
}

/// A failure in one line.
pub(super) fn text(failure: &Failure) -> String {
    match failure.problems.first() {
        Some(problem) => format!(
            "{}:{}: {}",
            problem.document.name,
            problem.line(),
            problem.message
        ),
        None => failure.message.clone(),
    }
}

impl Files {
    fn add(&mut self, snapshot: &Snapshot, path: &RepoPath) -> Result<(), Refusal> {
        let Some(bytes) = snapshot.read(path).map_err(lost)? else {
            return Ok(());
        };
        let place = path.to_path();
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        let text = path.text();
        if !place.components().all(is_plain) || text.contains(['\\', ':', '\u{FFFD}']) {
            return Err(Refusal::Unfit(format!(
                "{text} is no name for a file of a codex"
            )));
        }
        self.0.insert(place, bytes);
        match self.0.values().map(Vec::len).sum::<usize>() > SIZE_LIMIT {
            true => Err(Refusal::Unfit("it is larger than 64 MiB".to_owned())),
            false => Ok(()),
        }
    }

    /// The texts of a folder.
    fn below(&self, folder: &RepoPath) -> impl Iterator<Item = (&Path, &[u8])> {
        let folder = folder.to_path();
        let files = self.0.iter();
        files
            .filter(move |(path, _)| path.parent() == Some(&folder))
            .map(|(path, bytes)| (path.as_path(), bytes.as_slice()))
    }

    /// Writes them into an empty folder.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        for (path, bytes) in &self.0 {
            let place = folder.join(path);
            fs::create_dir_all(place.parent().unwrap_or(folder))?;
            fs::write(place, bytes)?;
        }
        Ok(())
    }

    /// Everything that lies in a folder.
    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        let mut files = Self::default();
        let mut waiting = vec![PathBuf::new()];
        while let Some(below) = waiting.pop() {
            for entry in fs::read_dir(folder.join(&below))? {
                let entry = entry?;
                let path = below.join(entry.file_name());
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    waiting.push(path);
                } else if kind.is_file() {
                    let bytes = crate::config::read_file(&entry.path())?;
                    files.0.insert(path, bytes);
                } else {
                    return Err(io::Error::other("there is something else than files"));
                }
            }
        }
        Ok(files)
    }

    /// blake3 over paths and texts.
    pub(super) fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (path, bytes) in &self.0 {
            let path = RepoPath::from_path(path);
            for part in [path.as_bytes(), bytes] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
        }
        hasher.finalize().to_hex().to_string()
    }
}
