//! The same pipelines, run by the engine.

use super::compare::Found;
use super::generate::{second_key, Run};
use super::pipeline::{
    gap_of, Cause, Fold, Item, Pipeline, Record, Row, Trigger, Value, Watermarks, Windows,
};
use fluxus::source::{
    BoxError, Collector, Flow, Pulled, Signal, Source, SourceStatus, Stamp, Watermark,
};
use fluxus::windows::{
    self, Aggregate, BoundedDisorder, Collect, Combined, Count, CountKind, CountSliding,
    CountTumbling, Cumulating, Distinct, Firing, First, Global, InputStatus, Last, Lateness, Max,
    Mean, Min, Partitioned, Session, Sliding, Sum, Timestamp, Tumbling, WatermarkCombiner,
    WindowAssigner, WindowKind,
};
use fluxus::{
    Chain, DataStream, Job, Measure, Rejected, Rejection, Timed, WhenFull, WindowResult,
    WindowedStream,
};
use std::collections::VecDeque;
use std::fmt::Debug;
use std::hash::Hash;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Duration;
use std::vec::IntoIter;

fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

fn wrong(error: impl Debug) -> String {
    format!("the job failed: {error:?}")
}

/// Says all items of all partitions in their order, with the watermarks of the
/// partitions combined.
struct Script {
    items: IntoIter<Item>,
    /// One a partition, if the items do not say the watermarks.
    generators: Vec<BoundedDisorder>,
    combiner: WatermarkCombiner,
    steps: VecDeque<Step>,
}

enum Step {
    Record(Record),
    Signal(Signal),
}

impl Script {
    fn of(pipeline: &Pipeline) -> Result<Self, String> {
        let generators = match pipeline.watermarks {
            Watermarks::Explicit => Vec::new(),
            Watermarks::Bounded { bound } => {
                let generator = BoundedDisorder::from_nanos(bound).map_err(wrong)?;
                vec![generator; pipeline.partitions]
            }
        };
        Ok(Self {
            items: pipeline.items.clone().into_iter(),
            generators,
            combiner: WatermarkCombiner::new(pipeline.partitions),
            steps: VecDeque::new(),
        })
    }

    fn pass_on(&mut self, combined: Combined) {
        if combined.status == Some(InputStatus::Active) {
            self.steps.push_back(Step::Signal(Signal::Active));
        }
        if let Some(time) = combined.watermark {
            let born = Stamp::NONE;
            let watermark = Signal::Watermark(Watermark { time, born });
            self.steps.push_back(Step::Signal(watermark));
        }
        if combined.status == Some(InputStatus::Idle) {
            self.steps.push_back(Step::Signal(Signal::Idle));
        }
    }

    fn say(&mut self, item: Item) {
        let combined = match item {
            Item::Watermark { partition, time } => self.combiner.watermark(partition, at(time)),
            Item::Idle { partition } => self.combiner.idle(partition),
            Item::Active { partition } => self.combiner.active(partition),
            Item::End { partition } => self.combiner.ended(partition),
            Item::Record(record) => {
                let woken = self.combiner.active(record.partition);
                self.pass_on(woken);
                self.steps.push_back(Step::Record(record));
                match self.generators.get_mut(record.partition) {
                    None => Combined::default(),
                    Some(generator) => {
                        generator.observe(at(record.time));
                        let current = generator.current();
                        self.combiner.watermark(record.partition, current)
                    }
                }
            }
        };
        self.pass_on(combined);
    }
}

impl Source for Script {
    type Item = Record;

    fn pull<C: Collector<Record>>(
        &mut self,
        budget: usize,
        out: &mut C,
    ) -> Result<Pulled, BoxError> {
        let mut records = 0;
        let mut flow = Flow::Open;
        let mut status = SourceStatus::Ready;
        while flow.is_open() && records < budget {
            flow = match self.steps.pop_front() {
                Some(Step::Record(record)) => {
                    records += 1;
                    out.push(at(record.time), record)
                }
                Some(Step::Signal(signal)) => out.signal(signal),
                None => match self.items.next() {
                    Some(item) => {
                        self.say(item);
                        continue;
                    }
                    None => {
                        status = SourceStatus::Ended;
                        break;
                    }
                },
            };
        }
        Ok(Pulled {
            records,
            status,
            flow,
        })
    }
}

/// A key as a number.
trait Key: Hash + Eq + Clone + Send + 'static {
    fn number(&self) -> u32;
}

impl Key for u32 {
    fn number(&self) -> u32 {
        *self
    }
}

