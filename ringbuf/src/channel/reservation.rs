//! Slots of the ring, written in place before anyone else sees them.

use super::sender::Outgoing;
use crate::ring::WriteChunkUninit;
use std::fmt;

/// Free slots of a channel, to be written in place and then
/// [published](Reservation::publish) with one store.
///
/// Dropping it publishes nothing and drops what was written.
///
/// ```
/// use fluxus_ringbuf::{channel, Capacity};
///
/// let (mut sender, _receiver) = channel::<u32, ()>(Capacity::new(2)?)?;
/// let mut reservation = sender.reserve(256);
/// assert_eq!(reservation.room(), 2);
/// assert_eq!(reservation.push(1), Ok(()));
/// assert_eq!(reservation.push(2), Ok(()));
/// assert_eq!(reservation.push(3), Err(3));
/// assert_eq!(reservation.publish(), 2);
/// # Ok::<(), fluxus_ringbuf::CapacityError>(())
/// ```
///
/// # Invariants
///
/// The first `written` slots of the chunk are initialised, and of these only
/// this reservation knows.
pub struct Reservation<'a, T> {
    /// `None` only while being published, or when there was no room at all.
    chunk: Option<WriteChunkUninit<'a, T>>,
    written: usize,
    outgoing: &'a mut Outgoing,
}

impl<'a, T> Reservation<'a, T> {
    #[inline]
    pub(super) fn new(chunk: Option<WriteChunkUninit<'a, T>>, outgoing: &'a mut Outgoing) -> Self {
        Self {
            chunk,
            written: 0,
            outgoing,
        }
    }

    /// How many more records can be written.
    #[inline]
    pub fn room(&self) -> usize {
        self.chunk.as_ref().map_or(0, WriteChunkUninit::len) - self.written
    }

    /// How many records were written.
    #[inline]
    pub fn len(&self) -> usize {
        self.written
    }

    /// Whether nothing was written yet.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.written == 0
    }

    /// Writes one record.
    ///
    /// # Errors
    ///
    /// Gives the record back when there is no room.
    #[inline]
    pub fn push(&mut self, value: T) -> Result<(), T> {
        let Some(chunk) = &mut self.chunk else {
            return Err(value);
        };
        let (first, second) = chunk.as_mut_slices();
        let slot = if self.written < first.len() {
            first.get_mut(self.written)
        } else {
            second.get_mut(self.written - first.len())
        };
        let Some(slot) = slot else {
            return Err(value);
        };
        slot.write(value);
        self.written += 1;
        Ok(())
    }

    /// Writes as many of `records` as there is room for and returns how many
    /// those were. What does not fit is not taken from the iterator.
    ///
    /// # Panics
    ///
    /// When the iterator does; the records it gave before stay written.
    #[inline]
    pub fn extend<I: IntoIterator<Item = T>>(&mut self, records: I) -> usize {
        let Some(chunk) = &mut self.chunk else {
            return 0;
        };
        let before = self.written;
        let (first, second) = chunk.as_mut_slices();
        let (in_first, in_second) = (before.min(first.len()), before.saturating_sub(first.len()));
        let mut records = records.into_iter().fuse();
        // Two plain loops: a chained one tests at every record where it is.
        for slots in [&mut first[in_first..], &mut second[in_second..]] {
            // The slots stand first in the zip: no record is taken without one.
            for (slot, record) in slots.iter_mut().zip(&mut records) {
                slot.write(record);
                self.written += 1;
            }
        }
        self.written - before
    }

    /// Moves as many records from the front of `staged` as there is room for;
    /// the rest stays, in its order.
    #[inline]
    pub(super) fn take_front(&mut self, staged: &mut Vec<T>) {
        let count = self.room().min(staged.len());
        let Some(chunk) = &mut self.chunk else {
            return;
        };
        if count == 0 {
            // Else a full ring would be answered by moving all that is staged
            // onto itself, at every attempt.
            return;
        }
        let before = self.written;
        let (first, second) = chunk.as_mut_slices();
        let (in_first, in_second) = (before.min(first.len()), before.saturating_sub(first.len()));
        let first = &mut first[in_first..];
        let split = count.min(first.len());
        let (first, second) = (
            &mut first[..split],
            &mut second[in_second..][..count - split],
        );
        let rest = staged.len() - count;
        #[allow(unsafe_code)]
        // SAFETY: the slots and the vector do not overlap, and `count` records
        // lie at its front. They are moved: the vector is empty before the
        // first copy, and then holds the rest, moved to its front.
        unsafe {
            staged.set_len(0);
            let front = staged.as_mut_ptr();
            front.copy_to_nonoverlapping(first.as_mut_ptr().cast(), split);
            // Asked before, since a copy of nothing is a call all the same: at a
            // low rate there is one record, and these two were most of its way.
            if count > split {
                front
                    .add(split)
                    .copy_to_nonoverlapping(second.as_mut_ptr().cast(), count - split);
            }
            if rest > 0 {
                front.add(count).copy_to(front, rest);
            }
            staged.set_len(rest);
        }
        self.written += count;
    }

    /// Publishes what was written, in order and at once, and returns how many
    /// records those were.
    #[inline]
    pub fn publish(mut self) -> usize {
        let count = std::mem::take(&mut self.written);
        if let Some(chunk) = self.chunk.take() {
            if count > 0 {
                #[allow(unsafe_code)]
                // SAFETY: the first `count` slots are initialised, by the
                // invariant; they belong to the receiver from here on.
                unsafe {
                    chunk.commit(count);
                }
            }
        }
        self.outgoing.published(count);
        count
    }
}

impl<T> Drop for Reservation<'_, T> {
    fn drop(&mut self) {
        if !std::mem::needs_drop::<T>() || self.written == 0 {
            return;
        }
        let written = std::mem::take(&mut self.written);
        let Some(chunk) = &mut self.chunk else {
            return;
        };
        let (first, second) = chunk.as_mut_slices();
        for slot in first.iter_mut().chain(second).take(written) {
            #[allow(unsafe_code)]
            // SAFETY: the first `written` slots are initialised, by the
            // invariant, and were never published.
            unsafe {
                slot.assume_init_drop();
            }
        }
    }
}

impl<T> fmt::Debug for Reservation<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation")
            .field("written", &self.written)
            .field("room", &self.room())
            .finish()
    }
}
