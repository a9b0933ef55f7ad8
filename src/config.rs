//! `codex.toml`: which law is in force here, and how strictly.
//!
//! It is looked for from the working folder upward to the repository's root, never above; the first wins. Every unknown
//! key is an error. Deliberately absent: anything that names a program or an address; a repository under check says neither.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::finding::Disposition;
use crate::problem::{Document, Failure, Problem, Problems};

/// The file's name.
pub const FILE_NAME: &str = "codex.toml";

const KEYS: [&str; 7] = [
    "extends",
    "rfcs",
    "rules",
    "exclude",
    "default-branch",
    "link",
    "fail-on",
];
const REVIEW_HELP: &str = "programs, addresses and prompts of a reviewer come from outside of the repository: use `--review ..`, CODEX_REVIEW_* or your own configuration file";

/// What is in force.
#[derive(Debug)]
pub struct Config {
    /// The folder that paths in it are relative to: its own, or the working folder.
    pub folder: PathBuf,
    /// Whether a file was found.
    pub is_file: bool,
    /// Whether the rules compiled into the binary are in force.
    pub embedded: bool,
    /// Globs of the RFCs.
    pub rfcs: Vec<String>,
    /// Where compiled rules lie.
    pub rules: String,
    /// Never looked at.
    pub exclude: GlobSet,
    /// What changes are compared with, when nothing else says it.
    pub default_branch: Option<String>,
    /// Put before paths in links.
    pub link: String,
    /// The weakest disposition that fails a check.
    pub fail_on: Disposition,
}

impl Config {
    /// The defaults, in a folder without a file.
    pub fn default_in(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
            is_file: false,
            embedded: true,
            rfcs: vec!["rfcs/[0-9]*.md".to_owned()],
            rules: "rules".to_owned(),
            exclude: GlobSet::empty(),
            default_branch: None,
            link: String::new(),
            fail_on: Disposition::Block,
        }
    }

    /// Finds and reads the configuration for a working folder in a repository (or in none).
    pub fn find(folder: &Path, root: Option<&Path>) -> Result<Self, Failure> {
        let top = root.unwrap_or(folder);
        for candidate in folder.ancestors() {
            let path = candidate.join(FILE_NAME);
            match std::fs::read(&path) {
                Ok(bytes) => return Self::parse(candidate, &path, &bytes),
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

    fn parse(folder: &Path, path: &Path, bytes: &[u8]) -> Result<Self, Failure> {
        let document = Document::new(
            path.file_name().unwrap_or_default().to_string_lossy(),
            String::from_utf8_lossy(bytes),
        );
        let mut problems = Problems::new(document);
        let text = problems.document().text.clone();
        let mut config = Self::default_in(folder);
        config.is_file = true;
        if std::str::from_utf8(bytes).is_err() {
            problems.add(0..0, "not UTF-8");
        } else {
            match DeTable::parse(&text) {
                Ok(table) => config.read(table.get_ref(), &mut problems),
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
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match name {
                "extends" => self.read_extends(value, problems),
                "rfcs" => self.rfcs = texts(name, value, problems).unwrap_or_default(),
                "rules" => self.rules = folder(name, value, problems).unwrap_or_default(),
                "exclude" => {
                    self.exclude = globs(
                        &texts(name, value, problems).unwrap_or_default(),
                        value,
                        problems,
                    );
                }
                "default-branch" => self.default_branch = text(name, value, problems),
                "link" => self.link = text(name, value, problems).unwrap_or_default(),
                "fail-on" => self.read_fail_on(value, problems),
                "review" => problems.add_with_help(
                    key.span(),
                    "`[review]` does not belong into a repository",
                    REVIEW_HELP,
                ),
                _ => problems.add_unknown(key.span(), format!("unknown key `{name}`"), name, KEYS),
            }
        }
        globs(
            &self.rfcs,
            &Spanned::new(0..0, DeValue::Boolean(true)),
            problems,
        );
    }

    fn read_extends(&mut self, value: &Spanned<DeValue<'_>>, problems: &mut Problems) {
        self.embedded = false;
        for name in texts("extends", value, problems).unwrap_or_default() {
            if name == "embedded" {
                self.embedded = true;
            } else {
                let message = format!("`extends` knows `embedded` only, not `{name}`");
                problems.add_with_help(value.span(), message, "write [\"embedded\"] or []");
            }
        }
    }

    fn read_fail_on(&mut self, value: &Spanned<DeValue<'_>>, problems: &mut Problems) {
        let Some(word) = text("fail-on", value, problems) else {
            return;
        };
        match threshold(&word) {
            Some(disposition) => self.fail_on = disposition,
            None => problems.add_unknown(
                value.span(),
                format!("unknown threshold `{word}`"),
                &word,
                THRESHOLDS,
            ),
        }
    }

    /// All RFC files that the globs name, sorted, relative to the folder.
    pub fn rfc_files(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut files = Vec::new();
        for glob in &self.rfcs {
            let Ok(matcher) = GlobBuilder::new(glob).literal_separator(true).build() else {
                continue;
            };
            let matcher = matcher.compile_matcher();
            let literal = glob.split(['*', '?', '[', '{']).next().unwrap_or_default();
            let start = literal.rsplit_once('/').map_or("", |(folder, _)| folder);
            let mut found = Vec::new();
            walk(&self.folder, Path::new(start), &mut found)?;
            files.extend(found.into_iter().filter(|path| matcher.is_match(path)));
        }
        files.sort();
        files.dedup();
        Ok(files)
    }
}

/// Words for `fail-on`.
pub const THRESHOLDS: [&str; 3] = ["block", "review", "warn"];

/// The disposition of a threshold's word.
pub fn threshold(word: &str) -> Option<Disposition> {
    [Disposition::Block, Disposition::Review, Disposition::Warn]
        .into_iter()
        .find(|disposition| disposition.word() == word)
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let whole = root.join(folder);
    let entries = match std::fs::read_dir(&whole) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(Failure::io(
                format!("cannot read the folder {}", whole.display()),
                &error,
            ));
        }
    };
    for entry in entries {
        let entry = entry.map_err(|error| {
            Failure::io(
                format!("cannot read the folder {}", whole.display()),
                &error,
            )
        })?;
        let path = folder.join(entry.file_name());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && entry.file_name() != ".git" => walk(root, &path, files)?,
            Ok(kind) if kind.is_file() => files.push(path),
            _ => {}
        }
    }
    Ok(())
}

