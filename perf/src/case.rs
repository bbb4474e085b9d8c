//! One workload with its data at hand, ready to be run by either engine.

use std::sync::Arc;
use std::time::Instant;

use crate::available::{memory_bytes, on_core};
use crate::dense_ids::{DenseIds, Intern, MapIds};
use crate::expected::expected;
use crate::joins::{self, j1, j2};
use crate::nexmark::{self, q5, q7, q8};
use crate::shape::{Asked, Shape};
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
    /// W2 on Fluxus: event time between two watermarks, in milliseconds; `None`:
    /// one a batch.
    pub watermark_ms: Option<u64>,
    /// What the engine's state hashes keys by; `None` is drawn at random.
    pub hash_seed: Option<u64>,
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
            watermark_ms: None,
            hash_seed: None,
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
    asked: Asked,
    shape: Shape,
    data: Data,
}

#[derive(Clone, Debug)]
enum Data {
    Lines(Arc<[w1::data::Line]>),
    Readings(Arc<[w2::data::Event]>),
    Visits(Arc<[w4::data::Visit]>),
    Advertising(Arc<[w5::data::Event]>),
    Market(Arc<[nexmark::data::Record]>),
    Joined(joins::data::Streams),
    Numbers(u64),
}

impl Case {
    /// Makes the data of `workload`: `events` events, out of `keys` keys if it has a choice.
    ///
    /// # Errors
    /// When the data does not fit the memory that is free, or `keys` is given
    /// where there is no choice of keys.
    pub fn prepare(workload: Workload, events: u64, keys: Option<u64>) -> Result<Self, String> {
        let asked = Asked {
            keys,
            ..Asked::default()
        };
        Self::prepare_shaped(workload, events, asked)
    }

