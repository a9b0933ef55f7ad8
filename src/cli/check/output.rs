//! Where reports go: `--format FORMAT[=FILE]`, of `check` and of `merge`.

use std::io::Write;
use std::path::PathBuf;

use crate::cli::{Context, unknown_word};
use crate::finding::Report;
use crate::problem::Failure;
use crate::report::{self, Format, Surroundings};

/// A format and its file; without one, standard output.
pub(in crate::cli) type Output = (Format, Option<PathBuf>);

/// What was asked for. Only one can have standard output.
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

/// Whether some format shows code.
pub(super) fn show_code(outputs: &[Output]) -> bool {
    outputs.iter().any(|(format, _)| format.shows_code())
}

/// Writes a report in every form that was asked for.
pub(in crate::cli) fn write(
    outputs: &[Output],
    report: &Report,
    surroundings: &Surroundings,
    context: &mut Context,
) -> Result<(), Failure> {
    for (format, file) in outputs {
        let Some(file) = file else {
            let style = context.style;
            report::render(*format, report, surroundings, style, &mut context.writer())
                .map_err(|error| Failure::io("cannot write the report", &error))?;
            continue;
        };
        let doing = format!("cannot write {}", file.display());
        let mut out = std::fs::File::create(file)
            .map(std::io::BufWriter::new)
            .map_err(|error| Failure::io(&doing, &error))?;
        let style = report::Style::default();
        report::render(*format, report, surroundings, style, &mut out)
            .and_then(|()| out.flush())
            .map_err(|error| Failure::io(&doing, &error))?;
    }
    Ok(())
}
