//! The form of `rules/*.yaml`: one document per rule, written by `compile`, read by `check`.

use super::read::{self, Form};
use super::{Authority, Example, Law, Origin, Review, Role, Rule};
use crate::finding::{Level, Status};
use crate::matcher::read::SharedUtils;
use crate::problem::Problems;
use crate::yaml::{self, Node, Value};

/// The version of this form.
pub const SCHEMA: u32 = 1;

/// Keys that a rule keeps from its block, in the order in which they are written.
const KEPT: [&str; 14] = [
    "note",
    "rule",
    "analysis",
    "constraints",
    "utils",
    "fix",
    "files",
    "ignores",
    "inside-macros",
    "except",
    "ambiguous-in",
    "ambiguous-when",
    "suppressible",
    "max-days",
];
const LAW_KEYS: [&str; 10] = [
    "rfc",
    "level",
    "status",
    "domain",
    "statement",
    "advice",
    "owners",
    "incidents",
    "source",
    "examples",
];

/// Writes the documents of one RFC.
pub fn write(rules: &[Node], rfc: &str) -> String {
    let mark = crate::compile::MARK;
    let mut text = format!("{mark} from {rfc}. Edit the RFC, not this file.\n");
    for (index, rule) in rules.iter().enumerate() {
        if index > 0 {
            text.push_str("---\n");
        }
        text.push_str(&yaml::write(rule));
    }
    text
}

/// The document of a matcher; `block` is the RFC's.
pub fn matcher(id: &str, block: &Node, law: &Law) -> Node {
    let message = block
        .get("message")
        .and_then(Node::as_text)
        .map_or(law.statement.as_str(), str::trim_end);
    let mut entries = header(id);
    entries.extend(
        block
            .get("language")
            .map(|language| ("language", language.clone())),
    );
    entries.push(("message", Node::text(message)));
    entries.extend(
        KEPT.into_iter()
            .filter_map(|key| Some((key, block.get(key)?.clone()))),
    );
    entries.push(("codex", law_node(law)));
    Node::map(entries)
}

/// The document of a review statement.
pub fn review(id: &str, review: &Review, law: &Law) -> Node {
    let mut entries = header(id);
    entries.push(("review", review_node(review)));
    entries.push(("codex", law_node(law)));
    Node::map(entries)
}

fn header(id: &str) -> Vec<(&'static str, Node)> {
    vec![("schema", number(SCHEMA)), ("id", Node::text(id))]
}

fn number(number: impl ToString) -> Node {
    Node::new(Value::Number(number.to_string()))
}

fn review_node(review: &Review) -> Node {
    let scope = [
        ("languages", &review.languages),
        ("paths", &review.paths),
        ("literals", &review.literals),
    ];
    let scope: Vec<(&str, Node)> = scope
        .into_iter()
        .filter(|(_, texts)| !texts.is_empty())
        .map(|(key, texts)| (key, Node::texts(texts.clone())))
        .collect();
    let mut entries = Vec::new();
    if !scope.is_empty() {
        entries.push(("applies-to", Node::map(scope)));
    }
    entries.push(("violation-when", Node::text(&review.violation_when)));
    entries.extend(
        review
            .not_a_violation
            .as_ref()
            .map(|text| ("not-a-violation", Node::text(text))),
    );
    entries.extend(
        review
            .evidence
            .as_ref()
            .map(|text| ("evidence", Node::text(text))),
    );
    Node::map(entries)
}

fn law_node(law: &Law) -> Node {
    let origin = &law.origin;
    Node::map([
        ("rfc", number(law.rfc)),
        ("level", Node::text(law.level.keyword())),
        ("status", Node::text(law.status.word())),
        ("domain", Node::text(&law.domain)),
        ("statement", Node::text(&law.statement)),
        ("advice", Node::text(&law.advice)),
        ("owners", Node::texts(law.owners.clone())),
        ("incidents", Node::texts(law.incidents.clone())),
        (
            "source",
            Node::map([
                ("path", Node::text(&origin.path)),
                ("anchor", Node::text(&origin.anchor)),
                ("line", number(origin.line)),
                ("hash", Node::text(&origin.hash)),
            ]),
        ),
        (
            "examples",
            Node::new(Value::List(law.examples.iter().map(example_node).collect())),
        ),
    ])
}

