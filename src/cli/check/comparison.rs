//! From what was typed to the change that it means. Deliberately absent: how git is asked ([`crate::change`]).

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::change::{self, Change, Repository};
use crate::cli::Context;
use crate::config::Config;
use crate::problem::Failure;

use super::Arguments;

/// The root of paths, the configuration of the work tree, and what to compare.
pub(super) fn read(
    arguments: &Arguments,
    context: &Context,
) -> Result<(PathBuf, Config, Change), Failure> {
    if let Some(patch) = &arguments.diff {
        let (root, config) = context.config_without_git()?;
        let text = read_patch(patch, &context.folder)?;
        let change = change::patched(&root, &text, &patch.to_string_lossy())?;
        return Ok((root, config, change));
    }
    if !arguments.is_all() {
        change::read_ahead(&context.folder);
    }
    let (repository, config) = context.config()?;
    let root = repository
        .as_ref()
        .map_or(context.folder.clone(), |repository| {
            repository.root().to_path_buf()
        });
    if arguments.is_all() {
        let folder = if config.is_file {
            &config.folder
        } else {
            &root
        };
        let change = change::everything(repository.as_ref(), folder, !arguments.no_ignore)?;
        return Ok((root, config, change));
    }
    let Some(repository) = repository else {
        let help = "use `codex check --all` for everything here, or `--diff FILE` for a patch";
        return Err(Failure::new(format!(
            "{} is not in a git repository",
            context.folder.display()
        ))
        .help(help));
    };
    let change = if arguments.staged {
        change::staged(&repository)?
    } else {
        between(arguments, &repository, &config)?
    };
    Ok((root, config, change))
}

fn between(
    arguments: &Arguments,
    repository: &Repository,
    config: &Config,
) -> Result<Change, Failure> {
    change::between(
        repository,
        arguments.base.as_deref(),
        arguments.head.as_deref(),
        config.default_branch.as_deref(),
        super::in_ci(),
    )
}

fn read_patch(path: &Path, folder: &Path) -> Result<Vec<u8>, Failure> {
    let doing = format!("cannot read the patch {}", path.display());
    if path == Path::new("-") {
        let mut text = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut text)
            .map_err(|error| Failure::io(doing, &error))?;
        return Ok(text);
    }
    std::fs::read(folder.join(path)).map_err(|error| Failure::io(doing, &error))
}
