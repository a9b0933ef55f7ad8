//! Patterns in the arguments of macros and around syntax errors: every pair of files in `fixtures/macros/` is a matcher
//! (`NAME.yaml`, as in an RFC) and code that it runs over (`NAME.rs`, `NAME.lua`). A label at the end of a line says what is found
//! with its called name on this line: after `// >` violations, after `// ?` ambiguities, several apart by ` | `. White space
//! in them is one space, and `«»` stands around the focus.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use codex::change::Snapshot;
use codex::finding::Certainty;
use codex::language::Workspace;
use codex::problem::{Document, Problems};
use codex::rule::read::{Form, rule};
use codex::rule::{Authority, Rule};
use codex::scan::Scanner;
use codex::source::RepoPath;

fn read_rule(yaml: &str) -> Rule {
    let document = Document::new("rule", yaml.to_owned());
    let mut problems = Problems::new(Arc::clone(&document));
    let nodes = codex::yaml::parse_all(yaml, &mut problems);
    let read = rule(
        &nodes[0],
        "the-rule",
        Form::Block,
        Authority::BuiltIn,
        &codex::matcher::read::SharedUtils::default(),
        &mut problems,
    );
    let problems = problems.into_vec();
    assert!(problems.is_empty(), "{yaml}: {}", problems[0].message);
    read.unwrap()
}

/// First and last byte, first and last byte of the focus, and the certainty of each finding.
type Hit = (usize, usize, usize, usize, Certainty);

fn hits(rule: &Rule, name: &str, text: &[u8]) -> Vec<Hit> {
    let path: RepoPath = name.into();
    let files = BTreeMap::from([(path.clone(), text.to_vec())]);
    let snapshot = Snapshot::memory(files);
    let workspace = Workspace::new(&snapshot);
    let scan = Scanner::new(std::slice::from_ref(rule), true).scan(&workspace, &[path]);
    assert!(scan.unchecked.is_empty(), "{name} is not checked");
    let hit = |found: &codex::candidate::Candidate<'_>| {
        (
            found.range.start.byte,
            found.range.end.byte,
            found.focus.start.byte,
            found.focus.end.byte,
            found.certainty,
        )
    };
    scan.candidates
        .iter()
        .filter(|found| found.suppressed.is_none())
        .map(hit)
        .collect()
}

fn one_space(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is found on each line, as labels say it.
fn found(rule: &Rule, name: &str, text: &[u8]) -> BTreeMap<usize, String> {
    let mut hits = hits(rule, name, text);
    hits.sort_by_key(|hit| (hit.4 == Certainty::Ambiguous, hit.2, hit.0));
    let mut lines: BTreeMap<usize, Vec<(char, String)>> = BTreeMap::new();
    for (start, end, focus, focus_end, certainty) in hits {
        let marked = [
            &text[start..focus],
            "«".as_bytes(),
            &text[focus..focus_end],
            "»".as_bytes(),
            &text[focus_end..end],
        ];
        let sign = match certainty {
            Certainty::Violation => '>',
            Certainty::Ambiguous => '?',
        };
        let line = text[..focus].iter().filter(|byte| **byte == b'\n').count() + 1;
        lines
            .entry(line)
            .or_default()
            .push((sign, one_space(&marked.concat())));
    }
    let label = |hits: Vec<(char, String)>| {
        let of_sign = |chunk: &[(char, String)]| {
            let texts: Vec<&str> = chunk.iter().map(|(_, text)| text.as_str()).collect();
            format!("{} {}", chunk[0].0, texts.join(" | "))
        };
        let chunks: Vec<String> = hits
            .chunk_by(|one, next| one.0 == next.0)
            .map(of_sign)
            .collect();
        chunks.join(" ")
    };
    lines
        .into_iter()
        .map(|(line, hits)| (line, label(hits)))
        .collect()
}

fn expected(text: &[u8], comment: &str) -> BTreeMap<usize, String> {
    let text = String::from_utf8_lossy(text);
    let label = |(index, line): (usize, &str)| {
        let mark = |sign: char| line.find(&format!("{comment} {sign} "));
        let at = mark('>').or(mark('?'))?;
        Some((
            index + 1,
            line[at + comment.len() + 1..].trim_end().to_owned(),
        ))
    };
    text.split('\n').enumerate().filter_map(label).collect()
}

/// The same code as it may lie on a disk.
fn spellings(text: &[u8], comment: &str) -> [(&'static str, Vec<u8>); 4] {
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let latin_1 = [comment.as_bytes(), b" caf\xe9 \"\n".as_slice(), text].concat();
    [
        ("", text.to_vec()),
        (" with CRLF", lines.join(b"\r\n".as_slice())),
        (
            " with a byte order mark",
            [b"\xef\xbb\xbf".as_slice(), text].concat(),
        ),
        (" in Latin-1", latin_1),
    ]
}

#[test]
fn labelled_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/macros");
    let mut labels = 0;
    let mut wrong = String::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let comment = match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => "//",
            Some("lua") => "--",
            _ => continue,
        };
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let rule = read_rule(&std::fs::read_to_string(path.with_extension("yaml")).unwrap());
        let text = std::fs::read(&path).unwrap();
        labels += expected(&text, comment).len();
        for (spelling, text) in spellings(&text, comment) {
            let (expected, found) = (
                expected(&text, comment),
                found(&rule, &format!("src/{name}"), &text),
            );
            let lines: BTreeSet<&usize> = expected.keys().chain(found.keys()).collect();
            for line in lines {
                let (label, hit) = (expected.get(line), found.get(line));
                if label != hit {
                    let text =
                        |side: Option<&String>| side.map_or("nothing", |text| text).to_owned();
                    let (label, hit) = (text(label), text(hit));
                    writeln!(
                        wrong,
                        "{name}{spelling}:{line}\n  expected {label}\n  found    {hit}"
                    )
                    .unwrap();
                }
            }
        }
    }
    assert!(labels > LABELS, "only {labels} labels are compared");
    assert!(wrong.is_empty(), "{wrong}");
}

