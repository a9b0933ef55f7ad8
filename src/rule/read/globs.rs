//! `files` and `ignores`: where a rule looks.
//!
//! Deliberately absent: the paths that they are held against ([`crate::scan`]).

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use super::{Form, doubt};
use crate::problem::Problems;
use crate::yaml::{Node, Value};

pub(super) fn read_globs(
    node: Option<&Node>,
    key: &str,
    form: Form,
    problems: &mut Problems,
) -> Option<GlobSet> {
    let node = node?;
    let mut builder = GlobSetBuilder::new();
    let globs = node.need_list(key, problems);
    if globs.is_empty() && matches!(node.value, Value::List(_)) {
        let message = format!("`{key}` is empty: leave it out, or name a path");
        doubt(form, problems, |problems| {
            problems.add(node.span.clone(), message);
        });
    }
    for glob in globs {
        if let Some(glob) = read_glob(glob, key, form, problems) {
            builder.add(glob);
        }
    }
    let built = builder.build();
    if let Err(error) = &built {
        let message = format!("`{key}` cannot be used: {}", error.kind());
        problems.add(node.span.clone(), message);
    }
    built.ok()
}

/// A text, or `{glob, caseInsensitive}`.
fn read_glob(node: &Node, key: &str, form: Form, problems: &mut Problems) -> Option<Glob> {
    let (mut text, mut ignore_case) = (node, false);
    if let Value::Map(_) = node.value {
        let what = format!("`{key}`");
        doubt(form, problems, |problems| {
            node.need_map(&what, &["glob", "caseInsensitive"], problems);
        });
        let Some(glob) = node.get("glob") else {
            problems.add(node.span.clone(), "a glob in this form needs `glob`");
            return None;
        };
        text = glob;
        if let Some(flag) = node.get("caseInsensitive") {
            ignore_case = flag.need_bool("caseInsensitive", problems)?;
        }
    }
    let Value::Text(glob) = &text.value else {
        let message = format!("`{key}` must hold texts, not {}", text.word());
        problems.add(text.span.clone(), message);
        return None;
    };
    if glob.starts_with('/') || glob.split('/').any(|part| part == "." || part == "..") {
        let message = format!("`{glob}` matches no path: paths begin at the root, like `src/a.rs`");
        doubt(form, problems, |problems| {
            problems.add(text.span.clone(), message);
        });
    }
    let glob = GlobBuilder::new(glob).case_insensitive(ignore_case).build();
    glob.map_err(|error| {
        problems.add(text.span.clone(), format!("not a glob: {}", error.kind()));
    })
    .ok()
}
