//! `nil-index` for Lua: an index or a call of a value that may be nil, where the file itself says so.
//!
//! Each function, and the file as the outermost one, is interpreted once, forward, over its syntax tree. An unknown
//! value is never reported: a finding needs [evidence](value::Evidence) that nil is possible, and no guard in between.
//!
//! The evidence so far is the tagged union: code tests `x.tag == "name"` and goes through the payload `x.name` without
//! a look at it; where the file itself builds such tables with their payload, that is a question. Deliberately absent: a payload under another name than its tag (`node.type == "call"`, then
//! `node.callee.name`: too many are right); evidence from documented functions, from paths that give nil and from
//! tests elsewhere in a function; summaries of functions; what a closure knows of the variables around it; and jumps
//! backward (the path ends there).

mod calls;
mod conditions;
mod expressions;
mod interpreter;
mod kinds;
mod names;
mod state;
mod unions;
mod value;

use super::Hit;
use crate::matcher::Tree;
use interpreter::Interpreter;
use names::Names;
use unions::Unions;

/// How a rule configures the analysis. What it names is added to what is known by itself.
#[derive(Debug, Clone)]
pub struct Options {
    /// Functions that never return.
    no_return: Vec<String>,
    /// Functions that return only when an argument is true, and which argument, from 0.
    asserting: Vec<(String, usize)>,
    /// Functions that change nothing that they are given.
    pure: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            no_return: owned(&["error", "os.exit", "ngx.exit", "ngx.redirect", "ngx.exec"]),
            asserting: vec![("assert".to_owned(), 0)],
            pure: Vec::new(),
        }
    }
}

impl Options {
    /// The names of the options.
    pub const NAMES: [&'static str; 3] = ["no-return", "asserting", "pure"];

    /// Adds to an option. A function is written as it is called: `fail`, `log.fatal`, `self:abort`; one that asserts
    /// another argument than its first has the argument's number after it: `check 2`.
    pub fn set(&mut self, option: &str, values: &[String]) -> Result<(), String> {
        match option {
            "no-return" => self.no_return.extend_from_slice(values),
            "pure" => self.pure.extend_from_slice(values),
            "asserting" => {
                for value in values {
                    self.asserting.push(asserting(value)?);
                }
            }
            _ => return Err(format!("unknown option `{option}`")),
        }
        Ok(())
    }
}

fn asserting(value: &str) -> Result<(String, usize), String> {
    let Some((name, number)) = value.split_once(' ') else {
        return Ok((value.to_owned(), 0));
    };
    match number.trim().parse::<usize>() {
        Ok(number) if number > 0 => Ok((name.to_owned(), number - 1)),
        _ => Err(format!(
            "`{number}` is not the number of an argument (the first is 1)"
        )),
    }
}

/// Everything that may be nil where it is used, in the order of the text.
pub(super) fn run(tree: &Tree<'_>, options: &Options) -> Vec<Hit> {
    let names = Names::resolve(tree);
    let unions = Unions::of(tree);
    let functions = names
        .functions
        .iter()
        .enumerate()
        .filter(|(_, function)| function.sound);
    let mut hits: Vec<Hit> = functions
        .flat_map(|(index, function)| {
            Interpreter::new(tree, &names, &unions, options, index as u32).function(function.node)
        })
        .collect();
    hits.sort_by_key(|hit| (hit.node, hit.focus));
    hits
}
