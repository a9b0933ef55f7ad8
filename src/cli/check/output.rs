//! Where reports go and what they decide: the arguments that `check`, `merge` and `gate` share.

use std::io::Write;
use std::path::PathBuf;

use crate::cli::{Context, Verdict, threshold, unknown_word};
use crate::finding::{Disposition, Report};
use crate::problem::Failure;
use crate::report::{self, Format, Style, Surroundings};

/// A format and its file; without one, standard output.
pub(in crate::cli) type Output = (Format, Option<PathBuf>);

/// The forms of a report.
#[derive(Debug, clap::Args)]
#[group(skip)] // clap names groups after the structs
pub(in crate::cli) struct Arguments {
    /// The form of the report, and where to write it (repeatable): human, json, sarif, github,
    /// markdown, gitlab, rdjson or junit
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "human")]
    format: Vec<String>,
    /// In SARIF, list what was suppressed, cleared or old, too
    #[arg(long)]
    pub(in crate::cli) sarif_suppressed: bool,
}

impl Arguments {
    /// What was asked for.
    pub(in crate::cli) fn read(&self) -> Result<Vec<Output>, Failure> {
        outputs(&self.format)
    }
}

/// What words of `--format` ask for. Only one can have standard output.
pub(in crate::cli) fn outputs(words: &[String]) -> Result<Vec<Output>, Failure> {
    let mut outputs = Vec::new();
    for word in words {
        let (name, file) = word
            .split_once('=')
            .map_or((word.as_str(), None), |(name, file)| {
                (name, Some(PathBuf::from(file)))
            });
        let known = || Format::ALL.into_iter().map(|(known, _)| known);
        let format = Format::named(name).ok_or_else(|| unknown_word("format", name, known()))?;
        outputs.push((format, file));
    }
    if outputs.iter().filter(|(_, file)| file.is_none()).count() > 1 {
        let help = "give the others a file, as in --format json=codex.json";
        return Err(Failure::new("only one format can go to standard output").help(help));
    }
    Ok(outputs)
}

/// How a report becomes an exit code.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Decision {
    /// The weakest finding that fails: block, review or warn [default: as codex.toml says, or the
    /// report that is read]
    #[arg(long, value_name = "DISPOSITION")]
    fail_on: Option<String>,
    /// Report only: exit with 0 whatever is found
    #[arg(long)]
    exit_zero: bool,
}

impl Decision {
    /// The threshold that was named.
    pub(in crate::cli) fn threshold(&self) -> Result<Option<Disposition>, Failure> {
        threshold(self.fail_on.as_deref())
    }

    /// How the command ends.
    pub(in crate::cli) fn verdict(&self, report: &Report) -> Verdict {
        Verdict::of(report.outcome(), self.exit_zero)
    }
}

/// Writes a report in every form that was asked for.
pub(in crate::cli) fn write(
    outputs: &[Output],
    report: &Report,
    surroundings: &Surroundings,
    context: &mut Context,
) -> Result<(), Failure> {
    write_as(outputs, context, |format, style, out| {
        report::render(format, report, surroundings, style, out)
    })
}

/// Writes what `render` makes in every form that was asked for.
pub(in crate::cli) fn write_as(
    outputs: &[Output],
    context: &mut Context,
    render: impl Fn(Format, Style, &mut dyn Write) -> std::io::Result<()>,
) -> Result<(), Failure> {
    for (format, file) in outputs {
        let Some(file) = file else {
            let mut text = Vec::new();
            render(*format, context.style, &mut text)
                .map_err(|error| Failure::io("cannot write the report", &error))?;
            context.print(&String::from_utf8_lossy(&text))?;
            continue;
        };
        let doing = format!("cannot write {}", file.display());
        let mut out = std::fs::File::create(file)
            .map(std::io::BufWriter::new)
            .map_err(|error| Failure::io(&doing, &error))?;
        render(*format, Style::default(), &mut out)
            .and_then(|()| out.flush())
            .map_err(|error| Failure::io(&doing, &error))?;
    }
    Ok(())
}