fn text(key: &str, value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        _ => {
            problems.add(value.span(), format!("`{key}` must be a text"));
            None
        }
    }
}

/// A path that stays in the folder.
fn folder(key: &str, value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<String> {
    let path = text(key, value, problems)?;
    let is_inner = !path.is_empty() && path.split('/').all(|part| !part.is_empty() && part != "..");
    if !is_inner {
        problems.add(
            value.span(),
            format!("`{key}` must be a folder below this file"),
        );
    }
    is_inner.then_some(path)
}

fn texts(key: &str, value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Vec<String>> {
    let DeValue::Array(values) = value.get_ref() else {
        problems.add(value.span(), format!("`{key}` must be a list of texts"));
        return None;
    };
    Some(
        values
            .iter()
            .filter_map(|value| text(key, value, problems))
            .collect(),
    )
}

fn globs(texts: &[String], value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> GlobSet {
    let mut builder = GlobSetBuilder::new();
    for text in texts {
        match GlobBuilder::new(text).literal_separator(true).build() {
            Ok(glob) => {
                builder.add(glob);
            }
            Err(error) => problems.add(
                value.span(),
                format!("`{text}` is not a glob: {}", error.kind()),
            ),
        }
    }
    builder.build().unwrap_or_else(|_| GlobSet::empty())
}

/// A problem of a whole file.
pub fn whole_file(path: &Path, message: impl Into<String>) -> Problem {
    let document = Document::new(path.to_string_lossy(), String::new());
    Problem {
        document,
        span: 0..0,
        message: message.into(),
        help: None,
    }
}
