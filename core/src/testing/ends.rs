use super::{cut_off, hear, holds_when, Drive, Said, Script};
use crate::sink::{write_to, Sink};
use crate::source::{BoxError, Head, Pulled, Source, SourceContext, SourceStatus};
use crate::{run_local, Collector, Error, Name, Plan};
use std::fmt::Debug;

/// Holds a source to the records that it should yield, at their times, whatever
/// is pulled at once, and whatever the chain behind it answers: full or busy at
/// every other call, or that it wants no more after any number of records. What
/// it signals between them is not compared: watermarks may hang on the batch.
///
/// `make` makes the source anew for every run. A record without a time is at the
/// beginning of time, `i64::MIN`.
///
/// ```
/// use fluxus_core::source::IteratorSource;
/// use fluxus_core::testing::source_yields;
///
/// let expected: Vec<_> = (0..5).map(|n| (i64::MIN, n)).collect();
/// source_yields("numbers", &expected, || IteratorSource::new(0..5));
/// ```
///
/// # Panics
/// When it yields anything else, goes on after an answer that is not open, or
/// fails; the message says how it was driven.
#[track_caller]
pub fn source_yields<S: Source>(what: &str, expected: &[(i64, S::Item)], make: impl Fn() -> S)
where
    S::Item: Debug + PartialEq + Clone,
{
    let record = |(time, value): &(i64, S::Item)| Said::Record(*time, value.clone());
    let expected: Vec<_> = expected.iter().map(record).collect();
    // All that there are, and the end.
    let expected = cut_off(&expected, usize::MAX);
    holds_when(what, &expected, |drive| {
        let run = || {
            let mut plan = Plan::new("source", drive.config().conclude()?);
            let name = Name::new("under test");
            let head = Head::<S, true>::new(&mut plan, name, vec![make()])?;
            let heard = hear(&mut plan, &Name::new("heard"), head, drive.mood)?;
            run_local(plan)?;
            let said = heard.said().into_iter();
            Ok(said
                .filter(|line| line.is_record() || matches!(line, Said::End))
                .collect())
        };
        run().unwrap_or_else(|error: Error| panic!("{what}, {drive:?}: {error}"))
    });
}

/// Holds a sink to what should be there when these records have been written: in
/// batches of any size, with a watermark behind every record and with none.
///
/// `make` makes the sink anew for every run, and what reads what it has written.
///
/// ```
/// use fluxus_core::sink::{Ending, Sink, SinkError};
/// use fluxus_core::testing::sink_writes;
/// use fluxus_core::windows::Timestamp;
/// use std::sync::{Arc, Mutex};
///
/// /// Joins words, and hands them over when it is closed.
/// struct Joined(String, Arc<Mutex<String>>);
///
/// impl Sink<&'static str> for Joined {
///     fn write(&mut self, _: Timestamp, word: &'static str) -> Result<(), SinkError> {
///         self.0 += word;
///         Ok(())
///     }
///     fn close(&mut self, _: Ending) -> Result<(), SinkError> {
///         *self.1.lock().unwrap() = std::mem::take(&mut self.0);
///         Ok(())
///     }
/// }
///
/// sink_writes("joined", &"callme".to_owned(), &[(1, "call"), (2, "me")], || {
///     let text = Arc::new(Mutex::new(String::new()));
///     let joined = Joined(String::new(), Arc::clone(&text));
///     (joined, move || text.lock().unwrap().clone())
/// });
/// ```
///
/// # Panics
/// When something else is there, or the sink fails; the message says how it was
/// driven.
#[track_caller]
pub fn sink_writes<T, S, R, V>(
    what: &str,
    expected: &V,
    records: &[(i64, T)],
    make: impl Fn() -> (S, R),
) where
    T: Clone + Send + 'static,
    S: Sink<T>,
    R: FnOnce() -> V,
    V: Debug + PartialEq,
{
    for batch in [1, 2, 3, 512] {
        for has_watermarks in [false, true] {
            let run = || {
                let (sink, written) = make();
                let lines = lines(records, has_watermarks);
                run_local(into_sink(batch, vec![Script::of(lines)], sink)?)?;
                Ok(written())
            };
            let context = format!("{what}, batches of {batch}, watermarks: {has_watermarks}");
            let found = run().unwrap_or_else(|error: Error| panic!("{context}: {error}"));
            assert!(found == *expected, "{context}:\n{found:?}\n{expected:?}");
        }
    }
}

/// What a sink leaves behind when the job fails after it has written these
/// records: it is closed, and told that they are not all.
///
/// # Panics
/// When the sink fails too, or is not told.
#[track_caller]
pub fn sink_cut_off<T, S, R, V>(records: &[(i64, T)], make: impl FnOnce() -> (S, R)) -> V
where
    T: Clone + Send + 'static,
    S: Sink<T>,
    R: FnOnce() -> V,
{
    let (sink, written) = make();
    let source = vec![Failing(Script::of(lines(records, true)))];
    let failure = into_sink(1, source, sink).and_then(run_local);
    match failure {
        Err(Error::Failed(failure)) if failure.faults.len() == 1 => written(),
        Err(error) => panic!("the source failed; so did something else: {error}"),
        Ok(_) => panic!("the source failed, and the job did not"),
    }
}

fn lines<T: Clone>(records: &[(i64, T)], has_watermarks: bool) -> Vec<Said<T>> {
    let line = |(time, value): &(i64, T)| {
        let watermark = has_watermarks.then_some(Said::Watermark(*time));
        std::iter::once(Said::Record(*time, value.clone())).chain(watermark)
    };
    records.iter().flat_map(line).collect()
}

fn into_sink<A: Source>(
    batch: usize,
    sources: Vec<A>,
    sink: impl Sink<A::Item>,
) -> Result<Plan, Error> {
    let config = Drive {
        batch,
        ..Drive::PLAIN
    };
    let mut plan = Plan::new("sink", config.config().conclude()?);
    let head = Head::<A, true>::new(&mut plan, Name::new("script"), sources)?;
    write_to(&mut plan, Name::new("under test"), head, sink)?;
    Ok(plan)
}

/// Fails where its script ends.
struct Failing<T>(Script<T>);

impl<T: Clone + Send + 'static> Source for Failing<T> {
    type Item = T;

    fn open(&mut self, context: SourceContext) -> Result<(), BoxError> {
        self.0.open(context)
    }

    fn pull<C: Collector<T>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let pulled = self.0.pull(budget, out)?;
        match pulled.status {
            SourceStatus::Ended => Err("the source fails here".into()),
            _ => Ok(pulled),
        }
    }
}
