//! What `[lints]` of a manifest allows: for a package all that `#![allow(..)]` in each of its roots would.
//!
//! Deliberately absent: attributes, which decide over it, and groups of lints.

use super::cargo::Manifest;
use super::{LINTS, members};
use crate::language::Workspace;

/// `[lints]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ManifestLints {
    /// Which of [`LINTS`] it allows.
    allowed: Vec<&'static str>,
    /// The workspace says it.
    is_inherited: bool,
}

impl ManifestLints {
    /// Reads those of a manifest, or of its `[workspace]`: `lint = "allow"` or `lint = { level = "allow" }`.
    pub(super) fn read(table: &toml::Table) -> Self {
        let said = table.get("lints").and_then(toml::Value::as_table);
        let clippy = said
            .and_then(|said| said.get("clippy"))
            .and_then(toml::Value::as_table);
        let level = |lint: &str| {
            let said = clippy?.get(lint)?;
            let level = said.as_table().and_then(|table| table.get("level"));
            level.unwrap_or(said).as_str()
        };
        let inherits = said.and_then(|said| said.get("workspace"));
        Self {
            allowed: LINTS
                .into_iter()
                .filter(|lint| level(lint) == Some("allow"))
                .collect(),
            is_inherited: inherits == Some(&toml::Value::Boolean(true)),
        }
    }
}

/// The lints that the manifest of a package allows, or that of its workspace where it says so.
pub(super) fn allowed(workspace: &Workspace<'_>, manifest: &Manifest) -> Vec<&'static str> {
    if !manifest.lints.is_inherited {
        return manifest.lints.allowed.clone();
    }
    let root = members::root(workspace, manifest);
    let cargo = root.workspace.as_ref();
    cargo.map_or_else(Vec::new, |cargo| cargo.lints.allowed.clone())
}
