//! The formats: each tells the same story of one run, finding by finding, whatever texts and paths the run holds.
//!
//! `fixtures/outputs/NAME.json` is a report, the folder NAME beside it what the formats make of it (`OVERWRITE=1` writes it anew; it
//! is then read, not trusted). The same story is then asked of a real run. Deliberately absent: what the schemas say,
//! which is asked of independent validators in `.ci/formats.py`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scratch;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use codex::finding::{Disposition, Report};
use codex::report::plain_text::visible_line;
use codex::report::{Format, Style, Surroundings, render};
use serde_json::Value;

/// Rule, path, line, weight.
type Told = (String, String, u64, String);

type Reader = fn(&str) -> Vec<Told>;

/// The formats that tell findings one by one.
const FORMATS: [(&str, Reader); 6] = [
    ("sarif", sarif),
    ("github", github),
    ("markdown", markdown),
    ("gitlab", gitlab),
    ("rdjson", rdjson),
    ("junit", junit),
];

fn told(rule: &str, path: &str, line: u64, weight: &str) -> Told {
    (rule.to_owned(), visible_line(path), line, weight.to_owned())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn array(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn json(report: &str) -> Vec<Told> {
    let report: Value = serde_json::from_str(report).unwrap();
    let mut all = Vec::new();
    for finding in array(&report["findings"]) {
        let weight = text(&finding["disposition"]);
        if matches!(weight, "block" | "review" | "warn" | "note") {
            let line = finding["focus"]["start"]["line"].as_u64().unwrap();
            let (rule, path) = (text(&finding["rule"]), text(&finding["path"]));
            all.push(told(rule, path, line, weight));
        }
    }
    let weight = if report["base"].is_null() {
        "note"
    } else {
        "review"
    };
    for unchecked in array(&report["unchecked"]) {
        all.push(told("codex-unchecked", text(&unchecked["path"]), 1, weight));
    }
    all
}

fn sarif(report: &str) -> Vec<Told> {
    let report: Value = serde_json::from_str(report).unwrap();
    let run = &report["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = array(&run["tool"]["driver"]["rules"]);
    let one = |result: &Value| {
        let rule = text(&result["ruleId"]);
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], rule);
        let location = &result["locations"][0]["physicalLocation"];
        for number in ["startLine", "startColumn", "endLine", "endColumn"] {
            assert!(location["region"][number].is_u64(), "{location}");
        }
        let fingerprint = text(&result["partialFingerprints"]["primaryLocationLineHash"]);
        assert_eq!(fingerprint.len(), 16);
        let uri = text(&location["artifactLocation"]["uri"]);
        let weight = text(&result["properties"]["disposition"]);
        let level = match weight {
            "block" => "error",
            "review" | "warn" => "warning",
            _ => "note",
        };
        assert_eq!(result["level"], level);
        let line = location["region"]["startLine"].as_u64().unwrap();
        told(rule, &percent_decoded(uri), line, weight)
    };
    array(&run["results"]).iter().map(one).collect()
}

fn percent_decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'%' {
            let hex = std::str::from_utf8(&after[..2]).unwrap();
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Every line is one command, read as the runner reads it.
fn github(report: &str) -> Vec<Told> {
    let mut all = Vec::new();
    for line in report.lines() {
        let rest = line.strip_prefix("::").unwrap();
        let (head, message) = rest.split_once("::").unwrap();
        let (kind, properties) = head.split_once(' ').unwrap();
        let properties: BTreeMap<&str, String> = properties
            .split(',')
            .map(|property| property.split_once('=').unwrap())
            .map(|(name, value)| (name, percent_decoded(value)))
            .collect();
        let title = properties["title"].as_str();
        let message = percent_decoded(message);
        let (rule, weight) = match (kind, title.strip_prefix("needs manual review: ")) {
            ("error", None) => (title, "block"),
            ("warning", Some(rule)) => (rule, "review"),
            ("warning", None) => (title, "warn"),
            ("notice", None) => (title, "note"),
            _ => panic!("{line}"),
        };
        if title.contains(' ') && rule == title {
            continue; // about the law
        }
        let (mut path, mut line) = (properties["file"].clone(), properties["line"].clone());
        if message.contains("\nsince ") {
            let own = message.lines().next().unwrap();
            let mut parts = own.splitn(3, ':');
            path = parts.next().unwrap().to_owned();
            line = parts.next().unwrap().to_owned();
            let cause = format!("since {}:{}: ", properties["file"], properties["line"]);
            assert!(message.contains(&cause), "{message}");
        }
        all.push(told(rule, &path, line.parse().unwrap(), weight));
    }
    all
}

/// The text of the code span at the beginning, and what follows.
fn code_span(text: &str) -> (String, &str) {
    let fence = text.len() - text.trim_start_matches('`').len();
    assert!(fence > 0, "{text}");
    let mark = "`".repeat(fence);
    let inner = &text[fence..];
    let mut from = 0;
    loop {
        let at = from + inner[from..].find(&mark).unwrap();
        let run = inner[at..].len() - inner[at..].trim_start_matches('`').len();
        if run == fence {
            let span = &inner[..at];
            let padded = span
                .strip_prefix(' ')
                .and_then(|span| span.strip_suffix(' '));
            return (padded.unwrap_or(span).to_owned(), &inner[at + fence..]);
        }
        from = at + run;
    }
}

fn markdown(report: &str) -> Vec<Told> {
    assert!(report.starts_with("<!-- engineering-codex -->\n"));
    let mut weight = "";
    let mut all = Vec::new();
    for line in report.lines() {
        if let Some(section) = line.strip_prefix("### ") {
            let (name, _) = section.rsplit_once(' ').unwrap();
            weight = match name {
                "Block" => "block",
                "Needs manual review" => "review",
                "Warnings" => "warn",
                "Notes" => "note",
                _ => "",
            };
        } else if let Some(item) = line.strip_prefix("- ").filter(|_| !weight.is_empty()) {
            let (rule, rest) = code_span(item);
            let (place, _) = code_span(rest.strip_prefix(" at ").unwrap());
            let (path, line) = place.rsplit_once(':').unwrap();
            all.push(told(&rule, path, line.parse().unwrap(), weight));
        }
    }
    all
}

/// What is said of the law itself, or of the whole run, is no finding.
fn is_about_the_law(rule: &str) -> bool {
    let rules = [
        "codex-law-changed",
        "codex-exception-added",
        "codex-rule-refused",
        "codex-glass-broken",
    ];
    rules.contains(&rule)
}

fn gitlab(report: &str) -> Vec<Told> {
    let report: Value = serde_json::from_str(report).unwrap();
    let entries = array(&report);
    let mut fingerprints: Vec<&str> = entries
        .iter()
        .map(|entry| text(&entry["fingerprint"]))
        .collect();
    fingerprints.sort_unstable();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), entries.len(), "fingerprints are unique");
    let one = |entry: &Value| {
        let weight = match text(&entry["severity"]) {
            "critical" => "block",
            "major" => "review",
            "minor" => "warn",
            "info" => "note",
            other => panic!("{other}"),
        };
        let place = &entry["location"];
        let line = place["lines"]["begin"].as_u64().unwrap();
        let (rule, path) = (text(&entry["check_name"]), text(&place["path"]));
        told(rule, path, line, weight)
    };
    let all = entries.iter().map(one);
    all.filter(|told| !is_about_the_law(&told.0)).collect()
}

