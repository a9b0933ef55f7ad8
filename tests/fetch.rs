//! Rules of other repositories: fetched by `codex fetch` alone, proved, and stale rather than gone when they do not hold.
//!
//! The repository elsewhere is a folder; that its address means the folder is said to git by the environment, as anybody
//! may (`url.*.insteadOf`): codex itself takes https and ssh only. Deliberately absent: a network.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const ADDRESS: &str = "https://codex.test/eng/law";
/// 2026-03-02 and the day after, at noon.
const TODAY: &str = "1772452800";
const TOMORROW: &str = "1772539200";

const RFC: &str = include_str!("../fixtures/fetch/rfc.md");

/// A repository under check, one elsewhere with rules, and a cache.
struct World {
    folder: TempDir,
    instead: String,
}

impl World {
    /// The one elsewhere has a good first commit; the other one extends it and breaks its rule.
    fn new() -> Self {
        let folder = scratch::folder();
        let path = folder.path().canonicalize().unwrap();
        let instead = format!("file://{}/", path.join("elsewhere").display());
        let world = Self { folder, instead };
        scratch::write(&world.law(), "rfcs/0001-words.md", RFC);
        scratch::write(&world.law(), "codex.toml", "extends = []\n");
        world.git(&world.law(), &["init", "-q", "-b", "main"]);
        assert_eq!(said(&world.run(&world.law(), &["compile"])).0, 0);
        let first = world.commit("first");
        scratch::write(&world.here(), "src/a.rs", "fn f() { risky(); }\n");
        scratch::write(&world.here(), "src/b.rs", "fn g() {}\n");
        world.git(&world.here(), &["init", "-q", "-b", "main"]);
        world.want(&first, "");
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn law(&self) -> PathBuf {
        self.path("elsewhere/law")
    }

    fn here(&self) -> PathBuf {
        self.path("here")
    }

    /// codex.toml wants this commit.
    fn want(&self, commit: &str, more: &str) {
        let text = format!("{more}extends = [\"{ADDRESS}@{commit}\"]\n");
        scratch::write(&self.here(), "codex.toml", text);
        self.git(&self.here(), &["add", "-A"]);
        self.git(&self.here(), &["commit", "-q", "-m", "want"]);
    }

    /// The id of a new commit elsewhere.
    fn commit(&self, message: &str) -> String {
        self.git(&self.law(), &["add", "-A"]);
        self.git(
            &self.law(),
            &["commit", "-q", "--allow-empty", "-m", message],
        );
        self.git(&self.law(), &["rev-parse", "HEAD"])
    }

    fn command(&self, mut command: Command, folder: &Path) -> Command {
        scratch::calm(&mut command, folder);
        command
            .current_dir(folder)
            .env("CODEX_CACHE_DIR", self.path("cache"))
            .env("SOURCE_DATE_EPOCH", TODAY)
            .env("GIT_CONFIG_COUNT", "2")
            .env(
                "GIT_CONFIG_KEY_0",
                format!("url.{}.insteadOf", self.instead),
            )
            .env("GIT_CONFIG_VALUE_0", "https://codex.test/eng/")
            .env("GIT_CONFIG_KEY_1", "protocol.file.allow")
            .env("GIT_CONFIG_VALUE_1", "always");
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "a")
                .env(format!("GIT_{who}_EMAIL"), "a@localhost");
        }
        command
    }

    fn codex(&self, folder: &Path) -> Command {
        self.command(scratch::codex(folder), folder)
    }

    fn run(&self, folder: &Path, arguments: &[&str]) -> Output {
        self.codex(folder).args(arguments).output().unwrap()
    }

    /// Exit code and everything that was said, of codex in the repository under check.
    fn say(&self, arguments: &str) -> (i32, String) {
        let arguments = shlex::split(arguments).unwrap();
        said(&self.codex(&self.here()).args(arguments).output().unwrap())
    }

    fn git(&self, folder: &Path, arguments: &[&str]) -> String {
        let git = self.command(Command::new("git"), folder);
        let output = { git }.args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

fn said(output: &Output) -> (i32, String) {
    let text = [&output.stdout[..], &output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.code().unwrap_or(-1), text)
}

fn expect(what: &str, (code, said): (i32, String), wanted: i32, texts: &[&str]) {
    assert_eq!(code, wanted, "{what}: {said}");
    // Where lines are broken is the terminal's business.
    let flat = said
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace("│ ", "");
    for text in texts {
        assert!(flat.contains(text), "{what}: no {text:?} in\n{said}");
    }
}

#[test]
fn a_check_never_fetches_and_needs_nobody_once_it_is_fetched() {
    let world = World::new();
    let commit = world.git(&world.law(), &["rev-parse", "HEAD"]);
    let missing = ["it was never fetched", "run `codex fetch`", ADDRESS];
    for command in [
        "check --all",
        "rules",
        "explain risky-word",
        "config",
        "baseline",
    ] {
        expect(command, world.say(command), 2, &missing);
    }
    expect(
        "version",
        world.say("--version"),
        0,
        &["codex 0.1.0", "never fetched"],
    );
    assert!(!world.path("cache").exists(), "a check fetched something");
    expect(
        "fetch",
        world.say("fetch"),
        0,
        &["fetched and proved: https://codex.test/eng/law@"],
    );
    fs::rename(world.law(), world.path("away")).unwrap();
    expect("again", world.say("fetch"), 0, &["there already"]);
    let (code, text) = world.say("check --all --format json");
    assert_eq!(code, 1, "{text}");
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["findings"][0]["rule"], "risky-word");
    let href = format!("{ADDRESS}/blob/{commit}/rfcs/0001-words.md#risky-word");
    assert_eq!(report["findings"][0]["href"], href.as_str());
    assert_eq!(report["rules_stale"], Value::Array(Vec::new()));
    expect(
        "rules",
        world.say("rules"),
        0,
        &["risky-word MUST NOT enforced RFC 1 rust"],
    );
    expect(
        "explain",
        world.say("explain risky-word"),
        0,
        &["Code MUST NOT call `risky`."],
    );
    expect(
        "config",
        world.say("config"),
        0,
        &["extended: https://codex.test/eng/law@", "(1 rule)"],
    );
    // Nothing but law is kept of the other repository.
    let kept = world.path("cache/codexes");
    let address = fs::read_dir(kept).unwrap().next().unwrap().unwrap().path();
    let mut names: Vec<_> = fs::read_dir(address.join(&commit))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["codex.toml", "rfcs", "rules"]);
}

