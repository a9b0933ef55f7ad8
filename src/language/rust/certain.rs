//! Calls of which a reader sees that they cannot fail, locks, and what surely returns `Option` or `Result`.
//!
//! It goes by names: those of the standard library and of a few crates that everybody knows. Deliberately absent:
//! evaluating anything.

use super::receiver::{Receiver, Root, Step};
use super::syntax;
use crate::matcher::{Node, Tree};

/// Functions that answer the same whenever the same literal is put in, and make a value of it.
const CONSTRUCTORS: &[&[u8]] = &[
    b"new",
    b"parse",
    b"parse_str",
    b"from_str",
    b"try_from",
    b"try_new",
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
            receiver.steps.is_empty()
                && arguments
                    .0
                    .iter()
                    .position(|token| token.bytes == b",")
                    .is_some_and(|comma| {
                        let target: Vec<&[u8]> = arguments.0[..comma]
                            .iter()
                            .map(|token| token.bytes)
                            .collect();
                        is_string(tree, receiver.first, &target)
                    })
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
            text.starts_with(b"String::")
                || text.starts_with(b"std::string::String::")
                || text.starts_with(b"format!")
                || text.ends_with(b".to_string()")
                || text.starts_with(b"\"") && text.ends_with(b".to_owned()")
        }
    })
}

/// How a local name came to be: its declared type, or its first value.
pub(super) enum Binding {
    Type(Vec<u8>),
    Value(Vec<u8>),
}

/// How far a binding is looked for: blocks and the like outward, statements backward, nodes of a pattern.
const LIMIT: usize = 256;

/// The nearest binding of a name before a node, in the function around it.
pub(super) fn binding(tree: &Tree<'_>, near: Node, name: &[u8]) -> Option<Binding> {
    let mut inside = near;
    for outer in tree.ancestors(near).take(LIMIT) {
        match syntax::kind(tree, outer) {
            "block" => {
                for statement in syntax::statements_before(tree, inside).take(LIMIT) {
                    if let Some(found) = bound_by_let(tree, statement, name) {
                        return found;
                    }
                }
            }
            "closure_expression" | "function_item" => {
                if let Some(parameters) = syntax::child(tree, outer, "parameters") {
                    for parameter in tree.named_children(parameters) {
                        let pattern =
                            syntax::child(tree, parameter, "pattern").unwrap_or(parameter);
                        if is_name(tree, pattern, name) {
                            return syntax::child(tree, parameter, "type")
                                .map(|kind| Binding::Type(tree.bytes(kind).to_vec()));
                        }
                        if mentions(tree, pattern, name) {
                            return None;
                        }
                    }
                }
                if syntax::kind(tree, outer) == "function_item" {
                    return None;
                }
            }
            "if_expression" | "while_expression" => {
                let condition = syntax::child(tree, outer, "condition")?;
                if binds(tree, condition, name) {
                    return None;
                }
            }
            "match_arm" | "for_expression" => {
                let pattern = syntax::child(tree, outer, "pattern")?;
                if mentions(tree, pattern, name) {
                    return None;
                }
            }
            _ => {}
        }
        inside = outer;
    }
    None
}

/// What a statement binds the name to; `Some(None)` when it binds it to nobody knows what.
fn bound_by_let(tree: &Tree<'_>, statement: Node, name: &[u8]) -> Option<Option<Binding>> {
    if syntax::kind(tree, statement) != "let_declaration" {
        return None;
    }
    let pattern = syntax::child(tree, statement, "pattern")?;
    if !is_name(tree, pattern, name) {
        return mentions(tree, pattern, name).then_some(None);
    }
    let text = |node: Node| tree.bytes(node).to_vec();
    let kind = syntax::child(tree, statement, "type").map(|kind| Binding::Type(text(kind)));
    let value = || syntax::child(tree, statement, "value").map(|value| Binding::Value(text(value)));
    Some(kind.or_else(value))
}

/// Whether `let` in a condition makes a new variable of this name.
fn binds(tree: &Tree<'_>, condition: Node, name: &[u8]) -> bool {
    tree.subtree(condition).take(LIMIT).any(|inner| {
        syntax::kind(tree, inner) == "let_condition"
            && syntax::child(tree, inner, "pattern")
                .is_some_and(|pattern| mentions(tree, pattern, name))
    })
}

