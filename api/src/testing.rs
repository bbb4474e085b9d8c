//! The test kit: jobs and operators put to the test without threads, clocks or
//! chance.
//!
//! A job of one's own, fed by a [`Script`] (records, watermarks, silence), on
//! one thread and with a clock that stands until it is moved, and what came out
//! of it compared, watermarks in their places:
//!
//! ```
//! use fluxus::prelude::*;
//! use fluxus::testing::{Said, Script};
//! use std::time::Duration;
//!
//! let job = Job::new("late", Config::new().workers(1))?;
//! let script = Script::of([
//!     Said::Record(3, "sea"),
//!     Said::Watermark(9),
//!     Said::Record(4, "ship"), // late
//!     Said::Record(12, "whale"),
//! ]);
//! let counts = job
//!     .timed_source(script)
//!     .window_all(Tumbling::new(Duration::from_nanos(10))?)
//!     .count()
//!     .map(|row| (row.start().nanos(), row.value))
//!     .heard();
//! let report = job.run_local()?;
//! counts.assert_said([
//!     Said::Record(9, (0, 1)),
//!     Said::Watermark(9),
//!     Said::Record(19, (10, 1)),
//! ]);
//! assert_eq!(report.late(), 1);
//! # Ok::<(), fluxus::Error>(())
//! ```
//!
//! | to test | there is |
//! |---|---|
//! | a job, by hand | [`Script`], [`Job::run_local`], [`ManualClock`](crate::ManualClock), [`DataStream::heard`] |
//! | a job, step by step | [`Job::rehearse`]: it moves when it is told to |
//! | that no order of things matters | [`run_with_seeds`]: the job's tasks in thousands of random orders |
//! | an operator, a closure, a chain of them | [`holds`]: one record at a time, all at once, into a downstream that is full at every other call |
//! | a source, a sink | [`source_yields`], [`sink_writes`], [`sink_cut_off`]: pulled and written to in batches of any size |
//! | plain lists | [`assert_in_order`], [`assert_in_any_order`], [`assert_in_order_by`] |
//!
//! Times in the kit are whole nanoseconds, plain numbers: in a test a tick is as
//! good as a second. What is found wrong is a panic with a message.

pub use fluxus_core::testing::{
    assert_in_any_order, assert_in_order, assert_in_order_by, cut_off, drives, each, hasty_drives,
    holds_when, same_with_seeds, sample, sink_cut_off, sink_writes, source_yields, Drive, Heard,
    Mood, Random, Rehearsal, Said, Script, PATIENT,
};

use crate::{DataStream, Job};
use fluxus_core::source::Head;
use fluxus_core::testing::{hear, run_seeded};
use fluxus_core::{Chain, Error, Report};
use std::fmt::Debug;

impl<C: Chain> DataStream<C> {
    /// Brings the stream to its end in what it is heard to say: records, and the
    /// signals in their places among them, by instance. For tests.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// use fluxus::testing::Said;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let monotonous = BoundedDisorder::monotonous();
    /// let timed = job
    ///     .from_iter([5i64, 7])
    ///     .timestamps(|&n| Timestamp::from_nanos(n), monotonous)
    ///     .heard();
    /// # job.run()?;
    /// timed.assert_said([Said::Record(5, 5), Said::Record(7, 7), Said::Watermark(6)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn heard(self) -> Heard<C::Item> {
        self.heard_by(Mood::AlwaysOpen)
    }

    /// As [`heard`](Self::heard), by a downstream that holds the stream to the
    /// contract of [`Collector`](crate::source::Collector) and is full, busy or
    /// satisfied now and then, as its mood is.
    pub fn heard_by(self, mood: Mood) -> Heard<C::Item> {
        let name = self.shared.name("heard");
        let heard = self.shared.plan(|plan| hear(plan, &name, self.chain, mood));
        heard.unwrap_or_default()
    }
}

impl Job {
    /// Takes the job onto the calling thread, where it moves when it is told to:
    /// feed it, move its clock, let it settle, look at what it said. For tests.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use fluxus::ManualClock;
    /// # use std::time::Duration;
    /// let clock = ManualClock::at(Timestamp::from_secs(100));
    /// let job = Job::new("doc", Config::new().workers(1).clock(clock.clone()))?;
    /// let (mut input, stream) = job.input(16)?;
    /// let counts = stream
    ///     .processing_time()
    ///     .window_all(Tumbling::new(Duration::from_secs(10))?)
    ///     .count()
    ///     .map(|row| row.value)
    ///     .heard();
    ///
    /// let mut job = job.rehearse()?;
    /// input.send(Timestamp::MIN, "call").unwrap();
    /// input.send(Timestamp::MIN, "me").unwrap();
    /// job.settle();
    /// counts.assert_records(&[]);
    /// clock.advance(Duration::from_secs(10));
    /// job.settle();
    /// counts.assert_records(&[2]);
    /// input.close();
    /// job.finish()?;
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    ///
    /// # Errors
    /// What was wrong with the job as it was described.
    pub fn rehearse(self) -> Result<Rehearsal, Error> {
        Rehearsal::of(self.take_plan()?)
    }

