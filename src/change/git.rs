//! Runs git: plumbing only, with everything switched off that would run a program which a repository names.
//!
//! Switched off are fsmonitor, external diffs, textconv, filters (they would run when git compares the work tree), and
//! fetching of missing objects. The environment is passed on as it is, because hooks say through it which index is
//! meant. Deliberately absent: what the answers mean ([`super::raw`]), and reading of files ([`super::objects`]).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::objects::{CommitObject, Objects};
use super::raw::{self, IndexEntry, RawChange};
use crate::problem::Failure;
use crate::source::RepoPath;

const DIFF: [&str; 8] = [
    "--raw",
    "-z",
    "-M",
    "-l1000", // as many files as git compares by itself for renames, whatever the configuration says
    "-r",
    "--no-ext-diff",
    "--no-textconv",
    "--ignore-submodules=all",
];

/// What to do when a partial clone lacks an object.
pub(super) const NO_LAZY_FETCH_HELP: &str = "in a partial clone, `git fetch --refetch --no-filter` gets what is missing, or GIT_NO_LAZY_FETCH=0 lets git fetch it";

/// The most lines of a file that git is asked about one by one.
const MOST_LINES: usize = 1000;

/// Whether git could find a repository from here: one begins at a `.git`, a bare one at a `HEAD`, or where git's own
/// variables say. So a folder in none needs no git at all.
fn may_lie_in_one(folder: &Path) -> bool {
    let is_there = |place: PathBuf| place.symlink_metadata().is_ok();
    let begins = |folder: &Path| {
        [".git", "HEAD"]
            .iter()
            .any(|name| is_there(folder.join(name)))
    };
    let is_named = |name: &str| std::env::var_os(name).is_some();
    ["GIT_DIR", "GIT_WORK_TREE"].into_iter().any(is_named)
        || folder
            .canonicalize()
            .map_or(true, |folder| folder.ancestors().any(begins))
}

/// A git work tree.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
    git_folder: PathBuf,
    shallow: bool,
    empty_tree: &'static str,
    objects: Arc<Objects>,
}

impl Repository {
    /// The repository that a folder lies in, as git finds it; `None` when there is none.
    pub fn discover(folder: &Path) -> Result<Option<Self>, Failure> {
        if !folder.is_dir() {
            return Err(Failure::new(format!(
                "no such folder: {}",
                shown(&folder.to_string_lossy())
            )));
        }
        if !may_lie_in_one(folder) {
            return Ok(None);
        }
        let mut command = command(folder);
        command.args([
            "rev-parse",
            "--is-shallow-repository",
            "--show-object-format",
        ]);
        command.args(["--absolute-git-dir", "--show-toplevel"]);
        let output = match run(&mut command) {
            Ok(output) => output,
            Err(Stopped::Said(text)) if text.contains("not a git repository (or any") => {
                return Ok(None);
            }
            Err(stopped) => return Err(stopped.failure(&command)),
        };
        Self::parse(&output, folder)
            .map(Some)
            .ok_or_else(|| Failure::new("git rev-parse: an answer that codex cannot read"))
    }

    fn parse(output: &[u8], folder: &Path) -> Option<Self> {
        let mut lines = output.splitn(3, |byte| *byte == b'\n');
        let shallow = lines.next()? == b"true";
        let empty_tree = match lines.next()? {
            b"sha256" => "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
            _ => "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        };
        let folders = lines.next()?.strip_suffix(b"\n")?;
        // Two paths, one a line; either may hold line ends itself.
        let (git_folder, root) = (0..folders.len())
            .filter(|at| folders[*at] == b'\n')
            .map(|at| (path(&folders[..at]), path(&folders[at + 1..])))
            .find(|(git_folder, root)| git_folder.is_dir() && root.is_dir())?;
        Some(Self {
            objects: Arc::new(Objects::begun(root.clone(), folder)),
            root,
            git_folder,
            shallow,
            empty_tree,
        })
    }

    /// The top folder of the work tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether commits are missing at the end of its history.
    pub(super) fn is_shallow(&self) -> bool {
        self.shallow
    }

    /// The id of the tree without files.
    pub(super) fn empty_tree(&self) -> &'static str {
        self.empty_tree
    }

