use crate::metrics::{Measure, Reading, Registry};
use crate::plan::Conclusion;
use crate::{Error, JobFailure, Name, Plan};
use fluxus_runtime::{
    launch, run_inline, Control, JobHandle, Outcome, Task, Warning, WorkerReport,
};
use hdrhistogram::Histogram;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Starts the plan on its workers and returns at once.
///
/// # Errors
/// When a stream was never brought to a sink, or the threads cannot be started.
pub fn start(plan: Plan) -> Result<RunningJob, Error> {
    let Conclusion {
        name,
        settings,
        seating,
        control,
        workers,
        registry,
        latencies,
    } = plan.conclude()?;
    let started = Instant::now();
    let handle = launch(&name, seating, workers, control, settings.batch)
        .map_err(|error| Error::Launch(error.to_string()))?;
    Ok(RunningJob {
        name,
        handle,
        registry,
        latencies,
        started,
    })
}

/// Runs the plan on the calling thread, all tasks in turn: the same input gives
/// the same output in the same order.
///
/// # Errors
/// When a stream was never brought to a sink, or the job fails.
pub fn run_local(plan: Plan) -> Result<Report, Error> {
    let Conclusion {
        name,
        settings,
        control,
        workers,
        registry,
        latencies,
        ..
    } = plan.conclude()?;
    let started = Instant::now();
    let tasks: Vec<Box<dyn Task>> = workers.into_iter().flat_map(|w| w.tasks).collect();
    let outcome = run_inline(tasks, &control, settings.batch);
    let drained = control.is_draining();
    report(name, outcome, drained, &registry, latencies.take(), started)
}

/// A job that runs on its workers.
///
/// Dropping it stops the job and waits a bounded time for its threads.
#[derive(Debug)]
pub struct RunningJob {
    name: Name,
    handle: JobHandle,
    registry: Arc<Registry>,
    latencies: Arc<crate::instance::Latencies>,
    started: Instant,
}

impl RunningJob {
    /// Waits until the job has ended.
    ///
    /// # Errors
    /// When the job failed: an operator panicked, or a source or a sink erred.
    pub fn join(self) -> Result<Report, Error> {
        let control = self.handle.control();
        let outcome = self.handle.join();
        let latencies = self.latencies.take();
        report(
            self.name,
            outcome,
            control.is_draining(),
            &self.registry,
            latencies,
            self.started,
        )
    }

    /// Ends the job now: what is in flight is lost, and sinks are told so.
    pub fn stop(&self) {
        self.handle.stop();
    }

    /// Ends the sources: what is in flight flows out, open windows close, and
    /// the job ends as if its input had. (What one record sets going is waited
    /// for: a `flat_map` of an endless iterator never drains; stop it.)
    pub fn drain(&self) {
        self.handle.drain();
    }

    /// What stops or drains the job from any thread, a signal handler's too.
    pub fn control(&self) -> Control {
        self.handle.control()
    }

    /// Whether the job has ended.
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// What is not as asked for: pins that were refused, cores that are shared.
    pub fn warnings(&self) -> &[Warning] {
        self.handle.warnings()
    }

    /// Every counter of the job as it stands.
    pub fn readings(&self) -> Vec<Reading> {
        self.registry.read()
    }
}

pub(crate) fn report(
    name: Name,
    outcome: Outcome,
    drained: bool,
    registry: &Registry,
    latencies: Option<Histogram<u64>>,
    started: Instant,
) -> Result<Report, Error> {
    if !outcome.faults.is_empty() {
        return Err(Error::Failed(JobFailure {
            faults: outcome.faults,
        }));
    }
    Ok(Report {
        name,
        ending: match (outcome.stopped, drained) {
            (true, _) => JobEnding::Stopped,
            (false, true) => JobEnding::Drained,
            (false, false) => JobEnding::Completed,
        },
        elapsed: started.elapsed(),
        readings: registry.read(),
        latency: latencies.map(Latency),
        workers: outcome.workers,
        warnings: outcome.warnings,
    })
}

/// How a job that did not fail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobEnding {
    /// Its sources ended and everything flowed out.
    Completed,
    /// It was drained: its sources were ended and everything flowed out.
    Drained,
    /// It was stopped: what was in flight is lost.
    Stopped,
}

/// What a job did.
#[derive(Debug)]
pub struct Report {
    /// The job's name.
    pub name: Name,
    /// How it ended.
    pub ending: JobEnding,
    /// From the start of its threads to the end of the last.
    pub elapsed: Duration,
    /// Every counter of every operator.
    pub readings: Vec<Reading>,
    /// How long after the watermark that set them free results were out, where
    /// that was measured.
    pub latency: Option<Latency>,
    /// What each worker did.
    pub workers: Vec<WorkerReport>,
    /// What was not as asked for.
    pub warnings: Vec<Warning>,
}

impl Report {
    /// The sum of a measure over the instances of the operator of this name.
    pub fn of(&self, operator: &str, measure: Measure) -> u64 {
        let of_it = |r: &&Reading| &*r.operator == operator && r.measure == measure;
        self.readings.iter().filter(of_it).map(|r| r.value).sum()
    }

    /// The sum of a measure over all operators.
    pub fn total(&self, measure: Measure) -> u64 {
        let of_it = |r: &&Reading| r.measure == measure;
        self.readings.iter().filter(of_it).map(|r| r.value).sum()
    }

    /// Records that came after their window had closed.
    pub fn late(&self) -> u64 {
        self.total(Measure::Late)
    }
}

/// The distribution of a latency.
pub struct Latency(Histogram<u64>);

impl Latency {
    /// How many records were measured.
    pub fn samples(&self) -> u64 {
        self.0.len()
    }

    /// The latency that `quantile` (0 to 1) of the records did not exceed; none
    /// when fewer than ten records lie beyond it, which would make it a guess.
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        let beyond = (1.0 - quantile) * self.samples() as f64;
        if beyond < 10.0 {
            return None;
        }
        Some(Duration::from_nanos(self.0.value_at_quantile(quantile)))
    }

    /// The longest latency.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.0.max())
    }
}

impl fmt::Debug for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latency")
            .field("samples", &self.samples())
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("p99_9", &self.quantile(0.999))
            .field("max", &self.max())
            .finish()
    }
}
