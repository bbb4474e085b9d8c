use crate::shape::Branch;
use crate::DataStream;
use fluxus_core::operator::{Aside, DeadLetter, FilterMapAside, SideStream, TryMap};
use fluxus_core::Chain;
use std::rc::Rc;

/// Operators with a second output, of a type of its own.
impl<C: Chain> DataStream<C> {
    /// Turns each record into another, or sends it to a second stream, with the
    /// reason. Those are counted too
    /// ([`Measure::Refused`](crate::Measure::Refused)).
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let (numbers, dead_letters) = job
    ///     .from_iter(["7", "whale", "9"])
    ///     .try_map(|text| text.parse::<u32>());
    /// let numbers = numbers.collect();
    /// let problems = dead_letters.map(|letter| (letter.record, letter.reason.to_string())).collect();
    /// # job.run()?;
    /// assert_eq!(numbers.take(), [7, 9]);
    /// assert_eq!(problems.take(), [("whale", "invalid digit found in string".to_owned())]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    #[allow(clippy::type_complexity)]
    pub fn try_map<V, E, F>(
        self,
        function: F,
    ) -> (DataStream<TryMap<C, F, E>>, Branch<DeadLetter<C::Item, E>>)
    where
        F: FnMut(&C::Item) -> Result<V, E> + Clone + Send + 'static,
        V: Send + 'static,
        E: Send + 'static,
    {
        let shared = Rc::clone(&self.shared);
        let mut mapped = self.then("try_map", |name, chain| TryMap::new(name, chain, function));
        let name = shared.name("dead_letters");
        let letters = shared.plan(|plan| mapped.chain.dead_letters(plan, name.clone()));
        let letters = letters.unwrap_or_else(|| SideStream::none(name));
        (mapped, DataStream::new(shared, letters))
    }

    /// Turns each record into another, or into none, and sends what the function
    /// says aside to a second stream of a type of its own: any number of records,
    /// at the time of the one that it was given.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let (halves, remarks) = job.from_iter([4, 7, 6]).filter_map_aside(|n, aside| {
    ///     if n % 2 == 1 {
    ///         aside.push(format!("{n} is odd"));
    ///         return None;
    ///     }
    ///     Some(n / 2)
    /// });
    /// let (halves, remarks) = (halves.collect(), remarks.collect());
    /// # job.run()?;
    /// assert_eq!((halves.take(), remarks.take()), (vec![2, 3], vec!["7 is odd".to_owned()]));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn filter_map_aside<V, S, F>(
        self,
        function: F,
    ) -> (DataStream<FilterMapAside<C, F, S>>, Branch<S>)
    where
        F: FnMut(C::Item, &mut Aside<S>) -> Option<V> + Clone + Send + 'static,
        V: Send + 'static,
        S: Send + 'static,
    {
        let shared = Rc::clone(&self.shared);
        let mut mapped = self.then("filter_map_aside", |name, chain| {
            FilterMapAside::new(name, chain, function)
        });
        let name = shared.name("aside");
        let aside = shared.plan(|plan| mapped.chain.aside(plan, name.clone()));
        let aside = aside.unwrap_or_else(|| SideStream::none(name));
        (mapped, DataStream::new(shared, aside))
    }
}
