use super::describe;
use crate::{Chain, Collector, Error, Instance, Name, Plan};

/// Brings all instances of a stream together into one.
///
/// Records of one instance keep their order; those of several come as they are
/// ready. Where there is only one instance already, nothing is done at all.
pub struct Gather<U> {
    name: Name,
    upstream: U,
}

impl<U> Gather<U> {
    /// All that the instances of `upstream` yield.
    pub fn new(name: Name, upstream: U) -> Self {
        Self { name, upstream }
    }
}

describe!(Gather<U>);

impl<U: Chain> Chain for Gather<U> {
    type Item = U::Item;

    fn instances(&self, _: &Plan) -> usize {
        1
    }

    fn lower<C, D>(self, plan: &mut Plan, downstream: D) -> Result<(), Error>
    where
        C: Collector<U::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let producers = self.upstream.instances(plan);
        if producers == 1 {
            return self.upstream.lower(plan, downstream);
        }
        let outboxes = plan.cut(&self.name, "gather", producers, 1, downstream, |_| 0)?;
        self.upstream.lower(plan, outboxes)
    }
}
