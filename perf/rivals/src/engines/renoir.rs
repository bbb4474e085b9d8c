//! Renoir.
//!
//! Its own windows over event time begin where the first event of a key lies, not
//! at multiples of their length, and its session windows look at the wall clock; so
//! both forms have windows by hand. The taught one is a window description as
//! renoir's own are, a manager a key; the tuned one keeps all keys of a worker in one
//! operator (`rich_map_custom`).

use std::collections::VecDeque;
use std::sync::Arc;

use fluxus_perf::interleaved::Interleaved;
use fluxus_perf::w7::{fold, keep, scramble};
use fluxus_perf::Outcome;
use renoir::block::Replication;
use renoir::operator::window::{WindowAccumulator, WindowDescription, WindowManager, WindowResult};
use renoir::operator::{Data, Operator, StreamElement};
use renoir::{BatchMode, RuntimeConfig, Stream, StreamContext};

use super::Carried;
use crate::queries::{Fold, Query};
use crate::run::Options;
use crate::Tally;

/// Records in a batch between two workers, in the tuned form.
const BATCH: usize = 4096;

/// A job for as many workers as asked for.
fn context(options: &Options) -> Result<StreamContext, String> {
    let config = RuntimeConfig::local(options.workers as u64);
    Ok(StreamContext::new(
        config.map_err(|error| format!("{error:?}"))?,
    ))
}

/// Runs the job against the clock.
fn timed(context: StreamContext, tally: Tally) -> Outcome {
    Outcome::timed(|| {
        context.execute_blocking();
        tally.total()
    })
}

/// The events with their times; a watermark whenever a window may have ended.
fn timed_events<Q: Query>(
    context: &StreamContext,
    events: &Arc<[Q::Event]>,
) -> Stream<impl Operator<Out = Q::Event>> {
    let events = Arc::clone(events);
    let (mut latest_ms, mut due_ms) = (i64::MIN, i64::MIN);
    context
        .stream_par_iter(move |worker, workers| {
            Interleaved::new(events, worker as usize, workers as usize)
        })
        .add_timestamps(
            |event| Q::timestamp_ms(event),
            move |_, &timestamp_ms| {
                latest_ms = latest_ms.max(timestamp_ms);
                let until_ms = latest_ms - Q::DISORDER_MS;
                if until_ms < due_ms {
                    return None;
                }
                due_ms = (until_ms.div_euclid(Q::STEP_MS) + 1) * Q::STEP_MS;
                // A watermark is inclusive.
                Some(until_ms - 1)
            },
        )
}

/// A query with its windows by hand, in one operator.
///
/// # Errors
/// Why renoir did not start.
pub fn tuned<Q: Query>(events: &Arc<[Q::Event]>, options: &Options) -> Result<Outcome, String> {
    let tally = Tally::default();
    let mut sink = tally.clone();
    let context = context(options)?;
    let tables = Q::Tables::default();
    let add_to = move |row: Q::Row| Q::add_to(&row, sink.digest());
    let events = timed_events::<Q>(&context, events);
    if options.workers == 1 {
        // One core: no exchange, and so one thread from the source to the sink.
        let mut windows = Windows::<Q>::default();
        events
            .rich_map_custom(move |mut elements| {
                windows.next(
                    || elements.next(),
                    |query, event| {
                        Q::expand(&tables, &event, |record| query.add(record));
                    },
                )
            })
            .for_each(add_to);
    } else {
        let mut windows = Windows::<Q>::default();
        events
            .flat_map(move |event| {
                let mut records = Vec::new();
                Q::expand(&tables, &event, |record| records.push(Carried(record)));
                records
            })
            .batch_mode(BatchMode::fixed(BATCH))
            .repartition_by(Replication::Unlimited, |record| Q::route(&record.0))
            .rich_map_custom(move |mut elements| {
                windows.next(|| elements.next(), |query, record| query.add(record.0))
            })
            .for_each(add_to);
    }
    Ok(timed(context, tally))
}

/// The windows of one worker, and the rows that wait to be pulled.
struct Windows<Q: Query> {
    query: Q,
    rows: VecDeque<StreamElement<Q::Row>>,
}

impl<Q: Query> Default for Windows<Q> {
    fn default() -> Self {
        Self {
            query: Q::default(),
            rows: VecDeque::new(),
        }
    }
}

impl<Q: Query> Clone for Windows<Q> {
    /// Empty: renoir clones an operator for each of its workers before anything runs.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<Q: Query> Windows<Q> {
    /// The next element downstream.
    #[inline(always)]
    fn next<T>(
        &mut self,
        mut pull: impl FnMut() -> StreamElement<T>,
        mut add: impl FnMut(&mut Q, T),
    ) -> StreamElement<Q::Row> {
        if let Some(row) = self.rows.pop_front() {
            return row;
        }
        loop {
            let (until_ms, signal) = match pull() {
                StreamElement::Item(item) | StreamElement::Timestamped(item, _) => {
                    add(&mut self.query, item);
                    continue;
                }
                StreamElement::Watermark(time) => (time + 1, StreamElement::Watermark(time)),
                StreamElement::FlushAndRestart => (i64::MAX, StreamElement::FlushAndRestart),
                StreamElement::FlushBatch => return StreamElement::FlushBatch,
                StreamElement::Terminate => return StreamElement::Terminate,
            };
            let rows = &mut self.rows;
            self.query
                .close(until_ms, |row| rows.push_back(StreamElement::Item(row)));
            rows.push_back(signal);
            if let Some(row) = rows.pop_front() {
                return row;
            }
        }
    }
}

