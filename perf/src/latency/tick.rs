//! The record of the workload.

use crate::splitmix::splitmix;

use super::schedule::Due;

/// The seed of the keys, as the workload has it.
const SEED: u64 = 42;

/// A record as the source sends it: 16 bytes, which with its time makes 24 in a
/// ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    /// When it was due, in nanoseconds of the run's clock.
    pub(crate) due_ns: u64,
    pub(crate) key: u32,
    /// How much later than that it was sent; `u32::MAX` for four seconds and more.
    pub(crate) lag_ns: u32,
}

impl Tick {
    /// The record that was due then, sent now.
    #[inline]
    pub(crate) fn new(due: Due, sent_ns: u64, keys: u32) -> Self {
        let key = splitmix(SEED, due.index) % u64::from(keys.max(1));
        let lag_ns = sent_ns.saturating_sub(due.due_ns);
        Self {
            due_ns: due.due_ns,
            key: key as u32,
            lag_ns: u32::try_from(lag_ns).unwrap_or(u32::MAX),
        }
    }
}

/// What the map makes of it: when it was due and when it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) due_ns: u64,
    pub(crate) sent_ns: u64,
    pub(crate) key: u32,
}

impl From<Tick> for Sent {
    #[inline]
    fn from(tick: Tick) -> Self {
        Self {
            due_ns: tick.due_ns,
            sent_ns: tick.due_ns + u64::from(tick.lag_ns),
            key: tick.key,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_with_its_time_takes_24_bytes() {
        assert_eq!(std::mem::size_of::<(i64, Tick)>(), 24);
        let due = Due {
            index: 3,
            due_ns: 1_000,
        };
        let tick = Tick::new(due, 1_250, 1_000);
        assert_eq!(u64::from(tick.key), splitmix(42, 3) % 1_000);
        let sent = Sent::from(tick);
        assert_eq!((sent.due_ns, sent.sent_ns), (1_000, 1_250));
        assert_eq!(Tick::new(due, u64::MAX, 1_000).lag_ns, u32::MAX);
    }
}
