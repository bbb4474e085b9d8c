mod diagram;
mod explain;
mod leg;

pub use diagram::Diagram;
pub(crate) use leg::{Leg, LegRings, Reach};

use crate::alarm::Alarms;
use crate::exchange::{Broadcast, Funnel, InboxTask, Outbox, Receiver, Sender, SideRings};
use crate::instance::{FaultSlot, Latencies};
use crate::metrics::Registry;
use crate::{Clock, Collector, Error, Instance, Name, Record, Settings, Signal, Spread};
use explain::{EdgeNote, StageNote};
use fluxus_ringbuf::{channel, Parker, Waker};
use fluxus_runtime::{Control, Seating, Task, Topology, Worker};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The physical plan of a job: who sits where, which stage runs on which
/// worker, and which rings connect them.
///
/// Chains lower themselves into it, from sink to source, each adding its tasks
/// and a line to the description that [`Plan::explain`] prints.
pub struct Plan {
    name: Name,
    settings: Settings,
    seating: Seating,
    clock: Clock,
    control: Control,
    parkers: Vec<Parker>,
    tasks: Vec<Vec<Box<dyn Task>>>,
    registry: Arc<Registry>,
    latencies: Arc<Latencies>,
    stages: Vec<StageNote>,
    edges: Vec<EdgeNote>,
    /// The stage that is being lowered: its operators, last one first.
    operators: Vec<String>,
    /// Edges that begin at the stage that is being lowered.
    leaving: Vec<usize>,
    streams: Vec<StreamHead>,
}

/// The name of a stream's first operator, until the stream is brought to a
/// sink; the plan and that operator share it.
#[derive(Clone, Default)]
pub(crate) struct StreamHead(Arc<Mutex<Option<Name>>>);

impl StreamHead {
    fn lock(&self) -> MutexGuard<'_, Option<Name>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn rename(&self, name: &Name) {
        if let Some(held) = &mut *self.lock() {
            held.clone_from(name);
        }
    }

    /// The stream was brought to a sink.
    pub(crate) fn ends(&self) {
        *self.lock() = None;
    }
}

impl Plan {
    /// An empty plan.
    pub fn new(name: &str, settings: Settings) -> Self {
        let topology = Topology::read();
        let seating = Seating::arrange(
            &settings.placement,
            settings.workers,
            settings.idle,
            &topology,
        );
        let parkers: Vec<Parker> = (0..settings.workers).map(|_| Parker::new()).collect();
        Self {
            name: Name::new(name),
            seating,
            clock: Clock::start(settings.measure_latency),
            control: Control::new(parkers.iter().map(Parker::waker).collect()),
            tasks: (0..settings.workers).map(|_| Vec::new()).collect(),
            parkers,
            registry: Arc::default(),
            latencies: Arc::default(),
            stages: Vec::new(),
            edges: Vec::new(),
            operators: Vec::new(),
            leaving: Vec::new(),
            streams: Vec::new(),
            settings,
        }
    }

    /// The job's settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The instances of a keyed operator: one a worker.
    pub fn keyed_instances(&self) -> Spread {
        Spread::over(self.settings.workers)
    }

    /// The one instance in which several are gathered: on the last worker, away
    /// from sources, which begin at the first.
    pub fn gathered(&self) -> Spread {
        Spread {
            count: 1,
            first_worker: self.settings.workers - 1,
        }
    }

    /// What wakes the worker of the instance with this index.
    pub(crate) fn waker_of_instance(&self, index: usize) -> Waker {
        self.parkers[index % self.parkers.len()].waker()
    }

    /// Takes note of an operator of the stage that is being lowered.
    pub(crate) fn operator(&mut self, label: &str) {
        self.operators.push(label.to_owned());
    }

    /// A stream begins at the operator of this name, and must end in a sink.
    pub(crate) fn stream_begins(&mut self, name: &Name) -> StreamHead {
        let head = StreamHead::default();
        *head.lock() = Some(name.clone());
        self.streams.push(head.clone());
        head
    }

    /// The stage that is being lowered is complete; here are its instances.
    pub(crate) fn close_stage(&mut self, spread: Spread) -> Vec<Instance> {
        let workers: Vec<usize> = (0..spread.count)
            .map(|index| self.worker_of(spread, index))
            .collect();
        let stage = self.stages.len();
        for edge in self.leaving.drain(..) {
            self.edges[edge].from = Some(stage);
        }
        let mut operators = std::mem::take(&mut self.operators);
        operators.reverse();
        let made = workers
            .iter()
            .enumerate()
            .map(|(index, &worker)| Instance {
                index,
                worker,
                batch: self.settings.batch,
                state_limit: self.settings.state_limit,
                when_full: self.settings.when_full,
                clock: self.clock,
                wall: Arc::clone(&self.settings.clock),
                control: self.control.clone(),
                registry: Arc::clone(&self.registry),
                latencies: Arc::clone(&self.latencies),
                fault: FaultSlot::default(),
                alarms: Alarms::default(),
            })
            .collect();
        self.stages.push(StageNote { operators, workers });
        made
    }