    pub(super) fn objects(&self) -> &Arc<Objects> {
        &self.objects
    }

    /// The commit that a revision means, if it means one that is here.
    pub(super) fn commit(&self, revision: &str) -> Result<Option<CommitObject>, Failure> {
        check_revision(revision)?;
        self.objects.commit(revision).map_err(Failure::new)
    }

    /// What a commit says of itself, if it is here.
    pub(super) fn message(&self, commit: &str) -> Option<String> {
        self.objects.message(commit).ok().flatten()
    }

    /// The address of `origin`, when there is one.
    pub fn origin(&self) -> Option<String> {
        let mut command = self.git("config");
        command.args(["--get", "remote.origin.url"]);
        let output = run(&mut command).ok()?;
        Some(String::from_utf8_lossy(&output).trim().to_owned())
    }

    /// The commits that are being merged into HEAD.
    pub(super) fn merge_heads(&self) -> Result<Vec<String>, Failure> {
        let path = self.git_folder.join("MERGE_HEAD");
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(Failure::io("cannot read MERGE_HEAD", &error)),
        }
    }

    /// The best common ancestors of a commit and the (imagined) merge of all others.
    pub(super) fn merge_bases(
        &self,
        commit: &str,
        others: &[String],
    ) -> Result<Vec<String>, Failure> {
        let is_here = match others {
            [other] => other == commit || self.is_near(commit, other)?,
            _ => false,
        };
        if is_here {
            return Ok(vec![commit.to_owned()]);
        }
        let mut command = self.git("merge-base");
        command.arg("--all").arg(commit).args(others);
        match run(&mut command) {
            Ok(output) => Ok(String::from_utf8_lossy(&output)
                .lines()
                .map(str::to_owned)
                .collect()),
            Err(Stopped::Silently) => Ok(Vec::new()),
            Err(stopped) => Err(stopped.failure(&command)),
        }
    }

    /// Whether the walk from `tip` to its ancestors meets a commit soon: then nobody need look further.
    fn is_near(&self, commit: &str, tip: &str) -> Result<bool, Failure> {
        /// A step takes a fraction of what it takes to start git.
        const STEPS: usize = 16;
        if self.shallow {
            // The last commits name parents that do not count.
            return Ok(false);
        }
        let mut walk = VecDeque::from([tip.to_owned()]);
        let mut seen = BTreeSet::new();
        while seen.len() < STEPS
            && let Some(next) = walk.pop_front()
        {
            if next == commit {
                return Ok(true);
            }
            if seen.insert(next.clone()) {
                let next = self.commit(&next)?;
                walk.extend(next.into_iter().flat_map(|next| next.parents));
            }
        }
        Ok(false)
    }

    /// Whether there are merges in what `tip` has and `start` has not.
    pub(super) fn has_merges(&self, start: &str, tip: &str) -> Result<bool, Failure> {
        let mut command = self.git("rev-list");
        command.args(["--merges", "--max-count=1", tip, "--not", start, "--"]);
        let output = run(&mut command).map_err(|stopped| stopped.failure(&command))?;
        Ok(!output.is_empty())
    }

    /// What differs between two commits.
    pub(super) fn diff_trees(&self, base: &str, head: &str) -> Result<Vec<RawChange>, Failure> {
        let mut command = self.git("diff-tree");
        command.args(DIFF).args([base, head, "--"]);
        changes(&mut command)
    }

    /// What differs between a tree and the index.
    pub(super) fn diff_index(&self, base: &str) -> Result<Vec<RawChange>, Failure> {
        let mut command = self.git("diff-index");
        command
            .args(DIFF)
            .args(["--cached", "--ita-invisible-in-index", base, "--"]);
        changes(&mut command)
    }

    /// What differs between a tree and the tracked files of the work tree; those whose time changed but whose text did
    /// not are listed, too.
    pub(super) fn diff_work_tree(&self, base: &str) -> Result<Vec<RawChange>, Failure> {
        let mut command = self.git("diff-index");
        command.args(DIFF).args([base, "--"]);
        self.without_filters(&mut command)?;
        changes(&mut command)
    }

    /// The index, or the part of it below a folder.
    pub(super) fn index_entries(&self, folder: &RepoPath) -> Result<Vec<IndexEntry>, Failure> {
        let mut command = self.git("ls-files");
        command.args(["-z", "--stage", "--"]);
        restrict(&mut command, folder);
        let output = run(&mut command).map_err(|stopped| stopped.failure(&command))?;
        raw::parse_index(&output).ok_or_else(|| unreadable("ls-files"))
    }

    /// What a sparse checkout left out of the work tree.
    pub(super) fn left_out(&self) -> Result<Vec<IndexEntry>, Failure> {
        if !self.git_folder.join("info/sparse-checkout").exists() {
            return Ok(Vec::new());
        }
        let mut command = self.git("ls-files");
        command.args(["-z", "-t", "--stage"]);
        let output = run(&mut command).map_err(|stopped| stopped.failure(&command))?;
        let entries = output.split_inclusive(|byte| *byte == 0);
        let skipped: Vec<&[u8]> = entries
            .filter_map(|entry| entry.strip_prefix(b"S "))
            .collect();
        raw::parse_index(&skipped.concat()).ok_or_else(|| unreadable("ls-files"))
    }

    /// The files below a folder that git does not track, without or with those that it ignores.
    pub(super) fn untracked(
        &self,
        folder: &RepoPath,
        ignored_too: bool,
    ) -> Result<Vec<RepoPath>, Failure> {
        let mut command = self.git("ls-files");
        command.args(["-z", "--others"]);
        if !ignored_too {
            command.arg("--exclude-standard");
        }
        command.arg("--");
        restrict(&mut command, folder);
        let output = run(&mut command).map_err(|stopped| stopped.failure(&command))?;
        Ok(raw::parse_paths(&output))
    }

    /// When lines (from 1) of a file of the work tree were committed, in seconds; what is not committed is left out.
    pub fn committed(
        &self,
        path: &RepoPath,
        lines: &BTreeSet<usize>,
    ) -> Result<BTreeMap<usize, i64>, Failure> {
        let mut command = self.git("blame");
        command.args(["--porcelain", "--no-textconv"]);
        // A command line holds only so much; all lines are asked about then.
        if lines.len() <= MOST_LINES {
            for line in lines {
                command.arg("-L").arg(format!("{line},{line}"));
            }
        }
        command.arg("--").arg(OsString::from(path.to_path()));
        self.without_filters(&mut command)?;
        match run(&mut command) {
            Ok(output) => {
                let mut times = raw::parse_blame(&output);
                times.retain(|line, _| lines.contains(line));
                Ok(times)
            }
            Err(Stopped::Said(text)) if text.lines().any(is_uncommitted) => Ok(BTreeMap::new()),
            Err(stopped) => Err(stopped.failure(&command)),
        }
    }

    fn git(&self, name: &str) -> Command {
        let mut command = command(&self.root);
        command.arg(name);
        command
    }

    /// Empties every configured filter: git runs them where it cannot tell from a file's time whether it changed.
    fn without_filters(&self, command: &mut Command) -> Result<(), Failure> {
        let mut list = self.git("config");
        list.args([
            "--null",
            "--name-only",
            "--get-regexp",
            r"^filter\..*\.(clean|process|required)$",
        ]);
        let output = match run(&mut list) {
            Ok(output) => output,
            Err(Stopped::Silently) => return Ok(()),
            Err(stopped) => return Err(stopped.failure(&list)),
        };
        let count = std::env::var("GIT_CONFIG_COUNT")
            .ok()
            .and_then(|count| count.parse::<usize>().ok());
        let mut next = count.unwrap_or(0);
        for name in output
            .split(|byte| *byte == 0)
            .filter(|name| !name.is_empty())
        {
            let value = if name.ends_with(b".required") {
                "false"
            } else {
                ""
            };
            command.env(format!("GIT_CONFIG_KEY_{next}"), path(name));
            command.env(format!("GIT_CONFIG_VALUE_{next}"), value);
            next += 1;
        }
        command.env("GIT_CONFIG_COUNT", next.to_string());
        Ok(())
    }
}

