//! What is known of functions and fields by their names: the profiles, extended by what a rule says.
//!
//! A name is a path through one tree of words (`ngx.req.get_headers`, `@file:read`); a class of values, such as files,
//! is a root that begins with `@`, and a word that ends in `*` stands for all that begin so. Profiles are YAML with the
//! same words as a rule's options. Deliberately absent: what follows from it ([`super::calls`], [`super::initial`]).

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::value::Bits;
use crate::problem::{Document, Problems};
use crate::yaml::{self, Offsets};

/// A word in the tree of names.
pub(super) type Path = u32;

/// The root of the tree.
const ROOT: Path = 0;

/// The profiles by name, each as a rule could write it.
const PROFILES: [(&str, &str); 4] = [
    ("lua51", include_str!("profiles/lua51.yaml")),
    ("luajit", include_str!("profiles/luajit.yaml")),
    ("lua54", include_str!("profiles/lua54.yaml")),
    ("openresty", include_str!("profiles/openresty.yaml")),
];

/// The names of the profiles.
pub(super) const PROFILE_NAMES: [&str; 4] = ["lua51", "luajit", "lua54", "openresty"];

/// One result in one of the ways in which a function may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    /// What it can be.
    pub bits: Bits,
    /// The class or path that says more of it.
    pub class: Option<Path>,
}

/// One of the ways in which a function may answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub cells: Vec<Cell>,
    /// Whether the last one stands for all that follow.
    pub repeats: bool,
}

impl Row {
    /// The result at a position; beyond the end nothing is said.
    pub fn cell(&self, position: usize) -> Cell {
        let last = self.cells.last().filter(|_| self.repeats);
        let unsaid = Cell {
            bits: Bits::ALL,
            class: None,
        };
        self.cells.get(position).or(last).copied().unwrap_or(unsaid)
    }
}

/// How surely a field may be nil.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Given,
    /// It may be absent, and whoever wrote the program cannot help it.
    Maybe,
    /// Only a reader can tell.
    Soft,
}

/// All that is known of a name.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// As a function: the ways in which it answers.
    pub rows: Option<Arc<Vec<Row>>>,
    /// Its nil is a question, not a fact.
    pub is_soft: bool,
    /// It reads, and never answers nil when told to read everything.
    pub is_reader: bool,
    /// It matches a pattern, and answers nil only when the pattern can fail.
    pub is_pattern: bool,
    /// It never returns.
    pub is_no_return: bool,
    /// It returns only when this argument is true.
    pub asserts: Option<usize>,
    /// It answers true only when this argument is.
    pub tests: Option<usize>,
    /// It raises an error when its first argument is nil.
    pub is_demanding: bool,
    /// It changes nothing that it is given.
    pub is_pure: bool,
    /// The same arguments give the same answer.
    pub is_repeatable: bool,
    /// It reads a document.
    pub is_decoder: bool,
    /// As a field.
    pub presence: Option<Presence>,
    /// The class of what the field holds.
    pub class: Option<Path>,
    /// What it holds or answers comes from outside of the program.
    pub is_input: bool,
}

#[derive(Debug, Clone, Default)]
struct Entry {
    /// The word itself, and what is before it.
    word: String,
    parent: Path,
    words: BTreeMap<String, Path>,
    /// Words that end in `*`, without it; longer ones first.
    beginnings: Vec<(String, Path)>,
    known: Known,
}

/// The names and lists of words.
#[derive(Debug, Clone)]
pub(super) struct Knowledge {
    entries: Vec<Entry>,
    /// Names of variables that hold errors.
    error_names: Vec<String>,
    /// Names of functions that a caller may leave out.
    callback_names: Vec<String>,
    /// Fields that tell the kind of a table; none for all.
    pub discriminators: Vec<String>,
}

impl Default for Knowledge {
    fn default() -> Self {
        static ALL: LazyLock<Knowledge> = LazyLock::new(|| Knowledge::of(&PROFILE_NAMES).0);
        ALL.clone()
    }
}

