//! The processes of reviewers, so that none of them outlives codex: each leads a process group of its own, which a
//! Ctrl-C at the terminal does not reach.
//!
//! On Linux those that have left the group end with it, as long as they have not been left by their parents: agents start
//! their tools in groups of their own. Deliberately absent: daemons, whose parents have gone before them, and the end of
//! codex by SIGKILL, of which nobody is told.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whoever has more is beyond counting; those found so far end.
const TREE_LIMIT: usize = 4096;

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
    // The number of one that has ended may be another's by now.
    match child.try_wait() {
        Ok(None) => kill_tree(child.id()),
        _ => kill_group(child.id()),
    }
    // That it has ended already is what is wanted.
    let _ = child.kill();
    let _ = child.wait();
    running().remove(&child.id());
}

/// Ends the group of one that runs, and all that it has started.
fn kill_tree(leader: u32) {
    // Who is stopped starts no more, and loses no child that was not seen yet.
    let mut tree = vec![leader];
    send(leader, To::Group, Signal::Stop);
    loop {
        let more = children_of(&tree);
        if more.is_empty() || tree.len() > TREE_LIMIT {
            break;
        }
        for process in &more {
            send(*process, To::One, Signal::Stop);
        }
        tree.extend(more);
    }
    kill_group(leader);
    for process in tree {
        send(process, To::One, Signal::End);
    }
}

/// The processes whose parents are among some, without those that are so themselves. Elsewhere than on Linux nobody knows.
fn children_of(parents: &[u32]) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let child = |entry: std::fs::DirEntry| {
        let process: u32 = entry.file_name().to_str()?.parse().ok()?;
        if parents.contains(&process) {
            return None;
        }
        let about = std::fs::read(entry.path().join("stat")).ok()?;
        // `12 (a name) S 11 ..`: the name may hold anything.
        let end = about.iter().rposition(|byte| *byte == b')')?;
        let rest = std::str::from_utf8(&about[end + 1..]).ok()?;
        let parent = rest.split_ascii_whitespace().nth(1)?.parse().ok()?;
        parents.contains(&parent).then_some(process)
    };
    entries.flatten().filter_map(child).collect()
}

fn kill_group(leader: u32) {
    send(leader, To::Group, Signal::End);
}

#[derive(Clone, Copy)]
enum To {
    One,
    Group,
}

#[derive(Clone, Copy)]
enum Signal {
    Stop,
    End,
}

/// That nobody is there to hear it is what is wanted.
#[cfg(unix)]
fn send(process: u32, to: To, signal: Signal) {
    use rustix::process::{self, Pid};
    let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) else {
        return;
    };
    let signal = match signal {
        Signal::Stop => process::Signal::STOP,
        Signal::End => process::Signal::KILL,
    };
    let _ = match to {
        To::One => process::kill_process(pid, signal),
        To::Group => process::kill_process_group(pid, signal),
    };
}

#[cfg(not(unix))]
fn send(_: u32, _: To, _: Signal) {}

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
                    kill_tree(*leader);
                    for folder in folders {
                        let _ = std::fs::remove_dir_all(folder);
                    }
                }
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        });
    });
}
