use ahash::RandomState;
use std::hash::{BuildHasher, Hash, Hasher};

/// The seeded hash by which an arena finds its keys: ahash, with a short way for
/// integers.
///
/// ahash spends two folded multiplications on an integer, except on a nightly
/// compiler, where it can tell integers apart and spends one. Here every
/// integer costs one on any compiler, under secrets that ahash draws for each
/// arena; runs of bytes (strings, say) go through ahash itself. What it costs
/// shows where the hash is the head of a chain of loads: W2 against the loop by
/// hand, 10,000 keys in cache: see the commit that brought this.
///
/// The secrets keep keys from outside from being chosen to collide; regular
/// families such as `id << 40`, on which a bare multiplication collapses, spread
/// because both halves of the product are used.
#[derive(Clone, Debug)]
pub(crate) struct KeyHash {
    bytes: RandomState,
    start: u64,
    factor: u64,
}

impl KeyHash {
    /// With secrets of its own.
    pub(crate) fn new() -> Self {
        let bytes = RandomState::new();
        Self {
            start: bytes.hash_one(0x7374_6172_7421_u64),
            // Odd, and with a one at the top: no multiplication is a short one.
            factor: bytes.hash_one(0x6661_6374_6f72_u64) | 1 | 1 << 63,
            bytes,
        }
    }

    /// The hash of a key.
    #[inline(always)]
    pub(crate) fn of<K: Hash>(&self, key: &K) -> u64 {
        let mut hasher = KeyHasher {
            secrets: self,
            state: self.start,
        };
        key.hash(&mut hasher);
        hasher.state
    }
}

struct KeyHasher<'a> {
    secrets: &'a KeyHash,
    state: u64,
}

impl KeyHasher<'_> {
    #[inline(always)]
    fn fold(&mut self, x: u64) {
        let product = u128::from(self.state ^ x) * u128::from(self.secrets.factor);
        self.state = product as u64 ^ (product >> 64) as u64;
    }
}

macro_rules! integers {
    ($($write:ident: $integer:ty),*) => {$(
        #[inline(always)]
        fn $write(&mut self, x: $integer) {
            self.fold(x as u64);
        }
    )*};
}

impl Hasher for KeyHasher<'_> {
    #[inline]
    fn finish(&self) -> u64 {
        self.state
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut hasher = self.secrets.bytes.build_hasher();
        hasher.write(bytes);
        self.fold(hasher.finish());
    }

    integers!(
        write_u8: u8, write_u16: u16, write_u32: u32, write_u64: u64, write_usize: usize,
        write_i8: i8, write_i16: i16, write_i32: i32, write_i64: i64, write_isize: isize
    );

    #[inline]
    fn write_u128(&mut self, x: u128) {
        self.fold(x as u64);
        self.fold((x >> 64) as u64);
    }

    #[inline]
    fn write_i128(&mut self, x: i128) {
        self.write_u128(x as u128);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// The bits that the index uses: the tag, and what chooses the bucket.
    fn most_in_a_bucket(hashes: impl Iterator<Item = u64>) -> usize {
        const BUCKETS: usize = 1 << 14;
        let mut buckets = vec![0usize; BUCKETS];
        for hash in hashes {
            buckets[(hash >> 32) as usize % BUCKETS] += 1;
        }
        buckets.into_iter().max().unwrap_or(0)
    }

    /// Families on which a multiplication by itself collapses, and a fixed mixer
    /// can be made to: 65,536 keys in 16,384 buckets, four a bucket on average.
    #[test]
    fn regular_keys_spread() {
        type Family = fn(u64) -> u64;
        let families: [(&str, Family); 6] = [
            ("in order", |i| i),
            ("shifted far", |i| i << 40),
            ("shifted to the top", |i| i << 48),
            ("in steps", |i| i * 4096),
            ("times the golden ratio", |i| {
                i.wrapping_mul(0x9E37_79B9_7F4A_7C15)
            }),
            ("mirrored", |i| i.reverse_bits()),
        ];
        // With secrets drawn anew a few times: no luck is needed.
        for _ in 0..8 {
            let hash = KeyHash::new();
            for (name, family) in families {
                let most = most_in_a_bucket((0..65_536).map(|i| hash.of(&family(i))));
                // A random function has about 15.
                assert!(most < 40, "{name}: {most} of 65,536 keys in one bucket");
                let tags: HashSet<u64> = (0..4096).map(|i| hash.of(&family(i)) & 0xFF).collect();
                assert!(tags.len() > 200, "{name}: only {} tags", tags.len());
            }
        }
    }

    #[test]
    fn arenas_have_secrets_of_their_own() {
        let (one, other) = (KeyHash::new(), KeyHash::new());
        assert_ne!(one.of(&7u64), other.of(&7u64));
        assert_eq!(one.of(&7u64), one.clone().of(&7u64));
    }

    #[test]
    fn keys_of_several_parts_are_told_apart_by_each() {
        let hash = KeyHash::new();
        let hashes: HashSet<u64> = [
            hash.of(&("a", 1u64)),
            hash.of(&("a", 2u64)),
            hash.of(&("b", 1u64)),
            hash.of(&(1u64, "a")),
            hash.of(&(0u64, 1u64)),
            hash.of(&(1u64, 0u64)),
            hash.of(&1u128),
            hash.of(&(1u128 << 64)),
        ]
        .into();
        assert_eq!(hashes.len(), 8);
    }
}
