//! The best of many, and all that are as good.

/// The items of the highest rank seen so far, in the order in which they came.
///
/// ```
/// use fluxus_perf::nexmark::ties::Ties;
///
/// let mut longest = Ties::default();
/// for word in ["whale", "sea", "ship", "ocean"] {
///     longest.add(word.len() as u64, word);
/// }
/// assert_eq!(longest.into_items(), ["whale", "ocean"]);
/// ```
#[derive(Clone, Debug)]
pub struct Ties<T> {
    highest: u64,
    items: Vec<T>,
}

impl<T> Default for Ties<T> {
    fn default() -> Self {
        Self {
            highest: 0,
            items: Vec::new(),
        }
    }
}

impl<T> Ties<T> {
    /// Adds an item, unless a higher one was seen.
    #[inline(always)]
    pub fn add(&mut self, rank: u64, item: T) {
        if rank >= self.highest {
            self.add_high(rank, item);
        }
    }

    /// Seldom: of n items in no order, about ln n are higher than all before.
    #[cold]
    fn add_high(&mut self, rank: u64, item: T) {
        if rank > self.highest {
            self.items.clear();
            self.highest = rank;
        }
        self.items.push(item);
    }

    /// Adds the items of another.
    pub fn merge(&mut self, other: Self) {
        if other.highest < self.highest {
            return;
        }
        if other.highest > self.highest {
            *self = other;
        } else {
            self.items.extend(other.items);
        }
    }

    /// The rank of the items; 0 where there are none.
    pub fn highest(&self) -> u64 {
        self.highest
    }

    /// The items.
    pub fn into_items(self) -> Vec<T> {
        self.items
    }

    /// The items, of which none are left.
    pub fn drain(&mut self) -> std::vec::Drain<'_, T> {
        self.highest = 0;
        self.items.drain(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ranks: &[u64]) -> Ties<(u64, usize)> {
        let mut ties = Ties::default();
        for (place, &rank) in ranks.iter().enumerate() {
            ties.add(rank, (rank, place));
        }
        ties
    }

    #[test]
    fn all_of_the_highest_rank_are_kept_wherever_the_list_is_cut() {
        let ranks = [3, 0, 7, 7, 2, 7, 1];
        for cut in 0..=ranks.len() {
            let mut left = of(&ranks[..cut]);
            left.merge(of(&ranks[cut..]));
            assert_eq!(left.highest(), 7);
            let kept: Vec<u64> = left.drain().map(|(rank, _)| rank).collect();
            assert_eq!(kept, [7, 7, 7], "cut at {cut}");
            assert_eq!(left.highest(), 0);
        }
        assert_eq!(of(&[0, 0]).into_items(), [(0, 0), (0, 1)]);
    }
}
