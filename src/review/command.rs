//! The reviewer `command`: any program, JSON on its standard input, JSON on its standard output.
//!
//! It runs without a shell, in an empty temporary folder, with an environment of its own, and is ended with all its
//! children at the deadline. Deliberately absent: any way for the repository under check to name it.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::Reviewer;
use crate::problem::Failure;

/// Variables that every reviewer gets.
const ENVIRONMENT: [&str; 3] = ["PATH", "HOME", "LANG"];
/// The most bytes of an answer.
const ANSWER_LIMIT: u64 = 4 * 1024 * 1024;
/// The most bytes of what it says on standard error that are kept.
const COMPLAINT_LIMIT: u64 = 4096;
/// How often to look whether it has ended.
const POLL: Duration = Duration::from_millis(5);
/// How long an ended program's output may take to arrive.
const DRAIN: Duration = Duration::from_millis(500);

/// A program that reviews.
#[derive(Debug)]
pub struct CommandReviewer {
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, OsString)>,
    deadline: Duration,
    name: String,
}

impl CommandReviewer {
    /// From a command line that is split into words without a shell, and the names of variables to hand on.
    pub fn new(command: &str, variables: &[String], deadline: Duration) -> Result<Self, Failure> {
        let mut words = shlex::split(command).unwrap_or_default().into_iter();
        let Some(program) = words.next() else {
            let help = "write for example --review-command \"/usr/local/bin/review --fast\"";
            return Err(Failure::new(format!("`{command}` is no command line")).help(help));
        };
        let path = locate(&program)?;
        let names = ENVIRONMENT
            .iter()
            .copied()
            .chain(variables.iter().map(String::as_str));
        Ok(Self {
            name: path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            program: path,
            arguments: words.collect(),
            environment: names
                .filter_map(|name| Some((name.to_owned(), std::env::var_os(name)?)))
                .collect(),
            deadline,
        })
    }

    fn start(&self, folder: &Path) -> Result<Child, String> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(folder)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            command.process_group(0);
        }
        command
            .spawn()
            .map_err(|error| format!("{} cannot be run: {error}", self.program.display()))
    }
}

impl Reviewer for CommandReviewer {
    fn name(&self) -> &str {
        &self.name
    }

    fn ask(&self, request: &str) -> Result<Vec<u8>, String> {
        let folder =
            tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        let mut child = self.start(folder.path())?;
        let mut input = child.stdin.take();
        let request = request.to_owned();
        // A program need not read its input; that it does not is no failure.
        thread::spawn(move || {
            input
                .as_mut()
                .map(|pipe| pipe.write_all(request.as_bytes()))
        });
        let answer = collect(child.stdout.take(), ANSWER_LIMIT + 1);
        let complaint = collect(child.stderr.take(), COMPLAINT_LIMIT);
        let ended = wait(&mut child, Instant::now() + self.deadline);
        // Whatever it has left running must not outlive the question, nor hold its output open.
        end_group(&mut child);
        let status = ended.ok_or_else(|| {
            format!(
                "the reviewer did not answer within {} s",
                self.deadline.as_secs()
            )
        })?;
        let bytes = answer
            .recv_timeout(DRAIN)
            .map_err(|_| "the reviewer ended but its output stayed open".to_owned())?;
        if !status.success() {
            let complaint = complaint.recv_timeout(DRAIN).unwrap_or_default();
            let complaint = String::from_utf8_lossy(&complaint);
            let first = complaint
                .lines()
                .find(|line| !line.trim().is_empty())
                .unwrap_or("it said nothing");
            return Err(format!("the reviewer failed ({status}): {}", first.trim()));
        }
        if bytes.len() as u64 > ANSWER_LIMIT {
            return Err(format!(
                "invalid answer: more than {} MiB",
                ANSWER_LIMIT / (1024 * 1024)
            ));
        }
        Ok(bytes)
    }
}

/// The program's absolute path; codex itself is no reviewer.
fn locate(program: &str) -> Result<PathBuf, Failure> {
    let given = Path::new(program);
    let itself = "codex cannot be its own reviewer";
    if program == "codex" {
        let help = "for OpenAI's program of the same name, write its absolute path";
        return Err(Failure::new(itself).help(help));
    }
    let found = if given.components().count() > 1 {
        std::path::absolute(given)
            .ok()
            .filter(|path| path.is_file())
    } else {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&folders)
            .map(|folder| folder.join(given))
            .find(|path| path.is_absolute() && path.is_file())
    };
    let Some(found) = found else {
        let help = "give a path, or the name of a program in PATH";
        return Err(Failure::new(format!("the reviewer `{program}` does not exist")).help(help));
    };
    let real = |path: PathBuf| path.canonicalize().unwrap_or(path);
    if std::env::current_exe().is_ok_and(|own| real(own) == real(found.clone())) {
        return Err(Failure::new(itself));
    }
    Ok(found)
}

/// Reads a pipe in a thread of its own, up to a limit.
fn collect(pipe: Option<impl Read + Send + 'static>, limit: u64) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What was read before an error is what there is.
            let _ = pipe.take(limit).read_to_end(&mut bytes);
        }
        sender.send(bytes)
    });
    receiver
}

fn wait(child: &mut Child, end: Instant) -> Option<ExitStatus> {
    while Instant::now() < end {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        thread::sleep(POLL);
    }
    None
}

fn end_group(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}
