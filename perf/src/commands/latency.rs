//! `latency`: an open loop at a given rate, on the engine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use fluxus_perf::latency::anchor::paired;
use fluxus_perf::latency::host::Host;
use fluxus_perf::latency::html::{page, Page, Series, Stroke};
use fluxus_perf::latency::{
    hgrm, run, Distribution, HiccupPlace, Latencies, Measured, Origin, Paired, Plan, PERCENTILES,
};
use fluxus_perf::{Idle, Options};

use super::arguments::number;
use super::cores::{self, CoreList};
use super::print::{complain, Progress};
use super::report::{median, thousands};
use super::Report;

/// The version of the JSON: raised when a name goes or changes its meaning.
pub(super) const SCHEMA: u32 = 1;

#[derive(Args, Debug)]
pub(super) struct LatencyArguments {
    #[command(flatten)]
    pub(super) load: Load,

    /// Worker threads of the engine
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::<1, 1024>)]
    workers: u64,

    /// Where the source lives: a thread of its own on the first core, which feeds the first
    /// worker through a ring, or that worker itself
    #[arg(long, value_enum, default_value_t = Origin::Thread)]
    source: Origin,

    /// What a worker does that has nothing to do
    #[arg(long, value_enum, default_value_t = Idle::Adaptive)]
    idle: Idle,

    /// Records in one batch [default: the engine's]
    #[arg(long, value_name = "N", value_parser = number::<1, { LARGEST_BATCH }>)]
    batch: Option<u64>,

    /// Only hand records over, to the last worker: no windows
    #[arg(long, conflicts_with = "window_ms")]
    no_windows: bool,

    /// Hold the hand-over against the bare rtrb ring: so many pairs of runs, in turn
    #[arg(long, value_name = "PAIRS", num_args = 0..=1, default_missing_value = "3",
          value_parser = number::<1, 1000>, conflicts_with_all = ["hgrm", "html"])]
    anchor: Option<u64>,

    /// Write the distributions as the HdrHistogram plotters read them: records from due to seen
    /// into FILE, the others beside it
    #[arg(long, value_name = "FILE")]
    hgrm: Option<PathBuf>,
}

/// What is asked of the engine, the same for `latency` and `matrix`.
#[derive(Args, Debug)]
pub(super) struct Load {
    /// Records a second
    #[arg(long, value_name = "R", value_parser = number::<1, 1_000_000_000>)]
    pub(super) rate: u64,

    /// How long is measured, in seconds
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    pub(super) seconds: Duration,

    /// How long the same goes on before and does not count, in seconds
    #[arg(long, value_name = "S", default_value = "1", value_parser = seconds)]
    pub(super) warm_up_s: Duration,

    /// How long a window is, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 10, value_parser = number::<1, 3_600_000>)]
    pub(super) window_ms: u64,

    /// Distinct keys
    #[arg(long, value_name = "K", default_value_t = 1_000, value_parser = number::<1, { u32::MAX as u64 }>)]
    pub(super) keys: u64,

    /// Cores to pin to, such as 0,1 or 2-5: the source's, where it is a thread, then the workers'
    /// [default: the first this process may use]
    #[arg(long, value_name = "LIST")]
    pub(super) cores: Option<CoreList>,

    /// Leave the threads to the operating system
    #[arg(long, conflicts_with = "cores")]
    pub(super) no_pin: bool,

    /// Write everything that was measured to FILE, as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,

    /// Write a page with plots to FILE: one file, nothing from elsewhere
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
}

/// The engine's own limit.
pub(super) const LARGEST_BATCH: u64 = 1 << 16;

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
    /// The plan of one run, and what to warn of.
    pub(super) fn plan(
        &self,
        origin: Origin,
        workers: u64,
        idle: Idle,
        batch: Option<u64>,
    ) -> Result<(Plan, Vec<String>), String> {
        if self.seconds.is_zero() {
            return Err("nothing is measured in 0 seconds: raise --seconds".to_owned());
        }
        let workers = workers as usize;
        let threads = workers + usize::from(origin == Origin::Thread);
        let (cores, warnings) = cores::for_threads(self.cores.as_ref(), self.no_pin, threads);
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
            },
        };
        Ok((plan, warnings))
    }
}

