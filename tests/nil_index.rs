//! The analysis `nil-index` on labelled Lua: in `fixtures/lua/` a line that ends in `-- violation`
//! or `-- ambiguous`, and words that say why, is one where a value may be nil; all others are silent.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::Path;

use codex::analysis::{Analysis, Hit};
use codex::finding::Certainty;
use codex::language::Language;
use codex::matcher::Tree;
use codex::source::{RepoPath, Source};

fn hits(text: &[u8]) -> Vec<Hit> {
    hits_with(&Analysis::named("nil-index").unwrap(), text)
}

fn hits_with(analysis: &Analysis, text: &[u8]) -> Vec<Hit> {
    let grammar = (Language::named("lua").unwrap().grammar)();
    analysis.run(&Tree::parse(text, &grammar).unwrap())
}

/// Line, certainty and focus of each hit.
fn lines(text: &[u8]) -> Vec<(usize, String)> {
    let grammar = (Language::named("lua").unwrap().grammar)();
    let tree = Tree::parse(text, &grammar).unwrap();
    let source = Source::new(RepoPath::from("x.lua"), text.to_vec()).unwrap();
    let mut lines: Vec<(usize, String)> = hits(text)
        .iter()
        .map(|hit| {
            let word = match hit.certainty {
                Certainty::Violation => "violation",
                Certainty::Ambiguous => "ambiguous",
            };
            assert_eq!(hit.ask.is_some(), hit.certainty == Certainty::Ambiguous);
            (source.line(tree.range(hit.focus).start), word.to_owned())
        })
        .collect();
    lines.sort();
    lines
}

fn labels(text: &str) -> Vec<(usize, String)> {
    let labelled = text.lines().enumerate().filter_map(|(index, line)| {
        let (_, comment) = line.rsplit_once("-- ")?;
        let word = comment.split(' ').next()?;
        matches!(word, "violation" | "ambiguous").then(|| (index + 1, word.to_owned()))
    });
    labelled.collect()
}

#[test]
fn labelled_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lua");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut complaints = String::new();
    let mut count = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let (expected, found) = (labels(&text), lines(text.as_bytes()));
        count += expected.len();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        for (line, word) in expected.iter().filter(|one| !found.contains(one)) {
            writeln!(complaints, "{name}:{line}: no {word}").unwrap();
        }
        for (line, word) in found.iter().filter(|one| !expected.contains(one)) {
            writeln!(complaints, "{name}:{line}: unexpected {word}").unwrap();
        }
        if found.len() != expected.len() {
            writeln!(
                complaints,
                "{name}: {} found, {} expected",
                found.len(),
                expected.len()
            )
            .unwrap();
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
    assert!(count >= 60, "only {count} labelled lines");
}

#[test]
fn the_message_names_the_test_and_the_value() {
    let text = b"local function f(r)\n  if r.action == 'execute' then\n    r.execute.results = 1\n  end\nend\n";
    let found = hits(text);
    let [hit] = found.as_slice() else {
        unreachable!("one hit: {found:?}");
    };
    assert_eq!(
        hit.message,
        "`r.execute` may be nil: only `r.action == 'execute'` was tested"
    );
    assert_eq!(hit.labels.len(), 1);
    let (range, label) = &hit.labels[0];
    assert_eq!(&text[range.clone()], b"r.action == 'execute'");
    assert_eq!(label, "`r.action == 'execute'` is all that is known here");
}

#[test]
fn an_ambiguous_hit_asks_about_the_call() {
    let text = b"local function f(r)\n  if r.action == 'execute' and r.execute then\n    run(r)\n    r.execute.results = 1\n  end\nend\n";
    let found = hits(text);
    let asks: Vec<_> = found.iter().filter_map(|hit| hit.ask.as_deref()).collect();
    assert_eq!(asks, ["Can `r.execute` be nil after `run(r)`?"]);
    assert_eq!(found[0].labels.len(), 2);
}

#[test]
fn options() {
    let mut analysis = Analysis::named("nil-index").unwrap();
    let guarded = |guard: &str| {
        format!(
            "local function f(r)\n  if r.action == 'a' then\n    {guard}\n    r.a.b = 1\n  end\nend\n"
        )
    };
    let count = |analysis: &Analysis, guard: &str| {
        let hits = hits_with(analysis, guarded(guard).as_bytes());
        hits.iter()
            .filter(|hit| hit.certainty == Certainty::Violation)
            .count()
    };
    let no_return = "if not r.a then refuse('none') end";
    assert_eq!(count(&analysis, no_return), 1);
    analysis.set("no-return", "refuse").unwrap();
    assert_eq!(count(&analysis, no_return), 0);
    let asserting = "check(r.x, r.a)";
    analysis.set("asserting", "check 2").unwrap();
    assert_eq!(count(&analysis, asserting), 0);
    let pure = "look(r)";
    assert_eq!(count(&analysis, pure), 0);
    analysis.set("pure", "look").unwrap();
    assert_eq!(count(&analysis, pure), 1);
    assert!(analysis.set("asserting", "check 0").is_err());
    assert!(analysis.set("asserting", "check first").is_err());
    assert!(analysis.set("no-such-option", "x").is_err());
    assert!(Analysis::named("no-such-analysis").is_none());
    assert_eq!(Analysis::languages("nil-index"), ["lua"]);
}

