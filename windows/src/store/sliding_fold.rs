use std::collections::VecDeque;

/// The fold of a queue: push at one end, evict at the other, and have all that
/// is between merged, each in a constant number of merges.
///
/// The most merges an operation makes, however long the queue is: three for a
/// [`push`](Self::push), two for an [`evict`](Self::evict), one for a
/// [`fold`](Self::fold). There are no merges that are saved up and made in one
/// go, so no operation is slower than the others. (Only the memory grows by
/// doubling, as that of a `VecDeque` does.)
///
/// `merge` folds in what lies behind: it has to be associative and need not be
/// commutative. The queue keeps one accumulator for each that was pushed, and
/// at most two more.
///
/// This is DABA Lite, the "de-amortized banker's aggregator" of Tangwongsan,
/// Hirzel and Schneider: "In-order sliding-window aggregation in worst-case
/// constant time", VLDB Journal 30, 2021.
///
/// ```
/// use fluxus_windows::SlidingFold;
///
/// let join = |left: &mut String, right: String| left.push_str(&right);
/// let mut window = SlidingFold::new();
/// for word in ["see", "the", "sea"] {
///     window.push(word.to_string(), &join);
/// }
/// assert_eq!(window.fold(&join).as_deref(), Some("seethesea"));
/// window.evict(&join);
/// assert_eq!(window.fold(&join).as_deref(), Some("thesea"));
/// ```
///
/// # How it works
/// A queue made of two stacks (the front holds suffix folds, so that evicting
/// uncovers the next one) has to turn its back stack round whenever the front
/// one is empty. Here that is done a step at each operation, beforehand:
///
/// ```text
///   oldest                                                       newest
///   0           left          right         turned        back        len
///   │ i .. back │  i .. right │      i      │  i .. back  │     i     │
///                             └──────── middle ───────────┘└── rear ──┘
/// ```
///
/// A region names what its cell `i` holds: the fold from `i` to the named
/// bound, or what was pushed alone.
///
/// # Invariants
/// - the cells are as drawn; `middle` is the fold of `right..back` while there
///   is anything in `left..right`; `rear` is the fold of `back..len`, none if
///   that is empty;
/// - `right - left == turned - right`;
/// - the queue is empty, or `left == (len - back) + 1`: the front never runs
///   out before it is turned, and the fold up to `back` is always the oldest
///   cell.
#[derive(Clone, Debug)]
pub struct SlidingFold<Acc> {
    cells: VecDeque<Acc>,
    /// How many were evicted: the number of the oldest cell. The bounds below
    /// count on from there, so that an evict moves none of them.
    first: u64,
    left: u64,
    right: u64,
    turned: u64,
    back: u64,
    middle: Option<Acc>,
    rear: Option<Acc>,
}

// Not derived: an empty queue needs no empty accumulator.
impl<Acc> Default for SlidingFold<Acc> {
    fn default() -> Self {
        Self {
            cells: VecDeque::new(),
            first: 0,
            left: 0,
            right: 0,
            turned: 0,
            back: 0,
            middle: None,
            rear: None,
        }
    }
}

impl<Acc: Clone> SlidingFold<Acc> {
    /// An empty queue, which takes no memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many accumulators are in the queue.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether the queue is empty.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Empties the queue and keeps its memory.
    pub fn clear(&mut self) {
        self.cells.clear();
        self.begin();
    }

    /// Puts an accumulator behind the newest. At most three merges.
    #[inline]
    pub fn push(&mut self, accumulator: Acc, merge: &impl Fn(&mut Acc, Acc)) {
        if !self.cells.is_empty() {
            match &mut self.rear {
                Some(rear) => merge(rear, accumulator.clone()),
                None => self.rear = Some(accumulator.clone()),
            }
        }
        self.cells.push_back(accumulator);
        self.step(merge);
    }

    /// Lets the oldest go; an empty queue stays empty. At most two merges.
    #[inline]
    pub fn evict(&mut self, merge: &impl Fn(&mut Acc, Acc)) {
        if self.cells.pop_front().is_some() {
            self.first += 1;
            self.step(merge);
        }
    }

    /// All that is in the queue, merged from the oldest to the newest; none of
    /// an empty one. At most one merge.
    #[inline]
    pub fn fold(&self, merge: &impl Fn(&mut Acc, Acc)) -> Option<Acc> {
        let mut all = self.cells.front()?.clone();
        if let Some(rear) = &self.rear {
            merge(&mut all, rear.clone());
        }
        Some(all)
    }

    /// The queue is empty or holds one: it is all front, and nothing is to be
    /// turned round.
    fn begin(&mut self) {
        self.left = self.end();
        self.right = self.left;
        self.turned = self.left;
        self.back = self.left;
        self.middle = None;
        self.rear = None;
    }

    /// The number of the next cell.
    #[inline]
    fn end(&self) -> u64 {
        self.first + self.cells.len() as u64
    }

    /// Where the cell of this number lies.
    #[inline]
    fn place(&self, number: u64) -> usize {
        (number - self.first) as usize
    }

