use super::closing::Closing;
use super::merging::{merge_into, Merging};
use super::slices::{Slice, Slices};
use crate::state::blocks::{Blocks, SpareBlocks};
use crate::state::slab::Slot;
use std::collections::VecDeque;
use std::hash::Hash;
use std::ops::Range;

/// Spare suffixes kept for use again; more are given back to the allocator.
const SPARE: usize = 4;

/// Sliding windows of accumulators that merge but do not retract, a constant
/// number of merges a slide in the worst case too.
///
/// The slides are cut into laps of about half a window. A window is then the
/// end of one lap, the whole of the next, and the beginning of a third:
///
/// ```text
///   laps        |  .  .  .  .  |  .  .  .  .  |  .  .  .  .  |
///   window            [----------------------------)
///                      suffix   total           prefix
/// ```
///
/// The prefix takes in one slide at each close, and is the total when the lap
/// is over. The suffixes of a lap, from its last slide back, are made one at
/// each close while the lap after it fills, and are there when windows begin to
/// end in them: no close does the work of many.
///
/// That a window is a suffix and a prefix is from van Herk (1992) and Gil and
/// Werman (1993); spreading the suffixes over the slides, so that the worst case
/// is constant too, from Tangwongsan, Hirzel and Schneider (Low-latency
/// sliding-window aggregation in worst-case constant time, 2017). Here all keys
/// are in the same lap, so that there is one plan a slide, for all of them.
///
/// # Invariants
/// After window `k` has closed, `e` being the last slide that it holds whole,
/// and `E` the lap of the slide after `e`:
/// - `prefix` holds the slides of lap `E` up to `e`, `total` those of lap `E-1`;
/// - `suffixes` holds, for the slides after `k` of lap `E-2`, and for as many at
///   the end of lap `E-1` as lap `E` has slides up to `e`, all that its lap
///   holds from there on. A slide without records has none of its own: the next
///   one of the lap stands for it.
#[derive(Debug)]
pub(super) struct Laps<Acc> {
    /// How many whole slides a window holds.
    window: i128,
    /// How many slides a lap has.
    lap: i128,
    suffixes: VecDeque<Suffix<Acc>>,
    total: Blocks<Acc>,
    prefix: Blocks<Acc>,
    spare: Vec<Blocks<Acc>>,
    spare_blocks: SpareBlocks<Acc>,
    plan: Plan,
}

/// What its lap holds from this slide on.
#[derive(Debug)]
struct Suffix<Acc> {
    slide: i128,
    cells: Blocks<Acc>,
}

/// What is to be done in every block of the window that closes.
#[derive(Debug, Default)]
struct Plan {
    /// The slices of the slide that the prefix takes in.
    entering: Range<usize>,
    /// The slices that the window holds, but not their whole slide.
    head: Range<usize>,
    /// The slices of which a suffix is made, and its place among the suffixes.
    suffixed: Range<usize>,
    made: Option<usize>,
    /// Whether the first suffix is a part of the window, and whether it is of
    /// no use after it.
    has_suffix: bool,
    spends_suffix: bool,
    /// Whether a lap is over.
    is_over: bool,
}

impl<Acc: Clone> Laps<Acc> {
    /// For windows of so many whole slides, at least two.
    pub(super) fn new(window: i128) -> Self {
        Self {
            window,
            lap: (window / 2).max(1),
            suffixes: VecDeque::new(),
            total: Blocks::default(),
            prefix: Blocks::default(),
            spare: Vec::new(),
            // What a lap needs changes from its first slide to its last.
            spare_blocks: SpareBlocks::none(usize::try_from(2 * window).unwrap_or(usize::MAX)),
            plan: Plan::default(),
        }
    }

    pub(super) fn begin<K: Hash + Eq + Clone>(
        &mut self,
        slices: &Slices<K, Acc>,
        closing: &Closing,
    ) {
        // The last window that holds a slice begins with its slide.
        let slices_of = |slide: i128| {
            slices.position(|slice| slice.last < slide)
                ..slices.position(|slice| slice.last <= slide)
        };
        let oldest = closing.number;
        let newest = oldest + self.window - 1;
        let lap = newest.div_euclid(self.lap);
        let entered = newest.rem_euclid(self.lap) + 1;
        let first = self.suffixes.front().map(|suffix| suffix.slide);
        let first = first.filter(|slide| slide.div_euclid(self.lap) == lap - 2);
        let mut plan = Plan {
            entering: slices_of(newest),
            has_suffix: first.is_some(),
            spends_suffix: first == Some(oldest),
            is_over: entered == self.lap,
            ..Plan::default()
        };
        plan.head = plan.entering.end..closing.slices.end.max(plan.entering.end);
        let slide = lap * self.lap - entered;
        plan.suffixed = slices_of(slide);
        // No window after this one holds the oldest slide.
        if slide > oldest && !plan.suffixed.is_empty() {
            let place = self.suffixes.partition_point(|suffix| suffix.slide < slide);
            let cells = self.spare.pop().unwrap_or_default();
            self.suffixes.insert(place, Suffix { slide, cells });
            plan.made = Some(place);
        }
        self.plan = plan;
    }

    /// The slices that have a part in what is planned, by position.
    pub(super) fn planned(&self) -> impl Iterator<Item = usize> {
        let Plan {
            entering,
            head,
            suffixed,
            ..
        } = &self.plan;
        let some = entering.clone().chain(head.clone());
        some.chain(suffixed.clone())
    }

