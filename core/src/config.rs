use crate::error::ConfigError;
use crate::{SystemClock, WallClock};
use fluxus_ringbuf::Capacity;
use fluxus_runtime::{default_workers, IdleStrategy, Placement};
use fluxus_windows::StateLimit;
use std::sync::Arc;

/// What happens to a record whose key is new when the state is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// The job fails, with an error that names the operator and the limit.
    #[default]
    Fail,
    /// The record is counted as refused and goes to the stream of rejected
    /// records, if that is taken. Records are then exchanged one by one, not
    /// folded before: what was folded could not be given back.
    Reject,
}

/// How a job runs. Every setter says its default and why; all are checked
/// together, before anything starts.
///
/// ```
/// use fluxus_core::Config;
/// use fluxus_runtime::{IdleStrategy, Placement};
///
/// let config = Config::new()
///     .workers(2)
///     .placement(Placement::Cores(vec![0, 1]))
///     .idle(IdleStrategy::BusySpin);
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    workers: Option<usize>,
    placement: Placement,
    idle: IdleStrategy,
    batch: usize,
    ring_capacity: usize,
    expected_keys: usize,
    key_limit: usize,
    when_full: WhenFull,
    hash_seed: Option<u64>,
    measure_latency: bool,
    clock: Arc<dyn WallClock>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            workers: None,
            placement: Placement::Auto,
            idle: IdleStrategy::Adaptive,
            batch: 1024,
            ring_capacity: 4096,
            expected_keys: 1024,
            key_limit: 1 << 24,
            when_full: WhenFull::Fail,
            hash_seed: None,
            measure_latency: false,
            clock: Arc::new(SystemClock),
        }
    }
}

/// More workers than any machine of today has cores.
const MOST_WORKERS: usize = 1024;
/// A batch beyond this no longer fits any cache.
const LARGEST_BATCH: usize = 1 << 16;

impl Config {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many workers run the job, each a thread on a core of its own.
    /// Default: as many as the process may use cores (its affinity mask and its
    /// cgroup's quota are respected). At most 1024.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Where the workers sit. Default: [`Placement::Auto`], distinct physical
    /// cores first.
    pub fn placement(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }

    /// What a worker does when there is nothing to do. Default:
    /// [`IdleStrategy::Adaptive`], which spins, then yields, then parks.
    pub fn idle(mut self, idle: IdleStrategy) -> Self {
        self.idle = idle;
        self
    }

    /// How many records are handled between two looks at anything else: the
    /// budget of one poll. Default 1024: the fixed cost of a poll, some 50 ns, is
    /// spread over enough records, and a poll still takes only microseconds. At
    /// most 65,536. Rings are published to at the latest every 512 records.
    ///
    /// A batch is an upper bound, never a wait: what is there is sent on.
    /// Watermarks are generated once a batch; 1 gives one after every record.
    pub fn batch(mut self, records: usize) -> Self {
        self.batch = records;
        self
    }

    /// How many records a ring between two stages holds: a power of two, at
    /// least one batch. Default 4096.
    pub fn ring_capacity(mut self, records: usize) -> Self {
        self.ring_capacity = records;
        self
    }

    /// How many keys each instance of a keyed operator sets memory aside for;
    /// tumbling windows for as many in each of two windows. Default 1024. More keys
    /// are no error: the state grows, and growth is counted.
    pub fn expected_keys(mut self, keys: usize) -> Self {
        self.expected_keys = keys;
        self
    }

    /// How many keys each instance of a keyed operator may hold at once; where
    /// windows tumble, how many each of them may. It bounds the memory of one
    /// window; how many windows are open at once depends on how far the watermark
    /// is behind. Default 16,777,216; at most 2^30. [`Config::when_full`] says what
    /// happens to the next one.
    pub fn key_limit(mut self, keys: usize) -> Self {
        self.key_limit = keys;
        self
    }

    /// What happens when a keyed operator is full. Default [`WhenFull::Fail`].
    pub fn when_full(mut self, policy: WhenFull) -> Self {
        self.when_full = policy;
        self
    }

    /// Hashes the keys of all state by this seed. Default: a seed drawn at random
    /// for each operator, so that keys from outside cannot be chosen to collide.
    ///
    /// No result depends on it, only the work behind it: with a seed, that is the
    /// same in every run, which measurements and tests want. A program that takes
    /// keys from strangers leaves it alone.
    pub fn hash_seed(mut self, seed: u64) -> Self {
        self.hash_seed = Some(seed);
        self
    }

    /// Whether the time from a watermark's making to its results' output is
    /// measured. Default: no. It costs one or two clock readings (24 ns each)
    /// a batch.
    pub fn measure_latency(mut self, measure: bool) -> Self {
        self.measure_latency = measure;
        self
    }

