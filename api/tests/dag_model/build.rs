use super::dag::{
    chosen, folded, keeps, mapped, offspring, pair, result, Does, Event, Step, GAP, NEAR, SIZE,
    SLIDE,
};
use super::Dag;
use fluxus::prelude::*;
use fluxus::testing::{Heard, Script};
use fluxus::windows::{IntervalBounds, Window};
use fluxus::{Boxed, DeadLetter, Timed};

/// What is known of the stream that a step gets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given {
    /// Its order was kept: a count within a lineage means something.
    pub(crate) is_ordered: bool,
    /// All of it is from sources.
    pub(crate) is_raw: bool,
}

type Stream = DataStream<Boxed<Event, true>>;

/// The DAG as streams of the job, and what each of those that are left is heard
/// to say. `given` tells what each step gets.
pub(crate) fn build(job: &Job, dag: &Dag, given: &[Given]) -> Result<Vec<Heard<Event>>, Error> {
    let mut streams: Vec<Stream> = Vec::new();
    for partitions in &dag.sources {
        let scripts = partitions.iter().map(|lines| Script::of(lines.clone()));
        streams.push(job.timed_sources(scripts).boxed_timed());
    }
    for (number, step) in dag.steps.iter().enumerate() {
        take(job, &mut streams, number, *step, given[number])?;
    }
    Ok(streams.into_iter().map(DataStream::heard).collect())
}

/// A stream whose operator has run, behind the others.
fn push(streams: &mut Vec<Stream>, stream: DataStream<impl Timed<Item = Event>>) {
    streams.push(stream.boxed_timed());
}

fn take(
    job: &Job,
    streams: &mut Vec<Stream>,
    number: usize,
    step: Step,
    given: Given,
) -> Result<(), Error> {
    let is_ordered = given.is_ordered;
    let stream = streams.remove(step.stream % streams.len());
    match step.does {
        Does::Map => push(streams, stream.map(mapped)),
        Does::Filter => push(streams, stream.filter(move |event| keeps(number, event))),
        Does::FlatMap => push(streams, stream.flat_map(offspring)),
        Does::Inspect => push(streams, stream.inspect(|_| {})),
        Does::Rebalance => push(streams, stream.rebalance()),
        Does::Broadcast => push(streams, stream.broadcast()),
        Does::Gather => push(streams, stream.gather()),
        Does::PartitionByKey => push(streams, stream.partition_by(|event| event.key)),
        Does::PartitionBySource => push(streams, stream.partition_by(|event| event.source)),
        Does::PartitionByPath => push(streams, stream.partition_by(|event| event.path % 3)),
        Does::FanOut => {
            for (branch, stream) in (0..).zip(stream.fan_out::<2>()) {
                push(streams, stream.map(move |e| e.by_way(number, branch)));
            }
        }
        Does::Branch => {
            for (branch, stream) in (0..).zip(stream.branch::<3, _>(chosen)) {
                push(streams, stream.map(move |e| e.by_way(number, branch)));
            }
        }
        Does::TryMap => {
            let tried = move |event: &Event| match keeps(number, event) {
                true => Ok(event.clone().by_way(number, 0)),
                false => Err("not kept"),
            };
            let (good, bad) = stream.try_map(tried);
            push(streams, good);
            let record = move |letter: DeadLetter<Event, _>| letter.record.by_way(number, 1);
            push(streams, bad.map(record));
        }
        Does::Aside => {
            let (kept, aside) = stream.filter_map_aside(move |event: Event, aside| {
                for child in offspring(event.clone()) {
                    aside.push(child.by_way(number, 0));
                }
                keeps(number, &event).then_some(event)
            });
            push(streams, kept);
            push(streams, aside);
        }
        Does::Union | Does::UnionAll if streams.is_empty() => streams.push(stream),
        Does::Union => {
            let other = streams.remove(step.stream / 7 % streams.len());
            push(streams, stream.union(other));
        }
        Does::UnionAll => {
            let other = streams.remove(step.stream / 7 % streams.len());
            push(streams, job.union([stream, other]));
        }
        Does::IntervalJoin | Does::WindowJoin | Does::CoGroup => {
            let (stream, other) = match streams.is_empty() {
                true => {
                    let [one, other] = stream.fan_out();
                    (one.boxed_timed(), other.boxed_timed())
                }
                false => {
                    let other = streams.remove(step.stream / 7 % streams.len());
                    (stream, other)
                }
            };
            meet(streams, number, step.does, stream, other)?;
        }
        Does::Fold => {
            let count = move |(count, last): &mut (i64, Option<Event>), event: Event| {
                *count += 1;
                let value = if is_ordered { *count } else { 0 };
                *last = Some(Event { value, ..event });
            };
            let counted = stream.key_by(Event::lineage).fold((0, None), count);
            // A state is emitted behind a record, so there is one.
            push(streams, counted.filter_map(|(_, (_, last))| last));
        }
        Does::Scan => {
            let counted = stream
                .key_by(Event::lineage)
                .scan(0, move |count, event: Event| {
                    *count += 1;
                    let value = if is_ordered { *count } else { 0 };
                    [Event { value, ..event }]
                });
            push(streams, counted);
        }
        Does::Process => {
            let counted = stream.key_by(Event::lineage).process_with(
                0,
                move |event: Event, count, context| {
                    *count += 1;
                    let value = if is_ordered { *count } else { 0 };
                    context.emit(Event { value, ..event });
                },
                |_, _, _| {},
            );
            push(streams, counted);
        }
        Does::Session if given.is_raw => {
            let windows = stream.key_by(|e| e.key).window(Session::from_nanos(GAP)?);
            let values = windows.aggregate((Count, Sum::of(|e: &Event| e.value)));
            push(streams, values.map(move |row| of_row(number, &row)));
        }
        Does::Tumbling | Does::Session => {
            let windows = stream.key_by(|e| e.key).window(Tumbling::from_nanos(SIZE)?);
            let values = windows.aggregate((Count, Sum::of(|e: &Event| e.value)));
            push(streams, values.map(move |row| of_row(number, &row)));
        }
        Does::Sliding => {
            let sliding = Sliding::from_nanos(SIZE, SLIDE)?;
            let windows = stream.key_by(|e| e.key).window(sliding);
            let values = windows.aggregate((Count, Sum::of(|e: &Event| e.value)));
            push(streams, values.map(move |row| of_row(number, &row)));
        }
    }
    Ok(())
}

