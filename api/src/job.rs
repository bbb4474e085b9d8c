use crate::DataStream;
use fluxus_core::source::{
    self, ChannelSource, Generator, Head, Input, IteratorSource, LinesSource, RangeSource,
    SliceSource, Source, TimedIteratorSource,
};
use fluxus_core::windows::{Timestamp, WatermarkGenerator};
use fluxus_core::{run_local, start, Config, Diagram, Error, Name, Plan, Report, RunningJob};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// A job in the making: begins streams, then runs them all.
///
/// Everything is checked when the job is built. Mistakes in a stream are kept
/// until [`run`](Job::run), so that streams read without a `?` at every step.
///
/// ```
/// use fluxus::prelude::*;
///
/// let job = Job::new("squares", Config::new().workers(1))?;
/// let squares = job.from_iter(1..=4u64).map(|n| n * n).collect();
/// job.run()?;
/// assert_eq!(squares.take(), [1, 4, 9, 16]);
/// # Ok::<(), fluxus::Error>(())
/// ```
pub struct Job {
    shared: Rc<Shared>,
}

/// A source of its own for each is made at once: more than this is a slip.
const MOST_INSTANCES: usize = 1 << 16;

/// What a job and its streams share while they are built.
pub(crate) struct Shared {
    pub(crate) plan: RefCell<Option<Plan>>,
    /// The first mistake.
    error: RefCell<Option<Error>>,
    /// How many operators were named.
    named: Cell<usize>,
    /// The files that sinks write to.
    files: RefCell<BTreeSet<PathBuf>>,
}

impl Shared {
    /// A name for an operator that was given none: its kind and a number.
    pub(crate) fn name(&self, kind: &str) -> Name {
        self.named.set(self.named.get() + 1);
        Name::new(&format!("{kind}-{}", self.named.get()))
    }

    /// Does something to the plan; a mistake is kept for [`Job::run`].
    pub(crate) fn plan<R>(&self, work: impl FnOnce(&mut Plan) -> Result<R, Error>) -> Option<R> {
        let mut plan = self.plan.borrow_mut();
        // Once the job runs there is no plan to add to; the stream that was
        // left over is the mistake that running has reported.
        match work(plan.as_mut()?) {
            Ok(done) => Some(done),
            Err(error) => {
                self.error.borrow_mut().get_or_insert(error);
                None
            }
        }
    }

    /// Keeps a mistake for [`Job::run`].
    fn mistake(&self, kind: &str, problem: impl Display) {
        let error = Error::operator(kind, problem.to_string());
        self.error.borrow_mut().get_or_insert(error);
    }

    /// Keeps for [`Job::run`] that two sinks write to one file, where the one that
    /// ends last would replace what the other wrote.
    pub(crate) fn writes_to(&self, kind: &str, path: &Path) {
        let is_special = path.metadata().is_ok_and(|found| !found.is_file());
        if !is_special && !self.files.borrow_mut().insert(path.to_path_buf()) {
            let path = path.display();
            let problem = format!(
                "{path}: another sink of this job writes this file: \
                 name another one, or bring the streams together with union"
            );
            self.mistake(kind, problem);
        }
    }

    /// So many instances, or none and a mistake kept for [`Job::run`].
    fn instances(&self, kind: &str, wanted: usize) -> usize {
        if wanted <= MOST_INSTANCES {
            return wanted.max(1);
        }
        let problem =
            format!("it is to have {wanted} instances: ask for {MOST_INSTANCES} at the most");
        self.mistake(kind, problem);
        1
    }

    /// Keeps for [`Job::run`], of both jobs, that streams of two jobs cannot meet
    /// at an operator of this kind.
    pub(crate) fn meets(self: &Rc<Self>, other: &Rc<Self>, kind: &str) {
        if Rc::ptr_eq(self, other) {
            return;
        }
        let problem = "it was given a stream of another job: make both streams of one job";
        for shared in [self, other] {
            shared.mistake(kind, problem);
        }
    }
}

/// The chain of a stream that begins at sources which know no times.
pub(crate) type Untimed<S> = Head<S, false>;
/// The chain of a stream that begins at sources which know their times.
pub(crate) type Timed<S> = Head<S, true>;

impl Job {
    /// A job without streams.
    ///
    /// # Errors
    /// When a setting cannot be, with what to change.
    pub fn new(name: &str, config: Config) -> Result<Self, Error> {
        let settings = config.conclude()?;
        Ok(Self {
            shared: Rc::new(Shared {
                plan: RefCell::new(Some(Plan::new(name, settings))),
                error: RefCell::new(None),
                named: Cell::new(0),
                files: RefCell::default(),
            }),
        })
    }

