//! Calls: what they raise, answer, end and change.
//!
//! A function is known by the way it is written at the call (`ngx.exit`), because that is how people rename their
//! libraries: `local error = error`. Deliberately absent: summaries of the functions of the file; a call of anything
//! unknown may change the fields of its arguments and whatever other functions reach.

use super::interpreter::Interpreter;
use super::kinds::{FIELDS, Kind, kind};
use super::value::{Bits, Doubt, Fact, Key, Slot, Value};
use crate::matcher::Node;

/// Functions that change nothing that they are given.
const PURE: [&str; 33] = [
    "assert",
    "error",
    "getmetatable",
    "ipairs",
    "next",
    "os.clock",
    "os.date",
    "os.getenv",
    "os.time",
    "pairs",
    "print",
    "rawequal",
    "rawget",
    "rawlen",
    "select",
    "tonumber",
    "tostring",
    "type",
    "unpack",
    "io.open",
    "io.write",
    "table.concat",
    "table.unpack",
    "table.maxn",
    "cjson.encode",
    "log",
    "debug",
    "info",
    "warn",
    "warning",
    "trace",
    "notice",
    "printf",
];

/// Tables of functions that change nothing that they are given.
const PURE_TABLES: [&str; 8] = [
    "string.", "math.", "utf8.", "bit.", "bit32.", "ngx.", "os.", "io.",
];

/// Methods of strings and of loggers: they change nothing that they are given.
const PURE_METHODS: [&str; 22] = [
    "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "rep", "reverse",
    "sub", "upper", "log", "debug", "info", "warn", "warning", "error", "trace", "notice",
    "printf",
];

/// Functions that raise an error when their first argument is nil.
const DEMANDING: [&str; 10] = [
    "ipairs",
    "pairs",
    "next",
    "unpack",
    "table.unpack",
    "table.concat",
    "table.insert",
    "table.remove",
    "table.sort",
    "setmetatable",
];

/// Functions that change only the elements of their first argument.
const LIST_CHANGING: [&str; 3] = ["table.insert", "table.remove", "table.sort"];

impl<'t> Interpreter<'_, 't> {
    /// Interprets a call; its answer.
    pub(super) fn call(&mut self, node: Node) -> Value {
        let (Some(callee), Some(arguments)) = (
            self.tree.child_by_field(node, FIELDS.name),
            self.tree.child_by_field(node, FIELDS.arguments),
        ) else {
            return self.state.unknown();
        };
        let receiver = self.callee(callee, node);
        let name = self.tree.bytes(callee);
        let nodes: Vec<Node> = match kind(self.tree, arguments) {
            Kind::Arguments => self.tree.named_children(arguments).collect(),
            _ => vec![arguments],
        };
        let asserted = self
            .options
            .asserting
            .iter()
            .find(|(known, _)| known.as_bytes() == name);
        if let Some((_, position)) = asserted {
            return self.asserting(&nodes, *position);
        }
        let values: Vec<Value> = nodes
            .into_iter()
            .map(|argument| self.value(argument))
            .collect();
        if !self.alive {
            return self.state.unknown();
        }
        if is_among(&self.options.no_return, name) {
            self.alive = false;
            return self.state.unknown();
        }
        if let (Some(first), true) = (
            values.first(),
            is_in(&DEMANDING, name) || name.starts_with(b"string."),
        ) {
            self.demand(*first);
        }
        match name {
            b"type" => {
                return self.state.fresh(Fact {
                    type_of: values.first().copied(),
                    ..Fact::of(Bits::TRUTHY)
                });
            }
            b"setmetatable" => {
                return values
                    .first()
                    .copied()
                    .unwrap_or_else(|| self.state.unknown());
            }
            _ => {}
        }
        if is_in(&LIST_CHANGING, name) {
            if let Some(list) = values.first() {
                self.state
                    .disturb(*list, Key::FIRST_NUMBER, Doubt::Call(node));
            }
        } else if !self.is_pure(callee) {
            self.unknown_effects(node, receiver, &values);
        }
        self.state.unknown()
    }

    /// The access that a call is; for a method, its receiver.
    fn callee(&mut self, callee: Node, call: Node) -> Option<Value> {
        if kind(self.tree, callee) == Kind::Method {
            return match self.field(callee) {
                Some((Slot::Field(receiver, _), _)) => Some(receiver),
                _ => None,
            };
        }
        let function = self.value(callee);
        // A function that the file declares under this name is there even if nobody tests for it.
        let last = self.tree.named_children(callee).last();
        let is_declared =
            last.is_some_and(|last| self.names.members.contains(self.tree.bytes(last)));
        if !is_declared {
            self.access(function, callee, call);
        }
        None
    }

    fn is_pure(&self, callee: Node) -> bool {
        let name = self.tree.bytes(callee);
        let last = match kind(self.tree, callee) {
            Kind::Method | Kind::Dot => self.tree.named_children(callee).last(),
            _ => None,
        };
        let is_logger = last.is_some_and(|last| is_in(&PURE_METHODS, self.tree.bytes(last)));
        is_logger
            || is_in(&PURE, name)
            || PURE_TABLES
                .iter()
                .any(|table| name.starts_with(table.as_bytes()))
            || is_among(&self.options.pure, name)
    }

    /// Nothing is known of the function: it may test what it gets, and change what it can reach.
    fn unknown_effects(&mut self, node: Node, receiver: Option<Value>, arguments: &[Value]) {
        let doubt = Doubt::Call(node);
        for value in arguments {
            let fact = self.state.fact(*value);
            if let (true, Some(evidence)) = (fact.bits.has_nil(), fact.evidence) {
                let evidence = Some(evidence.doubted(doubt));
                self.state.set_fact(*value, Fact { evidence, ..fact });
            }
        }
        for value in arguments.iter().copied().chain(receiver) {
            self.state.disturb(value, Key::FIRST, doubt);
        }
        self.state.begin_epoch(node);
    }

    /// A function that returns only when one of its arguments is true; it answers its arguments.
    fn asserting(&mut self, arguments: &[Node], position: usize) -> Value {
        let mut answer = None;
        for (index, argument) in arguments.iter().enumerate() {
            if !self.alive {
                break;
            }
            let is_test = matches!(
                kind(self.tree, *argument),
                Kind::Binary | Kind::Unary | Kind::Parenthesized
            );
            if index != position {
                self.value(*argument);
            } else if is_test {
                let judged = self.judge(*argument);
                self.enter(judged.when_true.as_ref());
            } else {
                let value = self.value(*argument);
                self.restrict(value, Bits::TRUTHY);
                answer = Some(value);
            }
        }
        answer.unwrap_or_else(|| self.state.unknown())
    }
}

fn is_in(names: &[&str], name: &[u8]) -> bool {
    names.iter().any(|known| known.as_bytes() == name)
}

fn is_among(names: &[String], name: &[u8]) -> bool {
    names.iter().any(|known| known.as_bytes() == name)
}
