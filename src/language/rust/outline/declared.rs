//! The files that a text declares, and what attributes say of the lints in them.
//!
//! Deliberately absent: where the files lie ([`super::super::graph`]).

use super::super::LINTS;
use super::super::attributes::ModulePath;
use super::super::predicate::Shipped;

/// `mod name;` or `include!("file")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::language::rust) struct Declaration {
    pub(in crate::language::rust) what: Declared,
    /// The inline modules around it, outermost first.
    pub(in crate::language::rust) inline: Vec<Module>,
    /// Whether it is shipped, by its attributes and those around it.
    pub(in crate::language::rust) shipped: Shipped,
    /// What attributes here say about lints.
    pub(in crate::language::rust) lints: Lints,
    /// Its line, from 1.
    pub(in crate::language::rust) line: usize,
    /// Its text, without attributes.
    pub(in crate::language::rust) text: String,
    /// The attributes that decide whether and where it is compiled, its own and those around it.
    pub(in crate::language::rust) attributes: Vec<String>,
}

impl Declaration {
    /// Whether it is `mod name;` with nothing around it or before it that matters.
    pub(in crate::language::rust) fn is_plain(&self, name: &[u8]) -> bool {
        let is_this = |module: &Module| module.name == name && module.paths.is_empty();
        matches!(&self.what, Declared::Module(module) if is_this(module))
            && self.inline.is_empty()
            && self.shipped == Shipped::Always
            && self.lints == Lints::default()
    }

    /// Whether a path in the text says where its file lies, and not names alone.
    pub(in crate::language::rust) fn is_by_path(&self) -> bool {
        let is_module = |module: &Module| !module.paths.is_empty();
        let is_itself = match &self.what {
            Declared::Module(module) => is_module(module),
            Declared::Include(..) => true,
        };
        is_itself || self.inline.iter().any(is_module)
    }
}

/// What is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::language::rust) enum Declared {
    Module(Module),
    /// A file, and whether its path begins at the package's folder (else at the file's own).
    Include(String, bool),
}

/// A module's name, and the files that attributes give for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::language::rust) struct Module {
    pub(in crate::language::rust) name: Vec<u8>,
    pub(in crate::language::rust) paths: Vec<ModulePath>,
}

/// Which of [`LINTS`] are allowed and which are not, where anything is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::language::rust) struct Lints {
    allowed: u8,
    denied: u8,
}

impl Lints {
    /// Sets what an attribute says.
    pub(in crate::language::rust) fn apply(&mut self, lints: &[(String, bool)]) {
        for (lint, allowed) in lints {
            if let Some(index) = LINTS.iter().position(|known| known == lint) {
                let bit = 1 << index;
                let (set, unset) = if *allowed {
                    (&mut self.allowed, &mut self.denied)
                } else {
                    (&mut self.denied, &mut self.allowed)
                };
                *set |= bit;
                *unset &= !bit;
            }
        }
    }

    /// These, within others: the inner ones decide.
    pub(in crate::language::rust) fn within(self, outer: Self) -> Self {
        Self {
            allowed: self.allowed | outer.allowed & !self.denied,
            denied: self.denied | outer.denied & !self.allowed,
        }
    }

    /// What both say.
    pub(in crate::language::rust) fn both(self, other: Self) -> Self {
        Self {
            allowed: self.allowed & other.allowed,
            denied: self.denied & other.denied,
        }
    }

    /// Whether the lint of this index is allowed.
    pub(in crate::language::rust) fn allows(self, index: usize) -> bool {
        self.allowed & (1 << index) != 0
    }
}
