//! A source's events, dealt out to workers in blocks.

use std::sync::Arc;

/// How many events of a shared source one worker takes at a time.
///
/// Large enough that a worker reads long runs of memory, small enough that all
/// workers stand at nearly the same event time: 41 ms of W2.
pub const BLOCK: usize = 4096;

/// One worker's part of events that all workers share: every n-th block.
///
/// ```text
/// events   | block 0 | block 1 | block 2 | block 3 | block 4 |..
/// worker   |    0    |    1    |    0    |    1    |    0    |..   of 2
/// ```
///
/// Taken one by one, an event costs one comparison more than a slice; the step
/// to the next block is taken once a block. [`next_block`](Self::next_block)
/// lends whole slices.
///
/// # Invariants
/// `position <= block_end <= events.len()`; `[position, block_end)` is what is
/// left of the current block.
#[derive(Clone, Debug)]
pub struct Interleaved<T> {
    events: Arc<[T]>,
    position: usize,
    block_end: usize,
    /// Distance from the end of one of this worker's blocks to the start of its next.
    gap: usize,
    block: usize,
}

impl<T> Interleaved<T> {
    /// The part of `worker` out of `workers`, in blocks of [`BLOCK`] events.
    ///
    /// One worker alone has everything as one block.
    ///
    /// # Panics
    /// If `worker` is not below `workers`.
    pub fn new(events: Arc<[T]>, worker: usize, workers: usize) -> Self {
        Self::with_block(events, worker, workers, BLOCK)
    }

    /// The parts of all workers, in order.
    pub fn parts(events: &Arc<[T]>, workers: usize) -> Vec<Self> {
        (0..workers)
            .map(|worker| Self::new(Arc::clone(events), worker, workers))
            .collect()
    }

    fn with_block(events: Arc<[T]>, worker: usize, workers: usize, block: usize) -> Self {
        assert!(worker < workers, "worker {worker} of {workers}");
        let block = if workers == 1 { events.len() } else { block };
        let position = block.saturating_mul(worker).min(events.len());
        let block_end = position.saturating_add(block).min(events.len());
        let gap = block.saturating_mul(workers - 1);
        Self {
            events,
            position,
            block_end,
            gap,
            block,
        }
    }

    /// What is left of the current block, or the next block of this worker; `None` at the end.
    #[inline]
    pub fn next_block(&mut self) -> Option<&[T]> {
        if self.position == self.block_end && !self.advance() {
            return None;
        }
        let start = std::mem::replace(&mut self.position, self.block_end);
        Some(&self.events[start..self.block_end])
    }

    /// Steps to the next block; false when there is none.
    #[cold]
    fn advance(&mut self) -> bool {
        let end = self.events.len();
        self.position = self.block_end.saturating_add(self.gap).min(end);
        self.block_end = self.position.saturating_add(self.block).min(end);
        self.position < self.block_end
    }
}

impl<T: Copy> Iterator for Interleaved<T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        if self.position == self.block_end && !self.advance() {
            return None;
        }
        let event = self.events[self.position];
        self.position += 1;
        Some(event)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (
            self.block_end - self.position,
            Some(self.events.len() - self.position),
        )
    }

    #[inline]
    fn fold<A, F>(mut self, init: A, mut f: F) -> A
    where
        F: FnMut(A, T) -> A,
    {
        let mut accumulator = init;
        while let Some(block) = self.next_block() {
            for &event in block {
                accumulator = f(accumulator, event);
            }
        }
        accumulator
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_goes_to_exactly_one_worker_in_order() {
        for length in [0, 1, 3, 4, 5, 8, 11, 12, 13, 100] {
            let events: Arc<[usize]> = (0..length).collect();
            for workers in 1..=5 {
                let mut seen = vec![0; length];
                for worker in 0..workers {
                    let part = Interleaved::with_block(Arc::clone(&events), worker, workers, 4);
                    let taken: Vec<usize> = part.clone().collect();
                    assert!(taken.windows(2).all(|pair| pair[0] < pair[1]));
                    assert!(taken.iter().all(|event| event / 4 % workers == worker));
                    taken.iter().for_each(|&event| seen[event] += 1);

                    let folded = part.clone().fold(Vec::new(), |mut all, event| {
                        all.push(event);
                        all
                    });
                    assert_eq!(folded, taken);

                    let (low, high) = part.size_hint();
                    assert!(low <= taken.len() && Some(taken.len()) <= high);
                }
                assert!(
                    seen.iter().all(|&times| times == 1),
                    "{length} over {workers}"
                );
            }
        }
    }

    #[test]
    fn a_block_begun_one_by_one_is_finished_as_a_slice() {
        let events: Arc<[u32]> = (0..20).collect();
        let mut part = Interleaved::with_block(events, 1, 2, 4);
        assert_eq!(part.next(), Some(4));
        assert_eq!(part.next_block(), Some(&[5, 6, 7][..]));
        assert_eq!(part.next_block(), Some(&[12, 13, 14, 15][..]));
        assert_eq!(part.next_block(), None);
        assert_eq!(part.next(), None);
        assert_eq!(part.next(), None);
    }

    #[test]
    fn one_worker_has_everything_in_one_slice() {
        let events: Arc<[usize]> = (0..3 * BLOCK + 1).collect();
        let mut part = Interleaved::new(Arc::clone(&events), 0, 1);
        assert_eq!(part.next_block(), Some(&events[..]));
        assert_eq!(part.next_block(), None);
        assert_eq!(
            Interleaved::parts(&events, 3)
                .iter()
                .map(|p| p.clone().count())
                .sum::<usize>(),
            events.len()
        );
    }
}
