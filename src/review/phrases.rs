//! Text that speaks to a reviewer: the phrases of `phrases.txt`, looked for word by word.
//!
//! Every changed file is looked at on every run, so nothing is compiled and nothing is copied: words are pieces of the
//! lines, and most of them cannot begin a phrase. Deliberately absent: any claim that a text is harmless because no
//! phrase was found in it.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::neutral::is_invisible;

/// All phrases, by the words that they begin with.
static PHRASES: LazyLock<Phrases> = LazyLock::new(|| Phrases::parse(include_str!("phrases.txt")));

#[derive(Debug, Default)]
struct Phrases {
    phrases: Vec<Vec<Element>>,
    /// The hash of a first word, and a phrase that begins with it; sorted.
    first: Vec<(u32, usize)>,
    /// Bits of the hashes, so that most words are looked up nowhere.
    bits: Vec<u64>,
    /// Of writing without spaces: a beginning, the most characters between, the ends.
    unspaced: Vec<(String, usize, Vec<String>)>,
}

#[derive(Debug)]
enum Element {
    /// One of these sequences of words.
    OneOf(Vec<Vec<Word>>),
    /// The same, or nothing.
    Perhaps(Vec<Vec<Word>>),
    /// At most so many words.
    Gap(usize),
}

#[derive(Debug)]
enum Word {
    Is(String),
    Begins(String),
    /// A number in hexadecimal, of eight digits or more.
    Hexadecimal,
}

/// Those of the lines in which a text that speaks to a reviewer begins, by their index. Lines are read on as if they
/// were one, so that a sentence over several comments is seen.
pub fn addressed(lines: &[&str]) -> Vec<usize> {
    let phrases = &*PHRASES;
    let texts: Vec<Cow<'_, str>> = lines.iter().map(|line| plain(line)).collect();
    let mut words: Vec<(usize, &str)> = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let is_between = |character: char| !character.is_alphanumeric();
        let pieces: &mut dyn Iterator<Item = &str> = match text.is_ascii() {
            true => &mut text.split(|character: char| !character.is_ascii_alphanumeric()),
            false => &mut text.split(is_between),
        };
        words.extend(
            pieces
                .filter(|word| !word.is_empty())
                .map(|word| (at, word)),
        );
    }
    let mut found: Vec<usize> = Vec::new();
    for (at, (line, word)) in words.iter().enumerate() {
        if found.last() != Some(line)
            && phrases
                .beginning_with(word)
                .any(|phrase| is_phrase(phrase, &words[at..]))
        {
            found.push(*line);
        }
    }
    let unspaced = texts
        .iter()
        .enumerate()
        .filter(|(_, text)| !text.is_ascii());
    let unspaced = unspaced.filter(|(_, text)| phrases.is_unspaced(text));
    found.extend(unspaced.map(|(at, _)| at));
    found.sort_unstable();
    found.dedup();
    found
}

impl Phrases {
    fn parse(text: &str) -> Self {
        let mut all = Self {
            bits: vec![0; BITS / 64],
            ..Self::default()
        };
        for line in text.lines() {
            let mut elements = line.split_ascii_whitespace().peekable();
            match elements.peek() {
                None | Some(&"#") => {}
                Some(&"~") => all.unspaced.extend(unspaced(elements.skip(1).collect())),
                Some(_) => {
                    let phrase: Vec<Element> = elements.map(element).collect();
                    let number = all.phrases.len();
                    if let Some(Element::OneOf(sequences)) = phrase.first() {
                        let firsts = sequences.iter().filter_map(|sequence| sequence.first());
                        all.first.extend(firsts.filter_map(|word| match word {
                            Word::Is(word) => Some((hash(word), number)),
                            _ => None,
                        }));
                        all.phrases.push(phrase);
                    }
                }
            }
        }
        for (hash, _) in &all.first {
            let bit = *hash as usize % BITS;
            all.bits[bit / 64] |= 1 << (bit % 64);
        }
        all.first.sort_unstable();
        all.first.dedup();
        all
    }

    fn beginning_with(&self, word: &str) -> impl Iterator<Item = &Vec<Element>> {
        let hash = hash(word);
        let bit = hash as usize % BITS;
        let is_possible = self.bits[bit / 64] & (1 << (bit % 64)) != 0;
        let from = match is_possible {
            true => self.first.partition_point(|(known, _)| *known < hash),
            false => self.first.len(),
        };
        let same = self.first[from..].iter();
        same.take_while(move |(known, _)| *known == hash)
            .filter_map(|(_, phrase)| self.phrases.get(*phrase))
    }

    fn is_unspaced(&self, text: &str) -> bool {
        self.unspaced.iter().any(|(begin, between, ends)| {
            text.match_indices(begin.as_str()).any(|(at, _)| {
                let rest = &text[at + begin.len()..];
                ends.iter().any(|end| {
                    let found = rest.find(end.as_str());
                    found.is_some_and(|found| rest[..found].chars().count() <= *between)
                })
            })
        })
    }
}

const BITS: usize = 4096;

