//! What a comparison says of the length of a collection.
//!
//! Deliberately absent: arithmetic; the other side is a number as it is written, or the very index that is asked for.

/// Whether a collection is longer than the index that it is asked for, when the condition holds or when it does not.
/// The empty key stands for an element at either end.
pub(super) fn is_longer(condition: &[u8], collection: &[u8], key: &[u8], holds: bool) -> bool {
    let length = [collection, b".len()"].concat();
    let compared = match condition.strip_prefix(length.as_slice()) {
        Some(rest) => OPERATORS
            .iter()
            .find_map(|operator| Some((*operator, rest.strip_prefix(operator.text)?))),
        None => condition
            .strip_suffix(length.as_slice())
            .and_then(|rest| {
                let strip =
                    |operator: &Operator| Some((*operator, rest.strip_suffix(operator.text)?));
                OPERATORS.iter().find_map(strip)
            })
            .map(|(operator, other)| (operator.mirrored(), other)),
    };
    let Some((operator, other)) = compared else {
        return false;
    };
    let relation = if holds {
        operator.relation
    } else {
        operator.relation.opposite()
    };
    let index = if key.is_empty() { Some(0) } else { number(key) };
    match (relation, number(other), index) {
        (Relation::Greater, ..) if other == key => true,
        (Relation::Greater, Some(other), Some(index)) => other >= index,
        (Relation::GreaterOrEqual | Relation::Equal, Some(other), Some(index)) => other > index,
        (Relation::Unequal, Some(0), Some(0)) => true,
        _ => false,
    }
}

#[derive(Clone, Copy)]
enum Relation {
    Greater,
    GreaterOrEqual,
    Equal,
    Unequal,
    LessOrEqual,
    Less,
}

#[derive(Clone, Copy)]
struct Operator {
    text: &'static [u8],
    relation: Relation,
}

/// Those of two characters first: the others are parts of them.
const OPERATORS: [Operator; 6] = [
    Operator::new(b">=", Relation::GreaterOrEqual),
    Operator::new(b"<=", Relation::LessOrEqual),
    Operator::new(b"==", Relation::Equal),
    Operator::new(b"!=", Relation::Unequal),
    Operator::new(b">", Relation::Greater),
    Operator::new(b"<", Relation::Less),
];

impl Operator {
    const fn new(text: &'static [u8], relation: Relation) -> Self {
        Self { text, relation }
    }

    /// With the sides changed.
    fn mirrored(self) -> Self {
        let relation = match self.relation {
            Relation::Greater => Relation::Less,
            Relation::GreaterOrEqual => Relation::LessOrEqual,
            Relation::Less => Relation::Greater,
            Relation::LessOrEqual => Relation::GreaterOrEqual,
            same => same,
        };
        Self { relation, ..self }
    }
}

impl Relation {
    fn opposite(self) -> Self {
        match self {
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
            Self::Equal => Self::Unequal,
            Self::Unequal => Self::Equal,
            Self::LessOrEqual => Self::Greater,
            Self::Less => Self::GreaterOrEqual,
        }
    }
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
