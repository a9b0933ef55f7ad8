//! Moves lines from one indentation to another, as ast-grep does. Only spaces count.

use std::borrow::Cow;

/// A line this long has no indentation.
const LOOK_BACK: usize = 512;

/// The spaces that the last line of a text begins with; none where the line is long.
pub(crate) fn indent_at(text: &[u8]) -> usize {
    let seen = &text[text.len().saturating_sub(LOOK_BACK)..];
    let line = match seen.iter().rposition(|byte| *byte == b'\n') {
        Some(end) => &seen[end + 1..],
        None if seen.len() == text.len() => seen,
        None => return 0,
    };
    line.iter().take_while(|byte| **byte == b' ').count()
}

/// Moves lines from one indentation to another. The first one stands where it stands.
pub(crate) fn moved(text: &[u8], from: usize, to: usize) -> Cow<'_, [u8]> {
    if from == to || !text.contains(&b'\n') {
        return Cow::Borrowed(text);
    }
    let mut lines = text.split(|byte| *byte == b'\n');
    let mut out = Vec::with_capacity(text.len());
    let spaces = vec![b' '; from.abs_diff(to)];
    let less = |line| <[u8]>::strip_prefix(line, spaces.as_slice()).unwrap_or(line);
    if let Some(first) = lines.next() {
        out.extend_from_slice(if from > to { less(first) } else { first });
    }
    for line in lines {
        out.push(b'\n');
        if from > to {
            out.extend_from_slice(less(line));
        } else {
            out.extend_from_slice(&spaces);
            out.extend_from_slice(line);
        }
    }
    Cow::Owned(out)
}
