//! Two pinned threads, and two ways of doing the same measured in turn.
//!
//! A cross-core figure moves with the machine's mood, so what counts is the
//! ratio of runs that follow each other closely, and the median of many.

use core_affinity::CoreId;
use std::hint::spin_loop;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How many runs of each way the table rests on.
const ROUNDS: usize = 31;

/// Two cores if there are, or one twice.
#[derive(Clone, Copy)]
pub(crate) struct Cores {
    pub(crate) producer: Option<CoreId>,
    pub(crate) consumer: Option<CoreId>,
}

impl Cores {
    pub(crate) fn find() -> Self {
        let cores = core_affinity::get_core_ids().unwrap_or_default();
        Self {
            producer: cores.first().copied(),
            consumer: cores.get(1).or(cores.first()).copied(),
        }
    }

    pub(crate) fn pin(core: Option<CoreId>) {
        if let Some(core) = core {
            core_affinity::set_for_current(core);
        }
    }

    fn are_two(&self) -> bool {
        self.producer != self.consumer
    }

    /// How each side waits: on one core there is nothing to spin for.
    fn wait(&self) -> Wait {
        Wait {
            spins: 0,
            most: if self.are_two() { 64 } else { 0 },
        }
    }
}

/// Spins a little, then lets others run.
pub(crate) struct Wait {
    spins: u32,
    most: u32,
}

impl Wait {
    pub(crate) fn reset(&mut self) {
        self.spins = 0;
    }

    pub(crate) fn pause(&mut self) {
        if self.spins < self.most {
            self.spins += 1;
            spin_loop();
        } else {
            thread::yield_now();
        }
    }
}

/// Runs `produce` here and `consume` on the other core; the time from the start
/// of the one to the end of the other.
pub(crate) fn across<C, R>(
    cores: Cores,
    produce: impl FnOnce(&mut Wait),
    consume: C,
    expected: R,
) -> Duration
where
    C: FnOnce(&mut Wait) -> R + Send,
    R: PartialEq + std::fmt::Debug + Send,
{
    thread::scope(|scope| {
        let (ready, wait_ready) = mpsc::channel();
        let consumer = scope.spawn(move || {
            Cores::pin(cores.consumer);
            ready.send(()).expect("the producer waits");
            let result = consume(&mut cores.wait());
            (Instant::now(), result)
        });
        wait_ready.recv().expect("the consumer starts");
        let start = Instant::now();
        produce(&mut cores.wait());
        let (end, result) = consumer.join().expect("the consumer ends");
        assert_eq!(result, expected);
        end - start
    })
}

/// Runs both ways in turn and prints one line: ns a record of each, median, and
/// the median, lowest and highest ratio of neighbouring runs.
pub(crate) fn print_pair(
    name: &str,
    records: u64,
    first: impl Fn(u64) -> Duration,
    second: impl Fn(u64) -> Duration,
) {
    print_pair_of(ROUNDS, name, records, first, second);
}

/// As [`print_pair`], of so many runs of each way: for runs that take long.
#[allow(clippy::print_stdout)]
pub(crate) fn print_pair_of(
    runs: usize,
    name: &str,
    records: u64,
    first: impl Fn(u64) -> Duration,
    second: impl Fn(u64) -> Duration,
) {
    let each = |time: Duration| time.as_secs_f64() * 1e9 / records as f64;
    let mut rounds: Vec<_> = (0..runs)
        .map(|round| {
            // Who goes first changes, so that neither profits from it.
            if round % 2 == 0 {
                let one = each(first(records));
                (one, each(second(records)))
            } else {
                let two = each(second(records));
                (each(first(records)), two)
            }
        })
        .collect();
    rounds.drain(..1); // the first warms up
    let median = |of: &dyn Fn(&(f64, f64)) -> f64| {
        let mut sorted: Vec<_> = rounds.iter().map(of).collect();
        sorted.sort_by(f64::total_cmp);
        (
            sorted[sorted.len() / 2],
            sorted[0],
            sorted[sorted.len() - 1],
        )
    };
    let (one, ..) = median(&|pair| pair.0);
    let (two, ..) = median(&|pair| pair.1);
    let (ratio, lowest, highest) = median(&|pair| pair.0 / pair.1);
    println!("| {name:<36} | {one:>6.2} | {two:>6.2} | {ratio:.2} ({lowest:.2} to {highest:.2}) |");
}

pub(crate) fn print_head(cores: Cores, first: &str, second: &str) {
    print_head_of(cores, ROUNDS, first, second);
}

/// As [`print_head`], for [`print_pair_of`].
#[allow(clippy::print_stdout)]
pub(crate) fn print_head_of(cores: Cores, runs: usize, first: &str, second: &str) {
    let cores = if cores.are_two() {
        "two cores"
    } else {
        "one core"
    };
    println!("\n{cores}, ns a record, median of {runs} interleaved rounds");
    println!("| case | {first} | {second} | ratio (lowest to highest) |\n|---|---|---|---|");
}
