//! A run of `codex check`: what is settled before the first file is read, and the steps from there to the report.
//!
//! Deliberately absent: their order, and what is shown on the way ([`super::run`]).

use std::collections::BTreeSet;
use std::path::Path;

use crate::baseline::Baseline;
use crate::candidate::Candidate;
use crate::change::{Change, Snapshot};
use crate::finding::{Disposition, Finding, Report, RuleCounts, Shard, Summary, Unchecked};
use crate::problem::Failure;
use crate::report::{RuleName, Sources, Surroundings};
use crate::review;
use crate::rule::{Authority, Decision, Rule};
use crate::scan::{Scan, Scanner};
use crate::source::RepoPath;

use super::law::Law;
use super::scope::Scope;
use super::{Arguments, Plan, asking, heartbeat, news, output, progress, shard};

/// All that is settled before the first file is read.
pub(super) struct Run<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) plan: &'a Plan,
    pub(super) law: &'a Law,
    pub(super) change: &'a Change,
    pub(super) scope: &'a Scope<'a>,
    pub(super) baseline: Option<&'a Baseline>,
}

/// Which files are looked at.
pub(super) struct Files {
    pub(super) paths: Vec<RepoPath>,
    pub(super) shard: Option<Shard>,
    /// How many are not, because they are marked as generated or vendored.
    pub(super) left_out: usize,
}

impl<'a> Run<'a> {
    /// Whether head is compared with something.
    fn is_change(&self) -> bool {
        !self.arguments.all
    }

    pub(super) fn files(&self, root: &Path) -> Files {
        let (scope, all) = (self.scope, &self.change.head_files);
        let is_all = self.arguments.is_all();
        let is_wanted = |path: &&RepoPath| scope.looks_at(path) && (!is_all || scope.reports(path));
        let paths = match self.law.in_force.is_missing() {
            true => Vec::new(),
            false => all.iter().filter(is_wanted).cloned().collect(),
        };
        let (paths, shard) = match self.plan.shard {
            Some(wanted) => {
                let (paths, shard) = shard::take(paths, wanted, root);
                (paths, Some(shard))
            }
            None => (paths, None),
        };
        let left_out = all.iter().filter(|path| scope.leaves_out(path)).count();
        Files {
            paths,
            shard,
            left_out,
        }
    }

    pub(super) fn statements_not_reviewed(&self, files: &[RepoPath]) -> usize {
        let rules = &self.law.in_force.rules;
        let asking = self.plan.reviewer.asking();
        asking::not_reviewed(rules, asking, &self.law.config.review, files)
    }

    pub(super) fn review(&self, asking: review::Asking<'a>) -> review::Options<'a> {
        let reviewer = &self.plan.reviewer;
        let narrow = &self.law.config.review;
        review::Options {
            asking,
            confirmed: reviewer.confirmed,
            introduced: self.is_change(),
            head: Some(&self.change.head),
            base: self.change.bases.first(),
            narrow,
            cache: reviewer.cache.as_ref(),
            limits: reviewer.limits(narrow),
            heartbeat: heartbeat(),
        }
    }

    /// Which candidates the baseline does not hold already.
    pub(super) fn is_new(&self, candidates: &[Candidate<'_>]) -> Vec<bool> {
        let Some(baseline) = self.baseline else {
            return vec![true; candidates.len()];
        };
        let options = self.review(review::Asking::Nobody);
        let mut reviewed = review::findings(candidates.to_vec(), &options);
        let findings = &mut reviewed.findings;
        baseline.apply(&reviewed.firsts, findings);
        let is_old = |finding: &Finding| finding.disposition == Disposition::Baseline;
        findings.iter().map(|finding| !is_old(finding)).collect()
    }

    /// What head has and base has not, as far as it was asked for.
    pub(super) fn scan<'r>(
        &'r self,
        scanner: &Scanner<'r>,
        files: &mut Vec<RepoPath>,
    ) -> Result<Scan<'r>, Failure> {
        let (change, scope) = (self.change, self.scope);
        let total = files.len();
        let is_missing = self.law.in_force.is_missing();
        let quiet = self.arguments.quiet;
        let mut scan = progress::watch(quiet, &scanner.done, total, || match is_missing {
            true => Ok(Scan::default()),
            false => news::find(scanner, &change.head, &change.bases, files, scope),
        })?;
        if !self.plan.reviewer.asking().is_nobody() {
            let rules = &self.law.in_force.rules;
            asking::add_touched(&mut scan.candidates, scanner, rules, change, files);
            let is_asked_about =
                |path: &&RepoPath| !scanner.reads(path) && review::touched::is_touched(rules, path);
            scan.files += files.iter().filter(is_asked_about).count();
        }
        scan.candidates
            .retain(|candidate| scope.reports(&candidate.path));
        scan.exceptions
            .retain(|exception| scope.reports(&exception.path));
        scan.unchecked
            .retain(|unchecked| scope.reports_text(&unchecked.path));
        Ok(scan)
    }

