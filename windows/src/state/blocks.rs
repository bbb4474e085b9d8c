use crate::state::block_set::BlockSet;
use crate::Slot;

/// How many cells lie together with the bits that say which were touched.
pub(crate) const CELLS: usize = u64::BITS as usize;

/// Cells side by side. Aligned to a cache line, so that a cell whose size
/// divides one never lies in two.
#[derive(Debug)]
#[repr(align(64))]
struct Cells<Acc>([Acc; CELLS]);

/// A bit for each cell: touched since it was made. Without a cell touched there
/// may be no cells.
#[derive(Debug)]
struct Block<Acc> {
    touched: u64,
    cells: Option<Box<Cells<Acc>>>,
}

impl<Acc> Block<Acc> {
    const NONE: Self = Self {
        touched: 0,
        cells: None,
    };
}

/// A cell for every slot, in blocks of 64, which are there once one of their
/// cells was touched.
///
/// ```text
///   held    { 0, 2 }
///   table   [ bits | * ]  [ none ]  [ bits | * ]
///                    └► 64 cells             └► 64 cells
/// ```
///
/// Cells are made in advance and are always whole, so that an update is one
/// bit set and one fold, without asking whether the cell is in use. A cell that
/// is not touched has seen nothing.
#[derive(Debug)]
pub(crate) struct Blocks<Acc> {
    pub(crate) table: Table<Acc>,
    /// The blocks that have cells.
    pub(crate) held: BlockSet,
}

impl<Acc> Default for Blocks<Acc> {
    fn default() -> Self {
        Self {
            table: Table::default(),
            held: BlockSet::default(),
        }
    }
}

/// Where the cells are: all that an update asks. It can be lent to a place at
/// hand; the set of blocks that it holds stays at home.
#[derive(Debug)]
pub(crate) struct Table<Acc>(Vec<Block<Acc>>);

impl<Acc> Default for Table<Acc> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// Blocks of new cells that wait to be used again, for all panes of an arena.
///
/// As many are kept as were in use at once a while ago: in the steady state
/// nothing is allocated, and what a burst of keys took is given back, a few
/// blocks at each turn.
#[derive(Debug)]
pub(crate) struct SpareBlocks<Acc> {
    spare: Vec<Box<Cells<Acc>>>,
    in_use: usize,
    /// The most in use at once in this age, and in the one before.
    most: [usize; 2],
    /// How many turns an age has, and how many of this one are over.
    age: usize,
    turns: usize,
    /// So many are always kept.
    expected: usize,
}

/// Blocks given back to the allocator at one turn.
const GIVEN_BACK: usize = 64;

impl<Acc> SpareBlocks<Acc> {
    /// With blocks for so many slots set aside. In `age` turns, use comes and
    /// goes as it always does.
    pub(crate) fn new(slots: usize, age: usize, create: &impl Fn() -> Acc) -> Self {
        let expected = slots.div_ceil(CELLS);
        Self {
            spare: (0..expected).map(|_| Self::make(create)).collect(),
            expected,
            ..Self::none(age)
        }
    }

    /// None set aside.
    pub(crate) fn none(age: usize) -> Self {
        Self {
            spare: Vec::new(),
            in_use: 0,
            most: [0; 2],
            age: age.max(1),
            turns: 0,
            expected: 0,
        }
    }

    fn make(create: &impl Fn() -> Acc) -> Box<Cells<Acc>> {
        Box::new(Cells(std::array::from_fn(|_| create())))
    }

    fn take(&mut self, create: &impl Fn() -> Acc) -> Box<Cells<Acc>> {
        self.in_use += 1;
        self.most[0] = self.most[0].max(self.in_use);
        self.spare.pop().unwrap_or_else(|| Self::make(create))
    }

    fn put(&mut self, cells: Box<Cells<Acc>>) {
        self.in_use -= 1;
        self.spare.push(cells);
    }