/// What is done to the other repository, in `sh`, and why its next commit is refused.
const UNFIT: [(&str, &str); 13] = [
    (
        "echo 'rule: [' >> rules/0001-words.yaml",
        "rules/0001-words.yaml: line",
    ),
    (
        "sed -i 's/pattern: .risky/pattern: \"other/' rules/0001-words.yaml",
        "risky-word: this bad example does not hold",
    ),
    (
        "sed -i 's/fn f() { safe/fn f() { risky/' rules/0001-words.yaml",
        "risky-word: this good example raises",
    ),
    (
        "sed -i 's/role: good/role: bad/' rules/0001-words.yaml",
        "there is no good example",
    ),
    (
        "sed -i 's/^schema: 1/schema: 2/' rules/0001-words.yaml",
        "schema",
    ),
    (": > rules/0001-words.yaml", "no rule in it"),
    ("git rm -rq rules", "there is no rule in it"),
    (
        "sed -i 's/MUST NOT call/MUST NEVER, NOT ONCE, SHALL NOT call/' rfcs/0001-words.md",
        "its rules are not those of rfcs/0001-words.md",
    ),
    (
        "echo 'required-version = \">=99.0.0\"' >> codex.toml",
        "this is codex 0.1.0, not >=99.0.0",
    ),
    ("echo 'exclud = []' >> codex.toml", "unknown key `exclud`"),
    (
        "ln -s /etc/passwd rules/0002-more.yaml",
        "0002-more.yaml is a link or a submodule",
    ),
    (
        "git mv rules elsewhere; ln -s elsewhere rules",
        "rules is a link or a submodule",
    ),
    (
        "rm codex.toml; ln -s rfcs/0001-words.md codex.toml",
        "codex.toml is a link or a submodule",
    ),
];

const FORMATS: [&str; 8] = [
    "human", "json", "sarif", "github", "markdown", "gitlab", "rdjson", "junit",
];

