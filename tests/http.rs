//! The contract of `--review http`: each case of `fixtures/http/cases.toml` for each interface, over a real socket.
//! Whatever a server does, codex never calls the case clean, never sends the key elsewhere and never lets it out.
//!
//! The server is written by hand: what must be shown is what no mock can do, answers that are cut off, drip or never end.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

/// One ambiguous case.
const LOCK: &str = "fn a(m: Mutex<u8>) -> u8 {\n    *m.lock().unwrap()\n}\n";
const KEY: &str = "sk-contract-0123456789abcdef";

#[derive(Deserialize)]
struct Cases {
    api: BTreeMap<String, Api>,
    says: BTreeMap<String, String>,
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Api {
    call: String,
    key: String,
    sends: BTreeMap<String, Value>,
    #[serde(flatten)]
    envelopes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    apis: Option<Vec<String>>,
    #[serde(default)]
    flags: Vec<String>,
    model: Option<String>,
    gives: String,
    asked: usize,
    models: Option<Vec<String>>,
    replies: Vec<Reply>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Reply {
    status: Option<u16>,
    headers: Vec<String>,
    envelope: Option<String>,
    says: String,
    body: String,
    how: String,
}

/// What came over the wire.
#[derive(Clone, Debug)]
struct Asked {
    head: String,
    body: Value,
}

/// A server on this machine that gives its replies one after the other.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, replies) = (Arc::clone(&seen), replies.clone());
                std::thread::spawn(move || {
                    let mut stream = stream;
                    let Some(asked) = read(&mut stream) else {
                        return;
                    };
                    let at = {
                        let mut seen = seen.lock().unwrap();
                        seen.push(asked);
                        seen.len() - 1
                    };
                    if let Some(reply) = replies.get(at).or(replies.last()) {
                        // A client that hangs up is the point of some of them.
                        let _ = give(&mut stream, reply);
                    }
                });
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..at].to_vec()).ok()?;
            if head.starts_with("CONNECT ") {
                // As a proxy that knows only itself.
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
                bytes.clear();
                continue;
            }
            let lower = head.to_lowercase();
            let length = lower
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length?.parse().ok()?;
            if bytes.len() >= at + 4 + length {
                let body = serde_json::from_slice(&bytes[at + 4..at + 4 + length]).ok()?;
                return Some(Asked { head, body });
            }
        }
        match stream.read(&mut buffer).ok()? {
            0 => return None,
            count => bytes.extend(&buffer[..count]),
        }
    }
}

fn give(stream: &mut TcpStream, reply: &Reply) -> std::io::Result<()> {
    let status = reply.status.unwrap_or(200);
    let more: String = reply
        .headers
        .iter()
        .map(|line| format!("{line}\r\n"))
        .collect();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n{more}"
    );
    let body = &reply.body;
    let forever = |stream: &mut TcpStream, piece: &[u8], pause: Duration| loop {
        stream.write_all(piece)?;
        std::thread::sleep(pause);
    };
    match reply.how.as_str() {
        "" => write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()),
        "silent" => {
            // Until the other side has gone.
            let _ = stream.read(&mut [0])?;
            Ok(())
        }
        "drip" => {
            write!(stream, "{head}transfer-encoding: chunked\r\n\r\n")?;
            forever(stream, b"1\r\n \r\n", Duration::from_millis(100))
        }
        "endless" => {
            write!(stream, "{head}transfer-encoding: chunked\r\n\r\n")?;
            let piece = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
            forever(stream, piece.as_bytes(), Duration::ZERO)
        }
        "endless-headers" => {
            write!(stream, "{head}")?;
            forever(
                stream,
                format!("x: {}\r\n", "x".repeat(8000)).as_bytes(),
                Duration::ZERO,
            )
        }
        "deep" => {
            let body = "[".repeat(200_000);
            write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len())
        }
        "cut" => {
            let half = &body[..body.len() / 2];
            write!(stream, "{head}content-length: {}\r\n\r\n{half}", body.len())
        }
        "cut-chunk" => write!(
            stream,
            "{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{}",
            body.len() + 9,
            body
        ),
        "hang-up" => Ok(()),
        "raw" => stream.write_all(body.as_bytes()),
        other => Err(std::io::Error::other(format!("no such way: {other}"))),
    }
}

fn cases() -> Cases {
    let text = include_str!("../fixtures/http/cases.toml");
    toml::from_str(text).unwrap()
}

