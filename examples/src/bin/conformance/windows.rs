//! Records and watermarks through windows: the tour.
//!
//! ```text
//!   replay ─► key_by ─► window ─► trigger ─► lateness ─► aggregate ─► results
//!                                                           └───────► what came too late
//! ```

use crate::answer::{Answer, LateRow, Outcome, Row};
use crate::case::{Element, Figure, Fires, Key, WindowCase};
use crate::kept::Kept;
use crate::kind::Kind;
use crate::replay::{Replay, Script};
use fluxus::prelude::*;
use fluxus::source::BoxError;
use fluxus::windows::{
    Collect, CountKind, Distinct, First, Global, Last, Lateness, Trigger, WindowAssigner,
    WindowKind,
};
use fluxus::{Chain, Measure, Rejected, Timed, WindowedStream};
use std::hash::Hash;
use std::sync::mpsc;
use std::time::Duration;

/// The results of a case.
pub(crate) fn answer(case: &WindowCase, engine: &Config) -> Result<Answer, BoxError> {
    let script = Script::of(case)?;
    let tour = Tour {
        case,
        script,
        engine,
    };
    // Each kind of window is a type of its own, so that what runs is the loop
    // for this kind.
    match Kind::of(case.shape)? {
        Kind::Tumbling(tumbling) => tour.in_time(tumbling),
        Kind::Sliding(sliding) => tour.in_time(sliding),
        Kind::Session(session) => tour.in_time(session),
        Kind::SessionDynamic => tour.in_time(Session::with_gap_of(gap_of)),
        Kind::Global => tour.in_time(Global),
        Kind::Count(tumbling) => tour.by_number(tumbling),
        Kind::CountSliding(sliding) => tour.by_number(sliding),
    }
}

// What a stream asks of its records. Functions with names: as parts of so many
// streams' types they keep those short, which debug builds are grateful for.

fn key_of(element: &Element) -> Key {
    element.key.clone()
}

fn value_of(element: &Element) -> i64 {
    element.value
}

fn gap_of(element: &Element) -> Duration {
    Duration::from_nanos(element.gap)
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
    script: Script,
    engine: &'a Config,
}

/// What comes out of a run.
struct Output {
    rows: mpsc::Receiver<Vec<Row>>,
    late: mpsc::Receiver<Vec<LateRow>>,
}

impl Tour<'_> {
    // ── the stream, and how it is cut ──

    /// A job, and the case's stream in it. A timed source gives its records
    /// their times and sends watermarks of its own.
    fn begin(&self) -> Result<(Job, DataStream<impl Chain<Item = Element> + Timed>), BoxError> {
        let job = Job::new("case", self.engine.clone())?;
        let stream = job.timed_source(Replay::of(&self.script));
        Ok((job, stream))
    }

    /// Windows that cut time, of the records of each key or of the whole stream.
    fn in_time<W>(&self, windows: W) -> Result<Answer, BoxError>
    where
        W: WindowKind<Element> + WindowAssigner<Element>,
    {
        let (job, stream) = self.begin()?;
        let output = if self.case.is_keyed {
            self.triggered(stream.key_by(key_of).window(windows))
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
        let output = self.aggregate(stream.key_by(key_of).count_window(windows));
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
        match self.case.figure {
            Figure::Count | Figure::Sum | Figure::Avg => {
                let totals = (Count, Sum::of(value_of), Mean::of(value_of));
                self.to_sinks(windows, totals, |figure, (count, sum, mean)| match figure {
                    Figure::Count => Outcome::Count(count),
                    Figure::Sum => Outcome::Sum(sum),
                    _ => Outcome::Mean(mean),
                })
            }
            Figure::Min | Figure::Max => {
                let extremes = (Min::of(value_of), Max::of(value_of));
                self.to_sinks(windows, extremes, |figure, (min, max)| match figure {
                    Figure::Min => Outcome::Number(min),
                    _ => Outcome::Number(max),
                })
            }
            // By arrival, not by time, however many cores have seen the records.
            Figure::First | Figure::Last => {
                let ends = (First::of(value_of), Last::of(value_of));
                self.to_sinks(windows, ends, |figure, (first, last)| match figure {
                    Figure::First => Outcome::Number(first),
                    _ => Outcome::Number(last),
                })
            }
            Figure::Collect | Figure::CollectSorted | Figure::CountDistinct => {
                let all = (Collect::of(value_of), Distinct::count(value_of));
                self.to_sinks(
                    windows,
                    all,
                    |figure, (mut values, distinct)| match figure {
                        Figure::CountDistinct => Outcome::Count(distinct),
                        Figure::CollectSorted => {
                            values.sort_unstable();
                            Outcome::List(values)
                        }
                        _ => Outcome::List(values),
                    },
                )
            }
        }
    }

    /// Two streams come out of a window: its results, and the records that came
    /// too late for all of theirs. Each goes to a sink.
    fn to_sinks<C, F, K, W, A>(
        &self,
        windows: WindowedStream<C, F, W>,
        aggregate: A,
        outcome: fn(Figure, A::Output) -> Outcome,
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
        let figure = self.case.figure;
        let is_bounded = self.case.shape.is_bounded();
        let row = move |result: WindowResult<K, A::Output>| Row {
            start: is_bounded.then_some(result.start().nanos()),
            end: is_bounded.then_some(result.end().nanos()),
            key: result.key.into(),
            value: outcome(figure, result.value),
        };
        let late_row = |rejected: Rejected<Element>| LateRow::from(rejected.value);
        let (row_sink, rows) = Kept::new(row, self.script.stops_at);
        let (late_sink, late) = Kept::new(late_row, self.script.stops_at);
        results.sink(row_sink);
        rejected.sink(late_sink);
        Output { rows, late }
    }

    // ── the run ──

    /// Runs the job to its end. A case that does not say how its stream ends is
    /// stopped when its last watermark has come out: the end of a stream would
    /// close all windows.
    fn run(&self, job: Job, output: Output) -> Result<Answer, BoxError> {
        let running = job.start()?;
        let (windows, late) = (output.rows.recv(), output.late.recv());
        if self.script.stops_at.is_some() {
            running.stop();
        }
        // If something has failed, this says what.
        let report = running.join()?;
        let wants_live = self.case.asks_for_live_windows;
        Ok(Answer::Windows {
            windows: windows?,
            late: late?,
            live: wants_live.then(|| report.total(Measure::PanesHeld)),
        })
    }
}
