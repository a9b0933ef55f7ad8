//! Days of the Gregorian calendar, `YYYY-MM-DD` (ISO 8601).
//!
//! Deliberately absent: the clock. Today is read once, in `cli`, and handed to whoever needs it.

use std::fmt;

/// A day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(i64);

const SECONDS: i64 = 24 * 60 * 60;
/// Beyond this many days nobody plans anything.
const FARTHEST: i64 = 4_000_000;

impl Date {
    /// Reads `YYYY-MM-DD`; `None` when that is no day.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts[..] else {
            return None;
        };
        let number = |text: &str, length: usize| {
            let is_plain = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<i64>().ok().filter(|_| is_plain)
        };
        let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
        ((1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day))
            .then(|| Self(days_before(year, month) + day - 1))
    }

    /// The day (UTC) of a Unix time in seconds.
    pub fn of_seconds(seconds: i64) -> Self {
        Self(seconds.div_euclid(SECONDS).clamp(-FARTHEST, FARTHEST))
    }

    /// How many days it lies after another; negative when before.
    pub fn days_after(self, other: Self) -> i64 {
        self.0 - other.0
    }

    /// So many days later.
    #[must_use]
    pub fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days).clamp(-FARTHEST, FARTHEST))
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(is_leap(year)),
        _ => 31,
    }
}

/// Days from 1970-01-01 to the first of a month.
fn days_before(year: i64, month: i64) -> i64 {
    let leaps = |year: i64| year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    years + (1..month).map(|month| days_of(year, month)).sum::<i64>()
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A year has 365.2425 days: the guess is at most one off.
        let mut year = 1970 + (self.0.saturating_mul(10_000)).div_euclid(3_652_425);
        while days_before(year, 1) > self.0 {
            year -= 1;
        }
        while days_before(year + 1, 1) <= self.0 {
            year += 1;
        }
        let mut month = 1;
        while month < 12 && days_before(year, month + 1) <= self.0 {
            month += 1;
        }
        let day = self.0 - days_before(year, month) + 1;
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}
