//! The test kit, put to the test: it must see what is wrong.

use fluxus_core::operator::{Map, RollingFold, Stateful};
use fluxus_core::sink::{Ending, Sink, SinkError};
use fluxus_core::source::{BoxError, Head, Pulled, Source, SourceStatus};
use fluxus_core::testing::{
    each, hear, holds, run_seeded, run_with_seeds, sample, sink_cut_off, sink_writes,
    source_yields, Heard, Mood, Said, Script,
};
use fluxus_core::windows::Timestamp;
use fluxus_core::{
    Chain, Collector, Config, Error, Flow, Instance, ManualClock, Name, Plan, Signal, Spread,
    WallClock,
};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn name() -> Name {
    Name::new("under test")
}

/// What a test says that fails.
fn message(test: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(test)).expect_err("it fails");
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|s| (*s).to_owned()))
        .expect("it says why")
}

// ── operators that break the contract ──

/// How an operator goes wrong.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Pushes twice, whatever the first answer is.
    PushesOn,
    /// Tells nobody that the output is full.
    SaysOpen,
    /// Forgets a record when the output is full.
    Forgets,
    /// Swallows barriers.
    NoBarrier,
    /// Says the end twice.
    EndsTwice,
    /// Says a watermark before the records it held back.
    Early,
}

struct Wrong<U> {
    upstream: U,
    fault: Fault,
}

impl<U: Chain<Item = i64>> Chain for Wrong<U> {
    type Item = i64;

    fn instances(&self, plan: &Plan) -> Spread {
        self.upstream.instances(plan)
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<i64> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let fault = self.fault;
        self.upstream.lower(plan, move |instance| WrongOperator {
            fault,
            held: None,
            is_full: false,
            next: downstream(instance),
        })
    }
}

struct WrongOperator<C> {
    fault: Fault,
    held: Option<(Timestamp, i64)>,
    is_full: bool,
    next: C,
}

impl<C: Collector<i64>> Collector<i64> for WrongOperator<C> {
    fn open(&mut self) -> Flow {
        self.next.open()
    }

    fn push(&mut self, time: Timestamp, value: i64) -> Flow {
        match self.fault {
            Fault::PushesOn => {
                let _ = self.next.push(time, value);
                self.next.push(time, value)
            }
            Fault::SaysOpen => {
                let _ = self.next.push(time, value);
                Flow::Open
            }
            Fault::Forgets if self.is_full => {
                self.is_full = false;
                Flow::Open
            }
            Fault::Early => match self.held.replace((time, value)) {
                Some((time, value)) => self.next.push(time, value),
                None => Flow::Open,
            },
            _ => {
                let flow = self.next.push(time, value);
                self.is_full = flow == Flow::Full;
                flow
            }
        }
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        match (self.fault, signal) {
            (Fault::NoBarrier, Signal::Barrier(_)) => Flow::Open,
            (Fault::EndsTwice, Signal::End) => {
                let _ = self.next.signal(signal);
                self.next.signal(signal)
            }
            (Fault::Early, Signal::End) => {
                if let Some((time, value)) = self.held.take() {
                    let _ = self.next.push(time, value);
                }
                self.next.signal(signal)
            }
            _ => self.next.signal(signal),
        }
    }

    fn end_batch(&mut self) -> Flow {
        self.next.end_batch()
    }

    fn resume(&mut self) -> Flow {
        self.next.resume()
    }

    fn flush(&mut self) {
        self.next.flush();
    }

    fn abort(&mut self) {
        self.next.abort();
    }
}

#[test]
fn the_harness_sees_every_way_to_break_the_contract() {
    for (fault, words) in [
        (Fault::PushesOn, "push while not open"),
        (Fault::SaysOpen, "while not open"),
        (Fault::Forgets, "FullEveryOther"),
        (Fault::NoBarrier, "AlwaysOpen"),
        (Fault::EndsTwice, "after the end"),
        (Fault::Early, "AlwaysOpen"),
    ] {
        let twice = |n| match fault {
            Fault::PushesOn => vec![n, n],
            _ => vec![n],
        };
        let expected = each(&sample(), twice);
        let said = message(|| {
            holds("wrong", &expected, &sample(), |upstream| Wrong {
                upstream,
                fault,
            });
        });
        assert!(said.contains(words), "{fault:?}: {said}");
    }
}

