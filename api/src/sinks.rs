use crate::DataStream;
use fluxus_core::sink::{collected, folded, write_to, Collected, Folded, ForEach, JsonLines, Sink};
use fluxus_core::windows::Timestamp;
use fluxus_core::Chain;
use serde::Serialize;
use std::path::Path;

impl<C: Chain> DataStream<C> {
    /// Calls `function` with every record, in every instance of the stream.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// use std::sync::{Arc, Mutex};
    /// let sum = Arc::new(Mutex::new(0));
    /// let adding = Arc::clone(&sum);
    /// job.from_iter(1..=4).for_each(move |n| *adding.lock().unwrap() += n);
    /// # job.run()?;
    /// assert_eq!(*sum.lock().unwrap(), 10);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn for_each<F>(self, mut function: F)
    where
        F: FnMut(C::Item) + Clone + Send + 'static,
    {
        self.for_each_timed(move |_, value| function(value));
    }

    /// Calls `function` with every record and its time, in every instance of
    /// the stream.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// job.from_iter([5i64])
    ///     .timestamps(|&n| Timestamp::from_secs(n), BoundedDisorder::monotonous())
    ///     .for_each_timed(|time, n| assert_eq!(time, Timestamp::from_secs(n)));
    /// # job.run()?;
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn for_each_timed<F>(self, function: F)
    where
        F: FnMut(Timestamp, C::Item) + Clone + Send + 'static,
    {
        let name = self.shared.name("for_each");
        self.shared
            .plan(|plan| ForEach::attach(plan, name, self.chain, function));
    }

    /// Keeps every record in memory, unbounded: for tests and small results.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let doubled = job.from_iter([1, 2, 3]).map(|n| 2 * n).collect();
    /// # job.run()?;
    /// assert_eq!(doubled.take(), [2, 4, 6]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
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
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// use fluxus::sink::{Sink, SinkError};
    ///
    /// /// Fails at anything odd.
    /// struct EvenOnly;
    ///
    /// impl Sink<u32> for EvenOnly {
    ///     fn write(&mut self, _: Timestamp, n: u32) -> Result<(), SinkError> {
    ///         match n % 2 {
    ///             0 => Ok(()),
    ///             _ => Err(SinkError::Failed(format!("{n} is odd").into())),
    ///         }
    ///     }
    /// }
    ///
    /// job.from_iter([2, 4, 5]).sink(EvenOnly);
    /// let error = job.run().unwrap_err();
    /// assert!(error.to_string().contains("5 is odd"));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
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
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// job.from_iter([("a", 1), ("b", 2)]).json_lines_to_stdout();
    /// # job.run()?;
    /// // ["a",1]
    /// // ["b",2]
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn json_lines_to_stdout(self)
    where
        C::Item: Serialize,
    {
        self.sink_named("json_lines", JsonLines::stdout());
    }

    /// Writes one JSON object a record and line to a file. It bears `.part`
    /// behind its name until it is whole.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// # let folder = std::env::temp_dir().join(format!("fluxus-json-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let path = folder.join("rows.jsonl");
    /// job.from_iter([("a", 1), ("b", 2)]).json_lines_to_file(&path);
    /// # job.run()?;
    /// assert_eq!(std::fs::read_to_string(&path).unwrap(), "[\"a\",1]\n[\"b\",2]\n");
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn json_lines_to_file(self, path: impl AsRef<Path>)
    where
        C::Item: Serialize,
    {
        self.shared.writes_to("json_lines", path.as_ref());
        self.sink_named("json_lines", JsonLines::file(path));
    }
}
