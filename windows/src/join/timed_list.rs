use crate::join::in_order::{Held, InOrder};
use crate::store::timers::{Next, TimedWindows, Timer, Timers};
use crate::{Prefetch, Slot, Timestamp};
use std::mem::size_of;
use std::ops::{Range, RangeInclusive};

/// The records of one key.
#[derive(Debug)]
struct TimedList<T> {
    records: InOrder<T>,
    /// Where the timer is set that holds for the first record. Without records
    /// there is none.
    timer_at: Timestamp,
}

impl<T> TimedList<T> {
    const fn new() -> Self {
        Self {
            records: InOrder::new(),
            timer_at: Timestamp::MAX,
        }
    }
}

/// The records of one side of a join: a list for each key's slot, and a timer for
/// each list that is not empty, at its first record's end.
///
/// ```text
///   slot 0   [ 3  5  5  9 ]     timer at the end of 3
///   slot 1   [ ]                none
///   slot 2   [ 4 ]              timer at the end of 4
/// ```
///
/// A record that comes in front of the others sets a timer of its own; the one
/// that was set before is stale, and passed over when it comes due. So there are at
/// most two timers a record, and what a watermark costs is in proportion to what it
/// removes.
///
/// A list that was emptied keeps its memory for the next key that is given its
/// slot.
#[derive(Debug)]
pub(crate) struct TimedLists<T> {
    lists: Vec<TimedList<T>>,
    timers: Timers,
    len: usize,
    /// Lists whose first records are at their end, as often as they have some, and
    /// how many of them were seen to.
    due: Vec<Slot>,
    done: usize,
    /// No records.
    none: InOrder<T>,
}

struct Fronts<'a, T>(&'a [TimedList<T>]);

impl<T> TimedWindows for Fronts<'_, T> {
    fn bring_near(&self, slots: impl Iterator<Item = Slot>) {
        let lists = slots.filter_map(|slot| self.0.get(slot.index()));
        let firsts = lists.filter_map(|list| list.records.first());
        // Both ends of a record: it may lie in two cache lines.
        let odd = firsts.filter(|first| (first.time == Timestamp::MIN) & first.has_partner);
        std::hint::black_box(odd.count());
    }

    #[inline(always)]
    fn revise(&mut self, timer: Timer) -> Option<Timer> {
        let list = self.0.get(timer.slot.index())?;
        let is_stale = list.records.is_empty() || list.timer_at != timer.at;
        (!is_stale).then_some(timer)
    }
}

/// What has come due of the timers.
pub(crate) enum DueList {
    /// The list in this slot: its first record is at its end.
    Slot(Slot),
    /// That is not known yet: ask again.
    Later,
    /// None.
    None,
}

impl<T> TimedLists<T> {
    /// Lists for so many keys, whose records end about `reach` nanoseconds after
    /// their time.
    pub(crate) fn new(keys: usize, reach: i64) -> Self {
        Self {
            lists: Vec::with_capacity(keys),
            timers: Timers::at_last_instants(reach.max(1), keys),
            len: 0,
            due: Vec::new(),
            done: 0,
            none: InOrder::new(),
        }
    }

