//! Codexes from elsewhere, as `codex fetch` left them in the cache: each whole, proved, and under its commit.
//!
//! A commit that does not hold is refused, and the last good one of the same address goes on, loudly: never an empty or a
//! half rule set. A record is written after the files that it is about, and says what they are: what a killed `fetch`
//! leaves is no codex. Deliberately absent: git ([`crate::change::remote`]); a check never fetches.

mod kept;
mod proof;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use self::kept::Files;
use crate::change::Snapshot;
use crate::config::{self, Remote, remote};
use crate::date::Date;
use crate::finding::StaleRules;
use crate::problem::Failure;

/// The version of the records.
const SCHEMA: u32 = 1;

/// Where fetched codexes lie.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    /// `None`: nobody says where.
    folder: Option<PathBuf>,
}

/// What became of a commit that was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    schema: u32,
    /// The codex that proved it.
    codex: String,
    url: String,
    commit: String,
    /// The day.
    on: String,
    /// Counts up with every commit of an address: the last good one has the highest.
    order: u64,
    /// blake3 over its files, when it is good.
    hash: Option<String>,
    /// Why it is not.
    refused: Option<String>,
}

/// A codex from elsewhere, as far as there is one.
#[derive(Debug)]
pub enum Found {
    /// The one that is wanted.
    Good(PathBuf),
    /// An older one goes on.
    Stale(PathBuf, Remote, StaleRules),
    /// There is none.
    Missing(StaleRules),
}

/// How fetching went.
#[derive(Debug)]
pub enum Fetched {
    /// It was there.
    AlreadyThere,
    /// It is there now.
    Taken,
    /// It does not hold.
    Refused(String),
}

impl Cache {
    /// A cache below the folder of all caches of codex.
    pub fn new(folder: Option<&Path>) -> Self {
        let folder = folder.map(|folder| folder.join("codexes"));
        Self { folder }
    }

    /// Looks for a codex: reads and compares, and never asks anybody.
    pub fn find(&self, wanted: &Remote) -> Result<Found, Failure> {
        let of_address = self.of_address(wanted);
        let records = match &of_address {
            Some(folder) => records(folder, wanted)?,
            None => Vec::new(),
        };
        let own = records.iter().find(|record| record.commit == wanted.commit);
        let standing = |record: &Record| {
            let folder = of_address
                .as_ref()
                .map(|folder| folder.join(&record.commit));
            folder.map_or(Err(String::new()), |folder| record.whole(folder))
        };
        let (since, reason) = match own.map(|record| (record, standing(record))) {
            Some((_, Ok(folder))) => return Ok(Found::Good(folder)),
            Some((record, Err(reason))) => (Some(record.on.clone()), reason),
            None => (None, "it was never fetched: run `codex fetch`".to_owned()),
        };
        let mut stale = StaleRules {
            source: wanted.url.clone(),
            wanted: wanted.commit.clone(),
            in_force: None,
            since,
            reason,
            path: String::new(),
            line: 1,
        };
        // What was never looked at is not known to be bad: nothing takes its place.
        let others = records
            .iter()
            .filter(|record| own.is_some_and(|own| own.commit != record.commit));
        for record in others {
            if let Ok(folder) = standing(record) {
                stale.in_force = Some(record.commit.clone());
                let used = Remote {
                    url: wanted.url.clone(),
                    commit: record.commit.clone(),
                };
                return Ok(Found::Stale(folder, used, stale));
            }
        }
        Ok(Found::Missing(stale))
    }