/// FNV-1a of a word, whatever its case.
fn hash(word: &str) -> u32 {
    word.bytes().fold(0x811C_9DC5, |hash, byte| {
        (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    })
}

fn element(text: &str) -> Element {
    if let Some(number) = text.strip_prefix("..") {
        return Element::Gap(number.parse().unwrap_or(0));
    }
    let (words, is_optional) = match text.strip_suffix('?') {
        Some(words) => (words, true),
        None => (text, false),
    };
    let mut sequences = Vec::new();
    for alternative in words.split('|') {
        // A plural that may be one.
        let singular = alternative.replace("(s)", "");
        let plural = alternative.replace("(s)", "s");
        sequences.push(sequence(&singular));
        if plural != singular {
            sequences.push(sequence(&plural));
        }
    }
    match is_optional {
        true => Element::Perhaps(sequences),
        false => Element::OneOf(sequences),
    }
}

fn sequence(text: &str) -> Vec<Word> {
    let word = |word: &str| match word.strip_suffix('*') {
        _ if word == "<hex>" => Word::Hexadecimal,
        Some(begin) => Word::Begins(begin.to_owned()),
        None => Word::Is(word.to_owned()),
    };
    text.split('_').map(word).collect()
}

fn unspaced(elements: Vec<&str>) -> Option<(String, usize, Vec<String>)> {
    let [begin, between, ends] = elements[..] else {
        return None;
    };
    let ends = ends.split('|').map(str::to_owned).collect();
    Some((begin.to_owned(), between.parse().ok()?, ends))
}

fn is_phrase(elements: &[Element], words: &[(usize, &str)]) -> bool {
    let Some((first, rest)) = elements.split_first() else {
        return true;
    };
    let goes_on = |sequence: &Vec<Word>| {
        sequence.len() <= words.len()
            && sequence
                .iter()
                .zip(words)
                .all(|(word, (_, is))| word.is(is))
            && is_phrase(rest, &words[sequence.len()..])
    };
    match first {
        Element::OneOf(sequences) => sequences.iter().any(goes_on),
        Element::Perhaps(sequences) => sequences.iter().any(goes_on) || is_phrase(rest, words),
        Element::Gap(most) => {
            (0..=*most.min(&words.len())).any(|length| is_phrase(rest, &words[length..]))
        }
    }
}

impl Word {
    fn is(&self, word: &str) -> bool {
        match self {
            Self::Is(known) => known.eq_ignore_ascii_case(word),
            Self::Begins(begin) => word
                .get(..begin.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(begin)),
            Self::Hexadecimal => {
                word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
            }
        }
    }
}

/// How many phrases are written and how many of them can be found: a test compares them.
pub fn count() -> (usize, usize) {
    let lines = include_str!("phrases.txt").lines();
    let written = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    (
        written.count(),
        PHRASES.phrases.len() + PHRASES.unspaced.len(),
    )
}

/// A line as it is when it is ASCII; else in lower case, without what cannot be seen.
fn plain(line: &str) -> Cow<'_, str> {
    match line.is_ascii() {
        true => Cow::Borrowed(line),
        false => Cow::Owned(plain_words(line)),
    }
}

/// Lower-case words with spaces between them; what cannot be seen is no character, tags
/// are the letters that they smuggle in, and full-width and some Cyrillic and Greek letters are what they look like.
fn plain_words(line: &str) -> String {
    let mut words = String::new();
    let mut was_tag = false;
    for character in line.chars() {
        let is_tag = matches!(character, '\u{E0020}'..='\u{E007E}');
        if is_tag && !was_tag {
            // A hidden sentence begins.
            words.push(' ');
        }
        was_tag = is_tag;
        let character = match character {
            '\u{E0020}'..='\u{E007E}' => {
                char::from_u32(u32::from(character) - 0xE0000).unwrap_or(' ')
            }
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(character) - 0xFEE0).unwrap_or(' '),
            // Bold, slanted, in script: the alphabets of mathematics; then letters in circles.
            '\u{1D400}'..='\u{1D6A3}' => letter((u32::from(character) - 0x1D400) % 52),
            '\u{24B6}'..='\u{24E9}' => letter(u32::from(character) - 0x24B6),
            other => other,
        };
        if is_invisible(character) {
            continue;
        }
        let is_word = character.is_alphanumeric();
        if is_word {
            words.extend(character.to_lowercase());
        } else if !words.ends_with(' ') && !words.is_empty() {
            words.push(' ');
        }
    }
    let words = latin(&words);
    if words.ends_with(' ') || words.is_empty() {
        words
    } else {
        words + " "
    }
}

/// The letters from A to Z, then from a to z.
fn letter(number: u32) -> char {
    let from = if number < 26 { 'A' } else { 'a' };
    char::from_u32(u32::from(from) + number % 26).unwrap_or(' ')
}

/// Words that mix Latin with letters that only look like it, in Latin.
fn latin(words: &str) -> String {
    const ALIKE: [(char, char); 16] = [
        ('а', 'a'),
        ('е', 'e'),
        ('о', 'o'),
        ('р', 'p'),
        ('с', 'c'),
        ('у', 'y'),
        ('х', 'x'),
        ('і', 'i'),
        ('ѕ', 's'),
        ('ј', 'j'),
        ('ԁ', 'd'),
        ('ο', 'o'),
        ('α', 'a'),
        ('ν', 'v'),
        ('ι', 'i'),
        ('ρ', 'p'),
    ];
    let mend = |word: &str| {
        if !word.chars().any(|letter| letter.is_ascii_alphabetic()) {
            return word.to_owned();
        }
        let alike = |letter: char| {
            let mut known = ALIKE.iter();
            known
                .find(|(like, _)| *like == letter)
                .map_or(letter, |(_, latin)| *latin)
        };
        word.chars().map(alike).collect()
    };
    words
        .split(' ')
        .map(mend)
        .collect::<Vec<String>>()
        .join(" ")
}
