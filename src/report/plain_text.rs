//! Text from elsewhere made safe for a terminal or a log: sources, paths and reviewers may hold anything.

/// The text with every character that controls, changes directions or hides (tags, soft hyphens) replaced by a visible
/// one: one for one, so that columns stay right.
pub fn visible(text: &str) -> String {
    let mut characters = text.chars().peekable();
    let mut out = String::with_capacity(text.len());
    while let Some(character) = characters.next() {
        let is_line_end = character == '\r' && characters.peek() == Some(&'\n');
        out.push(match character {
            _ if is_line_end => ' ',
            // `##[..]` and `##vso[..]` are commands to the runners of GitHub and Azure, anywhere in a line of a log.
            '[' if out.ends_with("##") || out.ends_with("##vso") => '\u{FF3B}',
            other => visible_character(other),
        });
    }
    out
}

/// A text that may come to stand at the beginning of a line of a log, where `::` begins a command to GitHub's runner.
pub fn no_command(text: &str) -> String {
    let words = text.split(' ');
    let words = words.map(|word| match word.strip_prefix("::") {
        Some(rest) => format!("\u{2237}{rest}"),
        None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The same on one line.
pub fn visible_line(text: &str) -> String {
    visible(text).replace(['\n', '\t'], " ")
}

fn visible_character(character: char) -> char {
    match character {
        '\n' | '\t' => character,
        '\u{0}'..='\u{1F}' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{FFFD}'),
        '\u{7F}' => '\u{2421}',
        '\u{80}'..='\u{9F}' => '\u{FFFD}',
        other if is_hidden(other) => '\u{FFFD}',
        other => other,
    }
}

/// Whether a character hides, or turns what is around it, in every script.
pub fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// Backticks that enclose a text in Markdown: more than stand together in it.
pub fn backticks(text: &str, least: usize) -> String {
    let runs = text.split(|character| character != '`').map(str::len);
    let longest = runs.max().unwrap_or_default();
    "`".repeat(least.max(longest + 1))
}
