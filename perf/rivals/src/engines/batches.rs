//! A source's events in batches, dealt out to workers.

use std::sync::Arc;

/// One worker's batches of events that all workers share: every n-th batch.
#[derive(Clone, Debug)]
pub struct Batches<T> {
    events: Arc<[T]>,
    position: usize,
    size: usize,
    workers: usize,
}

impl<T> Batches<T> {
    /// The batches of `size` events of `worker` out of `workers`.
    pub fn new(events: &Arc<[T]>, size: usize, worker: usize, workers: usize) -> Self {
        Self {
            events: Arc::clone(events),
            position: size * worker,
            size,
            workers,
        }
    }

    /// The next batch; `None` at the end.
    #[inline]
    pub fn next_batch(&mut self) -> Option<&[T]> {
        let rest = self.events.get(self.position..)?;
        let batch = &rest[..self.size.min(rest.len())];
        self.position = self.position.saturating_add(self.size * self.workers);
        (!batch.is_empty()).then_some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_goes_to_one_worker() {
        for length in [0, 1, 3, 4, 11, 12, 13] {
            let events: Arc<[usize]> = (0..length).collect();
            for workers in 1..4 {
                let mut seen: Vec<usize> = Vec::new();
                for worker in 0..workers {
                    let mut batches = Batches::new(&events, 4, worker, workers);
                    while let Some(batch) = batches.next_batch() {
                        assert!(batch.iter().all(|event| event / 4 % workers == worker));
                        seen.extend(batch);
                    }
                }
                seen.sort_unstable();
                assert_eq!(seen, events[..]);
            }
        }
    }
}