// ── the seeded scheduler ──

/// Two partitions of five records, counted by key in two instances.
fn counted(batch: usize, sees: Arc<Mutex<Vec<i64>>>) -> Result<(Plan, Heard<(i64, u32)>), Error> {
    let config = Config::new().workers(2).batch(batch).ring_capacity(8);
    let mut plan = Plan::new("counted", config.conclude()?);
    let part = |from: i64| Script::of_records((0..5).map(|n| (n, from + n)));
    let head = Head::<_, true>::new(&mut plan, Name::new("numbers"), vec![part(0), part(10)])?;
    let seen = Map::new(Name::new("see"), head, move |n| {
        sees.lock().unwrap().push(n);
        n
    });
    let count = RollingFold::new(0, |count: &mut u32, _| *count += 1);
    let counts = Stateful::new(Name::new("count"), seen, |n: &i64| n % 3, count);
    let heard = hear(&mut plan, &Name::new("heard"), counts, Mood::AlwaysOpen)?;
    Ok((plan, heard))
}

#[test]
fn a_seed_gives_one_order_and_seeds_give_many() {
    let order = |seed| {
        let sees = Arc::default();
        let (plan, heard) = counted(2, Arc::clone(&sees)).unwrap();
        let report = run_seeded(plan, seed).unwrap();
        heard.assert_grammar();
        let polls = report.workers[0].polls;
        let seen = sees.lock().unwrap().clone();
        (seen, heard.take(), polls)
    };
    let mut orders: Vec<_> = (0..50).map(|seed| order(seed).0).collect();
    for seed in 0..10 {
        assert_eq!(order(seed), order(seed), "seed {seed}");
    }
    orders.sort_unstable();
    orders.dedup();
    assert!(orders.len() > 10, "only {} orders", orders.len());
}

#[test]
fn a_job_whose_output_hangs_on_the_order_is_found_out() {
    // The order in which the two partitions come is not the job's promise.
    let build = |sorts: bool| {
        move || {
            let sees = Arc::<Mutex<Vec<i64>>>::default();
            let (plan, _) = counted(2, Arc::clone(&sees))?;
            Ok((plan, move || {
                let mut seen = sees.lock().unwrap().clone();
                if sorts {
                    seen.sort_unstable();
                }
                seen
            }))
        }
    };
    let said = message(|| drop(run_with_seeds(0..50, build(false))));
    assert!(said.contains("gives another output than seed 0"), "{said}");
    let all = run_with_seeds(0..50, build(true));
    assert_eq!(all, [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]);
}

#[test]
fn a_failure_is_told_with_its_seed() {
    let said = message(|| {
        run_with_seeds(3..50, || {
            let mut plan = Plan::new("fails", Config::new().workers(1).conclude()?);
            let script = Script::of_records([(1, 1)]);
            let head = Head::<_, true>::new(&mut plan, Name::new("one"), vec![script])?;
            let divided = Map::new(Name::new("divide"), head, |n: i32| 1 / (n - 1));
            hear(&mut plan, &Name::new("heard"), divided, Mood::AlwaysOpen)?;
            Ok((plan, || ()))
        });
    });
    assert!(said.starts_with("seed 3: operator `divide`"), "{said}");
}

/// Is full, and stays so.
struct Clogged;

impl<T> Collector<T> for Clogged {
    fn open(&mut self) -> Flow {
        Flow::Open
    }
    fn push(&mut self, _: Timestamp, _: T) -> Flow {
        Flow::Full
    }
    fn signal(&mut self, _: Signal) -> Flow {
        Flow::Open
    }
    fn end_batch(&mut self) -> Flow {
        Flow::Open
    }
    fn resume(&mut self) -> Flow {
        Flow::Full
    }
    fn flush(&mut self) {}
    fn abort(&mut self) {}
}

