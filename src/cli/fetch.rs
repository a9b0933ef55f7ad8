//! `codex fetch`: brings the codexes of other repositories that `extends` names into the cache. The only command that
//! fetches rules; what it fetches is proved before it counts.
//!
//! In CI the configuration of base is read, as by `codex check`: a request does not say where to connect. Deliberately
//! absent: newer commits; which one is law says `codex.toml`.

use crate::change::{self, remote};
use crate::config::{Config, Extended, Remote};
use crate::fetched::{Cache, Fetched, Found};
use crate::problem::Failure;
use crate::report::plain_text::visible_line;
use crate::rule::in_force::MOST_CODEXES;
use crate::source::RepoPath;

use super::check::{in_ci, law, scope};
use super::{Context, Verdict, reviewer, show};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What `codex check` is told of base
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Whose codex.toml is read [default: base in CI, else the work tree's]
    #[arg(long, value_name = "WHOSE")]
    rules_from: Option<law::From>,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let (repository, config) = context.config()?;
    let of_base = match arguments.rules_from {
        Some(wanted) => wanted == law::From::Base,
        None => in_ci(),
    };
    let mut fetching = Fetching {
        cache: Cache::new(reviewer::cache_folder().as_deref()),
        seen: Vec::new(),
        is_open: config.open_when_missing,
        said: Vec::new(),
    };
    match repository.filter(|_| of_base) {
        Some(repository) => {
            let base = arguments.base.as_deref();
            let branch = config.default_branch.as_deref();
            let change = change::between(&repository, base, None, branch, in_ci())?;
            let root = repository.root();
            let home = scope::below(&context.folder, root).unwrap_or_else(|| RepoPath::from(""));
            let snapshot = change.bases.first().map(|base| &base.snapshot);
            let of_base = match snapshot {
                Some(snapshot) => Config::find_in(snapshot, &home, root)?,
                None => None,
            };
            match (of_base, snapshot) {
                (Some(config), Some(snapshot)) => {
                    fetching.is_open = config.open_when_missing;
                    let folder = |config: &Config, name: &str| {
                        let folder = config.extended_folder(name)?;
                        config.in_folder_of(snapshot, &folder)
                    };
                    fetching.visit(&config, &folder)?;
                }
                _ => fetching.visit(&config, &on_disk)?,
            }
        }
        None => fetching.visit(&config, &on_disk)?,
    }
    if fetching.said.is_empty() {
        fetching
            .said
            .push("`extends` names no other repository".to_owned());
    }
    for line in &fetching.said {
        context.print(&format!("{}\n", visible_line(line)))?;
    }
    Ok(Verdict::Pass)
}

/// A codex in a folder, by its name.
type InFolder<'a> = &'a dyn Fn(&Config, &str) -> Result<Config, Failure>;

fn on_disk(config: &Config, name: &str) -> Result<Config, Failure> {
    config.in_folder(&config.extended_folder(name)?)
}

struct Fetching {
    cache: Cache,
    seen: Vec<String>,
    is_open: bool,
    said: Vec<String>,
}

impl Fetching {
    fn visit(&mut self, config: &Config, in_folder: InFolder<'_>) -> Result<(), Failure> {
        for extended in &config.extends {
            let name = match (extended, &config.origin) {
                (Extended::Remote(remote), _) => remote.to_string(),
                (Extended::Folder(name), _) => config.extended_folder(name)?.display().to_string(),
            };
            if self.seen.contains(&name) {
                continue;
            }
            if self.seen.len() == MOST_CODEXES {
                let message = format!("`extends` leads to more than {MOST_CODEXES} codexes");
                return Err(Failure::new(message));
            }
            self.seen.push(name);
            match extended {
                Extended::Folder(name) => self.visit(&in_folder(config, name)?, in_folder)?,
                Extended::Remote(remote) => {
                    if let Some(fetched) = self.fetch(remote)? {
                        self.visit(&fetched, &on_disk)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// What may be extended further.
    fn fetch(&mut self, wanted: &Remote) -> Result<Option<Config>, Failure> {
        let bring = |folder: &std::path::Path| remote::fetch(folder, wanted);
        match self.cache.fetch(wanted, super::today()?, bring)? {
            Fetched::AlreadyThere => self.said.push(format!("there already: {wanted}")),
            Fetched::Taken => self.said.push(format!("fetched and proved: {wanted}")),
            Fetched::Refused(reason) => show::warning(&format!("refused: {wanted}: {reason}")),
        }
        match self.cache.find(wanted)? {
            Found::Good(folder) => Config::fetched(&folder, wanted).map(Some),
            Found::Stale(folder, remote, stale) => {
                self.said.push(stale.text());
                Config::fetched(&folder, &remote).map(Some)
            }
            Found::Missing(stale) if self.is_open => {
                self.said.push(stale.text());
                Ok(None)
            }
            Found::Missing(stale) => {
                let message = format!("{wanted} is refused: {}", stale.reason);
                Err(Failure::new(message)
                    .help("there is no older one that could go on: name a commit that holds"))
            }
        }
    }
}
