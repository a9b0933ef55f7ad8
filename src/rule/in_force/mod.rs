//! Which rules are in force in a run: the embedded ones, those of the repository, or those of `--rules`.

mod embedded;
mod files;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use self::embedded::embedded_files;
pub use self::embedded::{EMBEDDED_LINK, embedded, embedded_index, is_house, read_ahead};
use self::files::{Files, files_of, files_on_disk, local};
pub use self::files::{compiled_files, is_compiled, own, rfcs_behind};
use super::{Rule, compiled, plain};
use crate::change::Snapshot;
use crate::config::{Config, Extended, Remote};
use crate::fetched::Found;
use crate::finding::{RefusedRule, StaleRules, Status};
use crate::problem::{Document, Failure, Problem, nearest};
use crate::suppress::policy::Suppressible;

/// The rules of a run.
#[derive(Debug, Default)]
pub struct InForce {
    /// Those that can be used, in the order of their files.
    pub rules: Vec<Rule>,
    /// Those that cannot.
    pub refused: Vec<RefusedRule>,
    /// Why they cannot, in detail.
    pub problems: Vec<Problem>,
    /// The ids of all rules that there are, in force in this run or not; `None` when nobody can say.
    pub known: Option<BTreeSet<String>>,
    /// blake3 over all that they were read from, 16 hex digits; empty for plain ast-grep rules.
    pub hash: String,
    /// Codexes from elsewhere that are not the ones that are wanted.
    pub stale: Vec<StaleRules>,
}

impl InForce {
    /// Whether a codex is missing, and the configuration lets that through: then there is no rule at all.
    pub fn is_missing(&self) -> bool {
        self.stale.iter().any(|stale| stale.in_force.is_none())
    }
}

/// What narrows the rules of a run.
#[derive(Debug, Default)]
pub struct Selection<'a> {
    /// A folder of plain ast-grep rules, which replaces all others.
    pub rules: Option<&'a Path>,
    /// A folder of plain ast-grep utils.
    pub utils: Option<&'a Path>,
    /// Ids; empty for all.
    pub only: &'a [String],
    /// Whether drafts are in force.
    pub drafts: bool,
}

/// Collects the rules of a run. None at all is a failure: never a clean run.
pub fn collect(config: &Config, selection: &Selection<'_>) -> Result<InForce, Failure> {
    let mut in_force = match selection.rules {
        Some(folder) => plain::load(folder, selection.utils)?,
        None => {
            let codexes = codexes(config, None)?;
            lawful(config, codexes, files_on_disk)?
        }
    };
    if in_force.is_missing() {
        return Ok(in_force);
    }
    let is_any = drop_drafts(&mut in_force, selection);
    select(&mut in_force, selection.only)?;
    if !is_any {
        let help =
            "write an RFC and run `codex compile`, or say `extends = [\"embedded\"]` in codex.toml";
        return Err(Failure::new("no rule is in force")
            .help(help)
            .because(in_force.problems));
    }
    Ok(in_force)
}

/// The same for a configuration and its rules in a snapshot, whose top is `root`. `None`: there is no rule.
pub fn collect_from(
    config: &Config,
    snapshot: &Snapshot,
    root: &Path,
    selection: &Selection<'_>,
) -> Result<Option<InForce>, Failure> {
    let codexes = codexes(config, Some(snapshot))?;
    let mut in_force = lawful(config, codexes, |config| match config.origin {
        Some(_) => files_on_disk(config),
        None => files_of(config, snapshot, root),
    })?;
    if in_force.is_missing() {
        return Ok(Some(in_force));
    }
    if !drop_drafts(&mut in_force, selection) && in_force.problems.is_empty() {
        return Ok(None);
    }
    select(&mut in_force, selection.only)?;
    Ok(Some(in_force))
}

/// Whether anything is left.
fn drop_drafts(in_force: &mut InForce, selection: &Selection<'_>) -> bool {
    in_force.rules.retain(|rule| {
        selection.drafts || rule.law().is_none_or(|law| law.status != Status::Draft)
    });
    !in_force.rules.is_empty()
}

/// The most codexes that one may extend, directly or not.
pub const MOST_CODEXES: usize = 32;

/// Where the rules of a run come from.
#[derive(Debug, Default)]
pub struct Codexes {
    /// Those that a configuration extends, directly or not, then its own.
    pub all: Vec<Config>,
    /// Those from elsewhere that are not the ones that are wanted.
    pub stale: Vec<StaleRules>,
}