#[test]
fn options_extend_the_profiles() {
    let count = |analysis: &Analysis, text: &str| {
        let hits = hits_with(analysis, text.as_bytes());
        let is_violation = |hit: &&Hit| hit.certainty == Certainty::Violation;
        (hits.iter().filter(is_violation).count(), hits.len())
    };
    let with = |options: &[(&str, &str)]| {
        let mut analysis = Analysis::named("nil-index").unwrap();
        for (option, value) in options {
            analysis.set(option, value).unwrap();
        }
        analysis
    };
    let cases = [
        (
            "nil-apis",
            "db.find",
            "local r = db.find(1)\nprint(r.x)\n",
            (0, 0),
            (1, 1),
        ),
        (
            "nil-apis",
            "db:find -> some | nil",
            "local r = db:find(1)\nprint(r.x)\n",
            (0, 0),
            (1, 1),
        ),
        (
            "soft-nil-apis",
            "db.find",
            "print(db.find(1).x)\n",
            (0, 0),
            (0, 1),
        ),
        (
            "nonnil-apis",
            "io.open",
            "print(io.open('x').y)\n",
            (1, 1),
            (0, 0),
        ),
        (
            "asserting",
            "env_assert 2",
            "local f = io.open('x')\nenv_assert(1, f)\nprint(f.y)\n",
            (0, 1),
            (0, 0),
        ),
        (
            "predicates",
            "is_file",
            "local f = io.open('x')\nif is_file(f) then print(f.y) end\n",
            (0, 1),
            (0, 0),
        ),
        (
            "no-return",
            "app.stop",
            "local f = io.open('x')\nif not f then app.stop() end\nprint(f.y)\n",
            (1, 1),
            (0, 0),
        ),
        (
            "maybe-fields",
            "request.user",
            "print(request.user.name)\n",
            (0, 0),
            (1, 1),
        ),
        (
            "soft-fields",
            "request.*",
            "print(request.user.name)\n",
            (0, 0),
            (0, 1),
        ),
        (
            "untrusted-sources",
            "request.params",
            "local t = load_all()\nprint(t[request.params].x)\n",
            (0, 0),
            (1, 1),
        ),
        (
            "decoders",
            "toml.parse",
            "local d = toml.parse('x')\nprint(d.a.b)\n",
            (0, 0),
            (0, 1),
        ),
        (
            "err-names",
            "problem",
            "local r, problem = get()\nprint(r.x)\n",
            (0, 0),
            (1, 1),
        ),
        (
            "callback-names",
            "done",
            "local function f(done) done() end\n",
            (0, 0),
            (0, 1),
        ),
        (
            "array-index",
            "off",
            "local function f(t) return t[#t].x end\n",
            (0, 1),
            (0, 0),
        ),
        (
            "computed-key",
            "off",
            "local t = { a = {} }\nlocal function f(k) return t[k].x end\n",
            (0, 1),
            (0, 0),
        ),
        (
            "report-use-then-test",
            "off",
            "local function f(x)\n  print(x.a)\n  if x then print(1) end\nend\n",
            (0, 1),
            (0, 0),
        ),
        (
            "discriminator-fields",
            "kind",
            "local function f(x) if x.type == 'a' then return x.p.q end end\n",
            (0, 1),
            (0, 0),
        ),
        (
            "profiles",
            "lua51",
            "print(ngx.var.arg_x.y)\n",
            (1, 1),
            (0, 0),
        ),
    ];
    for (option, value, text, without, expected) in cases {
        assert_eq!(count(&with(&[]), text), without, "{option}: {text}");
        assert_eq!(
            count(&with(&[(option, value)]), text),
            expected,
            "{option}: {text}"
        );
    }
    // The order of the options does not matter.
    let text = "print(db.find(1).x, ngx.var.arg_x.y)\n";
    for options in [
        [("profiles", "lua54"), ("nil-apis", "db.find")],
        [("nil-apis", "db.find"), ("profiles", "lua54")],
    ] {
        assert_eq!(count(&with(&options), text), (1, 1));
    }
}

#[test]
fn what_options_refuse() {
    let mut analysis = Analysis::named("nil-index").unwrap();
    for (option, value, complaint) in [
        ("profiles", "lua5.1", "did you mean `lua51`?"),
        (
            "profiles",
            "python",
            "known are lua51, luajit, lua54, openresty",
        ),
        ("array-index", "maybe", "neither `off` nor `ambiguous`"),
        (
            "nil-apis",
            "db.find -> something",
            "`something` is no result",
        ),
        ("nil-apis", "not a name", "is no name"),
        ("nil-apis", "", "is no name"),
        ("asserting", "check 0", "is not the number of an argument"),
        ("pure", "a..b", "is no name"),
        ("err-names", "*err*", "`*` or `?` at one end"),
        ("err-names", "*", "is no name"),
    ] {
        let refused = analysis.set(option, value).unwrap_err();
        assert!(refused.contains(complaint), "{option} {value}: {refused}");
    }
}

