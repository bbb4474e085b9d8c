//! `scale`: one workload at several numbers of workers, in turn: what each core
//! more brings, and what it costs.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use fluxus_perf::{Case, Cores, Engine, Idle, Options, Workload};

use super::arguments::{number, LARGEST_BATCH, MOST_KEYS, MOST_WORKERS};
use super::cores::{self, CoreList};
use super::cpu_time::{cpu_seconds, TICK_SECONDS};
use super::print::complain;
use super::report::{median, thousands, Verdict};
use super::Report;

#[derive(Args, Debug)]
pub(super) struct ScaleArguments {
    /// The workload
    #[arg(value_enum, ignore_case = true)]
    workload: Workload,

    /// Numbers of workers, such as 1,2,4,8; 1 is always among them, since the
    /// others are held against it [default: 1, 2, 4 and so on up to the cores
    /// that this process may use]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = number::<1, { MOST_WORKERS }>)]
    workers: Vec<u64>,

    /// Rounds: in each, every number of workers has a turn
    #[arg(long, value_name = "R", default_value_t = 7, value_parser = number::<1, 10_000>)]
    rounds: u64,

    /// Events [default: the workload's]
    #[arg(long, value_name = "N", value_parser = number::<1, { u64::MAX }>)]
    events: Option<u64>,

    /// Distinct keys, where the workload has a choice
    #[arg(long, value_name = "K", value_parser = number::<1, { MOST_KEYS }>)]
    keys: Option<u64>,

    /// Cores to pin to, one a worker, such as 0,1 or 2-5 [default: the first this process may use]
    #[arg(long, value_name = "LIST")]
    cores: Option<CoreList>,

    /// What a worker does that has nothing to do; `park` wastes the least time
    /// of the processor, so that what is left is work
    #[arg(long, value_enum, default_value_t = Idle::Park)]
    idle: Idle,

    /// Records in one batch [default: the engine's]
    #[arg(long, value_name = "N", value_parser = number::<1, { LARGEST_BATCH }>)]
    batch: Option<u64>,

    /// Records in one ring [default: the engine's]
    #[arg(long, value_name = "N", value_parser = number::<1, { 1 << 30 }>)]
    ring: Option<u64>,

    /// One line of JSON instead of a table
    #[arg(long)]
    json: bool,
}

impl ScaleArguments {
    /// The numbers of workers, rising, from 1 on.
    fn workers(&self, cores: usize) -> Vec<usize> {
        let asked = self.workers.iter().map(|&workers| workers as usize);
        let mut workers: Vec<usize> = match self.workers.is_empty() {
            true => (0..usize::BITS)
                .map(|power| 1 << power)
                .take_while(|&workers| workers <= cores.max(1))
                .collect(),
            false => asked.collect(),
        };
        workers.push(1);
        workers.sort_unstable();
        workers.dedup();
        workers
    }

    fn options(&self, workers: usize, cores: &[usize]) -> Options {
        let cores: Vec<usize> = cores.iter().copied().take(workers).collect();
        Options {
            workers,
            pin: !cores.is_empty(),
            idle: cores::rest_where_crowded(self.idle, &cores, workers).0,
            cores,
            batch: self.batch.map(|batch| batch as usize),
            ring: self.ring.map(|ring| ring as usize),
            ..Options::default()
        }
    }
}

/// One run.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Run {
    seconds: f64,
    /// Of all threads, in the process and in the kernel for it.
    cpu_seconds: f64,
}

/// What the runs with one number of workers came to.
#[derive(Debug, PartialEq, Serialize)]
struct Row {
    workers: usize,
    /// More workers than cores: then nothing is said about scaling.
    shares_cores: bool,
    seconds: f64,
    mev_per_s: f64,
    /// The speed over that of one worker in the same round: median, least, most.
    speed_up: f64,
    speed_up_min: f64,
    speed_up_max: f64,
    /// The speed-up a worker.
    efficiency: f64,
    /// Time of the processor an event, in nanoseconds, over all rounds; none
    /// where too little was used to tell.
    cpu_ns_per_event: Option<f64>,
    /// The speed-up that this time would give if nobody ever waited: as many
    /// workers, each as much slower as an event costs more.
    speed_up_by_cpu_time: Option<f64>,
}

#[derive(Serialize)]
struct Line<'run> {
    workload: Workload,
    events: u64,
    keys: Option<u64>,
    cores: &'run [usize],
    idle: Idle,
    rounds: u64,
    digest_ok: bool,
    scale: &'run [Row],
}

