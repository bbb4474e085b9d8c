use crate::exchange::{InboxTask, Receiver, SideRings};
use crate::plan::StreamHead;
use crate::{Chain, Collector, Error, Instance, Name, Named, Plan, Spread, Timed};

/// The stream that an operator's side output feeds: a stage of its own, with
/// one instance beside each instance of the operator, on the same worker.
pub struct SideStream<T> {
    name: Name,
    edge: usize,
    instances: Spread,
    stream: StreamHead,
    receivers: Vec<Receiver<T>>,
}

impl<T> SideStream<T> {
    /// The stream of a side output of an operator with these instances, and the
    /// rings that the operator puts its records into.
    pub(crate) fn begin(
        plan: &mut Plan,
        name: Name,
        instances: Spread,
    ) -> Result<(Self, SideRings<T>), Error> {
        let (rings, receivers) = plan.side_rings(instances)?;
        let stream = Self {
            stream: plan.stream_begins(&name),
            name,
            edge: rings.edge,
            instances,
            receivers,
        };
        Ok((stream, rings))
    }

    /// The same of a side output that can be taken once: its rings are put where the
    /// operator looks for them.
    pub(crate) fn begin_once(
        plan: &mut Plan,
        name: Name,
        instances: Spread,
        taken: &mut Option<SideRings<T>>,
    ) -> Result<Self, Error> {
        if taken.is_some() {
            return Err(Error::operator(
                name,
                "this side output was taken before: take it once, and divide it with fan_out",
            ));
        }
        let (stream, rings) = Self::begin(plan, name, instances)?;
        *taken = Some(rings);
        Ok(stream)
    }
}

impl<T> SideStream<T> {
    /// A stream of nothing, for one that could not be begun.
    pub fn none(name: Name) -> Self {
        Self {
            name,
            edge: usize::MAX,
            instances: Spread::over(0),
            stream: StreamHead::default(),
            receivers: Vec::new(),
        }
    }
}

impl<T> Named for SideStream<T> {
    fn rename(&mut self, name: Name) {
        self.stream.rename(&name);
        self.name = name;
    }
}

impl<T: Send + 'static> Timed for SideStream<T> {}

impl<T: Send + 'static> Chain for SideStream<T> {
    type Item = T;

    fn instances(&self, _: &Plan) -> Spread {
        self.instances
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<T> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        self.stream.ends();
        plan.operator(&self.name);
        plan.side_edge_arrives(self.edge);
        let instances = plan.close_stage(self.instances);
        for (receiver, instance) in self.receivers.into_iter().zip(instances) {
            let chain = downstream(&instance);
            let task = InboxTask::new(self.name.clone(), &instance, vec![receiver], chain);
            plan.add_task(&instance, Box::new(task));
        }
        Ok(())
    }
}
