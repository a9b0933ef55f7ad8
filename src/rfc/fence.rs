//! A fenced block: what its info string says that it is.

use std::ops::Range;

use crate::problem::{Problems, nearest};
use crate::rule::Role;
use crate::yaml::Offsets;

/// A fenced block as the Markdown has it.
#[derive(Debug)]
pub(super) struct Fence {
    /// The info string.
    pub info: String,
    /// Where the first line of the fence stands.
    pub span: Range<usize>,
    /// The code between the fences.
    pub code: String,
    /// Where each piece of the code stands.
    pub offsets: Offsets,
}

/// What a fenced block is for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// Nothing to codex.
    Prose,
    /// A matcher.
    Rule,
    /// A review statement's block.
    Review,
    /// A test of the statement.
    Example(ExampleHeader),
}

/// The words of an example's fence.
#[derive(Debug)]
pub(super) struct ExampleHeader {
    pub role: Role,
    pub language: String,
    pub file: Option<String>,
    pub lines: Vec<usize>,
}

const WORDS: [&str; 6] = [
    "codex-rule",
    "codex-review",
    "bad",
    "good",
    "ambiguous",
    "fixed",
];

/// Reads an info string; what looks like a mistake is a problem and counts as prose.
pub(super) fn purpose(fence: &Fence, problems: &mut Problems) -> Purpose {
    let mut words = fence.info.split_whitespace();
    let language = words.next().unwrap_or_default();
    let Some(word) = words.next() else {
        refuse_lone_word(language, fence, problems);
        return Purpose::Prose;
    };
    let options: Vec<&str> = words.collect();
    match word {
        "codex-rule" | "codex-review" => {
            if language != "yaml" {
                let message = format!("a `{word}` block is YAML: write `yaml {word}`");
                problems.add(fence.span.clone(), message);
                return Purpose::Prose;
            }
            for option in options {
                problems.add(
                    fence.span.clone(),
                    format!("a `{word}` block takes no `{option}`"),
                );
            }
            if word == "codex-rule" {
                Purpose::Rule
            } else {
                Purpose::Review
            }
        }
        _ => match Role::ALL.into_iter().find(|role| role.word() == word) {
            Some(role) => Purpose::Example(example(role, language, &options, fence, problems)),
            None => {
                let has_option =
                    word.contains('=') || options.iter().any(|option| option.contains('='));
                if has_option || nearest(word, WORDS).is_some() {
                    let message = format!("unknown word `{word}` after `{language}`");
                    problems.add_unknown(fence.span.clone(), message, word, WORDS);
                }
                Purpose::Prose
            }
        },
    }
}

/// Whether the second word of a fence means something to codex.
pub(super) fn is_ours(word: &str) -> bool {
    WORDS.contains(&word)
}

/// One word is a language and its block prose, unless it is one of ours at the wrong place.
fn refuse_lone_word(word: &str, fence: &Fence, problems: &mut Problems) {
    let Some(ours) = word
        .split([',', ':', '{', '}', '.'])
        .find(|part| is_ours(part))
    else {
        return;
    };
    let language = if ours.starts_with("codex-") {
        "yaml"
    } else {
        "rust"
    };
    problems.add_with_help(
        fence.span.clone(),
        format!("`{word}` is no language"),
        format!("the language comes first, then a space: `{language} {ours}`"),
    );
}

fn example(
    role: Role,
    language: &str,
    options: &[&str],
    fence: &Fence,
    problems: &mut Problems,
) -> ExampleHeader {
    let mut header = ExampleHeader {
        role,
        language: language.to_owned(),
        file: None,
        lines: Vec::new(),
    };
    let mut keys: Vec<&str> = Vec::new();
    for option in options {
        let key = option.split('=').next().unwrap_or_default();
        if keys.contains(&key) {
            problems.add(fence.span.clone(), format!("`{key}` is there twice"));
        }
        keys.push(key);
        match option.split_once('=') {
            Some(("file", file)) if is_inner_path(file) => header.file = Some(file.to_owned()),
            Some(("file", file)) => {
                let message = format!("`{file}` is no path inside a package");
                problems.add(fence.span.clone(), message);
            }
            Some(("lines", lines)) => header.lines = read_lines(lines, fence, problems),
            _ => {
                if ["file", "lines"].contains(&key) {
                    let message = format!("`{key}` says nothing");
                    let help = format!("write `{key}=`, with the value right behind it");
                    problems.add_with_help(fence.span.clone(), message, help);
                    continue;
                }
                problems.add_unknown(
                    fence.span.clone(),
                    format!("unknown option `{option}`"),
                    key,
                    ["file", "lines"],
                );
            }
        }
    }
    if matches!(role, Role::Good | Role::Fixed) && !header.lines.is_empty() {
        let message = format!("a {} example has no findings, so no `lines=`", role.word());
        problems.add(fence.span.clone(), message);
    }
    header
}

fn is_inner_path(path: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    !path.contains(['\\', ':']) && !path.contains(char::is_control) && path.split('/').all(is_plain)
}

fn read_lines(text: &str, fence: &Fence, problems: &mut Problems) -> Vec<usize> {
    let last = fence.code.lines().count();
    let mut lines = Vec::new();
    for part in text.split(',') {
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        match part.parse::<usize>() {
            Ok(line) if lines.contains(&line) => {
                problems.add(fence.span.clone(), format!("line {line} is there twice"));
            }
            Ok(line) if is_number && (1..=last).contains(&line) => lines.push(line),
            _ => {
                let message = format!("`{part}` is no line of this example, which has {last}");
                let help = "lines are counted from 1 and separated by commas: `lines=3,7`";
                problems.add_with_help(fence.span.clone(), message, help);
            }
        }
    }
    lines.sort_unstable();
    lines
}
