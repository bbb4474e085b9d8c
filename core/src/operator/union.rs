use crate::plan::Leg;
use crate::{Chain, Collector, Error, Instance, Name, Named, Plan, Spread, Timed};

/// Two streams of the same records as one.
///
/// There are as many instances as the wider of the two has; instance for
/// instance they meet as they come, so that the order within an instance of
/// either is kept. Event time is the least of theirs. Unions of unions are one
/// stage.
pub struct Union<A, B> {
    name: Name,
    left: A,
    right: B,
}

impl<A, B> Union<A, B> {
    /// All that `left` and `right` yield.
    pub fn new(name: Name, left: A, right: B) -> Self {
        Self { name, left, right }
    }
}

impl<A, B> Named for Union<A, B> {
    fn rename(&mut self, name: Name) {
        self.name = name;
    }
}

impl<A: Timed, B: Timed<Item = A::Item>> Timed for Union<A, B> {}

impl<A: Chain, B: Chain<Item = A::Item>> Chain for Union<A, B> {
    type Item = A::Item;

    fn instances(&self, plan: &Plan) -> Spread {
        widest([self.left.instances(plan), self.right.instances(plan)])
    }

    fn lower<C, D>(self, plan: &mut Plan, downstream: D) -> Result<(), Error>
    where
        C: Collector<A::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let consumers = self.instances(plan);
        let name = self.name.clone();
        plan.operator(&name);
        let legs = self.legs(plan);
        plan.meet(&name, legs, consumers, downstream)
    }

    fn legs(self, plan: &Plan) -> Vec<Leg<A::Item>> {
        let mut legs = self.left.legs(plan);
        legs.append(&mut self.right.legs(plan));
        legs
    }
}

/// Any number of streams of one kind as one; see [`Union`].
pub struct UnionAll<U> {
    name: Name,
    upstreams: Vec<U>,
}

impl<U> UnionAll<U> {
    /// All that `upstreams` yield.
    pub fn new(name: Name, upstreams: Vec<U>) -> Self {
        Self { name, upstreams }
    }
}

impl<U> Named for UnionAll<U> {
    fn rename(&mut self, name: Name) {
        self.name = name;
    }
}

impl<U: Timed> Timed for UnionAll<U> {}

impl<U: Chain> Chain for UnionAll<U> {
    type Item = U::Item;

    fn instances(&self, plan: &Plan) -> Spread {
        widest(
            self.upstreams
                .iter()
                .map(|upstream| upstream.instances(plan)),
        )
    }

    fn lower<C, D>(self, plan: &mut Plan, downstream: D) -> Result<(), Error>
    where
        C: Collector<U::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        if self.upstreams.is_empty() {
            return Err(Error::operator(
                self.name,
                "it unites no streams: give it at least one",
            ));
        }
        let consumers = self.instances(plan);
        let name = self.name.clone();
        plan.operator(&name);
        let legs = self.legs(plan);
        plan.meet(&name, legs, consumers, downstream)
    }

    fn legs(self, plan: &Plan) -> Vec<Leg<U::Item>> {
        let upstreams = self.upstreams.into_iter();
        upstreams.flat_map(|upstream| upstream.legs(plan)).collect()
    }
}

/// The first of those with the most instances, so that none has more than one
/// ring to an instance.
fn widest(spreads: impl IntoIterator<Item = Spread>) -> Spread {
    let wider = |a: Spread, b: Spread| if b.count > a.count { b } else { a };
    spreads.into_iter().fold(Spread::over(0), wider)
}
