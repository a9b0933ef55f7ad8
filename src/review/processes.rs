//! The processes of reviewers, so that none of them outlives codex: each leads a process group of its own, which a
//! Ctrl-C at the terminal does not reach.
//!
//! Deliberately absent: the end by SIGKILL, of which nobody is told.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Those that run, by their group, with the folders that are theirs.
static RUNNING: Mutex<BTreeMap<u32, Vec<PathBuf>>> = Mutex::new(BTreeMap::new());

fn running() -> MutexGuard<'static, BTreeMap<u32, Vec<PathBuf>>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts one that is ended when codex is. The folders go with it then.
pub(super) fn start(command: &mut Command, folders: [&Path; 2]) -> io::Result<Child> {
    #[cfg(unix)]
    watch();
    // Under the lock: a signal finds it in the list, or there is no process yet.
    let mut running = running();
    let child = command.spawn()?;
    running.insert(child.id(), folders.map(Path::to_path_buf).to_vec());
    Ok(child)
}

/// Ends one and its whole group.
pub(super) fn end(child: &mut Child) {
    kill_group(child.id());
    // That it has ended already is what is wanted.
    let _ = child.kill();
    let _ = child.wait();
    running().remove(&child.id());
}

fn kill_group(leader: u32) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(leader)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = leader;
}

/// Ends all reviewers at the signals that end codex, and then codex in the way that the signal wanted.
#[cfg(unix)]
fn watch() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use std::sync::Once;

    static WATCHING: Once = Once::new();
    WATCHING.call_once(|| {
        let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM]) else {
            return;
        };
        std::thread::spawn(move || {
            for signal in signals.forever() {
                // Never given back: nothing may start any more.
                let running = running();
                for (leader, folders) in running.iter() {
                    kill_group(*leader);
                    for folder in folders {
                        let _ = std::fs::remove_dir_all(folder);
                    }
                }
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        });
    });
}
