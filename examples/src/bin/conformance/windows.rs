//! Records and watermarks through windows: the tour.
//!
//! ```text
//!   replay ─► key_by ─► window ─► trigger ─► lateness ─► aggregate ─► results
//!                                                           └───────► what came too late
//! ```

use crate::answer::{Answer, LateRow, Outcome, Row};
use crate::case::{Element, Figure, Fires, Key, WindowCase};
use crate::kind::Kind;
use crate::replay::{script, Replay};
use fluxus::prelude::*;
use fluxus::sink::{Collected, Ending, Sink, SinkError};
use fluxus::source::BoxError;
use fluxus::windows::{
    Collect, CountKind, Distinct, First, Global, Last, Lateness, Trigger, WindowAssigner,
    WindowKind,
};
use fluxus::{Chain, Measure, Timed, WindowedStream};
use std::hash::Hash;
use std::sync::mpsc;
use std::time::Duration;

/// The results of a case.
pub(crate) fn answer(case: &WindowCase, engine: &Config) -> Result<Answer, BoxError> {
    let tour = Tour { case, engine };
    // Each kind of window is a type of its own, so that what runs is the loop
    // for this kind.
    match Kind::of(case.shape)? {
        Kind::Tumbling(tumbling) => tour.in_time(tumbling),
        Kind::Sliding(sliding) => tour.in_time(sliding),
        Kind::Session(session) => tour.in_time(session),
        Kind::SessionDynamic => {
            let gap_of = |element: &Element| Duration::from_nanos(element.gap);
            tour.in_time(Session::with_gap_of(gap_of))
        }
        Kind::Global => tour.in_time(Global),
        Kind::Count(tumbling) => tour.by_number(tumbling),
        Kind::CountSliding(sliding) => tour.by_number(sliding),
    }
}

/// When the windows fire, if not once, when the watermark completes them.
fn trigger_of(fires: Fires) -> Result<Option<Trigger>, BoxError> {
    Ok(match fires {
        Fires::EventTime => None,
        // What has come out is forgotten: a late record fires alone.
        Fires::EventTimePurging => Some(Trigger::event_time().discarding()),
        Fires::CountPurging { trigger_n } => Some(Trigger::count(trigger_n)?.discarding()),
        // On the way, and once more at the end.
        Fires::ContinuousEventTime {
            trigger_interval_ms,
        } => Some(Trigger::event_time().early_every_nanos(trigger_interval_ms)?),
    })
}

/// A case, and how the engine is to run it.
struct Tour<'a> {
    case: &'a WindowCase,
    engine: &'a Config,
}

/// What comes out of a run.
struct Output {
    rows: mpsc::Receiver<Vec<Row>>,
    late: Collected<LateRow>,
}

