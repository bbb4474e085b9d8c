use crate::{Prefetch, Timestamp};
use std::ops::{Range, RangeInclusive};

/// A record that is held, and whether it has met a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held<T> {
    pub(crate) time: Timestamp,
    pub(crate) has_partner: bool,
    pub(crate) value: T,
}

/// Records in the order of time, those of one instant in that of their coming, next
/// to one another in memory. The first ones go; where they were there is room again
/// as soon as it is needed.
///
/// ```text
///   [ - - 5 5 9 ]      two are gone
///   [ 5 5 9 12 ]       moved up, when there was no room for 12
/// ```
///
/// A record's number is how many there are in front of it.
///
/// # Invariants
/// - the first `gone` items are none, all others are some;
/// - there are others, or no items at all.
#[derive(Debug)]
pub(crate) struct InOrder<T> {
    items: Vec<Option<Held<T>>>,
    gone: usize,
}

/// Records for which an emptied list keeps memory.
pub(crate) const KEPT: usize = 1024;
/// Records that are moved up rather than memory be asked for, however few are gone.
const FEW: usize = 8;
/// Records that are looked at one by one before the list is halved instead.
const NEAR: usize = 4;

/// The time of an item; what is gone has none.
#[inline(always)]
fn time_of<T>(item: &Option<Held<T>>) -> Timestamp {
    match item {
        Some(held) => held.time,
        None => Timestamp::MIN,
    }
}

impl<T> InOrder<T> {
    pub(crate) const fn new() -> Self {
        Self {
            items: Vec::new(),
            gone: 0,
        }
    }

    #[inline(always)]
    fn held(&self) -> &[Option<Held<T>>] {
        self.items.get(self.gone..).unwrap_or_default()
    }

    /// The records, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Held<T>> {
        self.held().iter().flatten()
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The record of this number.
    #[inline(always)]
    pub(crate) fn at(&self, number: usize) -> Option<&Held<T>> {
        self.held().get(number)?.as_ref()
    }

    /// The first record.
    #[inline(always)]
    pub(crate) fn first(&self) -> Option<&Held<T>> {
        self.at(0)
    }

    /// The records of these numbers, to change what their order does not know.
    #[inline(always)]
    pub(crate) fn range_mut(
        &mut self,
        numbers: Range<usize>,
    ) -> impl Iterator<Item = &mut Held<T>> {
        let held = self.items.get_mut(self.gone..).unwrap_or_default();
        let range = held.get_mut(numbers).unwrap_or_default();
        range.iter_mut().filter_map(Option::as_mut)
    }

    /// The numbers of the records at these times.
    #[inline(always)]
    pub(crate) fn between(&self, times: &RangeInclusive<Timestamp>) -> Range<usize> {
        let held = self.held();
        if held.len() > NEAR {
            return between(held, times);
        }
        let first = count(held, |time| time < *times.start());
        let end = count(held, |time| time <= *times.end());
        first..end.max(first)
    }

    /// Puts a record where it belongs; says which number it has there.
    #[inline(always)]
    pub(crate) fn insert(&mut self, record: Held<T>) -> usize {
        if self.items.len() == self.items.capacity() {
            self.make_room();
        }
        let time = record.time;
        let held = self.held();
        let place = match held.len() {
            0..=NEAR => count(held, |other| other <= time),
            _ => end_of(held, time),
        };
        match self.gone + place {
            last if last == self.items.len() => self.items.push(Some(record)),
            place => self.items.insert(place, Some(record)),
        }
        place
    }

    /// Moves the records up to where others are gone, if these are many enough that
    /// it is not done again soon.
    #[inline(never)]
    fn make_room(&mut self) {
        let is_worth_it = self.items.len() <= FEW || self.gone >= self.items.len() / 2;
        if self.gone > 0 && is_worth_it {
            self.items.drain(..self.gone);
            self.gone = 0;
        }
    }

    /// Takes the first record out.
    #[inline(always)]
    pub(crate) fn pop_first(&mut self) -> Option<Held<T>> {
        let first = self.items.get_mut(self.gone)?.take();
        self.gone += 1;
        if self.gone == self.items.len() {
            self.clear();
        }
        first
    }

    /// All are gone. A list that was large gives memory back.
    #[inline(always)]
    fn clear(&mut self) {
        self.items.clear();
        self.gone = 0;
        if self.items.capacity() > KEPT {
            self.items.shrink_to(KEPT);
        }
    }

