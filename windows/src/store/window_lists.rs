use crate::store::live_window::{Due, LiveWindow, Rules};
use crate::store::timers::{Next, TimedWindows, Timer, Timers};
use crate::store::window_list::{KeyWindows, SpareLists, WindowList};
use crate::{
    Aggregate, Ahead, Arrival, Fired, Firing, KeySlab, Lateness, Prefetch, Slot, StateLimit,
    StateStats, Timestamp, Trigger, Window,
};
use std::hash::Hash;

/// The live windows of all keys, their timers, and what is due.
///
/// A key whose last window is gone keeps its slot, as long as there are no more
/// such keys than keys with windows: visitors return, and to take them out of the
/// index and put them back is half of what a session costs. They give way before
/// memory grows, and before a key is refused.
///
/// # Invariants
/// - a key with a live window has a slot;
/// - every live window has a timer at its `timer_at`.
#[derive(Debug)]
pub(crate) struct WindowLists<K, Acc> {
    rules: Rules,
    watermark: Timestamp,
    /// The keys, each with its live windows.
    keys: KeySlab<KeyWindows<K, Acc>>,
    spare: SpareLists<Acc>,
    /// How many windows are live.
    live: usize,
    /// How many keys have live windows, and had at most.
    held: usize,
    most_held: usize,
    /// Where the search for a key without windows goes on.
    search_from: usize,
    /// The slot that was found when a window was not [`newest`](Self::newest): the
    /// record comes back.
    found: Option<Slot>,
    looks_ahead: bool,
    /// How many keys had been released when keys were looked for ahead.
    looked_ahead_at: u64,
    timers: Timers,
    /// The watermark has risen to a timer. Only a rise looks at them: what a
    /// record behind the watermark sets in the past waits for the next one, so
    /// that the records in between are in the result too.
    has_risen: bool,
    /// Windows that the last record made fire, the last one first.
    at_once: Vec<(Window, Slot)>,
}

/// Keys without windows that are always kept.
const FEW: usize = 64;
/// Keys that are looked at for one without windows, before memory grows.
const LOOK_AT: usize = 64;

/// Keys and their windows that are as quickly found one by one: in bytes.
const IN_CACHE: usize = 1 << 20;

/// Timers that are seen to in one call, if none of them gives a result.
const TIMERS: usize = 256;

/// The windows, for their timers.
struct InSlab<'a, K, Acc> {
    rules: Rules,
    keys: &'a mut KeySlab<KeyWindows<K, Acc>>,
}

impl<K: Hash + Eq, Acc> TimedWindows for InSlab<'_, K, Acc> {
    #[inline]
    fn bring_near(&self, slots: impl Iterator<Item = Slot>) {
        let stale = slots.filter(|&slot| self.keys.key(slot).list.is_empty());
        std::hint::black_box(stale.count());
    }

    #[inline(always)]
    fn revise(&mut self, timer: Timer) -> Option<Timer> {
        let Timer { at, slot, .. } = timer;
        let list = &mut self.keys.key_mut(slot).list;
        let live = list.owner(timer)?;
        let (due, _) = self.rules.first_due(live);
        if due <= at {
            return Some(timer);
        }
        live.timer_at = due;
        let end = live.window.end();
        Some(Timer { at: due, end, slot })
    }
}

impl<K: Hash + Eq + Clone, Acc: Clone> WindowLists<K, Acc> {
    pub(crate) fn new(trigger: Trigger, lateness: Lateness, limit: StateLimit) -> Self {
        Self {
            rules: Rules { trigger, lateness },
            watermark: Timestamp::MIN,
            keys: KeySlab::new(limit),
            spare: SpareLists::new(),
            live: 0,
            held: 0,
            most_held: 0,
            search_from: 0,
            found: None,
            looks_ahead: false,
            looked_ahead_at: 0,
            timers: Timers::with_room_for(limit.expected()),
            has_risen: false,
            at_once: Vec::new(),
        }
    }

