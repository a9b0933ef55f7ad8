//! Cuts rules out of real code: patterns with holes, and conditions that hold for the node they were cut from, or nearly do.
//! The same seed gives the same rules.

use serde_json::{Map, Value, json};
use tree_sitter::Node;

use crate::language::Tongue;

/// xorshift64*: small, and the same everywhere.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let mixed = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(mixed).unwrap_or(0) % limit.max(1)
    }

    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

pub struct Cutter<'t> {
    pub tongue: Tongue,
    pub text: &'t str,
    pub nodes: Vec<Node<'t>>,
    pub random: Random,
    /// Names of utils that rules may share.
    pub globals: Vec<String>,
    /// Names of the utils that the rule has, for `matches`.
    utils: Vec<(String, Value)>,
    variables: Vec<String>,
    lists: Vec<String>,
}

const NAMES: [&str; 4] = ["A", "B", "C", "ITEM_2"];
const SHORT: usize = 160;

impl<'t> Cutter<'t> {
    pub fn new(tongue: Tongue, text: &'t str, tree: &'t tree_sitter::Tree, seed: u64) -> Self {
        let mut nodes = Vec::new();
        let mut open = vec![tree.root_node()];
        while let Some(node) = open.pop() {
            nodes.push(node);
            open.extend(children(node));
        }
        Self {
            tongue,
            text,
            nodes,
            random: Random::new(seed),
            globals: Vec::new(),
            utils: Vec::new(),
            variables: Vec::new(),
            lists: Vec::new(),
        }
    }

    /// A whole rule file.
    pub fn rule(&mut self, id: &str) -> Value {
        self.begin();
        let node = self.some_node();
        let mut rule = self.condition(node, 3);
        if !self.random.one_in(3) {
            // Most rules say what kind of node they are about; the others show what is refused.
            rule = json!({"kind": node.kind(), "all": [rule]});
        }
        let mut whole = Map::new();
        whole.insert("id".into(), id.into());
        whole.insert("language".into(), self.tongue.name().into());
        whole.insert("rule".into(), rule);
        if !(self.variables.is_empty() && self.lists.is_empty()) && self.random.one_in(2) {
            self.say(&mut whole);
        }
        self.end(&mut whole);
        Value::Object(whole)
    }

    /// A util that rules may share, often with constraints and utils of its own.
    pub fn global_util(&mut self, id: &str) -> Value {
        self.begin();
        let node = self.some_node();
        let rule = self.condition(node, 1);
        let mut whole = Map::new();
        whole.insert("id".into(), id.into());
        whole.insert("language".into(), self.tongue.name().into());
        whole.insert("rule".into(), rule);
        if !self.variables.is_empty() && self.random.one_in(2) {
            self.constrain(&mut whole);
        }
        self.end(&mut whole);
        Value::Object(whole)
    }

    fn begin(&mut self) {
        self.utils.clear();
        self.variables.clear();
        self.lists.clear();
    }

    fn end(&mut self, whole: &mut Map<String, Value>) {
        if !self.utils.is_empty() {
            let utils: Map<String, Value> = self.utils.drain(..).collect();
            whole.insert("utils".into(), utils.into());
        }
    }

    fn constrain(&mut self, whole: &mut Map<String, Value>) {
        // A constraint on a list is one that nothing asks.
        let known: Vec<String> = self.variables.iter().chain(&self.lists).cloned().collect();
        let name = self.random.pick(&known).clone();
        let bound = self.some_node();
        let constraint = match self.random.below(4) {
            0 => self.condition(bound, 1),
            1 => json!({"kind": bound.kind()}),
            2 => json!({"not": self.condition(bound, 1)}),
            _ => json!({"regex": *self.random.pick(&["^[a-z]", "a|e", "^.{1,8}$", "_"])}),
        };
        whole.insert("constraints".into(), json!({name.as_str(): constraint}));
    }

    /// Constraints, transformations, a message and a fix with the metavariables of the rule.
    fn say(&mut self, whole: &mut Map<String, Value>) {
        let mut holes: Vec<String> = Vec::new();
        holes.extend(self.variables.iter().map(|name| format!("${name}")));
        holes.extend(self.lists.iter().map(|name| format!("$$${name}")));
        let of = self.random.pick(&holes).clone();
        if self.random.one_in(2) {
            self.constrain(whole);
        }
        let mut message = format!("[{of}]");
        if self.random.one_in(2) {
            let mut transform = Map::new();
            transform.insert("MADE".into(), self.transform(&of));
            if self.random.one_in(2) {
                transform.insert("AGAIN".into(), self.transform("$MADE"));
                message.push_str(" -> [$AGAIN]");
                holes.push("$AGAIN".into());
            }
            whole.insert("transform".into(), transform.into());
            message.push_str(" -> [$MADE]");
            holes.push("$MADE".into());
        }
        whole.insert("message".into(), message.into());
        if self.random.one_in(2) {
            let (a, b) = (self.random.pick(&holes), self.random.pick(&holes));
            let fix = match self.random.below(7) {
                0 => String::new(),
                1 => a.clone(),
                2 => format!("wrapped({a}, {b})"),
                3 => format!("begin\n    {a}\n  {b}\nend"),
                4 => format!("  {a}\n"),
                5 => format!("$5 $a {a}{b}_x $"),
                _ => format!("first\n\t{a};\n        {b} {a}"),
            };
            whole.insert("fix".into(), fix.into());
        }
    }