impl Knowledge {
    /// The options that name something, as rules and profiles write them.
    pub const OPTIONS: [&'static str; 20] = [
        "nil-apis",
        "soft-nil-apis",
        "nonnil-apis",
        "readers",
        "patterns",
        "no-return",
        "asserting",
        "predicates",
        "demanding",
        "pure",
        "repeatable",
        "nonnil-roots",
        "nonnil-fields",
        "maybe-fields",
        "soft-fields",
        "untrusted-sources",
        "decoders",
        "discriminator-fields",
        "err-names",
        "callback-names",
    ];

    /// What these profiles know, and what is wrong with them.
    pub fn of(profiles: &[&str]) -> (Self, Vec<String>) {
        let mut knowledge = Self {
            entries: vec![Entry::default()],
            error_names: Vec::new(),
            callback_names: Vec::new(),
            discriminators: Vec::new(),
        };
        let mut complaints = Vec::new();
        for (name, text) in PROFILES.iter().filter(|(name, _)| profiles.contains(name)) {
            let mut problems = Problems::new(Document::new(*name, *text));
            let root = yaml::parse(text, &Offsets::whole(), &mut problems);
            for entry in root.iter().flat_map(yaml::Node::entries) {
                for value in entry.value.need_texts(&entry.key, &mut problems) {
                    if let Err(message) = knowledge.add(&entry.key, &value) {
                        complaints.push(format!("{name}: {}: {message}", entry.key));
                    }
                }
            }
            if !problems.is_empty() {
                complaints.push(format!("{name}: {} problems", problems.len()));
            }
        }
        (knowledge, complaints)
    }

    /// Adds one value of an option. What is said last holds.
    pub fn add(&mut self, option: &str, text: &str) -> Result<(), String> {
        match option {
            "err-names" => self.error_names.push(shape(text)?.to_owned()),
            "callback-names" => self.callback_names.push(shape(text)?.to_owned()),
            "discriminator-fields" => self.discriminators.push(name(text)?.to_owned()),
            "nil-apis" | "soft-nil-apis" | "nonnil-apis" => self.add_function(option, text)?,
            "nonnil-fields" | "nonnil-roots" => self.add_field(text, Presence::Given)?,
            "maybe-fields" => self.add_field(text, Presence::Maybe)?,
            "soft-fields" => self.add_field(text, Presence::Soft)?,
            "asserting" => {
                let (path, position) = self.numbered(text)?;
                self.known_mut(path).asserts = Some(position);
            }
            "predicates" => {
                let (path, position) = self.numbered(text)?;
                self.known_mut(path).tests = Some(position);
            }
            _ => {
                let path = self.insert(name(text)?);
                let known = self.known_mut(path);
                match option {
                    "readers" => known.is_reader = true,
                    "patterns" => known.is_pattern = true,
                    "no-return" => known.is_no_return = true,
                    "demanding" => known.is_demanding = true,
                    "pure" => known.is_pure = true,
                    "repeatable" => known.is_repeatable = true,
                    "untrusted-sources" => known.is_input = true,
                    "decoders" => known.is_decoder = true,
                    _ => return Err(format!("unknown option `{option}`")),
                }
            }
        }
        Ok(())
    }

    /// What is known of a path.
    pub fn known(&self, path: Path) -> &Known {
        static NOTHING: LazyLock<Known> = LazyLock::new(Known::default);
        self.entries
            .get(path as usize)
            .map_or(&NOTHING, |entry| &entry.known)
    }

    /// Whether something holds for a path: by its own name, or by one that ends in `*`.
    pub fn holds(&self, path: Path, what: fn(&Known) -> bool) -> bool {
        let Some(entry) = self.entries.get(path as usize) else {
            return false;
        };
        let parent = self.entries.get(entry.parent as usize);
        let mut begun = parent.into_iter().flat_map(|parent| {
            let fits = |(beginning, _): &&(String, Path)| is_begun(&entry.word, beginning);
            parent.beginnings.iter().filter(fits)
        });
        what(&entry.known) || begun.any(|(_, path)| what(self.known(*path)))
    }