    /// As [`prepare`](Self::prepare), with other windows and other disorder.
    ///
    /// # Errors
    /// When the data does not fit the memory that is free, or something was asked
    /// for that the workload has no choice of.
    pub fn prepare_shaped(workload: Workload, events: u64, asked: Asked) -> Result<Self, String> {
        let shape = Shape::of(workload, asked)?;
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
        let (keys, disorder) = (shape.keys, shape.disorder);
        let data = match workload {
            Workload::W1 => Data::Lines(w1::data::generate_disordered(length()?, disorder)),
            Workload::W2 | Workload::W3 => {
                Data::Readings(w2::data::generate_disordered(length()?, keys, disorder))
            }
            Workload::W4 => Data::Visits(w4::data::generate_disordered(length()?, keys, disorder)),
            Workload::W5 => Data::Advertising(w5::data::generate_disordered(length()?, disorder)),
            Workload::Q5 | Workload::Q7 | Workload::Q8 => {
                Data::Market(nexmark::data::generate(length()?))
            }
            Workload::J1 | Workload::J2 => {
                Data::Joined(joins::data::generate(length()?, keys, disorder))
            }
            Workload::W7 => Data::Numbers(events),
        };
        Ok(Self {
            workload,
            events,
            asked: asked.of(workload)?,
            shape,
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
        self.asked.keys
    }

    /// What it is like, wherever there is a choice.
    pub fn shape(&self) -> Asked {
        self.asked
    }

    /// The same events under other windows or another gap, without making them
    /// anew; `None` where the events would be others.
    pub fn reshaped(&self, workload: Workload, events: u64, asked: Asked) -> Option<Self> {
        let whole = asked.of(workload).ok()?;
        let made_of = |asked: Asked| (asked.keys, asked.disorder_percent, asked.disorder_ms);
        let same = workload == self.workload
            && events == self.events
            && made_of(whole) == made_of(self.asked);
        Some(Self {
            shape: Shape::of(workload, asked).ok().filter(|_| same)?,
            asked: whole,
            data: self.data.clone(),
            ..*self
        })
    }

    /// The digest that any engine must give, and where it is known from.
    ///
    /// The table where it lists this size, otherwise the loop by hand.
    pub fn expected(&self) -> (Digest, &'static str) {
        // The chain of operators leaves every event as it is.
        let own = Asked::own(self.workload);
        let operators = own.operators;
        let as_defined = Asked {
            operators,
            ..self.asked
        } == own;
        match expected(self.workload, self.events).filter(|_| as_defined) {
            Some(digest) => (digest, "the table"),
            None => (self.by_hand::<DenseIds>(), "the loop by hand"),
        }
    }

    /// Runs it once.
    ///
    /// # Errors
    /// Why the engine cannot run it, or did not finish.
    pub fn run(&self, engine: Engine, options: &Options) -> Result<Outcome, String> {
        if engine.is_loop() && options.workers > 1 {
            return Err(format!(
                "the engine `{engine}` is one loop on one core: it cannot use {} workers",
                options.workers
            ));
        }
        if self.shape.operators > 0 && !matches!(engine, Engine::Fluxus | Engine::Hand) {
            return Err(format!(
                "the engine `{engine}` has no --operators: only `fluxus` and `hand`"
            ));
        }
        if options.watermark_ms.is_some()
            && (self.workload, engine) != (Workload::W2, Engine::Fluxus)
        {
            return Err("a distance of watermarks is for W2 on the engine `fluxus`: leave --watermark-ms out".to_owned());
        }
        let alone = |work: &(dyn Fn() -> Digest + Sync)| {
            let core = options.cores.first().copied().filter(|_| options.pin);
            Ok(on_core(core, || Outcome::timed(work)))
        };
        match (engine, &self.data) {
            (Engine::Fluxus, _) => self.on_fluxus(options),
            (Engine::Hand, _) => alone(&|| self.by_hand::<DenseIds>()),
            (Engine::Plain, _) => alone(&|| self.by_hand::<MapIds>()),
            (Engine::Entry, Data::Readings(events)) if self.workload == Workload::W2 => {
                alone(&|| w2::entry::run_shaped(events, &self.shape))
            }
            (Engine::Entry, _) => Err(format!(
                "the engine `entry` has no {}: only W2",
                self.workload
            )),
        }
    }

    fn on_fluxus(&self, options: &Options) -> Result<Outcome, String> {
        let shape = &self.shape;
        match &self.data {
            Data::Lines(lines) => w1::fluxus::run(lines, shape, options),
            Data::Readings(events) if self.workload == Workload::W3 => {
                w3::fluxus::run(events, shape, options)
            }
            Data::Readings(events) => w2::fluxus::run(events, shape, options),
            Data::Visits(visits) => w4::fluxus::run(visits, shape, options),
            Data::Advertising(events) => w5::fluxus::run(events, shape, options),
            Data::Market(records) => match self.workload {
                Workload::Q5 => q5::fluxus::run(records, shape, options),
                Workload::Q7 => q7::fluxus::run(records, shape, options),
                _ => q8::fluxus::run(records, shape, options),
            },
            Data::Joined(streams) => match self.workload {
                Workload::J1 => j1::fluxus::run(streams, shape, options),
                _ => j2::fluxus::run(streams, shape, options),
            },
            Data::Numbers(events) => w7::fluxus::run(*events, options),
        }
    }

    /// The loop by hand; where it has keys, with ids from `I`.
    fn by_hand<I: Intern>(&self) -> Digest {
        let shape = &self.shape;
        match &self.data {
            Data::Lines(lines) => w1::hand::run_shaped::<I>(lines, shape),
            Data::Readings(events) if self.workload == Workload::W3 => {
                w3::hand::run_shaped::<I>(events, shape)
            }
            Data::Readings(events) if I::IS_TUNED => w2::hand::run_tuned(events, shape),
            Data::Readings(events) => w2::hand::run_shaped::<I>(events, shape),
            Data::Visits(visits) => w4::hand::run_shaped::<I>(visits, shape),
            Data::Advertising(events) => w5::hand::run_shaped(events, shape),
            Data::Market(records) => match self.workload {
                Workload::Q5 => q5::hand::run_shaped::<I>(records, shape),
                Workload::Q7 => q7::hand::run_shaped(records, shape),
                _ => q8::hand::run_shaped::<I>(records, shape),
            },
            Data::Joined(streams) => match self.workload {
                Workload::J1 => j1::hand::run_shaped::<I>(streams, shape),
                _ => j2::hand::run_shaped::<I>(streams, shape),
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
    use clap::ValueEnum;

    use super::*;
    use crate::expected::listed_sizes;

    #[test]
    fn the_loops_give_the_expected_digests() {
        for &workload in Workload::value_variants() {
            // The two smallest sizes; W7 has nothing to keep and can do more.
            let largest = if workload == Workload::W7 {
                1_000_000
            } else {
                200_000
            };
            for events in listed_sizes(workload).filter(|&events| events <= largest) {
                let case = Case::prepare(workload, events, None).expect("it fits");
                let listed = expected(workload, events).expect("it is listed");
                for engine in [Engine::Hand, Engine::Plain] {
                    let outcome = case.run(engine, &Options::default()).expect("it runs");
                    assert_eq!(outcome.digest, listed, "{workload} {events} {engine}");
                }
            }
        }
    }

    /// On any number of workers and in batches of any size, whatever the windows.
    #[test]
    fn fluxus_gives_the_expected_digests() {
        let other = |size_ms, slide_ms| Asked {
            size_ms,
            slide_ms,
            ..Asked::default()
        };
        // Half a second of visits: silences of any length about the gap occur, the
        // gap itself among them.
        let gap = |gap_ms, users| Asked {
            gap_ms: Some(gap_ms),
            keys: Some(users),
            ..Asked::default()
        };
        let keyed = |keys| Asked {
            keys: Some(keys),
            ..Asked::default()
        };
        let chained = Asked {
            operators: Some(8),
            ..Asked::default()
        };
        for (workload, events, asked) in [
            (Workload::W1, 1000, Asked::default()),
            (Workload::W1, 1000, other(Some(7), None)),
            (Workload::W2, 20_000, Asked::default()),
            (Workload::W2, 20_000, other(Some(10), None)),
            (Workload::W2, 20_000, chained),
            (Workload::W3, 5000, other(Some(1000), Some(50))),
            (Workload::W3, 20_000, Asked::default()),
            (Workload::W4, 10_000, Asked::default()),
            (Workload::W4, 10_000, gap(150, 2000)),
            (Workload::W4, 10_000, gap(20, 400)),
            (Workload::W5, 10_000, Asked::default()),
            (Workload::W5, 10_000, other(Some(30), None)),
            (Workload::Q5, 10_000, Asked::default()),
            (Workload::Q5, 10_000, other(Some(300), Some(100))),
            (Workload::Q7, 10_000, Asked::default()),
            (Workload::Q7, 10_000, other(Some(100), None)),
            (Workload::Q8, 10_000, Asked::default()),
            (Workload::Q8, 10_000, other(Some(100), None)),
            (Workload::J1, 10_000, Asked::default()),
            (Workload::J1, 10_000, keyed(300)),
            (Workload::J2, 10_000, keyed(300)),
            (Workload::J2, 10_000, Asked::default()),
            (Workload::J2, 10_000, other(Some(70), None)),
            (Workload::W7, 100_000, Asked::default()),
        ] {
            let case = Case::prepare_shaped(workload, events, asked).expect("it fits");
            let (right, known_from) = case.expected();
            for (workers, batch) in [
                (1, None),
                (1, Some(1)),
                (2, None),
                (2, Some(1)),
                (4, Some(64)),
            ] {
                let options = Options {
                    workers,
                    batch,
                    pin: false,
                    ..Options::default()
                };
                let outcome = case.run(Engine::Fluxus, &options).expect("it runs");
                assert_eq!(
                    outcome.digest, right,
                    "{workload} {events} {asked:?}, {workers} workers, batch {batch:?}, {known_from}"
                );
            }
        }
    }

    #[test]
    fn watermarks_at_any_distance_give_the_same() {
        let case = Case::prepare(Workload::W2, 20_000, None).expect("it fits");
        for watermark_ms in [1, 10, 1000, 100_000] {
            for workers in [1, 2] {
                let options = Options {
                    workers,
                    watermark_ms: Some(watermark_ms),
                    pin: false,
                    ..Options::default()
                };
                let outcome = case.run(Engine::Fluxus, &options).expect("it runs");
                assert_eq!(
                    outcome.digest,
                    case.expected().0,
                    "{watermark_ms} ms, {workers}"
                );
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
