//! Q8 as one would write it by hand: one thread, one loop.

use super::{Row, BOTH, CAME, SOLD, WINDOW_MS};
use crate::dense_ids::DenseIds;
use crate::nexmark::data::{kind, Record};
use crate::Digest;

/// Finds the new sellers and takes the digest of the results.
///
/// Records come in order of time: a window is a run of them, and its persons
/// have ids of their own, forgotten with it.
pub fn run(records: &[Record]) -> Digest {
    let mut digest = Digest::default();
    let mut window = Window::default();
    let mut end_ms = 0;
    for record in records {
        if record.timestamp_ms >= end_ms {
            window.emit(end_ms, &mut digest);
            end_ms =
                record.timestamp_ms - record.timestamp_ms % WINDOW_MS as u64 + WINDOW_MS as u64;
        }
        match record.kind {
            kind::BID => {}
            kind::PERSON => window.mark(record.a, CAME),
            _ => window.mark(record.b, SOLD),
        }
    }
    window.emit(end_ms, &mut digest);
    digest
}

/// What is known of the persons in one window.
#[derive(Default)]
struct Window {
    ids: DenseIds,
    persons: Vec<(u64, u8)>,
}

impl Window {
    #[inline(always)]
    fn mark(&mut self, person: u64, mark: u8) {
        let id = self.ids.intern(person);
        match self.persons.get_mut(id) {
            Some((_, marks)) => *marks |= mark,
            None => self.persons.push((person, mark)),
        }
    }

    /// Gives out the rows of this window and leaves it empty.
    fn emit(&mut self, end_ms: u64, digest: &mut Digest) {
        for (person, marks) in self.persons.drain(..) {
            if marks == BOTH {
                Row {
                    start_ms: end_ms as i64 - WINDOW_MS,
                    person,
                }
                .add_to(digest);
            }
        }
        self.ids.clear();
    }
}
