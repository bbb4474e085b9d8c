//! Every join but that of windows, driven in every hostile way: it says what it
//! should, line for line.

use super::*;
use crate::operator::as_of_join::AsOf;
use crate::operator::interval_join::Interval;
use crate::operator::table_join::Lookup;
use crate::operator::{JoinedPair, Map};
use crate::testing::{drives, hasty_drives, heard, holds, Drive, Random, Said};
use crate::{Chain, Error, Plan, Spread};
use fluxus_windows::{
    FullOuter, Inner, IntervalBounds, JoinLimit, LeftOuter, StateLimit, TableChange,
};
use std::time::Duration;

/// A record: its key, and which it is.
type Numbered = (u8, usize);
type Record = Either<Numbered, Numbered>;
type Row<L, R> = Said<JoinedPair<u8, L, R>>;

fn limit() -> JoinLimit {
    JoinLimit {
        keys: StateLimit::new(1, 1_000),
        records: 1 << 20,
    }
}

fn key_of(record: &Record) -> u8 {
    match record {
        Either::Left((key, _)) | Either::Right((key, _)) => *key,
    }
}

/// The operator right behind a source, with nothing between that has an order of its
/// own.
struct Behind<U, M> {
    upstream: U,
    make: M,
}

impl<U, T, M, J> Chain for Behind<U, M>
where
    U: Chain<Item = Either<T, T>>,
    T: Send + 'static,
    M: Fn() -> J + 'static,
    J: Joining<T, T> + Send + 'static,
    J::Key: Send,
    J::Row: Send + 'static,
{
    type Item = J::Row;

    fn instances(&self, plan: &Plan) -> Spread {
        self.upstream.instances(plan)
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<J::Row> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        let name = Name::new("under test");
        self.upstream.lower(plan, move |instance| {
            let side = SideOutput::new(None);
            JoinOperator::new(&name, instance, (self.make)(), side, downstream(instance))
        })
    }
}

/// Records of both sides about a time that rises, and every signal between them.
fn script(keys: u8, records: usize) -> Vec<Said<Record>> {
    let mut random = Random::new(7);
    let mut script = vec![Said::Idle, Said::Active];
    for number in 0..records {
        let now = number as i64;
        let time = now - random.below(12) as i64;
        let key = random.below(keys.into()) as u8;
        let side: fn(Numbered) -> Record = match random.below(2) {
            0 => Either::Left,
            _ => Either::Right,
        };
        script.push(Said::Record(time, side((key, number))));
        match random.below(9) {
            // What is more than 9 behind is late.
            0 | 1 => script.push(Said::Watermark(now - 9)),
            2 => script.push(Said::Barrier(number as u64)),
            3 => script.push(Said::Quiet),
            _ => {}
        }
    }
    script.push(Said::Idle);
    script
}

/// What is to come out, where `line` says what a line sets free ahead of what it
/// says itself.
fn expected<L: Clone, R: Clone>(
    script: &[Said<Record>],
    mut line: impl FnMut(&Said<Record>) -> Vec<Row<L, R>>,
) -> Vec<Row<L, R>> {
    let mut said = Vec::new();
    for step in script.iter().chain([&Said::End]) {
        said.extend(line(step));
        match step {
            Said::Watermark(time) => said.push(Said::Watermark(*time)),
            Said::Barrier(id) => said.push(Said::Barrier(*id)),
            Said::Idle => said.push(Said::Idle),
            Said::Active => said.push(Said::Active),
            Said::End => said.push(Said::End),
            Said::Record(..) | Said::Quiet | Said::Tick(_) => {}
        }
    }
    said
}

fn row<L, R>(time: i64, key: u8, left: L, right: R) -> Row<L, R> {
    Said::Record(time, JoinedPair { key, left, right })
}