impl Tour<'_> {
    // ── the stream, and how it is cut ──

    /// A job, and the case's stream in it. A timed source gives its records
    /// their times and sends watermarks of its own.
    fn begin(&self) -> Result<(Job, DataStream<impl Chain<Item = Element> + Timed>), BoxError> {
        let job = Job::new("case", self.engine.clone())?;
        let stream = job.timed_source(Replay::of(script(self.case)?));
        Ok((job, stream))
    }

    /// Windows that cut time, of the records of each key or of the whole stream.
    fn in_time<W>(&self, windows: W) -> Result<Answer, BoxError>
    where
        W: WindowKind<Element> + WindowAssigner<Element>,
    {
        let (job, stream) = self.begin()?;
        let output = if self.case.is_keyed {
            let keyed = stream.key_by(|element| element.key.clone());
            self.triggered(keyed.window(windows))
        } else {
            self.triggered(stream.window_all(windows))
        };
        self.run(job, output?)
    }

    /// When the windows fire, and how long they are kept for late records.
    fn triggered<C, F, K, W>(&self, windows: WindowedStream<C, F, W>) -> Result<Output, BoxError>
    where
        C: Chain<Item = Element>,
        F: Fn(&Element) -> K + Clone + Send + 'static,
        K: Hash + Eq + Clone + Send + 'static,
        Key: From<K>,
        W: WindowKind<Element> + WindowAssigner<Element>,
    {
        let windows = windows.allowed_lateness(Lateness::from_nanos(self.case.lateness)?);
        Ok(match trigger_of(self.case.fires)? {
            None => self.aggregate(windows),
            Some(trigger) => self.aggregate(windows.trigger(trigger)),
        })
    }

    /// Windows that cut the records of each key by their number. Time plays no
    /// part, so nothing is late.
    fn by_number<W>(&self, windows: W) -> Result<Answer, BoxError>
    where
        W: CountKind<Element>,
    {
        let (job, stream) = self.begin()?;
        let keyed = stream.key_by(|element| element.key.clone());
        let output = self.aggregate(keyed.count_window(windows));
        self.run(job, output)
    }

    // ── what becomes of each window ──

    /// Folds the records of each window. Aggregates share a window as a tuple:
    /// those that may be folded alike stand together, and of each tuple the
    /// case wants one.
    fn aggregate<C, F, K, W>(&self, windows: WindowedStream<C, F, W>) -> Output
    where
        C: Chain<Item = Element>,
        F: Fn(&Element) -> K + Clone + Send + 'static,
        K: Hash + Eq + Clone + Send + 'static,
        Key: From<K>,
        W: WindowKind<Element>,
    {
        let value = |element: &Element| element.value;
        let figure = self.case.figure;
        match figure {
            Figure::Count | Figure::Sum | Figure::Avg => {
                let several = (Count, Sum::of(value), Mean::of(value));
                self.to_sinks(windows, several, move |(count, sum, mean)| match figure {
                    Figure::Count => Outcome::Count(count),
                    Figure::Sum => Outcome::Sum(sum),
                    _ => Outcome::Mean(mean),
                })
            }
            Figure::Min | Figure::Max => {
                let extremes = (Min::of(value), Max::of(value));
                self.to_sinks(windows, extremes, move |(min, max)| match figure {
                    Figure::Min => Outcome::Number(min),
                    _ => Outcome::Number(max),
                })
            }
            // By arrival, not by time, however many cores have seen the records.
            Figure::First | Figure::Last => {
                let ends = (First::of(value), Last::of(value));
                self.to_sinks(windows, ends, move |(first, last)| match figure {
                    Figure::First => Outcome::Number(first),
                    _ => Outcome::Number(last),
                })
            }
            Figure::Collect | Figure::CollectSorted | Figure::CountDistinct => {
                let all = (Collect::of(value), Distinct::count(value));
                self.to_sinks(windows, all, move |(mut list, distinct)| match figure {
                    Figure::CountDistinct => Outcome::Count(distinct),
                    Figure::CollectSorted => {
                        list.sort_unstable();
                        Outcome::List(list)
                    }
                    _ => Outcome::List(list),
                })
            }
        }
    }

    /// Two streams come out of a window: its results, and the records that came
    /// too late for all of theirs. Each goes to a sink.
    fn to_sinks<C, F, K, W, A>(
        &self,
        windows: WindowedStream<C, F, W>,
        aggregate: A,
        wanted: impl Fn(A::Output) -> Outcome + Clone + Send + 'static,
    ) -> Output
    where
        C: Chain<Item = Element>,
        F: Fn(&Element) -> K + Clone + Send + 'static,
        K: Hash + Eq + Clone + Send + 'static,
        Key: From<K>,
        W: WindowKind<Element>,
        A: Aggregate<Element> + Clone + Send + 'static,
        A::Output: Send + 'static,
    {
        let (results, rejected) = windows.aggregate_with_rejected(aggregate);
        let is_bounded = self.case.shape.is_bounded();
        let (taker, rows) = mpsc::channel();
        results
            .map(move |result| Row {
                start: is_bounded.then_some(result.start().nanos()),
                end: is_bounded.then_some(result.end().nanos()),
                key: result.key.into(),
                value: wanted(result.value),
            })
            .sink(Rows {
                rows: Vec::new(),
                stops_at: self.case.stops_at(),
                taker,
            });
        let late = rejected.map(|rejected| LateRow::from(rejected.value));
        Output {
            rows,
            late: late.collect(),
        }
    }

    // ── the run ──

    fn run(&self, job: Job, output: Output) -> Result<Answer, BoxError> {
        let report = job.run()?;
        let wants_live = self.case.asks_for_live_windows;
        Ok(Answer::Windows {
            // The job has ended, so its sink has sent its rows.
            windows: output.rows.recv()?,
            late: output.late.take(),
            live: wants_live.then(|| report.total(Measure::PanesHeld)),
        })
    }
}

/// The sink of the results: keeps them in the order in which they come.
///
/// A stream that ends closes all its windows. A case that does not say how its
/// stream ends asks only for what came out before: up to its last watermark.
struct Rows {
    rows: Vec<Row>,
    stops_at: Option<Timestamp>,
    /// Takes the rows when all are there.
    taker: mpsc::Sender<Vec<Row>>,
}

impl Sink<Row> for Rows {
    fn write(&mut self, _: Timestamp, row: Row) -> Result<(), SinkError> {
        self.rows.push(row);
        Ok(())
    }

    /// The results that a watermark sets free come ahead of it.
    fn watermark(&mut self, time: Timestamp) -> Result<(), SinkError> {
        if self.stops_at.is_some_and(|last| time >= last) {
            self.stops_at = None;
            // Nobody waits for the rows of a job that failed.
            let _ = self.taker.send(std::mem::take(&mut self.rows));
        }
        Ok(())
    }

    fn close(&mut self, _: Ending) -> Result<(), SinkError> {
        let _ = self.taker.send(std::mem::take(&mut self.rows));
        Ok(())
    }
}