    /// Asks for the memory of the first records, and of the last one, behind which the
    /// next one comes.
    #[inline(always)]
    pub(crate) fn expect(&self, memory: &impl Prefetch) {
        if let [first, others @ ..] = self.held() {
            // Both ends of a record: it may lie in two cache lines.
            memory.prefetch(first);
            let last = others.last().unwrap_or(first);
            memory.prefetch(last);
            if let Some(last) = last {
                memory.prefetch(&last.has_partner);
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.items.capacity()
    }
}

/// How many of a few records are before a time, without a branch that would be
/// mispredicted: in how long a list a record comes to lie is chance.
#[inline(always)]
fn count<T>(held: &[Option<Held<T>>], is_before: impl Fn(Timestamp) -> bool) -> usize {
    let before = held
        .iter()
        .map(|item| usize::from(is_before(time_of(item))));
    before.sum()
}

#[inline(never)]
fn between<T>(held: &[Option<Held<T>>], times: &RangeInclusive<Timestamp>) -> Range<usize> {
    let first = first_from(held, *times.start());
    let end = end_of(held, *times.end());
    first..end.max(first)
}

/// The number of the first record at `time` or later. Most often it is one of the
/// first: what is earlier has mostly been removed.
fn first_from<T>(held: &[Option<Held<T>>], time: Timestamp) -> usize {
    let mut near = held.iter().take(NEAR);
    let place = near.position(|item| time_of(item) >= time);
    place.unwrap_or_else(|| held.partition_point(|item| time_of(item) < time))
}

/// The number after the last record at `time` or earlier. Most often that is one of
/// the last: few are later than what has just come.
#[inline(never)]
fn end_of<T>(held: &[Option<Held<T>>], time: Timestamp) -> usize {
    let mut near = held.iter().rev().take(NEAR);
    match near.position(|item| time_of(item) <= time) {
        Some(later) => held.len() - later,
        None => held.partition_point(|item| time_of(item) <= time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(nanos: i64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    fn record(time: i64, value: usize) -> Held<usize> {
        Held {
            time: at(time),
            has_partner: false,
            value,
        }
    }

    proptest! {
        /// Short lists and long ones, records at the end and in between, and the first
        /// ones going.
        #[test]
        fn it_agrees_with_a_vector(
            steps in prop::collection::vec((-20..20i64, 0..8u8), 0..200),
            goes_one_in in 2..7u8,
        ) {
            let mut list = InOrder::new();
            let mut oracle: Vec<(i64, usize)> = Vec::new();
            for (number, (time, kind)) in steps.into_iter().enumerate() {
                if kind % goes_one_in == 0 {
                    let first = (!oracle.is_empty()).then(|| oracle.remove(0));
                    let popped = list.pop_first();
                    prop_assert_eq!(popped.map(|held| (held.time.nanos(), held.value)), first);
                } else {
                    let place = oracle.iter().filter(|other| other.0 <= time).count();
                    oracle.insert(place, (time, number));
                    prop_assert_eq!(list.insert(record(time, number)), place);
                }
                prop_assert_eq!(list.is_empty(), oracle.is_empty());
                let held: Vec<_> = list.iter().map(|held| (held.time.nanos(), held.value)).collect();
                prop_assert_eq!(&held, &oracle);
                let of = |least: i64| oracle.iter().filter(|other| other.0 < least).count();
                let times = at(time - 5)..=at(time + 3);
                let between = list.between(&times);
                prop_assert_eq!(&between, &(of(time - 5)..of(time + 4)));
                let range: Vec<_> = list.range_mut(between.clone()).map(|held| held.value).collect();
                let expected: Vec<_> = oracle[between].iter().map(|other| other.1).collect();
                prop_assert_eq!(range, expected);
                let last = oracle.len().checked_sub(1);
                prop_assert_eq!(list.at(oracle.len()), None);
                prop_assert_eq!(
                    last.and_then(|last| list.at(last)).map(|held| held.value),
                    oracle.last().map(|other| other.1)
                );
            }
        }
    }

    #[test]
    fn no_times_is_no_records() {
        let mut list = InOrder::new();
        for number in 0..9 {
            list.insert(record(number, 0));
            let [none, backward] =
                [at(20)..=at(30), at(5)..=at(2)].map(|times| list.between(&times));
            assert!(none.is_empty() && backward.is_empty(), "{number}");
        }
    }

    /// As many come as go: memory is that of what is there at once, within a factor.
    #[test]
    fn where_records_have_gone_there_is_room() {
        for held in [1, 3, 4, 100, 5_000] {
            let mut list = InOrder::new();
            let mut most = 0;
            for number in 0..20_000 + held {
                list.insert(record(number as i64, number));
                if number >= held {
                    let gone = list.pop_first().map(|first| first.value);
                    assert_eq!(gone, Some(number - held));
                }
                most = most.max(list.room());
            }
            assert!(most <= 4 * (held + 1), "{most} for {held}");
        }
    }

    /// What has gone is dropped when it goes, not when its room is needed.
    #[test]
    fn a_record_that_goes_goes_at_once() {
        let value = std::rc::Rc::new(());
        let mut list = InOrder::new();
        for time in 0..20 {
            list.insert(Held {
                time: at(time),
                has_partner: false,
                value: value.clone(),
            });
        }
        for left in (0..20).rev() {
            drop(list.pop_first());
            assert_eq!(std::rc::Rc::strong_count(&value), 1 + left);
        }
    }
}