#[test]
fn an_interval_join_says_its_pairs_as_they_are_made() {
    let bounds = IntervalBounds::from_nanos(-6, 4).unwrap();
    let script = script(2, 60);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let mut watermark = i64::MIN;
    let expected = expected(&script, |step| {
        let mut rows = Vec::new();
        match *step {
            Said::Watermark(time) => watermark = watermark.max(time),
            Said::Record(time, _) if time <= watermark => {}
            Said::Record(time, Either::Left(one)) => {
                left.push((time, one));
                right.sort_by_key(|other: &(i64, Numbered)| other.0);
                for &(at, other) in right.iter().filter(|other| other.1 .0 == one.0) {
                    if (-6..=4).contains(&(at - time)) {
                        rows.push(row(at.max(time), one.0, one, other));
                    }
                }
            }
            Said::Record(time, Either::Right(one)) => {
                right.push((time, one));
                left.sort_by_key(|other: &(i64, Numbered)| other.0);
                for &(at, other) in left.iter().filter(|other| other.1 .0 == one.0) {
                    if (-6..=4).contains(&(time - at)) {
                        rows.push(row(at.max(time), one.0, other, one));
                    }
                }
            }
            _ => {}
        }
        rows
    });
    assert!(expected.iter().filter(|line| line.is_record()).count() > 40);
    holds("interval join", &expected, &script, |upstream| Behind {
        upstream,
        make: move || Interval::<_, _, _, _, Inner>::new(key_of, bounds, limit()),
    });
}

/// By hand: bounds 0 to 5, so that a left record waits and a right one does not.
#[test]
fn records_alone_come_ahead_of_the_watermark_that_settles_them() {
    let bounds = IntervalBounds::from_nanos(0, 5).unwrap();
    let left = |time, number| Said::Record(time, Either::Left((0, number)));
    let right = |time, number| Said::Record(time, Either::Right((0, number)));
    let script = [
        left(1, 1),
        left(2, 2),
        left(2, 3),
        right(4, 4),
        left(7, 5),
        right(6, 6),
        Said::Watermark(5),
        left(9, 7),
        Said::Watermark(6),
        Said::Watermark(12),
        Said::Barrier(1),
        right(20, 8),
    ];
    let pair = |time, left, right| row(time, 0, Some((0, left)), Some((0, right)));
    let lone = |time, left| row(time, 0, Some((0, left)), None);
    let expected = [
        pair(4, 1, 4),
        pair(4, 2, 4),
        pair(4, 3, 4),
        pair(6, 1, 6),
        pair(6, 2, 6),
        pair(6, 3, 6),
        Said::Watermark(5),
        Said::Watermark(6),
        lone(12, 5),
        Said::Watermark(12),
        Said::Barrier(1),
        lone(14, 7),
        row(20, 0, None, Some((0, 8))),
        Said::End,
    ];
    holds("full outer", &expected, &script, |upstream| Behind {
        upstream,
        make: move || Interval::<_, _, _, _, FullOuter>::new(key_of, bounds, limit()),
    });
}

#[test]
fn an_as_of_join_says_its_rows_ahead_of_the_watermark() {
    for tolerance in [None, Some(3)] {
        let script = script(1, 60);
        let (mut left, mut right) = (Vec::new(), Vec::new());
        let mut watermark = i64::MIN;
        let expected = expected(&script, |step| {
            let risen = match *step {
                Said::Watermark(time) => time,
                Said::End => i64::MAX,
                Said::Record(time, _) if time <= watermark => return Vec::new(),
                Said::Record(time, Either::Left(one)) => {
                    left.push((time, one));
                    return Vec::new();
                }
                Said::Record(time, Either::Right(one)) => {
                    right.push((time, one));
                    return Vec::new();
                }
                _ => return Vec::new(),
            };
            watermark = watermark.max(risen);
            left.sort_by_key(|one: &(i64, Numbered)| one.0);
            right.sort_by_key(|one: &(i64, Numbered)| one.0);
            let due = left.iter().take_while(|one| one.0 <= watermark).count();
            let rows = left.drain(..due).map(|(time, one)| {
                let version = right.iter().rev().find(|version| version.0 <= time);
                let version = version
                    .filter(|version| tolerance.map_or(true, |most| time - version.0 <= most));
                row(time, 0, one, version.map(|version| version.1))
            });
            rows.collect()
        });
        let tolerance = tolerance.map(|nanos: i64| Duration::from_nanos(nanos.unsigned_abs()));
        holds("as-of join", &expected, &script, |upstream| Behind {
            upstream,
            make: move || AsOf::<_, _, _, _, LeftOuter>::new(key_of, tolerance, limit()),
        });
    }
}