    /// The same, where all windows are so long, in nanoseconds, when they begin.
    pub(crate) fn of_length(self, length: i64) -> Self {
        let Rules { trigger, lateness } = self.rules;
        let timers = self.keys.limit().expected();
        match trigger.waits_for_the_end() && lateness.is_none() {
            true => Self {
                timers: Timers::at_last_instants(length, timers),
                ..self
            },
            false => self,
        }
    }

    pub(crate) fn trigger(&self) -> Trigger {
        self.rules.trigger
    }

    pub(crate) fn watermark(&self) -> Timestamp {
        self.watermark
    }

    pub(crate) fn stats(&self) -> StateStats {
        StateStats {
            keys: self.held,
            keys_high_water: self.most_held,
            panes: self.live,
            ..self.keys.stats()
        }
    }

    /// Whether the life of `window` is over.
    #[inline]
    pub(crate) fn is_late(&self, window: Window) -> bool {
        self.is_past(window.last_instant())
    }

    /// Whether `time` is behind the watermark by the allowed lateness.
    #[inline]
    pub(crate) fn is_past(&self, time: Timestamp) -> bool {
        self.rules.lateness.after(time) <= self.watermark
    }

    /// The slot of `key`, if it has one.
    #[inline(always)]
    pub(crate) fn find(&self, key: &K) -> Option<Slot> {
        self.keys.find_by(key)
    }

    /// The slot of `key`, a new one if need be, which must be given a window next;
    /// none when the limit is met.
    #[inline]
    pub(crate) fn slot(&mut self, key: K) -> Option<Slot> {
        let found = self.found.take();
        match found.filter(|&slot| self.keys.key(slot).key == key) {
            Some(slot) => Some(slot),
            None => self.find(&key).or_else(|| self.new_slot(key)),
        }
    }

    #[inline(never)]
    fn new_slot(&mut self, key: K) -> Option<Slot> {
        if self.keys.is_full() && self.keys.len() > self.held {
            self.let_an_idle_key_go();
        }
        self.keys.slot(KeyWindows::new(key)).ok()
    }

    /// Frees the slot of a key without windows. While there is room to grow only a
    /// few keys are looked at.
    #[cold]
    fn let_an_idle_key_go(&mut self) {
        let slots = self.keys.slots();
        let is_limit = self.keys.len() == self.keys.limit().limit();
        let most = if is_limit { slots } else { slots.min(LOOK_AT) };
        for _ in 0..most {
            if self.search_from >= slots {
                self.search_from = 0;
            }
            let slot = Slot(self.search_from as u32);
            self.search_from += 1;
            // All slots are in use: this is asked only when none is free.
            if self.keys.key(slot).list.is_empty() {
                self.release(slot);
                return;
            }
        }
    }

    #[inline(never)]
    fn release(&mut self, slot: Slot) {
        self.found = None;
        self.keys.release(slot);
    }

    /// A key has got its first window.
    #[inline]
    fn hold(&mut self) {
        self.held += 1;
        self.most_held = self.most_held.max(self.held);
    }

    /// The accumulator of the newest window of `key`, if `window` is that, or is
    /// `merged` into it and begins no earlier, and its end is still to come.
    #[inline(always)]
    pub(crate) fn newest(&mut self, key: &K, window: Window, merges: bool) -> Option<&mut Acc> {
        let slot = self.find(key)?;
        self.found = Some(slot);
        self.grown(slot, window, merges)
    }

    /// The same, of the key in `slot`.
    #[inline(always)]
    fn grown(&mut self, slot: Slot, window: Window, merges: bool) -> Option<&mut Acc> {
        let newest = self.keys.key_mut(slot).list.newest()?;
        let held = newest.window;
        let is_it = match merges {
            true => held.start() <= window.start() && window.start() <= held.end(),
            false => held == window,
        };
        if !is_it || newest.has_ended {
            return None;
        }
        // The timer stays: it is put back when it is looked at.
        newest.window = held.cover(window);
        Some(&mut newest.accumulator)
    }