/// What was asked, as JSON has it.
#[derive(Serialize)]
pub(super) struct Asked<'plan> {
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

pub(super) fn latency(asked: &LatencyArguments) -> Result<Report, String> {
    let (mut plan, warnings) =
        asked
            .load
            .plan(asked.source, asked.workers, asked.idle, asked.batch)?;
    if asked.no_windows || asked.anchor.is_some() {
        plan.window = None;
    }
    let warn = |warning: &String| complain(&format!("warning: {warning}"));
    warnings.iter().for_each(warn);
    let host = Host::read();
    if let Some(pairs) = asked.anchor {
        return anchored(asked, &plan, &host, pairs);
    }
    let progress = Progress::show(&format!(
        "{} and {} to warm up, then nothing is printed until it is done",
        in_seconds(plan.measured),
        in_seconds(plan.warm_up)
    ));
    let measured = run(&plan);
    progress.clear();
    let measured = measured?;
    measured.warnings.iter().for_each(warn);

    if let Some(file) = &asked.load.json {
        #[derive(Serialize)]
        struct Line<'run> {
            schema: u32,
            kind: &'static str,
            host: &'run Host,
            options: Asked<'run>,
            #[serde(flatten)]
            measured: &'run Measured,
        }
        let line = Line {
            schema: SCHEMA,
            kind: "latency",
            host: &host,
            options: Asked::from(&plan),
            measured: &measured,
        };
        write_json(file, &line)?;
    }
    if let Some(file) = &asked.hgrm {
        write_hgrm(file, &measured)?;
    }
    if let Some(file) = &asked.load.html {
        write(file, &html(&plan, &host, &measured))?;
    }
    Ok(Report {
        text: text(&plan, &measured),
        wrong: wrong(&measured.invalid),
    })
}

/// What is said on standard error, and makes the exit status 1.
fn wrong(invalid: &[String]) -> Option<String> {
    match invalid {
        [] => None,
        reasons => Some(format!("the run is invalid: {}", reasons.join("; "))),
    }
}

/// The rows of the figures: name, distribution.
fn rows(measured: &Measured) -> Vec<(&'static str, &Distribution)> {
    let mut rows = vec![
        ("record", &measured.records.response),
        ("  from send", &measured.records.service),
    ];
    if let Some(windows) = &measured.windows {
        rows.push(("window", &windows.response));
        rows.push(("  from send", &windows.service));
    }
    rows.push(("hiccup", &measured.hiccups.distribution));
    rows
}

fn text(plan: &Plan, measured: &Measured) -> String {
    let mut text = heading(plan).join("\n") + "\n\n";
    text += &line("", "samples", &head());
    for (name, distribution) in rows(measured) {
        text += &line(
            name,
            &thousands(distribution.samples()),
            &cells(distribution),
        );
    }
    text += "\n";
    for (name, told) in explained(plan, measured) {
        text += &format!("{name:<8}{told}\n");
    }
    for used in &measured.threads {
        text += &format!(
            "  {:<16} {:>5.1} % of a core; kept from it {:.1} ms, taken off it {} times\n",
            used.thread, used.cpu_percent, used.waited_ms, used.preempted
        );
    }
    match &measured.invalid[..] {
        [] => text += "valid   all that was due was sent in time and seen\n",
        reasons => reasons
            .iter()
            .for_each(|reason| text += &format!("INVALID {reason}\n")),
    }
    text
}

