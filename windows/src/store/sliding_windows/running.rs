use super::closing::Closing;
use super::merging::Merging;
use super::slices::{Slice, Slices};
use crate::state::blocks::{places, slot_at, Blocks, SpareBlocks};
use crate::state::slab::Slot;
use std::hash::Hash;

/// One accumulator a key that is the window itself, as it moves: slices that
/// join are merged, slices that leave are retracted. A merge and a retraction a
/// slice, however many slices the window holds.
///
/// Cumulating windows need no retraction: all their slices leave at once, when
/// the next ones begin anew.
#[derive(Debug)]
pub(super) struct Running<Acc> {
    total: Blocks<Acc>,
    spare: SpareBlocks<Acc>,
}

/// For how many windows blocks are kept that were in use once.
const AGE: usize = 64;

impl<Acc: Clone> Running<Acc> {
    pub(super) fn new() -> Self {
        Self {
            total: Blocks::default(),
            spare: SpareBlocks::none(AGE),
        }
    }

    /// The first block from this one on that holds anything.
    pub(super) fn next_held(&self, from: usize) -> Option<usize> {
        self.total.next_held(from)
    }

    /// All results of the window are handed out.
    pub(super) fn end(&mut self) {
        self.spare.turn();
    }

    /// Merges what joins, and says which cells have a result.
    pub(super) fn join_block<K: Hash + Eq + Clone>(
        &mut self,
        merging: &impl Merging<Acc>,
        slices: &Slices<K, Acc>,
        closing: &Closing,
        block: usize,
    ) -> u64 {
        let create = || merging.create();
        for slice in slices.range(closing.joining..closing.slices.end) {
            let merge = |into: &mut Acc, other| merging.merge(into, other);
            let (total, spare) = (&mut self.total, &mut self.spare);
            total.merge_block(block, &slice.cells, spare, &create, merge);
        }
        self.total.touched(block)
    }

    #[inline]
    pub(super) fn result(&self, slot: Slot) -> Option<Acc> {
        self.total.seen(slot).cloned()
    }

    /// Retracts what leaves. A key whose last slice leaves begins anew.
    pub(super) fn leave_block<K: Hash + Eq + Clone, M: Merging<Acc>>(
        &mut self,
        merging: &M,
        slices: &Slices<K, Acc>,
        closing: &Closing,
        block: usize,
    ) {
        let create = || merging.create();
        if closing.leavers() == closing.slices {
            self.total.clear_block(block, &mut self.spare, &create);
            return;
        }
        for slice in slices.range(closing.leavers()) {
            for slot in places(slice.cells.touched(block)).map(|cell| slot_at(block, cell)) {
                if slices.latest(slot) == slice.start {
                    self.total.clear(slot, &mut self.spare, &create);
                } else if let (true, Some(cell)) = (M::RETRACTS, slice.cells.seen(slot)) {
                    let total = self.total.cell(slot, &mut self.spare, &create);
                    merging.retract(total, cell);
                }
            }
        }
    }

    /// Folds a late record of `slice` into what its slice is part of.
    pub(super) fn fold(
        &mut self,
        slice: &Slice<Acc>,
        slot: Slot,
        fired: i128,
        create: &impl Fn() -> Acc,
        fold: &mut impl FnMut(&mut Acc),
    ) {
        if slice.first <= fired && fired < slice.last {
            fold(self.total.cell(slot, &mut self.spare, create));
        }
    }
}