    /// How many records are held.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// About how many bytes all of it takes.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.lists.len() * size_of::<TimedList<T>>() + self.len * size_of::<Held<T>>()
    }

    /// Asks for the list in `slot`.
    #[inline(always)]
    pub(crate) fn expect(&self, slot: Slot, memory: &impl Prefetch) {
        if let Some(list) = self.lists.get(slot.index()) {
            memory.prefetch(&list.records);
            memory.prefetch(&list.timer_at);
        }
    }

    /// Asks for the records in `slot`, whose list was [expected](Self::expect).
    #[inline(always)]
    pub(crate) fn expect_records(&self, slot: Slot, memory: &impl Prefetch) {
        if let Some(list) = self.lists.get(slot.index()) {
            list.records.expect(memory);
        }
    }

    /// Makes sure that there is a list for `slot`.
    #[inline]
    pub(crate) fn reach_to(&mut self, slot: Slot) {
        if slot.index() >= self.lists.len() {
            self.lists.resize_with(slot.index() + 1, TimedList::new);
        }
    }

    /// Whether nothing is held in `slot`.
    #[inline(always)]
    pub(crate) fn is_empty(&self, slot: Slot) -> bool {
        let list = self.lists.get(slot.index());
        list.map_or(true, |list| list.records.is_empty())
    }

    /// The records in `slot`, in the order of time.
    pub(crate) fn records(&self, slot: Slot) -> impl Iterator<Item = &Held<T>> {
        let list = self.lists.get(slot.index());
        list.into_iter().flat_map(|list| list.records.iter())
    }

    /// The record of this number in `slot`.
    #[inline(always)]
    pub(crate) fn at(&self, slot: Slot, number: usize) -> Option<&Held<T>> {
        self.lists.get(slot.index())?.records.at(number)
    }

    /// The records of these numbers in `slot`, to change what their order does not
    /// know.
    #[inline(always)]
    pub(crate) fn range_mut(
        &mut self,
        slot: Slot,
        numbers: Range<usize>,
    ) -> impl Iterator<Item = &mut Held<T>> {
        let records = match self.lists.get_mut(slot.index()) {
            Some(list) => &mut list.records,
            // None are asked of a slot that has no list.
            None => &mut self.none,
        };
        records.range_mut(numbers)
    }

    /// The numbers of the records of `slot` at these times.
    #[inline(always)]
    pub(crate) fn between(&self, slot: Slot, times: &RangeInclusive<Timestamp>) -> Range<usize> {
        let list = self.lists.get(slot.index());
        list.map_or(0..0, |list| list.records.between(times))
    }

    /// Puts a record where it belongs in the order of time. `end` is when it is to
    /// be looked at, which is in the order of time too.
    #[inline(always)]
    pub(crate) fn insert(&mut self, slot: Slot, held: Held<T>, end: Timestamp) {
        self.reach_to(slot);
        let Some(list) = self.lists.get_mut(slot.index()) else {
            return;
        };
        let is_first = list.records.is_empty();
        list.records.insert(held);
        self.len += 1;
        if is_first || end < list.timer_at {
            list.timer_at = end;
            self.timers.set_instant(end, slot);
        }
    }

    /// As [`insert`](Self::insert), with a timer for this record alone, whatever is in
    /// front of it: for lists out of which records go by
    /// [`remove_due`](Self::remove_due) only. Says which number the record has.
    #[inline(always)]
    pub(crate) fn insert_timed(&mut self, slot: Slot, held: Held<T>, end: Timestamp) -> usize {
        self.reach_to(slot);
        let Some(list) = self.lists.get_mut(slot.index()) else {
            return 0;
        };
        let number = list.records.insert(held);
        self.len += 1;
        self.timers.set_instant(end, slot);
        number
    }

    /// Takes out records that have come to their end, about so many at the most, and
    /// hands them to `each`, with whether the list is empty then; until it wants no more
    /// for now. Those of one slot come in the order of time. Says whether there may be
    /// more.
    #[inline]
    pub(crate) fn remove_due(
        &mut self,
        watermark: Timestamp,
        most: usize,
        mut each: impl FnMut(Slot, Held<T>, bool) -> bool,
    ) -> bool {
        if self.done == self.due.len() {
            self.due.clear();
            self.done = 0;
            if !self.timers.may_be_due(watermark) {
                return false;
            }
            self.timers.take_due(watermark, most, &mut self.due);
            Fronts(&self.lists).bring_near(self.due.iter().copied());
        }
        while let Some(&slot) = self.due.get(self.done) {
            self.done += 1;
            let Some(list) = self.lists.get_mut(slot.index()) else {
                continue;
            };
            let Some(held) = list.records.pop_first() else {
                continue;
            };
            self.len -= 1;
            if !each(slot, held, list.records.is_empty()) {
                break;
            }
        }
        self.may_be_due(watermark)
    }

    /// The watermark has risen: whether there may be something due.
    #[inline]
    pub(crate) fn advance(&mut self, watermark: Timestamp) -> bool {
        let may_be_due = self.timers.advance(watermark);
        may_be_due || self.done < self.due.len()
    }

    /// Whether there may be something due.
    #[inline]
    pub(crate) fn may_be_due(&self, watermark: Timestamp) -> bool {
        self.done < self.due.len() || self.timers.may_be_due(watermark)
    }

    /// The next list whose first record is at its end. It has no timer until it is
    /// [`settle`](Self::settle)d, which comes next.
    pub(crate) fn next_due(&mut self, watermark: Timestamp) -> DueList {
        let mut fronts = Fronts(&self.lists);
        let due = match self.timers.first_due(watermark, &mut fronts) {
            Next::Due(due) => due,
            Next::Later => return DueList::Later,
            Next::None => return DueList::None,
        };
        let timer = due.timer();
        due.take_off();
        match fronts.revise(timer) {
            Some(_) => DueList::Slot(timer.slot),
            None => DueList::Later,
        }
    }

    /// Takes the first record out of `slot`, if `is_over` says so of its time.
    #[inline]
    pub(crate) fn pop_if(
        &mut self,
        slot: Slot,
        is_over: impl FnOnce(Timestamp) -> bool,
    ) -> Option<Held<T>> {
        let records = &mut self.lists.get_mut(slot.index())?.records;
        if !is_over(records.first()?.time) {
            return None;
        }
        let held = records.pop_first();
        self.len -= 1;
        held
    }

    /// Sets the timer of a list that was [due](Self::next_due), at the end of what is
    /// its first record now. Says whether the list is empty.
    pub(crate) fn settle(
        &mut self,
        slot: Slot,
        end_of: impl FnOnce(Timestamp) -> Timestamp,
    ) -> bool {
        let Some(list) = self.lists.get_mut(slot.index()) else {
            return true;
        };
        let Some(first) = list.records.first() else {
            return true;
        };
        list.timer_at = end_of(first.time);
        self.timers.set_instant(list.timer_at, slot);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::join::in_order::KEPT;
    use proptest::prelude::*;

    const REACH: i64 = 10;

    fn at(nanos: i64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    fn end(time: Timestamp) -> Timestamp {
        at(time.nanos() + REACH)
    }

    fn insert_timed(lists: &mut TimedLists<usize>, slot: u32, time: i64, value: usize) {
        let held = Held {
            time: at(time),
            has_partner: false,
            value,
        };
        lists.insert_timed(Slot(slot), held, end(at(time)));
    }

    /// The same of records that have a timer each, asked for by so many.
    fn removed_timed(
        lists: &mut TimedLists<usize>,
        watermark: i64,
        patience: usize,
    ) -> Vec<(u32, i64, usize)> {
        let mut removed = Vec::new();
        lists.advance(at(watermark));
        loop {
            let mut left = patience;
            let is_more = lists.remove_due(at(watermark), patience, |slot, held, _| {
                removed.push((slot.0, held.time.nanos(), held.value));
                left -= 1;
                left > 0
            });
            if !is_more {
                return removed;
            }
        }
    }

    fn insert(lists: &mut TimedLists<usize>, slot: u32, time: i64, value: usize) {
        let held = Held {
            time: at(time),
            has_partner: false,
            value,
        };
        lists.insert(Slot(slot), held, end(at(time)));
    }

    /// Everything that is at its end by `watermark`, as it comes out.
    fn removed(lists: &mut TimedLists<usize>, watermark: i64) -> Vec<(u32, i64, usize)> {
        let mut removed = Vec::new();
        lists.advance(at(watermark));
        loop {
            match lists.next_due(at(watermark)) {
                DueList::Slot(slot) => {
                    while let Some(held) = lists.pop_if(slot, |time| end(time) <= at(watermark)) {
                        removed.push((slot.0, held.time.nanos(), held.value));
                    }
                    lists.settle(slot, end);
                }
                DueList::Later => {}
                DueList::None => return removed,
            }
        }
    }

    proptest! {
        /// Lists are in the order of time, ranges are those of a search one by one,
        /// and what is at its end goes, all of it and nothing else.
        #[test]
        fn lists_agree_with_a_vector(
            steps in prop::collection::vec((0..4u32, 0..60i64, any::<bool>()), 1..150)
        ) {
            let mut lists = TimedLists::new(2, REACH);
            let mut timed = TimedLists::new(2, REACH);
            let mut all: Vec<(u32, i64, usize)> = Vec::new();
            let mut watermark = i64::MIN;
            for (number, (slot, time, rises)) in steps.into_iter().enumerate() {
                if rises {
                    watermark = watermark.max(time);
                    let mut gone = removed(&mut lists, watermark);
                    let gone_timed = removed_timed(&mut timed, watermark, 1 + number % 3);
                    for slot in 0..4 {
                        let of = |gone: &[(u32, i64, usize)]| -> Vec<_> {
                            gone.iter().filter(|r| r.0 == slot).copied().collect()
                        };
                        prop_assert_eq!(of(&gone_timed), of(&gone));
                    }
                    let mut expected = all.clone();
                    expected.retain(|&(_, time, _)| time + REACH <= watermark);
                    all.retain(|&(_, time, _)| time + REACH > watermark);
                    gone.sort_unstable();
                    expected.sort_unstable();
                    prop_assert_eq!(gone, expected);
                } else {
                    insert(&mut lists, slot, time, number);
                    insert_timed(&mut timed, slot, time, number);
                    all.push((slot, time, number));
                }
                prop_assert_eq!(lists.len(), all.len());
                prop_assert_eq!(timed.len(), all.len());
                for slot in 0..4 {
                    let mut expected: Vec<_> =
                        all.iter().filter(|r| r.0 == slot).map(|r| (r.1, r.2)).collect();
                    expected.sort_by_key(|r| r.0);
                    let records = lists.records(Slot(slot));
                    let found: Vec<_> = records
                        .map(|held| (held.time.nanos(), held.value))
                        .collect();
                    prop_assert_eq!(&found, &expected);
                    let range = lists.between(Slot(slot), &(at(time - 7)..=at(time + 3)));
                    let place = |least: i64| expected.iter().filter(|r| r.0 < least).count();
                    prop_assert_eq!(range, place(time - 7)..place(time + 4));
                }
            }
        }
    }

    #[test]
    fn a_list_that_was_large_gives_its_memory_back_and_a_small_one_keeps_it() {
        let mut lists = TimedLists::new(2, REACH);
        for number in 0..100_000 {
            insert(&mut lists, 0, 5, number);
        }
        insert(&mut lists, 1, 5, 0);
        removed(&mut lists, 15);
        let room = |slot: usize| lists.lists[slot].records.room();
        assert!((1..=2 * KEPT).contains(&room(0)), "{}", room(0));
        assert!(room(1) > 0);
    }

    /// Records in falling order each set a timer; when they have gone, so have
    /// these.
    #[test]
    fn timers_that_are_stale_go_with_their_records() {
        let mut lists = TimedLists::new(1, REACH);
        for time in (0..1000).rev() {
            insert(&mut lists, 0, time, 0);
        }
        assert_eq!(lists.timers.iter().count(), 1000);
        assert_eq!(removed(&mut lists, 500 + REACH).len(), 501);
        assert!(lists.timers.iter().count() <= 2 * lists.len());
        assert_eq!(removed(&mut lists, 5000).len(), 499);
        assert_eq!(lists.timers.iter().count(), 0);
    }
}
