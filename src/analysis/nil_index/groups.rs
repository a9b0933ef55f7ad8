//! Values that go together: what one of them is says what the others can be.
//!
//! `local file, message = io.open(name)` gives a file or a message; after `if found then ... end` the variables that the
//! arm assigned go with `found`. A group is a list of rows, one for each way in which things can be; to learn something
//! of one member excludes rows, and what is left says more of the others. Deliberately absent: rows that are excluded
//! are not stored: they follow from what is known of the members.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use super::state::State;
use super::value::{Bits, Evidence, Fact, GroupIndex, Value};

/// Groups have at most so many members, and rows.
const MEMBER_LIMIT: usize = 12;
const ROW_LIMIT: usize = 8;

/// A value is in at most so many groups: the latest ones.
const GROUP_LIMIT: usize = 8;

/// How many members one piece of news may reach.
const NEWS_LIMIT: usize = 32;

/// What one member is in one of the ways.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row<'t> {
    pub bits: Bits,
    pub evidence: Option<Evidence<'t>>,
    pub text: Option<&'t [u8]>,
    pub unlike: Option<Rc<Vec<&'t [u8]>>>,
}

/// The members, and each one's rows in the same order.
#[derive(Debug)]
pub(super) struct Group<'t> {
    members: Vec<(Value, Vec<Row<'t>>)>,
}

impl<'t> From<&Fact<'t>> for Row<'t> {
    fn from(fact: &Fact<'t>) -> Self {
        Self {
            bits: fact.bits,
            evidence: fact.evidence,
            text: fact.text,
            unlike: fact.unlike.clone(),
        }
    }
}

/// A value and what it is on each of the paths that meet: the value that it was there, and its fact.
type Sides<'s, 't> = (Value, &'s [(Value, Fact<'t>)]);

