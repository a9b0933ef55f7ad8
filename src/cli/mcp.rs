//! `codex mcp`: tools for coding agents, over standard input and output, so that an agent asks before it writes.
//!
//! Nothing is written, nobody is asked and nothing is sent: an agent that talks to this program costs nothing. What a
//! repository holds comes back as JSON or plain text, never as an instruction. Deliberately absent: reviewers, resources,
//! prompts, sampling, sockets.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::rc::Rc;

use clap::Parser as _;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{Implementation, ServerCapabilities, ServerConfig};
use rmcp::schemars::{self, JsonSchema};
use rmcp::{ServerHandler, ServiceExt, tool, tool_handler, tool_router};
use serde::Deserialize;

use crate::change::Snapshot;
use crate::config::Narrowing;
use crate::finding::Disposition;
use crate::language::{Language, Workspace};
use crate::problem::Failure;
use crate::report::Style;
use crate::review;
use crate::rule::in_force;
use crate::scan::Scanner;
use crate::source::RepoPath;
use crate::{search, statements};

use super::{Command, Context, Verdict, ask};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

/// The most bytes of a tool's answer: an agent that gets more reads none of it.
const ANSWER_LIMIT: usize = 200_000;

pub(super) fn run(_: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let failed =
        |what: &str, error: &dyn std::fmt::Display| Failure::new(format!("{what}: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io("cannot serve", &error))?;
    let tools = Tools {
        folder: context.folder.clone(),
    };
    runtime.block_on(async {
        let running = tools.serve(rmcp::transport::stdio()).await;
        let running =
            running.map_err(|error| failed("the client did not begin as it should", &error))?;
        // That the client has gone is how it ends.
        let ended = running.waiting().await;
        ended.map_err(|error| failed("cannot serve", &error))
    })?;
    Ok(Verdict::Pass)
}

/// What the tools work on.
#[derive(Debug, Clone)]
struct Tools {
    folder: PathBuf,
}

/// A question.
#[derive(Debug, Deserialize, JsonSchema)]
struct Question {
    /// What you want to do, in your own words: "how do I handle errors?"
    question: String,
    /// How many statements to give (default 5)
    limit: Option<usize>,
}

/// A rule.
#[derive(Debug, Deserialize, JsonSchema)]
struct Named {
    /// The rule's id, such as unwrap-outside-tests
    rule: String,
}

/// A piece of code.
#[derive(Debug, Deserialize, JsonSchema)]
struct Snippet {
    /// The code of a whole file
    code: String,
    /// The file that it is meant for, such as src/detector.rs: its name says the language
    path: String,
}

/// A work tree.
#[derive(Debug, Deserialize, JsonSchema)]
struct Tree {
    /// Look at everything, not only at what the change brings in
    all: Option<bool>,
    /// Compare with the merge base of this revision
    base: Option<String>,
}

#[tool_router]
impl Tools {
    #[tool(
        description = "Find the engineering standards in force that answer a question. Ask before you write code."
    )]
    async fn search_statements(
        &self,
        Parameters(asked): Parameters<Question>,
    ) -> Result<String, String> {
        let context = self.context(Box::new(io::sink()));
        let (_, config) = context.config().map_err(said)?;
        let statements = statements::in_force(&config).map_err(said)?;
        let mut hits = search::search(&statements, &asked.question);
        hits.truncate(asked.limit.unwrap_or(5));
        Ok(limited(ask::json(&hits)))
    }

    #[tool(description = "Explain a rule: its statement, advice, owners, conditions and examples.")]
    async fn explain_rule(&self, Parameters(named): Parameters<Named>) -> Result<String, String> {
        // After `--` a rule is a name, whatever it looks like.
        self.command(&["explain", "--", &named.rule])
    }

    #[tool(
        description = "Check a piece of code that is not written yet: what it breaks of the standards in force, as JSON findings."
    )]
    async fn check_snippet(
        &self,
        Parameters(snippet): Parameters<Snippet>,
    ) -> Result<String, String> {
        self.snippet(snippet).map(limited).map_err(said)
    }

    #[tool(
        description = "Check the work tree: what its change newly breaks, as the JSON report of `codex check`. Run it before you hand work over."
    )]
    async fn check_work_tree(&self, Parameters(tree): Parameters<Tree>) -> Result<String, String> {
        let mut words = vec!["check", "--format", "json", "--review", "none"];
        let base = tree.base.map(|base| format!("--base={base}"));
        match (&base, tree.all) {
            (Some(base), _) => words.push(base),
            (None, Some(true)) => words.push("--all"),
            (None, _) => {}
        }
        self.command(&words)
    }
}