    pub(crate) fn shared(&self) -> &Rc<Shared> {
        &self.shared
    }

    pub(crate) fn stream<S: Source, const TIMED: bool>(
        &self,
        kind: &str,
        sources: Vec<S>,
    ) -> DataStream<Head<S, TIMED>> {
        let name = self.shared.name(kind);
        let begun = self
            .shared
            .plan(|plan| Head::new(plan, name.clone(), sources));
        let head = begun.unwrap_or_else(|| Head::none(name));
        DataStream::new(Rc::clone(&self.shared), head)
    }

    /// A stream of what an iterator yields. The iterator runs on a worker and
    /// must not block.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let words = job.from_iter("a whale at sea".split(' ')).collect();
    /// # job.run()?;
    /// assert_eq!(words.take(), ["a", "whale", "at", "sea"]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    #[allow(clippy::should_implement_trait)]
    pub fn from_iter<I>(&self, records: I) -> DataStream<Untimed<IteratorSource<I::IntoIter>>>
    where
        I: IntoIterator,
        I::IntoIter: Send + 'static,
        I::Item: Send + 'static,
    {
        self.stream("iterator", vec![IteratorSource::new(records)])
    }

    /// A stream in as many instances as there are iterators, spread over the
    /// workers: what runs in parallel from the source on.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(2))?;
    /// let numbers = job.from_partitions([0..3, 10..13]).collect();
    /// # job.run()?;
    /// let mut numbers = numbers.take();
    /// numbers.sort();
    /// assert_eq!(numbers, [0, 1, 2, 10, 11, 12]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn from_partitions<I>(
        &self,
        partitions: impl IntoIterator<Item = I>,
    ) -> DataStream<Untimed<IteratorSource<I::IntoIter>>>
    where
        I: IntoIterator,
        I::IntoIter: Send + 'static,
        I::Item: Send + 'static,
    {
        let sources = partitions.into_iter().map(IteratorSource::new).collect();
        self.stream("partitions", sources)
    }

    /// A stream of the numbers of a range, in as many instances as asked for,
    /// each with a part of the range of its own. At most 65,536.
    ///
    /// ```
    /// use fluxus::prelude::*;
    ///
    /// let job = Job::new("odd", Config::new().workers(2))?;
    /// let odd = job
    ///     .from_range(0..1_000_000, 2)
    ///     .filter(|n| n % 2 == 1)
    ///     .fold_all(0u64, |count, _| *count += 1, |count, other| *count += other);
    /// job.run()?;
    /// assert_eq!(odd.take(), Some(500_000));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn from_range(
        &self,
        numbers: Range<u64>,
        instances: usize,
    ) -> DataStream<Untimed<RangeSource>> {
        let instances = self.shared.instances("range", instances) as u64;
        let length = numbers.end.saturating_sub(numbers.start);
        let bound = |instance: u64| {
            // In 128 bits, so that the product cannot overflow; at most `length`.
            let share = u128::from(length) * u128::from(instance) / u128::from(instances);
            numbers.start + share as u64
        };
        let sources = (0..instances)
            .map(|instance| RangeSource::new(bound(instance)..bound(instance + 1)))
            .collect();
        self.stream("range", sources)
    }

    /// A stream of the records of a slice in memory, in as many instances as
    /// asked for, which read blocks of 4096 records, each the next that nobody has; at most 65,536.
    /// The way to replay what was loaded before the clock started.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(2))?;
    /// use std::sync::Arc;
    /// let loaded: Arc<[u64]> = (0..1000).collect();
    /// let sum = job
    ///     .from_shared(&loaded, 2)
    ///     .fold_all(0, |sum, n| *sum += n, |sum, other| *sum += other);
    /// # job.run()?;
    /// assert_eq!(sum.take(), Some(499_500));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn from_shared<T>(
        &self,
        records: &Arc<[T]>,
        instances: usize,
    ) -> DataStream<Untimed<SliceSource<T>>>
    where
        T: Clone + Send + Sync + 'static,
    {
        let instances = self.shared.instances("shared", instances);
        self.stream("shared", SliceSource::split(records, instances))
    }

    /// A stream of what an iterator yields with times, and watermarks made of
    /// them: once a batch, or as the generator asks.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let at = Timestamp::from_secs;
    /// let rows = [(at(1), "a"), (at(4), "b"), (at(12), "c")];
    /// let counts = job
    ///     .from_timed_iter(rows, BoundedDisorder::monotonous())
    ///     .window_all(Tumbling::new(std::time::Duration::from_secs(10))?)
    ///     .count()
    ///     .map(|row| row.value)
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(counts.take(), [2, 1]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn from_timed_iter<I, T, G>(
        &self,
        records: I,
        watermarks: G,
    ) -> DataStream<Timed<TimedIteratorSource<I::IntoIter, G>>>
    where
        I: IntoIterator<Item = (Timestamp, T)>,
        I::IntoIter: Send + 'static,
        T: Send + 'static,
        G: WatermarkGenerator<T>,
    {
        let source = TimedIteratorSource::new(records, watermarks);
        self.stream("iterator", vec![source])
    }

    /// A stream of `function(0)`, `function(1)` and so on, until it answers
    /// `None`.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let squares = job.generate(|n| (n < 4).then_some(n * n)).collect();
    /// # job.run()?;
    /// assert_eq!(squares.take(), [0, 1, 4, 9]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn generate<F, T>(&self, function: F) -> DataStream<Untimed<Generator<F>>>
    where
        F: FnMut(u64) -> Option<T> + Send + 'static,
        T: Send + 'static,
    {
        self.stream("generator", vec![Generator::new(function)])
    }

    /// The lines of a file, streamed. See [`LinesSource`] for limits and for
    /// what is done with bad UTF-8; [`Job::source`] takes one that is set up
    /// otherwise.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// # let folder = std::env::temp_dir().join(format!("fluxus-lines-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let path = folder.join("book.txt");
    /// std::fs::write(&path, "Call me\nIshmael.\n").unwrap();
    /// let lines = job.lines(&path).map(|line| (line.number, line.text)).collect();
    /// # job.run()?;
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// assert_eq!(lines.take(), [(0, "Call me".to_owned()), (1, "Ishmael.".to_owned())]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn lines(&self, path: impl AsRef<Path>) -> DataStream<Untimed<LinesSource>> {
        self.stream("lines", vec![LinesSource::new(path)])
    }

    /// A stream that another thread feeds, through a ring of `capacity` records
    /// (a power of two). Records come with their times; watermarks are sent by
    /// hand.
    ///
    /// ```
    /// use fluxus::prelude::*;
    ///
    /// let job = Job::new("fed", Config::new().workers(1))?;
    /// let (mut input, stream) = job.input::<u32>(1024)?;
    /// let doubled = stream.map(|n| 2 * n).collect();
    /// let running = job.start()?;
    /// for n in 0..3 {
    ///     input.send(Timestamp::from_millis(n.into()), n).unwrap();
    /// }
    /// drop(input); // ends the stream
    /// running.join()?;
    /// assert_eq!(doubled.take(), [0, 2, 4]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the capacity is not a power of two, or there is no memory for it.
    #[allow(clippy::type_complexity)]
    pub fn input<T: Send + 'static>(
        &self,
        capacity: usize,
    ) -> Result<(Input<T>, DataStream<Timed<ChannelSource<T>>>), Error> {
        let (input, source) = match self.shared.plan.borrow().as_ref() {
            Some(plan) => source::input(plan, capacity)?,
            None => return Err(Error::NothingToRun),
        };
        Ok((input, self.stream("input", vec![source])))
    }

    /// A stream of a source of one's own, which knows no event time.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// use fluxus::source::{BoxError, Collector, Flow, Pulled, Source, SourceStatus};
    ///
    /// /// One record a pull, counting down.
    /// struct Countdown(i64);
    ///
    /// impl Source for Countdown {
    ///     type Item = i64;
    ///
    ///     fn pull<C: Collector<i64>>(&mut self, _: usize, out: &mut C) -> Result<Pulled, BoxError> {
    ///         if self.0 == 0 {
    ///             return Ok(Pulled { records: 0, status: SourceStatus::Ended, flow: Flow::Open });
    ///         }
    ///         self.0 -= 1;
    ///         let flow = out.push(Timestamp::MIN, self.0);
    ///         Ok(Pulled { records: 1, status: SourceStatus::Ready, flow })
    ///     }
    /// }
    ///
    /// let numbers = job.source(Countdown(3)).collect();
    /// # job.run()?;
    /// assert_eq!(numbers.take(), [2, 1, 0]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn source<S: Source>(&self, source: S) -> DataStream<Untimed<S>> {
        self.stream("source", vec![source])
    }

    /// A stream of a source of one's own, which pushes its records at their
    /// times and sends watermarks.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// // The test kit has one; any that pushes its records at their times will do.
    /// use fluxus::testing::{Said, Script};
    /// let script = Script::of([Said::Record(5, "a"), Said::Watermark(7), Said::Record(9, "b")]);
    /// let timed = job.timed_source(script).collect();
    /// # job.run()?;
    /// let at = Timestamp::from_nanos;
    /// assert_eq!(timed.take_timed(), [(at(5), "a"), (at(9), "b")]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn timed_source<S: Source>(&self, source: S) -> DataStream<Timed<S>> {
        self.stream("source", vec![source])
    }

    /// A stream in as many instances as there are sources, spread over the
    /// workers: a source of one's own with several partitions. They know no
    /// event time.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(2))?;
    /// # use fluxus::source::LinesSource;
    /// # let folder = std::env::temp_dir().join(format!("fluxus-sources-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// let files = ["one.txt", "two.txt"].map(|name| folder.join(name));
    /// for file in &files {
    ///     std::fs::write(file, "a line\n").unwrap();
    /// }
    /// let lines = job.sources(files.iter().map(LinesSource::new));
    /// let count = lines.fold_all(0, |count, _| *count += 1, |count, other| *count += other);
    /// # job.run()?;
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// assert_eq!(count.take(), Some(2));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn sources<S: Source>(
        &self,
        sources: impl IntoIterator<Item = S>,
    ) -> DataStream<Untimed<S>> {
        self.stream("sources", sources.into_iter().collect())
    }

    /// As [`sources`](Self::sources), of sources that push their records at their
    /// times and send watermarks.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(2))?;
    /// use fluxus::testing::Script;
    /// let scripts = [[(1, "a"), (5, "c")], [(3, "b"), (7, "d")]].map(Script::of_records);
    /// let all = job.timed_sources(scripts).collect();
    /// # job.run()?;
    /// assert_eq!(all.take().len(), 4);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn timed_sources<S: Source>(
        &self,
        sources: impl IntoIterator<Item = S>,
    ) -> DataStream<Timed<S>> {
        self.stream("sources", sources.into_iter().collect())
    }

    /// The physical plan as it stands: workers and cores, stages, rings and
    /// their capacities. A stream appears when it was brought to a sink.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// job.from_iter(0..9).named("numbers").map(|n| 2 * n).for_each(|_| {});
    /// assert!(job.explain().contains("numbers -> map"));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn explain(&self) -> String {
        let plan = self.shared.plan.borrow();
        plan.as_ref().map(Plan::explain).unwrap_or_default()
    }

    /// The same as a picture, in a language that draws graphs.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// use fluxus::Diagram;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let (even, odd) = job.from_iter(0..9).split(|n| n % 2 == 0);
    /// even.map(|n| n / 2).union(odd).for_each(|_| {});
    /// let picture = job.diagram(Diagram::Mermaid);
    /// assert!(picture.starts_with("flowchart LR"));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn diagram(&self, diagram: Diagram) -> String {
        let plan = self.shared.plan.borrow();
        let drawn = plan.as_ref().map(|plan| plan.diagram(diagram));
        drawn.unwrap_or_default()
    }

    pub(crate) fn take_plan(self) -> Result<Plan, Error> {
        if let Some(error) = self.shared.error.borrow_mut().take() {
            return Err(error);
        }
        self.shared
            .plan
            .borrow_mut()
            .take()
            .ok_or(Error::NothingToRun)
    }

    /// Runs the job on its workers and waits for its end.
    ///
    /// # Errors
    /// What was wrong with the job as it was described; or what made it fail,
    /// with the operator's name: a panic in a closure, an error of a source or
    /// a sink.
    pub fn run(self) -> Result<Report, Error> {
        self.start()?.join()
    }

    /// Starts the job on its workers and returns a handle to it.
    ///
    /// # Errors
    /// What was wrong with the job as it was described, or that its threads
    /// could not be started.
    pub fn start(self) -> Result<RunningJob, Error> {
        start(self.take_plan()?)
    }

    /// Runs the job on the calling thread, every task in turn, whatever the
    /// number of workers: the same input gives the same output in the same
    /// order. For tests.
    ///
    /// # Errors
    /// As [`run`](Job::run).
    pub fn run_local(self) -> Result<Report, Error> {
        run_local(self.take_plan()?)
    }
}
