//! One workload with its data at hand, ready to be run by either engine.

use std::sync::Arc;
use std::time::Instant;

use crate::available::{memory_bytes, on_core};
use crate::expected::expected;
use crate::nexmark::{self, q5, q7, q8};
use crate::{w1, w2, w3, w4, w5, w7, Digest, Engine, Workload};

/// How an engine is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Worker threads.
    pub workers: usize,
    /// Their cores, in order; empty leaves the choice to the engine.
    pub cores: Vec<usize>,
    /// Whether workers are pinned to cores at all.
    pub pin: bool,
    /// What a worker does that has nothing to do.
    pub idle: Idle,
    /// Records in one batch; `None` leaves the choice to the engine.
    pub batch: Option<usize>,
    /// Records in a ring between two workers; `None` leaves the choice to the engine.
    pub ring: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            workers: 1,
            cores: Vec::new(),
            pin: true,
            idle: Idle::Adaptive,
            batch: None,
            ring: None,
        }
    }
}

/// What a worker does that has nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Idle {
    /// Spins for a while, then yields, then parks.
    Adaptive,
    /// Spins: the quickest to wake, and its core is never free.
    Spin,
    /// Gives its time to other threads and looks again.
    Yield,
    /// Sleeps until it is woken.
    Park,
}

/// What one run gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// The digest of the results.
    pub digest: Digest,
    /// From the first event handed over to the last row seen, in seconds.
    pub seconds: f64,
}

impl Outcome {
    /// Runs `work` against the clock.
    pub fn timed(work: impl FnOnce() -> Digest) -> Self {
        let start = Instant::now();
        let digest = work();
        Self {
            digest,
            seconds: start.elapsed().as_secs_f64(),
        }
    }
}

/// A workload, how large it is, and its data.
#[derive(Debug)]
pub struct Case {
    workload: Workload,
    events: u64,
    keys: Option<u64>,
    data: Data,
}

#[derive(Debug)]
enum Data {
    Lines(Arc<[w1::data::Line]>),
    Readings(Arc<[w2::data::Event]>),
    Visits(Arc<[w4::data::Visit]>),
    Advertising(Arc<[w5::data::Event]>),
    Market(Arc<[nexmark::data::Record]>),
    Numbers(u64),
}

impl Case {
    /// Makes the data of `workload`: `events` events, out of `keys` keys if it has a choice.
    ///
    /// # Errors
    /// When the data does not fit the memory that is free, or `keys` is given
    /// where there is no choice of keys.
    pub fn prepare(workload: Workload, events: u64, keys: Option<u64>) -> Result<Self, String> {
        if keys.is_some() && workload.default_keys().is_none() {
            return Err(format!(
                "{workload} has no number of keys to choose: leave --keys out"
            ));
        }
        let keys = keys.or(workload.default_keys());
        let needed = events.saturating_mul(workload.bytes_per_event());
        if let Some(free) = memory_bytes().filter(|&free| needed > free) {
            return Err(format!(
                "{events} {} of {workload} take {:.1} GiB and {:.1} GiB are free: ask for fewer with --events",
                workload.unit(),
                gibibytes(needed),
                gibibytes(free),
            ));
        }
        let length = || {
            usize::try_from(events).map_err(|_| format!("{events} events do not fit this machine"))
        };
        let data = match workload {
            Workload::W1 => Data::Lines(w1::data::generate(length()?)),
            Workload::W2 | Workload::W3 => {
                Data::Readings(w2::data::generate(length()?, keys.unwrap_or(1)))
            }
            Workload::W4 => Data::Visits(w4::data::generate(length()?, keys.unwrap_or(1))),
            Workload::W5 => Data::Advertising(w5::data::generate(length()?)),
            Workload::Q5 | Workload::Q7 | Workload::Q8 => {
                Data::Market(nexmark::data::generate(length()?))
            }
            Workload::W7 => Data::Numbers(events),
        };
        Ok(Self {
            workload,
            events,
            keys,
            data,
        })
    }

    /// Which workload this is.
    pub fn workload(&self) -> Workload {
        self.workload
    }

    /// How many events it has.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many keys it has, where there is a choice.
    pub fn keys(&self) -> Option<u64> {
        self.keys
    }

