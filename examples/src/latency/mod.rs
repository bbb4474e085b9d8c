//! How long after an event the results are out that it sets free, at a rate that
//! waits for nobody.
//!
//! The loop is open: event `i` is due at a time that was fixed before, whether or
//! not the engine has kept up. The results of a window are set free by the first
//! event that moves the watermark to the window's last instant; their latency
//! counts from the moment at which that event was due to the moment at which the
//! sink has them. A stall is so paid for by every result that was due in it.

mod comparison;
mod cpu;
mod hiccups;
mod page;
mod replay;
mod schedule;
mod sink;

use crate::options::SharedOptions;
use crate::program::begin;
use crate::sample::{Event, Sample};
use crate::{complain, grouped, show, Failure};
use cpu::CpuTime;
use fluxus::windows::Timestamp;
use fluxus::{Config, Job};
use fluxus_perf::latency::Distribution;
use hiccups::Hiccups;
use replay::Replay;
use schedule::Schedule;
use sink::ResultsOut;
use std::io;
use std::sync::Arc;
use std::time::Instant;

/// What one run came to.
pub(crate) struct Measured {
    /// From the moment an event was due to its results.
    pub(crate) results: Distribution,
    /// What the machine did to a thread that only wanted to wake up in time.
    pub(crate) hiccups: Distribution,
    /// Events sent a second.
    pub(crate) reached: f64,
    /// Events that were to be sent a second.
    pub(crate) asked: f64,
    /// Seconds of computing a second, over all threads of the process.
    pub(crate) cores_used: f64,
}

impl Measured {
    /// Whether the engine kept up: else the figures are those of a queue.
    pub(crate) fn is_sustained(&self) -> bool {
        self.reached > 0.98 * self.asked
    }
}

/// Measures what the options ask for and prints it.
pub(crate) fn measure<S: Sample>(sample: &S, shared: &SharedOptions) -> Result<(), Failure> {
    let events = load(sample, shared)?;
    if events.is_empty() {
        return Err(Failure::from(
            "there are no events to replay: name other files with --input, or --generate some"
                .to_owned(),
        ));
    }
    let disorder = shared.disorder(S::Event::DISORDER);
    let schedule = Schedule::new(&events, disorder, &shared.latency);
    let asked = schedule.rate();
    let title = format!(
        "{}: {} events, replayed for {} s at {} events/s",
        S::NAME,
        grouped(events.len() as u64),
        shared.latency.seconds,
        grouped(asked as u64)
    );
    let once = |config: Config| run_once(sample, &events, &schedule, config);
    let (text, page) = match shared.latency.compare {
        true => comparison::compare(&title, shared, once)?,
        false => page::one(&title, &once(shared.engine.config())?),
    };
    match show(&text) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        shown => shown?,
    }
    if let Some(path) = &shared.latency.report {
        std::fs::write(path, page)
            .map_err(|error| Failure::from(format!("{}: {error}", path.display())))?;
        complain("note", format!("the page is {}", path.display()));
    }
    Ok(())
}

type Events<E> = Arc<[(Timestamp, E)]>;

/// All events in memory, in the order in which they are to be replayed: that of
/// their files, several files by time.
fn load<S: Sample>(sample: &S, shared: &SharedOptions) -> Result<Events<S::Event>, Failure> {
    let mut files = Vec::new();
    let alone = |shared: &SharedOptions| -> Result<Vec<(Timestamp, S::Event)>, Failure> {
        let job = Job::new(S::NAME, Config::new().workers(1))?;
        let begun = begin(&job, sample, shared)?;
        let events = begun.events.collect();
        job.run()?;
        let malformed = begun.tally.read().malformed;
        if malformed > 0 {
            complain(
                "warning",
                format!("{malformed} malformed lines were left out"),
            );
        }
        Ok(events.take_timed())
    };
    let inputs = match shared.input.is_empty() {
        true if shared.generate.is_none() => sample.default_inputs(),
        _ => shared.input.clone(),
    };
    if inputs.is_empty() {
        files.push(alone(shared)?);
    }
    for input in inputs {
        let mut one = shared.clone();
        one.input = vec![input];
        files.push(alone(&one)?);
    }
    Ok(merged(files).into())
}

/// Files as one, by how far time has come in each.
fn merged<E>(files: Vec<Vec<(Timestamp, E)>>) -> Vec<(Timestamp, E)> {
    let mut all = Vec::with_capacity(files.iter().map(Vec::len).sum());
    for file in files {
        let mut latest = Timestamp::MIN;
        for (time, event) in file {
            latest = latest.max(time);
            all.push((latest, (time, event)));
        }
    }
    // It is stable: events of one file keep their order.
    all.sort_by_key(|(latest, _)| *latest);
    all.into_iter().map(|(_, event)| event).collect()
}

fn run_once<S: Sample>(
    sample: &S,
    events: &Events<S::Event>,
    schedule: &Arc<Schedule>,
    config: Config,
) -> Result<Measured, Failure> {
    let job = Job::new(S::NAME, sample.config(config))?;
    let replay = Replay::new(events, schedule);
    let begun = replay.begun();
    let stream = job.timed_source(replay).named("replay").boxed_timed();
    let (sink, results) = ResultsOut::new(schedule, &begun);
    sample.results(stream)?.sink(sink);
    let hiccups = Hiccups::start();
    let (cpu, started) = (CpuTime::now(), Instant::now());
    job.run()?;
    let elapsed = started.elapsed();
    let cores_used = CpuTime::now().since(cpu).as_secs_f64() / elapsed.as_secs_f64().max(1e-9);
    let sending = begun.elapsed_when_sent().unwrap_or(elapsed);
    // The last event is followed by nothing: its share of the time belongs to it.
    let asked_s = (schedule.total() as f64 / schedule.rate()).max(1e-9);
    Ok(Measured {
        results: results.recv().map_err(|_| {
            Failure::from("the run was ended before there was anything to measure".to_owned())
        })?,
        hiccups: hiccups.stop(),
        reached: schedule.total() as f64 / sending.as_secs_f64().max(asked_s),
        asked: schedule.rate(),
        cores_used,
    })
}
