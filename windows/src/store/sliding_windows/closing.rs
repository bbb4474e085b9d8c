use super::slices::Slices;
use crate::state::blocks::{slot_at, CELLS};
use crate::state::slab::Slot;
use crate::Window;
use std::hash::Hash;
use std::ops::Range;

/// A window that closes, and how far its results are handed out.
///
/// ```text
///   slices    [ leave | . . . . . | join ]  not yet
///             [------ the window --------)
/// ```
#[derive(Debug)]
pub(super) struct Closing {
    pub(super) number: i128,
    pub(super) window: Window,
    /// The positions of the slices that the window holds.
    pub(super) slices: Range<usize>,
    /// Those from here on are held by no window before this one.
    pub(super) joining: usize,
    /// Those before are held by no window after this one.
    pub(super) leaving: usize,
    /// The block whose results are handed out; none before the first.
    block: Option<usize>,
    /// The cells of the block that are still to be visited.
    remaining: u64,
    /// How many keys had a result so far.
    pub(super) came: usize,
}

impl Closing {
    pub(super) fn new<K: Hash + Eq + Clone, Acc>(
        number: i128,
        window: Window,
        slices: &Slices<K, Acc>,
    ) -> Self {
        let start = slices.position(|slice| slice.last < number);
        let end = slices.position(|slice| slice.first <= number);
        Self {
            number,
            window,
            slices: start..end,
            joining: slices.position(|slice| slice.first < number).max(start),
            leaving: slices.position(|slice| slice.last <= number).min(end),
            block: None,
            remaining: 0,
            came: 0,
        }
    }

    /// The slices that leave with this window, by position.
    pub(super) fn leavers(&self) -> Range<usize> {
        self.slices.start..self.leaving
    }

    /// The next slot of the block that has a result.
    #[inline]
    pub(super) fn next_slot(&mut self) -> Option<Slot> {
        let block = self.block?;
        let cell = self.remaining.trailing_zeros() as usize;
        if cell == CELLS {
            return None;
        }
        self.remaining &= self.remaining - 1;
        Some(slot_at(block, cell))
    }

    /// Whether the block has no more results.
    pub(super) fn is_block_done(&self) -> bool {
        self.remaining == 0
    }

    /// The block whose results are handed out.
    pub(super) fn block(&self) -> Option<usize> {
        self.block
    }

    /// The block after that; there may be nothing in it.
    pub(super) fn next_block(&self) -> usize {
        self.block.map_or(0, |block| block + 1)
    }

    /// The cells of the next block that have a result.
    pub(super) fn visit(&mut self, block: usize, cells: u64) {
        self.block = Some(block);
        self.remaining = cells;
        self.came += cells.count_ones() as usize;
    }
}
