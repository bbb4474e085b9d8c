use super::{Heard, Said};
use crate::{Collector, Flow, Signal};
use fluxus_windows::Timestamp;

/// What a [`Downstream`] answers to its calls, in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Always open.
    AlwaysOpen,
    /// Full at every other call.
    FullEveryOther,
    /// Busy at every other call.
    BusyEveryOther,
    /// Open one call in four.
    MostlyFull,
    /// Open 63 calls in 64.
    SeldomFull,
    /// Wants so many records and then no more.
    Wants(usize),
    /// The same, and is full at every other call before.
    WantsSlowly(usize),
}

/// The end of a chain: keeps what it hears, and holds the chain to the contract
/// of [`Collector`]. What breaks it is a panic that says how.
pub struct Downstream<T> {
    mood: Mood,
    instance: usize,
    calls: usize,
    records: usize,
    answered: Option<Flow>,
    ended: bool,
    heard: Heard<T>,
}

impl<T> Downstream<T> {
    /// The end of this instance of a chain, whose words go to `heard`.
    pub(super) fn new(mood: Mood, instance: usize, heard: &Heard<T>) -> Self {
        heard.instance(instance);
        Self {
            mood,
            instance,
            calls: 0,
            records: 0,
            answered: None,
            ended: false,
            heard: heard.clone(),
        }
    }

    fn answer(&mut self) -> Flow {
        self.calls += 1;
        let flow = match self.mood {
            Mood::Wants(most) | Mood::WantsSlowly(most) if self.records >= most => Flow::Finished,
            Mood::AlwaysOpen | Mood::Wants(_) => Flow::Open,
            Mood::FullEveryOther | Mood::WantsSlowly(_) if self.calls % 2 == 1 => Flow::Full,
            Mood::BusyEveryOther if self.calls % 2 == 1 => Flow::Busy,
            Mood::MostlyFull if self.calls % 4 != 0 => Flow::Full,
            Mood::SeldomFull if self.calls % 64 == 0 => Flow::Full,
            _ => Flow::Open,
        };
        self.answered = Some(flow);
        flow
    }

    fn must_be_open(&self, call: &str) {
        assert_eq!(self.answered, Some(Flow::Open), "{call} while not open");
        assert!(!self.ended, "{call} after the end");
    }

    fn hear(&self, line: Said<T>) {
        self.heard.say(self.instance, line);
    }
}

impl<T> Collector<T> for Downstream<T> {
    fn open(&mut self) -> Flow {
        assert_eq!(self.answered, None, "opened twice");
        self.answer()
    }

    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        self.must_be_open("push");
        self.records += 1;
        self.hear(Said::Record(time.nanos(), value));
        self.answer()
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        match (signal, self.answered) {
            // The one thing that is still said to whom wants no more.
            (Signal::End, Some(Flow::Finished)) => assert!(!self.ended, "ended twice"),
            _ => self.must_be_open("signal"),
        }
        match signal {
            Signal::Watermark(watermark) => {
                self.hear(Said::Watermark(watermark.time.nanos()));
            }
            Signal::Idle => self.hear(Said::Idle),
            Signal::Active => self.hear(Said::Active),
            Signal::Barrier(id) => self.hear(Said::Barrier(id)),
            // It is about latencies, and says nothing.
            Signal::Marker(_) => {}
            Signal::End => {
                self.ended = true;
                self.hear(Said::End);
            }
        }
        self.answer()
    }

    fn end_batch(&mut self) -> Flow {
        self.must_be_open("end_batch");
        self.answer()
    }

    fn resume(&mut self) -> Flow {
        // An operator that has work of its own left asks one that is open too.
        assert!(self.answered.is_some(), "resumed before it was open");
        self.answer()
    }

    fn flush(&mut self) {
        assert!(self.answered.is_some(), "flushed before it was open");
    }

    fn abort(&mut self) {}
}
