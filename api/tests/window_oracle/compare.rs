//! What the engine gave against what it must give.

use super::pipeline::Row;
use super::semantics::Expected;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What came out of the engine, as it came.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub rows: Vec<Row>,
    /// Key and number of each late record.
    pub late: Vec<(u32, u64)>,
    /// What the report counts as late and as ignored.
    pub counted: (u64, u64),
}

/// The first difference, in words.
pub fn difference(expected: &Expected, found: &Found) -> Option<String> {
    let mut by_key: BTreeMap<u32, Vec<&Row>> = BTreeMap::new();
    for row in &found.rows {
        by_key.entry(row.key).or_default().push(row);
    }
    let keys = expected.rows.keys().chain(by_key.keys());
    for key in keys {
        let groups = expected.rows.get(key).map_or(&[][..], Vec::as_slice);
        let rows = by_key.get(key).map_or(&[][..], Vec::as_slice);
        if !agree(groups, rows) {
            return Some(of_key(*key, groups, rows));
        }
    }
    let mut late: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for (key, id) in &found.late {
        late.entry(*key).or_default().push(*id);
    }
    if late != expected.late {
        let expected = &expected.late;
        return Some(format!(
            "late by key, expected {expected:?}\nfound {late:?}"
        ));
    }
    let counted = (late.values().flatten().count() as u64, expected.ignored);
    (found.counted != counted).then(|| {
        let found = found.counted;
        format!("late and ignored, expected {counted:?}, counted {found:?}")
    })
}

/// Whether `rows` are the groups in their order, each in any order.
fn agree(groups: &[Vec<Row>], rows: &[&Row]) -> bool {
    let mut rest = rows;
    for group in groups {
        if rest.len() < group.len() {
            return false;
        }
        let (here, after) = rest.split_at(group.len());
        rest = after;
        let mut missing: Vec<&Row> = group.iter().collect();
        for row in here {
            match missing.iter().position(|wanted| wanted == row) {
                Some(place) => drop(missing.swap_remove(place)),
                None => return false,
            }
        }
    }
    rest.is_empty()
}

fn of_key(key: u32, groups: &[Vec<Row>], rows: &[&Row]) -> String {
    let mut text = format!("key {key}, expected (those in one block in any order)\n");
    for group in groups {
        for (number, row) in group.iter().enumerate() {
            let mark = if number == 0 { '-' } else { ' ' };
            let _ = writeln!(text, " {mark} {row}");
        }
    }
    text.push_str("found\n");
    for row in rows {
        let _ = writeln!(text, " - {row}");
    }
    text
}

/// Leaves out items while `fails` still holds: halves first, single ones last.
pub fn shrink<T: Clone>(items: &[T], fails: impl Fn(&[T]) -> bool) -> Vec<T> {
    let mut items = items.to_vec();
    let mut chunk = items.len().div_ceil(2);
    let mut tries = 3000;
    while chunk > 0 && tries > 0 {
        let mut at = 0;
        let mut shorter = false;
        while at < items.len() && tries > 0 {
            let mut fewer = items.clone();
            fewer.drain(at..(at + chunk).min(items.len()));
            tries -= 1;
            match fails(&fewer) {
                true => {
                    items = fewer;
                    shorter = true;
                }
                false => at += chunk,
            }
        }
        if !shorter || chunk > 1 {
            chunk /= 2;
        }
    }
    items
}
