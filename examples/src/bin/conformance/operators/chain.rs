//! The chain of a case, put together while the program runs.

use super::{Operator, OperatorCase};
use crate::answer::{Answer, Pair};
use crate::case::Value;
use crate::caused::caused;
use fluxus::prelude::*;
use fluxus::source::BoxError;
use fluxus::testing::{Said, Script};
use fluxus::windows::Global;
use fluxus::Boxed;

/// A value on its way, with its key once it has one.
type Record = (Option<Value>, Value);

/// Every operator is of a type of its own, and which come is known only now:
/// between them the chain so far is forgotten.
type Stream = DataStream<Boxed<Record, true>>;

/// What comes out of a case's operators, in the order of the values that brought
/// it about.
pub(crate) fn answer(case: &OperatorCase, engine: &Config) -> Result<Answer, BoxError> {
    let job = Job::new("case", engine.clone())?;
    let mut stream = values(&job, &case.input);
    for operator in &case.operators {
        stream = behind(&job, stream, operator.clone());
    }
    let heard = stream.heard();
    job.run()?;
    let output = caused(&heard).into_iter().map(|(_, record)| match record {
        (Some(key), value) => Pair::Keyed(key, value),
        (None, value) => Pair::Plain(value),
    });
    Ok(Answer::Operators {
        output: output.collect(),
    })
}

/// The values as a stream, a barrier behind each; their times are their numbers.
fn values(job: &Job, values: &[Value]) -> Stream {
    let script = (0..).zip(values.iter().cloned()).flat_map(|(n, value)| {
        let number = i64::try_from(n).unwrap_or(i64::MAX);
        [Said::Record(number, (None, value)), Said::Barrier(n + 1)]
    });
    job.timed_source(Script::of(script)).boxed_timed()
}

fn behind(job: &Job, stream: Stream, operator: Operator) -> Stream {
    let key_of = |record: &Record| record.0.clone();
    match operator {
        Operator::Map { function } => stream
            .map(move |(key, value)| (key, function.of(value)))
            .boxed_timed(),
        Operator::Filter { function } => stream
            .filter(move |(_, value)| function.holds(value))
            .boxed_timed(),
        Operator::FlatMap { function } => stream
            .flat_map(move |(key, value)| function.of(value).map(move |value| (key.clone(), value)))
            .boxed_timed(),
        // The engine's `key_by` stands with the operator behind it; until then
        // a record keeps its key.
        Operator::KeyBy { function } => stream
            .map(move |(_, value)| (Some(function.of(&value)), value))
            .boxed_timed(),
        Operator::Reduce { function } => stream
            .key_by(key_of)
            .reduce(move |held, (key, next)| (key, function.of(&held.1, next)))
            .map(|(_, record)| record)
            .boxed_timed(),
        Operator::Fold { function, init } => stream
            .key_by(key_of)
            .fold(init, move |held, (_, next)| *held = function.of(held, next))
            .boxed_timed(),
        // All time is one window, whose end is that of the stream.
        Operator::ReduceFinal { function } => stream
            .key_by(key_of)
            .window(Global)
            .process(move |all| {
                let values = all.value.into_iter().map(|(_, value)| value);
                let reduced = values.reduce(|held, next| function.of(&held, next));
                reduced.map(|value| (all.key, value))
            })
            .boxed_timed(),
        Operator::FoldFinal { function, init } => stream
            .key_by(key_of)
            .window(Global)
            .process(move |all| {
                let values = all.value.into_iter().map(|(_, value)| value);
                let folded = values.fold(init.clone(), |held, next| function.of(&held, next));
                [(all.key, folded)]
            })
            .boxed_timed(),
        Operator::Union { with } => stream.union(values(job, &with)).boxed_timed(),
        Operator::Limit { n } => stream.limit(n).boxed_timed(),
    }
}
