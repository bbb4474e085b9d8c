//! A pipeline, and a shape to run it in, out of one number.

use super::pipeline::{Fold, Item, Pipeline, Record, Trigger, Value, Watermarks, Windows};
use super::semantics::{Expected, Seen};
use crate::support::{Numbers, Shape};
use std::fmt;

/// How a pipeline is run.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub shape: Shape,
    pub expected_keys: usize,
    /// Records whose key finds no room are given back (there is room for all).
    pub rejects: bool,
}

impl Run {
    /// The simplest there is: what a failure is first tried in.
    pub const PLAIN: Self = Self {
        shape: Shape::local(1, 1, 1),
        expected_keys: 0,
        rejects: false,
    };
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {} keys expected", self.shape, self.expected_keys)?;
        match self.rejects {
            true => f.write_str(", WhenFull::Reject"),
            false => Ok(()),
        }
    }
}

/// The numbers of one seed. Neighbouring seeds have nothing in common.
pub fn numbers(seed: u64) -> Numbers {
    let far = Numbers(seed).below(u64::MAX);
    Numbers(far)
}

fn one_of<T: Copy>(dice: &mut Numbers, of: &[T]) -> T {
    of[dice.below(of.len() as u64) as usize]
}

/// Whether one of so many rolls of the dice comes true.
fn one_in(dice: &mut Numbers, sides: u64) -> bool {
    dice.below(sides) == 0
}

fn up_to(dice: &mut Numbers, most: i64) -> i64 {
    dice.below(most.unsigned_abs().saturating_add(1)) as i64
}

pub fn run(dice: &mut Numbers) -> Run {
    let workers = one_of(dice, &[1, 1, 2, 2, 4, 8]);
    let batch: usize = one_of(dice, &[1, 1, 2, 3, 64, 1024]);
    let ring = batch.next_power_of_two() << dice.below(3);
    let shape = Shape::local(workers, batch, ring);
    Run {
        // A few on real threads: most of what there is to find is in the order
        // of polls, and one thread is much faster.
        shape: match one_in(dice, 40) {
            true => shape.threaded(),
            false => shape,
        },
        expected_keys: one_of(dice, &[0, 0, 1, 100]),
        rejects: one_in(dice, 6),
    }
}

/// What the input looks like in time and in keys.
#[derive(Clone, Copy)]
struct Nature {
    begins: i64,
    keys: u64,
    records: u64,
    partitions: usize,
    disorder: i64,
    /// Now and then time leaps by up to this.
    leap: i64,
}

fn nature(dice: &mut Numbers) -> Nature {
    let begins = match dice.below(16) {
        0 => i64::MIN,
        1 => i64::MAX - up_to(dice, 400),
        2 => 1_700_000_000_000_000_000,
        3 => 0,
        _ => up_to(dice, 600) - 300,
    };
    let (keys, records) = match dice.below(16) {
        // More keys than lie side by side anywhere.
        0 => (150, 260),
        1 => (1, 120),
        2 => (2, 0),
        3 => (2, 3),
        _ => (1 + dice.below(6), 10 + dice.below(50)),
    };
    Nature {
        begins,
        keys,
        records,
        partitions: one_of(dice, &[1, 1, 2, 3, 4]),
        disorder: one_of(dice, &[0, 5, 20, 20, 60]),
        leap: one_of(dice, &[30, 300, 5_000, 1 << 40]),
    }
}

fn size(dice: &mut Numbers) -> i64 {
    match dice.below(20) {
        0 => 1,
        1 => 1_000,
        2 => i64::MAX / 2,
        3 => i64::MAX,
        4..=10 => 1 + up_to(dice, 12),
        _ => 1 + up_to(dice, 50),
    }
}

fn offset(dice: &mut Numbers, below: i64) -> i64 {
    match dice.below(3) {
        0 => up_to(dice, below - 1),
        1 => -up_to(dice, below - 1),
        _ => 0,
    }
}

fn windows(dice: &mut Numbers) -> Windows {
    match dice.below(16) {
        0..=2 => {
            let size = size(dice);
            let offset = offset(dice, size);
            Windows::Tumbling { size, offset }
        }
        3..=6 => sliding(dice),
        7..=8 => {
            let step = size(dice).min(i64::MAX / 8);
            let size = step * (1 + up_to(dice, 6));
            let offset = offset(dice, size);
            Windows::Cumulating { step, size, offset }
        }
        9..=11 => Windows::Session { gap: size(dice) },
        12 => Windows::SessionOfRecords {
            most: 1 + up_to(dice, 30),
        },
        13 => Windows::Global,
        14 => Windows::CountTumbling {
            n: 1 + dice.below(6),
            with_rest: one_in(dice, 2),
        },
        _ => Windows::CountSliding {
            size: 1 + dice.below(12),
            slide: 1 + dice.below(6),
            with_rest: one_in(dice, 2),
        },
    }
}

