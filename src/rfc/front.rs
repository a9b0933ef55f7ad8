//! Front matter: the YAML between the two `---` lines at the top of an RFC.

use std::ops::Range;

use crate::date::Date;
use crate::finding::Status;
use crate::problem::{Document, Problems};
use crate::yaml::{self, Node, Offsets, Value};

const KEYS: [&str; 11] = [
    "rfc",
    "title",
    "status",
    "domain",
    "owners",
    "date",
    "incidents",
    "supersedes",
    "superseded-by",
    "review-by",
    "tags",
];
const BEGINNING: &str = "an RFC begins with `---`, then YAML such as `rfc: 1`, then `---`";
const REQUIRED: [&str; 6] = ["rfc", "title", "status", "domain", "owners", "date"];

/// What an RFC says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontMatter {
    /// Whether nothing is wrong with it.
    pub is_whole: bool,
    /// Its number: the `NNNN-` of the file name; 0 when it could not be read.
    pub number: u32,
    /// Where the number stands.
    pub number_span: Range<usize>,
    /// Its title.
    pub title: String,
    /// Where it stands in its life.
    pub status: Status,
    /// The field that it belongs to.
    pub domain: String,
    /// Who answers for it.
    pub owners: Vec<String>,
    /// What it comes from.
    pub incidents: Vec<String>,
    /// Numbers of the RFCs that it replaces, and where they stand.
    pub supersedes: Vec<(u32, Range<usize>)>,
    /// Numbers of the RFCs that replace it, and where they stand.
    pub superseded_by: Vec<(u32, Range<usize>)>,
}

impl FrontMatter {
    /// What is known when nothing could be read.
    fn unread() -> Self {
        Self {
            is_whole: false,
            number: 0,
            number_span: 0..0,
            title: String::new(),
            status: Status::Draft,
            domain: String::new(),
            owners: Vec::new(),
            incidents: Vec::new(),
            supersedes: Vec::new(),
            superseded_by: Vec::new(),
        }
    }
}

/// Reads the front matter; the second value is the byte where the Markdown begins.
pub(super) fn parse(document: &Document, problems: &mut Problems) -> (FrontMatter, usize) {
    let text = &document.text;
    let start = if text.starts_with('\u{FEFF}') {
        '\u{FEFF}'.len_utf8()
    } else {
        0
    };
    let first = text[start..].lines().next().unwrap_or_default();
    let Some((yaml, body)) = split(&text[start..]) else {
        if text[start..].trim().is_empty() {
            problems.add_with_help(start..start, "the RFC is empty", BEGINNING);
        } else if first.trim_end() == "---" {
            // All that follows may be meant as front matter or as Markdown.
            problems.add_with_help(
                start..start + first.trim_end().len(),
                "the front matter never ends",
                "end it with a line `---`",
            );
            return (FrontMatter::unread(), text.len());
        } else {
            problems.add_with_help(start..start, "no front matter", BEGINNING);
        }
        return (FrontMatter::unread(), start);
    };
    let before = problems.len();
    let fence = start..start + first.trim_end().len();
    let front = if text[start..][yaml.clone()].trim().is_empty() {
        let help = format!("it needs {}", REQUIRED.join(", "));
        problems.add_with_help(fence, "the front matter is empty", help);
        FrontMatter::unread()
    } else {
        let offsets = Offsets::new(vec![(0, start + yaml.start)]);
        let node = yaml::parse(&text[start..][yaml], &offsets, problems);
        node.and_then(|node| read(&node, document, problems))
            .unwrap_or_else(FrontMatter::unread)
    };
    let is_whole = problems.len() == before;
    (FrontMatter { is_whole, ..front }, start + body)
}

/// The bytes of the YAML, and where the rest begins.
fn split(text: &str) -> Option<(Range<usize>, usize)> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next()?;
    if first.trim_end() != "---" {
        return None;
    }
    let mut at = first.len();
    for line in lines {
        if line.trim_end() == "---" {
            return Some((first.len()..at, at + line.len()));
        }
        at += line.len();
    }
    None
}

