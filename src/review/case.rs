//! A case: one question about one place, with all that a reviewer sees of it, and the request that carries cases.
//!
//! A request holds the cases of one rule in one item, never of two: code that talks a reviewer round decides about
//! nothing but itself, and the part of the prompt that comes first is the same bytes for all requests of a rule.
//! Deliberately absent: who is asked ([`super::ask`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::kind::{self, Kind};
use super::neutral::{self, Fence};
use super::{Options, SCHEMA, prompt};
use crate::candidate::{Candidate, Excerpt};
use crate::finding::{Certainty, Range, Status};
use crate::language::{Language, Workspace};
use crate::rule::{Law, Role};
use crate::scan::{Context, Item, contexts};
use crate::source::{RepoPath, Source};

/// The most bytes of one piece of code.
pub(super) const CODE_LIMIT: usize = 32 * 1024;
/// The most bytes of all examples of a case.
const EXAMPLES_LIMIT: usize = 16 * 1024;

/// One question. The order of its fields is the order on the wire.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// `c1`, `c2`, ... within its request.
    pub id: String,
    /// What it asks.
    #[serde(flatten, skip_serializing_if = "Kind::is_code")]
    pub kind: &'static Kind,
    /// The rule.
    pub rule: String,
    /// The level of the statement.
    pub level: &'static str,
    /// The statement.
    pub statement: String,
    /// "If you need X, use Y".
    pub advice: String,
    /// The question.
    pub ask: String,
    /// The file.
    pub path: String,
    /// The place that the question is about.
    pub range: Range,
    /// The enclosing item.
    pub code: String,
    /// The line of its first line.
    pub first_line: usize,
    /// What it calls in the same file.
    pub called: Vec<Piece>,
    /// What it was before the change, when it was something else.
    pub before: Option<Piece>,
    /// What of all that is not shown.
    pub left_out: Vec<String>,
    /// Examples of the RFC.
    pub examples: Vec<Shown>,
}

/// A piece of code.
#[derive(Debug, Clone, Serialize)]
pub struct Piece {
    /// The code.
    pub code: String,
    /// The line of its first line.
    pub first_line: usize,
}

/// An example of the RFC.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// `bad`, `good`, `ambiguous`.
    pub role: &'static str,
    /// Its code.
    pub code: String,
}

/// What goes to a reviewer.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    /// The version of the protocol.
    pub schema: u32,
    /// The cases.
    pub cases: Vec<Case>,
    /// The same as a text for a language model.
    pub prompt: String,
    /// Why the last answer could not be used, when this is the second turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair: Option<String>,
}

/// Cases to be asked together, with the indices of their candidates.
#[derive(Debug)]
pub struct Group {
    /// Indices of candidates, one for each case.
    pub candidates: Vec<usize>,
    /// The cases, ids in order.
    pub cases: Vec<Case>,
}

impl Request {
    /// A request of these cases.
    pub fn new(cases: Vec<Case>, fence: &Fence, repair: Option<String>) -> Self {
        Self {
            schema: SCHEMA,
            prompt: prompt::text(&cases, fence, repair.as_deref()),
            cases,
            repair,
        }
    }

    /// The prompt in two parts: what is the same bytes for all requests of the rule, and the rest.
    pub fn parts(&self) -> (&str, &str) {
        let prefix = self.cases.first().map(prompt::prefix).unwrap_or_default();
        match self.prompt.strip_prefix(&prefix) {
            Some(rest) => (&self.prompt[..prefix.len()], rest),
            None => ("", &self.prompt),
        }
    }

    /// As it goes over the wire.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Case {
    /// All code that is shown: a quote must occur in it.
    pub fn shown(&self) -> impl Iterator<Item = &str> {
        let beside = self.called.iter().chain(&self.before);
        std::iter::once(self.code.as_str()).chain(beside.map(|piece| piece.code.as_str()))
    }

