use super::Lane;
use crate::{Flow, Signal};
use fluxus_windows::Timestamp;

/// An output beside the main one, to a stage of its own, if anybody takes it.
///
/// Behind a pointer, so that the chain around it stays small enough for the loop
/// of a source to take it onto its stack.
pub(crate) struct SideOutput<T>(Option<Box<Lane<T>>>);

impl<T> SideOutput<T> {
    pub(crate) fn new(lane: Option<Lane<T>>) -> Self {
        Self(lane.map(Box::new))
    }

    #[inline]
    pub(crate) fn push(&mut self, time: Timestamp, value: T) -> Flow {
        match &mut self.0 {
            // Nobody takes it any more: that is no reason to end the main one.
            Some(lane) => Flow::Open.and_side(lane.push(time, value)),
            None => Flow::Open,
        }
    }

    /// As [`push`](Self::push), for what is the exception. The call is given the
    /// lane alone, and no pointer into the chain, so that the rest of the chain
    /// stays in registers: a `try_map` is 12 instructions a record in place of 15.
    #[inline]
    pub(crate) fn push_seldom(&mut self, time: Timestamp, value: T) -> Flow {
        match &mut self.0 {
            Some(lane) => Flow::Open.and_side(push_seldom(lane, time, value)),
            None => Flow::Open,
        }
    }

    pub(crate) fn signal(&mut self, signal: Signal) -> Flow {
        match &mut self.0 {
            Some(lane) => lane.signal(signal),
            None => Flow::Open,
        }
    }

    pub(crate) fn resume(&mut self) -> Flow {
        match &mut self.0 {
            Some(lane) => lane.resume(),
            None => Flow::Open,
        }
    }

    pub(crate) fn flush(&mut self) {
        if let Some(lane) = &mut self.0 {
            lane.flush();
        }
    }
}

#[cold]
#[inline(never)]
fn push_seldom<T>(lane: &mut Lane<T>, time: Timestamp, value: T) -> Flow {
    lane.push(time, value)
}
