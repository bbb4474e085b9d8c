//! How full a ring is, told to whoever watches.

use crate::capacity::Capacity;
use crate::counter::CounterReader;

/// Reads the fill of a channel's record ring from any thread.
///
/// The numbers lag behind the ring by what the two sides are doing just now;
/// they are for people and balancing, never for deciding whether to send.
///
/// ```
/// use fluxus_ringbuf::{channel, Capacity};
///
/// let (mut sender, _receiver) = channel::<u8, ()>(Capacity::new(4)?)?;
/// let gauge = sender.gauge();
/// sender.send(1).unwrap();
/// assert_eq!((gauge.fill(), gauge.capacity()), (1, 4));
/// # Ok::<(), fluxus_ringbuf::CapacityError>(())
/// ```
#[derive(Debug, Clone)]
pub struct RingGauge {
    capacity: Capacity,
    published: CounterReader,
    consumed: CounterReader,
}

impl RingGauge {
    pub(super) fn new(
        capacity: Capacity,
        published: CounterReader,
        consumed: CounterReader,
    ) -> Self {
        Self {
            capacity,
            published,
            consumed,
        }
    }

    /// How many records the ring holds when full.
    pub fn capacity(&self) -> usize {
        self.capacity.slots()
    }

    /// About how many records lie in the ring; never more than its capacity.
    pub fn fill(&self) -> usize {
        // Consumed first: what is consumed later was published later too.
        let consumed = self.consumed();
        let fill = self.published().saturating_sub(consumed);
        usize::try_from(fill).map_or(self.capacity(), |fill| fill.min(self.capacity()))
    }

    /// How many records were published since the channel was made.
    pub fn published(&self) -> u64 {
        self.published.value()
    }

    /// How many records were consumed since the channel was made.
    pub fn consumed(&self) -> u64 {
        self.consumed.value()
    }
}
