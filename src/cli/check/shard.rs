//! `--shard`: a share of the files for each of several machines, the same shares on each of them.
//!
//! The largest file goes first, each to the share that has least so far. Deliberately absent: putting the reports
//! together again (`codex merge`).

use std::path::Path;

use crate::finding::Shard;
use crate::language::Language;
use crate::problem::Failure;
use crate::source::RepoPath;

/// More machines than that are a slip of the pen.
const MOST: usize = 10_000;

/// Platforms that number their jobs: the variables of the number and, where there is one, of the total; the first number.
const PLATFORMS: [(&str, Option<&str>, usize); 8] = [
    (
        "BUILDKITE_PARALLEL_JOB",
        Some("BUILDKITE_PARALLEL_JOB_COUNT"),
        0,
    ),
    ("CIRCLE_NODE_INDEX", Some("CIRCLE_NODE_TOTAL"), 0),
    // GitLab; CircleCI's names do not begin with CI_NODE.
    ("CI_NODE_INDEX", Some("CI_NODE_TOTAL"), 1),
    (
        "BITBUCKET_PARALLEL_STEP",
        Some("BITBUCKET_PARALLEL_STEP_COUNT"),
        0,
    ),
    ("CLOUD_RUN_TASK_INDEX", Some("CLOUD_RUN_TASK_COUNT"), 0),
    ("SEMAPHORE_JOB_INDEX", Some("SEMAPHORE_JOB_COUNT"), 1),
    // Azure Pipelines.
    (
        "SYSTEM_JOBPOSITIONINPHASE",
        Some("SYSTEM_TOTALJOBSINPHASE"),
        1,
    ),
    // Kubernetes says which job this is, not how many there are.
    ("JOB_COMPLETION_INDEX", None, 0),
];

/// Which share was asked for: the index from 1, and of how many.
pub(super) fn wanted(
    word: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(usize, usize), Failure> {
    let wrong = || {
        Failure::new(format!("`{word}` is no shard")).help(
            "say which of how many, as in `--shard 2/8`; `auto` and `auto/8` ask the platform",
        )
    };
    let number = |text: &str| text.parse::<usize>().ok();
    let (index, of) = match word.split_once('/') {
        Some(("auto", of)) => {
            let (name, index, told) = told(&variable)?;
            let of = number(of).ok_or_else(wrong)?;
            if told.is_some_and(|told| told != of) {
                return Err(Failure::new(format!(
                    "`--shard {word}`, but {name} is one of another number of jobs"
                )));
            }
            (index, of)
        }
        Some((index, of)) => (
            number(index).ok_or_else(wrong)?,
            number(of).ok_or_else(wrong)?,
        ),
        None if word == "auto" => {
            let (name, index, of) = told(&variable)?;
            let failure = || {
                Failure::new(format!("{name} does not say how many jobs there are"))
                    .help("add the number, as in `--shard auto/8`")
            };
            (index, of.ok_or_else(failure)?)
        }
        None => return Err(wrong()),
    };
    match (1..=of).contains(&index) && of <= MOST {
        true => Ok((index, of)),
        false => Err(wrong()),
    }
}

/// The variable that says which job this is, the job, and how many there are.
fn told(
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<(&'static str, usize, Option<usize>), Failure> {
    for (name, total, first) in PLATFORMS {
        if let Some(index) = variable(name) {
            let read = |text: &str| {
                let number = text.parse::<usize>().ok();
                number.ok_or_else(|| Failure::new(format!("{name} or its total is no number")))
            };
            let of = total.and_then(variable).map(|of| read(&of)).transpose()?;
            let index = read(&index)?;
            return Ok((name, (index + 1).saturating_sub(first), of));
        }
    }
    let names: Vec<&str> = PLATFORMS.iter().map(|(name, ..)| *name).collect();
    Err(
        Failure::new("no variable says which of several jobs this is")
            .help(format!("looked for {}", names.join(", "))),
    )
}

/// The files of a share, in their order, and its name.
pub(super) fn take(
    files: Vec<RepoPath>,
    (index, of): (usize, usize),
    root: &Path,
) -> (Vec<RepoPath>, Shard) {
    let size = |path: &RepoPath| {
        let about = root.join(path.to_path()).symlink_metadata();
        about.map_or(0, |about| about.len())
    };
    let mut sized: Vec<(u64, RepoPath)> = files
        .into_iter()
        .filter(|path| Language::of(path).is_some())
        .map(|path| (size(&path), path))
        .collect();
    let tree = tree(&sized);
    sized.sort_by(|(left, left_path), (right, right_path)| {
        right.cmp(left).then_with(|| left_path.cmp(right_path))
    });
    let mut loads = vec![0_u64; of];
    let mut mine = Vec::new();
    for (size, path) in sized {
        let lightest = (0..of).min_by_key(|share| loads[*share]).unwrap_or(0);
        // An empty file costs something, too.
        loads[lightest] += size + 1;
        if lightest + 1 == index {
            mine.push(path);
        }
    }
    mine.sort();
    (mine, Shard { index, of, tree })
}

/// A hash of paths and sizes: shares of different trees must not be put together.
fn tree(files: &[(u64, RepoPath)]) -> String {
    let mut hasher = blake3::Hasher::new();
    for (size, path) in files {
        hasher.update(&(path.as_bytes().len() as u64).to_le_bytes());
        hasher.update(path.as_bytes());
        hasher.update(&size.to_le_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}
