//! The command line: what was typed, and what it means to the rest.
//!
//! One file per command. Exit codes: 0 nothing at or above the threshold, 1 something is, 2 codex could not do its job.
//! Only this module knows clap, reads the environment and writes to the terminal. Deliberately absent: decisions.

mod allow;
mod ask;
mod baseline;
mod check;
mod compile;
mod completions;
mod config;
mod eval;
mod everything;
mod explain;
mod export;
mod fetch;
mod gate;
mod http_reviewer;
mod init;
#[cfg(feature = "mcp")]
mod mcp;
mod merge;
mod new;
mod read;
mod review;
mod reviewer;
mod rules;
mod show;
mod watch;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use crate::change::Repository;
use crate::config::{Config, FILE_NAME};
use crate::date::Date;
use crate::fetched;
use crate::finding::{Disposition, Outcome};
use crate::problem::Failure;
use crate::report::Style;
use crate::rule::in_force::{self, InForce, Selection};

/// Compiles engineering standards, written as RFCs, into rules, and rejects the change that breaks one.
#[derive(Debug, Parser)]
#[command(
    name = "codex",
    disable_version_flag = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
struct Arguments {
    /// Print the version of codex, and the hash of the rules in force
    #[arg(short = 'V', long)]
    version: bool,
    /// Work in this folder, as git and make do
    #[arg(short = 'C', value_name = "DIR", global = true, display_order = 900)]
    folder: Option<PathBuf>,
    /// When to use colours
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        global = true,
        display_order = 901
    )]
    color: Colour,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Report what a change newly breaks
    Check(Box<check::Arguments>),
    /// Set a repository up: codex.toml, the hook, the workflow
    Init(init::Arguments),
    /// Begin a statement: a section of an RFC with examples to fill in
    New(new::Arguments),
    /// Make rules of the RFCs, and prove their examples
    Compile(compile::Arguments),
    /// Prove and list the examples of the RFCs, and write nothing
    Test(compile::TestArguments),
    /// Write an exception to a rule into the code
    Allow(allow::Arguments),
    /// Write down the findings that are there already: `check --all` then reports the others
    Baseline(baseline::Arguments),
    /// Find the statements that answer a question, offline
    Ask(ask::Arguments),
    /// Write the statements in force for coding agents
    Export(export::Arguments),
    /// Serve coding agents on standard input and output (Model Context Protocol)
    #[cfg(feature = "mcp")]
    Mcp(mcp::Arguments),
    /// Measure how often a reviewer is right about the examples of the RFCs
    Eval(Box<eval::Arguments>),
    /// Show the statement, advice and examples behind a rule
    Explain(explain::Arguments),
    /// List the rules in force
    Rules(rules::Arguments),
    /// Fetch and prove the codexes of other repositories that codex.toml extends
    Fetch(fetch::Arguments),
    /// Show the configuration in force, and where each value comes from
    Config(config::Arguments),
    /// Ask a reviewer whether a design or an incident report meets the statements that no matcher decides
    Review(Box<review::Arguments>),
    /// Decide by a report that was written before
    Gate(gate::Arguments),
    /// Put the reports of shards together
    Merge(merge::Arguments),
    /// Print completions for a shell
    Completions(completions::Arguments),
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// Commands of OpenAI's program of the same name.
const OF_ANOTHER_PROGRAM: [&str; 3] = ["exec", "login", "mcp"];
/// One of them is ours, too, in some builds.
const WITHOUT_MCP: &str = "this engineering-codex was built without it: `cargo install --locked --features mcp --path .`; OpenAI's command line has the same name: call it by its path";

/// How a command ends when nothing kept it from its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Pass,
    Reject,
    /// What could be said has been said, but the job could not be done whole.
    Incomplete,
}

impl Verdict {
    /// How a command ends that has a report.
    fn of(outcome: Outcome, exit_zero: bool) -> Self {
        match outcome {
            Outcome::Error => Self::Incomplete,
            Outcome::Reject if !exit_zero => Self::Reject,
            _ => Self::Pass,
        }
    }
}

/// Rules of a pack, in the place of those that are in force.
#[derive(Debug, clap::Args)]
struct PlainRules {
    /// Plain ast-grep rules of this folder instead of all others
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Plain ast-grep utils for `--rules`
    #[arg(long, value_name = "DIR", requires = "rules")]
    utils: Option<PathBuf>,
}

