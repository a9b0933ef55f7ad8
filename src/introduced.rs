//! Head minus base: which candidates the change brought in.
//!
//! Every base candidate is partner of at most one of head, in three rounds; white space and comments never count.
//! A head candidate without a partner is introduced; so is one whose partner was less certain (a removed guard), or was
//! covered by an exception that is gone.
//! Deliberately absent: whether a line was touched. It does not matter.

use std::collections::HashMap;
use std::hash::Hash;

use crate::candidate::Candidate;
use crate::change::FileChange;
use crate::finding::Certainty;
use crate::problem::Failure;
use crate::source::RepoPath;

/// Removes from `head` what `base` has already. `same_files` come from the files that head's candidates lie in, under
/// their base paths; `other_files` gives those of all other changed files, and is asked only when it matters.
pub fn retain_introduced<'r>(
    head: Vec<Candidate<'r>>,
    changes: &[FileChange],
    same_files: Vec<Candidate<'r>>,
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
    matching.round(
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
    /// Pairs candidates with equal keys, in the order of the text; equal weights first, so that a guard removed at
    /// one of two equal places is not paired away.
    fn round<K: Eq + Hash>(
        &mut self,
        head_key: impl Fn(&Candidate<'r>) -> K,
        base_key: impl Fn(&Candidate<'r>) -> K,
    ) {
        let mut free: HashMap<K, Vec<usize>> = HashMap::new();
        for (index, candidate) in self.base.iter().enumerate() {
            if let Some(candidate) = candidate {
                free.entry(base_key(candidate)).or_default().push(index);
            }
        }
        for wanted in [true, false] {
            for (candidate, partner) in self
                .head
                .iter_mut()
                .filter(|(_, partner)| partner.is_none())
            {
                let Some(indices) = free.get_mut(&head_key(candidate)) else {
                    continue;
                };
                let base = &mut self.base;
                let fits = |index: &usize| {
                    !wanted
                        || base[*index]
                            .as_ref()
                            .is_some_and(|old| Weight::of(old) == Weight::of(candidate))
                };
                if let Some(at) = indices.iter().position(fits) {
                    *partner = base[indices.remove(at)].take().map(|old| Weight::of(&old));
                }
            }
        }
    }
}
