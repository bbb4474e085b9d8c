//! The queries, said apart from any engine.
//!
//! A [`Query`] keeps its windows by hand, as well as the loops by hand of
//! `fluxus_perf` do: what the best user of an engine without such windows writes
//! into an operator of that engine. A [`Fold`] says the same query as an engine's
//! documents would have it said: a key, a value, an accumulator, a size, a slide.

mod w1;
mod w2;
mod w3;
mod w4;
mod w5;

mod q5;
mod q7;
mod q8;

pub use q5::Q5;
pub use q7::Q7;
pub use q8::Q8;
pub use w1::W1;
pub use w2::W2;
pub use w3::W3;
pub use w4::W4;
pub use w5::W5;

use std::fmt::Debug;
use std::hash::Hash;

use fluxus_perf::Digest;
use serde::{de::DeserializeOwned, Serialize};

/// Windows by hand: records in, rows out when event time has passed.
pub trait Query: Default + Send + 'static {
    /// What the source has.
    type Event: Copy + Debug + Send + Sync + 'static;
    /// What of an event the windows take: what crosses between two cores.
    type Record: Copy + Debug + Send + 'static;
    /// One result.
    type Row: Copy + Debug + Send + 'static;
    /// What the way from event to record looks up in.
    type Tables: Clone + Default + Send + Sync + 'static;

    /// How far events are out of order at most, in milliseconds.
    const DISORDER_MS: i64;
    /// The distance between two ends of windows, in milliseconds: how often time must be told.
    const STEP_MS: i64;
    /// Why it cannot be split by key, if it cannot.
    const UNSPLIT: Option<&'static str> = None;

    /// When the event happened, in milliseconds since the Unix epoch.
    fn timestamp_ms(event: &Self::Event) -> i64;

    /// The records of an event, in order.
    fn expand(tables: &Self::Tables, event: &Self::Event, give: impl FnMut(Self::Record));

    /// A number that is equal for records of one key, spread over its low bits.
    fn route(record: &Self::Record) -> u64;

    /// Takes a record.
    fn add(&mut self, record: Self::Record);

    /// Gives out the rows that no event at or after `until_ms` changes; `i64::MAX` gives out all.
    fn close(&mut self, until_ms: i64, give: impl FnMut(Self::Row));

    /// Adds a row to a digest.
    fn add_to(row: &Self::Row, digest: &mut Digest);
}

/// The same query as documents teach it: a fold by key and window.
pub trait Fold: Query {
    /// By what.
    type Key: Clone + Debug + Eq + Hash + Send + Serialize + DeserializeOwned + 'static;
    /// What is folded.
    type Value: Clone + Debug + Send + Serialize + DeserializeOwned + 'static;
    /// Into what.
    type Accumulator: Clone + Debug + Send + 'static;
    /// The keyed values of an event.
    type Keyed: IntoIterator<Item = (Self::Key, Self::Value), IntoIter: Send> + 'static;

    /// The length of a window, in milliseconds.
    const SIZE_MS: i64;

    /// The keyed values of an event.
    fn keyed(tables: &Self::Tables, event: &Self::Event) -> Self::Keyed;

    /// The accumulator of a window without events.
    fn empty() -> Self::Accumulator;

    /// Folds a value in.
    fn fold(into: &mut Self::Accumulator, value: &Self::Value);

    /// Adds the result of a key and window to a digest.
    fn add_result(key: &Self::Key, start_ms: i64, of: &Self::Accumulator, digest: &mut Digest);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Runs a query over its events on this thread, telling time after every `batch` events.
    pub(crate) fn run<Q: Query>(events: &[Q::Event], batch: usize) -> Digest {
        let (mut query, tables) = (Q::default(), Q::Tables::default());
        let (mut digest, mut latest_ms) = (Digest::default(), i64::MIN);
        for batch in events.chunks(batch) {
            for event in batch {
                Q::expand(&tables, event, |record| query.add(record));
                latest_ms = latest_ms.max(Q::timestamp_ms(event));
            }
            query.close(latest_ms - Q::DISORDER_MS, |row| {
                Q::add_to(&row, &mut digest)
            });
        }
        query.close(i64::MAX, |row| Q::add_to(&row, &mut digest));
        digest
    }
}