/// Fewer would mean that hardly anything is compared.
const LABELS: usize = 90;

/// Code that says the same as an expression and in a macro: patterns find the same in both.
const EXPRESSIONS: [&str; 13] = [
    "a.b(c.unwrap(), |d, e| f(d).unwrap())[0].g()?.unwrap()",
    "if a == b.c() && d { e(f) } else if g { h.unwrap() } else { i }.unwrap()",
    "match a.b() { C(d) if e(d) => f(d.unwrap()), G { h, .. } => h as u8 + 1, _ => i }",
    "{ let a = b(c)?; d[e + f] = !g.h(); return Some(a.clone()); }",
    "unsafe { *a.b::<Vec<Vec<u8>>>().unwrap() } << <A<B> as C>::d(&mut e) & f",
    "a * b + c * d - e / f == g as u16 && !h || i < j",
    "vec![a.unwrap(), b(c, d)].iter().map(Some).map(|x| -> u8 { x.unwrap() }).sum::<u8>()",
    "A { b: c.unwrap(), d: E::new(f), ..g() }.h(&i, j..k.unwrap())",
    "async move { a.b(\"c.unwrap()\").await?.unwrap() }.await",
    "loop { if let Some(a) = b.c() && a == a { break Some(a.unwrap()) } }",
    "a as *const b as *mut c as usize + <d>::e::<f>(&g as &dyn h)",
    "r#try(a)(b)(c) + (d, e.unwrap()).1 - [f; 2].len()",
    "('a', b'\\'', \"\\\"\", 1.5e-3.c(), 0xe+1, r##\"\"#\"##.d().unwrap(), 'x: loop { e(f) })",
];

