//! Patterns that every string matches: `"([^=]*)=?(.*)"`.
//!
//! Deliberately absent: patterns that match every string for another reason than that each item may match nothing.

/// Whether each item of the pattern may match the empty string, so that matching cannot fail.
pub(super) fn cannot_fail(pattern: &[u8]) -> bool {
    let mut rest = pattern.strip_prefix(b"^").unwrap_or(pattern);
    // `.*` or `(.*)` at the end takes all there is, so that `$` holds, too.
    if let Some(before) = rest.strip_suffix(b"$") {
        let takes_all = [&b".*"[..], b".*)", b".-", b".-)"]
            .iter()
            .any(|end| before.ends_with(end));
        if !takes_all {
            return false;
        }
        rest = before;
    }
    while let Some((first, after)) = rest.split_first() {
        rest = match first {
            b'(' | b')' => {
                rest = after;
                continue;
            }
            b'[' => match class_end(after) {
                Some(end) => after.get(end..).unwrap_or_default(),
                None => return false,
            },
            b'%' => match after.split_first() {
                Some((b'b' | b'f' | b'0'..=b'9', _)) | None => return false,
                Some((_, after)) => after,
            },
            _ => after,
        };
        rest = match rest.split_first() {
            Some((b'*' | b'-' | b'?', after)) => after,
            _ => return false,
        };
    }
    true
}

/// The length of a class after its `[`.
fn class_end(rest: &[u8]) -> Option<usize> {
    let mut index = usize::from(rest.first() == Some(&b'^'));
    // A bracket that comes first is a character.
    if rest.get(index) == Some(&b']') {
        index += 1;
    }
    loop {
        match rest.get(index)? {
            b']' => return Some(index + 1),
            b'%' => index += 2,
            _ => index += 1,
        }
    }
}
