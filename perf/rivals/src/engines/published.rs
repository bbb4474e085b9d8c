//! The published crate that is also named fluxus (`fluxus-api` 0.2).
//!
//! A record passes one `async` call, boxed, for every step. Its windows cannot say a
//! result: see [`NO_WINDOWS`]. What remains is an operator of one's own, which the
//! tuned form is.

use std::sync::Arc;

use async_trait::async_trait;
use fluxus_perf::w7::{fold, keep, scramble};
use fluxus_perf::Outcome;
use published_api::DataStream;
use published_sinks::Sink;
use published_sources::Source;
use published_transformers::Operator;
use published_utils::models::{Record, StreamResult};

use crate::queries::Query;
use crate::run::timed;
use crate::Tally;

/// Why its own windows answer none of the queries.
pub const NO_WINDOWS: &str =
    "its windows give a copy of the whole accumulator for every record and never say that one is over";

/// Why it has one worker.
pub const ONE_WORKER: &str =
    "it keeps what `parallel` is given and never reads it: one task does all";

/// What its source gives: a stream's end reaches no operator, so it is said in a record.
#[derive(Clone, Copy)]
enum Said<T> {
    Event(T),
    End,
}

/// Events from memory, one a call.
struct FromMemory<T> {
    events: Arc<[T]>,
    position: usize,
}

#[async_trait]
impl<T: Copy + Send + Sync> Source<Said<T>> for FromMemory<T> {
    async fn init(&mut self) -> StreamResult<()> {
        Ok(())
    }

    async fn next(&mut self) -> StreamResult<Option<Record<Said<T>>>> {
        let data = match self.events.get(self.position) {
            Some(&event) => Said::Event(event),
            None if self.position == self.events.len() => Said::End,
            None => return Ok(None),
        };
        self.position += 1;
        // The query reads the time out of the event: nobody looks at this one.
        Ok(Some(Record::with_timestamp(data, 0)))
    }

    async fn close(&mut self) -> StreamResult<()> {
        Ok(())
    }
}

/// Windows by hand, as an operator.
struct Windows<Q: Query> {
    query: Q,
    tables: Q::Tables,
    latest_ms: i64,
    due_ms: i64,
}

#[async_trait]
impl<Q: Query + Sync> Operator<Said<Q::Event>, Vec<Q::Row>> for Windows<Q>
where
    Q::Row: Sync,
{
    /// The rows of a record: always one list, if an empty one. An operator that
    /// answers nothing ends the stream.
    async fn process(
        &mut self,
        record: Record<Said<Q::Event>>,
    ) -> StreamResult<Vec<Record<Vec<Q::Row>>>> {
        let mut rows = Vec::new();
        let until_ms = match record.data {
            Said::Event(event) => {
                let query = &mut self.query;
                Q::expand(&self.tables, &event, |record| query.add(record));
                self.latest_ms = self.latest_ms.max(Q::timestamp_ms(&event));
                self.latest_ms - Q::DISORDER_MS
            }
            Said::End => i64::MAX,
        };
        if until_ms >= self.due_ms {
            self.query.close(until_ms, |row| rows.push(row));
            self.due_ms = (until_ms / Q::STEP_MS)
                .saturating_add(1)
                .saturating_mul(Q::STEP_MS);
        }
        Ok(vec![Record::with_timestamp(rows, 0)])
    }
}

/// Takes the digest of what reaches it.
struct Digesting<F> {
    tally: Tally,
    add: F,
}

#[async_trait]
impl<T: Send + 'static, F: Fn(T, &mut Tally) + Send> Sink<T> for Digesting<F> {
    async fn init(&mut self) -> StreamResult<()> {
        Ok(())
    }

    async fn write(&mut self, record: Record<T>) -> StreamResult<()> {
        (self.add)(record.data, &mut self.tally);
        Ok(())
    }

    async fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    async fn close(&mut self) -> StreamResult<()> {
        Ok(())
    }
}

/// Runs a stream to its end against the clock, on this thread.
fn timed_stream<T: Clone + Send + Sync + 'static>(
    stream: DataStream<T>,
    add: impl Fn(T, &mut Tally) + Send + Sync + 'static,
) -> Result<Outcome, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| error.to_string())?;
    let tally = Tally::default();
    let sink = Digesting {
        tally: tally.clone(),
        add,
    };
    timed(|| {
        let run = runtime.block_on(stream.sink(sink));
        run.map_err(|error| error.to_string())?;
        Ok(tally.total())
    })
}

/// A query with its windows by hand, in an operator of its own.
///
/// # Errors
/// Why it did not finish.
pub fn tuned<Q: Query + Sync>(events: &Arc<[Q::Event]>) -> Result<Outcome, String>
where
    Q::Row: Sync,
{
    let source = FromMemory {
        events: Arc::clone(events),
        position: 0,
    };
    let windows = Windows::<Q> {
        query: Q::default(),
        tables: Q::Tables::default(),
        latest_ms: i64::MIN,
        due_ms: i64::MIN,
    };
    timed_stream(
        DataStream::new(source).transform(windows),
        |rows: Vec<Q::Row>, tally| {
            rows.iter().for_each(|row| Q::add_to(row, tally.digest()));
        },
    )
}

/// Numbers from 0 on, one a call.
struct Numbers(std::ops::Range<u64>);

#[async_trait]
impl Source<u64> for Numbers {
    async fn init(&mut self) -> StreamResult<()> {
        Ok(())
    }

    async fn next(&mut self) -> StreamResult<Option<Record<u64>>> {
        Ok(self
            .0
            .next()
            .map(|number| Record::with_timestamp(number, 0)))
    }

    async fn close(&mut self) -> StreamResult<()> {
        Ok(())
    }
}

/// W7.
///
/// # Errors
/// Why it did not finish.
pub fn numbers(numbers: u64) -> Result<Outcome, String> {
    let stream = DataStream::new(Numbers(0..numbers))
        .map(scramble)
        .filter(|&y| keep(y))
        .map(fold);
    timed_stream(stream, |number, tally| tally.digest().add_number(number))
}
