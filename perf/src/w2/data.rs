//! The readings that W2 aggregates, and its result rows.

use std::sync::Arc;

use crate::splitmix::{pick, splitmix, Disorder, T0_MS};
use crate::Digest;

/// Distinct keys unless others are asked for.
pub const DEFAULT_KEYS: u64 = 10_000;

/// One reading: 24 bytes, as it lies in memory and as it crosses a ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Whose reading it is.
    pub key: u64,
    /// A multiple of 1/16 below 4096, so that sums are exact in any order.
    pub value: f64,
    /// When it was read, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
}

/// One result: what a key read in a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The key.
    pub key: u64,
    /// Start of the window, in milliseconds since the Unix epoch.
    pub start_ms: i64,
    /// How many readings.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// Their mean.
    pub mean: f64,
}

impl Row {
    /// Adds this row to a digest.
    #[inline]
    pub fn add_to(&self, digest: &mut Digest) {
        digest.add_row(
            [
                self.key,
                self.start_ms as u64,
                self.count,
                self.sum.to_bits(),
                self.min.to_bits(),
                self.max.to_bits(),
                self.mean.to_bits(),
            ],
            self.count,
        );
    }
}

/// The event at `index`, counted from 0, out of `keys` keys.
#[inline]
pub fn event(index: u64, keys: u64, disorder: Disorder) -> Event {
    let random = splitmix(42, index);
    Event {
        key: splitmix(7, pick(random, keys)),
        value: (random >> 48) as f64 * 0.0625,
        timestamp_ms: disorder.time_ms(T0_MS + (index / 100) as i64, random),
    }
}

/// The first `events` events, out of `keys` keys.
pub fn generate(events: usize, keys: u64) -> Arc<[Event]> {
    generate_disordered(events, keys, Disorder::OWN)
}

/// The first `events` events, out of order as asked for.
pub fn generate_disordered(events: usize, keys: u64, disorder: Disorder) -> Arc<[Event]> {
    (0..events)
        .map(|index| event(index as u64, keys, disorder))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_24_bytes() {
        assert_eq!(std::mem::size_of::<Event>(), 24);
    }
}
