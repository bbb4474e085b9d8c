use crate::collector::pass_on;
use crate::exchange::Funnel;
use crate::metrics::Measure;
use crate::plan::Leg;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Named, Plan, Signal, Spread, Timed};
use fluxus_ringbuf::CounterWriter;
use fluxus_windows::Timestamp;
use std::collections::VecDeque;

/// Pairs the records of two streams: the first with the first, the second with
/// the second. It ends with the shorter one.
///
/// Both must be in order, so each has one instance. A pair has the later of the
/// two times. Neither stream is held back for want of the other (that could
/// block a job for ever in which both come from one source): what waits for its
/// partner is kept, up to a limit, beyond which the job fails.
pub struct Zip<A, B> {
    name: Name,
    left: A,
    right: B,
    most_waiting: usize,
}

impl<A, B> Zip<A, B> {
    /// Pairs of what `left` and `right` yield; one may be ahead of the other by
    /// `most_waiting` records.
    pub fn new(name: Name, left: A, right: B, most_waiting: usize) -> Self {
        Self {
            name,
            left,
            right,
            most_waiting,
        }
    }
}

impl<A, B> Named for Zip<A, B> {
    fn rename(&mut self, name: Name) {
        self.name = name;
    }
}

impl<A: Timed, B: Timed> Timed for Zip<A, B> {}

impl<A: Chain, B: Chain> Chain for Zip<A, B> {
    type Item = (A::Item, B::Item);

    fn instances(&self, plan: &Plan) -> Spread {
        Spread {
            count: 1,
            first_worker: self.left.instances(plan).first_worker,
        }
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<Self::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let instances = self.instances(plan);
        let Self {
            name,
            left,
            right,
            most_waiting,
        } = self;
        for (side, count) in [
            ("left", left.instances(plan).count),
            ("right", right.instances(plan).count),
        ] {
            if count != 1 {
                return Err(Error::operator(
                    name,
                    format!(
                        "its {side} stream has {count} instances, and there is no order between \
                         them: bring them together with gather(), or begin at one source"
                    ),
                ));
            }
        }
        plan.operator(&name);
        let legs = vec![
            Leg::through(plan, "left", left, |next: Funnel<_>| ZipEnd {
                wrap: Zipped::Left,
                last: Some(Zipped::LeftEnded),
                is_ending: false,
                next,
            }),
            Leg::through(plan, "right", right, |next: Funnel<_>| ZipEnd {
                wrap: Zipped::Right,
                last: Some(Zipped::RightEnded),
                is_ending: false,
                next,
            }),
        ];
        let zip_name = name.clone();
        plan.meet(&name, legs, instances, move |instance| ZipOperator {
            name: zip_name.clone(),
            left: Waiting::default(),
            right: Waiting::default(),
            most_waiting,
            unmatched: instance.counter(&zip_name, Measure::Unmatched),
            instance: instance.clone(),
            next: downstream(instance),
        })
    }
}

/// What comes over the rings of a zip.
enum Zipped<L, R> {
    Left(L),
    Right(R),
    LeftEnded,
    RightEnded,
}

/// The end of one of the two streams: says aloud when it ends, since the other
/// may have no end at all.
struct ZipEnd<W, V, C> {
    wrap: W,
    /// What is said at the end, until it was said.
    last: Option<V>,
    is_ending: bool,
    next: C,
}

impl<W, V, C: Collector<V>> ZipEnd<W, V, C> {
    fn end(&mut self) -> Flow {
        if let Some(last) = self.last.take() {
            let flow = self.next.push(Timestamp::MIN, last);
            if !matches!(flow, Flow::Open | Flow::Finished) {
                return flow;
            }
        }
        self.is_ending = false;
        self.next.signal(Signal::End)
    }
}

impl<T, W, V, C> Collector<T> for ZipEnd<W, V, C>
where
    W: Fn(T) -> V,
    C: Collector<V>,
{
    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        self.next.push(time, (self.wrap)(value))
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        if signal == Signal::End {
            self.is_ending = true;
            return self.end();
        }
        self.next.signal(signal)
    }

    fn resume(&mut self) -> Flow {
        match self.next.resume() {
            Flow::Open | Flow::Finished if self.is_ending => self.end(),
            flow => flow,
        }
    }

    pass_on!(open, end_batch, flush, abort);
}

/// What one side is ahead by.
struct Waiting<T> {
    records: VecDeque<(Timestamp, T)>,
    has_ended: bool,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self {
            records: VecDeque::new(),
            has_ended: false,
        }
    }
}

impl<T> Waiting<T> {
    /// Whether there will never be a record again.
    fn is_over(&self) -> bool {
        self.has_ended && self.records.is_empty()
    }
}

struct ZipOperator<L, R, C> {
    name: Name,
    left: Waiting<L>,
    right: Waiting<R>,
    most_waiting: usize,
    unmatched: CounterWriter,
    instance: Instance,
    next: C,
}

impl<L, R, C> ZipOperator<L, R, C> {
    /// The shorter stream is over, and so is this one.
    fn unless_over(&self, flow: Flow) -> Flow {
        match flow {
            Flow::Open if self.left.is_over() || self.right.is_over() => Flow::Finished,
            flow => flow,
        }
    }

    #[cold]
    fn too_far_apart(&mut self, ahead: &str, behind: &str) -> Flow {
        let most = self.most_waiting;
        self.instance.fail(
            &self.name,
            format!(
                "its {ahead} stream is more than {most} records ahead of its {behind} one: \
                 allow for more with zip_within, or bring streams that keep pace"
            ),
        )
    }
}

impl<L, R, C: Collector<(L, R)>> Collector<Zipped<L, R>> for ZipOperator<L, R, C> {
    #[inline]
    fn push(&mut self, time: Timestamp, value: Zipped<L, R>) -> Flow {
        let flow = match value {
            Zipped::Left(left) => match self.right.records.pop_front() {
                Some((other, right)) => self.next.push(time.max(other), (left, right)),
                None if self.right.is_over() => {
                    self.unmatched.add(1);
                    Flow::Open
                }
                None => {
                    self.left.records.push_back((time, left));
                    if self.left.records.len() > self.most_waiting {
                        return self.too_far_apart("left", "right");
                    }
                    Flow::Open
                }
            },
            Zipped::Right(right) => match self.left.records.pop_front() {
                Some((other, left)) => self.next.push(time.max(other), (left, right)),
                None if self.left.is_over() => {
                    self.unmatched.add(1);
                    Flow::Open
                }
                None => {
                    self.right.records.push_back((time, right));
                    if self.right.records.len() > self.most_waiting {
                        return self.too_far_apart("right", "left");
                    }
                    Flow::Open
                }
            },
            Zipped::LeftEnded => {
                self.left.has_ended = true;
                Flow::Open
            }
            Zipped::RightEnded => {
                self.right.has_ended = true;
                Flow::Open
            }
        };
        self.unless_over(flow)
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        if signal == Signal::End {
            let left_over = self.left.records.len() + self.right.records.len();
            self.unmatched.add(left_over as u64);
            return self.next.signal(signal);
        }
        self.next.signal(signal)
    }

    fn resume(&mut self) -> Flow {
        let flow = self.next.resume();
        self.unless_over(flow)
    }

    pass_on!(open, end_batch, flush, abort);
}
