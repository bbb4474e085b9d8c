use crate::{Prefetch, Slot};

/// How many cells lie together with the bits that say which were touched.
pub(crate) const CELLS: usize = u64::BITS as usize;

/// Cells side by side, and a bit for each: touched since it was made.
///
/// Together, so that an update finds both with one address. Aligned to a cache
/// line, so that a cell whose size divides one never lies in two.
#[derive(Debug)]
#[repr(align(64))]
struct Block<Acc> {
    touched: u64,
    cells: [Acc; CELLS],
}

impl<Acc> Block<Acc> {
    fn new(create: &impl Fn() -> Acc) -> Self {
        Self {
            touched: 0,
            cells: std::array::from_fn(|_| create()),
        }
    }
}

/// A dense cell for every slot, in blocks of 64.
///
/// Cells are made in advance and are always whole, so that an update is one
/// bit set and one fold, without asking whether the cell is in use. A cell that
/// is not touched has seen nothing.
#[derive(Debug)]
pub(crate) struct Blocks<Acc> {
    blocks: Vec<Block<Acc>>,
}

impl<Acc> Default for Blocks<Acc> {
    fn default() -> Self {
        Self { blocks: Vec::new() }
    }
}

/// Where a slot lies: its block, and its cell in the block.
#[inline(always)]
fn place_of(slot: Slot) -> (usize, usize) {
    (slot.index() / CELLS, slot.index() % CELLS)
}

/// The slot of a cell in a block.
#[inline]
pub(crate) fn slot_at(block: usize, cell: usize) -> Slot {
    // At most `MOST_KEYS` slots exist, so it fits.
    Slot((block * CELLS + cell) as u32)
}

/// The places of the bits that are set, rising.
#[inline]
pub(crate) fn places(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros() as usize;
        (bits != 0).then(|| {
            bits &= bits - 1;
            place
        })
    })
}

impl<Acc> Blocks<Acc> {
    /// How many blocks there are.
    pub(crate) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// The bits of one block; none when there is no such block.
    #[inline]
    pub(crate) fn touched(&self, block: usize) -> u64 {
        self.bits(block).unwrap_or(0)
    }

    /// The bits of one block, if there is such a block.
    #[inline]
    pub(crate) fn bits(&self, block: usize) -> Option<u64> {
        self.blocks.get(block).map(|block| block.touched)
    }

    /// Asks for the memory that [`touch`](Self::touch) will need.
    #[inline(always)]
    pub(crate) fn expect(&self, slot: Slot, memory: &impl Prefetch) {
        let (block, cell) = place_of(slot);
        if let Some(block) = self.blocks.get(block) {
            memory.prefetch(&block.touched);
            memory.prefetch(&block.cells[cell]);
        }
    }

    /// The cell of `slot`, marked as touched, if there are enough blocks.
    #[inline(always)]
    pub(crate) fn touch(&mut self, slot: Slot) -> Option<&mut Acc> {
        let (block, cell) = place_of(slot);
        let block = self.blocks.get_mut(block)?;
        block.touched |= 1 << cell;
        Some(&mut block.cells[cell])
    }

    /// The cell of `slot`, marked as touched; room is made for it.
    pub(crate) fn cell(&mut self, slot: Slot, create: &impl Fn() -> Acc) -> &mut Acc {
        if slot.index() >= CELLS * self.blocks.len() {
            self.extend_to((slot.index() + 1).next_power_of_two(), create);
        }
        self.touch(slot)
            .expect("the blocks were extended to the slot")
    }

    /// The cell of `slot`, if it was touched.
    pub(crate) fn seen(&self, slot: Slot) -> Option<&Acc> {
        let (block, cell) = place_of(slot);
        let block = self.blocks.get(block)?;
        (block.touched & 1 << cell != 0).then(|| &block.cells[cell])
    }

    /// Makes sure that there are cells for this many slots.
    pub(crate) fn extend_to(&mut self, slots: usize, create: &impl Fn() -> Acc) {
        let enough = slots.div_ceil(CELLS);
        if enough > self.blocks.len() {
            self.blocks.resize_with(enough, || Block::new(create));
        }
    }

    /// What is in a cell; a new one takes its place. The bit stays.
    #[inline]
    pub(crate) fn take(
        &mut self,
        block: usize,
        cell: usize,
        create: &impl Fn() -> Acc,
    ) -> Option<Acc> {
        let cells = &mut self.blocks.get_mut(block)?.cells;
        Some(std::mem::replace(&mut cells[cell % CELLS], create()))
    }

    /// Takes the bits of a block whose cells were all taken.
    pub(crate) fn take_bits(&mut self, block: usize) -> u64 {
        match self.blocks.get_mut(block) {
            Some(block) => std::mem::take(&mut block.touched),
            None => 0,
        }
    }

    /// Makes the cells of a block new, and says which were touched.
    pub(crate) fn clear_block(&mut self, block: usize, create: &impl Fn() -> Acc) -> u64 {
        let Some(block) = self.blocks.get_mut(block) else {
            return 0;
        };
        let touched = std::mem::take(&mut block.touched);
        for cell in places(touched) {
            block.cells[cell] = create();
        }
        touched
    }

    /// Makes one cell new and untouched.
    pub(crate) fn clear(&mut self, slot: Slot, create: &impl Fn() -> Acc) {
        let (block, cell) = place_of(slot);
        if let Some(block) = self.blocks.get_mut(block) {
            block.touched &= !(1 << cell);
            block.cells[cell] = create();
        }
    }
}

impl<Acc: Clone> Blocks<Acc> {
    /// Merges the cells of a block of `other` into this one's; a cell that has
    /// seen nothing takes a copy.
    pub(crate) fn merge_block(
        &mut self,
        block: usize,
        other: &Self,
        create: &impl Fn() -> Acc,
        merge: impl Fn(&mut Acc, Acc),
    ) {
        let Some(from) = other.blocks.get(block) else {
            return;
        };
        if from.touched == 0 {
            return;
        }
        self.extend_to((block + 1) * CELLS, create);
        let Some(into) = self.blocks.get_mut(block) else {
            return;
        };
        for cell in places(from.touched) {
            let copy = from.cells[cell].clone();
            match into.touched & 1 << cell {
                0 => into.cells[cell] = copy,
                _ => merge(&mut into.cells[cell], copy),
            }
        }
        into.touched |= from.touched;
    }
}
