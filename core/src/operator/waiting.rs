use crate::Signal;
use fluxus_ringbuf::prefetch;
use fluxus_windows::Prefetch;
use std::mem::size_of;

/// What came while records were waiting for one another, and follows them.
pub(super) enum Behind {
    Signal(Signal),
    EndOfBatch,
}

/// Enough that the memory of one record comes while the others are looked for,
/// few enough that it is still there when it is that one's turn.
const MOST: usize = 64;

/// Memory for records that wait, in bytes: a small part of the smallest cache.
const BYTES: usize = 4096;

/// How many records of this type wait for one another. Large ones are not worth
/// being copied; of those, none waits.
pub(super) const fn most_waiting<R>() -> usize {
    match BYTES / (size_of::<R>() + 1) {
        0 => 1,
        fitting if fitting > MOST => MOST,
        fitting => fitting,
    }
}

/// The caches of this core.
pub(super) struct Caches;

impl Prefetch for Caches {
    #[inline(always)]
    fn prefetch<M>(&self, place: &M) {
        prefetch(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_records_wait_for_many_and_large_ones_for_none() {
        assert_eq!(most_waiting::<()>(), MOST);
        assert_eq!(most_waiting::<[u64; 8]>(), 63);
        assert_eq!(most_waiting::<[u64; 200]>(), 2);
        assert_eq!(most_waiting::<[u64; 5_000]>(), 1);
    }
}
