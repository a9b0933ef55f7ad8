//! The law that every binary brings along.
//!
//! Deliberately absent: which law is in force ([`super`]).

use std::path::Path;

use include_dir::{Dir, include_dir};

use super::files::read;
use crate::parallel::{Ahead, side_by_side};
use crate::problem::Document;
use crate::rule::Rule;

/// The law that every binary brings along.
static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// What stands before the paths of embedded RFCs: the repository of codex at this version.
pub const EMBEDDED_LINK: &str = concat!(
    env!("CARGO_PKG_REPOSITORY"),
    "/blob/v",
    env!("CARGO_PKG_VERSION"),
    "/"
);

/// RFCs about codex's own code; they are law in its repository only.
const HOUSE: &str = "rfcs/house/";

/// The embedded rules on their way.
static AHEAD: Ahead<Vec<Rule>> = Ahead::idle();

/// Begins to read the embedded rules on a thread of its own, while the caller waits for git.
pub fn read_ahead() {
    AHEAD.begin(read_embedded);
}

/// The embedded rules, with links to the repository of codex at this version.
pub fn embedded() -> Vec<Rule> {
    AHEAD.take_or(read_embedded)
}

fn read_embedded() -> Vec<Rule> {
    let read = side_by_side(&embedded_files(), |(path, text)| {
        read(Document::new(path.to_string_lossy(), *text), EMBEDDED_LINK).0
    });
    let mut rules: Vec<Rule> = read.into_iter().flatten().collect();
    rules.retain(|rule| {
        rule.law()
            .is_some_and(|law| !law.origin.path.starts_with(HOUSE))
    });
    rules
}

pub(super) fn embedded_files() -> Vec<(&'static Path, &'static str)> {
    let mut files: Vec<(&Path, &str)> = EMBEDDED
        .files()
        .filter(|file| {
            file.path()
                .extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .filter_map(|file| Some((file.path(), file.contents_utf8()?)))
        .collect();
    files.sort();
    files
}

/// The text of the embedded index: statements for agents.
pub fn embedded_index() -> &'static str {
    EMBEDDED
        .get_file("index.json")
        .and_then(|file| file.contents_utf8())
        .unwrap_or("[]")
}

/// Whether a statement's link leads to an RFC about codex's own code.
pub fn is_house(href: &str) -> bool {
    href.starts_with(HOUSE)
}
