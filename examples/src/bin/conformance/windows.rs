//! Records and watermarks through windows: the tour.
//!
//! ```text
//!   replay ─► key_by ─► window ─► lateness ─► trigger ─► aggregate ─► results
//!                                                           └───────► what came too late
//! ```

use crate::answer::{Answer, LateRow, Outcome, Placed, Row};
use crate::case::{Element, Figure, Fires, Item, Key, WindowCase};
use crate::caused::caused;
use crate::kind::Kind;
use crate::replay::scripts_of;
use fluxus::prelude::*;
use fluxus::source::BoxError;
use fluxus::testing::{Heard, Said, Script};
use fluxus::windows::{
    Collect, CountKind, Distinct, First, Global, Last, Lateness, LatenessError, Trigger,
    TriggerError, WindowAssigner, WindowKind,
};
use fluxus::{Boxed, Chain, Measure, Rejected, WindowedStream};
use std::hash::Hash;
use std::time::Duration;

/// The results of a case.
pub(crate) fn answer(case: &WindowCase, engine: &Config) -> Result<Answer, BoxError> {
    let scripts = scripts_of(case)?;
    let tour = Tour {
        case,
        scripts,
        engine,
    };
    // Each kind of window is a type of its own, so that what runs is the loop
    // for this kind.
    match Kind::of(case.shape)? {
        Kind::Tumbling(tumbling) => tour.in_slices(tumbling),
        Kind::Sliding(sliding) => tour.in_slices(sliding),
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

// Which of the aggregates of a tuple a case has asked for.

impl Figure {
    fn of_totals(self, (count, sum, mean): (u64, i128, f64)) -> Outcome {
        match self {
            Figure::Count => Outcome::Count(count),
            Figure::Sum => Outcome::Sum(sum),
            _ => Outcome::Mean(mean),
        }
    }

    fn of_extremes(self, (min, max): (i64, i64)) -> Outcome {
        match self {
            Figure::Min => Outcome::Number(min),
            _ => Outcome::Number(max),
        }
    }

    /// By arrival, not by time, however many cores have seen the records.
    fn of_ends(self, (first, last): (i64, i64)) -> Outcome {
        match self {
            Figure::First => Outcome::Number(first),
            _ => Outcome::Number(last),
        }
    }

    fn of_values(self, (mut values, distinct): (Vec<i64>, u64)) -> Outcome {
        match self {
            Figure::CountDistinct => Outcome::Count(distinct),
            Figure::CollectSorted => {
                values.sort_unstable();
                Outcome::List(values)
            }
            _ => Outcome::List(values),
        }
    }
}

/// A case, and how the engine is to run it.
struct Tour<'a> {
    case: &'a WindowCase,
    scripts: Vec<Vec<Said<Element>>>,
    engine: &'a Config,
}

/// A case's stream, of one instance or of several.
type Stream = DataStream<Boxed<Element, true>>;

/// What comes out of a run.
struct Output {
    rows: Heard<Row>,
    late: Heard<LateRow>,
}

impl Tour<'_> {
    // ── the stream, and how it is cut ──

    /// A job, and the case's stream in it. A timed source gives its records
    /// their times and sends watermarks of its own.
    fn begin(&self) -> Result<(Job, Stream), BoxError> {
        let job = Job::new("case", self.engine.clone())?;
        let scripts = self.scripts.iter().cloned().map(Script::of);
        let stream = job.timed_sources(scripts);
        let stream = match self.case.figure {
            // By arrival: between partitions there is an order only where they
            // have met.
            Figure::First | Figure::Last | Figure::Collect => stream.gather().boxed_timed(),
            _ => stream.boxed_timed(),
        };
        Ok((job, stream))
    }

    /// Windows at known places in time, with keys. A record is folded once,
    /// however many windows share it, and on the core where it arises: how
    /// depends on the aggregate.
    fn in_slices<W>(&self, windows: W) -> Result<Answer, BoxError>
    where
        W: WindowKind<Element> + WindowAssigner<Element> + Clone,
    {
        if !self.case.is_keyed || self.trigger()?.is_some() {
            return self.in_time(windows);
        }
        let (job, stream) = self.begin()?;
        let assigner = windows.clone();
        let keyed = stream.key_by(key_of);
        let windows = keyed.window(windows).allowed_lateness(self.lateness()?);
        let output = self.aggregate(windows);
        self.run(job, output, |report, late| {
            self.ignored(&assigner, report, late)
        })
    }

    /// Windows that cut time: with keys or without, with a trigger or without.
    fn in_time<W>(&self, windows: W) -> Result<Answer, BoxError>
    where
        W: WindowKind<Element> + WindowAssigner<Element> + Clone,
    {
        let (job, stream) = self.begin()?;
        let assigner = windows.clone();
        let lateness = self.lateness()?;
        let output = if self.case.is_keyed {
            let keyed = stream.key_by(key_of);
            let windows = keyed.window(windows).allowed_lateness(lateness);
            match self.trigger()? {
                None => self.aggregate_all(windows),
                Some(trigger) => self.aggregate_all(windows.trigger(trigger)),
            }
        } else {
            // The whole stream is one: its results have no key.
            let windows = stream.window_all(windows).allowed_lateness(lateness);
            match self.trigger()? {
                None => self.aggregate_all(windows),
                Some(trigger) => self.aggregate_all(windows.trigger(trigger)),
            }
        };
        self.run(job, output, |report, late| {
            self.ignored(&assigner, report, late)
        })
    }

    /// Windows that cut the records of each key by their number. Time plays no
    /// part, so nothing is late.
    fn by_number<W>(&self, windows: W) -> Result<Answer, BoxError>
    where
        W: CountKind<Element>,
    {
        let (job, stream) = self.begin()?;
        let key: fn(&Element) -> Key = match self.case.is_keyed {
            true => key_of,
            false => |_| Key::default(),
        };
        let output = self.aggregate(stream.key_by(key).count_window(windows));
        self.run(job, output, |_, _| Ok(Vec::new()))
    }

    /// How long windows are kept for late records.
    fn lateness(&self) -> Result<Lateness, LatenessError> {
        Lateness::from_nanos(self.case.lateness)
    }

    /// When windows fire, if not once, when the watermark completes them.
    fn trigger(&self) -> Result<Option<Trigger>, TriggerError> {
        Ok(match self.case.fires {
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

    // ── what becomes of each window ──

    /// Folds the records of each window. Aggregates share a window as a tuple,
    /// and of it the case wants one. Those that stand together are folded
    /// alike: a sum can be taken back when a window slides on, an extreme
    /// cannot; what came first is to be asked of all cores; lists grow.
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
                self.to_sinks(windows, totals, Figure::of_totals)
            }
            Figure::Min | Figure::Max => {
                let extremes = (Min::of(value_of), Max::of(value_of));
                self.to_sinks(windows, extremes, Figure::of_extremes)
            }
            Figure::First | Figure::Last => {
                let ends = (First::of(value_of), Last::of(value_of));
                self.to_sinks(windows, ends, Figure::of_ends)
            }
            Figure::Collect | Figure::CollectSorted | Figure::CountDistinct => {
                let values = (Collect::of(value_of), Distinct::count(value_of));
                self.to_sinks(windows, values, Figure::of_values)
            }
        }
    }

    /// The same where nothing hangs on how aggregates are folded: all at once.
    fn aggregate_all<C, F, K, W>(&self, windows: WindowedStream<C, F, W>) -> Output
    where
        C: Chain<Item = Element>,
        F: Fn(&Element) -> K + Clone + Send + 'static,
        K: Hash + Eq + Clone + Send + 'static,
        Key: From<K>,
        W: WindowKind<Element>,
    {
        let all = (
            (Count, Sum::of(value_of), Mean::of(value_of)),
            (Min::of(value_of), Max::of(value_of)),
            (First::of(value_of), Last::of(value_of)),
            (Collect::of(value_of), Distinct::count(value_of)),
        );
        self.to_sinks(
            windows,
            all,
            |figure, (totals, extremes, ends, values)| match figure {
                Figure::Count | Figure::Sum | Figure::Avg => figure.of_totals(totals),
                Figure::Min | Figure::Max => figure.of_extremes(extremes),
                Figure::First | Figure::Last => figure.of_ends(ends),
                Figure::Collect | Figure::CollectSorted | Figure::CountDistinct => {
                    figure.of_values(values)
                }
            },
        )
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
            at: None,
        };
        let late_row = |rejected: Rejected<Element>| LateRow::from(rejected.value);
        Output {
            rows: results.map(row).heard(),
            late: rejected.map(late_row).heard(),
        }
    }

    // ── the run ──

    /// Runs the job to its end.
    fn run(
        &self,
        job: Job,
        output: Output,
        ignored: impl FnOnce(&Report, &[LateRow]) -> Result<Vec<LateRow>, BoxError>,
    ) -> Result<Answer, BoxError> {
        let report = job.run()?;
        let late: Vec<LateRow> = self.placed(&output.late);
        let live = report.total(Measure::PanesHeld);
        Ok(Answer::Windows {
            windows: self.placed(&output.rows),
            ignored: ignored(&report, &late)?,
            late,
            live: self.case.asks_for_live_windows.then_some(live),
        })
    }

    /// What came out, each with the number of the item that brought it about. A
    /// case that does not say how its stream ends does not ask what its end
    /// brings about: the end of a stream closes all windows.
    fn placed<T: Placed>(&self, heard: &Heard<T>) -> Vec<T> {
        let is_end = |item: &Item| matches!(item, Item::End { .. });
        let end = self.case.input.iter().rposition(is_end);
        let place = |(item, row): (usize, T)| {
            let item = match item < self.case.input.len() {
                true => Some(item),
                false => end,
            };
            item.map(|item| row.at(item))
        };
        caused(heard).into_iter().filter_map(place).collect()
    }

    /// The records that lie in no window, save those that are late all the same.
    /// The engine counts them; which they are, the windows say themselves.
    fn ignored<W: WindowAssigner<Element>>(
        &self,
        windows: &W,
        report: &Report,
        late: &[LateRow],
    ) -> Result<Vec<LateRow>, BoxError> {
        let mut ignored = Vec::new();
        for (number, item) in self.case.input.iter().enumerate() {
            let Item::Element(element) = item else {
                continue;
            };
            let mut lies_in_one = false;
            let time = Timestamp::from_nanos(element.time);
            windows.assign(time, element, |_| lies_in_one = true);
            let is_late = || late.iter().any(|row| row.at == Some(number));
            if !lies_in_one && !is_late() {
                ignored.push(LateRow::from(element.clone()).at(number));
            }
        }
        let counted = report.total(Measure::Ignored);
        match counted == ignored.len() as u64 {
            true => Ok(ignored),
            false => Err(format!(
                "{counted} records were counted as ignored; {} lie in no window",
                ignored.len()
            )
            .into()),
        }
    }
}
