//! What a workload answered, in three numbers that do not depend on the order.

use crate::splitmix::{mix64, splitmix};

/// The most fields that a row of any workload has.
pub const MAX_FIELDS: usize = 8;

/// One odd multiplier for each field of a row: `splitmix(99, j) | 1`.
const MULTIPLIERS: [u64; MAX_FIELDS] = {
    let mut multipliers = [0; MAX_FIELDS];
    let mut field = 0;
    while field < MAX_FIELDS {
        multipliers[field] = splitmix(99, field as u64) | 1;
        field += 1;
    }
    multipliers
};

/// Rows, the sum of their count field, and a sum over all their fields.
///
/// Equal results give equal digests in whatever order the rows come, so the
/// digests of several workers are simply merged.
///
/// ```
/// use fluxus_perf::Digest;
///
/// let (mut left, mut right, mut whole) = (Digest::default(), Digest::default(), Digest::default());
/// left.add_row([7, 1000, 3], 3);
/// right.add_row([8, 1000, 4], 4);
/// whole.add_row([8, 1000, 4], 4);
/// whole.add_row([7, 1000, 3], 3);
/// left.merge(right);
/// assert_eq!(left, whole);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Result rows.
    pub rows: u64,
    /// Sum of the rows' count field.
    pub count: u64,
    /// Wrapping sum over the rows of their mixed fields.
    pub sum: u64,
}

impl Digest {
    /// Adds one row: its fields in the workload's order, and its count.
    #[inline]
    pub fn add_row<const FIELDS: usize>(&mut self, fields: [u64; FIELDS], count: u64) {
        let mut weighted = 0u64;
        for (field, multiplier) in fields.into_iter().zip(MULTIPLIERS) {
            weighted = weighted.wrapping_add(field.wrapping_mul(multiplier));
        }
        self.rows += 1;
        self.count = self.count.wrapping_add(count);
        self.sum = self.sum.wrapping_add(mix64(weighted));
    }

    /// Adds one row that is a bare number, itself the sum (workload W7).
    #[inline]
    pub fn add_number(&mut self, number: u64) {
        self.rows += 1;
        self.count += 1;
        self.sum = self.sum.wrapping_add(number);
    }

    /// Adds the rows of another digest.
    #[inline]
    pub fn merge(&mut self, other: Digest) {
        self.rows += other.rows;
        self.count = self.count.wrapping_add(other.count);
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

/// The 64-bit FNV-1a hash: how a word becomes a field of a row.
#[inline]
pub fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv_gives_the_published_values() {
        assert_eq!(fnv1a64(b""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(fnv1a64(b"a"), 0xAF63_DC4C_8601_EC8C);
        assert_eq!(fnv1a64(b"foobar"), 0x8594_4171_F739_67E8);
    }

    #[test]
    fn every_field_is_seen_and_none_stands_for_another() {
        let row = |fields: [u64; 3]| {
            let mut digest = Digest::default();
            digest.add_row(fields, 1);
            digest.sum
        };
        assert_ne!(row([1, 2, 3]), row([2, 1, 3]));
        assert_ne!(row([1, 2, 3]), row([1, 3, 2]));
        assert_ne!(row([1, 2, 3]), row([1, 2, 4]));
    }
}
