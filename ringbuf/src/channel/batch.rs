//! Published records, read in place and released at once.

use super::peer::Peer;
use crate::counter::CounterWriter;
use crate::orderings::SKIP_WAKE_ON_RELEASE;
use crate::ring::{ReadChunk, ReadChunkIntoIter};
use std::fmt;

/// What happens beside the ring when records are consumed.
#[derive(Debug)]
pub(super) struct Incoming {
    /// How many records were consumed: where the next signal may hold.
    consumed: CounterWriter,
    sender: Peer,
}

impl Incoming {
    pub(super) fn new(consumed: CounterWriter, sender: Peer) -> Self {
        Self { consumed, sender }
    }

    pub(super) fn set_sender(&mut self, sender: Peer) {
        self.sender = sender;
    }

    #[inline]
    pub(super) fn consumed(&self) -> u64 {
        self.consumed.value()
    }

    #[inline]
    pub(super) fn wake_sender(&self) {
        if !SKIP_WAKE_ON_RELEASE {
            self.sender.wake();
        }
    }
}

/// Some published records: read in place, then taken, from the front.
///
/// A batch never reaches across a signal. Dropping it takes nothing: the same
/// records come again at the next poll.
///
/// ```
/// use fluxus_ringbuf::{channel, Capacity, Polled};
///
/// let (mut sender, mut receiver) = channel::<u32, ()>(Capacity::new(4)?)?;
/// sender.send_from(&mut (1..=4));
/// let Polled::Records(batch) = receiver.poll(4) else { unreachable!() };
/// let mut sum = 0;
/// let taken = batch.drain_while(|n| { sum += n; sum < 3 });
/// assert_eq!((taken, sum), (2, 3)); // 3 and 4 are still in the ring
/// # Ok::<(), fluxus_ringbuf::CapacityError>(())
/// ```
pub struct Batch<'a, T> {
    chunk: ReadChunk<'a, T>,
    incoming: &'a mut Incoming,
}

impl<'a, T> Batch<'a, T> {
    #[inline]
    pub(super) fn new(chunk: ReadChunk<'a, T>, incoming: &'a mut Incoming) -> Self {
        Self { chunk, incoming }
    }

    /// How many records these are, at least one.
    #[inline]
    pub fn len(&self) -> usize {
        self.chunk.len()
    }

    /// Whether there are none, which does not happen.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.chunk.is_empty()
    }

    /// The records in place and in order; the second slice is what lies behind
    /// the point where the ring wraps around, often nothing.
    #[inline]
    pub fn as_slices(&self) -> (&[T], &[T]) {
        self.chunk.as_slices()
    }

    /// Takes the records out by value. What was taken is released once, when
    /// the iterator is dropped, in a panic too; the rest stays in the ring.
    ///
    /// `for_each`, `fold` and `sum` run faster than a `for` loop.
    #[inline]
    pub fn drain(self) -> Drain<'a, T> {
        Drain {
            records: self.chunk.into_iter(),
            release: Release {
                taken: 0,
                incoming: self.incoming,
            },
        }
    }

    /// Takes records out and gives them to `each` until it answers false, and
    /// returns how many it was given. The rest stays in the ring.
    ///
    /// # Panics
    ///
    /// When `each` does; what it was given is released before.
    #[inline]
    pub fn drain_while(self, mut each: impl FnMut(T) -> bool) -> usize {
        let mut records = self.drain();
        for record in records.by_ref() {
            if !each(record) {
                break;
            }
        }
        records.release.taken
    }

    /// Drops all the records and releases their slots, for instance after they
    /// were read in place.
    #[inline]
    pub fn release_all(self) {
        if std::mem::needs_drop::<T>() {
            self.drain().for_each(drop);
            return;
        }
        let release = Release {
            taken: self.chunk.len(),
            incoming: self.incoming,
        };
        self.chunk.commit_all();
        drop(release);
    }
}

impl<T> fmt::Debug for Batch<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("len", &self.len()).finish()
    }
}

/// The records of a [`Batch`] by value; see [`Batch::drain`].
///
/// Leaking it with [`std::mem::forget`] loses records and the channel's order.
pub struct Drain<'a, T> {
    records: ReadChunkIntoIter<'a, T>,
    /// Behind `records`, so that it is dropped when the slots are free.
    release: Release<'a>,
}

/// Notes what was taken and wakes the sender, once, on drop.
struct Release<'a> {
    taken: usize,
    incoming: &'a mut Incoming,
}

impl Drop for Release<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.taken > 0 {
            self.incoming.consumed.add(self.taken as u64);
            self.incoming.wake_sender();
        }
    }
}

impl<T> Iterator for Drain<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let record = self.records.next()?;
        self.release.taken += 1;
        Some(record)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.records.size_hint()
    }

    #[inline]
    fn fold<B, F>(self, initial: B, mut each: F) -> B
    where
        F: FnMut(B, T) -> B,
    {
        // A binding, not a pattern with `_`: it must live, and be dropped,
        // behind the records.
        let Self {
            records,
            mut release,
        } = self;
        records.fold(initial, |folded, record| {
            release.taken += 1;
            each(folded, record)
        })
    }
}

impl<T> ExactSizeIterator for Drain<'_, T> {}

impl<T> std::iter::FusedIterator for Drain<'_, T> {}

impl<T> fmt::Debug for Drain<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("left", &self.records.len())
            .finish()
    }
}
