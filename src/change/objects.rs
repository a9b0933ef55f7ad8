//! What git keeps in its database: one `git cat-file --batch` process, asked by name or id and answered in order.
//!
//! What is known to be needed is asked for in one go, and kept: an answer on its own takes longer to wait for than to read.
//!
//! A text that the work tree still holds is read there, which is faster than git gives it out: by the hash that is its id,
//! not by what any index remembers.
//!
//! Paths are never written into a question: folders are read as tree objects, which say what each name stands for
//! (a file, a link, a submodule) and need no quoting. Deliberately absent: every other git command ([`super::git`]); ids of
//! SHA-256, whose texts all come from git.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha1::{Digest as _, Sha1};

use super::git::command;
use super::snapshot::{read_regular, too_large};
use crate::parallel;
use crate::source::{RepoPath, SIZE_LIMIT};

/// The names of one folder.
pub(super) type Tree = BTreeMap<Vec<u8>, Entry>;

/// What a name of a folder or of the index stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The mode, in octal.
    pub(super) mode: String,
    /// The id of the object.
    pub(super) id: String,
}

impl Entry {
    /// A regular file, executable or not.
    pub(super) fn is_file(&self) -> bool {
        is_file(&self.mode)
    }

    /// A folder (a submodule is none).
    pub(super) fn is_folder(&self) -> bool {
        matches!(self.mode.as_str(), "40000" | "040000")
    }
}

/// Whether a mode is that of a regular file.
pub(super) fn is_file(mode: &str) -> bool {
    mode.starts_with("100")
}

/// The database of one repository.
#[derive(Debug)]
pub(super) struct Objects {
    root: PathBuf,
    process: Mutex<Option<Process>>,
    kept: Mutex<Kept>,
}

/// Answers about ids.
#[derive(Debug, Default)]
struct Kept {
    objects: HashMap<String, Option<Arc<Object>>>,
    bytes: usize,
}

/// git on its way, and the folder in which it was started.
static AHEAD: Mutex<Option<(PathBuf, Process)>> = Mutex::new(None);

/// Starts git for the repository that a folder lies in, while the caller finds out which one that is.
pub fn read_ahead(folder: &Path) {
    let mut ahead = AHEAD.lock().unwrap_or_else(PoisonError::into_inner);
    // What goes wrong is said when something is asked.
    let process = Process::start(folder).ok();
    *ahead = process.map(|process| (folder.to_path_buf(), process));
}

/// The most bytes that are kept.
const KEPT: usize = 64 << 20;

/// The most questions that are asked before an answer is read: they must fit into a pipe while nobody reads.
const AT_ONCE: usize = 32;

/// The most texts of the work tree that are read before they are kept.
const TEXTS_AT_ONCE: usize = 1024;

/// An answer; the content is left out when it is too large.
#[derive(Debug)]
struct Object {
    id: String,
    kind: String,
    content: Option<Vec<u8>>,
}

/// A commit: its id and the ids of its parents.
#[derive(Debug, Clone)]
pub(super) struct CommitObject {
    pub(super) id: String,
    pub(super) parents: Vec<String>,
}