/// git in a folder, with nothing of the configuration that runs programs or changes how paths are written.
pub(super) fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).stdin(Stdio::null());
    command.args(["--no-optional-locks", "--literal-pathspecs"]);
    command.args(["-c", "core.fsmonitor=false", "-c", "core.quotePath=false"]);
    command.env("LC_ALL", "C");
    // A commit is what its id says, not what a clone has put in its place.
    command.env("GIT_NO_REPLACE_OBJECTS", "1");
    if std::env::var_os("GIT_NO_LAZY_FETCH").is_none() {
        command.env("GIT_NO_LAZY_FETCH", "1");
    }
    command
}

/// Why git gave no answer.
#[derive(Debug)]
pub(super) enum Stopped {
    NotStarted(io::Error),
    /// It failed and said why.
    Said(String),
    /// It ended with 1 and said nothing: how several commands say "none".
    Silently,
}

impl Stopped {
    pub(super) fn failure(self, command: &Command) -> Failure {
        let text = match self {
            Self::NotStarted(error) if error.kind() == io::ErrorKind::NotFound => {
                return Failure::new("cannot run git: it is not installed, or not in PATH")
                    .help("install git; `codex check --diff FILE` works without");
            }
            Self::NotStarted(error) => return Failure::io("cannot run git", &error),
            Self::Said(text) => text,
            Self::Silently => "no answer".to_owned(),
        };
        let mut lines = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(str::trim);
        let said = lines.clone().find_map(complaint);
        let message = said.or_else(|| lines.clone().next()).unwrap_or_default();
        let failure = Failure::new(format!("{}: {}", name_of(command), shown(message)));
        if let Some(exception) =
            lines.find(|line| line.starts_with("git config --global --add safe.directory"))
        {
            return failure.help(format!("if you trust it: `{}`", shown(exception)));
        }
        if text.contains("lazy fetch") || text.contains("promisor") {
            return failure.help(NO_LAZY_FETCH_HELP);
        }
        failure
    }
}

