use crate::state::panes::{ClosingPane, FiringPane, PaneEntry, Panes};
use crate::state::slab::{StateLimit, StateStats, TooManyKeys};
use crate::{
    Added, Aggregate, Ahead, Arrival, Fired, Firing, Lateness, Prefetch, Slicing, Timestamp,
    Window, WindowStore,
};
use std::hash::Hash;

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

impl<K, Acc> ClosedCell<K, Acc> {
    #[inline]
    fn new(window: Window, entry: PaneEntry<K, Acc>) -> Self {
        Self {
            window,
            key: entry.key,
            accumulator: entry.accumulator,
        }
    }

    #[inline]
    fn finish<T, A>(self, aggregate: &A, firing: Firing) -> Fired<K, A::Output>
    where
        A: Aggregate<T, Accumulator = Acc>,
    {
        Fired {
            window: self.window,
            key: self.key,
            value: aggregate.finish(self.accumulator),
            firing,
        }
    }
}

/// Keyed tumbling windows: an arena in which a pane is a window.
///
/// A state machine without threads or clocks: [`update`](Self::update) folds a
/// record, [`advance`](Self::advance) moves the watermark, and
/// [`next_closed`](Self::next_closed) hands out what has closed, one key at a
/// time, so that the caller can stop whenever its output is full.
///
/// A window that closes is emptied: its accumulators move out. Where the
/// [kind](crate::Tumbling) allows lateness, results are copies instead, and a
/// window stays until the lateness has passed; then they come only through
/// [`WindowStore`].
///
/// ```
/// use fluxus_windows::{Added, StateLimit, Timestamp, Tumbling, TumblingWindows};
///
/// let zero = || 0u32;
/// let tumbling = Tumbling::from_nanos(10)?;
/// let mut windows = TumblingWindows::new(tumbling, StateLimit::new(16, 1024));
/// let at = Timestamp::from_nanos;
/// windows.update(at(3), "ant", &zero, |count| *count += 1);
/// windows.update(at(7), "ant", &zero, |count| *count += 1);
/// windows.advance(at(9));
/// let closed = windows.next_closed().unwrap();
/// assert_eq!((closed.key, closed.accumulator), ("ant", 2));
/// assert!(windows.next_closed().is_none());
/// assert_eq!(windows.update(at(9), "ant", &zero, |count| *count += 1), Added::Late);
/// # Ok::<(), fluxus_windows::WindowError>(())
/// ```
#[derive(Debug)]
pub struct TumblingWindows<K, Acc> {
    slicing: Slicing,
    panes: Panes<K, Acc>,
    watermark: Timestamp,
    /// The panes at hand: most records lie in that of the record before, or
    /// next to it.
    hot: Hot,
    /// The same, for records that are looked for ahead; while they are, `hot`
    /// is none, so that asking for it costs small arenas nothing.
    ahead: Hot,
    looks_ahead: bool,
    is_large: bool,
    closing: Option<ClosingPane<K, Acc>>,
    /// All that is open is being handed out, complete or not.
    is_yielding: bool,
    lateness: Lateness,
    /// The window that fires and is kept, where lateness is allowed.
    firing: Option<FiringPane>,
    /// The key whose late record makes its window fire again.
    again: Option<(Window, usize)>,
}

/// The stretch of time of the panes at hand: one window, or two that follow
/// one another. Length zero: none.
#[derive(Clone, Copy, Debug, Default)]
struct Hot {
    start: i64,
    /// The length of the first window; the second, if there is one, follows.
    first: u64,
    length: u64,
}

impl Hot {
    /// The place of the pane that holds `time`, if it is at hand.
    #[inline(always)]
    fn place(&self, time: Timestamp) -> Option<usize> {
        let offset = time.nanos().wrapping_sub(self.start) as u64;
        (offset < self.length).then_some(usize::from(offset >= self.first))
    }
}

impl<K: Hash + Eq + Clone, Acc> TumblingWindows<K, Acc> {
    /// No windows yet; memory is set aside as `limit` says.
    pub fn new(slicing: impl Into<Slicing>, limit: StateLimit) -> Self {
        Self {
            slicing: slicing.into(),
            panes: Panes::new(limit),
            watermark: Timestamp::MIN,
            hot: Hot::default(),
            ahead: Hot::default(),
            looks_ahead: false,
            is_large: false,
            closing: None,
            is_yielding: false,
            lateness: Lateness::NONE,
            firing: None,
            again: None,
        }
    }

    /// Keeps windows for late records; results come through [`WindowStore`].
    pub(crate) fn with_lateness(self, lateness: Lateness) -> Self {
        Self { lateness, ..self }
    }

    /// The accumulator of `key` in the window of `time`, if it is at hand: the
    /// window is that of the record before, and the key is known.
    ///
    /// The short way for most records. It calls nothing, so that a loop over it
    /// keeps what it holds in registers; [`update`](Self::update) is the long way,
    /// for all of them.
    #[inline(always)]
    pub fn at_hand(&mut self, time: Timestamp, key: &K) -> Option<&mut Acc> {
        let place = self.hot.place(time)?;
        self.panes.known_cell(place, key)
    }

