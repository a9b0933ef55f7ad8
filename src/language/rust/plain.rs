//! What plainly returns `Option` or `Result`: by the names of the standard library.
//!
//! Deliberately absent: what the code under check declares of its own functions.

use super::binding::{Binding, binding};
use super::receiver::{Receiver, Root, Step};
use crate::matcher::Tree;

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
