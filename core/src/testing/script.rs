use super::said::at;
use super::Said;
use crate::source::{BoxError, Pulled, Source, SourceStatus};
use crate::{Collector, Flow, ManualClock, Signal, Stamp, Watermark};
use std::time::Duration;

/// A source that says what it was told to, and then ends.
///
/// ```
/// use fluxus_core::testing::{Said, Script};
///
/// let script = Script::of([
///     Said::Record(3, "sea"),
///     Said::Watermark(9),
///     Said::Quiet, // one pull brings nothing
///     Said::Record(12, "ship"),
/// ]);
/// # let _ = script;
/// ```
///
/// Several of them are a source in several partitions.
pub struct Script<T> {
    lines: std::vec::IntoIter<Said<T>>,
    /// Records a pull, at the most.
    a_pull: usize,
    /// Records with no signal between them are handed on in one call.
    together: bool,
    clock: Option<ManualClock>,
}

impl<T> Script<T> {
    /// A source of these lines. Behind [`Said::End`] nothing is read.
    pub fn of(lines: impl IntoIterator<Item = Said<T>>) -> Self {
        let lines: Vec<_> = lines.into_iter().collect();
        Self {
            lines: lines.into_iter(),
            a_pull: usize::MAX,
            together: false,
            clock: None,
        }
    }

    /// A source of records at their times, and no signal but the end.
    pub fn of_records(records: impl IntoIterator<Item = (i64, T)>) -> Self {
        let records = records.into_iter();
        Self::of(records.map(|(time, value)| Said::Record(time, value)))
    }

    /// Hands on so many records a pull at the most; as many as it is asked for
    /// unless this is said. None at all would never end: one is the least.
    #[must_use]
    pub fn a_pull(mut self, records: usize) -> Self {
        self.a_pull = records.max(1);
        self
    }

    /// Hands records with no signal between them on in one call
    /// ([`Collector::push_each`]), not one by one.
    #[must_use]
    pub fn together(mut self) -> Self {
        self.together = true;
        self
    }

    /// Gives it the clock that [`Said::Tick`] moves. (The job must be given the
    /// same one, with [`Config::clock`](crate::Config::clock).)
    #[must_use]
    pub fn with_clock(mut self, clock: &ManualClock) -> Self {
        self.clock = Some(clock.clone());
        self
    }

    fn tick(&self, nanos: u64) -> Result<(), BoxError> {
        let clock = self.clock.as_ref().ok_or(
            "the script moves a clock and was given none: give it the job's, with `with_clock`",
        )?;
        clock.advance(Duration::from_nanos(nanos));
        Ok(())
    }
}

impl<T: Clone + Send + 'static> Script<T> {
    /// Hands on the records up to the next signal, `most` at the most, and tells
    /// how many were taken.
    fn push_run<C: Collector<T>>(&mut self, most: usize, out: &mut C) -> (usize, Flow) {
        let run = self.lines.as_slice().iter().map_while(|line| match line {
            Said::Record(time, value) => Some((at(*time), value.clone())),
            _ => None,
        });
        // Behind the signal there are records again: those are another run's.
        let mut left = run.fuse().take(most);
        let mut drawn = 0;
        let flow = out.push_each(left.by_ref().inspect(|_| drawn += 1));
        let is_left = left.next().is_some();
        assert!(!(flow.is_open() && is_left), "open, and records are left");
        self.lines.by_ref().take(drawn).for_each(drop);
        (drawn, flow)
    }
}

impl<T: Clone + Send + 'static> Source for Script<T> {
    type Item = T;

    fn pull<C: Collector<T>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let (mut records, mut flow) = (0, Flow::Open);
        let mut status = SourceStatus::Ready;
        let most = budget.min(self.a_pull);
        while flow.is_open() && records < most {
            if self.together && matches!(self.lines.as_slice(), [Said::Record(..), ..]) {
                let (drawn, answer) = self.push_run(most - records, out);
                records += drawn;
                flow = answer;
                continue;
            }
            flow = match self.lines.next() {
                Some(Said::Record(time, value)) => {
                    records += 1;
                    out.push(at(time), value)
                }
                Some(Said::Watermark(time)) => out.signal(Signal::Watermark(Watermark {
                    time: at(time),
                    born: Stamp::NONE,
                })),
                Some(Said::Idle) => out.signal(Signal::Idle),
                Some(Said::Active) => out.signal(Signal::Active),
                Some(Said::Barrier(id)) => out.signal(Signal::Barrier(id)),
                Some(Said::Tick(nanos)) => {
                    self.tick(nanos)?;
                    Flow::Open
                }
                Some(Said::Quiet) => {
                    status = SourceStatus::Idle;
                    break;
                }
                Some(Said::End) | None => {
                    status = SourceStatus::Ended;
                    break;
                }
            };
        }
        Ok(Pulled {
            records,
            status,
            flow,
        })
    }
}