/// A reply with its whole body.
fn filled(reply: &Reply, api: &Api, says: &BTreeMap<String, String>, elsewhere: &str) -> Reply {
    let mut reply = reply.clone();
    if let Some(envelope) = &reply.envelope {
        let said = says.get(&reply.says).unwrap_or(&reply.says);
        let text = serde_json::to_string(said).unwrap();
        reply.body = api.envelopes[envelope]
            .replace("TEXT", &text)
            .replace("DOCUMENT", said);
    }
    reply.body = reply.body.replace("KEY", KEY);
    for header in &mut reply.headers {
        *header = header.replace("ELSEWHERE", elsewhere);
    }
    reply
}

fn check(folder: &Path, api: &str, url: &str, flags: &[String]) -> Command {
    let mut command = shown(folder, api, url, flags);
    command.args(["--format", "json"]);
    command
}

fn shown(folder: &Path, api: &str, url: &str, flags: &[String]) -> Command {
    let mut command = scratch::codex(folder);
    command
        .args(["check", "--all", "--fail-on", "review"])
        .args(["--review", "http", "--review-api", api, "--review-url", url])
        .args(["--review-key-env", "CONTRACT_KEY"])
        .args(flags)
        .env("CONTRACT_KEY", KEY)
        .env("HTTP_PROXY", "http://127.0.0.1:1");
    for other in [
        "ALL_PROXY",
        "all_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "NO_PROXY",
        "no_proxy",
    ] {
        command.env_remove(other);
    }
    command
}

fn report(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| json!({"stderr": said}))
}

/// Everything that a run leaves behind.
fn left_behind(folder: &Path, output: &Output) -> Vec<u8> {
    let mut all = [output.stdout.clone(), output.stderr.clone()].concat();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            all.extend(path.to_string_lossy().bytes());
            if path.is_dir() {
                open.push(path);
            } else {
                all.extend(fs::read(path).unwrap());
            }
        }
    }
    all
}

fn holds_key(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains(KEY)
}

/// Reviewer and reason or verdict of the only finding.
fn given(report: &Value) -> String {
    let finding = &report["findings"][0];
    match (&finding["verdict"]["verdict"], &finding["not_reviewed"]) {
        (Value::String(verdict), Value::Null) => verdict.clone(),
        (Value::Null, Value::String(reason)) => format!("nothing: {reason}"),
        _ => report.to_string(),
    }
}

#[test]
fn every_server_comes_to_what_it_should() {
    let cases = cases();
    let mut plays: Vec<(&Case, &String)> = Vec::new();
    for case in &cases.case {
        let named = |api: &&String| case.apis.as_ref().is_none_or(|apis| apis.contains(api));
        plays.extend(cases.api.keys().filter(named).map(|api| (case, api)));
    }
    assert!(plays.len() >= 100, "{} plays", plays.len());
    let next = Mutex::new(plays.into_iter());
    let complaints = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let Some((case, api)) = next.lock().unwrap().next() else {
                        return;
                    };
                    for complaint in play(&cases, case, api) {
                        complaints.lock().unwrap().push(complaint);
                    }
                }
            });
        }
    });
    let mut complaints = complaints.into_inner().unwrap();
    complaints.sort();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// What is not as the case says.
