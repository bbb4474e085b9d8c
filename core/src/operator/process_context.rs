use fluxus_windows::{KeyTimer, TimersOfKey, Timestamp, TooManyTimers};
use std::collections::VecDeque;
use std::time::Duration;

/// What the code of a keyed process is given with a record or a timer: its key, the
/// time, the timers of the key, and the way out.
///
/// It speaks of one key. Timers are told apart by key and instant: to set one twice
/// is to set it once.
#[derive(Debug)]
pub struct ProcessContext<'a, K, O> {
    pub(super) key: &'a K,
    pub(super) time: Timestamp,
    pub(super) watermark: Timestamp,
    pub(super) now: Timestamp,
    /// Timers by the wall are firing.
    pub(super) is_firing_by_wall: bool,
    pub(super) timers: TimersOfKey<'a>,
    pub(super) out: &'a mut VecDeque<(Timestamp, O)>,
    pub(super) clears: bool,
    pub(super) failure: Option<TooManyTimers>,
}

impl<K, O> ProcessContext<'_, K, O> {
    /// The key.
    pub fn key(&self) -> &K {
        self.key
    }

    /// The event time of the record, or the instant for which the timer was set. For
    /// a timer by the wall, the first instant that is not late; the beginning of
    /// time on a stream without timestamps.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// No record at or before it is still to come, save late ones. The end of time
    /// once the stream has ended, the beginning of time before the first watermark.
    pub fn watermark(&self) -> Timestamp {
        self.watermark
    }

    /// Whether the stream has ended. What is left of the timers in event time fires
    /// then, those too that are set meanwhile: a timer that sets itself again has to
    /// stop here.
    pub fn has_ended(&self) -> bool {
        self.watermark == Timestamp::MAX
    }

    /// The time of the wall, read once a batch from the clock of the job.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Emits a result at [`time`](Self::time). Any number may be emitted; what
    /// downstream has no room for is held until it has, and nothing more is taken in
    /// meanwhile.
    #[inline]
    pub fn emit(&mut self, value: O) {
        self.out.push_back((self.time, value));
    }

    /// Emits a result at a time of its own. What lies at or before the watermark
    /// downstream is late there.
    #[inline]
    pub fn emit_at(&mut self, time: Timestamp, value: O) {
        self.out.push_back((time, value));
    }

    /// Sets a timer in event time: it fires when the watermark reaches `at`, ahead
    /// of what the watermark does downstream; at the next watermark, if one has
    /// reached it already.
    pub fn at(&mut self, at: Timestamp) {
        self.set(KeyTimer::Event(at));
    }

    /// Cancels the timer in event time at this instant; says whether there was one.
    pub fn cancel_at(&mut self, at: Timestamp) -> bool {
        self.timers.cancel(KeyTimer::Event(at))
    }

    /// Sets a timer by the wall: it fires when the job's clock has come so far from
    /// [`now`](Self::now). Says at which instant that is.
    pub fn after(&mut self, time: Duration) -> Timestamp {
        self.at_wall(self.now + time)
    }

    /// Sets a timer by the wall: it fires when the job's clock has reached `at`, with
    /// the end of this batch if it has. Says at which instant: one that is set by a
    /// timer by the wall fires after this moment, so that input comes between.
    pub fn at_wall(&mut self, at: Timestamp) -> Timestamp {
        let at = match self.is_firing_by_wall {
            true => at.max(self.now + Duration::from_nanos(1)),
            false => at,
        };
        self.set(KeyTimer::Wall(at));
        at
    }

    /// Cancels the timer by the wall at this instant; says whether there was one.
    pub fn cancel_at_wall(&mut self, at: Timestamp) -> bool {
        self.timers.cancel(KeyTimer::Wall(at))
    }

    /// Forgets the state of the key when this call has ended. Its timers stay.
    pub fn clear(&mut self) {
        self.clears = true;
    }

    fn set(&mut self, timer: KeyTimer) {
        if let Err(full) = self.timers.set(timer) {
            self.failure = Some(full);
        }
    }
}
