use crate::instance::Latencies;
use crate::metrics::{Reading, Registry};
use crate::plan::Conclusion;
use crate::run::report;
use crate::{Error, Name, Plan, Report};
use fluxus_runtime::{Control, InlineRun, Task};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A job on the calling thread that moves when it is told to: feed it, move its
/// clock, let it [settle](Self::settle), look at what it said, and so on.
///
/// ```
/// use fluxus_core::source::{input, Head};
/// use fluxus_core::testing::{hear, Mood, Rehearsal, Said};
/// use fluxus_core::windows::Timestamp;
/// use fluxus_core::{Config, Name, Plan};
///
/// let mut plan = Plan::new("fed", Config::new().workers(1).conclude()?);
/// let (mut input, source) = input(&plan, 16)?;
/// let head = Head::<_, true>::new(&mut plan, Name::new("input"), vec![source])?;
/// let heard = hear(&mut plan, &Name::new("heard"), head, Mood::AlwaysOpen)?;
///
/// let mut job = Rehearsal::of(plan)?;
/// input.send(Timestamp::from_nanos(5), "sea").unwrap();
/// job.settle();
/// assert_eq!(heard.take(), [[Said::Record(5, "sea")]]);
/// input.close();
/// job.finish()?;
/// assert_eq!(heard.take(), [[Said::End]]);
/// # Ok::<(), fluxus_core::Error>(())
/// ```
pub struct Rehearsal {
    name: Name,
    run: InlineRun,
    control: Control,
    registry: Arc<Registry>,
    latencies: Arc<Latencies>,
    started: Instant,
}

/// Rounds in which no task got on, before it is believed that none will: one may
/// send what it held back and say that it was idle.
const FRUITLESS: u32 = 8;

/// How long a job that is to finish waits for the outside between two rounds.
const NAP: Duration = Duration::from_micros(100);

impl Rehearsal {
    /// The job of this plan, which has not moved yet.
    ///
    /// # Errors
    /// When a stream was never brought to a sink.
    pub fn of(plan: Plan) -> Result<Self, Error> {
        let Conclusion {
            name,
            settings,
            control,
            workers,
            registry,
            latencies,
            ..
        } = plan.conclude()?;
        let tasks: Vec<Box<dyn Task>> = workers.into_iter().flat_map(|w| w.tasks).collect();
        Ok(Self {
            name,
            run: InlineRun::new(tasks, &control, settings.batch),
            control,
            registry,
            latencies,
            started: Instant::now(),
        })
    }

    /// Polls all tasks in turn until none gets on any more. Answers whether there
    /// are any left: if not, the job has ended or failed.
    pub fn settle(&mut self) -> bool {
        let mut fruitless = 0;
        while self.run.is_live() && fruitless < FRUITLESS {
            fruitless = match self.run.round() {
                true => 0,
                false => fruitless + 1,
            };
        }
        self.run.is_live()
    }

    /// Every counter of the job as it stands.
    pub fn readings(&self) -> Vec<Reading> {
        self.registry.read()
    }

    /// What stops or drains the job.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Runs the job to its end. Its sources must come to theirs: what feeds them
    /// is closed before, or the job is told to drain or to stop.
    ///
    /// # Errors
    /// When the job fails, or has failed before.
    pub fn finish(mut self) -> Result<Report, Error> {
        while self.settle() {
            std::thread::sleep(NAP);
        }
        let outcome = self.run.finish();
        let drained = self.control.is_draining();
        let latencies = self.latencies.take();
        report(
            self.name,
            outcome,
            drained,
            &self.registry,
            latencies,
            self.started,
        )
    }
}
