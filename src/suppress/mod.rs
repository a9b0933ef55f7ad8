//! Exceptions in the code: `codex-allow(rule-id): reason until=2026-12-31 owner=@team`, in a comment.
//!
//! [`comment`] reads one, [`cover`] says what it covers, [`policy`] what a statement asks of it, [`place`] where a new one
//! goes. An exception that is malformed, names no rule, has ended or is not needed is a finding itself, which no
//! exception covers. Deliberately absent: the clock; today comes from outside.

pub mod comment;
pub mod cover;
pub mod place;
pub mod policy;

use std::collections::{BTreeMap, BTreeSet};

use self::comment::Allowed;
pub use self::cover::Allowances;
pub use self::policy::Policy;
use crate::date::Date;
use crate::problem::nearest;
use crate::rule::{Decision, Rule};

/// What a file with an exception in it holds.
pub const MARK: &str = "codex-allow";

/// What can be wrong with an exception: the built-in rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It is not written as it must be, or not as its rule asks for.
    Malformed,
    /// It names a rule that there is not.
    UnknownRule,
    /// Its last day is over.
    Expired,
    /// Nothing needs it.
    Unused,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Malformed,
        Self::UnknownRule,
        Self::Expired,
        Self::Unused,
    ];

    /// The id of the built-in rule.
    pub fn id(self) -> &'static str {
        match self {
            Self::Malformed => "codex-allow-malformed",
            Self::UnknownRule => "codex-allow-unknown-rule",
            Self::Expired => "codex-allow-expired",
            Self::Unused => "codex-allow-unused",
        }
    }
}

/// What becomes of an exception for one of the rules that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It covers what it is about.
    Holds,
    /// It holds, and there is nothing to cover.
    Unused,
    /// Its last day is over: it covers nothing.
    Expired,
    /// The rule does not take it, and why: it covers nothing.
    Refused(String),
    /// There is no such rule; what to say.
    Unknown(String),
}

impl Standing {
    /// The word of the contract.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Unused => "unused",
            Self::Expired => "expired",
            Self::Refused(_) => "refused",
            Self::Unknown(_) => "unknown-rule",
        }
    }
}

/// What exceptions are measured by.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// The rules in force, and what each asks of an exception.
    policies: BTreeMap<String, Policy>,
    /// Those that only a reviewer decides: nobody can say whether an exception to them is needed.
    reviewed: BTreeSet<String>,
    /// The ids of all rules that there are; `None` when nobody can say.
    known: Option<BTreeSet<String>>,
    /// The day; `None` where nothing ends.
    today: Option<Date>,
}

impl Terms {
    /// The terms of these rules, where nothing ends and any name may be a rule's.
    pub fn of(rules: &[Rule]) -> Self {
        let mut policies: BTreeMap<String, Policy> = BTreeMap::new();
        let decided = rules
            .iter()
            .filter(|rule| !matches!(rule.decision, Decision::Suppression(..)));
        for rule in decided {
            // A statement with several matchers has the strictest of their policies.
            let policy = policies.entry(rule.id.clone()).or_default();
            *policy = policy.and(rule.policy);
        }
        let reviewed = rules
            .iter()
            .filter(|rule| matches!(rule.decision, Decision::Review(_)));
        Self {
            policies,
            reviewed: reviewed.map(|rule| rule.id.clone()).collect(),
            known: None,
            today: None,
        }
    }

    /// On this day, with these ids known besides the rules in force.
    #[must_use]
    pub fn at(mut self, today: Date, known: Option<BTreeSet<String>>) -> Self {
        self.today = Some(today);
        self.known = known;
        self
    }

    /// How an exception stands for each rule that it names, before it is known what it covers.
    pub fn standings(&self, allowed: &Allowed) -> Vec<Standing> {
        let is_over = allowed
            .until
            .zip(self.today)
            .is_some_and(|(until, today)| today > until);
        let standing = |rule: &String| match self.policies.get(rule) {
            None if !self.knows(rule) => Standing::Unknown(self.unknown(rule)),
            _ if is_over => Standing::Expired,
            None => Standing::Holds,
            Some(policy) => match policy.refuses(rule, allowed, self.today) {
                Some(why) => Standing::Refused(why),
                None => Standing::Holds,
            },
        };
        allowed.rules.iter().map(standing).collect()
    }

    /// Whether the code alone says what a rule finds.
    fn tells(&self, rule: &str) -> bool {
        self.policies.contains_key(rule) && !self.reviewed.contains(rule)
    }

    fn knows(&self, rule: &str) -> bool {
        self.known.as_ref().is_none_or(|known| known.contains(rule))
    }

    fn unknown(&self, rule: &str) -> String {
        let known = self.known.iter().flatten().map(String::as_str);
        match nearest(rule, known) {
            Some(near) => format!("there is no rule `{rule}`: did you mean `{near}`?"),
            None => {
                format!("there is no rule `{rule}`: `codex rules` lists those that there are")
            }
        }
    }
}
