//! Timely dataflow.
//!
//! Event time is timely's timestamp, in milliseconds: a source's capability stands
//! where its watermark would, and a window is over when the frontier has reached
//! its end. Timely has no windows: both forms keep them in `unary_frontier`.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use fluxus_perf::w7::{fold, keep, scramble};
use fluxus_perf::{Digest, Outcome};
use timely::communication::WorkerGuards;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::generic::operator::source;
use timely::dataflow::operators::vec::{Filter, Map};
use timely::dataflow::operators::{Capability, Operator, ToStream};
use timely::dataflow::{Scope, Stream};

use super::{Batches, Carried};
use crate::queries::{Fold, Query};
use crate::run::{timed, Options};
use crate::{pin_thread, Tally};

/// Events between two looks at the frontier: of 512 to 16384 the best for W2.
const BATCH: usize = 4096;

/// Numbers in a container of W7: 8 KiB, timely's own size.
const NUMBERS: u64 = 1024;

type Vectors<D> = CapacityContainerBuilder<Vec<D>>;

/// How many workers, and the configuration for so many.
fn config(options: &Options) -> timely::Config {
    match options.workers {
        1 => timely::Config::thread(),
        workers => timely::Config::process(workers),
    }
}

/// The digest, when every worker has ended.
fn finished(workers: Result<WorkerGuards<()>, String>, tally: Tally) -> Result<Digest, String> {
    for result in workers?.join() {
        result?;
    }
    Ok(tally.total())
}

/// A source of batches whose capability follows event time.
fn from_memory<'scope, Q: Query, D: Clone + 'static>(
    scope: Scope<'scope, u64>,
    mut batches: Batches<Q::Event>,
    mut each: impl FnMut(&Q::Event, &mut dyn FnMut(D)) + 'static,
) -> Stream<'scope, u64, Vec<D>> {
    source(scope, "Events", move |capability, info| {
        let activator = scope.activator_for(info.address);
        let mut capability = Some(capability);
        let mut latest_ms = 0;
        move |output| {
            let Some(held) = &mut capability else { return };
            let Some(batch) = batches.next_batch() else {
                capability = None;
                return;
            };
            let mut session = output.session(held);
            for event in batch {
                latest_ms = latest_ms.max(Q::timestamp_ms(event));
                each(event, &mut |item| session.give(item));
            }
            drop(session);
            held.downgrade(&until::<Q>(latest_ms).max(*held.time()));
            activator.activate();
        }
    })
}

/// The time before which there are no more events.
fn until<Q: Query>(latest_ms: i64) -> u64 {
    (latest_ms - Q::DISORDER_MS).max(0) as u64
}

/// A query with its windows by hand, in one operator.
///
/// # Errors
/// Why timely did not start or finish.
pub fn tuned<Q: Query>(events: &Arc<[Q::Event]>, options: &Options) -> Result<Outcome, String> {
    let (tally, events) = (Tally::default(), Arc::clone(events));
    let (cores, sink) = (options.cores.clone(), tally.clone());
    timed(|| {
        let workers = timely::execute(config(options), move |worker| {
            pin_thread(&cores, worker.index());
            let (index, peers) = (worker.index(), worker.peers());
            let batches = Batches::new(&events, BATCH, index, peers);
            let mut tally = sink.clone();
            worker.dataflow::<u64, _, _>(|scope| {
                let tables = Q::Tables::default();
                let rows = if peers == 1 {
                    // One core: events go to the windows as they are, a batch a container.
                    whole_batches::<Q>(scope, batches).unary_frontier(
                        Pipeline,
                        "Windows",
                        |capability, _| {
                            let mut windows = Windows::<Q>::new(capability);
                            move |(input, frontier), output| {
                                input.for_each(|_, events| {
                                    for event in events.iter() {
                                        Q::expand(&tables, event, |record| {
                                            windows.query.add(record);
                                        });
                                    }
                                    events.clear();
                                });
                                windows.close(
                                    frontier.frontier().first(),
                                    |capability, query, until_ms| {
                                        let mut session = output.session(capability);
                                        query.close(until_ms, |row| session.give(row));
                                    },
                                );
                            }
                        },
                    )
                } else {
                    // Several: what the windows take is made where it was read, and exchanged.
                    let records = from_memory::<Q, _>(scope, batches, move |event, give| {
                        Q::expand(&tables, event, |record| give(Carried(record)));
                    });
                    let by_key = Exchange::new(|record: &Carried<Q::Record>| Q::route(&record.0));
                    records.unary_frontier(by_key, "Windows", |capability, _| {
                        let mut windows = Windows::<Q>::new(capability);
                        move |(input, frontier), output| {
                            input.for_each(|_, records| {
                                records
                                    .drain(..)
                                    .for_each(|record| windows.query.add(record.0));
                            });
                            windows.close(
                                frontier.frontier().first(),
                                |capability, query, until_ms| {
                                    let mut session = output.session(capability);
                                    query.close(until_ms, |row| session.give(row));
                                },
                            );
                        }
                    })
                };
                rows.container::<Vec<Q::Row>>()
                    .sink(Pipeline, "Digest", move |(input, _)| {
                        input.for_each(|_, rows| {
                            rows.drain(..)
                                .for_each(|row| Q::add_to(&row, tally.digest()));
                        });
                    });
            });
        });
        finished(workers, tally)
    })
}