/// What is run, and where, in two lines.
fn heading(plan: &Plan) -> Vec<String> {
    let windows = match plan.window {
        Some(window) => format!(", windows of {}", value(window.as_nanos() as u64)),
        None => ", no windows".to_owned(),
    };
    vec![
        format!(
            "latency: open loop, {} records/s, {} after {} of warm-up; {} keys{windows}",
            thousands(plan.rate),
            in_seconds(plan.measured),
            in_seconds(plan.warm_up),
            thousands(u64::from(plan.keys)),
        ),
        place(plan),
    ]
}

/// Which thread sits where, and how it waits.
fn place(plan: &Plan) -> String {
    let workers = match plan.engine.workers {
        1 => "1 worker".to_owned(),
        workers => format!("{workers} workers"),
    };
    let threads = match plan.origin {
        Origin::Thread => format!("source in a thread, {workers}"),
        Origin::Worker => format!("source in a worker, {workers}"),
    };
    let cores = match plan.engine.pin {
        true => format!("pinned to {}", cores::name(&plan.engine.cores)),
        false => "not pinned".to_owned(),
    };
    let batch = match plan.engine.batch {
        Some(batch) => format!("batch {batch}"),
        None => "the engine's batch".to_owned(),
    };
    format!("{threads}, {cores}; idle {:?}, {batch}", plan.engine.idle).replace("idle ", "idle=")
}

/// What the rows mean, and what was measured beside them.
fn explained(plan: &Plan, measured: &Measured) -> Vec<(&'static str, String)> {
    let seen = match (plan.origin, plan.engine.workers, plan.window) {
        (Origin::Thread, _, Some(_)) => "seen by the map behind the ring",
        (Origin::Worker, _, Some(_)) => "seen by the map, in the source's worker",
        (Origin::Worker, 1, None) => "seen by the sink, in the source's worker",
        (_, _, None) => "seen by the sink behind the last ring",
    };
    let mut told = vec![(
        "record",
        format!("from when it was due to when it was {seen}"),
    )];
    if plan.window.is_some() {
        let window = "from the end of the window to its last row in the sink";
        told.push(("window", window.to_owned()));
    }
    let hiccup = match &measured.hiccups.place {
        HiccupPlace::Source(core) => format!(
            "what held up the source's own thread{}, in the same seconds",
            core.map_or(String::new(), |core| format!(" on core {core}"))
        ),
        HiccupPlace::Beside(core) => {
            format!("what held up a thread on core {core}, in the same seconds")
        }
        HiccupPlace::BeforeAndAfter => "no core is free for a meter: what held up a thread on \
             each core of the run, before it and after"
            .to_owned(),
    };
    told.push(("hiccup", hiccup));
    told.push((
        "through",
        format!(
            "{} records/s",
            thousands(measured.throughput.round() as u64)
        ),
    ));
    let cpu = match measured.threads.is_empty() {
        true => "not told by this system".to_owned(),
        false => format!("{:.0} % of a core in all", measured.cpu_percent()),
    };
    told.push(("cpu", cpu));
    told
}

fn head() -> Vec<String> {
    let percentiles = PERCENTILES.iter().map(|known| format!("p{}", known.name));
    percentiles.chain(["max".to_owned()]).collect()
}

fn cells(distribution: &Distribution) -> Vec<String> {
    let percentiles = PERCENTILES.map(|known| distribution.percentile(known));
    let all = percentiles.into_iter().chain([distribution.max()]);
    all.map(told).collect()
}

fn line(name: &str, samples: &str, cells: &[String]) -> String {
    let cells: String = cells.iter().map(|cell| format!("{cell:>10}")).collect();
    format!("{name:<12}{samples:>14}{cells}\n")
}

/// A latency, or that it may not be told.
pub(super) fn told(nanos: Option<u64>) -> String {
    nanos.map_or_else(|| "-".to_owned(), value)
}

