use crate::exchange::{Funnel, InboxTask, Lane, Outbox, Receiver, Sender};
use crate::instance::{FaultSlot, Latencies};
use crate::metrics::Registry;
use crate::{Clock, Collector, Error, Instance, Name, Record, Settings, Signal, Spread};
use fluxus_ringbuf::{channel, CounterReader, Parker, Waker};
use fluxus_runtime::{Control, Seating, Task, Topology, Worker};
use std::fmt::Write as _;
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

/// One stage, for the explanation.
struct StageNote {
    /// From first to last.
    operators: Vec<String>,
    workers: Vec<usize>,
}

/// The rings between two stages, for the explanation.
struct EdgeNote {
    kind: &'static str,
    producers: usize,
    consumers: usize,
    from: Option<usize>,
    to: Option<usize>,
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
        let rings = self.rings(name, kind, producers, consumers, consumer)?;
        let name = name.clone();
        let mut rings = rings.into_iter();
        Ok(move |instance: &Instance| {
            // Instances are made in order, and so are their rings.
            let (senders, answers) = rings.next().unwrap_or_default();
            let senders = senders.into_iter();
            let lanes = senders.map(|sender| Lane::new(sender, &name, instance));
            Outbox::new(name.clone(), lanes.collect(), answers, route.clone())
        })
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
        let rings = self.rings(name, kind, producers, consumer_spread, consumer)?;
        let name = name.clone();
        let mut senders = rings.into_iter().flat_map(|(senders, _)| senders);
        Ok(move |instance: &Instance| {
            // One ring for each producer, and no more of these are made.
            let sender = senders.next().expect("a ring for every producer");
            Funnel::new(sender, &name, instance)
        })
    }

    /// Ends the stage that is being lowered at an inbox. For each producer, in
    /// order: its ring to every consumer, and what that tells it of itself.
    #[allow(clippy::type_complexity)]
    fn rings<T, C, M>(
        &mut self,
        name: &Name,
        kind: &'static str,
        producers: Spread,
        consumers: Spread,
        mut consumer: M,
    ) -> Result<Vec<(Vec<Sender<T>>, Vec<CounterReader>)>, Error>
    where
        T: Send + 'static,
        C: Collector<T> + Send + 'static,
        M: FnMut(&Instance) -> C,
    {
        let instances = self.close_stage(consumers);
        let edge = self.edges.len();
        self.edges.push(EdgeNote {
            kind,
            producers: producers.count,
            consumers: consumers.count,
            from: None,
            to: Some(self.stages.len() - 1),
        });
        self.leaving.push(edge);

        let mut rings: Vec<(Vec<Sender<T>>, Vec<CounterReader>)> =
            (0..producers.count).map(|_| Default::default()).collect();
        for instance in &instances {
            let mut receivers = Vec::with_capacity(producers.count);
            for (producer, (senders, _)) in rings.iter_mut().enumerate() {
                let from = self.worker_of(producers, producer);
                let (sender, receiver) = self.ring(name, from, instance.worker)?;
                senders.push(sender);
                receivers.push(receiver);
            }
            let chain = consumer(instance);
            let task = InboxTask::new(name.clone(), instance, receivers, chain);
            for ((_, answers), answer) in rings.iter_mut().zip(task.answers()) {
                answers.push(answer.clone());
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
    /// one beside it on the same worker. The number names the edge.
    #[allow(clippy::type_complexity)]
    pub(crate) fn side_rings<T>(
        &mut self,
        instances: usize,
    ) -> Result<(usize, Vec<Sender<T>>, Vec<Receiver<T>>), Error> {
        let (mut senders, mut receivers) = (Vec::new(), Vec::new());
        for index in 0..instances {
            let worker = index % self.settings.workers;
            let (sender, receiver) = self.ring(&Name::new("side output"), worker, worker)?;
            senders.push(sender);
            receivers.push(receiver);
        }
        self.edges.push(EdgeNote {
            kind: "side output",
            producers: instances,
            consumers: instances,
            from: None,
            to: None,
        });
        Ok((self.edges.len() - 1, senders, receivers))
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

    /// Everything there is to know before the job runs: workers and cores,
    /// stages with their operators, rings with their capacities.
    pub fn explain(&self) -> String {
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = self.explain_into(&mut text);
        text
    }

    fn explain_into(&self, text: &mut String) -> std::fmt::Result {
        let settings = &self.settings;
        let plural = |count: usize, noun: &str| match count {
            1 => format!("1 {noun}"),
            count => format!("{count} {noun}s"),
        };
        writeln!(
            text,
            "job {}: {}, {} records a batch, {}",
            self.name,
            plural(settings.workers, "worker"),
            settings.batch,
            match self.stages.len() {
                1 => "1 stage, no rings".to_owned(),
                count => format!(
                    "{count} stages, rings of {}",
                    settings.ring_capacity.slots()
                ),
            }
        )?;
        for (worker, seat) in self.seating.seats.iter().enumerate() {
            let place = match seat.core {
                Some(core) => format!("pinned to core {core}"),
                None => "not pinned".to_owned(),
            };
            let shared = if seat.shared { ", shared" } else { "" };
            writeln!(
                text,
                "  worker {worker}  {place}{shared}, idle: {}",
                seat.idle
            )?;
        }
        let order = self.in_order_of_flow();
        let number = |stage: usize| 1 + order.iter().position(|&s| s == stage).unwrap_or(stage);
        for &index in &order {
            let stage = &self.stages[index];
            let workers: Vec<String> = stage.workers.iter().map(usize::to_string).collect();
            writeln!(
                text,
                "  stage {}   {} on worker {}",
                number(index),
                plural(stage.workers.len(), "instance"),
                workers.join(", ")
            )?;
            writeln!(text, "      {}", stage.operators.join(" -> "))?;
            for edge in self.edges.iter().filter(|edge| edge.from == Some(index)) {
                let rings = match edge.kind {
                    "side output" => edge.producers,
                    _ => edge.producers * edge.consumers,
                };
                let to = edge.to.map_or_else(
                    || "nowhere".to_owned(),
                    |to| format!("stage {}", number(to)),
                );
                writeln!(
                    text,
                    "      == {}: {} of {} records ==> {to}",
                    edge.kind,
                    plural(rings, "ring"),
                    settings.ring_capacity.slots()
                )?;
            }
        }
        let settings = &self.settings.state_limit;
        writeln!(
            text,
            "  state: memory for {} keys an instance from the start, at most {}",
            settings.expected(),
            settings.limit()
        )?;
        for warning in &self.seating.warnings {
            writeln!(text, "  warning: {warning}")?;
        }
        Ok(())
    }

    /// The stages, each behind those that feed it. (They were lowered from the
    /// last to the first, and side streams in whatever order they were ended.)
    fn in_order_of_flow(&self) -> Vec<usize> {
        let mut order: Vec<usize> = Vec::new();
        while order.len() < self.stages.len() {
            let is_fed = |stage: usize| {
                let feeds = self.edges.iter().filter(|edge| edge.to == Some(stage));
                feeds
                    .filter_map(|edge| edge.from)
                    .all(|from| order.contains(&from))
            };
            let waiting = (0..self.stages.len()).rev().filter(|s| !order.contains(s));
            let Some(next) = waiting.clone().find(|&stage| is_fed(stage)) else {
                // Chains cannot make a circle; if one ever did, it is still told.
                order.extend(waiting.collect::<Vec<_>>());
                break;
            };
            order.push(next);
        }
        order
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
