use super::said::at;
use super::{cut_off, hear, Mood, Said, Script};
use crate::source::Head;
use crate::{run_local, Chain, Config, Name, Plan, WallClock};
use fluxus_windows::Timestamp;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

/// The moods of a downstream that wants everything, in the end.
pub const PATIENT: [Mood; 4] = [
    Mood::AlwaysOpen,
    Mood::FullEveryOther,
    Mood::BusyEveryOther,
    Mood::MostlyFull,
];

/// How a chain is driven.
#[derive(Clone, Copy, Debug)]
pub struct Drive {
    /// What its downstream answers.
    pub mood: Mood,
    /// Records that the source hands on in one pull, at the most.
    pub a_pull: usize,
    /// Records a batch.
    pub batch: usize,
    /// How many workers the plan is for; all run on one thread.
    pub workers: usize,
    /// Whether records with no signal between them come in one call.
    pub together: bool,
}

impl Drive {
    /// Everything at once, into a downstream that is always open: on one worker.
    pub const PLAIN: Self = Self {
        mood: Mood::AlwaysOpen,
        a_pull: usize::MAX,
        batch: 512,
        workers: 1,
        together: false,
    };

    /// The settings of a job that is driven like this: rings as small as its
    /// batches, and a clock that moves on by a nanosecond whenever it is read.
    pub fn config(self) -> Config {
        Config::new()
            .workers(self.workers)
            .batch(self.batch)
            .clock(Ticking::default())
            .ring_capacity(self.batch.next_power_of_two())
    }

    /// A source that says these lines, as this drive has it.
    pub fn script<T: Clone>(self, lines: &[Said<T>]) -> Script<T> {
        let script = Script::of(lines.iter().cloned()).a_pull(self.a_pull);
        match self.together {
            true => script.together(),
            false => script,
        }
    }
}

/// Every way to drive a chain on one worker into a downstream that wants
/// everything, the plainest first.
pub fn drives() -> Vec<Drive> {
    let ways = [
        (usize::MAX, 512, false),
        (1, 512, false),
        (usize::MAX, 1, false),
        (3, 2, false),
        (usize::MAX, 512, true),
        (3, 2, true),
    ];
    driven(&PATIENT, &ways)
}

/// Ways to drive a chain into a downstream that wants so many records and then
/// no more.
pub fn hasty_drives(wanted: usize) -> Vec<Drive> {
    let ways = [
        (usize::MAX, 512, false),
        (1, 512, false),
        (usize::MAX, 1, false),
        (usize::MAX, 512, true),
    ];
    driven(&[Mood::Wants(wanted), Mood::WantsSlowly(wanted)], &ways)
}

fn driven(moods: &[Mood], ways: &[(usize, usize, bool)]) -> Vec<Drive> {
    let each = |&mood: &Mood| {
        ways.iter().map(move |&(a_pull, batch, together)| Drive {
            mood,
            a_pull,
            batch,
            workers: 1,
            together,
        })
    };
    moods.iter().flat_map(each).collect()
}

/// A clock that moves on by one whenever it is read.
#[derive(Debug, Default)]
struct Ticking(Mutex<i64>);

impl WallClock for Ticking {
    fn now(&self) -> Timestamp {
        let mut nanos = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *nanos += 1;
        at(*nanos)
    }
}

/// Drives the chain that `build` puts behind a source of several partitions, a
/// script each, and tells what each instance of its downstream heard.
///
/// # Panics
/// When the job fails, or the chain breaks the contract of
/// [`Collector`](crate::Collector).
#[track_caller]
pub fn heard_by_all<T, C>(
    drive: Drive,
    scripts: &[Vec<Said<T>>],
    build: impl FnOnce(Head<Script<T>, true>) -> C,
) -> Vec<Vec<Said<C::Item>>>
where
    T: Clone + Send + 'static,
    C: Chain,
    C::Item: Debug,
{
    let run = || {
        let mut plan = Plan::new("hostile", drive.config().conclude()?);
        let sources = scripts.iter().map(|lines| drive.script(lines)).collect();
        let head = Head::new(&mut plan, Name::new("script"), sources)?;
        let heard = hear(&mut plan, &Name::new("heard"), build(head), drive.mood)?;
        run_local(plan)?;
        Ok(heard.take())
    };
    let all = run().unwrap_or_else(|error: crate::Error| panic!("{drive:?}: {error}"));
    let has_ended = |said: &Vec<Said<_>>| matches!(said.last(), Some(Said::End));
    assert!(
        all.iter().all(has_ended),
        "{drive:?}: every instance is told of the end: {all:?}"
    );
    all
}

/// As [`heard_by_all`], of one script and one instance.
///
/// # Panics
/// As it does; and when not exactly one instance came to an end.
#[track_caller]
pub fn heard<T, C>(
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

/// Holds a chain to what it should say, however it is driven, and to end well
/// when nothing more is wanted after any number of records (the first 40).
///
/// # Panics
/// When it says anything else, with how it was driven; and as [`heard`] does.
#[track_caller]
pub fn holds<T, C>(
    what: &str,
    expected: &[Said<C::Item>],
    script: &[Said<T>],
    build: impl Fn(Head<Script<T>, true>) -> C,
) where
    T: Clone + Send + 'static,
    C: Chain,
    C::Item: Debug + PartialEq + Clone,
{
    holds_when(what, expected, |drive| heard(drive, script, &build));
}

/// As [`holds`], of whatever can be driven: `drive` does it once, and answers
/// with what the downstream heard.
///
/// # Panics
/// When it heard anything else.
#[track_caller]
pub fn holds_when<V>(what: &str, expected: &[Said<V>], drive: impl Fn(Drive) -> Vec<Said<V>>)
where
    V: Debug + PartialEq + Clone,
{
    let must_be = |way: Drive, expected: &[Said<V>]| {
        let found = drive(way);
        assert!(
            found == expected,
            "{what}, {way:?}:\n{found:?}\n{expected:?}"
        );
    };
    for way in drives() {
        must_be(way, expected);
    }
    let records = expected.iter().filter(|line| line.is_record()).count();
    for wanted in (1..=records).take(40) {
        for way in hasty_drives(wanted) {
            must_be(way, &cut_off(expected, wanted));
        }
    }
}
