//! The arithmetic behind every generator: splitmix64, addressed by index.
//!
//! Any element of any stream can be made alone, in any language, which is what
//! lets engines written apart agree on one digest.

/// Event time of the first event: a multiple of one minute, in milliseconds.
pub const T0_MS: i64 = 1_700_000_040_000;

/// The largest disorder of any generated stream, in milliseconds.
pub const DISORDER_MS: i64 = 100;

/// How far the watermark stays behind the largest timestamp seen.
///
/// A watermark is inclusive, no later record is at or before it, so it is one
/// millisecond further back than the disorder.
pub const WATERMARK_LAG_MS: i64 = DISORDER_MS + 1;

/// The finaliser of splitmix64.
#[inline]
pub const fn mix64(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The output of splitmix64 with this `seed` at `index`, counted from 0.
#[inline]
pub const fn splitmix(seed: u64, index: u64) -> u64 {
    mix64(seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
}

/// A disorder in `0..=DISORDER_MS`, from the low 16 bits of `random`.
#[inline]
pub const fn disorder_ms(random: u64) -> i64 {
    (((random & 0xFFFF) * (DISORDER_MS as u64 + 1)) >> 16) as i64
}

/// A number below `n`, from 32 bits of `random` above those `disorder_ms` takes.
///
/// `n` must be below 2^32.
#[inline]
pub const fn pick(random: u64, n: u64) -> u64 {
    (((random >> 16) & 0xFFFF_FFFF) * n) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_gives_the_published_sequence() {
        // Seed 1234567, as in the reference implementation's test vectors.
        let first: Vec<u64> = (0..3).map(|index| splitmix(1_234_567, index)).collect();
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn disorder_and_pick_stay_in_range_and_reach_both_ends() {
        assert_eq!(disorder_ms(0), 0);
        assert_eq!(disorder_ms(u64::MAX), DISORDER_MS);
        assert_eq!(pick(0, 10), 0);
        assert_eq!(pick(u64::MAX, 10), 9);
        assert_eq!(pick(u64::MAX, 1), 0);
    }
}
