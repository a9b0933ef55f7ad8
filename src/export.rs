//! The statements in force as pages for coding agents: an index that is always read, a page for each domain that is read
//! when it matters, and a page for each RFC on demand.
//!
//! The same statements give the same bytes, one statement to a section, so that a diff shows what changed in the law.
//! Deliberately absent: files; the command line writes them.

use std::collections::BTreeMap;

use crate::report::plain_text::{backticks, visible, visible_line};
use crate::rule::Rule;
use crate::statements::Statement;

/// What each page says of itself; a page without it is somebody else's.
pub const MARK: &str = "<!-- written by `codex export`: do not edit -->";
/// What stands around the part of AGENTS.md that is ours.
pub const BEGIN: &str = "<!-- codex: begin, written by `codex export --agents-md` -->";
/// See [`BEGIN`].
pub const END: &str = "<!-- codex: end -->";
/// More statements than this are named by their domains only, where everybody reads them all the time.
const MOST_IN_AGENTS_MD: usize = 40;

const HOW: &str = "`codex ask \"...\"` finds the statements that answer a question, `codex explain RULE` shows one with its \
examples, and `codex check` says what a change newly breaks: run it before you hand work over. All of them work offline. \
Where a rule must be broken, write `codex-allow(RULE): reason` beside the code, with a true reason.";

/// The pages of a skill, by their paths.
pub fn skill(statements: &[Statement], rules: &[Rule]) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let domains = by(statements, |statement| file_name(&statement.domain));
    let names: Vec<&str> = domains.keys().map(String::as_str).collect();
    let mut index = format!(
        "---\nname: engineering-standards\ndescription: The engineering standards in force in this organisation ({}). Read before writing, changing or reviewing code here.\n---\n{MARK}\n\n# Engineering standards\n\n{HOW}\n\nOpen the page of a domain when you work in it, and the page of an RFC when a statement there is not enough.\n",
        names.join(", ")
    );
    for (name, statements) in &domains {
        index.push_str(&format!("\n## [{name}](domains/{name}.md)\n\n"));
        for statement in statements {
            index.push_str(&format!("- {}\n", short(statement)));
        }
        let mut page = format!("{MARK}\n\n# {name}\n");
        for statement in statements {
            page.push_str(&section(statement));
            let (rfc, name) = (statement.rfc, page_of(statement));
            page.push_str(&format!(
                "\n[RFC {rfc}](../rfcs/{name}.md#{})\n",
                line(&statement.slug)
            ));
        }
        pages.insert(format!("domains/{name}.md"), page);
    }
    for (name, statements) in by(statements, page_of) {
        pages.insert(format!("rfcs/{name}.md"), rfc(&statements, rules));
    }
    pages.insert("SKILL.md".to_owned(), index);
    pages
}

/// The part of AGENTS.md that is ours.
pub fn agents_md(statements: &[Statement]) -> String {
    let mut text = format!("{BEGIN}\n## Engineering standards\n\n{HOW}\n");
    for (name, statements) in by(statements, |statement| file_name(&statement.domain)) {
        text.push_str(&format!("\n### {name}\n\n"));
        if statements.len() > MOST_IN_AGENTS_MD {
            let count = statements.len();
            text.push_str(&format!("{count} statements: `codex rules` lists them.\n"));
            continue;
        }
        for statement in statements {
            let advice = statement.advice.as_ref().unwrap_or(&statement.text);
            text.push_str(&format!("- {}: {}\n", short(statement), line(advice)));
        }
    }
    text + END + "\n"
}

/// A text with our part in the place of the old one, or at its end. `None`: the marks in it are no pair.
pub fn with_part(text: &str, part: &str) -> Option<String> {
    let (begins, ends) = (text.matches(BEGIN).count(), text.matches(END).count());
    match (begins, ends) {
        (0, 0) if text.trim().is_empty() => Some(part.to_owned()),
        (0, 0) => Some(format!("{}\n\n{part}", text.trim_end())),
        (1, 1) => {
            let (before, rest) = text.split_once(BEGIN)?;
            let (_, after) = rest.split_once(END)?;
            let after = after.strip_prefix('\n').unwrap_or(after);
            Some(format!("{before}{part}{after}"))
        }
        _ => None,
    }
}

fn by(
    statements: &[Statement],
    key: impl Fn(&Statement) -> String,
) -> BTreeMap<String, Vec<&Statement>> {
    let mut groups: BTreeMap<String, Vec<&Statement>> = BTreeMap::new();
    for statement in statements {
        groups.entry(key(statement)).or_default().push(statement);
    }
    groups
}

/// A name that leads nowhere else.
fn file_name(domain: &str) -> String {
    let plain = |character: char| match character {
        'a'..='z' | '0'..='9' | '-' => character,
        'A'..='Z' => character.to_ascii_lowercase(),
        _ => '-',
    };
    let name: String = domain.chars().map(plain).take(60).collect();
    match name.trim_matches('-') {
        "" => "other".to_owned(),
        name => name.to_owned(),
    }
}

/// The name of the file that the RFC of a statement has: two codexes may have the same numbers.
fn page_of(statement: &Statement) -> String {
    let path = statement.href.split('#').next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = file_name(name.trim_end_matches(".md"));
    let number = format!("{:04}", statement.rfc);
    if stem.starts_with(&number) {
        stem
    } else {
        format!("{number}-{stem}")
    }
}

fn short(statement: &Statement) -> String {
    format!(
        "`{}` ({}, RFC {})",
        line(&statement.slug).replace('`', "'"),
        line(&statement.level),
        statement.rfc
    )
}

fn section(statement: &Statement) -> String {
    let mut text = format!(
        "\n## {}\n\n> {}\n\n",
        line(&statement.slug),
        line(&statement.text)
    );
    if let Some(advice) = &statement.advice {
        text.push_str(&format!("{}\n\n", line(advice)));
    }
    let decided = if statement.enforced_by.is_empty() {
        "not enforced".to_owned()
    } else {
        format!("decided by {}", statement.enforced_by.join(", "))
    };
    text.push_str(&format!(
        "{}, {}, {}. Source: <{}>\n",
        line(&statement.level),
        line(&statement.status),
        line(&decided),
        line(&statement.href)
    ));
    text
}

/// Everything about an RFC that is in force.
fn rfc(statements: &[&Statement], rules: &[Rule]) -> String {
    let mut text = format!("{MARK}\n");
    if let Some(first) = statements.first() {
        text.push_str(&format!("\n# RFC {}: {}\n", first.rfc, line(&first.title)));
    }
    for statement in statements {
        text.push_str(&section(statement));
        let laws: Vec<_> = rules
            .iter()
            .filter(|rule| rule.id == statement.slug)
            .filter_map(Rule::law)
            .collect();
        if let Some(law) = laws.first() {
            let incidents = match law.incidents.as_slice() {
                [] => String::new(),
                incidents => format!(" Comes from {}.", line(&incidents.join(", "))),
            };
            text.push_str(&format!(
                "\nOwners: {}.{incidents}\n",
                line(&law.owners.join(", "))
            ));
        }
        for example in laws.iter().flat_map(|law| &law.examples) {
            let code = visible(&example.code);
            let fence = backticks(&code, 3);
            text.push_str(&format!(
                "\n{} example:\n\n{fence}{}\n{}\n{fence}\n",
                example.role.word(),
                file_name(&example.language),
                code.trim_end()
            ));
        }
    }
    text
}

/// On one line, and without what ends our part.
fn line(text: &str) -> String {
    visible_line(text).replace("<!--", "<! --")
}
