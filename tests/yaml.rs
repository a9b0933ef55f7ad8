//! What `yaml::write` writes, `yaml::parse` reads back, over texts that some reader of YAML takes for something else; and
//! what `yaml::parse` makes of what people write.
//! Deliberately absent: the place of things (`rfcs.rs`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use codex::problem::{Document, Problems};
use codex::yaml::{self, Entry, Node, Offsets, Value};

/// Texts with a history.
const NASTY: &[&str] = &[
    "",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\t",
    "\r",
    "\r\n",
    "a",
    "a ",
    " a",
    "a\n",
    "a\n\n",
    "\na",
    "a\nb",
    "a\nb\n",
    " a\nb\n",
    "a\n b\n",
    "a\n\nb\n",
    "a\n\n\n",
    "a\nb\n\n",
    "a\r\nb\r\n",
    "a\tb",
    "a\n\tb\n",
    "\ta\nb\n",
    "a \nb \n",
    "null",
    "Null",
    "NULL",
    "~",
    "true",
    "True",
    "FALSE",
    "yes",
    "No",
    "on",
    "OFF",
    "y",
    "N",
    "nan",
    ".nan",
    ".inf",
    "-.Inf",
    "0",
    "-0",
    "1",
    "007",
    "0o7",
    "0x1F",
    "1e3",
    "1_000",
    "1.5",
    "+1",
    "12:30:45",
    "2026-03-02",
    "1.2.3",
    ".5",
    "5.",
    "-",
    "- a",
    "---",
    "...",
    "--- a",
    "?",
    "? a",
    ":",
    ": a",
    "a: b",
    "a:b",
    "a :b",
    "a:",
    "#",
    "# a",
    "a #b",
    "a#b",
    "[",
    "]",
    "[]",
    "{",
    "{}",
    ",",
    "&a",
    "*a",
    "!a",
    "!!str a",
    "|",
    ">",
    "|\n a",
    "%a",
    "@a",
    "`a`",
    "'",
    "\"",
    "\\",
    "\\n",
];

/// Characters that are mixed into more of them.
const CHARACTERS: &[char] = &[
    'a', 'B', '0', ' ', ' ', '\n', '\n', '\t', '\r', ':', '#', '-', '\'', '"', '\\', '{', '[', ',',
    '&', '*', '!', '|', '>', '%', '$', 'ä', '日', '🦀', '\u{0}', '\u{1B}', '\u{85}', '\u{2028}',
    '\u{FEFF}', '\u{FFFE}',
];

/// Deterministic and well mixed: xorshift64.
struct Mix(u64);

impl Mix {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    fn text(&mut self) -> String {
        let length = self.next(12);
        (0..length)
            .map(|_| CHARACTERS[self.next(CHARACTERS.len())])
            .collect()
    }
}

fn texts() -> Vec<String> {
    let mut mix = Mix(0x2026_0302);
    let mixed = (0..3000).map(|_| mix.text());
    NASTY
        .iter()
        .map(|text| (*text).to_owned())
        .chain(mixed)
        .collect()
}

/// The value without its places.
fn bare(node: &Node) -> Node {
    Node::new(match &node.value {
        Value::List(nodes) => Value::List(nodes.iter().map(bare).collect()),
        Value::Map(entries) => {
            let entry = |entry: &Entry| Entry {
                key: entry.key.clone(),
                key_span: 0..0,
                value: bare(&entry.value),
            };
            Value::Map(entries.iter().map(entry).collect())
        }
        other => other.clone(),
    })
}

fn check(node: &Node) {
    let written = yaml::write(node);
    let mut problems = Problems::new(Document::new("written.yaml", written.clone()));
    let read = yaml::parse(&written, &Offsets::whole(), &mut problems);
    let messages: Vec<String> = problems
        .into_vec()
        .into_iter()
        .map(|problem| problem.message)
        .collect();
    assert!(messages.is_empty(), "{messages:?} in {written:?}");
    assert_eq!(bare(&read.unwrap()), *node, "{written:?}");
    assert_eq!(yaml::write(&bare(node)), written);
}

#[test]
fn texts_as_values() {
    for text in texts() {
        check(&Node::map([("key", Node::text(text))]));
    }
}

#[test]
fn texts_as_keys() {
    for text in texts() {
        check(&Node::map([(text.clone(), Node::text("value"))]));
        check(&Node::map([(
            text,
            Node::map([("a-b", Node::text("value"))]),
        )]));
    }
}

#[test]
fn texts_in_lists() {
    for text in texts() {
        check(&Node::map([(
            "key",
            Node::texts([text.clone(), "next".to_owned(), text]),
        )]));
    }
}