fn play(cases: &Cases, case: &Case, name: &str) -> Vec<String> {
    let api = &cases.api[name];
    let elsewhere = Server::start(vec![filled(
        &Reply {
            envelope: Some("whole".to_owned()),
            says: "compliant".to_owned(),
            ..Reply::default()
        },
        api,
        &cases.says,
        "",
    )]);
    // The same place by another name, and another port: another host.
    let other = elsewhere.url.replace("127.0.0.1", "localhost") + "/v1/x";
    let replies = case.replies.iter();
    let server = Server::start(
        replies
            .map(|reply| filled(reply, api, &cases.says, &other))
            .collect(),
    );
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    let mut flags = vec![
        "--review-model".to_owned(),
        case.model.clone().unwrap_or("m".to_owned()),
    ];
    flags.extend(case.flags.clone());
    let output = check(scratch.path(), name, &server.url, &flags)
        .output()
        .unwrap();
    let report = report(&output);
    let is = given(&report);
    let asked = server.asked();
    let mut complaints = Vec::new();
    let mut complain = |what: String| complaints.push(format!("{} ({name}): {what}", case.name));
    let is_clear = case.gives == "compliant";
    let (disposition, exit) = if is_clear {
        ("cleared", 0)
    } else {
        ("review", 1)
    };
    if !is.starts_with(&case.gives) {
        complain(format!("gives {is}"));
    }
    if report["findings"][0]["disposition"] != disposition || output.status.code() != Some(exit) {
        complain(format!(
            "{:?}, {:?}",
            report["findings"][0]["disposition"],
            output.status.code()
        ));
    }
    if asked.len() != case.asked {
        complain(format!("asked {} times", asked.len()));
    }
    let models: Vec<&str> = asked
        .iter()
        .filter_map(|asked| asked.body["model"].as_str())
        .collect();
    if let Some(wanted) = &case.models
        && models != *wanted
    {
        complain(format!("asked {models:?}"));
    }
    if !elsewhere.asked().is_empty() {
        complain("followed a redirect".to_owned());
    }
    let first = format!("post {} ", api.call);
    let key = api.key.replace("KEY", KEY).to_lowercase();
    for asked in &asked {
        let head = asked.head.to_lowercase();
        if !head.starts_with(&first) || !head.lines().any(|line| line == key) {
            complain(format!("sends {head}"));
        }
        if holds_key(asked.body.to_string().as_bytes()) {
            complain("sends the key in a body".to_owned());
        }
    }
    if let (Some(first), true) = (asked.first(), case.flags.is_empty()) {
        for (place, value) in &api.sends {
            if first.body.pointer(place) != Some(value) {
                complain(format!("{place} is {:?}", first.body.pointer(place)));
            }
        }
    }
    let usage = &report["review"]["usage"];
    let wanted = json!(case.asked);
    if usage["requests"] != wanted {
        complain(format!("counts {usage}"));
    }
    if holds_key(&left_behind(scratch.path(), &output)) {
        complain("the key got out".to_owned());
    }
    complaints
}

fn whole(api: &Api, says: &str) -> Reply {
    let text = serde_json::to_string(says).unwrap();
    Reply {
        body: api.envelopes["whole"].replace("TEXT", &text),
        ..Reply::default()
    }
}

