//! Programs that know nothing of codex's protocol, as data: how the prompt goes in, and where the JSON comes out.
//!
//! `adapters.toml` has them; another one is a table there and no Rust. Deliberately absent: keys and accounts.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// How a program is asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Adapter {
    /// What it is.
    pub about: String,
    /// What to run; `None`: it must be named by its absolute path.
    #[serde(default)]
    pub program: Option<String>,
    /// After the program.
    pub arguments: Vec<String>,
    answer: Source,
    #[serde(default)]
    event: Vec<String>,
    at: Vec<String>,
    #[serde(default)]
    complaint: Vec<String>,
    /// How many may run at the same time.
    pub at_once: usize,
    /// Variables that it usually needs.
    pub needs: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Source {
    Stdout,
    File,
    Lines,
}

/// All of them, by name.
pub fn all() -> BTreeMap<String, Adapter> {
    toml::from_str(include_str!("adapters.toml")).unwrap_or_default()
}

/// The files of one question, in a folder beside the program's working folder.
const SCHEMA_FILE: &str = "schema.json";
const ANSWER_FILE: &str = "answer.json";

impl Adapter {
    /// The arguments for one question, with the JSON schema of its answer; `folder` holds its files.
    pub fn arguments(&self, folder: &Path, schema: &str) -> std::io::Result<Vec<String>> {
        std::fs::write(folder.join(SCHEMA_FILE), schema)?;
        let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
        let fill = |argument: &String| match argument.as_str() {
            "{schema}" => schema.to_owned(),
            "{schema-file}" => path(SCHEMA_FILE),
            "{answer-file}" => path(ANSWER_FILE),
            other => other.to_owned(),
        };
        Ok(self.arguments.iter().map(fill).collect())
    }

    /// The answer within what the program wrote.
    pub fn answer(&self, stdout: &[u8], folder: &Path, limit: u64) -> Result<Vec<u8>, String> {
        let invalid = |reason: &str| format!("{}: {reason}", super::answer::INVALID);
        let parse = |bytes: &[u8]| -> Result<Value, String> {
            serde_json::from_slice(bytes).map_err(|error| invalid(&error.to_string()))
        };
        match self.answer {
            Source::Stdout => self.pick(&parse(stdout)?),
            Source::File => {
                let path = folder.join(ANSWER_FILE);
                let size = std::fs::symlink_metadata(&path).map(|about| about.len());
                if size.is_ok_and(|size| size > limit) {
                    return Err(invalid("it is too long"));
                }
                let bytes =
                    std::fs::read(path).map_err(|_| invalid("the program wrote no answer"))?;
                self.pick(&parse(&bytes)?)
            }
            Source::Lines => {
                let mut text = String::new();
                for line in stdout.split(|byte| *byte == b'\n') {
                    let Ok(event) = serde_json::from_slice::<Value>(line) else {
                        continue;
                    };
                    if let [place, wanted] = self.event.as_slice()
                        && event.pointer(place).and_then(Value::as_str) != Some(wanted)
                    {
                        continue;
                    }
                    let part = self.at.iter().find_map(|at| event.pointer(at)?.as_str());
                    text.push_str(part.unwrap_or_default());
                }
                Ok(unfenced(&text).as_bytes().to_vec())
            }
        }
        .and_then(|bytes| {
            if bytes.is_empty() {
                Err(invalid("it is empty"))
            } else {
                Ok(bytes)
            }
        })
    }

    /// What the program says of its failure, in the JSON that it wrote on one of its outputs.
    pub fn complaint(&self, outputs: [&[u8]; 2]) -> Option<String> {
        outputs.into_iter().find_map(|output| {
            // A line before it is no part of it.
            let start = output.iter().position(|byte| *byte == b'{')?;
            let document: Value = serde_json::from_slice(&output[start..]).ok()?;
            let said = self
                .complaint
                .iter()
                .find_map(|at| document.pointer(at)?.as_str());
            said.map(str::to_owned)
        })
    }

    fn pick(&self, document: &Value) -> Result<Vec<u8>, String> {
        let found = self.at.iter().find_map(|at| {
            let value = document.pointer(at)?;
            (!value.is_null()).then_some(value)
        });
        match found {
            Some(Value::String(text)) => Ok(unfenced(text).as_bytes().to_vec()),
            Some(value) => serde_json::to_vec(value).map_err(|error| error.to_string()),
            None => Err(format!(
                "{}: nothing at {}",
                super::answer::INVALID,
                self.at.join(", ")
            )),
        }
    }
}

/// Models like to put JSON between Markdown fences.
pub(super) fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let inner = text
        .strip_prefix("```")
        .and_then(|rest| rest.strip_suffix("```"));
    inner.map_or(text, |inner| {
        inner.strip_prefix("json").unwrap_or(inner).trim()
    })
}