    /// The time of the wall, for processing-time windows and idle timeouts.
    /// Default: [`SystemClock`]. A [`ManualClock`](crate::ManualClock) makes a
    /// job that uses them repeatable.
    pub fn clock(mut self, clock: impl WallClock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Checks everything at once.
    ///
    /// # Errors
    /// The first setting that cannot be, with what to change.
    pub fn conclude(self) -> Result<Settings, ConfigError> {
        let workers = self.workers.unwrap_or_else(default_workers);
        let number = |setting, given, most| match given {
            given if (1..=most).contains(&given) => Ok(given),
            given => Err(ConfigError::OutOfRange {
                setting,
                given,
                least: 1,
                most,
            }),
        };
        let workers = number("workers", workers, MOST_WORKERS)?;
        let batch = number("batch", self.batch, LARGEST_BATCH)?;
        let key_limit = number("key_limit", self.key_limit, StateLimit::MOST_KEYS)?;
        let ring_capacity = Capacity::new(self.ring_capacity)
            .map_err(|error| ConfigError::RingCapacity(error.to_string()))?;
        if ring_capacity.slots() < batch {
            return Err(ConfigError::BatchBeyondRing {
                batch,
                ring_capacity: ring_capacity.slots(),
            });
        }
        if self.expected_keys > key_limit {
            return Err(ConfigError::ExpectedBeyondLimit {
                expected: self.expected_keys,
                limit: key_limit,
            });
        }
        if let Placement::Cores(cores) = &self.placement {
            if cores.is_empty() {
                return Err(ConfigError::NoCores);
            }
        }
        let state_limit = StateLimit::new(self.expected_keys, key_limit);
        Ok(Settings {
            workers,
            placement: self.placement,
            idle: self.idle,
            batch,
            ring_capacity,
            state_limit: match self.hash_seed {
                Some(seed) => state_limit.with_hash_seed(seed),
                None => state_limit,
            },
            when_full: self.when_full,
            measure_latency: self.measure_latency,
            clock: self.clock,
        })
    }
}

/// A [`Config`] that was checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many workers run the job.
    pub workers: usize,
    /// Where they sit.
    pub placement: Placement,
    /// What they do when there is nothing to do.
    pub idle: IdleStrategy,
    /// The budget of one poll, in records.
    pub batch: usize,
    /// Records a ring holds.
    pub ring_capacity: Capacity,
    /// Keys an instance of a keyed operator is made for, and may hold.
    pub state_limit: StateLimit,
    /// What happens to the key after the last.
    pub when_full: WhenFull,
    /// Whether latencies are measured.
    pub measure_latency: bool,
    /// The time of the wall.
    pub clock: Arc<dyn WallClock>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_sound() {
        let settings = Config::new().conclude().unwrap();
        assert!(settings.workers >= 1);
        assert!(settings.ring_capacity.slots() >= settings.batch);
    }

    #[test]
    fn keys_are_hashed_by_the_seed_that_is_given_and_by_one_at_random_else() {
        let limit = |config: Config| config.conclude().unwrap().state_limit;
        let random = StateLimit::new(1024, 1 << 24);
        assert_eq!(limit(Config::new()), random);
        let seeded = limit(Config::new().hash_seed(7));
        assert_eq!(seeded, random.with_hash_seed(7));
        assert_ne!(seeded, random.with_hash_seed(8));
    }

    #[test]
    fn what_cannot_be_is_refused_with_the_way_out() {
        for (config, words) in [
            (Config::new().workers(0), "workers is 0: choose 1 to 1024"),
            (Config::new().workers(5000), "choose 1 to 1024"),
            (Config::new().batch(0), "batch is 0: choose 1 to 65536"),
            (Config::new().batch(1 << 20), "choose 1 to 65536"),
            (Config::new().ring_capacity(0), "ring_capacity"),
            (Config::new().ring_capacity(1000), "ring_capacity"),
            (Config::new().ring_capacity(usize::MAX), "ring_capacity"),
            (
                Config::new().ring_capacity(64),
                "raise ring_capacity or lower batch",
            ),
            (Config::new().key_limit(0), "key_limit is 0"),
            (
                Config::new().expected_keys(10).key_limit(9),
                "raise key_limit or lower expected_keys",
            ),
            (
                Config::new().placement(Placement::Cores(Vec::new())),
                "name at least one core",
            ),
        ] {
            let text = config.conclude().unwrap_err().to_string();
            assert!(text.contains(words), "{text:?} should say {words:?}");
        }
    }
}
