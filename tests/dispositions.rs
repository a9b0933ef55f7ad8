//! What a finding does: the whole table of level, certainty, status and verdict, through real RFCs and a scripted reviewer.
//! Deliberately absent: what a reviewer may answer (`reviewer.rs`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

const STATUSES: [&str; 5] = ["draft", "approved", "enforced", "superseded", "withdrawn"];
const BINDING: [&str; 2] = ["must", "must-not"];
const ADVISORY: [&str; 2] = ["should", "should-not"];

/// What is said, and what an ambiguous finding of a MUST does then: as a draft, approved, enforced.
const ANSWERS: [(&str, [&str; 3]); 9] = [
    ("none", ["note", "note", "review"]),
    ("fails", ["note", "note", "review"]),
    ("silent", ["note", "note", "review"]),
    ("stranger", ["note", "note", "review"]),
    ("rubbish", ["note", "note", "review"]),
    ("invalid", ["note", "note", "review"]),
    ("unsure", ["note", "note", "review"]),
    ("violation", ["warn", "warn", "review"]),
    ("compliant", ["cleared", "cleared", "cleared"]),
];

/// The rest of the table: no answer matters to it.
const MUST_VIOLATION: [&str; 3] = ["warn", "warn", "block"];
const SHOULD_VIOLATION: [&str; 3] = ["note", "note", "warn"];
const SHOULD_AMBIGUOUS: [&str; 3] = ["note", "note", "note"];

#[test]
fn the_table_holds() {
    let scratch = scratch::folder();
    let folder = scratch.path();
    prepare(folder);
    for (answer, ambiguous) in ANSWERS {
        let wanted = table(MUST_VIOLATION, ambiguous, answer != "none");
        assert_eq!(check(folder, answer, &["--drafts"]), wanted, "{answer}");
    }
    // A reviewer that is not asked.
    let unasked = table(MUST_VIOLATION, ["note", "note", "review"], true);
    for arguments in [
        &["--drafts", "--review-max-cases", "0", "--review-no-cache"][..],
        &["--drafts", "--review", "cached", "--review-no-cache"],
        &["--drafts", "--review", "show"],
    ] {
        assert_eq!(
            check(folder, "compliant", arguments),
            unasked,
            "{arguments:?}"
        );
    }
    let table = |violation, ambiguous| table(violation, ambiguous, true);
    let trusted = table(MUST_VIOLATION, ["warn", "warn", "block"]);
    let arguments = ["--drafts", "--review-confirmed", "block"];
    assert_eq!(check(folder, "violation", &arguments), trusted);
    let confirmed = table(MUST_VIOLATION, ["cleared"; 3]);
    assert_eq!(check(folder, "compliant", &arguments), confirmed);
    let unsure = table(MUST_VIOLATION, ["note", "note", "review"]);
    assert_eq!(check(folder, "unsure", &arguments), unsure);
}

