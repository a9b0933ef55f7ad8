//! `codex completions SHELL`: what a shell needs to complete the command line.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Context, Verdict};
use crate::problem::Failure;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let mut command = super::Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "codex", &mut script);
    context.print(&String::from_utf8_lossy(&script))?;
    Ok(Verdict::Pass)
}