    /// What the verdict depends on but for who gives it; the path and the line do not count.
    pub fn key(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut add = |part: &str| {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        };
        add(&prompt::hash(self.kind));
        if !self.kind.is_code() {
            add(self.kind.name);
        }
        for part in [
            &self.rule,
            self.level,
            &self.statement,
            &self.advice,
            &self.ask,
        ] {
            add(part);
        }
        let place = |at: crate::finding::Position| {
            format!("{}:{}", at.line.saturating_sub(self.first_line), at.column)
        };
        add(&place(self.range.start));
        add(&place(self.range.end));
        add(&self.code);
        for piece in &self.called {
            add("called");
            add(&piece.code);
        }
        if let Some(before) = &self.before {
            add("before");
            add(&before.code);
        }
        for example in &self.examples {
            add(example.role);
            add(&example.code);
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// Whether a candidate is a question for a reviewer.
pub fn is_question(candidate: &Candidate<'_>) -> bool {
    let law = candidate.rule.law();
    candidate.certainty == Certainty::Ambiguous
        && candidate.suppressed.is_none()
        && law.is_some_and(|law| law.level.is_binding())
}

/// All questions, grouped by rule and item; the riskiest first. There may be very many: one group is made after the other.
pub fn groups(candidates: &[Candidate<'_>], options: &Options<'_>) -> impl Iterator<Item = Group> {
    type Key<'a> = (&'a RepoPath, usize, usize, &'a str, &'a str);
    let mut indices: BTreeMap<Key<'_>, Vec<usize>> = BTreeMap::new();
    for (index, candidate) in candidates.iter().enumerate() {
        if is_question(candidate) && options.narrow.reviews(&candidate.rule.id) {
            let lines = &candidate.item_lines;
            let item = candidate.identity.item_path.as_str();
            let key = (
                &candidate.path,
                lines.start,
                lines.end,
                item,
                candidate.rule.id.as_str(),
            );
            indices.entry(key).or_default().push(index);
        }
    }
    let contexts = all_contexts(candidates, indices.values(), options);
    let mut groups: Vec<Vec<usize>> = indices.into_values().collect();
    // A stable sort: within equal risk, the order of the text.
    groups.sort_by_key(|indices| {
        let candidate = &candidates[indices[0]];
        let status = candidate.rule.law().map(|law| law.status);
        (
            !options.narrow.is_risky(&candidate.path),
            status != Some(Status::Enforced),
            status == Some(Status::Draft),
            indices[0],
        )
    });
    let group = move |indices: Vec<usize>| {
        let mut around = Around::new(contexts.get(&indices[0]));
        let mut group = Group {
            candidates: Vec::new(),
            cases: Vec::new(),
        };
        for index in indices {
            let number = group.cases.len() + 1;
            if let Some(case) = case(number, &candidates[index], &mut around) {
                group.candidates.push(index);
                group.cases.push(case);
            }
        }
        group
    };
    groups.into_iter().map(group)
}

/// The contexts of groups, by their first candidates; each file is parsed once.
fn all_contexts<'a>(
    candidates: &[Candidate<'_>],
    groups: impl Iterator<Item = &'a Vec<usize>>,
    options: &Options<'_>,
) -> BTreeMap<usize, Context> {
    let mut all = BTreeMap::new();
    let Some(head) = options.head.filter(|_| !options.asking.is_nobody()) else {
        return all;
    };
    let mut by_path: BTreeMap<&RepoPath, Vec<usize>> = BTreeMap::new();
    for group in groups {
        let path = &candidates[group[0]].path;
        by_path.entry(path).or_default().push(group[0]);
    }
    let workspace = Workspace::new(head);
    let text = |snapshot: &crate::change::Snapshot, path: &RepoPath| {
        let bytes = snapshot.read(path).ok().flatten()?;
        Source::new(path.clone(), bytes).ok()
    };
    for (path, indices) in by_path {
        let Some(source) = text(head, path) else {
            continue;
        };
        let base = options.base.and_then(|base| {
            let is_listed = |old: &RepoPath| text(&base.snapshot, old);
            base.file_of(path)?.old.as_ref().and_then(is_listed)
        });
        let item = |index: &usize| Item {
            lines: candidates[*index].item_lines.clone(),
            path: candidates[*index].identity.item_path.clone(),
        };
        let items: Vec<Item> = indices.iter().map(item).collect();
        let made = contexts(&workspace, &source, base.as_ref(), &items);
        all.extend(indices.into_iter().zip(made));
    }
    all
}

/// What the cases of a group show alike, made harmless once: each piece of code may be the whole file.
#[derive(Default)]
struct Around {
    called: Vec<Piece>,
    before: Option<Piece>,
    /// What is not known of the item, and what of these pieces is not shown.
    left_out: [Vec<String>; 2],
    /// The last excerpt, for each of its lines whether it is too long to be shown whole, and its code.
    excerpt: Option<(Arc<Excerpt>, Vec<bool>, String)>,
}

impl Around {
    fn new(context: Option<&Context>) -> Self {
        let Some(context) = context else {
            return Self::default();
        };
        let mut left_out = Vec::new();
        let mut piece = |shown: &Excerpt| {
            piece(
                neutral::code(&shown.code),
                shown.first_line,
                0,
                &mut left_out,
            )
        };
        Self {
            called: context.called.iter().map(&mut piece).collect(),
            before: context.before.as_ref().map(piece),
            left_out: [context.left_out.clone(), left_out],
            excerpt: None,
        }
    }

    /// For each line of an excerpt whether it is too long to be shown whole, and its code.
    fn shown(&mut self, excerpt: &Arc<Excerpt>) -> (&[bool], &str) {
        let known = self.excerpt.take();
        let known = known.filter(|(known, ..)| Arc::ptr_eq(known, excerpt));
        let (_, lines, code) = self.excerpt.insert(known.unwrap_or_else(|| {
            let lines = excerpt.code.lines().map(neutral::is_cut).collect();
            (Arc::clone(excerpt), lines, neutral::code(&excerpt.code))
        }));
        (lines, code)
    }
}

/// `None`: what the question is about would not be shown, or not all of it.
fn case(number: usize, candidate: &Candidate<'_>, around: &mut Around) -> Option<Case> {
    let law = candidate.rule.law()?;
    let excerpt = candidate.excerpt.as_ref()?;
    let [mut left_out, beside] = around.left_out.clone();
    let item = candidate.item_lines.len();
    let (is_cut, code) = around.shown(excerpt);
    let place = candidate.range.start.line..=candidate.range.end.line;
    let lines = (excerpt.first_line..).zip(is_cut);
    if lines
        .into_iter()
        .any(|(line, is_cut)| *is_cut && place.contains(&line))
    {
        return None;
    }
    if is_cut.len() < item {
        left_out.push(format!("{} lines of the item", item - is_cut.len()));
    }
    // The place is shown even where there is too much around it.
    let line = candidate.focus.start.line;
    let line = line.saturating_sub(excerpt.first_line);
    let main = piece(code.to_owned(), excerpt.first_line, line, &mut left_out);
    left_out.extend(beside);
    let language = Language::of(&candidate.path).map_or("", |language| language.name);
    Some(Case {
        id: format!("c{number}"),
        kind: &kind::CODE,
        rule: candidate.rule.id.clone(),
        level: law.level.keyword(),
        statement: law.statement.clone(),
        advice: law.advice.clone(),
        ask: neutral::code(candidate.ask.as_deref().unwrap_or_default()),
        path: neutral::said(&candidate.path.text()),
        range: candidate.range,
        code: main.code,
        first_line: main.first_line,
        called: around.called.clone(),
        before: around.before.clone(),
        examples: examples(law, language, None, &mut left_out),
        left_out,
    })
}

/// As many lines around line `wanted` (from 0) as fit.
fn piece(code: String, first_line: usize, wanted: usize, left_out: &mut Vec<String>) -> Piece {
    if code.len() <= CODE_LIMIT {
        return Piece { code, first_line };
    }
    let lines: Vec<&str> = code.split('\n').collect();
    let wanted = wanted.min(lines.len() - 1);
    let (mut start, mut end, mut size) = (wanted, wanted + 1, lines[wanted].len());
    loop {
        let before = start.checked_sub(1).map(|line| lines[line].len() + 1);
        let after = lines.get(end).map(|line| line.len() + 1);
        match (before, after) {
            (Some(length), _) if wanted - start <= end - wanted && size + length <= CODE_LIMIT => {
                start -= 1;
                size += length;
            }
            (_, Some(length)) if size + length <= CODE_LIMIT => {
                end += 1;
                size += length;
            }
            (Some(length), None) if size + length <= CODE_LIMIT => {
                start -= 1;
                size += length;
            }
            _ => break,
        }
    }
    left_out.push(format!("{} long lines", lines.len() - (end - start)));
    Piece {
        code: lines[start..end].join("\n"),
        first_line: first_line + start,
    }
}

/// Examples in the language of the code; when there are none, in any; without the one whose code is `hidden`.
pub fn examples(
    law: &Law,
    language: &str,
    hidden: Option<&str>,
    left_out: &mut Vec<String>,
) -> Vec<Shown> {
    let is_same = |word: &str| word == language;
    let any_same = law.examples.iter().any(|one| is_same(&one.language));
    let mut size = 0;
    let mut shown = Vec::new();
    // Ambiguous ones first when they are many: they are most like the question.
    let mut sorted: Vec<_> = law.examples.iter().collect();
    sorted.sort_by_key(|example| match example.role {
        Role::Bad => 0,
        Role::Good => 1,
        Role::Ambiguous => 2,
        Role::Fixed => 3,
    });
    for example in sorted {
        if (any_same && !is_same(&example.language)) || Some(example.code.as_str()) == hidden {
            continue;
        }
        if size + example.code.len() > EXAMPLES_LIMIT {
            left_out.push("an example of the RFC".to_owned());
            continue;
        }
        size += example.code.len();
        shown.push(Shown {
            role: example.role.word(),
            code: example.code.clone(),
        });
    }
    shown
}
