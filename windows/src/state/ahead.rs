use crate::{Arrival, Slot, Timestamp};

/// A record whose key is looked for ahead of its turn, so that many of them
/// wait for memory together.
///
/// ```text
///   expect       hash the key; ask for its pair of the index     one by one
///   look_ahead   read the pair; ask for the cell                 all of them
///   found_ahead  look the key up, which is a new one or not;
///                fold into the cell                              one by one
/// ```
///
/// The methods are those of [`WindowStore`](crate::WindowStore). They decide
/// nothing: what was not found, or is at hand no more, goes the long way.
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
    /// Where the key was found, by the stores that give keys slots.
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

    /// Where the key was found, if it was.
    #[inline(always)]
    pub fn slot(&self) -> Option<Slot> {
        (self.slot != Slot::NONE).then_some(self.slot)
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

/// Asks for memory before it is used. The windows know what they will need; how
/// to ask takes an instruction that they cannot give themselves.
pub trait Prefetch {
    /// Asks for the memory of `place`, and does not wait for it.
    fn prefetch<M>(&self, place: &M);
}

/// Asks for nothing.
impl Prefetch for () {
    #[inline(always)]
    fn prefetch<M>(&self, _: &M) {}
}