/// `name` or `mut name`
fn is_name(tree: &Tree<'_>, pattern: Node, name: &[u8]) -> bool {
    let plain = tree.bytes(pattern);
    let plain = plain.strip_prefix(b"mut ").unwrap_or(plain);
    syntax::plain_name(plain.trim_ascii()) == name
}

fn mentions(tree: &Tree<'_>, node: Node, name: &[u8]) -> bool {
    tree.subtree(node)
        .take(LIMIT)
        .any(|inner| tree.is_leaf(inner) && syntax::plain_name(tree.bytes(inner)) == name)
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

/// Methods of the standard library that return `Option` or `Result`, as far as their names are hardly used otherwise.
const FALLIBLE: &[&[u8]] = &[
    b"get",
    b"get_mut",
    b"first",
    b"first_mut",
    b"last",
    b"last_mut",
    b"split_first",
    b"split_last",
    b"first_chunk",
    b"last_chunk",
    b"parse",
    b"ok",
    b"err",
    b"ok_or",
    b"ok_or_else",
    b"next",
    b"next_back",
    b"nth",
    b"nth_back",
    b"peek",
    b"peek_mut",
    b"find",
    b"rfind",
    b"find_map",
    b"position",
    b"rposition",
    b"max",
    b"min",
    b"max_by",
    b"max_by_key",
    b"min_by",
    b"min_by_key",
    b"reduce",
    b"pop",
    b"pop_front",
    b"pop_back",
    b"pop_first",
    b"pop_last",
    b"front",
    b"front_mut",
    b"back",
    b"back_mut",
    b"first_key_value",
    b"last_key_value",
    b"first_entry",
    b"last_entry",
    b"get_key_value",
    b"remove_entry",
    b"strip_prefix",
    b"strip_suffix",
    b"split_once",
    b"rsplit_once",
    b"to_digit",
    b"try_into",
    b"try_from",
    b"try_lock",
    b"try_read",
    b"try_write",
    b"try_borrow",
    b"try_borrow_mut",
    b"try_recv",
    b"recv",
    b"recv_timeout",
    b"try_send",
    b"send",
    b"join",
    b"lock",
    b"read",
    b"write",
    b"wait",
    b"downcast",
    b"downcast_ref",
    b"downcast_mut",
    b"and_then",
    b"or_else",
    b"map_err",
    b"transpose",
    b"flatten",
    b"as_deref",
    b"as_deref_mut",
    b"copied",
    b"cloned",
    b"write_all",
    b"write_fmt",
    b"flush",
    b"read_to_string",
    b"read_to_end",
    b"read_line",
    b"read_exact",
    b"to_str",
    b"into_string",
    b"file_name",
    b"file_stem",
    b"extension",
    b"parent",
    b"canonicalize",
    b"metadata",
    b"duration_since",
    b"elapsed",
    b"upgrade",
    b"partial_cmp",
    b"local_addr",
    b"peer_addr",
    b"accept",
    b"spawn",
    b"output",
    b"status",
    b"try_wait",
    b"wait_with_output",
    b"modified",
    b"created",
    b"from_utf8",
    b"from_digit",
    b"or",
];

/// Functions of modules and types of the standard library that return `Option` or `Result`.
const FALLIBLE_PATHS: &[(&[u8], &[&[u8]])] = &[
    (b"fs", &[]),
    (
        b"env",
        &[
            b"var",
            b"var_os",
            b"current_dir",
            b"current_exe",
            b"set_current_dir",
        ],
    ),
    (b"str", &[b"from_utf8", b"from_utf8_mut"]),
    (b"String", &[b"from_utf8", b"from_utf16"]),
    (b"CString", &[b"new"]),
    (b"CStr", &[b"from_bytes_with_nul", b"from_bytes_until_nul"]),
    (b"char", &[b"from_digit", b"from_u32", b"try_from"]),
    (b"File", &[]),
    (b"TcpListener", &[b"bind"]),
    (b"TcpStream", &[b"connect"]),
    (b"UdpSocket", &[b"bind"]),
    (b"UnixListener", &[b"bind"]),
    (b"UnixStream", &[b"connect"]),
    (b"Rc", &[b"try_unwrap", b"get_mut", b"into_inner"]),
    (b"Arc", &[b"try_unwrap", b"get_mut", b"into_inner"]),
    (b"io", &[b"copy", b"read_to_string"]),
    (b"Layout", &[b"new", b"array", b"from_size_align"]),
    (b"Duration", &[b"try_from_secs_f32", b"try_from_secs_f64"]),
    (b"SystemTime", &[b"duration_since"]),
    (b"thread", &[b"available_parallelism"]),
];

/// Whether a chain plainly ends in `Option` or `Result`.
pub(super) fn is_plain(tree: &Tree<'_>, receiver: &Receiver<'_>) -> bool {
    let mut steps = receiver.steps.iter();
    // These give back what they are called on, or a reference to what is in it.
    let passes = |step: &&Step<'_>| {
        matches!(
            step,
            Step::Method(
                b"as_ref"
                    | b"as_mut"
                    | b"clone"
                    | b"take"
                    | b"to_owned"
                    | b"map"
                    | b"filter"
                    | b"inspect"
                    | b"zip"
                    | b"xor"
                    | b"insert"
                    | b"remove"
                    | b"replace"
                    | b"inspect_err"
                    | b"or",
                _
            )
        )
    };
    let mut last = steps.next();
    while let Some(step) = last
        && passes(&step)
    {
        if let Step::Method(b"insert" | b"remove" | b"replace", arguments) = step {
            // Of a map; an `Option` has no `remove`.
            return !arguments.is_empty();
        }
        last = steps.next();
    }
    match (last, &receiver.root) {
        (Some(Step::Method(name, _)), _) => {
            FALLIBLE.contains(name) || name.starts_with(b"checked_") || name.starts_with(b"try_")
        }
        (None, Root::Path(path, arguments)) => match (path.as_slice(), arguments) {
            ([b"Some" | b"Ok" | b"Err"], Some(_)) | ([b"None"], None) => true,
            ([.., owner, function], Some(_)) => {
                is_number(owner) && *function == b"try_from"
                    || owner.starts_with(b"NonZero")
                    || is_number(owner) && *function == b"from_str_radix"
                    || FALLIBLE_PATHS.iter().any(|(known, functions)| {
                        known == owner && (functions.is_empty() || functions.contains(function))
                    })
            }
            ([name], None) => match binding(tree, receiver.first, name) {
                Some(Binding::Type(text)) => is_option_or_result(&text),
                Some(Binding::Value(text)) => {
                    text.starts_with(b"Some(")
                        || text.starts_with(b"Ok(")
                        || text.starts_with(b"Err(")
                        || text == b"None"
                        || is_plain_value(&text)
                }
                None => false,
            },
            _ => false,
        },
        (None, Root::Group(inner)) => inner
            .as_receiver()
            .is_some_and(|inner| is_plain(tree, &inner)),
        (None, Root::Macro(b"write" | b"writeln", _)) => true,
        _ => false,
    }
}

