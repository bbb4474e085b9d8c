//! `record`: workloads measured one after the other, and kept in a file.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::{Args, ValueEnum};

use fluxus_perf::doctor::{examine, watch};
use fluxus_perf::record::{Build, Doctor, Figure, Machine, Moment, Record, Spread, SCHEMA};
use fluxus_perf::{Case, Engine, Idle, Options, Workload};

use super::arguments::{number, MOST_WORKERS};
use super::comparison::{interleave, Pair};
use super::cores::{for_threads, rest_where_crowded, CoreList};
use super::print::complain;
use super::progress::Progress;
use super::report::Verdict;
use super::Report;

/// Where records are kept.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/record");

#[derive(Args, Debug)]
pub(super) struct RecordArguments {
    /// The workloads [default: all]
    #[arg(value_enum, ignore_case = true)]
    workloads: Vec<Workload>,

    /// Events of each workload [default: each its own]
    #[arg(long, value_name = "N", value_parser = number::<1, { u64::MAX }>)]
    events: Option<u64>,

    /// Worker threads of Fluxus, one number a series: 1,2,4 is a scaling curve
    #[arg(long, value_name = "LIST", default_value = "1", value_delimiter = ',', value_parser = number::<1, { MOST_WORKERS }>)]
    workers: Vec<u64>,

    /// Pairs of runs in each series, one of each engine
    #[arg(long, value_name = "P", default_value_t = 7, value_parser = number::<1, 10_000>)]
    pairs: u64,

    /// Runs of each engine that come first and do not count
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::<0, 10_000>)]
    warm_up: u64,

    /// Cores to pin to, one a worker [default: the first this process may use]
    #[arg(long, value_name = "LIST")]
    cores: Option<CoreList>,

    /// Leave the threads to the operating system
    #[arg(long, conflicts_with = "cores")]
    no_pin: bool,

    /// What a worker of Fluxus does that has nothing to do
    #[arg(long, value_enum, default_value_t = Idle::Adaptive)]
    idle: Idle,

    /// The file, or the folder for a file named after date, machine and revision
    /// [default: perf/record]
    #[arg(long, value_name = "PATH", default_value = FOLDER, hide_default_value = true)]
    out: PathBuf,
}

pub(super) fn record(asked: &RecordArguments) -> Result<Report, String> {
    // Before minutes are spent on measuring.
    let folder = match asked.out.is_dir() {
        true => asked.out.as_path(),
        false => asked.out.parent().unwrap_or(Path::new("")),
    };
    if !(folder.as_os_str().is_empty() || folder.is_dir()) {
        return Err(format!("{}: no such folder", folder.display()));
    }
    let moment = Moment::of(SystemTime::now());
    let workloads = match asked.workloads.is_empty() {
        true => Workload::value_variants(),
        false => asked.workloads.as_slice(),
    };
    let most = asked.workers.iter().copied().max().unwrap_or(1);
    let (cores, warnings) = for_threads(asked.cores.as_ref(), asked.no_pin, most as usize);
    for warning in warnings {
        complain(&format!("warning: {warning}"));
    }
    let mut progress = Progress::on_terminal();
    progress.say("examining the host");
    let doctor = Doctor::from(&examine(Path::new("/"), &cores, watch(&cores)));

    let mut figures = Vec::new();
    for &workload in workloads {
        figures.extend(measure(asked, workload, &cores, &mut progress)?);
    }
    drop(progress);

    let record = Record {
        schema: SCHEMA,
        moment,
        machine: Machine::below(Path::new("/")),
        build: Build::of_this_program(Path::new(env!("CARGO_MANIFEST_DIR"))),
        doctor,
        figures,
    };
    let file = record.write(&asked.out)?;
    let rows: String = record.figures.iter().map(row).collect();
    Ok(Report {
        text: format!(
            "{}\n\nworkload  engine  workers     median      least       most\n{rows}\n\
             kept in {}\n",
            record.machine,
            file.display()
        ),
        wrong: None,
    })
}

fn row(figure: &Figure) -> String {
    let Figure {
        workload,
        engine,
        workers,
        spread,
        unit,
        ..
    } = figure;
    format!(
        "{workload:<10}{engine:<8}{workers:>7}{:>11.3}{:>11.3}{:>11.3}  {unit}\n",
        spread.median, spread.least, spread.most
    )
}

/// All series of one workload.
fn measure(
    asked: &RecordArguments,
    workload: Workload,
    cores: &[usize],
    progress: &mut Progress,
) -> Result<Vec<Figure>, String> {
    let events = asked.events.unwrap_or(workload.default_events());
    progress.say(&format!("{workload}: making the data"));
    let case = Case::prepare(workload, events, None)?;
    let mut verdict = Verdict::of(&case);
    let mut figures = Vec::new();
    for &workers in &asked.workers {
        let workers = workers as usize;
        let cores: Vec<usize> = cores.iter().copied().take(workers).collect();
        let engine_options = Options {
            workers,
            pin: !cores.is_empty(),
            idle: rest_where_crowded(asked.idle, &cores, workers).0,
            cores,
            ..Options::default()
        };
        let loop_options = Options {
            workers: 1,
            ..engine_options.clone()
        };
        let (mut run, runs) = (0, 2 * (asked.warm_up + asked.pairs));
        let pairs = interleave(asked.pairs, asked.warm_up, &mut |side| {
            run += 1;
            let (engine, options) = [
                (Engine::Fluxus, &engine_options),
                (Engine::Hand, &loop_options),
            ][side];
            progress.say(&format!(
                "{workload}, {workers} workers: run {run} of {runs}, {engine}"
            ));
            let outcome = case.run(engine, options)?;
            verdict.check(engine, outcome.digest);
            Ok(outcome.seconds)
        })?;
        figures.extend(figures_of(&case, workers, &pairs, figures.is_empty())?);
    }
    match verdict.wrong() {
        None => Ok(figures),
        Some(wrong) => Err(format!("nothing is kept of wrong answers: {wrong}")),
    }
}

/// Speed of Fluxus, its ratio to the loop by hand, and once the speed of the loop.
fn figures_of(
    case: &Case,
    workers: usize,
    pairs: &[Pair],
    with_the_loop: bool,
) -> Result<Vec<Figure>, String> {
    let speed = |seconds: f64| case.events() as f64 / 1e6 / seconds;
    let figure = |engine: Engine, workers, measure: &str, unit: String, numbers: Vec<f64>| {
        let spread = Spread::of(&numbers)
            .ok_or_else(|| format!("{}: too short to be measured", case.workload()))?;
        Ok(Figure {
            workload: case.workload().to_string(),
            engine: engine.to_string(),
            workers,
            events: case.events(),
            measure: measure.to_owned(),
            unit,
            more_is_better: true,
            spread,
        })
    };
    let unit = || format!("M {}/s", case.workload().unit());
    let speeds = |seconds: fn(&Pair) -> f64| pairs.iter().map(seconds).map(speed).collect();
    let mut figures = vec![
        figure(
            Engine::Fluxus,
            workers,
            "speed",
            unit(),
            speeds(|pair| pair.ours),
        ),
        figure(
            Engine::Fluxus,
            workers,
            "ratio",
            "x the loop by hand".to_owned(),
            pairs.iter().map(Pair::ratio).collect(),
        ),
    ];
    if with_the_loop {
        figures.push(figure(
            Engine::Hand,
            1,
            "speed",
            unit(),
            speeds(|pair| pair.theirs),
        ));
    }
    figures.into_iter().collect()
}
