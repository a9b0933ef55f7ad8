//! Does something again whenever an RFC or `codex.toml` changes, until somebody presses Ctrl-C.
//!
//! The files are looked at a few times a second: there are few, and that works with every editor, mount and container.
//! Deliberately absent: notifications of the system.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::config::FILE_NAME;
use crate::problem::Failure;

use super::{Context, Verdict, show};

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(200);
/// Makes a terminal empty, and what scrolled out of it, too.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J\u{1b}[3J";

/// After every round.
const END: &[u8] = b"watching the RFCs: Ctrl-C ends it\n";

/// The files, with what shows that they are others. `None` where they cannot be listed.
type Seen = Option<Vec<(PathBuf, Option<(SystemTime, u64)>)>>;

/// Runs it now and after every change. What goes wrong is shown, and is no reason to end.
pub(super) fn watch(
    context: &mut Context,
    mut run: impl FnMut(&mut Context) -> Result<Verdict, Failure>,
) -> Result<Verdict, Failure> {
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stdout());
    loop {
        let seen = look(context);
        if is_terminal {
            context.print(CLEAR)?;
        }
        if let Err(failure) = run(context) {
            // What was printed comes before why it ends.
            context.flush(Verdict::Incomplete)?;
            show::failure(&failure, context.style);
        }
        let out = &mut context.out;
        if out.write_all(END).and_then(|()| out.flush()).is_err() {
            // Nobody reads it any more.
            return Ok(Verdict::Pass);
        }
        let mut last = seen.clone();
        // A change counts when it is over: an editor may write several times.
        loop {
            std::thread::sleep(PAUSE);
            let now = look(context);
            if now == last && now != seen {
                break;
            }
            last = now;
        }
    }
}

fn look(context: &Context) -> Seen {
    let (_, config) = context.config_without_git().ok()?;
    let mut files = config.rfc_files().ok()?;
    files.push(FILE_NAME.into());
    let about = |file: PathBuf| {
        let about = config.folder.join(&file).metadata().ok();
        let seen = about.and_then(|about| Some((about.modified().ok()?, about.len())));
        (file, seen)
    };
    Some(files.into_iter().map(about).collect())
}
