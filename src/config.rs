//! `codex.toml`: which law is in force here, and how strictly.
//!
//! It is looked for from the working folder upward to the repository's root, never above; the first wins. Every unknown
//! key is an error. Deliberately absent: anything that names a program or an address; a repository under check says neither.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::change::Snapshot;
use crate::finding::Disposition;
use crate::problem::{Document, Failure, Problem, Problems};
use crate::source::RepoPath;

/// The file's name.
pub const FILE_NAME: &str = "codex.toml";

const KEYS: [&str; 8] = [
    "extends",
    "rfcs",
    "rules",
    "exclude",
    "default-branch",
    "link",
    "fail-on",
    "review",
];
const REVIEW_KEYS: [&str; 3] = ["rules", "risk-paths", "max-cases"];
const REVIEW_HELP: &str = "here only `rules`, `risk-paths` and `max-cases`; programs, addresses and prompts of a reviewer come from outside of the repository: use `--review ..`, CODEX_REVIEW_* or your own configuration file";

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
    /// What is left to humans, and what comes first.
    pub review: Narrowing,
}

/// What a repository may say about its review: less of it, and in which order.
#[derive(Debug, Clone, Default)]
pub struct Narrowing {
    /// The rules that a reviewer is asked about; `None` for all.
    pub rules: Option<Vec<String>>,
    /// Paths that are asked about first.
    pub risk_paths: GlobSet,
    /// The most cases of a run.
    pub max_cases: Option<usize>,
}

impl Narrowing {
    /// Whether a reviewer is asked about this rule.
    pub fn reviews(&self, rule: &str) -> bool {
        let mut rules = self.rules.iter().flatten();
        self.rules.is_none() || rules.any(|known| known == rule)
    }

    /// Whether a file is asked about first.
    pub fn is_risky(&self, path: &RepoPath) -> bool {
        self.risk_paths.is_match(path.to_path())
    }

