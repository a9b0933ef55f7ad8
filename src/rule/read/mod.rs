//! Reads what a rule finds: the part that an RFC's block, a compiled rule and an ast-grep file share.
//!
//! Every complaint points at its key or value. Deliberately absent: who says so ([`Authority`] is given).

mod facts;
mod globs;
mod review;

use self::facts::{read_ambiguities, read_facts};
use self::globs::read_globs;
pub use self::review::review;
use super::{Authority, Decision, Rule, variables};
use crate::analysis::Analysis;
use crate::fix::template::Template;
use crate::language::Language;
use crate::matcher::read::{KEYS as CONDITIONS, Reader, SharedUtils};
use crate::problem::{Problems, nearest};
use crate::suppress::policy::{MAX_DAYS, Policy, Suppressible};
use crate::yaml::{Node, Value};

/// Keys of the ast-grep language that a rule may have, wherever it is written.
const SHARED_KEYS: [&str; 10] = [
    "language",
    "rule",
    "constraints",
    "utils",
    "transform",
    "fix",
    "message",
    "note",
    "files",
    "ignores",
];
/// Keys of ours.
const OUR_KEYS: [&str; 7] = [
    "except",
    "ambiguous-in",
    "ambiguous-when",
    "analysis",
    "inside-macros",
    "suppressible",
    "max-days",
];
/// Keys of a plain ast-grep file that say nothing about what matches.
const PLAIN_KEYS: [&str; 4] = ["id", "severity", "url", "metadata"];
/// Keys of a compiled rule.
const COMPILED_KEYS: [&str; 4] = ["schema", "id", "codex", "review"];
/// Keys of the ast-grep language that codex does not have yet.
const REFUSED_KEYS: [&str; 2] = ["rewriters", "labels"];

/// In which kind of text a rule is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A `yaml codex-rule` block of an RFC.
    Block,
    /// A document of `rules/*.yaml`.
    Compiled,
    /// An ast-grep file.
    Plain,
}

impl Form {
    fn keys(self) -> Vec<&'static str> {
        let more: &[&str] = match self {
            Self::Block => &OUR_KEYS,
            Self::Compiled => &[&OUR_KEYS[..], &COMPILED_KEYS[..]].concat(),
            Self::Plain => &PLAIN_KEYS,
        };
        [&SHARED_KEYS, more].concat()
    }
}

/// Reads the part of a rule that says what it finds. The message falls back to `statement`.
pub fn rule(
    node: &Node,
    id: &str,
    form: Form,
    authority: Authority,
    shared_utils: &SharedUtils,
    problems: &mut Problems,
) -> Option<Rule> {
    if !matches!(node.value, Value::Map(_)) {
        problems.add(node.span.clone(), "a rule must be a mapping");
        return None;
    }
    refuse_keys(node, form, problems);
    let language = read_language(node, form, problems)?;
    refuse_idle_keys(node, problems);
    let mut reader = Reader::new(language, problems).of_ours(form != Form::Plain);
    reader.share(shared_utils);
    reader.utils(node.get("utils").map_or(&[][..], Node::entries));
    let decision = read_decision(node, language, &mut reader);
    let ambiguous_when = node.get("ambiguous-when").map_or_else(Vec::new, |list| {
        read_ambiguities(list, &decision, language, &mut reader)
    });
    check_message(node, decision.as_ref(), &mut reader);
    let mut said = |key: &str| {
        let text = node.given(key)?;
        let text = reader.text(key, text)?.trim_end();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let (note, url) = (said("note"), said("url"));
    let statement = match &authority {
        Authority::Law(law) => law.statement.clone(),
        _ => id.to_owned(),
    };
    let names = decision.as_ref().and_then(|decision| match decision {
        Decision::Match(_, matcher) => Some(matcher.variables()),
        _ => None,
    });
    if let (Some(names), Some(asks)) = (names, node.get("ambiguous-in")) {
        for entry in asks.entries() {
            let ask = entry.value.as_text().unwrap_or_default();
            check_variables(ask, &entry.value, &names, &mut reader);
        }
    }
    let fix = read_fix(node, decision.as_ref(), &mut reader);
    let (except, ambiguous_in) = read_facts(node, language, problems);
    let rule = Rule {
        fix,
        id: id.to_owned(),
        message: node
            .get("message")
            .and_then(Node::as_text)
            .map(str::trim_end)
            .filter(|message| !message.is_empty())
            .map_or(statement, str::to_owned),
        note,
        url,
        except,
        ambiguous_in,
        ambiguous_when,
        inside_macros: form != Form::Plain
            && language.has_tokens()
            && node.get("inside-macros").map(|node| &node.value) != Some(&Value::Bool(false)),
        policy: read_policy(node, problems),
        authority,
        files: read_globs(node.given("files"), "files", form, problems),
        ignores: read_globs(node.given("ignores"), "ignores", form, problems),
        off: Vec::new(),
        decision: decision?,
    };
    Some(rule)
}

/// The language that the rule is about.
fn read_language(node: &Node, form: Form, problems: &mut Problems) -> Option<&'static Language> {
    let Some(language) = node.get("language") else {
        let known: Vec<&str> = Language::names().collect();
        let help = format!("known languages: {}", known.join(", "));
        problems.add_with_help(node.span.clone(), "a rule needs `language`", help);
        return None;
    };
    let name = language.need_text("language", problems)?;
    let found = if form == Form::Plain {
        Language::called(name)
    } else {
        Language::named(name)
    };
    if found.is_none() {
        refuse_language(name, language, problems);
    }
    found
}

