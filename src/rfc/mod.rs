//! An RFC: Markdown in, statements out, with every complaint at its exact place.
//!
//! [`front`] reads the front matter, [`sections`] walks the Markdown. Rules stay YAML here: [`crate::compile`] reads and
//! proves them. Deliberately absent: anything that concerns several RFCs at once.

mod code;
mod fence;
mod front;
mod headings;
mod prose;
mod sections;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

pub use front::FrontMatter;
pub use headings::headings;
pub use sections::is_slug;

use crate::finding::Level;
use crate::problem::{Document, Problem, Problems};
use crate::rule::{Example, Review};
use crate::yaml::Node;

/// One RFC.
#[derive(Debug)]
pub struct Rfc {
    /// The text.
    pub document: Arc<Document>,
    /// What stands between the `---` lines.
    pub front: FrontMatter,
    /// Its statements, in order.
    pub statements: Vec<Statement>,
}

/// One statement: a section whose heading is a slug.
#[derive(Debug)]
pub struct Statement {
    /// The heading: rule id and anchor.
    pub slug: String,
    /// Where the heading stands.
    pub span: Range<usize>,
    /// The line of the heading, from 1.
    pub line: u32,
    /// The headings around it, without the title.
    pub section: Vec<String>,
    /// The requirement level.
    pub level: Level,
    /// The statement itself.
    pub text: String,
    /// "If you need X, use Y".
    pub advice: Option<String>,
    /// blake3 of the section, 16 hex digits.
    pub hash: String,
    /// `yaml codex-rule` blocks that could be read.
    pub rules: Vec<Node>,
    /// Whether a matcher or review block of it could not be read: what is missing then is missing for that reason.
    pub is_broken: bool,
    /// The `yaml codex-review` block.
    pub review: Option<Review>,
    /// Its examples, each with the place of its fence.
    pub examples: Vec<(Example, Range<usize>)>,
}

/// Reads the text of one RFC. Whatever is wrong with a part of it, the others are read, so that they are complained
/// about, too.
pub fn parse(document: &Arc<Document>) -> (Rfc, Vec<Problem>) {
    let mut problems = Problems::new(Arc::clone(document));
    let (front, body) = front::parse(document, &mut problems);
    let statements = sections::parse(document, body, &mut problems);
    let rfc = Rfc {
        document: Arc::clone(document),
        front,
        statements,
    };
    (rfc, problems.into_vec())
}

/// The number that a file name begins with.
pub(crate) fn number_in(path: &str) -> Option<u32> {
    let file = path.rsplit('/').next().unwrap_or_default();
    let (digits, rest) = file.split_once('-')?;
    let is_number = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .parse()
        .ok()
        .filter(|_| is_number && !rest.is_empty())
}

/// A document of bytes that may not be UTF-8; the problem points at the first byte that is not.
pub fn document(name: &Path, bytes: &[u8]) -> Result<Arc<Document>, Problem> {
    let name = name.to_string_lossy().replace('\\', "/");
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Document::new(name, text)),
        Err(error) => {
            let at = error.valid_up_to();
            Err(Problem {
                document: Document::new(name, String::from_utf8_lossy(bytes)),
                span: at..at,
                message: format!("not UTF-8: byte {at}"),
                help: Some("save the file as UTF-8".to_owned()),
                is_warning: false,
            })
        }
    }
}