#[test]
fn what_does_not_hold_is_refused_and_the_last_good_one_goes_on() {
    for (script, reason) in UNFIT {
        let world = World::new();
        expect("fetch", world.say("fetch"), 0, &[]);
        let first = world.git(&world.law(), &["rev-parse", "HEAD"]);
        let shell = world.command(Command::new("sh"), &world.law());
        let done = { shell }.args(["-eu", "-c", script]).output().unwrap();
        assert!(done.status.success(), "{script}: {done:?}");
        world.want(&world.commit("unfit"), "");
        let stale = ["rules: stale since 2026-03-02", reason, &first[..12]];
        expect(script, world.say("fetch"), 0, &stale);
        expect(
            script,
            world.say("check --all"),
            1,
            &["block", stale[0], stale[1], stale[2]],
        );
        // Without a last good one: closed, unless the configuration says otherwise.
        fs::remove_dir_all(world.path("cache")).unwrap();
        expect(script, world.say("fetch"), 2, &[reason]);
        expect(
            script,
            world.say("check --all"),
            2,
            &[reason, "nothing was checked"],
        );
    }
}

#[test]
fn every_format_says_that_rules_are_stale_or_missing() {
    let world = World::new();
    expect("fetch", world.say("fetch"), 0, &[]);
    scratch::write(&world.law(), "rules/0001-words.yaml", "no rule\n");
    let unfit = world.commit("unfit");
    world.want(&unfit, "");
    expect("fetch", world.say("fetch"), 0, &[]);
    let file = world.here().join("codex.toml");
    for (format, code) in FORMATS.iter().map(|format| (format, 1)) {
        let output = world.run(&world.here(), &["check", "--all", "--format", format]);
        let text = String::from_utf8_lossy(&output.stdout).replace(['\\', '\u{200B}'], "");
        assert_eq!(output.status.code(), Some(code), "{format}: {text}");
        let told = match *format {
            "json" => "\"since\": \"2026-03-02\"",
            _ => "rules: stale since 2026-03-02: https://codex.test/eng/law: ",
        };
        assert!(text.contains(told), "{format}: {text}");
        assert!(
            text.contains("risky"),
            "{format} has the finding, too: {text}"
        );
    }
    expect(
        "quiet",
        world.say("check --all --quiet"),
        1,
        &["rules: stale since"],
    );
    for command in [
        "rules",
        "explain risky-word",
        "config",
        "--version",
        "baseline",
    ] {
        expect(command, world.say(command), 0, &["stale since 2026-03-02"]);
    }
    fs::remove_file(world.here().join("codex-baseline.json")).unwrap();

    fs::remove_dir_all(world.path("cache")).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("on-missing = \"open\"\n{text}")).unwrap();
    let missing = "rules: MISSING, NOTHING WAS CHECKED: https://codex.test/eng/law: ";
    for fetched in [false, true] {
        for format in FORMATS {
            let output = world.run(&world.here(), &["check", "--all", "--format", format]);
            let text = String::from_utf8_lossy(&output.stdout).replace(['\\', '\u{200B}'], "");
            assert_eq!(output.status.code(), Some(0), "{format}: {text}");
            let told = match format {
                "json" => "\"in_force\": null",
                _ => missing,
            };
            assert!(text.contains(told), "{format}: {text}");
            assert!(!text.contains("risky-word"), "half a rule set: {text}");
        }
        let whole = (fetched, world.say("fetch"));
        expect("fetch", whole.1, 0, &["NOTHING WAS CHECKED"]);
    }
    let report = world.here().join("report.json");
    let written = format!("check --all --quiet --format json={}", report.display());
    expect("a report", world.say(&written), 0, &[missing]);
    expect(
        "no pass",
        world.say(&format!("gate {}", report.display())),
        0,
        &["verdict=review"],
    );
    expect(
        "no baseline of nothing",
        world.say("baseline"),
        2,
        &[missing],
    );
    // Rules of its own would be half a rule set.
    let text = fs::read_to_string(&file)
        .unwrap()
        .replace("extends = [", "extends = [\"embedded\", ");
    fs::write(&file, text).unwrap();
    scratch::write(
        &world.here(),
        "src/c.rs",
        "fn f(x: Option<u8>) { x.unwrap(); }\n",
    );
    expect(
        "half",
        world.say("check --all"),
        0,
        &[missing, "0 files, 0 rules"],
    );
}