#[test]
fn a_table_join_says_what_the_table_has_at_that_moment() {
    // Every third change deletes.
    fn change(one: Numbered) -> TableChange<usize> {
        match one.1 % 3 {
            0 => TableChange::Delete,
            _ => TableChange::Upsert(one.1),
        }
    }
    let script = script(3, 60);
    let mut table = std::collections::HashMap::new();
    let expected = expected(&script, |step| match *step {
        Said::Record(_, Either::Right(one)) => {
            match change(one) {
                TableChange::Upsert(value) => table.insert(one.0, value),
                TableChange::Delete => table.remove(&one.0),
            };
            Vec::new()
        }
        Said::Record(time, Either::Left(one)) => {
            vec![row(time, one.0, one, table.get(&one.0).copied())]
        }
        _ => Vec::new(),
    });
    holds("table join", &expected, &script, |upstream| Behind {
        upstream,
        make: || Lookup::<_, _, _, _, _, LeftOuter>::new(key_of, change, limit().keys),
    });
}

/// Where much is held, records wait for one another's keys. Whoever looks at what
/// comes out must not be able to tell: light records, which never do that, and heavy
/// ones say the same, line for line.
#[test]
fn heavy_and_light_records_say_the_same() {
    /// A row: its key, and which its records are.
    type Numbers = (u16, usize, usize);

    /// A record: its key, which it is, and `WEIGHT` bytes of nothing.
    #[derive(Clone, Copy, Debug)]
    struct Weighing<const WEIGHT: usize> {
        key: u16,
        number: usize,
        weight: [u8; WEIGHT],
    }

    fn script<const WEIGHT: usize>() -> Vec<Said<Either<Weighing<WEIGHT>, Weighing<WEIGHT>>>> {
        let mut random = Random::new(11);
        let mut script = Vec::new();
        for number in 0..3_000 {
            let now = number as i64;
            let record = Weighing {
                key: random.below(700) as u16,
                number,
                weight: [0; WEIGHT],
            };
            let record = match random.below(2) {
                0 => Either::Left(record),
                _ => Either::Right(record),
            };
            script.push(Said::Record(now - random.below(30) as i64, record));
            match random.below(50) {
                // What is more than 25 behind is late.
                0 => script.push(Said::Watermark(now - 25)),
                1 => script.push(Said::Barrier(number as u64)),
                2 => script.push(Said::Quiet),
                _ => {}
            }
        }
        script
    }

    fn rows<const WEIGHT: usize>(drive: Drive) -> (Vec<Said<Numbers>>, usize) {
        let bounds = IntervalBounds::from_nanos(-900, 700).unwrap();
        let key_of = |record: &Either<Weighing<WEIGHT>, Weighing<WEIGHT>>| match record {
            Either::Left(record) | Either::Right(record) => record.key,
        };
        let said = heard(drive, &script::<WEIGHT>(), |upstream| {
            let pairs = Behind {
                upstream,
                make: move || Interval::<_, _, _, _, FullOuter>::new(key_of, bounds, limit()),
            };
            Map::new(
                Name::new("numbers"),
                pairs,
                |row: JoinedPair<u16, Option<Weighing<WEIGHT>>, Option<Weighing<WEIGHT>>>| {
                    let number = |record: Option<Weighing<WEIGHT>>| {
                        record.map_or(0, |record| record.number + record.weight.len() % 2)
                    };
                    (row.key, number(row.left), number(row.right))
                },
            )
        });
        let records = said.iter().filter(|line| line.is_record()).count();
        (said, records)
    }
    for drive in drives() {
        // The light one first: it is the oracle.
        let (light, records) = rows::<2>(drive);
        assert!(records > 2_000, "{records} rows");
        let (heavy, _) = rows::<300>(drive);
        let differs = light.iter().zip(&heavy).position(|(a, b)| a != b);
        assert!(heavy == light, "{drive:?}: {differs:?}");
    }
    for wanted in [1, 2_000] {
        for drive in hasty_drives(wanted) {
            assert!(rows::<300>(drive) == rows::<2>(drive), "{drive:?}");
        }
    }
}
