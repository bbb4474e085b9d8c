use crate::panes::{ClosingPane, Panes};
use crate::slab::{StateLimit, StateStats, TooManyKeys};
use crate::{Timestamp, Tumbling, Window};
use std::hash::Hash;

/// What became of a record that was offered to its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It was folded into its window.
    Kept,
    /// Its window was closed already: the window's last instant is at or before
    /// the watermark.
    Late,
    /// Its key is new and the state holds as many keys as it may.
    Refused,
}

/// One key of a closed window.
#[derive(Debug, PartialEq, Eq)]
pub struct ClosedCell<K, Acc> {
    /// The window.
    pub window: Window,
    /// The key.
    pub key: K,
    /// What was folded under the key in the window.
    pub accumulator: Acc,
}

/// Keyed tumbling windows: an arena in which a pane is a window.
///
/// A state machine without threads or clocks: [`update`](Self::update) folds a
/// record, [`advance`](Self::advance) moves the watermark, and
/// [`next_closed`](Self::next_closed) hands out what has closed, one key at a
/// time, so that the caller can stop whenever its output is full.
///
/// ```
/// use fluxus_windows::{Added, StateLimit, Timestamp, Tumbling, TumblingWindows};
/// use std::time::Duration;
///
/// let zero = || 0u32;
/// let size = Tumbling::new(Duration::from_nanos(10))?;
/// let mut windows = TumblingWindows::new(size, StateLimit::new(16, 1024), &zero);
/// let at = Timestamp::from_nanos;
/// windows.update(at(3), "ant", &zero, |count| *count += 1);
/// windows.update(at(7), "ant", &zero, |count| *count += 1);
/// windows.advance(at(9));
/// let closed = windows.next_closed(&zero).unwrap();
/// assert_eq!((closed.key, closed.accumulator), ("ant", 2));
/// assert!(windows.next_closed(&zero).is_none());
/// assert_eq!(windows.update(at(9), "ant", &zero, |count| *count += 1), Added::Late);
/// # Ok::<(), fluxus_windows::WindowError>(())
/// ```
#[derive(Debug)]
pub struct TumblingWindows<K, Acc> {
    tumbling: Tumbling,
    panes: Panes<K, Acc>,
    watermark: Timestamp,
    /// The pane of the record before: most records lie in the same one.
    hot: Hot,
    closing: Option<ClosingPane<Acc>>,
}

/// The stretch of time of the hot pane, as `start` and length, so that one
/// comparison says whether an instant lies in it. Length zero: no pane.
#[derive(Clone, Copy, Debug, Default)]
struct Hot {
    start: i64,
    length: u64,
}

impl Hot {
    #[inline]
    fn holds(&self, time: Timestamp) -> bool {
        (time.nanos().wrapping_sub(self.start) as u64) < self.length
    }
}

impl<K: Hash + Eq + Clone, Acc> TumblingWindows<K, Acc> {
    /// No windows yet; memory is set aside as `limit` says.
    pub fn new(tumbling: Tumbling, limit: StateLimit, create: &impl Fn() -> Acc) -> Self {
        Self {
            tumbling,
            panes: Panes::new(limit, create),
            watermark: Timestamp::MIN,
            hot: Hot::default(),
            closing: None,
        }
    }

    /// The accumulator of `key` in the window of `time`, if it is at hand: the
    /// window is that of the record before, and the key is known.
    ///
    /// The short way for most records. It calls nothing, so that a loop over it
    /// keeps what it holds in registers; [`update`](Self::update) is the long way,
    /// for all of them.
    #[inline(always)]
    pub fn at_hand(&mut self, time: Timestamp, key: &K) -> Option<&mut Acc> {
        if !self.hot.holds(time) {
            return None;
        }
        self.panes.known_cell(key)
    }

    /// Folds a record at `time` into its window under `key`.
    ///
    /// `create` makes an empty accumulator (the same one at every call), `fold`
    /// changes it. Nothing is folded unless the answer is [`Added::Kept`].
    pub fn update(
        &mut self,
        time: Timestamp,
        key: K,
        create: &impl Fn() -> Acc,
        fold: impl FnOnce(&mut Acc),
    ) -> Added {
        if !self.hot.holds(time) && !self.warm(time, create) {
            return Added::Late;
        }
        match self.panes.cell(key, create) {
            Ok(cell) => {
                fold(cell);
                Added::Kept
            }
            Err(TooManyKeys { .. }) => Added::Refused,
        }
    }

    /// Makes the pane of `time` the hot one; false when its window has closed.
    #[inline(never)]
    fn warm(&mut self, time: Timestamp, create: &impl Fn() -> Acc) -> bool {
        let recent = self.panes.recent(time);
        let window = recent.unwrap_or_else(|| self.tumbling.window_of(time));
        if window.last_instant() <= self.watermark {
            return false;
        }
        self.panes.warm(window, create);
        let start = window.start().nanos();
        self.hot = Hot {
            start,
            // A window cut off by the end of time holds that last instant too.
            length: (window.end().nanos().wrapping_sub(start) as u64)
                + u64::from(window.end() == Timestamp::MAX),
        };
        true
    }

    /// Moves the watermark to `time`; one that does not rise does nothing.
    /// Says whether there is now something to close.
    #[inline]
    pub fn advance(&mut self, time: Timestamp) -> bool {
        self.watermark = self.watermark.max(time);
        let anything = self.has_closed();
        if anything {
            // What has closed takes no more records, handed out or not.
            self.hot = Hot::default();
        }
        anything
    }

    /// Whether [`next_closed`](Self::next_closed) has something to hand out
    /// (or at least to tidy up).
    #[inline]
    pub fn has_closed(&self) -> bool {
        self.closing.is_some() || self.first_is_complete()
    }

    #[inline]
    fn first_is_complete(&self) -> bool {
        match self.panes.first_open() {
            Some(window) => window.last_instant() <= self.watermark,
            None => false,
        }
    }

    /// The next key of the windows that the watermark has completed, windows in
    /// order of their end. `None` when all is handed out.
    #[inline]
    pub fn next_closed(&mut self, create: &impl Fn() -> Acc) -> Option<ClosedCell<K, Acc>> {
        loop {
            if let Some(closing) = &mut self.closing {
                if let Some(entry) = self.panes.next_entry(closing, create) {
                    return Some(ClosedCell {
                        window: closing.window(),
                        key: entry.key,
                        accumulator: entry.accumulator,
                    });
                }
            }
            if let Some(emptied) = self.closing.take() {
                self.panes.recycle(emptied);
            }
            if !self.first_is_complete() {
                return None;
            }
            self.hot = Hot::default();
            self.closing = self.panes.take_first();
        }
    }

    /// The watermark as it stands.
    pub fn watermark(&self) -> Timestamp {
        self.watermark
    }

    /// The window in which `time` lies.
    pub fn window_of(&self, time: Timestamp) -> Window {
        self.tumbling.window_of(time)
    }

    /// What the state holds.
    pub fn stats(&self) -> StateStats {
        self.panes.stats()
    }
}
