//! Which files a run looks at, and which of them it reports. Deliberately absent: which have changed.

use std::path::{Path, PathBuf};

use crate::change::Attributes;
use crate::cli::Context;
use crate::config::Config;
use crate::language::Language;
use crate::problem::Failure;
use crate::source::RepoPath;

/// Which files a run looks at, and which it reports.
pub(in crate::cli) struct Scope<'a> {
    config: &'a Config,
    root: PathBuf,
    /// The folder of the configuration, seen from the root.
    folder: RepoPath,
    /// What was asked for; empty for everything.
    wanted: Vec<RepoPath>,
    /// Who says which files are generated or vendored: those are left out.
    marks: Option<Attributes<'a>>,
}

impl<'a> Scope<'a> {
    pub(in crate::cli) fn new(
        config: &'a Config,
        root: &Path,
        paths: &[PathBuf],
        needs_paths: bool,
        context: &Context,
    ) -> Result<Self, Failure> {
        let mut wanted = Vec::new();
        for path in paths {
            let whole = context.folder.join(path);
            let Some(below_root) = below(&whole, root) else {
                return Err(Failure::new(format!(
                    "{} lies outside of {}",
                    path.display(),
                    root.display()
                )));
            };
            // A change may have deleted what it is about; without a change it can only be a slip of the pen.
            if needs_paths && whole.symlink_metadata().is_err() {
                return Err(Failure::new(format!("there is no {}", path.display())));
            }
            wanted.push(below_root);
        }
        Ok(Self {
            folder: below(&config.folder, root).unwrap_or_else(|| RepoPath::from("")),
            root: root.to_path_buf(),
            config,
            wanted,
            marks: None,
        })
    }

    /// Without the files that are marked as generated or vendored.
    pub(super) fn without_marked(mut self, marks: Attributes<'a>) -> Self {
        self.marks = Some(marks);
        self
    }

    /// Whether a file is left out because it is marked as generated or vendored.
    pub(super) fn leaves_out(&self, path: &RepoPath) -> bool {
        Language::of(path).is_some()
            && self
                .marks
                .as_ref()
                .is_some_and(|marks| marks.is_marked(path))
    }

    /// Files of another configuration's folder and excluded ones are never looked at.
    pub(in crate::cli) fn looks_at(&self, path: &RepoPath) -> bool {
        let folder = if self.config.is_file {
            self.folder.clone()
        } else {
            RepoPath::from("")
        };
        path.below(&folder)
            .is_some_and(|inner| !self.config.exclude.is_match(inner.to_path()))
            && !self.leaves_out(path)
    }

    /// A path as it is seen from the root.
    pub(super) fn below_root(&self, path: &Path) -> Option<RepoPath> {
        below(path, &self.root)
    }

    pub(super) fn reports(&self, path: &RepoPath) -> bool {
        self.wanted.is_empty()
            || self
                .wanted
                .iter()
                .any(|wanted| wanted.as_bytes().is_empty() || path.is_within(wanted))
    }

    /// The same for a path as reports write it.
    pub(super) fn reports_text(&self, path: &str) -> bool {
        let is_within = |wanted: &RepoPath| {
            wanted.as_bytes().is_empty()
                || RepoPath::from(path).is_within(&RepoPath::from(wanted.text().as_ref()))
        };
        self.wanted.is_empty() || self.wanted.iter().any(is_within)
    }
}

/// A path as it is seen from the root; `None` when it lies outside.
pub(in crate::cli) fn below(path: &Path, root: &Path) -> Option<RepoPath> {
    let path = real(path);
    path.strip_prefix(real(root)).map(RepoPath::from_path).ok()
}

/// The path with its links resolved as far as it exists, without `.` and `..`.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| {
        let mut plain = PathBuf::new();
        for part in path.components() {
            match part {
                std::path::Component::ParentDir => {
                    plain.pop();
                }
                std::path::Component::CurDir => {}
                other => plain.push(other),
            }
        }
        plain
    })
}
