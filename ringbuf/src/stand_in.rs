//! A ring with the contract and the orderings of rtrb, for loom and only there.
//!
//! rtrb takes its atomics from `core`, so loom cannot see them. This ring keeps
//! what the rest of the crate relies on:
//!
//! - each side remembers both indexes; it loads the remote one with Acquire
//!   only when the remembered one says there is not enough, and stores its own
//!   with Release, once a chunk;
//! - chunks are all or nothing, and `TooFewSlots` tells how many there are;
//! - a half that is dropped marks the ring abandoned with a Release
//!   read-modify-write, which the other half loads with Acquire; the second
//!   half to go drops the records that are left.
//!
//! What loom adds: every use of a slot is announced to loom's `UnsafeCell`, so
//! a slot that both sides touch without an order between them fails the test.
//! It is written for that and not for speed, and its indexes never wrap around.

#![allow(unsafe_code)]

use crate::orderings::stand_in::{
    ABANDON, ABANDONED_LOAD, HEAD_LOAD, HEAD_STORE, TAIL_LOAD, TAIL_STORE,
};
use crate::sync::{AtomicU8, AtomicUsize};
use std::cell::UnsafeCell;
use std::fmt;
use std::mem::MaybeUninit;
use std::sync::atomic::Ordering::Acquire;
use std::sync::Arc;

const ABANDONED: u8 = 1;

/// What both halves point at.
///
/// # Invariants
///
/// Slots from `head` to `tail` are initialised and the consumer's; the others
/// are the producer's.
pub(crate) struct RingBuffer<T> {
    head: AtomicUsize,
    tail: AtomicUsize,
    flags: AtomicU8,
    slots: Box<[UnsafeCell<MaybeUninit<T>>]>,
    /// Stands for the slots in loom's eyes, one for one.
    accesses: Box<[loom::cell::UnsafeCell<()>]>,
}

// SAFETY: each slot belongs to one half at a time, by the invariant, and the
// halves may be on two threads when the records may.
unsafe impl<T: Send> Sync for RingBuffer<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for RingBuffer<T> {}

impl<T> RingBuffer<T> {
    #[allow(clippy::new_ret_no_self)]
    pub(crate) fn new(capacity: usize) -> (Producer<T>, Consumer<T>) {
        let ring = Arc::new(Self {
            head: AtomicUsize::new(0),
            tail: AtomicUsize::new(0),
            flags: AtomicU8::new(0),
            slots: (0..capacity)
                .map(|_| UnsafeCell::new(MaybeUninit::uninit()))
                .collect(),
            accesses: (0..capacity)
                .map(|_| loom::cell::UnsafeCell::new(()))
                .collect(),
        });
        (
            Producer {
                ring: ring.clone(),
                cached_head: 0,
                tail: 0,
            },
            Consumer {
                ring,
                head: 0,
                cached_tail: 0,
            },
        )
    }

    fn capacity(&self) -> usize {
        self.slots.len()
    }

    fn slot(&self, position: usize) -> *mut MaybeUninit<T> {
        self.slots[position % self.capacity()].get()
    }

    /// Tells loom that the slots are written from here on.
    fn write_access(&self, from: usize, count: usize) {
        for position in from..from + count {
            self.accesses[position % self.capacity()].with_mut(|_| {});
        }
    }

    /// Tells loom that the slots are read from here on.
    fn read_access(&self, from: usize, count: usize) {
        for position in from..from + count {
            self.accesses[position % self.capacity()].with(|_| {});
        }
    }

    /// Where `count` slots lie: a start and a length, twice; the second part
    /// starts at the first slot of all.
    fn parts(&self, from: usize, count: usize) -> [(*mut MaybeUninit<T>, usize); 2] {
        let first = count.min(self.capacity() - from % self.capacity());
        let start = self.slots.as_ptr() as *mut MaybeUninit<T>;
        // SAFETY: the offset is below the number of slots.
        let middle = unsafe { start.add(from % self.capacity()) };
        [(middle, first), (start, count - first)]
    }

    fn is_abandoned(&self) -> bool {
        // Acquire, pairs with the Release in `abandon`.
        self.flags.load(ABANDONED_LOAD) & ABANDONED != 0
    }

    fn abandon(&self) {
        // Release, pairs with the Acquire in `is_abandoned` and below.
        if self.flags.fetch_or(ABANDONED, ABANDON) & ABANDONED == 0 {
            return;
        }
        // Acquire, pairs with the Release of the half that went first.
        self.flags.load(Acquire);
        // SAFETY: no half is left that could store to them; loom checks it.
        let (head, tail) = unsafe { (self.head.unsync_load(), self.tail.unsync_load()) };
        self.write_access(head, tail - head);
        for position in head..tail {
            // SAFETY: initialised, by the invariant, and no half is left.
            unsafe { (*self.slot(position)).assume_init_drop() };
        }
    }
}

/// The half that writes.
pub(crate) struct Producer<T> {
    ring: Arc<RingBuffer<T>>,
    cached_head: usize,
    tail: usize,
}

impl<T> Producer<T> {
    pub(crate) fn write_chunk_uninit(
        &mut self,
        count: usize,
    ) -> Result<WriteChunkUninit<'_, T>, ChunkError> {
        let capacity = self.ring.capacity();
        if capacity - (self.tail - self.cached_head) < count {
            // Acquire, pairs with the Release in `Consumer::release`.
            self.cached_head = self.ring.head.load(HEAD_LOAD);
            let free = capacity - (self.tail - self.cached_head);
            if free < count {
                return Err(ChunkError::TooFewSlots(free));
            }
        }
        Ok(WriteChunkUninit {
            producer: self,
            count,
        })
    }

    pub(crate) fn push(&mut self, value: T) -> Result<(), PushError<T>> {
        match self.write_chunk_uninit(1) {
            Ok(mut chunk) => {
                chunk.as_mut_slices().0[0].write(value);
                // SAFETY: the one slot was written.
                unsafe { chunk.commit(1) };
                Ok(())
            }
            Err(ChunkError::TooFewSlots(_)) => Err(PushError::Full(value)),
        }
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.ring.is_abandoned()
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        self.ring.abandon();
    }
}

