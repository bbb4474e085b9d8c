use crate::{KeySlab, StateLimit, StateStats, TooManyKeys};
use std::hash::Hash;

/// What happens to a key of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableChange<V> {
    /// The key has this value from here on.
    Upsert(V),
    /// The key is not in the table any more.
    Delete,
}

/// A table that changes: one value a key, the last that was put in.
///
/// ```
/// use fluxus_windows::{StateLimit, Table, TableChange};
///
/// let mut names = Table::new(StateLimit::new(16, 1024));
/// names.apply(7, TableChange::Upsert("ant"))?;
/// names.apply(7, TableChange::Upsert("bee"))?;
/// assert_eq!(names.find(&7), Some(&"bee"));
/// names.apply(7, TableChange::Delete)?;
/// assert_eq!(names.find(&7), None);
/// # Ok::<(), fluxus_windows::TooManyKeys<i32>>(())
/// ```
#[derive(Debug)]
pub struct Table<K, V> {
    slab: KeySlab<K>,
    /// By slot; none where the slot is free.
    values: Vec<Option<V>>,
}

impl<K: Hash + Eq, V> Table<K, V> {
    /// An empty table; memory is set aside as `limit` says.
    pub fn new(limit: StateLimit) -> Self {
        Self {
            slab: KeySlab::new(limit),
            values: Vec::with_capacity(limit.expected()),
        }
    }

    /// Changes what is known of a key. To delete a key that is not there is no
    /// change.
    ///
    /// # Errors
    /// [`TooManyKeys`] with the key when it is new and the table is full.
    pub fn apply(&mut self, key: K, change: TableChange<V>) -> Result<(), TooManyKeys<K>> {
        match change {
            TableChange::Upsert(value) => {
                let slot = self.slab.slot(key)?.index();
                if slot >= self.values.len() {
                    self.values.resize_with(slot + 1, || None);
                }
                self.values[slot] = Some(value);
            }
            TableChange::Delete => {
                if let Some(slot) = self.slab.find(&key) {
                    self.values[slot.index()] = None;
                    self.slab.release(slot);
                }
            }
        }
        Ok(())
    }

    /// The value of a key.
    #[inline]
    pub fn find(&self, key: &K) -> Option<&V> {
        let slot = self.slab.find(key)?;
        self.values.get(slot.index())?.as_ref()
    }

    /// What the table holds.
    pub fn stats(&self) -> StateStats {
        self.slab.stats()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn a_table_is_a_map(changes in prop::collection::vec((0..9u8, prop::option::of(any::<u8>())), 0..200)) {
            let mut table = Table::new(StateLimit::new(2, 100));
            let mut map = HashMap::new();
            for (key, value) in changes {
                let change = match value {
                    Some(value) => {
                        map.insert(key, value);
                        TableChange::Upsert(value)
                    }
                    None => {
                        map.remove(&key);
                        TableChange::Delete
                    }
                };
                table.apply(key, change).unwrap();
                for key in 0..9 {
                    prop_assert_eq!(table.find(&key), map.get(&key));
                }
                prop_assert_eq!(table.stats().keys, map.len());
            }
        }
    }

    #[test]
    fn a_full_table_takes_no_new_key_and_still_changes_those_it_has() {
        let mut table = Table::new(StateLimit::new(1, 2));
        table.apply("a", TableChange::Upsert(1)).unwrap();
        table.apply("b", TableChange::Upsert(2)).unwrap();
        assert_eq!(
            table.apply("c", TableChange::Upsert(3)).unwrap_err().key,
            "c"
        );
        table.apply("c", TableChange::Delete).unwrap();
        table.apply("a", TableChange::Upsert(4)).unwrap();
        assert_eq!(table.find(&"a"), Some(&4));
        table.apply("b", TableChange::Delete).unwrap();
        table.apply("c", TableChange::Upsert(3)).unwrap();
        assert_eq!(table.find(&"c"), Some(&3));
    }
}
