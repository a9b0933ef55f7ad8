//! Head minus base: which candidates the change brought in.
//!
//! Every base candidate is partner of at most one of head, in three rounds; white space and comments never count.
//! A head candidate without a partner is introduced; so is one whose partner was less certain (a removed guard), or was
//! covered by an exception that is gone.
//! Deliberately absent: whether a line was touched. It does not matter.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use crate::candidate::Candidate;
use crate::change::FileChange;
use crate::finding::Certainty;
use crate::problem::Failure;
use crate::source::RepoPath;

/// Removes from `head` what `base` has already. `same_files` come from the files that head's candidates lie in, under
/// their base paths; `other_files` gives those of all other changed files, and is asked only when it matters. `was_at`
/// says on which line of base a line of head stood, if it is no new one; it is asked only where equals compete.
pub fn retain_introduced<'r>(
    head: Vec<Candidate<'r>>,
    changes: &[FileChange],
    same_files: Vec<Candidate<'r>>,
    was_at: impl Fn(&RepoPath, &RepoPath, usize) -> Option<usize>,
    other_files: impl FnOnce() -> Result<Vec<Candidate<'r>>, Failure>,
) -> Result<Vec<Candidate<'r>>, Failure> {
    let old_paths: HashMap<&RepoPath, &RepoPath> = changes
        .iter()
        .filter_map(|file| Some((file.new.as_ref()?, file.old.as_ref()?)))
        .collect();
    let old_path = |path: &RepoPath| {
        old_paths
            .get(path)
            .map_or_else(|| path.clone(), |old| (*old).clone())
    };
    let mut matching = Matching {
        head: head
            .into_iter()
            .map(|candidate| (candidate, None))
            .collect(),
        base: same_files.into_iter().map(Some).collect(),
    };
    let old_line = |head: &Candidate<'r>| {
        let old = old_paths.get(&head.path)?;
        was_at(old, &head.path, head.focus.start.line)
    };
    matching.round(
        &old_line,
        |head| {
            (
                head.rule.id.clone(),
                old_path(&head.path),
                head.identity.item_path.clone(),
                head.identity.tokens,
            )
        },
        |base| {
            (
                base.rule.id.clone(),
                base.path.clone(),
                base.identity.item_path.clone(),
                base.identity.tokens,
            )
        },
    );
    matching.round(
        &old_line,
        |head| {
            (
                head.rule.id.clone(),
                old_path(&head.path),
                head.identity.statement,
            )
        },
        |base| {
            (
                base.rule.id.clone(),
                base.path.clone(),
                base.identity.statement,
            )
        },
    );
    if matching.head.iter().any(|(_, partner)| partner.is_none()) {
        matching.base.extend(other_files()?.into_iter().map(Some));
        matching.round(
            &|_| None,
            |head| (head.rule.id.clone(), head.identity.item),
            |base| (base.rule.id.clone(), base.identity.item),
        );
    }
    let is_new = |(candidate, partner): &(Candidate<'r>, Option<Weight>)| {
        partner.is_none_or(|old| old < Weight::of(candidate))
    };
    let new = matching.head.into_iter().filter(is_new);
    Ok(new.map(|(candidate, _)| candidate).collect())
}

/// How heavily a candidate weighs: one that an exception covers less than any other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Weight {
    Suppressed,
    Open(Certainty),
}

impl Weight {
    fn of(candidate: &Candidate<'_>) -> Self {
        match candidate.suppressed {
            Some(_) => Self::Suppressed,
            None => Self::Open(candidate.certainty),
        }
    }
}

struct Matching<'r> {
    /// Each with the weight of its partner, once it has one.
    head: Vec<(Candidate<'r>, Option<Weight>)>,
    /// Those that are partners already are gone.
    base: Vec<Option<Candidate<'r>>>,
}

impl<'r> Matching<'r> {
    /// Pairs candidates with equal keys. Where several are equal, the old ones are those that stand where they stood, or
    /// whose statement is the same, and the rest goes in the order of the text; equal weights first, so that a guard
    /// removed at one of two equal places is not paired away.
    fn round<K: Eq + Hash>(
        &mut self,
        old_line: &dyn Fn(&Candidate<'r>) -> Option<usize>,
        head_key: impl Fn(&Candidate<'r>) -> K,
        base_key: impl Fn(&Candidate<'r>) -> K,
    ) {
        let mut equals: HashMap<K, (Vec<usize>, Vec<usize>)> = HashMap::new();
        for (index, candidate) in self.base.iter().enumerate() {
            if let Some(candidate) = candidate {
                equals.entry(base_key(candidate)).or_default().1.push(index);
            }
        }
        for (index, (candidate, partner)) in self.head.iter().enumerate() {
            if partner.is_none()
                && let Some((heads, _)) = equals.get_mut(&head_key(candidate))
            {
                heads.push(index);
            }
        }
        for (heads, bases) in equals.into_values() {
            if heads.len() > 1 || bases.len() > 1 {
                let lines: HashMap<usize, usize> = heads
                    .iter()
                    .filter_map(|index| Some((*index, old_line(&self.head[*index].0)?)))
                    .collect();
                for (likeness, is_weighed) in [
                    (Likeness::Line, true),
                    (Likeness::Statement, true),
                    (Likeness::None, true),
                    (Likeness::Line, false),
                ] {
                    self.pair(&heads, &bases, &lines, likeness, is_weighed);
                }
            }
            self.pair(&heads, &bases, &HashMap::new(), Likeness::None, false);
        }
    }

    /// Pairs those that are alike, in the order of the text. `lines` are those of base at which heads stood.
    fn pair(
        &mut self,
        heads: &[usize],
        bases: &[usize],
        lines: &HashMap<usize, usize>,
        likeness: Likeness,
        is_weighed: bool,
    ) {
        let like = |candidate: &Candidate<'_>, line: usize| {
            let line = (likeness == Likeness::Line).then_some(line);
            let statement =
                (likeness == Likeness::Statement).then_some(candidate.identity.statement);
            (line, statement, is_weighed.then(|| Weight::of(candidate)))
        };
        let mut free: HashMap<_, VecDeque<usize>> = HashMap::new();
        for index in bases {
            if let Some(base) = &self.base[*index] {
                let like = like(base, base.focus.start.line);
                free.entry(like).or_default().push_back(*index);
            }
        }
        for index in heads {
            let (head, partner) = &mut self.head[*index];
            let line = match lines.get(index) {
                Some(line) => *line,
                None if likeness == Likeness::Line => continue,
                None => 0,
            };
            if partner.is_none()
                && let Some(index) = free
                    .get_mut(&like(head, line))
                    .and_then(VecDeque::pop_front)
            {
                *partner = self.base[index].take().map(|old| Weight::of(&old));
            }
        }
    }
}

/// What two candidates have in common that are equal otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Likeness {
    /// They stand on the same line.
    Line,
    Statement,
    None,
}
