//! What may differ between the two sides of a comparison, and what of it makes no sense.

use std::str::FromStr;

use clap::{Args, Parser};

use fluxus_perf::{Asked, Engine, Idle, Options, Shape, Workload};

use super::arguments::{number, LARGEST_BATCH, MOST_KEYS, MOST_WORKERS};
use super::cores::{self, CoreList};

/// How a workload is run. What is not said is the workload's own, or the engine's.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Setting {
    /// What runs it: the best loop by hand, one that is plain, or one with a map of entries (W2)
    /// [default: fluxus]
    #[arg(long, value_enum)]
    pub(super) engine: Option<Engine>,

    /// Events [default: W1 1M lines; W2, W3 20M; W4, W5, Q5, Q7, Q8, J1, J2 10M; W7 100M]
    #[arg(long, value_name = "N", value_parser = number::<1, { u64::MAX }>)]
    events: Option<u64>,

    /// Distinct keys, where the workload has a choice [default: W2 10k, W3 1k, W4 100k]
    #[arg(long, value_name = "K", value_parser = number::<1, { MOST_KEYS }>)]
    keys: Option<u64>,

    /// Length of a window in milliseconds, where there are windows of one length
    #[arg(long, value_name = "MS", value_parser = number::<1, 1_000_000_000>)]
    size_ms: Option<u64>,

    /// From one window to the next in milliseconds, where they slide: W3, Q5
    #[arg(long, value_name = "MS", value_parser = number::<1, 1_000_000_000>)]
    slide_ms: Option<u64>,

    /// Silence that ends a session in milliseconds: W4
    #[arg(long, value_name = "MS", value_parser = number::<1, 1_000_000_000>)]
    gap_ms: Option<u64>,

    /// Of a hundred events, how many may come out of order: W1 to W5, J1, J2 [default: 100]
    #[arg(long, value_name = "P", value_parser = number::<0, 100>)]
    disorder_percent: Option<u64>,

    /// How much out of order they come at most, in milliseconds: W1 to W5, J1, J2 [default: 100]
    #[arg(long, value_name = "MS", value_parser = number::<0, 1_000_000_000>)]
    disorder_ms: Option<u64>,

    /// Event time between two watermarks in milliseconds: W2 on `fluxus` [default: one a batch]
    #[arg(long, value_name = "MS", value_parser = number::<1, 1_000_000_000>)]
    watermark_ms: Option<u64>,

    /// Stateless operators before the window, 0 or 8: W2 on `fluxus` and `hand` [default: 0]
    #[arg(long, value_name = "N", value_parser = number::<0, 8>)]
    operators: Option<u64>,

    /// Worker threads of the engine `fluxus` [default: 1]
    #[arg(long, value_name = "N", value_parser = number::<1, { MOST_WORKERS }>)]
    workers: Option<u64>,

    /// Cores to pin to, one a worker, such as 0,1 or 2-5 [default: the first this process may use]
    #[arg(long, value_name = "LIST")]
    cores: Option<CoreList>,

    /// Leave the threads to the operating system
    #[arg(long, conflicts_with = "cores")]
    no_pin: bool,

    /// What a worker of the engine `fluxus` does that has nothing to do [default: adaptive]
    #[arg(long, value_enum)]
    idle: Option<Idle>,

    /// Records in one batch of the engine `fluxus` [default: the engine's]
    #[arg(long, value_name = "N", value_parser = number::<1, { LARGEST_BATCH }>)]
    batch: Option<u64>,

    /// Records in one ring of the engine `fluxus`, a power of two [default: the engine's]
    #[arg(long, value_name = "N", value_parser = number::<1, { 1 << 30 }>)]
    ring: Option<u64>,

    /// What the engine `fluxus` hashes keys by [default: drawn at random]
    #[arg(long, value_name = "SEED")]
    hash_seed: Option<u64>,
}

impl Setting {
    /// What is said here, and for the rest what `base` says.
    ///
    /// A loop takes nothing over that is the engine's alone.
    pub(super) fn over(&self, base: &Self) -> Self {
        let engine = self.engine.or(base.engine);
        let inherited = base.clone();
        let inherited = match engine {
            Some(engine) if engine.is_loop() => Self {
                workers: None,
                watermark_ms: None,
                ..inherited
            },
            _ => inherited,
        };
        Self {
            engine,
            events: self.events.or(inherited.events),
            keys: self.keys.or(inherited.keys),
            size_ms: self.size_ms.or(inherited.size_ms),
            slide_ms: self.slide_ms.or(inherited.slide_ms),
            gap_ms: self.gap_ms.or(inherited.gap_ms),
            disorder_percent: self.disorder_percent.or(inherited.disorder_percent),
            disorder_ms: self.disorder_ms.or(inherited.disorder_ms),
            watermark_ms: self.watermark_ms.or(inherited.watermark_ms),
            operators: self.operators.or(inherited.operators),
            workers: self.workers.or(inherited.workers),
            cores: self.cores.clone().or(inherited.cores),
            no_pin: self.no_pin || (inherited.no_pin && self.cores.is_none()),
            idle: self.idle.or(inherited.idle),
            batch: self.batch.or(inherited.batch),
            ring: self.ring.or(inherited.ring),
            hash_seed: self.hash_seed.or(inherited.hash_seed),
        }
    }

