//! What the words behind an expression say about whether there is a value.
//!
//! Deliberately absent: which expression it is.

/// What follows a value, without what only borrows it.
pub(super) fn past_borrowing(rest: &[u8]) -> &[u8] {
    let borrowing: [&[u8]; 4] = [
        b".as_ref()",
        b".as_mut()",
        b".as_deref()",
        b".as_deref_mut()",
    ];
    borrowing
        .iter()
        .find_map(|method| rest.strip_prefix(*method))
        .unwrap_or(rest)
}

/// What follows an expression, if a text begins with it.
pub(super) fn rest_after<'t>(expression: &[u8], text: &'t [u8]) -> Option<&'t [u8]> {
    if expression.is_empty() {
        return None;
    }
    let dereferenced = || {
        let inner = text.strip_prefix(b"(*")?;
        inner.strip_prefix(expression)?.strip_prefix(b")")
    };
    text.strip_prefix(expression).or_else(dereferenced)
}

pub(super) fn matches_present(text: &[u8]) -> bool {
    text.starts_with(b"Some(") || text.starts_with(b"Ok(")
}

/// Whether what follows a value in a condition says that it is absent, and the condition says no more.
pub(super) fn says_absent(rest: &[u8]) -> bool {
    let rest = past_borrowing(rest);
    matches!(rest, b".is_none()" | b".is_err()" | b"==None")
        || rest.starts_with(b".is_none_or(") && rest.ends_with(b")")
}

/// Whether what follows a value in a condition says that it is there, and the condition says no more.
pub(super) fn says_present(rest: &[u8]) -> bool {
    let rest = past_borrowing(rest);
    let asked = [b".is_some()".as_slice(), b".is_ok()"]
        .iter()
        .find_map(|method| rest.strip_prefix(*method));
    let with = [b".is_some_and(".as_slice(), b".is_ok_and("];
    asked.is_some_and(|rest| matches!(rest, b"" | b"==true" | b"!=false"))
        || rest == b"!=None"
        || with.iter().any(|method| rest.starts_with(method)) && rest.ends_with(b")")
}

/// Whether the text begins with a pattern that matches whatever has no value.
pub(super) fn matches_all_absent(text: &[u8]) -> bool {
    if text.starts_with(b"None=") || text.starts_with(b"None)") {
        return true;
    }
    let Some(inner) = text.strip_prefix(b"Err(") else {
        return false;
    };
    let end = inner.iter().position(|byte| *byte == b')');
    let name = end.map_or(inner, |end| &inner[..end]);
    // A name that binds, not one that is compared with.
    let binds = matches!(name.first(), Some(b'_' | b'a'..=b'z'))
        && name
            .iter()
            .all(|byte| matches!(byte, b'_' | b' ') || byte.is_ascii_alphanumeric());
    end.is_some() && (binds || name == b"..")
}
