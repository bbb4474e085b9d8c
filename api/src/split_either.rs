use crate::shape::Branch;
use crate::DataStream;
use fluxus_core::operator::{Aside, Either, FilterMapAside};
use fluxus_core::Chain;

/// The chain of the left side.
type Lefts<C, L, R> = FilterMapAside<C, fn(Either<L, R>, &mut Aside<R>) -> Option<L>, R>;

/// A stream of two types.
impl<C, L, R> DataStream<C>
where
    C: Chain<Item = Either<L, R>>,
    L: Send + 'static,
    R: Send + 'static,
{
    /// Makes two streams of one of two types: with it, code that may emit one type
    /// only has a side output of another.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use fluxus::Either;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let (sums, alarms) = job
    ///     .from_iter([("a", 1), ("a", 5), ("b", 2)])
    ///     .key_by(|&(name, _)| name)
    ///     .process_with(
    ///         0,
    ///         |(name, n), sum, context| {
    ///             *sum += n;
    ///             context.emit(Either::Left((name, *sum)));
    ///             if *sum > 5 {
    ///                 context.emit(Either::Right(format!("{name} is at {sum}")));
    ///             }
    ///         },
    ///         |_, _, _| {},
    ///     )
    ///     .split_either();
    /// let (sums, alarms) = (sums.collect(), alarms.collect());
    /// # job.run()?;
    /// assert_eq!(sums.take(), [("a", 1), ("a", 6), ("b", 2)]);
    /// assert_eq!(alarms.take(), ["a is at 6"]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn split_either(self) -> (DataStream<Lefts<C, L, R>>, Branch<R>) {
        let choose: fn(Either<L, R>, &mut Aside<R>) -> Option<L> = |either, aside| match either {
            Either::Left(left) => Some(left),
            Either::Right(right) => {
                aside.push(right);
                None
            }
        };
        self.filter_map_aside(choose)
    }
}