fn example_node(example: &Example) -> Node {
    let mut entries = vec![
        ("role", Node::text(example.role.word())),
        ("language", Node::text(&example.language)),
        ("file", Node::text(&example.file)),
    ];
    if !example.lines.is_empty() {
        entries.push((
            "lines",
            Node::new(Value::List(example.lines.iter().map(number).collect())),
        ));
    }
    entries.push(("code", Node::text(&example.code)));
    Node::map(entries)
}

/// Reads one document.
pub fn read(node: &Node, problems: &mut Problems) -> Option<Rule> {
    if node.get("schema").and_then(Node::as_number) != Some(SCHEMA) {
        let message = format!("this is not a compiled rule of schema {SCHEMA}");
        problems.add_with_help(node.span.clone(), message, AGAIN);
        return None;
    }
    need_keys(node, "a compiled rule", &["id", "codex"], problems)?;
    let id = slug(node.get("id")?, problems)?;
    let law = read_law(node.get("codex")?, problems)?;
    match node.get("review") {
        Some(review) => {
            node.need_map(
                "a compiled review statement",
                &["schema", "id", "codex", "review"],
                problems,
            )?;
            Some(Rule::reviewed(&id, read::review(review, problems)?, law))
        }
        None => read::rule(
            node,
            &id,
            Form::Compiled,
            Authority::Law(Box::new(law)),
            &SharedUtils::default(),
            problems,
        ),
    }
}

/// What to do about a file that nobody but codex writes.
pub(super) const AGAIN: &str = "run `codex compile` with this version of codex";

/// Complains once about all keys that are missing.
fn need_keys(node: &Node, what: &str, keys: &[&str], problems: &mut Problems) -> Option<()> {
    let missing: Vec<String> = keys
        .iter()
        .filter(|key| node.get(key).is_none())
        .map(|key| format!("`{key}`"))
        .collect();
    if missing.is_empty() {
        return Some(());
    }
    let message = format!("{what} needs {}", missing.join(", "));
    problems.add_with_help(node.span.clone(), message, AGAIN);
    None
}

/// Exceptions and links name a rule by its slug: nothing else can be one.
fn slug(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = node.need_text("id", problems)?;
    let is_slug = crate::rfc::is_slug(text);
    if !is_slug {
        problems.add_with_help(node.span.clone(), format!("`{text}` is no slug"), AGAIN);
    }
    is_slug.then(|| text.to_owned())
}

fn read_law(node: &Node, problems: &mut Problems) -> Option<Law> {
    node.need_map("`codex`", &LAW_KEYS, problems)?;
    need_keys(node, "`codex`", &LAW_KEYS, problems)?;
    let before = problems.len();
    let origin = read_origin(node.get("source")?, problems);
    let level = node.get("level")?;
    let known_level = word("level", level, Level::ALL.map(Level::keyword), problems)
        .and_then(|index| Level::ALL.get(index).copied());
    let status = node.get("status")?;
    let known_status = word("status", status, Status::ALL.map(Status::word), problems)
        .and_then(|index| Status::ALL.get(index).copied());
    for (node, makes_none) in [
        (level, known_level == Some(Level::May)),
        (
            status,
            known_status.is_some_and(|known| !known.makes_rules()),
        ),
    ] {
        if makes_none {
            let word = node.as_text().unwrap_or_default();
            let message = format!("a statement that is `{word}` has no rule");
            problems.add_with_help(node.span.clone(), message, AGAIN);
        }
    }
    let mut text = |key: &str| {
        node.get(key)
            .and_then(|text| text.need_text(key, problems))
            .unwrap_or_default()
            .to_owned()
    };
    let (domain, statement, advice) = (text("domain"), text("statement"), text("advice"));
    let law = Law {
        rfc: number_of("rfc", node.get("rfc")?, problems).unwrap_or_default(),
        level: known_level.unwrap_or(Level::May),
        status: known_status.unwrap_or(Status::Draft),
        domain,
        statement,
        advice,
        owners: node.get("owners")?.need_texts("owners", problems),
        incidents: node.get("incidents")?.need_texts("incidents", problems),
        href: format!("{}#{}", origin.path, origin.anchor),
        origin,
        examples: node
            .get("examples")?
            .need_list("examples", problems)
            .iter()
            .filter_map(|example| read_example(example, problems))
            .collect(),
    };
    (problems.len() == before).then_some(law)
}

