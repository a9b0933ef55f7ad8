//! Findings in words: where the nil comes from, why no guard covers it, what to ask, and which idiom fits.
//!
//! Deliberately absent: whether something is a finding ([`super::expressions`]).

use super::File;
use super::kinds::{FIELDS, Kind, kind};
use super::value::{Doubt, Evidence, Reason};
use crate::analysis::Hit;
use crate::matcher::Node;

/// How many characters of code a message quotes.
const QUOTE_LIMIT: usize = 60;

/// What there is to say of an origin.
pub(super) struct Origin {
    pub node: Node,
    /// Completes "`x` may be nil: ".
    pub why: String,
    /// The question when nothing else raises one.
    ask: String,
    /// What to do; empty where the rule's advice says it.
    idiom: String,
}

impl<'t> File<'_, 't> {
    /// A finding in words.
    pub(super) fn describe(&self, node: Node, focus: Node, evidence: &Evidence<'t>) -> Hit {
        let value = self.quote(focus);
        let origin = self.origin(&value, focus, evidence);
        let label = match evidence.reason {
            Reason::Tag { test, .. } => {
                format!("`{}` is all that is known here", self.quote_test(test))
            }
            Reason::Later(_) => "it is tested only here".to_owned(),
            Reason::Tested(_) => "tested here, so it may be nil".to_owned(),
            Reason::Omitted(_) => format!("this call leaves `{value}` out"),
            _ => "may be nil since here".to_owned(),
        };
        let mut labels = vec![(self.tree.range(origin.node), label)];
        let mut message = format!("`{value}` may be nil: {}", origin.why);
        let mut ask = origin.ask;
        match evidence.doubt {
            None | Some(Doubt::Soft) => {}
            Some(Doubt::Call(call)) => {
                let text = self.quote(call);
                labels.push((
                    self.tree.range(call),
                    format!("may change or test `{value}`"),
                ));
                message = match evidence.reason {
                    Reason::Tag { test, .. } => format!(
                        "`{value}` may be nil after `{text}`: `{}` does not say that it is there",
                        self.quote_test(test)
                    ),
                    _ => format!("`{value}` may be nil after `{text}`: {}", origin.why),
                };
                ask = format!("Can `{value}` be nil after `{text}`?");
            }
            Some(Doubt::Write(target)) => {
                let text = self.quote(target);
                labels.push((self.tree.range(target), format!("may be `{value}`")));
                message = format!("`{value}` may be nil after the write to `{text}`");
                ask = format!("Can the write to `{text}` leave `{value}` nil?");
            }
            Some(Doubt::Built(table)) => {
                labels.push((
                    self.tree.range(table),
                    "such a table is built with it here".to_owned(),
                ));
                message = format!("{message}; this file builds such tables with it");
                ask = format!("Is `{value}` given wherever such a table is built?");
                if let Reason::Tag { test, .. } = evidence.reason {
                    let tested = self.quote_test(test);
                    ask = format!("Is `{value}` given wherever a table with `{tested}` is built?");
                }
            }
            Some(Doubt::SomePaths) => {
                ask = format!("Is `{value}` given on every path to this line?");
                if let Reason::Tag { test, .. } = evidence.reason {
                    let tested = self.quote_test(test);
                    message = format!(
                        "`{value}` may be nil: it is given on some paths, else only `{tested}` was tested"
                    );
                    ask = format!("Is `{value}` given on every path on which `{tested}` holds?");
                }
            }
            Some(Doubt::Captured) => {
                message = format!("{message}, outside of this function");
                ask = format!("Can `{value}` still be nil when this function runs?");
            }
        }
        if evidence.doubt.is_none() && !origin.idiom.is_empty() {
            message = format!("{message}; {}", origin.idiom);
        }
        Hit {
            node,
            focus,
            certainty: evidence.certainty(),
            message,
            ask: evidence.doubt.map(|_| ask),
            labels,
        }
    }

    /// Where the nil comes from, in words.
    pub(super) fn origin(&self, value: &str, focus: Node, evidence: &Evidence<'t>) -> Origin {
        let is_name = kind(self.tree, focus) == Kind::Identifier;
        let line = |node: Node| self.line(node);
        let quote = |node: Node| self.quote(node);
        // As most are; what else there is to ask or to do stands with each.
        let at = |node: Node, why: String| Origin {
            node,
            why,
            ask: format!("Can `{value}` be nil here?"),
            idiom: if is_name {
                format!("test it first: `if {value} then`, or leave early")
            } else {
                format!("keep it in a local and test that, or use `({value} or EMPTY)`")
            },
        };
        let asking = |node: Node, why: String, ask: String| Origin {
            ask,
            ..at(node, why)
        };
        let mending = |node: Node, why: String, idiom: String| Origin {
            idiom,
            ..at(node, why)
        };
        let called = |node: Node, why: String, ask: String, call: Node| {
            let mut origin = asking(node, why, ask);
            if is_name {
                let text = quote(call);
                origin.idiom = format!("leave early when it is nil, or use `assert({text})`");
            }
            origin
        };
        match evidence.reason {
            Reason::Tag { test, .. } => {
                let why = format!("only `{}` was tested", self.quote_test(test));
                mending(test, why, String::new())
            }
            Reason::Kind(test) => {
                let tested = self.quote_test(test);
                let why = format!("only `{tested}` was tested");
                let ask = format!("Does every table with `{tested}` have `{value}`?");
                asking(test, why, ask)
            }
            Reason::Answer(call) => {
                let text = quote(call);
                let why = if call == focus {
                    "this function answers nil when it fails".to_owned()
                } else {
                    format!("`{text}` answers nil when it fails")
                };
                called(call, why, format!("Can `{text}` answer nil here?"), call)
            }
            Reason::Field(place) => {
                let why = "such a field is documented to be absent at times".to_owned();
                let ask = format!("Is `{value}` always set before this line?");
                asking(place, why, ask)
            }
            Reason::Literal(place) => at(
                place,
                format!("it is nil on a path from line {}", line(place)),
            ),
            Reason::Unassigned(place) => {
                let line = line(place);
                at(
                    place,
                    format!("on a path from line {line} it is never assigned"),
                )
            }
            Reason::Returned { call, at } => {
                let text = quote(call);
                let why = format!("`{text}` returns nil from line {}", line(at));
                called(at, why, format!("Can `{text}` return nil here?"), call)
            }
            Reason::Missing(table) => {
                let line = line(table);
                at(
                    table,
                    format!("the table built in line {line} does not have it"),
                )
            }
            Reason::NamedError(place) => {
                let why = "its error was named, and neither of them tested".to_owned();
                let idiom = format!("leave early: `if not {value} then return nil, err end`");
                mending(place, why, idiom)
            }
            Reason::Tested(test) => {
                let line = line(test);
                let why = format!("line {line} tests it, and this access is not under that test");
                at(test, why)
            }
            Reason::Input(source) => {
                at(source, format!("it depends on input, `{}`", quote(source)))
            }
            Reason::Omitted(call) => {
                let why = format!("`{}` leaves it out", quote(call));
                let idiom = format!("give it a default, `{value} = {value} or ...`, or pass it");
                mending(call, why, idiom)
            }
            Reason::Argument(call) => {
                let text = quote(call);
                let ask = format!("Can `{text}` pass nil for `{value}`?");
                asking(call, format!("`{text}` may pass nil"), ask)
            }
            Reason::Element(list) => {
                let ask = format!("Is there always an element, so that `{value}` is not nil?");
                asking(list, "the list may be empty".to_owned(), ask)
            }
            Reason::Elsewhere(place) => {
                let why = format!("another function leaves it nil in line {}", line(place));
                let ask = format!("Can this function run while `{value}` is nil?");
                asking(place, why, ask)
            }
            Reason::Callback(place) => {
                let why = "callers may leave out a function of this name".to_owned();
                asking(place, why, format!("Is `{value}` always given?"))
            }
            Reason::Replaced { test, by } => {
                let (line, text) = (line(test), quote(by));
                let why = format!("line {line} tests another value; this one is from `{text}`");
                asking(by, why, format!("Can `{text}` answer nil?"))
            }
            Reason::Later(test) => {
                let why = format!("line {} tests it, after this access", line(test));
                let ask = format!("Can `{value}` be nil here, or is the later test in vain?");
                asking(test, why, ask)
            }
            Reason::Lookup(table) => {
                let why = format!(
                    "the table built in line {} need not have this key",
                    line(table)
                );
                let ask = format!(
                    "Is every key that gets here in the table, so that `{value}` is there?"
                );
                asking(table, why, ask)
            }
            Reason::Document(place) => {
                let why = "nothing says that the document has it".to_owned();
                let ask = format!("Is `{value}` given in every document that is read here?");
                asking(place, why, ask)
            }
        }
    }

    /// The line on which a node begins, from 1.
    pub(super) fn line(&self, node: Node) -> usize {
        let newlines = self
            .newlines
            .get_or_init(|| memchr::memchr_iter(b'\n', self.tree.text()).collect());
        let start = self.tree.range(node).start;
        newlines.partition_point(|newline| *newline < start) + 1
    }

    /// The comparison as it is when it is true, the tag first.
    fn quote_test(&self, test: Node) -> String {
        let side = |field| self.tree.child_by_field(test, field);
        let (Some(left), Some(right)) = (side(FIELDS.left), side(FIELDS.right)) else {
            return self.quote(test);
        };
        let (tag, literal) = match kind(self.tree, left) {
            Kind::String => (right, left),
            _ => (left, right),
        };
        format!("{} == {}", self.quote(tag), self.quote(literal))
    }

    pub(super) fn quote(&self, node: Node) -> String {
        let bytes = self.tree.bytes(node);
        let text = String::from_utf8_lossy(
            bytes
                .get(..bytes.len().min(16 * QUOTE_LIMIT))
                .unwrap_or_default(),
        );
        let words: Vec<&str> = text.split_whitespace().collect();
        let line = words.join(" ");
        match line.char_indices().nth(QUOTE_LIMIT) {
            Some((end, _)) => format!("{}...", line.get(..end).unwrap_or_default()),
            None => line,
        }
    }
}
