//! The statements that are law here, as the compiled index holds them: for lists, for search, for agents.
//!
//! Deliberately absent: how a statement is decided ([`crate::rule`]).

use crate::compile::IndexedRfc;
use crate::config::{self, Config};
use crate::problem::Failure;
use crate::rule::in_force;

/// One statement with what its RFC says of itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Statement {
    /// The rule's id.
    pub slug: String,
    /// The keyword.
    pub level: String,
    /// The statement.
    pub text: String,
    /// "If you need X, use Y".
    pub advice: Option<String>,
    /// The link.
    pub href: String,
    /// Languages, and "review".
    pub enforced_by: Vec<String>,
    /// Number of its RFC.
    pub rfc: u32,
    /// Its title.
    pub title: String,
    /// Its status.
    pub status: String,
    /// Its domain.
    pub domain: String,
    /// The headings around it.
    pub section: Vec<String>,
}

/// All RFCs, embedded ones first.
pub fn indexed(config: &Config) -> Result<Vec<IndexedRfc>, Failure> {
    let codexes = in_force::codexes(config, &|folder| config.in_folder(folder))?;
    let mut rfcs: Vec<IndexedRfc> = Vec::new();
    if codexes.iter().any(|codex| codex.embedded) {
        rfcs = serde_json::from_str(in_force::embedded_index())
            .map_err(|error| Failure::new(format!("the embedded index is broken: {error}")))?;
        rfcs.retain(|rfc| {
            !rfc.statements
                .iter()
                .any(|statement| in_force::is_house(&statement.href))
        });
        for statement in rfcs.iter_mut().flat_map(|rfc| &mut rfc.statements) {
            statement.href.insert_str(0, in_force::EMBEDDED_LINK);
        }
    }
    for codex in &codexes {
        if codex.is_file || codex.folder != config.folder {
            rfcs.extend(local(codex)?);
        }
    }
    Ok(rfcs)
}

/// The statements of approved and enforced RFCs, in the order of the RFCs.
pub fn in_force(config: &Config) -> Result<Vec<Statement>, Failure> {
    let mut statements = Vec::new();
    for rfc in indexed(config)? {
        if !matches!(rfc.status.as_str(), "approved" | "enforced") {
            continue;
        }
        for statement in rfc.statements {
            statements.push(Statement {
                slug: statement.slug,
                level: statement.level,
                text: statement.text,
                advice: statement.advice,
                href: statement.href,
                enforced_by: statement.enforced_by,
                rfc: rfc.rfc,
                title: rfc.title.clone(),
                status: rfc.status.clone(),
                domain: rfc.domain.clone(),
                section: statement.section,
            });
        }
    }
    Ok(statements)
}

fn local(config: &Config) -> Result<Vec<IndexedRfc>, Failure> {
    let folder = config.folder.join(&config.rules);
    let path = folder.join("index.json");
    if !path.exists() {
        if in_force::compiled_files(&folder)?.is_empty() {
            return Ok(Vec::new());
        }
        let message = format!("{} is missing", path.display());
        return Err(Failure::new(message).help("run `codex compile`"));
    }
    let text = config::read_file(&path)
        .map_err(|error| Failure::io(format!("cannot read {}", path.display()), &error))?;
    serde_json::from_slice(&text).map_err(|error| {
        Failure::new(format!("{} is broken: {error}", path.display())).help("run `codex compile`")
    })
}