    pub(crate) fn will_look_ahead(&mut self) {
        self.looks_ahead = true;
    }

    /// Whether keys are better looked for ahead.
    #[inline(always)]
    pub(crate) fn is_large(&self) -> bool {
        self.looks_ahead && self.keys.slots() * self.keys.bytes_a_key() > IN_CACHE
    }

    #[inline(always)]
    pub(crate) fn expect<T>(&self, record: &mut Ahead<K, T>, memory: &impl Prefetch) {
        self.keys.expect(record, memory);
    }

    /// Looks for the keys of many records at once.
    #[inline(always)]
    pub(crate) fn look_ahead<T>(&mut self, records: &mut [Ahead<K, T>], memory: &impl Prefetch) {
        self.keys.look_ahead(records, memory);
        self.looked_ahead_at = self.keys.released();
    }

    /// The accumulator for a record whose key was looked for ahead, in `window` or
    /// in the newest one of its key that it merges into, or in a new one if the key
    /// has none; as long as nothing becomes due by it.
    #[inline(always)]
    pub(crate) fn found_ahead<T, A>(
        &mut self,
        aggregate: &A,
        record: &Ahead<K, T>,
        window: Option<Window>,
        merges: bool,
    ) -> Option<&mut Acc>
    where
        A: Aggregate<T, Accumulator = Acc>,
    {
        let slot = record.slot;
        if slot == Slot::NONE || self.looked_ahead_at != self.keys.released() {
            return None;
        }
        self.found = Some(slot);
        let window = window.filter(|_| self.rules.trigger.waits_for_the_end())?;
        if self.keys.key(slot).list.is_empty() {
            return self.open_empty(aggregate, slot, window);
        }
        self.grown(slot, window, merges)
    }

    /// Opens `window` for its first record, if it is still to come.
    #[inline]
    fn open_empty<T, A>(&mut self, aggregate: &A, slot: Slot, window: Window) -> Option<&mut Acc>
    where
        A: Aggregate<T, Accumulator = Acc>,
    {
        if !self.opens(window) {
            return None;
        }
        let at = window.last_instant();
        let mut live = LiveWindow::new(window, aggregate.create());
        live.timer_at = at;
        (live.is_new, live.is_empty, live.records) = (false, false, 1);
        let end = window.end();
        self.timers.set(Timer { at, end, slot });
        self.live += 1;
        self.hold();
        let list = &mut self.keys.key_mut(slot).list;
        *list = WindowList::One(live);
        list.newest().map(|live| &mut live.accumulator)
    }

    /// Opens `window` with its first record, if its key has no other and nothing
    /// becomes due by it.
    #[inline]
    pub(crate) fn open<T, A>(
        &mut self,
        aggregate: &A,
        slot: Slot,
        window: Window,
        arrival: Arrival<'_, T>,
    ) -> bool
    where
        A: Aggregate<T, Accumulator = Acc>,
    {
        if !self.keys.key(slot).list.is_empty() {
            return false;
        }
        let accumulator = self.open_empty(aggregate, slot, window);
        accumulator.is_some_and(|accumulator| {
            arrival.fold_into(aggregate, accumulator);
            true
        })
    }

    /// Whether a window that begins now is only [opened](Self::open): it waits for
    /// its end, which is still to come.
    #[inline]
    pub(crate) fn opens(&self, window: Window) -> bool {
        let is_ahead = self.watermark < window.last_instant() && window.start() <= window.end();
        is_ahead && self.rules.trigger.waits_for_the_end()
    }

    /// Folds a record into `window`, which is not late.
    pub(crate) fn fold_apart<T, A>(
        &mut self,
        aggregate: &A,
        slot: Slot,
        window: Window,
        arrival: Arrival<'_, T>,
    ) where
        A: Aggregate<T, Accumulator = Acc>,
    {
        let list = &mut self.keys.key_mut(slot).list;
        if list.window_mut(window).is_none() {
            self.begin(aggregate, slot, window);
        }
        self.fold(aggregate, slot, window, arrival);
    }

