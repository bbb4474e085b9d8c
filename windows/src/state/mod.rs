//! The arenas: keys found by hash, and their accumulators, dense in what was touched or
//! a cell a slot.

pub(crate) mod free_slots;
pub(crate) mod index;
pub(crate) mod key_hasher;
pub(crate) mod slab;

pub(crate) mod block_set;
pub(crate) mod blocks;
pub(crate) mod idle_keys;
pub(crate) mod key_cells;
pub(crate) mod panes;

pub(crate) mod ahead;