/// Joins two streams by key.
fn meet(
    streams: &mut Vec<Stream>,
    number: usize,
    does: Does,
    left: Stream,
    right: Stream,
) -> Result<(), Error> {
    let key = |event: &Event| event.key;
    let (left, right) = (left.key_by(key), right.key_by(key));
    if does == Does::IntervalJoin {
        let near = IntervalBounds::from_nanos(NEAR.0, NEAR.1)?;
        let pairs = left.interval_join(right, near).inner();
        push(
            streams,
            pairs.map(move |p| pair(number, &p.left, &p.right, p.left.time.max(p.right.time))),
        );
        return Ok(());
    }
    let windows = Tumbling::from_nanos(SIZE)?;
    if does == Does::WindowJoin {
        let pairs = left.window_join(right, windows).inner();
        let last = |window: Window| window.last_instant().nanos();
        push(
            streams,
            pairs.map(move |p| pair(number, &p.left, &p.right, last(p.window))),
        );
        return Ok(());
    }
    let counts = left.co_group(right, windows, move |row| {
        let bounds = (row.start().nanos(), row.end().nanos());
        let (lefts, rights) = (row.value.left.len(), row.value.right.len());
        Some(result(
            number,
            row.key,
            bounds,
            folded(lefts as u64, rights as i64),
        ))
    });
    push(streams, counts);
    Ok(())
}

fn of_row(step: usize, row: &WindowResult<u32, (u64, i128)>) -> Event {
    let (count, sum) = row.value;
    let bounds = (row.start().nanos(), row.end().nanos());
    // Cut to what the model counts in.
    result(step, row.key, bounds, folded(count, sum as i64))
}