/// All codexes whose rules are in force; those of the repository lie in a snapshot, or on disk.
pub fn codexes(config: &Config, snapshot: Option<&Snapshot>) -> Result<Codexes, Failure> {
    let mut reading = Reading {
        top: config,
        snapshot,
        seen: vec![config.folder.clone()],
        found: Codexes::default(),
    };
    reading.extend(config)?;
    Ok(reading.found)
}

/// Codexes on the way, with the folders of those that were seen.
struct Reading<'a> {
    top: &'a Config,
    snapshot: Option<&'a Snapshot>,
    seen: Vec<PathBuf>,
    found: Codexes,
}

impl Reading<'_> {
    fn extend(&mut self, config: &Config) -> Result<(), Failure> {
        for extended in &config.extends {
            let (folder, origin) = match extended {
                Extended::Folder(name) => (config.extended_folder(name)?, None),
                Extended::Remote(remote) => match self.fetched(remote)? {
                    Some((folder, remote)) => (folder, Some(remote)),
                    None => continue,
                },
            };
            if self.seen.contains(&folder) {
                continue;
            }
            if self.seen.len() == MOST_CODEXES {
                let message = format!("`extends` leads to more than {MOST_CODEXES} codexes");
                return Err(Failure::new(message));
            }
            self.seen.push(folder.clone());
            let other = match (origin, self.snapshot) {
                (Some(remote), _) => Config::fetched(&folder, &remote)?,
                (None, Some(snapshot)) if config.origin.is_none() => {
                    config.in_folder_of(snapshot, &folder)?
                }
                (None, _) => config.in_folder(&folder)?,
            };
            self.extend(&other)?;
        }
        self.found.all.push(config.clone());
        Ok(())
    }

    /// The folder of a codex from elsewhere, and which one it is. `None`: there is none, and that is let through.
    fn fetched(&mut self, wanted: &Remote) -> Result<Option<(PathBuf, Remote)>, Failure> {
        let (found, mut stale) = match self.top.fetched.find(wanted)? {
            Found::Good(folder) => return Ok(Some((folder, wanted.clone()))),
            Found::Stale(folder, remote, stale) => (Some((folder, remote)), stale),
            Found::Missing(stale) if self.top.open_when_missing => (None, stale),
            Found::Missing(stale) => {
                let (source, reason) = (&stale.source, &stale.reason);
                let message = format!("no rules of {source} at {}: {reason}", wanted.commit);
                let help = match stale.since {
                    None => "run `codex fetch`, and keep its folder in the cache of your CI",
                    Some(_) => {
                        "name a commit that holds and run `codex fetch`; nothing was checked"
                    }
                };
                return Err(Failure::new(message).help(help));
            }
        };
        let file = self
            .top
            .below_top(&self.top.folder)
            .join(crate::config::FILE_NAME);
        stale.path = file.text().into_owned();
        let line = self.top.written.get("extends").map(|(line, _)| *line);
        stale.line = line.unwrap_or(1);
        if !self.found.stale.contains(&stale) {
            self.found.stale.push(stale);
        }
        Ok(found)
    }
}

fn lawful(
    config: &Config,
    codexes: Codexes,
    files: impl Fn(&Config) -> Result<Files, Failure>,
) -> Result<InForce, Failure> {
    let mut in_force = InForce {
        stale: codexes.stale,
        ..InForce::default()
    };
    if in_force.is_missing() {
        // Half a rule set is none.
        return Ok(in_force);
    }
    let codexes = &codexes.all;
    let mut hasher = blake3::Hasher::new();
    if codexes.iter().any(|codex| codex.embedded) {
        in_force.rules = embedded();
        for (path, text) in embedded_files() {
            hash(&mut hasher, path, text.as_bytes());
        }
    }
    for codex in codexes {
        let is_own = codex.folder == config.folder;
        let files = match codex.is_file || !is_own {
            true => files(codex)?,
            false => Vec::new(),
        };
        if files.is_empty() && !is_own && codex.extends.is_empty() && !codex.embedded {
            let folder = codex.folder.display();
            let help =
                "`extends` names a folder with a codex.toml, or with compiled rules in `rules/`";
            return Err(Failure::new(format!("there is no rule in {folder}")).help(help));
        }
        for (path, text) in &files {
            hash(&mut hasher, path, text);
        }
        let local = local(codex, files);
        in_force.rules.extend(local.rules);
        in_force.refused.extend(local.refused);
        in_force.problems.extend(local.problems);
    }
    in_force.hash = hasher.finalize().to_hex()[..16].to_owned();
    refuse_doubles(&in_force.rules)?;
    if in_force.refused.is_empty() {
        in_force.known = Some(in_force.rules.iter().map(|rule| rule.id.clone()).collect());
    }
    turn_off(config, &mut in_force)?;
    Ok(in_force)
}

