use super::closing::Closing;
use super::laps::Laps;
use super::merging::{merge_into, Merging};
use super::running::Running;
use super::slices::{Slice, Slices};
use crate::kind::numbering::Numbering;
use crate::state::slab::Slot;
use crate::Aggregate;
use std::hash::Hash;

/// Windows of so many slices are merged from them when they close: less would
/// be saved than it costs.
const FEW_SLICES: i128 = 5;
/// The same where a slice can be retracted, which saves more.
const FEW_RETRACTED: i128 = 3;

/// How windows are made of slices, and what is kept for it from one window to
/// the next.
#[derive(Debug)]
pub(super) enum Combining<Acc> {
    /// Nothing: a window merges its slices.
    Slices,
    Running(Running<Acc>),
    Laps(Box<Laps<Acc>>),
}

impl<Acc: Clone> Combining<Acc> {
    pub(super) fn of<T, A: Aggregate<T, Accumulator = Acc>>(numbering: &Numbering) -> Self {
        if numbering.cumulates {
            return Self::Running(Running::new());
        }
        let whole = i128::from(numbering.size / numbering.slide);
        let slices = match numbering.size % numbering.slide {
            0 => whole,
            _ => 2 * whole + 1,
        };
        match () {
            _ if A::GROWS => Self::Slices,
            _ if A::RETRACTS && slices > FEW_RETRACTED => Self::Running(Running::new()),
            _ if A::RETRACTS || slices <= FEW_SLICES => Self::Slices,
            _ => Self::Laps(Box::new(Laps::new(whole))),
        }
    }

    /// A window begins to close.
    pub(super) fn begin<K: Hash + Eq + Clone>(
        &mut self,
        slices: &Slices<K, Acc>,
        closing: &Closing,
    ) {
        if let Self::Laps(laps) = self {
            laps.begin(slices, closing);
        }
    }

    /// The first block from this one on in which anything is to be done.
    pub(super) fn next_held<K: Hash + Eq + Clone>(
        &self,
        slices: &Slices<K, Acc>,
        closing: &Closing,
        from: usize,
    ) -> Option<usize> {
        let moving = closing.leavers().chain(closing.joining..closing.slices.end);
        match self {
            Self::Slices => slices.next_held(from, closing.slices.clone()),
            Self::Running(running) => {
                let moving = slices.next_held(from, moving);
                moving.into_iter().chain(running.next_held(from)).min()
            }
            Self::Laps(laps) => {
                let moving = slices.next_held(from, moving.chain(laps.planned()));
                moving.into_iter().chain(laps.next_held(from)).min()
            }
        }
    }

    /// Does what is to be done before the results of a block are handed out, and
    /// says which cells have one.
    pub(super) fn join_block<K: Hash + Eq + Clone>(
        &mut self,
        merging: &impl Merging<Acc>,
        slices: &Slices<K, Acc>,
        closing: &Closing,
        block: usize,
    ) -> u64 {
        match self {
            Self::Slices => {
                let slices = slices.range(closing.slices.clone());
                slices.fold(0, |bits, slice| bits | slice.cells.touched(block))
            }
            Self::Running(running) => running.join_block(merging, slices, closing, block),
            Self::Laps(laps) => laps.join_block(merging, slices, block),
        }
    }

    /// What the window holds of one key. Cells of the slices that leave may move
    /// out, if nothing else needs them.
    #[inline]
    pub(super) fn result<K: Hash + Eq + Clone>(
        &self,
        merging: &impl Merging<Acc>,
        slices: &mut Slices<K, Acc>,
        closing: &Closing,
        slot: Slot,
        may_move: bool,
    ) -> Option<Acc> {
        match self {
            Self::Slices => of_slices(merging, slices, closing, slot, may_move),
            Self::Running(running) => running.result(slot),
            Self::Laps(laps) => laps.result(merging, slices, slot),
        }
    }

    /// The results of a block are handed out.
    pub(super) fn leave_block<K: Hash + Eq + Clone>(
        &mut self,
        merging: &impl Merging<Acc>,
        slices: &Slices<K, Acc>,
        closing: &Closing,
        block: usize,
    ) {
        match self {
            Self::Slices => {}
            Self::Running(running) => running.leave_block(merging, slices, closing, block),
            Self::Laps(laps) => laps.leave_block(merging, block),
        }
    }

    /// All results of the window are handed out.
    pub(super) fn end(&mut self) {
        match self {
            Self::Slices => {}
            Self::Running(running) => running.end(),
            Self::Laps(laps) => laps.end(),
        }
    }

    /// Folds a late record of a slice into whatever the slice is a part of.
    pub(super) fn fold(
        &mut self,
        merging: &impl Merging<Acc>,
        slice: &Slice<Acc>,
        slot: Slot,
        fired: i128,
        fold: &mut impl FnMut(&mut Acc),
    ) {
        match self {
            Self::Slices => {}
            Self::Running(running) => {
                running.fold(slice, slot, fired, &|| merging.create(), fold);
            }
            Self::Laps(laps) => laps.fold(slice, slot, fired, merging, fold),
        }
    }
}

/// What the slices of a window hold of one key.
#[inline(never)]
fn of_slices<K: Hash + Eq + Clone, Acc: Clone>(
    merging: &impl Merging<Acc>,
    slices: &mut Slices<K, Acc>,
    closing: &Closing,
    slot: Slot,
    may_move: bool,
) -> Option<Acc> {
    let mut result = None;
    for position in closing.slices.clone() {
        let Some(cell) = slices.get(position).and_then(|s| s.cells.seen(slot)) else {
            continue;
        };
        let cell = match may_move && position < closing.leaving {
            true => slices.take(position, slot, &|| merging.create())?,
            false => cell.clone(),
        };
        merge_into(merging, &mut result, cell);
    }
    result
}