    /// The digest that any engine must give, and where it is known from.
    ///
    /// The table where it lists this size, otherwise the loop by hand.
    pub fn expected(&self) -> (Digest, &'static str) {
        let own_keys = self.keys == self.workload.default_keys();
        match expected(self.workload, self.events).filter(|_| own_keys) {
            Some(digest) => (digest, "the table"),
            None => (self.by_hand(), "the loop by hand"),
        }
    }

    /// Runs it once.
    ///
    /// # Errors
    /// Why the engine cannot run it, or did not finish.
    pub fn run(&self, engine: Engine, options: &Options) -> Result<Outcome, String> {
        match engine {
            Engine::Fluxus => match &self.data {
                Data::Lines(lines) => w1::fluxus::run(lines, options),
                Data::Readings(events) if self.workload == Workload::W3 => {
                    w3::fluxus::run(events, options)
                }
                Data::Readings(events) => w2::fluxus::run(events, options),
                Data::Visits(visits) => w4::fluxus::run(visits, options),
                Data::Advertising(events) => w5::fluxus::run(events, options),
                Data::Market(records) => match self.workload {
                    Workload::Q5 => q5::fluxus::run(records, options),
                    Workload::Q7 => q7::fluxus::run(records, options),
                    _ => q8::fluxus::run(records, options),
                },
                Data::Numbers(events) => w7::fluxus::run(*events, options),
            },
            Engine::Hand if options.workers > 1 => Err(format!(
                "the engine `hand` is one loop on one core: it cannot use {} workers",
                options.workers
            )),
            Engine::Hand => {
                let core = options.cores.first().copied().filter(|_| options.pin);
                Ok(on_core(core, || Outcome::timed(|| self.by_hand())))
            }
        }
    }

    fn by_hand(&self) -> Digest {
        match &self.data {
            Data::Lines(lines) => w1::hand::run(lines),
            Data::Readings(events) if self.workload == Workload::W3 => w3::hand::run(events),
            Data::Readings(events) => w2::hand::run(events),
            Data::Visits(visits) => w4::hand::run(visits),
            Data::Advertising(events) => w5::hand::run(events),
            Data::Market(records) => match self.workload {
                Workload::Q5 => q5::hand::run(records),
                Workload::Q7 => q7::hand::run(records),
                _ => q8::hand::run(records),
            },
            Data::Numbers(events) => w7::hand::run(*events),
        }
    }
}

fn gibibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expected::listed_sizes;

    #[test]
    fn the_loops_by_hand_give_the_expected_digests() {
        for (workload, largest) in [
            (Workload::W1, 100_000),
            (Workload::W2, 2_000_000),
            (Workload::W7, 10_000_000),
        ] {
            for events in listed_sizes(workload).filter(|&events| events <= largest) {
                let case = Case::prepare(workload, events, None).expect("it fits");
                let outcome = case
                    .run(Engine::Hand, &Options::default())
                    .expect("it runs");
                let listed = expected(workload, events).expect("it is listed");
                assert_eq!(outcome.digest, listed, "{workload} {events}");
            }
        }
    }

    #[test]
    fn what_cannot_be_prepared_or_run_says_why() {
        let error = |result: Result<Case, String>| result.err().unwrap_or_default();
        assert!(error(Case::prepare(Workload::W7, 10, Some(5))).contains("--keys"));
        assert!(error(Case::prepare(Workload::W2, u64::MAX, None)).contains("--events"));

        let case = Case::prepare(Workload::W7, 10, None).expect("it fits");
        let options = Options {
            workers: 2,
            ..Options::default()
        };
        let refused = case.run(Engine::Hand, &options).err().unwrap_or_default();
        assert!(refused.contains("one core"), "{refused}");
    }

    #[test]
    fn other_keys_are_held_against_the_loop_by_hand() {
        let listed = Case::prepare(Workload::W2, 20_000, None).expect("it fits");
        let other = Case::prepare(Workload::W2, 20_000, Some(77)).expect("it fits");
        assert_eq!(listed.expected().1, "the table");
        assert_eq!(other.expected().1, "the loop by hand");
        assert_ne!(listed.expected().0, other.expected().0);
    }
}