fn model(name: &str) -> Vec<String> {
    words(&format!("--review-model {name}"))
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn what_an_endpoint_understands_is_remembered() {
    let cases = cases();
    let api = &cases.api["openai"];
    let refuses = Reply {
        status: Some(422),
        ..Reply::default()
    };
    let ok = whole(api, &cases.says["unsure"]);
    let server = Server::start(vec![refuses.clone(), refuses, ok]);
    let scratch = scratch::folder();
    for (code, requests) in [(LOCK.to_owned(), 3), (LOCK.replace("u8", "u16"), 4)] {
        scratch::write(scratch.path(), "src/a.rs", code);
        let output = check(scratch.path(), "openai", &server.url, &model("m"))
            .output()
            .unwrap();
        assert_eq!(given(&report(&output)), "unsure");
        assert_eq!(server.asked().len(), requests);
    }
    let last = server.asked().pop().unwrap();
    assert_eq!(last.body["tool_choice"]["function"]["name"], "verdicts");
    // Another model behind the same address is another matter.
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    check(scratch.path(), "openai", &server.url, &model("n"))
        .output()
        .unwrap();
    let last = server.asked().pop().unwrap();
    assert_eq!(last.body["response_format"]["type"], "json_schema");
}

/// What a quote is chosen from in the two turns of a request whose first answer has a wrong one.
fn choices(api: &str, way: &str, is_here: bool, code: &str) -> [Value; 2] {
    let cases = cases();
    let wrong = cases.says["compliant"].replace("m.lock()", "made_up()");
    let server = Server::start(vec![whole(&cases.api[api], &wrong)]);
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", code);
    let url = if is_here {
        &server.url
    } else {
        "http://model.example"
    };
    let flags = [
        model("m"),
        words("--review-allow-http --review-structured"),
        words(way),
    ];
    let mut command = check(scratch.path(), api, url, &flags.concat());
    let output = command.env("HTTP_PROXY", &server.url).output().unwrap();
    let reason = "nothing: invalid answer: the quote does not occur in the code";
    assert_eq!(given(&report(&output)), reason);
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    [0, 1].map(|turn: usize| quote(&asked[turn].body).unwrap()["enum"].clone())
}

/// The schema of a quote, wherever a document has it.
fn quote(document: &Value) -> Option<&Value> {
    let place = "/properties/verdicts/items/properties/quote";
    document.pointer(place).or_else(|| match document {
        Value::Object(parts) => parts.values().find_map(quote),
        Value::Array(parts) => parts.iter().find_map(quote),
        _ => None,
    })
}

#[test]
fn who_cannot_copy_chooses_from_lines_but_no_code_stands_in_a_schema_for_a_host() {
    let lines = json!(["fn a(m: Mutex<u8>) -> u8 {", "*m.lock().unwrap()"]);
    let any = Value::Null;
    for (api, way, here, elsewhere) in [
        ("openai", "json_schema", [&any, &lines], [&any, &any]),
        ("openai", "json_object", [&lines, &lines], [&any, &any]),
        ("openai", "tool", [&any, &lines], [&any, &any]),
        ("anthropic", "json_schema", [&any, &lines], [&any, &any]),
        ("anthropic", "tool", [&any, &lines], [&any, &any]),
        ("ollama", "json_schema", [&lines, &lines], [&lines, &lines]),
    ] {
        let found = choices(api, way, true, LOCK);
        assert_eq!(found.each_ref(), here, "{api}, {way}, here");
        let found = choices(api, way, false, LOCK);
        assert_eq!(found.each_ref(), elsewhere, "{api}, {way}, elsewhere");
    }
    // What is too much to choose from is quoted freely, and a line that stands there twice is one.
    let lines = |count: usize, of: &str| -> String {
        (100..100 + count)
            .map(|at| format!("    {of}({at});\n"))
            .collect()
    };
    let long = |count: usize| "1".repeat(count);
    let calls = |count: usize| {
        let called =
            |name: &str, count: usize| format!("fn {name}() {{\n{}}}\n", lines(count, name));
        let first = format!("    b();\n    c();\n{}", lines(95, "f"));
        (first, called("b", 50) + &called("c", count))
    };
    for ((first, then), count) in [
        (calls(49), 200),
        (calls(50), 0),
        ((format!("    f({});\n", long(196)), String::new()), 3),
        ((format!("    f({});\n", long(198)), String::new()), 0),
        ((lines(90, &long(120)), String::new()), 92),
        ((lines(90, &long(140)), String::new()), 0),
        (("    f();\n\n    ;\n".repeat(2), String::new()), 3),
    ] {
        let code = LOCK.replace("{\n", &format!("{{\n{first}")) + &then;
        let [found, _] = choices("ollama", "json_schema", true, &code);
        let found = found.as_array().map_or(0, Vec::len);
        assert_eq!(found, count, "{code}");
    }
}

#[test]
fn what_a_stand_in_said_is_kept_as_its_own() {
    let cases = cases();
    let api = &cases.api["openai"];
    let busy = Reply {
        status: Some(503),
        headers: vec!["retry-after: 900".to_owned()],
        ..Reply::default()
    };
    let server = Server::start(vec![busy, whole(api, &cases.says["compliant"])]);
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    let run = |models: &str| {
        let output = check(scratch.path(), "openai", &server.url, &model(models))
            .output()
            .unwrap();
        let finding = report(&output)["findings"][0]["verdict"].clone();
        (
            finding["reviewer"].clone(),
            finding["cached"].clone(),
            server.asked().len(),
        )
    };
    assert_eq!(run("m,n"), (json!("n"), json!(false), 2));
    assert_eq!(run("m,n"), (json!("n"), json!(true), 2));
    // Whoever trusts the first alone does not hear the second.
    assert_eq!(run("m"), (json!("m"), json!(false), 3));
}

#[test]
fn an_overloaded_model_is_left_alone_for_the_rest_of_the_run() {
    let cases = cases();
    let api = &cases.api["openai"];
    let busy = Reply {
        status: Some(529),
        headers: vec!["retry-after: 900".to_owned()],
        ..Reply::default()
    };
    let server = Server::start(vec![busy, whole(api, &cases.says["compliant"])]);
    let scratch = scratch::folder();
    scratch::write(
        scratch.path(),
        "src/a.rs",
        LOCK.to_owned() + &LOCK.replace("fn a", "fn b"),
    );
    let mut flags = model("m,n");
    flags.extend(["--review-at-once".to_owned(), "1".to_owned()]);
    check(scratch.path(), "openai", &server.url, &flags)
        .output()
        .unwrap();
    let models: Vec<Value> = server
        .asked()
        .iter()
        .map(|asked| asked.body["model"].clone())
        .collect();
    assert_eq!(models, ["m", "n", "n"]);
}

#[test]
fn what_a_run_uses_is_counted_and_held_to_its_budget() {
    let cases = cases();
    for (name, cached) in [("openai", 600), ("anthropic", 600), ("ollama", 0)] {
        let server = Server::start(vec![whole(&cases.api[name], &cases.says["compliant"])]);
        let scratch = scratch::folder();
        let code = (0..4).map(|number| LOCK.replace("fn a", &format!("fn f{number}")));
        scratch::write(scratch.path(), "src/a.rs", code.collect::<String>());
        let prices = "[review]\nmodel = \"m\"\n[review.prices.m]\ninput = 2\ncached-input = 0.5\noutput = 10.0\n";
        scratch::write(
            scratch.path(),
            ".no-configuration/engineering-codex/config.toml",
            prices,
        );
        let run = |more: &[&str]| {
            let mut command = check(scratch.path(), name, &server.url, &[]);
            command.args([
                "--review-no-cache",
                "--review-at-once",
                "1",
                "--review-answer-tokens",
                "500",
            ]);
            report(&command.args(more).output().unwrap())["review"].clone()
        };
        let usage = run(&[])["usage"].clone();
        let cost =
            ((900 - cached) * 2_000_000 + cached * 500_000 + 40 * 10_000_000_u64) / 1_000_000;
        let wanted = json!({"requests": 4, "input_tokens": 3600, "cached_input_tokens": 4 * cached,
            "output_tokens": 160, "estimated": false, "cost_micro_usd": 4 * cost});
        assert_eq!(usage, wanted, "{name}");
        // Room for one request of at most 500 tokens ($0.005) and some 2000 in, not for two.
        let held = run(&["--review-max-cost", "0.012"]);
        let requests = held["usage"]["requests"].as_u64().unwrap();
        let spent = held["usage"]["cost_micro_usd"].as_u64().unwrap();
        assert!(
            (1..4).contains(&requests) && spent <= 12_000,
            "{name}: {held}"
        );
        assert!(held["left_out"].as_u64().unwrap() > 0, "{held}");
        let output = shown(scratch.path(), name, &server.url, &[])
            .arg("--review-no-cache")
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            shown
                .lines()
                .any(|line| line.starts_with("usage: 4 requests, 3600 tokens in")),
            "{shown}"
        );
    }
}

