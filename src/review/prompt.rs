//! A request as a text for a language model.
//!
//! What is the same for all requests comes first, then what is the same for all requests of a rule, then the code: a
//! provider that caches prefixes pays for the first two once. Deliberately absent: titles, descriptions and comments
//! of merge requests; whoever writes them is not the one who decides.

use std::fmt::Write;

use super::case::Case;
use super::kind::Kind;
use super::neutral::Fence;

const REPAIR: &str = include_str!("prompts/repair.md");

/// The hash of the prompts of a kind: an answer to another prompt is another answer.
pub fn hash(kind: &Kind) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(kind.prompt.as_bytes());
    hasher.update(REPAIR.as_bytes());
    hasher.finalize().to_hex()[..16].to_owned()
}

/// The part that is the same bytes for all requests of the rule of this case.
pub fn prefix(case: &Case) -> String {
    let mut text = format!(
        "{}\n# The statement\n\n{}\n\nRule: {} ({})\n{}\n",
        case.kind.prompt, case.statement, case.rule, case.level, case.advice
    );
    for example in &case.examples {
        let _ = write!(
            text,
            "\nExample ({}):\n{}\n",
            example.role,
            example.code.trim_end()
        );
    }
    text
}

/// The words that answer, where they depend on the question.
fn words(kind: &'static Kind) -> String {
    match kind.is_code() {
        true => String::new(),
        false => format!("one of {}, about ", kind.names().join(", ")),
    }
}

/// The whole text. All cases are of one rule and one item.
pub(super) fn text(cases: &[Case], fence: &Fence, repair: Option<&str>) -> String {
    let Some(first) = cases.first() else {
        return String::new();
    };
    let mut text = prefix(first);
    let kind = first.kind;
    let _ = write!(text, "\n# The {}\n\nFile {}\n\n", kind.noun, first.path);
    let mut pieces: Vec<(usize, &str)> = Vec::new();
    for case in cases {
        if !pieces.contains(&(case.first_line, &case.code)) {
            pieces.push((case.first_line, &case.code));
        }
    }
    for (line, code) in pieces {
        text.push_str(&fence.around(&format!("{} from line {line}", kind.piece), code));
    }
    for piece in &first.called {
        let what = format!("called by it, from line {}", piece.first_line);
        text.push_str(&fence.around(&what, &piece.code));
    }
    if let Some(before) = &first.before {
        text.push_str(&fence.around("the same before the change", &before.code));
    }
    if !first.left_out.is_empty() {
        let _ = writeln!(text, "Not shown: {}", first.left_out.join("; "));
    }
    text.push_str("\n# The questions\n\n");
    for case in cases {
        let (start, end) = (case.range.start, case.range.end);
        let _ = write!(
            text,
            "{}: {}lines {} to {}, from column {}:\n{}",
            case.id,
            words(case.kind),
            start.line,
            end.line,
            start.column,
            fence.around("question", &case.ask)
        );
    }
    if let Some(reason) = repair {
        let _ = write!(text, "\n{}", REPAIR.replace("{reason}", reason));
    }
    text
}
