use super::order::best_first;
use std::cmp::Ordering;

/// The best so far, at most as many as asked for.
#[derive(Clone, Debug)]
pub struct Ranking<K, R> {
    /// The best first; of equal keys the one that came first.
    entries: Vec<Entry<K, R>>,
}

#[derive(Clone, Debug)]
struct Entry<K, R> {
    key: K,
    number: u64,
    rest: R,
}

impl<K: PartialOrd, R> Entry<K, R> {
    #[inline]
    fn goes_before(&self, other: &Self, wanted: Ordering) -> bool {
        beats(&self.key, self.number, other, wanted)
    }
}

#[inline]
fn beats<K: PartialOrd, R>(key: &K, number: u64, held: &Entry<K, R>, wanted: Ordering) -> bool {
    let order = best_first(key, &held.key, wanted);
    order.then(number.cmp(&held.number)).is_lt()
}

impl<K: PartialOrd, R> Ranking<K, R> {
    #[inline]
    pub(super) fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// Takes an entry in if it is among the best `k`, and says whether it is; makes
    /// the `rest` of it only then.
    #[inline]
    pub(super) fn offer(
        &mut self,
        (k, wanted): (usize, Ordering),
        (key, number): (K, u64),
        rest: impl FnOnce() -> R,
    ) -> bool {
        if self.entries.len() >= k {
            match self.entries.last() {
                Some(worst) if beats(&key, number, worst, wanted) => self.entries.pop(),
                _ => return false,
            };
        }
        let ahead = |held: &Entry<K, R>| !beats(&key, number, held, wanted);
        let place = self.entries.partition_point(ahead);
        let rest = rest();
        self.entries.insert(place, Entry { key, number, rest });
        true
    }

    /// The best `k` of two rankings.
    pub(super) fn merge(&mut self, (k, wanted): (usize, Ordering), other: Self) {
        if self.entries.is_empty() {
            *self = other;
            return;
        }
        let full = self.entries.len() >= k;
        match (other.entries.first(), self.entries.last()) {
            (Some(best), Some(worst)) if !full || best.goes_before(worst, wanted) => {}
            _ => return,
        }
        // By hand: the sort of the standard library may panic on keys that are
        // ordered in part only.
        let room = k.min(self.entries.len() + other.entries.len());
        let held = std::mem::replace(&mut self.entries, Vec::with_capacity(room));
        let (mut held, mut other) = (held.into_iter().peekable(), other.entries.into_iter());
        let mut coming = other.next();
        while self.entries.len() < room {
            let next = match (held.peek(), coming.take()) {
                (Some(first), Some(entry)) if !entry.goes_before(first, wanted) => {
                    coming = Some(entry);
                    held.next()
                }
                (_, Some(entry)) => {
                    coming = other.next();
                    Some(entry)
                }
                (_, None) => held.next(),
            };
            self.entries.extend(next);
        }
    }

    pub(super) fn into_best(self) -> impl Iterator<Item = (K, R)> {
        self.entries
            .into_iter()
            .map(|entry| (entry.key, entry.rest))
    }
}