    /// `place` is that of the word `review`.
    fn read(
        &mut self,
        table: &DeTable<'_>,
        place: std::ops::Range<usize>,
        problems: &mut Problems,
    ) {
        let mut foreign = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match name {
                "rules" => {
                    let rules = texts(name, value, problems);
                    self.rules = Some(rules.into_iter().map(|(text, _)| text).collect());
                }
                "risk-paths" => self.risk_paths = globs(&texts(name, value, problems), problems),
                "max-cases" => {
                    let number = match value.get_ref() {
                        DeValue::Integer(number) => number.to_string().parse().ok(),
                        _ => None,
                    };
                    match number {
                        Some(number) => self.max_cases = Some(number),
                        None => problems.add(value.span(), "`max-cases` must be a number of cases"),
                    }
                }
                _ if crate::problem::nearest(name, REVIEW_KEYS).is_some() => problems.add_unknown(
                    key.span(),
                    format!("unknown key `{name}`"),
                    name,
                    REVIEW_KEYS,
                ),
                _ => foreign.push(format!("`{name}`")),
            }
        }
        if !foreign.is_empty() {
            let names = foreign.join(", ");
            let message = format!("`[review]` does not belong into a repository with {names}");
            problems.add_with_help(place, message, REVIEW_HELP);
        }
    }
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
            review: Narrowing::default(),
        }
    }

    /// Finds and reads the configuration for a working folder in a repository (or in none).
    pub fn find(folder: &Path, root: Option<&Path>) -> Result<Self, Failure> {
        let top = root.unwrap_or(folder);
        for candidate in folder.ancestors() {
            let path = candidate.join(FILE_NAME);
            match read_file(&path) {
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
                return Self::parse(&folder, &path.to_path(), &bytes).map(Some);
            }
        }
        Ok(None)
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
        if let Err(error) = std::str::from_utf8(bytes) {
            let at = error.valid_up_to();
            problems.add_with_help(
                at..at,
                format!("not UTF-8: byte {at}"),
                "save the file as UTF-8",
            );
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
                "rfcs" => self.rfcs = rfc_globs(name, value, problems),
                "rules" => self.rules = folder(name, value, problems).unwrap_or_default(),
                "exclude" => self.exclude = globs(&texts(name, value, problems), problems),
                "default-branch" => self.default_branch = branch(name, value, problems),
                "link" => self.link = link(name, value, problems).unwrap_or_default(),
                "fail-on" => self.read_fail_on(value, problems),
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
        for (name, span) in texts("extends", value, problems) {
            if name == "embedded" {
                self.embedded = true;
            } else {
                let message = format!("`extends` knows `embedded` only, not `{name}`");
                problems.add_with_help(span, message, "write [\"embedded\"] or []");
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

/// Words for `fail-on`.
pub const THRESHOLDS: [&str; 3] = ["block", "review", "warn"];

/// The disposition of a threshold's word.
pub fn threshold(word: &str) -> Option<Disposition> {
    [Disposition::Block, Disposition::Review, Disposition::Warn]
        .into_iter()
        .find(|disposition| disposition.word() == word)
}

/// A file larger than this is no text of ours.
const SIZE_LIMIT: u64 = 16 << 20;

/// Reads a file that a repository brings along: a device or a pipe of its name is refused, and so is what no memory holds.
pub fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let about = std::fs::metadata(path)?;
    if about.is_dir() {
        return Err(std::io::Error::from(std::io::ErrorKind::IsADirectory));
    }
    if !about.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    let mut file = std::fs::File::open(path)?.take(SIZE_LIMIT + 1);
    file.read_to_end(&mut bytes)?;
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(std::io::Error::other("it is larger than 16 MiB"));
    }
    Ok(bytes)
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
            Ok(kind) if kind.is_dir() => {
                if path.extension().is_some_and(|extension| extension == "md") {
                    files.push(path.clone());
                }
                if entry.file_name() != ".git" {
                    walk(root, &path, files)?;
                }
            }
            // What is no file is listed, too: reading it says so, and nothing is passed over in silence.
            _ => files.push(path),
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

/// A text that is shown, written or handed on as one word.
fn word(key: &str, value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<String> {
    let text = text(key, value, problems)?;
    let is_word = !text.is_empty() && !text.contains(char::is_control);
    if !is_word {
        let message = format!("`{key}` must not be empty nor hold control characters");
        problems.add(value.span(), message);
    }
    is_word.then_some(text)
}

/// A path that stays in the folder.
fn folder(key: &str, value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<String> {
    let path = word(key, value, problems)?;
    let path = path.strip_suffix('/').unwrap_or(&path).to_owned();
    if !is_inner(&path) {
        problems.add_with_help(
            value.span(),
            format!("`{key}` must be a folder below this file"),
            "write a path like \"rules\" or \"law/rules\"",
        );
        return None;
    }
    Some(path)
}

fn is_inner(path: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    !path.contains('\\') && path.split('/').all(is_plain)
}

/// A branch; git must not take it for an option.
fn branch(key: &str, value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<String> {
    let name = word(key, value, problems)?;
    if name.starts_with('-') {
        problems.add(value.span(), format!("`{name}` is no name of a branch"));
        return None;
    }
    Some(name)
}

/// What is put right before a path.
fn link(key: &str, value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<String> {
    let link = text(key, value, problems)?;
    if link.is_empty() {
        return Some(link);
    }
    let link = word(key, value, problems)?;
    if link.ends_with(|last: char| last.is_alphanumeric()) {
        let help = format!("end it with a slash: \"{link}/\"");
        let message = format!("`{key}` is put right before a path, like `rfcs/0001-x.md`");
        problems.add_with_help(value.span(), message, help);
        return None;
    }
    Some(link)
}

fn rfc_globs(key: &str, value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Vec<String> {
    let texts = texts(key, value, problems);
    globs(&texts, problems);
    for (text, span) in &texts {
        if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            problems.add_with_help(
                span.clone(),
                format!("`{text}` leads out of the folder of this file"),
                "write a path below it, like \"rfcs/[0-9]*.md\"",
            );
        }
    }
    texts.into_iter().map(|(text, _)| text).collect()
}

type Texts = Vec<(String, std::ops::Range<usize>)>;

fn texts(key: &str, value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Texts {
    let DeValue::Array(values) = value.get_ref() else {
        problems.add(value.span(), format!("`{key}` must be a list of texts"));
        return Vec::new();
    };
    values
        .iter()
        .filter_map(|value| match value.get_ref() {
            DeValue::String(text) => Some((text.to_string(), value.span())),
            _ => {
                problems.add(value.span(), format!("`{key}` must be a list of texts"));
                None
            }
        })
        .collect()
}

fn globs(texts: &Texts, problems: &mut Problems) -> GlobSet {
    let mut builder = GlobSetBuilder::new();
    for (text, span) in texts {
        match GlobBuilder::new(text).literal_separator(true).build() {
            Ok(glob) => {
                builder.add(glob);
            }
            Err(error) => problems.add(
                span.clone(),
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
