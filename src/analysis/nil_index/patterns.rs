//! Patterns that every string matches: `"([^=]*)=?(.*)"`.
//!
//! Deliberately absent: patterns that match every string for another reason than that each item may match nothing.

/// One item of a pattern, with what repeats it, and whether it may match nothing.
struct Item<'p> {
    text: &'p [u8],
    is_optional: bool,
}

/// Whether each item of the pattern may match the empty string, so that matching cannot fail.
pub(super) fn cannot_fail(pattern: &[u8]) -> bool {
    let (is_anchored, rest) = anchored(pattern);
    let (rest, is_whole) = match rest.strip_suffix(b"$") {
        Some(before) if !before.ends_with(b"%") => (before, true),
        _ => (rest, false),
    };
    let Some(items) = items(rest) else {
        return false;
    };
    // What takes any number of any characters takes all that is left before the end; what may begin anywhere begins
    // there.
    let takes_all = items.iter().any(|item| matches!(item.text, b".*" | b".-"));
    items.iter().all(|item| item.is_optional) && (takes_all || !is_whole || !is_anchored)
}

/// A pattern without captures, and without what it may match or not at its ends: two patterns with the same core
/// match the same strings.
pub(super) fn core(pattern: &[u8]) -> Vec<u8> {
    let (is_anchored, rest) = anchored(pattern);
    let rest = [&b".*$"[..], b".*)$", b".-$", b".-)$"]
        .iter()
        .find_map(|end| rest.strip_suffix(*end))
        .unwrap_or(rest);
    let (rest, is_whole) = match rest.strip_suffix(b"$") {
        Some(before) if !before.ends_with(b"%") => (before, true),
        _ => (rest, false),
    };
    let Some(mut items) = items(rest) else {
        return pattern.to_vec();
    };
    while !is_whole && items.pop_if(|item| item.is_optional).is_some() {}
    let leading = items.iter().take_while(|item| item.is_optional).count();
    let skipped = if is_anchored { 0 } else { leading };
    let mut core = if is_anchored {
        b"^".to_vec()
    } else {
        Vec::new()
    };
    for item in items.iter().skip(skipped) {
        core.extend_from_slice(item.text);
    }
    core.extend_from_slice(if is_whole { b"$" } else { b"" });
    core
}

fn anchored(pattern: &[u8]) -> (bool, &[u8]) {
    match pattern.strip_prefix(b"^") {
        Some(rest) => (true, rest),
        None => (false, pattern),
    }
}

/// The items of a pattern; none for what has no plain items.
fn items(mut rest: &[u8]) -> Option<Vec<Item<'_>>> {
    let mut items = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        let length = match first {
            b'(' | b')' => {
                rest = after;
                continue;
            }
            b'[' => 1 + class_end(after)?,
            b'%' => match after.first()? {
                b'b' | b'f' | b'0'..=b'9' => return None,
                _ => 2,
            },
            _ => 1,
        };
        let repeat = rest.get(length);
        let is_repeated = matches!(repeat, Some(b'*' | b'-' | b'?' | b'+'));
        let end = length + usize::from(is_repeated);
        items.push(Item {
            text: rest.get(..end)?,
            is_optional: matches!(repeat, Some(b'*' | b'-' | b'?')),
        });
        rest = rest.get(end..)?;
    }
    Some(items)
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
