//! That a long run still works: a bar on a terminal, a line every half minute in CI, where silent jobs get killed.
//! Deliberately absent: any influence on what is found.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Where it is shown.
#[derive(Clone, Copy)]
enum Place {
    Terminal,
    Log,
}

const HEARTBEAT: Duration = Duration::from_secs(30);
/// More often than that nobody reads.
const SHORTEST: Duration = Duration::from_millis(10);
/// Steps of the bar.
const WIDTH: usize = 24;
/// Ticks before the bar appears: most runs are over by then.
const PATIENCE: usize = 5;

/// How often a log hears that the work goes on: every half minute, or as many seconds as `CODEX_HEARTBEAT` says.
pub(super) fn heartbeat() -> Duration {
    let said = std::env::var("CODEX_HEARTBEAT").ok();
    let seconds = said.and_then(|said| said.parse().ok());
    let every = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    every.unwrap_or(HEARTBEAT).max(SHORTEST)
}

/// Does the work, and shows meanwhile how many of the files are done.
pub(super) fn watch<T>(
    quiet: bool,
    done: &AtomicUsize,
    total: usize,
    work: impl FnOnce() -> T,
) -> T {
    let place = match super::in_ci() {
        _ if quiet => None,
        true => Some(Place::Log),
        false if std::io::stderr().is_terminal() => Some(Place::Terminal),
        false => None,
    };
    let Some(place) = place else {
        return work();
    };
    std::thread::scope(|scope| {
        let (end, ended) = channel::<()>();
        scope.spawn(move || tick(place, done, total, &ended));
        let result = work();
        drop(end);
        result
    })
}

fn tick(place: Place, done: &AtomicUsize, total: usize, ended: &Receiver<()>) {
    let every = match place {
        Place::Terminal => Duration::from_millis(200),
        Place::Log => heartbeat(),
    };
    let mut ticks = 0;
    while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(every) {
        ticks += 1;
        // Base is looked at, too: then more than all is done.
        let done = done.load(Ordering::Relaxed).min(total);
        match place {
            Place::Terminal if ticks < PATIENCE => {}
            Place::Terminal => say(&format!("\r{}", bar(done, total))),
            Place::Log => say(&format!("codex: {done} of {total} files\n")),
        }
    }
    if matches!(place, Place::Terminal) && ticks >= PATIENCE {
        say("\r\u{1b}[K");
    }
}

fn bar(done: usize, total: usize) -> String {
    let filled = WIDTH * done / total.max(1);
    let (full, empty) = ("█".repeat(filled), "·".repeat(WIDTH - filled));
    format!("{full}{empty} {done} of {total} files")
}

fn say(text: &str) {
    // Where standard error is gone, nobody is there to be told.
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
