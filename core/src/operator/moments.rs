use crate::{Instance, WallClock};
use fluxus_windows::{Moment, Timestamp};
use std::sync::Arc;

/// The time as a keyed operator knows it: event time as far as it has come, and the
/// time of the wall, which is read once a batch.
pub(super) struct Moments {
    /// The last watermark that came.
    pub(super) watermark: Timestamp,
    /// How far event time has come for the states: as far as the watermark, save
    /// while the timers that it set off are firing one by one.
    reached: Timestamp,
    wall: Option<Arc<dyn WallClock>>,
    /// What the wall said in this batch.
    of_batch: Option<Timestamp>,
    /// The latest that it ever said.
    latest: Timestamp,
}

impl Moments {
    /// For an operator that asks for the time of the wall, or not.
    pub(super) fn new(instance: &Instance, asks_for_wall: bool) -> Self {
        Self {
            watermark: Timestamp::MIN,
            reached: Timestamp::MIN,
            wall: asks_for_wall.then(|| Arc::clone(&instance.wall)),
            of_batch: None,
            latest: Timestamp::MIN,
        }
    }

    /// The moment of a record of this time.
    #[inline]
    pub(super) fn of_record(&mut self, time: Timestamp) -> Moment {
        Moment {
            event: time.max(self.reached),
            wall: self.wall(),
        }
    }

    /// The moment of a timer that was due at this time: the states have reached it.
    pub(super) fn of_event(&mut self, at: Timestamp) -> Moment {
        self.reached = self.reached.max(at);
        self.now()
    }

    /// This moment.
    pub(super) fn now(&mut self) -> Moment {
        Moment {
            event: self.reached,
            wall: self.wall(),
        }
    }

    /// The time of the wall, as it is in this batch; the beginning of time for an
    /// operator that does not ask.
    #[inline]
    fn wall(&mut self) -> Timestamp {
        match (&self.wall, self.of_batch) {
            (None, _) => Timestamp::MIN,
            (_, Some(time)) => time,
            (Some(wall), None) => {
                // A step back is taken for standing still.
                self.latest = self.latest.max(wall.now());
                self.of_batch = Some(self.latest);
                self.latest
            }
        }
    }

    /// The wall is to be read again: a batch has ended, or the operator had to wait.
    #[inline]
    pub(super) fn batch_ends(&mut self) {
        self.of_batch = None;
    }

    /// All that the watermark set off is done.
    pub(super) fn watermark_is_reached(&mut self) {
        self.reached = self.reached.max(self.watermark);
    }

    /// The time that is given to what comes out and has none of its own: the first
    /// that is not late; none where there is no event time.
    pub(super) fn not_late(&self) -> Timestamp {
        match self.watermark {
            Timestamp::MIN => Timestamp::MIN,
            watermark => Timestamp::from_nanos(watermark.nanos().saturating_add(1)),
        }
    }
}
