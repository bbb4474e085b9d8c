use crate::{grouped, shortened};
use std::cmp::Reverse;
use std::collections::HashMap;

/// How often each name came, to tell the most frequent ones.
///
/// ```
/// let mut pages = fluxus_examples::totals::Frequent::default();
/// for page in ["/red", "/blue", "/red"] {
///     pages.add(page, 1);
/// }
/// assert_eq!((pages.total(), pages.top_three().as_str()), (3, "/red 2, /blue 1"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Frequent {
    counts: HashMap<String, u64>,
    total: u64,
}

impl Frequent {
    /// It came so many times more.
    pub fn add(&mut self, name: &str, times: u64) {
        self.total += times;
        match self.counts.get_mut(name) {
            Some(count) => *count += times,
            None => drop(self.counts.insert(name.to_owned(), times)),
        }
    }

    /// How often any came.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The three most frequent and how often each came; of those that are equally
    /// frequent the first of the alphabet.
    pub fn top_three(&self) -> String {
        let mut ranked: Vec<(&String, &u64)> = self.counts.iter().collect();
        ranked.sort_unstable_by_key(|(name, count)| (Reverse(**count), *name));
        let top = ranked.iter().take(3);
        let top = top.map(|(name, count)| format!("{} {}", shortened(name, 20), grouped(**count)));
        top.collect::<Vec<_>>().join(", ")
    }
}