    /// Puts an empty window into the list of a key.
    fn begin<T, A>(&mut self, aggregate: &A, slot: Slot, window: Window)
    where
        A: Aggregate<T, Accumulator = Acc>,
    {
        let list = &mut self.keys.key_mut(slot).list;
        let is_first = list.is_empty();
        list.insert(LiveWindow::new(window, aggregate.create()), &mut self.spare);
        self.live += 1;
        if is_first {
            self.hold();
        }
    }

    /// Folds a record into `window`, merged with the windows that it touches;
    /// says no if what comes of that is late.
    pub(crate) fn fold_merged<T, A>(
        &mut self,
        aggregate: &A,
        slot: Slot,
        window: Window,
        arrival: Arrival<'_, T>,
    ) -> bool
    where
        A: Aggregate<T, Accumulator = Acc>,
    {
        let list = &mut self.keys.key_mut(slot).list;
        let partners = list.partners(window);
        // Of all that is merged the last window lives longest.
        let longest = partners.merged_with_last;
        if self.rules.lateness.last_moment_of(longest) <= self.watermark {
            return false;
        }
        if partners.count == 0 {
            self.begin(aggregate, slot, window);
            self.fold(aggregate, slot, window, arrival);
            return true;
        }
        let joined = list.join(window, |first, other| first.absorb(aggregate, other));
        if let Some(joined) = joined.map(|joined| joined.window) {
            self.live -= partners.count - 1;
            self.fold(aggregate, slot, joined, arrival);
        }
        true
    }

