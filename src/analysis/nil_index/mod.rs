//! `nil-index` for Lua: an index or a call of a value that may be nil, where the file itself says so.
//!
//! Each function, and the file as the outermost one, is interpreted forward, over its syntax tree, in two rounds: the
//! first learns what functions answer and what they are given ([`summaries`]), the second reports. An unknown value is
//! never reported: a finding needs [evidence](value::Evidence) that nil is possible, and no guard in between. What the
//! profiles in `profiles/` know of documented functions is data, and a rule adds to it.
//!
//! Deliberately absent: everything across files; arithmetic, concatenation, `#` and comparison of nil; an index of
//! booleans and numbers. A function with a syntax error, or too deep, or that takes too many steps, is left alone.

mod answers;
mod assignments;
mod borders;
mod branches;
mod calls;
mod choices;
mod comparisons;
mod conditions;
mod disturbances;
mod explain;
mod expressions;
mod groups;
mod history;
mod hunches;
mod initial;
mod interpreter;
mod kinds;
mod knowledge;
mod lists;
mod loops;
mod merge;
mod names;
mod options;
mod outcomes;
mod patterns;
mod protected;
mod slots;
mod state;
mod summaries;
mod survey;
mod trace;
mod unions;
mod value;

use super::{History, Hit};
use crate::matcher::{Node, Tree};
use interpreter::{Interpreter, Outcome};
use knowledge::Knowledge;
use names::{FunctionIndex, Names};
pub use options::Options;
use std::cell::OnceCell;
use std::ops::Range;
use std::rc::Rc;
use summaries::Shared;
use survey::Survey;
use unions::Unions;

/// A file and what is known of it as a whole.
pub(crate) struct File<'a, 't> {
    tree: &'a Tree<'t>,
    names: &'a Names<'t>,
    survey: &'a Survey<'t>,
    unions: &'a Unions<'t>,
    knowledge: &'a Knowledge,
    options: &'a Options,
    /// Where the lines end, once somebody asks.
    newlines: OnceCell<Vec<usize>>,
}

/// Everything that may be nil where it is used, in the order of the text.
pub(super) fn run(tree: &Tree<'_>, options: &Options) -> Vec<Hit> {
    with_file(tree, options, |file| {
        let mut shared = Shared::new(file.names.functions.len());
        round(file, &mut shared, None, |_, _| {});
        let mut hits: Vec<Hit> = Vec::new();
        round(file, &mut shared, None, |_, outcome| {
            let findings = outcome.findings.iter();
            hits.extend(findings.map(|(node, (focus, known))| file.describe(*node, *focus, known)));
        });
        hits.sort_by_key(|hit| (hit.node, hit.focus));
        hits
    })
}

/// The histories of the values that are indexed or called on these bytes, in the order of the text.
pub(super) fn histories(tree: &Tree<'_>, options: &Options, bytes: &Range<usize>) -> Vec<History> {
    with_file(tree, options, |file| {
        let mut shared = Shared::new(file.names.functions.len());
        round(file, &mut shared, None, |_, _| {});
        let mut all: Vec<(Node, History)> = Vec::new();
        round(file, &mut shared, Some(bytes), |function, outcome| {
            all.extend(file.histories(function, outcome, bytes));
        });
        all.sort_by_key(|(focus, history)| (history.focus.start, *focus));
        all.into_iter().map(|(_, history)| history).collect()
    })
}

fn with_file<'t, R>(tree: &Tree<'t>, options: &Options, act: impl FnOnce(&File<'_, 't>) -> R) -> R {
    let names = Names::resolve(tree);
    let survey = Survey::of(tree, &names, &options.knowledge);
    let unions = Unions::of(tree);
    act(&File {
        tree,
        names: &names,
        survey: &survey,
        unions: &unions,
        knowledge: &options.knowledge,
        options,
        newlines: OnceCell::new(),
    })
}

/// Interprets all functions, in the order of the text: what is around a function comes before it. Of those that hold
/// the watched bytes everything is kept that happens to their values.
fn round<'t>(
    file: &File<'_, 't>,
    shared: &mut Shared<'t>,
    watched: Option<&Range<usize>>,
    mut each: impl FnMut(FunctionIndex, &Outcome<'t>),
) {
    for (index, function) in file.names.functions.iter().enumerate() {
        if !function.sound {
            continue;
        }
        let mut interpreter = Interpreter::new(file, shared, index as FunctionIndex);
        let range = file.tree.range(function.node);
        if watched.is_some_and(|bytes| range.start < bytes.end && bytes.start < range.end) {
            interpreter.state.trace = Some(Vec::new());
        }
        if let Some(outcome) = interpreter.function(function.node) {
            each(index as FunctionIndex, &outcome);
            if let Some(known) = shared.summaries.get_mut(index) {
                *known = Some(Rc::new(outcome.summary));
            }
        }
    }
}
