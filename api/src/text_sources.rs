use crate::job::Untimed;
use crate::{DataStream, Job};
use fluxus_core::operator::{SideStream, WellFormed};
use fluxus_core::source::{CsvSource, Head, JsonLinesSource, MalformedLine, Source};
use serde::de::DeserializeOwned;
use std::rc::Rc;

/// The rows that a source could read.
type Rows<S> = DataStream<WellFormed<Untimed<S>, MalformedLine>>;
/// What a source could not read.
type Malformed = DataStream<SideStream<MalformedLine>>;

impl Job {
    fn rows<S, R>(&self, kind: &str, source: S) -> Rows<S>
    where
        S: Source<Item = Result<R, MalformedLine>>,
    {
        let name = self.shared().name(kind);
        let begun = self
            .shared()
            .plan(|plan| Head::new(plan, name.clone(), vec![source]));
        let head = begun.unwrap_or_else(|| Head::none(name.clone()));
        DataStream::new(Rc::clone(self.shared()), WellFormed::new(name, head))
    }

    fn malformed_of<S, R>(&self, rows: Rows<S>) -> (Rows<S>, Malformed)
    where
        S: Source<Item = Result<R, MalformedLine>>,
    {
        let DataStream { shared, mut chain } = rows;
        let name = shared.name("malformed");
        let malformed = shared.plan(|plan| chain.malformed(plan, name.clone()));
        let malformed = malformed.unwrap_or_else(|| SideStream::none(name));
        let malformed = DataStream::new(Rc::clone(&shared), malformed);
        (DataStream::new(shared, chain), malformed)
    }

    /// The rows of a CSV file, each made into an `R` by serde; the first record of
    /// the file names the columns. What is no row is counted as malformed and left
    /// out. Takes a path, or a [`CsvSource`] that is set up otherwise.
    ///
    /// ```
    /// use fluxus::prelude::*;
    ///
    /// # #[derive(serde::Deserialize)] struct Order { item: String, quantity: u32 }
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("orders.csv");
    /// std::fs::write(&path, "item,quantity\npear,3\nplum,many\nfig,4\n").unwrap();
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let sold = job.csv::<Order>(path).map(|order| order.quantity).collect();
    /// let report = job.run()?;
    /// assert_eq!(sold.take(), [3, 4]);
    /// assert_eq!(report.total(fluxus::Measure::Malformed), 1);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn csv<R>(&self, source: impl Into<CsvSource<R>>) -> Rows<CsvSource<R>>
    where
        R: DeserializeOwned + Send + 'static,
    {
        self.rows("csv", source.into())
    }

    /// As [`csv`](Self::csv), and what is no row as a stream of its own: with the
    /// line, the text and the reason.
    ///
    /// ```
    /// use fluxus::prelude::*;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("orders.csv");
    /// std::fs::write(&path, "item,quantity\npear,3\nplum,many\n").unwrap();
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let (rows, malformed) = job.csv_with_malformed::<(String, u32)>(path);
    /// rows.for_each(|(item, _)| assert_eq!(item, "pear"));
    /// let malformed = malformed.collect();
    /// job.run()?;
    /// let found = &malformed.take()[0];
    /// assert_eq!((found.line, found.text.as_str()), (3, "plum,many"));
    /// assert_eq!(found.reason, "column `quantity`: invalid digit found in string");
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn csv_with_malformed<R>(
        &self,
        source: impl Into<CsvSource<R>>,
    ) -> (Rows<CsvSource<R>>, Malformed)
    where
        R: DeserializeOwned + Send + 'static,
    {
        self.malformed_of(self.csv(source))
    }

    /// The rows of a file with one JSON value a line, each made into an `R` by
    /// serde. What is no row is counted as malformed and left out. Takes a path, or
    /// a [`JsonLinesSource`] that is set up otherwise.
    ///
    /// ```
    /// use fluxus::prelude::*;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("orders.jsonl");
    /// std::fs::write(&path, "[\"pear\", 3]\n[\"plum\"]\n[\"fig\", 4]\n").unwrap();
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let rows = job.json_lines::<(String, u32)>(path);
    /// let sold = rows.map(|(_, quantity)| quantity).collect();
    /// let report = job.run()?;
    /// assert_eq!(sold.take(), [3, 4]);
    /// assert_eq!(report.total(fluxus::Measure::Malformed), 1);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn json_lines<R>(&self, source: impl Into<JsonLinesSource<R>>) -> Rows<JsonLinesSource<R>>
    where
        R: DeserializeOwned + Send + 'static,
    {
        self.rows("json_lines", source.into())
    }

    /// As [`json_lines`](Self::json_lines), and what is no row as a stream of its
    /// own: with the line, the text and the reason.
    ///
    /// ```
    /// use fluxus::prelude::*;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("numbers.jsonl");
    /// std::fs::write(&path, "1\n2\n\"three\"\n").unwrap();
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let (rows, malformed) = job.json_lines_with_malformed::<u32>(path);
    /// let rows = rows.collect();
    /// let lines = malformed.map(|malformed| malformed.line).collect();
    /// job.run()?;
    /// assert_eq!((rows.take(), lines.take()), (vec![1, 2], vec![3]));
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn json_lines_with_malformed<R>(
        &self,
        source: impl Into<JsonLinesSource<R>>,
    ) -> (Rows<JsonLinesSource<R>>, Malformed)
    where
        R: DeserializeOwned + Send + 'static,
    {
        self.malformed_of(self.json_lines(source))
    }
}