pub(super) fn scale(asked: &ScaleArguments) -> Result<Report, String> {
    if asked.keys.is_some() && asked.workload.default_keys().is_none() {
        return Err(format!(
            "{} has no number of keys to choose: leave --keys out",
            asked.workload
        ));
    }
    let allowed = Cores::read();
    let wanted = match &asked.cores {
        Some(list) => list.as_slice().to_vec(),
        None => allowed.as_slice().to_vec(),
    };
    let refused = allowed.refused(&wanted);
    if !refused.is_empty() {
        return Err(format!(
            "--cores: this process may not use {}, only {}: leave the others out",
            cores::name(&refused),
            cores::name(allowed.as_slice()),
        ));
    }
    let workers = asked.workers(wanted.len());
    for workers in workers.iter().filter(|&&workers| workers > wanted.len()) {
        complain(&format!(
            "warning: {workers} workers on {}: they share, so their row says nothing about \
             scaling",
            cores::name(&wanted)
        ));
    }
    let events = asked.events.unwrap_or(asked.workload.default_events());
    let case = Case::prepare(asked.workload, events, asked.keys)?;
    let mut verdict = Verdict::of(&case);
    let mut run = |workers: usize| -> Result<Run, String> {
        let options = asked.options(workers, &wanted);
        let before = cpu_seconds();
        let outcome = case.run(Engine::Fluxus, &options)?;
        let after = cpu_seconds();
        verdict.check(Engine::Fluxus, outcome.digest);
        let cpu_seconds = match (before, after) {
            (Some(before), Some(after)) => after - before,
            _ => f64::NAN,
        };
        Ok(Run {
            seconds: outcome.seconds,
            cpu_seconds,
        })
    };
    let rounds = in_turn(&workers, asked.rounds, &mut run)?;
    let rows: Vec<Row> = (0..workers.len())
        .map(|place| row(place, &workers, &rounds, events, wanted.len()))
        .collect();

    let text = if asked.json {
        let line = Line {
            workload: asked.workload,
            events,
            keys: case.keys(),
            cores: &wanted,
            idle: asked.idle,
            rounds: asked.rounds,
            digest_ok: verdict.is_right(),
            scale: &rows,
        };
        serde_json::to_string(&line).map_err(|error| error.to_string())? + "\n"
    } else {
        table(&case, &wanted, &rows, asked.rounds, &verdict)
    };
    Ok(Report {
        text,
        wrong: verdict.wrong(),
    })
}

/// Less time of the processor than this is not told: its reading may be wrong by
/// a tick, which is 5 % of it.
const LEAST_TICKS: f64 = 20.0;

/// Rounds in which every number of workers has a turn, forth and back, so that
/// whatever drifts weighs on all alike; one round before them does not count.
/// A round holds its runs in the order of `workers`.
fn in_turn(
    workers: &[usize],
    rounds: u64,
    run: &mut impl FnMut(usize) -> Result<Run, String>,
) -> Result<Vec<Vec<Run>>, String> {
    let mut measured = Vec::new();
    for number in 0..=rounds {
        let mut round = Vec::new();
        match number % 2 {
            0 => {
                for &workers in workers {
                    round.push(run(workers)?);
                }
            }
            _ => {
                for &workers in workers.iter().rev() {
                    round.push(run(workers)?);
                }
                round.reverse();
            }
        }
        if number > 0 {
            measured.push(round);
        }
    }
    Ok(measured)
}

/// The row of the number of workers at `place`; that at place 0 is one.
fn row(place: usize, workers: &[usize], rounds: &[Vec<Run>], events: u64, cores: usize) -> Row {
    let seconds: Vec<f64> = rounds.iter().map(|round| round[place].seconds).collect();
    let speed_ups: Vec<f64> = rounds
        .iter()
        .map(|round| round[0].seconds / round[place].seconds)
        .collect();
    let cpu_ns = |place: usize| {
        let total: f64 = rounds.iter().map(|round| round[place].cpu_seconds).sum();
        let is_enough = total >= LEAST_TICKS * TICK_SECONDS;
        is_enough.then(|| total * 1e9 / rounds.len() as f64 / events as f64)
    };
    let costs = cpu_ns(0).zip(cpu_ns(place));
    let workers = workers[place];
    let speed_up = median(&speed_ups);
    Row {
        workers,
        shares_cores: workers > cores,
        seconds: median(&seconds),
        mev_per_s: events as f64 / 1e6 / median(&seconds),
        speed_up,
        speed_up_min: speed_ups.iter().copied().fold(f64::INFINITY, f64::min),
        speed_up_max: speed_ups.iter().copied().fold(0.0, f64::max),
        efficiency: speed_up / workers as f64,
        cpu_ns_per_event: cpu_ns(place),
        speed_up_by_cpu_time: costs.map(|(one, this)| workers as f64 * one / this),
    }
}