    /// The accumulator of a `key` that was not [at hand](Self::at_hand), if all there
    /// is to do is to make one: its window is at hand, and has room. Else the key,
    /// back.
    #[inline(always)]
    pub fn first_touch(
        &mut self,
        time: Timestamp,
        key: K,
        create: &impl Fn() -> Acc,
    ) -> Result<&mut Acc, K> {
        match self.hot.place(time) {
            Some(place) => self.panes.new_cell(place, key, create),
            None => Err(key),
        }
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
        if self.slicing.is_gap(time) {
            return match self.lateness.after(time) <= self.watermark {
                true => Added::Late,
                false => Added::Ignored,
            };
        }
        let cell = match self.warm(time) {
            Some(place) => self.panes.cell(place, key, create),
            None => match self.kept(time) {
                Some(window) => {
                    self.cool();
                    let found = self.panes.late_cell(window, key, create);
                    found.map(|(slot, cell)| {
                        self.again = Some((window, slot));
                        cell
                    })
                }
                None => return Added::Late,
            },
        };
        match cell {
            Ok(cell) => {
                fold(cell);
                if self.looks_ahead && self.is_large != self.panes.is_large() {
                    self.show();
                }
                Added::Kept
            }
            Err(TooManyKeys { .. }) => Added::Refused,
        }
    }

    /// The window of a late record, if it is kept.
    #[cold]
    fn kept(&self, time: Timestamp) -> Option<Window> {
        let window = self.slicing.slice_of(time);
        let is_kept = self.lateness.last_moment_of(window) > self.watermark;
        is_kept.then_some(window)
    }

    /// Puts the pane of `time` at hand and says where; none when its window has
    /// closed. The window before it, or else the one after, comes along.
    fn warm(&mut self, time: Timestamp) -> Option<usize> {
        let window = self.slicing.slice_of(time);
        if window.last_instant() <= self.watermark {
            return None;
        }
        if let Some(place) = self.ahead.place(time) {
            // The pane of the second window may not be open yet.
            if self.panes.is_open(window) {
                return Some(place);
            }
        }
        self.panes.cool();
        // A window cut off by the end of time holds that last instant too, and
        // none follows it.
        let length = |window: Window| {
            let end = window.end();
            let is_cut_off = end == Timestamp::MAX && self.slicing.slice_of(end) == window;
            end.nanos().wrapping_sub(window.start().nanos()) as u64 + u64::from(is_cut_off)
        };
        let before = window.start().nanos().checked_sub(1);
        let before = before.map(|last| self.slicing.slice_of(Timestamp::from_nanos(last)));
        // One that has fired and is kept takes the long way.
        let before = before
            .filter(|&before| before.last_instant() > self.watermark && self.panes.is_open(before));
        let after = (window.end() < Timestamp::MAX).then(|| self.slicing.slice_of(window.end()));
        let after = after.filter(|after| after.end() < Timestamp::MAX);
        let (place, first, second) = match before {
            Some(before) => (1, before, Some(window)),
            None => (0, window, after),
        };
        self.panes.warm(place, window);
        match (before, after) {
            (Some(other), _) | (None, Some(other)) => self.panes.warm_if_open(1 - place, other),
            (None, None) => {}
        }
        self.ahead = Hot {
            start: first.start().nanos(),
            first: length(first),
            length: length(first) + second.map_or(0, length),
        };
        self.show();
        Some(place)
    }

    /// Moves the watermark to `time`; one that does not rise does nothing.
    /// Says whether there is now something to close.
    #[inline]
    pub fn advance(&mut self, time: Timestamp) -> bool {
        self.watermark = self.watermark.max(time);
        let anything = self.is_anything_due();
        if anything {
            // What has closed takes no more records, handed out or not.
            self.cool();
        }
        anything
    }

    /// Puts at hand what is, unless records are looked for ahead.
    #[inline(never)]
    fn show(&mut self) {
        self.is_large = self.looks_ahead && self.panes.is_large();
        self.hot = match self.is_large {
            true => Hot::default(),
            false => self.ahead,
        };
    }

    /// Nothing is at hand.
    fn cool(&mut self) {
        self.hot = Hot::default();
        self.ahead = Hot::default();
    }

    /// Makes all that is open due, though time has not moved: what comes later
    /// opens its window anew. Says whether there is now something to hand out.
    ///
    /// For parts of windows that are put together elsewhere.
    pub fn yield_all(&mut self) -> bool {
        self.is_yielding = true;
        let anything = self.has_closed();
        self.is_yielding = anything;
        if anything {
            self.cool();
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
            Some(window) => window.last_instant() <= self.watermark || self.is_yielding,
            None => false,
        }
    }

    /// The next key of the windows that the watermark has completed, windows in
    /// order of their end, keys in that of their first records. `None` when all is
    /// handed out.
    #[inline(always)]
    pub fn next_closed(&mut self) -> Option<ClosedCell<K, Acc>> {
        loop {
            if let Some(closing) = &mut self.closing {
                if let Some(entry) = self.panes.next_entry(closing) {
                    return Some(ClosedCell::new(closing.window(), entry));
                }
            }
            if !self.close_first() {
                return None;
            }
        }
    }

