//! W2 by hand where most keys of a window are new in it: more keys than a window
//! has events.

use super::data::Event;
use super::hand::Accumulator;
use crate::open_panes::OpenPanes;
use crate::{Digest, Shape};

/// Events between two looks at the watermark: 5 ms of event time.
const BATCH: usize = 512;

/// From so many keys on, arrays of all keys are mostly empty and no cache holds them.
pub(super) const MANY: u64 = 100_000;

/// Aggregates the events and takes the digest of the results.
///
/// Keys have ids within a window only: its accumulators lie in the order in which
/// its keys were first seen, and what is not in the window costs nothing.
pub(super) fn run(events: &[Event], shape: &Shape) -> Digest {
    let mut digest = Digest::default();
    let Some(first) = events.first() else {
        return digest;
    };
    let earliest_ms = first.timestamp_ms - shape.lag_ms();
    let mut panes: OpenPanes<Pane> = OpenPanes::new(shape.size_ms, earliest_ms);
    let mut latest_ms = i64::MIN;
    for batch in events.chunks(BATCH) {
        for event in batch {
            panes
                .at(event.timestamp_ms)
                .cell(event.key)
                .add(event.value);
            latest_ms = latest_ms.max(event.timestamp_ms);
        }
        panes.close(latest_ms - shape.lag_ms(), |pane, start_ms| {
            pane.emit(start_ms, &mut digest);
        });
    }
    panes.close_all(0, |pane, start_ms| pane.emit(start_ms, &mut digest));
    digest
}

/// The cells of one window, behind an open table that is at most half full.
///
/// A slot belongs to the window whose round it bears, so that a table is emptied
/// by counting the round up.
struct Pane {
    slots: Vec<Slot>,
    round: u32,
    cells: Vec<(u64, Accumulator)>,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    key: u64,
    cell: u32,
    /// 0: never taken.
    round: u32,
}

const SMALLEST: usize = 1024;

impl Default for Pane {
    fn default() -> Self {
        Self {
            slots: vec![Slot::default(); SMALLEST],
            round: 1,
            cells: Vec::new(),
        }
    }
}

impl Pane {
    #[inline(always)]
    fn cell(&mut self, key: u64) -> &mut Accumulator {
        let mask = self.slots.len() - 1;
        let mut index = first_slot(key, self.slots.len());
        let cell = loop {
            let slot = &mut self.slots[index & mask];
            if slot.round != self.round {
                *slot = Slot {
                    key,
                    cell: self.cells.len() as u32,
                    round: self.round,
                };
                break self.begin(key);
            }
            if slot.key == key {
                break slot.cell as usize;
            }
            index += 1;
        };
        &mut self.cells[cell].1
    }

    /// A cell for a key that has its slot.
    #[inline(always)]
    fn begin(&mut self, key: u64) -> usize {
        self.cells.push((key, Accumulator::EMPTY));
        if self.cells.len() * 2 > self.slots.len() {
            self.grow();
        }
        self.cells.len() - 1
    }

    #[cold]
    fn grow(&mut self) {
        let length = self.slots.len() * 2;
        let mut slots = vec![Slot::default(); length];
        for (cell, &(key, _)) in self.cells.iter().enumerate() {
            let mut index = first_slot(key, length);
            while slots[index & (length - 1)].round != 0 {
                index += 1;
            }
            slots[index & (length - 1)] = Slot {
                key,
                cell: cell as u32,
                round: 1,
            };
        }
        self.slots = slots;
        self.round = 1;
    }

    /// Gives out the rows of this window and leaves the pane empty.
    fn emit(&mut self, start_ms: i64, digest: &mut Digest) {
        for (key, accumulator) in self.cells.drain(..) {
            accumulator.row(key, start_ms).add_to(digest);
        }
        self.round += 1;
        if self.round == u32::MAX {
            self.slots.fill(Slot::default());
            self.round = 1;
        }
    }
}

/// Where the search for a key begins: the high bits of one multiplication.
#[inline(always)]
fn first_slot(key: u64, slots: usize) -> usize {
    (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - slots.trailing_zeros())) as usize
}