    /// Where the instance of this index sits.
    fn worker_of(&self, spread: Spread, index: usize) -> usize {
        (spread.first_worker + index) % self.settings.workers
    }

    pub(crate) fn add_task(&mut self, instance: &Instance, task: Box<dyn Task>) {
        self.tasks[instance.worker].push(task);
    }

    /// Ends the stage that is being lowered at an inbox, and begins the one
    /// before it, which ends at the outboxes that the answer makes.
    ///
    /// Every producer has a ring to every consumer; `route` says which consumer
    /// a record goes to.
    pub(crate) fn cut<T, C, M, R>(
        &mut self,
        name: &Name,
        kind: &'static str,
        producers: Spread,
        consumers: Spread,
        consumer: M,
        route: R,
    ) -> Result<impl FnMut(&Instance) -> Outbox<T, R>, Error>
    where
        T: Send + 'static,
        C: Collector<T> + Send + 'static,
        M: FnMut(&Instance) -> C,
        R: FnMut(&T) -> usize + Clone + Send + 'static,
    {
        let rings = self.only_leg(name, kind, producers, consumers, consumer)?;
        Ok(rings.outboxes(name, route))
    }

    /// As [`cut`](Self::cut), where the stage below has one instance.
    pub(crate) fn cut_to_one<T, C, M>(
        &mut self,
        name: &Name,
        kind: &'static str,
        producers: Spread,
        consumer_spread: Spread,
        consumer: M,
    ) -> Result<impl FnMut(&Instance) -> Funnel<T>, Error>
    where
        T: Send + 'static,
        C: Collector<T> + Send + 'static,
        M: FnMut(&Instance) -> C,
    {
        debug_assert!(consumer_spread.is_single());
        let rings = self.only_leg(name, kind, producers, consumer_spread, consumer)?;
        Ok(rings.funnels(name))
    }

    /// As [`cut`](Self::cut), where every record goes to every consumer.
    pub(crate) fn cut_to_all<T, C, M>(
        &mut self,
        name: &Name,
        producers: Spread,
        consumers: Spread,
        consumer: M,
    ) -> Result<impl FnMut(&Instance) -> Broadcast<T>, Error>
    where
        T: Clone + Send + 'static,
        C: Collector<T> + Send + 'static,
        M: FnMut(&Instance) -> C,
    {
        let rings = self.only_leg(name, "broadcast", producers, consumers, consumer)?;
        Ok(rings.broadcasts(name))
    }

    /// Ends the stage that is being lowered at an inbox that one stream feeds,
    /// every producer with a ring to every consumer.
    fn only_leg<T, C, M>(
        &mut self,
        name: &Name,
        kind: &'static str,
        producers: Spread,
        consumers: Spread,
        consumer: M,
    ) -> Result<LegRings<T>, Error>
    where
        T: Send + 'static,
        C: Collector<T> + Send + 'static,
        M: FnMut(&Instance) -> C,
    {
        let legs = [(kind, producers, Reach::Every)];
        let mut rings = self.rings(name, &legs, consumers, consumer)?;
        let (edge, rings) = rings.remove(0);
        self.leaving.push(edge);
        Ok(rings)
    }

    /// Ends the stage that is being lowered at an inbox that several streams
    /// feed, and lowers each of them up to its sources. Their records meet as
    /// they come; event time is the least of theirs.
    pub(crate) fn meet<T, C, M>(
        &mut self,
        name: &Name,
        legs: Vec<Leg<T>>,
        consumers: Spread,
        consumer: M,
    ) -> Result<(), Error>
    where
        T: Send + 'static,
        C: Collector<T> + Send + 'static,
        M: FnMut(&Instance) -> C,
    {
        let shapes: Vec<_> = legs.iter().map(Leg::shape).collect();
        let rings = self.rings(name, &shapes, consumers, consumer)?;
        for (leg, (edge, rings)) in legs.into_iter().zip(rings) {
            self.leaving.push(edge);
            leg.lower(self, name, rings)?;
        }
        Ok(())
    }