    fn transform(&mut self, source: &str) -> Value {
        let cases = [
            "lowerCase",
            "upperCase",
            "capitalize",
            "camelCase",
            "snakeCase",
            "kebabCase",
            "pascalCase",
        ];
        let separators = ["caseChange", "dash", "dot", "slash", "space", "underscore"];
        let position = |random: &mut Random| i64::try_from(random.below(12)).unwrap_or(0) - 5;
        match self.random.below(8) {
            0 => json!({"replace": {"source": source, "replace": "([a-z]+)_", "by": "$1-"}}),
            1 => {
                json!({"substring": {"source": source, "startChar": position(&mut self.random), "endChar": position(&mut self.random)}})
            }
            2 => json!({"substring": {"source": source, "startChar": position(&mut self.random)}}),
            3 => json!({"convert": {"source": source, "toCase": *self.random.pick(&cases)}}),
            4 => json!({"convert": {"source": source, "toCase": *self.random.pick(&cases),
                "separatedBy": [*self.random.pick(&separators), *self.random.pick(&separators)]}}),
            5 => {
                json!({"replace": {"source": source, "replace": r"(?<head>\w)(\w*)", "by": "${2}$head$0"}})
            }
            6 => json!(format!(
                "substring({source}, endChar={})",
                position(&mut self.random)
            )),
            _ => json!(format!(
                "convert({source}, toCase={})",
                self.random.pick(&cases)
            )),
        }
    }