fn table(case: &Case, wanted: &[usize], rows: &[Row], rounds: u64, verdict: &Verdict) -> String {
    let workload = case.workload();
    let keys = case.keys();
    let keys = keys.map_or(String::new(), |keys| format!(", {} keys", thousands(keys)));
    let mut text = format!(
        "{workload}: {} {}{keys}; {rounds} rounds, every number of workers in turn, on {}\n\n\
         workers      M/s   speed-up (least to most)   efficiency   CPU ns each   speed-up by CPU time\n",
        thousands(case.events()),
        workload.unit(),
        cores::name(wanted),
    );
    for row in rows {
        let spread = format!("({:.2} to {:.2})", row.speed_up_min, row.speed_up_max);
        let shares = if row.shares_cores {
            "   cores shared"
        } else {
            ""
        };
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "{:>7} {:>8.2} {:>10.2} {spread:<17} {:>10.2} {:>13} {:>22}{shares}",
            row.workers,
            row.mev_per_s,
            row.speed_up,
            row.efficiency,
            told(row.cpu_ns_per_event),
            told(row.speed_up_by_cpu_time),
        );
    }
    let _ = write!(
        text,
        "\nspeed-up by CPU time is what the work done would give on cores that nobody else uses\n\
         and that never wait; time of the processor is read to {:.0} ms a run\n\
         digest  {}\n",
        TICK_SECONDS * 1e3,
        verdict.in_words(),
    );
    text
}

/// A figure, or that there is none.
fn told(figure: Option<f64>) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        scale: ScaleArguments,
    }

    fn parse(line: &str) -> ScaleArguments {
        Line::try_parse_from(line.split(' ')).expect(line).scale
    }

    #[test]
    fn one_worker_is_always_among_them_and_the_default_fills_the_cores() {
        assert_eq!(parse("scale W2").workers(1), [1]);
        assert_eq!(parse("scale W2").workers(6), [1, 2, 4]);
        assert_eq!(parse("scale W2").workers(0), [1], "cores are not told");
        assert_eq!(parse("scale W2 --workers 4,2,4").workers(2), [1, 2, 4]);
        assert!(Line::try_parse_from(["scale", "W2", "--workers", "0"]).is_err());
    }

    #[test]
    fn turns_go_forth_and_back_after_a_round_that_does_not_count() {
        let mut order = Vec::new();
        let mut clock = 0.0;
        let rounds = in_turn(&[1, 2, 4], 2, &mut |workers| {
            order.push(workers);
            clock += 1.0;
            let seconds = clock;
            Ok(Run {
                seconds,
                cpu_seconds: 0.0,
            })
        });
        assert_eq!(order, [1, 2, 4, 4, 2, 1, 1, 2, 4]);
        let seconds = |round: &Vec<Run>| round.iter().map(|run| run.seconds).collect::<Vec<_>>();
        let rounds: Vec<_> = rounds.expect("none fails").iter().map(seconds).collect();
        assert_eq!(rounds, [[6.0, 5.0, 4.0], [7.0, 8.0, 9.0]]);
    }

    #[test]
    fn a_run_that_fails_ends_the_measurement() {
        assert_eq!(
            in_turn(&[1], 2, &mut |_| Err("no".to_owned())),
            Err("no".to_owned())
        );
    }

    #[test]
    fn a_row_holds_each_round_against_one_worker_of_the_same_round() {
        let run = |seconds, cpu_seconds| Run {
            seconds,
            cpu_seconds,
        };
        // The second round was disturbed, alike for both.
        let rounds = vec![
            vec![run(2.0, 2.0), run(1.0, 2.0)],
            vec![run(6.0, 2.0), run(4.0, 3.0)],
        ];
        let row = row(1, &[1, 2], &rounds, 1_000_000_000, 2);
        assert_eq!((row.workers, row.shares_cores), (2, false));
        assert_eq!(
            (row.speed_up_min, row.speed_up, row.speed_up_max),
            (1.5, 1.75, 2.0)
        );
        assert_eq!(row.efficiency, 0.875);
        assert_eq!(row.cpu_ns_per_event, Some(2.5));
        assert_eq!(row.speed_up_by_cpu_time, Some(1.6));
    }

    #[test]
    fn a_few_ticks_of_the_clock_are_not_told_as_time_of_the_processor() {
        let few = Run {
            seconds: 0.05,
            cpu_seconds: 0.05,
        };
        let row = row(0, &[1], &[vec![few]], 1_000, 1);
        assert_eq!(
            (row.cpu_ns_per_event, row.speed_up_by_cpu_time),
            (None, None)
        );
        assert_eq!(told(row.cpu_ns_per_event), "-");
    }
}
