//! Mends code: applies what fixes propose, in memory, until nothing is left to mend.
//!
//! Each round takes the proposals that do not overlap, first by position, and looks again: what overlapped comes in the next
//! round, if it is still there. Nothing is taken that does not mend: a fix that leaves as many findings of its rule as
//! there were, one that breaks the syntax, one that never comes to an end. Deliberately absent: which findings are to be
//! mended, and the disk.

pub mod template;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::candidate::Candidate;
use crate::language::Language;
use crate::matcher::{ERROR_KIND, Tree};
use crate::source::RepoPath;

/// Rounds until a file is given up. Calls in calls take a round for each level.
const ROUNDS: usize = 64;

/// What a fix proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The file.
    pub path: RepoPath,
    /// The rule.
    pub rule: String,
    /// The line of the finding.
    pub line: usize,
    /// What is replaced.
    pub bytes: Range<usize>,
    /// By what.
    pub text: Vec<u8>,
}

impl Proposal {
    /// What a candidate's fix proposes.
    pub fn of(candidate: &Candidate<'_>) -> Option<Self> {
        Some(Self {
            path: candidate.path.clone(),
            rule: candidate.rule.id.clone(),
            line: candidate.focus.start.line,
            bytes: candidate.range.start.byte..candidate.range.end.byte,
            text: candidate.fix.clone()?,
        })
    }
}

/// What was mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The rule.
    pub rule: String,
    /// The line of the finding, when it was mended.
    pub line: usize,
    /// The code before.
    pub before: Vec<u8>,
    /// The code after.
    pub after: Vec<u8>,
}

/// Why something was left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// The fix leaves as many findings as there were.
    DoesNotMend,
    /// What it makes does not parse.
    BreaksSyntax,
    /// Fixes undo each other, or make ever more to fix.
    NeverEnds,
}

impl Refusal {
    /// Why, for people.
    pub fn reason(self) -> &'static str {
        match self {
            Self::DoesNotMend => "its fix leaves the finding where it is",
            Self::BreaksSyntax => "its fix makes code that does not parse",
            Self::NeverEnds => {
                "the fixes of this file never come to an end: none of them was applied"
            }
        }
    }
}

/// A file on its way.
#[derive(Debug)]
pub struct Mended {
    /// The text so far.
    pub text: Vec<u8>,
    /// What was done.
    pub applied: Vec<Applied>,
}

/// What mending comes to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The files that have another text now.
    pub files: BTreeMap<RepoPath, Mended>,
    /// Rules that are left alone in a file.
    pub refused: BTreeMap<(RepoPath, String), Refusal>,
}

/// One proposal that was taken in the last round: where its text stands now, and how many findings of its rule were there.
struct Taken {
    path: RepoPath,
    rule: String,
    now: Range<usize>,
    findings: usize,
}

/// Mends files. `look` gives the texts' proposals, with the files as far as they are mended; `read` gives the text of a
/// file that is not mended yet.
pub fn mend<E>(
    mut look: impl FnMut(&BTreeMap<RepoPath, Mended>) -> Result<Vec<Proposal>, E>,
    read: impl Fn(&RepoPath) -> Option<Vec<u8>>,
) -> Result<Outcome, E> {
    let mut outcome = Outcome::default();
    let mut before: BTreeMap<RepoPath, (Vec<u8>, usize)> = BTreeMap::new();
    let mut taken: Vec<Taken> = Vec::new();
    for _ in 0..ROUNDS {
        let mut proposals = look(&outcome.files)?;
        if outcome.take_back(&taken, &proposals, &mut before) {
            taken.clear();
            continue;
        }
        proposals.retain(|proposal| {
            let key = (proposal.path.clone(), proposal.rule.clone());
            !outcome.refused.contains_key(&key)
        });
        before.clear();
        taken.clear();
        for of_file in by_file(proposals) {
            let path = of_file[0].path.clone();
            let text = match outcome.files.get(&path) {
                Some(mended) => mended.text.clone(),
                None => match read(&path) {
                    Some(text) => text,
                    None => continue,
                },
            };
            let (kept, broken) = choose(&text, &path, &of_file);
            for proposal in broken {
                let key = (path.clone(), proposal.rule.clone());
                outcome.refused.insert(key, Refusal::BreaksSyntax);
            }
            if kept.is_empty() {
                continue;
            }
            let (mended, now) = replace(&text, &kept);
            let places = Places::of(&of_file);
            let file = outcome.files.entry(path.clone()).or_insert(Mended {
                text: Vec::new(),
                applied: Vec::new(),
            });
            before.insert(path.clone(), (text, file.applied.len()));
            for (proposal, now) in kept.into_iter().zip(now) {
                let old = &before[&path].0;
                file.applied.push(Applied {
                    rule: proposal.rule.clone(),
                    line: proposal.line,
                    before: old[proposal.bytes.clone()].to_vec(),
                    after: proposal.text.clone(),
                });
                taken.push(Taken {
                    findings: places.count(&path, &proposal.rule, &proposal.bytes),
                    path: path.clone(),
                    rule: proposal.rule.clone(),
                    now,
                });
            }
            file.text = mended;
        }
        if taken.is_empty() {
            outcome.files.retain(|_, file| !file.applied.is_empty());
            return Ok(outcome);
        }
    }
    for taken in taken {
        outcome.files.remove(&taken.path);
        outcome
            .refused
            .insert((taken.path, taken.rule), Refusal::NeverEnds);
    }
    Ok(outcome)
}