/// A time in the unit that suits it, in three digits.
fn value(nanos: u64) -> String {
    let (number, unit) = match nanos {
        0..=999 => return format!("{nanos} ns"),
        1_000..=999_499 => (nanos as f64 / 1e3, "us"),
        999_500..=999_499_999 => (nanos as f64 / 1e6, "ms"),
        _ => (nanos as f64 / 1e9, "s"),
    };
    match number {
        number if number < 9.995 => format!("{number:.2} {unit}"),
        number if number < 99.95 => format!("{number:.1} {unit}"),
        number => format!("{number:.0} {unit}"),
    }
}

fn in_seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

/// Two curves: from send, without a line of its own in the timeline, and from due.
fn both<'run>(name: &str, hue: u32, latencies: &'run Latencies) -> [Series<'run>; 2] {
    let from_send = Series {
        name: format!("{name}, from send"),
        hue: Some(hue),
        stroke: Stroke::Dashed,
        distribution: &latencies.service,
        timeline: None,
    };
    let from_due = Series {
        name: name.to_owned(),
        hue: Some(hue),
        stroke: Stroke::Solid,
        distribution: &latencies.response,
        timeline: Some(&latencies.timeline),
    };
    [from_send, from_due]
}

fn html(plan: &Plan, host: &Host, measured: &Measured) -> String {
    let hiccups = &measured.hiccups;
    let mut all = vec![Series {
        name: "hiccup".to_owned(),
        hue: None,
        stroke: Stroke::Solid,
        distribution: &hiccups.distribution,
        timeline: hiccups.timeline.as_ref(),
    }];
    if let Some(windows) = &measured.windows {
        all.extend(both("window", 25, windows));
    }
    all.extend(both("record", 210, &measured.records));

    let mut facts = heading(plan);
    facts.remove(0);
    let title = heading(plan).swap_remove(0);
    facts.push(host_in_words(host));
    let explained = explained(plan, measured).into_iter();
    facts.extend(explained.map(|(name, told)| format!("{}: {told}", name.trim())));
    let figures = rows(measured).into_iter().map(|(name, distribution)| {
        let mut row = vec![name.to_owned(), thousands(distribution.samples())];
        row.extend(cells(distribution));
        row
    });
    let columns = ["", "samples"].map(str::to_owned).into_iter().chain(head());
    page(&Page {
        title,
        facts,
        invalid: measured.invalid.clone(),
        series: all,
        table: (columns.collect(), figures.collect()),
    })
}

pub(super) fn host_in_words(host: &Host) -> String {
    let unknown = || "unknown".to_owned();
    let build = match host.optimised {
        true => "",
        false => ", a DEBUG build",
    };
    format!(
        "{}, {} cores to use; kernel {}; {}{build}",
        host.cpu.clone().unwrap_or_else(unknown),
        host.cores,
        host.kernel.clone().unwrap_or_else(unknown),
        host.rustc
    )
}

pub(super) fn write(file: &Path, text: &str) -> Result<(), String> {
    std::fs::write(file, text)
        .map_err(|error| format!("{} could not be written: {error}", file.display()))
}

pub(super) fn write_json(file: &Path, value: &impl Serialize) -> Result<(), String> {
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    write(file, &(text + "\n"))
}

/// Records from due to seen go into `file`; each other distribution into one
/// beside it, named after what it is: `run.hgrm`, `run-window.hgrm`.
fn write_hgrm(file: &Path, measured: &Measured) -> Result<(), String> {
    let beside = |what: &str| {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let name = match file.extension() {
            Some(extension) => format!("{stem}-{what}.{}", extension.to_string_lossy()),
            None => format!("{stem}-{what}"),
        };
        file.with_file_name(name)
    };
    write(file, &hgrm::text(&measured.records.response))?;
    write(
        &beside("record-from-send"),
        &hgrm::text(&measured.records.service),
    )?;
    if let Some(windows) = &measured.windows {
        write(&beside("window"), &hgrm::text(&windows.response))?;
        write(&beside("window-from-send"), &hgrm::text(&windows.service))?;
    }
    write(
        &beside("hiccup"),
        &hgrm::text(&measured.hiccups.distribution),
    )
}