fn rdjson(report: &str) -> Vec<Told> {
    let report: Value = serde_json::from_str(report).unwrap();
    let one = |entry: &Value| {
        let rule = text(&entry["code"]["value"]);
        let message = text(&entry["message"]);
        let is_review = message.starts_with("needs manual review: ") || rule == "codex-unchecked";
        let weight = match (text(&entry["severity"]), is_review) {
            ("ERROR", false) => "block",
            ("WARNING", true) => "review",
            ("WARNING", false) => "warn",
            ("INFO", _) => "note",
            other => panic!("{other:?}"),
        };
        let place = &entry["location"];
        let line = place["range"]["start"]["line"].as_u64().unwrap();
        told(rule, text(&place["path"]), line, weight)
    };
    let all = array(&report["diagnostics"]).iter().map(one);
    all.filter(|told| !is_about_the_law(&told.0)).collect()
}

fn junit(report: &str) -> Vec<Told> {
    let document = roxmltree::Document::parse(report).unwrap();
    let mut names = Vec::new();
    let mut all = Vec::new();
    let tests = document.descendants();
    for test in tests.filter(|node| node.has_tag_name("testcase")) {
        let attribute = |name: &str| test.attribute(name).unwrap();
        names.push((attribute("classname"), attribute("name")));
        let outcome = test
            .children()
            .find(|node| node.has_tag_name("failure") || node.has_tag_name("skipped"));
        if let Some(outcome) = outcome {
            let line = attribute("line").parse().unwrap();
            let weight = outcome.attribute("type").unwrap();
            all.push(told(
                attribute("classname"),
                attribute("file"),
                line,
                weight,
            ));
        }
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "names of tests are unique");
    all
}

