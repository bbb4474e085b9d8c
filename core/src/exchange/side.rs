use super::Lane;
use crate::{Flow, Signal};
use fluxus_ringbuf::CounterWriter;
use fluxus_windows::Timestamp;

/// An output beside the main one, to a stage of its own, if anybody takes it.
///
/// Behind a pointer, so that the chain around it stays small enough for the loop
/// of a source to take it onto its stack.
pub(crate) struct SideOutput<T>(Box<Side<T>>);

struct Side<T> {
    lane: Option<Lane<T>>,
    /// Counts what [`SideOutput::push_seldom`] is given, taken or not.
    counter: Option<CounterWriter>,
}

impl<T> SideOutput<T> {
    pub(crate) fn new(lane: Option<Lane<T>>) -> Self {
        Self(Box::new(Side {
            lane,
            counter: None,
        }))
    }

    /// With a counter of what is [seldom](Self::push_seldom) pushed.
    pub(crate) fn counted(mut self, counter: CounterWriter) -> Self {
        self.0.counter = Some(counter);
        self
    }

    #[inline]
    pub(crate) fn push(&mut self, time: Timestamp, value: T) -> Flow {
        self.0.push(time, value)
    }

    /// As [`push`](Self::push), for what is the exception, and counted.
    ///
    /// The call is given this alone, and no pointer into the chain, and it counts
    /// in there: so the rest of the chain stays in registers. And the loop is told
    /// that it seldom ends here, or it would ask behind every record. Together
    /// they make a `try_map` 11 instructions a record in place of 16.
    #[inline]
    pub(crate) fn push_seldom(&mut self, time: Timestamp, value: T) -> Flow {
        match push_seldom(&mut self.0, time, value) {
            Flow::Open => Flow::Open,
            flow => {
                seldom();
                flow
            }
        }
    }

    pub(crate) fn signal(&mut self, signal: Signal) -> Flow {
        match &mut self.0.lane {
            Some(lane) => lane.signal(signal),
            None => Flow::Open,
        }
    }

    pub(crate) fn resume(&mut self) -> Flow {
        match &mut self.0.lane {
            Some(lane) => lane.resume(),
            None => Flow::Open,
        }
    }

    pub(crate) fn flush(&mut self) {
        if let Some(lane) = &mut self.0.lane {
            lane.flush();
        }
    }
}

impl<T> Side<T> {
    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        match &mut self.lane {
            // Nobody takes it any more: that is no reason to end the main one.
            Some(lane) => Flow::Open.and_side(lane.push(time, value)),
            None => Flow::Open,
        }
    }
}

#[cold]
#[inline(never)]
fn push_seldom<T>(side: &mut Side<T>, time: Timestamp, value: T) -> Flow {
    if let Some(counter) = &mut side.counter {
        counter.add(1);
    }
    side.push(time, value)
}

/// Says that whatever leads here is seldom.
#[cold]
#[inline(never)]
fn seldom() {}
