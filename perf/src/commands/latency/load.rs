//! What is asked of the engine: rate, times, windows, cores.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use fluxus_perf::latency::{Origin, Plan};
use fluxus_perf::{Idle, Options};

use crate::commands::arguments::number;
use crate::commands::cores::{self, CoreList};

/// What is asked of the engine, the same for `latency` and `matrix`.
#[derive(Args, Debug)]
pub(in crate::commands) struct Load {
    /// Records a second
    #[arg(long, value_name = "R", value_parser = number::<1, 100_000_000>)]
    pub(in crate::commands) rate: u64,

    /// How long is measured, in seconds
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    pub(in crate::commands) seconds: Duration,

    /// How long the same goes on before and does not count, in seconds
    #[arg(long, value_name = "S", default_value = "1", value_parser = seconds)]
    pub(in crate::commands) warm_up_s: Duration,

    /// How long a window is, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 10, value_parser = number::<1, 3_600_000>)]
    pub(in crate::commands) window_ms: u64,

    /// Distinct keys
    #[arg(long, value_name = "K", default_value_t = 1_000, value_parser = number::<1, { 1 << 24 }>)]
    pub(in crate::commands) keys: u64,

    /// Cores to pin to, such as 0,1 or 2-5: the source's, where it is a thread, then the workers'
    /// [default: the first this process may use]
    #[arg(long, value_name = "LIST")]
    pub(in crate::commands) cores: Option<CoreList>,

    /// Leave the threads to the operating system
    #[arg(long, conflicts_with = "cores")]
    pub(in crate::commands) no_pin: bool,

    /// Write everything that was measured to FILE, as JSON
    #[arg(long, value_name = "FILE")]
    pub(in crate::commands) json: Option<PathBuf>,

    /// Write a page with plots to FILE: one file, nothing from elsewhere
    #[arg(long, value_name = "FILE")]
    pub(in crate::commands) html: Option<PathBuf>,
}

/// Reads a time such as 10 or 0.5.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .map_err(|_| "not a number of seconds, such as 10 or 0.5".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration <= Duration::from_secs(86_400) => Ok(duration),
        _ => Err("must be from 0 to 86400 seconds".to_owned()),
    }
}

impl Load {
    /// What no single option gets wrong, but several together.
    pub(in crate::commands) fn contradiction(&self) -> Option<String> {
        self.nothing_measured().or_else(|| {
            let window = Duration::from_millis(self.window_ms);
            (window > self.seconds).then(|| {
                format!(
                    "no window of {} ms ends within the {} s measured: raise --seconds or lower \
                     --window-ms",
                    self.window_ms,
                    self.seconds.as_secs_f64()
                )
            })
        })
    }

    /// Whether there is time to measure in; all that matters without windows.
    pub(super) fn nothing_measured(&self) -> Option<String> {
        let nothing = self.seconds.is_zero();
        nothing.then(|| "nothing is measured in 0 seconds: raise --seconds".to_owned())
    }

    /// The plan of one run, and what to warn of.
    pub(in crate::commands) fn plan(
        &self,
        origin: Origin,
        workers: u64,
        idle: Idle,
        batch: Option<u64>,
    ) -> (Plan, Vec<String>) {
        let workers = workers as usize;
        let threads = workers + usize::from(origin == Origin::Thread);
        let (cores, mut warnings) = cores::for_threads(self.cores.as_ref(), self.no_pin, threads);
        let (idle, warning) = cores::rest_where_crowded(idle, &cores, threads);
        warnings.extend(warning);
        let batch = batch.map(|batch| batch as usize);
        let plan = Plan {
            rate: self.rate,
            measured: self.seconds,
            warm_up: self.warm_up_s,
            window: Some(Duration::from_millis(self.window_ms)),
            keys: u32::try_from(self.keys).unwrap_or(u32::MAX),
            origin,
            engine: Options {
                workers,
                pin: !cores.is_empty(),
                cores,
                idle,
                batch,
                // A ring holds at least a batch.
                ring: batch.map(|batch| batch.next_power_of_two().max(4096)),
                watermark_ms: None,
                hash_seed: None,
            },
        };
        (plan, warnings)
    }
}

/// What was asked, as JSON has it.
#[derive(Serialize)]
pub(in crate::commands) struct Asked<'plan> {
    rate: u64,
    seconds: f64,
    warm_up_s: f64,
    window_ms: Option<f64>,
    keys: u32,
    source: Origin,
    workers: usize,
    cores: &'plan [usize],
    pinned: bool,
    idle: Idle,
    batch: Option<usize>,
}

impl<'plan> From<&'plan Plan> for Asked<'plan> {
    fn from(plan: &'plan Plan) -> Self {
        Self {
            rate: plan.rate,
            seconds: plan.measured.as_secs_f64(),
            warm_up_s: plan.warm_up.as_secs_f64(),
            window_ms: plan.window.map(|window| 1e3 * window.as_secs_f64()),
            keys: plan.keys,
            source: plan.origin,
            workers: plan.engine.workers,
            cores: &plan.engine.cores,
            pinned: plan.engine.pin,
            idle: plan.engine.idle,
            batch: plan.engine.batch,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_and_nonsense_is_not() {
        assert_eq!(seconds("10"), Ok(Duration::from_secs(10)));
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["", "-1", "ten", "NaN", "inf", "1e9", "90000"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
