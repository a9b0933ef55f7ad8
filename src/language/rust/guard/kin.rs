//! What else a program may ask to learn the same: `map.contains_key(k)` for `map.get(k)`, `text.starts_with(x)` for
//! `text.strip_prefix(x)`, `value.is_array()` for `value.as_array()`.
//!
//! Deliberately absent: anything that has to know types.

/// What says that a method of a place gives a value.
#[derive(Default)]
pub(super) struct Kin {
    /// Expressions that have a value when it has.
    pub(super) values: Vec<Vec<u8>>,
    /// Conditions under which it has a value.
    pub(super) conditions: Vec<Vec<u8>>,
    /// Whether it has a value when the place is long enough.
    pub(super) is_by_length: bool,
}

/// Methods of a collection that have a value when it is not empty.
const OF_NONEMPTY: [&[u8]; 18] = [
    b"first",
    b"first_mut",
    b"last",
    b"last_mut",
    b"pop",
    b"pop_front",
    b"pop_back",
    b"front",
    b"back",
    b"max",
    b"min",
    b"next",
    b"pop_first",
    b"pop_last",
    b"peek",
    b"split_first",
    b"split_last",
    b"next_back",
];

/// Those that are handed how to compare or to reduce.
const WITH_CLOSURE: [&[u8]; 5] = [
    b"max_by",
    b"max_by_key",
    b"min_by",
    b"min_by_key",
    b"reduce",
];

/// Those that answer the same the next time.
const ENDS: [&str; 5] = ["peek", "first", "last", "front", "back"];

/// Whether there is a value as soon as there is an element.
pub(super) fn is_of_nonempty(method: &[u8], arguments: &[u8]) -> bool {
    OF_NONEMPTY.contains(&method) && arguments.is_empty() || WITH_CLOSURE.contains(&method)
}

/// What else shows that a method, called on this place with these arguments, has a value.
pub(super) fn of(place: &[u8], method: &[u8], arguments: &[u8]) -> Option<Kin> {
    let call =
        |method: &[u8], arguments: &[u8]| [place, b".", method, b"(", arguments, b")"].concat();
    if is_of_nonempty(method, arguments) {
        return Some(Kin {
            values: ENDS.map(|end| call(end.as_bytes(), b"")).into(),
            is_by_length: true,
            ..Kin::default()
        });
    }
    let when = |condition: &[u8]| Kin {
        conditions: vec![call(condition, arguments)],
        ..Kin::default()
    };
    match method {
        b"get" | b"get_mut" | b"remove" if !arguments.is_empty() => {
            let key = arguments.strip_prefix(b"&").unwrap_or(arguments);
            let keys = [key.to_vec(), [b"&", key].concat()];
            let ask = |method: &'static [u8]| keys.iter().map(move |key| (method, key));
            let called = |(method, key): (&[u8], &Vec<u8>)| call(method, key);
            Some(Kin {
                values: ask(b"get").chain(ask(b"get_mut")).map(called).collect(),
                conditions: ask(b"contains_key")
                    .chain(ask(b"contains"))
                    .map(called)
                    .collect(),
                is_by_length: true,
            })
        }
        b"strip_prefix" => Some(when(b"starts_with")),
        b"strip_suffix" => Some(when(b"ends_with")),
        b"find" | b"rfind" | b"split_once" | b"rsplit_once" => Some(when(b"contains")),
        _ if arguments.is_empty() => {
            let kind = method.strip_prefix(b"as_")?;
            let kind = kind.strip_suffix(b"_mut").unwrap_or(kind);
            let mut kin = when(&[b"is_", kind].concat());
            if kind == b"str" {
                kin.conditions.push(call(b"is_string", b""));
            }
            Some(kin)
        }
        _ => None,
    }
}
