//! Where records come from.
//!
//! A [`Source`] is pulled: a stage asks it for at most a batch of records, and
//! it pushes them into the chain it is given. It never blocks for long and never
//! spins: one that has nothing to say answers [`SourceStatus::Idle`], or
//! [`SourceStatus::IdleFor`] if it knows when it will have more.
//!
//! | a source of | is | ends |
//! |---|---|---|
//! | an iterator, a range, a slice, a function | [`IteratorSource`], [`RangeSource`], [`SliceSource`], [`Generator`] | where that does |
//! | the lines or rows of a file | [`LinesSource`], [`CsvSource`], [`JsonLinesSource`] | at its end |
//! | a file that grows | [`FollowSource`] | when drained |
//! | sockets | [`TcpLinesSource`], [`UdpLinesSource`] | when drained |
//! | what blocks when it is read | [`ReaderLinesSource`] | where that does |
//! | another thread | [`input`] | when its handle is dropped |
//! | time | [`TickSource`] | when drained |
//!
//! What reads from outside has a limit on everything that it holds, and counts what
//! it leaves out.

mod channel;
mod generator;
mod iterator;
mod range;
mod retrying;
mod slice;
mod task;

mod line_cutter;
mod line_reader;
mod malformed_line;

mod csv;
mod json_lines;
mod lines;

mod follow;
mod reader_lines;
mod tcp_lines;
mod udp_lines;

mod ticks;

pub use self::csv::{CsvHeader, CsvSource};
pub use channel::{input, ChannelSource, Input, SendError, TrySendError};
pub use follow::{FollowFrom, FollowSource, WhenMissing};
pub use generator::Generator;
pub use iterator::{IteratorSource, TimedIteratorSource};
pub use json_lines::JsonLinesSource;
pub use line_cutter::{BadUtf8, Line};
pub use lines::LinesSource;
pub use malformed_line::MalformedLine;
pub use range::RangeSource;
pub use reader_lines::ReaderLinesSource;
pub use retrying::RetryingSource;
pub use slice::SliceSource;
pub(crate) use task::SourceTask;
pub use tcp_lines::{PeerLine, TcpLinesSource};
pub use ticks::{MissedTicks, PeriodError, Tick, TickSource};
pub use udp_lines::UdpLinesSource;

use crate::metrics::Measure;
use crate::plan::StreamHead;
use crate::{
    Chain, Clock, Collector, Error, Flow, Instance, Name, Named, Plan, Spread, Timed, WallClock,
};
pub use fluxus_ringbuf::CounterWriter;
use std::error::Error as StdError;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// An error of a source or a sink, of any type.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Opens a file to read it; an error names it.
fn open_file(path: &Path) -> Result<File, BoxError> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        let path = path.display();
        return Err(format!("{path}: is a directory; name a file").into());
    }
    Ok(file)
}

/// Whether a source has more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceStatus {
    /// There is or may be more at once.
    Ready,
    /// There is nothing for now. A worker that parks asks again when it is
    /// woken, or within some milliseconds.
    Idle,
    /// There is nothing for now, and there will be something after this long,
    /// without anybody waking the worker: it asks again by then, however it
    /// rests. For a source that knows when: one that keeps a schedule, say.
    IdleFor(Duration),
    /// There will be nothing more.
    Ended,
}

/// What one pull came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// How many records were pushed.
    pub records: usize,
    /// Whether there is more.
    pub status: SourceStatus,
    /// The last answer of the chain.
    pub flow: Flow,
}

/// What a source is given when it is opened.
#[non_exhaustive]
pub struct SourceContext {
    /// How much input was not as it should be: for the source to count.
    pub malformed: CounterWriter,
    /// When watermarks are born, for latencies.
    pub clock: Clock,
    /// The time of the wall, as the job has it: a test moves it by hand.
    pub wall: Arc<dyn WallClock>,
    name: Name,
    instance: Instance,
}

impl SourceContext {
    pub(crate) fn new(name: &Name, instance: &Instance) -> Self {
        Self {
            malformed: instance.counter(name, Measure::Malformed),
            clock: instance.clock,
            wall: Arc::clone(&instance.wall),
            name: name.clone(),
            instance: instance.clone(),
        }
    }

    /// A counter of its own for something else, which readings and reports have
    /// under the source's name.
    pub fn counter(&self, measure: Measure) -> CounterWriter {
        self.instance.counter(&self.name, measure)
    }

    /// The same once more, for a source that is opened again. (Counters of one
    /// name are added up.)
    pub(crate) fn again(&self) -> Self {
        Self::new(&self.name, &self.instance)
    }
}