/// Where a command runs and how it draws.
struct Context {
    folder: PathBuf,
    style: Style,
    out: io::BufWriter<Box<dyn Write>>,
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // That a terminal is gone is no reason to fail.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::from(2)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let style = style(arguments.color);
    match run(arguments, style) {
        Ok(Verdict::Pass) => ExitCode::SUCCESS,
        Ok(Verdict::Reject) => ExitCode::from(1),
        Ok(Verdict::Incomplete) => ExitCode::from(2),
        Err(failure) => {
            show::failure(&failure, style);
            ExitCode::from(2)
        }
    }
}

/// What was asked for, else what the environment says (<https://no-color.org>, <https://bixense.com/clicolors/>), else
/// whether somebody is there to see it.
fn style(colour: Colour) -> Style {
    use std::io::IsTerminal;
    let variable = |name| std::env::var(name).unwrap_or_default();
    let is_terminal = io::stdout().is_terminal();
    let is_on = |name| !matches!(variable(name).as_str(), "" | "0");
    let colour = match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto if !variable("NO_COLOR").is_empty() => false,
        Colour::Auto if is_on("CLICOLOR_FORCE") => true,
        Colour::Auto => is_terminal && variable("CLICOLOR") != "0" && variable("TERM") != "dumb",
    };
    let mut style = Style {
        colour,
        ..Style::default()
    };
    if let Some((width, _)) = terminal_size::terminal_size_of(io::stdout()).filter(|_| is_terminal)
    {
        style.width = style.width.min(usize::from(width.0)).max(NARROWEST);
    }
    style
}

/// Nothing can be read below that.
const NARROWEST: usize = 40;

fn run(arguments: Arguments, style: Style) -> Result<Verdict, Failure> {
    if let Some(folder) = &arguments.folder {
        std::env::set_current_dir(folder)
            .map_err(|error| Failure::io(format!("cannot work in {}", folder.display()), &error))?;
    }
    let folder = std::env::current_dir()
        .map_err(|error| Failure::io("cannot find the working folder", &error))?;
    let mut context = Context {
        folder,
        style,
        out: io::BufWriter::new(Box::new(io::stdout())),
    };
    let Some(command) = arguments.command.filter(|_| !arguments.version) else {
        let folder = context.folder.clone();
        let verdict = config::version(&folder, &mut context)?;
        return context.flush(verdict);
    };
    let verdict = match command {
        Command::Check(arguments) => check::run(&arguments, &mut context),
        Command::Init(arguments) => init::run(&arguments, &mut context),
        Command::New(arguments) => new::run(&arguments, &mut context),
        Command::Compile(arguments) => compile::run(&arguments, &mut context),
        Command::Test(arguments) => compile::test(&arguments, &mut context),
        Command::Allow(arguments) => allow::run(&arguments, &mut context),
        Command::Baseline(arguments) => baseline::run(&arguments, &mut context),
        Command::Ask(arguments) => ask::run(&arguments, &mut context),
        Command::Export(arguments) => export::run(&arguments, &mut context),
        #[cfg(feature = "mcp")]
        Command::Mcp(arguments) => mcp::run(&arguments, &mut context),
        Command::Eval(arguments) => eval::run(&arguments, &mut context),
        Command::Explain(arguments) => explain::run(&arguments, &mut context),
        Command::Rules(arguments) => rules::run(&arguments, &mut context),
        Command::Fetch(arguments) => fetch::run(&arguments, &mut context),
        Command::Config(arguments) => config::run(&arguments, &mut context),
        Command::Review(arguments) => review::run(&arguments, &mut context),
        Command::Gate(arguments) => gate::run(&arguments, &mut context),
        Command::Merge(arguments) => merge::run(&arguments, &mut context),
        Command::Completions(arguments) => completions::run(&arguments, &mut context),
        Command::Other(words) => Err(unknown(&words)),
    }?;
    context.flush(verdict)
}

