//! What the workloads share when they run on the engine: settings, and one run.

use std::time::{Duration, Instant};

use fluxus::sink::Folded;
use fluxus::windows::{BoundedDisorder, DisorderError, Timestamp, WatermarkGenerator};
use fluxus::{Config, Error, IdleStrategy, Job, Placement};

use crate::{Digest, Idle, Options, Outcome, Shape};

/// The disorder of W1 to W5: the watermark is 1 ns behind the bound.
pub(crate) fn disorder(shape: &Shape) -> Result<BoundedDisorder, DisorderError> {
    BoundedDisorder::new(Duration::from_millis(shape.disorder.most_ms))
}

/// Watermarks at a distance of their own, not one a batch: each goes out right
/// behind the record that brings it.
#[derive(Clone)]
pub(crate) struct Paced {
    bound: BoundedDisorder,
    every_ms: i64,
    sent: Timestamp,
    next: Timestamp,
}

impl Paced {
    /// One watermark for every `every_ms` milliseconds of event time.
    pub(crate) fn new(bound: BoundedDisorder, every_ms: u64) -> Self {
        Self {
            bound,
            every_ms: i64::try_from(every_ms).unwrap_or(i64::MAX),
            sent: Timestamp::MIN,
            next: Timestamp::MIN,
        }
    }
}

impl<T> WatermarkGenerator<T> for Paced {
    #[inline]
    fn observe(&mut self, time: Timestamp, _: &T) -> Option<Timestamp> {
        self.bound.observe(time);
        let current = self.bound.current();
        if current < self.next || current == Timestamp::MIN {
            return None;
        }
        self.sent = current;
        let next_ms = current.millis().saturating_add(self.every_ms);
        self.next = Timestamp::from_millis(next_ms);
        Some(current)
    }

    #[inline]
    fn current(&self) -> Timestamp {
        self.sent
    }
}

/// So many milliseconds, which a shape never has less than 0 of.
pub(crate) fn milliseconds(milliseconds: i64) -> Duration {
    Duration::from_millis(milliseconds.unsigned_abs())
}

/// The engine's configuration for these options.
pub(crate) fn config(options: &Options, expected_keys: u64) -> Config {
    let mut config = Config::new()
        .workers(options.workers)
        .idle(match options.idle {
            Idle::Adaptive => IdleStrategy::Adaptive,
            Idle::Spin => IdleStrategy::BusySpin,
            Idle::Yield => IdleStrategy::Yield,
            Idle::Park => IdleStrategy::Park,
        })
        .placement(match (options.pin, options.cores.is_empty()) {
            (false, _) => Placement::Unpinned,
            (true, true) => Placement::Auto,
            (true, false) => Placement::Cores(options.cores.clone()),
        })
        .expected_keys(usize::try_from(expected_keys).unwrap_or(usize::MAX));
    if let Some(batch) = options.batch {
        config = config.batch(batch);
    }
    if let Some(ring) = options.ring {
        config = config.ring_capacity(ring);
    }
    if let Some(seed) = options.hash_seed {
        config = config.hash_seed(seed);
    }
    config
}

/// Builds a job, and runs it against the clock.
///
/// The state is set aside before the clock starts, the threads are started
/// after it.
pub(crate) fn timed(
    name: &str,
    options: &Options,
    expected_keys: u64,
    build: impl FnOnce(&Job) -> Result<Folded<Digest>, Error>,
) -> Result<Outcome, String> {
    let job = Job::new(name, config(options, expected_keys)).map_err(|e| e.to_string())?;
    let digest = build(&job).map_err(|e| e.to_string())?;
    let start = Instant::now();
    job.run().map_err(|e| e.to_string())?;
    let seconds = start.elapsed().as_secs_f64();
    let digest = digest.take().ok_or("the job ended without a digest")?;
    Ok(Outcome { digest, seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paced_watermarks_keep_their_distance_and_never_go_back() {
        let bound = BoundedDisorder::monotonous();
        let mut paced = Paced::new(bound, 10);
        let mut observe = |time_ms| paced.observe(Timestamp::from_millis(time_ms), &());
        let sent: Vec<i64> = (0..100)
            .filter(|&time_ms| observe(time_ms).is_some())
            .collect();
        assert_eq!(sent, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
        assert_eq!(observe(5), None);
        let current = WatermarkGenerator::<()>::current(&paced);
        assert_eq!(current.nanos(), Timestamp::from_millis(90).nanos() - 1);
    }
}
