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