    /// Takes a commit: `bring` puts it into a folder for as long as it takes.
    pub fn fetch(
        &self,
        wanted: &Remote,
        today: Date,
        bring: impl FnOnce(&Path) -> Result<Snapshot, Failure>,
    ) -> Result<Fetched, Failure> {
        if matches!(self.find(wanted)?, Found::Good(_)) {
            return Ok(Fetched::AlreadyThere);
        }
        let Some(folder) = self.of_address(wanted) else {
            let help = "set CODEX_CACHE_DIR to a folder";
            return Err(Failure::new("there is no folder for what is fetched").help(help));
        };
        let failed = |error: io::Error| {
            Failure::io(format!("cannot write into {}", folder.display()), &error)
        };
        fs::create_dir_all(&folder).map_err(failed)?;
        let order = records(&folder, wanted)?
            .first()
            .map_or(0, |last| last.order);
        let mut record = Record {
            schema: SCHEMA,
            codex: env!("CARGO_PKG_VERSION").to_owned(),
            url: wanted.url.clone(),
            commit: wanted.commit.clone(),
            on: today.to_string(),
            order: order.saturating_add(1),
            hash: None,
            refused: None,
        };
        let scratch = TempDir::new_in(&folder).map_err(failed)?;
        let git = scratch.path().join("git");
        let new = scratch.path().join("new");
        fs::create_dir(&git).map_err(failed)?;
        fs::create_dir(&new).map_err(failed)?;
        let snapshot = bring(&git)?;
        match kept::of(&snapshot).and_then(|files| take(files, &new)) {
            Ok(files) => {
                record.hash = Some(files.hash());
                let place = folder.join(&wanted.commit);
                // What lies there has no record that holds.
                match fs::remove_dir_all(&place) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(failed(error));
                    }
                    _ => fs::rename(&new, &place).map_err(failed)?,
                }
            }
            Err(Refusal::Unfit(reason)) => record.refused = Some(reason),
            Err(Refusal::Failed(failure)) => return Err(failure),
        }
        let place = folder.join(format!("{}.json", wanted.commit));
        let text =
            serde_json::to_vec_pretty(&record).map_err(|error| failed(io::Error::other(error)))?;
        crate::write::replace(&place, &text).map_err(failed)?;
        Ok(record.refused.map_or(Fetched::Taken, Fetched::Refused))
    }

    /// The folder of an address.
    fn of_address(&self, remote: &Remote) -> Option<PathBuf> {
        let hash = blake3::hash(remote.url.as_bytes()).to_hex();
        Some(self.folder.as_ref()?.join(&hash[..32]))
    }
}

/// Why a commit is not taken.
#[derive(Debug)]
enum Refusal {
    /// It does not hold.
    Unfit(String),
    /// Nobody knows: something else failed.
    Failed(Failure),
}

/// Writes the files of a commit, and proves them as they lie there.
fn take(files: Files, folder: &Path) -> Result<Files, Refusal> {
    files.write(folder).map_err(|error| {
        let doing = format!("cannot write into {}", folder.display());
        Refusal::Failed(Failure::io(doing, &error))
    })?;
    proof::prove(folder).map_err(Refusal::Unfit)?;
    Ok(files)
}

impl Record {
    /// The folder of its files, when they are those that were proved, and this codex can use them.
    fn whole(&self, folder: PathBuf) -> Result<PathBuf, String> {
        if let Some(reason) = &self.refused {
            return Err(reason.clone());
        }
        let files =
            Files::read(&folder).map_err(|error| format!("its files cannot be read: {error}"))?;
        if self.hash.as_ref() != Some(&files.hash()) {
            return Err("its files in the cache are not those that were fetched".to_owned());
        }
        if self.codex != env!("CARGO_PKG_VERSION") {
            proof::prove(&folder)?;
        }
        Ok(folder)
    }
}

/// All records of an address, the last first. What is no record is passed over: it vouches for nothing.
fn records(folder: &Path, remote: &Remote) -> Result<Vec<Record>, Failure> {
    let failed =
        |error: io::Error| Failure::io(format!("cannot read {}", folder.display()), &error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut records: Vec<Record> = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let bytes = config::read_file(&path).unwrap_or_default();
        let record: Option<Record> = serde_json::from_slice(&bytes).ok();
        records.extend(record.filter(|record| {
            let name = path.file_stem().is_some_and(|stem| *stem == *record.commit);
            record.schema == SCHEMA && record.url == remote.url && name
        }));
    }
    records.sort_by(|left, right| (right.order, &right.commit).cmp(&(left.order, &left.commit)));
    Ok(records)
}

impl StaleRules {
    /// What everybody is told.
    pub fn text(&self) -> String {
        let wanted = remote::short(&self.wanted);
        match (&self.in_force, &self.since) {
            (Some(commit), since) => format!(
                "rules: stale since {}: {}: {} is in force, {wanted} was refused: {}",
                since.as_deref().unwrap_or("an unknown day"),
                self.source,
                remote::short(commit),
                self.reason
            ),
            (None, _) => format!(
                "rules: MISSING, NOTHING WAS CHECKED: {}: {wanted}: {}",
                self.source, self.reason
            ),
        }
    }
}
