//! The hostile harness: drives a chain one record at a time and all at once,
//! into a downstream that is full, or busy, at every other call, and holds each
//! call to the contract of `Collector`. (The idea is that of Jet's
//! `TestSupport`.)

// Each test file that shares it uses a part.
#![allow(dead_code)]

use fluxus_core::source::{BoxError, Head, Pulled, Source, SourceStatus};
use fluxus_core::windows::Timestamp;
use fluxus_core::{
    run_local, Chain, Collector, Config, Flow, Name, Plan, Signal, Stamp, WallClock, Watermark,
};
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

/// What goes into a chain, and what comes out of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Said<T> {
    Record(i64, T),
    Watermark(i64),
    Idle,
    Active,
    Barrier(u64),
    /// In a script: nothing comes for one pull.
    Quiet,
    End,
}
pub(crate) use Said::{Active, Barrier, End, Idle, Quiet, Record, Watermark as At};

pub(crate) fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

/// A source that says what it was told to, so much in one pull.
pub(crate) struct Script<T> {
    pub(crate) lines: std::vec::IntoIter<Said<T>>,
    pub(crate) a_pull: usize,
    /// Records with no signal between them are handed on in one call.
    pub(crate) together: bool,
}

impl<T: Clone + Send + 'static> Script<T> {
    /// Hands on the records up to the next signal, `most` at the most, and tells
    /// how many were taken.
    fn push_run<C: Collector<T>>(&mut self, most: usize, out: &mut C) -> (usize, Flow) {
        let run = self.lines.as_slice().iter().map_while(|line| match line {
            Record(time, value) => Some((at(*time), value.clone())),
            _ => None,
        });
        // Behind the signal there are records again: those are another run's.
        let mut left = run.fuse().take(most);
        let mut drawn = 0;
        let flow = out.push_each(left.by_ref().inspect(|_| drawn += 1));
        let is_left = left.next().is_some();
        assert!(!(flow.is_open() && is_left), "open, and records are left");
        self.lines.by_ref().take(drawn).for_each(drop);
        (drawn, flow)
    }
}

impl<T: Clone + Send + 'static> Source for Script<T> {
    type Item = T;

    fn pull<C: Collector<T>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let (mut records, mut flow) = (0, Flow::Open);
        let born = Stamp::NONE;
        let mut status = SourceStatus::Ready;
        let most = budget.min(self.a_pull);
        while flow.is_open() && records < most {
            if self.together && matches!(self.lines.as_slice(), [Record(..), ..]) {
                let (drawn, answer) = self.push_run(most - records, out);
                records += drawn;
                flow = answer;
                continue;
            }
            flow = match self.lines.next() {
                Some(Record(time, value)) => {
                    records += 1;
                    out.push(at(time), value)
                }
                Some(At(time)) => out.signal(Signal::Watermark(Watermark {
                    time: at(time),
                    born,
                })),
                Some(Idle) => out.signal(Signal::Idle),
                Some(Active) => out.signal(Signal::Active),
                Some(Barrier(id)) => out.signal(Signal::Barrier(id)),
                Some(Quiet) => {
                    status = SourceStatus::Idle;
                    break;
                }
                Some(End) | None => {
                    status = SourceStatus::Ended;
                    break;
                }
            };
        }
        Ok(Pulled {
            records,
            status,
            flow,
        })
    }
}

/// What a downstream answers to its calls, in turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mood {
    AlwaysOpen,
    FullEveryOther,
    BusyEveryOther,
    /// Open one call in four.
    MostlyFull,
    /// Open 63 calls in 64.
    SeldomFull,
    /// Wants so many records and then no more.
    Wants(usize),
    /// The same, and is full at every other call before.
    WantsSlowly(usize),
}

pub(crate) const PATIENT: [Mood; 4] = [
    Mood::AlwaysOpen,
    Mood::FullEveryOther,
    Mood::BusyEveryOther,
    Mood::MostlyFull,
];

/// The end of the chain: keeps what it hears, and holds the chain to the
/// contract.
pub(crate) struct Downstream<T> {
    mood: Mood,
    calls: usize,
    records: usize,
    answered: Option<Flow>,
    ended: bool,
    heard: Vec<Said<T>>,
    hand_over: Arc<Mutex<Vec<Vec<Said<T>>>>>,
}