    /// Puts away the window that was emptied, and begins with the next one that is
    /// complete, if there is one.
    #[inline(never)]
    fn close_first(&mut self) -> bool {
        if let Some(emptied) = self.closing.take() {
            self.panes.recycle(emptied);
        }
        if !self.first_is_complete() {
            self.is_yielding = false;
            return false;
        }
        self.cool();
        self.closing = self.panes.take_first();
        true
    }

    #[inline]
    fn is_anything_due(&self) -> bool {
        self.has_closed() || !self.lateness.is_none() && self.is_anything_due_of_the_kept()
    }

    fn is_anything_due_of_the_kept(&self) -> bool {
        self.again.is_some() || self.firing.is_some() || self.first_is_expired()
    }

    fn first_is_expired(&self) -> bool {
        let first = self.panes.first_kept();
        first.is_some_and(|window| self.lateness.last_moment_of(window) <= self.watermark)
    }

    /// The next result where lateness is allowed.
    #[inline(never)]
    fn next_copy(&mut self) -> Option<(ClosedCell<K, Acc>, Firing)>
    where
        Acc: Clone,
    {
        if let Some((window, slot)) = self.again.take() {
            if let Some(entry) = self.panes.copy(window, slot) {
                return Some((ClosedCell::new(window, entry), Firing::Late));
            }
        }
        loop {
            if let Some(firing) = &mut self.firing {
                if let Some(entry) = self.panes.next_copy(firing) {
                    return Some((ClosedCell::new(firing.window(), entry), Firing::OnTime));
                }
                self.firing = None;
            }
            // A window that closes late enough to be gone already fires first.
            while self.first_is_expired() {
                self.panes.drop_first_kept();
            }
            if !self.first_is_complete() {
                return None;
            }
            self.cool();
            self.firing = self.panes.fire_first();
        }
    }

    /// The watermark as it stands.
    pub fn watermark(&self) -> Timestamp {
        self.watermark
    }

    /// The slice in which `time` lies.
    pub fn slice_of(&self, time: Timestamp) -> Window {
        self.slicing.slice_of(time)
    }

    /// What the state holds.
    pub fn stats(&self) -> StateStats {
        self.panes.stats()
    }
}

impl<K, T, A> WindowStore<K, T, A> for TumblingWindows<K, A::Accumulator>
where
    K: Hash + Eq + Clone,
    A: Aggregate<T>,
{
    #[inline(always)]
    fn at_hand(&mut self, time: Timestamp, key: &K) -> Option<&mut A::Accumulator> {
        TumblingWindows::at_hand(self, time, key)
    }

    #[inline(always)]
    fn first_touch(
        &mut self,
        aggregate: &A,
        time: Timestamp,
        key: K,
    ) -> Result<&mut A::Accumulator, K> {
        TumblingWindows::first_touch(self, time, key, &|| aggregate.create())
    }

    fn add(&mut self, aggregate: &A, key: K, arrival: Arrival<'_, T>) -> Added {
        let create = || aggregate.create();
        self.update(arrival.time, key, &create, |accumulator| {
            arrival.fold_into(aggregate, accumulator)
        })
    }

    fn merge(&mut self, aggregate: &A, time: Timestamp, key: K, other: A::Accumulator) -> Added {
        let create = || aggregate.create();
        self.update(time, key, &create, |accumulator| {
            aggregate.merge(accumulator, other)
        })
    }

    fn will_look_ahead(&mut self) {
        self.looks_ahead = true;
    }

    #[inline(always)]
    fn is_large(&self) -> bool {
        self.is_large
    }

    #[inline(always)]
    fn expect(&self, record: &mut Ahead<K, T>, memory: &impl Prefetch) {
        self.panes
            .expect(self.ahead.place(record.time), record, memory);
    }

    #[inline]
    fn look_ahead(&mut self, records: &mut [Ahead<K, T>], memory: &impl Prefetch) {
        for record in records {
            if let Some(place) = self.ahead.place(record.time) {
                self.panes.expect_cell(place, record, memory);
            }
        }
    }

    #[inline(always)]
    fn found_ahead(&mut self, aggregate: &A, record: &Ahead<K, T>) -> Option<&mut A::Accumulator> {
        let place = self.ahead.place(record.time)?;
        self.panes.cell_ahead(place, record, &|| aggregate.create())
    }

    #[inline]
    fn advance(&mut self, time: Timestamp) -> bool {
        TumblingWindows::advance(self, time)
    }

    #[inline]
    fn has_due(&self) -> bool {
        self.is_anything_due()
    }

    #[inline]
    fn next_due(&mut self, aggregate: &A) -> Option<Fired<K, A::Output>> {
        if !self.lateness.is_none() {
            let (closed, firing) = self.next_copy()?;
            return Some(closed.finish(aggregate, firing));
        }
        let closed = self.next_closed()?;
        Some(closed.finish(aggregate, Firing::OnTime))
    }

    fn watermark(&self) -> Timestamp {
        self.watermark
    }

    fn stats(&self) -> StateStats {
        TumblingWindows::stats(self)
    }
}