/// A source that gives whole batches, each a container.
fn whole_batches<'scope, Q: Query>(
    scope: Scope<'scope, u64>,
    mut batches: Batches<Q::Event>,
) -> Stream<'scope, u64, Vec<Q::Event>> {
    source::<_, Vectors<Q::Event>, _, _>(scope, "Events", move |capability, info| {
        let activator = scope.activator_for(info.address);
        let mut capability = Some(capability);
        let mut container = Vec::new();
        let mut latest_ms = 0;
        move |output| {
            let Some(held) = &mut capability else { return };
            let Some(batch) = batches.next_batch() else {
                capability = None;
                return;
            };
            container.clear();
            container.extend_from_slice(batch);
            output.session(held).give_container(&mut container);
            let times = batch.iter().map(Q::timestamp_ms);
            latest_ms = times.fold(latest_ms, i64::max);
            held.downgrade(&until::<Q>(latest_ms).max(*held.time()));
            activator.activate();
        }
    })
}

/// The windows of one worker, and the capability to give out rows.
struct Windows<Q> {
    query: Q,
    capability: Option<Capability<u64>>,
    /// The next time at which a window may end.
    due_ms: u64,
}

impl<Q: Query> Windows<Q> {
    fn new(capability: Capability<u64>) -> Self {
        Self {
            query: Q::default(),
            capability: Some(capability),
            due_ms: 0,
        }
    }

    /// Has the windows closed that the frontier has passed; all, where it is gone.
    fn close(&mut self, frontier: Option<&u64>, close: impl FnOnce(&Capability<u64>, &mut Q, i64)) {
        let Some(capability) = &mut self.capability else {
            return;
        };
        match frontier {
            Some(&time) if time >= self.due_ms => {
                close(capability, &mut self.query, time as i64);
                capability.downgrade(&time);
                let step_ms = Q::STEP_MS as u64;
                self.due_ms = (time / step_ms + 1) * step_ms;
            }
            Some(_) => {}
            None => {
                close(capability, &mut self.query, i64::MAX);
                self.capability = None;
            }
        }
    }
}

/// A query as timely's documents would have it: an operator a step, a hash map a
/// window, a capability held for each.
///
/// # Errors
/// Why timely did not start or finish.
pub fn taught<F: Fold>(events: &Arc<[F::Event]>, options: &Options) -> Result<Outcome, String> {
    let (tally, events) = (Tally::default(), Arc::clone(events));
    let (cores, sink) = (options.cores.clone(), tally.clone());
    timed(|| {
        let hasher = RandomState::new();
        let workers = timely::execute(config(options), move |worker| {
            pin_thread(&cores, worker.index());
            let batches = Batches::new(&events, 1000, worker.index(), worker.peers());
            let mut tally = sink.clone();
            let hasher = hasher.clone();
            worker.dataflow::<u64, _, _>(|scope| {
                let tables = F::Tables::default();
                let by_key = Exchange::new(move |record: &(F::Key, F::Value, i64)| {
                    hasher.hash_one(&record.0)
                });
                from_memory::<F, _>(scope, batches, |event, give| give(*event))
                    .flat_map(move |event| {
                        let timestamp_ms = F::timestamp_ms(&event);
                        let keyed = F::keyed(&tables, &event).into_iter();
                        keyed.map(move |(key, value)| (key, value, timestamp_ms))
                    })
                    .unary_frontier::<Vectors<(F::Key, i64, F::Accumulator)>, _, _, _>(
                        by_key,
                        "Windows",
                        |_, _| {
                            let mut windows = BTreeMap::new();
                            move |(input, frontier), output| {
                                input.for_each(|capability, records| {
                                    for (key, value, timestamp_ms) in records.drain(..) {
                                        let mut start_ms =
                                            timestamp_ms.div_euclid(F::STEP_MS) * F::STEP_MS;
                                        while start_ms > timestamp_ms - F::SIZE_MS {
                                            let (_, accumulators) =
                                                windows.entry(start_ms).or_insert_with(|| {
                                                    let end = (start_ms + F::SIZE_MS) as u64;
                                                    (
                                                        capability
                                                            .delayed(&end, output.output_index()),
                                                        HashMap::new(),
                                                    )
                                                });
                                            // The key is copied once a window: a String where it is one.
                                            F::fold(
                                                accumulators
                                                    .entry(key.clone())
                                                    .or_insert_with(F::empty),
                                                &value,
                                            );
                                            start_ms -= F::STEP_MS;
                                        }
                                    }
                                });
                                while let Some(entry) = windows.first_entry() {
                                    if frontier.less_than(entry.get().0.time()) {
                                        break;
                                    }
                                    let (start_ms, (capability, accumulators)) =
                                        entry.remove_entry();
                                    let mut session = output.session(&capability);
                                    for (key, accumulator) in accumulators {
                                        session.give((key, start_ms, accumulator));
                                    }
                                }
                            }
                        },
                    )
                    .sink(Pipeline, "Digest", move |(input, _)| {
                        input.for_each(|_, rows| {
                            for (key, start_ms, accumulator) in rows.drain(..) {
                                F::add_result(&key, start_ms, &accumulator, tally.digest());
                            }
                        });
                    });
            });
        });
        finished(workers, tally)
    })
}