#[test]
fn the_last_good_one_is_the_last_that_was_proved() {
    let world = World::new();
    let mut good = Vec::new();
    for number in 0..3 {
        if number > 0 {
            good.push(world.commit("good"));
            world.want(&good[good.len() - 1], "");
        } else {
            good.push(world.git(&world.law(), &["rev-parse", "HEAD"]));
        }
        expect("fetch", world.say("fetch"), 0, &["fetched and proved"]);
    }
    scratch::write(&world.law(), "codex.toml", "extends = 1\n");
    world.want(&world.commit("unfit"), "");
    expect(
        "fetch",
        world.say("fetch"),
        0,
        &["is in force", &good[2][..12]],
    );
    // What was touched in the cache is not what was proved.
    let address = fs::read_dir(world.path("cache/codexes"))
        .unwrap()
        .next()
        .unwrap();
    let rules = address
        .unwrap()
        .path()
        .join(&good[2])
        .join("rules/0001-words.yaml");
    let text = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, text.replace("risky($$$)", "nothing($$$)")).unwrap();
    let other = format!("{} is in force", &good[1][..12]);
    expect(
        "touched",
        world.say("check --all"),
        1,
        &[&other, "risky-word"],
    );
    // Wanted itself, it is fetched again.
    world.want(&good[2], "");
    let touched = "its files in the cache are not those that were fetched";
    expect(
        "touched",
        world.say("check --all"),
        1,
        &[touched, "stale since 2026-03-02"],
    );
    expect("mended", world.say("fetch"), 0, &["fetched and proved"]);
    let (code, text) = world.say("check --all");
    assert_eq!((code, text.contains("stale")), (1, false), "{text}");
    // What was never fetched is not known to be bad: nothing takes its place.
    world.want(&world.commit("never fetched"), "");
    expect(
        "never fetched",
        world.say("check --all"),
        2,
        &["run `codex fetch`"],
    );
}

#[test]
fn a_refused_commit_is_tried_again() {
    let world = World::new();
    let text = fs::read_to_string(world.law().join("rules/0001-words.yaml")).unwrap();
    scratch::write(&world.law(), "rules/0001-words.yaml", "no rule\n");
    world.want(&world.commit("unfit"), "");
    expect("fetch", world.say("fetch"), 2, &["is refused"]);
    scratch::write(&world.law(), "rules/0001-words.yaml", text);
    world.want(&world.commit("mended"), "");
    let fetch = world.codex(&world.here());
    let output = { fetch }
        .arg("fetch")
        .env("SOURCE_DATE_EPOCH", TOMORROW)
        .output()
        .unwrap();
    expect("fetch", said(&output), 0, &["fetched and proved"]);
}

#[test]
fn what_is_extended_may_extend() {
    let world = World::new();
    let first = world.git(&world.law(), &["rev-parse", "HEAD"]);
    // Another repository, which extends the first one and a folder of its own.
    let other = world.path("elsewhere/other");
    let rfc = |number: &str, word: &str| RFC.replace("risky", word).replace("rfc: 1", number);
    scratch::write(&other, "rfcs/0002-more.md", rfc("rfc: 2", "careless"));
    scratch::write(&other, "team/rfcs/0003-team.md", rfc("rfc: 3", "hasty"));
    scratch::write(&other, "team/codex.toml", "extends = [\"..\"]\n");
    let extends = format!("extends = [\"./team\", \"{ADDRESS}@{first}\"]\n");
    scratch::write(&other, "codex.toml", &extends);
    world.git(&other, &["init", "-q", "-b", "main"]);
    for folder in [&other, &other.join("team")] {
        assert_eq!(said(&world.run(folder, &["compile"])).0, 0);
    }
    world.git(&other, &["add", "-A"]);
    world.git(&other, &["commit", "-q", "-m", "other"]);
    let second = world.git(&other, &["rev-parse", "HEAD"]);
    let text = format!("extends = [\"https://codex.test/eng/other@{second}\"]\n");
    scratch::write(&world.here(), "codex.toml", text);
    scratch::write(
        &world.here(),
        "src/a.rs",
        "fn f() { risky(); careless(); hasty(); }\n",
    );
    expect("fetch", world.say("fetch"), 0, &["eng/other@", "eng/law@"]);
    let (code, text) = world.say("check --all --format json");
    let report: Value = serde_json::from_str(&text).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let hrefs: Vec<&str> = findings
        .map(|finding| finding["href"].as_str().unwrap())
        .collect();
    let of_other = format!("https://codex.test/eng/other/blob/{second}");
    let wanted = [
        format!("{ADDRESS}/blob/{first}/rfcs/0001-words.md#risky-word"),
        format!("{of_other}/rfcs/0002-more.md#careless-word"),
        format!("{of_other}/team/rfcs/0003-team.md#hasty-word"),
    ];
    assert_eq!(
        (code, hrefs),
        (1, wanted.iter().map(String::as_str).collect())
    );
}

