//! What the tests of the channel have in common; none of them uses all.
#![allow(dead_code)]

use fluxus_ringbuf::{channel_with_lane, Capacity, Polled, Receiver, Sender};
use std::cell::Cell;
use std::rc::Rc;

/// One thing that came through a channel, or that none did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Record(u32),
    Signal(char),
    Empty,
    Closed,
}

pub(crate) fn small_channel<T>(
    slots: usize,
    signals: usize,
) -> (Sender<T, char>, Receiver<T, char>) {
    let capacity = |slots| Capacity::new(slots).expect("a small power of two");
    channel_with_lane(capacity(slots), capacity(signals)).expect("a few bytes")
}

/// Polls until nothing comes; the last is `Empty` or `Closed`.
pub(crate) fn receive(receiver: &mut Receiver<u32, char>, max: usize) -> Vec<Seen> {
    let mut seen = Vec::new();
    loop {
        match receiver.poll(max) {
            Polled::Records(batch) => {
                assert!((1..=max).contains(&batch.len()));
                seen.extend(batch.drain().map(Seen::Record));
            }
            Polled::Signal(signal) => seen.push(Seen::Signal(signal)),
            Polled::Empty => {
                seen.push(Seen::Empty);
                return seen;
            }
            Polled::Closed => {
                seen.push(Seen::Closed);
                return seen;
            }
        }
    }
}

/// Counts how often its marks were dropped.
#[derive(Clone, Default)]
pub(crate) struct Drops(Rc<Cell<usize>>);

/// A record that is counted when it is dropped.
pub(crate) struct Mark(Drops);

impl Drops {
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.get()
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let Drops(count) = &self.0;
        count.set(count.get() + 1);
    }
}
