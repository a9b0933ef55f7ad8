//! One commit of a repository elsewhere, brought here without running or checking out anything of it.
//!
//! git runs in a new folder with nothing but the user's own configuration: not that of a repository under check. Other
//! transports than https and ssh are off whatever the configuration says of all of them, and so are submodules, hooks and
//! questions to the terminal; nothing is checked out, so no filter runs and no link is made. Deliberately absent: what is
//! kept of the commit ([`crate::fetched`]).

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use super::git::{command, run, shown};
use super::objects::Objects;
use super::snapshot::Snapshot;
use crate::config::Remote;
use crate::problem::Failure;

/// What git is told beside the user's own configuration. A slow or silent host is given up.
const SETTINGS: [&str; 12] = [
    "protocol.allow=never",
    "protocol.https.allow=always",
    "protocol.ssh.allow=always",
    "protocol.ext.allow=never",
    "protocol.version=2",
    "core.hooksPath=/dev/null",
    "core.symlinks=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
];

/// Variables by which git would work in another repository than in the new one.
const OF_OTHER_REPOSITORIES: [&str; 9] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_SHALLOW_FILE",
    "GIT_TEMPLATE_DIR",
    "GIT_WORK_TREE",
];

/// Fetches a commit into an empty folder, which must outlive the snapshot.
pub fn fetch(folder: &Path, remote: &Remote) -> Result<Snapshot, Failure> {
    let mut init = git(folder);
    let format = match remote.commit.len() {
        64 => "sha256",
        _ => "sha1",
    };
    init.args(["init", "--quiet", "--template="])
        .arg(format!("--object-format={format}"));
    ask(&mut init, remote)?;
    let mut fetch = git(folder);
    fetch.args(["fetch", "--quiet", "--depth=1", "--no-tags", "--no-auto-gc"]);
    fetch.args([
        "--no-recurse-submodules",
        "--no-write-fetch-head",
        "--end-of-options",
    ]);
    fetch.arg(&remote.url).arg(&remote.commit);
    ask(&mut fetch, remote)?;
    let objects = Arc::new(Objects::new(folder.to_path_buf()));
    let found = objects.commit(&remote.commit).map_err(Failure::new)?;
    // The id of another object than a commit, or of a tag, is none.
    if found.is_none_or(|commit| commit.id != remote.commit) {
        let message = format!("{} has no commit {}", remote.url, remote.commit);
        return Err(Failure::new(message).help("name a commit by its full id"));
    }
    Ok(Snapshot::commit(objects, &remote.commit))
}

fn git(folder: &Path) -> Command {
    let mut git = command(folder);
    for setting in SETTINGS {
        git.args(["-c", setting]);
    }
    for name in OF_OTHER_REPOSITORIES {
        git.env_remove(name);
    }
    git.env("GIT_TERMINAL_PROMPT", "0");
    git
}

fn ask(command: &mut Command, remote: &Remote) -> Result<(), Failure> {
    let Err(stopped) = run(command) else {
        return Ok(());
    };
    let why = without_secrets(&stopped.failure(command).message);
    let message = format!("cannot fetch {}: {why}", remote.url);
    let help = format!(
        "`git ls-remote {}` shows whether git may read it",
        remote.url
    );
    Err(Failure::new(message).help(help))
}

/// What git says may hold an address that the user's configuration put in place of another, with a password in it.
fn without_secrets(text: &str) -> String {
    let mut parts = text.split("://");
    let mut said = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(['/', '\'', '"', ' ']).unwrap_or(part.len());
        let start = part[..end].rfind('@').map_or(0, |at| at + 1);
        said.push_str("://");
        said.push_str(&part[start..]);
    }
    shown(&said)
}
