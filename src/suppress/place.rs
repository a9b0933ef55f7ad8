//! Where a new exception goes: alone above its statement, or at the end of the line.
//!
//! Indentation and line ends are those of the place. Deliberately absent: whether it then covers what it should; who
//! writes it looks again.

use crate::matcher::Tree;
use crate::source::Source;

/// The text with a comment alone above a line (from 1); `None` where that is in the middle of a token.
pub fn above(source: &Source, tree: &Tree<'_>, line: usize, comment: &str) -> Option<Vec<u8>> {
    let range = source.line_range(line);
    let bytes = source.bytes();
    let start = match bytes.starts_with(BYTE_ORDER_MARK) && range.start == 0 {
        true => BYTE_ORDER_MARK.len(),
        false => range.start,
    };
    if is_inside(tree, start) {
        return None;
    }
    let text = &bytes[start..range.end.max(start)];
    let indent = text
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let parts = [
        &bytes[..start],
        &text[..indent],
        comment.as_bytes(),
        line_end(source, line),
        &bytes[start..],
    ];
    Some(parts.concat())
}

/// The text with a comment at the end of a line (from 1); `None` where that is in the middle of a token.
pub fn trailing(source: &Source, tree: &Tree<'_>, line: usize, comment: &str) -> Option<Vec<u8>> {
    let range = source.line_range(line);
    let bytes = source.bytes();
    let code = bytes[range.clone()].trim_ascii_end().len();
    let end = range.start + code;
    if is_inside(tree, end) {
        return None;
    }
    let parts = [&bytes[..end], b" ", comment.as_bytes(), &bytes[end..]];
    Some(parts.concat())
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// How lines end here: as this one does, as the one before does, as most do.
fn line_end(source: &Source, line: usize) -> &'static [u8] {
    let text = source.bytes();
    let of_line = |line: usize| {
        let range = source.line_range(line);
        (range.end < text.len()).then(|| text[range].ends_with(b"\r"))
    };
    let before = || {
        line.checked_sub(1)
            .filter(|line| *line > 0)
            .and_then(of_line)
    };
    match of_line(line).or_else(before) {
        Some(true) => b"\r\n",
        _ => b"\n",
    }
}

/// Whether a byte stands in the middle of a token or a comment.
fn is_inside(tree: &Tree<'_>, at: usize) -> bool {
    if at == 0 || at >= tree.text().len() {
        return false;
    }
    let node = tree.innermost(&(at - 1..at + 1));
    let is_whole = |node| tree.is_leaf(node) || tree.is_extra(node);
    std::iter::once(node)
        .chain(tree.ancestors(node))
        .filter(|node| *node != tree.root() && is_whole(*node))
        .any(|node| tree.range(node).start < at && at < tree.range(node).end)
}
