//! A source and a sink of one's own, written against the public API only: a
//! thermometer on a bus that is asked every so often, and a board that shows how
//! warm it was.
//!
//! ```text
//! cargo run --package fluxus-api --example own_source
//! ```
// It prints, as a program does; and a test runs what stands in here.
#![allow(clippy::print_stdout, unreachable_pub)]

use fluxus::prelude::*;
use fluxus::sink::{Ending, Sink, SinkContext, SinkError};
use fluxus::source::{
    BoxError, Collector, CounterWriter, Flow, Pulled, Signal, Source, SourceContext, SourceStatus,
    Stamp, Watermark,
};
use fluxus::{Report, Retry, Transient, WallClock};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What the bus answers, one question after another: here, from a list.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// A temperature, as text.
    Reading(&'static str),
    /// Somebody else is talking: ask again.
    Busy,
}

/// Asks a thermometer every `period` of the job's clock, until it has no more.
pub struct Thermometer {
    period: Duration,
    bus: VecDeque<Answer>,
    /// When it is asked next.
    due: Timestamp,
    /// What the job lends to it: none of it is there before it is opened.
    lent: Option<(Arc<dyn WallClock>, CounterWriter)>,
}

impl Thermometer {
    /// One that will answer this.
    pub fn new(period: Duration, answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            period,
            bus: answers.into_iter().collect(),
            due: Timestamp::MIN,
            lent: None,
        }
    }
}

impl Source for Thermometer {
    type Item = f64;

    fn open(&mut self, context: SourceContext) -> Result<(), BoxError> {
        self.due = context.wall.now();
        self.lent = Some((context.wall, context.malformed));
        Ok(())
    }

    /// At most `budget` records; after an answer that is not open, none; no waiting.
    fn pull<C: Collector<f64>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let mut pulled = Pulled {
            records: 0,
            status: SourceStatus::Ended,
            flow: Flow::Open,
        };
        let Some((wall, malformed)) = &mut self.lent else {
            return Ok(pulled);
        };
        while pulled.records < budget && pulled.flow.is_open() {
            let now = wall.now();
            if now < self.due {
                // Its worker is told when to come back, and is free until then.
                let wait = self.due.nanos().saturating_sub(now.nanos());
                let wait = u64::try_from(wait).unwrap_or(0);
                pulled.status = SourceStatus::IdleFor(Duration::from_nanos(wait));
                return Ok(pulled);
            }
            let text = match self.bus.pop_front() {
                None => return Ok(pulled),
                // Worth another try, if whoever wrote the job wants that.
                Some(Answer::Busy) => return Err(Transient::new("the bus is busy").into()),
                Some(Answer::Reading(text)) => text,
            };
            self.due = self.due + self.period;
            match text.parse() {
                Ok(degrees) => {
                    pulled.records += 1;
                    pulled.flow = out.push(now, degrees);
                }
                // Nothing is lost without being counted.
                Err(_) => malformed.add(1),
            }
            if pulled.flow.is_open() {
                // It was asked in the order of time: nothing older will come.
                pulled.flow = out.signal(Signal::Watermark(Watermark {
                    time: now,
                    born: Stamp::NONE,
                }));
            }
        }
        pulled.status = SourceStatus::Ready;
        Ok(pulled)
    }
}

/// What a board has shown, for whoever ran the job.
pub type Shown = Arc<Mutex<Vec<String>>>;

/// A board that takes a line and is then busy for a while: it counts to three before
/// it takes the next.
#[derive(Default)]
pub struct Board {
    taken: Option<String>,
    busy: u32,
    shown: Shown,
}

impl Board {
    /// One that keeps what it shows.
    pub fn new() -> (Self, Shown) {
        let board = Self::default();
        let shown = Arc::clone(&board.shown);
        (board, shown)
    }

    fn show(&self, line: String) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.push(line);
    }
}

impl Sink<String> for Board {
    fn open(&mut self, _: SinkContext) -> Result<(), SinkError> {
        Ok(())
    }

    /// What it is given is taken in any case; that it is busy says that this is not
    /// done yet.
    fn write(&mut self, _: Timestamp, line: String) -> Result<(), SinkError> {
        self.taken = Some(line);
        self.busy = 3;
        self.resume()
    }

    /// Called until it is done. Meanwhile the stream is held back.
    fn resume(&mut self) -> Result<(), SinkError> {
        if self.busy > 0 {
            self.busy -= 1;
            return Err(SinkError::Busy);
        }
        if let Some(line) = self.taken.take() {
            self.show(line);
        }
        Ok(())
    }

    /// Called once, however the job ends.
    fn close(&mut self, ending: Ending) -> Result<(), SinkError> {
        self.show(match ending {
            Ending::Complete => "the end".to_owned(),
            Ending::Incomplete => "out of order".to_owned(),
        });
        Ok(())
    }
}

/// The warmest reading of every `window`, on a board.
///
/// # Errors
/// When the bus stays busy for too long.
pub fn run(
    answers: impl IntoIterator<Item = Answer>,
    period: Duration,
    window: Duration,
) -> Result<(Report, Vec<String>), Error> {
    let job = Job::new("thermometer", Config::new().workers(1))?;
    let (board, shown) = Board::new();
    let retry = Retry::new().attempts(3).first_pause(period);
    job.timed_source(retry.source(Thermometer::new(period, answers)))
        .named("thermometer")
        .map(|degrees| (degrees * 10.0) as i64)
        .window_all(Tumbling::new(window)?)
        .max(|&tenths| tenths)
        .map(|row| row.value)
        .map(|tenths| format!("{}.{} degrees", tenths / 10, tenths.abs() % 10))
        .sink(board);
    let report = job.run()?;
    let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((report, std::mem::take(&mut shown)))
}

#[allow(dead_code)]
fn main() -> Result<(), Error> {
    let answers = ["20.5", "21.0", "?", "19.5"].map(Answer::Reading);
    let period = Duration::from_millis(100);
    let (report, shown) = run(answers, period, Duration::from_secs(3600))?;
    println!("{}", shown.join("\n"));
    println!("malformed: {}", report.total(fluxus::Measure::Malformed));
    Ok(())
}
