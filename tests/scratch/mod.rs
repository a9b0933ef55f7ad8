//! What the end-to-end tests share: the program, away from anybody's configuration, and a folder to run it in.
//! Deliberately absent: expectations.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Beginnings of the names of variables that change what codex or git do.
const DISTURBING: [&str; 14] = [
    "BITBUCKET_",
    "BUILDKITE",
    "CI",
    "CLICOLOR",
    "CLOUD_RUN_",
    "CODEX_",
    "GITHUB_",
    "GITLAB_",
    "GIT_",
    "JOB_COMPLETION_INDEX",
    "NO_COLOR",
    "PRE_COMMIT_",
    "SEMAPHORE_",
    "SYSTEM_",
];

/// A folder that goes away with the value.
pub fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// codex in a folder.
pub fn codex(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_codex"));
    command.current_dir(folder);
    calm(&mut command, folder);
    command
}

/// Takes away what codex or git might hear from the outside.
pub fn calm(command: &mut Command, folder: &Path) {
    for (name, _) in std::env::vars_os() {
        if DISTURBING
            .iter()
            .any(|beginning| name.to_string_lossy().starts_with(beginning))
        {
            command.env_remove(name);
        }
    }
    let ceiling = folder.parent().unwrap_or(folder);
    command
        .env("GIT_CEILING_DIRECTORIES", ceiling)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("XDG_CONFIG_HOME", folder.join(".no-configuration"))
        .env("CODEX_CACHE_DIR", folder.join(".cache-of-codex"))
        .env("LC_ALL", "C");
}

/// Writes a file and the folders that it needs.
pub fn write(folder: &Path, path: &str, bytes: impl AsRef<[u8]>) {
    let place = folder.join(path);
    fs::create_dir_all(place.parent().unwrap_or(folder)).unwrap();
    fs::write(place, bytes).unwrap();
}
