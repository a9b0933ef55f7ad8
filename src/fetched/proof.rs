//! Whether a codex from elsewhere holds: its configuration fits this codex, every rule can be read, is that of its RFC,
//! and finds in its examples what they say.

use std::path::Path;

use super::kept::text;
use crate::compile;
use crate::config::{Config, Extended};
use crate::rule::in_force;

/// Proves the codex in a folder; `Err` says what is wrong with it.
pub(super) fn prove(folder: &Path) -> Result<(), String> {
    let top = Config::find(folder, Some(folder)).map_err(|failure| text(&failure))?;
    let mut rules = 0;
    let mut others = top.embedded && top.is_file;
    let mut waiting = vec![top];
    let mut seen = vec![folder.to_path_buf()];
    while let Some(config) = waiting.pop() {
        let own = in_force::own(&config).map_err(|failure| text(&failure))?;
        if let Some(refused) = own.refused.first() {
            return Err(format!("{}: {}", refused.rule, refused.error));
        }
        for rule in &own.rules {
            compile::examples_hold(rule).map_err(|why| format!("{}: {why}", rule.id))?;
        }
        if let Some(rfc) = in_force::stale(&own.rules, &config).first() {
            return Err(format!("its rules are not those of {rfc}"));
        }
        if own.rules.is_empty()
            && config.folder != folder
            && config.extends.is_empty()
            && !config.embedded
        {
            let name = config.below_top(&config.folder);
            return Err(format!("there is no rule in {}", name.text()));
        }
        rules += own.rules.len();
        for extended in &config.extends {
            match extended {
                Extended::Remote(_) => others = true,
                Extended::Folder(name) => {
                    let folder = config.extended_folder(name);
                    let folder = folder.map_err(|failure| text(&failure))?;
                    if !seen.contains(&folder) {
                        let other = config.in_folder(&folder);
                        waiting.push(other.map_err(|failure| text(&failure))?);
                        seen.push(folder);
                    }
                }
            }
        }
    }
    match rules > 0 || others {
        true => Ok(()),
        false => Err("there is no rule in it".to_owned()),
    }
}
