//! One run on the engine.

use std::thread;
use std::time::Duration;

use fluxus::prelude::*;
use fluxus::source::SourceStatus;
use fluxus::Timed;
use serde::Serialize;

use crate::available::pin_this_thread;
use crate::engine::config;
use crate::{Cores, Idle, Options};

use super::clock::{Monotonic, RunClock};
use super::cpu::{Snapshot, ThreadUse};
use super::feeder::{feed, Gone, Outlet, Wait};
use super::hiccup::{measure_alone, measure_beside, HiccupPlace, HiccupReading, Hiccups};
use super::measured::{Measured, Readings};
use super::record_sink::RecordSink;
use super::recorder::{HandedIn, Meter};
use super::schedule::Schedule;
use super::seats::Seats;
use super::source::{Paced, Watermarks};
use super::span::Span;
use super::tick::{Sent, Tick};
use super::window_sends::WindowSends;
use super::window_sink::WindowSink;

/// Where the source lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// In a thread of its own, which feeds the first worker through a ring.
    Thread,
    /// In the first worker.
    Worker,
}

/// What is run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Records a second.
    pub rate: u64,
    /// How long is measured.
    pub measured: Duration,
    /// How long the same goes on before, and does not count.
    pub warm_up: Duration,
    /// How long windows are; without, records are only handed over.
    pub window: Option<Duration>,
    /// Distinct keys.
    pub keys: u32,
    /// Where the source lives.
    pub origin: Origin,
    /// Workers and their settings. Its cores are dealt out to the source, where
    /// it is a thread, and then to the workers.
    pub engine: Options,
}

impl Default for Plan {
    /// Ten seconds of 100,000 records a second, across two cores.
    fn default() -> Self {
        Self {
            rate: 100_000,
            measured: Duration::from_secs(10),
            warm_up: Duration::from_secs(1),
            window: Some(Duration::from_millis(10)),
            keys: 1_000,
            origin: Origin::Thread,
            engine: Options::default(),
        }
    }
}

impl Plan {
    /// The times of a run; without windows there is still a grid to lie on.
    pub(crate) fn span(&self) -> Span {
        let window = self.window.unwrap_or(Duration::from_millis(10));
        Span::new(self.warm_up, self.measured, window)
    }
}

/// How long hiccups are looked for before and after a run, on each core, where
/// none is free for a meter beside it; less where the run itself is shorter.
const AROUND: Duration = Duration::from_secs(1);

/// What one run is made of, beside the engine.
pub(crate) struct Bench<'plan> {
    pub(crate) plan: &'plan Plan,
    pub(crate) span: Span,
    pub(crate) clock: Monotonic,
    pub(crate) seats: Seats,
    pub(crate) records: HandedIn,
    windows: HandedIn,
    sends: WindowSends,
}

/// Runs `plan` on the engine.
///
/// # Errors
/// Why the job could not be built, or failed.
pub fn run(plan: &Plan) -> Result<Measured, String> {
    let allowed = Cores::read();
    let seats = Seats::deal(&plan.engine, plan.origin, allowed.as_slice());
    let around = match (plan.origin, seats.free) {
        (Origin::Worker, None) => Some(plan.measured.min(2 * AROUND) / 2),
        _ => None,
    };
    let cores = seats.all();
    let before = around.map(|length| measure_alone(&cores, length));
    let bench = Bench::new(plan, seats);
    let (mut readings, warnings) = bench.run()?;
    if let (Some(length), Some(mut hiccups)) = (around, before) {
        // Both were made alike, so adding cannot fail.
        let _ = hiccups.add(measure_alone(&cores, length));
        readings.hiccups = HiccupReading::around(hiccups);
    }
    Ok(Measured::conclude(plan, bench.span, readings, warnings))
}

impl<'plan> Bench<'plan> {
    /// The run begins here: its clock starts.
    pub(crate) fn new(plan: &'plan Plan, seats: Seats) -> Self {
        let span = plan.span();
        Self {
            plan,
            span,
            clock: Monotonic::start(),
            seats,
            records: HandedIn::default(),
            windows: HandedIn::default(),
            sends: WindowSends::new(span),
        }
    }

    pub(crate) fn meter(&self) -> Meter<Monotonic> {
        Meter::new(self.clock, self.span, self.records.clone())
    }

    fn schedule(&self) -> Schedule {
        Schedule::new(self.plan.rate, self.span)
    }

    fn watermarks(&self) -> Option<Watermarks> {
        let sends = self.sends.clone();
        self.plan.window.map(|_| Watermarks::new(sends))
    }