    /// The path of a global variable or a class.
    pub fn root(&self, word: &[u8]) -> Option<Path> {
        self.below(ROOT, word)
    }

    /// The path of a field.
    pub fn below(&self, path: Path, word: &[u8]) -> Option<Path> {
        let word = std::str::from_utf8(word).ok()?;
        let entry = self.entries.get(path as usize)?;
        let exact = entry.words.get(word).copied();
        exact.or_else(|| {
            let mut beginnings = entry.beginnings.iter();
            let begun = beginnings.find(|(beginning, _)| is_begun(word, beginning));
            begun.map(|(_, path)| *path)
        })
    }

    /// The path of a method of a value with this path; functions of a table are methods, too, where they are named
    /// (`string.match`).
    pub fn method(&self, path: Path, word: &[u8]) -> Option<Path> {
        let named = || {
            let entry = self.entries.get(path as usize)?;
            entry.words.get(std::str::from_utf8(word).ok()?).copied()
        };
        self.below(path, &[b":", word].concat()).or_else(named)
    }

    /// The path of something that is written with dots and colons.
    pub fn written(&self, text: &[u8]) -> Option<Path> {
        let text = std::str::from_utf8(text).ok()?;
        words(text).try_fold(ROOT, |path, word| self.below(path, word.as_bytes()))
    }

    /// Whether a caller may leave out a function of this name.
    pub fn is_callback(&self, word: &[u8]) -> bool {
        self.callback_names.iter().any(|shape| fits(word, shape))
    }

    /// Whether a variable of this name holds an error.
    pub fn is_error(&self, word: &[u8]) -> bool {
        self.error_names.iter().any(|shape| fits(word, shape))
    }

    fn insert(&mut self, text: &str) -> Path {
        let mut path = ROOT;
        for word in words(text) {
            let next = self.entries.len() as Path;
            let Some(entry) = self.entries.get_mut(path as usize) else {
                break;
            };
            let beginning = word.strip_suffix('*');
            let known = match beginning {
                Some(beginning) => entry
                    .beginnings
                    .iter()
                    .find(|(known, _)| known == beginning)
                    .map(|(_, path)| *path),
                None => entry.words.get(&word).copied(),
            };
            path = match known {
                Some(known) => known,
                None => {
                    match beginning {
                        Some(beginning) => {
                            entry.beginnings.push((beginning.to_owned(), next));
                            entry.beginnings.sort_by_key(|(known, _)| {
                                (std::cmp::Reverse(known.len()), known.clone())
                            });
                        }
                        None => _ = entry.words.insert(word.clone(), next),
                    }
                    self.entries.push(Entry {
                        word: word.clone(),
                        parent: path,
                        ..Entry::default()
                    });
                    next
                }
            };
        }
        path
    }

    fn known_mut(&mut self, path: Path) -> &mut Known {
        let index = (path as usize).min(self.entries.len() - 1);
        &mut self.entries[index].known
    }

    /// `name`, or `name -> result, result | result, ...`.
    fn add_function(&mut self, option: &str, text: &str) -> Result<(), String> {
        let (text, answers) = match text.split_once("->") {
            Some((text, answers)) => (text, Some(answers)),
            None => (text, None),
        };
        let answers = match (answers, option) {
            (Some(answers), _) => answers,
            (None, "nonnil-apis") => "some",
            (None, _) => "some, any | nil, any",
        };
        let rows = answers
            .split('|')
            .map(|row| self.row(row))
            .collect::<Result<Vec<Row>, String>>()?;
        let path = self.insert(name(text)?);
        let known = self.known_mut(path);
        known.rows = Some(Arc::new(rows));
        known.is_soft = option == "soft-nil-apis";
        Ok(())
    }

    fn row(&mut self, text: &str) -> Result<Row, String> {
        let (text, repeats) = match text.trim().strip_suffix("...") {
            Some(text) => (text, true),
            None => (text.trim(), false),
        };
        let cells = text.split(',').map(|word| self.cell(word.trim()));
        Ok(Row {
            cells: cells.collect::<Result<Vec<Cell>, String>>()?,
            repeats,
        })
    }

