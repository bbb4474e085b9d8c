use super::Plan;
use crate::collector::pass_on;
use crate::exchange::{Broadcast, Funnel, Lane, Outbox, Sender};
use crate::{Chain, Collector, Error, Flow, Instance, Name, Spread};
use fluxus_ringbuf::CounterReader;
use fluxus_windows::Timestamp;

/// Which instances of the stage at its end a leg leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Each producer has a ring to every consumer, and a route says which one a
    /// record takes.
    Every,
    /// Each producer has one ring, to the consumer of its own number.
    Same,
}

impl Reach {
    pub(super) fn leads(self, producer: usize, consumer: usize) -> bool {
        self == Reach::Every || producer == consumer
    }

    /// How many rings there are.
    pub(super) fn rings(self, producers: Spread, consumers: Spread) -> usize {
        match self {
            Reach::Every => producers.count * consumers.count,
            Reach::Same => producers.count.min(consumers.count),
        }
    }
}

type Lower<T> = Box<dyn FnOnce(&mut Plan, &Name, LegRings<T>) -> Result<(), Error>>;

/// One of the streams that meet at a stage, ready to be lowered once its rings
/// are there. Which chain it was is forgotten, so that streams of different
/// chains can meet. (Public only so that [`Chain`] can speak of it.)
pub struct Leg<T> {
    kind: &'static str,
    producers: Spread,
    reach: Reach,
    lower: Lower<T>,
}

impl<T: Send + 'static> Leg<T> {
    /// A stream whose records become those of the stage by `wrap`, each sent to
    /// the consumer that `route` says.
    pub(crate) fn routed<U, W, R>(
        plan: &Plan,
        kind: &'static str,
        upstream: U,
        wrap: W,
        route: R,
    ) -> Self
    where
        U: Chain + 'static,
        W: Fn(U::Item) -> T + Clone + Send + 'static,
        R: FnMut(&T) -> usize + Clone + Send + 'static,
    {
        Self {
            kind,
            producers: upstream.instances(plan),
            reach: Reach::Every,
            lower: Box::new(move |plan, name, rings| {
                let mut outboxes = rings.outboxes(name, route);
                upstream.lower(plan, move |instance| Wrapping {
                    wrap: wrap.clone(),
                    next: outboxes(instance),
                })
            }),
        }
    }

    /// A stream whose records become those of the stage by `wrap`, each sent to
    /// every consumer as a copy.
    pub(crate) fn to_all<U, W>(plan: &Plan, kind: &'static str, upstream: U, wrap: W) -> Self
    where
        T: Clone,
        U: Chain + 'static,
        W: Fn(U::Item) -> T + Clone + Send + 'static,
    {
        Self {
            kind,
            producers: upstream.instances(plan),
            reach: Reach::Every,
            lower: Box::new(move |plan, name, rings| {
                let mut broadcasts = rings.broadcasts(name);
                upstream.lower(plan, move |instance| Wrapping {
                    wrap: wrap.clone(),
                    next: broadcasts(instance),
                })
            }),
        }
    }

    /// A stream each instance of which feeds the consumer of its own number.
    pub(crate) fn beside<U>(plan: &Plan, kind: &'static str, upstream: U) -> Self
    where
        U: Chain<Item = T> + 'static,
    {
        Self {
            kind,
            producers: upstream.instances(plan),
            reach: Reach::Same,
            lower: Box::new(move |plan, name, rings| upstream.lower(plan, rings.funnels(name))),
        }
    }

    /// A stream of one instance into the one consumer, through an operator that
    /// `make` puts in front of the ring.
    pub(crate) fn through<U, M, C>(
        plan: &Plan,
        kind: &'static str,
        upstream: U,
        mut make: M,
    ) -> Self
    where
        U: Chain + 'static,
        M: FnMut(Funnel<T>) -> C + 'static,
        C: Collector<U::Item> + Send + 'static,
    {
        Self {
            kind,
            producers: upstream.instances(plan),
            reach: Reach::Same,
            lower: Box::new(move |plan, name, rings| {
                let mut funnels = rings.funnels(name);
                upstream.lower(plan, move |instance| make(funnels(instance)))
            }),
        }
    }

    pub(super) fn shape(&self) -> (&'static str, Spread, Reach) {
        (self.kind, self.producers, self.reach)
    }

    pub(super) fn lower(
        self,
        plan: &mut Plan,
        name: &Name,
        rings: LegRings<T>,
    ) -> Result<(), Error> {
        (self.lower)(plan, name, rings)
    }
}

/// The sending ends of a leg: for each producer, in order, its rings, and what
/// the inbox at the end of each tells it of itself.
pub(crate) struct LegRings<T>(Vec<(Vec<Sender<T>>, Vec<CounterReader>)>);

impl<T> LegRings<T> {
    pub(super) fn of(producers: Spread) -> Self {
        Self((0..producers.count).map(|_| Default::default()).collect())
    }

    pub(super) fn add(&mut self, producer: usize, sender: Sender<T>) {
        self.0[producer].0.push(sender);
    }

    pub(super) fn answered_by(&mut self, producer: usize, answer: CounterReader) {
        self.0[producer].1.push(answer);
    }

    /// Makes an outbox for each producer, asked for in their order.
    pub(crate) fn outboxes<R>(self, name: &Name, route: R) -> impl FnMut(&Instance) -> Outbox<T, R>
    where
        R: FnMut(&T) -> usize + Clone,
    {
        let name = name.clone();
        let mut rings = self.0.into_iter();
        move |instance: &Instance| {
            // Instances are made in order, and so are their rings.
            let (senders, answers) = rings.next().unwrap_or_default();
            let senders = senders.into_iter();
            let lanes = senders.map(|sender| Lane::new(sender, &name, instance));
            Outbox::new(name.clone(), lanes.collect(), answers, route.clone())
        }
    }

    /// Makes for each producer, in their order, what sends every record down all
    /// of its rings.
    pub(crate) fn broadcasts(self, name: &Name) -> impl FnMut(&Instance) -> Broadcast<T> {
        let name = name.clone();
        let mut rings = self.0.into_iter();
        move |instance: &Instance| {
            let (senders, _) = rings.next().unwrap_or_default();
            let senders = senders.into_iter();
            let lanes = senders.map(|sender| Lane::new(sender, &name, instance));
            Broadcast::new(name.clone(), lanes.collect())
        }
    }

    /// Makes a funnel for each producer, which has one ring, in their order.
    pub(crate) fn funnels(self, name: &Name) -> impl FnMut(&Instance) -> Funnel<T> {
        let name = name.clone();
        let mut senders = self.0.into_iter().flat_map(|(senders, _)| senders);
        move |instance: &Instance| {
            // One ring for each producer, and no more of these are made.
            let sender = senders.next().expect("a ring for every producer");
            Funnel::new(sender, &name, instance)
        }
    }
}

/// Makes a record of the stage out of one of a leg.
struct Wrapping<W, C> {
    wrap: W,
    next: C,
}

impl<V, T, W: Fn(V) -> T, C: Collector<T>> Collector<V> for Wrapping<W, C> {
    #[inline]
    fn push(&mut self, time: Timestamp, value: V) -> Flow {
        self.next.push(time, (self.wrap)(value))
    }

    pass_on!(open, signal, end_batch, resume, flush, abort);
}
