//! Which statements answer a question: BM25 over stemmed words, offline, the same everywhere.
//!
//! Words of a slug and of the advice count for more than those around a statement; a word that means the same counts
//! for half. Deliberately absent: a model, and a file for the index: the statements of a codex are few.

use std::collections::BTreeMap;

use rust_stemmers::{Algorithm, Stemmer};

use crate::statements::Statement;

/// How soon more of the same word stops to count, and how much long statements are held back (the usual values).
const SATURATION: f64 = 1.2;
const LENGTH: f64 = 0.75;
/// What a word counts that only means the same.
const ALIKE: f64 = 0.5;

/// Words that say nothing about what is asked.
const EMPTY: &str = "a about an and any are as at be by can could do does for from have how i if in into is it its must \
    my need not of on or our should that the their them then there this to us use used using want was we what when where \
    which who why will with would you your";

/// Words that mean the same to whoever asks; one group a line.
const GROUPS: &str = "\
error failure fail exception fault
absent missing null nil none nothing undefined optional
panic crash abort die
config configuration setting flag
deploy rollout release publish ship stage
validate check verify test
secret credential password token key
log print output
upstream dependency external remote
time clock date now
network connection socket http";

/// A statement and how well it answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit<'a> {
    /// The statement.
    pub statement: &'a Statement,
    /// Higher is better; it says nothing by itself.
    pub score: f64,
}

/// The statements that have a word of the question, the best first.
pub fn search<'a>(statements: &'a [Statement], question: &str) -> Vec<Hit<'a>> {
    let stemmer = Stemmer::create(Algorithm::English);
    let documents: Vec<BTreeMap<String, f64>> = statements
        .iter()
        .map(|statement| weights(&stemmer, statement))
        .collect();
    let lengths: Vec<f64> = documents.iter().map(|words| words.values().sum()).collect();
    let count = number(documents.len());
    let mean = (lengths.iter().sum::<f64>() / count.max(1.0)).max(1.0);
    let wanted = wanted(&stemmer, question);
    let mut hits = Vec::new();
    for ((statement, words), length) in statements.iter().zip(&documents).zip(&lengths) {
        let mut score = 0.0;
        for (word, weight) in &wanted {
            let Some(frequency) = words.get(word) else {
                continue;
            };
            let holding = number(
                documents
                    .iter()
                    .filter(|words| words.contains_key(word))
                    .count(),
            );
            let rarity = (1.0 + (count - holding + 0.5) / (holding + 0.5)).ln();
            let held_back = SATURATION * (1.0 - LENGTH + LENGTH * length / mean);
            score += weight * rarity * frequency * (SATURATION + 1.0) / (frequency + held_back);
        }
        if score > 0.0 {
            hits.push(Hit { statement, score });
        }
    }
    hits.sort_by(|left, right| {
        let order = right.score.total_cmp(&left.score);
        order.then_with(|| left.statement.slug.cmp(&right.statement.slug))
    });
    hits
}

/// The words of a question and what each counts.
fn wanted(stemmer: &Stemmer, question: &str) -> BTreeMap<String, f64> {
    let mut wanted = BTreeMap::new();
    for word in words(stemmer, question) {
        for group in GROUPS.lines() {
            let group = words(stemmer, group);
            if group.contains(&word) {
                for alike in group {
                    wanted.entry(alike).or_insert(ALIKE);
                }
            }
        }
        wanted.insert(word, 1.0);
    }
    wanted
}

/// How often each word occurs, weighted by where.
fn weights(stemmer: &Stemmer, statement: &Statement) -> BTreeMap<String, f64> {
    let number = format!("rfc{}", statement.rfc);
    let section = statement.section.join(" ");
    let languages = statement.enforced_by.join(" ");
    let fields: [(&str, f64); 8] = [
        (&statement.slug, 3.0),
        (statement.advice.as_deref().unwrap_or_default(), 2.0),
        (&statement.text, 2.0),
        (&statement.title, 1.0),
        (&section, 0.5),
        (&statement.domain, 1.0),
        (&languages, 1.0),
        (&number, 1.0),
    ];
    let mut weights: BTreeMap<String, f64> = BTreeMap::new();
    for (text, weight) in fields {
        for word in words(stemmer, text) {
            *weights.entry(word).or_default() += weight;
        }
    }
    weights
}

/// The stems of a text. `RFC 12` is one word.
fn words(stemmer: &Stemmer, text: &str) -> Vec<String> {
    let lower = text.to_lowercase().replace("rfc ", "rfc");
    lower
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| {
            !word.is_empty() && !EMPTY.split_ascii_whitespace().any(|empty| empty == *word)
        })
        .map(|word| stemmer.stem(word).into_owned())
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 statements")]
fn number(count: usize) -> f64 {
    count as f64
}
