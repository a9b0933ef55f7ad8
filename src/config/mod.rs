//! `codex.toml`: which law is in force here, and how strictly.
//!
//! It is looked for from the working folder upward to the repository's root, never above; the first wins. Every unknown
//! key is an error. Deliberately absent: anything that names a program or an address; a repository under check says neither.

mod files;
mod narrowing;
mod paths;
pub mod remote;
mod values;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobSet};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use self::files::walk;
pub use self::files::{read_file, whole_file};
pub use self::narrowing::Narrowing;
pub use self::paths::PathSection;
pub use self::remote::Remote;
use crate::change::Snapshot;
use crate::fetched;
use crate::finding::Disposition;
use crate::problem::{Document, Failure, Problems};
use crate::source::{RepoPath, files_of};

/// The file's name.
pub const FILE_NAME: &str = "codex.toml";

const KEYS: [&str; 11] = [
    "required-version",
    "extends",
    "on-missing",
    "rfcs",
    "rules",
    "exclude",
    "default-branch",
    "link",
    "fail-on",
    "review",
    "paths",
];
/// What is in force.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder that paths in it are relative to: its own, or the working folder.
    pub folder: PathBuf,
    /// The folder above which nothing is looked at: the repository's root.
    pub top: PathBuf,
    /// Whether a file was found.
    pub is_file: bool,
    /// Whether the rules compiled into the binary are in force.
    pub embedded: bool,
    /// Codexes whose rules are in force, too.
    pub extends: Vec<Extended>,
    /// Whether a check goes through when a codex from elsewhere is missing.
    pub open_when_missing: bool,
    /// Where codexes of other repositories lie; whoever reads a configuration says it.
    pub fetched: fetched::Cache,
    /// Where it was fetched from; `None` for one of the repository under check.
    pub origin: Option<Remote>,
    /// Globs of the RFCs.
    pub rfcs: Vec<String>,
    /// Where compiled rules lie.
    pub rules: String,
    /// Never looked at.
    pub exclude: GlobSet,
    /// What is different for some files.
    pub paths: Vec<PathSection>,
    /// The line of each key that the file has, and its value there.
    pub written: BTreeMap<String, (usize, String)>,
    /// What changes are compared with, when nothing else says it.
    pub default_branch: Option<String>,
    /// Put before paths in links.
    pub link: String,
    /// The weakest disposition that fails a check.
    pub fail_on: Disposition,
    /// What is left to humans, and what comes first.
    pub review: Narrowing,
}

/// A codex that another one extends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extended {
    /// In a folder of the same repository, as it is written.
    Folder(String),
    /// In another repository.
    Remote(Remote),
}

impl fmt::Display for Extended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(name) => formatter.write_str(name),
            Self::Remote(remote) => remote.fmt(formatter),
        }
    }
}