    fn cell(&mut self, word: &str) -> Result<Cell, String> {
        let bits = match word {
            "nil" => Bits::NIL,
            "false" => Bits::FALSE,
            "any" => Bits::ALL,
            _ => Bits::TRUTHY,
        };
        let class = match word {
            "nil" | "false" | "any" | "true" | "some" => None,
            "string" => Some(self.insert("string")),
            _ if word.starts_with('@') => Some(self.insert(name(word)?)),
            _ => {
                return Err(format!(
                    "`{word}` is no result (known are: some, nil, any, true, false, string, @class)"
                ));
            }
        };
        Ok(Cell { bits, class })
    }

    /// `name`, or `name -> class`.
    fn add_field(&mut self, text: &str, presence: Presence) -> Result<(), String> {
        let (text, class) = match text.split_once("->") {
            Some((text, class)) => (text, self.cell(class.trim())?.class),
            None => (text, None),
        };
        let path = self.insert(name(text)?);
        let known = self.known_mut(path);
        known.presence = Some(presence);
        known.class = class.or(known.class);
        Ok(())
    }

    /// `name`, or `name 2`: the number of an argument; the answer counts from 0.
    fn numbered(&mut self, text: &str) -> Result<(Path, usize), String> {
        let Some((text, number)) = text.trim().split_once(' ') else {
            return Ok((self.insert(name(text)?), 0));
        };
        match number.trim().parse::<usize>() {
            Ok(number) if number > 0 => Ok((self.insert(name(text)?), number - 1)),
            _ => Err(format!(
                "`{number}` is not the number of an argument (the first is 1)"
            )),
        }
    }
}

/// Whether a word begins so; a method is no field.
fn is_begun(word: &str, beginning: &str) -> bool {
    let is_method = |word: &str| word.starts_with(':');
    word.starts_with(beginning) && is_method(word) == is_method(beginning)
}

/// Whether a word has this shape: `*` at one end stands for any rest, `?` for one character.
fn fits(word: &[u8], shape: &str) -> bool {
    let shape = shape.as_bytes();
    match shape {
        [b'*', end @ ..] => word.ends_with(end),
        [b'?', end @ ..] => word.len() == shape.len() && word.ends_with(end),
        [start @ .., b'*'] => word.starts_with(start),
        [start @ .., b'?'] => word.len() == shape.len() && word.starts_with(start),
        _ => word == shape,
    }
}

/// The name of a variable, or its shape: `on_*`, `*_err`, `?err`.
fn shape(text: &str) -> Result<&str, String> {
    let text = text.trim();
    let wild = ['*', '?'];
    let stem = text.strip_prefix(wild).or(text.strip_suffix(wild));
    let stem = stem.unwrap_or(text);
    if stem.contains(wild) {
        return Err(format!("`{text}` is no name (`*` or `?` at one end)"));
    }
    name(stem).map(|_| text)
}

/// A name as code writes it.
fn name(text: &str) -> Result<&str, String> {
    let text = text.trim();
    let is_word = |word: String| {
        let word = word.trim_start_matches([':', '@']).to_owned();
        let stem = word.strip_suffix('*').unwrap_or(&word);
        let is_plain = stem
            .chars()
            .all(|character| character == '_' || character.is_ascii_alphanumeric());
        !word.is_empty() && is_plain
    };
    if words(text).all(is_word) {
        Ok(text)
    } else {
        Err(format!(
            "`{text}` is no name (write it as code does: `fail`, `log.fatal`, `self:abort`)"
        ))
    }
}

/// The words of a name; a method keeps its colon.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split('.').flat_map(|part| {
        let (field, method) = match part.split_once(':') {
            Some((field, method)) => (field, Some(format!(":{method}"))),
            None => (part, None),
        };
        std::iter::once(field.to_owned()).chain(method)
    })
}
