use crate::exchange::{Lane, Sender, SideOutput, SideRings};
use crate::{Instance, Name, Plan};

/// Hands each instance of an operator its lane of a side output, if somebody
/// takes that.
pub(crate) struct SideLanes<T> {
    name: Name,
    senders: std::vec::IntoIter<Sender<T>>,
}

impl<T> SideLanes<T> {
    /// The lanes of the operator of this name, whose stage is being lowered.
    pub(crate) fn new(name: &Name, plan: &mut Plan, rings: Option<SideRings<T>>) -> Self {
        let senders = match rings {
            Some(SideRings { edge, senders }) => {
                plan.side_edge_leaves(edge);
                senders
            }
            None => Vec::new(),
        };
        Self {
            name: name.clone(),
            senders: senders.into_iter(),
        }
    }

    /// Instances are made in order, and so are the lanes.
    pub(crate) fn next(&mut self, instance: &Instance) -> SideOutput<T> {
        SideOutput::new(self.lane(instance))
    }

    pub(crate) fn lane(&mut self, instance: &Instance) -> Option<Lane<T>> {
        let sender = self.senders.next()?;
        Some(Lane::new(sender, &self.name, instance))
    }
}