    /// The first block from this one on in which the total, the prefix or a
    /// suffix that is used or made holds anything.
    pub(super) fn next_held(&self, from: usize) -> Option<usize> {
        let made = self.plan.made;
        let next = made.and_then(|place| self.suffixes.get(place + 1));
        let made = made.and_then(|place| self.suffixes.get(place));
        let suffixes = [self.suffixes.front(), made, next].into_iter().flatten();
        let suffixes = suffixes.map(|suffix| &suffix.cells);
        let held = suffixes.chain([&self.total, &self.prefix]);
        held.filter_map(|cells| cells.next_held(from)).min()
    }

    /// Takes in one slide, makes one suffix, and says which cells have a result.
    pub(super) fn join_block<K: Hash + Eq + Clone>(
        &mut self,
        merging: &impl Merging<Acc>,
        slices: &Slices<K, Acc>,
        block: usize,
    ) -> u64 {
        let create = || merging.create();
        let merge = |into: &mut Acc, other| merging.merge(into, other);
        for slice in slices.range(self.plan.entering.clone()) {
            let (prefix, spare) = (&mut self.prefix, &mut self.spare_blocks);
            prefix.merge_block(block, &slice.cells, spare, &create, merge);
        }
        if let Some(place) = self.plan.made {
            let mut cells = std::mem::take(&mut self.suffixes[place].cells);
            if let Some(next) = self.suffixes.get(place + 1) {
                let spare = &mut self.spare_blocks;
                cells.merge_block(block, &next.cells, spare, &create, merge);
            }
            for slice in slices.range(self.plan.suffixed.clone()) {
                let spare = &mut self.spare_blocks;
                cells.merge_block(block, &slice.cells, spare, &create, merge);
            }
            self.suffixes[place].cells = cells;
        }
        let heads = slices.range(self.plan.head.clone());
        let heads = heads.fold(0, |bits, slice| bits | slice.cells.touched(block));
        let suffix = self.suffix().map_or(0, |cells| cells.touched(block));
        suffix | self.total.touched(block) | self.prefix.touched(block) | heads
    }

    /// The suffix with which the window begins.
    fn suffix(&self) -> Option<&Blocks<Acc>> {
        let first = self.suffixes.front().filter(|_| self.plan.has_suffix);
        first.map(|suffix| &suffix.cells)
    }

    #[inline(never)]
    pub(super) fn result<K: Hash + Eq + Clone>(
        &self,
        merging: &impl Merging<Acc>,
        slices: &Slices<K, Acc>,
        slot: Slot,
    ) -> Option<Acc> {
        let parts = self.suffix().into_iter().chain([&self.total, &self.prefix]);
        let heads = slices.range(self.plan.head.clone());
        let mut result = None;
        for cells in parts.chain(heads.map(|slice| &slice.cells)) {
            if let Some(cell) = cells.seen(slot) {
                merge_into(merging, &mut result, cell.clone());
            }
        }
        result
    }

    /// Makes new what is of no use to later windows.
    pub(super) fn leave_block(&mut self, merging: &impl Merging<Acc>, block: usize) {
        let create = || merging.create();
        if self.plan.spends_suffix {
            if let Some(spent) = self.suffixes.front_mut() {
                let spare = &mut self.spare_blocks;
                spent.cells.clear_block(block, spare, &create);
            }
        }
        if self.plan.is_over {
            let spare = &mut self.spare_blocks;
            self.total.clear_block(block, spare, &create);
        }
    }

    pub(super) fn end(&mut self) {
        if self.plan.spends_suffix {
            if let Some(spent) = self.suffixes.pop_front() {
                if self.spare.len() < SPARE {
                    self.spare.push(spent.cells);
                }
            }
        }
        if self.plan.is_over {
            std::mem::swap(&mut self.total, &mut self.prefix);
        }
        self.plan = Plan::default();
        self.spare_blocks.turn();
    }

    /// Folds a late record of `slice` into all that its slide is part of.
    pub(super) fn fold(
        &mut self,
        slice: &Slice<Acc>,
        slot: Slot,
        fired: i128,
        merging: &impl Merging<Acc>,
        fold: &mut impl FnMut(&mut Acc),
    ) {
        let create = || merging.create();
        let slide = slice.last;
        let next = fired + self.window;
        if slide <= fired || slide >= next {
            return;
        }
        let lap = next.div_euclid(self.lap);
        let own = slide.div_euclid(self.lap);
        if own == lap {
            return fold(self.prefix.cell(slot, &mut self.spare_blocks, &create));
        }
        if own == lap - 1 {
            fold(self.total.cell(slot, &mut self.spare_blocks, &create));
            if slide < lap * self.lap - next.rem_euclid(self.lap) {
                return;
            }
        }
        self.split_suffix(slide, merging);
        let of_its_lap = self.suffixes.iter_mut().take_while(|s| s.slide <= slide);
        for suffix in of_its_lap.filter(|s| s.slide.div_euclid(self.lap) == own) {
            fold(suffix.cells.cell(slot, &mut self.spare_blocks, &create));
        }
    }

    /// Gives a slide a suffix of its own, if the next one of its lap has stood
    /// for it.
    fn split_suffix(&mut self, slide: i128, merging: &impl Merging<Acc>) {
        let place = self.suffixes.partition_point(|suffix| suffix.slide < slide);
        let next = self.suffixes.get(place);
        if next.is_some_and(|next| next.slide == slide) {
            return;
        }
        let mut cells = self.spare.pop().unwrap_or_default();
        let lap = slide.div_euclid(self.lap);
        if let Some(next) = next.filter(|next| next.slide.div_euclid(self.lap) == lap) {
            let mut held = next.cells.next_held(0);
            while let Some(block) = held {
                let create = || merging.create();
                let merge = |into: &mut Acc, other| merging.merge(into, other);
                let spare = &mut self.spare_blocks;
                cells.merge_block(block, &next.cells, spare, &create, merge);
                held = next.cells.next_held(block + 1);
            }
        }
        self.suffixes.insert(place, Suffix { slide, cells });
    }
}
