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
