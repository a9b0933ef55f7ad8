//! Text that speaks to a reviewer: the phrases of `phrases.txt`, looked for word by word.
//!
//! Every changed file is looked at on every run, so nothing is compiled and nothing is copied: words are pieces of the
//! lines, and most of them cannot begin a phrase. Deliberately absent: any claim that a text is harmless because no
//! phrase was found in it.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::neutral::is_invisible;

/// All phrases.
static PHRASES: LazyLock<Phrases> = LazyLock::new(|| Phrases::parse(include_str!("phrases.txt")));

#[derive(Debug, Default)]
struct Phrases {
    spaced: Vec<Vec<Element>>,
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

/// A word of a phrase.
#[derive(Debug)]
enum Word {
    /// This one, with its hash.
    Is(u32, String),
    Begins(String),
    /// A number in hexadecimal, of eight digits or more.
    Hexadecimal,
}

/// A word of a text.
struct Said<'a> {
    line: usize,
    hash: u32,
    word: &'a str,
}

/// A set of hashes that may hold more than was put in.
struct Hashes([u64; 64]);

impl Hashes {
    fn of(hashes: impl Iterator<Item = u32>) -> Self {
        let mut bits = [0; 64];
        for hash in hashes {
            bits[hash as usize / 64 % 64] |= 1 << (hash % 64);
        }
        Self(bits)
    }

    fn may_hold(&self, hash: u32) -> bool {
        self.0[hash as usize / 64 % 64] & (1 << (hash % 64)) != 0
    }
}

/// Those of the lines in which a text that speaks to a reviewer begins, by their index. Lines are read on as if they
/// were one, so that a sentence over several comments is seen.
pub fn addressed(lines: &[&str]) -> Vec<usize> {
    let texts: Vec<Cow<'_, str>> = lines.iter().map(|line| plain(line)).collect();
    let mut said: Vec<Said<'_>> = Vec::new();
    for (line, text) in texts.iter().enumerate() {
        let words = text.split(|character: char| !character.is_alphanumeric());
        let words = words.filter(|word| !word.is_empty());
        said.extend(words.map(|word| Said {
            line,
            hash: hash(word),
            word,
        }));
    }
    // Most phrases have a part of which no word is there.
    let heard = Hashes::of(said.iter().map(|said| said.hash));
    let alive = PHRASES
        .spaced
        .iter()
        .filter(|phrase| may_be(phrase, &heard));
    let alive: Vec<&Vec<Element>> = alive.collect();
    let first = Hashes::of(alive.iter().flat_map(|phrase| first(phrase)));
    let mut found: Vec<usize> = Vec::new();
    for (at, word) in said.iter().enumerate() {
        if first.may_hold(word.hash)
            && found.last() != Some(&word.line)
            && alive.iter().any(|phrase| is_phrase(phrase, &said[at..]))
        {
            found.push(word.line);
        }
    }
    let unspaced = texts.iter().enumerate();
    let unspaced = unspaced.filter(|(_, text)| !text.is_ascii() && PHRASES.is_unspaced(text));
    found.extend(unspaced.map(|(at, _)| at));
    found.sort_unstable();
    found.dedup();
    found
}

impl Phrases {
    fn parse(text: &str) -> Self {
        let mut all = Self::default();
        for line in text.lines() {
            let mut elements = line.split_ascii_whitespace().peekable();
            match elements.peek() {
                None | Some(&"#") => {}
                Some(&"~") => all.unspaced.extend(unspaced(elements.skip(1).collect())),
                Some(_) => all.spaced.push(elements.map(element).collect()),
            }
        }
        // It is looked for by the words that it begins with.
        all.spaced.retain(|phrase| first(phrase).next().is_some());
        all
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

/// The hashes of the words that a phrase may begin with.
fn first(phrase: &[Element]) -> impl Iterator<Item = u32> {
    let sequences = match phrase.first() {
        Some(Element::OneOf(sequences)) => sequences.as_slice(),
        _ => &[],
    };
    let words = sequences.iter().filter_map(|sequence| sequence.first());
    words.filter_map(|word| match word {
        Word::Is(hash, _) => Some(*hash),
        _ => None,
    })
}

/// Whether the words of a phrase are there, wherever they stand.
fn may_be(phrase: &[Element], heard: &Hashes) -> bool {
    let is_heard = |word: &Word| match word {
        Word::Is(hash, _) => heard.may_hold(*hash),
        _ => true,
    };
    phrase.iter().all(|element| match element {
        Element::OneOf(sequences) => sequences.iter().any(|words| words.iter().all(is_heard)),
        _ => true,
    })
}

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
        None => Word::Is(hash(word), word.to_owned()),
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

fn is_phrase(elements: &[Element], said: &[Said<'_>]) -> bool {
    let Some((first, rest)) = elements.split_first() else {
        return true;
    };
    let goes_on = |words: &Vec<Word>| {
        words.len() <= said.len()
            && words.iter().zip(said).all(|(word, said)| word.is(said))
            && is_phrase(rest, &said[words.len()..])
    };
    match first {
        Element::OneOf(sequences) => sequences.iter().any(goes_on),
        Element::Perhaps(sequences) => sequences.iter().any(goes_on) || is_phrase(rest, said),
        Element::Gap(most) => {
            (0..=*most.min(&said.len())).any(|length| is_phrase(rest, &said[length..]))
        }
    }
}

impl Word {
    fn is(&self, said: &Said<'_>) -> bool {
        let word = said.word;
        match self {
            Self::Is(hash, known) => *hash == said.hash && known.eq_ignore_ascii_case(word),
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
        PHRASES.spaced.len() + PHRASES.unspaced.len(),
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
