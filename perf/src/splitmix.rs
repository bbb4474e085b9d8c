//! The arithmetic behind every generator: splitmix64, addressed by index.
//!
//! Any element of any stream can be made alone, in any language, which is what
//! lets engines written apart agree on one digest.

/// Event time of the first event: a multiple of one minute, in milliseconds.
pub const T0_MS: i64 = 1_700_000_040_000;

/// The largest disorder of any stream as it is defined, in milliseconds.
pub const DISORDER_MS: i64 = 100;

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

/// How the events of a stream come out of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disorder {
    /// Of a hundred events, how many may come late; the others come at once.
    pub percent: u64,
    /// How late they come at most, in milliseconds.
    pub most_ms: u64,
}

impl Disorder {
    /// That of the streams as they are defined: every event, up to [`DISORDER_MS`].
    pub const OWN: Self = Self {
        percent: 100,
        most_ms: DISORDER_MS as u64,
    };

    /// The time of an event that would be due at `due_ms`, were none late: all are
    /// put off by the most, and the late ones lie as much before that.
    ///
    /// Where all may be late, it is `due_ms + most_ms - disorder_ms(random)` for
    /// the disorder as it is defined.
    #[inline]
    pub const fn time_ms(self, due_ms: i64, random: u64) -> i64 {
        let whole = self.percent >= 100;
        // Bits apart from those that say how late, and which key.
        let late = if whole || mix64(!random) % 100 < self.percent {
            ((random & 0xFFFF) * (self.most_ms + 1)) >> 16
        } else {
            0
        };
        due_ms + (self.most_ms - late) as i64
    }
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
    fn of_some_events_so_many_are_late_as_asked_for() {
        let late = |disorder: Disorder| {
            let random = (0..100_000).map(|index| splitmix(1, index));
            let times = random.map(|random| disorder.time_ms(1000, random));
            times
                .filter(|time| (1000..1000 + disorder.most_ms as i64).contains(time))
                .count()
        };
        let most_ms = 1000;
        assert_eq!(
            late(Disorder {
                percent: 0,
                most_ms
            }),
            0
        );
        assert!((9_500..10_500).contains(&late(Disorder {
            percent: 10,
            most_ms
        })));
        // Of those that may be late, one in a thousand is late by nothing.
        assert!((99_800..100_000).contains(&late(Disorder {
            percent: 100,
            most_ms
        })));
        for random in [0, 65_535, 77_777, u64::MAX] {
            assert_eq!(
                Disorder::OWN.time_ms(5, random),
                5 + DISORDER_MS - disorder_ms(random)
            );
        }
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