    /// A pane has been emptied: gives back what was not needed for long.
    pub(crate) fn turn(&mut self) {
        let most = self.most[0].max(self.most[1]).max(self.expected);
        let kept = most - self.in_use;
        let fewer = self.spare.len().saturating_sub(GIVEN_BACK);
        self.spare.truncate(kept.max(fewer));
        self.turns += 1;
        if self.turns >= self.age {
            self.turns = 0;
            self.most = [self.in_use, self.most[0]];
        }
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

impl<Acc> Table<Acc> {
    /// The bits of one block; none when there is no such block.
    #[inline]
    pub(crate) fn touched(&self, block: usize) -> u64 {
        self.0.get(block).map_or(0, |block| block.touched)
    }

    /// The cell of `slot`, marked as touched, if its block is held.
    #[inline(always)]
    pub(crate) fn touch(&mut self, slot: Slot) -> Option<&mut Acc> {
        let (block, cell) = place_of(slot);
        let block = self.0.get_mut(block)?;
        let cells = block.cells.as_mut()?;
        block.touched |= 1 << cell;
        Some(&mut cells.0[cell])
    }

    /// The cell of `slot`, marked as touched; its block is held from here on,
    /// and `held` is told.
    pub(crate) fn cell(
        &mut self,
        slot: Slot,
        held: &mut BlockSet,
        spare: &mut SpareBlocks<Acc>,
        create: &impl Fn() -> Acc,
    ) -> &mut Acc {
        let (place, cell) = place_of(slot);
        let (touched, cells) = self.hold(place, held, spare, create);
        *touched |= 1 << cell;
        &mut cells[cell]
    }

    /// The bits and the cells of a block, which is held from here on.
    fn hold(
        &mut self,
        place: usize,
        held: &mut BlockSet,
        spare: &mut SpareBlocks<Acc>,
        create: &impl Fn() -> Acc,
    ) -> (&mut u64, &mut [Acc; CELLS]) {
        if place >= self.0.len() {
            self.reach((place + 1).next_power_of_two());
        }
        let Block { touched, cells } = &mut self.0[place];
        let cells = match cells {
            Some(cells) => cells,
            none => {
                held.insert(place);
                none.insert(spare.take(create))
            }
        };
        (touched, &mut cells.0)
    }

    fn reach(&mut self, blocks: usize) {
        if blocks > self.0.len() {
            self.0.resize_with(blocks, || Block::NONE);
        }
    }
}

impl<Acc> Blocks<Acc> {
    /// None held; their bookkeeping is set aside for so many slots.
    pub(crate) fn with_room_for(slots: usize) -> Self {
        let mut blocks = Self::default();
        blocks.table.reach(slots.div_ceil(CELLS));
        blocks
    }

    /// The first block from this one on that has cells.
    #[inline]
    pub(crate) fn next_held(&self, from: usize) -> Option<usize> {
        self.held.next(from)
    }

    /// The bits of one block; none when there is no such block.
    #[inline]
    pub(crate) fn touched(&self, block: usize) -> u64 {
        self.table.touched(block)
    }

    /// The cell of `slot`, marked as touched; its block is held from here on.
    pub(crate) fn cell(
        &mut self,
        slot: Slot,
        spare: &mut SpareBlocks<Acc>,
        create: &impl Fn() -> Acc,
    ) -> &mut Acc {
        self.table.cell(slot, &mut self.held, spare, create)
    }

    /// The cell of `slot`, if it was touched.
    #[inline]
    pub(crate) fn seen(&self, slot: Slot) -> Option<&Acc> {
        let (block, cell) = place_of(slot);
        let block = self.table.0.get(block)?;
        let cells = block.cells.as_ref()?;
        (block.touched & 1 << cell != 0).then(|| &cells.0[cell])
    }

    /// What is in a cell; a new one takes its place. The bit stays.
    #[inline]
    pub(crate) fn take(
        &mut self,
        block: usize,
        cell: usize,
        create: &impl Fn() -> Acc,
    ) -> Option<Acc> {
        let cells = self.table.0.get_mut(block)?.cells.as_mut()?;
        Some(std::mem::replace(&mut cells.0[cell % CELLS], create()))
    }

    /// Lets go of a block whose touched cells were all taken, and says which
    /// they were.
    pub(crate) fn let_go(&mut self, block: usize, spare: &mut SpareBlocks<Acc>) -> u64 {
        let Some(left) = self.table.0.get_mut(block) else {
            return 0;
        };
        if let Some(cells) = left.cells.take() {
            self.held.remove(block);
            spare.put(cells);
        }
        std::mem::take(&mut left.touched)
    }

    /// Makes the touched cells of a block new, lets go of it, and says which
    /// they were.
    pub(crate) fn clear_block(
        &mut self,
        block: usize,
        spare: &mut SpareBlocks<Acc>,
        create: &impl Fn() -> Acc,
    ) -> u64 {
        for cell in places(self.touched(block)) {
            self.take(block, cell, create);
        }
        self.let_go(block, spare)
    }

    /// Makes one cell new and untouched.
    pub(crate) fn clear(
        &mut self,
        slot: Slot,
        spare: &mut SpareBlocks<Acc>,
        create: &impl Fn() -> Acc,
    ) {
        let (place, cell) = place_of(slot);
        self.take(place, cell, create);
        if let Some(block) = self.table.0.get_mut(place) {
            block.touched &= !(1 << cell);
            if block.touched == 0 {
                self.let_go(place, spare);
            }
        }
    }
}

impl<Acc: Clone> Blocks<Acc> {
    /// Merges the cells of a block of `other` into this one's; a cell that has
    /// seen nothing takes a copy.
    pub(crate) fn merge_block(
        &mut self,
        place: usize,
        other: &Self,
        spare: &mut SpareBlocks<Acc>,
        create: &impl Fn() -> Acc,
        merge: impl Fn(&mut Acc, Acc),
    ) {
        let Some(from) = other.table.0.get(place).filter(|from| from.touched != 0) else {
            return;
        };
        let Some(copied) = &from.cells else {
            return;
        };
        let (touched, cells) = self.table.hold(place, &mut self.held, spare, create);
        for cell in places(from.touched) {
            let copy = copied.0[cell].clone();
            match *touched & 1 << cell {
                0 => cells[cell] = copy,
                _ => merge(&mut cells[cell], copy),
            }
        }
        *touched |= from.touched;
    }
}
