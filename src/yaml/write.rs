//! Writes [`Node`]s as YAML, by hand, so that the bytes depend on no library. Deliberately absent: comments.

use std::fmt::Write as _;

use super::{Node, Value};

/// Writes a mapping as a YAML document: block style, keys in the given order, the same bytes for the same tree.
pub fn write(node: &Node) -> String {
    let mut out = String::new();
    write_block(node, 0, &mut out);
    out
}

fn write_block(node: &Node, indent: usize, out: &mut String) {
    match &node.value {
        Value::Map(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                if index > 0 {
                    pad(indent, out);
                }
                write_scalar(&entry.key, out);
                out.push(':');
                write_nested(&entry.value, indent, out);
            }
        }
        Value::List(nodes) => {
            for (index, node) in nodes.iter().enumerate() {
                if index > 0 {
                    pad(indent, out);
                }
                out.push('-');
                if is_collection(node) {
                    out.push(' ');
                    write_block(node, indent + 2, out);
                } else {
                    write_inline(node, indent, out);
                }
            }
        }
        _ => write_inline(node, indent, out),
    }
}

fn is_collection(node: &Node) -> bool {
    match &node.value {
        Value::Map(entries) => !entries.is_empty(),
        Value::List(nodes) => !nodes.is_empty(),
        _ => false,
    }
}

fn write_nested(node: &Node, indent: usize, out: &mut String) {
    if is_collection(node) {
        out.push('\n');
        pad(indent + 2, out);
        write_block(node, indent + 2, out);
    } else {
        write_inline(node, indent, out);
    }
}

fn write_inline(node: &Node, indent: usize, out: &mut String) {
    out.push(' ');
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(text) => out.push_str(text),
        Value::Text(text) if is_block_text(text) => return write_block_text(text, indent + 2, out),
        Value::Text(text) => write_scalar(text, out),
        Value::List(_) => out.push_str("[]"),
        Value::Map(_) => out.push_str("{}"),
    }
    out.push('\n');
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn is_printable(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{FEFF}' | '\u{2028}' | '\u{2029}' | '\u{FFFE}' | '\u{FFFF}'
        )
}

/// Text of several lines that a literal block gives back as it is.
fn is_block_text(text: &str) -> bool {
    text.ends_with('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && text.lines().count() > 1
        && text
            .chars()
            .all(|character| character == '\n' || is_printable(character))
}

fn write_block_text(text: &str, indent: usize, out: &mut String) {
    out.push_str("|\n");
    for line in text.lines() {
        if !line.is_empty() {
            pad(indent, out);
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// Words that some reader of YAML takes for something else than text.
const RESERVED: [&str; 10] = [
    "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan",
];

fn is_plain(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .chars()
            .all(|other| other.is_ascii_alphanumeric() || matches!(other, '_' | '.' | '/' | '-'))
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str())
}

fn write_scalar(text: &str, out: &mut String) {
    if is_plain(text) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            printable if is_printable(printable) => out.push(printable),
            other => {
                let code = u32::from(other);
                // Writing to a String cannot fail.
                let _ = if code <= 0xFFFF {
                    write!(out, "\\u{code:04X}")
                } else {
                    write!(out, "\\U{code:08X}")
                };
            }
        }
    }
    out.push('"');
}
