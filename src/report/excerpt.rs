//! The lines around a place, as miette draws them: of a text of any size only those few, and of a line of any length
//! only the part around the place.
//!
//! miette counts columns in bytes and cannot draw beyond the 65535th; here columns are characters, as everywhere.
//! Deliberately absent: what is wrong at the place.

use std::ops::Range;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::Source;
use super::plain_text::{visible, visible_line};

/// Bytes of a line before the place that are shown at least, when the line is too long to be shown whole.
const BEFORE: usize = 80;
/// Bytes of a line that are shown at most, but for the two marks.
const LINE_LIMIT: usize = 600;
const CUT: &str = "…";

/// A few lines of a text, safe for a terminal.
#[derive(Debug)]
pub struct Excerpt {
    name: String,
    text: String,
    lines: Vec<Line>,
}

/// One line of the excerpt.
#[derive(Debug)]
struct Line {
    /// Its number in the whole text, from 0.
    number: usize,
    /// Its bytes in the whole text, without the line end.
    whole: Range<usize>,
    /// Those of them that are shown.
    part: Range<usize>,
    /// The byte of [`Excerpt::text`] at which they begin.
    at: usize,
    /// Characters of the line before them.
    hidden: usize,
}

impl Excerpt {
    /// The lines of `source` that hold the places, from the first to the last, and one on each side.
    pub fn new(name: &str, source: &Source, places: &[Range<usize>]) -> Self {
        let byte = |place: usize| source.text().floor_char_boundary(place);
        let first = byte(places.iter().map(|place| place.start).min().unwrap_or(0));
        let last = byte(places.iter().map(|place| place.end).max().unwrap_or(0)).max(first);
        let from = source.line(first).saturating_sub(1).max(1);
        let mut excerpt = Self {
            name: visible_line(name),
            text: String::new(),
            lines: Vec::new(),
        };
        for line in from..=(source.line(last) + 1).min(source.last_line()) {
            let whole = source.line_range(line);
            // What follows the last line end is a line only where something is said about it.
            let is_past_the_end = whole.start == source.text().len() && whole.start > last;
            if line == from || !is_past_the_end {
                excerpt.push(line - 1, whole, source, places);
            }
        }
        excerpt
    }

    fn push(
        &mut self,
        number: usize,
        whole: Range<usize>,
        source: &Source,
        places: &[Range<usize>],
    ) {
        let text = source.text();
        let mut part = whole.clone();
        if whole.len() > LINE_LIMIT {
            let place = places
                .iter()
                .find(|place| place.start <= whole.end && place.end >= whole.start)
                .map_or(whole.start, |place| place.start.max(whole.start));
            let from = place.saturating_sub(BEFORE).max(whole.start);
            part = text.floor_char_boundary(from)
                ..text.floor_char_boundary((from + LINE_LIMIT).min(whole.end));
        }
        if part.start > whole.start {
            self.text.push_str(CUT);
        }
        let at = self.text.len();
        self.text.push_str(&visible(&text[part.clone()]));
        if part.end < whole.end {
            self.text.push_str(CUT);
        }
        self.text.push('\n');
        self.lines.push(Line {
            number,
            hidden: source.characters(whole.start..part.start),
            whole,
            part,
            at,
        });
    }

    /// Where a place of the source lies in the excerpt.
    pub fn span(&self, source: &Source, place: &Range<usize>) -> Range<usize> {
        let offset = |byte: usize| {
            let byte = source.text().floor_char_boundary(byte);
            let index = self
                .lines
                .partition_point(|line| line.whole.start <= byte)
                .saturating_sub(1);
            self.lines.get(index).map_or(0, |line| {
                let shown = line.part.start..byte.clamp(line.part.start, line.part.end);
                line.at + visible(&source.text()[shown]).len()
            })
        };
        let start = offset(place.start);
        start..offset(place.end).max(start)
    }

    /// The column of a byte of the excerpt, from 0, in characters of the whole line.
    fn column(&self, byte: usize) -> usize {
        let index = self
            .lines
            .partition_point(|line| line.at <= byte)
            .saturating_sub(1);
        self.lines.get(index).map_or(0, |line| {
            let shown = self.text.get(line.at..byte).unwrap_or("");
            line.hidden + shown.chars().count()
        })
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let contents = self.text.read_span(span, before, after)?;
        // Without lines around it, the span is asked for to learn its line and column.
        let column = if before == 0 && after == 0 {
            self.column(span.offset())
        } else {
            contents.column()
        };
        let first = self.lines.first().map_or(0, |line| line.number);
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            contents.data(),
            *contents.span(),
            first + contents.line(),
            column,
            contents.line_count(),
        )))
    }
}
