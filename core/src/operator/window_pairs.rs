use super::{describe, Rejected, SideStream, Sides, WindowPair, WindowResult};
use crate::collector::pass_on;
use crate::metrics::Measure;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan, Rejects, Signal, Spread};
use fluxus_ringbuf::CounterWriter;
use fluxus_runtime::Culprit;
use fluxus_windows::{JoinKind, Timestamp};
use std::marker::PhantomData;

/// Makes every pair of a left and a right record out of the two sides of a window;
/// what the kind of join keeps makes a row alone where the other side is empty.
pub struct WindowPairs<U, J> {
    name: Name,
    upstream: U,
    kind: J,
}

impl<U, J> WindowPairs<U, J> {
    /// The pairs of what `upstream` yields.
    pub fn new(name: Name, upstream: U, kind: J) -> Self {
        Self {
            name,
            upstream,
            kind,
        }
    }
}

impl<U: Rejects, J> Rejects for WindowPairs<U, J> {
    type Record = U::Record;

    fn rejected(
        &mut self,
        plan: &mut Plan,
        name: Name,
    ) -> Result<SideStream<Rejected<U::Record>>, Error> {
        self.upstream.rejected(plan, name)
    }
}

describe!(WindowPairs<U, J>);

impl<U, K, L, R, J> Chain for WindowPairs<U, J>
where
    U: Chain<Item = WindowResult<K, Sides<L, R>>>,
    K: Clone + Send + 'static,
    L: Clone + Send + 'static,
    R: Clone + Send + 'static,
    J: JoinKind,
{
    type Item = WindowPair<K, J::Left<L>, J::Right<R>>;

    fn instances(&self, plan: &Plan) -> Spread {
        self.upstream.instances(plan)
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<Self::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let name = self.name;
        plan.operator(&format!("{name} ({} join)", self.kind));
        self.upstream
            .lower(plan, move |instance| PairsOperator::<K, L, R, J, C> {
                name: name.clone(),
                group: None,
                next_row: (0, 0),
                left_in_batch: instance.batch,
                batch: instance.batch,
                unmatched: instance.counter(&name, Measure::Unmatched),
                kind: PhantomData,
                next: downstream(instance),
            })
    }
}

/// A window and its time.
type At<T> = (Timestamp, T);

struct PairsOperator<K, L, R, J, C> {
    name: Name,
    /// The window whose rows are being handed on.
    group: Option<At<WindowResult<K, Sides<L, R>>>>,
    /// The numbers of the left and the right record of its next row: all the right
    /// ones for the first left one, and so on.
    next_row: (usize, usize),
    /// Rows until downstream is let have a look at something else.
    left_in_batch: usize,
    batch: usize,
    unmatched: CounterWriter,
    kind: PhantomData<J>,
    next: C,
}

impl<K, L, R, J, C> PairsOperator<K, L, R, J, C>
where
    K: Clone,
    L: Clone + Send + 'static,
    R: Clone + Send + 'static,
    J: JoinKind,
    C: Collector<WindowPair<K, J::Left<L>, J::Right<R>>>,
{
    /// Hands on rows while there are any and downstream is open, at most a batch.
    fn emit(&mut self) -> Flow {
        let Some((time, group)) = &self.group else {
            return Flow::Open;
        };
        let Sides { left, right } = &group.value;
        // A side without records still takes part once, as nothing.
        let (lefts, rights) = (left.len().max(1), right.len().max(1));
        let culprit = Culprit::new(&self.name);
        let (mut left_at, mut right_at) = self.next_row;
        let mut left_in_batch = self.left_in_batch;
        let mut flow = Flow::Open;
        'rows: while left_at < lefts {
            let one = left.get(left_at);
            while right_at < rights {
                if left_in_batch == 0 {
                    flow = Flow::Busy;
                    break 'rows;
                }
                let other = right.get(right_at);
                right_at += 1;
                left_in_batch -= 1;
                let row = J::left(one.cloned()).zip(J::right(other.cloned()));
                let Some((left, right)) = row else {
                    continue;
                };
                let pair = WindowPair {
                    key: group.key.clone(),
                    window: group.window,
                    left,
                    right,
                    firing: group.firing,
                };
                flow = self.next.push(*time, pair);
                if !flow.is_open() {
                    break 'rows;
                }
            }
            right_at = 0;
            left_at += 1;
        }
        culprit.cleared();
        self.next_row = (left_at, right_at);
        self.left_in_batch = left_in_batch;
        let is_all = left_at >= lefts || (left_at + 1 == lefts && right_at >= rights);
        if !is_all && flow != Flow::Finished {
            return flow.max(Flow::Busy);
        }
        self.group = None;
        flow
    }
}

impl<K, L, R, J, C> Collector<WindowResult<K, Sides<L, R>>> for PairsOperator<K, L, R, J, C>
where
    K: Clone,
    L: Clone + Send + 'static,
    R: Clone + Send + 'static,
    J: JoinKind,
    C: Collector<WindowPair<K, J::Left<L>, J::Right<R>>>,
{
    #[inline]
    fn push(&mut self, time: Timestamp, group: WindowResult<K, Sides<L, R>>) -> Flow {
        let Sides { left, right } = &group.value;
        let is_alone = left.is_empty() || right.is_empty();
        if is_alone {
            self.unmatched.add((left.len() + right.len()) as u64);
            let makes_rows = match left.is_empty() {
                true => J::KEEPS_RIGHT,
                false => J::KEEPS_LEFT,
            };
            if !makes_rows {
                return Flow::Open;
            }
        }
        self.group = Some((time, group));
        self.next_row = (0, 0);
        self.emit()
    }

    fn resume(&mut self) -> Flow {
        self.left_in_batch = self.batch;
        match self.next.resume() {
            Flow::Open => self.emit(),
            flow => flow,
        }
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        self.left_in_batch = self.batch;
        // What could not go out is for nobody: downstream wants no more.
        self.group = None;
        self.next.signal(signal)
    }

    fn end_batch(&mut self) -> Flow {
        self.left_in_batch = self.batch;
        self.next.end_batch()
    }

    pass_on!(open, flush, abort);
}
