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
mod calls;
mod comparisons;
mod conditions;
mod disturbances;
mod explain;
mod expressions;
mod groups;
mod hunches;
mod initial;
mod interpreter;
mod kinds;
mod knowledge;
mod loops;
mod merge;
mod names;
mod options;
mod patterns;
mod protected;
mod state;
mod summaries;
mod survey;
mod unions;
mod value;

use super::Hit;
use crate::matcher::Tree;
use interpreter::{Findings, Interpreter};
use knowledge::Knowledge;
use names::{FunctionIndex, Names};
pub use options::Options;
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
}

/// Everything that may be nil where it is used, in the order of the text.
pub(super) fn run(tree: &Tree<'_>, options: &Options) -> Vec<Hit> {
    let names = Names::resolve(tree);
    let survey = Survey::of(tree, &names, &options.knowledge);
    let unions = Unions::of(tree);
    let file = File {
        tree,
        names: &names,
        survey: &survey,
        unions: &unions,
        knowledge: &options.knowledge,
        options,
    };
    let mut shared = Shared::new(names.functions.len());
    round(&file, &mut shared);
    let mut hits: Vec<Hit> = Vec::new();
    for findings in round(&file, &mut shared) {
        let described = findings
            .iter()
            .map(|(node, (focus, evidence))| file.describe(*node, *focus, evidence));
        hits.extend(described);
    }
    hits.sort_by_key(|hit| (hit.node, hit.focus));
    hits
}

/// Interprets all functions, in the order of the text: what is around a function comes before it.
fn round<'t>(file: &File<'_, 't>, shared: &mut Shared<'t>) -> Vec<Findings<'t>> {
    let mut all = Vec::new();
    for (index, function) in file.names.functions.iter().enumerate() {
        if !function.sound {
            continue;
        }
        let interpreter = Interpreter::new(file, shared, index as FunctionIndex);
        if let Some((findings, summary)) = interpreter.function(function.node) {
            all.push(findings);
            if let Some(known) = shared.summaries.get_mut(index) {
                *known = Some(Rc::new(summary));
            }
        }
    }
    all
}