#[test]
fn in_ci_the_commit_of_base_counts_and_only_that_is_fetched() {
    let world = World::new();
    let head = world.commit("what the request wants");
    world.git(&world.here(), &["checkout", "-q", "-b", "feature"]);
    world.want(&head, "");
    scratch::write(&world.here(), "src/b.rs", "fn g() { risky(); }\n");
    world.git(&world.here(), &["commit", "-qam", "feature"]);
    let ci = |arguments: &[&str]| {
        let mut codex = world.codex(&world.here());
        said(&codex.args(arguments).env("CI", "1").output().unwrap())
    };
    expect(
        "not there",
        ci(&["check", "--base", "main"]),
        2,
        &["run `codex fetch`"],
    );
    let (code, text) = ci(&["fetch", "--base", "main"]);
    assert_eq!((code, text.contains(&head)), (0, false), "{text}");
    expect(
        "base",
        ci(&["check", "--base", "main"]),
        1,
        &["src/b.rs", "1 block: 1 file, 1 rule"],
    );
    expect(
        "head",
        ci(&["check", "--base", "main", "--rules-from", "head"]),
        2,
        &["never fetched"],
    );
    expect("head", ci(&["fetch", "--rules-from", "head"]), 0, &[&head]);
    expect(
        "head",
        ci(&["check", "--base", "main", "--rules-from", "head"]),
        1,
        &["src/b.rs"],
    );
}

/// What stands in `extends` after `here/`, and what is said of it.
const ADDRESSES: [(&str, &str); 16] = [
    ("file:///etc@COMMIT", "https or ssh only"),
    ("http://codex.test/eng/law@COMMIT", "https or ssh only"),
    ("git://codex.test/eng/law@COMMIT", "https or ssh only"),
    ("ext::sh -c 'touch /tmp/x'@COMMIT", "no white space"),
    ("ext::touch@COMMIT", "https or ssh only"),
    ("git@codex.test:eng/law@COMMIT", "https or ssh only"),
    ("https://codex.test/eng/law", "the commit is missing"),
    (
        "https://codex.test/eng/law@main",
        "`main` is no full commit id",
    ),
    (
        "https://codex.test/eng/law@1234567",
        "`1234567` is no full commit id",
    ),
    (
        "https://codex.test/eng/law@--upload-pack=x",
        "is no full commit id",
    ),
    ("ssh://-oProxyCommand=x/eng@COMMIT", "names no host"),
    ("ssh://-oProxyCommand=x@host/eng@COMMIT", "names no host"),
    ("https://@COMMIT", "the commit is missing"),
    ("https://codex.test/@COMMIT", "names no repository"),
    ("https://codex.test/a?b@COMMIT", "names no repository"),
    ("https://codex.test/a\\u001b[31m@COMMIT", "no white space"),
];

