//! What the name of an unknown function suggests: a check, a logger, an end of the program.
//!
//! A name proves nothing: it turns a violation into a question, never the other way round. Deliberately absent: what is
//! known of names ([`super::knowledge`]).

use super::calls::Callee;
use super::interpreter::Interpreter;
use super::kinds::FIELDS;
use super::value::{Bits, Doubt, Implied, Value};
use crate::matcher::Node;

impl<'t> Interpreter<'_, 't> {
    /// Arguments that may be nil, and that a call may have tested.
    pub(super) fn doubts(&self, node: Node, given: &[Value]) -> Vec<Implied<'t>> {
        let doubt = |value: Value| {
            let fact = self.state.fact(value);
            let evidence = fact.evidence.filter(|_| fact.bits.has_nil())?;
            Some(Implied {
                value,
                bits: Bits::ALL,
                evidence: Some(evidence.doubted(Doubt::Call(node))),
                text: None,
            })
        };
        let tested = given.iter().flat_map(|argument| {
            let implies = self.state.fact(*argument).implies;
            let values: Vec<Value> = implies
                .iter()
                .flat_map(|implies| implies.when_true.iter().map(|one| one.value))
                .collect();
            values
        });
        given
            .iter()
            .copied()
            .chain(tested)
            .filter_map(doubt)
            .collect()
    }

    /// Whether a function is named as those are that only write a log.
    pub(super) fn is_named_as_logger(&self, callee: Node) -> bool {
        const WORDS: [&[u8]; 14] = [
            b"log",
            b"logf",
            b"debug",
            b"debugm",
            b"debugx",
            b"info",
            b"infox",
            b"warn",
            b"warnx",
            b"warning",
            b"notice",
            b"trace",
            b"errx",
            b"messagex",
        ];
        let last = self.tree.named_children(callee).last().unwrap_or(callee);
        let table = self.tree.child_by_field(callee, FIELDS.table);
        let of_table =
            table.and_then(|table| self.tree.named_children(table).last().or(Some(table)));
        let of_table = of_table
            .map(|table| self.tree.bytes(table))
            .unwrap_or_default();
        let is_logger = of_table.eq_ignore_ascii_case(b"log")
            || of_table.to_ascii_lowercase().ends_with(b"logger");
        is_logger || WORDS.contains(&self.tree.bytes(last))
    }

    /// Whether a function is named as those are that do not return.
    pub(super) fn is_named_as_end(&self, callee: Node) -> bool {
        const WORDS: [&[u8]; 12] = [
            b"error", b"fail", b"die", b"abort", b"fatal", b"exit", b"quit", b"raise", b"throw",
            b"panic", b"bail", b"usage",
        ];
        let last = self.tree.named_children(callee).last().unwrap_or(callee);
        let before = self.tree.child_by_field(callee, FIELDS.table);
        let before = before
            .map(|before| self.tree.bytes(before))
            .unwrap_or_default();
        let is_logger = before
            .windows(3)
            .any(|part| part.eq_ignore_ascii_case(b"log"));
        let name = self.tree.bytes(last);
        let is_end = WORDS.contains(&name) || is_named_as_raising(name);
        is_end && !is_logger
    }

    /// Whether nobody knows what becomes of some arguments: the function is unknown, or takes any number of them.
    pub(super) fn is_beyond_parameters(&self, callee: &Callee, given: usize) -> bool {
        let function = callee
            .function
            .and_then(|function| self.file.names.functions.get(function as usize));
        let receiver = usize::from(callee.receiver.is_some());
        function.is_none_or(|function| given + receiver > function.parameters.len())
    }

    /// Whether a function is named as those are that raise an error when they do not like what they get.
    pub(super) fn is_named_as_check(&self, callee: Node) -> bool {
        const WORDS: [&str; 7] = [
            "assert", "check", "ensure", "expect", "must", "valid", "verify",
        ];
        let last = self.tree.named_children(callee).last().unwrap_or(callee);
        let name = String::from_utf8_lossy(self.tree.bytes(last)).to_ascii_lowercase();
        WORDS.iter().any(|word| name.contains(word))
    }
}

/// `raise_error`, `throwException`, `parse_error`: not `log_error`, `on_error`.
fn is_named_as_raising(name: &[u8]) -> bool {
    const FIRST: [&[u8]; 9] = [
        b"raise", b"throw", b"abort", b"die", b"fatal", b"panic", b"bail", b"quit", b"exit",
    ];
    const RETURNING: [&[u8]; 22] = [
        b"add", b"clear", b"debug", b"display", b"emit", b"format", b"get", b"handle", b"has",
        b"is", b"last", b"log", b"make", b"notify", b"on", b"output", b"print", b"report", b"send",
        b"set", b"show", b"write",
    ];
    let starts = |position: &usize| {
        *position > 0
            && name.get(*position).is_some_and(u8::is_ascii_uppercase)
            && name.get(*position - 1).is_some_and(u8::is_ascii_lowercase)
    };
    let mut words: Vec<Vec<u8>> = vec![Vec::new()];
    for (position, byte) in name.iter().enumerate() {
        if *byte == b'_' || starts(&position) {
            words.push(Vec::new());
        }
        if let Some(word) = words.last_mut().filter(|_| *byte != b'_') {
            word.push(byte.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    let ([first, .., last], true) = (words.as_slice(), words.len() > 1) else {
        return false;
    };
    let is_error = last == b"error" && !RETURNING.contains(&first.as_slice());
    is_error || FIRST.contains(&first.as_slice())
}