/// All records together.
impl Key for () {
    fn number(&self) -> u32 {
        0
    }
}

fn row<K: Key, V>(result: WindowResult<K, V>, value: impl FnOnce(V) -> Value) -> Row {
    Row {
        key: result.key.number(),
        start: result.start().nanos(),
        end: result.end().nanos(),
        cause: match result.firing {
            Firing::Early => Cause::Early,
            Firing::OnTime => Cause::OnTime,
            Firing::Late => Cause::Late,
        },
        value: value(result.value),
    }
}

/// A job, and how it is run.
struct Bench<'a> {
    job: Job,
    run: Run,
    pipeline: &'a Pipeline,
}

impl<'a> Bench<'a> {
    fn new(pipeline: &'a Pipeline, run: Run) -> Result<Self, String> {
        let when_full = match run.rejects {
            true => WhenFull::Reject,
            false => WhenFull::Fail,
        };
        let config = run.shape.config().expected_keys(run.expected_keys);
        let job = Job::new("pipeline", config.when_full(when_full)).map_err(wrong)?;
        Ok(Self { job, run, pipeline })
    }

    /// Puts `stream` into the windows of the pipeline.
    fn windows<C>(self, stream: DataStream<C>) -> Result<Found, String>
    where
        C: Timed + Chain<Item = Record>,
    {
        let pipeline = self.pipeline;
        match pipeline.windows {
            Windows::Tumbling { size, offset } => self.timed(stream, tumbling(size, offset)?),
            Windows::Sliding {
                size,
                slide,
                offset,
            } => self.timed(stream, sliding(size, slide, offset)?),
            Windows::Cumulating { step, size, offset } => {
                let cumulating = Cumulating::from_nanos(step, size).map_err(wrong)?;
                let cumulating = cumulating.with_offset_ns(offset).map_err(wrong)?;
                self.timed(stream, cumulating)
            }
            Windows::Session { gap } => {
                self.timed(stream, Session::from_nanos(gap).map_err(wrong)?)
            }
            Windows::SessionOfRecords { most } => {
                let gap = move |record: &Record| {
                    let gap = gap_of(record, most);
                    Duration::from_nanos(gap.unsigned_abs())
                };
                self.timed(stream, Session::with_gap_of(gap))
            }
            Windows::Global => self.timed(stream, Global),
            Windows::CountTumbling { n, with_rest } => {
                let kind = CountTumbling::of(n).map_err(wrong)?;
                match with_rest {
                    true => self.counted(stream, kind.with_rest()),
                    false => self.counted(stream, kind),
                }
            }
            Windows::CountSliding {
                size,
                slide,
                with_rest,
            } => {
                let kind = CountSliding::new(size, slide).map_err(wrong)?;
                match with_rest {
                    true => self.counted(stream, kind.with_rest()),
                    false => self.counted(stream, kind),
                }
            }
        }
    }

    fn timed<C, W>(self, stream: DataStream<C>, windows: W) -> Result<Found, String>
    where
        C: Timed + Chain<Item = Record>,
        W: WindowKind<Record> + WindowAssigner<Record>,
    {
        let trigger = match self.pipeline.trigger {
            Trigger::AT_END => None,
            trigger => Some(trigger_of(trigger)?),
        };
        let key = |record: &Record| record.key;
        match (self.pipeline.keyed, trigger) {
            (true, None) => self.fold(stream.key_by(key).window(windows)),
            (true, Some(trigger)) => {
                self.fold_some(stream.key_by(key).window(windows).trigger(trigger))
            }
            (false, None) => self.fold_some(stream.window_all(windows)),
            (false, Some(trigger)) => self.fold_lists(stream.window_all(windows).trigger(trigger)),
        }
    }

    fn counted<C, W>(self, stream: DataStream<C>, windows: W) -> Result<Found, String>
    where
        C: Timed + Chain<Item = Record>,
        W: CountKind<Record>,
    {
        let key = |record: &Record| record.key;
        match self.pipeline.keyed {
            true => self.fold(stream.key_by(key).count_window(windows)),
            false => self.fold_lists(stream.window_all(windows)),
        }
    }

