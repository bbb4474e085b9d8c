//! The consuming half.

use super::batch::{Batch, Incoming};
use super::gauge::RingGauge;
use super::peer::Peer;
use crate::counter::CounterWriter;
use crate::orderings::{CLOSED_AFTER_DRAIN, LANE_BEFORE_TAIL};
use crate::parker::Waker;
use crate::ring::{ChunkError, Consumer};
use std::fmt;

/// The consuming half of a [`channel`](super::channel()).
///
/// While it is held, the other side may publish and may go away; it never takes
/// back what was published.
///
/// Dropping it abandons the channel: the sender gets back what it tries to
/// send, and what lies in the ring is dropped.
pub struct Receiver<T, S> {
    records: Consumer<T>,
    lane: Consumer<(u64, S)>,
    incoming: Incoming,
    gauge: RingGauge,
}

/// What comes next on a channel, in the order in which it was published.
#[derive(Debug)]
pub enum Polled<'a, T, S> {
    /// Some records; those that are not taken come again at the next poll.
    Records(Batch<'a, T>),
    /// A signal, delivered once, at its place between the records.
    Signal(S),
    /// Nothing for now.
    Empty,
    /// Nothing ever again: the sender is gone and all it published was taken.
    Closed,
}

impl<T, S> Receiver<T, S> {
    pub(super) fn new(
        records: Consumer<T>,
        lane: Consumer<(u64, S)>,
        consumed: CounterWriter,
        gauge: RingGauge,
    ) -> Self {
        Self {
            records,
            lane,
            incoming: Incoming::new(consumed, Peer::default()),
            gauge,
        }
    }

    /// Whether the sender is gone; what it published may still be here.
    #[inline]
    pub fn is_abandoned(&self) -> bool {
        self.records.is_abandoned()
    }

    /// From now on wakes `waker`'s thread after slots or signals were taken,
    /// and when this half is dropped.
    ///
    /// Costs one fence a batch. The sender hands it over before it sleeps for
    /// the first time.
    pub fn wake_on_release(&mut self, waker: Waker) {
        self.incoming.set_sender(Peer::woken_by(waker));
    }

    /// A reader of this channel's fill, for any thread.
    pub fn gauge(&self) -> RingGauge {
        self.gauge.clone()
    }

    /// How many records the ring holds when full.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.gauge.capacity()
    }
}

impl<T, S: Copy> Receiver<T, S> {
    /// The next thing in order: at most `max` records (zero is taken for one),
    /// or a signal, or that there is nothing.
    ///
    /// # Why the order is right
    ///
    /// The sender stores the ring's tail with Release when it publishes
    /// records, and the lane's tail with Release when it publishes a signal, in
    /// the order of its program. This side loads the ring's tail first, with
    /// Acquire, and looks at the lane second. Say a signal holds at position
    /// `p`; it is published before the records behind it, and also before
    /// those in front of it when it was sent ahead.
    ///
    /// - A record at or behind `p` is never delivered before the signal: if the
    ///   tail that was loaded is beyond `p`, it was stored after the signal
    ///   was, so the look at the lane that follows finds the signal. That holds
    ///   for a remembered tail too, it was loaded earlier still; and a
    ///   remembered signal is the oldest one, because the lane keeps its order.
    /// - The signal is never delivered before a record in front of `p`: it is
    ///   delivered only when exactly `p` records were consumed.
    /// - `Closed` is said only when the sender was seen to be gone *before*
    ///   both rings were found empty, so whatever it published last has been
    ///   looked for.
    pub fn poll(&mut self, max: usize) -> Polled<'_, T, S> {
        let max = max.clamp(1, self.capacity());
        let gone = !CLOSED_AFTER_DRAIN && self.is_abandoned();
        let early = LANE_BEFORE_TAIL.then(|| self.next_signal());
        let loaded = self.readable(max);
        let next = early.unwrap_or_else(|| self.next_signal());

        let count = match next {
            Some((position, signal)) => {
                let before_signal = position - self.incoming.consumed();
                if before_signal == 0 {
                    // The lane is not empty: this takes what was looked at.
                    let _ = self.lane.pop();
                    self.incoming.wake_sender();
                    return Polled::Signal(signal);
                }
                usize::try_from(before_signal).map_or(loaded, |most| most.min(loaded))
            }
            // Not one more than was loaded before the look at the lane.
            None => loaded,
        };
        if count == 0 {
            let gone = gone || (CLOSED_AFTER_DRAIN && self.is_abandoned());
            return if gone { Polled::Closed } else { Polled::Empty };
        }
        match self.records.read_chunk(count) {
            Ok(chunk) => Polled::Records(Batch::new(chunk, &mut self.incoming)),
            // So many were there a moment ago, and only this side takes any.
            Err(ChunkError::TooFewSlots(_)) => Polled::Empty,
        }
    }

    /// Whether the sender is gone and all that it published was taken.
    pub fn is_closed(&mut self) -> bool {
        // As in `poll`: gone first, then both rings. A signal that was sent
        // ahead of records that never came does not count.
        if !self.is_abandoned() || self.readable(1) > 0 {
            return false;
        }
        let consumed = self.incoming.consumed();
        !matches!(self.next_signal(), Some((position, _)) if position == consumed)
    }

    /// How many of `max` records can be read; loads the tail when the one
    /// remembered does not cover `max`.
    #[inline]
    fn readable(&mut self, max: usize) -> usize {
        match self.records.read_chunk(max) {
            Ok(_) => max,
            Err(ChunkError::TooFewSlots(slots)) => slots,
        }
    }

    #[inline]
    fn next_signal(&mut self) -> Option<(u64, S)> {
        self.lane.peek().ok().copied()
    }
}

impl<T, S> fmt::Debug for Receiver<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("capacity", &self.capacity())
            .field("fill", &self.gauge.fill())
            .finish_non_exhaustive()
    }
}