fn sliding(dice: &mut Numbers) -> Windows {
    let slide = size(dice);
    // Overlapping, side by side or apart; never more than some twelve a record.
    let size = match dice.below(5) {
        0 => 1 + up_to(dice, slide.min(60) - 1),
        1 => slide.saturating_mul(1 + up_to(dice, 9)),
        _ => slide.saturating_add(up_to(dice, slide.saturating_mul(8))),
    };
    let offset = offset(dice, slide);
    Windows::Sliding {
        size,
        slide,
        offset,
    }
}

/// A length of which windows have few: early results come no more often.
fn grain(windows: Windows) -> i64 {
    match windows {
        Windows::Tumbling { size, .. }
        | Windows::Sliding { size, .. }
        | Windows::Cumulating { size, .. } => size,
        Windows::Session { gap } => gap,
        Windows::SessionOfRecords { most } => most,
        _ => 30,
    }
}

fn trigger(dice: &mut Numbers, windows: Windows) -> Trigger {
    // Windows of records have none.
    if windows.count_records() {
        return Trigger::AT_END;
    }
    let early_every = |dice: &mut Numbers| {
        let grain = grain(windows);
        (grain / 4).max(1).saturating_add(up_to(dice, grain))
    };
    let kind = dice.below(8);
    Trigger {
        at_end: kind != 0,
        early_every: matches!(kind, 1 | 2).then(|| early_every(dice)),
        count: matches!(kind, 0 | 2 | 3).then(|| 1 + dice.below(4) as u32),
        discards: kind < 5 && one_in(dice, 2),
    }
}

/// What the engine is asked to fold, as it is driven here: all folds for the
/// plain windows of a key, fewer for others.
pub fn folds(windows: Windows, trigger: Trigger, keyed: bool) -> &'static [Fold] {
    let has_trigger = trigger != Trigger::AT_END;
    match (keyed, has_trigger) {
        (true, false) => &[Fold::Numbers, Fold::Extremes, Fold::Ends, Fold::Lists],
        (true, true) => &[Fold::Numbers, Fold::Lists],
        (false, false) if !windows.count_records() => &[Fold::Numbers, Fold::Lists],
        (false, _) => &[Fold::Lists],
    }
}

/// A pipeline whose input comes from one source in one order.
pub fn pipeline(seed: u64) -> (Pipeline, Run) {
    let dice = &mut numbers(seed);
    let windows = windows(dice);
    let nature = nature(dice);
    let watermarks = match dice.below(3) {
        0 => Watermarks::Bounded {
            bound: match dice.below(8) {
                0 => i64::MAX,
                _ => up_to(dice, nature.disorder),
            },
        },
        _ => Watermarks::Explicit,
    };
    let trigger = trigger(dice, windows);
    let keyed = !one_in(dice, 8);
    let pipeline = Pipeline {
        windows,
        trigger,
        lateness: match dice.below(8) {
            0 => i64::MAX,
            1..=4 => up_to(dice, 30),
            _ => 0,
        },
        fold: one_of(dice, folds(windows, trigger, keyed)),
        keyed,
        partitions: nature.partitions,
        watermarks,
        items: items(dice, nature),
    };
    (pipeline, run(dice))
}

fn items(dice: &mut Numbers, nature: Nature) -> Vec<Item> {
    let end = i64::MAX;
    let mut latest = vec![nature.begins; nature.partitions];
    let mut open: Vec<usize> = (0..nature.partitions).collect();
    let mut items = Vec::new();
    let watermarks = one_of(dice, &[2, 10, 30]);
    let mut id = 0;
    while id < nature.records && !open.is_empty() {
        let partition = one_of(dice, &open);
        let latest = &mut latest[partition];
        match dice.below(100) {
            0 => items.push(Item::Idle { partition }),
            1 => items.push(Item::Active { partition }),
            2 if one_in(dice, 3) => {
                items.push(Item::End { partition });
                open.retain(|&other| other != partition);
            }
            roll if roll < 3 + watermarks => {
                let time = match dice.below(60) {
                    0 => i64::MAX - up_to(dice, 1),
                    1 => latest.saturating_add(up_to(dice, nature.leap)),
                    2..=12 => latest.saturating_add(up_to(dice, nature.disorder)),
                    _ => latest.saturating_sub(up_to(dice, nature.disorder)),
                };
                items.push(Item::Watermark { partition, time });
            }
            _ => {
                *latest = latest.saturating_add(match dice.below(40) {
                    0 => up_to(dice, nature.leap),
                    _ => up_to(dice, 5),
                });
                id += 1;
                items.push(Item::Record(Record {
                    id,
                    partition,
                    key: dice.below(nature.keys) as u32,
                    value: up_to(dice, 40) - 20,
                    time: latest.saturating_sub(up_to(dice, nature.disorder)).min(end),
                }));
            }
        }
    }
    items
}

