//! `fluxus-rivals`: other engines and rings on the workloads of `fluxus-perf`.
//!
//! `fluxus-perf rivals` builds and drives it; it can be used alone too:
//! `fluxus-rivals run W2 --engine timely-tuned --cores 0`.
#![forbid(unsafe_code)]

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use fluxus_perf::Workload;
use serde::Serialize;

use fluxus_rivals::rings::{self, Ring};
use fluxus_rivals::run::{Engine, Options, Prepared};
use fluxus_rivals::{pin_process, Cores};

// The allocator that every engine is measured with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Other engines and rings on the workloads of fluxus-perf, digests checked: a line of JSON a run.
#[derive(Parser, Debug)]
#[command(name = "fluxus-rivals", version, about, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run one workload on one engine
    Run(RunArguments),
    /// Move records from one core to another through every ring in turn
    Rings(RingsArguments),
}

#[derive(Args, Debug)]
struct RunArguments {
    /// The workload
    #[arg(value_enum, ignore_case = true)]
    workload: Workload,

    /// What runs it
    #[arg(long, value_enum)]
    engine: Engine,

    /// Events [default: those of the workload]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    events: Option<u64>,

    /// Distinct keys, where the workload has a choice
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..=u64::from(u32::MAX)))]
    keys: Option<u64>,

    /// Worker threads
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: u16,

    /// Cores to stay on, one a worker, such as 0,1 or 2-5 [default: any]
    #[arg(long, value_name = "LIST")]
    cores: Option<Cores>,

    /// Runs
    #[arg(long, value_name = "R", default_value_t = 1)]
    repeat: u64,

    /// Wait for a line on standard input before each run; --repeat is not looked at
    #[arg(long)]
    on_request: bool,
}

#[derive(Args, Debug)]
struct RingsArguments {
    /// Records a run
    #[arg(long, value_name = "N", default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    records: u64,

    /// Rounds; in each, every ring has one run
    #[arg(long, value_name = "P", default_value_t = 7)]
    pairs: u64,

    /// The sender's core and the receiver's [default: any]
    #[arg(long, value_name = "LIST")]
    cores: Option<Cores>,
}

/// One run, with the fields of `fluxus-perf run --json`.
#[derive(Serialize)]
struct Line<'run> {
    workload: Workload,
    engine: Engine,
    events: u64,
    keys: Option<u64>,
    workers: usize,
    cores: &'run [usize],
    pinned: bool,
    seconds: f64,
    mev_per_s: f64,
    rows: u64,
    count: u64,
    sum: u64,
    digest_ok: bool,
}

/// What is said in place of a run.
#[derive(Serialize)]
struct Unable<'run> {
    workload: Workload,
    engine: Engine,
    cannot: &'run str,
}

/// What is said when a run can be requested.
#[derive(Serialize)]
struct Ready {
    ready: bool,
}

/// One run of a ring.
#[derive(Serialize)]
struct RingLine {
    ring: Ring,
    round: u64,
    records: u64,
    seconds: f64,
    ns_per_record: f64,
    sum_ok: bool,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Run(asked) => run(&asked),
        Command::Rings(asked) => run_rings(&asked),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nobody may be left to read it.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs as asked; whether every digest was right.
fn run(asked: &RunArguments) -> Result<bool, String> {
    let (workload, engine) = (asked.workload, asked.engine);
    let cores = asked.cores.clone().unwrap_or_default().0;
    let workers = usize::from(asked.workers);
    if let Some(cannot) = engine.cannot(workload, workers) {
        let unable = Unable {
            workload,
            engine,
            cannot,
        };
        say(&unable)?;
        return Ok(true);
    }
    let events = asked.events.unwrap_or(workload.default_events());
    let prepared = Prepared::new(workload, events, asked.keys)?;
    let expected = prepared.expected();
    // The data is made on all cores; the engines have theirs.
    pin_process(&cores)?;
    let options = Options { workers, cores };

    let mut all_right = true;
    let mut once = || -> Result<(), String> {
        let outcome = prepared.run(engine, &options)?;
        let digest_ok = outcome.digest == expected;
        all_right &= digest_ok;
        say(&Line {
            workload,
            engine,
            events: prepared.events(),
            keys: prepared.keys(),
            workers: options.workers,
            cores: &options.cores,
            pinned: !options.cores.is_empty(),
            seconds: outcome.seconds,
            mev_per_s: events as f64 / 1e6 / outcome.seconds,
            rows: outcome.digest.rows,
            count: outcome.digest.count,
            sum: outcome.digest.sum,
            digest_ok,
        })
    };
    if asked.on_request {
        say(&Ready { ready: true })?;
        for line in io::stdin().lock().lines() {
            line.map_err(|error| error.to_string())?;
            once()?;
        }
    } else {
        for _ in 0..asked.repeat {
            once()?;
        }
    }
    Ok(all_right)
}

/// Runs every ring in turn; whether every sum was right.
fn run_rings(asked: &RingsArguments) -> Result<bool, String> {
    let cores = asked.cores.clone().unwrap_or_default().0;
    let mut all_right = true;
    for round in 0..asked.pairs {
        // Mirrored from round to round, so that none profits from its place.
        let mut order = Ring::ALL;
        if round % 2 == 1 {
            order.reverse();
        }
        for ring in order {
            let passed = rings::pass(ring, asked.records, &cores)?;
            let seconds = passed.time.as_secs_f64();
            all_right &= passed.sum_ok;
            say(&RingLine {
                ring,
                round,
                records: asked.records,
                seconds,
                ns_per_record: 1e9 * seconds / asked.records as f64,
                sum_ok: passed.sum_ok,
            })?;
        }
    }
    Ok(all_right)
}

/// Writes one line of JSON.
fn say(line: &impl Serialize) -> Result<(), String> {
    let text = serde_json::to_string(line).map_err(|error| error.to_string())?;
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")
        .and_then(|()| output.flush())
        .map_err(|error| error.to_string())
}
