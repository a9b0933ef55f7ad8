//! A rule: what the compiled law, an RFC's block and a plain ast-grep file all become, once and checked.
//!
//! [`read`] reads what a rule finds, in all three forms; [`compiled`] is the form of `rules/*.yaml`; [`plain`] reads
//! ast-grep's own files; [`in_force`] collects the rules of a run. Deliberately absent: how a rule is made of an RFC
//! ([`crate::compile`]) and how it is run ([`crate::scan`]).

pub mod compiled;
pub mod in_force;
pub mod plain;
pub mod read;

use globset::GlobSet;

use crate::analysis::Analysis;
use crate::finding::{Certainty, Disposition, Level, Status};
use crate::fix::template::Template;
use crate::language::{Fact, Language};
use crate::matcher::RuleMatcher;
use crate::source::RepoPath;
use crate::suppress::{Fault, Policy};

/// One rule in one language, or one review statement.
#[derive(Debug)]
pub struct Rule {
    /// The slug of the statement.
    pub id: String,
    /// How it decides.
    pub decision: Decision,
    /// What to say about a match; `$NAME` stands for what the metavariable bound.
    pub message: String,
    /// What else its author says about every match.
    pub note: Option<String>,
    /// Where a plain ast-grep file says that more is said.
    pub url: Option<String>,
    /// What mends a match.
    pub fix: Option<Template>,
    /// Facts under which it does not apply.
    pub except: Vec<&'static Fact>,
    /// Facts that make a match ambiguous, each with the rule's own question, if it has one.
    pub ambiguous_in: Vec<(&'static Fact, Option<String>)>,
    /// Conditions that make a match ambiguous.
    pub ambiguous_when: Vec<Ambiguity>,
    /// Whether its patterns match on tokens, too: in the arguments of macros and around syntax errors.
    pub inside_macros: bool,
    /// What it asks of exceptions.
    pub policy: Policy,
    /// The statement behind it.
    pub authority: Authority,
    files: Option<GlobSet>,
    ignores: Option<GlobSet>,
    /// Where the configuration turns it off.
    off: Vec<GlobSet>,
}

/// How a rule decides.
#[derive(Debug)]
pub enum Decision {
    /// By the shape of the code.
    Match(&'static Language, RuleMatcher),
    /// By an analysis written in Rust.
    Analysis(&'static Language, Analysis),
    /// By a reviewer.
    Review(Review),
    /// By the comments that ask for an exception: built in.
    Suppression(&'static Language, Fault),
}

/// A condition that makes a match ambiguous.
#[derive(Debug)]
pub struct Ambiguity {
    /// Its name.
    pub id: String,
    /// Holds at the match, with its metavariables bound.
    pub matcher: RuleMatcher,
    /// The question.
    pub ask: String,
}

/// What a reviewer decides, and about which changes.
#[derive(Debug, Clone, Default)]
pub struct Review {
    /// Languages of the changed code; empty for any.
    pub languages: Vec<String>,
    /// Globs of changed files; empty for any.
    pub paths: Vec<String>,
    /// Texts, one of which an added line holds; empty for any.
    pub literals: Vec<String>,
    /// When the statement is broken.
    pub violation_when: String,
    /// What looks like it and is not.
    pub not_a_violation: Option<String>,
    /// What the reviewer must show.
    pub evidence: Option<String>,
    /// The files that `paths` name.
    files: Option<GlobSet>,
}

impl Review {
    /// Whether a change of this file can concern the statement; its `literals` are not asked.
    pub fn touches(&self, path: &RepoPath) -> bool {
        let is_language =
            |language: &Language| self.languages.iter().any(|name| name == language.name);
        let is_match = |files: &GlobSet| files.is_match(path.to_path());
        (self.languages.is_empty() || Language::of(path).is_some_and(is_language))
            && self.files.as_ref().is_none_or(is_match)
    }
}

/// Who says so.
#[derive(Debug)]
pub enum Authority {
    /// A statement of an RFC.
    Law(Box<Law>),
    /// A plain ast-grep file: its severity says what a match does; `None` for `off`.
    Plain(Option<Disposition>),
    /// codex itself.
    BuiltIn,
}

/// The statement behind a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Law {
    /// Number of the RFC.
    pub rfc: u32,
    /// Level of the statement.
    pub level: Level,
    /// Status of the RFC.
    pub status: Status,
    /// Domain of the RFC.
    pub domain: String,
    /// The statement, verbatim.
    pub statement: String,
    /// "If you need X, use Y".
    pub advice: String,
    /// Who answers for the RFC.
    pub owners: Vec<String>,
    /// What it comes from.
    pub incidents: Vec<String>,
    /// Where it stands.
    pub origin: Origin,
    /// The link to it.
    pub href: String,
    /// Its tests.
    pub examples: Vec<Example>,
}

/// Where a statement stands: the back-link of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The RFC's file.
    pub path: String,
    /// The anchor of the heading on every platform.
    pub anchor: String,
    /// The line of the heading, from 1.
    pub line: u32,
    /// blake3 of the statement's section, 16 hex digits.
    pub hash: String,
}

impl Origin {
    /// The link, seen from the folder of its codex.
    pub fn link(&self) -> String {
        format!("{}#{}", self.path, self.anchor)
    }
}

/// What an example shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Raises its own rule.
    Bad,
    /// Does not.
    Good,
    /// Raises it, and only a reviewer can tell.
    Ambiguous,
    /// What the fix makes of the bad one before it.
    Fixed,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Bad, Self::Good, Self::Ambiguous, Self::Fixed];