    /// Every fold there is; each is compiled anew for each kind of stream, so that
    /// others have fewer: see [`generate::folds`](super::generate::folds).
    fn fold<C, F, K, W>(self, windowed: WindowedStream<C, F, W>) -> Result<Found, String>
    where
        C: Chain<Item = Record>,
        F: Fn(&Record) -> K + Clone + Send + 'static,
        K: Key,
        W: WindowKind<Record>,
    {
        let (value, id) = (|record: &Record| record.value, |record: &Record| record.id);
        match self.pipeline.fold {
            Fold::Extremes => {
                let extremes = (Min::of(value), Max::of(value));
                let made = |(min, max)| Value::Extremes { min, max };
                self.found(windowed, extremes, made)
            }
            Fold::Ends => {
                let ends = (First::of(id), Last::of(id));
                let made = |(first, last)| Value::Ends { first, last };
                self.found(windowed, ends, made)
            }
            Fold::Numbers | Fold::Lists => self.fold_some(windowed),
        }
    }

    fn fold_some<C, F, K, W>(self, windowed: WindowedStream<C, F, W>) -> Result<Found, String>
    where
        C: Chain<Item = Record>,
        F: Fn(&Record) -> K + Clone + Send + 'static,
        K: Key,
        W: WindowKind<Record>,
    {
        match self.pipeline.fold {
            Fold::Numbers => self.fold_numbers(windowed),
            _ => self.fold_lists(windowed),
        }
    }

    fn fold_numbers<C, F, K, W>(self, windowed: WindowedStream<C, F, W>) -> Result<Found, String>
    where
        C: Chain<Item = Record>,
        F: Fn(&Record) -> K + Clone + Send + 'static,
        K: Key,
        W: WindowKind<Record>,
    {
        let value = |record: &Record| record.value;
        let numbers = (Count, Sum::of(value), Mean::of(value));
        self.found(windowed, numbers, |(count, sum, mean)| Value::Numbers {
            count,
            sum,
            mean,
        })
    }

    fn fold_lists<C, F, K, W>(self, windowed: WindowedStream<C, F, W>) -> Result<Found, String>
    where
        C: Chain<Item = Record>,
        F: Fn(&Record) -> K + Clone + Send + 'static,
        K: Key,
        W: WindowKind<Record>,
    {
        let (value, id) = (|record: &Record| record.value, |record: &Record| record.id);
        let lists = (Collect::of(id), Distinct::count(value));
        let made = |(all, distinct)| Value::Lists { all, distinct };
        self.found(windowed, lists, made)
    }

    fn found<C, F, K, W, A>(
        self,
        windowed: WindowedStream<C, F, W>,
        aggregate: A,
        value: fn(A::Output) -> Value,
    ) -> Result<Found, String>
    where
        C: Chain<Item = Record>,
        F: Fn(&Record) -> K + Clone + Send + 'static,
        K: Key,
        W: WindowKind<Record>,
        A: Aggregate<Record> + Clone + Send + 'static,
        A::Output: Send + 'static,
    {
        let lateness = Lateness::from_nanos(self.pipeline.lateness).map_err(wrong)?;
        let windowed = windowed.allowed_lateness(lateness);
        let (results, rejected) = windowed.aggregate_with_rejected(aggregate);
        let (results, rejected) = (results.collect(), rejected.collect());
        let report = self.run.shape.run(self.job).map_err(wrong)?;
        let mut found = Found {
            rows: Vec::new(),
            late: Vec::new(),
            counted: (report.late(), report.total(Measure::Ignored)),
        };
        for (time, result) in results.take_timed() {
            if time != result.window.last_instant() {
                return Err(format!("a result of {:?} came at {time}", result.window));
            }
            found.rows.push(row(result, value));
        }
        for Rejected { value, reason } in rejected.take() {
            if reason != Rejection::Late {
                return Err(format!("{value:?} was rejected: {reason:?}"));
            }
            found.late.push((self.pipeline.key_of(&value), value.id));
        }
        Ok(found)
    }
}

fn tumbling(size: i64, offset: i64) -> Result<Tumbling, String> {
    let tumbling = Tumbling::from_nanos(size).map_err(wrong)?;
    tumbling.with_offset_ns(offset).map_err(wrong)
}

fn sliding(size: i64, slide: i64, offset: i64) -> Result<Sliding, String> {
    let sliding = Sliding::from_nanos(size, slide).map_err(wrong)?;
    sliding.with_offset_ns(offset).map_err(wrong)
}

fn trigger_of(trigger: Trigger) -> Result<windows::Trigger, String> {
    let mut made = match (trigger.at_end, trigger.count) {
        (false, count) => windows::Trigger::count(count.unwrap_or(0)).map_err(wrong)?,
        (true, None) => windows::Trigger::event_time(),
        (true, Some(count)) => windows::Trigger::event_time()
            .early_count(count)
            .map_err(wrong)?,
    };
    if let Some(every) = trigger.early_every {
        let every = Duration::from_nanos(every.unsigned_abs());
        made = made.early_every(every).map_err(wrong)?;
    }
    Ok(match trigger.discards {
        true => made.discarding(),
        false => made,
    })
}