    fn some_node(&mut self) -> Node<'t> {
        loop {
            let node = *self.random.pick(&self.nodes);
            if node.is_named()
                && (node.end_byte() - node.start_byte() <= 4 * SHORT || self.random.one_in(50))
            {
                return node;
            }
        }
    }

    fn code(&self, node: Node<'t>) -> &'t str {
        &self.text[node.byte_range()]
    }

    /// A condition that holds for the node, or would if it were a little different.
    fn condition(&mut self, node: Node<'t>, depth: usize) -> Value {
        let mut condition = Map::new();
        loop {
            self.add(node, depth, &mut condition);
            if !condition.is_empty() && !self.random.one_in(3) {
                return Value::Object(condition);
            }
        }
    }

    fn add(&mut self, node: Node<'t>, depth: usize, condition: &mut Map<String, Value>) {
        let choice = self.random.below(if depth == 0 { 8 } else { 19 });
        let parent = node.parent();
        let (key, value) = match choice {
            0..=3 => ("pattern", self.pattern(node)),
            4 | 5 => ("kind", self.kind(node).into()),
            6 => ("regex", self.regex(node)),
            7 => ("nthChild", self.position(node, depth)),
            8 | 9 => {
                let mut around = parent;
                let mut field = parent.and_then(|parent| field_of(parent, node));
                while let Some(outer) = around
                    .filter(|_| self.random.one_in(2))
                    .and_then(|node| node.parent())
                {
                    field = None;
                    around = Some(outer);
                }
                let Some(around) = around else { return };
                ("inside", self.relation(around, field, depth))
            }
            10 | 11 => {
                let mut within = node;
                let mut field = None;
                loop {
                    let inner = children(within);
                    if inner.is_empty() {
                        break;
                    }
                    let next = *self.random.pick(&inner);
                    field = if within == node {
                        field_of(within, next)
                    } else {
                        None
                    };
                    within = next;
                    if self.random.one_in(2) {
                        break;
                    }
                }
                if within == node {
                    return;
                }
                ("has", self.relation(within, field, depth))
            }
            12 | 13 => {
                let Some(siblings) = parent.map(children) else {
                    return;
                };
                let other = *self.random.pick(&siblings);
                let key = if other.start_byte() < node.start_byte() {
                    "follows"
                } else {
                    "precedes"
                };
                (key, self.relation(other, None, depth))
            }
            14 => (
                "all",
                json!([
                    self.condition(node, depth - 1),
                    self.condition(node, depth - 1)
                ]),
            ),
            15 | 16 => {
                let other = self.some_node();
                (
                    "any",
                    json!([
                        self.condition(other, depth - 1),
                        self.condition(node, depth - 1)
                    ]),
                )
            }
            17 => {
                let other = if self.random.one_in(2) {
                    self.some_node()
                } else {
                    node
                };
                ("not", self.condition(other, depth - 1))
            }
            _ => {
                let at = self.utils.len();
                let name = format!("util-{at}");
                self.utils.push((name.clone(), Value::Null));
                self.utils[at].1 = self.condition(node, depth - 1);
                if self.random.one_in(20) {
                    ("matches", json!("no-such-util"))
                } else if !self.globals.is_empty() && self.random.one_in(2) {
                    ("matches", json!(self.random.pick(&self.globals)))
                } else {
                    ("matches", json!(name))
                }
            }
        };
        condition.insert(key.into(), value);
    }

    fn relation(&mut self, node: Node<'t>, field: Option<&'t str>, depth: usize) -> Value {
        let mut relation = self.condition(node, depth - 1);
        if let Value::Object(entries) = &mut relation {
            if let Some(field) = field.filter(|_| self.random.one_in(2)) {
                entries.insert("field".into(), field.into());
            }
            match self.random.below(5) {
                0 => {}
                1 => {
                    let stop = self.some_node();
                    entries.insert("stopBy".into(), self.condition(stop, 0));
                }
                2 => {
                    entries.insert("stopBy".into(), "neighbor".into());
                }
                _ => {
                    entries.insert("stopBy".into(), "end".into());
                }
            }
        }
        relation
    }

    /// The kind, or a selector that speaks of it.
    fn kind(&mut self, node: Node<'t>) -> String {
        let kind = node.kind();
        if !self.random.one_in(3) {
            return kind.to_owned();
        }
        let other = self.some_node().kind();
        let around = node.parent().map_or(other, |parent| parent.kind());
        let within = children(node);
        let inner = match within.is_empty() {
            true => other,
            false => self.random.pick(&within).kind(),
        };
        let before = node.prev_sibling().map_or(other, |before| before.kind());
        match self.random.below(16) {
            0 => format!("{around} > {kind}"),
            1 => format!("{around} {kind}"),
            2 => format!("{before} + {kind}"),
            3 => format!(" {before}~{kind} "),
            4 => format!("{kind}, {other}"),
            5 => format!("{kind}:has({inner})"),
            6 => format!("{kind}:has(> {inner})"),
            7 => format!("{around}>{kind}:not(:has({other}))"),
            8 => format!("{kind}:not({around} > {other})"),
            9 => format!(":is({kind}, {other}) {inner}"),
            10 => format!("{kind}:nth-child(2n+1)"),
            11 => format!(
                "{kind}:nth-last-child({} of {kind})",
                1 + self.random.below(3)
            ),
            12 => format!("{around} :nth-child(n + 2 of :not({other}))"),
            13 => "ERROR".to_owned(),
            14 => format!("{around} > ERROR, {kind}:has(ERROR)"),
            _ => (*self.random.pick(&[
                "> a",
                "",
                "a >",
                ":has",
                "no_such_kind",
                ":is()",
                "x:not(y",
                "ERROR.a",
                "ERROR)",
                "ERROR:nth-child()",
                "ERROR,",
                "ERROR:hover(ERROR)",
            ]))
            .to_owned(),
        }
    }

    fn regex(&mut self, node: Node<'t>) -> Value {
        let code = self.code(node);
        let cut: String = code.chars().take(1 + self.random.below(12)).collect();
        let cut = regex::escape(&cut);
        match self.random.below(6) {
            0 => format!("^{cut}"),
            1 => format!("^{}$", regex::escape(code)),
            2 => format!("(?i){cut}"),
            3 => format!("{cut}|self"),
            4 => r"^[a-z_]\w*$".to_owned(),
            _ => cut,
        }
        .into()
    }

    fn position(&mut self, node: Node<'t>, depth: usize) -> Value {
        let siblings = node.parent().map(children).unwrap_or_default();
        let named: Vec<Node<'_>> = siblings.into_iter().filter(Node::is_named).collect();
        let index = named
            .iter()
            .position(|other| *other == node)
            .map_or(1, |index| index + 1);
        let reverse = self.random.one_in(3);
        let index = if reverse {
            named.len().saturating_sub(index) + 1
        } else {
            index
        };
        let step = 1 + self.random.below(3);
        let simple: Value = match self.random.below(7) {
            0..=2 => json!(index),
            3 => format!("{step}n + {}", index % step).into(),
            4 => format!("-n+{index}").into(),
            5 => (*self
                .random
                .pick(&["2n", "2n+1", "n", "-2n + 3", " 3N - 1 ", "+5"]))
            .into(),
            _ => (*self
                .random
                .pick(&["odd", "2n+", "n2", "0", "1n1", "--n", "3"]))
            .into(),
        };
        if !reverse && self.random.one_in(2) {
            return simple;
        }
        let mut position = Map::new();
        position.insert("position".into(), simple);
        if reverse {
            position.insert("reverse".into(), true.into());
        }
        if self.random.one_in(2) {
            let of = match self.random.below(3) {
                0 => json!({"kind": node.kind()}),
                1 => json!({"pattern": "$S"}),
                _ => self.condition(node, depth.saturating_sub(1).min(1)),
            };
            position.insert("ofRule".into(), of);
        }
        position.into()
    }

    fn pattern(&mut self, node: Node<'t>) -> Value {
        if self.random.one_in(6)
            && let Some(parent) = node
                .parent()
                .filter(|parent| parent.end_byte() - parent.start_byte() < 3 * SHORT)
        {
            let context = self.with_holes(parent, 4);
            let mut pattern = Map::new();
            pattern.insert("context".into(), context.into());
            pattern.insert("selector".into(), node.kind().into());
            if self.random.one_in(4) {
                pattern.insert("strictness".into(), "smart".into());
            }
            return pattern.into();
        }
        let holes = self.random.below(5);
        let mut code = self.with_holes(node, holes);
        if self.random.one_in(15) {
            code = (*self.random.pick(&[
                "$A",
                "$_",
                "$$$",
                "$$$A",
                "$$OP",
                "$A == $A",
                "not $X",
                "$A == nil",
                "",
                "$a",
                "Vec<$T>",
                "$A + $$$B",
                "return",
                "A; B",
            ]))
            .to_owned();
        }
        code.into()
    }

    /// The code of a node, with metavariables in place of some of its parts.
    fn with_holes(&mut self, node: Node<'t>, holes: usize) -> String {
        let mut inner: Vec<Node<'t>> = Vec::new();
        let mut open = children(node);
        while let Some(part) = open.pop() {
            inner.push(part);
            open.extend(children(part));
        }
        let mut cut: Vec<(std::ops::Range<usize>, String)> = Vec::new();
        for _ in 0..holes {
            if inner.is_empty() {
                break;
            }
            let part = *self.random.pick(&inner);
            let mut range = part.byte_range();
            let mut hole = match self.random.below(12) {
                0 => "$_".to_owned(),
                1 => "$$$".to_owned(),
                2 | 3 => {
                    let name = *self.random.pick(&["LIST", "REST"]);
                    self.lists.push(name.to_owned());
                    format!("$$${name}")
                }
                4 => format!("$$${}", "_REST"),
                5 if !part.is_named() => format!("$${}", self.name()),
                _ if part.is_named() => format!("${}", self.name()),
                _ => continue,
            };
            if hole.starts_with("$$$")
                && let (Some(first), true) = (part.parent(), self.random.one_in(2))
                && let (Some(last), true) = (children(first).last().copied(), first != node)
            {
                // From here to the end of the list, but for the closing bracket.
                let end = if last.is_named() {
                    last.end_byte()
                } else {
                    last.start_byte()
                };
                range.end = end.max(range.end);
            }
            let bare = |range: &std::ops::Range<usize>| {
                let code = self.text[range.clone()].chars();
                code.filter(|next| !next.is_whitespace())
                    .collect::<String>()
            };
            let same = cut.iter().find(|(other, _)| bare(other) == bare(&range));
            if let Some((_, known)) = same.filter(|_| !hole.starts_with("$$$")) {
                hole = known.clone();
            }
            if cut
                .iter()
                .all(|(other, _)| other.end <= range.start || range.end <= other.start)
            {
                cut.push((range, hole));
            }
        }
        cut.sort_by_key(|(range, _)| range.start);
        let mut code = String::new();
        let mut at = node.start_byte();
        for (range, hole) in cut {
            code.push_str(&self.text[at..range.start.max(at)]);
            code.push_str(&hole);
            at = range.end.max(at);
        }
        code.push_str(&self.text[at.min(node.end_byte())..node.end_byte()]);
        code
    }

    fn name(&mut self) -> String {
        let name = (*self.random.pick(&NAMES)).to_owned();
        self.variables.push(name.clone());
        name
    }
}

fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).collect()
}

fn field_of<'t>(parent: Node<'t>, node: Node<'t>) -> Option<&'t str> {
    let index = children(parent).iter().position(|child| *child == node)?;
    parent.field_name_for_child(u32::try_from(index).ok()?)
}
