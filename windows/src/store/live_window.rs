use crate::{Aggregate, Lateness, Timestamp, Trigger, Window};

/// A window of a key that is kept.
#[derive(Debug)]
pub(crate) struct LiveWindow<Acc> {
    pub(crate) window: Window,
    /// Where its timer is: not after anything that it has due.
    pub(crate) timer_at: Timestamp,
    /// It is so new that it has no timer yet.
    pub(crate) is_new: bool,
    /// When it fires next before its end.
    pub(crate) early: Timestamp,
    /// Records since it last fired.
    pub(crate) records: u32,
    /// Its end has come, and it is kept for late records only.
    pub(crate) has_ended: bool,
    /// It was purged, or is new, and no record has come since.
    pub(crate) is_empty: bool,
    pub(crate) accumulator: Acc,
}

/// What a window has due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// A result before its end.
    Early,
    /// The result at its end.
    End,
    /// Nothing more: the end of its life.
    Drop,
}

/// When windows fire, and how long they live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) trigger: Trigger,
    pub(crate) lateness: Lateness,
}

impl Rules {
    /// What `live` has due first, and when.
    #[inline]
    pub(crate) fn first_due<Acc>(&self, live: &LiveWindow<Acc>) -> (Timestamp, Due) {
        if live.has_ended || !self.trigger.fires_at_end() {
            return (self.lateness.last_moment_of(live.window), Due::Drop);
        }
        let last = live.window.last_instant();
        match live.early < last {
            true => (live.early, Due::Early),
            false => (last, Due::End),
        }
    }
}

impl Rules {
    /// Whether `live`, whose timer is at `at`, gives its one result then and is gone.
    #[inline]
    pub(crate) fn is_over_at<Acc>(&self, live: &LiveWindow<Acc>, at: Timestamp) -> bool {
        let is_simple = self.trigger.waits_for_the_end() & self.lateness.is_none();
        is_simple && live.window.last_instant() <= at
    }
}

impl<Acc> LiveWindow<Acc> {
    /// Whether it ends at `time` or later.
    #[inline]
    pub(crate) fn reaches(&self, time: Timestamp) -> bool {
        time <= self.window.end()
    }

    /// A window that holds nothing, and has no timer.
    pub(crate) fn new(window: Window, accumulator: Acc) -> Self {
        Self {
            window,
            timer_at: Timestamp::MAX,
            is_new: true,
            early: Trigger::NEVER,
            records: 0,
            has_ended: false,
            is_empty: true,
            accumulator,
        }
    }

    /// Takes in a window of the same key, and with it the earlier of their timers.
    pub(crate) fn absorb<T, A>(&mut self, aggregate: &A, other: Self)
    where
        A: Aggregate<T, Accumulator = Acc>,
    {
        self.window = self.window.cover(other.window);
        self.timer_at = self.timer_at.min(other.timer_at);
        self.early = self.early.min(other.early);
        self.records = self.records.saturating_add(other.records);
        match (self.is_empty, other.is_empty) {
            (_, true) => {}
            (true, false) => {
                self.accumulator = other.accumulator;
                self.is_empty = false;
            }
            (false, false) => aggregate.merge(&mut self.accumulator, other.accumulator),
        }
    }

    /// What the window holds, for a result; none if it is empty.
    pub(crate) fn give<T, A>(&mut self, aggregate: &A, discards: bool) -> Option<A::Output>
    where
        A: Aggregate<T, Accumulator = Acc>,
        Acc: Clone,
    {
        if self.is_empty {
            return None;
        }
        self.records = 0;
        self.is_empty = discards;
        let given = match discards {
            true => std::mem::replace(&mut self.accumulator, aggregate.create()),
            false => self.accumulator.clone(),
        };
        Some(aggregate.finish(given))
    }
}
