//! A number that one thread writes and every thread may read.

use crate::orderings::{COUNTER_LOAD, COUNTER_STORE};
use crate::sync::{Arc, AtomicU64};
use crossbeam_utils::CachePadded;

/// Makes a counter that starts at zero.
///
/// The writer is alone, so adding costs a plain store and no locked
/// instruction; the number has its cache lines to itself, so counters of
/// different threads never disturb each other.
///
/// ```
/// let (mut records_in, reader) = fluxus_ringbuf::counter();
/// records_in.add(256);
/// assert_eq!(reader.value(), 256);
/// ```
pub fn counter() -> (CounterWriter, CounterReader) {
    let shared = Arc::new(CachePadded::new(AtomicU64::new(0)));
    let reader = CounterReader {
        shared: shared.clone(),
    };
    (CounterWriter { value: 0, shared }, reader)
}

/// The only writer of a counter; it may move to another thread, not be cloned.
///
/// A counter that is only added to wraps around at 2^64; one may also be
/// [set](CounterWriter::set), up or down, to tell a level instead of a sum.
#[derive(Debug)]
pub struct CounterWriter {
    /// What the shared number is: nobody else writes it, so it is never loaded.
    value: u64,
    shared: Arc<CachePadded<AtomicU64>>,
}

impl CounterWriter {
    /// Adds `n`.
    ///
    /// Whoever reads the new value also sees all that this thread did before.
    #[inline]
    pub fn add(&mut self, n: u64) {
        self.set(self.value.wrapping_add(n));
    }

    /// Puts `value` in the place of the old one, with the promise of
    /// [`add`](CounterWriter::add).
    #[inline]
    pub fn set(&mut self, value: u64) {
        self.value = value;
        // Release, pairs with the Acquire in `CounterReader::value`.
        self.shared.store(value, COUNTER_STORE);
    }

    /// The present value.
    #[inline]
    pub fn value(&self) -> u64 {
        self.value
    }
}

/// Reads a counter from any thread; clones read the same number.
#[derive(Debug, Clone)]
pub struct CounterReader {
    shared: Arc<CachePadded<AtomicU64>>,
}

impl CounterReader {
    /// The value last seen: perhaps an old one, never one that was not written,
    /// and never older than what this thread has read before.
    ///
    /// All that the writer did before it wrote this value is visible after.
    /// So when records are counted in before they are counted out, and `out`
    /// is read before `in`, then `out <= in`.
    #[inline]
    pub fn value(&self) -> u64 {
        // Acquire, pairs with the Release in `CounterWriter::set`.
        self.shared.load(COUNTER_LOAD)
    }
}