#[test]
fn only_full_ids_over_https_and_ssh() {
    let world = World::new();
    for (address, reason) in ADDRESSES {
        let address = address.replace("COMMIT", &"1234567890".repeat(4));
        let text = format!("extends = [\"{address}\"]\n");
        scratch::write(&world.here(), "codex.toml", text);
        for command in ["check --all", "fetch"] {
            expect(&address, world.say(command), 2, &[reason]);
        }
    }
    for address in [
        "https://me:hunter2@codex.test/a",
        "https://hunter2@codex.test/a",
        "ssh://me:hunter2@codex.test/a",
        "http://me:hunter2@x/a",
    ] {
        let address = format!("{address}@{}", "1234567890".repeat(4));
        scratch::write(
            &world.here(),
            "codex.toml",
            format!("extends = [\"{address}\"]\n"),
        );
        let (code, text) = world.say("fetch");
        expect(
            &address,
            (code, text.clone()),
            2,
            &["no password or token may stand in an address"],
        );
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn nothing_is_run_and_no_secret_is_said() {
    let world = World::new();
    let trap = world.path("trap");
    let touch = format!("touch {}", trap.display());
    // Hooks of a template, a filter for what is checked out, a submodule: none of them has anything to do.
    let hook = format!("#!/bin/sh\n{touch}\n");
    for name in [
        "post-checkout",
        "reference-transaction",
        "post-merge",
        "pre-auto-gc",
    ] {
        let path = format!("template/hooks/{name}");
        scratch::write(&world.path(""), &path, &hook);
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(world.path(&path), mode).unwrap();
    }
    scratch::write(&world.law(), ".gitattributes", "* filter=trap\n");
    let url = world.law().display().to_string();
    scratch::write(
        &world.law(),
        ".gitmodules",
        format!("[submodule \"m\"]\n\tpath = m\n\turl = {url}\n"),
    );
    let id = world.git(&world.law(), &["rev-parse", "HEAD"]);
    let entry = format!("160000,{id},m");
    world.git(
        &world.law(),
        &["update-index", "--add", "--cacheinfo", &entry],
    );
    let commit = world.commit("traps");
    world.want(&commit, "");
    let configured = [
        (
            format!("url.{}.insteadOf", world.instead),
            "https://codex.test/eng/".to_owned(),
        ),
        ("protocol.file.allow".to_owned(), "always".to_owned()),
        ("filter.trap.smudge".to_owned(), touch.clone()),
        ("filter.trap.process".to_owned(), touch.clone()),
        (
            "core.hooksPath".to_owned(),
            world.path("template/hooks").display().to_string(),
        ),
        (
            "init.templateDir".to_owned(),
            world.path("template").display().to_string(),
        ),
        ("submodule.recurse".to_owned(), "true".to_owned()),
        ("fetch.recurseSubmodules".to_owned(), "true".to_owned()),
    ];
    let run = |configured: &[(String, String)], arguments: &[&str]| {
        let mut codex = world.codex(&world.here());
        codex.env("GIT_CONFIG_COUNT", configured.len().to_string());
        for (index, (key, value)) in configured.iter().enumerate() {
            codex.env(format!("GIT_CONFIG_KEY_{index}"), key);
            codex.env(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
        said(&codex.args(arguments).output().unwrap())
    };
    expect(
        "fetch",
        run(&configured, &["fetch"]),
        0,
        &["fetched and proved"],
    );
    assert!(!trap.exists(), "something was run");
    // What the repository under check configures is not asked.
    world.want(&world.commit("more"), "");
    let own = format!("ext::{touch}");
    world.git(
        &world.here(),
        &[
            "config",
            &format!("url.{own}.insteadOf"),
            "https://codex.test/eng/law",
        ],
    );
    world.git(&world.here(), &["config", "protocol.ext.allow", "always"]);
    expect(
        "own",
        run(&configured, &["fetch"]),
        0,
        &["fetched and proved"],
    );
    // Even where the user's own configuration names another transport: it is off.
    world.want(&world.commit("even more"), "");
    let all = ("protocol.allow".to_owned(), "always".to_owned());
    for scheme in [
        "ext::sh -c touch% trap",
        "http://me:hunter2@localhost:1/",
        "git://localhost:1/",
        "https://me:hunter2@localhost:1/",
    ] {
        let other = (
            format!("url.{scheme}.insteadOf"),
            "https://codex.test/eng/".to_owned(),
        );
        let (code, text) = run(&[other, all.clone()], &["fetch"]);
        assert_eq!(code, 2, "{scheme}: {text}");
        assert!(
            text.contains("cannot fetch https://codex.test/eng/law"),
            "{scheme}: {text}"
        );
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(
        !trap.exists() && !world.here().join("trap").exists(),
        "something was run"
    );
}