#[test]
fn a_stall_is_told_with_the_tasks_that_are_blocked() {
    for seed in 0..20 {
        let config = Config::new().workers(2).batch(2).ring_capacity(2);
        let mut plan = Plan::new("stalls", config.conclude().unwrap());
        let part = || Script::of_records((0..50).map(|n| (n, n)));
        let head =
            Head::<_, true>::new(&mut plan, Name::new("numbers"), vec![part(), part()]).unwrap();
        let count = RollingFold::new(0, |count: &mut u32, _| *count += 1);
        let counts = Stateful::new(Name::new("count"), head, |_: &i64| (), count);
        counts.lower(&mut plan, |_| Clogged).unwrap();
        let error = run_seeded(plan, seed).unwrap_err().to_string();
        assert!(error.contains("nothing moves"), "{error}");
        let blocked = error.split("blocked: ").nth(1).unwrap();
        assert!(blocked.contains("count"), "{error}");
        assert!(blocked.contains("numbers"), "{error}");
    }
}

/// Has nothing for so many pulls, then one record.
struct Slow(u32);

impl Source for Slow {
    type Item = u32;

    fn pull<C: Collector<u32>>(&mut self, _: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let (mut records, mut status, mut flow) = (0, SourceStatus::Idle, Flow::Open);
        match self.0.checked_sub(1) {
            Some(left) => self.0 = left,
            None => {
                records = 1;
                status = SourceStatus::Ended;
                flow = out.push(Timestamp::MIN, 7);
            }
        }
        Ok(Pulled {
            records,
            status,
            flow,
        })
    }
}

#[test]
fn a_source_that_waits_for_the_outside_is_waited_for() {
    let mut plan = Plan::new("waits", Config::new().workers(1).conclude().unwrap());
    let head = Head::<_, false>::new(&mut plan, Name::new("slow"), vec![Slow(1_500)]).unwrap();
    let heard = hear(&mut plan, &name(), head, Mood::AlwaysOpen).unwrap();
    run_seeded(plan, 1).unwrap();
    assert_eq!(heard.records(), [7]);
}

// ── scripts and what is heard ──

#[test]
fn a_script_moves_the_clock_and_says_if_it_has_none() {
    let clock = ManualClock::at(Timestamp::from_nanos(100));
    let run = |script: Script<&'static str>| {
        let config = Config::new().workers(1).clock(clock.clone());
        let mut plan = Plan::new("ticks", config.conclude()?);
        let head = Head::<_, true>::new(&mut plan, Name::new("script"), vec![script])?;
        let clock = clock.clone();
        let timed = Map::new(name(), head, move |word| (word, clock.now().nanos()));
        let heard = hear(&mut plan, &Name::new("heard"), timed, Mood::AlwaysOpen)?;
        fluxus_core::run_local(plan)?;
        Ok::<_, Error>(heard)
    };
    let lines = [
        Said::Record(1, "a"),
        Said::Tick(5),
        Said::Quiet,
        Said::Record(2, "b"),
    ];
    let heard = run(Script::of(lines.clone()).with_clock(&clock)).unwrap();
    heard.assert_said([Said::Record(1, ("a", 100)), Said::Record(2, ("b", 105))]);
    let error = run(Script::of(lines)).unwrap_err();
    assert_eq!(error.culprit(), Some("script"));
    assert!(error.to_string().contains("with_clock"), "{error}");
    clock.advance(Duration::ZERO);
}