fn is_number(name: &[u8]) -> bool {
    matches!(
        name,
        b"u8"
            | b"u16"
            | b"u32"
            | b"u64"
            | b"u128"
            | b"usize"
            | b"i8"
            | b"i16"
            | b"i32"
            | b"i64"
            | b"i128"
            | b"isize"
            | b"f32"
            | b"f64"
    )
}

/// Whether a value's text ends in a call that plainly returns `Option` or `Result`.
fn is_plain_value(text: &[u8]) -> bool {
    let Some(open) = text.iter().rposition(|byte| *byte == b'(') else {
        return false;
    };
    if !text.ends_with(b")") {
        return false;
    }
    let before = &text[..open];
    let start = before
        .iter()
        .rposition(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
        .map_or(0, |at| at + 1);
    let is_method = start > 0 && before[start - 1] == b'.';
    is_method && (FALLIBLE.contains(&&before[start..]) || before[start..].starts_with(b"checked_"))
}

/// Whether a type is `Option<..>` or `Result<..>`, or a reference to one.
pub(super) fn is_option_or_result(text: &[u8]) -> bool {
    let mut text = text.trim_ascii();
    while let Some(rest) = text.strip_prefix(b"&") {
        text = rest.trim_ascii_start();
        if text.starts_with(b"'") {
            let end = text
                .iter()
                .position(u8::is_ascii_whitespace)
                .unwrap_or(text.len());
            text = text[end..].trim_ascii_start();
        }
        text = text
            .strip_prefix(b"mut ")
            .unwrap_or(text)
            .trim_ascii_start();
    }
    let end = text
        .iter()
        .position(|byte| matches!(byte, b'<' | b' '))
        .unwrap_or(text.len());
    let name = text[..end].rsplit(|byte| *byte == b':').next();
    matches!(name, Some(b"Option" | b"Result" | b"LockResult"))
}
