//! Calls of which a reader sees that they cannot fail, and locks.
//!
//! It goes by names: those of the standard library and of a few crates that everybody knows. Deliberately absent:
//! evaluating anything.

use super::binding::{Binding, binding};
use super::plain;
use super::receiver::{Receiver, Root, Step};
use crate::matcher::{Node, Tree};

/// Functions that answer the same whenever the same literal is put in, and make a value of it.
const CONSTRUCTORS: &[&[u8]] = &[
    b"new",
    b"parse",
    b"parse_str",
    b"from_str",
    b"try_from",
    b"try_new",
    b"try_from_secs_f32",
    b"try_from_secs_f64",
    b"try_into",
    b"compile",
    b"from_utf8",
    b"from_utf16",
    b"from_bytes",
    b"from_slice",
    b"from_digit",
    b"from_u32",
    b"from_u8",
    b"from_u16",
    b"from_u64",
    b"from_i64",
    b"from_bytes_with_nul",
    b"from_bytes_until_nul",
    b"from_vec_with_nul",
    b"from_str_radix",
    b"from_ymd_opt",
    b"from_hms_opt",
    b"from_ymd",
    b"from_hms",
    b"from_timestamp",
    b"from_size_align",
    b"east_opt",
    b"west_opt",
    b"from_hex",
    b"from_calendar_date",
    b"from_static",
    b"array",
];

/// Types that everybody knows, whose constructors look at nothing but their arguments. `NonZero` stands for its kin.
const KNOWN: &[&[u8]] = &[
    b"Regex",
    b"RegexSet",
    b"RegexBuilder",
    b"CString",
    b"CStr",
    b"String",
    b"Duration",
    b"Layout",
    b"IpAddr",
    b"Ipv4Addr",
    b"Ipv6Addr",
    b"SocketAddr",
    b"SocketAddrV4",
    b"SocketAddrV6",
    b"Url",
    b"Uri",
    b"Authority",
    b"PathAndQuery",
    b"Scheme",
    b"Method",
    b"StatusCode",
    b"HeaderName",
    b"HeaderValue",
    b"Mime",
    b"Version",
    b"VersionReq",
    b"Uuid",
    b"NaiveDate",
    b"NaiveTime",
    b"NaiveDateTime",
    b"FixedOffset",
    b"DateTime",
    b"Date",
    b"Time",
    b"OffsetDateTime",
    b"Timestamp",
    b"Glob",
    b"Pattern",
    b"Selector",
    b"Ipv4Net",
    b"Ipv6Net",
    b"IpNet",
    b"IpNetwork",
    b"Decimal",
    b"BigInt",
    b"BigUint",
    b"BigDecimal",
    b"LanguageIdentifier",
    b"Locale",
    b"LevelFilter",
    b"Level",
    b"Oid",
    b"Multiaddr",
    b"AhoCorasick",
    b"serde_json",
    b"toml",
    b"str",
    b"char",
    b"bool",
    b"u8",
    b"u16",
    b"u32",
    b"u64",
    b"u128",
    b"usize",
    b"i8",
    b"i16",
    b"i32",
    b"i64",
    b"i128",
    b"isize",
    b"f32",
    b"f64",
];

/// What says that the matched call cannot fail: the token at which one sees it.
pub(super) fn cannot_fail(tree: &Tree<'_>, receiver: &Receiver<'_>) -> Option<Node> {
    let is_literal_step = |step: &Step<'_>| match step {
        Step::Method(name, arguments) => {
            *name != b"to_socket_addrs" && (arguments.is_empty() || arguments.are_literals())
        }
        Step::Index(arguments) => arguments.are_literals(),
        Step::Field(_) => true,
        Step::Try | Step::Await => false,
    };
    let shows = match &receiver.root {
        Root::Literal => receiver.steps.iter().all(is_literal_step) && !receiver.steps.is_empty(),
        Root::Group(values) => {
            receiver.steps.iter().all(is_literal_step)
                && values.are_literals()
                && !receiver.steps.is_empty()
        }
        Root::Path(path, Some(arguments)) => {
            arguments.are_literals()
                && is_constructor(path)
                && receiver.steps.iter().all(is_literal_step)
        }
        Root::Macro(b"vec", values) => {
            receiver.steps.iter().all(is_literal_step) && values.are_literals()
        }
        Root::Macro(b"write" | b"writeln", arguments) => {
            receiver.steps.is_empty() && {
                let target: Vec<&[u8]> = arguments
                    .0
                    .iter()
                    .map(|token| token.bytes)
                    .take_while(|token| *token != b",")
                    .collect();
                is_string(tree, receiver.first, &target)
            }
        }
        Root::Path(path, None) if path.last() == Some(&b"Utc".as_slice()) => {
            receiver.steps.iter().all(is_literal_step) && !receiver.steps.is_empty()
        }
        Root::Path(path, None) => {
            // `text.write_str(x)`
            if let [Step::Method(b"write_str" | b"write_char" | b"write_fmt", _)] =
                receiver.steps.as_slice()
                && is_string(tree, receiver.first, path)
            {
                return Some(receiver.first);
            }
            let is_same =
                |step: &Step<'_>| matches!(step, Step::Method(b"as_ref" | b"as_mut" | b"clone", _));
            path.len() == 1
                && receiver.steps.iter().all(is_same)
                && binding(tree, receiver.first, path[0]).is_some_and(|it| it.has_no_error())
        }
        _ => false,
    };
    shows.then_some(receiver.first)
}

