//! Where headers and hunks stand in the text of a patch, so that nothing of it is passed over in silence.
//!
//! Deliberately absent: what they say; `diffy` reads that ([`super::text`]).

use diffy::patch_set::ParseOptions;

/// Headers and hunks; lines count from 1.
#[derive(Default)]
pub(super) struct Outline {
    pub(super) headers: Vec<Header>,
    /// Lines that would be headers in a patch without any of git's.
    plain_headers: Vec<Header>,
    /// How many commits began so far.
    series: usize,
    pub(super) hunks: Vec<HunkHeader>,
    pub(super) is_git: bool,
    /// Made with `--no-prefix`: both paths of a `diff --git` line are the same.
    pub(super) is_unprefixed: bool,
    /// The first line of a diff of several parents.
    pub(super) combined: Option<usize>,
    /// The first line of a change as `diff -c` writes it.
    pub(super) context: Option<usize>,
    /// The text went through a program that ends every line with a carriage return.
    pub(super) has_windows_headers: bool,
}

pub(super) struct Header {
    pub(super) line: usize,
    pub(super) series: usize,
    /// A line of it says that the text of the file differs.
    announces: bool,
    /// How it differs is there, or it is known without.
    shows: bool,
}

pub(super) struct HunkHeader {
    pub(super) line: usize,
    pub(super) header: String,
}

impl Outline {
    pub(super) fn of(text: &[u8]) -> Self {
        let mut outline = Self::default();
        let mut left = (0_usize, 0_usize);
        for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            if left == (0, 0) {
                left = outline.note(index + 1, line);
                continue;
            }
            let (old, new) = match line.first() {
                Some(b' ' | b'\n' | b'\r') => (1, 1),
                Some(b'-') => (1, 0),
                Some(b'+') => (0, 1),
                _ => (0, 0),
            };
            left = (left.0.saturating_sub(old), left.1.saturating_sub(new));
        }
        outline.is_git = !outline.headers.is_empty();
        if !outline.is_git {
            outline.headers = std::mem::take(&mut outline.plain_headers);
        }
        outline
    }

    /// Notes a line outside of hunks; the answer is how many lines of the hunk that it begins follow, old and new.
    fn note(&mut self, number: usize, line: &[u8]) -> (usize, usize) {
        let combined = [b"diff --cc ".as_slice(), b"diff --combined ", b"@@@ "];
        let header = Header {
            line: number,
            series: self.series,
            announces: false,
            shows: false,
        };
        if line.starts_with(b"@@ ") {
            self.hunks.push(HunkHeader {
                line: number,
                header: String::from_utf8_lossy(line).trim_end().to_owned(),
            });
            if let Some(header) = self.headers.last_mut() {
                header.shows = true;
            }
            return lengths(line).unwrap_or_default();
        } else if let Some(paths) = line.strip_prefix(b"diff --git ") {
            self.is_unprefixed |= is_doubled(paths.trim_ascii_end());
            self.has_windows_headers |= line.ends_with(b"\r\n");
            self.headers.push(header);
        } else if line.starts_with(b"--- ") {
            self.has_windows_headers |= line.ends_with(b"\r\n");
            self.plain_headers.push(header);
        } else if combined.iter().any(|start| line.starts_with(start)) {
            self.combined.get_or_insert(number);
        } else if line.starts_with(b"***************") {
            self.context.get_or_insert(number);
        } else if starts_commit(line) {
            self.series += 1;
        }
        let series = self.series;
        let open = self.headers.last_mut();
        if let Some(header) = open.filter(|header| header.series == series) {
            header.announces |= line.starts_with(b"--- ") || names_a_text(line);
            // `git diff --irreversible-delete` does not show what goes.
            let starts = [
                b"Binary files ".as_slice(),
                b"GIT binary patch",
                b"deleted file mode ",
            ];
            header.shows |= starts.iter().any(|start| line.starts_with(start));
        }
        (0, 0)
    }

    /// The first header of git that announces a change that does not follow: the text was cut off.
    pub(super) fn unkept(&self) -> Option<&Header> {
        let mut headers = self.headers.iter().filter(|_| self.is_git);
        headers.find(|header| header.announces && !header.shows)
    }

    pub(super) fn options(&self) -> ParseOptions {
        if self.is_git {
            ParseOptions::gitdiff()
        } else {
            ParseOptions::unidiff()
        }
    }
}

/// Whether this is an `index 1a2b..3c4d` line, and one of the texts is neither empty nor absent.
fn names_a_text(line: &[u8]) -> bool {
    /// How the ids of the empty text begin, with SHA-1 and with SHA-256, and that of none.
    const NOTHING: [&[u8]; 3] = [b"e69de29", b"473a0f4", b"0000000"];
    let Some(ids) = line.strip_prefix(b"index ") else {
        return false;
    };
    let new = ids.windows(2).position(|two| two == b"..");
    let ids = [Some(ids), new.and_then(|at| ids.get(at + 2..))];
    let is_nothing = |id: &[u8]| NOTHING.iter().any(|nothing| id.starts_with(nothing));
    ids.into_iter().flatten().any(|id| !is_nothing(id))
}

/// `From ID ..` of a mail, `commit ID` of a log.
fn starts_commit(line: &[u8]) -> bool {
    let rest = line
        .strip_prefix(b"From ")
        .or(line.strip_prefix(b"commit "));
    let id = rest.and_then(|rest| rest.get(..40));
    id.is_some_and(|id| id.iter().all(u8::is_ascii_hexdigit))
}

fn is_doubled(paths: &[u8]) -> bool {
    let middle = paths.len() / 2;
    paths.len() % 2 == 1 && paths[middle] == b' ' && paths[..middle] == paths[middle + 1..]
}

/// The two lengths of `@@ -1,2 +3,4 @@`.
fn lengths(line: &[u8]) -> Option<(usize, usize)> {
    let text = String::from_utf8_lossy(line);
    let mut words = text.split(' ').skip(1);
    let length = |word: &str| match word.split_once(',') {
        Some((_, length)) => length.parse().ok(),
        None => Some(1),
    };
    Some((length(words.next()?)?, length(words.next()?)?))
}
