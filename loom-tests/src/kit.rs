//! A bounded model, and the two loops that most tests need.

use fluxus_ringbuf::{channel_with_lane, Capacity, Parker, Polled, Receiver, Sender, StopFlag};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

/// Runs `test` under every interleaving with at most four preemptions.
///
/// The bound keeps the whole suite in seconds. Without it all but the parking
/// tests pass in half a minute; those have too many ways to end in minutes.
pub fn check(test: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(4);
    model.check(test);
}

/// A channel of `slots` records beside a lane of `signals`.
pub fn small_channel<T>(slots: usize, signals: usize) -> (Sender<T, char>, Receiver<T, char>) {
    let capacity = |slots| Capacity::new(slots).expect("a small power of two");
    channel_with_lane(capacity(slots), capacity(signals)).expect("a few bytes")
}

/// One thing that came through a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// A record.
    Record(u32),
    /// A signal.
    Signal(char),
}

/// Everything that comes until the channel is closed, taken `max` at a time.
pub fn receive_all(receiver: &mut Receiver<u32, char>, max: usize) -> Vec<Seen> {
    let mut seen = Vec::new();
    loop {
        match receiver.poll(max) {
            Polled::Records(batch) => seen.extend(batch.drain().map(Seen::Record)),
            Polled::Signal(signal) => seen.push(Seen::Signal(signal)),
            Polled::Empty => loom::thread::yield_now(),
            Polled::Closed => return seen,
        }
    }
}

/// Sends one record, however long the ring is full; gives it back when the
/// receiver is gone.
///
/// # Errors
///
/// The record, when the receiver is gone.
pub fn send<T>(sender: &mut Sender<T, char>, mut record: T) -> Result<(), T> {
    loop {
        match sender.send(record) {
            Ok(()) => return Ok(()),
            Err(back) if sender.is_abandoned() => return Err(back),
            Err(back) => record = back,
        }
        loom::thread::yield_now();
    }
}

/// Tries `attempt` until it gives something, asleep in between.
///
/// # Panics
///
/// Loom's, when the wake-up is lost: then every thread sleeps.
pub fn park_until<R>(parker: &Parker, mut attempt: impl FnMut() -> Option<R>) -> R {
    loop {
        if let Some(result) = attempt() {
            return result;
        }
        parker.prepare();
        if let Some(result) = attempt() {
            parker.cancel();
            return result;
        }
        parker.park(None);
    }
}

/// Sleeps until the flag is up.
pub fn park_until_raised(parker: &Parker, stop: &StopFlag) {
    park_until(parker, || stop.is_raised().then_some(()));
}

/// Counts how often its marks were dropped.
///
/// A plain counter, not one of loom's: it must not order anything.
#[derive(Debug, Clone, Default)]
pub struct Drops(Arc<AtomicUsize>);

impl Drops {
    /// A record that is counted when it is dropped.
    pub fn mark(&self) -> Mark {
        Mark(self.clone())
    }

    /// How many marks were dropped so far.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A record that tells its [`Drops`] when it goes.
#[derive(Debug)]
pub struct Mark(Drops);

impl Drop for Mark {
    fn drop(&mut self) {
        self.0 .0.fetch_add(1, Ordering::Relaxed);
    }
}