impl Objects {
    /// The database of the repository with this root. Nothing runs until something is asked.
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            root,
            process: Mutex::new(None),
            kept: Mutex::default(),
        }
    }

    /// The same, where git may have been started for it already, in this folder.
    pub(super) fn begun(root: PathBuf, folder: &Path) -> Self {
        let mut ahead = AHEAD.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = ahead.take_if(|(begun, _)| begun == folder);
        Self {
            process: Mutex::new(begun.map(|(_, process)| process)),
            ..Self::new(root)
        }
    }

    /// Gets what will be asked for soon, as far as it can be kept. What cannot be had is missed when it is asked for.
    pub(super) fn fetch<'a>(&self, ids: impl Iterator<Item = &'a str>) {
        let kept = self.kept();
        let mut ids: Vec<&str> = ids.filter(|id| !kept.objects.contains_key(*id)).collect();
        drop(kept);
        ids.sort_unstable();
        ids.dedup();
        for ids in ids.chunks(AT_ONCE) {
            let full = self.kept().bytes >= KEPT;
            if full || self.ask_all(ids).is_err() {
                return;
            }
        }
    }

    /// Gets texts that will be asked for soon, by path and id, like [`Objects::fetch`].
    pub(super) fn fetch_texts(&self, files: &[(&RepoPath, &str)]) {
        let kept = self.kept();
        let is_new = |(_, id): &&(&RepoPath, &str)| !kept.objects.contains_key(*id);
        let files: Vec<_> = files.iter().filter(is_new).copied().collect();
        drop(kept);
        for files in files.chunks(TEXTS_AT_ONCE) {
            if self.kept().bytes >= KEPT {
                return;
            }
            let texts = parallel::apart(files, |(path, id)| self.lying(path, id));
            for ((_, id), text) in files.iter().zip(texts) {
                if let Some(content) = text {
                    let object = Object {
                        id: (*id).to_owned(),
                        kind: "blob".to_owned(),
                        content: Some(content),
                    };
                    self.keep(id, Some(&Arc::new(object)));
                }
            }
        }
        self.fetch(files.iter().map(|(_, id)| *id));
    }

    /// The text of a file of the work tree, if it is the one with this id.
    fn lying(&self, path: &RepoPath, id: &str) -> Option<Vec<u8>> {
        let place = self.root.join(path.to_path());
        // Behind a link of a folder it may be another file: the hash tells.
        if !place.symlink_metadata().ok()?.is_file() {
            return None;
        }
        let text = read_regular(&place).ok()?;
        let header = format!("blob {}\0", text.len());
        let hash = Sha1::new_with_prefix(header).chain_update(&text).finalize();
        (hexadecimal(&hash) == id).then_some(text)
    }

    /// The commit that a name means, if it means one that is here.
    pub(super) fn commit(&self, name: &str) -> Result<Option<CommitObject>, String> {
        let Some(object) = self.ask(&format!("{name}^{{commit}}"))? else {
            return Ok(None);
        };
        let content = object.content.as_ref().ok_or_else(too_large)?;
        let header = content
            .split(|byte| *byte == b'\n')
            .take_while(|line| !line.is_empty());
        let parents = header.filter_map(|line| line.strip_prefix(b"parent ".as_slice()));
        Ok(Some(CommitObject {
            id: object.id.clone(),
            parents: parents
                .map(|id| String::from_utf8_lossy(id).into_owned())
                .collect(),
        }))
    }

    /// The message of a commit, if that is here.
    pub(super) fn message(&self, id: &str) -> Result<Option<String>, String> {
        let Some(object) = self.ask(&format!("{id}^{{commit}}"))? else {
            return Ok(None);
        };
        let content = object.content.as_deref().ok_or_else(too_large)?;
        let text = String::from_utf8_lossy(content);
        let message = text.split_once("\n\n").map(|(_, message)| message);
        Ok(message.map(str::to_owned))
    }

    /// The text of a file.
    pub(super) fn blob(&self, id: &str) -> Result<Vec<u8>, String> {
        let object = self.object(id, "blob")?;
        object.content.clone().ok_or_else(too_large)
    }

    /// The names of a folder.
    pub(super) fn tree(&self, name: &str) -> Result<Tree, String> {
        let object = self.object(name, "tree")?;
        let content = object.content.as_ref().ok_or_else(too_large)?;
        parse_tree(content, object.id.len() / 2)
            .ok_or_else(|| format!("git object {name} is no tree"))
    }

    fn object(&self, name: &str, kind: &str) -> Result<Arc<Object>, String> {
        match self.ask(name)? {
            Some(object) if object.kind == kind => Ok(object),
            Some(object) => Err(format!(
                "git object {name} is a {}, not a {kind}",
                object.kind
            )),
            None => Err(format!(
                "git object {name} is not in this clone ({})",
                super::git::NO_LAZY_FETCH_HELP
            )),
        }
    }

    fn ask(&self, name: &str) -> Result<Option<Arc<Object>>, String> {
        if let Some(known) = self.kept().objects.get(name) {
            return Ok(known.clone());
        }
        Ok(self.ask_all(&[name])?.pop().flatten())
    }

    /// Asks for at most [`AT_ONCE`] objects.
    fn ask_all(&self, names: &[&str]) -> Result<Vec<Option<Arc<Object>>>, String> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        // After an error the process is out of step; it is dropped, and the next question starts another.
        let mut running = match process.take() {
            Some(running) => running,
            None => Process::start(&self.root)
                .map_err(|error| format!("cannot run git cat-file: {error}"))?,
        };
        let answers = running
            .ask(names)
            .map_err(|error| format!("git cat-file: {error}"))?;
        *process = Some(running);
        drop(process);
        let answers: Vec<Option<Arc<Object>>> = answers
            .into_iter()
            .map(|answer| answer.map(Arc::new))
            .collect();
        for (name, answer) in names.iter().zip(&answers) {
            self.keep(name, answer.as_ref());
        }
        Ok(answers)
    }

    fn keep(&self, name: &str, answer: Option<&Arc<Object>>) {
        let mut kept = self.kept();
        let content = answer.and_then(|object| object.content.as_ref());
        let size = content.map_or(0, Vec::len);
        // A name that is no id may come to mean something else.
        let is_id = answer.is_none_or(|object| object.id == name);
        if is_id && kept.bytes + size <= KEPT {
            kept.bytes += size;
            kept.objects.insert(name.to_owned(), answer.cloned());
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(root: &Path) -> io::Result<Self> {
        let mut child = command(root)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        Ok(Self {
            child,
            input,
            output: BufReader::new(output),
        })
    }

    fn ask(&mut self, names: &[&str]) -> io::Result<Vec<Option<Object>>> {
        let question: String = names.iter().flat_map(|name| [name, "\n"]).collect();
        self.input.write_all(question.as_bytes())?;
        self.input.flush()?;
        names.iter().map(|_| self.answer()).collect()
    }

    fn answer(&mut self) -> io::Result<Option<Object>> {
        let mut header = Vec::new();
        self.output.read_until(b'\n', &mut header)?;
        let header = String::from_utf8_lossy(&header).into_owned();
        if header.ends_with(" missing\n") || header.ends_with(" ambiguous\n") {
            return Ok(None);
        }
        let mut words = header.split_whitespace();
        let (Some(id), Some(kind), Some(Ok(size))) = (
            words.next(),
            words.next(),
            words.next().map(str::parse::<u64>),
        ) else {
            return Err(io::Error::other("it ended, or gave an answer that is none"));
        };
        Ok(Some(Object {
            id: id.to_owned(),
            kind: kind.to_owned(),
            content: self.content(size)?,
        }))
    }

    fn content(&mut self, size: u64) -> io::Result<Option<Vec<u8>>> {
        let mut rest = (&mut self.output).take(size + 1);
        if size > SIZE_LIMIT as u64 {
            io::copy(&mut rest, &mut io::sink())?;
            return Ok(None);
        }
        let mut bytes = Vec::new();
        rest.read_to_end(&mut bytes)?;
        match bytes.pop() {
            Some(_) if bytes.len() as u64 == size => Ok(Some(bytes)),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It only reads; nothing is lost, and there is nobody to tell when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn hexadecimal(id: &[u8]) -> String {
    let digit = |four: u8| char::from_digit(u32::from(four), 16).unwrap_or('0');
    let digits = id.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(digit).collect()
}

/// Entries are `MODE NAME NUL` and the id as raw bytes.
fn parse_tree(mut content: &[u8], id_length: usize) -> Option<Tree> {
    let mut tree = Tree::new();
    while !content.is_empty() {
        let space = content.iter().position(|byte| *byte == b' ')?;
        let end = content.iter().position(|byte| *byte == 0)?;
        let id = content.get(end + 1..end + 1 + id_length)?;
        let entry = Entry {
            mode: String::from_utf8_lossy(&content[..space]).into_owned(),
            id: hexadecimal(id),
        };
        tree.insert(content.get(space + 1..end)?.to_vec(), entry);
        content = &content[end + 1 + id_length..];
    }
    Some(tree)
}
