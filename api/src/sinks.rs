use crate::DataStream;
use fluxus_core::sink::{collected, folded, write_to, Collected, Folded, ForEach, JsonLines, Sink};
use fluxus_core::windows::Timestamp;
use fluxus_core::Chain;
use serde::Serialize;
use std::path::Path;

impl<C: Chain> DataStream<C> {
    /// Calls `function` with every record, in every instance of the stream.
    pub fn for_each<F>(self, mut function: F)
    where
        F: FnMut(C::Item) + Clone + Send + 'static,
    {
        self.for_each_timed(move |_, value| function(value));
    }

    /// Calls `function` with every record and its time, in every instance of
    /// the stream.
    pub fn for_each_timed<F>(self, function: F)
    where
        F: FnMut(Timestamp, C::Item) + Clone + Send + 'static,
    {
        let name = self.shared.name("for_each");
        self.shared
            .plan(|plan| ForEach::attach(plan, name, self.chain, function));
    }

    /// Keeps every record in memory, unbounded: for tests and small results.
    pub fn collect(self) -> Collected<C::Item> {
        let name = self.shared.name("collect");
        let collected = self.shared.plan(|plan| collected(plan, &name, self.chain));
        collected.unwrap_or_default()
    }

    /// Folds the whole stream into one state: every instance its own part,
    /// starting at `initial`, merged when they end.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// let job = Job::new("sum", Config::new().workers(2))?;
    /// let sum = job
    ///     .from_partitions([0..500u64, 500..1000])
    ///     .fold_all(0, |sum, n| *sum += n, |sum, other| *sum += other);
    /// job.run()?;
    /// assert_eq!(sum.take(), Some(499_500));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn fold_all<S, F, M>(self, initial: S, fold: F, merge: M) -> Folded<S>
    where
        S: Clone + Send + 'static,
        F: FnMut(&mut S, C::Item) + Clone + Send + 'static,
        M: FnMut(&mut S, S) + Clone + Send + 'static,
    {
        let name = self.shared.name("fold_all");
        let folded = self
            .shared
            .plan(|plan| folded(plan, &name, self.chain, initial, fold, merge));
        folded.unwrap_or_default()
    }

    /// Writes the stream, its instances gathered into one, to a sink of one's
    /// own.
    pub fn sink<S: Sink<C::Item>>(self, sink: S) {
        self.sink_named("sink", sink);
    }

    pub(crate) fn sink_named<S: Sink<C::Item>>(self, kind: &str, sink: S) {
        let name = self.shared.name(kind);
        self.shared
            .plan(|plan| write_to(plan, name, self.chain, sink));
    }

    /// Writes one JSON object a record and line to standard output. When
    /// whoever reads it goes away, the job ends quietly.
    pub fn json_lines_to_stdout(self)
    where
        C::Item: Serialize,
    {
        self.sink_named("json_lines", JsonLines::stdout());
    }

    /// Writes one JSON object a record and line to a file. It bears `.part`
    /// behind its name until it is whole.
    pub fn json_lines_to_file(self, path: impl AsRef<Path>)
    where
        C::Item: Serialize,
    {
        self.sink_named("json_lines", JsonLines::file(path));
    }
}