impl Outcome {
    /// Takes the last round of a file back when one of its fixes did not mend; says whether there was one.
    fn take_back(
        &mut self,
        taken: &[Taken],
        proposals: &[Proposal],
        before: &mut BTreeMap<RepoPath, (Vec<u8>, usize)>,
    ) -> bool {
        let mut stuck = BTreeSet::new();
        let places = Places::of(proposals);
        for taken in taken {
            if places.count(&taken.path, &taken.rule, &taken.now) >= taken.findings {
                let key = (taken.path.clone(), taken.rule.clone());
                self.refused.insert(key, Refusal::DoesNotMend);
                stuck.insert(taken.path.clone());
            }
        }
        for path in &stuck {
            if let (Some((text, applied)), Some(file)) =
                (before.remove(path), self.files.get_mut(path))
            {
                file.text = text;
                file.applied.truncate(applied);
            }
        }
        !stuck.is_empty()
    }
}

/// Where each rule proposes something, in order.
struct Places<'p>(BTreeMap<(&'p RepoPath, &'p str), Vec<&'p Range<usize>>>);

impl<'p> Places<'p> {
    fn of(proposals: &'p [Proposal]) -> Self {
        let mut places: BTreeMap<_, Vec<&Range<usize>>> = BTreeMap::new();
        for proposal in proposals {
            let key = (&proposal.path, proposal.rule.as_str());
            places.entry(key).or_default().push(&proposal.bytes);
        }
        for of_rule in places.values_mut() {
            of_rule.sort_by_key(|bytes| bytes.start);
        }
        Self(places)
    }

    /// How many lie within these bytes.
    fn count(&self, path: &'p RepoPath, rule: &'p str, bytes: &Range<usize>) -> usize {
        let places = self.0.get(&(path, rule)).map_or(&[][..], Vec::as_slice);
        let first = places.partition_point(|place| place.start < bytes.start);
        places[first..]
            .iter()
            .take_while(|place| place.start < bytes.end)
            .filter(|place| place.end <= bytes.end)
            .count()
    }
}

/// In the order of files, then of positions, the outer one first.
fn by_file(mut proposals: Vec<Proposal>) -> Vec<Vec<Proposal>> {
    proposals.sort_by(|left, right| {
        let place =
            |proposal: &Proposal| (proposal.bytes.start, std::cmp::Reverse(proposal.bytes.end));
        (&left.path, place(left), &left.rule).cmp(&(&right.path, place(right), &right.rule))
    });
    proposals
        .chunk_by(|left, right| left.path == right.path)
        .map(<[Proposal]>::to_vec)
        .collect()
}

/// The proposals of a file to apply together, and those that would break its syntax.
fn choose<'p>(
    text: &[u8],
    path: &RepoPath,
    proposals: &'p [Proposal],
) -> (Vec<&'p Proposal>, Vec<&'p Proposal>) {
    let mut apart: Vec<&Proposal> = Vec::new();
    for proposal in proposals {
        let is_in_text = text.get(proposal.bytes.clone()).is_some();
        if is_in_text
            && apart
                .last()
                .is_none_or(|last| last.bytes.end <= proposal.bytes.start)
        {
            apart.push(proposal);
        }
    }
    let errors = |kept: &[&Proposal]| match Language::of(path) {
        Some(language) => syntax_errors(&replace(text, kept).0, language),
        None => 0,
    };
    let (mut kept, mut broken): (Vec<&Proposal>, Vec<&Proposal>) = (Vec::new(), Vec::new());
    let most = errors(&[]);
    // Halves, as long as they break something: what is left over is single.
    let mut open = vec![apart];
    while let Some(part) = open.pop() {
        let together = [kept.as_slice(), part.as_slice()].concat();
        if part.is_empty() || errors(&together) <= most {
            kept = together;
        } else if part.len() == 1 {
            broken.extend(part);
        } else {
            let (first, second) = part.split_at(part.len() / 2);
            open.push(second.to_vec());
            open.push(first.to_vec());
        }
    }
    (kept, broken)
}

fn syntax_errors(text: &[u8], language: &Language) -> usize {
    let Some(tree) = Tree::parse(text, &(language.grammar)()) else {
        return usize::MAX;
    };
    tree.subtree(tree.root())
        .filter(|node| tree.kind(*node) == ERROR_KIND || tree.is_missing(*node))
        .count()
}

/// The text with replacements, which are in order and apart; and where each stands then.
fn replace(text: &[u8], proposals: &[&Proposal]) -> (Vec<u8>, Vec<Range<usize>>) {
    let mut out = Vec::with_capacity(text.len());
    let mut places = Vec::with_capacity(proposals.len());
    let mut done = 0;
    for proposal in proposals {
        out.extend_from_slice(&text[done..proposal.bytes.start]);
        let start = out.len();
        out.extend_from_slice(&proposal.text);
        places.push(start..out.len());
        done = proposal.bytes.end;
    }
    out.extend_from_slice(&text[done..]);
    (out, places)
}