impl Config {
    /// The defaults, in a folder without a file.
    pub fn default_in(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
            top: folder.to_path_buf(),
            is_file: false,
            embedded: true,
            extends: Vec::new(),
            open_when_missing: false,
            fetched: fetched::Cache::default(),
            origin: None,
            rfcs: vec!["rfcs/[0-9]*.md".to_owned()],
            rules: "rules".to_owned(),
            exclude: GlobSet::empty(),
            paths: Vec::new(),
            written: BTreeMap::new(),
            default_branch: None,
            link: String::new(),
            fail_on: Disposition::Block,
            review: Narrowing::default(),
        }
    }

    /// Finds and reads the configuration for a working folder in a repository (or in none).
    pub fn find(folder: &Path, root: Option<&Path>) -> Result<Self, Failure> {
        let top = root.unwrap_or(folder);
        for candidate in folder.ancestors() {
            let path = candidate.join(FILE_NAME);
            match read_file(&path) {
                Ok(bytes) => return Self::parse(candidate, top, &path, &bytes),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(Failure::io(
                        format!("cannot read {}", path.display()),
                        &error,
                    ));
                }
            }
            if candidate == top {
                break;
            }
        }
        Ok(Self::default_in(folder))
    }

    /// The same in a snapshot, where `home` is the working folder and `root` the folder that all paths are below.
    /// `None`: there is no file.
    pub fn find_in(
        snapshot: &Snapshot,
        home: &RepoPath,
        root: &Path,
    ) -> Result<Option<Self>, Failure> {
        for folder in std::iter::successors(Some(home.clone()), RepoPath::parent) {
            let path = folder.join(FILE_NAME);
            let bytes = snapshot
                .read(&path)
                .map_err(|reason| Failure::new(format!("cannot read {}: {reason}", path.text())))?;
            if let Some(bytes) = bytes {
                let folder = root.join(folder.to_path());
                return Self::parse(&folder, root, &path.to_path(), &bytes).map(Some);
            }
        }
        Ok(None)
    }

    fn parse(folder: &Path, top: &Path, path: &Path, bytes: &[u8]) -> Result<Self, Failure> {
        let document = Document::new(
            path.file_name().unwrap_or_default().to_string_lossy(),
            String::from_utf8_lossy(bytes),
        );
        let mut problems = Problems::new(document);
        let text = problems.document().text.clone();
        let mut config = Self::default_in(folder);
        config.is_file = true;
        config.top = top.to_path_buf();
        if let Err(error) = std::str::from_utf8(bytes) {
            let at = error.valid_up_to();
            problems.add_with_help(
                at..at,
                format!("not UTF-8: byte {at}"),
                "save the file as UTF-8",
            );
        } else {
            match DeTable::parse(&text) {
                Ok(table) => {
                    refuse_secrets(table.get_ref(), path)?;
                    config.read(table.get_ref(), &mut problems);
                }
                Err(error) => problems.add(
                    error.span().unwrap_or(0..0),
                    format!("not valid TOML: {}", error.message()),
                ),
            }
        }
        if problems.is_empty() {
            return Ok(config);
        }
        Err(Failure::new(format!("{} cannot be used", path.display())).because(problems.into_vec()))
    }

    fn read(&mut self, table: &DeTable<'_>, problems: &mut Problems) {
        // A file for another version may hold anything.
        if let Some(value) = table.get("required-version")
            && values::version("required-version", value, problems) == Some(false)
        {
            let text = value.get_ref().as_str().unwrap_or_default();
            let message = format!("this is codex {}, not {text}", env!("CARGO_PKG_VERSION"));
            let help = "use a codex that fits, or change `required-version`";
            problems.add_with_help(value.span(), message, help);
            return;
        }
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let document = problems.document();
            let line = document.line(key.span().start);
            let shown = document.text.get(value.span()).unwrap_or_default();
            self.written
                .insert(name.to_owned(), (line, shown.to_owned()));
            match name {
                "required-version" => {}
                "paths" => self.paths = paths::read(value, problems),
                "extends" => self.read_extends(value, problems),
                "on-missing" => {
                    let word = values::one_of(name, value, ["closed", "open"], problems);
                    self.open_when_missing = word.as_deref() == Some("open");
                }
                "rfcs" => (self.rfcs, _) = values::inner_globs(name, value, problems),
                "rules" => self.rules = values::folder(name, value, problems).unwrap_or_default(),
                "exclude" => {
                    self.exclude = values::globs(&values::texts(name, value, problems), problems);
                }
                "default-branch" => self.default_branch = values::branch(name, value, problems),
                "link" => self.link = values::link(name, value, problems).unwrap_or_default(),
                "fail-on" => {
                    self.fail_on = values::threshold(name, value, problems).unwrap_or(self.fail_on);
                }
                "review" => match value.get_ref() {
                    DeValue::Table(table) => self.review.read(table, key.span(), problems),
                    _ => problems.add(value.span(), "`review` must be a table"),
                },
                _ => problems.add_unknown(key.span(), format!("unknown key `{name}`"), name, KEYS),
            }
        }
    }

    fn read_extends(&mut self, value: &Spanned<DeValue<'_>>, problems: &mut Problems) {
        self.embedded = false;
        for (name, span) in values::texts("extends", value, problems) {
            let is_folder = name == ".." || name.starts_with("./") || name.starts_with("../");
            if name == "embedded" {
                self.embedded = true;
            } else if is_folder && !name.contains('\\') {
                self.extends.push(Extended::Folder(name));
            } else if Remote::is_meant(&name) {
                match Remote::parse(&name) {
                    Ok(remote) => self.extends.push(Extended::Remote(remote)),
                    Err(why) => {
                        let message = format!("`extends`: {why}");
                        problems.add_with_help(span, message, remote::HELP);
                    }
                }
            } else {
                let message = format!(
                    "`extends` knows `embedded`, folders and git repositories, not `{name}`"
                );
                let help = "write \"embedded\", a folder of this repository with a codex (\"./law\", \"..\"), or \"https://git.example/eng/codex@COMMIT\"";
                problems.add_with_help(span, message, help);
            }
        }
    }

    /// The folder of something that it extends.
    pub fn extended_folder(&self, name: &str) -> Result<PathBuf, Failure> {
        let mut folder = self.folder.clone();
        for part in Path::new(name).components() {
            match part {
                Component::Normal(part) => folder.push(part),
                Component::ParentDir if folder != self.top && folder.pop() => {}
                Component::CurDir => {}
                _ => {
                    let message = format!("`extends`: {name} leads out of the repository");
                    return Err(Failure::new(message)
                        .help("vendor it, or name a folder of this repository"));
                }
            }
        }
        Ok(folder)
    }

    /// The configuration that lies in a folder, of which nothing but its rules and what it extends counts.
    pub fn in_folder(&self, folder: &Path) -> Result<Self, Failure> {
        Ok(self.extended(Self::find(folder, Some(folder))?))
    }

    /// The same in a snapshot, whose top is that of the repository.
    pub fn in_folder_of(&self, snapshot: &Snapshot, folder: &Path) -> Result<Self, Failure> {
        let path = self.below_top(folder).join(FILE_NAME);
        let bytes = snapshot
            .read(&path)
            .map_err(|reason| Failure::new(format!("cannot read {}: {reason}", path.text())))?;
        let config = match bytes {
            Some(bytes) => Self::parse(folder, &self.top, &path.to_path(), &bytes)?,
            None => Self::default_in(folder),
        };
        Ok(self.extended(config))
    }

    /// The configuration of a codex from elsewhere, fetched into a folder: nothing above that is looked at.
    pub fn fetched(folder: &Path, remote: &Remote) -> Result<Self, Failure> {
        let mut top = Self::default_in(folder);
        top.origin = Some(remote.clone());
        Ok(top.extended(Self::find(folder, Some(folder))?))
    }

    /// A configuration that this one extends: without a file it brings its own rules only.
    fn extended(&self, mut other: Self) -> Self {
        other.top = self.top.clone();
        other.origin = self.origin.clone();
        other.embedded &= other.is_file;
        if other.link.is_empty() {
            let folder = self.below_top(&other.folder).join("");
            let before = self.origin.as_ref().map_or(String::new(), Remote::link);
            other.link = before + &folder.text();
        }
        other
    }

    /// Where a folder of the repository lies, seen from its root.
    pub fn below_top(&self, folder: &Path) -> RepoPath {
        RepoPath::from_path(folder.strip_prefix(&self.top).unwrap_or(Path::new("")))
    }

    /// The weakest disposition that fails a check for a file, as reports write its path: the last section wins.
    pub fn thresholds(&self) -> impl Fn(&str) -> Disposition {
        let folder = match self.below_top(&self.folder).text().as_ref() {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let stricter = |section: &&PathSection| section.fail_on.is_some();
        let sections: Vec<PathSection> =
            self.paths.iter().rev().filter(stricter).cloned().collect();
        let otherwise = self.fail_on;
        move |path| {
            let below = path.strip_prefix(&folder);
            let is_named = |section: &&PathSection| below.is_some_and(|path| section.names(path));
            let section = sections.iter().find(is_named);
            section
                .and_then(|section| section.fail_on)
                .unwrap_or(otherwise)
        }
    }

    /// All RFC files that the globs name, sorted, relative to the folder.
    pub fn rfc_files(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut files = Vec::new();
        for glob in &self.rfcs {
            let built = GlobBuilder::new(glob).literal_separator(true).build();
            let Ok(matcher) = built.and_then(files_of) else {
                continue;
            };
            let literal = glob.split(['*', '?', '[', '{']).next().unwrap_or_default();
            let start = literal.rsplit_once('/').map_or("", |(folder, _)| folder);
            let mut found = Vec::new();
            walk(&self.folder, Path::new(start), &mut found)?;
            found.retain(|path| matcher.is_match(path));
            if found.is_empty() {
                let help = "an RFC is a file like rfcs/0001-what-it-is-about.md; `rfcs` in codex.toml says where they lie";
                let message = format!(
                    "no RFC in {}: nothing is named `{glob}`",
                    self.folder.display()
                );
                return Err(Failure::new(message).help(help));
            }
            files.extend(found);
        }
        files.sort();
        files.dedup();
        Ok(files)
    }
}

/// An address with a password is not even shown where it stands.
fn refuse_secrets(table: &DeTable<'_>, path: &Path) -> Result<(), Failure> {
    let values = table.get("extends").map(Spanned::get_ref);
    let Some(DeValue::Array(values)) = values else {
        return Ok(());
    };
    let mut texts = values.iter().filter_map(|value| value.get_ref().as_str());
    if !texts.any(Remote::has_secret) {
        return Ok(());
    }
    let message = format!(
        "{}: `extends`: no password or token may stand in an address",
        path.display()
    );
    Err(Failure::new(message)
        .help("leave it to git's credential helper, and change it: it was committed"))
}

/// Words for `fail-on`.
pub const THRESHOLDS: [&str; 3] = ["block", "review", "warn"];

/// The disposition of a threshold's word.
pub fn threshold(word: &str) -> Option<Disposition> {
    [Disposition::Block, Disposition::Review, Disposition::Warn]
        .into_iter()
        .find(|disposition| disposition.word() == word)
}
