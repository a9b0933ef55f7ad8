//! Who else is called that: methods of a name that the code of this repository defines, and macros that it uses.
//!
//! Only what can be visible counts: the crate itself and the packages of this repository that it needs to run, without
//! their tests. What it needs is what its manifest says, and, as other build systems keep that elsewhere, whichever
//! members its code names. Deliberately absent: types, and crates of a registry.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cargo::Manifest;
use super::crates::{self, Memo};
use super::graph::Status;
use super::lexer::{self, Kind, Token};
use super::predicate::Shipped;
use super::{members, mentions, outline, syntax};
use crate::finding::Cause;
use crate::language::{Workspace, short};
use crate::source::{RepoPath, SIZE_LIMIT};

/// What was looked up, by package and name.
#[derive(Debug, Default)]
pub(super) struct Methods {
    defined: Memo<(RepoPath, Vec<u8>), Option<Cause>>,
    pub(super) mentioned: Memo<(RepoPath, Vec<u8>), bool>,
    used: Memo<(RepoPath, Vec<u8>), Places>,
}

/// Files and bytes.
type Places = Vec<(RepoPath, usize)>;

/// The most files of a folder without a manifest that are searched.
const LIMIT: usize = 256;

/// A method of this name that takes nothing but `self`, visible from a file.
pub(super) fn defined(workspace: &Workspace<'_>, path: &RepoPath, name: &[u8]) -> Option<Cause> {
    if grants(workspace, name) {
        return Some(line_of(workspace, path, 0));
    }
    let package = crates::package_of(workspace, path);
    let key = (package.folder.clone(), name.to_vec());
    workspace.rust.methods.defined.get(&key, || {
        let first = |packages: &[Arc<Manifest>]| {
            packages
                .iter()
                .filter(|package| mentions::may_define(workspace, package, name))
                .flat_map(|package| files(workspace, package))
                .find_map(|file| {
                    let found = search(workspace, &file, name, is_method);
                    Some(line_of(workspace, &file, *found.first()?))
                })
        };
        if !package.is_readable {
            return first(std::slice::from_ref(&package));
        }
        let needed = members::visible(workspace, vec![package.clone()]);
        first(&needed).or_else(|| {
            // Names alone say nothing of packages that only lie side by side.
            members::root(workspace, &package).workspace.as_ref()?;
            let is_other = |one: &Manifest| needed.iter().all(|known| known.folder != one.folder);
            let mut others: BTreeMap<Vec<u8>, Arc<Manifest>> = BTreeMap::new();
            for member in crates::packages(workspace, &package).iter() {
                if is_other(member) {
                    let name = member.name.replace('-', "_").into_bytes();
                    others.insert(name, member.clone());
                }
            }
            // What only may be named is enough to see that nothing comes of it.
            let others = mentions::named(workspace, &package, others);
            let behind = members::visible(workspace, others.values().cloned().collect());
            let is_hopeful =
                |one: &Arc<Manifest>| is_other(one) && mentions::may_define(workspace, one, name);
            if !behind.iter().any(is_hopeful) {
                return None;
            }
            let mut others = members::visible(workspace, named(workspace, &package, others));
            others.retain(|other| is_other(other));
            first(&others)
        })
    })
}

/// Those of the other members of the workspace whose names stand before `::` in the files of a package.
fn named(
    workspace: &Workspace<'_>,
    package: &Manifest,
    mut others: BTreeMap<Vec<u8>, Arc<Manifest>>,
) -> Vec<Arc<Manifest>> {
    let mut named = Vec::new();
    for file in files(workspace, package) {
        if others.is_empty() {
            break;
        }
        let Ok(Some(text)) = workspace.snapshot.read(&file) else {
            continue;
        };
        let mut here: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
        for at in super::find_all(&text, b"::") {
            let name = name_before(&text, at);
            if others.contains_key(name) {
                here.entry(name).or_default().push(at);
            }
        }
        for (name, mut places) in here {
            retain_shipped(&text, &mut places);
            if !places.is_empty() {
                named.extend(others.remove(name));
            }
        }
    }
    named
}

