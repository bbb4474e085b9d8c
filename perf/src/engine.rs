//! What the workloads share when they run on the engine: settings, and one run.

use std::time::{Duration, Instant};

use fluxus::sink::Folded;
use fluxus::windows::{BoundedDisorder, DisorderError};
use fluxus::{Config, Error, IdleStrategy, Job, Placement};

use crate::{Digest, Idle, Options, Outcome, Shape};

/// The disorder of W1 to W5: the watermark is 1 ns behind the bound.
pub(crate) fn disorder(shape: &Shape) -> Result<BoundedDisorder, DisorderError> {
    BoundedDisorder::new(Duration::from_millis(shape.disorder.most_ms))
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