    pub(super) fn surroundings(&self, scan: &Scan<'_>) -> Surroundings {
        Surroundings {
            sources: match output::show_code(&self.plan.outputs) {
                true => sources(&self.change.head, &scan.candidates),
                false => Sources::default(),
            },
            rules: self
                .law
                .in_force
                .rules
                .iter()
                .filter_map(rule_name)
                .collect(),
            sarif_suppressed: self.arguments.output.sarif_suppressed,
            quiet: self.arguments.quiet,
            base_reason: self.change.base_reason.clone(),
            rules_remark: self.law.remark,
            not_reviewed: match self.plan.reviewer.asking().is_nobody() {
                true => "no reviewer configured",
                false => "a SHOULD, or left to humans by codex.toml",
            },
        }
    }

    /// The report, before anything is said about what rejects.
    pub(super) fn report(
        &self,
        scan: Scan<'_>,
        reviewed: review::Reviewed,
        files: Files,
    ) -> Report {
        let (law, change) = (self.law, self.change);
        let in_force = &law.in_force;
        let findings = reviewed.findings;
        let is_given = |rule: &&Rule| !matches!(rule.authority, Authority::BuiltIn);
        Report {
            schema: 1,
            codex: env!("CARGO_PKG_VERSION").to_owned(),
            fail_on: self.plan.fail_on.unwrap_or(law.config.fail_on),
            rejecting: None,
            shard: files.shard,
            law_changed: news::changed_law(change, &law.config, self.scope),
            suppressions_added: match self.is_change() {
                true => news::added_exceptions(&scan.exceptions),
                false => Vec::new(),
            },
            review: reviewed.counts,
            base: change.base_name.clone(),
            head: change.head_name.clone(),
            rules_from: law.from.to_owned(),
            rules_hash: Some(in_force.hash.clone()).filter(|hash| !hash.is_empty()),
            summary: Summary {
                files: scan.files,
                rules: in_force.rules.iter().filter(is_given).count(),
                left_out: files.left_out,
                ..counted(&findings, &scan.unchecked, self.is_change())
            },
            by_rule: RuleCounts::of(&findings, &self.arguments.only),
            findings,
            fixes: None,
            break_glass: None,
            rules_refused: in_force.refused.clone(),
            rules_stale: in_force.stale.clone(),
            unchecked: scan.unchecked,
        }
    }
}

/// The texts of the files with candidates.
fn sources(head: &Snapshot, candidates: &[Candidate<'_>]) -> Sources {
    let paths: BTreeSet<&RepoPath> = candidates.iter().map(|candidate| &candidate.path).collect();
    let mut sources = Sources::default();
    for path in paths {
        if let Ok(Some(bytes)) = head.read(path) {
            sources.add(&path.text(), path.hex().as_deref(), &bytes);
        }
    }
    sources
}

/// What outputs call a rule that has a statement and is decided without a reviewer.
fn rule_name(rule: &Rule) -> Option<RuleName> {
    let is_decided = !matches!(rule.decision, Decision::Review(_));
    let rfc = rule.law().filter(|_| is_decided)?.rfc;
    let id = rule.id.clone();
    Some(RuleName { id, rfc })
}

/// How many findings of each kind there are.
fn counted(findings: &[Finding], unchecked: &[Unchecked], is_change: bool) -> Summary {
    let mut summary = Summary::default();
    for finding in findings {
        summary.count(finding.disposition);
    }
    if is_change {
        // What could not be looked at is never clean.
        unchecked
            .iter()
            .for_each(|_| summary.count(Disposition::Review));
    }
    summary
}