/// The name that ends at a byte.
pub(super) fn name_before(text: &[u8], at: usize) -> &[u8] {
    let is_name = |byte: &&u8| **byte == b'_' || byte.is_ascii_alphanumeric();
    let length = text[..at].iter().rev().take_while(is_name).count();
    &text[at - length..at]
}

/// Where the product of the crate around a file calls the macro of this name: files and bytes.
pub(super) fn macro_uses(workspace: &Workspace<'_>, path: &RepoPath, name: &[u8]) -> Places {
    if grants(workspace, name) {
        return Places::new();
    }
    let package = crates::package_of(workspace, path);
    let key = (package.folder.clone(), name.to_vec());
    workspace.rust.methods.used.get(&key, || {
        // `name!(..)`, or `each!(name)`, which may call it.
        let is_use = |_: &[u8], tokens: &[Token], at: usize| {
            let is = |at: usize, marks: &[u8]| {
                let token = tokens.get(at);
                token.is_some_and(|token| marks.iter().any(|mark| token.is(*mark)))
            };
            is(at + 1, b"!") && !is(at + 2, b"=")
                || at > 1 && is(at - 1, b"([{") && is(at - 2, b"!") && is(at + 1, b")]},")
        };
        let in_file = |file: RepoPath| {
            let uses = search(workspace, &file, name, is_use);
            uses.into_iter().map(move |byte| (file.clone(), byte))
        };
        files(workspace, &package)
            .into_iter()
            .flat_map(in_file)
            .collect()
    })
}

fn grants(workspace: &Workspace<'_>, name: &[u8]) -> bool {
    workspace.grants(|granted| {
        granted.names.insert(name.to_vec());
    })
}

/// The files of a package that are no tests.
fn files(workspace: &Workspace<'_>, package: &Manifest) -> Vec<RepoPath> {
    let graph = crates::graph(workspace, package);
    let is_shipped = |file: &&RepoPath| {
        graph
            .reaches(file)
            .any(|reach| reach.status != Status::Tests)
    };
    let reached = graph.files().filter(is_shipped).cloned();
    if package.is_readable {
        return reached.collect();
    }
    let mut files: BTreeSet<RepoPath> = BTreeSet::new();
    let mut open = vec![package.folder.clone()];
    while let Some(folder) = open.pop() {
        for (name, is_folder) in workspace.snapshot.list(&folder).unwrap_or_default() {
            let path = folder.join(&name);
            if is_folder && name != b"target" && name != b"tests" && !name.starts_with(b".") {
                open.push(path);
            } else if !is_folder && name.ends_with(b".rs") && files.len() < LIMIT {
                files.insert(path);
            }
        }
        if files.len() >= LIMIT || open.len() >= LIMIT {
            break;
        }
    }
    files.retain(|file| graph.reaches(file).next().is_none() || is_shipped(&file));
    files.extend(reached);
    let files: Vec<RepoPath> = files.into_iter().collect();
    workspace.snapshot.expect(&files);
    files
}

/// The bytes at which the name stands in this way, outside of tests.
fn search(
    workspace: &Workspace<'_>,
    file: &RepoPath,
    name: &[u8],
    is_wanted: impl Fn(&[u8], &[Token], usize) -> bool,
) -> Vec<usize> {
    match workspace.snapshot.read(file) {
        Ok(Some(text)) => search_text(&text, name, is_wanted),
        _ => Vec::new(),
    }
}

/// Whether a text defines a method of this name that takes nothing but `self`, outside of tests.
pub(super) fn defines(text: &[u8], name: &[u8]) -> bool {
    !search_text(text, name, is_method).is_empty()
}