/// W7, an operator a step.
///
/// # Errors
/// Why timely did not start or finish.
pub fn numbers_taught(numbers: u64, options: &Options) -> Result<Outcome, String> {
    let tally = Tally::default();
    let (cores, sink) = (options.cores.clone(), tally.clone());
    timed(|| {
        let workers = timely::execute(config(options), move |worker| {
            pin_thread(&cores, worker.index());
            let (index, peers) = (worker.index() as u64, worker.peers() as u64);
            let mut tally = sink.clone();
            worker.dataflow::<u64, _, _>(|scope| {
                (numbers * index / peers..numbers * (index + 1) / peers)
                    .to_stream(scope)
                    .container::<Vec<_>>()
                    .map(scramble)
                    .filter(|&y| keep(y))
                    .map(fold)
                    .sink(Pipeline, "Digest", move |(input, _)| {
                        input.for_each(|_, numbers| {
                            numbers
                                .drain(..)
                                .for_each(|number| tally.digest().add_number(number));
                        });
                    });
            });
        });
        finished(workers, tally)
    })
}

/// W7 with the three steps in one operator.
///
/// # Errors
/// Why timely did not start or finish.
pub fn numbers_tuned(numbers: u64, options: &Options) -> Result<Outcome, String> {
    let tally = Tally::default();
    let (cores, sink) = (options.cores.clone(), tally.clone());
    timed(|| {
        let workers = timely::execute(config(options), move |worker| {
            pin_thread(&cores, worker.index());
            let (index, peers) = (worker.index() as u64, worker.peers() as u64);
            let mut range = numbers * index / peers..numbers * (index + 1) / peers;
            let mut tally = sink.clone();
            worker.dataflow::<u64, _, _>(|scope| {
                source::<_, Vectors<u64>, _, _>(scope, "Numbers", |capability, info| {
                    let activator = scope.activator_for(info.address);
                    let mut capability = Some(capability);
                    let mut container = Vec::new();
                    move |output| {
                        let Some(held) = &capability else { return };
                        if range.is_empty() {
                            capability = None;
                            return;
                        }
                        let end = range.end.min(range.start + NUMBERS);
                        container.clear();
                        container.extend(range.start..end);
                        range.start = end;
                        output.session(held).give_container(&mut container);
                        activator.activate();
                    }
                })
                .unary::<Vectors<u64>, _, _, _>(Pipeline, "Chain", |_, _| {
                    let mut kept = Vec::new();
                    move |input, output| {
                        input.for_each(|capability, numbers| {
                            kept.clear();
                            kept.extend(
                                numbers
                                    .drain(..)
                                    .map(scramble)
                                    .filter(|&y| keep(y))
                                    .map(fold),
                            );
                            output.session(&capability).give_container(&mut kept);
                        });
                    }
                })
                .sink(Pipeline, "Digest", move |(input, _)| {
                    input.for_each(|_, numbers| {
                        numbers
                            .drain(..)
                            .for_each(|number| tally.digest().add_number(number));
                    });
                });
            });
        });
        finished(workers, tally)
    })
}
