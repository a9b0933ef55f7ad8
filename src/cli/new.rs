//! `codex new SLUG --language lua`: a statement to fill in, in a new RFC or at the end of an old one.
//!
//! What it writes compiles as it is, as a draft. Deliberately absent: numbers and owners that an organisation gives out;
//! the next free number is taken, and the rest is said to be filled in.

use std::path::PathBuf;

use crate::config::{self, Config};
use crate::language::Language;
use crate::problem::{Document, Failure};
use crate::report::plain_text::visible_line;
use crate::rfc;

use super::{Context, Verdict, unknown_word};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The rule's id: kebab-case, it names the offence
    slug: String,
    /// The language of the code
    #[arg(long)]
    language: String,
    /// Add the section to this RFC instead of a new one
    #[arg(long, value_name = "NUMBER")]
    rfc: Option<u32>,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context) -> Result<Verdict, Failure> {
    let slug = arguments.slug.as_str();
    if !rfc::is_slug(slug) {
        return Err(Failure::new(format!("`{slug}` is no slug"))
            .help("a slug is kebab-case with a hyphen and names the offence: `sleep-in-handler`"));
    }
    let Some(language) = Language::named(&arguments.language) else {
        let known = Language::names();
        return Err(unknown_word("language", &arguments.language, known));
    };
    let (_, config) = context.config_without_git()?;
    let old = rfcs(&config)?;
    let mut statements = old
        .iter()
        .flat_map(|(path, rfc)| rfc.statements.iter().map(move |found| (path, found)));
    if let Some((path, _)) = statements.find(|(_, found)| found.slug == slug) {
        let message = format!("{} has a statement `{slug}` already", path.display());
        return Err(Failure::new(message).help("a slug is unique in the whole codex"));
    }
    let section = section(slug, language);
    let (path, text) = match arguments.rfc {
        Some(number) => {
            let wanted = old.iter().find(|(_, rfc)| rfc.front.number == number);
            let (path, rfc) =
                wanted.ok_or_else(|| Failure::new(format!("there is no RFC {number}")))?;
            let text = rfc.document.text.trim_end();
            (path.clone(), format!("{text}\n\n{section}"))
        }
        None => {
            let last = old.iter().map(|(_, rfc)| rfc.front.number).max();
            let number = last.unwrap_or_default().saturating_add(1);
            let path = folder(&config).join(format!("{number:04}-{slug}.md"));
            let front = front(number, slug)?;
            (path, format!("{front}\n{section}"))
        }
    };
    let place = config.folder.join(&path);
    let failed =
        |error: &std::io::Error| Failure::io(format!("cannot write {}", place.display()), error);
    if arguments.rfc.is_none() && place.symlink_metadata().is_ok() {
        return Err(Failure::new(format!(
            "{} is there already",
            place.display()
        )));
    }
    if let Some(folder) = place.parent() {
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    }
    crate::write::replace(&place, text.as_bytes()).map_err(|error| failed(&error))?;
    let shown = visible_line(&path.to_string_lossy());
    context.print(&format!(
        "{shown}: fill it in, then `codex test` proves its examples, `codex compile` makes the rule,\nand `codex check --all --only {slug} --drafts` shows what it finds\n"
    ))?;
    Ok(Verdict::Pass)
}

fn rfcs(config: &Config) -> Result<Vec<(PathBuf, rfc::Rfc)>, Failure> {
    let mut all = Vec::new();
    // No RFC yet is no mistake here.
    for path in config.rfc_files().unwrap_or_default() {
        let place = config.folder.join(&path);
        let bytes = config::read_file(&place)
            .map_err(|error| Failure::io(format!("cannot read {}", place.display()), &error))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::new(format!("{} is not UTF-8", place.display())))?;
        let document = Document::new(path.to_string_lossy(), text);
        all.push((path, rfc::parse(&document).0));
    }
    Ok(all)
}

/// Where the first of the globs looks.
fn folder(config: &Config) -> PathBuf {
    let glob = config.rfcs.first().map_or("", String::as_str);
    let literal = glob.split(['*', '?', '[', '{']).next().unwrap_or_default();
    PathBuf::from(literal.rsplit_once('/').map_or("", |(folder, _)| folder))
}

fn front(number: u32, slug: &str) -> Result<String, Failure> {
    let mut title = slug.replace('-', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let today = super::today()?;
    Ok(format!(
        "---\nrfc: {number}\ntitle: {title}\nstatus: draft\ndomain: general\nowners: [your-team]\ndate: {today}\n---\n\n# RFC {number}: {title}\n\nWhat happened, and why this is a standard.\n"
    ))
}

fn section(slug: &str, language: &Language) -> String {
    let name = language.name;
    format!(
        "## {slug}

> Code MUST NOT call `replace_me`.

If you need what it does, use `use_this_instead`.

```yaml codex-rule
language: {name}
rule: {{pattern: replace_me($$$ARGUMENTS)}}
```

```{name} bad lines=1
replace_me(1);
```

```{name} good
use_this_instead(1);
```
"
    )
}