impl<T> Downstream<T> {
    fn answer(&mut self) -> Flow {
        self.calls += 1;
        let flow = match self.mood {
            Mood::Wants(most) | Mood::WantsSlowly(most) if self.records >= most => Flow::Finished,
            Mood::AlwaysOpen | Mood::Wants(_) => Flow::Open,
            Mood::FullEveryOther | Mood::WantsSlowly(_) if self.calls % 2 == 1 => Flow::Full,
            Mood::BusyEveryOther if self.calls % 2 == 1 => Flow::Busy,
            Mood::MostlyFull if self.calls % 4 != 0 => Flow::Full,
            Mood::SeldomFull if self.calls % 64 == 0 => Flow::Full,
            _ => Flow::Open,
        };
        self.answered = Some(flow);
        flow
    }

    fn must_be_open(&self, call: &str) {
        assert_eq!(self.answered, Some(Flow::Open), "{call} while not open");
        assert!(!self.ended, "{call} after the end");
    }
}

impl<T> Collector<T> for Downstream<T> {
    fn open(&mut self) -> Flow {
        assert_eq!(self.answered, None, "opened twice");
        self.answer()
    }

    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        self.must_be_open("push");
        self.records += 1;
        self.heard.push(Record(time.nanos(), value));
        self.answer()
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        match (signal, self.answered) {
            // The one thing that is still said to whom wants no more.
            (Signal::End, Some(Flow::Finished)) => assert!(!self.ended, "ended twice"),
            _ => self.must_be_open("signal"),
        }
        match signal {
            Signal::Watermark(watermark) => self.heard.push(At(watermark.time.nanos())),
            Signal::Idle => self.heard.push(Idle),
            Signal::Active => self.heard.push(Active),
            Signal::Barrier(id) => self.heard.push(Barrier(id)),
            Signal::Marker(_) => {}
            Signal::End => {
                self.ended = true;
                self.heard.push(End);
                let heard = std::mem::take(&mut self.heard);
                self.hand_over.lock().unwrap().push(heard);
            }
        }
        self.answer()
    }

    fn end_batch(&mut self) -> Flow {
        self.must_be_open("end_batch");
        self.answer()
    }

    fn resume(&mut self) -> Flow {
        // An operator that has work of its own left asks one that is open too.
        assert!(self.answered.is_some(), "resumed before it was open");
        self.answer()
    }

    fn flush(&mut self) {
        assert!(self.answered.is_some(), "flushed before it was open");
    }

    fn abort(&mut self) {
        panic!("nothing here fails");
    }
}

/// A clock that moves on by one whenever it is read.
#[derive(Debug, Default)]
struct Ticking(Mutex<i64>);

impl WallClock for Ticking {
    fn now(&self) -> Timestamp {
        let mut nanos = self.0.lock().unwrap();
        *nanos += 1;
        at(*nanos)
    }
}

/// How a chain is driven.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drive {
    pub(crate) mood: Mood,
    pub(crate) a_pull: usize,
    pub(crate) batch: usize,
    pub(crate) workers: usize,
    pub(crate) together: bool,
}

/// Every way to drive a chain on one worker, the plainest first.
pub(crate) fn drives() -> Vec<Drive> {
    let mut drives = Vec::new();
    for mood in PATIENT {
        for (a_pull, batch, together) in [
            (usize::MAX, 512, false),
            (1, 512, false),
            (usize::MAX, 1, false),
            (3, 2, false),
            (usize::MAX, 512, true),
            (3, 2, true),
        ] {
            drives.push(Drive {
                mood,
                a_pull,
                batch,
                workers: 1,
                together,
            });
        }
    }
    drives
}