/// The half that reads.
pub(crate) struct Consumer<T> {
    ring: Arc<RingBuffer<T>>,
    head: usize,
    cached_tail: usize,
}

impl<T> Consumer<T> {
    pub(crate) fn read_chunk(&mut self, count: usize) -> Result<ReadChunk<'_, T>, ChunkError> {
        if self.cached_tail - self.head < count {
            // Acquire, pairs with the Release in `WriteChunkUninit::commit`.
            self.cached_tail = self.ring.tail.load(TAIL_LOAD);
            let filled = self.cached_tail - self.head;
            if filled < count {
                return Err(ChunkError::TooFewSlots(filled));
            }
        }
        Ok(ReadChunk {
            consumer: self,
            count,
        })
    }

    pub(crate) fn peek(&mut self) -> Result<&T, ChunkError> {
        let chunk = self.read_chunk(1)?;
        let (ring, head) = (&chunk.consumer.ring, chunk.consumer.head);
        ring.read_access(head, 1);
        // SAFETY: initialised and the consumer's, by the invariant.
        Ok(unsafe { (*ring.slot(head)).assume_init_ref() })
    }

    pub(crate) fn pop(&mut self) -> Result<T, ChunkError> {
        self.read_chunk(1)?
            .into_iter()
            .next()
            .ok_or(ChunkError::TooFewSlots(0))
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.ring.is_abandoned()
    }

    fn release(&mut self, count: usize) {
        self.ring.read_access(self.head, count);
        self.head += count;
        // Release, pairs with the Acquire in `Producer::write_chunk_uninit`.
        self.ring.head.store(self.head, HEAD_STORE);
    }
}

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        self.ring.abandon();
    }
}

/// Slots to write, all or nothing.
pub(crate) struct WriteChunkUninit<'a, T> {
    producer: &'a mut Producer<T>,
    count: usize,
}

impl<T> WriteChunkUninit<'_, T> {
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn as_mut_slices(&mut self) -> (&mut [MaybeUninit<T>], &mut [MaybeUninit<T>]) {
        let (ring, tail) = (&self.producer.ring, self.producer.tail);
        ring.write_access(tail, self.count);
        let [first, second] = ring.parts(tail, self.count);
        // SAFETY: these slots are the producer's, by the invariant, and the
        // chunk holds it alone; the two parts do not overlap.
        unsafe {
            (
                std::slice::from_raw_parts_mut(first.0, first.1),
                std::slice::from_raw_parts_mut(second.0, second.1),
            )
        }
    }

    /// Publishes the first `count` slots.
    ///
    /// # Safety
    ///
    /// They are initialised.
    pub(crate) unsafe fn commit(self, count: usize) {
        assert!(count <= self.count);
        let producer = self.producer;
        producer.ring.write_access(producer.tail, count);
        producer.tail += count;
        // Release, pairs with the Acquire in `Consumer::read_chunk`.
        producer.ring.tail.store(producer.tail, TAIL_STORE);
    }
}

/// Slots to read, all or nothing.
pub(crate) struct ReadChunk<'a, T> {
    consumer: &'a mut Consumer<T>,
    count: usize,
}

impl<'a, T> ReadChunk<'a, T> {
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn as_slices(&self) -> (&[T], &[T]) {
        let (ring, head) = (&self.consumer.ring, self.consumer.head);
        ring.read_access(head, self.count);
        let [first, second] = ring.parts(head, self.count);
        // SAFETY: these slots are initialised and the consumer's, by the
        // invariant.
        unsafe {
            (
                std::slice::from_raw_parts(first.0.cast(), first.1),
                std::slice::from_raw_parts(second.0.cast(), second.1),
            )
        }
    }

    pub(crate) fn commit_all(self) {
        self.into_iter().for_each(drop);
    }

    #[allow(clippy::should_implement_trait)]
    pub(crate) fn into_iter(self) -> ReadChunkIntoIter<'a, T> {
        ReadChunkIntoIter {
            consumer: self.consumer,
            count: self.count,
            iterated: 0,
        }
    }
}

/// The records of a chunk by value; on drop it releases those it gave.
pub(crate) struct ReadChunkIntoIter<'a, T> {
    consumer: &'a mut Consumer<T>,
    count: usize,
    iterated: usize,
}

impl<T> Iterator for ReadChunkIntoIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.iterated == self.count {
            return None;
        }
        let position = self.consumer.head + self.iterated;
        self.iterated += 1;
        self.consumer.ring.read_access(position, 1);
        // SAFETY: initialised and the consumer's, by the invariant; counted as
        // taken, so it is not read again.
        Some(unsafe { (*self.consumer.ring.slot(position)).assume_init_read() })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.count - self.iterated;
        (left, Some(left))
    }
}

impl<T> ExactSizeIterator for ReadChunkIntoIter<'_, T> {}

impl<T> Drop for ReadChunkIntoIter<'_, T> {
    fn drop(&mut self) {
        self.consumer.release(self.iterated);
    }
}

/// Fewer slots than asked for.
#[derive(Debug)]
pub(crate) enum ChunkError {
    TooFewSlots(usize),
}

/// No slot at all.
pub(crate) enum PushError<T> {
    Full(T),
}

impl<T> fmt::Debug for Producer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Producer")
    }
}

impl<T> fmt::Debug for Consumer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Consumer")
    }
}
