use crate::{Arrival, Slot, Timestamp};

/// A record whose key is looked for ahead of its turn, together with others:
/// see [`WindowStore::look_ahead`](crate::WindowStore::look_ahead).
#[derive(Debug)]
pub struct Ahead<K, T> {
    /// Its place in event time.
    pub time: Timestamp,
    /// Its key.
    pub key: K,
    /// The record.
    pub value: T,
    /// The how-manieth record it is.
    pub number: u64,
    pub(crate) hash: u64,
    /// Where the key was found; none where it was not.
    pub(crate) slot: Slot,
}

impl<K, T> Ahead<K, T> {
    /// A record whose key was not looked for yet.
    #[inline(always)]
    pub fn new(time: Timestamp, key: K, value: T, number: u64) -> Self {
        Self {
            time,
            key,
            value,
            number,
            hash: 0,
            slot: Slot::NONE,
        }
    }

    /// The record as it is offered to its windows.
    #[inline(always)]
    pub fn arrival(&self) -> Arrival<'_, T> {
        Arrival {
            time: self.time,
            value: &self.value,
            number: self.number,
        }
    }
}
