//! W7: a stateless chain over the numbers from 0: map, filter, map, count.

pub mod fluxus;
pub mod hand;

/// The first map: spreads a number over all 64 bits.
#[inline(always)]
pub const fn scramble(x: u64) -> u64 {
    x.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1)
}

/// The filter: keeps about every other number.
#[inline(always)]
pub const fn keep(y: u64) -> bool {
    y & (1 << 32) == 0
}

/// The second map: folds the high bits into the low ones.
#[inline(always)]
pub const fn fold(y: u64) -> u64 {
    y ^ (y >> 29)
}
