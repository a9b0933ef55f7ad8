//! The reviewer `command`: any program, JSON on its standard input, JSON on its standard output.
//!
//! It runs without a shell, in an empty temporary folder, with an environment of its own, and is ended with all its
//! children at the deadline, or when codex is. An adapter says how to ask a program that knows nothing of the protocol.
//! Deliberately absent: any way for the repository under check to name it.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::adapter::Adapter;
use super::case::Request;
use super::{Reviewer, Said, Time, answer, processes};
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
const DRAIN: Duration = Duration::from_secs(1);

/// The largest script of which the text says who the reviewer is.
const SCRIPT_LIMIT: u64 = 1024 * 1024;

/// A program that reviews.
#[derive(Debug)]
pub struct CommandReviewer {
    program: PathBuf,
    arguments: Vec<String>,
    adapter: Option<Adapter>,
    environment: Vec<(String, OsString)>,
    name: String,
    model: String,
}

impl CommandReviewer {
    /// From a command line that is split into words without a shell, and the names of variables to hand on. With an
    /// adapter the line may be missing. `model` says who answers, where the command line does not tell.
    pub fn new(
        command: Option<&str>,
        adapter: Option<(String, Adapter)>,
        model: Option<String>,
        variables: &[String],
    ) -> Result<Self, Failure> {
        let line = match (&adapter, command) {
            (_, Some(line)) => line.to_owned(),
            (Some((_, adapter)), None) => adapter.program.clone().unwrap_or_default(),
            (None, None) => String::new(),
        };
        let mut words = shlex::split(&line).unwrap_or_default().into_iter();
        let Some(program) = words.next() else {
            if let (Some((name, _)), None) = (&adapter, command) {
                let help = "write --review-command /its/absolute/path";
                let message = format!("the program of the adapter `{name}` must be named");
                return Err(Failure::new(message).help(help));
            }
            let help = "write for example --review-command \"/usr/local/bin/review --fast\"";
            return Err(Failure::new(format!("`{line}` is no command line")).help(help));
        };
        let path = locate(&program)?;
        let arguments: Vec<String> = words.collect();
        let (adapter_name, adapter) = adapter.unzip();
        let names = ENVIRONMENT
            .iter()
            .copied()
            .chain(variables.iter().map(String::as_str));
        let file_name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Ok(Self {
            model: model.unwrap_or_else(|| identity(&path, &arguments, adapter_name.as_deref())),
            name: adapter_name.unwrap_or(file_name),
            program: path,
            arguments,
            adapter,
            environment: names
                .filter_map(|name| Some((name.to_owned(), std::env::var_os(name)?)))
                .collect(),
        })
    }

    /// How many may run at the same time: of a program of somebody's own nothing is known.
    pub fn at_once(&self) -> usize {
        self.adapter.as_ref().map_or(1, |adapter| adapter.at_once)
    }

    fn command(&self, request: &Request, folder: &Path, files: &Path) -> std::io::Result<Command> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        if let Some(adapter) = &self.adapter {
            let schema = answer::json_schema(&request.cases);
            command.args(adapter.arguments(files, &schema)?);
        }
        command
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
        Ok(command)
    }
}

/// Who answers, the same on every machine: the program's name and its arguments; of a script, and of an argument that
/// is a file, the content instead of the path.
fn identity(program: &Path, arguments: &[String], adapter: Option<&str>) -> String {
    let content = |path: &Path| {
        let about = std::fs::metadata(path).ok()?;
        let is_small = about.is_file() && about.len() <= SCRIPT_LIMIT;
        let bytes = is_small.then(|| std::fs::read(path).ok()).flatten()?;
        Some((blake3::hash(&bytes).to_hex()[..16].to_owned(), bytes))
    };
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let mut parts = vec![adapter.unwrap_or("command").to_owned()];
    parts.push(match content(program) {
        Some((hash, bytes)) if bytes.starts_with(b"#!") => hash,
        _ => name.into_owned(),
    });
    for argument in arguments {
        let path = Path::new(argument);
        let hash = path.is_absolute().then(|| content(path)).flatten();
        parts.push(hash.map_or_else(|| argument.clone(), |(hash, _)| hash));
    }
    parts.join("\0")
}

impl Reviewer for CommandReviewer {
    fn name(&self) -> &str {
        &self.name
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn sends(&self, request: &Request) -> String {
        match &self.adapter {
            Some(_) => request.prompt.clone(),
            None => request.json(),
        }
    }

    fn ask(&self, request: &Request, time: Time) -> Result<Said, String> {
        let (begun, until) = (Instant::now(), time.until());
        let no_folder = |error: std::io::Error| format!("no temporary folder: {error}");
        let folder = tempfile::tempdir().map_err(no_folder)?;
        let files = tempfile::tempdir().map_err(no_folder)?;
        let mut command = self
            .command(request, folder.path(), files.path())
            .map_err(no_folder)?;
        let mut child = processes::start(&mut command, [folder.path(), files.path()])
            .map_err(|error| format!("{} cannot be run: {error}", self.program.display()))?;
        let mut input = child.stdin.take();
        let request = self.sends(request);
        // A program need not read its input; that it does not is no failure.
        thread::spawn(move || {
            input
                .as_mut()
                .map(|pipe| pipe.write_all(request.as_bytes()))
        });
        let answer = collect(child.stdout.take(), ANSWER_LIMIT + 1);
        let complaint = collect(child.stderr.take(), COMPLAINT_LIMIT);
        let ended = wait(&mut child, until);
        // Whatever it has left running must not outlive the question, nor hold its output open.
        processes::end(&mut child);
        let status = ended.ok_or_else(|| {
            let seconds = until.duration_since(begun).as_secs_f64().round();
            format!("the reviewer did not answer within {seconds} s")
        })?;
        let bytes = answer
            .recv_timeout(DRAIN)
            .map_err(|_| "the reviewer ended but its output stayed open".to_owned())?;
        if !status.success() {
            let complaint = complaint.recv_timeout(DRAIN).unwrap_or_default();
            let adapter = self.adapter.as_ref();
            let known = adapter.and_then(|adapter| adapter.complaint([&bytes, &complaint]));
            let complaint =
                known.unwrap_or_else(|| String::from_utf8_lossy(&complaint).into_owned());
            let first = complaint
                .lines()
                .find(|line| !line.trim().is_empty())
                .unwrap_or("it said nothing");
            return Err(format!(
                "the reviewer failed ({status}): {}",
                super::neutral::said(first)
            ));
        }
        if bytes.len() as u64 > ANSWER_LIMIT {
            return Err(format!(
                "invalid answer: more than {} MiB",
                ANSWER_LIMIT / (1024 * 1024)
            ));
        }
        match &self.adapter {
            Some(adapter) => adapter.answer(&bytes, files.path(), ANSWER_LIMIT),
            None => Ok(bytes),
        }
        .map(Said::from)
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
