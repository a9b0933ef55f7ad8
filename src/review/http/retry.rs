//! When to try again: what the server asks for, else longer and longer, never in step with others.
//!
//! Deliberately absent: whether to try again at all ([`super`]).

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::date::Date;

/// How long to wait after the first failure; doubled with each further one.
const FIRST: Duration = Duration::from_millis(500);
/// Nobody means more than a day.
const DAY: u64 = 24 * 60 * 60;

/// How long to wait before the next attempt; `attempt` counts those that failed.
pub(super) fn wait(attempt: u32, retry_after: Option<Duration>) -> Duration {
    let doubled = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(10));
    // Up to a quarter more: those who failed together do not come back together.
    let share = RandomState::new().build_hasher().finish() % 256;
    let jitter = doubled / 1024 * u32::try_from(share).unwrap_or(0);
    retry_after.unwrap_or_default().max(doubled + jitter)
}

/// The time of a `Retry-After` header: seconds, or a date (RFC 9110, section 10.2.3). A date that is past is no wait.
pub(super) fn after(header: &str) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds.min(DAY)));
    }
    let then = seconds_of(header)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    Some(Duration::from_secs(then.saturating_sub(now).min(DAY)))
}

/// The Unix time of `Sun, 06 Nov 1994 08:49:37 GMT`, the one form of a date that servers may send.
pub fn seconds_of(date: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let words: Vec<&str> = date.split_ascii_whitespace().collect();
    let [_, day, month, year, time, "GMT"] = words[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let date = Date::parse(&format!("{year}-{month:02}-{day}"))?;
    let epoch = Date::parse("1970-01-01")?;
    let days = u64::try_from(date.days_after(epoch)).ok()?;
    let parts: Vec<u64> = time
        .split(':')
        .map(|part| part.parse().ok().filter(|_| part.len() == 2))
        .collect::<Option<_>>()?;
    // A minute may have a leap second.
    let [hours @ 0..24, minutes @ 0..60, seconds @ 0..=60] = parts[..] else {
        return None;
    };
    Some(days * DAY + hours * 3600 + minutes * 60 + seconds)
}