    fn run(&self) -> Result<(Readings, Vec<String>), String> {
        let options = Options {
            cores: self.seats.workers.clone(),
            ..self.plan.engine.clone()
        };
        let config = config(&options, u64::from(self.plan.keys));
        let job = Job::new("latency", config).map_err(|error| error.to_string())?;
        let input = match self.plan.origin {
            Origin::Thread => {
                let ring = self.plan.engine.ring.unwrap_or(DEFAULT_RING);
                let (input, stream) = job.input::<Tick>(ring).map_err(|error| error.to_string())?;
                self.attach(stream)?;
                Some(input)
            }
            Origin::Worker => {
                self.attach(job.timed_sources(self.sources()))?;
                None
            }
        };
        let running = job.start().map_err(|error| error.to_string())?;
        let warnings = running.warnings().iter().map(ToString::to_string).collect();
        let (fed, threads, report) = thread::scope(|scope| {
            let feeder = input.map(|input| self.spawn_feeder(scope, input));
            let beside = match (self.plan.origin, self.seats.free) {
                (Origin::Worker, Some(core)) => {
                    let (clock, span) = (self.clock, self.span);
                    Some((core, scope.spawn(move || measure_beside(core, clock, span))))
                }
                _ => None,
            };
            let threads = self.watch();
            let fed = match (feeder, beside) {
                (Some(feeder), _) => {
                    let place = HiccupPlace::Source(self.seats.source);
                    joined(feeder).map(|hiccups| HiccupReading::beside(hiccups, place))
                }
                (None, Some((core, meter))) => {
                    let place = HiccupPlace::Beside(core);
                    Ok(HiccupReading::beside(joined(meter), place))
                }
                // Filled in by what was measured before and after.
                (None, None) => Ok(HiccupReading::beside(
                    Hiccups::new(self.span),
                    HiccupPlace::BeforeAndAfter,
                )),
            };
            (fed, threads, running.join())
        });
        // Why the job ended is told first: a source whose job has gone only
        // says that.
        report.map_err(|error| error.to_string())?;
        let hiccups = fed.map_err(|Gone| "the job ended before its source had".to_owned())?;
        let readings = Readings {
            records: self.records.together(self.span),
            windows: self.plan.window.map(|_| self.windows.together(self.span)),
            hiccups,
            threads,
        };
        Ok((readings, warnings))
    }

    /// From the stream of records to its end.
    fn attach(&self, stream: DataStream<impl Chainable>) -> Result<(), String> {
        let mut meter = self.meter();
        let stream = stream.map(Sent::from);
        match self.plan.window {
            None => stream.sink(RecordSink(meter)),
            Some(window) => {
                let window = Tumbling::new(window).map_err(|error| error.to_string())?;
                stream
                    .inspect(move |&record| meter.see(record))
                    .key_by(|record| record.key)
                    .window(window)
                    .count()
                    .sink(WindowSink::new(
                        self.clock,
                        self.span,
                        self.sends.clone(),
                        self.windows.clone(),
                    ));
            }
        }
        Ok(())
    }

    /// The source in the first worker; without windows, instances that hold
    /// their places on the others, so that the records are brought together on
    /// the last.
    fn sources(&self) -> Vec<Paced<Monotonic>> {
        let keys = self.plan.keys;
        // A worker that parks would sleep past the moment when something is due.
        let while_waiting = match self.plan.engine.idle {
            Idle::Spin | Idle::Yield => SourceStatus::Idle,
            Idle::Adaptive | Idle::Park => SourceStatus::Ready,
        };
        let source = Paced::new(
            self.clock,
            self.schedule(),
            keys,
            self.watermarks(),
            while_waiting,
        );
        let others = match self.plan.window {
            Some(_) => 0,
            None => self.plan.engine.workers.saturating_sub(1),
        };
        let others = (0..others).map(|_| Paced::nothing(self.clock));
        std::iter::once(source).chain(others).collect()
    }

    /// Starts the thread that feeds `outlet`; it answers with its hiccups.
    pub(crate) fn spawn_feeder<'scope, O>(
        &'scope self,
        scope: &'scope thread::Scope<'scope, '_>,
        mut outlet: O,
    ) -> thread::ScopedJoinHandle<'scope, Result<Hiccups, Gone>>
    where
        O: Outlet + Send + 'scope,
    {
        let body = move || {
            pin_this_thread(self.seats.source);
            let mut hiccups = Hiccups::new(self.span);
            let wait = self.wait();
            feed(
                &self.clock,
                self.schedule(),
                self.plan.keys,
                self.watermarks(),
                &mut hiccups,
                wait,
                &mut outlet,
            )?;
            Ok(hiccups)
        };
        spawn_named(scope, "source", body)
    }

    /// How a thread of the harness waits.
    pub(crate) fn wait(&self) -> Wait {
        match self.seats.crowded {
            true => Wait::Yield,
            false => Wait::Spin,
        }
    }

    /// Sleeps through the run, and says what every thread used in the measured
    /// time.
    pub(crate) fn watch(&self) -> Vec<ThreadUse> {
        // Ahead of the end, while all threads are still there.
        let margin_ns = self.span.measured_ns() / 20;
        self.sleep_until(self.span.measured_from_ns);
        let before = Snapshot::take();
        self.sleep_until(self.span.end_ns - margin_ns);
        before.until(&Snapshot::take())
    }

    fn sleep_until(&self, moment_ns: u64) {
        let left_ns = moment_ns.saturating_sub(self.clock.now_ns());
        thread::sleep(Duration::from_nanos(left_ns));
    }
}

/// Records in the ring between the source's thread and the engine: the engine's
/// own default.
pub(crate) const DEFAULT_RING: usize = 4096;

/// A stream of records that know their times.
trait Chainable: fluxus::Chain<Item = Tick> + Timed {}
impl<C: fluxus::Chain<Item = Tick> + Timed> Chainable for C {}

pub(crate) fn spawn_named<'scope, R: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    name: &str,
    body: impl FnOnce() -> R + Send + 'scope,
) -> thread::ScopedJoinHandle<'scope, R> {
    match thread::Builder::new()
        .name(name.to_owned())
        .spawn_scoped(scope, body)
    {
        Ok(handle) => handle,
        // As `Scope::spawn` does.
        Err(error) => panic!("the thread `{name}` could not be started: {error}"),
    }
}

/// What a thread answered; its panic goes on here.
pub(crate) fn joined<R>(handle: thread::ScopedJoinHandle<'_, R>) -> R {
    match handle.join() {
        Ok(answer) => answer,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