/// Says why a word is no language here.
fn refuse_language(name: &str, node: &Node, problems: &mut Problems) {
    let span = node.span.clone();
    if let Some(feature) = Language::left_out(&name.to_lowercase()) {
        let help = format!(
            "build it with the feature: cargo install engineering-codex --features {feature}"
        );
        let message = format!("this codex was built without {}", name.to_lowercase());
        problems.add_with_help(span, message, help);
        return;
    }
    let message = format!("unknown language `{name}`");
    match Language::called(name) {
        Some(meant) => {
            let help = format!("did you mean `{}`?", meant.name);
            problems.add_with_help(span, message, help);
        }
        None => problems.add_unknown(span, message, name, Language::names()),
    }
}

/// What the rule asks of exceptions.
fn read_policy(node: &Node, problems: &mut Problems) -> Policy {
    let mut policy = Policy::default();
    let words = Suppressible::ALL.map(Suppressible::word);
    if let Some(value) = node.get("suppressible")
        && let Some(word) = value.need_text("suppressible", problems)
    {
        match words.iter().position(|known| *known == word) {
            Some(at) => policy.suppressible = Suppressible::ALL[at],
            None => {
                let message = format!("`suppressible` cannot be `{word}`");
                problems.add_unknown(value.span.clone(), message, word, words);
            }
        }
    }
    let Some(value) = node.get("max-days") else {
        return policy;
    };
    match value
        .as_number()
        .filter(|days| (1..=MAX_DAYS).contains(days))
    {
        Some(days) => policy.max_days = Some(days),
        None => problems.add(
            value.span.clone(),
            format!("`max-days` must be a number of days from 1 to {MAX_DAYS}"),
        ),
    }
    if policy.suppressible == Suppressible::Never {
        let help = "leave `max-days` away, or allow exceptions";
        let message = "where there is no exception, none has an end";
        problems.add_with_help(value.span.clone(), message, help);
    }
    policy
}

fn refuse_keys(node: &Node, form: Form, problems: &mut Problems) {
    let known = form.keys();
    for entry in node.entries() {
        let key = entry.key.as_str();
        let span = entry.key_span.clone();
        if REFUSED_KEYS.contains(&key) {
            let message = format!("`{key}` is not supported: no rule pack uses it");
            problems.add(span, message);
        } else if form == Form::Block && (key == "id" || key == "severity") {
            let help =
                "the id is the heading, the severity follows from the level of the statement";
            problems.add_with_help(
                span,
                format!("`{key}` does not belong into a rule of an RFC"),
                help,
            );
        } else if CONDITIONS.contains(&key) {
            let help = format!("write `rule: {{{key}: ..}}`");
            let message = format!("`{key}` says what matches: it belongs into `rule`");
            problems.add_with_help(span, message, help);
        } else if !known.contains(&key) {
            let before = problems.total();
            let message = format!("unknown key `{key}` in a rule");
            let all: Vec<&str> = known.iter().chain(&CONDITIONS).copied().collect();
            let is_slip = nearest(key, all.iter().copied()).is_some();
            let meant = if is_slip { &all } else { &known };
            problems.add_unknown(span, message, key, meant.iter().copied());
            // Packs mark their rules with keys of their own; only what looks like a slip is one.
            if form == Form::Plain && !is_slip {
                problems.only_warn_after(before);
            }
        }
    }
    if let Some(inside_macros) = node.get("inside-macros") {
        inside_macros.need_bool("inside-macros", problems);
    }
}

/// Keys that an analysis does not ask for, and utils and metadata that are none.
fn refuse_idle_keys(node: &Node, problems: &mut Problems) {
    if let Some(metadata) = node.given("metadata")
        && !matches!(metadata.value, Value::Map(_))
    {
        let message = format!("`metadata` must be a mapping, not {}", metadata.word());
        problems.add(metadata.span.clone(), message);
    }
    if let Some(utils) = node.given("utils")
        && !matches!(utils.value, Value::Map(_))
    {
        let help = "write a name, then its rule: `utils: {is-a-call: {kind: call_expression}}`";
        problems.add_with_help(
            utils.span.clone(),
            "`utils` must be a mapping of names to rules",
            help,
        );
    }
    if node.get("analysis").is_none() {
        return;
    }
    for entry in node
        .entries()
        .iter()
        .filter(|entry| matches!(entry.key.as_str(), "constraints" | "fix" | "utils"))
    {
        let message = format!(
            "`{}` belongs to `rule`: an analysis asks nothing of it",
            entry.key
        );
        problems.add(entry.key_span.clone(), message);
    }
}

