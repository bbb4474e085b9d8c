use crate::{Chain, Collector, Error, Flow, Name, Plan, Signal};
use fluxus_runtime::Culprit;
use fluxus_windows::Timestamp;

/// Calls a function with every record, in every instance of the stream.
pub struct ForEach<F> {
    name: Name,
    function: F,
}

impl<F> ForEach<F> {
    /// Brings `upstream` to its end in `function`, a clone of it for each
    /// instance.
    ///
    /// # Errors
    /// What cannot be, with the operator's name.
    pub fn attach<U>(plan: &mut Plan, name: Name, upstream: U, function: F) -> Result<(), Error>
    where
        U: Chain,
        F: FnMut(Timestamp, U::Item) + Clone + Send + 'static,
    {
        plan.operator(&name);
        upstream.lower(plan, move |_| Self {
            name: name.clone(),
            function: function.clone(),
        })
    }
}

impl<T, F: FnMut(Timestamp, T)> Collector<T> for ForEach<F> {
    fn open(&mut self) -> Flow {
        Flow::Open
    }

    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        (self.function)(time, value);
        culprit.cleared();
        Flow::Open
    }

    #[inline]
    fn signal(&mut self, _: Signal) -> Flow {
        Flow::Open
    }

    #[inline]
    fn end_batch(&mut self) -> Flow {
        Flow::Open
    }

    #[inline]
    fn resume(&mut self) -> Flow {
        Flow::Open
    }

    fn flush(&mut self) {}

    fn abort(&mut self) {}
}