/// Rule, path and line of what rejects, as the JSON says it and as the tests are red.
fn rejecting(json: &str, junit: &str) -> [Vec<(String, String, u64)>; 2] {
    let report: Value = serde_json::from_str(json).unwrap();
    let place = |rule: &str, path: &str, line| (rule.to_owned(), visible_line(path), line);
    let findings = array(&report["findings"]).iter();
    let findings = findings.filter(|finding| finding["rejects"] == true);
    let mut wanted: Vec<_> = findings
        .map(|finding| {
            let line = finding["focus"]["start"]["line"].as_u64().unwrap();
            place(text(&finding["rule"]), text(&finding["path"]), line)
        })
        .collect();
    let unchecked = array(&report["unchecked"]).iter();
    let unchecked = unchecked.filter(|unchecked| unchecked["rejects"] == true);
    wanted.extend(unchecked.map(|one| place("codex-unchecked", text(&one["path"]), 1)));
    let document = roxmltree::Document::parse(junit).unwrap();
    let failures = document.descendants();
    let failures = failures.filter(|node| node.has_tag_name("failure"));
    let mut red: Vec<_> = failures
        .map(|failure| {
            let test = failure.parent().unwrap();
            let attribute = |name: &str| test.attribute(name).unwrap();
            let line = attribute("line").parse().unwrap();
            place(attribute("classname"), attribute("file"), line)
        })
        .collect();
    wanted.sort();
    red.sort();
    [wanted, red]
}

/// What is not as the JSON tells it.
fn differences(name: &str, reports: &BTreeMap<String, String>) -> Vec<String> {
    let mut wanted = json(&reports["json"]);
    wanted.sort();
    let mut found = Vec::new();
    for (format, read) in FORMATS {
        let mut is = read(&reports[format]);
        is.sort();
        if is != wanted {
            found.push(format!("{name}: {format} tells\n{is:#?}\nnot\n{wanted:#?}"));
        }
        let raw = |character: &char| character.is_control() && *character != '\n';
        if let Some(raw) = reports[format].chars().find(raw) {
            found.push(format!("{name}: {format} holds a raw {raw:?}"));
        }
    }
    let [wanted, red] = rejecting(&reports["json"], &reports["junit"]);
    if wanted != red {
        found.push(format!("{name}: red are\n{red:#?}\nnot\n{wanted:#?}"));
    }
    found
}

