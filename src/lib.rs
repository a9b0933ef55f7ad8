//! codex.
pub mod change;
pub mod finding;
pub mod language;
pub mod matcher;
pub mod problem;
pub mod source;
