//! The program `codex`: hands the command line to [`codex::cli`] and its answer to the shell.
//! Deliberately absent: everything else.

use std::process::ExitCode;

fn main() -> ExitCode {
    codex::cli::main()
}