/// Where a stream begins. One value is one instance, owned by one worker.
///
/// A source of one's own:
///
/// ```
/// use fluxus_core::source::{BoxError, Pulled, Source, SourceStatus};
/// use fluxus_core::{Collector, Flow};
/// use fluxus_windows::Timestamp;
///
/// /// Counts down to zero.
/// struct Countdown(u32);
///
/// impl Source for Countdown {
///     type Item = u32;
///
///     fn pull<C: Collector<u32>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
///         let mut records = 0;
///         while records < budget && self.0 > 0 {
///             self.0 -= 1;
///             records += 1;
///             let flow = out.push(Timestamp::MIN, self.0);
///             if !flow.is_open() {
///                 return Ok(Pulled { records, status: SourceStatus::Ready, flow });
///             }
///         }
///         let status = if self.0 == 0 { SourceStatus::Ended } else { SourceStatus::Ready };
///         Ok(Pulled { records, status, flow: Flow::Open })
///     }
/// }
/// ```
pub trait Source: Send + 'static {
    /// What it yields.
    type Item: Send + 'static;

    /// Called once, on the worker's thread, before the first pull. (Behind a
    /// [`Retry`](crate::Retry) it is called again when it failed with a
    /// [`Transient`](crate::Transient) error.)
    ///
    /// # Errors
    /// When there is nothing to read from: the job fails.
    fn open(&mut self, context: SourceContext) -> Result<(), BoxError> {
        let _ = context;
        Ok(())
    }

    /// Pushes at most `budget` records, and stops after any push whose answer
    /// is not open. A record without a time of its own is pushed at
    /// [`Timestamp::MIN`](fluxus_windows::Timestamp::MIN).
    ///
    /// # Errors
    /// When the source fails: the job fails. An error is never taken for the
    /// end of the stream. Behind a [`Retry`](crate::Retry) it is pulled again after
    /// a [`Transient`](crate::Transient) error, behind what it has pushed.
    fn pull<C: Collector<Self::Item>>(
        &mut self,
        budget: usize,
        out: &mut C,
    ) -> Result<Pulled, BoxError>;

    /// The job is draining: nothing new is to be taken. Answers whether there is
    /// something that was accepted and not handed on yet; if so the source is
    /// pulled on until it says that it has ended. Most sources have nothing.
    fn drain(&mut self) -> bool {
        false
    }

    /// Called once after [`open`](Self::open) was, though it failed, however the
    /// job ends.
    fn close(&mut self) {}
}

/// The head of a chain: one source for each instance of it.
pub struct Head<S, const TIMED: bool> {
    name: Name,
    sources: Vec<S>,
    stream: StreamHead,
}

impl<S: Source, const TIMED: bool> Head<S, TIMED> {
    /// A head over `sources`, each of which becomes an instance.
    ///
    /// `TIMED` states whether the sources give their records event times and
    /// send watermarks.
    ///
    /// # Errors
    /// When there is no source at all.
    pub fn new(plan: &mut Plan, name: Name, sources: Vec<S>) -> Result<Self, Error> {
        if sources.is_empty() {
            return Err(Error::operator(
                name,
                "it has no partition: give it at least one",
            ));
        }
        let stream = plan.stream_begins(&name);
        Ok(Self {
            name,
            sources,
            stream,
        })
    }
}

impl<S, const TIMED: bool> Head<S, TIMED> {
    /// A head without a source, for a stream that could not be begun.
    pub fn none(name: Name) -> Self {
        Self {
            name,
            sources: Vec::new(),
            stream: StreamHead::default(),
        }
    }
}

impl<S: Source, const TIMED: bool> Named for Head<S, TIMED> {
    fn rename(&mut self, name: Name) {
        self.stream.rename(&name);
        self.name = name;
    }
}

impl<S: Source> Timed for Head<S, true> {}

impl<S: Source, const TIMED: bool> Chain for Head<S, TIMED> {
    type Item = S::Item;

    fn instances(&self, _: &Plan) -> Spread {
        Spread::over(self.sources.len())
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<S::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        self.stream.ends();
        plan.operator(&self.name);
        let instances = plan.close_stage(Spread::over(self.sources.len()));
        for (source, instance) in self.sources.into_iter().zip(instances) {
            let context = SourceContext::new(&self.name, &instance);
            let chain = downstream(&instance);
            let task = SourceTask::new(self.name.clone(), &instance, source, context, chain);
            plan.add_task(&instance, Box::new(task));
        }
        Ok(())
    }
}