fn read_decision(
    node: &Node,
    language: &'static Language,
    reader: &mut Reader<'_>,
) -> Option<Decision> {
    match (node.get("rule"), node.get("analysis")) {
        (Some(rule), None) => {
            let before = reader.problems().len();
            let mut matcher = reader.rule(rule, node.given("constraints"))?;
            if let Some(transform) = node.given("transform") {
                reader.transforms(&mut matcher, transform);
            }
            if matcher.kinds().is_none() && reader.problems().len() == before {
                let help = "add `kind`, or give a pattern that is not code on its own its surroundings: `pattern: {context: .., selector: ..}`";
                let message = "nothing in this rule says what kind of node it matches";
                reader
                    .problems()
                    .add_with_help(rule.span.clone(), message, help);
            }
            Some(Decision::Match(language, matcher))
        }
        (None, Some(analysis)) => {
            let analysis = read_analysis(analysis, language, reader.problems())?;
            Some(Decision::Analysis(language, analysis))
        }
        (Some(_), Some(analysis)) => {
            reader.problems().add(
                analysis.span.clone(),
                "a rule has either `rule` or `analysis`",
            );
            None
        }
        (None, None) => {
            reader
                .problems()
                .add(node.span.clone(), "a rule needs `rule` or `analysis`");
            None
        }
    }
}

fn read_analysis(node: &Node, language: &Language, problems: &mut Problems) -> Option<Analysis> {
    if let (Value::Map(_), None) = (&node.value, node.get("name")) {
        let help = "write `analysis: {name: nil-index, ...}`";
        problems.add_with_help(node.span.clone(), "`analysis` needs a `name`", help);
        return None;
    }
    let (name, span) = match node.get("name") {
        Some(name) => (name.need_text("name", problems)?, name.span.clone()),
        None => (node.need_text("analysis", problems)?, node.span.clone()),
    };
    let Some(mut analysis) = Analysis::named(name) else {
        problems.add_unknown(
            span,
            format!("unknown analysis `{name}`"),
            name,
            Analysis::NAMES,
        );
        return None;
    };
    let languages = Analysis::languages(name);
    if !languages.contains(&language.name) {
        let message = format!(
            "the analysis `{name}` reads {}, not {}",
            languages.join(", "),
            language.name
        );
        problems.add(span, message);
        return None;
    }
    for entry in node.entries().iter().filter(|entry| entry.key != "name") {
        if !analysis.options().contains(&entry.key.as_str()) {
            let message = format!("the analysis `{name}` has no option `{}`", entry.key);
            problems.add_unknown(
                entry.key_span.clone(),
                message,
                &entry.key,
                analysis.options().iter().copied(),
            );
            continue;
        }
        let values = match &entry.value.value {
            Value::List(values) => values.as_slice(),
            _ => std::slice::from_ref(&entry.value),
        };
        for value in values {
            let text = value.need_text(&entry.key, problems);
            if let Some(Err(message)) = text.map(|text| analysis.set(&entry.key, text)) {
                problems.add(value.span.clone(), message);
            }
        }
    }
    Some(analysis)
}

fn check_message(node: &Node, decision: Option<&Decision>, reader: &mut Reader<'_>) {
    let Some(text) = node.get("message") else {
        return;
    };
    let Some(message) = reader.text("message", text) else {
        return;
    };
    let message = message.to_owned();
    if let Some(Decision::Match(_, matcher)) = decision {
        reader.doubt(|reader| check_variables(&message, text, &matcher.variables(), reader));
    }
}

fn check_variables(
    text: &str,
    node: &Node,
    names: &std::collections::BTreeSet<std::sync::Arc<str>>,
    reader: &mut Reader<'_>,
) {
    for (_, name) in variables(text) {
        reader.need_variable(name, node.span.clone(), names);
    }
}

fn read_fix(node: &Node, decision: Option<&Decision>, reader: &mut Reader<'_>) -> Option<Template> {
    let fix = node.given("fix")?;
    if !matches!(fix.value, Value::Text(_)) {
        let help = "write the text that takes the place of the match: `fix: $X?`";
        let message = "`fix` must be a text: `expandStart`, `expandEnd` and several fixes are not supported yet";
        reader
            .problems()
            .add_with_help(fix.span.clone(), message, help);
        return None;
    }
    let template = Template::parse(fix.as_text().unwrap_or_default());
    if let Some(Decision::Match(_, matcher)) = decision {
        let names = matcher.variables();
        let mentioned = matcher.mentioned_variables();
        for name in template.names() {
            let need = |reader: &mut Reader<'_>| {
                reader.need_variable(name, fix.span.clone(), &names);
            };
            // What only a `not` names is never bound; ast-grep takes it for empty.
            if mentioned.contains(name) {
                reader.doubt(need);
            } else {
                need(reader);
            }
        }
    }
    Some(template)
}

/// Complains about something that ast-grep passes over: a warning in its own files.
fn doubt(form: Form, problems: &mut Problems, complain: impl FnOnce(&mut Problems)) {
    let before = problems.total();
    complain(problems);
    if form == Form::Plain {
        problems.only_warn_after(before);
    }
}