fn name_of(command: &Command) -> String {
    let known = [
        "blame",
        "rev-parse",
        "merge-base",
        "rev-list",
        "diff-tree",
        "diff-index",
        "ls-files",
        "config",
        "init",
        "fetch",
    ];
    let name = command
        .get_args()
        .find(|argument| known.iter().any(|name| *argument == *name));
    name.map_or("git".to_owned(), |name| {
        format!("git {}", name.to_string_lossy())
    })
}

pub(super) fn run(command: &mut Command) -> Result<Vec<u8>, Stopped> {
    let output = command.output().map_err(Stopped::NotStarted)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        Some(1) if text.lines().find_map(complaint).is_none() => Err(Stopped::Silently),
        _ => Err(Stopped::Said(text)),
    }
}

/// What git complains about in a line; a warning, or what `GIT_TRACE` writes, is none.
fn complaint(line: &str) -> Option<&str> {
    line.strip_prefix("fatal: ")
        .or_else(|| line.strip_prefix("error: "))
}

/// Whether git says that a file is in no commit, or that there is none.
fn is_uncommitted(line: &str) -> bool {
    line.starts_with("fatal: no such path ") || line.starts_with("fatal: no such ref: HEAD")
}

fn changes(command: &mut Command) -> Result<Vec<RawChange>, Failure> {
    let output = run(command).map_err(|stopped| stopped.failure(command))?;
    raw::parse_changes(&output).ok_or_else(|| unreadable(&name_of(command)))
}

fn unreadable(name: &str) -> Failure {
    Failure::new(format!("{name}: an answer that codex cannot read"))
}

fn restrict(command: &mut Command, folder: &RepoPath) {
    if !folder.as_bytes().is_empty() {
        command.arg(OsString::from(folder.to_path()));
    }
}

/// Refuses what git would take for an option, and what would be two questions.
fn check_revision(revision: &str) -> Result<(), Failure> {
    let refused = match revision {
        "" => "an empty revision",
        text if text.starts_with('-') => "a revision cannot start with a dash",
        text if text.contains(char::is_control) => "a revision cannot hold control characters",
        _ => return Ok(()),
    };
    Err(Failure::new(format!("{refused}: `{}`", shown(revision)))
        .help("name a commit, a branch or a tag"))
}

/// Text of others, fit for a terminal.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() {
                '\u{FFFD}'
            } else {
                character
            }
        })
        .collect()
}

fn path(bytes: &[u8]) -> PathBuf {
    RepoPath::new(bytes).to_path()
}
