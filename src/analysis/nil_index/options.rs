//! How a rule configures the analysis.
//!
//! Deliberately absent: how the options of a rule are spelled in YAML.

use super::knowledge::{Knowledge, PROFILE_NAMES};
use crate::problem::nearest;

/// What is asked of the analysis. What a rule names is added to what the profiles know.
#[derive(Debug, Clone)]
pub struct Options {
    profiles: Vec<String>,
    added: Vec<(String, String)>,
    pub(super) knowledge: Knowledge,
    /// Whether elements of lists that may be empty are asked about.
    pub(super) array_index: bool,
    /// Whether keys that nobody can tell are asked about.
    pub(super) computed_key: bool,
    /// Whether a test after the use is asked about.
    pub(super) use_then_test: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            profiles: Vec::new(),
            added: Vec::new(),
            knowledge: Knowledge::default(),
            array_index: true,
            computed_key: true,
            use_then_test: true,
        }
    }
}

impl Options {
    /// The names of the options.
    pub const NAMES: [&'static str; 24] = {
        let mut names = ["profiles"; 24];
        names[1] = "array-index";
        names[2] = "computed-key";
        names[3] = "report-use-then-test";
        let mut index = 0;
        while index < Knowledge::OPTIONS.len() {
            names[index + 4] = Knowledge::OPTIONS[index];
            index += 1;
        }
        names
    };

    /// Adds a value to an option; the error says what is wrong with it.
    pub fn set(&mut self, option: &str, value: &str) -> Result<(), String> {
        match option {
            "profiles" => self.choose(value),
            "array-index" => is_on(value).map(|on| self.array_index = on),
            "computed-key" => is_on(value).map(|on| self.computed_key = on),
            "report-use-then-test" => is_on(value).map(|on| self.use_then_test = on),
            _ => {
                self.knowledge.add(option, value)?;
                self.added.push((option.to_owned(), value.to_owned()));
                Ok(())
            }
        }
    }

    /// Only the chosen profiles count, whatever the order of the options.
    fn choose(&mut self, profile: &str) -> Result<(), String> {
        if !PROFILE_NAMES.contains(&profile) {
            let nearest = nearest(profile, PROFILE_NAMES);
            let known = nearest.map_or_else(
                || format!("known are {}", PROFILE_NAMES.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(format!("there is no profile `{profile}`; {known}"));
        }
        self.profiles.push(profile.to_owned());
        let names: Vec<&str> = self.profiles.iter().map(String::as_str).collect();
        let (mut knowledge, _) = Knowledge::of(&names);
        for (option, value) in &self.added {
            knowledge.add(option, value)?;
        }
        self.knowledge = knowledge;
        Ok(())
    }
}

fn is_on(value: &str) -> Result<bool, String> {
    match value {
        "off" | "false" => Ok(false),
        "ambiguous" | "true" => Ok(true),
        _ => Err(format!("`{value}` is neither `off` nor `ambiguous`")),
    }
}
