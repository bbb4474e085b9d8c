use super::merging::{merge_into, Merging};
use super::slices::Slices;
use crate::state::slab::Slot;
use std::hash::Hash;
use std::ops::RangeInclusive;

/// The windows that a late record makes fire again, for its key.
///
/// All of them hold the record's slice. What lies before it is merged once,
/// from there back; what lies after it is merged as the windows' ends move on:
///
/// ```text
///   slices         . . . R . . .
///   older           <----|
///                     <--|            one for each start
///   newer                 -->
///                           ---->     goes on
/// ```
#[derive(Debug)]
pub(super) struct Again<Acc> {
    slot: Slot,
    numbers: RangeInclusive<i128>,
    /// From each slice to the record's, with the last window that holds it; the
    /// oldest comes last.
    older: Vec<(i128, Acc)>,
    newer: Option<Acc>,
    /// The position of the next slice after the record's.
    position: usize,
}

impl<Acc: Clone> Again<Acc> {
    /// For a record in the slice at `position`, and windows that hold it.
    pub(super) fn new<K: Hash + Eq + Clone>(
        merging: &impl Merging<Acc>,
        slices: &Slices<K, Acc>,
        position: usize,
        slot: Slot,
        numbers: RangeInclusive<i128>,
    ) -> Self {
        let mut older = Vec::new();
        let mut so_far = None;
        for slice in (0..=position).rev().map_while(|place| slices.get(place)) {
            if slice.last < *numbers.start() {
                break;
            }
            if let Some(cell) = slice.cells.seen(slot) {
                merge_into(merging, &mut so_far, cell.clone());
                older.extend(so_far.clone().map(|so_far| (slice.last, so_far)));
            }
        }
        Self {
            slot,
            numbers,
            older,
            newer: None,
            position: position + 1,
        }
    }

    pub(super) fn slot(&self) -> Slot {
        self.slot
    }

    /// The next window, and what it holds.
    pub(super) fn next<K: Hash + Eq + Clone>(
        &mut self,
        merging: &impl Merging<Acc>,
        slices: &Slices<K, Acc>,
    ) -> Option<(i128, Acc)> {
        let number = self.numbers.next()?;
        while self.older.last().is_some_and(|(last, _)| *last < number) {
            self.older.pop();
        }
        while let Some(slice) = slices.get(self.position).filter(|s| s.first <= number) {
            self.position += 1;
            if let Some(cell) = slice.cells.seen(self.slot) {
                merge_into(merging, &mut self.newer, cell.clone());
            }
        }
        let mut result = self.newer.clone();
        merge_into(merging, &mut result, self.older.last()?.1.clone());
        Some((number, result?))
    }
}