/// Drives the chain that `build` puts behind a script, and tells what each
/// instance of its downstream heard.
pub(crate) fn heard_by_all<T, C>(
    drive: Drive,
    scripts: &[Vec<Said<T>>],
    build: impl FnOnce(Head<Script<T>, true>) -> C,
) -> Vec<Vec<Said<C::Item>>>
where
    T: Clone + Send + 'static,
    C: Chain,
    C::Item: Debug,
{
    let config = Config::new()
        .workers(drive.workers)
        .batch(drive.batch)
        .clock(Ticking::default())
        .ring_capacity(drive.batch.next_power_of_two());
    let mut plan = Plan::new("hostile", config.conclude().unwrap());
    let script = |lines: &Vec<Said<T>>| Script {
        lines: lines.clone().into_iter(),
        a_pull: drive.a_pull,
        together: drive.together,
    };
    let sources = scripts.iter().map(script).collect();
    let head = Head::new(&mut plan, Name::new("script"), sources).unwrap();
    let hand_over = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&hand_over);
    let chain = build(head);
    chain
        .lower(&mut plan, move |_| Downstream {
            mood: drive.mood,
            calls: 0,
            records: 0,
            answered: None,
            ended: false,
            heard: Vec::new(),
            hand_over: Arc::clone(&hand_over),
        })
        .unwrap();
    run_local(plan).unwrap_or_else(|error| panic!("{drive:?}: {error}"));
    let heard = std::mem::take(&mut *heard.lock().unwrap());
    heard
}

/// As `heard_by_all`, of one script and one instance.
pub(crate) fn heard<T, C>(
    drive: Drive,
    script: &[Said<T>],
    build: impl FnOnce(Head<Script<T>, true>) -> C,
) -> Vec<Said<C::Item>>
where
    T: Clone + Send + 'static,
    C: Chain,
    C::Item: Debug,
{
    let mut all = heard_by_all(drive, &[script.to_vec()], build);
    assert_eq!(all.len(), 1, "{drive:?}: the end was said exactly once");
    all.remove(0)
}

pub(crate) fn name() -> Name {
    Name::new("under test")
}

/// Some records and every kind of signal between them.
pub(crate) fn script() -> Vec<Said<i64>> {
    let mut script: Vec<Said<i64>> = vec![Idle, Active];
    for n in 0..12 {
        script.push(Record(10 * n, n));
        match n % 3 {
            0 => script.push(At(10 * n - 5)),
            1 => script.push(Barrier(n as u64)),
            _ => {}
        }
    }
    script.push(Idle);
    script
}

/// What is to come out when each record becomes some others at the same time.
pub(crate) fn each<V>(mut becomes: impl FnMut(i64) -> Vec<V>) -> Vec<Said<V>> {
    let mut said = Vec::new();
    for line in script() {
        match line {
            Record(time, value) => {
                said.extend(becomes(value).into_iter().map(|v| Record(time, v)));
            }
            At(time) => said.push(At(time)),
            Idle => said.push(Idle),
            Active => said.push(Active),
            Barrier(id) => said.push(Barrier(id)),
            Quiet | End => {}
        }
    }
    said.push(End);
    said
}

/// The records up to the one after which nothing more is wanted, and the end.
pub(crate) fn cut_off<V: Clone>(said: &[Said<V>], wanted: usize) -> Vec<Said<V>> {
    let mut left = wanted;
    let mut kept = Vec::new();
    for line in said {
        if left == 0 && wanted > 0 {
            break;
        }
        left -= usize::from(matches!(line, Record(..)));
        kept.push(line.clone());
    }
    if kept.last().map_or(true, |last| !matches!(last, End)) {
        kept.push(End);
    }
    kept
}

/// Holds a chain to what it should say, however it is driven, and to end well
/// when nothing more is wanted after any number of records.
pub(crate) fn holds<C>(
    what: &str,
    expected: &[Said<C::Item>],
    script: &[Said<i64>],
    build: impl Fn(Head<Script<i64>, true>) -> C,
) where
    C: Chain,
    C::Item: Debug + PartialEq + Clone,
{
    for drive in drives() {
        let found = heard(drive, script, &build);
        assert!(
            found == expected,
            "{what}, {drive:?}:\n{found:?}\n{expected:?}"
        );
    }
    let records = expected.iter().filter(|s| matches!(s, Record(..))).count();
    for wanted in (1..=records).take(40) {
        for mood in [Mood::Wants(wanted), Mood::WantsSlowly(wanted)] {
            for (a_pull, batch, together) in [
                (usize::MAX, 512, false),
                (1, 512, false),
                (usize::MAX, 1, false),
                (usize::MAX, 512, true),
            ] {
                let drive = Drive {
                    mood,
                    a_pull,
                    batch,
                    workers: 1,
                    together,
                };
                let found = heard(drive, script, &build);
                let expected = cut_off(expected, wanted);
                assert!(
                    found == expected,
                    "{what}, {drive:?}:\n{found:?}\n{expected:?}"
                );
            }
        }
    }
}