/// Whether the paths can be told apart by this value.
fn differs(sides: &[(Value, Fact<'_>)]) -> bool {
    sides.first().is_some_and(|(_, first)| {
        sides.iter().any(|(_, side)| {
            side.bits != first.bits
                || side.text != first.text
                || side.unlike != first.unlike
                || side.evidence.is_some() != first.evidence.is_some()
        })
    })
}

/// Whether these are other values on each path, that go with others there: the results of one call or of another.
fn are_in_groups(sides: &[(Value, Fact<'_>)]) -> bool {
    let is_other = |(value, _): &(Value, _)| sides.first().is_some_and(|first| first.0 != *value);
    sides.iter().any(is_other) && sides.iter().all(|(_, side)| side.groups.is_some())
}

impl<'t> State<'_, 't> {
    /// Paths met: these values go together by the path that was taken. A path on which some of them went together
    /// already counts as several.
    pub fn gather_sides(&mut self, all: &[Sides<'_, 't>]) {
        let mut members: Vec<&Sides<'_, 't>> = all
            .iter()
            .filter(|(_, sides)| differs(sides) || are_in_groups(sides))
            .collect();
        // The youngest are those that the paths made.
        members.sort_by_key(|(value, _)| std::cmp::Reverse(*value));
        members.dedup_by_key(|(value, _)| *value);
        members.truncate(MEMBER_LIMIT);
        let partners = self.partners(&members, all);
        let partners: Vec<Sides<'_, 't>> = partners
            .iter()
            .map(|(value, sides)| (*value, sides.as_slice()))
            .collect();
        members.extend(&partners);
        let count = members.first().map_or(0, |(_, sides)| sides.len());
        if members.len() < 2 || count > ROW_LIMIT {
            return;
        }
        let plain = |side: usize| -> Vec<Row<'t>> {
            let facts = members.iter().filter_map(|(_, sides)| sides.get(side));
            facts.map(|(_, fact)| Row::from(fact)).collect()
        };
        let mut ways: Vec<Vec<Row<'t>>> = Vec::new();
        for side in 0..count {
            let of_side: Vec<&(Value, Fact<'t>)> = members
                .iter()
                .filter_map(|(_, sides)| sides.get(side))
                .collect();
            for way in self.split(&of_side).unwrap_or_else(|| vec![plain(side)]) {
                if !ways.contains(&way) {
                    ways.push(way);
                }
            }
        }
        if ways.len() > ROW_LIMIT {
            ways = (0..count).map(plain).collect();
        }
        let columns = members.iter().enumerate().map(|(column, (value, _))| {
            let rows = ways.iter().filter_map(|way| way.get(column).cloned());
            (*value, rows.collect())
        });
        self.gather(columns.collect());
    }

    /// Values that went with the members before the paths met, and are the same on all paths.
    fn partners(
        &self,
        members: &[&Sides<'_, 't>],
        all: &[Sides<'_, 't>],
    ) -> Vec<(Value, Vec<(Value, Fact<'t>)>)> {
        let mut partners: Vec<(Value, Vec<(Value, Fact<'t>)>)> = Vec::new();
        if members.len() >= MEMBER_LIMIT {
            return partners;
        }
        let sides = |(value, sides): &Sides<'_, 't>| {
            let of_sides = sides.iter().map(|(side, _)| *side);
            of_sides.chain([*value]).collect::<Vec<Value>>()
        };
        let mut known: HashSet<Value> = all.iter().flat_map(sides).collect();
        for (_, sides) in members {
            let groups = sides
                .iter()
                .filter_map(|(_, fact)| fact.groups.as_ref()?.last());
            let groups: Vec<GroupIndex> = groups.copied().collect();
            for index in groups {
                let Some(group) = self.groups.get(index as usize) else {
                    continue;
                };
                for (value, _) in &group.members {
                    if members.len() + partners.len() >= MEMBER_LIMIT {
                        return partners;
                    }
                    if !known.insert(*value) {
                        continue;
                    }
                    let fact = self.fact(*value);
                    partners.push((*value, vec![(*value, fact); sides.len()]));
                }
            }
        }
        partners
    }

    /// The ways of the latest group in which at least two of these values are.
    fn split(&self, of_side: &[&(Value, Fact<'t>)]) -> Option<Vec<Vec<Row<'t>>>> {
        let mut counts: BTreeMap<GroupIndex, usize> = BTreeMap::new();
        for (_, fact) in of_side {
            for group in fact.groups.iter().flat_map(|groups| groups.iter()) {
                *counts.entry(*group).or_default() += 1;
            }
        }
        let (index, _) = counts.into_iter().rev().find(|(_, count)| *count > 1)?;
        let group = self.groups.get(index as usize)?;
        let row_count = group.members.first().map_or(0, |(_, rows)| rows.len());
        let way = |number: usize| -> Option<Vec<Row<'t>>> {
            let of_value = |(value, fact): &&(Value, Fact<'t>)| -> Option<Row<'t>> {
                let mut row = Row::from(fact);
                let member = group.members.iter().find(|(member, _)| member == value);
                if let Some(known) = member.and_then(|(_, rows)| rows.get(number)) {
                    if !fits(fact, known) {
                        return None;
                    }
                    row.bits = fact.bits & known.bits;
                    row.evidence = known.evidence.filter(|_| fact.evidence.is_some());
                    row.text = row.text.or(known.text);
                    row.unlike = row.unlike.or_else(|| known.unlike.clone());
                }
                Some(row)
            };
            of_side.iter().map(of_value).collect()
        };
        let ways: Vec<Vec<Row<'t>>> = (0..row_count).filter_map(way).collect();
        (!ways.is_empty()).then_some(ways)
    }

    /// These values go together from here on.
    pub fn gather(&mut self, mut members: Vec<(Value, Vec<Row<'t>>)>) {
        members.truncate(MEMBER_LIMIT);
        if members.len() < 2 {
            return;
        }
        let index = self.groups.len() as GroupIndex;
        for (value, _) in &members {
            let fact = self.fact(*value);
            let mut groups = fact.groups.as_deref().cloned().unwrap_or_default();
            if groups.len() >= GROUP_LIMIT {
                groups.remove(0);
            }
            groups.push(index);
            let groups = Some(Rc::new(groups));
            self.set_fact(*value, Fact { groups, ..fact });
        }
        self.groups.push(Rc::new(Group { members }));
    }

    /// Something is known of this value: what follows for those that go with it. False: this cannot be.
    pub fn settle(&mut self, value: Value) -> bool {
        let mut news = vec![value];
        let mut count = 0;
        while let Some(value) = news.pop() {
            count += 1;
            if count > NEWS_LIMIT {
                return true;
            }
            let groups = self.fact(value).groups;
            for index in groups.iter().flat_map(|groups| groups.iter()) {
                let Some(group) = self.groups.get(*index as usize).cloned() else {
                    continue;
                };
                if !self.settle_group(&group, &mut news) {
                    return false;
                }
            }
        }
        true
    }

    fn settle_group(&mut self, group: &Group<'t>, news: &mut Vec<Value>) -> bool {
        let row_count = group.members.first().map_or(0, |(_, rows)| rows.len());
        let mut is_possible = vec![true; row_count];
        for (value, rows) in &group.members {
            let fact = self.fact(*value);
            for (possible, row) in is_possible.iter_mut().zip(rows) {
                *possible &= fits(&fact, row);
            }
        }
        self.spent += group.members.len() as u64;
        if !is_possible.contains(&true) {
            return false;
        }
        if !is_possible.contains(&false) {
            return true;
        }
        for (value, rows) in &group.members {
            let left = || {
                rows.iter()
                    .zip(&is_possible)
                    .filter_map(|(row, possible)| possible.then_some(row))
            };
            let fact = self.fact(*value);
            let bits = fact.bits & left().fold(Bits::NONE, |bits, row| bits | row.bits);
            if bits.is_empty() {
                return false;
            }
            let evidence = match fact.evidence {
                Some(known) if bits.has_nil() => {
                    let of_row = left()
                        .filter(|row| row.bits.has_nil())
                        .find_map(|row| row.evidence);
                    // What was learnt since the paths met is not in the rows, or guarded in them.
                    let is_of_rows = rows
                        .iter()
                        .any(|row| row.evidence == Some(known) && row.bits.has_nil());
                    if is_of_rows { of_row } else { Some(known) }
                }
                known => known,
            };
            let text = fact.text.or_else(|| {
                let text = left().next()?.text;
                text.filter(|_| left().all(|row| row.text == text))
            });
            let has_news = bits != fact.bits || text != fact.text;
            if has_news || evidence != fact.evidence {
                self.set_fact(
                    *value,
                    Fact {
                        bits,
                        evidence,
                        text,
                        ..fact
                    },
                );
            }
            if has_news {
                news.push(*value);
            }
        }
        true
    }
}

fn fits(fact: &Fact<'_>, row: &Row<'_>) -> bool {
    let is_other = |text: &[u8]| {
        row.text.is_some_and(|known| known != text)
            || row
                .unlike
                .as_ref()
                .is_some_and(|known| known.contains(&text))
    };
    !(fact.bits & row.bits).is_empty()
        && !fact.text.is_some_and(is_other)
        && !row.text.is_some_and(|text| fact.is_not(text))
}