fn unknown(words: &[OsString]) -> Failure {
    let word = words
        .first()
        .map_or_else(String::new, |word| word.to_string_lossy().into_owned());
    let failure = Failure::new(format!("there is no command `{word}`"));
    if word == "mcp" {
        return failure.help(WITHOUT_MCP);
    }
    if OF_ANOTHER_PROGRAM.contains(&word.as_str()) {
        let help = "this is engineering-codex, which checks code against RFCs; OpenAI's command line has the same name: call it by its path";
        return failure.help(help);
    }
    let commands = Arguments::command();
    let known = commands.get_subcommands().map(clap::Command::get_name);
    failure.help(match crate::problem::nearest(&word, known) {
        Some(near) => format!("did you mean `{near}`? `codex --help` lists the commands"),
        None => "`codex --help` lists the commands".to_owned(),
    })
}

/// A threshold as it was typed.
fn threshold(word: Option<&str>) -> Result<Option<Disposition>, Failure> {
    let known = crate::config::THRESHOLDS.into_iter();
    let read =
        |word| crate::config::threshold(word).ok_or_else(|| unknown_word("threshold", word, known));
    word.map(read).transpose()
}

/// Today (UTC), or the day of `SOURCE_DATE_EPOCH`: the only look at the clock.
fn today() -> Result<Date, Failure> {
    let Some(value) = std::env::var_os("SOURCE_DATE_EPOCH").filter(|value| !value.is_empty())
    else {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let seconds = since.map_or(0, |since| since.as_secs());
        return Ok(Date::of_seconds(i64::try_from(seconds).unwrap_or(i64::MAX)));
    };
    let seconds = value.to_str().and_then(|text| text.parse().ok());
    seconds.map(Date::of_seconds).ok_or_else(|| {
        Failure::new("SOURCE_DATE_EPOCH is no number of seconds")
            .help("it is a Unix time, like 1767225600; unset it to take today's date")
    })
}

fn unknown_word(what: &str, word: &str, known: impl Iterator<Item = &'static str>) -> Failure {
    let known: Vec<&str> = known.collect();
    Failure::new(format!("unknown {what} `{word}`"))
        .help(format!("known are: {}", known.join(", ")))
}

/// A configuration that knows where codexes of other repositories lie.
fn knowing_cache(mut config: Config) -> Config {
    config.fetched = fetched::Cache::new(reviewer::cache_folder().as_deref());
    config
}

/// Standard output; a reader that has gone away is no failure.
struct Standard<'a>(&'a mut io::BufWriter<Box<dyn Write>>);

impl Write for Standard<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            flushed => flushed,
        }
    }
}

impl Context {
    /// Standard output, for what is too long to be held.
    fn writer(&mut self) -> Standard<'_> {
        Standard(&mut self.out)
    }

    /// Writes to standard output; a reader that has gone away is no failure.
    fn print(&mut self, text: &str) -> Result<(), Failure> {
        match self.out.write_all(text.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::io("cannot write the output", &error))
            }
            _ => Ok(()),
        }
    }

    /// Nothing is said until it is written.
    fn flush(&mut self, verdict: Verdict) -> Result<Verdict, Failure> {
        match self.out.flush() {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::io("cannot write the output", &error))
            }
            _ => Ok(verdict),
        }
    }

    /// The configuration for the working folder, asking git where the repository ends.
    fn config(&self) -> Result<(Option<Repository>, Config), Failure> {
        let repository = Repository::discover(&self.folder)?;
        let root = repository.as_ref().map(Repository::root);
        let config = knowing_cache(Config::find(&self.folder, root)?);
        Ok((repository, config))
    }

    /// The rules in force, with a warning where they are not those that are wanted. Without any, nothing can be said.
    fn rules(&self, config: &Config, selection: &Selection<'_>) -> Result<InForce, Failure> {
        let in_force = in_force::collect(config, selection)?;
        if let Some(missing) = in_force.stale.iter().find(|stale| stale.in_force.is_none()) {
            return Err(Failure::new(missing.text()).help("run `codex fetch`"));
        }
        for stale in &in_force.stale {
            show::warning(&stale.text());
        }
        Ok(in_force)
    }

    /// The same without asking git: the nearest folder upward that holds `codex.toml` or `.git` is the root.
    fn config_without_git(&self) -> Result<(PathBuf, Config), Failure> {
        let is_root =
            |folder: &&Path| folder.join(FILE_NAME).exists() || folder.join(".git").exists();
        let root = self
            .folder
            .ancestors()
            .find(is_root)
            .unwrap_or(&self.folder)
            .to_path_buf();
        let config = knowing_cache(Config::find(&self.folder, Some(&root))?);
        Ok((root, config))
    }
}