#[test]
fn a_budget_in_dollars_needs_a_price() {
    let scratch = scratch::folder();
    let server = Server::start(vec![Reply::default()]);
    let mut flags = model("m");
    flags.extend(["--review-max-cost".to_owned(), "1".to_owned()]);
    let output = check(scratch.path(), "openai", &server.url, &flags)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("needs the price of `m`"));
}

#[test]
fn without_a_key_nobody_is_asked_and_nothing_is_clean() {
    let cases = cases();
    let server = Server::start(vec![whole(&cases.api["openai"], &cases.says["compliant"])]);
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    let output = check(scratch.path(), "openai", &server.url, &model("m"))
        .env_remove("CONTRACT_KEY")
        .output()
        .unwrap();
    let report = report(&output);
    assert_eq!(
        given(&report),
        "nothing: no key: the variable CONTRACT_KEY is not set"
    );
    assert_eq!(report["review"]["left_out"], 1);
    assert_eq!((output.status.code(), server.asked().len()), (Some(1), 0));
    for key in ["two\nlines", "caf\u{e9}"] {
        let output = check(scratch.path(), "openai", &server.url, &model("m"))
            .env("CONTRACT_KEY", key)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            !said.contains(&key[..3]) && server.asked().is_empty(),
            "{said}"
        );
    }
}