/// `Regex::new`, `NonZeroU32::new`, `u8::try_from`, `Some`: a known type, and a known function of it.
fn is_constructor(path: &[&[u8]]) -> bool {
    match path {
        [b"Some" | b"Ok"] => true,
        [.., owner, function] => {
            CONSTRUCTORS.contains(function)
                && (KNOWN.contains(owner) || owner.starts_with(b"NonZero"))
        }
        _ => false,
    }
}

/// Whether this name is bound to a `String` in the function around a node.
fn is_string(tree: &Tree<'_>, near: Node, target: &[&[u8]]) -> bool {
    let name = match target {
        [name] | [b"&", b"mut", name] | [b"&mut", name] => *name,
        _ => return false,
    };
    binding(tree, near, name).is_some_and(|binding| match binding {
        Binding::Type(text) => {
            let text = text.strip_prefix(b"&").unwrap_or(&text).trim_ascii();
            let text = text.strip_prefix(b"mut ").unwrap_or(text).trim_ascii();
            text.rsplit(|byte| *byte == b':').next() == Some(b"String")
        }
        Binding::Value(text) => {
            let path = text.split(|byte| *byte == b'(').next().unwrap_or_default();
            path.split(|byte| *byte == b':').nth_back(2) == Some(b"String")
                || text.starts_with(b"format!")
                || text.ends_with(b".to_string()")
                || text.starts_with(b"\"") && text.ends_with(b".to_owned()")
        }
    })
}

impl Binding {
    /// `Result<T, Infallible>`, `Result<T, !>`
    fn has_no_error(&self) -> bool {
        let Self::Type(text) = self else {
            return false;
        };
        let text = text.trim_ascii_end();
        let error = text.strip_suffix(b">").unwrap_or(text);
        let error = error.trim_ascii_end();
        let error = error.strip_suffix(b",").unwrap_or(error);
        let start = error
            .iter()
            .rposition(|byte| matches!(byte, b',' | b'<' | b':'));
        plain::is_option_or_result(text)
            && start.is_some_and(|at| {
                error[at] != b'<' && matches!(error[at + 1..].trim_ascii(), b"!" | b"Infallible")
            })
    }
}

/// Whether the receiver is what a lock or a condition variable returned.
pub(super) fn is_lock_result(receiver: &Receiver<'_>) -> bool {
    let step = match &receiver.root {
        // `(a.lock())`
        Root::Group(inner) if receiver.steps.is_empty() => {
            return inner
                .as_receiver()
                .is_some_and(|inner| is_lock_result(&inner));
        }
        // `Mutex::lock(a)`
        Root::Path(path, Some(_)) if receiver.steps.is_empty() => {
            return matches!(
                path.as_slice(),
                [.., b"Mutex", b"lock"] | [.., b"RwLock", b"read" | b"write"]
            );
        }
        _ => receiver.steps.first(),
    };
    match step {
        Some(Step::Method(b"lock" | b"read" | b"write", arguments)) => arguments.is_empty(),
        Some(Step::Method(
            b"wait" | b"wait_while" | b"wait_timeout" | b"wait_timeout_while",
            arguments,
        )) => !arguments.is_empty(),
        _ => false,
    }
}
