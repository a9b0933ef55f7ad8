//! `kind` as a selector: `call_expression > identifier`, `block:has(> return_expression)`, `a, b`.
//!
//! CSS's notation for what relations say, as ast-grep reads it; it becomes the same conditions. Deliberately absent:
//! classes, attributes, and other pseudo-classes than those below.

use super::nth_child::{Formula, NthChild};
use super::{Matcher, Relation, Stop};

/// Selectors nested deeper, or chained longer, than this are refused.
const DEPTH_LIMIT: usize = 64;

/// What keeps a text from being a selector.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A name that the grammar does not know.
    Kind(String),
    /// Anything else, in words.
    Other(String),
}

/// Whether a text is more than the name of one kind.
pub(super) fn is_compound(text: &str) -> bool {
    !text.chars().all(is_of_name)
}

/// Reads a selector; `kind_of` knows the grammar's names.
pub(super) fn parse(text: &str, kind_of: &dyn Fn(&str) -> Option<u16>) -> Result<Matcher, Fault> {
    let mut reader = Reader {
        rest: text.trim(),
        kind_of,
        depth: 0,
    };
    let matcher = reader.list()?;
    if reader.rest.is_empty() {
        Ok(matcher)
    } else {
        Err(reader.unexpected())
    }
}

struct Reader<'t> {
    rest: &'t str,
    kind_of: &'t dyn Fn(&str) -> Option<u16>,
    depth: usize,
}

impl<'t> Reader<'t> {
    /// `a, b`; a comma may be the last.
    fn list(&mut self) -> Result<Matcher, Fault> {
        let mut alternatives = Vec::new();
        while !self.rest.is_empty() {
            alternatives.push(self.chain()?);
            if !self.takes(',') {
                break;
            }
        }
        Ok(only_one(alternatives, Matcher::Any))
    }

    /// `a > b c`: the last one is what matches, the others say where.
    fn chain(&mut self) -> Result<Matcher, Fault> {
        let mut matcher = self.one()?;
        let mut length = 0;
        while let Some(joint) = self.joint() {
            length += 1;
            if length > DEPTH_LIMIT {
                let message = format!("the selector is longer than {DEPTH_LIMIT} steps");
                return Err(Fault::Other(message));
            }
            let next = self.one()?;
            let relation = |stop| relation(matcher, stop);
            let place = match joint {
                '>' => Matcher::Inside(relation(Stop::Neighbor)),
                '+' => Matcher::Follows(relation(Stop::Neighbor)),
                '~' => Matcher::Follows(relation(Stop::End)),
                _ => Matcher::Inside(relation(Stop::End)),
            };
            matcher = Matcher::All(vec![next, place]);
        }
        Ok(matcher)
    }

    /// `a:has(b):not(c)`; the name may be missing.
    fn one(&mut self) -> Result<Matcher, Fault> {
        let mut all = Vec::new();
        if let Some(name) = self.name()? {
            let kind = (self.kind_of)(name).ok_or_else(|| Fault::Kind(name.to_owned()))?;
            all.push(Matcher::Kind(kind));
        }
        while self.rest.starts_with(':') {
            all.push(self.pseudo_class()?);
        }
        if self.rest.starts_with('.') {
            return Err(Fault::Other("a selector has no classes".to_owned()));
        }
        if all.is_empty() {
            return Err(match self.rest.chars().next() {
                None => Fault::Other("the selector ends where a kind belongs".to_owned()),
                Some(_) => self.unexpected(),
            });
        }
        Ok(only_one(all, Matcher::All))
    }

    fn pseudo_class(&mut self) -> Result<Matcher, Fault> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            let message = format!("the selector is nested deeper than {DEPTH_LIMIT} levels");
            return Err(Fault::Other(message));
        }
        self.rest = &self.rest[1..];
        let name = self.name()?.ok_or_else(|| self.unexpected())?;
        if !self.takes('(') {
            return Err(Fault::Other(format!("`:{name}` needs `(`")));
        }
        let matcher = match name {
            "has" => {
                let stop = if self.takes('>') {
                    Stop::Neighbor
                } else {
                    Stop::End
                };
                Matcher::Has(relation(self.chain()?, stop))
            }
            "not" => Matcher::Not(Box::new(self.chain()?)),
            "is" => self.list()?,
            "nth-child" => self.nth_child(false)?,
            "nth-last-child" => self.nth_child(true)?,
            _ => {
                let message = format!(
                    "a selector has no `:{name}`: it has `:has`, `:not`, `:is`, `:nth-child` and `:nth-last-child`"
                );
                return Err(Fault::Other(message));
            }
        };
        if !self.rest.starts_with(')') {
            return Err(Fault::Other(format!("`:{name}(` is not closed")));
        }
        self.rest = &self.rest[1..];
        self.depth -= 1;
        Ok(matcher)
    }

    /// `2n+1`, `2n+1 of a`.
    fn nth_child(&mut self, reverse: bool) -> Result<Matcher, Fault> {
        let is_of_formula = |sign: char| sign.is_ascii_digit() || "nN+- ".contains(sign);
        let end = self.rest.find(|sign| !is_of_formula(sign));
        let (formula, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        let formula = Formula::parse(formula.trim()).map_err(Fault::Other)?;
        let of = match rest.strip_prefix("of") {
            Some(after) if !after.starts_with(is_of_name) => {
                self.rest = after.trim_start();
                Some(self.chain()?)
            }
            _ => None,
        };
        Ok(Matcher::NthChild(Box::new(NthChild {
            formula,
            of,
            reverse,
        })))
    }

    /// What joins one step to the next; white space alone does, but not before a bracket that closes, or a comma.
    fn joint(&mut self) -> Option<char> {
        let is_apart = self.rest.starts_with(' ');
        if is_apart {
            self.rest = self.rest.trim_start();
        }
        match self.rest.chars().next()? {
            sign @ ('>' | '+' | '~') => {
                self.rest = self.rest[1..].trim_start();
                Some(sign)
            }
            ')' | ',' => None,
            _ => is_apart.then_some(' '),
        }
    }

    /// Takes a sign, the white space before it and that behind it.
    fn takes(&mut self, sign: char) -> bool {
        let Some(after) = self.rest.strip_prefix(sign) else {
            return false;
        };
        self.rest = after.trim_start();
        true
    }

    fn name(&mut self) -> Result<Option<&'t str>, Fault> {
        if self.rest.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(self.unexpected());
        }
        let end = self.rest.find(|sign| !is_of_name(sign));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        Ok((!name.is_empty()).then_some(name))
    }

    fn unexpected(&self) -> Fault {
        Fault::Other(match self.rest.chars().next() {
            Some(sign) => format!(
                "`{}` does not belong here in a selector",
                sign.escape_debug()
            ),
            None => "the selector ends too early".to_owned(),
        })
    }
}

fn is_of_name(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || sign == '_' || sign == '-'
}

fn relation(other: Matcher, stop: Stop) -> Box<Relation> {
    Box::new(Relation {
        other,
        stop,
        field: None,
    })
}

fn only_one(mut matchers: Vec<Matcher>, several: fn(Vec<Matcher>) -> Matcher) -> Matcher {
    match (matchers.len(), matchers.pop()) {
        (1, Some(matcher)) => matcher,
        (_, last) => {
            matchers.extend(last);
            several(matchers)
        }
    }
}
