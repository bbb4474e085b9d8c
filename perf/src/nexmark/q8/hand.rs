//! Q8 as one would write it by hand: one thread, one loop.

use super::{Row, BOTH, CAME, SOLD};
use crate::dense_ids::{DenseIds, Intern};
use crate::nexmark::data::{kind, Record};
use crate::{Digest, Shape, Workload};

/// Finds the new sellers and takes the digest of the results.
///
/// Records come in order of time: a window is a run of them, and its persons
/// have ids of their own, forgotten with it.
pub fn run(records: &[Record]) -> Digest {
    run_shaped::<DenseIds>(records, &Shape::own(Workload::Q8))
}

/// As [`run`], with other windows, and with ids from anywhere.
pub(crate) fn run_shaped<I: Intern>(records: &[Record], shape: &Shape) -> Digest {
    let size_ms = shape.size_ms as u64;
    let mut digest = Digest::default();
    let mut window: Window<I> = Window::default();
    let mut end_ms = 0;
    for record in records {
        if record.timestamp_ms >= end_ms {
            window.emit(end_ms as i64 - shape.size_ms, &mut digest);
            end_ms = record.timestamp_ms - record.timestamp_ms % size_ms + size_ms;
        }
        match record.kind {
            kind::BID => {}
            kind::PERSON => window.mark(record.a, CAME),
            _ => window.mark(record.b, SOLD),
        }
    }
    window.emit(end_ms as i64 - shape.size_ms, &mut digest);
    digest
}

/// What is known of the persons in one window.
#[derive(Default)]
struct Window<I> {
    ids: I,
    persons: Vec<(u64, u8)>,
}

impl<I: Intern> Window<I> {
    #[inline(always)]
    fn mark(&mut self, person: u64, mark: u8) {
        let id = self.ids.intern(person);
        match self.persons.get_mut(id) {
            Some((_, marks)) => *marks |= mark,
            None => self.persons.push((person, mark)),
        }
    }

    /// Gives out the rows of this window and leaves it empty.
    fn emit(&mut self, start_ms: i64, digest: &mut Digest) {
        for (person, marks) in self.persons.drain(..) {
            if marks == BOTH {
                Row { start_ms, person }.add_to(digest);
            }
        }
        self.ids.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::nexmark::data;
    use crate::Asked;

    /// The slow obvious way: every window kept to the end.
    fn obvious(records: &[Record], shape: &Shape) -> Digest {
        let mut windows: BTreeMap<i64, [BTreeSet<u64>; 2]> = BTreeMap::new();
        for record in records {
            let time_ms = record.timestamp_ms as i64;
            let start_ms = time_ms - time_ms.rem_euclid(shape.size_ms);
            let [persons, sellers] = windows.entry(start_ms).or_default();
            match record.kind {
                kind::PERSON => persons.insert(record.a),
                kind::AUCTION => sellers.insert(record.b),
                _ => continue,
            };
        }
        let mut digest = Digest::default();
        for (start_ms, [persons, sellers]) in windows {
            for &person in persons.intersection(&sellers) {
                Row { start_ms, person }.add_to(&mut digest);
            }
        }
        digest
    }

    #[test]
    fn equals_the_obvious_way_at_any_size_and_with_any_windows() {
        for size_ms in [None, Some(1), Some(300)] {
            let asked = Asked {
                size_ms,
                ..Asked::default()
            };
            let shape = Shape::of(Workload::Q8, asked).expect("it can be");
            for records in [0, 1, 2, 20_001] {
                let records = data::generate(records);
                assert_eq!(
                    run_shaped::<DenseIds>(&records, &shape),
                    obvious(&records, &shape),
                    "{} records, {asked:?}",
                    records.len()
                );
            }
        }
    }
}