const SEEN: &str = "\nlocal function f(r)\n  if r.action == 'a' then\n    r.a.b = 1\n  end\nend\n";

#[test]
fn a_broken_or_too_deep_function_is_left_alone_and_the_rest_is_not() {
    let broken =
        format!("local function g(r)\n  if r.action == 'a' then r.a.b = = 1 end\nend\n{SEEN}");
    assert_eq!(hits(broken.as_bytes()).len(), 1);
    let nested = |open: &str, close: &str| {
        let count = 100_000;
        format!(
            "local function g()\n  return {}1{}\nend\n{SEEN}",
            open.repeat(count),
            close.repeat(count)
        )
    };
    assert_eq!(hits(nested("(", ")").as_bytes()).len(), 1);
    assert_eq!(hits(nested("{", "}").as_bytes()).len(), 1);
    assert_eq!(hits(nested("not ", "").as_bytes()).len(), 1);
    assert_eq!(
        hits(nested("{ function() return ", " end }").as_bytes()).len(),
        1
    );
}

#[test]
fn what_is_just_not_too_deep_fits_the_stack() {
    let wrapped = |open: &str, inner: &str, close: &str, count: usize| {
        let (open, close) = (open.repeat(count), close.repeat(count));
        format!("local function g(a, f)\n  {open}{inner}{close}\nend\n{SEEN}")
    };
    let texts = [
        wrapped("if a.b then ", "", " end", 95),
        wrapped("while a.b do ", "", " end", 95),
        wrapped("repeat ", "", " until a.b", 95),
        wrapped("for i = 1, a.b do ", "", " end", 95),
        wrapped("do ", "", " end", 95),
        wrapped("f(", "a", ")", 95),
        wrapped("f{", "a", "}", 65),
        format!(
            "local function g(a, f)\n  return {}\nend\n{SEEN}",
            vec!["a.b == 'c'"; 190].join(" and ")
        ),
        format!(
            "local function g(a, f)\n  return {}\nend\n{SEEN}",
            vec!["a.b"; 190].join(" or ")
        ),
        format!(
            "local function g(a, f)\n  return {}a\nend\n{SEEN}",
            "not ".repeat(190)
        ),
        format!(
            "local function g(a, f)\n  return a{}\nend\n{SEEN}",
            ".b[1]".repeat(95)
        ),
        format!(
            "local function g(a, f)\n  return a{}\nend\n{SEEN}",
            ":b()".repeat(95)
        ),
    ];
    for text in texts {
        assert_eq!(hits(text.as_bytes()).len(), 1, "{text}");
    }
}

#[test]
fn long_functions_come_to_an_end() {
    let repeated = |head: &str, piece: &dyn Fn(usize) -> String, tail: &str| {
        let middle: String = (0..1_000).map(piece).collect();
        format!("{head}{middle}{tail}{SEEN}")
    };
    let texts = [
        repeated(
            "local function g(x)\n",
            &|n| format!("  if x.a{n} then x.b{n}.c = {n} end\n"),
            "end\n",
        ),
        repeated(
            "local function g(x)\n",
            &|n| format!("  x.a{n}(x)\n"),
            "end\n",
        ),
        repeated(
            "local function g(x)\n  if x.t == 'z' then\n",
            &|n| format!("  elseif x.a{n} then h{n}()\n"),
            "  end\nend\n",
        ),
        repeated(
            "local M = {}\n",
            &|n| format!("function M.f{n}() return M.f{n} end\n"),
            "",
        ),
        repeated(
            "local M = {}\n",
            &|n| format!("M.f{n} = M['k'] or {{}}\nM[g] = 1\n"),
            "",
        ),
    ];
    for text in texts {
        assert_eq!(hits(text.as_bytes()).len(), 1);
    }
    // Each arm, and each jump, brings something that lasts: the whole is followed all the same.
    let arms = repeated(
        "local function g(x)\n  local b\n  if x == 1 then\n",
        &|n| format!("  elseif x == 'k{n}' then s{n} = io.open(x) s{n}:go() b = s{n}\n"),
        "  end\n  return b.q\nend\n",
    );
    assert_eq!(hits(arms.as_bytes()).len(), 1_002);
    let jumps = repeated(
        "local function g(x)\n  local b\n",
        &|n| format!("  if x.a{n} then b = x.a{n} goto done end\n"),
        "  ::done::\n  return b.q\nend\n",
    );
    assert_eq!(hits(jumps.as_bytes()).len(), 2);
}