#[tool_handler]
impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        let server = Implementation::new("engineering-codex", env!("CARGO_PKG_VERSION"));
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(server)
            .with_instructions(
                "The engineering standards of this organisation. Search them before you write code, check a snippet while you write, and the work tree before you hand work over. Findings with the disposition `block` reject a change.",
            )
    }
}

impl Tools {
    fn context(&self, out: Box<dyn Write>) -> Context {
        Context {
            folder: self.folder.clone(),
            style: Style::default(),
            out: io::BufWriter::new(out),
        }
    }

    /// What a command prints. Standard output itself belongs to the protocol.
    fn command(&self, words: &[&str]) -> Result<String, String> {
        let words = std::iter::once(&"codex").chain(words);
        let arguments =
            super::Arguments::try_parse_from(words).map_err(|error| error.to_string())?;
        let written = Rc::new(RefCell::new(Vec::new()));
        let mut context = self.context(Box::new(Shared(Rc::clone(&written))));
        let verdict = match arguments.command {
            Some(Command::Check(arguments)) => super::check::run(&arguments, &mut context),
            Some(Command::Explain(arguments)) => super::explain::run(&arguments, &mut context),
            _ => Err(Failure::new("there is no such tool")),
        };
        let verdict = verdict.and_then(|verdict| context.flush(verdict));
        let text = String::from_utf8_lossy(&written.borrow()).into_owned();
        match verdict {
            Ok(Verdict::Incomplete) => Err(limited(text)),
            Ok(_) => Ok(limited(text)),
            Err(failure) => Err(said(failure)),
        }
    }

    fn snippet(&self, snippet: Snippet) -> Result<String, Failure> {
        let path = RepoPath::from(snippet.path.as_str());
        if Language::of(&path).is_none() {
            let known: Vec<&str> = Language::names().collect();
            let message = format!("{} is in no language that codex knows", path.text());
            return Err(Failure::new(message).help(format!("known are: {}", known.join(", "))));
        }
        let context = self.context(Box::new(io::sink()));
        let (_, config) = context.config()?;
        let in_force = context.rules(&config, &in_force::Selection::default())?;
        let snapshot =
            Snapshot::memory(BTreeMap::from([(path.clone(), snippet.code.into_bytes())]));
        let scanner = Scanner::new(&in_force.rules, true).under(super::today()?, None);
        let scan = scanner.scan(&Workspace::new(&snapshot), &[path]);
        if let Some(unchecked) = scan.unchecked.first() {
            return Err(Failure::new(format!(
                "it cannot be looked at: {}",
                unchecked.reason
            )));
        }
        let narrow = Narrowing::default();
        let options = review::Options {
            asking: review::Asking::Nobody,
            confirmed: Disposition::Review,
            introduced: true,
            head: None,
            base: None,
            narrow: &narrow,
            cache: None,
            limits: review::ask::Limits::default(),
            heartbeat: None,
        };
        let findings = review::findings(scan.candidates, &options).findings;
        let text = serde_json::to_string_pretty(&findings);
        text.map_err(|error| Failure::new(error.to_string()))
    }
}

fn said(failure: Failure) -> String {
    match failure.help {
        Some(help) => format!("{}: {help}", failure.message),
        None => failure.message,
    }
}

fn limited(mut text: String) -> String {
    if text.len() > ANSWER_LIMIT {
        text.truncate(text.floor_char_boundary(ANSWER_LIMIT));
        text.push_str("\n... cut off: name fewer files or rules\n");
    }
    text
}

/// What a command has written.
struct Shared(Rc<RefCell<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
