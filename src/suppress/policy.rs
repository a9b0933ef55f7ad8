//! What a statement asks of exceptions: `suppressible` and `max-days` of its `codex-rule` block.
//!
//! Deliberately absent: how the two keys are read ([`crate::rule::read`]).

use super::comment::Allowed;
use crate::date::Date;

/// Who may make an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Suppressible {
    /// Whoever gives a reason.
    #[default]
    WithReason,
    /// Whoever gives a reason and somebody who answers for it.
    WithOwner,
    /// Nobody.
    Never,
}

impl Suppressible {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Never, Self::WithReason, Self::WithOwner];

    /// The word in a rule.
    pub fn word(self) -> &'static str {
        match self {
            Self::WithReason => "with-reason",
            Self::WithOwner => "with-owner",
            Self::Never => "never",
        }
    }
}

/// What a statement asks of exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Who may make one.
    pub suppressible: Suppressible,
    /// How many days from now its last day may be away at most; `None`: it needs no end.
    pub max_days: Option<u32>,
}

/// The longest `max-days`: ten years.
pub const MAX_DAYS: u32 = 3650;

impl Policy {
    /// Both at once.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let max_days = self.max_days.into_iter().chain(other.max_days).min();
        Self {
            suppressible: self.suppressible.max(other.suppressible),
            max_days,
        }
    }

    /// Why an exception to `rule` is none.
    pub(super) fn refuses(
        self,
        rule: &str,
        allowed: &Allowed,
        today: Option<Date>,
    ) -> Option<String> {
        match self.suppressible {
            Suppressible::Never => return Some(format!("`{rule}` takes no exception")),
            Suppressible::WithOwner if allowed.suppression.owner.is_none() => {
                let message = format!(
                    "an exception to `{rule}` needs somebody who answers for it: add `owner=@name`"
                );
                return Some(message);
            }
            Suppressible::WithOwner | Suppressible::WithReason => {}
        }
        let days = i64::from(self.max_days?);
        let Some(until) = allowed.until else {
            return Some(format!(
                "an exception to `{rule}` needs an end, at most {days} days away: add `until=YYYY-MM-DD`"
            ));
        };
        let last = today?.plus(days);
        (until > last).then(|| {
            format!(
                "an exception to `{rule}` lasts {days} days at most: until={last} is the last day"
            )
        })
    }
}