    /// The step of turning round that is due at each operation.
    #[inline]
    fn step(&mut self, merge: &impl Fn(&mut Acc, Acc)) {
        if self.back == self.first {
            self.begin();
            return;
        }
        if self.left == self.back {
            // All of the front is turned, and the rear has become as long as
            // it: a new turn begins, of the rear behind the front.
            self.left = self.first;
            self.turned = self.end();
            self.back = self.end();
            self.middle = self.rear.take();
        }
        if self.left == self.right {
            // Both sides are done: what was turned already reads as the front.
            self.left += 1;
            self.right += 1;
            self.turned += 1;
            return;
        }
        // One cell of the old front learns of what lies behind it, and one
        // cell of the old rear, from its end, of what it has behind it.
        if let Some(middle) = &self.middle {
            let left = self.place(self.left);
            merge(&mut self.cells[left], middle.clone());
        }
        self.left += 1;
        self.turned -= 1;
        if self.turned + 1 < self.back {
            let turned = self.place(self.turned);
            let behind = self.cells[turned + 1].clone();
            merge(&mut self.cells[turned], behind);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cell::Cell;

    /// Every region says what it should, in the letters that were pushed.
    fn check(queue: &SlidingFold<String>, letters: &VecDeque<String>) {
        let [left, right, turned, back] =
            [queue.left, queue.right, queue.turned, queue.back].map(|number| queue.place(number));
        let from_to = |from, to| letters.range(from..to).map(String::as_str).collect();
        assert_eq!(queue.len(), letters.len());
        for (i, cell) in queue.cells.iter().enumerate() {
            let expected: String = match i {
                i if i < left => from_to(i, back),
                i if i < right => from_to(i, right),
                i if i < turned => from_to(i, i + 1),
                i if i < back => from_to(i, back),
                i => from_to(i, i + 1),
            };
            assert_eq!(*cell, expected, "cell {i} of {queue:?}");
        }
        if left < right {
            let middle: String = from_to(right, back);
            assert_eq!(queue.middle.as_deref(), Some(&*middle), "{queue:?}");
        }
        let rear: String = from_to(back, letters.len());
        assert_eq!(queue.rear.clone().unwrap_or_default(), rear, "{queue:?}");
        assert!(left <= right && right <= turned && turned <= back);
        assert_eq!(right - left, turned - right, "{queue:?}");
        if !letters.is_empty() {
            // The paper's |left..back| + 1 = |0..back| - |back..len|.
            assert_eq!(left, letters.len() - back + 1, "{queue:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        /// Runs of pushes and evictions, so that queues get long and empty.
        #[test]
        fn every_region_equals_its_recomputation_and_merges_are_bounded(
            runs in prop::collection::vec((any::<bool>(), 1usize..20), 0..40),
        ) {
            let merges = Cell::new(0);
            let join = |left: &mut String, right: String| {
                merges.set(merges.get() + 1);
                left.push_str(&right);
            };
            let mut queue = SlidingFold::new();
            let mut letters = VecDeque::new();
            let mut number = 0u32;
            for (is_push, times) in runs {
                for _ in 0..times {
                    merges.set(0);
                    if is_push {
                        let letter = format!("{number},");
                        number += 1;
                        queue.push(letter.clone(), &join);
                        letters.push_back(letter);
                        prop_assert!(merges.get() <= 3, "push: {}", merges.get());
                    } else {
                        queue.evict(&join);
                        letters.pop_front();
                        prop_assert!(merges.get() <= 2, "evict: {}", merges.get());
                    }
                    check(&queue, &letters);
                    merges.set(0);
                    let all = (!letters.is_empty()).then(|| letters.iter().cloned().collect());
                    prop_assert_eq!(queue.fold(&join), all);
                    prop_assert!(merges.get() <= 1, "fold: {}", merges.get());
                }
            }
        }
    }

    #[test]
    fn a_long_window_costs_no_more_than_a_short_one() {
        for length in [1usize, 2, 3, 10, 1000] {
            let merges = Cell::new(0);
            let max = |left: &mut usize, right: usize| {
                merges.set(merges.get() + 1);
                *left = (*left).max(right);
            };
            let mut queue = SlidingFold::new();
            for n in 0..5 * length {
                merges.set(0);
                if queue.len() == length {
                    queue.evict(&max);
                }
                // Falls within each thousand: the maximum is often the oldest.
                queue.push(usize::MAX - n % 1000, &max);
                let first = (n + 1).saturating_sub(length);
                let expected = (first..=n).map(|n| usize::MAX - n % 1000).max();
                assert_eq!(queue.fold(&max), expected, "length {length}, after {n}");
                assert!(merges.get() <= 6, "length {length}: {}", merges.get());
            }
        }
    }

    #[test]
    fn an_emptied_queue_is_as_good_as_new() {
        let add = |left: &mut u32, right: u32| *left += right;
        let mut queue = SlidingFold::new();
        assert_eq!(queue.fold(&add), None);
        queue.evict(&add);
        for n in 1..=7 {
            queue.push(n, &add);
        }
        queue.clear();
        assert!(queue.is_empty());
        assert_eq!(queue.fold(&add), None);
        queue.push(5, &add);
        queue.push(6, &add);
        assert_eq!(queue.fold(&add), Some(11));
    }
}
