//! The two streams that J1 and J2 join, and their result rows.

use std::sync::Arc;

use crate::splitmix::{pick, splitmix, Disorder, T0_MS};
use crate::Digest;

/// Distinct keys unless others are asked for.
pub const DEFAULT_KEYS: u64 = 10_000;

/// A record of either stream: 24 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it is joined by.
    pub key: u64,
    /// Which record it is.
    pub id: u64,
    /// When it was, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
}

/// The two streams, each half of the events.
#[derive(Clone, Debug)]
pub struct Streams {
    /// The one that the join is called on.
    pub left: Arc<[Event]>,
    /// The one that it is given.
    pub right: Arc<[Event]>,
}

/// One result: a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The key of both.
    pub key: u64,
    /// The later of the times of both (J1) or the start of their window (J2), in
    /// milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// The left record.
    pub left: u64,
    /// The right record.
    pub right: u64,
}

impl Row {
    /// Adds this row to a digest.
    #[inline]
    pub fn add_to(&self, digest: &mut Digest) {
        digest.add_row([self.key, self.time_ms as u64, self.left, self.right], 1);
    }
}

/// The record at `index` of the stream with this seed, counted from 0: a stream has
/// fifty in a millisecond.
#[inline]
fn event(seed: u64, index: u64, keys: u64, disorder: Disorder) -> Event {
    let random = splitmix(seed, index);
    Event {
        key: splitmix(7, pick(random, keys)),
        id: index,
        timestamp_ms: disorder.time_ms(T0_MS + (index / 50) as i64, random),
    }
}

/// Two streams of `events` records together, out of order as asked for.
pub fn generate(events: usize, keys: u64, disorder: Disorder) -> Streams {
    let stream = |seed: u64, events: usize| -> Arc<[Event]> {
        (0..events)
            .map(|index| event(seed, index as u64, keys, disorder))
            .collect()
    };
    Streams {
        left: stream(46, events - events / 2),
        right: stream(47, events / 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_24_bytes() {
        assert_eq!(std::mem::size_of::<Event>(), 24);
    }
}