    /// What no single option gets wrong, but several together, or with this workload.
    pub(super) fn contradiction(&self, workload: Workload) -> Option<String> {
        let engine = self.engine();
        if let Err(message) = Shape::of(workload, self.asked()) {
            return Some(message);
        }
        if engine.is_loop() && self.workers.unwrap_or(1) > 1 {
            return Some(format!(
                "the engine `{engine}` is one loop on one core: leave --workers out"
            ));
        }
        if let Some(ring) = self.ring.filter(|ring| !ring.is_power_of_two()) {
            return Some(format!(
                "a ring cannot have {ring} slots, it must be a power of two: choose --ring {}",
                ring.next_power_of_two()
            ));
        }
        if engine == Engine::Entry && workload != Workload::W2 {
            return Some(format!(
                "the engine `entry` has no {workload}, only W2: choose another --engine"
            ));
        }
        if self.operators.unwrap_or(0) > 0 && !matches!(engine, Engine::Fluxus | Engine::Hand) {
            return Some(format!(
                "the engine `{engine}` has no operators before the window: leave --operators out"
            ));
        }
        if self.operators.unwrap_or(0) > 0 && self.watermark_ms.is_some() {
            return Some("--operators and --watermark-ms cannot be had together".to_owned());
        }
        if self.watermark_ms.is_some() && (workload, engine) != (Workload::W2, Engine::Fluxus) {
            return Some(
                "a distance of watermarks is for W2 on the engine `fluxus`: leave --watermark-ms out"
                    .to_owned(),
            );
        }
        None
    }

    pub(super) fn engine(&self) -> Engine {
        self.engine.unwrap_or(Engine::Fluxus)
    }

    pub(super) fn events(&self, workload: Workload) -> u64 {
        self.events.unwrap_or(workload.default_events())
    }

    pub(super) fn asked(&self) -> Asked {
        Asked {
            keys: self.keys,
            size_ms: self.size_ms,
            slide_ms: self.slide_ms,
            gap_ms: self.gap_ms,
            disorder_percent: self.disorder_percent,
            disorder_ms: self.disorder_ms,
            operators: self.operators,
        }
    }

    /// How the engine is to run, and what to warn of before it does.
    pub(super) fn options(&self) -> (Options, Vec<String>) {
        let workers = self.workers.unwrap_or(1) as usize;
        let (cores, mut warnings) = cores::for_threads(self.cores.as_ref(), self.no_pin, workers);
        let idle = self.idle.unwrap_or(Idle::Adaptive);
        let (idle, warning) = cores::rest_where_crowded(idle, &cores, workers);
        warnings.extend(warning);
        let options = Options {
            workers,
            pin: !cores.is_empty(),
            cores,
            idle,
            batch: self.batch.map(|batch| batch as usize),
            ring: self.ring.map(|ring| ring as usize),
            watermark_ms: self.watermark_ms,
            hash_seed: self.hash_seed,
        };
        (options, warnings)
    }
}

/// A setting as a command line of its own.
#[derive(Parser, Debug)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Line {
    #[command(flatten)]
    setting: Setting,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let line = Line::try_parse_from(text.split_whitespace());
        line.map(|line| line.setting).map_err(|error| {
            let told = error.to_string();
            let first = told.lines().next().unwrap_or_default();
            first.trim_start_matches("error: ").to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(text: &str) -> Setting {
        text.parse().expect("it is a setting")
    }

    #[test]
    fn the_other_side_takes_over_what_it_does_not_say() {
        let base = setting("--keys 5 --workers 2 --cores 0,1 --idle spin");
        for (other, whole) in [
            ("", "--keys 5 --workers 2 --cores 0,1 --idle spin"),
            (
                "--workers 1",
                "--keys 5 --workers 1 --cores 0,1 --idle spin",
            ),
            (
                "--engine hand",
                "--engine hand --keys 5 --cores 0,1 --idle spin",
            ),
            (
                "--keys 7 --batch 1",
                "--keys 7 --batch 1 --workers 2 --cores 0,1 --idle spin",
            ),
        ] {
            assert_eq!(setting(other).over(&base), setting(whole), "{other}");
        }
        let unpinned = setting("--no-pin");
        assert_eq!(setting("--cores 1").over(&unpinned), setting("--cores 1"));
        assert_eq!(setting("").over(&unpinned), unpinned);
    }

    #[test]
    fn what_is_no_setting_is_refused_in_one_line() {
        for wrong in ["--nothing", "W2", "--keys many", "--engine other"] {
            let error = wrong.parse::<Setting>().expect_err(wrong);
            assert!(!error.is_empty() && !error.contains('\n'), "{error}");
        }
    }
}