/// A query as renoir's documents would have it: grouped by key, a window description, a fold.
///
/// # Errors
/// Why renoir did not start.
pub fn taught<F: Fold>(events: &Arc<[F::Event]>, options: &Options) -> Result<Outcome, String> {
    let tally = Tally::default();
    let mut sink = tally.clone();
    let context = context(options)?;
    let tables = F::Tables::default();
    timed_events::<F>(&context, events)
        .flat_map(move |event| F::keyed(&tables, &event))
        .group_by(|(key, _)| key.clone())
        .window(Aligned {
            size_ms: F::SIZE_MS,
            slide_ms: F::STEP_MS,
        })
        .fold(F::empty(), |into, (_, value)| F::fold(into, value))
        .rich_map_custom(|mut elements| match elements.next() {
            StreamElement::Timestamped((key, accumulator), end_ms) => {
                StreamElement::Item((key, end_ms - F::SIZE_MS, accumulator))
            }
            StreamElement::Item(_) => unreachable!("every row has the time of its window"),
            StreamElement::Watermark(time) => StreamElement::Watermark(time),
            StreamElement::FlushBatch => StreamElement::FlushBatch,
            StreamElement::FlushAndRestart => StreamElement::FlushAndRestart,
            StreamElement::Terminate => StreamElement::Terminate,
        })
        .for_each(move |(key, start_ms, accumulator)| {
            F::add_result(&key, start_ms, &accumulator, sink.digest());
        });
    Ok(timed(context, tally))
}

/// Windows of event time that begin at multiples of their slide.
#[derive(Clone)]
struct Aligned {
    size_ms: i64,
    slide_ms: i64,
}

impl<T: Data> WindowDescription<T> for Aligned {
    type Manager<A: WindowAccumulator<In = T>> = AlignedManager<A>;

    fn build<A: WindowAccumulator<In = T>>(&self, accumulator: A) -> AlignedManager<A> {
        AlignedManager {
            windows: self.clone(),
            empty: accumulator,
            open: VecDeque::new(),
        }
    }
}

/// The open windows of one key, each with its start, in order.
#[derive(Clone)]
struct AlignedManager<A> {
    windows: Aligned,
    empty: A,
    open: VecDeque<(i64, A)>,
}

impl<A: WindowAccumulator> AlignedManager<A> {
    fn add(&mut self, item: &A::In, timestamp_ms: i64) {
        let Aligned { size_ms, slide_ms } = self.windows;
        let mut start_ms = timestamp_ms.div_euclid(slide_ms) * slide_ms;
        // Windows are open without gaps from the newest downwards, nearly always.
        let mut place = self.open.len();
        while start_ms > timestamp_ms - size_ms {
            while place > 0 && self.open[place - 1].0 > start_ms {
                place -= 1;
            }
            if place > 0 && self.open[place - 1].0 == start_ms {
                place -= 1;
            } else {
                self.open.insert(place, (start_ms, self.empty.clone()));
            }
            self.open[place].1.process(item);
            start_ms -= slide_ms;
        }
    }

    fn close(&mut self, until_ms: i64) -> Vec<WindowResult<A::Out>> {
        let size_ms = self.windows.size_ms;
        let over = self
            .open
            .partition_point(|window| window.0 + size_ms <= until_ms);
        self.open
            .drain(..over)
            .map(|(start_ms, of)| WindowResult::Timestamped(of.output(), start_ms + size_ms))
            .collect()
    }
}

impl<A: WindowAccumulator> WindowManager for AlignedManager<A> {
    type In = A::In;
    type Out = A::Out;
    type Output = Vec<WindowResult<A::Out>>;

    fn process(&mut self, element: StreamElement<A::In>) -> Vec<WindowResult<A::Out>> {
        match element {
            StreamElement::Timestamped(item, timestamp_ms) => {
                self.add(&item, timestamp_ms);
                Vec::new()
            }
            StreamElement::Watermark(time) => self.close(time + 1),
            StreamElement::FlushAndRestart | StreamElement::Terminate => self.close(i64::MAX),
            StreamElement::Item(_) => unreachable!("events have their times"),
            StreamElement::FlushBatch => Vec::new(),
        }
    }

    fn recycle(&self) -> bool {
        self.open.is_empty()
    }
}

/// W7: renoir fuses the chain by itself.
///
/// # Errors
/// Why renoir did not start.
pub fn numbers(numbers: u64, options: &Options) -> Result<Outcome, String> {
    let tally = Tally::default();
    let mut sink = tally.clone();
    let context = context(options)?;
    context
        .stream_par_iter(0..numbers)
        .map(scramble)
        .filter(|&y| keep(y))
        .map(fold)
        .for_each(move |number| sink.digest().add_number(number));
    Ok(timed(context, tally))
}