#[test]
fn an_address_is_checked_before_anything_is_sent() {
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    let run = |url: &str, more: &[&str]| {
        let mut command = check(scratch.path(), "openai", url, &model("m"));
        let output = command
            .args(more)
            .args(["--review-timeout", "1"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said + &given(&report(&output)))
    };
    let refused = [
        ("http://example.com/v1", "in the clear"),
        ("http://127.0.0.1.example.com/v1", "in the clear"),
        ("http://localhost.example.com/v1", "in the clear"),
        ("http://169.254.169.254/latest", "in the clear"),
        ("http://[::ffff:10.0.0.1]/", "in the clear"),
        (
            "https://user:hunter2@example.com/v1",
            "a user name or a password",
        ),
        (
            "https://hunter2@example.com/v1",
            "a user name or a password",
        ),
        (
            "http://127.0.0.1@hunter2.example.com/",
            "a user name or a password",
        ),
        ("file:///etc/passwd", "no URL"),
        ("ftp://example.com", "neither https:// nor http://"),
        ("example.com/v1", "no URL"),
        ("", "no URL"),
        ("https://exa mple.com/hunter2", "no URL"),
    ];
    for (url, why) in refused {
        let (code, said) = run(url, &[]);
        assert!(
            code == Some(2) && said.contains(why),
            "{url}: {code:?} {said}"
        );
        assert!(!said.contains("hunter2"), "{url}: {said}");
    }
    // Allowed, and not there; what stands in a query is never shown.
    for (url, flag) in [
        ("http://127.0.0.1:1/?key=hunter2", "--quiet"),
        ("http://[::1]:1/", "--quiet"),
        ("http://localhost:1/", "--quiet"),
        ("http://nowhere.invalid/?key=hunter2", "--review-allow-http"),
    ] {
        let (code, said) = run(url, &[flag]);
        assert!(
            code == Some(1) && said.contains("nothing: the reviewer"),
            "{url}: {said}"
        );
        assert!(!said.contains("hunter2"), "{url}: {said}");
    }
}

#[test]
fn nothing_goes_past_a_proxy() {
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    let unusable = "the proxy in ALL_PROXY cannot be used";
    for (proxy, none, code, why) in [
        ("socks5://me:hunter2@127.0.0.1:1", "", 2, unusable),
        ("http://[hunter2", "model.example", 2, unusable),
        ("ftp://hunter2.example", "", 2, unusable),
        (
            "http://me:hunter2@127.0.0.1:1",
            "",
            1,
            "cannot be reached through the proxy in ALL_PROXY: connection refused",
        ),
        // Whoever needs none may have one that cannot be used.
        (
            "socks5://hunter2@127.0.0.1:1",
            "nowhere.invalid",
            1,
            "nothing: the reviewer",
        ),
    ] {
        let url = "http://nowhere.invalid/v1";
        let output = check(scratch.path(), "openai", url, &model("m"))
            .args(["--review-allow-http", "--review-timeout", "5"])
            .env("ALL_PROXY", proxy)
            .env("NO_PROXY", none)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &given(&report(&output));
        assert!(said.contains(why), "{proxy}: {said}");
        assert!(!said.contains("hunter2"), "{proxy}: {said}");
        assert_eq!(output.status.code(), Some(code), "{proxy}: {said}");
    }
}

#[test]
fn a_repository_names_no_address() {
    let cases = cases();
    let server = Server::start(vec![whole(&cases.api["openai"], &cases.says["compliant"])]);
    for key in [
        "url",
        "api",
        "key-env",
        "model",
        "prices",
        "allow-http",
        "max-cost",
    ] {
        let scratch = scratch::folder();
        scratch::write(scratch.path(), "src/a.rs", LOCK);
        let law = format!(
            "extends = [\"embedded\"]\n[review]\n{key} = \"{}\"\n",
            server.url
        );
        scratch::write(scratch.path(), "codex.toml", law);
        let output = check(scratch.path(), "openai", &server.url, &model("m"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{key}");
        assert_eq!(server.asked().len(), 0, "{key}");
    }
}

#[test]
fn show_sends_nothing_and_shows_no_key() {
    let server = Server::start(vec![Reply::default()]);
    let scratch = scratch::folder();
    scratch::write(scratch.path(), "src/a.rs", LOCK);
    let output = scratch::codex(scratch.path())
        .args(["check", "--all", "--review", "show", "--review-model", "m"])
        .args(["--review-url", &format!("{}/v1?key=hunter2", server.url)])
        .args(["--review-key-env", "CONTRACT_KEY"])
        .env("CONTRACT_KEY", KEY)
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        shown.contains("\nPOST http://127.0.0.1") && shown.contains("\"response_format\""),
        "{shown}"
    );
    assert!(
        !holds_key(&left_behind(scratch.path(), &output)) && !shown.contains("hunter2"),
        "{shown}"
    );
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn dates_are_read_as_servers_write_them() {
    let read = codex::review::http::seconds_of;
    assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
    assert_eq!(read("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
    assert_eq!(read("Sat, 31 Dec 2016 23:59:60 GMT"), Some(1_483_228_800));
    for wrong in [
        "",
        "soon",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 CET",
    ] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
}
