//! Verdicts of earlier runs: one small file each, named by what the verdict depends on.
//!
//! The name is made of the case (never of its path) and of the reviewer, so that a laptop and CI can share a folder. A
//! file appears whole or not at all; one that cannot be read, or whose quote does not fit, is no verdict. Deliberately
//! absent: answers that were invalid, and failures: they are asked about again.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::answer::Given;
use super::case::Case;
use crate::finding::Verdict;

/// The most bytes that all verdicts may take.
pub const SIZE_LIMIT: u64 = 64 * 1024 * 1024;
/// The most bytes of one file: what is larger is none of ours.
const FILE_LIMIT: u64 = 64 * 1024;

/// A folder of verdicts.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    limit: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    schema: u32,
    reviewer: String,
    #[serde(flatten)]
    given: Given,
}

impl Cache {
    /// The verdicts below a folder, which need not be there yet; they are pruned when they take more than `limit` bytes.
    pub fn new(folder: &Path, limit: u64) -> Self {
        Self {
            folder: folder.join("verdicts"),
            limit,
        }
    }

    /// The verdict on a case of the first of some reviewers that has one; of any reviewer, when none is named.
    pub fn get(&self, case: &Case, models: Option<&[&str]>) -> Option<Verdict> {
        let folder = self.place(case);
        let files = match models {
            Some(models) => models
                .iter()
                .map(|model| folder.join(file_name(model)))
                .collect(),
            None => {
                let entries = fs::read_dir(&folder).ok()?.flatten();
                let mut files: Vec<PathBuf> = entries
                    .map(|entry| entry.path())
                    .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
                    .collect();
                files.sort();
                files
            }
        };
        files.iter().find_map(|file| {
            if fs::symlink_metadata(file).ok()?.len() > FILE_LIMIT {
                return None;
            }
            let entry: Entry = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
            let verdict = entry.given.verdict(case, &entry.reviewer).ok()?;
            let is_ours = entry.schema == super::SCHEMA;
            is_ours.then_some(Verdict {
                cached: true,
                ..verdict
            })
        })
    }

    /// Keeps a verdict. That it cannot is no failure: the next run asks again.
    pub fn put(&self, case: &Case, model: &str, verdict: &Verdict) -> bool {
        let entry = Entry {
            schema: super::SCHEMA,
            reviewer: verdict.reviewer.clone(),
            given: Given {
                id: String::new(),
                verdict: case.kind.word(verdict.verdict).to_owned(),
                rationale: verdict.rationale.clone(),
                quote: verdict.quote.clone(),
            },
        };
        let folder = self.place(case);
        let Ok(text) = serde_json::to_vec(&entry) else {
            return false;
        };
        if text.len() as u64 > FILE_LIMIT || fs::create_dir_all(&folder).is_err() {
            return false;
        }
        let Ok(mut file) = tempfile::NamedTempFile::new_in(&folder) else {
            return false;
        };
        file.write_all(&text).is_ok() && file.persist(folder.join(file_name(model))).is_ok()
    }

    /// Removes the oldest verdicts until the rest takes less than nine tenths of the limit.
    pub fn prune(&self) {
        let mut files = Vec::new();
        collect(&self.folder, 0, &mut files);
        let mut size: u64 = files.iter().map(|(_, size, _)| size).sum();
        if size <= self.limit {
            return;
        }
        files.sort();
        for (_, bytes, path) in files {
            if size <= self.limit / 10 * 9 {
                break;
            }
            if fs::remove_file(&path).is_ok() {
                size -= bytes;
                // Only an empty folder goes.
                let _ = path.parent().map(fs::remove_dir);
            }
        }
    }

    fn place(&self, case: &Case) -> PathBuf {
        let key = case.key();
        let (head, tail) = key.split_at(2);
        self.folder.join(head).join(tail)
    }
}

fn file_name(model: &str) -> String {
    let hash = blake3::hash(model.as_bytes()).to_hex();
    format!("{}.json", &hash[..16])
}

type File = (SystemTime, u64, PathBuf);

fn collect(folder: &Path, depth: usize, files: &mut Vec<File>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let Ok(about) = entry.metadata() else {
            continue;
        };
        if about.is_dir() && depth < 2 {
            collect(&entry.path(), depth + 1, files);
        } else if about.is_file() {
            let time = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            files.push((time, about.len(), entry.path()));
        }
    }
}
