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
    pub(crate) fn range_mut(&mut self, numbers: Range<usize>) -> impl Iterator<Item = &mut Held<T>> {
        let held = self.items.get_mut(self.gone..).unwrap_or_default();
        held.get_mut(numbers).unwrap_or_default().iter_mut().flatten()
    }

    /// The numbers of the records at these times.
    #[inline(always)]
    pub(crate) fn between(&self, times: &RangeInclusive<Timestamp>) -> Range<usize> {
        let held = self.held();
        let first = first_from(held, *times.start());
        let end = end_of(held, *times.end());
        first..end.max(first)
    }

    /// Puts a record where it belongs; says which number it has there.
    #[inline(always)]
    pub(crate) fn insert(&mut self, record: Held<T>) -> usize {
        if self.items.len() == self.items.capacity() {
            self.make_room();
        }
        let place = end_of(self.held(), record.time);
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

/// The number of the first record at `time` or later. Most often it is one of the
/// first: what is earlier has mostly been removed.
#[inline(always)]
fn first_from<T>(held: &[Option<Held<T>>], time: Timestamp) -> usize {
    let near = held.iter().take(NEAR);
    match near.clone().position(|item| time_of(item) >= time) {
        Some(place) => place,
        None if held.len() <= NEAR => held.len(),
        None => halve(held, |item| time_of(item) < time),
    }
}

/// The number after the last record at `time` or earlier. Most often that is one of
/// the last: few are later than what has just come.
#[inline(always)]
fn end_of<T>(held: &[Option<Held<T>>], time: Timestamp) -> usize {
    let near = held.iter().rev().take(NEAR);
    match near.clone().position(|item| time_of(item) <= time) {
        Some(later) => held.len() - later,
        None if held.len() <= NEAR => 0,
        None => halve(held, |item| time_of(item) <= time),
    }
}

#[inline(never)]
fn halve<T>(held: &[Option<Held<T>>], is_before: impl Fn(&Option<Held<T>>) -> bool) -> usize {
    held.partition_point(is_before)
}
