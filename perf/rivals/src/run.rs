//! One workload with its data at hand, ready to be run by any of the engines.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use fluxus_perf::expected::expected;
use fluxus_perf::nexmark::{self, q5, q7, q8};
use fluxus_perf::{w1, w2, w3, w4, w5, w7, Digest, Outcome, Workload};

use crate::engines::{published, renoir, timely};
use crate::queries::{Fold, Query, Q5, Q7, Q8, W1, W2, W3, W4, W5};

/// How an engine is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Worker threads; at least 1.
    pub workers: usize,
    /// Their cores, in order; empty leaves the threads free.
    pub cores: Vec<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            workers: 1,
            cores: Vec::new(),
        }
    }
}

/// An engine, in one of its forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Timely, as its documents teach it.
    Timely,
    /// Timely, tuned.
    TimelyTuned,
    /// Renoir, as its documents teach it.
    Renoir,
    /// Renoir, tuned.
    RenoirTuned,
    /// The published crate of the same name, as its documents teach it.
    Published,
    /// The published crate of the same name, tuned.
    PublishedTuned,
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Timely => "timely",
            Self::TimelyTuned => "timely-tuned",
            Self::Renoir => "renoir",
            Self::RenoirTuned => "renoir-tuned",
            Self::Published => "published",
            Self::PublishedTuned => "published-tuned",
        })
    }
}

impl Engine {
    /// Why this engine cannot run this workload on so many workers, if it cannot.
    pub fn cannot(self, workload: Workload, workers: usize) -> Option<&'static str> {
        use Workload::{Q5 as Hottest, Q7 as Highest, Q8 as Sellers, W4 as Sessions, W7};

        if matches!(workload, Workload::J1 | Workload::J2) {
            return Some("it has no query of this workload");
        }
        if matches!(self, Self::Published | Self::PublishedTuned) && workers > 1 {
            return Some(published::ONE_WORKER);
        }
        if workers > 1 {
            match workload {
                Hottest => return <Q5 as Query>::UNSPLIT,
                Highest => return <Q7 as Query>::UNSPLIT,
                _ => {}
            }
        }
        let by_hand = matches!(workload, Sessions | Hottest | Highest | Sellers);
        match self {
            Self::Published if workload != W7 => Some(published::NO_WINDOWS),
            Self::PublishedTuned | Self::RenoirTuned if workload == W7 => {
                Some("nothing to tune: the same as its untuned row")
            }
            Self::Timely if by_hand => {
                Some("no such windows in it or its documents: by hand, in the tuned row")
            }
            Self::Renoir if workload == Sessions => {
                Some("its session windows look at the wall clock: by hand, in the tuned row")
            }
            Self::Renoir if by_hand => {
                Some("its windows of event time are not aligned: by hand, in the tuned row")
            }
            _ => None,
        }
    }
}

/// Runs `work`, which can fail, against the clock.
///
/// # Errors
/// Those of `work`.
pub fn timed(work: impl FnOnce() -> Result<Digest, String>) -> Result<Outcome, String> {
    let start = Instant::now();
    let digest = work()?;
    Ok(Outcome {
        digest,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// A workload and its data.
#[derive(Debug)]
pub struct Prepared {
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

impl Prepared {
    /// Makes the data of `workload`.
    ///
    /// # Errors
    /// When this machine cannot count so many events.
    pub fn new(workload: Workload, events: u64, keys: Option<u64>) -> Result<Self, String> {
        let length = usize::try_from(events)
            .map_err(|_| format!("{events} events do not fit this machine"))?;
        let keys = keys.or(workload.default_keys());
        let some_keys = keys.unwrap_or(1);
        let data = match workload {
            Workload::W1 => Data::Lines(w1::data::generate(length)),
            Workload::W2 | Workload::W3 => Data::Readings(w2::data::generate(length, some_keys)),
            Workload::W4 => Data::Visits(w4::data::generate(length, some_keys)),
            Workload::W5 => Data::Advertising(w5::data::generate(length)),
            Workload::Q5 | Workload::Q7 | Workload::Q8 => {
                Data::Market(nexmark::data::generate(length))
            }
            Workload::J1 | Workload::J2 => return Err(format!("there is no rival for {workload}")),
            Workload::W7 => Data::Numbers(events),
        };
        Ok(Self {
            workload,
            events,
            keys,
            data,
        })
    }

    /// How many events it has.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many keys it has, where there is a choice.
    pub fn keys(&self) -> Option<u64> {
        self.keys
    }

    /// The digest that every engine must give: the table's, or that of the loop by hand.
    pub fn expected(&self) -> Digest {
        let own_keys = self.keys == self.workload.default_keys();
        let listed = expected(self.workload, self.events).filter(|_| own_keys);
        listed.unwrap_or_else(|| match &self.data {
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
            Data::Numbers(numbers) => w7::hand::run(*numbers),
        })
    }

    /// Runs it once.
    ///
    /// # Errors
    /// Why the engine cannot, or did not finish.
    pub fn run(&self, engine: Engine, options: &Options) -> Result<Outcome, String> {
        if let Some(reason) = engine.cannot(self.workload, options.workers) {
            return Err(format!("{engine} cannot run {}: {reason}", self.workload));
        }
        match &self.data {
            Data::Lines(lines) => fold::<W1>(engine, lines, options),
            Data::Readings(events) if self.workload == Workload::W3 => {
                fold::<W3>(engine, events, options)
            }
            Data::Readings(events) => fold::<W2>(engine, events, options),
            Data::Visits(visits) => query::<W4>(engine, visits, options),
            Data::Advertising(events) => fold::<W5>(engine, events, options),
            Data::Market(records) => match self.workload {
                Workload::Q5 => query::<Q5>(engine, records, options),
                Workload::Q7 => query::<Q7>(engine, records, options),
                _ => query::<Q8>(engine, records, options),
            },
            &Data::Numbers(numbers) => match engine {
                Engine::Timely => timely::numbers_taught(numbers, options),
                Engine::TimelyTuned => timely::numbers_tuned(numbers, options),
                Engine::Renoir | Engine::RenoirTuned => renoir::numbers(numbers, options),
                Engine::Published | Engine::PublishedTuned => published::numbers(numbers),
            },
        }
    }
}

/// Runs a query that documents could teach.
fn fold<F>(engine: Engine, events: &Arc<[F::Event]>, options: &Options) -> Result<Outcome, String>
where
    F: Fold + Sync,
    F::Row: Sync,
{
    match engine {
        Engine::Timely => timely::taught::<F>(events, options),
        Engine::Renoir => renoir::taught::<F>(events, options),
        tuned => query::<F>(tuned, events, options),
    }
}

/// Runs a query with its windows by hand.
fn query<Q>(engine: Engine, events: &Arc<[Q::Event]>, options: &Options) -> Result<Outcome, String>
where
    Q: Query + Sync,
    Q::Row: Sync,
{
    match engine {
        Engine::Timely | Engine::TimelyTuned => timely::tuned::<Q>(events, options),
        Engine::Renoir | Engine::RenoirTuned => renoir::tuned::<Q>(events, options),
        Engine::Published | Engine::PublishedTuned => published::tuned::<Q>(events),
    }
}