#[test]
fn what_was_heard_is_compared_in_words() {
    let heard = |lines: Vec<Said<u32>>| {
        let mut plan = Plan::new("heard", Config::new().workers(1).conclude().unwrap());
        let script = vec![Script::of(lines)];
        let head = Head::<_, true>::new(&mut plan, Name::new("script"), script).unwrap();
        let heard = hear(&mut plan, &name(), head, Mood::AlwaysOpen).unwrap();
        fluxus_core::run_local(plan).unwrap();
        heard
    };
    let good = heard(vec![
        Said::Record(1, 10),
        Said::Watermark(1),
        Said::Record(2, 20),
    ]);
    good.assert_grammar();
    good.assert_records(&[10, 20]);
    good.assert_records_in_any_order(&[20, 10]);
    good.assert_records_by(|n| n % 4, &[20, 10]);
    assert_eq!(good.timed()[1], (Timestamp::from_nanos(2), 20));
    let said = message(|| good.assert_said([Said::Record(1, 10), Said::Watermark(2)]));
    assert!(said.contains("the first 1 are the same"), "{said}");
    assert!(
        said.contains("found: Watermark(1), Record(2, 20)"),
        "{said}"
    );
    let late = heard(vec![Said::Watermark(5), Said::Record(5, 1)]);
    let said = message(|| late.assert_grammar());
    assert!(
        said.contains("Record(5, 1) with the watermark at 5"),
        "{said}"
    );
}

// ── sources and sinks ──

/// Yields the numbers up to five, and goes wrong.
struct Wrongly {
    next: i64,
    fault: SourceFault,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum SourceFault {
    None,
    /// Pushes on after an answer that is not open.
    PushesOn,
    /// Draws one more than it was asked for, and drops it.
    Drops,
    /// Ends with the first pull.
    EndsEarly,
}

impl Source for Wrongly {
    type Item = i64;

    fn pull<C: Collector<i64>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let (mut records, mut flow) = (0, Flow::Open);
        while records < budget && self.next < 5 {
            flow = out.push(Timestamp::from_nanos(self.next), self.next);
            self.next += 1;
            records += 1;
            if !flow.is_open() && self.fault != SourceFault::PushesOn {
                break;
            }
        }
        if records == budget && self.fault == SourceFault::Drops {
            self.next += 1;
        }
        let ends = self.next >= 5 || self.fault == SourceFault::EndsEarly;
        Ok(Pulled {
            records,
            status: if ends {
                SourceStatus::Ended
            } else {
                SourceStatus::Ready
            },
            flow,
        })
    }
}

#[test]
fn a_source_is_held_to_its_records_and_to_the_contract() {
    let expected: Vec<_> = (0..5).map(|n| (n, n)).collect();
    let yields = |fault| {
        source_yields("numbers", &expected, || Wrongly { next: 0, fault });
    };
    yields(SourceFault::None);
    for (fault, words) in [
        (SourceFault::PushesOn, "while not open"),
        (SourceFault::Drops, "batch: 1"),
        (SourceFault::EndsEarly, "batch: 1"),
    ] {
        let said = message(|| yields(fault));
        assert!(said.contains(words), "{fault:?}: {said}");
    }
}

/// Writes three at a time, and forgets the rest or not.
struct ByThrees {
    held: Vec<i64>,
    written: Arc<Mutex<Vec<i64>>>,
    forgets: bool,
}

impl Sink<i64> for ByThrees {
    fn write(&mut self, _: Timestamp, value: i64) -> Result<(), SinkError> {
        self.held.push(value);
        if self.held.len() == 3 {
            self.written.lock().unwrap().append(&mut self.held);
        }
        Ok(())
    }

    fn close(&mut self, ending: Ending) -> Result<(), SinkError> {
        if ending == Ending::Complete && !self.forgets {
            self.written.lock().unwrap().append(&mut self.held);
        }
        Ok(())
    }
}

#[test]
fn a_sink_is_held_to_what_should_be_there() {
    let make = |forgets| {
        move || {
            let written = Arc::<Mutex<Vec<i64>>>::default();
            let by_threes = ByThrees {
                held: Vec::new(),
                written: Arc::clone(&written),
                forgets,
            };
            (by_threes, move || written.lock().unwrap().clone())
        }
    };
    let records: Vec<_> = (0..5).map(|n| (n, n)).collect();
    let all = vec![0, 1, 2, 3, 4];
    sink_writes("by threes", &all, &records, make(false));
    let said = message(|| sink_writes("by threes", &all, &records, make(true)));
    assert!(said.contains("batches of 1"), "{said}");
    assert_eq!(sink_cut_off(&records, make(false)), [0, 1, 2]);
}
