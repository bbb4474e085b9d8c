use super::{describe, JoinedPair};
use crate::collector::pass_on;
use crate::metrics::Measure;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan, Spread};
use fluxus_ringbuf::CounterWriter;
use fluxus_runtime::Culprit;
use fluxus_windows::{JoinKind, Timestamp};
use std::collections::HashMap;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

/// Each record, and what a table that does not change has under its key.
///
/// All instances share the table, so that records stay on the core where they are.
pub struct TableLookup<U, F, K, V, J> {
    name: Name,
    upstream: U,
    key_of: F,
    table: Arc<HashMap<K, V>>,
    kind: J,
}

impl<U, F, K, V, J> TableLookup<U, F, K, V, J> {
    /// What `upstream` yields, each record with what `table` has under its key.
    pub fn new(name: Name, upstream: U, key_of: F, table: Arc<HashMap<K, V>>, kind: J) -> Self {
        Self {
            name,
            upstream,
            key_of,
            table,
            kind,
        }
    }
}

describe!(TableLookup<U, F, K, V, J>);

impl<U, F, K, V, J> Chain for TableLookup<U, F, K, V, J>
where
    U: Chain,
    F: Fn(&U::Item) -> K + Clone + Send + 'static,
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    J: JoinKind,
{
    type Item = JoinedPair<K, J::Left<U::Item>, J::Right<V>>;

    fn instances(&self, plan: &Plan) -> Spread {
        self.upstream.instances(plan)
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<Self::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let (name, key_of, table) = (self.name, self.key_of, self.table);
        plan.operator(&format!(
            "{name} ({} join, a table of {})",
            self.kind,
            table.len()
        ));
        self.upstream
            .lower(plan, move |instance| LookupOperator::<F, K, V, J, C> {
                name: name.clone(),
                key_of: key_of.clone(),
                table: Arc::clone(&table),
                unmatched: instance.counter(&name, Measure::Unmatched),
                kind: PhantomData,
                next: downstream(instance),
            })
    }
}

struct LookupOperator<F, K, V, J, C> {
    name: Name,
    key_of: F,
    table: Arc<HashMap<K, V>>,
    unmatched: CounterWriter,
    kind: PhantomData<J>,
    next: C,
}

impl<T, F, K, V, J, C> Collector<T> for LookupOperator<F, K, V, J, C>
where
    T: Send + 'static,
    F: Fn(&T) -> K,
    K: Hash + Eq,
    V: Clone + Send + 'static,
    J: JoinKind,
    C: Collector<JoinedPair<K, J::Left<T>, J::Right<V>>>,
{
    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        let key = (self.key_of)(&value);
        let found = self.table.get(&key).cloned();
        culprit.cleared();
        if found.is_none() {
            self.unmatched.add(1);
        }
        match J::left(Some(value)).zip(J::right(found)) {
            Some((left, right)) => self.next.push(time, JoinedPair { key, left, right }),
            None => Flow::Open,
        }
    }

    pass_on!(open, signal, end_batch, resume, flush, abort);
}
