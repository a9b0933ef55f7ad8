//! What a case can ask, as data: the words that may answer it, the prompt around it, how its text is called.
//!
//! The protocol is one; a kind is a value here. Deliberately absent: what becomes of an answer.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::finding::Answer;

/// A kind of question.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name on the wire.
    pub name: &'static str,
    /// The words that may answer, and what each means.
    pub words: &'static [(&'static str, Answer)],
    /// The beginning of the prompt.
    pub prompt: &'static str,
    /// What is shown: "the code".
    pub noun: &'static str,
    /// How the prompt calls a piece of it.
    pub piece: &'static str,
}

/// Does code break the statement?
pub static CODE: Kind = Kind {
    name: "code",
    words: &[
        ("violation", Answer::Violation),
        ("compliant", Answer::Compliant),
        ("unsure", Answer::Unsure),
    ],
    prompt: include_str!("prompts/case.md"),
    noun: "code",
    piece: "code",
};

/// How far a text meets a statement. The first word of a meaning is its name; `violation` is what a program says that
/// was written for code.
const CONFORMITY: &[(&str, Answer)] = &[
    ("compliant", Answer::Compliant),
    ("partial", Answer::Partial),
    ("non-compliant", Answer::Violation),
    ("unsure", Answer::Unsure),
    ("violation", Answer::Violation),
];

/// Does a design meet the statement?
pub static DESIGN: Kind = Kind {
    name: "design",
    words: CONFORMITY,
    prompt: include_str!("prompts/design.md"),
    noun: "document",
    piece: "text",
};

/// Was the statement met in what an incident report tells?
pub static INCIDENT: Kind = Kind {
    name: "incident",
    words: CONFORMITY,
    prompt: include_str!("prompts/incident.md"),
    noun: "document",
    piece: "text",
};

/// Would the statement have caught the incident?
pub static LESSON: Kind = Kind {
    name: "lesson",
    words: &[
        ("caught", Answer::Violation),
        ("not-caught", Answer::Compliant),
        ("unsure", Answer::Unsure),
    ],
    prompt: include_str!("prompts/incident.md"),
    noun: "document",
    piece: "text",
};

impl Kind {
    /// The meaning of a word.
    pub fn read(&self, word: &str) -> Option<Answer> {
        let mut words = self.words.iter();
        words.find(|(known, _)| *known == word).map(|known| known.1)
    }

    /// The word for a meaning.
    pub fn word(&self, answer: Answer) -> &'static str {
        let mut words = self.words.iter();
        let found = words.find(|(_, meaning)| *meaning == answer);
        found.map_or("unsure", |(word, _)| word)
    }

    /// One word for each meaning.
    pub fn names(&self) -> Vec<&'static str> {
        let words = self.words.iter();
        let is_first = |(word, answer): &&(&'static str, Answer)| self.word(*answer) == *word;
        words.filter(is_first).map(|(word, _)| *word).collect()
    }

    /// Whether it is the kind that goes without saying.
    pub fn is_code(self: &&'static Self) -> bool {
        **self == CODE
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Kind", 2)?;
        fields.serialize_field("kind", self.name)?;
        fields.serialize_field("answers", &self.names())?;
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_what_it_is_the_word_for() {
        for kind in [&CODE, &DESIGN, &INCIDENT, &LESSON] {
            assert_eq!(kind.read("unsure"), Some(Answer::Unsure), "{}", kind.name);
            assert_eq!(kind.read("Unsure"), None, "{}", kind.name);
            for name in kind.names() {
                assert_eq!(kind.read(name).map(|answer| kind.word(answer)), Some(name));
            }
        }
        assert_eq!(CODE.read("partial"), None);
        assert_eq!(DESIGN.read("violation"), Some(Answer::Violation));
        assert_eq!(
            DESIGN.names(),
            ["compliant", "partial", "non-compliant", "unsure"]
        );
    }
}