#[test]
fn only_ambiguous_cases_of_a_must_are_sent() {
    let scratch = scratch::folder();
    let folder = scratch.path();
    prepare(folder);
    check(folder, "violation", &["--drafts"]);
    let requests = fs::read_to_string(folder.join("counted")).unwrap();
    let requests: Vec<Value> = requests
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut rules = Vec::new();
    for request in &requests {
        let cases = request["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 1, "functions do not share a request");
        assert!(cases[0]["code"].as_str().unwrap().contains("(doubt)"));
        rules.push(cases[0]["rule"].as_str().unwrap().to_owned());
    }
    rules.sort();
    let wanted = [
        "approved-must",
        "approved-must-not",
        "approved-reviewed",
        "draft-must",
        "draft-must-not",
        "draft-reviewed",
        "enforced-must",
        "enforced-must-not",
        "enforced-reviewed",
    ];
    assert_eq!(rules, wanted);
}

#[test]
fn the_exit_code_is_that_of_the_weightiest_disposition() {
    let scratch = scratch::folder();
    let folder = scratch.path();
    prepare(folder);
    let table = table(MUST_VIOLATION, ["note", "note", "review"], false);
    let weights = ["block", "review", "warn", "note"];
    let weight = |word: &str| weights.iter().position(|known| *known == word).unwrap();
    for status in &STATUSES[..3] {
        for level in BINDING.iter().chain(&ADVISORY) {
            let rule = format!("{status}-{level}");
            let dispositions = ["violation", "ambiguous"]
                .map(|certainty| weight(&table[&format!("{rule} {certainty}")]));
            let weightiest = dispositions[0].min(dispositions[1]);
            for fail_on in ["block", "review", "warn"] {
                let mut command = scratch::codex(folder);
                command.args([
                    "check",
                    "--all",
                    "--drafts",
                    "--only",
                    &rule,
                    "--fail-on",
                    fail_on,
                ]);
                let code = command.output().unwrap().status.code();
                let wanted = i32::from(weightiest <= weight(fail_on));
                assert_eq!(code, Some(wanted), "{rule} --fail-on {fail_on}");
            }
        }
    }
}

#[test]
fn an_exception_and_a_baseline_win_over_every_cell() {
    let scratch = scratch::folder();
    let folder = scratch.path();
    prepare(folder);
    let place = folder.join("src/lib.rs");
    let code = fs::read_to_string(&place).unwrap();
    let allowed: String = code
        .lines()
        .filter(|line| line.contains("must") || line.contains("should"))
        .filter(|line| STATUSES[..3].iter().any(|status| line.contains(status)))
        .map(|line| {
            let name = line.split(['{', '(']).nth(2).unwrap().trim();
            format!(
                "{line} // codex-allow({}): a reason\n",
                name.replace('_', "-")
            )
        })
        .collect();
    fs::write(&place, allowed).unwrap();
    let of_all = |word: &str| -> BTreeMap<String, String> {
        let table = table(MUST_VIOLATION, ["note", "note", "review"], false);
        table
            .into_keys()
            .map(|key| (key, word.to_owned()))
            .collect()
    };
    for answer in ["none", "violation"] {
        let is = check(folder, answer, &["--drafts", "--review-confirmed", "block"]);
        assert_eq!(is, of_all("suppressed"), "{answer}");
    }
    fs::write(&place, code).unwrap();
    let mut baseline = scratch::codex(folder);
    let output = baseline.arg("baseline").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let mut old = of_all("baseline");
    old.retain(|line, _| !line.starts_with("draft"));
    assert_eq!(check(folder, "none", &[]), old);
}

#[test]
fn drafts_need_to_be_asked_for() {
    let scratch = scratch::folder();
    let folder = scratch.path();
    prepare(folder);
    let mut wanted = table(MUST_VIOLATION, ["note", "note", "review"], false);
    wanted.retain(|line, _| !line.starts_with("draft"));
    assert_eq!(check(folder, "none", &[]), wanted);
}

/// Review statements are ambiguous by nature, and only a reviewer finds them; a SHOULD among them nobody is asked about.
fn table(
    must_violation: [&str; 3],
    must_ambiguous: [&str; 3],
    is_reviewed: bool,
) -> BTreeMap<String, String> {
    let mut table = BTreeMap::new();
    for (column, status) in STATUSES[..3].iter().enumerate() {
        if is_reviewed {
            let disposition = must_ambiguous[column].to_owned();
            table.insert(format!("{status}-reviewed ambiguous"), disposition);
        }
        let rows = [
            (BINDING, "violation", must_violation),
            (BINDING, "ambiguous", must_ambiguous),
            (ADVISORY, "violation", SHOULD_VIOLATION),
            (ADVISORY, "ambiguous", SHOULD_AMBIGUOUS),
        ];
        for (levels, certainty, dispositions) in rows {
            for level in levels {
                let disposition = dispositions[column].to_owned();
                table.insert(format!("{status}-{level} {certainty}"), disposition);
            }
        }
    }
    table
}

/// An RFC of every status, compiled, and code that breaks each of its statements, once surely and once perhaps.
fn prepare(folder: &Path) {
    scratch::write(folder, "codex.toml", "extends = []\n");
    let template = fs::read_to_string("fixtures/dispositions/rfc.md").unwrap();
    let mut code = String::new();
    for (index, status) in STATUSES.iter().enumerate() {
        let number = index + 1;
        let mut rfc = template
            .replace("NUMBER", &number.to_string())
            .replace("STATUS", status);
        if *status == "superseded" {
            rfc = rfc.replace("date:", "superseded-by: 3\ndate:");
        }
        if *status == "enforced" {
            rfc = rfc.replace("date:", "supersedes: [4]\ndate:");
        }
        scratch::write(folder, &format!("rfcs/000{number}-{status}.md"), rfc);
        code.push_str(&format!("fn c() {{ {status}_reviewed(doubt) }}\n"));
        code.push_str(&format!("fn d() {{ {status}_advised(doubt) }}\n"));
        for level in BINDING.iter().chain(&ADVISORY) {
            let name = format!("{status}_{}", level.replace('-', "_"));
            code.push_str(&format!(
                "fn a() {{ {name}(1) }}\nfn b() {{ {name}(doubt) }}\n"
            ));
        }
    }
    scratch::write(folder, "src/lib.rs", code);
    let output = scratch::codex(folder).arg("compile").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// From rule and certainty to disposition.
fn check(folder: &Path, answer: &str, arguments: &[&str]) -> BTreeMap<String, String> {
    let mut command = scratch::codex(folder);
    command.args(["check", "--all", "--exit-zero", "--format", "json"]);
    if answer != "none" {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dispositions/answer.sh");
        let words = ["sh", script.to_str().unwrap(), answer];
        let line = shlex::try_join(words).unwrap();
        command.args(["--review-command", &line]);
        if !arguments.contains(&"--review") {
            command.args(["--review", "command"]);
        }
        command.args(["--review-env", "COUNTED"]);
        command.env("COUNTED", folder.join("counted"));
    }
    let output = command.args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let key = format!("{} {}", word(finding, "rule"), word(finding, "certainty"));
            (key, word(finding, "disposition"))
        })
        .collect()
}
