//! Q8: the persons who came and opened an auction, in tumbling windows of ten seconds.

use std::collections::VecDeque;

use fluxus_perf::nexmark::data::{kind, Record};
use fluxus_perf::nexmark::q8::{Row, WINDOW_MS};
use fluxus_perf::splitmix::mix64;
use fluxus_perf::Digest;

use super::Query;
use crate::kept::FastMap;

/// That a person came; that they opened an auction; both.
const CAME: u8 = 1;
const SOLD: u8 = 2;
const BOTH: u8 = CAME | SOLD;

/// What is known of the persons in the windows that are not closed, oldest first.
#[derive(Debug, Default)]
pub struct Q8 {
    windows: VecDeque<(i64, FastMap<u64, u8>)>,
    /// Emptied ones, which keep their room.
    spare: Vec<FastMap<u64, u8>>,
}

/// What became known of a person, and when.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    person: u64,
    timestamp_ms: i64,
    mark: u8,
}

impl Q8 {
    /// The window that `timestamp_ms` lies in, if it is not the newest.
    #[cold]
    fn find(&mut self, timestamp_ms: i64) -> usize {
        let end_ms = (timestamp_ms.div_euclid(WINDOW_MS) + 1) * WINDOW_MS;
        match self
            .windows
            .binary_search_by_key(&end_ms, |window| window.0)
        {
            Ok(place) => place,
            Err(place) => {
                let persons = self.spare.pop().unwrap_or_default();
                self.windows.insert(place, (end_ms, persons));
                place
            }
        }
    }
}

impl Query for Q8 {
    type Event = Record;
    type Record = Mark;
    type Row = Row;
    type Tables = ();

    const DISORDER_MS: i64 = 0;
    const STEP_MS: i64 = WINDOW_MS;

    #[inline(always)]
    fn timestamp_ms(record: &Record) -> i64 {
        record.timestamp_ms as i64
    }

    #[inline(always)]
    fn expand((): &(), record: &Record, mut give: impl FnMut(Mark)) {
        let (person, mark) = match record.kind {
            kind::BID => return,
            kind::PERSON => (record.a, CAME),
            _ => (record.b, SOLD),
        };
        give(Mark {
            person,
            timestamp_ms: record.timestamp_ms as i64,
            mark,
        });
    }

    #[inline(always)]
    fn route(mark: &Mark) -> u64 {
        mix64(mark.person)
    }

    #[inline(always)]
    fn add(&mut self, mark: Mark) {
        let newest = self.windows.len().wrapping_sub(1);
        let place = match self.windows.back() {
            Some(&(end_ms, _))
                if mark.timestamp_ms < end_ms && mark.timestamp_ms >= end_ms - WINDOW_MS =>
            {
                newest
            }
            _ => self.find(mark.timestamp_ms),
        };
        *self.windows[place].1.entry(mark.person).or_default() |= mark.mark;
    }

    fn close(&mut self, until_ms: i64, mut give: impl FnMut(Row)) {
        while self
            .windows
            .front()
            .is_some_and(|window| window.0 <= until_ms)
        {
            if let Some((end_ms, mut persons)) = self.windows.pop_front() {
                let start_ms = end_ms - WINDOW_MS;
                let both = persons.drain().filter(|&(_, marks)| marks == BOTH);
                both.for_each(|(person, _)| give(Row { start_ms, person }));
                self.spare.push(persons);
            }
        }
    }

    #[inline]
    fn add_to(row: &Row, digest: &mut Digest) {
        row.add_to(digest);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;
    use fluxus_perf::nexmark::{data, q8::hand};

    #[test]
    fn equals_the_loop_by_hand() {
        for records in [0, 1, 777, 400_000] {
            let records = data::generate(records);
            for batch in [1, 512, 150_000] {
                assert_eq!(run::<Q8>(&records, batch), hand::run(&records));
            }
        }
    }
}