    /// Ends the stage that is being lowered at an inbox, and makes the rings of
    /// each of its legs, which lead from the stages before it; with the edge.
    fn rings<T, C, M>(
        &mut self,
        name: &Name,
        legs: &[(&'static str, Spread, Reach)],
        consumers: Spread,
        mut consumer: M,
    ) -> Result<Vec<(usize, LegRings<T>)>, Error>
    where
        T: Send + 'static,
        C: Collector<T> + Send + 'static,
        M: FnMut(&Instance) -> C,
    {
        let instances = self.close_stage(consumers);
        let stage = self.stages.len() - 1;
        let mut rings: Vec<(usize, LegRings<T>)> = Vec::with_capacity(legs.len());
        for &(kind, producers, reach) in legs {
            rings.push((self.edges.len(), LegRings::of(producers)));
            self.edges.push(EdgeNote {
                kind,
                rings: reach.rings(producers, consumers),
                from: None,
                to: Some(stage),
            });
        }
        for instance in &instances {
            let mut receivers = Vec::new();
            // Which producer is at the other end of each receiver.
            let mut ends = Vec::new();
            for (leg, &(_, producers, reach)) in legs.iter().enumerate() {
                for producer in 0..producers.count {
                    if reach.leads(producer, instance.index) {
                        let from = self.worker_of(producers, producer);
                        let (sender, receiver) = self.ring(name, from, instance.worker)?;
                        rings[leg].1.add(producer, sender);
                        receivers.push(receiver);
                        ends.push((leg, producer));
                    }
                }
            }
            let chain = consumer(instance);
            let task = InboxTask::new(name.clone(), instance, receivers, chain);
            for ((leg, producer), answer) in ends.into_iter().zip(task.answers()) {
                rings[leg].1.answered_by(producer, answer.clone());
            }
            self.add_task(instance, Box::new(task));
        }
        Ok(rings)
    }

    /// A ring from one worker to another, each of which wakes the other.
    fn ring<T>(
        &self,
        name: &Name,
        from: usize,
        to: usize,
    ) -> Result<(Sender<T>, Receiver<T>), Error> {
        let (mut sender, mut receiver) = channel::<Record<T>, Signal>(self.settings.ring_capacity)
            .map_err(|error| Error::operator(name, error))?;
        if from != to {
            sender.wake_on_send(self.parkers[to].waker());
            receiver.wake_on_release(self.parkers[from].waker());
        }
        Ok((sender, receiver))
    }

    /// Rings for a side output, one for each of `instances`, from a stage to
    /// one beside it on the same workers.
    pub(crate) fn side_rings<T>(
        &mut self,
        instances: Spread,
    ) -> Result<(SideRings<T>, Vec<Receiver<T>>), Error> {
        let (mut senders, mut receivers) = (Vec::new(), Vec::new());
        for index in 0..instances.count {
            let worker = self.worker_of(instances, index);
            let (sender, receiver) = self.ring(&Name::new("side output"), worker, worker)?;
            senders.push(sender);
            receivers.push(receiver);
        }
        self.edges.push(EdgeNote {
            kind: "side output",
            rings: instances.count,
            from: None,
            to: None,
        });
        let edge = self.edges.len() - 1;
        Ok((SideRings { edge, senders }, receivers))
    }

    /// The side output begins at the stage that is being lowered.
    pub(crate) fn side_edge_leaves(&mut self, edge: usize) {
        self.leaving.push(edge);
    }

    /// The side output leads to the stage that is about to be closed.
    pub(crate) fn side_edge_arrives(&mut self, edge: usize) {
        if let Some(edge) = self.edges.get_mut(edge) {
            edge.to = Some(self.stages.len());
        }
    }

    /// Checks that every stream ends, and hands over what runs.
    ///
    /// # Errors
    /// When a stream was never brought to a sink, or there is none.
    pub(crate) fn conclude(self) -> Result<Conclusion, Error> {
        let unused = self.streams.iter().find_map(|head| head.lock().clone());
        if let Some(unused) = unused {
            return Err(Error::UnusedStream {
                stream: unused.to_string(),
            });
        }
        if self.stages.is_empty() {
            return Err(Error::NothingToRun);
        }
        let workers = self
            .tasks
            .into_iter()
            .zip(self.parkers)
            .map(|(tasks, parker)| Worker { tasks, parker })
            .collect();
        Ok(Conclusion {
            name: self.name,
            settings: self.settings,
            seating: self.seating,
            control: self.control,
            workers,
            registry: self.registry,
            latencies: self.latencies,
        })
    }
}

/// A plan that is ready to run.
pub(crate) struct Conclusion {
    pub(crate) name: Name,
    pub(crate) settings: Settings,
    pub(crate) seating: Seating,
    pub(crate) control: Control,
    pub(crate) workers: Vec<Worker>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) latencies: Arc<Latencies>,
}
