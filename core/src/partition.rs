use std::hash::{Hash, Hasher};

/// The hash that decides which instance a key belongs to.
///
/// It is fixed: the same key goes to the same instance in every process and
/// every version, so that it may be relied upon across restarts. (The hash by
/// which an instance finds its keys in memory is another, seeded at random.)
///
/// Integers up to 64 bits are mixed into the state as `mix(state ^ x)`; bytes
/// eight at a time, little-endian, the last group padded with zeros and
/// followed by its length. `mix` is the finaliser of splitmix64 (Steele, Lea
/// and Flood, "Fast splittable pseudorandom number generators", 2014).
///
/// ```
/// use fluxus_core::partition_of;
///
/// assert_eq!(partition_of("whale", 4), partition_of("whale", 4));
/// assert!(partition_of(&17u64, 2) < 2);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct PartitionHasher {
    state: u64,
}

#[inline]
fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Hasher for PartitionHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.state
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut groups = bytes.chunks_exact(8);
        for group in &mut groups {
            let mut word = [0; 8];
            word.copy_from_slice(group);
            self.write_u64(u64::from_le_bytes(word));
        }
        let rest = groups.remainder();
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        self.write_u64(u64::from_le_bytes(word));
        self.write_u64(bytes.len() as u64);
    }

    #[inline]
    fn write_u8(&mut self, x: u8) {
        self.write_u64(u64::from(x));
    }

    #[inline]
    fn write_u16(&mut self, x: u16) {
        self.write_u64(u64::from(x));
    }

    #[inline]
    fn write_u32(&mut self, x: u32) {
        self.write_u64(u64::from(x));
    }

    #[inline]
    fn write_u64(&mut self, x: u64) {
        // The constant keeps a zero from being a fixed point.
        self.state = mix((self.state ^ x).wrapping_add(0x9E37_79B9_7F4A_7C15));
    }

    #[inline]
    fn write_usize(&mut self, x: usize) {
        self.write_u64(x as u64);
    }
}

/// The instance, of `instances`, that `key` belongs to.
#[inline]
pub fn partition_of<K: Hash + ?Sized>(key: &K, instances: usize) -> usize {
    let mut hasher = PartitionHasher::default();
    key.hash(&mut hasher);
    // Multiply and shift: the upper bits choose, without a division.
    ((u128::from(hasher.finish()) * instances as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fixed() {
        // Worked out apart, in Python: a change of these is a change of every partition.
        assert_eq!(partition_of(&0u64, 1000), 883);
        assert_eq!(partition_of(&1u64, 1000), 566);
        assert_eq!(partition_of("whale", 1000), 159);
    }

    #[test]
    fn keys_spread_evenly() {
        for instances in [1, 2, 3, 8] {
            let mut counts = vec![0u32; instances];
            for id in 0..80_000u64 {
                counts[partition_of(&(id << 40), instances)] += 1;
            }
            let fair = 80_000 / instances as u32;
            assert!(
                counts
                    .iter()
                    .all(|&c| c > fair / 10 * 9 && c < fair / 10 * 11),
                "{counts:?}"
            );
        }
    }

    #[test]
    fn text_is_told_apart_by_content_and_length() {
        let hash = |text: &str| {
            let mut hasher = PartitionHasher::default();
            text.hash(&mut hasher);
            hasher.finish()
        };
        let texts = ["", "a", "b", "aa", "a\0", "aaaaaaaa", "aaaaaaaaa"];
        for (n, a) in texts.iter().enumerate() {
            for b in &texts[n + 1..] {
                assert_ne!(hash(a), hash(b), "{a:?} {b:?}");
            }
        }
    }
}