fn search_text(
    text: &[u8],
    name: &[u8],
    is_wanted: impl Fn(&[u8], &[Token], usize) -> bool,
) -> Vec<usize> {
    if text.len() > SIZE_LIMIT || !may_hold(text, name) {
        return Vec::new();
    }
    let tokens = lexer::tokens(text, 0..text.len());
    let mut found: Vec<usize> = tokens
        .iter()
        .enumerate()
        .filter(|(at, token)| {
            token.kind == Kind::Name
                && syntax::plain_name(&text[token.start..token.end]) == name
                && is_wanted(text, &tokens, *at)
        })
        .map(|(_, token)| token.start)
        .collect();
    retain_shipped(text, &mut found);
    found
}

/// Leaves out what attributes in the text keep for tests.
fn retain_shipped(text: &[u8], places: &mut Vec<usize>) {
    if places.is_empty() {
        return;
    }
    let parts = outline::read(text, 0..text.len()).parts;
    places.retain(|byte| {
        !parts
            .iter()
            .any(|part| part.shipped == Shipped::Never && part.bytes.contains(byte))
    });
}

/// Whether the name stands there after `fn`, before `!` or first in the arguments of a macro, comments and strings included: cheap.
pub(in crate::language) fn may_hold(text: &[u8], name: &[u8]) -> bool {
    super::find_all(text, name).any(|at| {
        let before = text[..at].strip_suffix(b"r#").unwrap_or(&text[..at]);
        let before = before.trim_ascii_end();
        let after = text[at + name.len()..].trim_ascii_start();
        let opened = before.strip_suffix(b"(").or(before.strip_suffix(b"{"));
        let opened = opened.or(before.strip_suffix(b"["));
        before.ends_with(b"fn")
            || before.ends_with(b"*/")
            || opened.is_some_and(|before| before.trim_ascii_end().ends_with(b"!"))
            || after.starts_with(b"!")
            || after.starts_with(b"/")
    })
}

/// `fn name(self)`, with any sort of `self`, and nothing else.
fn is_method(text: &[u8], tokens: &[Token], at: usize) -> bool {
    if at == 0 || !tokens[at - 1].is_word(text, b"fn") {
        return false;
    }
    // Past `<..>`.
    let mut open = at + 1;
    let mut depth = 0_usize;
    while let Some(token) = tokens.get(open) {
        match token.kind {
            Kind::Mark(b'<') => depth += 1,
            Kind::Mark(b'>') => depth = depth.saturating_sub(1),
            Kind::Mark(b'(') if depth == 0 => break,
            Kind::Mark(b'{' | b';') => return false,
            _ => {}
        }
        open += 1;
    }
    let rest = tokens.get(open + 1..).unwrap_or_default();
    let Some(this) = rest
        .iter()
        .take(4)
        .position(|token| token.is_word(text, b"self"))
    else {
        return false;
    };
    let is_prefix = |token: &Token| {
        token.is(b'&') || token.kind == Kind::Lifetime || token.is_word(text, b"mut")
    };
    if !rest[..this].iter().all(is_prefix) {
        return false;
    }
    let mut depth = 0_usize;
    let mut parameters = rest[this..].iter();
    while let Some(token) = parameters.next() {
        match token.kind {
            Kind::Mark(b'<' | b'(' | b'[') => depth += 1,
            Kind::Mark(b')') if depth == 0 => return true,
            Kind::Mark(b'>' | b')' | b']') => depth = depth.saturating_sub(1),
            Kind::Mark(b',') if depth == 0 => {
                return parameters.next().is_some_and(|token| token.is(b')'));
            }
            Kind::Mark(b'{' | b';') => return false,
            _ => {}
        }
    }
    false
}

fn line_of(workspace: &Workspace<'_>, file: &RepoPath, byte: usize) -> Cause {
    let text = workspace
        .snapshot
        .read(file)
        .ok()
        .flatten()
        .unwrap_or_default();
    let before = &text[..byte.min(text.len())];
    let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let rest = &text[start..];
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    Cause {
        path: file.text().into_owned(),
        line: memchr::memchr_iter(b'\n', before).count() + 1,
        text: short(&String::from_utf8_lossy(&rest[..end])),
    }
}