/// The hand-over and the bare ring in turn.
fn anchored(
    asked: &LatencyArguments,
    plan: &Plan,
    host: &Host,
    pairs: u64,
) -> Result<Report, String> {
    let progress = Progress::show(&format!(
        "{pairs} pairs of runs of {} after {}",
        in_seconds(plan.measured),
        in_seconds(plan.warm_up)
    ));
    let done = paired(plan, pairs);
    progress.clear();
    let done = done?;
    let ratios: Vec<f64> = done.iter().filter_map(Paired::ratio).collect();
    let (least, most) = (
        ratios.iter().copied().fold(f64::INFINITY, f64::min),
        ratios.iter().copied().fold(0.0, f64::max),
    );
    let invalid: Vec<String> = done
        .iter()
        .zip(1..)
        .flat_map(|(pair, number)| {
            let named = |who, measured: &Measured| -> Vec<String> {
                let reasons = measured.invalid.iter();
                reasons
                    .map(|reason| format!("pair {number}, {who}: {reason}"))
                    .collect()
            };
            [named("fluxus", &pair.ours), named("rtrb", &pair.theirs)].concat()
        })
        .collect();
    if let Some(file) = &asked.load.json {
        #[derive(Serialize)]
        struct Pair<'run> {
            fluxus: &'run Measured,
            rtrb: &'run Measured,
            ratio: Option<f64>,
        }
        #[derive(Serialize)]
        struct Line<'run> {
            schema: u32,
            kind: &'static str,
            host: &'run Host,
            options: Asked<'run>,
            valid: bool,
            ratio: Option<f64>,
            pairs: Vec<Pair<'run>>,
        }
        let line = Line {
            schema: SCHEMA,
            kind: "latency against rtrb",
            host,
            options: Asked::from(plan),
            valid: invalid.is_empty(),
            ratio: (!ratios.is_empty()).then(|| median(&ratios)),
            pairs: done
                .iter()
                .map(|pair| Pair {
                    fluxus: &pair.ours,
                    rtrb: &pair.theirs,
                    ratio: pair.ratio(),
                })
                .collect(),
        };
        write_json(file, &line)?;
    }
    let mut text = heading(plan).join("\n")
        + "\nagainst the bare rtrb ring: the same source, the same meter, in turn\n\n";
    text += &line("", "samples", &head());
    for pair in &done {
        for (name, measured) in [("fluxus", &pair.ours), ("rtrb", &pair.theirs)] {
            let service = &measured.records.service;
            text += &line(name, &thousands(service.samples()), &cells(service));
        }
        let theirs = &pair.theirs.hiccups.distribution;
        text += &line("  hiccup", &thousands(theirs.samples()), &cells(theirs));
    }
    text += "\nEach from when a record was sent to when it was seen on the other core.\n";
    text += &match ratios.is_empty() {
        true => "ratio   too few samples to tell a median\n".to_owned(),
        false => format!(
            "ratio   {:.3} ({least:.3} to {most:.3})  median of the pairs' ratios of p50, fluxus \
             over rtrb: below 1 fluxus is faster\n",
            median(&ratios)
        ),
    };
    for reason in &invalid {
        text += &format!("INVALID {reason}\n");
    }
    Ok(Report {
        text,
        wrong: wrong(&invalid),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        for (nanos, told) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 us"),
            (9_994, "9.99 us"),
            (9_996, "10.0 us"),
            (99_960, "100 us"),
            (999_499, "999 us"),
            (999_500, "1.00 ms"),
            (12_345_678, "12.3 ms"),
            (1_500_000_000, "1.50 s"),
        ] {
            assert_eq!(value(nanos), told);
        }
    }

    #[test]
    fn seconds_are_read_and_nonsense_is_not() {
        assert_eq!(seconds("10"), Ok(Duration::from_secs(10)));
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["", "-1", "ten", "NaN", "inf", "1e9", "90000"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