#[test]
fn texts_in_the_depth() {
    for text in texts() {
        let inner = Node::map([
            ("one", Node::text(text.clone())),
            ("two", Node::texts([text.clone()])),
        ]);
        let list = Node::new(Value::List(vec![
            inner.clone(),
            Node::text(text.clone()),
            inner,
        ]));
        check(&Node::map([
            ("outer", Node::map([("list", list)])),
            ("after", Node::text(text)),
        ]));
    }
}

#[test]
fn other_values() {
    let number = |text: &str| Node::new(Value::Number(text.to_owned()));
    let mut nodes = vec![
        Node::new(Value::Null),
        Node::new(Value::Bool(true)),
        Node::new(Value::Bool(false)),
        Node::new(Value::List(Vec::new())),
        Node::new(Value::Map(Vec::new())),
        Node::new(Value::List(vec![Node::new(Value::List(vec![Node::new(
            Value::Null,
        )]))])),
        Node::new(Value::List(vec![
            Node::new(Value::List(Vec::new())),
            Node::new(Value::Map(Vec::new())),
        ])),
    ];
    nodes.extend(["0", "1", "-1", "007", "0.50", "1e3", "18446744073709551615"].map(number));
    for node in nodes {
        check(&Node::map([("key", node.clone())]));
        check(&Node::map([(
            "list",
            Node::new(Value::List(vec![node.clone(), node])),
        )]));
    }
}

/// YAML of people, and what it means, written by codex.
const WRITTEN: &[(&str, &str)] = &[
    ("", "null\n"),
    ("# nothing", "null\n"),
    ("a:", "a: null\n"),
    ("a: ~", "a: null\n"),
    ("a: Null", "a: null\n"),
    ("a: TRUE", "a: true\n"),
    ("a: 'true'", "a: \"true\"\n"),
    ("a: yes", "a: \"yes\"\n"),
    ("a: 1_000", "a: \"1_000\"\n"),
    ("a: 0x1F", "a: 0x1F\n"),
    ("a: -.5e+3", "a: -.5e+3\n"),
    ("a: .", "a: \".\"\n"),
    ("a: 1e", "a: \"1e\"\n"),
    ("a: 2026-03-02", "a: \"2026-03-02\"\n"),
    ("- a\n- - b\n  - c", "- a\n- - b\n  - c\n"),
    ("{a: [b, c], d: {}}", "a:\n  - b\n  - c\nd: {}\n"),
    ("a: >\n  b\n  c\n", "a: \"b c\\n\"\n"),
    ("a: &x {b: c}\nd: *x", "a:\n  b: c\nd:\n  b: c\n"),
    ("&k a: b\nc: *k", "a: b\nc: a\n"),
    ("a: &x b\n*x : c", "a: b\nb: c\n"),
    ("<<: {a: b}", "\"<<\":\n  a: b\n"),
];

/// YAML that is refused: with what, and at which characters.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "a: *x",
        "not valid YAML: while parsing node, found unknown anchor",
        "",
    ),
    (
        "a: &x [*x]",
        "an alias stands inside of what it stands for",
        "*x",
    ),
    ("{a: 1, b: 2, a: 3}", "the key `a` is there twice", "a"),
    ("[a]: b", "a key must be text", ""),
    (
        "a: !!int 'b'",
        "the tag `!!int` means nothing here",
        "!!int",
    ),
    ("!x {a: b}", "the tag `!x` means nothing here", "!x"),
    ("a: b\n---\nc: d", "a second YAML document begins here", ""),
    (
        "a:\n\t- b",
        "YAML is indented with spaces, not with tabs",
        "",
    ),
];

#[test]
fn what_people_write() {
    for (text, wanted) in WRITTEN {
        let mut problems = Problems::new(Document::new("people.yaml", *text));
        let read = yaml::parse(text, &Offsets::whole(), &mut problems);
        assert!(problems.is_empty(), "{text:?}: {:?}", problems.into_vec());
        let said = yaml::write(&bare(&read.unwrap()));
        assert_eq!(said.trim_start(), *wanted, "{text:?}");
    }
}

#[test]
fn what_is_refused_is_pointed_at() {
    for (text, message, at) in REFUSED {
        let mut problems = Problems::new(Document::new("people.yaml", *text));
        yaml::parse(text, &Offsets::whole(), &mut problems);
        let there: Vec<(String, &str)> = problems
            .into_vec()
            .into_iter()
            .map(|problem| (problem.message, &text[problem.span]))
            .collect();
        assert_eq!(there, [((*message).to_owned(), *at)], "{text:?}");
    }
}