    /// Runs the job on the calling thread, its tasks polled in a random order
    /// with random budgets: some starve for a while, some are polled again and
    /// again. The same seed gives the same polls, and so the same output in the
    /// same order. For tests; [`testing::run_with_seeds`](run_with_seeds) does it
    /// with many.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// let run = |seed| {
    ///     let job = Job::new("doc", Config::new().workers(2))?;
    ///     let numbers = job.from_range(0..100, 2).key_by(|n| n % 7).reduce(|a, b| a + b);
    ///     let numbers = numbers.collect();
    ///     job.run_seeded(seed)?;
    ///     Ok::<_, fluxus::Error>(numbers.take())
    /// };
    /// assert_eq!(run(5)?, run(5)?);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Job::run); and when the job stalls: nothing moves, and no
    /// source is idle that something from outside could wake. The error says
    /// which tasks are blocked.
    pub fn run_seeded(self, seed: u64) -> Result<Report, Error> {
        run_seeded(self.take_plan()?, seed)
    }
}

/// Runs a job many times, its tasks interleaved otherwise for every seed, and
/// holds each run to what the first one gave: the same output, whatever the
/// order in which the tasks were polled. Answers with that output.
///
/// `build` makes the job anew, and what reads its output when it has run. Let
/// the output be such that it can be compared: sort what has no order.
///
/// ```
/// use fluxus::prelude::*;
/// use fluxus::testing::run_with_seeds;
///
/// let sums = run_with_seeds(0..100, || {
///     let job = Job::new("sums", Config::new().workers(2).batch(2))?;
///     let sums = job
///         .from_range(0..20, 2)
///         .key_by(|n| n % 3)
///         .reduce(|a, b| a + b)
///         .collect();
///     Ok((job, move || {
///         let mut sums = sums.take();
///         sums.sort();
///         sums.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
///     }))
/// });
/// assert_eq!(sums.len(), 20);
/// ```
///
/// # Panics
/// When a run fails, stalls, or gives something else; the message names the
/// seed, with which [`Job::run_seeded`] does it again.
#[track_caller]
pub fn run_with_seeds<R, O>(
    seeds: impl IntoIterator<Item = u64>,
    build: impl FnMut() -> Result<(Job, O), Error>,
) -> R
where
    R: PartialEq + Debug,
    O: FnOnce() -> R,
{
    same_with_seeds(seeds, build, Job::run_seeded)
}

/// Drives the streams that `build` makes of a source of several partitions, a
/// script each, in one way, and tells what each instance of the result said.
///
/// # Panics
/// When the job fails, or breaks the contract of
/// [`Collector`](crate::source::Collector).
#[track_caller]
pub fn heard_by_all<T, C>(
    drive: Drive,
    scripts: &[Vec<Said<T>>],
    build: impl FnOnce(DataStream<Head<Script<T>, true>>) -> DataStream<C>,
) -> Vec<Vec<Said<C::Item>>>
where
    T: Clone + Send + 'static,
    C: Chain,
    C::Item: Debug,
{
    let run = || {
        let job = Job::new("hostile", drive.config())?;
        let sources = scripts.iter().map(|lines| drive.script(lines));
        let heard = build(job.timed_sources(sources)).heard_by(drive.mood);
        job.run_local()?;
        Ok(heard.take())
    };
    run().unwrap_or_else(|error: Error| panic!("{drive:?}: {error}"))
}

/// As [`heard_by_all`], of one script and one instance.
///
/// # Panics
/// As it does; and when not exactly one instance came to an end.
#[track_caller]
pub fn heard<T, C>(
    drive: Drive,
    script: &[Said<T>],
    build: impl FnOnce(DataStream<Head<Script<T>, true>>) -> DataStream<C>,
) -> Vec<Said<C::Item>>
where
    T: Clone + Send + 'static,
    C: Chain,
    C::Item: Debug,
{
    let mut all = heard_by_all(drive, &[script.to_vec()], build);
    assert_eq!(all.len(), 1, "{drive:?}: the end was said exactly once");
    all.remove(0)
}

/// Holds a chain of operators to what it should say, however it is driven: one
/// record at a time and all at once, into a downstream that is full or busy at
/// every other call, or that wants no more after any number of records.
///
/// ```
/// use fluxus::testing::{each, holds, sample};
///
/// let expected = each(&sample(), |n| if n % 2 == 0 { vec![n, -n] } else { vec![] });
/// holds("mirrored", &expected, &sample(), |stream| {
///     stream.filter(|n| n % 2 == 0).flat_map(|n| [n, -n])
/// });
/// ```
///
/// # Panics
/// When it says anything else, or breaks the contract of
/// [`Collector`](crate::source::Collector); the message says how it was driven.
#[track_caller]
pub fn holds<T, C>(
    what: &str,
    expected: &[Said<C::Item>],
    script: &[Said<T>],
    build: impl Fn(DataStream<Head<Script<T>, true>>) -> DataStream<C>,
) where
    T: Clone + Send + 'static,
    C: Chain,
    C::Item: Debug + PartialEq + Clone,
{
    holds_when(what, expected, |drive| heard(drive, script, &build));
}