    /// The word in a fence.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Good => "good",
            Self::Ambiguous => "ambiguous",
            Self::Fixed => "fixed",
        }
    }
}

/// One example: a test of its rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// What it shows.
    pub role: Role,
    /// The word for its language.
    pub language: String,
    /// Where it lies.
    pub file: String,
    /// The lines of its findings, when it names them.
    pub lines: Vec<usize>,
    /// The code.
    pub code: String,
}

impl Rule {
    /// The language that it is about, when it is about one.
    pub fn language(&self) -> Option<&'static Language> {
        match &self.decision {
            Decision::Match(language, _)
            | Decision::Analysis(language, _)
            | Decision::Suppression(language, _) => Some(language),
            Decision::Review(_) => None,
        }
    }

    /// The statement behind it, when it comes from an RFC.
    pub fn law(&self) -> Option<&Law> {
        match &self.authority {
            Authority::Law(law) => Some(law),
            _ => None,
        }
    }

    /// Where more is said about it.
    pub fn href(&self) -> Option<&str> {
        self.law()
            .map_or(self.url.as_deref(), |law| Some(&law.href))
    }

    /// Whether its `files` and `ignores` let it look at a path.
    pub fn covers(&self, path: &RepoPath) -> bool {
        self.left_out(path).is_none()
    }

    /// What keeps it from looking at a path, if anything does.
    pub fn left_out(&self, path: &RepoPath) -> Option<&'static str> {
        let path = path.to_path();
        let is_in = |globs: &GlobSet| globs.is_match(&path);
        if self.files.as_ref().is_some_and(|files| !is_in(files)) {
            Some("`files` of the rule does not name the file")
        } else if self.ignores.as_ref().is_some_and(is_in) {
            Some("`ignores` of the rule names the file")
        } else if self.off.iter().any(is_in) {
            Some("codex.toml turns the rule off for the file")
        } else {
            None
        }
    }

    /// A rule that applies everywhere and without conditions.
    fn bare(id: &str, message: String, decision: Decision, authority: Authority) -> Self {
        Self {
            id: id.to_owned(),
            decision,
            message,
            note: None,
            url: None,
            fix: None,
            except: Vec::new(),
            ambiguous_in: Vec::new(),
            ambiguous_when: Vec::new(),
            inside_macros: false,
            policy: Policy::default(),
            authority,
            files: None,
            ignores: None,
            off: Vec::new(),
        }
    }

    /// The rules about comments that ask for an exception, in the languages that these rules are about.
    pub fn suppressions(rules: &[Self]) -> Vec<Self> {
        let is_of =
            |language: &&&Language| rules.iter().any(|rule| rule.language() == Some(language));
        let languages = crate::language::ALL.iter().filter(is_of);
        let of_language = |language: &&'static Language| {
            Fault::ALL.map(|fault| {
                Self::bare(
                    fault.id(),
                    String::new(),
                    Decision::Suppression(language, fault),
                    Authority::BuiltIn,
                )
            })
        };
        languages.flat_map(of_language).collect()
    }

    /// A rule that a reviewer decides.
    pub fn reviewed(id: &str, review: Review, law: Law) -> Self {
        let message = law.statement.clone();
        Self::bare(
            id,
            message,
            Decision::Review(review),
            Authority::Law(Box::new(law)),
        )
    }

    /// What an unreviewed finding of this rule does: the table of dispositions. A verdict is added in [`crate::review`].
    pub fn disposition(&self, certainty: Certainty) -> Disposition {
        match &self.authority {
            Authority::BuiltIn => Disposition::Warn,
            Authority::Plain(severity) => severity.unwrap_or(Disposition::Note),
            Authority::Law(law) => {
                let enforced = law.status == Status::Enforced;
                match (law.level.is_binding(), certainty) {
                    (true, Certainty::Violation) if enforced => Disposition::Block,
                    (true, Certainty::Violation) => Disposition::Warn,
                    (true, Certainty::Ambiguous) if enforced => Disposition::Review,
                    (false, Certainty::Violation) if enforced => Disposition::Warn,
                    _ => Disposition::Note,
                }
            }
        }
    }
}

/// The metavariables of a message: where each stands, with its dollars, and its name.
pub fn variables(text: &str) -> Vec<(std::ops::Range<usize>, &str)> {
    let is_first = |first: char| first.is_ascii_uppercase() || first == '_';
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(dollar) = text[at..].find('$').map(|offset| at + offset) {
        let bare = text[dollar..].trim_start_matches('$');
        let start = text.len() - bare.len();
        let length = bare
            .find(|other: char| !is_first(other) && !other.is_ascii_digit())
            .unwrap_or(bare.len());
        at = start + length;
        if bare.starts_with(is_first) && start - dollar <= 3 {
            found.push((dollar..at, &text[start..at]));
        }
    }
    found
}
