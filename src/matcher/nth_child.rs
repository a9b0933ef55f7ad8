//! `nthChild`: which of its siblings a node is, counted as CSS counts them.

use super::Matcher;

/// A formula `step * n + offset`, n from 0, over the siblings that count.
#[derive(Debug)]
pub(crate) struct NthChild {
    pub(super) formula: Formula,
    /// Which siblings count; all that the grammar names, when there is no condition.
    pub(super) of: Option<Matcher>,
    /// Whether the last one is the first.
    pub(super) reverse: bool,
}

/// `step * n + offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Formula {
    pub(super) step: i64,
    pub(super) offset: i64,
}

impl NthChild {
    /// Whether the formula names this place, from 1.
    pub(super) fn holds_at(&self, place: i64) -> bool {
        let Formula { step, offset } = self.formula;
        let beyond = place - offset;
        if step == 0 {
            beyond == 0
        } else {
            beyond / step >= 0 && beyond % step == 0
        }
    }
}

impl Formula {
    /// Reads `3`, `2n+1`, `-n + 3`, `n`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let expected = || format!("`{text}` is no formula: write a number, or one like `2n+1`");
        let bare: String = text.chars().filter(|next| !next.is_whitespace()).collect();
        let bare = bare.to_lowercase();
        let number = |digits: &str| -> Result<i64, String> {
            let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
            if !is_number || digits.is_empty() {
                return Err(expected());
            }
            let number: Option<i32> = digits.parse().ok();
            number
                .map(i64::from)
                .ok_or_else(|| format!("`{digits}` is more siblings than any node has"))
        };
        let signed = |text: &str| match text.strip_prefix('-') {
            Some(digits) => Ok(-number(digits)?),
            None => number(text.strip_prefix('+').unwrap_or(text)),
        };
        let Some((step, offset)) = bare.split_once('n') else {
            let offset = signed(&bare)?;
            return Ok(Self { step: 0, offset });
        };
        let step = match step {
            "" | "+" => 1,
            "-" => -1,
            step => signed(step)?,
        };
        let offset = match offset {
            "" => 0,
            offset if offset.starts_with(['+', '-']) => signed(offset)?,
            _ => return Err(expected()),
        };
        Ok(Self { step, offset })
    }
}
