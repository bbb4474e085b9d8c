/// How many levels of bits it takes to find any of 2^30 slots by six bits each.
const LEVELS: usize = 5;
const BITS: usize = u64::BITS as usize;

/// Freed slots, the lowest handed out first: after a burst of keys those that
/// come gather at the front, and what lies behind is left alone.
///
/// A bit a slot, and above every 64 bits one that says whether any is set:
///
/// ```text
///   level 1                [ 1 0 1 . . . ]
///   level 0   [ 0 0 1 0 . . ]  [ 0 0 . . ]  [ 1 0 . . ]
/// ```
#[derive(Debug, Default)]
pub(crate) struct FreeSlots {
    levels: [Vec<u64>; LEVELS],
    length: usize,
}

impl FreeSlots {
    /// None free yet; nothing is allocated as long as slots stay below `slots`.
    pub(crate) fn with_room_for(slots: usize) -> Self {
        let mut free = Self::default();
        free.grow_to(slots);
        free
    }

    fn grow_to(&mut self, slots: usize) {
        let mut bits = slots.max(1);
        for level in &mut self.levels {
            bits = bits.div_ceil(BITS);
            if bits > level.len() {
                level.resize(bits, 0);
            }
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Those among 64 slots, a bit each.
    pub(crate) fn among(&self, block: usize) -> u64 {
        self.levels[0].get(block).copied().unwrap_or(0)
    }

    /// Adds one that is not in it.
    pub(crate) fn push(&mut self, slot: u32) {
        let mut at = slot as usize;
        if at / BITS >= self.levels[0].len() {
            self.grow_to((at + 1).next_power_of_two());
        }
        self.length += 1;
        for level in &mut self.levels {
            let word = &mut level[at / BITS];
            let was = std::mem::replace(word, *word | 1 << (at % BITS));
            if was != 0 {
                return;
            }
            at /= BITS;
        }
    }

    /// Takes the lowest one.
    pub(crate) fn pop(&mut self) -> Option<u32> {
        if self.length == 0 {
            return None;
        }
        self.length -= 1;
        let down = self.levels.iter().rev();
        let lowest = down.fold(0, |at, level| {
            at * BITS + level[at].trailing_zeros() as usize
        });
        let mut at = lowest;
        for level in &mut self.levels {
            let word = &mut level[at / BITS];
            *word &= !(1 << (at % BITS));
            if *word != 0 {
                break;
            }
            at /= BITS;
        }
        // It came in as one.
        Some(lowest as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_lowest_comes_first() {
        for most in [1, 64, 65, 5_000, 300_000] {
            let mut free = FreeSlots::with_room_for(most / 2);
            let mut oracle = BTreeSet::new();
            let mut random = 1u64;
            for step in 0..20_000 {
                random = random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
                let slot = (random >> 33) as u32 % most as u32;
                if (step / 1_000 + random as usize / 7) % 3 > 0 && oracle.insert(slot) {
                    free.push(slot);
                } else {
                    assert_eq!(free.pop(), oracle.pop_first(), "{most}");
                }
                assert_eq!(free.len(), oracle.len());
                let is_free = free.among(slot as usize / BITS) >> (slot as usize % BITS) & 1;
                assert_eq!(is_free == 1, oracle.contains(&slot));
            }
        }
    }
}