/// A pipeline whose partitions are sources of their own, and whether nothing in
/// it can be late.
pub fn apart(seed: u64) -> (Pipeline, bool, Run) {
    let dice = &mut numbers(seed);
    let nature = Nature {
        leap: 30,
        partitions: 1 + dice.below(5) as usize,
        ..nature(dice)
    };
    let is_calm = one_in(dice, 2);
    let mut windows = windows(dice);
    let mut items = items(dice, nature);
    if is_calm {
        items.retain(|item| item.record().is_some());
    }
    // Distances even, gaps odd: whether two sessions that only touch are one
    // depends on when a watermark comes.
    if let Windows::Session { gap } = &mut windows {
        *gap |= 1;
    }
    for item in &mut items {
        if let Item::Record(record) = item {
            // A window of one instant at the beginning of time is closed from the
            // start, unless it is joined to a longer one before.
            record.time = (record.time & !1).max(i64::MIN + 2);
        }
    }
    let pipeline = Pipeline {
        windows,
        trigger: Trigger::AT_END,
        lateness: match is_calm {
            true => 0,
            false => one_of(dice, &[0, 30, i64::MAX]),
        },
        fold: Fold::Lists,
        keyed: !one_in(dice, 8),
        partitions: nature.partitions,
        watermarks: match (is_calm, one_in(dice, 2)) {
            // A time made even is one further back.
            (true, _) => Watermarks::Bounded {
                bound: nature.disorder + 1,
            },
            (false, true) => Watermarks::Bounded {
                bound: up_to(dice, nature.disorder),
            },
            (false, false) => Watermarks::Explicit,
        },
        items,
    };
    (pipeline, is_calm, run(dice))
}

/// Two pipelines, the second over the results of the first; its items come of
/// [`results_of`].
pub fn twice(seed: u64) -> (Pipeline, Pipeline, Run) {
    let dice = &mut numbers(seed);
    let nature = nature(dice);
    let windows = loop {
        let windows = windows(dice);
        let is_one_of_them = matches!(
            windows,
            Windows::Tumbling { .. } | Windows::Sliding { .. } | Windows::Session { .. }
        );
        if is_one_of_them {
            break windows;
        }
    };
    let first = Pipeline {
        windows,
        trigger: Trigger::AT_END,
        lateness: 0,
        fold: Fold::Numbers,
        keyed: true,
        partitions: nature.partitions,
        watermarks: Watermarks::Explicit,
        items: items(dice, nature)
            .into_iter()
            // What a window held while all was idle may come out behind the
            // watermark of another core, which is awake again already.
            .filter(|item| !matches!(item, Item::Idle { .. }))
            .collect(),
    };
    let size = size(dice);
    let second = Pipeline {
        windows: match one_in(dice, 2) {
            true => Windows::Tumbling {
                size,
                offset: offset(dice, size),
            },
            false => sliding(dice),
        },
        keyed: one_in(dice, 2),
        partitions: 1,
        items: Vec::new(),
        ..first.clone()
    };
    (first, second, run(dice))
}

/// What a window downstream sees of these results: each a record of its sum, at
/// the last instant of its window, under another key.
pub fn results_of(first: &Expected) -> Vec<Item> {
    let item = |(id, seen): (u64, &Seen)| match seen {
        Seen::Watermark(time) => Item::Watermark {
            partition: 0,
            time: *time,
        },
        Seen::Row(row) => Item::Record(Record {
            id,
            partition: 0,
            key: second_key(row.key),
            value: match row.value {
                Value::Numbers { sum, .. } => sum as i64,
                _ => 0,
            },
            time: row.end.saturating_sub(1),
        }),
    };
    (0..).zip(&first.stream).map(item).collect()
}

pub fn second_key(key: u32) -> u32 {
    key % 3
}
