use super::describe;
use crate::{Chain, Collector, Error, Instance, Name, Plan, Spread};

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

    fn instances(&self, plan: &Plan) -> Spread {
        match self.upstream.instances(plan) {
            single if single.is_single() => single,
            _ => plan.gathered(),
        }
    }

    fn lower<C, D>(self, plan: &mut Plan, downstream: D) -> Result<(), Error>
    where
        C: Collector<U::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let producers = self.upstream.instances(plan);
        if producers.is_single() {
            return self.upstream.lower(plan, downstream);
        }
        let gathered = plan.gathered();
        let funnels = plan.cut_to_one(&self.name, "gather", producers, gathered, downstream)?;
        self.upstream.lower(plan, funnels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Map;
    use crate::source::{Head, IteratorSource};
    use crate::{Config, Spread};

    /// Rings wake the worker that the instances of their producer sit on: where
    /// that is must be the same for whoever asks, through any operator.
    #[test]
    fn what_was_gathered_sits_on_the_last_worker_and_stays_there() {
        for (sources, workers, expected) in [(1, 3, 0), (2, 3, 2), (5, 1, 0)] {
            let settings = Config::new().workers(workers).conclude().unwrap();
            let mut plan = Plan::new("test", settings);
            let sources = (0..sources).map(|_| IteratorSource::new(0..3)).collect();
            let head = Head::<_, false>::new(&mut plan, Name::new("head"), sources).unwrap();
            let gathered = Gather::new(Name::new("gather"), head);
            let mapped = Map::new(Name::new("map"), gathered, |n: i32| n);
            assert_eq!(
                mapped.instances(&plan),
                Spread {
                    count: 1,
                    first_worker: expected
                }
            );
            let instances = plan.close_stage(mapped.instances(&plan));
            assert_eq!(instances[0].worker, expected);
        }
    }
}