    /// Folds a record into a live window, and notes what becomes due by it.
    fn fold<T, A>(&mut self, aggregate: &A, slot: Slot, window: Window, arrival: Arrival<'_, T>)
    where
        A: Aggregate<T, Accumulator = Acc>,
    {
        let trigger = self.rules.trigger;
        let Some(live) = self.keys.key_mut(slot).list.window_mut(window) else {
            return;
        };
        arrival.fold_into(aggregate, &mut live.accumulator);
        live.is_empty = false;
        live.records = live.records.saturating_add(1);
        // A window that had ended may have grown beyond the watermark.
        live.has_ended = trigger.fires_at_end() && live.window.last_instant() <= self.watermark;
        if !live.has_ended && live.early == Trigger::NEVER {
            live.early = trigger.first_early(arrival.time, live.window);
        }
        if live.has_ended || trigger.is_enough(live.records) {
            self.at_once.push((live.window, slot));
        }
        let (due, _) = self.rules.first_due(live);
        if live.is_new || due < live.timer_at {
            live.is_new = false;
            live.timer_at = due;
            let end = live.window.end();
            self.timers.set(Timer { at: due, end, slot });
        }
        if self.timers.are_mostly_stale(self.live, self.keys.slots()) {
            self.set_timers_anew();
        }
    }

    #[cold]
    fn set_timers_anew(&mut self) {
        let keys = &self.keys;
        let slots = (0..keys.slots() as u32).map(Slot);
        self.timers.reset(slots.flat_map(|slot| {
            keys.key(slot).list.iter().map(move |live| Timer {
                at: live.timer_at,
                end: live.window.end(),
                slot,
            })
        }));
    }

    /// Brings what one record made due into the order of the windows' ends.
    #[inline]
    pub(crate) fn order_at_once(&mut self) {
        if self.at_once.len() > 1 {
            let order = |&(window, _): &(Window, Slot)| (window.end(), window.start());
            self.at_once
                .sort_unstable_by_key(|fires| std::cmp::Reverse(order(fires)));
        }
    }

    /// Moves the watermark; says whether there is something due.
    #[inline]
    pub(crate) fn advance(&mut self, time: Timestamp) -> bool {
        if time > self.watermark {
            self.watermark = time;
            self.has_risen |= self.timers.advance(time);
        }
        self.has_due()
    }

    #[inline]
    pub(crate) fn has_due(&self) -> bool {
        self.has_risen || !self.at_once.is_empty()
    }

    /// The next result that is due; none for now, if timers were only moved on.
    pub(crate) fn next_due<T, A>(&mut self, aggregate: &A) -> Option<Fired<K, A::Output>>
    where
        A: Aggregate<T, Accumulator = Acc>,
    {
        while let Some((window, slot)) = self.at_once.pop() {
            let fired = self.fire_at_once(aggregate, window, slot);
            if fired.is_some() {
                return fired;
            }
        }
        for _ in 0..TIMERS {
            if !self.has_risen {
                break;
            }
            let fired = self.see_to_first_timer(aggregate);
            if fired.is_some() {
                return fired;
            }
        }
        None
    }

    /// The result of a window that its last record made fire.
    fn fire_at_once<T, A>(
        &mut self,
        aggregate: &A,
        window: Window,
        slot: Slot,
    ) -> Option<Fired<K, A::Output>>
    where
        A: Aggregate<T, Accumulator = Acc>,
    {
        let discards = self.rules.trigger.discards();
        let live = self.keys.key_mut(slot).list.window_mut(window)?;
        let value = live.give(aggregate, discards)?;
        let firing = match self.watermark < window.last_instant() {
            true => Firing::Early,
            false => Firing::Late,
        };
        Some(self.fired(window, slot, value, firing))
    }

    /// Sees to the first timer that is due, if one is; it may give a result.
    fn see_to_first_timer<T, A>(&mut self, aggregate: &A) -> Option<Fired<K, A::Output>>
    where
        A: Aggregate<T, Accumulator = Acc>,
    {
        let (rules, watermark) = (self.rules, self.watermark);
        let keys = &mut self.keys;
        let first = match self
            .timers
            .first_due(watermark, &mut InSlab { rules, keys })
        {
            Next::Due(first) => first,
            Next::Later => return None,
            Next::None => {
                self.has_risen = false;
                return None;
            }
        };
        let timer = first.timer();
        let Timer { at, slot, .. } = timer;
        let list = &mut self.keys.key_mut(slot).list;
        let is_only = matches!(list, WindowList::One(_));
        let Some(live) = list.owner(timer) else {
            first.take_off();
            return None;
        };
        if is_only && rules.is_over_at(live, at) {
            first.take_off();
            return self.close_only(aggregate, slot);
        }
        let window = live.window;
        let discards = rules.trigger.discards();
        let is_dead = rules.lateness.last_moment_of(window) <= watermark;
        let mut result = None;
        match rules.first_due(live) {
            // The window has grown since, and needs its timer later.
            (due, _) if due > at => {}
            (_, Due::Early) => {
                let is_empty = live.is_empty;
                let value = live.give(aggregate, discards);
                result = value.map(|value| (value, Firing::Early));
                let trigger = rules.trigger;
                live.early = trigger.next_early(live.early, window, watermark, is_empty);
            }
            (_, Due::End) if !is_dead => {
                let value = live.give(aggregate, discards);
                result = value.map(|value| (value, Firing::OnTime));
                live.has_ended = true;
                live.early = Trigger::NEVER;
            }
            (_, end) => {
                first.take_off();
                let last = self.remove(slot, window);
                let last = last.filter(|last| end == Due::End && !last.is_empty);
                return last.map(|last| {
                    let value = aggregate.finish(last.accumulator);
                    self.fired(window, slot, value, Firing::OnTime)
                });
            }
        }
        (live.timer_at, _) = rules.first_due(live);
        first.move_on(live.timer_at, window.end());
        result.map(|(value, firing)| self.fired(window, slot, value, firing))
    }

    /// Takes out the only window of a key, which has come to its end.
    fn close_only<T, A>(&mut self, aggregate: &A, slot: Slot) -> Option<Fired<K, A::Output>>
    where
        A: Aggregate<T, Accumulator = Acc>,
    {
        let list = &mut self.keys.key_mut(slot).list;
        let WindowList::One(live) = std::mem::replace(list, WindowList::None) else {
            return None;
        };
        let key = self.keys.key(slot).key.clone();
        self.live -= 1;
        self.let_go(slot);
        (!live.is_empty).then(|| Fired {
            window: live.window,
            key,
            value: aggregate.finish(live.accumulator),
            firing: Firing::OnTime,
        })
    }

    /// Drops a window, and with the last one its key, if enough keys without
    /// windows are kept.
    fn remove(&mut self, slot: Slot, window: Window) -> Option<LiveWindow<Acc>> {
        let list = &mut self.keys.key_mut(slot).list;
        let removed = list.remove(window, &mut self.spare);
        self.live -= 1;
        if list.is_empty() {
            self.let_go(slot);
        }
        removed
    }

    /// A key has no window any more: it goes, if enough of its kind are kept.
    #[inline]
    fn let_go(&mut self, slot: Slot) {
        self.held -= 1;
        let (keys, limit) = (self.keys.len(), self.keys.limit().limit());
        if keys > 2 * self.held + FEW || keys > limit / 2 {
            self.release(slot);
        }
    }

    /// A result of `slot`, whose key may just have left: a slot remembers it.
    fn fired<V>(&self, window: Window, slot: Slot, value: V, firing: Firing) -> Fired<K, V> {
        Fired {
            window,
            key: self.keys.key(slot).key.clone(),
            value,
            firing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::Count;
    use std::collections::BTreeSet;

    const GAP: i64 = 10;

    fn at(nanos: i64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    fn sessions(trigger: Trigger, lateness: i64) -> WindowLists<i64, u64> {
        let lateness = Lateness::from_nanos(lateness).unwrap();
        WindowLists::new(trigger, lateness, StateLimit::new(16, 1 << 20)).of_length(GAP)
    }

    fn add(lists: &mut WindowLists<i64, u64>, key: i64, time: i64) {
        add_only(lists, key, time);
        check(lists);
    }

    fn add_only(lists: &mut WindowLists<i64, u64>, key: i64, time: i64) {
        let slot = lists.slot(key).unwrap();
        let window = Window::new(at(time), at(time + GAP));
        let arrival = Arrival {
            time: at(time),
            value: &(),
            number: 0,
        };
        assert!(lists.fold_merged(&Count, slot, window, arrival));
    }

    /// Everything that is due, as (key, records).
    fn due(lists: &mut WindowLists<i64, u64>) -> Vec<(i64, u64)> {
        let mut due = Vec::new();
        while lists.has_due() {
            let fired = lists.next_due::<(), _>(&Count);
            due.extend(fired.map(|fired| (fired.key, fired.value)));
        }
        check(lists);
        due
    }

    /// The list of each slot.
    fn all_lists(lists: &WindowLists<i64, u64>) -> impl Iterator<Item = &WindowList<u64>> {
        let slots = (0..lists.keys.slots() as u32).map(Slot);
        slots.map(|slot| &lists.keys.key(slot).list)
    }

    /// The invariants, and that stale timers are bounded.
    fn check(lists: &WindowLists<i64, u64>) {
        let has_many = lists.timers.iter().nth(200).is_some();
        if has_many {
            return;
        }
        let timers: BTreeSet<_> = lists.timers.iter().map(|t| (t.slot, t.at)).collect();
        let all = all_lists(lists)
            .map(|list| list.iter().count())
            .sum::<usize>();
        assert_eq!(all, lists.live);
        let held = all_lists(lists).filter(|list| !list.is_empty()).count();
        assert_eq!(held, lists.held);
        assert_eq!(lists.stats().keys, held);
        for (slot, list) in (0..).map(Slot).zip(all_lists(lists)) {
            for live in list.iter() {
                assert!(timers.contains(&(slot, live.timer_at)), "{live:?}");
                assert!(live.timer_at <= lists.rules.first_due(live).0, "{live:?}");
            }
            for (one, next) in list.iter().zip(list.iter().skip(1)) {
                assert!(one.window.end() < next.window.start());
            }
        }
        let most = 2 * lists.live + lists.keys.slots() + 64;
        assert!(lists.timers.iter().count() <= most);
    }

    #[test]
    fn a_watermark_costs_by_what_is_due() {
        let mut lists = sessions(Trigger::event_time(), 0);
        // Key n is silent from 10 n on.
        for key in 0..10_000 {
            add(&mut lists, key, 10 * key);
        }
        assert_eq!(lists.timers.looked_at(), 0);
        for (watermark, results) in [
            (8, 0),
            (9, 1),
            (10, 0),
            (18, 0),
            (19, 1),
            (1_000, 98),
            (1_000, 0),
            (99_998, 9_899),
            (i64::MAX, 1),
        ] {
            let before = lists.timers.looked_at();
            lists.advance(at(watermark));
            assert_eq!(due(&mut lists).len(), results, "watermark {watermark}");
            let looked_at = lists.timers.looked_at() - before;
            assert_eq!(looked_at, results as u64, "watermark {watermark}");
        }
        assert_eq!((lists.live, lists.held), (0, 0));
        assert_eq!(lists.timers.iter().count(), 0);
    }

    #[test]
    fn growing_costs_no_timer_and_one_look_when_the_first_is_due() {
        let mut lists = sessions(Trigger::event_time(), 0);
        for time in 0..1_000 {
            add(&mut lists, 7, time);
        }
        assert_eq!(lists.timers.iter().count(), 1);
        lists.advance(at(500));
        assert_eq!(due(&mut lists), []);
        assert_eq!(lists.timers.looked_at(), 1, "put back from 9 to 1008");
        lists.advance(at(1_007));
        assert_eq!(due(&mut lists), []);
        lists.advance(at(1_008));
        assert_eq!(due(&mut lists), [(7, 1_000)]);
        assert_eq!(lists.timers.looked_at(), 2);
    }

    /// Joined sessions leave timers behind, and one that fired and grows again
    /// needs an earlier one: for ever, if nothing is ever too late.
    #[test]
    fn stale_timers_are_bounded() {
        let mut lists = sessions(Trigger::event_time(), i64::MAX);
        for round in 0..3_000 {
            add(&mut lists, 1, 5 * round);
            lists.advance(at(5 * round + GAP - 1));
            assert_eq!(due(&mut lists), [(1, round as u64 + 1)]);
        }
        for round in 0..1_000 {
            let start = 100_000 + 100 * round;
            add(&mut lists, 2, start);
            add(&mut lists, 2, start + 18);
            add(&mut lists, 2, start + 9);
        }
        assert_eq!(lists.live, 1 + 1_000);
        lists.advance(Timestamp::MAX);
        assert_eq!(due(&mut lists), [(2, 3); 1_000]);
        assert_eq!((lists.live, lists.held), (0, 0));
    }

    /// An empty window with an early timer does not tick through the ages.
    #[test]
    fn a_purged_window_waits_without_ticking() {
        let every = Trigger::event_time().early_every_nanos(1).unwrap();
        let mut lists = sessions(every.discarding(), 0);
        let slot = lists.slot(1).unwrap();
        let window = Window::new(at(0), at(i64::MAX - 1));
        let arrival = Arrival {
            time: at(0),
            value: &(),
            number: 0,
        };
        lists.fold_apart(&Count, slot, window, arrival);
        lists.advance(at(i64::MAX / 2));
        assert_eq!(due(&mut lists), [(1, 1)]);
        lists.advance(Timestamp::MAX);
        assert_eq!(due(&mut lists), []);
        assert!(lists.timers.looked_at() < 10);
    }

    #[test]
    fn the_steady_state_needs_no_more_memory() {
        let mut lists = sessions(Trigger::event_time(), 0);
        let mut room = None;
        for round in 0..50 {
            for key in 0..16 {
                add(&mut lists, 100 * round + key, 100 * round + key);
            }
            lists.advance(at(100 * round + 50));
            assert_eq!(due(&mut lists).len(), 16);
            assert!(
                all_lists(&lists).all(|list| matches!(list, WindowList::None | WindowList::One(_)))
            );
            let now = (lists.keys.slots(), lists.timers.room());
            assert_eq!(*room.get_or_insert(now), now);
        }
        assert_eq!(lists.stats().grown, 0);
        // A long list gives its memory back with its key.
        for place in 0..100 {
            add(&mut lists, 1, 10_000 + 100 * place);
        }
        lists.advance(Timestamp::MAX);
        due(&mut lists);
        assert!(all_lists(&lists).all(|list| matches!(list, WindowList::None | WindowList::One(_))));
    }

    /// Who comes back finds the slot of the time before; who never does makes room
    /// for others.
    #[test]
    fn keys_without_windows_are_kept_as_long_as_they_are_few() {
        let rounds = |keys_of_round: &dyn Fn(i64) -> std::ops::Range<i64>, limit| {
            let limit = StateLimit::new(16, limit);
            let mut lists = WindowLists::new(Trigger::event_time(), Lateness::NONE, limit);
            for round in 0..20 {
                for key in keys_of_round(round) {
                    // The invariants are of all keys: a look at every one takes long.
                    let add = if key % 10 == 0 { add } else { add_only };
                    add(&mut lists, key, 100 * round + key % 50);
                }
                lists.advance(at(100 * round + 99));
                assert_eq!(due(&mut lists).len(), 1_000);
                assert_eq!((lists.held, lists.stats().keys), (0, 0));
            }
            assert_eq!(lists.stats().keys_high_water, 1_000);
            (lists.keys.slots(), lists.keys.len())
        };
        let (slots, _) = rounds(&|_| 0..1_000, 1 << 20);
        assert_eq!(slots, 1_000);
        let (slots, keys) = rounds(&|round| 1_000 * round..1_000 * (round + 1), 1 << 20);
        assert!(slots <= 2 * 1_000 + FEW, "{slots}");
        assert!(keys < 1_000, "{keys}");
        // None is refused as long as no more than the limit have windows.
        let (slots, _) = rounds(&|round| 1_000 * round..1_000 * (round + 1), 1_000);
        assert_eq!(slots, 1_000);
    }

    /// One key with a hundred thousand sessions at once, in any order: none of them
    /// shifts the others.
    #[test]
    fn a_key_may_have_many_windows() {
        let mut lists = sessions(Trigger::event_time(), 0);
        let mut random = 1u64;
        let mut times: Vec<i64> = (0..200_000)
            .map(|_| {
                random = random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
                (random >> 33) as i64 % 10_000_000
            })
            .collect();
        for &time in &times {
            add_only(&mut lists, 1, time);
        }
        times.sort_unstable();
        let together = |one: &i64, next: &i64| next - one <= GAP;
        let mut expected = vec![1];
        for pair in times.windows(2) {
            match together(&pair[0], &pair[1]) {
                true => *expected.last_mut().unwrap() += 1,
                false => expected.push(1),
            }
        }
        assert!(expected.len() > 100_000);
        assert_eq!(lists.live, expected.len());
        let list = &lists.keys.key(Slot(0)).list;
        assert!(matches!(list, WindowList::Many(_)));
        lists.advance(Timestamp::MAX);
        let records: Vec<u64> = due(&mut lists).into_iter().map(|(_, n)| n).collect();
        assert_eq!(records, expected, "in the order of their ends");
        assert_eq!((lists.live, lists.held), (0, 0));
    }
}