/// A panic that comes through to the caller is a failure as any other.
fn caught(run: impl FnOnce() -> Result<Found, String>) -> Result<Found, String> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied());
        Err(format!("a panic: {}", text.unwrap_or("without words")))
    })
}

/// Runs a pipeline from one source that says all items in their order.
pub fn run(pipeline: &Pipeline, run: Run) -> Result<Found, String> {
    caught(|| {
        let bench = Bench::new(pipeline, run)?;
        let stream = bench.job.timed_source(Script::of(pipeline)?);
        bench.windows(stream)
    })
}

/// Runs a pipeline from a source for each partition, which all go their own way.
pub fn run_apart(pipeline: &Pipeline, run: Run) -> Result<Found, String> {
    caught(|| {
        let bench = Bench::new(pipeline, run)?;
        let part = |partition| {
            let items = pipeline.items.iter().copied();
            let items = items.filter_map(|item| item.of(partition)).collect();
            let partitions = 1;
            Script::of(&Pipeline {
                items,
                partitions,
                ..pipeline.clone()
            })
        };
        let scripts: Result<Vec<Script>, String> = (0..pipeline.partitions).map(part).collect();
        let stream = bench.job.timed_sources(scripts?);
        bench.windows(stream)
    })
}

/// Runs windows over the results of windows; what is found is of the second.
pub fn run_twice(first: &Pipeline, second: &Pipeline, run: Run) -> Result<Found, String> {
    caught(|| {
        let bench = Bench::new(second, run)?;
        let stream = bench.job.timed_source(Script::of(first)?);
        let keyed = stream.key_by(|record| record.key);
        match first.windows {
            Windows::Tumbling { size, offset } => {
                bench.again(keyed.window(tumbling(size, offset)?))
            }
            Windows::Sliding {
                size,
                slide,
                offset,
            } => bench.again(keyed.window(sliding(size, slide, offset)?)),
            Windows::Session { gap } => {
                bench.again(keyed.window(Session::from_nanos(gap).map_err(wrong)?))
            }
            windows => Err(format!("{windows:?} do not come first")),
        }
    })
}

impl Bench<'_> {
    /// Puts the sums of the first windows into the second.
    fn again<C, F, W>(self, first: WindowedStream<C, F, W>) -> Result<Found, String>
    where
        C: Timed + Chain<Item = Record>,
        F: Fn(&Record) -> u32 + Clone + Send + 'static,
        W: WindowKind<Record>,
    {
        let record = |row: WindowResult<u32, i128>| Record {
            id: 0,
            partition: 0,
            key: second_key(row.key),
            value: row.value as i64,
            time: row.window.last_instant().nanos(),
        };
        let sums = first.sum(|record| record.value).map(record);
        match self.pipeline.windows {
            Windows::Tumbling { size, offset } => self.last(sums, tumbling(size, offset)?),
            Windows::Sliding {
                size,
                slide,
                offset,
            } => self.last(sums, sliding(size, slide, offset)?),
            windows => Err(format!("{windows:?} do not come second")),
        }
    }

    fn last<C, W>(self, stream: DataStream<C>, windows: W) -> Result<Found, String>
    where
        C: Timed + Chain<Item = Record>,
        W: WindowKind<Record>,
    {
        match self.pipeline.keyed {
            true => self.fold_numbers(stream.key_by(|record| record.key).window(windows)),
            false => self.fold_numbers(stream.window_all(windows)),
        }
    }
}

/// Runs a pipeline of nothing but records with the engine's own generators of
/// watermarks, one a partition, sent behind every record.
pub fn run_generated(pipeline: &Pipeline, bound: i64, run: Run) -> Result<Found, String> {
    caught(|| {
        let bench = Bench::new(pipeline, run)?;
        let partition = |record: &Record| record.partition;
        let bounded = BoundedDisorder::from_nanos(bound).map_err(wrong)?;
        let generator = Partitioned::new(pipeline.partitions, partition, bounded).map_err(wrong)?;
        let records: Vec<Record> = pipeline.records().collect();
        let stream = bench
            .job
            .from_iter(records)
            .timestamps(|record: &Record| at(record.time), generator.each_record());
        match pipeline.windows {
            Windows::Tumbling { size, offset } => bench.last(stream, tumbling(size, offset)?),
            windows => Err(format!("{windows:?} are not for this")),
        }
    })
}