/// The index of a word among those that codex knows.
fn word<const N: usize>(
    key: &str,
    node: &Node,
    known: [&str; N],
    problems: &mut Problems,
) -> Option<usize> {
    let text = node.need_text(key, problems)?;
    let index = known.iter().position(|known| *known == text);
    if index.is_none() {
        problems.add_unknown(
            node.span.clone(),
            format!("unknown {key} `{text}`"),
            text,
            known,
        );
    }
    index
}

fn number_of(key: &str, node: &Node, problems: &mut Problems) -> Option<u32> {
    let number = node.as_number();
    if number.is_none() {
        problems.add(node.span.clone(), format!("`{key}` must be a number"));
    }
    number
}

fn read_origin(node: &Node, problems: &mut Problems) -> Origin {
    const KEYS: [&str; 4] = ["path", "anchor", "line", "hash"];
    node.need_map("`source`", &KEYS, problems)
        .and_then(|_| need_keys(node, "`source`", &KEYS, problems));
    if let Some(path) = node.get("path")
        && !path.as_text().is_some_and(is_inner)
    {
        problems.add_with_help(
            path.span.clone(),
            "the path of the RFC leads out of the repository",
            AGAIN,
        );
    }
    let anchor = node.get("anchor").and_then(|anchor| slug(anchor, problems));
    let mut text = |key: &str| {
        node.get(key)
            .and_then(|text| text.need_text(key, problems))
            .unwrap_or_default()
            .to_owned()
    };
    Origin {
        path: text("path"),
        hash: text("hash"),
        anchor: anchor.unwrap_or_default(),
        line: node
            .get("line")
            .and_then(|line| number_of("line", line, problems))
            .unwrap_or_default(),
    }
}

fn is_inner(path: &str) -> bool {
    let is_plain = |part: &str| !matches!(part, "" | "." | "..");
    path.split('/').all(is_plain) && !path.contains(char::is_control)
}

fn read_example(node: &Node, problems: &mut Problems) -> Option<Example> {
    const KEYS: [&str; 4] = ["role", "language", "file", "code"];
    node.need_map(
        "an example",
        &["role", "language", "file", "lines", "code"],
        problems,
    )?;
    need_keys(node, "an example", &KEYS, problems)?;
    let role = word(
        "role",
        node.get("role")?,
        Role::ALL.map(Role::word),
        problems,
    )?;
    let lines = node
        .get("lines")
        .map_or(&[][..], |lines| lines.need_list("lines", problems));
    let lines = lines
        .iter()
        .filter_map(|line| number_of("lines", line, problems))
        .map(|line| line as usize)
        .collect();
    let mut text = |key: &str| Some(node.get(key)?.need_text(key, problems)?.to_owned());
    Some(Example {
        role: Role::ALL.get(role).copied()?,
        language: text("language")?,
        file: text("file")?,
        lines,
        // An example of nothing is an example, too.
        code: node.get("code")?.as_text()?.to_owned(),
    })
}
