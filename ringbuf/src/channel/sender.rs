//! The producing half.

use super::gauge::RingGauge;
use super::peer::Peer;
use super::reservation::Reservation;
use crate::counter::CounterWriter;
use crate::orderings::{SIGNAL_ONE_LATE, SKIP_WAKE_ON_SEND};
use crate::parker::Waker;
use crate::ring::{ChunkError, Producer, PushError};
use std::fmt;

/// The producing half of a [`channel`](super::channel()).
///
/// Nothing here waits: a full ring, a full lane and a receiver that is gone all
/// give back what they could not take. After that, ask
/// [`is_abandoned`](Sender::is_abandoned) to tell the last from the others.
///
/// While this half is held, the other side may free slots and signals and may
/// go away; it never takes room away.
///
/// Dropping it closes the channel: the receiver still gets all that was
/// published, then [`Closed`](super::Polled::Closed).
pub struct Sender<T, S> {
    records: Producer<T>,
    /// Signals, each with the number of records published before it.
    lane: Producer<(u64, S)>,
    /// Where the last signal holds; the next one holds there or later.
    last_signal: u64,
    outgoing: Outgoing,
    gauge: RingGauge,
}

/// What happens beside the ring when records are published.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// How many records were published: the position of the next signal.
    published: CounterWriter,
    receiver: Peer,
}

impl Outgoing {
    /// Notes `count` records down as published and wakes the receiver.
    #[inline]
    pub(super) fn published(&mut self, count: usize) {
        if count > 0 {
            self.published.add(count as u64);
            self.wake();
        }
    }

    #[inline]
    fn wake(&self) {
        if !SKIP_WAKE_ON_SEND {
            self.receiver.wake();
        }
    }
}

impl<T, S> Sender<T, S> {
    pub(super) fn new(
        records: Producer<T>,
        lane: Producer<(u64, S)>,
        published: CounterWriter,
        gauge: RingGauge,
    ) -> Self {
        Self {
            records,
            lane,
            last_signal: 0,
            outgoing: Outgoing {
                published,
                receiver: Peer::default(),
            },
            gauge,
        }
    }

    /// Reserves as many free slots as there are, `max` at most, to be written
    /// in place and published at once.
    ///
    /// The reservation has no room when the ring is full or the receiver gone.
    #[inline]
    pub fn reserve(&mut self, max: usize) -> Reservation<'_, T> {
        let room = self.room(max);
        // All or nothing, and this much was there a moment ago: only the
        // receiver changes the number, and it makes it larger.
        let chunk = self.records.write_chunk_uninit(room).ok();
        Reservation::new(chunk, &mut self.outgoing)
    }

    /// How many of `max` records there is room for.
    #[inline]
    fn room(&mut self, max: usize) -> usize {
        // Records for a receiver that is gone would vanish: there is no room
        // for them.
        if self.is_abandoned() {
            return 0;
        }
        let max = max.min(self.capacity());
        match self.records.write_chunk_uninit(max) {
            Ok(_) => max,
            Err(ChunkError::TooFewSlots(slots)) => slots,
        }
    }

    /// Sends one record, published at once.
    ///
    /// # Errors
    ///
    /// Gives the record back when the ring is full or the receiver gone.
    #[inline]
    pub fn send(&mut self, value: T) -> Result<(), T> {
        if self.is_abandoned() {
            return Err(value);
        }
        match self.records.push(value) {
            Ok(()) => {
                self.outgoing.published(1);
                Ok(())
            }
            Err(PushError::Full(value)) => Err(value),
        }
    }

    /// Sends as many of `records` as fit, published at once, and returns how
    /// many those were. What does not fit is not taken from the iterator.
    ///
    /// # Panics
    ///
    /// When the iterator does; nothing of this call is published then.
    #[inline]
    pub fn send_from<I: Iterator<Item = T>>(&mut self, records: &mut I) -> usize {
        let most = records.size_hint().1.unwrap_or(usize::MAX);
        let mut reservation = self.reserve(most);
        reservation.extend(records);
        reservation.publish()
    }

    /// Sends the front of `staged`, as much as fits, published at once, and
    /// returns how many records those were. The rest stays, in its order.
    #[inline]
    pub fn send_vec(&mut self, staged: &mut Vec<T>) -> usize {
        let mut reservation = self.reserve(staged.len());
        reservation.take_front(staged);
        reservation.publish()
    }

    /// Sends a signal, in order with the records: those published before come
    /// before it, those published later come after.
    ///
    /// # Errors
    ///
    /// Gives the signal back when the lane is full or the receiver gone.
    ///
    /// # Panics
    ///
    /// When a signal was sent [ahead](Sender::signal_ahead) and its records are
    /// not published yet.
    #[inline]
    pub fn signal(&mut self, signal: S) -> Result<(), S> {
        self.signal_ahead(0, signal)
    }

    /// Sends a signal in front of its time: it holds behind the next `ahead`
    /// records, which are still to be published.
    ///
    /// With it a batch that has signals between its records is published as a
    /// whole: the signals first, each at its place, then the records at once.
    /// That is up to several times as fast as publishing for each signal. A
    /// signal whose records never come is never delivered.
    ///
    /// ```
    /// use fluxus_ringbuf::{channel, Capacity, Polled};
    ///
    /// let (mut sender, mut receiver) = channel::<u32, char>(Capacity::new(4)?)?;
    /// sender.signal_ahead(1, 'a').unwrap();
    /// sender.send_from(&mut (1..=2));
    /// let Polled::Records(batch) = receiver.poll(4) else { unreachable!() };
    /// assert_eq!(batch.drain().collect::<Vec<_>>(), [1]);
    /// assert!(matches!(receiver.poll(4), Polled::Signal('a')));
    /// # Ok::<(), fluxus_ringbuf::CapacityError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Gives the signal back when the lane is full or the receiver gone.
    ///
    /// # Panics
    ///
    /// When an earlier signal holds at a later place: the lane keeps its order.
    #[inline]
    pub fn signal_ahead(&mut self, ahead: usize, signal: S) -> Result<(), S> {
        let position = self.outgoing.published.value() + ahead as u64;
        assert!(
            position >= self.last_signal,
            "a signal at record {position} cannot follow one at record {}",
            self.last_signal
        );
        if self.is_abandoned() {
            return Err(signal);
        }
        match self
            .lane
            .push((position + u64::from(SIGNAL_ONE_LATE), signal))
        {
            Ok(()) => {
                self.last_signal = position;
                // One that holds later comes with its records.
                if ahead == 0 {
                    self.outgoing.wake();
                }
                Ok(())
            }
            Err(PushError::Full((_, signal))) => Err(signal),
        }
    }

    /// Whether the receiver is gone; it does not come back.
    #[inline]
    pub fn is_abandoned(&self) -> bool {
        self.records.is_abandoned()
    }

    /// From now on wakes `waker`'s thread after each publishing and signal, and
    /// when this half is dropped.
    ///
    /// Costs one fence a batch. The receiver hands it over before it sleeps for
    /// the first time.
    pub fn wake_on_send(&mut self, waker: Waker) {
        self.outgoing.receiver = Peer::woken_by(waker);
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

impl<T, S> fmt::Debug for Sender<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("capacity", &self.capacity())
            .field("fill", &self.gauge.fill())
            .finish_non_exhaustive()
    }
}