fn hash(hasher: &mut blake3::Hasher, path: &Path, text: &[u8]) {
    // Where a codex lies does not matter, and neither does how the system writes paths.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    for part in [name.as_bytes(), text] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
}

/// Rules are off where `[[paths]]` says so; one that takes no exception cannot be.
fn turn_off(config: &Config, in_force: &mut InForce) -> Result<(), Failure> {
    let folder = config.below_top(&config.folder);
    for section in &config.paths {
        let files = section.files(&folder);
        let place = format!("{}:{}", crate::config::FILE_NAME, section.line);
        for id in &section.off {
            let rules = in_force.rules.iter_mut().filter(|rule| rule.id == *id);
            let mut is_any = false;
            for rule in rules {
                if rule.policy.suppressible == Suppressible::Never {
                    let message = format!("{place}: `{id}` takes no exception: it cannot be off");
                    return Err(Failure::new(message).help("remove it from `off`"));
                }
                rule.off.push(files.clone());
                is_any = true;
            }
            if let (false, Some(known)) = (is_any, &in_force.known) {
                let failure = Failure::new(format!("{place}: there is no rule `{id}`"));
                return Err(match nearest(id, known.iter().map(String::as_str)) {
                    Some(near) => failure.help(format!("did you mean `{near}`?")),
                    None => failure.help("remove it from `off`"),
                });
            }
        }
    }
    Ok(())
}

/// One slug in two RFCs is an error that names both, and so is a rule that is there twice.
fn refuse_doubles(rules: &[Rule]) -> Result<(), Failure> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    let mut deciders: BTreeSet<(&str, Option<&str>)> = BTreeSet::new();
    for rule in rules {
        let href = rule.law().map_or("", |law| law.href.as_str());
        if let Some(other) = seen.insert(&rule.id, href).filter(|other| *other != href) {
            let help = "a slug is unique: rename one, or drop \"embedded\" from `extends`";
            let message = format!("the rule `{}` is there twice: {other} and {href}", rule.id);
            return Err(Failure::new(message).help(help));
        }
        let language = rule.language().map(|language| language.name);
        if !deciders.insert((&rule.id, language)) {
            let message = format!(
                "the rule `{}` is there twice for {}",
                rule.id,
                language.unwrap_or("a reviewer")
            );
            return Err(Failure::new(message).help(compiled::AGAIN));
        }
    }
    Ok(())
}

fn select(in_force: &mut InForce, only: &[String]) -> Result<(), Failure> {
    for wanted in only {
        if !in_force.rules.iter().any(|rule| rule.id == *wanted) {
            let failure = Failure::new(format!("no rule `{wanted}` is in force"));
            return Err(
                match nearest(wanted, in_force.rules.iter().map(|rule| rule.id.as_str())) {
                    Some(near) => failure.help(format!("did you mean `{near}`?")),
                    None => failure.help("`codex rules` lists the rules in force"),
                },
            );
        }
    }
    if !only.is_empty() {
        in_force.rules.retain(|rule| only.contains(&rule.id));
    }
    Ok(())
}

/// The RFCs that have changed since their rules were compiled.
pub fn stale(rules: &[Rule], config: &Config) -> Vec<String> {
    let folder = config.folder.as_path();
    let mut by_rfc: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for rule in rules {
        if let Some(law) = rule
            .law()
            .filter(|law| law.href.strip_prefix(&config.link) == Some(&law.origin.link()))
        {
            by_rfc
                .entry(&law.origin.path)
                .or_default()
                .push((&rule.id, &law.origin.hash));
        }
    }
    let is_stale = |path: &str, statements: &[(&str, &str)]| {
        // The path comes from a file of the repository: it may lead anywhere.
        let is_inner = Path::new(path)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        let Some(text) = is_inner
            .then(|| crate::config::read_file(&folder.join(path)).ok())
            .flatten()
            .and_then(|bytes| String::from_utf8(bytes).ok())
        else {
            return false;
        };
        let (rfc, _) = crate::rfc::parse(&Document::new(path, text));
        let hash = |slug: &str| {
            let mut statements = rfc.statements.iter();
            let statement = statements.find(|statement| statement.slug == slug)?;
            Some(statement.hash.as_str())
        };
        statements
            .iter()
            .any(|(slug, compiled)| hash(slug) != Some(*compiled))
    };
    by_rfc
        .into_iter()
        .filter(|(path, statements)| is_stale(path, statements))
        .map(|(path, _)| path.to_owned())
        .collect()
}
