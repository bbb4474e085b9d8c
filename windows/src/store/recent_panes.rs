use crate::{Aggregate, SlidingFold};
use std::collections::VecDeque;

/// The newest panes of one key, oldest first, and the quickest way that the
/// aggregate allows to merge them all.
#[derive(Debug)]
pub(crate) enum RecentPanes<Acc> {
    /// For aggregates that can be [retracted](Aggregate::RETRACTS): the total
    /// of the panes, kept up as they come and go.
    Running {
        panes: VecDeque<Acc>,
        total: Option<Acc>,
    },
    /// For aggregates that [grow](Aggregate::GROWS): the panes alone, so that
    /// each record is kept once.
    Listed(VecDeque<Acc>),
    /// For all others: partial folds, in constant time.
    Folded(SlidingFold<Acc>),
}

impl<Acc: Clone> RecentPanes<Acc> {
    /// No panes; takes no memory yet.
    pub(crate) fn new<T, A: Aggregate<T, Accumulator = Acc>>() -> Self {
        if A::RETRACTS {
            Self::Running {
                panes: VecDeque::new(),
                total: None,
            }
        } else if A::GROWS {
            Self::Listed(VecDeque::new())
        } else {
            Self::Folded(SlidingFold::new())
        }
    }

    /// How many panes there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Running { panes, .. } | Self::Listed(panes) => panes.len(),
            Self::Folded(fold) => fold.len(),
        }
    }

    /// Puts a pane behind the newest.
    pub(crate) fn push<T, A>(&mut self, aggregate: &A, pane: Acc)
    where
        A: Aggregate<T, Accumulator = Acc>,
    {
        match self {
            Self::Running { panes, total } => {
                match total {
                    Some(total) => aggregate.merge(total, pane.clone()),
                    None => *total = Some(pane.clone()),
                }
                panes.push_back(pane);
            }
            Self::Listed(panes) => panes.push_back(pane),
            Self::Folded(fold) => fold.push(pane, &|left, right| aggregate.merge(left, right)),
        }
    }

    /// Lets the oldest pane go, if there is one.
    pub(crate) fn evict<T, A>(&mut self, aggregate: &A)
    where
        A: Aggregate<T, Accumulator = Acc>,
    {
        match self {
            Self::Running { panes, total } => {
                let oldest = panes.pop_front();
                // The total of nothing is none, not what is left of the last.
                *total = total.take().filter(|_| !panes.is_empty());
                if let (Some(oldest), Some(total)) = (oldest, total) {
                    aggregate.retract(total, &oldest);
                }
            }
            Self::Listed(panes) => {
                panes.pop_front();
            }
            Self::Folded(fold) => fold.evict(&|left, right| aggregate.merge(left, right)),
        }
    }

    /// All panes, merged from the oldest to the newest; none of none.
    pub(crate) fn fold<T, A>(&self, aggregate: &A) -> Option<Acc>
    where
        A: Aggregate<T, Accumulator = Acc>,
    {
        match self {
            Self::Running { total, .. } => total.clone(),
            Self::Listed(panes) => {
                let mut panes = panes.iter();
                let mut all = panes.next()?.clone();
                for pane in panes {
                    aggregate.merge(&mut all, pane.clone());
                }
                Some(all)
            }
            Self::Folded(fold) => fold.fold(&|left, right| aggregate.merge(left, right)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// A sum of a kind, and what was asked of it.
    #[derive(Default)]
    struct Asked<const RETRACTS: bool, const GROWS: bool> {
        merges: Cell<u32>,
        retracts: Cell<u32>,
    }

    impl<const R: bool, const G: bool> Aggregate<i64> for Asked<R, G> {
        type Accumulator = i64;
        type Output = i64;
        const RETRACTS: bool = R;
        const GROWS: bool = G;

        fn create(&self) -> i64 {
            0
        }
        fn add(&self, sum: &mut i64, value: &i64) {
            *sum += value;
        }
        fn merge(&self, sum: &mut i64, other: i64) {
            self.merges.set(self.merges.get() + 1);
            *sum += other;
        }
        fn retract(&self, sum: &mut i64, other: &i64) {
            self.retracts.set(self.retracts.get() + 1);
            *sum -= other;
        }
        fn finish(&self, sum: i64) -> i64 {
            sum
        }
    }

    /// Ten panes pass through a window of four: merges to let panes come and
    /// go, retractions, merges for one fold.
    fn asked<const R: bool, const G: bool>() -> [u32; 3] {
        let aggregate = Asked::<R, G>::default();
        let mut panes = RecentPanes::new::<i64, Asked<R, G>>();
        assert_eq!(panes.fold(&aggregate), None);
        for pane in 1..=10 {
            if panes.len() == 4 {
                panes.evict(&aggregate);
            }
            panes.push(&aggregate, pane);
        }
        let moving = aggregate.merges.take();
        assert_eq!(panes.fold(&aggregate), Some(7 + 8 + 9 + 10));
        let folding = aggregate.merges.take();
        let retracts = aggregate.retracts.take();
        for _ in 0..5 {
            panes.evict(&aggregate);
        }
        assert_eq!((panes.len(), panes.fold(&aggregate)), (0, None));
        [moving, retracts, folding]
    }

    #[test]
    fn each_kind_of_aggregate_is_merged_in_its_own_way() {
        // A running total: nothing is left to do for a result.
        assert_eq!(asked::<true, false>(), [9, 6, 0]);
        assert_eq!(asked::<true, true>(), [9, 6, 0]);
        // A list of panes: all is left to do.
        assert_eq!(asked::<false, true>(), [0, 0, 3]);
        // Partial folds: a few of each.
        let [moving, retracts, folding] = asked::<false, false>();
        assert!(moving <= 5 * 10 && folding <= 1, "{moving}, {folding}");
        assert_eq!(retracts, 0);
    }
}