fn read(node: &Node, document: &Document, problems: &mut Problems) -> Option<FrontMatter> {
    node.need_map("front matter", &KEYS, problems)?;
    for key in REQUIRED.into_iter().filter(|key| node.get(key).is_none()) {
        problems.add(
            node.span.start..node.span.start,
            format!("front matter needs `{key}`"),
        );
    }
    let (number, number_span) = node.get("rfc").map_or((0, 0..0), |rfc| {
        (read_number(rfc, document, problems), rfc.span.clone())
    });
    let text = |key: &str, problems: &mut Problems| {
        node.get(key)
            .and_then(|value| value.need_text(key, problems))
            .unwrap_or_default()
            .to_owned()
    };
    let texts = |key: &str, problems: &mut Problems| {
        node.get(key)
            .map_or_else(Vec::new, |list| list.need_texts(key, problems))
    };
    for key in ["date", "review-by"] {
        node.get(key)
            .inspect(|date| check_date(key, date, problems));
    }
    texts("tags", problems);
    let front = FrontMatter {
        is_whole: false,
        number,
        number_span,
        title: text("title", problems),
        status: node
            .get("status")
            .and_then(|status| read_status(status, problems))
            .unwrap_or(Status::Draft),
        domain: text("domain", problems),
        owners: texts("owners", problems),
        incidents: texts("incidents", problems),
        supersedes: read_numbers("supersedes", node, problems),
        superseded_by: read_numbers("superseded-by", node, problems),
    };
    if let Some(owners) = node
        .get("owners")
        .filter(|owners| owners.value == Value::List(Vec::new()))
    {
        problems.add(
            owners.span.clone(),
            "somebody must own an RFC: `owners` is empty",
        );
    }
    if front.status == Status::Superseded && front.superseded_by.is_empty() {
        let span = node
            .get("status")
            .map_or(0..0, |status| status.span.clone());
        problems.add(span, "a superseded RFC needs `superseded-by`");
    }
    for (_, span) in [&front.supersedes, &front.superseded_by]
        .into_iter()
        .flatten()
        .filter(|(other, _)| *other == number && number > 0)
    {
        problems.add(span.clone(), "an RFC cannot replace itself");
    }
    Some(front)
}

fn read_number(node: &Node, document: &Document, problems: &mut Problems) -> u32 {
    let Some(number) = node
        .as_number()
        .filter(|number| (1..=9999).contains(number))
    else {
        problems.add(node.span.clone(), "`rfc` must be a number from 1 to 9999");
        return 0;
    };
    if super::number_in(&document.name) != Some(number) {
        let file = document.name.rsplit('/').next().unwrap_or_default();
        let help = format!("name it `{number:04}-what-it-is-about.md`");
        problems.add_with_help(
            node.span.clone(),
            format!("the file name `{file}` does not begin with `{number:04}-`"),
            help,
        );
    }
    number
}

fn read_status(node: &Node, problems: &mut Problems) -> Option<Status> {
    let word = node.need_text("status", problems)?;
    let status = Status::ALL.into_iter().find(|status| status.word() == word);
    if status.is_none() {
        let known = Status::ALL.into_iter().map(Status::word);
        problems.add_unknown(
            node.span.clone(),
            format!("unknown status `{word}`"),
            word,
            known,
        );
    }
    status
}

fn read_numbers(key: &str, front: &Node, problems: &mut Problems) -> Vec<(u32, Range<usize>)> {
    let Some(node) = front.get(key) else {
        return Vec::new();
    };
    let nodes = match &node.value {
        Value::List(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut numbers = Vec::new();
    for node in nodes {
        match node.as_number() {
            Some(number) => numbers.push((number, node.span.clone())),
            None => problems.add(
                node.span.clone(),
                format!("`{key}` must be the number of an RFC"),
            ),
        }
    }
    numbers
}

fn check_date(key: &str, node: &Node, problems: &mut Problems) {
    if node.as_text().and_then(Date::parse).is_none() {
        problems.add(
            node.span.clone(),
            format!("`{key}` must be a date like 2026-03-02"),
        );
    }
}