#[test]
fn tokens_say_what_the_tree_says() {
    let patterns = [
        "$X.unwrap()",
        "$F($$$)",
        "$X.$M($$$)",
        "$A == $B",
        "$A + $B",
        "$A && $B",
        "$X as $T",
        "!$X",
        "$X?",
        "$X[$I]",
        "Some($X)",
        "$T::new($$$)",
        "unsafe { $$$ }",
        "return $X",
        "$A = $B;",
        "$X.clone()",
        "if $C { $$$ }",
        "$A == $A",
        "&mut $X",
        "$A * $B",
    ];
    let mut compared = 0;
    for pattern in patterns {
        let rule = read_rule(&format!(
            "language: rust\nmessage: no\nrule: {{pattern: '{pattern}'}}\n"
        ));
        for code in EXPRESSIONS {
            let hits_in = |before: &str, after: &str| -> Vec<Hit> {
                let text = format!("{before}{code}{after}");
                let found = hits(&rule, "src/a.rs", text.as_bytes()).into_iter();
                let shift = |hit: Hit| {
                    let by = |byte: usize| byte - before.len();
                    (by(hit.0), by(hit.1), by(hit.2), by(hit.3), hit.4)
                };
                let is_inside =
                    |hit: &Hit| before.len() <= hit.0 && hit.1 <= before.len() + code.len();
                let mut found: Vec<Hit> = found.filter(is_inside).map(shift).collect();
                found.sort_unstable_by_key(|hit| (hit.0, hit.1));
                found
            };
            let expected = hits_in("fn f() { let _ = ", "; }");
            compared += expected.len();
            let name = format!("{pattern} in {code}");
            assert_eq!(hits_in("fn f() { m!(1, ", "); }"), expected, "{name}");
            assert_eq!(hits_in("m! { let _ = ", "; }"), expected, "{name}");
            assert_eq!(hits_in("m![n!((", "))]"), expected, "{name}, nested");
        }
    }
    assert!(compared > 100, "only {compared} findings are compared");
}

fn hostile(many: usize) -> Vec<String> {
    let nested =
        |open: &str, close: &str| format!("{}a.unwrap(){}", open.repeat(many), close.repeat(many));
    vec![
        nested("(", ")"),
        nested("(", ""),
        nested("", ")"),
        nested("foo(\n", ")"),
        nested("{[(", ""),
        nested("!\n", ""),
        nested("a +\n", ""),
        nested("a::\n", ""),
        nested("a<", ">"),
        nested("|", ""),
        nested("a {} ", ""),
        nested("Some(\n", ")\n"),
        nested("if a {} else ", ""),
        nested("match ", " {}"),
        nested("let ", ""),
        nested("\\\"\n", ""),
        nested("/*", ""),
        nested("'", ""),
        nested("foo!(\n", ")\n"),
        nested("fn a() {\n", "}"),
        nested("", "?\n"),
        "a.unwrap(),\n".repeat(many / 4),
        "{ a.unwrap();\n".repeat(many / 20),
        format!(
            "{}a.unwrap(){}",
            "(".repeat(many),
            ",\nb.unwrap()".repeat(many / 20)
        ),
    ]
}

fn read_pattern(pattern: &str) -> Rule {
    read_rule(&format!(
        "language: rust\nmessage: no\nrule: {{pattern: '{pattern}'}}\n"
    ))
}

/// Recursion would overflow the stack.
#[test]
fn hostile_depths() {
    let rule = read_pattern("$X.unwrap()");
    for text in hostile(10_000) {
        hits(&rule, "src/a.rs", format!("m!({text})").as_bytes());
        hits(&rule, "src/a.rs", format!("fn f( {{ {text}").as_bytes());
    }
}

/// Whatever the tokens are, no pattern panics.
#[test]
fn hostile_tokens() {
    let patterns = [
        "$X.unwrap()",
        "$F($$$)",
        "$A + $B",
        "!$X",
        "Some($X)",
        "foo($X, $$$, 1)",
        "$A::$B",
        "$X?",
        "if $C { $$$ }",
        "let $P = $E;",
        "$X as $T",
        "($A, $B)",
        "|$P| $B",
        "m!($X)",
        "&$X",
    ];
    let rules: Vec<Rule> = patterns.into_iter().map(read_pattern).collect();
    let path: RepoPath = "src/a.rs".into();
    // Every piece of real code, too, begins and ends somewhere.
    let code = include_str!("../fixtures/macros/unwrap.rs");
    let cut = (0..code.len())
        .step_by(97)
        .filter_map(|at| code.get(at..at + 400));
    let texts = hostile(300).into_iter().chain(cut.map(str::to_owned));
    for text in texts {
        for (before, after) in [("m!(", ")"), ("fn f( { ", ""), ("", "")] {
            let files =
                BTreeMap::from([(path.clone(), format!("{before}{text}{after}").into_bytes())]);
            let scan = Scanner::new(&rules, false).scan(
                &Workspace::new(&Snapshot::memory(files)),
                std::slice::from_ref(&path),
            );
            assert!(scan.unchecked.is_empty());
        }
    }
}