fn rendered(report: &Report, format: Format, surroundings: &Surroundings) -> String {
    let mut out = Vec::new();
    render(format, report, surroundings, Style::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn all_formats(report: &Report) -> BTreeMap<String, String> {
    let render = |(name, format): (&str, Format)| {
        let text = rendered(report, format, &Surroundings::default());
        (name.to_owned(), text)
    };
    Format::ALL.into_iter().map(render).collect()
}

fn fixtures() -> Vec<(String, Report)> {
    let folder = Path::new("fixtures/outputs");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    assert!(files.len() >= 5);
    let read = |path: PathBuf| {
        let report = serde_json::from_slice(&fs::read(&path).unwrap());
        let report = report.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (
            path.file_stem().unwrap().to_string_lossy().into_owned(),
            report,
        )
    };
    files.into_iter().map(read).collect()
}

fn fixture(name: &str) -> Report {
    let found = fixtures().into_iter().find(|(known, _)| known == name);
    found.unwrap().1
}

#[test]
fn reports_are_told_the_same_way_in_every_format() {
    let mut found = Vec::new();
    for (name, report) in fixtures() {
        let reports = all_formats(&report);
        found.extend(differences(&name, &reports));
        let folder = Path::new("fixtures/outputs").join(&name);
        for (format, text) in reports.iter().filter(|(format, _)| *format != "json") {
            let file = folder.join(format!("{format}.txt"));
            if std::env::var_os("OVERWRITE").is_some() {
                fs::create_dir_all(&folder).unwrap();
                fs::write(&file, text).unwrap();
            } else if fs::read_to_string(&file).ok().as_ref() != Some(text) {
                found.push(format!("{}: now reads\n{text}", file.display()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What is told of a run beside its findings, and by which words; where a form has no place for it, it stands in no row:
/// GitLab and reviewdog know defects at places only, and GitHub's annotations leave counts to the summary.
#[test]
fn what_is_told_of_the_run_is_told_by_every_format_that_can() {
    let glass = "GLASS BROKEN by alice: 41 findings let through: disk full on edge 17";
    let rows: [(&str, &[&str], &str); 16] = [
        ("emergency", &ALL[..], glass),
        ("emergency", &ALL[..], "codex.toml"),
        ("emergency", &ALL[..], "too large"),
        ("everything", &ALL[..], "built two lines up"),
        ("hostile", &ALL[..], "rule not used"),
        ("emergency", &["markdown"], "`feedfacefeedface`"),
        (
            "emergency",
            &["json", "sarif"],
            "\"rules_hash\": \"feedfacefeedface\"",
        ),
        (
            "emergency",
            &["junit"],
            "name=\"rules_hash\" value=\"feedfacefeedface\"",
        ),
        ("emergency", &["human", "markdown"], "7 files left out"),
        ("emergency", &["json", "sarif"], "\"left_out\": 7"),
        ("emergency", &["junit"], "name=\"left_out\" value=\"7\""),
        (
            "emergency",
            &["human", "markdown"],
            "13 statements not reviewed",
        ),
        (
            "emergency",
            &["json", "sarif"],
            "\"statements_not_reviewed\": 13",
        ),
        (
            "emergency",
            &["junit"],
            "name=\"statements_not_reviewed\" value=\"13\"",
        ),
        (
            "emergency",
            &["human", "markdown"],
            "reviewer: echo, 9 cases, 5 asked, 3 from the cache, 1 left out, 2 answered invalidly",
        ),
        ("emergency", &["human", "markdown"], "those of base"),
    ];
    for (name, formats, wanted) in rows {
        let reports = all_formats(&fixture(name));
        for format in formats {
            let text = &reports[*format];
            let is_told = match *format {
                "json" if wanted == glass => text.contains("\"disk full on edge 17\""),
                "json" if wanted == "rule not used" => text.contains("\"rules_refused\": [\n    {"),
                "junit" if wanted == "rule not used" => text.contains("<error "),
                "markdown" if wanted == "rule not used" => text.contains("### Rules not used"),
                _ => text.contains(wanted),
            };
            assert!(
                is_told,
                "{name}: {format} does not tell `{wanted}`:\n{text}"
            );
        }
    }
}

const ALL: [&str; 8] = [
    "human", "json", "sarif", "github", "markdown", "gitlab", "rdjson", "junit",
];

#[test]
fn a_report_that_is_read_is_the_one_that_was_written() {
    for (name, report) in fixtures() {
        let text = rendered(&report, Format::Json, &Surroundings::default());
        let again: Report = serde_json::from_str(&text).unwrap();
        assert_eq!(again, report, "{name}");
    }
}

#[test]
fn a_run_tells_the_same_story_in_every_format() {
    let scratch = scratch::folder();
    let folder = scratch.path();
    let code = "fn ä(x: Option<u8>) { /* 🦀 ::error::x ]]> <b> */ x.unwrap(); } // `\n";
    let names: [&[u8]; 8] = [
        b"plain.rs",
        b"new\n::error::line.rs",
        b"bro\xffken.rs",
        b"bro\xfeken.rs",
        b"100%41.rs",
        b"`a, b: c`.rs",
        b"<b>]]>&\".rs",
        b"esc\x1b[31m.rs",
    ];
    for name in names {
        let path = codex::source::RepoPath::new(name).to_path();
        fs::write(folder.join(path), code).unwrap();
    }
    let lossy = b"// \xff\xff\nfn a(m: std::sync::Mutex<u8>) { let _ = \"\xff\xc3\"; m.lock().unwrap(); }\n";
    scratch::write(folder, "lossy.rs", lossy);
    scratch::write(folder, "nul.rs", b"\0");
    let out = scratch::folder();
    let mut command = scratch::codex(folder);
    command.args(["check", "--all"]);
    for (name, _) in Format::ALL {
        let file = out.path().join(name);
        command
            .arg("--format")
            .arg(format!("{name}={}", file.display()));
    }
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let read = |(name, _): (&str, Format)| {
        let text = fs::read_to_string(out.path().join(name)).unwrap();
        (name.to_owned(), text)
    };
    let reports: BTreeMap<String, String> = Format::ALL.into_iter().map(read).collect();
    let told = json(&reports["json"]);
    assert_eq!(told.len(), names.len() + 2, "{told:#?}");
    let found = differences("a run", &reports);
    assert!(found.is_empty(), "{}", found.join("\n"));
    the_columns_hold_the_name(folder, &reports);
}

/// What rejects is decided file by file, and somebody may let it through: then nothing is red.
#[test]
fn the_tests_are_red_where_the_check_rejects() {
    let scratch = scratch::folder();
    let folder = scratch.path();
    let ambiguous = "fn a(m: std::sync::Mutex<u8>) { m.lock().unwrap(); }\n";
    scratch::write(folder, "strict/a.rs", ambiguous);
    scratch::write(folder, "b.rs", ambiguous);
    scratch::write(folder, "old/c.rs", "fn c(x: Option<u8>) { x.unwrap(); }\n");
    let config =
        "extends = [\"embedded\"]\n[[paths]]\nglobs = [\"strict/**\"]\nfail-on = \"review\"\n";
    scratch::write(folder, "codex.toml", config);
    let cases: [(&[&str], i32, &[&str]); 4] = [
        (&[], 1, &["old/c.rs", "strict/a.rs"]),
        (
            &["--fail-on", "review"],
            1,
            &["b.rs", "old/c.rs", "strict/a.rs"],
        ),
        (&["--fail-on", "block"], 1, &["old/c.rs"]),
        (&["--break-glass", "the disk is full"], 0, &[]),
    ];
    for (arguments, exit, wanted) in cases {
        let run = |format: &str| {
            let mut command = scratch::codex(folder);
            command
                .args(["check", "--all", "--format", format])
                .args(arguments);
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(exit), "{arguments:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        let [in_json, red] = rejecting(&run("json"), &run("junit"));
        assert_eq!(in_json, red, "{arguments:?}");
        let red: Vec<&str> = red.iter().map(|(_, path, _)| path.as_str()).collect();
        assert_eq!(red, wanted, "{arguments:?}");
    }
}

/// SARIF counts characters, rdjson bytes; both must cut `unwrap` out of the line.
fn the_columns_hold_the_name(folder: &Path, reports: &BTreeMap<String, String>) {
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let line = |path: &str, line: usize| -> Vec<u8> {
        let bytes = fs::read(folder.join(path)).unwrap();
        bytes
            .split(|byte| *byte == b'\n')
            .nth(line - 1)
            .unwrap()
            .to_vec()
    };
    let mut compared = 0;
    let sarif: Value = serde_json::from_str(&reports["sarif"]).unwrap();
    for result in array(&sarif["runs"][0]["results"]) {
        let location = &result["locations"][0]["physicalLocation"];
        let path = text(&location["artifactLocation"]["uri"]);
        let region = &location["region"];
        if ["plain.rs", "lossy.rs"].contains(&path) {
            let line = line(path, number(&region["startLine"]));
            let line = String::from_utf8_lossy(&line).into_owned();
            let (start, end) = (number(&region["startColumn"]), number(&region["endColumn"]));
            let part: String = line.chars().skip(start - 1).take(end - start).collect();
            assert_eq!(part, "unwrap", "{line}");
            compared += 1;
        }
    }
    let rdjson: Value = serde_json::from_str(&reports["rdjson"]).unwrap();
    for entry in array(&rdjson["diagnostics"]) {
        let path = text(&entry["location"]["path"]);
        let (start, end) = (
            &entry["location"]["range"]["start"],
            &entry["location"]["range"]["end"],
        );
        if ["plain.rs", "lossy.rs"].contains(&path) {
            let line = line(path, number(&start["line"]));
            let part = &line[number(&start["column"]) - 1..number(&end["column"]) - 1];
            assert_eq!(part, b"unwrap");
            compared += 1;
        }
    }
    assert_eq!(compared, 4);
}

#[test]
fn what_changes_directions_or_hides_is_made_visible_one_for_one() {
    let hidden =
        "\u{61c}\u{180e}\u{200b}\u{202e}\u{2066}\u{206f}\u{3164}\u{feff}\u{ffa0}\u{fff9}\u{e0041}";
    let shown = visible_line(&format!("a{hidden}b"));
    assert_eq!(shown, format!("a{}b", "\u{fffd}".repeat(11)));
}

#[test]
fn nothing_hostile_becomes_markup() {
    use pulldown_cmark::{Event, Options, Parser, Tag, TextMergeStream};
    let text = rendered(
        &fixture("hostile"),
        Format::Markdown,
        &Surroundings::default(),
    );
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_MATH;
    let mut links = Vec::new();
    for event in TextMergeStream::new(Parser::new_ext(&text, options)) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                assert!(
                    ["<!-- engineering-codex -->\n", "<br>"].contains(&&*html),
                    "{html}"
                );
            }
            Event::Start(Tag::Link { dest_url, .. }) => links.push(dest_url.to_string()),
            Event::Start(
                Tag::Image { .. } | Tag::Emphasis | Tag::Strong | Tag::Table(_) | Tag::CodeBlock(_),
            )
            | Event::InlineMath(_) => {
                // Strong are the counts, and that somebody broke the glass.
                assert!(matches!(event, Event::Start(Tag::Strong)), "{event:?}");
            }
            Event::Text(text) => {
                // What GitHub or GitLab make a mention, a reference or a link of.
                let lower = text.to_lowercase();
                let becomes_something = [
                    "@everyone",
                    "@evil",
                    "#1",
                    "://",
                    "www.",
                    "gh-7",
                    "gh-8",
                    "!1",
                    "~1",
                    "~\"",
                    "$1",
                    "%1",
                    "%\"",
                    "&1",
                    "^alert",
                ];
                let found = becomes_something.iter().find(|word| lower.contains(**word));
                assert!(found.is_none(), "{found:?} in {text}");
            }
            _ => {}
        }
    }
    assert!(
        links
            .iter()
            .all(|link| link.starts_with("https://git.example/")),
        "{links:?}"
    );
    assert!(
        !text.lines().any(|line| line.trim_start().starts_with('/')),
        "a quick action"
    );
    let strong = text.matches("**").count();
    assert_eq!(strong, 4, "{text}");
}

/// A report of so many findings of each weight, with texts of this length.
fn many(count: usize, length: usize) -> Report {
    let mut report = fixture("everything");
    let model = report.findings[0].clone();
    let weights = [
        Disposition::Note,
        Disposition::Warn,
        Disposition::Review,
        Disposition::Block,
    ];
    report.findings = (0..count)
        .flat_map(|number| weights.map(|weight| (number, weight)))
        .map(|(number, disposition)| {
            let mut finding = model.clone();
            finding.disposition = disposition;
            finding.path = format!("src/{number}.rs").into();
            finding.message = "*x*".repeat(length);
            finding.fingerprint = format!("{number:012x}{}", disposition.word());
            finding
        })
        .collect();
    report.unchecked.clear();
    report.law_changed = vec![report.law_changed[0].clone(); count];
    report
}

#[test]
fn no_format_outgrows_its_platform() {
    let surroundings = Surroundings::default();
    let report = many(6_500, 1);
    let text = rendered(&report, Format::Github, &surroundings);
    for (kind, more) in [("error", "6491"), ("warning", "12991"), ("notice", "6492")] {
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with(&format!("::{kind} ")))
            .collect();
        assert_eq!(lines.len(), 10);
        let wanted = format!("{more} more in the summary");
        assert!(lines[9].contains(&wanted), "{}", lines[9]);
    }
    // What needs a human comes before what only warns.
    let first = text
        .lines()
        .find(|line| line.starts_with("::warning "))
        .unwrap();
    assert!(first.contains("title=needs manual review"), "{first}");
    let text = rendered(&report, Format::Sarif, &surroundings);
    let sarif: Value = serde_json::from_str(&text).unwrap();
    let results = array(&sarif["runs"][0]["results"]);
    assert_eq!(results.len(), 25_000);
    assert_eq!(results[0]["level"], "error");
    assert!(text.contains("1000 more results are left out"));
    for length in [1, 300, 100_000] {
        let report = many(300.min(1_000_000 / length), length);
        // A terminal and the contract show all.
        for (name, _) in FORMATS {
            let format = Format::named(name).unwrap();
            let text = rendered(&report, format, &surroundings);
            assert!(
                text.len() < report.findings.len() * 12_000 + 200_000,
                "{name}"
            );
        }
        let text = rendered(&report, Format::Markdown, &surroundings);
        assert!(text.len() <= 60_000, "{} bytes", text.len());
        assert!(text.contains("### Block") && text.contains("more in the JSON report"));
        assert!(text.contains("The law itself changes"), "{text}");
    }
}

/// GitHub refuses SARIF of more than 10 MB, compressed. What cannot be compressed is what somebody made up for it:
/// texts and paths without repetition. `.ci/formats.py` compresses such a report.
#[test]
fn nobody_can_make_sarif_too_large() {
    for (messages, paths) in [(4_000, 10), (100, 4_000), (0, 250)] {
        let mut report = many(6_250, 1);
        let mut random = 0_u64;
        let mut text = |length: usize| -> String {
            let letters = std::iter::repeat_with(|| {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                char::from(b'a' + u8::try_from(random >> 60).unwrap())
            });
            letters.take(length).collect()
        };
        for finding in &mut report.findings {
            finding.message = text(messages);
            finding.path = text(paths).into();
            finding.labels.clear();
        }
        let written = rendered(&report, Format::Sarif, &Surroundings::default());
        let sarif: Value = serde_json::from_str(&written).unwrap();
        let results = array(&sarif["runs"][0]["results"]);
        let size = |result: &Value| {
            let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            text_of(&result["message"]["text"]).len() + text_of(place).len()
        };
        let bytes: usize = results.iter().map(size).sum();
        assert!(bytes < 12_000_000, "{bytes} bytes of {messages}, {paths}");
        // Of what GitHub keeps nothing is lost but for paths that nobody has.
        assert!(
            results.len() >= if paths > 250 { 400 } else { 5_000 },
            "{}",
            results.len()
        );
        let left_out = 25_000 - results.len();
        let notice = format!("{left_out} more results are left out");
        assert_eq!(written.contains(&notice), left_out > 0);
    }
}

#[test]
fn what_is_suppressed_reaches_sarif_only_when_asked_for() {
    let report = fixture("everything");
    let count = |sarif_suppressed| {
        let surroundings = Surroundings {
            sarif_suppressed,
            ..Surroundings::default()
        };
        let text = rendered(&report, Format::Sarif, &surroundings);
        let sarif: Value = serde_json::from_str(&text).unwrap();
        let results = array(&sarif["runs"][0]["results"]).to_vec();
        let reasons: Vec<String> = results
            .iter()
            .filter(|result| !result["suppressions"].is_null())
            .map(|result| text_of(&result["suppressions"][0]["justification"]))
            .collect();
        (results.len(), reasons)
    };
    assert_eq!(count(false), (6, Vec::new()));
    let reasons = [
        "model says compliant: the lock is private",
        "built two lines up (owner: edge) (until 2027-01-01)",
        "in the baseline",
    ];
    assert_eq!(count(true), (9, reasons.map(str::to_owned).to_vec()));
}

fn text_of(value: &Value) -> String {
    text(value).to_owned()
}

/// CI kills jobs that say nothing. A terminal's bar is shown to a terminal, in `.ci/terminal.py`.
#[test]
fn a_long_run_says_in_ci_that_it_goes_on() {
    let scratch = scratch::folder();
    let folder = scratch.path();
    for number in 0..40 {
        let code = "#[test]\nfn f(x: Option<u8>) { x.unwrap(); }\n".repeat(500);
        scratch::write(folder, &format!("{number}.rs"), code);
    }
    scratch::write(folder, "0.rs", "fn f(x: Option<u8>) { x.unwrap(); }\n");
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = scratch::codex(folder);
        command
            .args(["check", "--all", "--format", "json"])
            .args(arguments);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        (output.stdout, String::from_utf8(output.stderr).unwrap())
    };
    let (report, said) = run(&[], &[]);
    assert_eq!(said, "", "neither a terminal nor CI");
    let (in_ci, said) = run(&[], &[("CI", "true"), ("CODEX_HEARTBEAT", "0.01")]);
    assert!(in_ci == report);
    let lines: Vec<usize> = said
        .lines()
        .map(|line| {
            let number = line.strip_prefix("codex: ").unwrap();
            number
                .strip_suffix(" of 40 files")
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    assert!(!lines.is_empty() && lines.is_sorted(), "{said}");
    assert!(lines.iter().all(|done| *done <= 40), "{said}");
    for silent in [
        run(&["--quiet"], &[("CI", "true"), ("CODEX_HEARTBEAT", "0.01")]),
        run(&[], &[("CI", "true")]),
        run(&[], &[("CI", "true"), ("CODEX_HEARTBEAT", "-1")]),
        run(&[], &[("CI", "false"), ("CODEX_HEARTBEAT", "0.01")]),
    ] {
        assert_eq!(silent.1, "");
    }
}

#[test]
fn colours_follow_the_usual_rules() {
    let scratch = scratch::folder();
    scratch::write(
        scratch.path(),
        "a.rs",
        "fn a(x: Option<u8>) { x.unwrap(); }\n",
    );
    type Words<'a> = &'a [&'a str];
    type Variables<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Words<'_>, Variables<'_>, bool); 8] = [
        (&[], &[], false),
        (&["--color", "always"], &[], true),
        (&["--color", "always"], &[("NO_COLOR", "1")], true),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&[], &[("CLICOLOR_FORCE", "0")], false),
        (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "")], true),
        (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1")], false),
    ];
    for (arguments, variables, wanted) in cases {
        let mut command = scratch::codex(scratch.path());
        command.args(["check", "--all"]).args(arguments);
        command
            .env_remove("CLICOLOR_FORCE")
            .envs(variables.iter().copied());
        let output = command.output().unwrap();
        let is_coloured = output.stdout.contains(&0x1b);
        assert_eq!(is_coloured, wanted, "{arguments:?} {variables:?}");
    }
}
